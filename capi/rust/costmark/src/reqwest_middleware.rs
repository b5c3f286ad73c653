//! Middlewares for [reqwest-middleware](https://docs.rs/reqwest-middleware).
//!
//! ```no_run
//! use costmark::reqwest_middleware::{AttemptMiddleware, OperationMiddleware};
//! use reqwest_middleware::ClientBuilder;
//!
//! # fn example(retry: impl reqwest_middleware::Middleware) -> Result<(), Box<dyn std::error::Error>> {
//! let client = costmark::Client::builder().set("project", "proj_abc123").build()?;
//! let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
//! let http = ClientBuilder::new(http)
//!     .with(OperationMiddleware) // each request is an operation
//!     .with(retry)
//!     .with(AttemptMiddleware::new(client)) // each request is an attempt
//!     .build();
//! # Ok(())
//! # }
//! ```
//!
//! What [`tower`](crate::tower) says about requests and answers holds here too. The extensions are
//! those that reqwest-middleware passes along. The client below must follow no redirects: an answer of
//! another URL than the one that was signed is an error. Its default headers are added below, unseen
//! and unsigned; name no project there. What costmark refuses comes as
//! [`Error::Middleware`] with a [`costmark::Error`](crate::Error) in it, which [`refused`] finds.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use ::reqwest::{Body, Request, Response, Url};
use ::reqwest_middleware::{Error, Middleware, Next, Result};
use async_trait::async_trait;
use http::Extensions;

use crate::reqwest::{from_http, into_http};
use crate::tower::{self, FromBytes, Layer, SharedOperation};
use crate::{ErrorKind, Project};

/// Makes each request one operation, of which the requests below are attempts. It belongs above a
/// middleware that retries.
#[derive(Debug, Clone, Copy, Default)]
pub struct OperationMiddleware;

#[async_trait]
impl Middleware for OperationMiddleware {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        extensions.get_or_insert_default::<SharedOperation>();
        next.run(request, extensions).await
    }
}

/// Attributes, signs and observes each request. It belongs below a middleware that retries, over a
/// client that follows no redirects.
#[derive(Clone)]
pub struct AttemptMiddleware(Layer);

impl AttemptMiddleware {
    /// Attributes requests to projects of a client.
    pub fn new(client: crate::Client) -> Self {
        Self(Layer::new(client))
    }

    /// The same with a layer that the program has made.
    pub fn with_layer(layer: Layer) -> Self {
        Self(layer)
    }
}

impl fmt::Debug for AttemptMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptMiddleware").finish_non_exhaustive()
    }
}

#[async_trait]
impl Middleware for AttemptMiddleware {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let url = request.url().clone();
        let mut request = http::Request::<Body>::try_from(request)?;
        if let Some(operation) = extensions.get::<SharedOperation>() {
            request.extensions_mut().insert(operation.clone());
        }
        if let Some(project) = extensions.get::<Project>() {
            request.extensions_mut().insert(project.clone());
        }
        let passed_on = Arc::new(Mutex::new(std::mem::take(extensions)));
        let below = Below { next, extensions: passed_on.clone() };
        let answer = self.0.exchange(&request).run(below, FromBytes, request).await;
        *extensions = std::mem::take(&mut *lock(&passed_on));
        answer.map(|answer| from_http(answer, url)).map_err(into_middleware)
    }
}

fn lock(extensions: &Mutex<Extensions>) -> MutexGuard<'_, Extensions> {
    extensions.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The middlewares below as a service.
struct Below<'a> {
    next: Next<'a>,
    extensions: Arc<Mutex<Extensions>>,
}

impl<'a> tower_service::Service<http::Request<Body>> for Below<'a> {
    type Response = http::Response<Body>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>>> + Send + 'a>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (next, passed_on) = (self.next.clone(), self.extensions.clone());
        Box::pin(async move {
            let mut extensions = std::mem::take(&mut *lock(&passed_on));
            let request = Request::try_from(request)?;
            let url = request.url().clone();
            let answer = next.run(request, &mut extensions).await;
            *lock(&passed_on) = extensions;
            answer.and_then(|answer| not_redirected(&url, answer)).map(into_http)
        })
    }
}

/// What was signed for one URL, with the project in it, was sent to another.
fn not_redirected(url: &Url, answer: Response) -> Result<Response> {
    if answer.url() == url {
        return Ok(answer);
    }
    let message = format!(
        "the HTTP client followed a redirect to {} with what was attributed and signed for {}; \
         build it with redirect(reqwest::redirect::Policy::none())",
        answer.url().origin().ascii_serialization(),
        url.origin().ascii_serialization(),
    );
    Err(Error::middleware(crate::Error::new(ErrorKind::EndpointMismatch, message)))
}

fn into_middleware(error: tower::Error<Error>) -> Error {
    match error {
        tower::Error::Transport(error) => error,
        tower::Error::Refused(error) => Error::middleware(error),
        tower::Error::Body(cause) => {
            let message = "the request's body could not be read";
            let error = crate::Error::new(ErrorKind::InvalidArgument, message);
            Error::middleware(error.caused_by(cause))
        }
    }
}

/// Why costmark refused a request, if that is what the error says.
pub fn refused(error: &Error) -> Option<&crate::Error> {
    match error {
        Error::Middleware(error) => error.downcast_ref(),
        Error::Reqwest(_) => None,
    }
}
