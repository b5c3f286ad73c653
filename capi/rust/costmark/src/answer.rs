use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use costmark_sys as sys;

use crate::ffi;
use crate::prepared::{Api, ProjectSource};
use crate::request::{Header, named_values};

named_values! {
    /// How an attempt ended.
    Outcome, sys::costmark_outcome_name, unknown = Unknown,
    /// It has not ended, or the answer could not be read.
    Unknown = sys::COSTMARK_OUTCOME_UNKNOWN,
    /// A complete answer.
    Ok = sys::COSTMARK_OUTCOME_OK,
    /// An error of the service, or the connection failed.
    Error = sys::COSTMARK_OUTCOME_ERROR,
    /// The caller gave up.
    Cancelled = sys::COSTMARK_OUTCOME_CANCELLED,
    /// The answer was cut short, or says that it is not complete.
    Incomplete = sys::COSTMARK_OUTCOME_INCOMPLETE,
    /// A background response, which is still at work.
    Open = sys::COSTMARK_OUTCOME_OPEN,
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
    /// As reported.
    pub total_tokens: Option<u64>,
    /// What is doubtful about it.
    pub flags: UsageFlags,
}

/// What is doubtful about a [`Usage`], which is reported as it came.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct UsageFlags(u32);

impl UsageFlags {
    /// Whether nothing is doubtful.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// A part exceeds its whole, or a count was not an integer.
    pub fn part_exceeds_whole(self) -> bool {
        self.0 & sys::COSTMARK_USAGE_FLAG_PART_EXCEEDS_WHOLE != 0
    }

    /// A later report was smaller, and was not taken.
    pub fn decreasing(self) -> bool {
        self.0 & sys::COSTMARK_USAGE_FLAG_DECREASING != 0
    }

    /// The total is not the sum of its parts.
    pub fn total(self) -> bool {
        self.0 & sys::COSTMARK_USAGE_FLAG_TOTAL != 0
    }

    /// The answer came from another model than the one that the request named.
    pub fn other_model(self) -> bool {
        self.0 & sys::COSTMARK_USAGE_FLAG_OTHER_MODEL != 0
    }

    /// A report could not be read.
    pub fn unread(self) -> bool {
        self.0 & sys::COSTMARK_USAGE_FLAG_UNREAD != 0
    }
}

impl fmt::Debug for UsageFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = [
            (self.part_exceeds_whole(), "part_exceeds_whole"),
            (self.decreasing(), "decreasing"),
            (self.total(), "total"),
            (self.unread(), "unread"),
            (self.other_model(), "other_model"),
        ];
        f.debug_set().entries(flags.iter().filter(|(set, _)| *set).map(|(_, name)| name)).finish()
    }
}

impl Usage {
    /// # Safety
    ///
    /// `raw` is NULL, or as much of the struct as its `struct_size` says.
    unsafe fn of(raw: *const sys::costmark_usage) -> Self {
        if raw.is_null() {
            return Self::default();
        }
        // SAFETY: the caller's promise.
        let raw = unsafe { ffi::copied(raw) };
        let known = |bit: u32, count: u64| (raw.known & bit != 0).then_some(count);
        Self {
            input_tokens: known(sys::COSTMARK_USAGE_INPUT, raw.input_tokens),
            cached_input_tokens: known(sys::COSTMARK_USAGE_CACHED_INPUT, raw.cached_input_tokens),
            cache_write_tokens: known(sys::COSTMARK_USAGE_CACHE_WRITE, raw.cache_write_tokens),
            output_tokens: known(sys::COSTMARK_USAGE_OUTPUT, raw.output_tokens),
            reasoning_tokens: known(sys::COSTMARK_USAGE_REASONING, raw.reasoning_tokens),
            total_tokens: known(sys::COSTMARK_USAGE_TOTAL, raw.total_tokens),
            flags: UsageFlags(raw.flags),
        }
    }
}

/// The head of an answer.
#[must_use = "it does nothing until an operation takes it"]
#[derive(Debug, Clone, Copy)]
pub struct AnswerHead<'a> {
    status: u16,
    headers: &'a [Header<'a>],
    encoded: bool,
}

impl<'a> AnswerHead<'a> {
    /// The HTTP status, from 100 to 599.
    pub fn new(status: u16) -> Self {
        Self { status, headers: &[], encoded: false }
    }

