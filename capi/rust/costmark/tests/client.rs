//! Prepare, observe, count.
#![allow(missing_docs)]

mod support;

use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use costmark::{
    AnswerHead, Api, BearerToken, Builder, Client, Credentials, ErrorKind, Header, Outcome,
    Prepared, ProjectSource, Request, Scope, SignRequest, Signer, json,
};
use support::{ANSWER, BODY, DONE, URL, builder, client, event, keys, request, usage_event, value};

fn thread_safe<T: Send + Sync>() {}

/// As the phrases of costmark.h allow: "one thread at a time" is `&mut` here.
#[test]
fn what_may_be_shared_may_be_shared() {
    thread_safe::<Builder>();
    thread_safe::<Client>();
    thread_safe::<Prepared>();
    thread_safe::<costmark::Changes<'_>>();
    thread_safe::<costmark::Observation>();
    thread_safe::<costmark::UsageReport>();
    thread_safe::<costmark::UsageEvent<'_>>();
    thread_safe::<costmark::Error>();
    thread_safe::<Credentials>();
    thread_safe::<costmark::CredentialsProvider>();
    thread_safe::<costmark::CredentialsSet>();
    thread_safe::<costmark::CredentialsReport>();
    thread_safe::<BearerToken>();
    thread_safe::<costmark::BearerTokenProvider>();
    thread_safe::<Signer>();
    thread_safe::<costmark::Cancel>();
    thread_safe::<costmark::Response>();
    thread_safe::<costmark::Verification>();
    thread_safe::<Header<'_>>();
    thread_safe::<Request<'_>>();
}

#[test]
fn a_request_is_attributed_and_signed() {
    let (client, mut memory) = (client(), Prepared::new().unwrap());
    let changes = client.prepare(&request(), &mut memory).unwrap();
    assert_eq!((changes.project(), changes.source()), (Some("proj_a"), ProjectSource::Client));
    assert_eq!(
        (changes.api(), changes.streamed(), changes.authorized()),
        (Api::ChatCompletions, false, true)
    );
    assert_eq!(value(changes.headers_to_set(), "openai-project"), Some("proj_a"));
    assert!(
        value(changes.headers_to_set(), "authorization").unwrap().starts_with("AWS4-HMAC-SHA256 ")
    );
    assert!(changes.headers_to_remove().all(|name| !name.is_empty()));
    assert_eq!((changes.url(), changes.hint()), (None, None));
    assert!(!changes.body_changed());
    assert_eq!(changes.body().as_ptr(), BODY.as_ptr(), "the body was copied");
    let shown = format!("{changes:?} {:?}", request());
    assert!(!shown.contains("AWS4-HMAC"), "{shown}");
}

