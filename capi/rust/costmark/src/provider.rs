use std::fmt;
use std::ptr::NonNull;

use costmark_sys as sys;

use crate::credentials::{Credentials, from_unix_seconds};
use crate::ffi::{self, Result};

/// The credentials that a client of the same configuration would sign with: kept, and renewed
/// before they end. Cloning it is cheap, and the clones are one provider.
///
/// ```
/// # fn main() -> Result<(), costmark::Error> {
/// let provider = costmark::Client::builder()
///     .set("access_key_id", "AKIDEXAMPLE")
///     .set("secret_access_key", "wJalrXUtnFEMI")
///     .build_credentials_provider()?;
/// let set = provider.get()?;
/// assert_eq!(set.credentials().access_key_id(), "AKIDEXAMPLE");
/// # Ok(()) }
/// ```
pub struct CredentialsProvider(NonNull<sys::costmark_credentials_provider>);

// SAFETY: "synchronised internally", and its callbacks are Send and Sync.
unsafe impl Send for CredentialsProvider {}
// SAFETY: as above.
unsafe impl Sync for CredentialsProvider {}

impl CredentialsProvider {
    pub(crate) fn of(handle: NonNull<sys::costmark_credentials_provider>) -> Self {
        Self(handle)
    }

    /// Takes the credentials that are valid now; fetches or renews them first where that is due.
    /// One thread does that, while others go on with those that are still valid.
    ///
    /// # Errors
    ///
    /// Those of [`Client::prepare`](crate::Client::prepare) that concern credentials.
    pub fn get(&self) -> Result<CredentialsSet> {
        ffi::calling(|| {
            ffi::make(|made, error| {
                // SAFETY: the handle is alive, and the places to write to live for the call.
                unsafe { sys::costmark_credentials_provider_get(self.0.as_ptr(), made, error) }
            })
            .map(CredentialsSet)
        })
    }

    /// Tells that a service refused a set as expired or invalid: if it is still the newest, the
    /// next [`get`](Self::get) fetches another one. Returns `false` when that would be the same set
    /// again.
    pub fn refused(&self, set: &CredentialsSet) -> bool {
        // SAFETY: both handles are alive.
        unsafe { sys::costmark_credentials_provider_refused(self.0.as_ptr(), set.0.as_ptr()) }
    }
}

impl Clone for CredentialsProvider {
    fn clone(&self) -> Self {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_credentials_provider_retain(self.0.as_ptr()) };
        Self(self.0)
    }
}

impl Drop for CredentialsProvider {
    fn drop(&mut self) {
        // SAFETY: one count of it is ours.
        ffi::ending(|| unsafe { sys::costmark_credentials_provider_release(self.0.as_ptr()) });
    }
}

impl fmt::Debug for CredentialsProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsProvider").finish_non_exhaustive()
    }
}

/// One set of credentials as it was at one moment. Dropping it wipes it.
pub struct CredentialsSet(NonNull<sys::costmark_credentials_set>);

// SAFETY: "immutable, share freely".
unsafe impl Send for CredentialsSet {}
// SAFETY: as above.
unsafe impl Sync for CredentialsSet {}

impl CredentialsSet {
    /// A copy, as [`Signer`](crate::Signer) takes it.
    pub fn credentials(&self) -> Credentials {
        // SAFETY: a plain struct of the library's.
        let mut view: sys::costmark_credentials = unsafe { ffi::sized() };
        let shown = ffi::check(|error| {
            // SAFETY: the struct lives for the call.
            unsafe { sys::costmark_credentials_set_view(self.0.as_ptr(), &mut view, error) }
        });
        debug_assert!(shown.is_ok(), "the handle is alive, and the struct is sized");
        // SAFETY: the views live as long as the set.
        let text = |from| unsafe { ffi::field(from) }.to_owned();
        let mut credentials =
            Credentials::new(text(view.access_key_id), text(view.secret_access_key));
        if view.session_token.len != 0 {
            credentials = credentials.with_session_token(text(view.session_token));
        }
        if view.account_id.len != 0 {
            credentials = credentials.with_account_id(text(view.account_id));
        }
        match from_unix_seconds(view.expires_unix_s) {
            Some(expires) => credentials.with_expiry(expires),
            None => credentials,
        }
    }

    /// Where it came from, such as `environment`.
    pub fn source(&self) -> &str {
        // SAFETY: lives as long as the set.
        unsafe { ffi::get(|len| sys::costmark_credentials_set_source(self.0.as_ptr(), len)) }
    }
}

impl Drop for CredentialsSet {
    fn drop(&mut self) {
        // SAFETY: ours, and ended once.
        unsafe { sys::costmark_credentials_set_free(self.0.as_ptr()) };
    }
}

impl fmt::Debug for CredentialsSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsSet").field("source", &self.source()).finish_non_exhaustive()
    }
}

/// How the default chain came to its answer. It holds no secrets.
pub struct CredentialsReport(NonNull<sys::costmark_credentials_report>);

// SAFETY: "immutable, share freely".
unsafe impl Send for CredentialsReport {}
// SAFETY: as above.
unsafe impl Sync for CredentialsReport {}

impl CredentialsReport {
    pub(crate) fn of(handle: NonNull<sys::costmark_credentials_report>) -> Self {
        Self(handle)
    }

    /// The sources that were asked, in the order of the chain, and why each has no credentials;
    /// `None` for the one that has.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = (&str, Option<&str>)> {
        let report = self.0.as_ptr();
        // SAFETY: the handle is alive; so in all that follow, where texts live as long as the
        // report.
        let count = unsafe { sys::costmark_credentials_report_count(report) };
        (0..count).map(move |index| {
            // SAFETY: as above.
            let (source, failure) = unsafe {
                (
                    ffi::get(|len| sys::costmark_credentials_report_source(report, index, len)),
                    ffi::get(|len| sys::costmark_credentials_report_failure(report, index, len)),
                )
            };
            (source, Some(failure).filter(|failure| !failure.is_empty()))
        })
    }

    /// Whether there are credentials.
    pub fn found(&self) -> bool {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_credentials_report_found(self.0.as_ptr()) }
    }

    /// The region that the environment or the profile names; empty for none.
    pub fn region(&self) -> &str {
        // SAFETY: lives as long as the report.
        unsafe { ffi::get(|len| sys::costmark_credentials_report_region(self.0.as_ptr(), len)) }
    }

    /// Where that region stands, such as `AWS_REGION`; empty for none.
    pub fn region_origin(&self) -> &str {
        // SAFETY: lives as long as the report.
        unsafe {
            ffi::get(|len| sys::costmark_credentials_report_region_origin(self.0.as_ptr(), len))
        }
    }
}

impl Drop for CredentialsReport {
    fn drop(&mut self) {
        // SAFETY: ours, and ended once.
        unsafe { sys::costmark_credentials_report_free(self.0.as_ptr()) };
    }
}

impl fmt::Debug for CredentialsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.sources()).finish()
    }
}
