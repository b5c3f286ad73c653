use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use costmark_sys as sys;

use crate::ffi;

/// Whatever error a callback of the program may return.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// What can be done about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Fix the request: a value is outside its documented range.
    InvalidArgument,
    /// Fix the request: the body is not the JSON object it should be; see [`Error::offset`].
    InvalidJson,
    /// Fix the request: its URL has no host, an impossible port, or the like.
    InvalidUrl,
    /// Read the body, and ask again with it: it was a stream, and its bytes are needed.
    BodyNeeded,
    /// Fix the configuration: an unknown option, or a value that it does not take.
    InvalidOption,
    /// Fix the configuration: region, service, scheme or origin disagree with the host.
    EndpointMismatch,
    /// Fix the configuration: this build of the library lacks what the call needs.
    Unsupported,
    /// Fix the attribution: the text is not a project id.
    InvalidProject,
    /// Fix the attribution: no project is named, and the policy refuses such calls.
    Unattributed,
    /// Fix the attribution: two sources name different projects.
    Conflict,
    /// Fix the attribution: the project is outside of `allowed_projects`.
    ProjectNotAllowed,
    /// Wait for the next period, or raise the budget: it has no place for the call. Nothing was
    /// sent.
    BudgetExceeded,
    /// Authenticate again: nothing to sign with was found.
    NoCredentials,
    /// Authenticate again: what was found has expired and could not be renewed.
    ExpiredCredentials,
    /// Authenticate again: a source is set up and cannot be used; see the message.
    UnusableCredentials,
    /// Try again: the connection failed.
    Transport,
    /// Try again: a deadline passed.
    Timeout,
    /// Try again: the service asked to slow down.
    Throttled,
    /// The service answered with an error.
    Service,
    /// There was not enough memory.
    OutOfMemory,
    /// Report it: a bug, or a failing system library.
    Internal,
    /// A callback of this program failed. What it returned is the error's source, unless it was
    /// called by another thread that this one waited for.
    StoppedByCallback,
    /// A [`Cancel`](crate::Cancel) stopped the call.
    Cancelled,
    /// The call would have to wait, and was told not to; see [`Wait`](crate::Wait).
    WouldBlock,
}

const KINDS: [(ErrorKind, sys::costmark_status); 24] = [
    (ErrorKind::InvalidArgument, sys::COSTMARK_INVALID_ARGUMENT),
    (ErrorKind::InvalidJson, sys::COSTMARK_INVALID_JSON),
    (ErrorKind::InvalidUrl, sys::COSTMARK_INVALID_URL),
    (ErrorKind::BodyNeeded, sys::COSTMARK_BODY_NEEDED),
    (ErrorKind::InvalidOption, sys::COSTMARK_INVALID_OPTION),
    (ErrorKind::EndpointMismatch, sys::COSTMARK_ENDPOINT_MISMATCH),
    (ErrorKind::Unsupported, sys::COSTMARK_UNSUPPORTED),
    (ErrorKind::InvalidProject, sys::COSTMARK_INVALID_PROJECT),
    (ErrorKind::Unattributed, sys::COSTMARK_UNATTRIBUTED),
    (ErrorKind::Conflict, sys::COSTMARK_CONFLICT),
    (ErrorKind::ProjectNotAllowed, sys::COSTMARK_PROJECT_NOT_ALLOWED),
    (ErrorKind::BudgetExceeded, sys::COSTMARK_BUDGET_EXCEEDED),
    (ErrorKind::NoCredentials, sys::COSTMARK_NO_CREDENTIALS),
    (ErrorKind::ExpiredCredentials, sys::COSTMARK_EXPIRED_CREDENTIALS),
    (ErrorKind::UnusableCredentials, sys::COSTMARK_UNUSABLE_CREDENTIALS),
    (ErrorKind::Transport, sys::COSTMARK_TRANSPORT),
    (ErrorKind::Timeout, sys::COSTMARK_TIMEOUT),
    (ErrorKind::Throttled, sys::COSTMARK_THROTTLED),
    (ErrorKind::Service, sys::COSTMARK_SERVICE),
    (ErrorKind::OutOfMemory, sys::COSTMARK_OUT_OF_MEMORY),
    (ErrorKind::Internal, sys::COSTMARK_INTERNAL),
    (ErrorKind::StoppedByCallback, sys::COSTMARK_STOPPED_BY_CALLBACK),
    (ErrorKind::Cancelled, sys::COSTMARK_CANCELLED),
    (ErrorKind::WouldBlock, sys::COSTMARK_WOULD_BLOCK),
];

