//! A reqwest client whose requests are attributed, signed and observed.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = costmark::Client::builder().set("project", "proj_abc123").build()?;
//! let http = costmark::reqwest::Client::new(client, reqwest::Client::builder())?;
//!
//! let url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
//! let request = http.post(url).header("content-type", "application/json");
//! let answer = request.body(r#"{"model":"openai.gpt-oss-20b"}"#).send().await?;
//! println!("{}", answer.text().await?);
//! # Ok(())
//! # }
//! ```
//!
//! What [`tower`] says about requests and answers holds here too. Nothing is sent around the layer:
//! the client below is made here, and stays here. It follows no redirects, because neither the
//! signature nor the body was meant for where they point to, and it has no default headers but
//! `accept` and `user-agent`, because reqwest adds them below the layer, unseen and unsigned. Give
//! them to [`Client::default_headers`].

mod below;
mod request_builder;

use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::reqwest::{Body, ClientBuilder, IntoUrl, Method, Request, Response, ResponseBuilderExt};
use http::header::Entry;
use http::{Extensions, HeaderMap};
use tower_service::Service as _;

pub use self::request_builder::RequestBuilder;
use crate::tower;

/// Why there is no answer.
pub type Error = tower::Error<::reqwest::Error>;

type Answer = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

/// Sends requests through reqwest. Cloning it is cheap, and the clones are one client.
#[must_use = "a client sends nothing by itself"]
#[derive(Clone)]
pub struct Client {
    service: tower::Service<Transport>,
    builds: ::reqwest::Client, // requests, and sends none
    default_headers: Arc<HeaderMap>,
}

impl Client {
    /// Builds the client below, which follows no redirects.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption): the builder has default headers, which
    /// belong to [`default_headers`](Self::default_headers), or reqwest cannot build it; then its
    /// error is the source.
    pub fn new(client: crate::Client, http: ClientBuilder) -> Result<Self, crate::Error> {
        Self::with_layer(&tower::Layer::new(client), http)
    }

    /// The same with a layer that the program has made.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn with_layer(layer: &tower::Layer, http: ClientBuilder) -> Result<Self, crate::Error> {
        let http = below::build(http)?;
        let service = tower_layer::Layer::layer(layer, Transport(http.clone()));
        Ok(Self { service, builds: http, default_headers: Arc::default() })
    }

    /// Sets headers of all requests that do not have them, above the layer: they are seen, and
    /// signed where they have to be.
    pub fn default_headers(self, headers: HeaderMap) -> Self {
        Self { default_headers: Arc::new(headers), ..self }
    }

    /// Begins a GET request.
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// Begins a POST request.
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Begins a DELETE request.
    pub fn delete(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// Begins a request. A bad URL is an error of [`send`](RequestBuilder::send).
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        RequestBuilder::new(self.clone(), self.builds.request(method, url))
    }

    /// Sends a request that was built elsewhere.
    ///
    /// # Errors
    ///
    /// [`Refused`](tower::Error::Refused), [`Body`](tower::Error::Body): nothing was sent.
    /// [`Transport`](tower::Error::Transport): reqwest's own.
    pub async fn execute(&self, request: Request) -> Result<Response, Error> {
        self.clone().call(request).await
    }

    fn send(&mut self, request: Request, extensions: Extensions) -> Answer {
        let url = request.url().clone();
        let mut request = match http::Request::<Body>::try_from(request) {
            Ok(request) => request,
            Err(error) => return Box::pin(ready(Err(Error::Transport(error)))),
        };
        request.extensions_mut().extend(extensions);
        for name in self.default_headers.keys() {
            if let Entry::Vacant(vacant) = request.headers_mut().entry(name) {
                let mut values = self.default_headers.get_all(name).into_iter().cloned();
                let mut entry = vacant.insert_entry(values.next().expect("a name has a value"));
                values.for_each(|value| entry.append(value));
            }
        }
        let answer = self.service.call(request);
        Box::pin(async move { Ok(from_http(answer.await?, url)) })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl tower_service::Service<Request> for Client {
    type Response = Response;
    type Error = Error;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Answer {
        self.send(request, Extensions::new())
    }
}

/// What passed through the layer as reqwest has it, which keeps the URL of an answer in a place of
/// its own.
pub(crate) fn from_http(
    response: http::Response<tower::Body<Body>>,
    url: ::reqwest::Url,
) -> Response {
    let (mut parts, body) = response.into_parts();
    let url = parts.extensions.remove::<AnsweredBy>().map_or(url, |AnsweredBy(url)| url);
    let (with_url, ()) = http::response::Builder::new()
        .url(url)
        .body(())
        .expect("a head with nothing in it is a head")
        .into_parts();
    parts.extensions.extend(with_url.extensions);
    http::Response::from_parts(parts, Body::wrap(body)).into()
}

/// The other way.
pub(crate) fn into_http(response: Response) -> http::Response<Body> {
    let url = AnsweredBy(response.url().clone());
    let mut response = http::Response::<Body>::from(response);
    response.extensions_mut().insert(url);
    response
}

/// The URL that a request was sent to in the end.
#[derive(Clone)]
struct AnsweredBy(::reqwest::Url);

/// reqwest as a service of the `http` crate's types.
#[derive(Clone)]
struct Transport(::reqwest::Client);

impl tower_service::Service<http::Request<Body>> for Transport {
    type Response = http::Response<Body>;
    type Error = ::reqwest::Error;
    type Future =
        Pin<Box<dyn Future<Output = Result<http::Response<Body>, ::reqwest::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ::reqwest::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let http = self.0.clone();
        Box::pin(async move { http.execute(Request::try_from(request)?).await.map(into_http) })
    }
}
