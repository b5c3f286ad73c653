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
use costmark::tower::{Body, Error, Layer};
use costmark::{Client, Credentials, ErrorKind, Outcome, Project, Scope, Totals};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use support::{ANSWER, BODY, DONE, URL, builder, client, event, keys, usage_event};
use tower::{Layer as _, Service, ServiceExt, service_fn};

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

fn sums(client: &Client) -> Totals {
    client.usage().unwrap().get("proj_a").unwrap_or_default()
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
    assert_eq!(response.body().observation().outcome(), Outcome::Unknown);
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

    // The scope is that of the call, not of whoever polls it later.
    let mut service = layer.layer(service_fn(|_| async { Ok::<_, Infallible>(json_answer()) }));
    let entered = Scope::enter("proj_called");
    let called = service.call(post(BODY));
    drop(entered);
    text(costmark::scope("proj_polled", called).await.unwrap()).await;

    let report = client.usage().unwrap();
    let operations: Vec<_> =
        report.iter().map(|(project, sums)| (project, sums.operations)).collect();
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
async fn the_chunk_that_nobody_asked_for_is_hidden() {
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
    assert_eq!(body.observation().outcome(), Outcome::Incomplete);
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
    assert_eq!(body.observation().outcome(), Outcome::Incomplete);
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
        assert_eq!(body.observation().outcome(), outcome, "{cut}");
        if outcome == Outcome::Ok {
            assert_eq!(sums(&client).input_tokens, tokens);
        }
    }
}

#[tokio::test]
async fn what_a_chunk_is_hidden_in_is_asked_for_plain() {
    let layer = Layer::new(client());
    for (body, asked) in [(r#"{"model":"m","stream":true}"#, false), (BODY, true)] {
        let mut request = post(body);
        request.headers_mut().insert("accept-encoding", "gzip".parse().unwrap());
        let response = exchange(&layer, request, move |request| {
            assert_eq!(request.headers().contains_key("accept-encoding"), asked);
            json_answer()
        });
        text(response.await.unwrap()).await;
    }
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
async fn a_refused_proof_is_replaced_once() {
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
async fn a_proof_that_is_refused_twice_is_not_replaced_again() {
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
async fn attempts_of_an_operation_are_counted_as_such() {
    let client = client();
    let layer = Layer::new(client.clone());
    let attempt =
        async |request| text(exchange(&layer, request, |_| json_answer()).await.unwrap()).await;
    costmark::operation(async {
        attempt(post(BODY)).await;
        attempt(post(BODY)).await;
    })
    .await;
    let mut second = post(BODY);
    second.headers_mut().insert("x-stainless-retry-count", "1".parse().unwrap());
    attempt(post(BODY)).await;
    attempt(second).await;
    assert_eq!((sums(&client).operations, sums(&client).attempts), (2, 4));
}

#[tokio::test]
async fn preparing_may_be_done_elsewhere() {
    let here = std::thread::current().id();
    let elsewhere = Arc::new(AtomicU32::new(0));
    let counted = elsewhere.clone();
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || {
            assert_ne!(std::thread::current().id(), here);
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(Credentials::new("AKIDEXAMPLE", "secret"))
        })
        .build()
        .unwrap();
    let layer = Layer::new(client).prepare_on(|work| drop(tokio::task::spawn_blocking(work)));
    let response = costmark::scope(
        "proj_scope",
        exchange(&layer, post(BODY), |request| {
            assert_eq!(request.headers()["openai-project"], "proj_scope");
            json_answer()
        }),
    );
    assert_eq!(text(response.await.unwrap()).await, ANSWER);
    assert_eq!(elsewhere.load(Ordering::SeqCst), 1);

    let shut = Layer::new(support::client()).prepare_on(drop);
    let error = exchange(&shut, post(BODY), |_| panic!("it was sent")).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(error) if error.kind() == ErrorKind::Internal));
}

/// Answers that are read to their end, dropped somewhere, or never taken: each counts once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_attempt_is_counted_once_however_it_ends() {
    let client = client();
    let layer =
        Layer::new(client.clone()).prepare_on(|work| drop(tokio::task::spawn_blocking(work)));
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
