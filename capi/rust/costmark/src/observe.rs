use std::fmt;
use std::ptr::{self, NonNull};

use costmark_sys as sys;

use crate::ffi::{self, Result};
use crate::request::named_values;

named_values! {
    /// How an attempt ended.
    Outcome, sys::costmark_outcome_name, unknown = Unknown,
    /// A complete answer.
    Ok = sys::COSTMARK_OUTCOME_OK,
    /// An error of the service, or the connection failed.
    Error = sys::COSTMARK_OUTCOME_ERROR,
    /// The caller gave up.
    Cancelled = sys::COSTMARK_OUTCOME_CANCELLED,
    /// The answer broke off, or says that it is not complete.
    Incomplete = sys::COSTMARK_OUTCOME_INCOMPLETE,
    /// The answer could not be read, or has not ended.
    Unknown = sys::COSTMARK_OUTCOME_UNKNOWN,
}

/// Tokens that the service reported for one answer; never estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Usage {
    /// With the cached and the cache-written ones.
    pub input_tokens: Option<u64>,
    /// Part of `input_tokens`.
    pub cached_input_tokens: Option<u64>,
    /// Part of `input_tokens`.
    pub cache_write_tokens: Option<u64>,
    /// With the reasoning ones.
    pub output_tokens: Option<u64>,
    /// Part of `output_tokens`.
    pub reasoning_tokens: Option<u64>,
    /// A part exceeds its whole, or a count was no integer.
    pub inconsistent: bool,
}

impl Usage {
    pub(crate) fn of(raw: &sys::costmark_usage) -> Self {
        let known = |bit: u32, count: u64| (raw.known & bit != 0).then_some(count);
        Self {
            input_tokens: known(sys::COSTMARK_USAGE_INPUT, raw.input_tokens),
            cached_input_tokens: known(sys::COSTMARK_USAGE_CACHED_INPUT, raw.cached_input_tokens),
            cache_write_tokens: known(sys::COSTMARK_USAGE_CACHE_WRITE, raw.cache_write_tokens),
            output_tokens: known(sys::COSTMARK_USAGE_OUTPUT, raw.output_tokens),
            reasoning_tokens: known(sys::COSTMARK_USAGE_REASONING, raw.reasoning_tokens),
            inconsistent: raw.inconsistent != 0,
        }
    }

    pub(crate) fn read(
        call: impl FnOnce(*mut sys::costmark_usage, *mut *mut sys::costmark_error) -> i32,
    ) -> Self {
        // SAFETY: a plain struct of the library's.
        let mut raw: sys::costmark_usage = unsafe { ffi::sized() };
        match ffi::check(|error| call(&mut raw, error)) {
            Ok(()) => Self::of(&raw),
            Err(_) => Self::default(), // cannot be: the handle is alive, and the struct is sized
        }
    }
}

/// The head of an answer.
#[derive(Debug, Clone, Copy)]
pub struct AnswerHead<'a> {
    status: u16,
    content_type: Option<&'a str>,
    date: Option<&'a str>,
    error_type: Option<&'a str>,
}

impl<'a> AnswerHead<'a> {
    /// The HTTP status, from 100 to 599.
    pub fn new(status: u16) -> Self {
        Self { status, content_type: None, date: None, error_type: None }
    }

    /// The value of Content-Type.
    pub fn content_type(mut self, value: &'a str) -> Self {
        self.content_type = Some(value);
        self
    }

    /// The value of Date: it tells how wrong the local clock is.
    pub fn date(mut self, value: &'a str) -> Self {
        self.date = Some(value);
        self
    }

    /// The value of x-amzn-errortype: it tells why the request was refused.
    pub fn error_type(mut self, value: &'a str) -> Self {
        self.error_type = Some(value);
        self
    }
}

/// Reads one answer and counts it with its client, which it keeps alive. [`head`](Self::head) comes
/// first, then [`feed`](Self::feed) as often as there are pieces, then [`finish`](Self::finish) or
/// [`fail`](Self::fail). One that is dropped before its end counts as cancelled.
pub struct Observation(NonNull<sys::costmark_observation>);

// SAFETY: "one thread at a time": what changes it takes &mut, and calls that take it as const may
// overlap with each other.
unsafe impl Send for Observation {}
// SAFETY: as above.
unsafe impl Sync for Observation {}

impl Observation {
    pub(crate) fn of(handle: NonNull<sys::costmark_observation>) -> Self {
        Self(handle)
    }

    /// Takes the head of the answer. A body with a Content-Encoding must be decoded before it is
    /// fed.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument): the status is none of HTTP's, or the
    /// answer has begun already.
    pub fn head(&mut self, head: &AnswerHead<'_>) -> Result<()> {
        // SAFETY: a plain struct of the library's.
        let mut lent: sys::costmark_answer_head = unsafe { ffi::sized() };
        lent.http_status = i32::from(head.status);
        lent.content_type = ffi::lend_optional(head.content_type);
        lent.date = ffi::lend_optional(head.date);
        lent.error_type = ffi::lend_optional(head.error_type);
        ffi::calling(|| {
            // SAFETY: the head lives for the call.
            ffi::check(|error| unsafe {
                sys::costmark_observation_head(self.0.as_ptr(), &lent, error)
            })
        })
    }

