use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};

use super::body::{Body, observe};
use super::gather::{gather, is_long_upload};
use super::head::{attempt_number, change_head, rebuild};
use super::{Error, Shared};
use crate::error::BoxError;
use crate::scope::Operation;
use crate::{Changes, ErrorKind, Header, Observation, Outcome, Project, Scope};

/// Refusals are judged by no more than this.
const MOST_OF_A_REFUSAL: usize = 64 << 10;

/// One call of the service: what surrounds its request.
#[derive(Clone)]
pub(super) struct Exchange {
    shared: Arc<Shared>,
    project: Option<Project>,
    scope: Option<Project>,
    operation: Option<Operation>,
    first_attempt: u32,
}

/// A request that may be sent, and who reads its answer.
struct Outgoing {
    request: Request<Bytes>,
    reader: Reader,
}

struct Reader {
    observation: Observation,
    authorized: bool,
    hides_usage_chunk: bool,
}

impl Exchange {
    pub(super) fn new<B>(shared: Arc<Shared>, request: &Request<B>) -> Self {
        Self {
            shared,
            project: request.extensions().get().cloned(),
            scope: Scope::current(),
            operation: Operation::current(),
            first_attempt: attempt_number(request.headers()),
        }
    }

    pub(super) async fn run<S, B, A>(
        self,
        mut inner: S,
        request: Request<B>,
    ) -> Result<Response<Body<A>>, Error<S::Error>>
    where
        S: tower_service::Service<Request<B>, Response = Response<A>>,
        B: http_body::Body + From<Bytes>,
        B::Error: Into<BoxError>,
        A: http_body::Body,
    {
        let (parts, body) = request.into_parts();
        if is_long_upload(&parts.headers, &body)
            && let Some(outgoing) =
                self.prepare_unread(parts.clone()).await.map_err(Error::Refused)?
        {
            return outgoing.reader.send(&mut inner, outgoing.request.map(|_| body)).await;
        }
        let body = gather(body, self.shared.max_body).await?;
        let outgoing =
            self.prepare(parts.clone(), body.clone(), 0).await.map_err(Error::Refused)?;
        let may_be_mended = outgoing.reader.authorized;
        let mut response = outgoing.reader.send(&mut inner, outgoing.request.map(B::from)).await?;
        if !may_be_mended || !read_refusal(&mut response).await {
            return Ok(response);
        }
        // Should there be no other proof after all, the refusal says more than why there is none.
        let Ok(outgoing) = self.prepare(parts, body, 1).await else { return Ok(response) };
        drop(response);
        poll_fn(|context| inner.poll_ready(context)).await.map_err(Error::Transport)?;
        outgoing.reader.send(&mut inner, outgoing.request.map(B::from)).await
    }

    /// Prepares a request with its body.
    async fn prepare(
        &self,
        parts: Parts,
        body: Bytes,
        attempts_before: u32,
    ) -> Result<Outgoing, crate::Error> {
        let exchange = self.clone();
        self.where_it_may_block(move || {
            exchange.with_changes(&parts, &body, |changes| {
                let reader = exchange.begin(changes, attempts_before)?;
                Ok(Outgoing { request: rebuild(&parts, &body, changes)?, reader })
            })
        })
        .await
    }

    /// Prepares a request whose body may pass without being read first, as if it had none. That is
    /// right unless a signature covers the body: then there is `None`.
    async fn prepare_unread(&self, parts: Parts) -> Result<Option<Outgoing>, crate::Error> {
        let exchange = self.clone();
        self.where_it_may_block(move || {
            exchange.with_changes(&parts, &Bytes::new(), |changes| {
                if changes
                    .headers_to_set()
                    .iter()
                    .any(|header| header.name().eq_ignore_ascii_case("x-amz-date"))
                {
                    return Ok(None);
                }
                let reader = exchange.begin(changes, 0)?;
                let mut request = Request::from_parts(parts.clone(), Bytes::new());
                change_head(&mut request, changes)?;
                Ok(Some(Outgoing { request, reader }))
            })
        })
        .await
    }

    async fn where_it_may_block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, crate::Error> + Send + 'static,
    ) -> Result<T, crate::Error> {
        match &self.shared.offload {
            None => work(),
            Some(offload) => offload.run(work).await.unwrap_or_else(|| {
                Err(crate::Error::new(ErrorKind::Internal, "what prepares requests was shut down"))
            }),
        }
    }

    fn with_changes<T>(
        &self,
        parts: &Parts,
        body: &Bytes,
        use_them: impl FnOnce(&Changes<'_>) -> Result<T, crate::Error>,
    ) -> Result<T, crate::Error> {
        let url = parts.uri.to_string();
        let headers: Vec<_> =
            parts.headers.iter().map(|(name, value)| Header::new(name.as_str(), value)).collect();
        let mut request =
            crate::Request::new(parts.method.as_str(), &url).headers(&headers).body(body);
        if let Some(project) = &self.project {
            request = request.project(project.id());
        }
        // That of the call, whatever this thread is in the scope of.
        let request = request.scope(self.scope.as_ref().map_or("", Project::id));
        self.shared.with_memory(body.len(), |memory| {
            let changes = self.shared.client.prepare(&request, memory)?;
            use_them(&changes)
        })
    }

    /// Begins the attempt, which is counted from here on.
    fn begin(&self, changes: &Changes<'_>, attempts_before: u32) -> Result<Reader, crate::Error> {
        let attempt = match &self.operation {
            Some(operation) => operation.begin(),
            None => self.first_attempt.saturating_add(attempts_before),
        };
        Ok(Reader {
            observation: self.shared.client.observe(changes, attempt)?,
            authorized: changes.authorized(),
            hides_usage_chunk: changes.hides_usage_chunk(),
        })
    }
}

impl Reader {
    /// Sends the request and reads the head of its answer. Dropped before it is there, the attempt
    /// counts as cancelled.
    async fn send<S, B, A>(
        mut self,
        to: &mut S,
        request: Request<B>,
    ) -> Result<Response<Body<A>>, Error<S::Error>>
    where
        S: tower_service::Service<Request<B>, Response = Response<A>>,
        A: http_body::Body,
    {
        let response = match to.call(request).await {
            Ok(response) => response,
            Err(error) => {
                self.observation.fail(Outcome::Error);
                return Err(Error::Transport(error));
            }
        };
        Ok(observe(response, self.observation, self.hides_usage_chunk))
    }
}

/// Reads what may be a refusal of the proof, and tells whether another one may be accepted. What
/// was read is still there for the caller.
async fn read_refusal<A: http_body::Body>(response: &mut Response<Body<A>>) -> bool {
    if !matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return false;
    }
    let body = response.body_mut();
    body.read_ahead(MOST_OF_A_REFUSAL).await && body.observation().retry_advised()
}
