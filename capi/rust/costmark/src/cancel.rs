use std::fmt;
use std::ptr::NonNull;

use costmark_sys as sys;

use crate::ffi::{self, Result};

/// Stops sends from elsewhere, such as from another thread. Cloning it is cheap, and the clones are
/// one.
pub struct Cancel(NonNull<sys::costmark_cancel>);

// SAFETY: "synchronized internally".
unsafe impl Send for Cancel {}
// SAFETY: as above.
unsafe impl Sync for Cancel {}

impl Cancel {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](crate::ErrorKind::OutOfMemory) alone.
    pub fn new() -> Result<Self> {
        // SAFETY: the places to write to live for the call.
        ffi::make(|made, error| unsafe { sys::costmark_cancel_new(made, error) }).map(Self)
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::costmark_cancel {
        self.0.as_ptr()
    }

    /// Stops every send that was given this, and those that will be: each fails with
    /// [`Cancelled`](crate::ErrorKind::Cancelled) without waiting for its peer, unless it has just
    /// completed. Cannot be undone.
    pub fn stop(&self) {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_cancel_stop(self.0.as_ptr()) };
    }

    /// Whether that was called.
    pub fn stopped(&self) -> bool {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_cancel_stopped(self.0.as_ptr()) }
    }
}

impl Clone for Cancel {
    fn clone(&self) -> Self {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_cancel_retain(self.0.as_ptr()) };
        Self(self.0)
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        // SAFETY: one count of it is ours.
        unsafe { sys::costmark_cancel_release(self.0.as_ptr()) };
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").field("stopped", &self.stopped()).finish()
    }
}
