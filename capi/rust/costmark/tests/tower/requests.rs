//! What is sent, and what is refused before that.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use costmark::tower::{Error, Layer};
use costmark::{ErrorKind, Outcome, Project, Scope};
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Layer as _, Service, ServiceExt, service_fn};

use crate::services::{Pieces, exchange, json_answer, post, refusal, rotating, text};
use crate::support::{ANSWER, BODY, URL, builder, client, keys, sums};

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
    let bearer = crate::support::builder()
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
async fn a_connection_that_fails_is_counted() {
    let client = client();
    let fails = service_fn(|_: Request<Pieces>| async {
        Err::<Response<Pieces>, _>(io::Error::other("refused"))
    });
    let error = Layer::new(client.clone()).layer(fails).oneshot(post(BODY)).await.unwrap_err();
    assert!(matches!(&error, Error::Transport(error) if error.to_string() == "refused"));
    assert_eq!((sums(&client).attempts, sums(&client).failed_attempts), (1, 1));
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

#[tokio::test]
async fn a_body_that_is_made_otherwise_is_told_how() {
    type AnyBody = http_body_util::combinators::UnsyncBoxBody<Bytes, io::Error>;
    let make = |whole: Bytes| -> AnyBody {
        http_body_util::Full::new(whole).map_err(|never| match never {}).boxed_unsync()
    };
    let client =
        keys(builder()).set_all([("project", "proj_a"), ("carrier", "body")]).build().unwrap();
    let service = Layer::new(client.clone()).max_body(1 << 20).body_from(make).layer(service_fn(
        async |request: Request<AnyBody>| {
            let sent = request.into_body().collect().await?.to_bytes();
            assert_eq!(sent, r#"{"project_id":"proj_a","model":"m"}"#);
            Ok::<_, io::Error>(json_answer())
        },
    ));
    let request = Request::post(URL).body(make(r#"{"model":"m"}"#.into())).unwrap();
    assert_eq!(text(service.oneshot(request).await.unwrap()).await, ANSWER);
    assert_eq!(sums(&client).input_tokens, 11);
}