    /// Takes the next piece of the body, cut anywhere, and returns what to pass on to its reader:
    /// the piece itself, unless the library asked the service for a usage chunk that the caller did
    /// not ask for. Should reading it fail, it is the piece itself: an answer reaches its reader
    /// whatever happens here.
    pub fn feed<'a>(&'a mut self, piece: &'a [u8]) -> &'a [u8] {
        let (mut data, mut len) = (piece.as_ptr().cast(), piece.len());
        let fed = ffi::calling(|| {
            ffi::check(|error| {
                // SAFETY: the piece lives for the call and beyond.
                unsafe {
                    let piece_data = ffi::chars(piece);
                    let handle = self.0.as_ptr();
                    sys::costmark_observation_feed(
                        handle,
                        piece_data,
                        piece.len(),
                        &mut data,
                        &mut len,
                        error,
                    )
                }
            })
        });
        match fed {
            // SAFETY: the piece's own memory, or the observation's until its next call: both for
            // 'a.
            Ok(()) => unsafe { ffi::bytes(data, len) },
            Err(_) => piece,
        }
    }

    /// Ends the answer: it is complete. Counts it, and returns bytes that were held back and are
    /// now to be passed on. Once more, it changes nothing.
    pub fn finish(&mut self) -> &[u8] {
        self.end(|handle, data, len, error| {
            // SAFETY: the places to write to live for the call.
            unsafe { sys::costmark_observation_finish(handle, data, len, error) }
        })
    }

    /// Ends the answer: it broke off, never came, or nobody wants it any more. Counts it with what
    /// was seen, and what it said about its own end stands. [`Outcome::Ok`] counts as
    /// [`Outcome::Unknown`]. The rest is as with [`finish`](Self::finish).
    pub fn fail(&mut self, outcome: Outcome) -> &[u8] {
        let outcome = if outcome == Outcome::Ok { Outcome::Unknown } else { outcome };
        self.end(|handle, data, len, error| {
            // SAFETY: the places to write to live for the call.
            unsafe { sys::costmark_observation_fail(handle, outcome.value(), data, len, error) }
        })
    }

    fn end(
        &mut self,
        call: impl FnOnce(
            *mut sys::costmark_observation,
            *mut *const std::ffi::c_char,
            *mut usize,
            *mut *mut sys::costmark_error,
        ) -> sys::costmark_status,
    ) -> &[u8] {
        let (mut data, mut len) = (ptr::null(), 0);
        let ended =
            ffi::calling(|| ffi::check(|error| call(self.0.as_ptr(), &mut data, &mut len, error)));
        match ended {
            // SAFETY: the observation's memory until its next call.
            Ok(()) => unsafe { ffi::bytes(data, len) },
            Err(_) => &[],
        }
    }

    /// The usage that the answer reported: complete after its end, before it what is known so far.
    pub fn usage(&self) -> Usage {
        // SAFETY: the struct lives for the call.
        Usage::read(|usage, error| unsafe {
            sys::costmark_observation_usage(self.0.as_ptr(), usage, error)
        })
    }

    /// Whether to prepare the request anew and send it once more, as the next attempt: after the
    /// end of an answer that refused what the library signed with, though another set of
    /// credentials, another token or the right time may be accepted. At most once in a call.
    pub fn retry_advised(&self) -> bool {
        // SAFETY: the handle is alive; so in all that follow.
        unsafe { sys::costmark_observation_retry_advised(self.0.as_ptr()) }
    }

    /// How the attempt ended; [`Outcome::Unknown`] before it has.
    pub fn outcome(&self) -> Outcome {
        // SAFETY: the handle is alive.
        Outcome::of(unsafe { sys::costmark_observation_outcome(self.0.as_ptr()) })
    }

    /// The id of the answer, such as `resp_...`; empty when not seen.
    pub fn response_id(&self) -> &str {
        // SAFETY: lives as long as this is borrowed.
        unsafe { ffi::get(|len| sys::costmark_observation_response_id(self.0.as_ptr(), len)) }
    }

    /// The model that answered; empty when not seen.
    pub fn model(&self) -> &str {
        // SAFETY: lives as long as this is borrowed.
        unsafe { ffi::get(|len| sys::costmark_observation_model(self.0.as_ptr(), len)) }
    }

    /// The service tier of the answer; empty when not seen.
    pub fn service_tier(&self) -> &str {
        // SAFETY: lives as long as this is borrowed.
        unsafe { ffi::get(|len| sys::costmark_observation_service_tier(self.0.as_ptr(), len)) }
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        // SAFETY: ours, and ended once.
        ffi::ending(|| unsafe { sys::costmark_observation_free(self.0.as_ptr()) });
    }
}

impl fmt::Debug for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observation")
            .field("outcome", &self.outcome())
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}