impl ErrorKind {
    /// The stable spelling, such as `invalid_json`.
    pub fn name(self) -> &'static str {
        // SAFETY: the name of any status is a static text.
        unsafe { ffi::static_name(sys::costmark_status_name(self.status())) }
    }

    pub(crate) fn status(self) -> sys::costmark_status {
        KINDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or(sys::COSTMARK_INTERNAL, |(_, status)| *status)
    }

    fn of(status: sys::costmark_status) -> Self {
        KINDS.iter().find(|(_, known)| *known == status).map_or(Self::Internal, |(kind, _)| *kind)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a call failed. It holds no secrets, and cloning it is cheap.
///
/// ```
/// use costmark::{Client, ErrorKind};
///
/// let refused = Client::builder().set("projekt", "proj_abc123").build().unwrap_err();
/// assert_eq!(refused.kind(), ErrorKind::InvalidOption);
/// println!("{refused}"); // invalid_option: there is no option "projekt"; ...
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    offset: Option<u64>,
    http_status: Option<u16>,
    request_id: Option<String>,
    retryable: bool,
    source: Option<BoxError>,
}

impl Error {
    /// An error of the program's own, for callbacks that choose what their failure means.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            offset: None,
            http_status: None,
            request_id: None,
            retryable: false,
            source: None,
        }))
    }

    /// Makes a failed call's error Rust's, and ends C's.
    ///
    /// # Safety
    ///
    /// `from` is NULL or an error that nothing else ends.
    pub(crate) unsafe fn take(
        status: sys::costmark_status,
        from: *mut sys::costmark_error,
    ) -> Self {
        // SAFETY: the error lives until it is freed below; texts are copied; NULL gives an empty view.
        let inner = unsafe {
            let view = ffi::shown(|view| sys::costmark_error_read(from, view));
            Inner {
                kind: ErrorKind::of(status),
                message: ffi::field(view.message).to_owned(),
                offset: (view.has_offset != 0).then_some(view.offset),
                http_status: ffi::http_status(view.http_status),
                request_id: ffi::optional_field(view.request_id).map(str::to_owned),
                retryable: view.retryable != 0,
                source: None,
            }
        };
        // SAFETY: ours, and ended once.
        unsafe { sys::costmark_error_free(from) };
        Self(Arc::new(inner))
    }

    pub(crate) fn caused_by(mut self, cause: BoxError) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.source = Some(cause);
        }
        self
    }

    /// What can be done about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// One line that says what happened, where, and what would have been right. For people: its
    /// wording may change.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The byte offset into the input at which the mistake is.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// HTTP status of the answer that caused the error.
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// The service's request id in that answer.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Whether the same call may succeed later without a change.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind, self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("message", &inner.message)
            .field("offset", &inner.offset)
            .field("http_status", &inner.http_status)
            .field("request_id", &inner.request_id)
            .field("retryable", &inner.retryable)
            .field("source", &inner.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_status_and_back() {
        for (kind, status) in KINDS {
            assert_eq!((ErrorKind::of(status), kind.status()), (kind, status));
        }
        assert_eq!(ErrorKind::of(9999), ErrorKind::Internal);
    }

    #[test]
    fn errors_are_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
