//! Prepare, observe, count.
#![allow(missing_docs)]

mod support;

use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use costmark::{
    Answer, AnswerHead, Api, BearerToken, Budget, BudgetAction, BudgetPeriod, BudgetSubject,
    BudgetUnit, Builder, Client, Credentials, ErrorKind, Header, Operation, Outcome, OwnedRequest,
    Prepared, ProjectSource, Reason, Request, Scope, SignRequest, Signer, Step, Wait, json,
};
use support::{
    ANSWER, BODY, DONE, URL, builder, client, event, json_head, keys, request, sent, sums,
    usage_event, value,
};

fn may_be_shared<T: Send + Sync>() {}
fn may_move<T: Send>() {}

/// As the phrases of costmark.h allow. Those that are used by one thread at a time are not `Sync`:
/// see the examples of `Operation` that do not compile.
#[test]
fn what_may_be_shared_may_be_shared() {
    may_be_shared::<Builder>();
    may_be_shared::<Client>();
    may_be_shared::<Prepared<'_>>();
    may_be_shared::<Answer<'_>>();
    may_be_shared::<costmark::UsageReport>();
    may_be_shared::<costmark::Error>();
    may_be_shared::<Credentials>();
    may_be_shared::<costmark::CredentialsCache>();
    may_be_shared::<costmark::CredentialsSet>();
    may_be_shared::<costmark::CredentialsReport>();
    may_be_shared::<BearerToken>();
    may_be_shared::<costmark::BearerTokenCache>();
    may_be_shared::<costmark::Cancel>();
    may_be_shared::<costmark::Response<'_>>();
    may_be_shared::<costmark::Verification>();
    may_be_shared::<Header<'_>>();
    may_be_shared::<Request<'_>>();
    may_move::<Operation<'_>>();
    may_move::<Signer>();
}

#[test]
fn budgets_refuse_and_are_read() {
    let budgets = "mine: project=proj_a 1calls/day refuse; l: label.user=ann 9tokens/month warn";
    let client = keys(builder()).set("project", "proj_a").set("budgets", budgets).build().unwrap();
    let mut first = client.operation(&request()).unwrap();
    let refused = client.operation(&request()).err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::BudgetExceeded);
    assert!(refused.to_string().contains("budget 'mine' of 1 call a day for project proj_a"));
    let overriding = request().override_budgets();
    let second = client.operation(&overriding).unwrap();
    let [mine, label] = <[Budget; 2]>::try_from(client.budgets()).unwrap();
    assert_eq!((mine.name.as_str(), mine.limit, mine.spent), ("mine", 1, 0));
    assert_eq!((mine.reserved, mine.left, mine.reset_us % 86_400_000_000), (2, 0, 0));
    assert_eq!(mine.subject, BudgetSubject::Project("proj_a".into()));
    assert_eq!((mine.unit, mine.period), (BudgetUnit::Calls, BudgetPeriod::Day));
    assert_eq!((mine.action, label.action), (BudgetAction::Refuse, BudgetAction::Warn));
    assert_eq!(label.subject, BudgetSubject::Label("user".into(), "ann".into()));
    assert_eq!((label.unit, label.period), (BudgetUnit::Tokens, BudgetPeriod::Month));
    drop(second);
    first.prepare(Wait::Forever).unwrap();
    drop(first);
    assert_eq!(client.budgets()[0].reserved, 0);
}

#[test]
fn a_request_is_attributed_and_signed() {
    let client = client();
    let mut operation = client.operation(&request()).unwrap();
    let prepared = operation.prepare(Wait::Forever).unwrap();
    assert_eq!(prepared.project(), Some("proj_a"));
    assert_eq!(prepared.project_source(), ProjectSource::Client);
    assert_eq!(
        (prepared.api(), prepared.streamed(), prepared.authorized()),
        (Api::ChatCompletions, false, true)
    );
    let headers = prepared.set_headers();
    assert_eq!(value(headers, "openai-project"), Some("proj_a"));
    assert!(value(headers, "authorization").unwrap().starts_with("AWS4-HMAC-SHA256 "));
    assert!(prepared.remove_headers().all(|name| !name.is_empty()));
    assert_eq!((prepared.url(), prepared.hint()), (URL, None));
    assert_eq!((prepared.model(), prepared.renewal_due()), (Some("openai.gpt-oss-20b"), false));
    assert!(!prepared.body_changed());
    assert_eq!(prepared.body().as_ptr(), BODY.as_ptr(), "the body was copied");
    let shown = format!("{prepared:?} {:?}", request());
    assert!(!shown.contains("AWS4-HMAC"), "{shown}");
}