    /// All header fields.
    pub fn headers(mut self, headers: &'a [Header<'a>]) -> Self {
        self.headers = headers;
        self
    }

    /// The body will be fed in a Content-Encoding that you do not undo: it passes unread.
    pub fn encoded(mut self, encoded: bool) -> Self {
        self.encoded = encoded;
        self
    }

    pub(crate) fn lend(&self) -> sys::costmark_answer_head {
        // SAFETY: a plain struct of the library's.
        let mut lent: sys::costmark_answer_head = unsafe { ffi::sized() };
        lent.headers = self.headers.as_ptr().cast();
        lent.header_count = self.headers.len();
        lent.http_status = i32::from(self.status);
        lent.encoded = u32::from(self.encoded);
        lent
    }
}

/// What an [`Answer`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnswerKind {
    /// An attempt.
    Attempt,
    /// The end of a background response, seen by a poll of it.
    Settlement,
}

/// One attempt: what is known so far, and all of it after its end.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    raw: sys::costmark_answer,
    borrowed: PhantomData<&'a str>,
}

// SAFETY: views of memory that nothing changes while this lives.
unsafe impl Send for Answer<'_> {}
// SAFETY: as above.
unsafe impl Sync for Answer<'_> {}

impl<'a> Answer<'a> {
    /// # Safety
    ///
    /// `raw` is what the library filled in, and what it shows lives for `'a`.
    pub(crate) unsafe fn of(raw: sys::costmark_answer) -> Self {
        Self { raw, borrowed: PhantomData }
    }

    /// What it is about.
    pub fn kind(&self) -> AnswerKind {
        match self.raw.kind {
            sys::COSTMARK_ANSWER_SETTLEMENT => AnswerKind::Settlement,
            _ => AnswerKind::Attempt,
        }
    }

    /// The id of the operation, a UUID. `None` for the settlement of a response that another
    /// process created.
    pub fn operation(&self) -> Option<&'a str> {
        // SAFETY: it lives for 'a; so does all that follows.
        unsafe { ffi::optional_field(self.raw.operation) }
    }

    /// Who pays: `default` when the request named none.
    pub fn project(&self) -> &'a str {
        // SAFETY: as above.
        unsafe { ffi::field(self.raw.project) }
    }

    /// Where the project came from.
    pub fn project_source(&self) -> ProjectSource {
        ProjectSource::of(self.raw.project_source)
    }

    /// Which family of API the request spoke.
    pub fn api(&self) -> Api {
        Api::of(self.raw.api)
    }

    /// The model that the request named.
    pub fn model(&self) -> Option<&'a str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.raw.model) }
    }

    /// The model that answered.
    pub fn model_answered(&self) -> Option<&'a str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.raw.model_answered) }
    }

    /// The id of the response, such as `resp_...`.
    pub fn response_id(&self) -> Option<&'a str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.raw.response_id) }
    }

    /// The service's request id.
    pub fn request_id(&self) -> Option<&'a str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.raw.request_id) }
    }

    /// The service tier of the answer.
    pub fn service_tier(&self) -> Option<&'a str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.raw.service_tier) }
    }

    /// The code that the body of an error named.
    pub fn error_code(&self) -> Option<&'a str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.raw.error_code) }
    }

    /// The usage object as it came, up to 4,096 bytes.
    pub fn usage_json(&self) -> Option<&'a str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.raw.usage_json) }
    }

    /// The usage that the service reported.
    pub fn usage(&self) -> Usage {
        // SAFETY: as above.
        unsafe { Usage::of(self.raw.usage) }
    }

    /// How the attempt ended; [`Outcome::Unknown`] before its end.
    pub fn outcome(&self) -> Outcome {
        Outcome::of(self.raw.outcome)
    }

    /// `None`: there was no answer.
    pub fn http_status(&self) -> Option<u16> {
        ffi::http_status(self.raw.http_status)
    }

    /// Which attempt of its operation it is, from 1; 0 before one was sent.
    pub fn attempt(&self) -> u32 {
        self.raw.attempt
    }

    /// Whether it began while another attempt of the operation was open.
    pub fn concurrent(&self) -> bool {
        self.raw.concurrent != 0
    }

    /// From when it was sent to its end; zero before that.
    pub fn latency(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.raw.latency_us).unwrap_or_default())
    }

    /// From when it was sent to the first byte of the body.
    pub fn first_byte(&self) -> Option<Duration> {
        u64::try_from(self.raw.first_byte_us).ok().map(Duration::from_micros)
    }
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("operation", &self.operation())
            .field("project", &self.project())
            .field("attempt", &self.attempt())
            .field("http_status", &self.http_status())
            .field("outcome", &self.outcome())
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}
