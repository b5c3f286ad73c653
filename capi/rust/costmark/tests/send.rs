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
    Cancel, ErrorKind, Header, Outcome, Request, Response, SendOptions, Verdict, VerifyRequest,
};
use support::{ANSWER, BODY, DONE, Server, answer, begin_stream, chunk, event, usage_event};

const STREAMED: &str = r#"{"model":"m","stream":true,"messages":[]}"#;

fn json_header() -> [Header<'static>; 1] {
    [Header::new("content-type", "application/json")]
}

#[test]
fn an_answer_is_gathered_and_counted() {
    let server = Server::start(|_, _, to| answer(to, 200, "x-request-id: req-1\r\n", ANSWER));
    let client = server.builder().build().unwrap();
    let (url, headers) = (server.chat_url(), json_header());
    let request = Request::new("POST", &url).headers(&headers).body(BODY);
    let mut response = Response::new().unwrap();
    client.send(&request, SendOptions::new(), &mut response).unwrap();

    assert_eq!((response.http_status(), response.body()), (Some(200), ANSWER.as_bytes()));
    assert_eq!(response.header("Content-Type"), Some(b"application/json".as_slice()));
    assert_eq!((response.attempts(), response.outcome()), (1, Outcome::Ok));
    assert_eq!(
        (response.usage().input_tokens, response.usage().output_tokens),
        (Some(11), Some(7))
    );
    assert_eq!((response.response_id(), response.model()), ("chatcmpl-1", "openai.gpt-oss-20b"));
    assert_eq!((response.project(), response.request_id()), (Some("proj_a"), "req-1"));
    let got = &server.got()[0];
    assert!(got.header("authorization").unwrap().starts_with("AWS4-HMAC-SHA256"));
    assert_eq!(client.usage().unwrap().get("proj_a").unwrap().input_tokens, 11);
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
    let mut on_head = |response: &Response| {
        statuses.push(response.http_status());
        Ok(())
    };
    let mut on_body = |piece: &[u8]| {
        passed.extend_from_slice(piece);
        let _ = saw.send(());
        Ok(())
    };
    let mut response = Response::new().unwrap();
    let options = SendOptions::new().on_head(&mut on_head).on_body(&mut on_body);
    client.send(&request, options, &mut response).unwrap();
    assert_eq!(statuses, [Some(200)]);
    assert_eq!(String::from_utf8(passed).unwrap(), event("one") + &event("two") + DONE);
    assert_eq!((response.usage().input_tokens, response.body()), (Some(11), b"".as_slice()));
}

