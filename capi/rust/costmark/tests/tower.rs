//! The layer over services that behave and misbehave.
#![cfg(feature = "tower")]
#![allow(missing_docs)]

mod support;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use costmark::tower::{Body, Error, Layer, OperationLayer, Runtime, SharedOperation};
use costmark::{
    BearerTokenProvider, BoxError, Client, Credentials, ErrorKind, Outcome, Project, Scope,
};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use support::{ANSWER, BODY, DONE, URL, builder, client, event, keys, sums, usage_event};
use tower::{Layer as _, Service, ServiceBuilder, ServiceExt, service_fn};

/// A body that comes in given pieces.
#[derive(Default)]
struct Pieces {
    frames: VecDeque<Result<Frame<Bytes>, io::Error>>,
    never_ends: bool,
}

impl Pieces {
    fn of(pieces: impl IntoIterator<Item = impl Into<Bytes>>) -> Self {
        let frames = pieces.into_iter().map(|piece| Ok(Frame::data(piece.into())));
        Self { frames: frames.collect(), never_ends: false }
    }

    fn then_breaks(mut self) -> Self {
        self.frames.push_back(Err(io::Error::other("reset by peer")));
        self
    }

    fn then_trailers(mut self) -> Self {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-checksum", "1".parse().unwrap());
        self.frames.push_back(Ok(Frame::trailers(trailers)));
        self
    }

    fn then_nothing(mut self) -> Self {
        self.never_ends = true;
        self
    }
}

