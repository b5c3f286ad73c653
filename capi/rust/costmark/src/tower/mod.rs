//! A [tower](https://docs.rs/tower) layer that attributes, signs and observes what goes through an
//! HTTP client.
//!
//! It goes over any service of `http::Request<B>` whose body can be made of `Bytes`, such as that
//! of hyper-util. Every request is prepared and signed for itself, so the layer belongs *below* one
//! that retries.
//!
//! * Bodies that are attributed or signed are read whole into memory first, up to
//!   [`Layer::max_body`]. An upload that is neither passes as it comes.
//! * The project is that of the request's extension [`Project`](crate::Project), of its header or
//!   its body, or of the [`scope`](crate::scope) around the call, as the client's options decide.
//! * A request whose proof the service refuses, though another one may be accepted, is prepared and
//!   sent once more.
//! * The answer is counted when it was read to its end, or dropped, whichever comes first. Of one
//!   in gzip a copy is decoded; other encodings pass unread, and their outcome is unknown. A stream
//!   out of which a chunk is to be hidden is asked for without an encoding.
//! * Redirects are answers, and not followed.

mod body;
mod exchange;
mod gather;
mod head;
mod offload;
mod reading;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};

pub use self::body::{Body, observe};
use self::exchange::Exchange;
use self::offload::Offload;
use crate::error::BoxError;
use crate::{Client, Prepared};

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
    /// Attributes what goes through it to projects of a client.
    pub fn new(client: Client) -> Self {
        let memories = Mutex::default();
        Self {
            shared: Arc::new(Shared {
                client,
                max_body: DEFAULT_MAX_BODY,
                offload: None,
                memories,
            }),
        }
    }

    /// Bounds the length of request bodies, in bytes. Longer ones are refused.
    pub fn max_body(self, bytes: usize) -> Self {
        self.with(|shared| shared.max_body = bytes)
    }

    /// Prepares requests elsewhere, such as on the threads that a runtime has for what may block:
    /// preparing fetches credentials when that is due, and hashes the body. Without this it is done
    /// where the call's future is polled.
    ///
    /// ```
    /// # let client = costmark::Client::builder().build()?;
    /// let layer = costmark::tower::Layer::new(client)
    ///     .prepare_on(|work| drop(tokio::task::spawn_blocking(work)));
    /// # Ok::<(), costmark::Error>(())
    /// ```
    pub fn prepare_on(
        self,
        spawn: impl Fn(Box<dyn FnOnce() + Send>) + Send + Sync + 'static,
    ) -> Self {
        self.with(|shared| shared.offload = Some(Offload::new(spawn)))
    }

    fn with(self, change: impl FnOnce(&mut Shared)) -> Self {
        // Copied, so that services made earlier stay as they are.
        let mut shared = Shared {
            client: self.shared.client.clone(),
            max_body: self.shared.max_body,
            offload: self.shared.offload.clone(),
            memories: Mutex::default(),
        };
        change(&mut shared);
        Self { shared: Arc::new(shared) }
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
    offload: Option<Offload>,
    memories: Mutex<Vec<Prepared>>,
}

/// More than are ever needed at once on most machines: a memory is lent for microseconds.
const KEPT_MEMORIES: usize = 16;

/// A memory that has held a longer body is not kept.
const KEPT_BODY: usize = 4 << 20;

impl Shared {
    /// Lends memory to prepare a request with a body of a length in.
    fn with_memory<T>(
        &self,
        body_len: usize,
        work: impl FnOnce(&mut Prepared) -> Result<T, crate::Error>,
    ) -> Result<T, crate::Error> {
        let kept = self.memories.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut memory = match kept {
            Some(memory) => memory,
            None => Prepared::new()?,
        };
        let result = work(&mut memory);
        let mut memories = self.memories.lock().unwrap_or_else(PoisonError::into_inner);
        if body_len <= KEPT_BODY && memories.len() < KEPT_MEMORIES {
            memories.push(memory);
        }
        result
    }
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