#[test]
fn errors_of_the_service_keep_their_answer() {
    let server = Server::start(|_, _, to| answer(to, 404, "", r#"{"error":{"message":"no"}}"#));
    let client = server.builder().build().unwrap();
    let url = server.chat_url();
    let request = Request::new("POST", &url).body(BODY);
    let mut response = Response::new().unwrap();
    let error = client.send(&request, SendOptions::new(), &mut response).unwrap_err();
    assert_eq!((error.kind(), error.http_status()), (ErrorKind::Service, Some(404)));
    assert_eq!(response.body(), br#"{"error":{"message":"no"}}"#);
    assert_eq!(client.usage().unwrap().get("proj_a").unwrap().failed_attempts, 1);
}

#[test]
fn what_is_busy_is_asked_again() {
    let server = Server::start(|number, _, to| match number {
        1 => answer(to, 429, "retry-after: 0\r\n", "{}"),
        2 => answer(to, 503, "retry-after: 0\r\n", "{}"),
        _ => answer(to, 200, "", ANSWER),
    });
    let client = server.builder().build().unwrap();
    let (url, mut response) = (server.chat_url(), Response::new().unwrap());
    let request = Request::new("POST", &url).body(BODY);
    client.send(&request, SendOptions::new().max_attempts(3), &mut response).unwrap();
    assert_eq!(response.attempts(), 3);
    let sums = client.usage().unwrap().get("proj_a").unwrap();
    assert_eq!((sums.operations, sums.attempts, sums.failed_attempts), (1, 3, 2));

    let mut last = Response::new().unwrap();
    let other = Server::start(|_, _, to| answer(to, 429, "retry-after: 0\r\n", "{}"));
    let client = other.builder().build().unwrap();
    let url = other.chat_url();
    let request = Request::new("POST", &url).body(BODY);
    let error = client.send(&request, SendOptions::new().max_attempts(1), &mut last).unwrap_err();
    assert_eq!((error.kind(), last.attempts()), (ErrorKind::Throttled, 1));
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
    let (url, cancel, mut response) =
        (server.chat_url(), Cancel::new().unwrap(), Response::new().unwrap());
    let request = Request::new("POST", &url).body(STREAMED);
    let (began, begun) = std::sync::mpsc::channel();
    let from_elsewhere = cancel.clone();
    let other = thread::spawn(move || {
        begun.recv().unwrap();
        from_elsewhere.request();
    });
    let mut on_body = |_: &[u8]| {
        let _ = began.send(());
        Ok(())
    };
    let options = SendOptions::new().on_body(&mut on_body).cancel(&cancel);
    let error = client.send(&request, options, &mut response).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(cancel.requested());
    other.join().unwrap();
    let sums = client.usage().unwrap().get("proj_a").unwrap();
    assert_eq!((sums.attempts, sums.incomplete_attempts), (1, 1));
    // There is no way back.
    let error =
        client.send(&request, SendOptions::new().cancel(&cancel), &mut response).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn a_callback_stops_it_with_its_own_error() {
    let server = Server::start(endless);
    let client = server.builder().build().unwrap();
    let (url, mut response) = (server.chat_url(), Response::new().unwrap());
    let request = Request::new("POST", &url).body(STREAMED);
    let mut pieces = 0;
    let mut on_body = |_: &[u8]| {
        pieces += 1;
        if pieces == 3 { Err("enough".into()) } else { Ok(()) }
    };
    let error =
        client.send(&request, SendOptions::new().on_body(&mut on_body), &mut response).unwrap_err();
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
    let (url, mut response) = (server.chat_url(), Response::new().unwrap());
    let request = Request::new("POST", &url).body(STREAMED);
    let mut on_head = |_: &Response| panic_any("no head for this");
    let panic = catch_unwind(AssertUnwindSafe(|| {
        client.send(&request, SendOptions::new().on_head(&mut on_head), &mut response)
    }));
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"no head for this"));
    client.send(&request, SendOptions::new(), &mut response).unwrap();
}

#[test]
fn a_stream_that_breaks_off_is_an_error() {
    let server = Server::start(|_, _, to| {
        begin_stream(to);
        chunk(to, &event("one")).unwrap();
    });
    let client = server.builder().build().unwrap();
    let (url, mut response) = (server.chat_url(), Response::new().unwrap());
    let request = Request::new("POST", &url).body(STREAMED);
    let mut passed = Vec::new();
    let mut on_body = |piece: &[u8]| {
        passed.extend_from_slice(piece);
        Ok(())
    };
    let options = SendOptions::new().on_body(&mut on_body);
    let error = client.send(&request, options, &mut response).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(response.outcome(), Outcome::Incomplete);
    assert_eq!(String::from_utf8(passed).unwrap(), event("one"));
    assert_eq!(server.got().len(), 1, "nothing is made again once a piece was handed on");
}

#[test]
fn a_slow_answer_runs_into_its_time() {
    let server = Server::start(|_, _, _| thread::sleep(Duration::from_secs(30)));
    let client = server.builder().build().unwrap();
    let (url, mut response) = (server.chat_url(), Response::new().unwrap());
    let request = Request::new("POST", &url).body(BODY);
    let began = Instant::now();
    let options = SendOptions::new().timeout(Duration::from_millis(150)).max_attempts(1);
    let error = client.send(&request, options, &mut response).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn nobody_listens() {
    let client = support::keys(support::builder())
        .set_all([("base_url", "http://127.0.0.1:9"), ("project", "proj_a")])
        .build()
        .unwrap();
    let request = Request::new("POST", "http://127.0.0.1:9/v1/chat/completions").body(BODY);
    let mut response = Response::new().unwrap();
    let error =
        client.send(&request, SendOptions::new().max_attempts(1), &mut response).unwrap_err();
    assert_eq!((error.kind(), response.http_status()), (ErrorKind::Transport, None));
}

#[test]
fn many_threads_send_through_one_client() {
    let server = Server::start(|_, _, to| answer(to, 200, "", ANSWER));
    let client = Arc::new(server.builder().build().unwrap());
    let url = server.chat_url();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut response = Response::new().unwrap();
                for _ in 0..10 {
                    let request = Request::new("POST", &url).body(BODY);
                    client.send(&request, SendOptions::new(), &mut response).unwrap();
                }
            });
        }
    });
    let sums = client.usage().unwrap().get("proj_a").unwrap();
    assert_eq!((sums.operations, sums.attempts, sums.input_tokens), (80, 80, 880));
}

#[test]
fn an_endpoint_that_ignores_projects_is_found_out() {
    let server = Server::start(|_, _, to| answer(to, 200, "", ANSWER));
    let client = server.builder().set("carrier", "header").build().unwrap();
    let url = server.chat_url();
    let request = VerifyRequest::new().url(&url).model("m").timeout(Duration::from_secs(5));
    let verification = client.verify(&request).unwrap();
    assert_eq!(verification.verdict(), Verdict::NotHonoured, "{verification:?}");
    assert!(!verification.reason().is_empty() && verification.checked().is_some());
    assert_eq!((verification.project(), verification.carrier()), ("proj_a", "header"));
    let probe = verification.probes().next().unwrap();
    assert!(probe.project != "proj_a" && probe.http_status == Some(200), "{probe:?}");
}