#[test]
fn the_body_carries_the_project_where_it_has_to() {
    let client =
        keys(builder()).set_all([("project", "proj_a"), ("carrier", "body")]).build().unwrap();
    let mut operation = client.operation(&request()).unwrap();
    let prepared = operation.prepare(Wait::Forever).unwrap();
    assert!(prepared.body_changed());
    let expected =
        json::set(BODY.as_bytes(), "project_id", br#""proj_a""#, json::Reading::Strict).unwrap();
    assert_eq!(prepared.body(), expected);
}

#[test]
fn the_project_comes_from_where_it_should() {
    let client = client();
    let seen = |request: &Request<'_>| {
        let mut operation = client.operation(request).unwrap();
        let prepared = operation.prepare(Wait::Forever).unwrap();
        (prepared.project().unwrap().to_owned(), prepared.project_source())
    };
    let _outer = Scope::enter("proj_outer");
    assert_eq!(seen(&request()), ("proj_outer".into(), ProjectSource::Scope));
    {
        let _inner = Scope::enter("proj_inner");
        assert_eq!(seen(&request()), ("proj_inner".into(), ProjectSource::Scope));
        assert_eq!(seen(&request().scope("proj_told")), ("proj_told".into(), ProjectSource::Scope));
        assert_eq!(
            seen(&request().project("proj_call")),
            ("proj_call".into(), ProjectSource::Request)
        );
        let _left = Scope::enter("");
        assert_eq!(seen(&request()), ("proj_a".into(), ProjectSource::Client));
    }
    assert_eq!(seen(&request()), ("proj_outer".into(), ProjectSource::Scope));
}

#[test]
fn what_is_wrong_is_said_before_anything_happens() {
    let client = client();
    let kind = |request: Request<'_>| client.operation(&request).map(drop).unwrap_err().kind();
    assert_eq!(kind(Request::new("POST", "nowhere")), ErrorKind::InvalidUrl);
    assert_eq!(kind(request().project("not a project")), ErrorKind::InvalidProject);
    assert_eq!(kind(request().scope("not a project")), ErrorKind::InvalidProject);
    assert_eq!(kind(Request::new("", URL)), ErrorKind::InvalidArgument);
    assert_eq!(kind(Request::new("POST", URL).body_is_stream()), ErrorKind::BodyNeeded);

    let broken = Request::new("POST", URL).body(r#"{"model": tru"#);
    let carried =
        keys(builder()).set_all([("project", "proj_a"), ("carrier", "body")]).build().unwrap();
    let error = carried.operation(&broken).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidJson);
    assert!(error.offset().is_some_and(|offset| (9..=13).contains(&offset)), "{error:?}");
    assert_eq!((error.http_status(), error.request_id(), error.retryable()), (None, None, false));
    assert_eq!(error.clone().message(), error.message());
    assert!(client.usage().unwrap().is_empty());
}

#[test]
fn nothing_is_signed_for_another_host() {
    let elsewhere = Request::new("POST", "https://example.com/v1/chat/completions").body(BODY);
    let client = client();
    let mut operation = client.operation(&elsewhere).unwrap();
    let error = operation.prepare(Wait::Forever).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EndpointMismatch);
    assert_eq!(operation.prepared().set_headers().len(), 0);
    let bound = keys(builder()).set("base_url", "http://127.0.0.1:9").build().unwrap();
    let error = bound.operation(&elsewhere).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EndpointMismatch);
}

#[test]
fn bodies_are_needed_where_they_are_signed() {
    let url = "https://bedrock-mantle.us-east-1.api.aws/v1/files";
    let headers = [Header::new("content-type", "multipart/form-data; boundary=x")];
    let upload = Request::new("POST", url).headers(&headers);
    let client = client();
    let streamed = upload.body_is_stream();
    let mut operation = client.operation(&streamed).unwrap();
    let error = operation.prepare(Wait::Forever).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BodyNeeded);
    let whole = upload.body("--x--");
    assert!(operation.prepare_with(&whole, Wait::Forever).unwrap().authorized());
}

