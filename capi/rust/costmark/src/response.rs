use std::fmt;
use std::marker::PhantomData;

use costmark_sys as sys;

use crate::ffi;
use crate::request::Header;

/// An answer that [`Operation::send`](crate::Operation::send) received.
#[derive(Clone, Copy)]
pub struct Response<'a> {
    raw: sys::costmark_response,
    borrowed: PhantomData<&'a [u8]>,
}

// SAFETY: views of memory that nothing changes while this lives.
unsafe impl Send for Response<'_> {}
// SAFETY: as above.
unsafe impl Sync for Response<'_> {}

impl<'a> Response<'a> {
    /// # Safety
    ///
    /// `raw` is what the library filled in, and what it shows lives for `'a`.
    pub(crate) unsafe fn of(raw: sys::costmark_response) -> Self {
        Self { raw, borrowed: PhantomData }
    }

    /// The status of the answer; `None` without one.
    pub fn http_status(&self) -> Option<u16> {
        ffi::http_status(self.raw.http_status)
    }

    /// The header fields of the answer, in their order.
    pub fn headers(&self) -> &'a [Header<'a>] {
        // SAFETY: it lives for 'a; so does all that follows.
        unsafe { Header::slice(self.raw.headers, self.raw.header_count) }
    }

    /// The first header field of a name, without regard to ASCII case.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers()
            .iter()
            .find(|header| header.name().eq_ignore_ascii_case(name))
            .map(Header::value)
    }

    /// The body that was gathered: without
    /// [`SendOptions::on_body`](crate::SendOptions::on_body) all of it, up to 256 MiB; of a status
    /// from 300 on the first MiB. An encoding that the request allowed is undone.
    pub fn body(&self) -> &'a [u8] {
        // SAFETY: as above.
        unsafe { ffi::field_bytes(self.raw.body) }
    }

    /// The service's request id.
    pub fn request_id(&self) -> Option<&'a str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.raw.request_id) }
    }

    /// As [`Prepared::hint`](crate::Prepared::hint), of the last attempt.
    pub fn hint(&self) -> Option<&'a str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.raw.hint) }
    }

    /// How many attempts were sent.
    pub fn attempts(&self) -> u32 {
        self.raw.attempts
    }
}

impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("http_status", &self.http_status())
            .field("attempts", &self.attempts())
            .field("request_id", &self.request_id())
            .finish_non_exhaustive()
    }
}
