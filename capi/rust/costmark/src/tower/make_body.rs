use std::fmt;

use bytes::Bytes;

/// How a [`Layer`](super::Layer) makes the body of a request that it has read, and perhaps changed.
pub trait MakeBody<B>: Clone + Send + Sync + 'static {
    /// A body of these bytes.
    fn make_body(&self, whole: Bytes) -> B;
}

/// By `From<Bytes>`, as `Full`, `axum::body::Body` and `reqwest::Body` have it.
#[derive(Debug, Clone, Copy, Default)]
pub struct FromBytes;

impl<B: From<Bytes>> MakeBody<B> for FromBytes {
    fn make_body(&self, whole: Bytes) -> B {
        whole.into()
    }
}

/// By a function; made by [`Layer::body_from`](super::Layer::body_from).
#[derive(Clone, Copy)]
pub struct BodyFrom<F>(pub(super) F);

impl<B, F: Fn(Bytes) -> B + Clone + Send + Sync + 'static> MakeBody<B> for BodyFrom<F> {
    fn make_body(&self, whole: Bytes) -> B {
        self.0(whole)
    }
}

impl<F> fmt::Debug for BodyFrom<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyFrom").finish_non_exhaustive()
    }
}