#[test]
fn no_error_shows_a_secret() {
    let error = builder().set("secret_access_key", "hush\nhush").build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    assert!(!format!("{error} {error:?} {error:#?}").contains("hush"));
}

#[test]
fn the_first_mistake_of_a_builder_is_told() {
    let error =
        builder().set("region", "").set("auth", "magic").set("nonsense", "1").build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    assert!(error.message().contains("auth"), "{error}");
}

#[test]
fn an_answer_is_counted() {
    let client = client();
    let mut operation = sent(&client);
    assert_eq!(operation.head(&json_head(200)).unwrap().read_ahead_len, 0);
    for piece in ANSWER.as_bytes().chunks(7) {
        assert_eq!(operation.feed(piece), piece);
    }
    assert_eq!(operation.answer().outcome(), Outcome::Unknown);
    let ended = operation.finish();
    assert_eq!((ended.0, ended.1.step, ended.1.reason), (&b""[..], Step::Done, Reason::Answered));
    assert_eq!(operation.finish().1.reason, Reason::Answered, "a second end changes nothing");
    assert_eq!(operation.fail(Outcome::Error).1.reason, Reason::Answered);
    let answer = operation.answer();
    let usage = answer.usage();
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(11), Some(7)));
    assert_eq!((usage.cached_input_tokens, usage.reasoning_tokens), (Some(3), None));
    assert!(usage.flags.is_empty(), "{usage:?}");
    assert_eq!((answer.outcome(), answer.response_id()), (Outcome::Ok, Some("chatcmpl-1")));
    assert_eq!(answer.model_answered(), Some("openai.gpt-oss-20b"));
    assert_eq!((answer.service_tier(), answer.error_code()), (None, None));
    assert_eq!((answer.project(), answer.attempt(), answer.concurrent()), ("proj_a", 1, false));
    assert_eq!(answer.operation().unwrap().len(), 36);
    assert!(answer.first_byte().unwrap() <= answer.latency());

    let sums = sums(&client);
    assert_eq!(
        (sums.operations, sums.attempts, sums.input_tokens, sums.output_tokens),
        (1, 1, 11, 7)
    );
    assert!(client.usage().unwrap().project("proj_b").is_none());
}

