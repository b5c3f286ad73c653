use std::fmt;
use std::ptr::NonNull;

use costmark_sys as sys;

use crate::credentials::{Credentials, from_unix_seconds};
use crate::ffi::{self, Result};

/// The credentials that a client of the same configuration signs with: kept, and renewed before they
/// expire. Cloning it is cheap, and the clones are one cache.
///
/// ```
/// # fn main() -> Result<(), costmark::Error> {
/// let cache = costmark::Client::builder()
///     .set("access_key_id", "AKIDEXAMPLE")
///     .set("secret_access_key", "wJalrXUtnFEMI")
///     .build_credentials_cache()?;
/// let set = cache.get()?;
/// assert_eq!(set.credentials().access_key_id(), "AKIDEXAMPLE");
/// # Ok(()) }
/// ```
pub struct CredentialsCache(NonNull<sys::costmark_credentials_cache>);

// SAFETY: "synchronized internally", and its callbacks are Send and Sync.
unsafe impl Send for CredentialsCache {}
// SAFETY: as above.
unsafe impl Sync for CredentialsCache {}

impl CredentialsCache {
    pub(crate) fn of(handle: NonNull<sys::costmark_credentials_cache>) -> Self {
        Self(handle)
    }

    /// Takes the credentials that are valid now; fetches or renews them first where that is due.
    /// One thread does that, while others go on with those that are still valid.
    ///
    /// # Errors
    ///
    /// Those of [`Operation::ready`](crate::Operation::ready) that concern credentials.
    pub fn get(&self) -> Result<CredentialsSet> {
        ffi::calling(|| {
            ffi::make(|made, error| {
                // SAFETY: the handle is alive, and the places to write to live for the call.
                unsafe { sys::costmark_credentials_cache_get(self.0.as_ptr(), made, error) }
            })
            .map(CredentialsSet)
        })
    }

    /// Tells that a service refused a set as expired or invalid: if it is still the newest, the
    /// next [`get`](Self::get) fetches another one, at most every five seconds. Returns `false` when
    /// the next one would be the same set again.
    pub fn refused(&self, set: &CredentialsSet) -> bool {
        // SAFETY: both handles are alive.
        ffi::ending(|| unsafe {
            sys::costmark_credentials_cache_refused(self.0.as_ptr(), set.0.as_ptr())
        })
    }
}

impl Clone for CredentialsCache {
    fn clone(&self) -> Self {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_credentials_cache_retain(self.0.as_ptr()) };
        Self(self.0)
    }
}

impl Drop for CredentialsCache {
    fn drop(&mut self) {
        // SAFETY: one count of it is ours.
        ffi::ending(|| unsafe { sys::costmark_credentials_cache_release(self.0.as_ptr()) });
    }
}

impl fmt::Debug for CredentialsCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsCache").finish_non_exhaustive()
    }
}

/// One set of credentials as it was at one moment. Dropping it wipes it.
pub struct CredentialsSet(NonNull<sys::costmark_credentials_set>);

// SAFETY: "immutable, share freely".
unsafe impl Send for CredentialsSet {}
// SAFETY: as above.
unsafe impl Sync for CredentialsSet {}

impl CredentialsSet {
    fn view(&self) -> sys::costmark_credentials {
        // SAFETY: the handle is alive.
        unsafe { ffi::shown(|view| sys::costmark_credentials_set_read(self.0.as_ptr(), view)) }
    }

    /// A copy, as [`Signer`](crate::Signer) takes it.
    pub fn credentials(&self) -> Credentials {
        let view = self.view();
        // SAFETY: the views live as long as the set.
        let text = |from| unsafe { ffi::optional_field(from) }.map(str::to_owned);
        let mut credentials = Credentials::new(
            text(view.access_key_id).unwrap_or_default(),
            text(view.secret_access_key).unwrap_or_default(),
        );
        if let Some(token) = text(view.session_token) {
            credentials = credentials.with_session_token(token);
        }
        if let Some(id) = text(view.account_id) {
            credentials = credentials.with_account_id(id);
        }
        match from_unix_seconds(view.expires_unix_s) {
            Some(expires) => credentials.with_expiry(expires),
            None => credentials,
        }
    }

    /// Where it came from, such as `environment`.
    pub fn source(&self) -> &str {
        // SAFETY: lives as long as the set.
        unsafe { ffi::field(self.view().source) }
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

    fn view(&self) -> sys::costmark_credentials_report_view {
        // SAFETY: the handle is alive.
        unsafe { ffi::shown(|view| sys::costmark_credentials_report_read(self.0.as_ptr(), view)) }
    }

    /// The sources that were asked, in the order of the chain, and why each has no credentials;
    /// `None` for the one that has.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = (&str, Option<&str>)> {
        (0..self.view().source_count).map(|index| {
            let mut name = ffi::lend_optional(None);
            let mut failure = ffi::lend_optional(None);
            // SAFETY: the handle is alive; the texts live as long as the report.
            unsafe {
                sys::costmark_credentials_report_source(
                    self.0.as_ptr(),
                    index,
                    &mut name,
                    &mut failure,
                );
                let failure = Some(ffi::field(failure)).filter(|failure| !failure.is_empty());
                (ffi::field(name), failure)
            }
        })
    }

    /// Whether there are credentials.
    pub fn found(&self) -> bool {
        self.view().found != 0
    }

    /// The region that the environment or the profile names.
    pub fn region(&self) -> Option<&str> {
        // SAFETY: lives as long as the report.
        unsafe { ffi::optional_field(self.view().region) }
    }

    /// Where that region stands, such as `AWS_REGION`.
    pub fn region_origin(&self) -> Option<&str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.view().region_origin) }
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
