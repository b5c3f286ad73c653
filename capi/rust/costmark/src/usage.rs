use std::fmt;
use std::ptr::NonNull;

use costmark_sys as sys;

use crate::ffi;

/// Sums of one project and one model: counts over operations, tokens over attempts, as the service
/// reported them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Totals {
    /// Calls of the user.
    pub operations: u64,
    /// HTTP exchanges.
    pub attempts: u64,
    /// Those with the outcome [`Error`](crate::Outcome::Error).
    pub failed_attempts: u64,
    /// Those with the outcome cancelled, incomplete or unknown.
    pub incomplete_attempts: u64,
    /// Those with the outcome open: background responses, whose tokens count when a poll shows their end.
    pub open_attempts: u64,
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
    /// Attempts whose usage has [flags](crate::UsageFlags).
    pub flagged: u64,
}

impl Totals {
    fn of(raw: &sys::costmark_usage_totals) -> Self {
        Self {
            operations: raw.operations,
            attempts: raw.attempts,
            failed_attempts: raw.failed_attempts,
            incomplete_attempts: raw.incomplete_attempts,
            open_attempts: raw.open_attempts,
            input_tokens: raw.input_tokens,
            cached_input_tokens: raw.cached_input_tokens,
            cache_write_tokens: raw.cache_write_tokens,
            output_tokens: raw.output_tokens,
            reasoning_tokens: raw.reasoning_tokens,
            flagged: raw.flagged,
        }
    }
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.attempts += other.attempts;
        self.failed_attempts += other.failed_attempts;
        self.incomplete_attempts += other.incomplete_attempts;
        self.open_attempts += other.open_attempts;
        self.input_tokens += other.input_tokens;
        self.cached_input_tokens += other.cached_input_tokens;
        self.cache_write_tokens += other.cache_write_tokens;
        self.output_tokens += other.output_tokens;
        self.reasoning_tokens += other.reasoning_tokens;
        self.flagged += other.flagged;
    }
}

/// Requests that tell of a gap in the attribution. Each that was prepared counts, each attempt, and
/// each that was only observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RequestCounts {
    /// That may cost money and named no project, or `default`.
    pub unattributed: u64,
    /// To no known route: passed unedited, at an unknown cost.
    pub unrecognized: u64,
}

/// One line of a [`UsageReport`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsageRow<'a> {
    /// `default` for calls that named none.
    pub project: &'a str,
    /// That requests named.
    pub model: Option<&'a str>,
    /// Not one project, but all that came after the first 10,000 pairs.
    pub overflow: bool,
    /// Its sums.
    pub totals: Totals,
}

/// The counters of a client as they stood at one moment, by project and model.
pub struct UsageReport(NonNull<sys::costmark_usage_report>);

// SAFETY: "immutable, share freely".
unsafe impl Send for UsageReport {}
// SAFETY: as above.
unsafe impl Sync for UsageReport {}

impl UsageReport {
    pub(crate) fn of(handle: NonNull<sys::costmark_usage_report>) -> Self {
        Self(handle)
    }

    /// How many pairs of project and model there are.
    pub fn len(&self) -> usize {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_usage_report_count(self.0.as_ptr()) }
    }

    /// Whether nothing was counted yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pairs and their sums, sorted by the bytes of project, then model.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = UsageRow<'_>> {
        (0..self.len()).map(|index| self.row(index))
    }

    /// The sums of a project over its models; `None` when nothing was counted for it.
    pub fn project(&self, project: &str) -> Option<Totals> {
        self.iter().filter(|row| row.project == project).fold(None, |sum, row| {
            let mut sum = sum.unwrap_or_default();
            sum += row.totals;
            Some(sum)
        })
    }

    /// The requests that went out with a gap in their attribution.
    pub fn requests(&self) -> RequestCounts {
        // SAFETY: the handle is alive.
        let raw: sys::costmark_request_counts = unsafe {
            ffi::shown(|view| sys::costmark_usage_report_requests(self.0.as_ptr(), view))
        };
        RequestCounts { unattributed: raw.unattributed, unrecognized: raw.unrecognized }
    }

    fn row(&self, index: usize) -> UsageRow<'_> {
        // SAFETY: the handle is alive; the texts live as long as the report.
        unsafe {
            let raw: sys::costmark_usage_totals = ffi::shown(|view| {
                sys::costmark_usage_report_read(self.0.as_ptr(), index, view);
            });
            UsageRow {
                project: ffi::field(raw.project),
                model: ffi::optional_field(raw.model),
                overflow: raw.overflow != 0,
                totals: Totals::of(&raw),
            }
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
        f.debug_list().entries(self.iter()).finish()
    }
}