#[test]
fn counters_are_by_project_and_may_be_reset() {
    let client = client();
    for (project, model) in [("proj_a", "m1"), ("proj_a", "m2"), ("proj_b", "m1")] {
        let body = format!(r#"{{"model":"{model}","messages":[]}}"#);
        let request = Request::new("POST", URL).body(&body).project(project);
        let mut operation = client.operation(&request).unwrap();
        operation.prepare(Wait::Forever).unwrap();
        operation.sent();
        operation.head(&json_head(200)).unwrap();
        operation.feed(ANSWER.as_bytes());
        operation.finish();
    }
    let report = client.usage().unwrap();
    assert!(report.iter().map(|row| row.project).is_sorted());
    assert!(report.iter().all(|row| row.totals.operations > 0 && !row.overflow), "{report:?}");
    assert_eq!(report.project("proj_a").unwrap().input_tokens, 22);
    assert_eq!(report.project("proj_b").unwrap().input_tokens, 11);
    client.reset_usage();
    assert!(client.usage().unwrap().is_empty());
    assert_eq!(report.project("proj_a").unwrap().operations, 2, "it is of its moment");
}

#[test]
fn attempts_of_one_operation_count_as_such() {
    let client = client();
    let mut operation = client.operation(&request()).unwrap();
    for (status, reason) in [(500, Reason::Busy), (500, Reason::Busy), (200, Reason::Answered)] {
        operation.prepare(Wait::Forever).unwrap();
        operation.sent();
        operation.head(&json_head(status)).unwrap();
        operation.feed(ANSWER.as_bytes());
        let next = operation.finish().1;
        assert_eq!((next.reason, next.pause.is_zero()), (reason, reason == Reason::Answered));
    }
    assert_eq!(operation.answer().attempt(), 3);
    let sums = sums(&client);
    assert_eq!((sums.operations, sums.attempts, sums.failed_attempts), (1, 3, 2));
}

#[test]
fn an_attempt_beside_another_is_of_the_same_operation() {
    let client = client();
    let first = sent(&client);
    let mut second = client.operation_beside(&first, &request()).unwrap();
    second.prepare(Wait::Forever).unwrap();
    second.sent();
    assert_eq!(first.answer().operation(), second.answer().operation());
    assert_eq!((second.answer().attempt(), second.answer().concurrent()), (2, true));
    drop(first);
    drop(second);
    assert_eq!((sums(&client).operations, sums(&client).attempts), (1, 2));

    let other = support::client();
    let error = other.operation_beside(&sent(&client), &request()).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn an_attempt_counts_when_it_is_sent() {
    let client = client();
    let mut operation = client.operation(&request()).unwrap();
    for _ in 0..3 {
        operation.prepare(Wait::Forever).unwrap();
    }
    operation.fail(Outcome::Error);
    assert_eq!(operation.prepared().set_headers().len(), 0);
    operation.prepare(Wait::Forever).unwrap();
    drop(operation);
    assert!(client.usage().unwrap().is_empty(), "it leaves no trace");

    let mut observed = client.operation(&request()).unwrap();
    observed.sent(); // by a program that only observes
    observed.head(&json_head(200)).unwrap();
    observed.feed(ANSWER.as_bytes());
    observed.finish();
    assert_eq!((sums(&client).attempts, sums(&client).input_tokens), (1, 11));
}

#[test]
fn the_chunk_that_was_not_asked_for_is_hidden() {
    let client = client();
    let request = Request::new("POST", URL).body(r#"{"model":"m","stream":true,"messages":[]}"#);
    let mut operation = client.operation(&request).unwrap();
    let prepared = operation.prepare(Wait::Forever).unwrap();
    assert!(prepared.streamed() && prepared.body_changed());
    operation.sent();
    let headers = [Header::new("content-type", "text/event-stream")];
    let plan = operation.head(&AnswerHead::new(200).headers(&headers)).unwrap();
    assert!(plan.body_may_change);
    let whole = [event("Hi").as_str(), &usage_event(), DONE].concat();
    let mut passed = Vec::new();
    for byte in whole.as_bytes().chunks(1) {
        passed.extend_from_slice(operation.feed(byte));
    }
    passed.extend_from_slice(operation.finish().0);
    assert_eq!(String::from_utf8(passed).unwrap(), event("Hi") + DONE);
    assert_eq!(operation.answer().usage().input_tokens, Some(11));
}

#[test]
fn an_operation_outlives_its_client_and_counts_when_dropped() {
    let client = client();
    let other = client.clone();
    let operation = sent(&client);
    drop(client);
    drop(operation);
    assert_eq!((sums(&other).attempts, sums(&other).incomplete_attempts), (1, 1));
    let mut refused = sent(&other);
    refused.head(&json_head(403)).unwrap();
    drop(refused);
    assert_eq!((sums(&other).attempts, sums(&other).failed_attempts), (2, 1));
}

#[test]
fn ends_say_how_it_ended() {
    for (end, counted) in [
        (Outcome::Error, (1, 0)),
        (Outcome::Cancelled, (0, 1)),
        (Outcome::Incomplete, (0, 1)),
        (Outcome::Unknown, (0, 1)),
    ] {
        let client = client();
        let mut operation = sent(&client);
        operation.fail(end);
        assert_eq!(operation.answer().outcome(), end);
        let sums = sums(&client);
        assert_eq!((sums.failed_attempts, sums.incomplete_attempts), counted, "{end}");
    }
}

#[test]
fn heads_have_a_status_and_a_bad_one_changes_nothing() {
    let client = client();
    let mut operation = sent(&client);
    for status in [0, 42, 600] {
        let error = operation.head(&AnswerHead::new(status)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{status}");
    }
    operation.head(&json_head(100)).unwrap();
    operation.head(&json_head(200)).unwrap();
    operation.feed(ANSWER.as_bytes());
    operation.finish();
    assert_eq!(operation.answer().http_status(), Some(200));
}

#[test]
fn many_threads_use_one_client() {
    let client = client();
    thread::scope(|scope| {
        for i in 0..8 {
            let client = &client;
            scope.spawn(move || {
                let project = format!("proj_{}", i % 2);
                let _scope = Scope::enter(project.as_str());
                for _ in 0..200 {
                    let mut operation = client.operation(&request()).unwrap();
                    let prepared = operation.prepare(Wait::Forever).unwrap();
                    assert_eq!(prepared.project(), Some(project.as_str()));
                    operation.sent();
                    operation.head(&json_head(200)).unwrap();
                    operation.feed(ANSWER.as_bytes());
                    operation.finish();
                }
            });
        }
    });
    for project in ["proj_0", "proj_1"] {
        let sums = client.usage().unwrap().project(project).unwrap();
        assert_eq!((sums.operations, sums.input_tokens), (800, 8800));
    }
}

#[test]
fn handles_move_between_threads() {
    let client = thread::spawn(client).join().unwrap();
    let mut operation = client.operation(&request()).unwrap();
    let prepared = operation.prepare(Wait::Forever).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(prepared.project(), Some("proj_a")));
        scope.spawn(|| assert_eq!(prepared.body(), BODY.as_bytes()));
    });
    operation.sent();
    thread::spawn(move || drop(operation)).join().unwrap();
    assert_eq!(sums(&client).attempts, 1);
}

#[test]
fn routes_and_project_ids_are_looked_up() {
    let client = client();
    let route = client.route("openai.gpt-oss-120b").expect("it ships with costmark");
    assert!(route.path.starts_with('/') && route.line > 0 && !route.file.is_empty(), "{route:?}");
    assert!(client.route("unheard.of-model").is_none());
    assert!(costmark::check_project("proj_abc123").is_ok());
    for id in ["", "default", "a b"] {
        let error = costmark::check_project(id).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidProject, "{id:?}");
    }
}

