use std::fmt;
use std::ptr::NonNull;

use costmark_sys as sys;

use crate::ffi::{self, Result};
use crate::observe::{Outcome, Usage};
use crate::prepared::ProjectSource;
use crate::request::Header;

/// The last answer of an operation. Make one for each thread and use it again and again: it keeps
/// its memory.
pub struct Response(NonNull<sys::costmark_response>);

// SAFETY: "one thread at a time": what changes it takes &mut, and calls that take it as const may
// overlap with each other.
unsafe impl Send for Response {}
// SAFETY: as above.
unsafe impl Sync for Response {}

impl Response {
    /// Makes an empty one.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](crate::ErrorKind::OutOfMemory) alone.
    pub fn new() -> Result<Self> {
        // SAFETY: the places to write to live for the call.
        ffi::make(|made, error| unsafe { sys::costmark_response_new(made, error) }).map(Self)
    }

    pub(crate) fn of(handle: NonNull<sys::costmark_response>) -> Self {
        Self(handle)
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut sys::costmark_response {
        self.0.as_ptr()
    }

    fn as_ptr(&self) -> *const sys::costmark_response {
        self.0.as_ptr()
    }

    /// The status of the answer; `None` without one.
    pub fn http_status(&self) -> Option<u16> {
        // SAFETY: the handle is alive; so in all that follow.
        let status = unsafe { sys::costmark_response_http_status(self.as_ptr()) };
        u16::try_from(status).ok().filter(|status| *status != 0)
    }

    /// The header fields of the answer, in their order.
    pub fn headers(&self) -> &[Header<'_>] {
        let mut count = 0;
        // SAFETY: the array lives as long as this is borrowed.
        unsafe {
            let first = sys::costmark_response_headers(self.as_ptr(), &mut count);
            Header::slice(first, count)
        }
    }

    /// The first header field of a name, without regard to ASCII case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers()
            .iter()
            .find(|header| header.name().eq_ignore_ascii_case(name))
            .map(Header::value)
    }

    /// The body that was gathered: without
    /// [`SendOptions::on_body`](crate::SendOptions::on_body) all of it, up to 256 MiB; of an answer
    /// with a status from 300 on in either case the first MiB. An encoding that the request allowed
    /// is undone.
    pub fn body(&self) -> &[u8] {
        let mut len = 0;
        // SAFETY: the bytes live as long as this is borrowed.
        unsafe {
            let data = sys::costmark_response_body(self.as_ptr(), &mut len);
            ffi::bytes(data, len)
        }
    }

    /// The service's request id; empty without one.
    pub fn request_id(&self) -> &str {
        // SAFETY: lives as long as this is borrowed; so in all that follow.
        unsafe { ffi::get(|len| sys::costmark_response_request_id(self.as_ptr(), len)) }
    }

    /// How many attempts were begun.
    pub fn attempts(&self) -> u32 {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_response_attempts(self.as_ptr()) }
    }

    /// The usage that the last attempt reported.
    pub fn usage(&self) -> Usage {
        // SAFETY: the struct lives for the call.
        Usage::read(|usage, error| unsafe {
            sys::costmark_response_usage(self.as_ptr(), usage, error)
        })
    }

    /// How the last attempt ended; [`Outcome::Unknown`] before there was one.
    pub fn outcome(&self) -> Outcome {
        // SAFETY: the handle is alive.
        Outcome::of(unsafe { sys::costmark_response_outcome(self.as_ptr()) })
    }

    /// The id of the answer, such as `resp_...`; empty when not seen.
    pub fn response_id(&self) -> &str {
        // SAFETY: lives as long as this is borrowed.
        unsafe { ffi::get(|len| sys::costmark_response_id(self.as_ptr(), len)) }
    }

    /// The model that answered; empty when not seen.
    pub fn model(&self) -> &str {
        // SAFETY: lives as long as this is borrowed.
        unsafe { ffi::get(|len| sys::costmark_response_model(self.as_ptr(), len)) }
    }

    /// The service tier of the answer; empty when not seen.
    pub fn service_tier(&self) -> &str {
        // SAFETY: lives as long as this is borrowed.
        unsafe { ffi::get(|len| sys::costmark_response_service_tier(self.as_ptr(), len)) }
    }

    /// The project that was named to the service; `None` when none was.
    pub fn project(&self) -> Option<&str> {
        // SAFETY: lives as long as this is borrowed.
        let project = unsafe { ffi::get(|len| sys::costmark_response_project(self.as_ptr(), len)) };
        Some(project).filter(|project| !project.is_empty())
    }

    /// Where that project came from.
    pub fn project_source(&self) -> ProjectSource {
        // SAFETY: the handle is alive.
        ProjectSource::of(unsafe { sys::costmark_response_project_source(self.as_ptr()) })
    }

    /// As [`Changes::hint`](crate::Changes::hint), of the last attempt.
    pub fn hint(&self) -> Option<&str> {
        // SAFETY: lives as long as this is borrowed.
        let hint = unsafe { ffi::get(|len| sys::costmark_response_hint(self.as_ptr(), len)) };
        Some(hint).filter(|hint| !hint.is_empty())
    }
}

impl Drop for Response {
    fn drop(&mut self) {
        // SAFETY: ours, and ended once.
        unsafe { sys::costmark_response_free(self.0.as_ptr()) };
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("http_status", &self.http_status())
            .field("attempts", &self.attempts())
            .field("outcome", &self.outcome())
            .field("usage", &self.usage())
            .field("project", &self.project())
            .finish_non_exhaustive()
    }
}
