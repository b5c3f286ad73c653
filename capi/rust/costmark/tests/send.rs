//! The library's own libcurl, against a server that behaves and misbehaves.
#![allow(missing_docs)]

mod support;

use std::error::Error as _;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use costmark::{
    Cancel, Client, ErrorKind, Header, Outcome, Request, Response, SendOptions, Verdict,
    VerifyRequest,
};
use support::{ANSWER, BODY, DONE, Server, answer, begin_stream, chunk, event, sums, usage_event};

const STREAMED: &str = r#"{"model":"m","stream":true,"messages":[]}"#;

fn send(
    client: &Client,
    request: &Request<'_>,
    options: SendOptions<'_>,
) -> Result<(), costmark::Error> {
    client.operation(request)?.send(options).map(drop)
}

fn json_header() -> [Header<'static>; 1] {
    [Header::new("content-type", "application/json")]
}

#[test]
fn an_answer_is_gathered_and_counted() {
    let server = Server::start(|_, _, to| answer(to, 200, "x-request-id: req-1\r\n", ANSWER));
    let client = server.builder().build().unwrap();
    let (url, headers) = (server.chat_url(), json_header());
    let request = Request::new("POST", &url).headers(&headers).body(BODY);
    let mut operation = client.operation(&request).unwrap();
    let response = operation.send(SendOptions::new()).unwrap();

    assert_eq!((response.http_status(), response.body()), (Some(200), ANSWER.as_bytes()));
    assert_eq!(response.header("Content-Type"), Some(b"application/json".as_slice()));
    assert_eq!((response.attempts(), response.request_id()), (1, Some("req-1")));
    assert_eq!(response.hint(), None);
    let answer = operation.answer();
    assert_eq!((answer.usage().input_tokens, answer.usage().output_tokens), (Some(11), Some(7)));
    assert_eq!((answer.outcome(), answer.response_id()), (Outcome::Ok, Some("chatcmpl-1")));
    assert_eq!(answer.model_answered(), Some("openai.gpt-oss-20b"));
    assert_eq!((answer.project(), answer.request_id()), ("proj_a", Some("req-1")));
    let got = &server.got()[0];
    assert!(got.header("authorization").unwrap().starts_with("AWS4-HMAC-SHA256"));
    assert_eq!(sums(&client).input_tokens, 11);
}

#[test]
fn a_stream_comes_as_it_is_sent() {
    let (saw, may_go_on) = std::sync::mpsc::channel();
    let may_go_on = Mutex::new(may_go_on);
    let server = Server::start(move |_, _, to| {
        begin_stream(to);
        chunk(to, &event("one")).unwrap();
        may_go_on.lock().unwrap().recv().unwrap(); // the reader has the first piece
        for piece in [event("two"), usage_event(), DONE.to_owned()] {
            chunk(to, &piece).unwrap();
        }
        to.write_all(b"0\r\n\r\n").unwrap();
    });
    let client = server.builder().build().unwrap();
    let (url, headers) = (server.chat_url(), json_header());
    let request = Request::new("POST", &url).headers(&headers).body(STREAMED);
    let (mut statuses, mut passed) = (Vec::new(), Vec::new());
    let mut on_head = |response: &Response<'_>| {
        statuses.push(response.http_status());
        Ok(())
    };
    let mut on_body = |piece: &[u8]| {
        passed.extend_from_slice(piece);
        let _ = saw.send(());
        Ok(())
    };
    let mut operation = client.operation(&request).unwrap();
    let options = SendOptions::new().on_head(&mut on_head).on_body(&mut on_body);
    assert_eq!(operation.send(options).unwrap().body(), b"");
    assert_eq!(statuses, [Some(200)]);
    assert_eq!(String::from_utf8(passed).unwrap(), event("one") + &event("two") + DONE);
    assert_eq!(operation.answer().usage().input_tokens, Some(11));
}

