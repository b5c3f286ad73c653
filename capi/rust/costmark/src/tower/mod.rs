//! A [tower](https://docs.rs/tower) layer that attributes, signs and observes what goes through an
//! HTTP client.
//!
//! It goes over any service of `http::Request<B>` whose body can be made of `Bytes`: by `From`, or by
//! what [`Layer::body_from`] was told. Every request is prepared and signed for itself, so the layer belongs *below* one
//! that retries, and an [`OperationLayer`] above that makes the retries attempts of one operation:
//!
//! ```text
//!   OperationLayer   each request is an operation, by a SharedOperation in its extensions
//!   ScopeLayer       remembers the scope of the call, for layers that pass it to another task
//!   buffer, retry    clones the request
//!   Layer            each request is an attempt
//!   HTTP client
//! ```
//!
//! * Bodies that are attributed or signed are read whole into memory first, up to
//!   [`Layer::max_body`]. A long one that is neither passes as it comes.
//! * The project is that of the request's extension [`Project`](crate::Project), of its header or
//!   its body, or of the [`scope`](crate::scope) around the call, as the client's options decide.
//!   A layer between that calls from another task, such as tower's `buffer`, needs a [`ScopeLayer`]
//!   above it.
//! * The extensions of an answer hold its [`Attribution`](crate::Attribution).
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
mod forked;
mod gather;
mod head;
mod kept;
mod make_body;
mod operation_layer;
mod reading;
mod runtime;
mod scope_layer;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};

pub use self::attempt::SharedOperation;
pub use self::body::Body;
use self::exchange::Exchange;
pub use self::make_body::{BodyFrom, FromBytes, MakeBody};
pub use self::operation_layer::{OperationLayer, OperationService};
use self::runtime::Waiting;
pub use self::runtime::{Runtime, Tokio};
pub use self::scope_layer::{ScopeLayer, ScopeService};
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
#[must_use = "a layer does nothing until it is put over a service"]
#[derive(Clone)]
pub struct Layer<M = FromBytes> {
    shared: Arc<Shared>,
    make_body: M,
}

impl Layer {
    /// Attributes what goes through it to projects of a client, on the [`Tokio`] runtime.
    pub fn new(client: Client) -> Self {
        let waiting = Arc::new(Waiting::new(Box::new(Tokio)));
        let shared = Arc::new(Shared { client, max_body: DEFAULT_MAX_BODY, waiting });
        Self { shared, make_body: FromBytes }
    }
}

impl<M> Layer<M> {
    /// Bounds the length of request bodies, in bytes. Longer ones are refused.
    pub fn max_body(self, bytes: usize) -> Self {
        let (client, waiting) = (self.shared.client.clone(), self.shared.waiting.clone());
        let shared = Arc::new(Shared { client, max_body: bytes, waiting });
        Self { shared, ..self }
    }

    /// Waits and sleeps on another runtime.
    pub fn runtime(self, runtime: impl Runtime) -> Self {
        let (client, max_body) = (self.shared.client.clone(), self.shared.max_body);
        let waiting = Arc::new(Waiting::new(Box::new(runtime)));
        Self { shared: Arc::new(Shared { client, max_body, waiting }), ..self }
    }

    /// Says how a body is made of bytes, for a type that has no `From<Bytes>`.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http_body_util::combinators::BoxBody;
    /// use http_body_util::{BodyExt, Full};
    ///
    /// type AnyBody = BoxBody<Bytes, std::io::Error>;
    ///
    /// # let client = costmark::Client::builder().set("auth", "none").build()?;
    /// let layer = costmark::tower::Layer::new(client)
    ///     .body_from(|whole: Bytes| -> AnyBody { Full::new(whole).map_err(|e| match e {}).boxed() });
    /// # Ok::<(), costmark::Error>(())
    /// ```
    pub fn body_from<F>(self, make: F) -> Layer<BodyFrom<F>> {
        Layer { shared: self.shared, make_body: BodyFrom(make) }
    }
}

#[cfg(feature = "reqwest-middleware")]
impl Layer {
    pub(crate) fn exchange<B>(&self, request: &Request<B>) -> Exchange {
        Exchange::new(self.shared.clone(), request)
    }
}

impl<M> fmt::Debug for Layer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer").field("max_body", &self.shared.max_body).finish_non_exhaustive()
    }
}

impl<S, M: Clone> tower_layer::Layer<S> for Layer<M> {
    type Service = Service<S, M>;

    fn layer(&self, inner: S) -> Service<S, M> {
        Service { inner, shared: self.shared.clone(), make_body: self.make_body.clone() }
    }
}

/// An HTTP client whose requests are attributed, signed and observed.
#[derive(Clone)]
pub struct Service<S, M = FromBytes> {
    inner: S,
    shared: Arc<Shared>,
    make_body: M,
}

impl<S, M> fmt::Debug for Service<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("max_body", &self.shared.max_body).finish_non_exhaustive()
    }
}

impl<S, M, B, A> tower_service::Service<Request<B>> for Service<S, M>
where
    S: tower_service::Service<Request<B>, Response = Response<A>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    M: MakeBody<B>,
    B: http_body::Body + Send + 'static,
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
        Box::pin(exchange.run(inner, self.make_body.clone(), request))
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
