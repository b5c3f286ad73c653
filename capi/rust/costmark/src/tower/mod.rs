//! A [tower](https://docs.rs/tower) layer that attributes, signs and observes what goes through an
//! HTTP client.
//!
//! It goes over any service of `http::Request<B>` whose body can be made of `Bytes`, such as that
//! of hyper-util. Every request is prepared and signed for itself, so the layer belongs *below* one
//! that retries, and an [`OperationLayer`] above that makes the retries attempts of one operation:
//!
//! ```text
//!   OperationLayer   each request is an operation, by a SharedOperation in its extensions
//!   retry            clones the request
//!   Layer            each request is an attempt
//!   HTTP client
//! ```
//!
//! * Bodies that are attributed or signed are read whole into memory first, up to
//!   [`Layer::max_body`]. A long one that is neither passes as it comes.
//! * The project is that of the request's extension [`Project`](crate::Project), of its header or
//!   its body, or of the [`scope`](crate::scope) around the call, as the client's options decide.
//! * An attempt counts when it is sent. If the service refuses what authenticated it, and something
//!   else is to be had, it is sent once more. For that a refusal is read before it is passed on,
//!   within limits of bytes and time.
//! * The answer is counted when it was read to its end, or dropped, whichever comes first. Of one
//!   in gzip a copy is decoded; other encodings pass unread, and their outcome is unknown. A gzip
//!   stream out of which a chunk is to be hidden is passed on decoded.
//! * Nothing blocks the thread that polls: what has to wait does so on the [`Runtime`], one fetch
//!   of credentials for all calls that need it.
//! * Redirects are answers, and not followed.

mod attempt;
mod body;
mod exchange;
mod gather;
mod head;
mod kept;
mod operation_layer;
mod reading;
mod runtime;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};

pub use self::attempt::SharedOperation;
pub use self::body::Body;
use self::exchange::Exchange;
pub use self::operation_layer::{OperationLayer, OperationService};
use self::runtime::Waiting;
pub use self::runtime::{Runtime, Tokio};
use crate::Client;
use crate::error::BoxError;

/// How long a request body may be unless [`Layer::max_body`] says otherwise.
pub const DEFAULT_MAX_BODY: usize = 128 << 20;

/// Puts a [`Service`] over another.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let client = costmark::Client::builder()
///     .set_all([("project", "proj_abc123"), ("auth", "none")])
///     .build()?;
/// let service = ServiceBuilder::new()
///     .layer(costmark::tower::Layer::new(client.clone()))
///     .service(service_fn(async |request: Request<Full<Bytes>>| {
///         assert_eq!(request.headers()["openai-project"], "proj_abc123");
///         Ok::<_, std::io::Error>(Response::new(Full::new(Bytes::from("{}"))))
///     }));
///
/// let url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
/// let request = Request::post(url).body(Full::from(r#"{"model":"openai.gpt-oss-20b"}"#))?;
/// let answer = service.oneshot(request).await?;
/// assert_eq!(answer.status(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Layer {
    shared: Arc<Shared>,
}

impl Layer {
    /// Attributes what goes through it to projects of a client, on the [`Tokio`] runtime.
    pub fn new(client: Client) -> Self {
        let waiting = Arc::new(Waiting::new(Box::new(Tokio)));
        Self { shared: Arc::new(Shared { client, max_body: DEFAULT_MAX_BODY, waiting }) }
    }

    /// Bounds the length of request bodies, in bytes. Longer ones are refused.
    pub fn max_body(self, bytes: usize) -> Self {
        let (client, waiting) = (self.shared.client.clone(), self.shared.waiting.clone());
        Self { shared: Arc::new(Shared { client, max_body: bytes, waiting }) }
    }

    /// Waits and sleeps on another runtime.
    pub fn runtime(self, runtime: impl Runtime) -> Self {
        let (client, max_body) = (self.shared.client.clone(), self.shared.max_body);
        let waiting = Arc::new(Waiting::new(Box::new(runtime)));
        Self { shared: Arc::new(Shared { client, max_body, waiting }) }
    }
}

#[cfg(feature = "reqwest-middleware")]
impl Layer {
    pub(crate) fn exchange<B>(&self, request: &Request<B>) -> Exchange {
        Exchange::new(self.shared.clone(), request)
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer").field("max_body", &self.shared.max_body).finish_non_exhaustive()
    }
}

impl<S> tower_layer::Layer<S> for Layer {
    type Service = Service<S>;

    fn layer(&self, inner: S) -> Service<S> {
        Service { inner, shared: self.shared.clone() }
    }
}

/// An HTTP client whose requests are attributed, signed and observed.
#[derive(Clone)]
pub struct Service<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> fmt::Debug for Service<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("max_body", &self.shared.max_body).finish_non_exhaustive()
    }
}

impl<S, B, A> tower_service::Service<Request<B>> for Service<S>
where
    S: tower_service::Service<Request<B>, Response = Response<A>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: http_body::Body + From<Bytes> + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
    A: http_body::Body + Send + 'static,
    A::Data: Send,
    A::Error: Send,
{
    type Response = Response<Body<A>>;
    type Error = Error<S::Error>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(Error::Transport)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that was polled ready goes along; the copy is polled anew.
        let copy = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, copy);
        let exchange = Exchange::new(self.shared.clone(), &request);
        Box::pin(exchange.run(inner, request))
    }
}

/// What all services of a layer have in common.
struct Shared {
    client: Client,
    max_body: usize,
    waiting: Arc<Waiting>,
}

/// Why there is no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error<E> {
    /// costmark refused the request, and nothing was sent.
    Refused(crate::Error),
    /// The request's body could not be read, and nothing was sent.
    Body(BoxError),
    /// The HTTP client below failed.
    Transport(E),
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Body(error) => write!(f, "the request's body could not be read: {error}"),
            Self::Transport(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(error) => error.source(),
            Self::Body(error) => Some(&**error),
            Self::Transport(error) => error.source(),
        }
    }
}