#[test]
fn errors_of_the_service_keep_their_answer() {
    let server = Server::start(|_, _, to| answer(to, 404, "", r#"{"error":{"message":"no"}}"#));
    let client = server.builder().build().unwrap();
    let url = server.chat_url();
    let request = Request::new("POST", &url).body(BODY);
    let mut operation = client.operation(&request).unwrap();
    let error = operation.send(SendOptions::new()).unwrap_err();
    assert_eq!((error.kind(), error.http_status()), (ErrorKind::Service, Some(404)));
    assert_eq!(operation.response().body(), br#"{"error":{"message":"no"}}"#);
    assert_eq!(sums(&client).failed_attempts, 1);
}

#[test]
fn what_is_busy_is_asked_again() {
    let server = Server::start(|number, _, to| match number {
        1 => answer(to, 429, "retry-after: 0\r\n", "{}"),
        2 => answer(to, 503, "retry-after: 0\r\n", "{}"),
        _ => answer(to, 200, "", ANSWER),
    });
    let client = server.builder().build().unwrap();
    let url = server.chat_url();
    let request = Request::new("POST", &url).body(BODY);
    let mut operation = client.operation(&request).unwrap();
    let response = operation.send(SendOptions::new().max_attempts(3)).unwrap();
    assert_eq!(response.attempts(), 3);
    let sums = sums(&client);
    assert_eq!((sums.operations, sums.attempts, sums.failed_attempts), (1, 3, 2));

    let other = Server::start(|_, _, to| answer(to, 429, "retry-after: 0\r\n", "{}"));
    let client = other.builder().build().unwrap();
    let url = other.chat_url();
    let request = Request::new("POST", &url).body(BODY);
    let mut last = client.operation(&request).unwrap();
    let error = last.send(SendOptions::new().max_attempts(1)).unwrap_err();
    assert_eq!((error.kind(), last.response().attempts()), (ErrorKind::Throttled, 1));
}

fn endless(_: usize, _: &support::Got, to: &mut std::net::TcpStream) {
    begin_stream(to);
    while chunk(to, &event("more")).is_ok() {
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn another_thread_cancels() {
    let server = Server::start(endless);
    let client = server.builder().build().unwrap();
    let (url, cancel) = (server.chat_url(), Cancel::new().unwrap());
    let request = Request::new("POST", &url).body(STREAMED);
    let (began, begun) = std::sync::mpsc::channel();
    let from_elsewhere = cancel.clone();
    let other = thread::spawn(move || {
        begun.recv().unwrap();
        from_elsewhere.stop();
    });
    let mut on_body = |_: &[u8]| {
        let _ = began.send(());
        Ok(())
    };
    let options = SendOptions::new().on_body(&mut on_body).cancel(&cancel);
    let error = send(&client, &request, options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(cancel.stopped());
    other.join().unwrap();
    let sums = sums(&client);
    assert_eq!((sums.attempts, sums.incomplete_attempts), (1, 1));
    // It cannot be undone.
    let error = send(&client, &request, SendOptions::new().cancel(&cancel)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn a_callback_stops_it_with_its_own_error() {
    let server = Server::start(endless);
    let client = server.builder().build().unwrap();
    let url = server.chat_url();
    let request = Request::new("POST", &url).body(STREAMED);
    let mut pieces = 0;
    let mut on_body = |_: &[u8]| {
        pieces += 1;
        if pieces == 3 { Err("enough".into()) } else { Ok(()) }
    };
    let error = send(&client, &request, SendOptions::new().on_body(&mut on_body)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoppedByCallback);
    assert_eq!(error.source().unwrap().to_string(), "enough");
    assert_eq!(pieces, 3);
}

#[test]
fn a_panicking_callback_is_heard_and_the_client_goes_on() {
    let server = Server::start(|number, got, to| {
        if number == 1 { endless(number, got, to) } else { answer(to, 200, "", ANSWER) }
    });
    let client = server.builder().build().unwrap();
    let url = server.chat_url();
    let request = Request::new("POST", &url).body(STREAMED);
    let mut on_head = |_: &Response<'_>| panic_any("no head for this");
    let panic = catch_unwind(AssertUnwindSafe(|| {
        send(&client, &request, SendOptions::new().on_head(&mut on_head))
    }));
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"no head for this"));
    send(&client, &request, SendOptions::new()).unwrap();
}

#[test]
fn a_stream_that_breaks_off_is_an_error() {
    let server = Server::start(|_, _, to| {
        begin_stream(to);
        chunk(to, &event("one")).unwrap();
    });
    let client = server.builder().build().unwrap();
    let url = server.chat_url();
    let request = Request::new("POST", &url).body(STREAMED);
    let mut passed = Vec::new();
    let mut on_body = |piece: &[u8]| {
        passed.extend_from_slice(piece);
        Ok(())
    };
    let mut operation = client.operation(&request).unwrap();
    let error = operation.send(SendOptions::new().on_body(&mut on_body)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(operation.answer().outcome(), Outcome::Incomplete);
    assert_eq!(String::from_utf8(passed).unwrap(), event("one"));
    assert_eq!(server.got().len(), 1, "nothing is repeated after a piece was passed on");
}

#[test]
fn a_slow_answer_runs_into_its_time() {
    let server = Server::start(|_, _, _| thread::sleep(Duration::from_secs(30)));
    let client = server.builder().build().unwrap();
    let url = server.chat_url();
    let request = Request::new("POST", &url).body(BODY);
    let began = Instant::now();
    let options = SendOptions::new().timeout(Duration::from_millis(150)).max_attempts(1);
    let error = send(&client, &request, options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn no_server_listens() {
    let client = support::keys(support::builder())
        .set_all([("base_url", "http://127.0.0.1:9"), ("project", "proj_a")])
        .build()
        .unwrap();
    let request = Request::new("POST", "http://127.0.0.1:9/v1/chat/completions").body(BODY);
    let mut operation = client.operation(&request).unwrap();
    let error = operation.send(SendOptions::new().max_attempts(1)).unwrap_err();
    let status = operation.response().http_status();
    assert_eq!((error.kind(), status), (ErrorKind::Transport, None));
}

#[test]
fn many_threads_send_through_one_client() {
    let server = Server::start(|_, _, to| answer(to, 200, "", ANSWER));
    let client = Arc::new(server.builder().build().unwrap());
    let url = server.chat_url();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let request = Request::new("POST", &url).body(BODY);
                    send(&client, &request, SendOptions::new()).unwrap();
                }
            });
        }
    });
    let sums = sums(&client);
    assert_eq!((sums.operations, sums.attempts, sums.input_tokens), (80, 80, 880));
}

#[test]
fn an_endpoint_that_ignores_projects_is_found_out() {
    let server = Server::start(|_, _, to| answer(to, 200, "", ANSWER));
    let client = server.builder().set("carrier", "header").build().unwrap();
    let url = server.chat_url();
    let request = VerifyRequest::new().url(&url).model("m").timeout(Duration::from_secs(5));
    let verification = client.verify(&request).unwrap();
    assert_eq!(verification.verdict(), Verdict::NotHonored, "{verification:?}");
    assert!(!verification.reason().is_empty() && verification.checked().is_some());
    assert_eq!((verification.project(), verification.carrier()), ("proj_a", "header"));
    let probe = verification.probes().next().unwrap();
    assert!(probe.project != "proj_a" && probe.http_status == Some(200), "{probe:?}");
}

#[test]
fn an_operation_may_be_sent_again_and_the_answer_is_the_last_one() {
    let server = Server::start(|number, _, to| match number {
        1 => answer(to, 400, "", r#"{"error":{"code":"bad","message":"no"}}"#),
        _ => answer(to, 200, "", ANSWER),
    });
    let client = server.builder().build().unwrap();
    let (url, headers) = (server.chat_url(), json_header());
    let request = Request::new("POST", &url).headers(&headers).body(BODY);
    let mut operation = client.operation(&request).unwrap();
    operation.send(SendOptions::new()).map(drop).unwrap_err();
    assert_eq!(operation.answer().outcome(), Outcome::Error);
    operation.send(SendOptions::new()).map(drop).unwrap();
    assert_eq!(operation.response().http_status(), Some(200));
    assert_eq!((sums(&client).operations, sums(&client).attempts), (1, 2));
}
