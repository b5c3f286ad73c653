//! Credentials and tokens that the service refuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use costmark::tower::Layer;
use costmark::{BearerTokenProvider, BoxError};
use http::{Response, StatusCode};
use http_body_util::BodyExt;

use crate::services::{Pieces, bearer, exchange, json_answer, post, refusal, rotating, text};
use crate::support::{ANSWER, BODY, sums};

#[tokio::test]
async fn refused_credentials_are_replaced_once() {
    let (client, asked) = rotating();
    let layer = Layer::new(client.clone());
    let response = exchange(&layer, post(BODY), |request| {
        let authorization = request.headers()["authorization"].to_str().unwrap();
        assert_eq!(request.headers().get_all("authorization").iter().count(), 1);
        if authorization.contains("AKID0") { refusal("ExpiredToken") } else { json_answer() }
    });
    assert_eq!(text(response.await.unwrap()).await, ANSWER);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    let counted = sums(&client);
    assert_eq!((counted.operations, counted.attempts, counted.failed_attempts), (1, 2, 1));
}

#[tokio::test]
async fn credentials_that_are_refused_twice_are_not_replaced_again() {
    let (client, asked) = rotating();
    let layer = Layer::new(client.clone());
    let response = exchange(&layer, post(BODY), |_| refusal("ExpiredToken")).await.unwrap();
    assert_eq!(response.status(), 403);
    assert!(text(response).await.contains("ExpiredToken"));
    assert_eq!((asked.load(Ordering::SeqCst), sums(&client).attempts), (2, 2));
}

#[tokio::test]
async fn other_refusals_are_the_callers_and_whole() {
    let (client, asked) = rotating();
    let layer = Layer::new(client.clone());
    let response = exchange(&layer, post(BODY), |_| refusal("AccessDenied")).await.unwrap();
    assert_eq!((response.status().as_u16(), asked.load(Ordering::SeqCst)), (403, 1));
    assert!(text(response).await.contains("AccessDenied"));

    let long = "x".repeat(200 << 10);
    let sent = long.clone();
    let response = exchange(&layer, post(BODY), move |_| {
        let pieces: Vec<_> = sent.as_bytes().chunks(1000).map(Bytes::copy_from_slice).collect();
        Response::builder().status(401).body(Pieces::of(pieces)).unwrap()
    });
    assert_eq!(text(response.await.unwrap()).await, long);
    let broken = exchange(&layer, post(BODY), |_| {
        Response::builder().status(401).body(Pieces::of(["half"]).then_breaks()).unwrap()
    });
    assert!(broken.await.unwrap().into_body().collect().await.is_err());
    assert_eq!(sums(&client).attempts, 3);
}

#[tokio::test]
async fn a_refusal_is_read_ahead_up_to_the_limit() {
    const LIMIT: usize = 64 << 10;
    for piece_size in [1000, LIMIT, 2 * LIMIT] {
        for (len, attempts) in [(LIMIT, 2), (LIMIT + 1, 1)] {
            let (client, _) = rotating();
            let response = exchange(&Layer::new(client.clone()), post(BODY), move |request| {
                if !request.headers()["authorization"].to_str().unwrap().contains("AKID0") {
                    return json_answer();
                }
                let whole = vec![b' '; len];
                let builder = Response::builder().status(StatusCode::FORBIDDEN);
                builder
                    .header("x-amzn-errortype", "ExpiredTokenException")
                    .body(Pieces::of(whole.chunks(piece_size).map(Bytes::copy_from_slice)))
                    .unwrap()
            });
            let passed = text(response.await.unwrap()).await;
            assert_eq!(sums(&client).attempts, attempts, "{len} in pieces of {piece_size}");
            assert_eq!(passed.len(), if attempts == 2 { ANSWER.len() } else { len });
        }
    }
}

/// Always the same token.
#[derive(Clone, Default)]
struct OneToken {
    asked: Arc<AtomicU32>,
    refused: Arc<AtomicU32>,
}

impl BearerTokenProvider for OneToken {
    fn token(&self) -> Result<String, BoxError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Ok("the-only-token".into())
    }

    fn refused(&self, token: &str) {
        assert_eq!(token, "the-only-token");
        self.refused.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_token_that_was_refused_is_sent_once() {
    let provider = OneToken::default();
    let client = bearer(provider.clone());
    let sent = Arc::new(AtomicU32::new(0));
    let counted = sent.clone();
    let response = exchange(&Layer::new(client.clone()), post(BODY), move |request| {
        assert_eq!(request.headers()["authorization"], "Bearer the-only-token");
        counted.fetch_add(1, Ordering::SeqCst);
        refusal("ExpiredTokenException")
    });
    let response = response.await.unwrap();
    assert_eq!(response.status(), 403);
    assert!(text(response).await.contains("ExpiredTokenException"), "the refusal is passed on");
    assert_eq!((sent.load(Ordering::SeqCst), provider.refused.load(Ordering::SeqCst)), (1, 1));
    assert_eq!((sums(&client).operations, sums(&client).attempts), (1, 1));
}

#[tokio::test]
async fn a_token_that_is_renewed_is_sent() {
    let n = AtomicU32::new(0);
    let client = bearer(move || Ok(format!("token-{}", n.fetch_add(1, Ordering::SeqCst))));
    let response = exchange(&Layer::new(client.clone()), post(BODY), |request| {
        let first = request.headers()["authorization"] == "Bearer token-0";
        if first { refusal("ExpiredTokenException") } else { json_answer() }
    });
    assert_eq!(text(response.await.unwrap()).await, ANSWER);
    assert_eq!((sums(&client).operations, sums(&client).attempts), (1, 2));
}

#[tokio::test]
async fn a_refusal_that_stalls_is_passed_on() {
    let (client, asked) = rotating();
    let response = exchange(&Layer::new(client.clone()), post(BODY), |_| {
        let pieces = Pieces::of([r#"{"error":{"code":"ExpiredToken""#]).then_nothing();
        Response::builder()
            .status(StatusCode::FORBIDDEN)
            .header("content-type", "application/json")
            .body(pieces)
            .unwrap()
    });
    let began = std::time::Instant::now();
    let mut body = response.await.unwrap().into_body();
    let waited = began.elapsed();
    // 100 ms, and what a busy machine adds.
    assert!((Duration::from_millis(90)..Duration::from_secs(2)).contains(&waited), "{waited:?}");
    let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(piece.starts_with(b"{"), "what was read ahead is not lost");
    assert_eq!((asked.load(Ordering::SeqCst), sums(&client).attempts), (1, 1));
    drop(body);
    assert_eq!(sums(&client).failed_attempts, 1, "its head said 403");
}

#[tokio::test]
async fn a_refused_upload_cannot_be_sent_again() {
    let n = Arc::new(AtomicU32::new(0));
    let counted = n.clone();
    let client = bearer(move || Ok(format!("token-{}", counted.fetch_add(1, Ordering::SeqCst))));
    let mut request = post("");
    let kind = "application/octet-stream".parse().unwrap();
    request.headers_mut().insert("content-type", kind);
    *request.body_mut() = Pieces::of(["one", "two"]);
    *request.uri_mut() = "https://bedrock-mantle.us-east-1.api.aws/v1/files".parse().unwrap();
    let response =
        exchange(&Layer::new(client), request, |_| refusal("ExpiredTokenException")).await;
    assert_eq!(response.unwrap().status(), 403);
    assert_eq!(n.load(Ordering::SeqCst), 1);
}
