use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};

use super::head::head_of;
use super::reading::Reading;
use crate::{Observation, Outcome};

/// Reads along with an answer, for programs that prepare and send by other means than the layer.
///
/// The observation is that of the request, before its head. `hides_usage_chunk` is what
/// [`Changes::hides_usage_chunk`](crate::Changes::hides_usage_chunk) said of it: then the answer has
/// no length any more.
///
/// ```
/// # use costmark::{Client, Prepared, Request};
/// # use http_body_util::BodyExt;
/// # let url = "https://bedrock-mantle.us-east-1.api.aws/v1/models";
/// # let client = Client::builder().set("auth", "none").build()?;
/// # let send = |_: &costmark::Changes<'_>| http::Response::new(String::from("{}"));
/// let mut memory = Prepared::new()?;
/// let changes = client.prepare(&Request::new("GET", url), &mut memory)?;
/// let (observation, hides) = (client.observe(&changes, 1)?, changes.hides_usage_chunk());
/// let answer = costmark::tower::observe(send(&changes), observation, hides);
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # assert_eq!(runtime.block_on(answer.into_body().collect()).unwrap().to_bytes(), "{}");
/// # Ok::<(), costmark::Error>(())
/// ```
pub fn observe<A: http_body::Body>(
    response: Response<A>,
    mut observation: Observation,
    hides_usage_chunk: bool,
) -> Response<Body<A>> {
    let (mut parts, body) = response.into_parts();
    let reading = match observation.head(&head_of(parts.status, &parts.headers)) {
        Ok(()) => Reading::of(&parts.headers),
        Err(_) => Reading::Not,
    };
    let changes_length = hides_usage_chunk && matches!(reading, Reading::Plain);
    if changes_length && parts.status.is_success() {
        parts.headers.remove(CONTENT_LENGTH);
    }
    Response::from_parts(parts, Body::new(body, observation, reading, changes_length))
}

/// The body of an answer, read along as it passes. What is passed on is what came, except for a
/// usage chunk that the library asked for and the caller did not. Dropped before its end it counts
/// as cancelled, unless the answer said itself that it is complete.
pub struct Body<A: http_body::Body> {
    inner: Option<Pin<Box<A>>>, // None: it has ended
    observation: Observation,
    reading: Reading,
    changes_length: bool,
    passed: VecDeque<Bytes>,      // not given out yet
    last: Option<Last<A::Error>>, // follows what was passed
}

enum Last<E> {
    Trailers(HeaderMap),
    Error(E),
}

impl<A: http_body::Body> Body<A> {
    fn new(inner: A, observation: Observation, reading: Reading, changes_length: bool) -> Self {
        let mut body = Self {
            inner: Some(Box::pin(inner)),
            observation,
            reading,
            changes_length,
            passed: VecDeque::new(),
            last: None,
        };
        body.end_early();
        body
    }

    /// How the answer ended, what it used, and who answered, as far as it was read.
    pub fn observation(&self) -> &Observation {
        &self.observation
    }

    fn feed(&mut self, piece: Bytes) {
        let passed = self.reading.feed(&mut self.observation, piece);
        if !passed.is_empty() {
            self.passed.push_back(passed);
        }
    }

    /// Ends the answer, the first time.
    fn end(&mut self, outcome: Outcome) {
        if self.inner.take().is_none() {
            return;
        }
        let held_back = self.reading.end(&mut self.observation, outcome);
        if !held_back.is_empty() {
            self.passed.push_back(Bytes::copy_from_slice(held_back));
        }
    }

    /// Ends an answer that says that nothing more comes: not everybody asks again.
    fn end_early(&mut self) {
        if self.inner.as_ref().is_some_and(|inner| inner.is_end_stream()) {
            self.end(Outcome::Ok);
        }
    }

    /// Reads on without giving anything out. Tells whether the answer has come to its end.
    pub(super) async fn read_ahead(&mut self, most: usize) -> bool {
        while self.inner.is_some() && self.passed.iter().map(Bytes::len).sum::<usize>() < most {
            poll_fn(|context| self.poll_inner(context)).await;
        }
        self.inner.is_none() && !matches!(self.last, Some(Last::Error(_)))
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
                    self.end(Outcome::Ok);
                    self.last = frame.into_trailers().ok().map(Last::Trailers);
                }
            },
            Some(Err(error)) => {
                self.end(Outcome::Incomplete);
                self.last = Some(Last::Error(error));
            }
            None => self.end(Outcome::Ok),
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
        let waiting = self.passed.iter().map(|piece| piece.len() as u64).sum::<u64>();
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
        f.debug_struct("Body").field("observation", &self.observation).finish_non_exhaustive()
    }
}
