//! async-openai through a [`reqwest::Client`](crate::reqwest::Client) of this crate.
//!
//! ```no_run
//! use async_openai::{Client, config::OpenAIConfig};
//!
//! let client = costmark::Client::builder().set("project", "proj_abc123").build()?;
//! let http = costmark::reqwest::Client::new(client.clone(), reqwest::Client::builder())?;
//! let config = OpenAIConfig::new()
//!     .with_api_base("https://bedrock-mantle.us-east-1.api.aws/v1")
//!     .with_api_key("unused");
//! let openai =
//!     Client::with_config(config).with_http_service(costmark::async_openai::Service::new(http));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Every call of the SDK is one operation, and its retries are attempts of it, each signed for
//! itself. Calls run under the [`scope`](crate::scope) around them:
//! `costmark::scope("proj_research", openai.chat().create(request)).await`.
//!
//! What costmark refuses comes as [`OpenAIError::Boxed`] with a [`costmark::Error`](crate::Error)
//! in it, which [`refused`] finds.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::async_openai::error::OpenAIError;
use ::async_openai::middleware::HttpRequestFactory;
use ::async_openai::middleware::retry::OpenAIRetryLayer;
use tower_layer::Layer as _;

use crate::reqwest::{Client, Error};

type Answer = Pin<Box<dyn Future<Output = Result<::reqwest::Response, OpenAIError>> + Send>>;

/// The service for async-openai's `Client::with_http_service`. It retries as that does by itself.
#[must_use = "it sends nothing by itself"]
#[derive(Clone, Debug)]
pub struct Service {
    http: Client,
    retry: OpenAIRetryLayer,
}

impl Service {
    /// With the SDK's own number of retries.
    pub fn new(http: Client) -> Self {
        Self { http, retry: OpenAIRetryLayer::default() }
    }

    /// With another number of retries; 0: none.
    pub fn max_retries(mut self, retries: usize) -> Self {
        self.retry = OpenAIRetryLayer::new(retries);
        self
    }
}

impl tower_service::Service<HttpRequestFactory> for Service {
    type Response = ::reqwest::Response;
    type Error = OpenAIError;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(())) // as reqwest always is
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Answer {
        let mut retrying = self.retry.layer(Attempts(self.http.clone()));
        Box::pin(crate::operation(async move { retrying.call(factory).await }))
    }
}

/// One attempt after the other.
#[derive(Clone)]
struct Attempts(Client);

impl tower_service::Service<HttpRequestFactory> for Attempts {
    type Response = ::reqwest::Response;
    type Error = OpenAIError;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Answer {
        let http = self.0.clone();
        Box::pin(async move { http.execute(factory.build().await?).await.map_err(into_openai) })
    }
}

fn into_openai(error: Error) -> OpenAIError {
    match error {
        Error::Transport(error) => OpenAIError::Reqwest(error),
        Error::Refused(error) => OpenAIError::Boxed(Box::new(error)),
        Error::Body(error) => OpenAIError::Boxed(error),
    }
}

/// Why costmark refused a call, if that is what the SDK's error says.
pub fn refused(error: &OpenAIError) -> Option<&crate::Error> {
    match error {
        OpenAIError::Boxed(error) => error.downcast_ref(),
        _ => None,
    }
}
