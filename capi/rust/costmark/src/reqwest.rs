//! A reqwest client whose requests are attributed, signed and observed.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = costmark::Client::builder().set("project", "proj_abc123").build()?;
//! let http = costmark::reqwest::Client::new(client, reqwest::Client::builder())?;
//!
//! let url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
//! let request = http.get_ref().post(url).header("content-type", "application/json");
//! let answer = http.send(request.body(r#"{"model":"openai.gpt-oss-20b"}"#)).await?;
//! println!("{}", answer.text().await?);
//! # Ok(())
//! # }
//! ```
//!
//! What [`tower`] says about requests and answers holds here too.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::reqwest::{Body, ClientBuilder, Request, RequestBuilder, Response, ResponseBuilderExt};
use tower_service::Service as _;

use crate::tower;

/// Why there is no answer.
pub type Error = tower::Error<::reqwest::Error>;

type Answer = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

/// Sends requests through reqwest. Cloning it is cheap, and the clones are one client.
#[derive(Clone)]
pub struct Client {
    service: tower::Service<Transport>,
    http: ::reqwest::Client,
}

impl Client {
    /// Builds the client below, which follows no redirects: neither the signature nor the body was
    /// meant for where they point to.
    ///
    /// # Errors
    ///
    /// Those of [`ClientBuilder::build`].
    pub fn new(client: crate::Client, http: ClientBuilder) -> Result<Self, ::reqwest::Error> {
        Ok(Self::over(client, http.redirect(::reqwest::redirect::Policy::none()).build()?))
    }

    /// Goes over a client that is there already, and that should follow no redirects.
    pub fn over(client: crate::Client, http: ::reqwest::Client) -> Self {
        Self::with_layer(&tower::Layer::new(client), http)
    }

    /// Goes over a client with a layer that the program has made.
    pub fn with_layer(layer: &tower::Layer, http: ::reqwest::Client) -> Self {
        let service = tower_layer::Layer::layer(layer, Transport(http.clone()));
        Self { service, http }
    }

    /// The client below, to build requests with.
    pub fn get_ref(&self) -> &::reqwest::Client {
        &self.http
    }

    /// Sends what was built.
    ///
    /// # Errors
    ///
    /// [`Refused`](tower::Error::Refused), [`Body`](tower::Error::Body): nothing was sent.
    /// [`Transport`](tower::Error::Transport): reqwest's own.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, Error> {
        self.execute(request.build().map_err(Error::Transport)?).await
    }

    /// Sends a request.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub async fn execute(&self, request: Request) -> Result<Response, Error> {
        self.clone().call(request).await
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
        let url = request.url().clone();
        let request = match http::Request::<Body>::try_from(request) {
            Ok(request) => request,
            Err(error) => return Box::pin(std::future::ready(Err(Error::Transport(error)))),
        };
        let answer = self.service.call(request);
        Box::pin(async move { Ok(from_http(answer.await?, url)) })
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
