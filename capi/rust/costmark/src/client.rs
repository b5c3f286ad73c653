use std::fmt;
use std::ptr::NonNull;

use costmark_sys as sys;

use crate::builder::Builder;
use crate::error::{Error, ErrorKind};
use crate::ffi::{self, Result};
use crate::observe::Observation;
use crate::prepared::{Changes, Prepared};
use crate::request::Request;
use crate::usage::UsageReport;

/// Attributes, signs and accounts for requests to one endpoint. Cloning it is cheap, and the clones
/// are one client. It starts no threads.
pub struct Client(NonNull<sys::costmark_client>);

// SAFETY: "synchronised internally", and its callbacks are Send and Sync.
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

    pub(crate) fn as_ptr(&self) -> *const sys::costmark_client {
        self.0.as_ptr()
    }

    /// Attributes a request, then signs it. Does no I/O but what fetches or renews credentials, on
    /// one thread, while others go on with those at hand; and, with the option `verify`, what asks
    /// the endpoint for proof. Call it again for every attempt: a signature is good for some
    /// minutes.
    ///
    /// ```
    /// use costmark::{Client, Prepared, Request};
    ///
    /// let client = Client::builder()
    ///     .set_all([("project", "proj_abc123"), ("region", "us-east-1")])
    ///     .set_all([("access_key_id", "AKIDEXAMPLE"), ("secret_access_key", "wJalrXUtnFEMI")])
    ///     .build()?;
    /// let mut memory = Prepared::new()?;
    /// let url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
    /// let request = Request::new("POST", url).body(r#"{"model":"openai.gpt-oss-20b"}"#);
    ///
    /// let changes = client.prepare(&request, &mut memory)?;
    /// assert_eq!(changes.project(), Some("proj_abc123"));
    /// for header in changes.headers_to_set() {
    ///     println!("set {}", header.name());
    /// }
    /// # Ok::<(), costmark::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// * [`InvalidUrl`](ErrorKind::InvalidUrl), [`InvalidJson`](ErrorKind::InvalidJson): fix the
    ///   request, at the error's offset.
    /// * [`EndpointMismatch`](ErrorKind::EndpointMismatch): the request goes elsewhere than the
    ///   client.
    /// * [`InvalidProject`](ErrorKind::InvalidProject), [`Unattributed`](ErrorKind::Unattributed),
    ///   [`Conflict`](ErrorKind::Conflict), [`ProjectNotAllowed`](ErrorKind::ProjectNotAllowed):
    ///   name another project, or change the policy.
    /// * [`NoCredentials`](ErrorKind::NoCredentials),
    ///   [`ExpiredCredentials`](ErrorKind::ExpiredCredentials),
    ///   [`UnusableCredentials`](ErrorKind::UnusableCredentials): authenticate again.
    /// * [`Transport`](ErrorKind::Transport), [`Timeout`](ErrorKind::Timeout),
    ///   [`Throttled`](ErrorKind::Throttled), [`Service`](ErrorKind::Service): credentials could
    ///   not be fetched, and none are left.
    /// * [`StoppedByCallback`](ErrorKind::StoppedByCallback), or the kind of an [`Error`] that a
    ///   callback returned.
    pub fn prepare<'a>(
        &self,
        request: &Request<'a>,
        memory: &'a mut Prepared,
    ) -> Result<Changes<'a>> {
        ffi::calling(|| {
            request.lend(|lent| {
                ffi::check(|error| {
                    // SAFETY: the request lives for the call, its body for 'a; the memory is ours
                    // alone.
                    unsafe {
                        sys::costmark_client_prepare(self.as_ptr(), lent, memory.as_ptr(), error)
                    }
                })
            })?;
            Ok(Changes::of(memory))
        })
    }

    /// Attributes a request without signing it, to tell early what would be refused.
    ///
    /// # Errors
    ///
    /// Those of [`prepare`](Self::prepare), except those of credentials and callbacks.
    pub fn check(&self, request: &Request<'_>, memory: &mut Prepared) -> Result<()> {
        ffi::calling(|| {
            request.lend(|lent| {
                ffi::check(|error| {
                    // SAFETY: the request lives for the call; the memory is ours alone.
                    unsafe {
                        sys::costmark_client_check(self.as_ptr(), lent, memory.as_ptr(), error)
                    }
                })
            })
        })
    }

    /// Begins an attempt of a request that this client prepared: counts it, and its operation with
    /// the first one. Attempts count from 1.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument): there is no attempt 0, or another client
    /// prepared the request.
    pub fn observe(&self, changes: &Changes<'_>, attempt: u32) -> Result<Observation> {
        if attempt == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "attempt 0: attempts count from 1"));
        }
        ffi::calling(|| {
            ffi::make(|made, error| {
                // SAFETY: both handles live for the call.
                unsafe {
                    sys::costmark_observation_new(
                        self.as_ptr(),
                        changes.as_ptr(),
                        attempt,
                        made,
                        error,
                    )
                }
            })
            .map(Observation::of)
        })
    }

    /// Takes the counters, by project.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](ErrorKind::OutOfMemory) alone.
    pub fn usage(&self) -> Result<UsageReport> {
        // SAFETY: the handle is alive, and the places to write to live for the call.
        ffi::make(|made, error| unsafe { sys::costmark_client_usage(self.as_ptr(), made, error) })
            .map(UsageReport::of)
    }

    /// Whether [`prepare`](Self::prepare) of a request to a URL may block for a proof, because the
    /// option `verify` asks for one and there is none yet.
    pub fn may_verify(&self, url: &str) -> bool {
        // SAFETY: the text lives for the call.
        unsafe {
            sys::costmark_client_may_verify(self.as_ptr(), ffi::chars(url.as_bytes()), url.len())
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
