use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};

use super::attempt::Attempt;
use super::head::fields;
use super::reading::Reading;
use crate::{AnswerHead, Next, Outcome, Plan, Step, Usage};

/// Reads an answer along. Returns how its body is to be read.
pub(super) fn read_along<A: http_body::Body>(
    response: Response<A>,
    mut attempt: Attempt,
) -> (Response<Body<A>>, Option<Plan>) {
    let (mut parts, inner) = response.into_parts();
    let mut reading = Reading::of(&parts.headers);
    let headers = fields(&parts.headers);
    let is_encoded = matches!(reading, Reading::Not);
    let head = AnswerHead::new(parts.status.as_u16()).headers(&headers).encoded(is_encoded);
    let answered = attempt.head(&head).ok();
    drop(headers);
    let plan = answered.map(|(plan, attribution)| {
        parts.extensions.insert(attribution);
        plan
    });
    let changes = plan.is_some_and(|plan| plan.body_may_change);
    if changes {
        reading = reading.for_changes();
        parts.headers.remove(CONTENT_LENGTH);
        if matches!(reading, Reading::Decoded(_)) {
            parts.headers.remove(CONTENT_ENCODING);
        }
    }
    let mut body = Body {
        inner: Some(Box::pin(inner)),
        attempt,
        reading,
        changes_length: changes,
        passed: VecDeque::new(),
        last: None,
        next: None,
    };
    body.end_early();
    (Response::from_parts(parts, body), plan)
}

/// The body of an answer, read along as it passes. What is passed on is what came, except for a
/// usage chunk that the library asked for and the caller did not. Dropped before its end it counts
/// as cancelled, unless the answer said itself that it is complete.
pub struct Body<A: http_body::Body> {
    inner: Option<Pin<Box<A>>>, // None: it has ended
    attempt: Attempt,
    reading: Reading,
    changes_length: bool,
    passed: VecDeque<Bytes>,      // not given out yet
    last: Option<Last<A::Error>>, // follows what was passed
    next: Option<Next>,           // after the end
}

enum Last<E> {
    Trailers(HeaderMap),
    Error(E),
}

impl<A: http_body::Body> Body<A> {
    /// How the answer ended; [`Outcome::Unknown`] before its end.
    pub fn outcome(&self) -> Outcome {
        self.attempt.result().0
    }

    /// What it used; before its end what is known so far.
    pub fn usage(&self) -> Usage {
        self.attempt.result().1
    }

    pub(super) fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    fn feed(&mut self, piece: Bytes) {
        let passed = self.reading.feed(&mut self.attempt, piece);
        if !passed.is_empty() {
            self.passed.push_back(passed);
        }
    }

    /// Ends the answer, the first time.
    fn end(&mut self, failure: Option<Outcome>) {
        if self.inner.take().is_none() {
            return;
        }
        let (held_back, next) = self.reading.end(&mut self.attempt, failure);
        self.next = Some(next);
        if !held_back.is_empty() {
            self.passed.push_back(held_back.into());
        }
    }

    /// Ends an answer that says that nothing more comes: not every caller asks again.
    fn end_early(&mut self) {
        if self.inner.as_ref().is_some_and(|inner| inner.is_end_stream()) {
            self.end(None);
        }
    }

    /// Reads on without giving anything out, until more than so many bytes came or the time is over.
    /// Tells whether the answer has ended within them, and is to be sent again.
    pub(super) async fn read_ahead(
        &mut self,
        len: usize,
        mut time: Pin<Box<dyn Future<Output = ()> + Send>>,
    ) -> bool {
        poll_fn(|context| {
            while self.inner.is_some() && self.waiting_len() <= len {
                if self.poll_inner(context).is_pending() {
                    return time.as_mut().poll(context);
                }
            }
            Poll::Ready(())
        })
        .await;
        self.waiting_len() <= len && self.next.is_some_and(|next| next.step == Step::Again)
    }

    /// How many bytes came that were not given out yet.
    fn waiting_len(&self) -> usize {
        self.passed.iter().map(Bytes::len).sum()
    }

    fn poll_inner(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(()) };
        match ready!(inner.as_mut().poll_frame(context)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(mut data) => {
                    self.feed(data.copy_to_bytes(data.remaining()));
                    self.end_early();
                }
                Err(frame) => {
                    self.end(None);
                    self.last = frame.into_trailers().ok().map(Last::Trailers);
                }
            },
            Some(Err(error)) => {
                self.end(Some(Outcome::Incomplete));
                self.last = Some(Last::Error(error));
            }
            None => self.end(None),
        }
        Poll::Ready(())
    }
}

// The inner body is in a box of its own, and nothing else is pinned.
impl<A: http_body::Body> Unpin for Body<A> {}

impl<A: http_body::Body> http_body::Body for Body<A> {
    type Data = Bytes;
    type Error = A::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, A::Error>>> {
        loop {
            if let Some(piece) = self.passed.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            if self.inner.is_none() {
                return Poll::Ready(self.last.take().map(|last| match last {
                    Last::Trailers(trailers) => Ok(Frame::trailers(trailers)),
                    Last::Error(error) => Err(error),
                }));
            }
            ready!(self.poll_inner(context));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_none() && self.passed.is_empty() && self.last.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let waiting = self.waiting_len() as u64;
        let mut hint = SizeHint::new();
        match &self.inner {
            Some(_) if self.changes_length => {}
            Some(inner) => {
                let inner = inner.size_hint();
                hint.set_lower(inner.lower().saturating_add(waiting));
                if let Some(upper) = inner.upper() {
                    hint.set_upper(upper.saturating_add(waiting));
                }
            }
            None => hint.set_exact(waiting),
        }
        hint
    }
}

impl<A: http_body::Body> fmt::Debug for Body<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("outcome", &self.outcome())
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}