#[test]
fn signatures_are_those_of_the_time() {
    support::isolate();
    let keys = Credentials::new("AKIDEXAMPLE", "secret").with_session_token("token");
    let time = UNIX_EPOCH + Duration::from_secs(1_772_366_400);
    let headers = [Header::new("content-type", "application/json")];
    let request = SignRequest::new("POST", URL, &keys)
        .region("us-east-1")
        .service("bedrock-mantle")
        .headers(&headers)
        .body(BODY)
        .time(time);
    let mut signer = Signer::new().unwrap();
    let signed = signer.sign(&request).unwrap();
    assert_eq!(value(signed, "x-amz-date"), Some("20260301T120000Z"));
    assert_eq!(value(signed, "x-amz-security-token"), Some("token"));
    let first = value(signed, "authorization").unwrap().to_owned();
    assert!(
        first.contains("Credential=AKIDEXAMPLE/20260301/us-east-1/bedrock-mantle/aws4_request")
    );
    assert!(signer.canonical_request().starts_with(b"POST\n/v1/chat/completions\n"));
    let again = signer.sign(&request).unwrap();
    assert_eq!(value(again, "authorization"), Some(first.as_str()));
    assert!(!format!("{request:?} {signer:?}").contains("secret"));

    let url = signer.presign(&request, Duration::from_secs(60)).unwrap();
    assert!(url.starts_with(URL) && url.contains("X-Amz-Expires=60"), "{url}");
    let never = signer.presign(&request, Duration::ZERO).unwrap_err();
    assert_eq!(never.kind(), ErrorKind::InvalidArgument);
    let empty = Credentials::new("", "");
    let error =
        signer.sign(&SignRequest::new("GET", URL, &empty).region("r").service("s")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoCredentials);
}

