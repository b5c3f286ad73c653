use std::task::{Context, Poll};

use http::Request;

use crate::scope::Around;

/// Remembers, in the extensions of a request, the [`scope`](crate::scope) and the
/// [`operation`](crate::operation) that it is called in. It belongs above a layer that calls from
/// another task, such as tower's `buffer`, where they would be lost.
///
/// ```
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// use costmark::tower::{Layer, ScopeLayer};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # type Failure = Box<dyn std::error::Error + Send + Sync>;
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// # let client = costmark::Client::builder().set("auth", "none").build()?;
/// # let http = service_fn(async |request: Request<Full<Bytes>>| {
/// #     assert_eq!(request.headers()["openai-project"], "proj_research");
/// #     Ok::<_, std::io::Error>(Response::new(Full::new(Bytes::from("{}"))))
/// # });
/// let service = ServiceBuilder::new()
///     .layer(ScopeLayer)
///     .buffer(100)
///     .layer(Layer::new(client))
///     .service(http);
/// # let url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
/// # let request = Request::post(url).body(Full::from(r#"{"model":"m"}"#))?;
/// let answer = costmark::scope("proj_research", service.oneshot(request)).await?;
/// # assert_eq!(answer.status(), 200);
/// # Ok::<(), Failure>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ScopeLayer;

impl<S> tower_layer::Layer<S> for ScopeLayer {
    type Service = ScopeService<S>;

    fn layer(&self, inner: S) -> ScopeService<S> {
        ScopeService { inner }
    }
}

/// Made by a [`ScopeLayer`].
#[derive(Debug, Clone)]
pub struct ScopeService<S> {
    inner: S,
}

impl<S, B> tower_service::Service<Request<B>> for ScopeService<S>
where
    S: tower_service::Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        // What is there already is of a call further up.
        request.extensions_mut().get_or_insert_with(Around::current);
        self.inner.call(request)
    }
}
