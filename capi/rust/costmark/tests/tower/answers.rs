//! What is passed on of answers, and what is counted.

use std::convert::Infallible;
use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use costmark::Outcome;
use costmark::tower::Layer;
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt;
use tower::{Layer as _, ServiceExt, service_fn};

use crate::services::{Pieces, exchange, json_answer, post, stream, text};
use crate::support::{ANSWER, BODY, DONE, client, event, sums, usage_event};

#[tokio::test]
async fn the_chunk_that_was_not_asked_for_is_hidden() {
    let client = client();
    let whole = [event("Hi"), usage_event(), DONE.to_owned()].concat();
    for size in [1, 7, 10_000] {
        let pieces: Vec<_> = whole.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
        let response =
            exchange(&Layer::new(client.clone()), post(r#"{"model":"m","stream":true}"#), {
                move |_| stream(Pieces::of(pieces.clone()))
            });
        let response = response.await.unwrap();
        assert!(!response.headers().contains_key("content-length"));
        assert_eq!(text(response).await, event("Hi") + DONE);
    }
    assert_eq!((sums(&client).operations, sums(&client).input_tokens), (3, 33));
}

#[tokio::test]
async fn pieces_that_pass_are_not_copied() {
    let piece = Bytes::from(event("Hi"));
    let sent = piece.clone();
    let response =
        exchange(&Layer::new(client()), post(BODY), move |_| stream(Pieces::of([sent.clone()])));
    let mut body = response.await.unwrap().into_body();
    let passed = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(passed.as_ptr(), piece.as_ptr());
}

#[tokio::test]
async fn a_stream_that_breaks_off_gives_out_what_came() {
    let client = client();
    let response =
        exchange(&Layer::new(client.clone()), post(r#"{"model":"m","stream":true}"#), |_| {
            stream(Pieces::of([event("Hi"), "data: {\"half".to_owned()]).then_breaks())
        });
    let mut body = response.await.unwrap().into_body();
    let mut passed = Vec::new();
    let error = loop {
        match body.frame().await.expect("an error comes") {
            Ok(frame) => passed.extend_from_slice(&frame.into_data().unwrap()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), "reset by peer");
    assert_eq!(
        String::from_utf8(passed).unwrap(),
        event("Hi") + "data: {\"half",
        "nothing is lost"
    );
    assert_eq!(body.outcome(), Outcome::Incomplete);
    assert!(body.frame().await.is_none() && body.is_end_stream());
    assert_eq!((sums(&client).attempts, sums(&client).incomplete_attempts), (1, 1));
}

#[tokio::test]
async fn an_answer_that_is_dropped_counts_as_cancelled() {
    let client = client();
    let response = exchange(&Layer::new(client.clone()), post(BODY), |_| {
        stream(Pieces::of([event("Hi")]).then_nothing())
    });
    let mut body = response.await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    assert_eq!((sums(&client).attempts, sums(&client).incomplete_attempts), (1, 1));
}

#[tokio::test]
async fn a_call_that_is_dropped_counts_as_cancelled() {
    let client = client();
    let never = service_fn(|_: Request<Pieces>| {
        std::future::pending::<Result<Response<Pieces>, Infallible>>()
    });
    let calling = Layer::new(client.clone()).layer(never).oneshot(post(BODY));
    assert!(tokio::time::timeout(Duration::from_millis(20), calling).await.is_err());
    assert_eq!((sums(&client).attempts, sums(&client).incomplete_attempts), (1, 1));
}

#[tokio::test]
async fn trailers_and_empty_answers_pass() {
    let client = client();
    let layer = Layer::new(client.clone());
    let response = exchange(&layer, post(BODY), |_| {
        let mut response = json_answer();
        let body = std::mem::take(response.body_mut());
        *response.body_mut() = body.then_trailers();
        response
    });
    let collected = response.await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["x-checksum"], "1");
    assert_eq!(collected.to_bytes(), ANSWER);
    assert_eq!(sums(&client).input_tokens, 11);

    let empty = exchange(&layer, post(BODY), |_| {
        Response::builder().status(500).body(Pieces::default()).unwrap()
    });
    assert_eq!(text(empty.await.unwrap()).await, "");
    assert_eq!(sums(&client).failed_attempts, 1);
}