impl From<Bytes> for Pieces {
    fn from(whole: Bytes) -> Self {
        Self::of([whole])
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.frames.pop_front() {
            None if self.never_ends => Poll::Pending,
            frame => Poll::Ready(frame),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

fn post(body: impl Into<Bytes>) -> Request<Pieces> {
    Request::post(URL)
        .header("content-type", "application/json")
        .body(Pieces::from(body.into()))
        .unwrap()
}

fn json_answer() -> Response<Pieces> {
    let whole = ANSWER.as_bytes().chunks(9);
    Response::builder().header("content-type", "application/json").body(Pieces::of(whole)).unwrap()
}

fn stream(pieces: Pieces) -> Response<Pieces> {
    let builder = Response::builder().header("content-type", "text/event-stream");
    builder.header("content-length", "1000").body(pieces).unwrap()
}

/// Sends one request through the layer to a service that answers so.
fn exchange<A>(
    layer: &Layer,
    request: Request<Pieces>,
    answer: A,
) -> impl Future<Output = Result<Response<Body<Pieces>>, Error<Infallible>>> + use<A>
where
    A: Fn(Request<Pieces>) -> Response<Pieces> + Clone + Send + 'static,
{
    let service = service_fn(move |request| {
        let answer = answer.clone();
        async move { Ok::<_, Infallible>(answer(request)) }
    });
    layer.layer(service).oneshot(request)
}

async fn text(response: Response<Body<Pieces>>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn a_request_is_signed_and_its_answer_counted() {
    let client = client();
    let layer = Layer::new(client.clone());
    let response = exchange(&layer, post(BODY), |request| {
        let headers = request.headers();
        assert_eq!(headers["openai-project"], "proj_a");
        assert!(headers["authorization"].is_sensitive());
        assert!(headers.contains_key("x-amz-date"));
        json_answer()
    });
    let response = response.await.unwrap();
    assert_eq!(response.body().outcome(), Outcome::Unknown);
    assert_eq!(text(response).await, ANSWER);
    let sums = sums(&client);
    assert_eq!((sums.operations, sums.attempts, sums.input_tokens), (1, 1, 11));
}

#[tokio::test]
async fn the_body_that_is_sent_is_the_one_that_was_signed() {
    let client =
        keys(builder()).set_all([("project", "proj_a"), ("carrier", "body")]).build().unwrap();
    let mut request = post("");
    *request.body_mut() = Pieces::of([r#"{"model""#, r#":"m"}"#]);
    request.headers_mut().insert("content-length", "13".parse().unwrap());
    let sent: Arc<Mutex<Option<Request<Pieces>>>> = Arc::default();
    let keeps = sent.clone();
    let response = exchange(&Layer::new(client), request, move |request| {
        *keeps.lock().unwrap() = Some(request);
        json_answer()
    });
    text(response.await.unwrap()).await;
    let (parts, body) = sent.lock().unwrap().take().unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    assert_eq!(body, r#"{"project_id":"proj_a","model":"m"}"#);
    assert_eq!(parts.headers["content-length"], body.len().to_string().as_str());
}

#[tokio::test]
async fn scopes_and_extensions_name_the_project() {
    let client = client();
    let layer = Layer::new(client.clone());
    let call =
        async |request| text(exchange(&layer, request, |_| json_answer()).await.unwrap()).await;
    costmark::scope("proj_scope", call(post(BODY))).await;
    let mut named = post(BODY);
    named.extensions_mut().insert(Project::new("proj_named"));
    costmark::scope("proj_scope", call(named)).await;

    // The scope is that of the call, not of what polls it later.
    let mut service = layer.layer(service_fn(|_| async { Ok::<_, Infallible>(json_answer()) }));
    let entered = Scope::enter("proj_called");
    let called = service.call(post(BODY));
    drop(entered);
    text(costmark::scope("proj_polled", called).await.unwrap()).await;

    let report = client.usage().unwrap();
    let operations: Vec<_> =
        report.iter().map(|row| (row.project, row.totals.operations)).collect();
    assert_eq!(operations, [("proj_called", 1), ("proj_named", 1), ("proj_scope", 1)]);
}

#[tokio::test]
async fn what_is_refused_is_not_sent() {
    let client = keys(builder()).set("unattributed", "refuse").build().unwrap();
    let layer = Layer::new(client.clone());
    let error = exchange(&layer, post(BODY), |_| panic!("it was sent")).await.unwrap_err();
    let Error::Refused(refused) = &error else { panic!("{error:?}") };
    assert_eq!(refused.kind(), ErrorKind::Unattributed);
    assert_eq!(error.to_string(), refused.to_string());
    assert!(client.usage().unwrap().is_empty());
}

#[tokio::test]
async fn bodies_that_cannot_be_read_whole_are_refused() {
    let layer = Layer::new(client()).max_body(10);
    let too_long = exchange(&layer, post(BODY), |_| panic!("it was sent")).await.unwrap_err();
    assert!(
        matches!(&too_long, Error::Refused(error) if error.message().contains("10 bytes")),
        "{too_long}"
    );

    let mut broken = post("");
    *broken.body_mut() = Pieces::of(["{"]).then_breaks();
    let error = exchange(&layer, broken, |_| panic!("it was sent")).await.unwrap_err();
    assert!(
        matches!(&error, Error::Body(error) if error.to_string() == "reset by peer"),
        "{error}"
    );

    let mut with_trailers = post("");
    *with_trailers.body_mut() = Pieces::of(["{}"]).then_trailers();
    let error = exchange(&layer, with_trailers, |_| panic!("it was sent")).await.unwrap_err();
    assert!(
        matches!(&error, Error::Refused(error) if error.message().contains("trailers")),
        "{error}"
    );
}

#[tokio::test]
async fn an_upload_passes_unread_unless_a_signature_covers_it() {
    let upload = || {
        let mut request = post("");
        request
            .headers_mut()
            .insert("content-type", "multipart/form-data; boundary=x".parse().unwrap());
        *request.body_mut() = Pieces::of(["one", "two"]).then_nothing();
        *request.uri_mut() = "https://bedrock-mantle.us-east-1.api.aws/v1/files".parse().unwrap();
        request
    };
    let bearer = support::builder()
        .set_all([("auth", "bearer"), ("project", "proj_a")])
        .bearer_token(|| Ok("token".into()))
        .build()
        .unwrap();
    let response = exchange(&Layer::new(bearer), upload(), |request| {
        assert_eq!(request.headers()["authorization"], "Bearer token");
        assert_eq!(request.headers()["openai-project"], "proj_a");
        assert_eq!(request.body().frames.len(), 2);
        json_answer()
    });
    assert_eq!(text(response.await.unwrap()).await, ANSWER);

    let signed = Layer::new(client());
    let waiting = exchange(&signed, upload(), |_| panic!("it was sent"));
    let waited = tokio::time::timeout(Duration::from_millis(50), waiting).await;
    assert!(waited.is_err(), "it waits for the rest of the body");
}

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
async fn a_connection_that_fails_is_counted() {
    let client = client();
    let fails = service_fn(|_: Request<Pieces>| async {
        Err::<Response<Pieces>, _>(io::Error::other("refused"))
    });
    let error = Layer::new(client.clone()).layer(fails).oneshot(post(BODY)).await.unwrap_err();
    assert!(matches!(&error, Error::Transport(error) if error.to_string() == "refused"));
    assert_eq!((sums(&client).attempts, sums(&client).failed_attempts), (1, 1));
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
async fn what_an_earlier_attempt_left_is_taken_out() {
    let mut request = post(BODY);
    for (name, value) in
        [("x-amz-security-token", "old"), ("authorization", "AWS4-HMAC-SHA256 old")]
    {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let response = exchange(&Layer::new(client()), request, |request| {
        assert!(!request.headers().contains_key("x-amz-security-token"));
        assert!(!request.headers()["authorization"].to_str().unwrap().contains("old"));
        json_answer()
    });
    assert_eq!(text(response.await.unwrap()).await, ANSWER);
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

fn refusal(code: &str) -> Response<Pieces> {
    let body =
        format!(r#"{{"error":{{"code":"{code}","message":"The security token is not valid"}}}}"#);
    let builder = Response::builder().status(StatusCode::FORBIDDEN);
    builder
        .header("content-type", "application/json")
        .body(Pieces::from(Bytes::from(body)))
        .unwrap()
}

fn rotating() -> (Client, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || {
            let n = counted.fetch_add(1, Ordering::SeqCst);
            Ok(Credentials::new(format!("AKID{n}"), "secret"))
        })
        .build()
        .unwrap();
    (client, asked)
}

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

fn bearer(provider: impl BearerTokenProvider) -> Client {
    builder()
        .set_all([("auth", "bearer"), ("project", "proj_a")])
        .bearer_token(provider)
        .build()
        .unwrap()
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
    let response = tokio::time::timeout(Duration::from_secs(5), response).await;
    let mut body = response.expect("its head is passed on").unwrap().into_body();
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

/// Repeats answers of 500, as layers that retry do.
#[derive(Clone)]
struct Thrice(u32);

impl<R, E> tower::retry::Policy<Request<Whole>, Response<R>, E> for Thrice {
    type Future = std::future::Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<Whole>,
        result: &mut Result<Response<R>, E>,
    ) -> Option<Self::Future> {
        self.0 += 1;
        let fails = result.as_ref().is_ok_and(|answer| answer.status() == 500);
        (fails && self.0 < 3).then(|| std::future::ready(()))
    }

    fn clone_request(&mut self, request: &Request<Whole>) -> Option<Request<Whole>> {
        Some(request.clone())
    }
}

type Whole = http_body_util::Full<Bytes>;

fn whole() -> Request<Whole> {
    Request::post(URL).header("content-type", "application/json").body(BODY.into()).unwrap()
}

/// A service that answers with these statuses, one after the other.
fn statuses(
    of: &[u16],
) -> impl Service<
    Request<Whole>,
    Response = Response<Pieces>,
    Error = Infallible,
    Future = std::future::Ready<Result<Response<Pieces>, Infallible>>,
> + Clone
+ Send
+ 'static {
    let statuses = Arc::new(Mutex::new(of.to_vec()));
    service_fn(move |_: Request<Whole>| {
        let mut response = json_answer();
        *response.status_mut() = StatusCode::from_u16(statuses.lock().unwrap().remove(0)).unwrap();
        std::future::ready(Ok(response))
    })
}

fn counted(client: &Client) -> (u64, u64, u64) {
    let sums = sums(client);
    (sums.operations, sums.attempts, sums.failed_attempts)
}

#[tokio::test]
async fn what_a_layer_above_repeats_is_one_operation() {
    let operations: Arc<Mutex<Vec<(String, u32, bool)>>> = Arc::default();
    let told = operations.clone();
    let client = keys(builder())
        .set("project", "proj_a")
        .on_usage(move |answer| {
            let operation = answer.operation().unwrap().to_owned();
            told.lock().unwrap().push((operation, answer.attempt(), answer.concurrent()));
        })
        .build()
        .unwrap();
    let service = ServiceBuilder::new()
        .layer(OperationLayer)
        .retry(Thrice(0))
        .layer(Layer::new(client.clone()))
        .service(statuses(&[500, 500, 200]));
    assert_eq!(text(service.oneshot(whole()).await.unwrap()).await, ANSWER);
    assert_eq!(counted(&client), (1, 3, 2));
    let operations = operations.lock().unwrap();
    let attempts: Vec<_> =
        operations.iter().map(|(_, attempt, at_once)| (*attempt, *at_once)).collect();
    assert_eq!(attempts, [(1, false), (2, false), (3, false)]);
    assert!(operations.iter().all(|(operation, ..)| *operation == operations[0].0));
}

#[tokio::test]
async fn without_the_layer_above_each_request_is_an_operation() {
    let client = client();
    let service = ServiceBuilder::new()
        .retry(Thrice(0))
        .layer(Layer::new(client.clone()))
        .service(statuses(&[500, 500, 200]));
    text(service.oneshot(whole()).await.unwrap()).await;
    assert_eq!(counted(&client), (3, 3, 2));
}

#[tokio::test]
async fn what_a_header_counts_decides_nothing() {
    let client = client();
    for count in ["7", "0", "1", "nonsense"] {
        let mut request = whole();
        request.headers_mut().insert("x-stainless-retry-count", count.parse().unwrap());
        let service = Layer::new(client.clone()).layer(statuses(&[200]));
        text(service.oneshot(request).await.unwrap()).await;
    }
    assert_eq!(counted(&client), (4, 4, 0));
}

#[tokio::test]
async fn what_is_sent_twice_is_two_attempts() {
    let concurrent: Arc<Mutex<Vec<bool>>> = Arc::default();
    let told = concurrent.clone();
    let client = keys(builder())
        .set("project", "proj_a")
        .on_usage(move |answer| told.lock().unwrap().push(answer.concurrent()))
        .build()
        .unwrap();
    let layer = Layer::new(client.clone());
    let operation = SharedOperation::new();
    let attempt = async || {
        let mut request = whole();
        request.extensions_mut().insert(operation.clone());
        layer.layer(statuses(&[200])).oneshot(request).await.unwrap()
    };
    // At once ...
    let (first, second) = (attempt().await, attempt().await);
    assert_eq!((text(second).await, text(first).await), (ANSWER.into(), ANSWER.into()));
    assert_eq!(counted(&client), (1, 2, 0));
    assert_eq!(*concurrent.lock().unwrap(), [true, false]);
    // ... and one after the other.
    for _ in 0..2 {
        text(attempt().await).await;
    }
    drop(attempt().await);
    text(attempt().await).await;
    assert_eq!(counted(&client), (1, 6, 0));
    assert_eq!(concurrent.lock().unwrap()[2..], [false; 4]);
}

#[tokio::test]
async fn a_future_with_an_operation_around_it_joins_its_requests() {
    let (client, other) = (client(), support::client());
    let call = async |client: &Client| {
        let service = Layer::new(client.clone()).layer(statuses(&[200]));
        text(service.oneshot(whole()).await.unwrap()).await
    };
    costmark::operation(async {
        call(&client).await;
        call(&client).await;
        call(&other).await; // of another client it is another operation
    })
    .await;
    call(&client).await;
    assert_eq!(counted(&client), (2, 3, 0));
    assert_eq!(counted(&other), (1, 1, 0));
}

#[tokio::test]
async fn an_attempt_that_is_given_up_is_followed_by_another() {
    let client = client();
    let operation = SharedOperation::new();
    let request = || {
        let mut request = whole();
        request.extensions_mut().insert(operation.clone());
        request
    };
    let never = service_fn(|_: Request<Whole>| {
        std::future::pending::<Result<Response<Pieces>, Infallible>>()
    });
    let calling = Layer::new(client.clone()).layer(never).oneshot(request());
    assert!(tokio::time::timeout(Duration::from_millis(20), calling).await.is_err());
    let service = Layer::new(client.clone()).layer(statuses(&[200]));
    text(service.oneshot(request()).await.unwrap()).await;
    let sums = sums(&client);
    assert_eq!((sums.operations, sums.attempts, sums.incomplete_attempts), (1, 2, 1));
}

/// Runs what may block on threads of its own, and sleeps as tokio does.
#[derive(Clone, Default)]
struct Threads(Arc<AtomicU32>);

impl Runtime for Threads {
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::thread::spawn(work);
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(time))
    }
}

#[tokio::test]
async fn what_would_block_is_done_elsewhere() {
    let here = std::thread::current().id();
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || {
            assert_ne!(std::thread::current().id(), here);
            Ok(Credentials::new("AKIDEXAMPLE", "secret"))
        })
        .build()
        .unwrap();
    let threads = Threads::default();
    let layer = Layer::new(client).runtime(threads.clone());
    for _ in 0..3 {
        let response = costmark::scope(
            "proj_scope",
            exchange(&layer, post(BODY), |request| {
                assert_eq!(request.headers()["openai-project"], "proj_scope");
                json_answer()
            }),
        );
        assert_eq!(text(response.await.unwrap()).await, ANSWER);
    }
    // The others find the credentials, and look for newer ones once a second.
    assert!((1..3).contains(&threads.0.load(Ordering::SeqCst)));
}

/// Drops what it should run, as a runtime that shuts down does.
struct ShuttingDown;

impl Runtime for ShuttingDown {
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        drop(work);
    }

    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn a_runtime_that_shuts_down_is_an_error() {
    let (client, _) = rotating();
    let layer = Layer::new(client).runtime(ShuttingDown);
    let error = exchange(&layer, post(BODY), |_| panic!("it was sent")).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(error) if error.kind() == ErrorKind::Internal));
}

#[tokio::test]
async fn hundreds_that_wait_for_credentials_hold_one_thread() {
    let (may_go_on, waits) = std::sync::mpsc::channel::<()>();
    let (waits, asked) = (Mutex::new(waits), Arc::new(AtomicU32::new(0)));
    let counted = asked.clone();
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            waits.lock().unwrap().recv().unwrap();
            Ok(Credentials::new("AKIDEXAMPLE", "secret"))
        })
        .build()
        .unwrap();
    let threads = Threads::default();
    let layer = Layer::new(client.clone()).runtime(threads.clone());
    let calls: Vec<_> =
        (0..600).map(|_| tokio::spawn(exchange(&layer, post(BODY), |_| json_answer()))).collect();
    // Some dozens of tasks run in each of these.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(threads.0.load(Ordering::SeqCst), 1);
    may_go_on.send(()).unwrap();
    for call in calls {
        text(call.await.unwrap().unwrap()).await;
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(sums(&client).operations, 600);
}

#[tokio::test]
async fn one_failure_to_fetch_is_that_of_all_who_waited() {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(50)); // long enough for the others to come
            Err("the vault is shut".into())
        })
        .build()
        .unwrap();
    let layer = Layer::new(client.clone()).runtime(Threads::default());
    let calls: Vec<_> = (0..100)
        .map(|_| tokio::spawn(exchange(&layer, post(BODY), |_| panic!("it was sent"))))
        .collect();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "the vault is shut");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(client.usage().unwrap().is_empty());
}

