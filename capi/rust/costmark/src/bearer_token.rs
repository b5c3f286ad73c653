use std::fmt;
use std::ptr::NonNull;
use std::time::{Duration, SystemTime};

use costmark_sys as sys;

use crate::credentials::{Credentials, from_unix_seconds, unix_seconds};
use crate::ffi::{self, Result};

/// A short-term Bedrock API key, made from AWS credentials without asking AWS. It is good in its
/// region alone, and for no longer than the credentials that it was made from. Dropping it wipes
/// it.
///
/// ```
/// use costmark::{BearerToken, Credentials};
/// use std::time::Duration;
///
/// let keys = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI");
/// let token = BearerToken::new(&keys, "us-east-1", Duration::from_secs(900))?;
/// assert!(token.text().starts_with("bedrock-api-key-"));
/// # Ok::<(), costmark::Error>(())
/// ```
pub struct BearerToken(NonNull<sys::costmark_bearer_token>);

// SAFETY: "immutable, share freely".
unsafe impl Send for BearerToken {}
// SAFETY: as above.
unsafe impl Sync for BearerToken {}

impl BearerToken {
    /// Makes one that lives for 1 to 43,200 seconds from now.
    ///
    /// # Errors
    ///
    /// [`NoCredentials`](crate::ErrorKind::NoCredentials): a required field of the credentials is
    /// empty, or not printable. [`ExpiredCredentials`](crate::ErrorKind::ExpiredCredentials).
    pub fn new(credentials: &Credentials, region: &str, life: Duration) -> Result<Self> {
        Self::make(credentials, region, life, 0)
    }

    /// Makes one that lives from a given time on.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn at(
        credentials: &Credentials,
        region: &str,
        life: Duration,
        time: SystemTime,
    ) -> Result<Self> {
        Self::make(credentials, region, life, unix_seconds(time))
    }

    fn make(credentials: &Credentials, region: &str, life: Duration, time: i64) -> Result<Self> {
        let (lent, seconds) = (credentials.lend(), seconds(life));
        ffi::make(|made, error| {
            let region_chars = ffi::chars(region.as_bytes());
            // SAFETY: the credentials and the text live for the call.
            unsafe {
                sys::costmark_bearer_token_new(
                    &lent,
                    region_chars,
                    region.len(),
                    seconds,
                    time,
                    made,
                    error,
                )
            }
        })
        .map(Self)
    }

    fn view(&self) -> sys::costmark_bearer_token_view {
        // SAFETY: the handle is alive.
        unsafe { ffi::shown(|view| sys::costmark_bearer_token_read(self.0.as_ptr(), view)) }
    }

    /// The token itself, without `Bearer `. Do not log it.
    pub fn text(&self) -> &str {
        // SAFETY: lives as long as the token.
        unsafe { ffi::field(self.view().text) }
    }

    /// When it expires: the earlier of its own end and that of its credentials.
    pub fn expires(&self) -> Option<SystemTime> {
        from_unix_seconds(self.view().expires_unix_s)
    }
}

impl Drop for BearerToken {
    fn drop(&mut self) {
        // SAFETY: ours, and ended once.
        unsafe { sys::costmark_bearer_token_free(self.0.as_ptr()) };
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerToken").field("expires", &self.expires()).finish_non_exhaustive()
    }
}

/// Keeps the newest token, and makes another one before it expires. Cloning it is cheap, and the
/// clones are one cache.
pub struct BearerTokenCache(NonNull<sys::costmark_bearer_token_cache>);

// SAFETY: "synchronized internally", and its callbacks are Send and Sync.
unsafe impl Send for BearerTokenCache {}
// SAFETY: as above.
unsafe impl Sync for BearerTokenCache {}

impl BearerTokenCache {
    pub(crate) fn of(handle: NonNull<sys::costmark_bearer_token_cache>) -> Self {
        Self(handle)
    }

    /// Takes the token that is valid now.
    ///
    /// # Errors
    ///
    /// Those of [`Operation::ready`](crate::Operation::ready) that concern credentials.
    pub fn get(&self) -> Result<BearerToken> {
        ffi::calling(|| {
            ffi::make(|made, error| {
                // SAFETY: the handle is alive, and the places to write to live for the call.
                unsafe { sys::costmark_bearer_token_cache_get(self.0.as_ptr(), made, error) }
            })
            .map(BearerToken)
        })
    }

    /// Tells that a service refused a token: if it is still the newest, it is forgotten, and so are
    /// the credentials that it was made from. Returns `false` when the next one would be the same
    /// again.
    pub fn refused(&self, token: &str) -> bool {
        let chars = ffi::chars(token.as_bytes());
        // SAFETY: the handle is alive, and the text for the call.
        ffi::ending(|| unsafe {
            sys::costmark_bearer_token_cache_refused(self.0.as_ptr(), chars, token.len())
        })
    }
}

impl Clone for BearerTokenCache {
    fn clone(&self) -> Self {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_bearer_token_cache_retain(self.0.as_ptr()) };
        Self(self.0)
    }
}

impl Drop for BearerTokenCache {
    fn drop(&mut self) {
        // SAFETY: one count of it is ours.
        ffi::ending(|| unsafe { sys::costmark_bearer_token_cache_release(self.0.as_ptr()) });
    }
}

impl fmt::Debug for BearerTokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerTokenCache").finish_non_exhaustive()
    }
}

/// Whole seconds, as C counts lives. Less than one is out of range, and not C's default, 0.
pub(crate) fn seconds(life: Duration) -> i64 {
    if life.as_secs() == 0 { -1 } else { i64::try_from(life.as_secs()).unwrap_or(i64::MAX) }
}