#[tokio::test]
async fn an_unread_answer_that_breaks_off_is_incomplete() {
    let response = exchange(&Layer::new(client()), post(BODY), |_| {
        let mut response = json_answer();
        response.headers_mut().insert("content-encoding", "br".parse().unwrap());
        *response.body_mut() = Pieces::of(["half"]).then_breaks();
        response
    });
    let mut body = response.await.unwrap().into_body();
    assert!((&mut body).collect().await.is_err());
    assert_eq!(body.outcome(), Outcome::Incomplete);
}

#[tokio::test]
async fn an_encoded_answer_passes_unread() {
    let client = client();
    let response = exchange(&Layer::new(client.clone()), post(BODY), |_| {
        let mut response = json_answer();
        response.headers_mut().insert("content-encoding", "br".parse().unwrap());
        response
    });
    assert_eq!(text(response.await.unwrap()).await, ANSWER);
    assert_eq!((sums(&client).incomplete_attempts, sums(&client).input_tokens), (1, 0));
}

#[tokio::test]
async fn what_is_no_encoding_is_read() {
    for name in ["identity", "none", "UTF-8", "identity, utf8"] {
        let client = client();
        let response = exchange(&Layer::new(client.clone()), post(BODY), |_| {
            let mut response = json_answer();
            response.headers_mut().insert("content-encoding", name.parse().unwrap());
            response
        });
        assert_eq!(text(response.await.unwrap()).await, ANSWER);
        assert_eq!(
            (sums(&client).incomplete_attempts, sums(&client).input_tokens),
            (0, 11),
            "{name}"
        );
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn an_answer_in_gzip_is_counted_and_passes_as_it_is() {
    let whole = gzip(ANSWER);
    for (cut, outcome, tokens) in [
        (whole.len(), Outcome::Ok, 11),
        (whole.len() / 2, Outcome::Unknown, 0),
        (0, Outcome::Unknown, 0),
    ] {
        let (client, sent) = (client(), whole[..cut].to_vec());
        let response = exchange(&Layer::new(client.clone()), post(BODY), move |_| {
            let pieces: Vec<_> = sent.chunks(5).map(Bytes::copy_from_slice).collect();
            let mut response = json_answer();
            response.headers_mut().insert("content-encoding", "GZIP".parse().unwrap());
            *response.body_mut() = Pieces::of(pieces);
            response
        });
        let mut body = response.await.unwrap().into_body();
        let passed = (&mut body).collect().await.unwrap().to_bytes();
        assert_eq!(passed, whole[..cut]);
        assert_eq!(body.outcome(), outcome, "{cut}");
        if outcome == Outcome::Ok {
            assert_eq!(sums(&client).input_tokens, tokens);
        }
    }
}

#[tokio::test]
async fn a_chunk_is_hidden_in_gzip_too() {
    let client = client();
    let whole = gzip(&[event("Hi"), usage_event(), DONE.to_owned()].concat());
    let response =
        exchange(&Layer::new(client.clone()), post(r#"{"model":"m","stream":true}"#), move |_| {
            let pieces: Vec<_> = whole.chunks(5).map(Bytes::copy_from_slice).collect();
            let mut response = stream(Pieces::of(pieces));
            response.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
            response
        });
    let response = response.await.unwrap();
    assert!(!response.headers().contains_key("content-encoding"));
    assert!(!response.headers().contains_key("content-length"));
    assert_eq!(text(response).await, event("Hi") + DONE);
    assert_eq!(sums(&client).input_tokens, 11);
}

/// Answers that are read to their end, dropped somewhere, or never taken: each counts once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_attempt_is_counted_once_however_it_ends() {
    let client = client();
    let layer = Layer::new(client.clone());
    let tasks: Vec<_> = (0..400)
        .map(|i| {
            let calling = exchange(&layer, post(r#"{"model":"m","stream":true}"#), |_| {
                stream(Pieces::of([event("Hi"), event("there"), usage_event(), DONE.to_owned()]))
            });
            tokio::spawn(async move {
                let mut body = calling.await.unwrap().into_body();
                for _ in 0..i % 4 {
                    body.frame().await.unwrap().unwrap();
                    tokio::task::yield_now().await;
                }
                if i % 4 == 3 {
                    while body.frame().await.is_some() {}
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let sums = sums(&client);
    assert_eq!((sums.operations, sums.attempts, sums.incomplete_attempts), (400, 400, 300));
    assert_eq!(sums.input_tokens, 100 * 11);
}
