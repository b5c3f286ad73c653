use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Extensions, Request, Response};

use super::attempt::{Attempt, SharedOperation};
use super::body::{Body, read_along};
use super::gather::{gather, is_long};
use super::head::rebuild;
use super::kept::Kept;
use super::{Error, MakeBody, Shared};
use crate::error::BoxError;
use crate::scope::Around;
use crate::{ErrorKind, Labels, Outcome, OverrideBudgets, Plan, Prepared, Project, Wait};

/// One call of the service: what surrounds its request.
pub(crate) struct Exchange {
    shared: Arc<Shared>,
    project: Option<Project>, // that the request itself names
    scope: Option<Project>,
    labels: Option<Labels>,
    overrides_budgets: bool,
    operation: Option<SharedOperation>,
    extensions: Extensions,
}

/// An attempt and its request.
struct Outgoing {
    attempt: Attempt,
    request: Request<Bytes>,
}

impl Exchange {
    pub(super) fn new<B>(shared: Arc<Shared>, request: &Request<B>) -> Self {
        let extensions = request.extensions();
        let around = extensions.get().cloned().unwrap_or_else(Around::current);
        Self {
            shared,
            project: extensions.get().cloned(),
            scope: around.project,
            labels: extensions.get().cloned(),
            overrides_budgets: extensions.get::<OverrideBudgets>().is_some(),
            operation: extensions.get().cloned().or(around.operation),
            extensions: extensions.clone(),
        }
    }

    pub(crate) async fn run<S, M, B, A>(
        self,
        mut inner: S,
        make_body: M,
        request: Request<B>,
    ) -> Result<Response<Body<A>>, Error<S::Error>>
    where
        S: tower_service::Service<Request<B>, Response = Response<A>>,
        M: MakeBody<B>,
        B: http_body::Body,
        B::Error: Into<BoxError>,
        A: http_body::Body,
    {
        let whole = |body| make_body.make_body(body);
        let (parts, body) = request.into_parts();
        if is_long(&body) {
            match self.prepare_first(&self.keep(parts.clone(), None)).await {
                Ok(outgoing) => {
                    let request = outgoing.request.map(|_| body);
                    return Ok(send(outgoing.attempt, &mut inner, request).await?.0);
                }
                Err(error) if error.kind() == ErrorKind::BodyNeeded => {}
                Err(error) => return Err(Error::Refused(error)),
            }
        }
        let body = gather(body, self.shared.max_body).await?;
        let kept = self.keep(parts, Some(body));
        let Outgoing { attempt, request } =
            self.prepare_first(&kept).await.map_err(Error::Refused)?;
        let (mut response, plan) = send(attempt, &mut inner, request.map(whole)).await?;
        if !self.is_to_be_sent_again(&mut response, plan).await {
            return Ok(response);
        }
        // If nothing else authenticates the request after all, the refusal says more than why.
        let Ok(Outgoing { attempt, request }) =
            self.prepare_again(response.body().attempt(), &kept).await
        else {
            return Ok(response);
        };
        drop(response);
        poll_fn(|context| inner.poll_ready(context)).await.map_err(Error::Transport)?;
        Ok(send(attempt, &mut inner, request.map(whole)).await?.0)
    }

    fn keep(&self, parts: Parts, body: Option<Bytes>) -> Arc<Kept> {
        Kept::new(
            parts,
            body,
            self.project.clone(),
            self.scope.clone(),
            self.labels.clone(),
            self.overrides_budgets,
        )
    }

    async fn prepare_first(&self, kept: &Arc<Kept>) -> Result<Outgoing, crate::Error> {
        let (attempt, is_new) = Attempt::begin(&self.shared.client, self.operation.clone(), kept)?;
        self.prepare(attempt, kept, is_new).await
    }

    async fn prepare_again(
        &self,
        ended: &Attempt,
        kept: &Arc<Kept>,
    ) -> Result<Outgoing, crate::Error> {
        self.prepare(ended.following(), kept, false).await
    }

    /// Prepares an attempt here, unless that would block.
    async fn prepare(
        &self,
        mut attempt: Attempt,
        kept: &Arc<Kept>,
        is_new: bool,
    ) -> Result<Outgoing, crate::Error> {
        let waiting = &self.shared.waiting;
        let rebuilt = |prepared: &Prepared<'_>| {
            if prepared.renewal_due() {
                self.renew_aside(kept);
            }
            rebuild(kept, &self.extensions, prepared)
        };
        let mut request = attempt.prepare(is_new.then_some(kept), Wait::Not, rebuilt);
        if would_block(&request) {
            waiting.share(attempt.waiting(kept)).await?;
            request = attempt.prepare(None, Wait::Not, rebuilt);
        }
        if would_block(&request) {
            // What was fetched for another call does not serve this one.
            waiting.alone(attempt.waiting_to_prepare()).await?;
            request = attempt.prepared(|prepared| rebuild(kept, &self.extensions, prepared));
        }
        Ok(Outgoing { request: request?, attempt })
    }

    /// Renews credentials while those at hand serve.
    fn renew_aside(&self, kept: &Arc<Kept>) {
        let (client, kept) = (self.shared.client.clone(), kept.clone());
        self.shared.waiting.aside(move || {
            // The library logs a failure.
            let _ = client
                .operation_kept(None, kept)
                .and_then(|mut sends_nothing| sends_nothing.ready());
        });
    }

    /// Reads what may be a refusal, as far as its plan says. What was read is still there for the
    /// caller.
    async fn is_to_be_sent_again<A: http_body::Body>(
        &self,
        response: &mut Response<Body<A>>,
        plan: Option<Plan>,
    ) -> bool {
        let Some(plan) = plan.filter(|plan| plan.read_ahead_len > 0) else { return false };
        let time = self.shared.waiting.sleep(plan.read_ahead_time);
        response.body_mut().read_ahead(plan.read_ahead_len, time).await
    }
}

fn would_block<T>(result: &Result<T, crate::Error>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// Sends an attempt and reads the head of its answer. Dropped before it is there, the attempt counts
/// as cancelled.
async fn send<S, B, A>(
    mut attempt: Attempt,
    to: &mut S,
    request: Request<B>,
) -> Result<(Response<Body<A>>, Option<Plan>), Error<S::Error>>
where
    S: tower_service::Service<Request<B>, Response = Response<A>>,
    A: http_body::Body,
{
    attempt.sent();
    match to.call(request).await {
        Ok(response) => Ok(read_along(response, attempt)),
        Err(error) => {
            attempt.end(Some(Outcome::Error));
            Err(Error::Transport(error))
        }
    }
}
