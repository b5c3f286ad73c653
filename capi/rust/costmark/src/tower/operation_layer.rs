use std::task::{Context, Poll};

use http::Request;

use super::SharedOperation;

/// Makes each request that goes through it one operation, of which the requests below are attempts.
/// It belongs above a layer that retries, and the [`Layer`](super::Layer) below that.
///
/// ```
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// use costmark::tower::{Layer, OperationLayer};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # type Failure = Box<dyn std::error::Error + Send + Sync>;
/// # #[derive(Clone)]
/// # struct Twice(bool);
/// # impl<R, E> tower::retry::Policy<Request<Full<Bytes>>, Response<R>, E> for Twice {
/// #     type Future = std::future::Ready<()>;
/// #     fn retry(
/// #         &mut self,
/// #         _: &mut Request<Full<Bytes>>,
/// #         answer: &mut Result<Response<R>, E>,
/// #     ) -> Option<Self::Future> {
/// #         let fails = answer.as_ref().is_ok_and(|answer| answer.status() == 500);
/// #         (fails && !std::mem::replace(&mut self.0, true)).then(|| std::future::ready(()))
/// #     }
/// #     fn clone_request(&mut self, request: &Request<Full<Bytes>>) -> Option<Request<Full<Bytes>>> {
/// #         Some(request.clone())
/// #     }
/// # }
/// # let retry_policy = Twice(false);
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// # let answers = std::sync::atomic::AtomicU16::new(500);
/// # let answers = std::sync::Arc::new(answers);
/// # let http = service_fn(move |_: Request<Full<Bytes>>| {
/// #     let status = answers.swap(200, std::sync::atomic::Ordering::SeqCst);
/// #     let answer = Response::builder().status(status).body(Full::new(Bytes::from("{}")));
/// #     std::future::ready(answer)
/// # });
/// # let builder = costmark::Client::builder().set("auth", "none");
/// # let client = builder.set("project", "proj_abc123").build()?;
/// let service = ServiceBuilder::new()
///     .layer(OperationLayer)
///     .retry(retry_policy)
///     .layer(Layer::new(client.clone()))
///     .service(http);
/// # let url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
/// # let request = Request::post(url).body(Full::from(r#"{"model":"m"}"#))?;
/// # assert_eq!(service.oneshot(request).await?.status(), 200);
/// # let sums = client.usage()?.project("proj_abc123").unwrap();
/// # assert_eq!((sums.operations, sums.attempts), (1, 2));
/// # Ok::<(), Failure>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct OperationLayer;

impl<S> tower_layer::Layer<S> for OperationLayer {
    type Service = OperationService<S>;

    fn layer(&self, inner: S) -> OperationService<S> {
        OperationService { inner }
    }
}

/// Made by an [`OperationLayer`].
#[derive(Debug, Clone)]
pub struct OperationService<S> {
    inner: S,
}

impl<S, B> tower_service::Service<Request<B>> for OperationService<S>
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
        // One that the caller has put there joins more requests than this one.
        request.extensions_mut().get_or_insert_default::<SharedOperation>();
        self.inner.call(request)
    }
}
