use std::fmt;
use std::ptr::NonNull;
use std::time::{Duration, SystemTime};

use costmark_sys as sys;

use crate::client::Client;
use crate::credentials::from_unix_seconds;
use crate::ffi::{self, Result};
use crate::prepared::Api;
use crate::request::{Header, named_values};

named_values! {
    /// Whether an endpoint reads the project of requests.
    Verdict, sys::costmark_verdict_name, unknown = Unknown,
    /// The impossible project was refused, the real one passed.
    Honored = sys::COSTMARK_VERDICT_HONORED,
    /// The impossible project was served: the name is ignored.
    NotHonored = sys::COSTMARK_VERDICT_NOT_HONORED,
    /// Neither was shown; the reason says why.
    Unknown = sys::COSTMARK_VERDICT_UNKNOWN,
}

/// What to verify. All of it is optional.
#[must_use = "it does nothing until it is verified"]
#[derive(Clone, Copy, Default)]
pub struct VerifyRequest<'a> {
    project: Option<&'a str>,
    model: Option<&'a str>,
    url: Option<&'a str>,
    headers: &'a [Header<'a>],
    timeout: Option<Duration>,
    api: Option<Api>,
    force: bool,
}

impl<'a> VerifyRequest<'a> {
    /// The client's own project, endpoint and model.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another project than the client's.
    pub fn project(mut self, project: &'a str) -> Self {
        self.project = Some(project);
        self
    }

    /// One that the endpoint is known to have, in place of the option `verify_model`. Without any,
    /// nothing is generated, and of the real project only its own resource is read.
    pub fn model(mut self, model: &'a str) -> Self {
        self.model = Some(model);
        self
    }

    /// Of the API's requests, absolute; else made of the option `base_url`, or of the region.
    pub fn url(mut self, url: &'a str) -> Self {
        self.url = Some(url);
        self
    }

    /// What requests carry besides, such as for a gateway.
    pub fn headers(mut self, headers: &'a [Header<'a>]) -> Self {
        self.headers = headers;
        self
    }

    /// Of each exchange, in place of 20 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The API to speak; else what URL and model suggest.
    pub fn api(mut self, api: Api) -> Self {
        self.api = Some(api);
        self
    }

    /// Asks even when the answer is known already.
    pub fn force(mut self) -> Self {
        self.force = true;
        self
    }

    fn lend(&self) -> sys::costmark_verify_request {
        // SAFETY: a plain struct of the library's.
        let mut lent: sys::costmark_verify_request = unsafe { ffi::sized() };
        lent.project = ffi::lend_optional(self.project);
        lent.model = ffi::lend_optional(self.model);
        lent.url = ffi::lend_optional(self.url);
        lent.headers = self.headers.as_ptr().cast();
        lent.header_count = self.headers.len();
        lent.timeout_ms = self.timeout.map_or(0, ffi::to_ms);
        lent.api = self.api.unwrap_or(Api::Other).value();
        lent.force = u32::from(self.force);
        lent
    }
}

impl fmt::Debug for VerifyRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyRequest")
            .field("project", &self.project)
            .field("model", &self.model)
            .field("headers", &self.headers)
            .field("force", &self.force)
            .finish_non_exhaustive()
    }
}

/// One exchange of a verification.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Probe<'a> {
    /// That it named.
    pub project: &'a str,
    /// Such as `POST https://host/path`.
    pub request: &'a str,
    /// The error's, such as `not_found_error`.
    pub code: Option<&'a str>,
    /// The service's.
    pub request_id: Option<&'a str>,
    /// What it says, in words.
    pub finding: &'a str,
    /// `None`: there was no answer.
    pub http_status: Option<u16>,
}

/// What was found out. It holds no secrets.
pub struct Verification(NonNull<sys::costmark_verification>);

// SAFETY: "immutable, share freely".
unsafe impl Send for Verification {}
// SAFETY: as above.
unsafe impl Sync for Verification {}

impl Verification {
    fn view(&self) -> sys::costmark_verification_view {
        // SAFETY: the handle is alive.
        unsafe { ffi::shown(|view| sys::costmark_verification_read(self.0.as_ptr(), view)) }
    }

    /// Whether the endpoint reads the project.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self.view().verdict)
    }

    /// One sentence that says why.
    pub fn reason(&self) -> &str {
        // SAFETY: it lives as long as the verification; so does all that follows.
        unsafe { ffi::field(self.view().reason) }
    }

    /// The URL that was asked, without its query.
    pub fn endpoint(&self) -> &str {
        // SAFETY: as above.
        unsafe { ffi::field(self.view().endpoint) }
    }

    /// How the project was named: `header`, `workspace`, `body` or several.
    pub fn carrier(&self) -> &str {
        // SAFETY: as above.
        unsafe { ffi::field(self.view().carrier) }
    }

    /// The real project.
    pub fn project(&self) -> &str {
        // SAFETY: as above.
        unsafe { ffi::field(self.view().project) }
    }

    /// The model; `None` when none was named.
    pub fn model(&self) -> Option<&str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.view().model) }
    }

    /// Whether an unknown verdict is so only for now: the network, a busy or failing service.
    pub fn retryable(&self) -> bool {
        self.view().retryable != 0
    }

    /// When the last exchange was answered.
    pub fn checked(&self) -> Option<SystemTime> {
        from_unix_seconds(self.view().checked_unix_s)
    }

    /// The exchanges, in the order of time.
    pub fn probes(&self) -> impl ExactSizeIterator<Item = Probe<'_>> {
        (0..self.view().probe_count).map(|index| self.probe(index))
    }

    fn probe(&self, index: usize) -> Probe<'_> {
        // SAFETY: the handle is alive; the texts live as long as the verification.
        unsafe {
            let raw: sys::costmark_probe = ffi::shown(|view| {
                sys::costmark_verification_probe(self.0.as_ptr(), index, view);
            });
            Probe {
                project: ffi::field(raw.project),
                request: ffi::field(raw.request),
                code: ffi::optional_field(raw.code),
                request_id: ffi::optional_field(raw.request_id),
                finding: ffi::field(raw.finding),
                http_status: ffi::http_status(raw.http_status),
            }
        }
    }
}

impl Drop for Verification {
    fn drop(&mut self) {
        // SAFETY: ours, and ended once.
        unsafe { sys::costmark_verification_free(self.0.as_ptr()) };
    }
}

impl fmt::Debug for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification")
            .field("verdict", &self.verdict())
            .field("reason", &self.reason())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Finds out whether an endpoint reads the project of requests: one that names a project that
    /// cannot exist must fail because of it, and the same request with the real project must pass.
    /// Blocks for two or three exchanges, the second of which may spend a few tokens of the
    /// project; they are counted like calls of the user. A proof is kept for the life of the
    /// client.
    ///
    /// # Errors
    ///
    /// Those of [`operation`](Self::operation) and [`Operation::ready`](crate::Operation::ready),
    /// for requests that could not be made. Exchanges that failed are in the result.
    pub fn verify(&self, request: &VerifyRequest<'_>) -> Result<Verification> {
        let lent = request.lend();
        ffi::calling(|| {
            ffi::make(|made, error| {
                // SAFETY: the request lives for the call.
                unsafe { sys::costmark_client_verify(self.as_ptr(), &lent, made, error) }
            })
            .map(Verification)
        })
    }
}
