use std::fmt;
use std::ptr::NonNull;
use std::time::{Duration, SystemTime};

use costmark_sys as sys;

use crate::bearer_token::seconds;
use crate::credentials::{Credentials, unix_seconds};
use crate::ffi::{self, Result};
use crate::request::Header;

/// A request to sign with AWS Signature Version 4.
#[must_use = "it does nothing until it is signed"]
#[derive(Clone, Copy)]
pub struct SignRequest<'a> {
    method: &'a str,
    url: &'a str,
    region: &'a str,
    service: &'a str,
    credentials: &'a Credentials,
    headers: &'a [Header<'a>],
    body: &'a [u8],
    time: Option<SystemTime>,
}

impl<'a> SignRequest<'a> {
    /// The URL is absolute, http or https, and percent-encoded.
    pub fn new(method: &'a str, url: &'a str, credentials: &'a Credentials) -> Self {
        Self {
            method,
            url,
            region: "",
            service: "",
            credentials,
            headers: &[],
            body: &[],
            time: None,
        }
    }

    /// Required: such as `us-east-1`.
    pub fn region(mut self, region: &'a str) -> Self {
        self.region = region;
        self
    }

    /// Required: the signing name, such as `bedrock-mantle`.
    pub fn service(mut self, service: &'a str) -> Self {
        self.service = service;
        self
    }

    /// What to sign besides host and the `x-amz-...` headers that signing adds. Those that no SDK
    /// signs are skipped.
    pub fn headers(mut self, headers: &'a [Header<'a>]) -> Self {
        self.headers = headers;
        self
    }

    /// The body, whole.
    pub fn body<B: AsRef<[u8]> + ?Sized>(mut self, body: &'a B) -> Self {
        self.body = body.as_ref();
        self
    }

    /// The time to sign with, in place of now.
    pub fn time(mut self, time: SystemTime) -> Self {
        self.time = Some(time);
        self
    }

    fn lend<T>(&self, call: impl FnOnce(&sys::costmark_sign_request) -> T) -> T {
        let credentials = self.credentials.lend();
        // SAFETY: a plain struct of the library's.
        let mut lent: sys::costmark_sign_request = unsafe { ffi::sized() };
        lent.method = ffi::lend(self.method.as_bytes());
        lent.url = ffi::lend(self.url.as_bytes());
        lent.region = ffi::lend(self.region.as_bytes());
        lent.service = ffi::lend(self.service.as_bytes());
        lent.credentials = &credentials;
        lent.headers = self.headers.as_ptr().cast();
        lent.header_count = self.headers.len();
        lent.body = ffi::lend(self.body);
        lent.time_unix_s = self.time.map_or(0, unix_seconds);
        call(&lent)
    }
}

impl fmt::Debug for SignRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignRequest")
            .field("method", &self.method)
            .field("region", &self.region)
            .field("service", &self.service)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// Signs requests. It keeps its memory, and the last credentials with the keys derived from them,
/// until it is dropped, which wipes them: use one again and again.
///
/// ```
/// use costmark::{Credentials, SignRequest, Signer};
///
/// let keys = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI");
/// let mut signer = Signer::new()?;
/// let url = "https://bedrock-mantle.us-east-1.api.aws/v1/models";
/// let request = SignRequest::new("GET", url, &keys)
///     .region("us-east-1")
///     .service("bedrock-mantle");
/// let headers = signer.sign(&request)?;
/// assert!(headers.iter().any(|header| header.name() == "authorization"));
/// # Ok::<(), costmark::Error>(())
/// ```
pub struct Signer(NonNull<sys::costmark_signature>);

// SAFETY: "one thread at a time": it is not Sync, so calls do not overlap.
unsafe impl Send for Signer {}

impl Signer {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](crate::ErrorKind::OutOfMemory) alone.
    pub fn new() -> Result<Self> {
        // SAFETY: the places to write to live for the call.
        ffi::make(|made, error| unsafe { sys::costmark_signature_new(made, error) }).map(Self)
    }

    /// Signs a request, and returns the headers to set: authorization, x-amz-date,
    /// x-amz-content-sha256, and x-amz-security-token where there is a session token. Do not log
    /// them.
    ///
    /// # Errors
    ///
    /// [`InvalidUrl`](crate::ErrorKind::InvalidUrl): fix it at the error's offset.
    /// [`NoCredentials`](crate::ErrorKind::NoCredentials): a required field is empty, or not
    /// printable. [`ExpiredCredentials`](crate::ErrorKind::ExpiredCredentials): authenticate again.
    pub fn sign(&mut self, request: &SignRequest<'_>) -> Result<&[Header<'_>]> {
        request.lend(|lent| {
            ffi::check(|error| {
                // SAFETY: the request lives for the call.
                unsafe { sys::costmark_signature_sign(self.0.as_ptr(), lent, error) }
            })
        })?;
        let view = self.view();
        // SAFETY: the array lives until the next call, which needs the borrow to have ended.
        Ok(unsafe { Header::slice(view.headers, view.header_count) })
    }

    /// Signs into the query instead, and returns the URL to send. Everyone who has it may send this
    /// request, and no other, until it expires, after 1 to 604,800 seconds, or the credentials do.
    /// Do not log it.
    ///
    /// # Errors
    ///
    /// Those of [`sign`](Self::sign).
    pub fn presign(&mut self, request: &SignRequest<'_>, expires_in: Duration) -> Result<&str> {
        let seconds = seconds(expires_in);
        request.lend(|lent| {
            // SAFETY: the request lives for the call.
            ffi::check(|error| unsafe {
                sys::costmark_signature_presign(self.0.as_ptr(), lent, seconds, error)
            })
        })?;
        // SAFETY: lives until the next call, which needs the borrow to have ended.
        Ok(unsafe { ffi::field(self.view().url) })
    }

    /// The canonical request that was signed last, for explaining a signature that the service
    /// refused. It holds the session token: do not log it.
    pub fn canonical_request(&self) -> &[u8] {
        // SAFETY: lives until the next call, which needs the borrow to have ended.
        unsafe { ffi::field_bytes(self.view().canonical_request) }
    }

    fn view(&self) -> sys::costmark_signature_view {
        // SAFETY: the handle is alive.
        unsafe { ffi::shown(|view| sys::costmark_signature_read(self.0.as_ptr(), view)) }
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        // SAFETY: ours, and ended once.
        unsafe { sys::costmark_signature_free(self.0.as_ptr()) };
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}