#[test]
fn tokens_end_with_their_credentials() {
    support::isolate();
    let now = UNIX_EPOCH + Duration::from_secs(1_772_366_400);
    let keys =
        Credentials::new("AKIDEXAMPLE", "secret").with_expiry(now + Duration::from_secs(100));
    let token = BearerToken::at(&keys, "us-east-1", Duration::from_secs(900), now).unwrap();
    assert_eq!(token.expires(), Some(now + Duration::from_secs(100)));
    assert!(!format!("{token:?}").contains(token.text()));
    let too_long =
        BearerToken::at(&keys, "us-east-1", Duration::from_secs(43_201), now).unwrap_err();
    assert_eq!(too_long.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn caches_supply_what_a_client_would_use() {
    let cache = builder()
        .credentials(|| {
            Ok(Credentials::new("AKIDCALLBACK", "secret").with_account_id("123456789012"))
        })
        .build_credentials_cache()
        .unwrap();
    let set = cache.clone().get().unwrap();
    assert!(cache.refused(&set));
    drop(cache);
    assert_eq!(set.credentials().access_key_id(), "AKIDCALLBACK");
    assert_eq!(set.credentials().secret_access_key(), "secret");
    assert_eq!(set.credentials().account_id(), Some("123456789012"));
    assert_eq!((set.credentials().session_token(), set.credentials().expires()), (None, None));
    assert!(!set.source().is_empty());

    let tokens = keys(builder()).build_bearer_token_cache(Some(Duration::from_secs(600))).unwrap();
    let token = tokens.get().unwrap();
    assert_eq!(tokens.get().unwrap().text(), token.text(), "the newest is kept");
    let shorter = keys(builder()).build_bearer_token_cache(Some(Duration::from_millis(10)));
    assert_eq!(shorter.unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn edits_of_json_say_where_they_fail() {
    support::isolate();
    let error = json::set(b"[1]", "a", b"1", json::Reading::Lenient).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::InvalidJson, Some(0)));
    let nested = json::set(b"{}", "a.b", b"1", json::Reading::Strict).unwrap();
    assert_eq!(nested, br#"{"a":{"b":1}}"#);
    assert_eq!(json::remove(&nested, "a.b", json::Reading::Strict).unwrap(), br#"{"a":{}}"#);
    assert_eq!(json::remove(b"{}", "a", json::Reading::Strict).unwrap(), b"{}");
}

#[test]
fn features_and_options_are_those_of_the_library() {
    support::isolate();
    for feature in ["operation", "send", "verify", "usage", "sign", "presign", "json", "routes"] {
        assert!(costmark::has_feature(feature), "{feature}");
    }
    assert!(!costmark::has_feature("") && !costmark::has_feature("time travel"));
    assert!(costmark::version().starts_with(env!("CARGO_PKG_VERSION")));
    let names: Vec<_> = costmark::options().map(|option| option.name).collect();
    assert!(names.is_sorted() && names.contains(&"project"));
    let auth = costmark::options().find(|option| option.name == "auth").unwrap();
    assert!(auth.choices().any(|choice| choice == "sigv4"));
}

/// Keeps its request, and is begun in another function.
fn begun(client: &Client, body: impl AsRef<[u8]> + Send + Sync + 'static) -> Operation<'static> {
    let request = OwnedRequest::new("POST", URL)
        .header("content-type", "application/json")
        .header("x-amz-meta", b"binary \xff".to_vec())
        .body(body)
        .project("proj_call");
    client.operation_owned(request).unwrap()
}

#[test]
fn an_operation_may_own_its_request() {
    let client = client();
    let shared: std::sync::Arc<[u8]> = BODY.as_bytes().into();
    let mut operation = begun(&client, shared.clone());
    let mut operation = thread::spawn(move || {
        operation.prepare(Wait::Forever).unwrap();
        operation
    })
    .join()
    .unwrap();
    let prepared = operation.prepare(Wait::Forever).unwrap();
    assert_eq!(prepared.project(), Some("proj_call"));
    assert_eq!(prepared.body().as_ptr(), shared.as_ptr(), "the body was copied");
    assert!(value(prepared.set_headers(), "authorization").unwrap().contains("x-amz-meta"));

    // Of the next attempt's request it keeps nothing longer than it has to.
    operation.prepare_owned(OwnedRequest::new("POST", URL).body("{}"), Wait::Forever).unwrap();
    assert_eq!(operation.prepared().body(), b"{}");
    assert_eq!(std::sync::Arc::strong_count(&shared), 1);
    let later = begun(&client, String::from(BODY));
    drop(client);
    drop(later);
}

#[test]
fn what_an_owned_request_lacks_is_said() {
    let client = client();
    let error = client.operation_owned(OwnedRequest::new("POST", "nowhere")).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidUrl);
    let stream = OwnedRequest::new("POST", URL).body_is_stream();
    assert_eq!(client.operation_owned(stream).map(drop).unwrap_err().kind(), ErrorKind::BodyNeeded);
    let scoped =
        client.operation_owned(OwnedRequest::new("POST", URL).body(BODY).scope("not a project"));
    assert_eq!(scoped.map(drop).unwrap_err().kind(), ErrorKind::InvalidProject);
    let secret = OwnedRequest::new("POST", URL).header("authorization", "Bearer hush");
    assert!(!format!("{secret:?}").contains("hush"));
}