#[test]
fn the_body_carries_the_project_where_it_has_to() {
    let client =
        keys(builder()).set_all([("project", "proj_a"), ("carrier", "body")]).build().unwrap();
    let mut memory = Prepared::new().unwrap();
    let changes = client.prepare(&request(), &mut memory).unwrap();
    assert!(changes.body_changed());
    let expected =
        json::set(BODY.as_bytes(), "project_id", br#""proj_a""#, json::Reading::Strict).unwrap();
    assert_eq!(changes.body(), expected);
}

#[test]
fn the_project_comes_from_where_it_should() {
    let (client, mut memory) = (client(), Prepared::new().unwrap());
    let mut seen = |request: &Request<'_>| {
        let changes = client.prepare(request, &mut memory).unwrap();
        (changes.project().unwrap().to_owned(), changes.source())
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
fn what_is_wrong_is_said() {
    let (client, mut memory) = (client(), Prepared::new().unwrap());
    let mut kind = |request: Request<'_>| client.prepare(&request, &mut memory).unwrap_err().kind();
    assert_eq!(kind(Request::new("POST", "nowhere")), ErrorKind::InvalidUrl);
    assert_eq!(
        kind(Request::new("POST", "https://example.com/").body("{}")),
        ErrorKind::EndpointMismatch
    );
    assert_eq!(kind(request().project("not a project")), ErrorKind::InvalidProject);
    assert_eq!(kind(request().scope("not a project")), ErrorKind::InvalidProject);
    assert_eq!(kind(Request::new("", URL)), ErrorKind::InvalidArgument);

    let broken = Request::new("POST", URL).body(r#"{"model": tru"#);
    let client =
        keys(builder()).set_all([("project", "proj_a"), ("carrier", "body")]).build().unwrap();
    let error = client.prepare(&broken, &mut memory).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidJson);
    assert!(error.offset().is_some_and(|offset| (9..=13).contains(&offset)), "{error:?}");
    assert_eq!((error.http_status(), error.request_id(), error.retryable()), (None, None, false));
    assert!(client.check(&broken, &mut memory).is_err());
    assert!(client.check(&request(), &mut memory).is_ok());
    assert!(client.prepare(&request(), &mut memory).is_ok(), "a failure spoils nothing");
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
    let (client, mut memory) = (client(), Prepared::new().unwrap());
    let changes = client.prepare(&request(), &mut memory).unwrap();
    let mut observation = client.observe(&changes, 1).unwrap();
    drop(changes);
    observation.head(&AnswerHead::new(200).content_type("application/json")).unwrap();
    for piece in ANSWER.as_bytes().chunks(7) {
        assert_eq!(observation.feed(piece), piece);
    }
    assert_eq!(observation.outcome(), Outcome::Unknown);
    assert_eq!(observation.finish(), b"");
    assert_eq!(observation.finish(), b"", "a second end changes nothing");
    let usage = observation.usage();
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(11), Some(7)));
    assert_eq!((usage.cached_input_tokens, usage.reasoning_tokens), (Some(3), None));
    assert_eq!((observation.outcome(), observation.response_id()), (Outcome::Ok, "chatcmpl-1"));
    assert_eq!((observation.model(), observation.service_tier()), ("openai.gpt-oss-20b", ""));
    assert!(!observation.retry_advised());

    let sums = client.usage().unwrap().get("proj_a").unwrap();
    assert_eq!(
        (sums.operations, sums.attempts, sums.input_tokens, sums.output_tokens),
        (1, 1, 11, 7)
    );
    assert!(client.usage().unwrap().get("proj_b").is_none());
}

#[test]
fn the_chunk_that_nobody_asked_for_is_hidden() {
    let (client, mut memory) = (client(), Prepared::new().unwrap());
    let request = Request::new("POST", URL).body(r#"{"model":"m","stream":true,"messages":[]}"#);
    let changes = client.prepare(&request, &mut memory).unwrap();
    assert!(changes.hides_usage_chunk() && changes.streamed() && changes.body_changed());
    let mut observation = client.observe(&changes, 1).unwrap();
    observation.head(&AnswerHead::new(200).content_type("text/event-stream")).unwrap();
    let whole = [event("Hi").as_str(), &usage_event(), DONE].concat();
    let mut passed = Vec::new();
    for byte in whole.as_bytes().chunks(1) {
        passed.extend_from_slice(observation.feed(byte));
    }
    passed.extend_from_slice(observation.finish());
    assert_eq!(String::from_utf8(passed).unwrap(), event("Hi") + DONE);
    assert_eq!(observation.usage().input_tokens, Some(11));
}

#[test]
fn an_observation_outlives_its_client_and_counts_when_dropped() {
    let (client, mut memory) = (client(), Prepared::new().unwrap());
    let other = client.clone();
    let changes = client.prepare(&request(), &mut memory).unwrap();
    let observation = client.observe(&changes, 1).unwrap();
    drop(changes);
    drop(client);
    drop(observation);
    let sums = other.usage().unwrap().get("proj_a").unwrap();
    assert_eq!((sums.attempts, sums.incomplete_attempts), (1, 1));
}

#[test]
fn ends_say_how_it_ended() {
    for (end, counted) in [
        (Outcome::Error, (1, 0)),
        (Outcome::Cancelled, (0, 1)),
        (Outcome::Incomplete, (0, 1)),
        (Outcome::Ok, (0, 1)), // which a failure cannot be
    ] {
        let (client, mut memory) = (client(), Prepared::new().unwrap());
        let changes = client.prepare(&request(), &mut memory).unwrap();
        let mut observation = client.observe(&changes, 1).unwrap();
        observation.fail(end);
        let ended = if end == Outcome::Ok { Outcome::Unknown } else { end };
        assert_eq!(observation.outcome(), ended);
        let sums = client.usage().unwrap().get("proj_a").unwrap();
        assert_eq!((sums.failed_attempts, sums.incomplete_attempts), counted, "{end}");
    }
}

#[test]
fn attempts_count_from_one_and_heads_have_a_status() {
    let (client, mut memory) = (client(), Prepared::new().unwrap());
    let changes = client.prepare(&request(), &mut memory).unwrap();
    assert_eq!(client.observe(&changes, 0).unwrap_err().kind(), ErrorKind::InvalidArgument);
    let mut observation = client.observe(&changes, 2).unwrap();
    let error = observation.head(&AnswerHead::new(42)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let another = support::client().observe(&changes, 1);
    assert_eq!(another.unwrap_err().kind(), ErrorKind::InvalidArgument);
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
                let mut memory = Prepared::new().unwrap();
                for _ in 0..200 {
                    let changes = client.prepare(&request(), &mut memory).unwrap();
                    assert_eq!(changes.project(), Some(project.as_str()));
                    let mut observation = client.observe(&changes, 1).unwrap();
                    drop(changes);
                    observation
                        .head(&AnswerHead::new(200).content_type("application/json"))
                        .unwrap();
                    observation.feed(ANSWER.as_bytes());
                    observation.finish();
                }
            });
        }
    });
    for project in ["proj_0", "proj_1"] {
        let sums = client.usage().unwrap().get(project).unwrap();
        assert_eq!((sums.operations, sums.input_tokens), (800, 8800));
    }
}

