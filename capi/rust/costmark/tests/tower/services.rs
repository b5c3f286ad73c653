//! Services, bodies and clients that the tests share.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use costmark::tower::{Body, Error, Layer, Runtime};
use costmark::{BearerTokenProvider, Client, Credentials};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tower::{Layer as _, Service, ServiceExt, service_fn};

use crate::support::{ANSWER, BODY, URL, builder, sums};

/// A body that comes in given pieces.
#[derive(Default)]
pub struct Pieces {
    pub frames: VecDeque<Result<Frame<Bytes>, io::Error>>,
    never_ends: bool,
}

impl Pieces {
    pub fn of(pieces: impl IntoIterator<Item = impl Into<Bytes>>) -> Self {
        let frames = pieces.into_iter().map(|piece| Ok(Frame::data(piece.into())));
        Self { frames: frames.collect(), never_ends: false }
    }

    pub fn then_breaks(mut self) -> Self {
        self.frames.push_back(Err(io::Error::other("reset by peer")));
        self
    }

    pub fn then_trailers(mut self) -> Self {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-checksum", "1".parse().unwrap());
        self.frames.push_back(Ok(Frame::trailers(trailers)));
        self
    }

    pub fn then_nothing(mut self) -> Self {
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

pub fn post(body: impl Into<Bytes>) -> Request<Pieces> {
    Request::post(URL)
        .header("content-type", "application/json")
        .body(Pieces::from(body.into()))
        .unwrap()
}

pub fn json_answer() -> Response<Pieces> {
    let whole = ANSWER.as_bytes().chunks(9);
    Response::builder().header("content-type", "application/json").body(Pieces::of(whole)).unwrap()
}

pub fn stream(pieces: Pieces) -> Response<Pieces> {
    let builder = Response::builder().header("content-type", "text/event-stream");
    builder.header("content-length", "1000").body(pieces).unwrap()
}

/// Sends one request through the layer to a service that answers so.
pub fn exchange<A>(
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

pub async fn text(response: Response<Body<Pieces>>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

pub fn refusal(code: &str) -> Response<Pieces> {
    let body =
        format!(r#"{{"error":{{"code":"{code}","message":"The security token is not valid"}}}}"#);
    let builder = Response::builder().status(StatusCode::FORBIDDEN);
    builder
        .header("content-type", "application/json")
        .body(Pieces::from(Bytes::from(body)))
        .unwrap()
}

pub fn rotating() -> (Client, Arc<AtomicU32>) {
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

pub fn bearer(provider: impl BearerTokenProvider) -> Client {
    builder()
        .set_all([("auth", "bearer"), ("project", "proj_a")])
        .bearer_token(provider)
        .build()
        .unwrap()
}

pub type Whole = http_body_util::Full<Bytes>;

pub fn whole() -> Request<Whole> {
    Request::post(URL).header("content-type", "application/json").body(BODY.into()).unwrap()
}

/// A service that answers with these statuses, one after the other.
pub fn statuses(
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

pub fn counted(client: &Client) -> (u64, u64, u64) {
    let sums = sums(client);
    (sums.operations, sums.attempts, sums.failed_attempts)
}

/// Runs what may block on threads of its own, and sleeps as tokio does.
#[derive(Clone, Default)]
pub struct Threads(pub Arc<AtomicU32>);

impl Runtime for Threads {
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::thread::spawn(work);
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(time))
    }
}
