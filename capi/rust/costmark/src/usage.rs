use std::fmt;
use std::ptr::NonNull;

use costmark_sys as sys;

use crate::ffi;
use crate::observe::{Outcome, Usage};
use crate::prepared::Api;

/// Sums of one project: counts over operations, tokens over attempts, as the service reported them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Totals {
    /// Calls of the user.
    pub operations: u64,
    /// HTTP exchanges.
    pub attempts: u64,
    /// Those with the outcome [`Outcome::Error`].
    pub failed_attempts: u64,
    /// Those with the outcome cancelled, incomplete or unknown.
    pub incomplete_attempts: u64,
    /// With the cached and the cache-written ones.
    pub input_tokens: u64,
    /// Part of `input_tokens`.
    pub cached_input_tokens: u64,
    /// Part of `input_tokens`.
    pub cache_write_tokens: u64,
    /// With the reasoning ones.
    pub output_tokens: u64,
    /// Part of `output_tokens`.
    pub reasoning_tokens: u64,
    /// Attempts whose usage was flagged.
    pub inconsistent: u64,
}

/// The counters of a client as they stood at one moment, by project. Calls that named none are
/// under `default`.
pub struct UsageReport(NonNull<sys::costmark_usage_report>);

// SAFETY: "immutable, share freely".
unsafe impl Send for UsageReport {}
// SAFETY: as above.
unsafe impl Sync for UsageReport {}

impl UsageReport {
    pub(crate) fn of(handle: NonNull<sys::costmark_usage_report>) -> Self {
        Self(handle)
    }

    /// How many projects there are.
    pub fn len(&self) -> usize {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_usage_report_count(self.0.as_ptr()) }
    }

    /// Whether nothing was counted yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Projects and their sums, sorted by the bytes of the ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Totals)> {
        (0..self.len()).map(|index| (self.project(index), self.totals(index)))
    }

    /// The sums of a project; `None` when nothing was counted for it.
    pub fn get(&self, project: &str) -> Option<Totals> {
        (0..self.len())
            .find(|index| self.project(*index) == project)
            .map(|index| self.totals(index))
    }

    fn project(&self, index: usize) -> &str {
        // SAFETY: lives as long as the report.
        unsafe { ffi::get(|len| sys::costmark_usage_report_project(self.0.as_ptr(), index, len)) }
    }

    fn totals(&self, index: usize) -> Totals {
        // SAFETY: a plain struct of the library's.
        let mut sums: sys::costmark_usage_totals = unsafe { ffi::sized() };
        let read = ffi::check(|error| {
            // SAFETY: the struct lives for the call.
            unsafe { sys::costmark_usage_report_totals(self.0.as_ptr(), index, &mut sums, error) }
        });
        if read.is_err() {
            return Totals::default(); // cannot be: the index is one of the report's
        }
        Totals {
            operations: sums.operations,
            attempts: sums.attempts,
            failed_attempts: sums.failed_attempts,
            incomplete_attempts: sums.incomplete_attempts,
            input_tokens: sums.input_tokens,
            cached_input_tokens: sums.cached_input_tokens,
            cache_write_tokens: sums.cache_write_tokens,
            output_tokens: sums.output_tokens,
            reasoning_tokens: sums.reasoning_tokens,
            inconsistent: sums.inconsistent,
        }
    }
}

impl Drop for UsageReport {
    fn drop(&mut self) {
        // SAFETY: ours, and ended once.
        unsafe { sys::costmark_usage_report_free(self.0.as_ptr()) };
    }
}

impl fmt::Debug for UsageReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// One attempt that has ended, for [`Builder::on_usage`](crate::Builder::on_usage).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct UsageEvent<'a> {
    /// `default` when the request named none.
    pub project: &'a str,
    /// That answered; `None` when not seen.
    pub model: Option<&'a str>,
    /// `None` when not seen.
    pub response_id: Option<&'a str>,
    /// `None` when not seen.
    pub service_tier: Option<&'a str>,
    /// What the service reported.
    pub usage: Usage,
    /// Which family of API the request spoke.
    pub api: Api,
    /// How it ended.
    pub outcome: Outcome,
    /// `None`: there was no answer.
    pub http_status: Option<u16>,
    /// Of its operation, from 1.
    pub attempt: u32,
}

impl UsageEvent<'_> {
    /// # Safety
    ///
    /// `raw` is what the library gave a usage callback, and the event does not outlive that.
    pub(crate) unsafe fn of(raw: *const sys::costmark_usage_event) -> Self {
        // SAFETY: the library may be older than what is bound here, and its structs smaller; texts
        // live until the callback returns.
        unsafe {
            let raw = ffi::copied(raw);
            Self {
                project: ffi::field(raw.project),
                model: ffi::optional_field(raw.model),
                response_id: ffi::optional_field(raw.response_id),
                service_tier: ffi::optional_field(raw.service_tier),
                usage: if raw.usage.is_null() {
                    Usage::default()
                } else {
                    Usage::of(&ffi::copied(raw.usage))
                },
                api: Api::of(raw.api),
                outcome: Outcome::of(raw.outcome),
                http_status: u16::try_from(raw.http_status).ok().filter(|status| *status != 0),
                attempt: raw.attempt,
            }
        }
    }
}
