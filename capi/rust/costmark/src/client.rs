use std::fmt;
use std::ptr::NonNull;

use costmark_sys as sys;

use crate::budgets::Budget;
use crate::builder::Builder;
use crate::ffi::{self, Result};
use crate::ledger::LedgerCounts;
use crate::names::Route;
use crate::usage::UsageReport;

/// Attributes, signs and accounts for requests to one endpoint. Cloning it is cheap, and the clones
/// are one client. It starts no threads.
pub struct Client(NonNull<sys::costmark_client>);

// SAFETY: "synchronized internally", and its callbacks are Send and Sync.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

impl Client {
    /// Begins to configure one.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn of(handle: NonNull<sys::costmark_client>) -> Self {
        Self(handle)
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::costmark_client {
        self.0.as_ptr()
    }

    /// Takes the counters, by project and model.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](crate::ErrorKind::OutOfMemory) alone.
    pub fn usage(&self) -> Result<UsageReport> {
        // SAFETY: the handle is alive, and the places to write to live for the call.
        ffi::make(|made, error| unsafe { sys::costmark_client_usage(self.as_ptr(), made, error) })
            .map(UsageReport::of)
    }

    /// Sets the counters to zero. Attempts that are open count when they end.
    pub fn reset_usage(&self) {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_client_usage_reset(self.as_ptr()) };
    }

    /// Counts what became of the rows of the ledger; all zero without one.
    pub fn ledger_counts(&self) -> LedgerCounts {
        // SAFETY: the handle is alive.
        let raw: sys::costmark_ledger_counts =
            unsafe { ffi::shown(|view| sys::costmark_client_ledger_counts(self.as_ptr(), view)) };
        LedgerCounts {
            rows_written: raw.rows_written,
            rows_waiting: raw.rows_waiting,
            rows_lost: raw.rows_lost,
            rows_torn: raw.rows_torn,
        }
    }

    /// Tries to write the rows that wait, and tells whether none waits any more.
    pub fn flush_ledger(&self) -> bool {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_client_ledger_flush(self.as_ptr()) }
    }

    /// Reads what of each budget is used, in the order of option `budgets`. May read the small files
    /// of the processes that share them, at most once a second.
    pub fn budgets(&self) -> Vec<Budget> {
        // SAFETY: the handle is alive, and what is shown lives as long as the client.
        unsafe {
            (0..sys::costmark_client_budget_count(self.as_ptr()))
                .map(|index| {
                    Budget::of(&ffi::shown(|view| {
                        sys::costmark_client_budget_read(self.as_ptr(), index, view);
                    }))
                })
                .collect()
        }
    }

    /// Looks up which path of a bedrock-mantle host serves a model, given its whole id; `None` when
    /// that is not written down anywhere.
    pub fn route(&self, model: &str) -> Option<Route<'_>> {
        // SAFETY: the handle is alive, and the text lives for the call; what is shown lives as long
        // as the client.
        unsafe {
            let chars = ffi::chars(model.as_bytes());
            Route::of(&ffi::shown(|route| {
                sys::costmark_client_route(self.as_ptr(), chars, model.len(), route);
            }))
        }
    }
}

impl Clone for Client {
    fn clone(&self) -> Self {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_client_retain(self.0.as_ptr()) };
        Self(self.0)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: one count of it is ours.
        ffi::ending(|| unsafe { sys::costmark_client_release(self.0.as_ptr()) });
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