#[tokio::test]
async fn each_call_gets_a_token_of_its_own() {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    let client = bearer(move || {
        std::thread::sleep(Duration::from_millis(5));
        Ok(format!("token-{}", counted.fetch_add(1, Ordering::SeqCst)))
    });
    let layer = Layer::new(client.clone()).runtime(Threads::default());
    let tokens: Arc<Mutex<std::collections::BTreeSet<String>>> = Arc::default();
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let tokens = tokens.clone();
            tokio::spawn(exchange(&layer, post(BODY), move |request| {
                let token = request.headers()["authorization"].to_str().unwrap().to_owned();
                tokens.lock().unwrap().insert(token);
                json_answer()
            }))
        })
        .collect();
    for call in calls {
        text(call.await.unwrap().unwrap()).await;
    }
    assert_eq!((tokens.lock().unwrap().len(), asked.load(Ordering::SeqCst)), (50, 50));
}

#[tokio::test]
async fn credentials_are_renewed_while_those_at_hand_serve() {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    let (renewing, renewed) = std::sync::mpsc::channel();
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || {
            let n = counted.fetch_add(1, Ordering::SeqCst);
            if n > 0 {
                renewing.send(()).unwrap();
            }
            let life = if n == 0 { 60 } else { 36_000 };
            let expiry = std::time::SystemTime::now() + Duration::from_secs(life);
            Ok(Credentials::new(format!("AKID{n}"), "secret").with_expiry(expiry))
        })
        .clock({
            let began = std::time::SystemTime::now();
            let asked = asked.clone();
            // Most of the first life is over as soon as it has begun.
            move || {
                began + Duration::from_secs(if asked.load(Ordering::SeqCst) > 0 { 55 } else { 0 })
            }
        })
        .build()
        .unwrap();
    let layer = Layer::new(client).runtime(Threads::default());
    let call = async || {
        let keys = Arc::new(Mutex::new(String::new()));
        let seen = keys.clone();
        let response = exchange(&layer, post(BODY), move |request| {
            let authorization = request.headers()["authorization"].to_str().unwrap();
            let (_, rest) = authorization.split_once("Credential=").unwrap();
            *seen.lock().unwrap() = rest.split('/').next().unwrap().to_owned();
            json_answer()
        });
        text(response.await.unwrap()).await;
        let keys = keys.lock().unwrap();
        keys.clone()
    };
    assert_eq!(call().await, "AKID0");
    renewed.recv_timeout(Duration::from_secs(5)).expect("they are renewed");
    let mut signed_by = call().await;
    for _ in 0..500 {
        if signed_by == "AKID1" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        signed_by = call().await;
    }
    assert_eq!((signed_by.as_str(), asked.load(Ordering::SeqCst)), ("AKID1", 2));
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

/// A service that is ready for one call at a time, as behind a limit.
#[derive(Clone)]
struct OneReadiness {
    ready: bool,
}

impl Service<Request<Pieces>> for OneReadiness {
    type Response = Response<Pieces>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Pieces>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Pieces>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called before it was ready");
        let first = request.headers()["authorization"].to_str().unwrap().contains("AKID0");
        Box::pin(async move { Ok(if first { refusal("ExpiredToken") } else { json_answer() }) })
    }
}

#[tokio::test]
async fn a_service_is_ready_before_each_call() {
    let (client, _) = rotating();
    let service = Layer::new(client).layer(OneReadiness { ready: false });
    assert_eq!(text(service.oneshot(post(BODY)).await.unwrap()).await, ANSWER);
}