#[test]
fn handles_move_between_threads() {
    let mut memory = thread::spawn(|| Prepared::new().unwrap()).join().unwrap();
    let client = thread::spawn(client).join().unwrap();
    let changes = client.prepare(&request(), &mut memory).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(changes.project(), Some("proj_a")));
        scope.spawn(|| assert_eq!(changes.body(), BODY.as_bytes()));
    });
    let observation = client.observe(&changes, 1).unwrap();
    thread::spawn(move || drop(observation)).join().unwrap();
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
    let nobody = Credentials::new("", "");
    let error =
        signer.sign(&SignRequest::new("GET", URL, &nobody).region("r").service("s")).unwrap_err();
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
fn providers_supply_what_a_client_would_use() {
    let provider = builder()
        .credentials(|| {
            Ok(Credentials::new("AKIDCALLBACK", "secret").with_account_id("123456789012"))
        })
        .build_credentials_provider()
        .unwrap();
    let set = provider.clone().get().unwrap();
    drop(provider);
    assert_eq!(set.credentials().access_key_id(), "AKIDCALLBACK");
    assert_eq!(set.credentials().secret_access_key(), "secret");
    assert_eq!(set.credentials().account_id(), Some("123456789012"));
    assert_eq!((set.credentials().session_token(), set.credentials().expires()), (None, None));
    assert!(!set.source().is_empty());

    let tokens =
        keys(builder()).build_bearer_token_provider(Some(Duration::from_secs(600))).unwrap();
    let token = tokens.get().unwrap();
    assert_eq!(tokens.get().unwrap().text(), token.text(), "the newest is kept");
    let shorter = keys(builder()).build_bearer_token_provider(Some(Duration::from_millis(10)));
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
    for feature in ["prepare", "observe", "send", "verify", "usage_callback", "clock_callback"] {
        assert!(costmark::has_feature(feature), "{feature}");
    }
    assert!(!costmark::has_feature("") && !costmark::has_feature("time travel"));
    assert!(costmark::version().starts_with(env!("CARGO_PKG_VERSION")));
    let names: Vec<_> = costmark::options().map(|option| option.name).collect();
    assert!(names.is_sorted() && names.contains(&"project"));
    let auth = costmark::options().find(|option| option.name == "auth").unwrap();
    assert!(auth.choices().any(|choice| choice == "sigv4"));
}
