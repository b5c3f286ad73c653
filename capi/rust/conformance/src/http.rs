//! The HTTP clients that a host of Rust has, with the layer above them.

use bytes::Bytes;
use costmark::BoxError;
use costmark::tower::{Error, Layer, OperationLayer, OperationService, Service};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::{ServiceBuilder, ServiceExt};

/// The names of the ways in which cases are run.
pub const WAYS: [&str; 2] = ["tower", "reqwest"];

/// An answer as the caller has it.
pub type Answer = Response<UnsyncBoxBody<Bytes, BoxError>>;

type Hyper = legacy::Client<HttpConnector, Full<Bytes>>;

/// Why there is no answer.
pub enum Failure {
    /// Nothing was sent.
    Refused(costmark::Error),
    /// It was sent, for nothing.
    NoAnswer,
}

/// A client of the way's.
pub enum Http {
    /// hyper's, as a service; what joins attempts is in the extensions of a request.
    Tower(OperationService<Service<Hyper>>),
    /// reqwest's; what joins attempts is around the future that makes them.
    Reqwest(costmark::reqwest::Client),
}

impl Http {
    pub fn new(way: &str, client: costmark::Client) -> Self {
        if way == "reqwest" {
            let below = reqwest::Client::builder().no_proxy();
            let made = costmark::reqwest::Client::new(client, below);
            return Self::Reqwest(made.expect("a client without TLS can be built"));
        }
        let below = legacy::Client::builder(TokioExecutor::new()).build_http();
        let layers = ServiceBuilder::new().layer(OperationLayer).layer(Layer::new(client));
        Self::Tower(layers.service(below))
    }

    pub async fn send(&self, request: Request<Bytes>) -> Result<Answer, Failure> {
        match self {
            Self::Tower(service) => {
                let answer = service.clone().oneshot(request.map(Full::new)).await?;
                Ok(answer.map(|body| body.map_err(BoxError::from).boxed_unsync()))
            }
            Self::Reqwest(client) => {
                let request = reqwest::Request::try_from(request).expect("the URL is reqwest's");
                let answer = Response::<reqwest::Body>::from(client.execute(request).await?);
                Ok(answer.map(|body| body.map_err(BoxError::from).boxed_unsync()))
            }
        }
    }
}

impl<E> From<Error<E>> for Failure {
    fn from(error: Error<E>) -> Self {
        match error {
            Error::Refused(error) => Self::Refused(error),
            _ => Self::NoAnswer,
        }
    }
}
