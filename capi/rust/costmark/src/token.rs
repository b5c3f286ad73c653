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

    /// The token itself, without `Bearer `. Do not log it.
    pub fn text(&self) -> &str {
        // SAFETY: lives as long as the token.
        unsafe { ffi::get(|len| sys::costmark_bearer_token_text(self.0.as_ptr(), len)) }
    }

    /// When it ends: the earlier of its own end and that of its credentials.
    pub fn expires(&self) -> Option<SystemTime> {
        // SAFETY: the handle is alive.
        from_unix_seconds(unsafe { sys::costmark_bearer_token_expires_unix_s(self.0.as_ptr()) })
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

/// Keeps the newest token, and makes another one before it ends. Cloning it is cheap, and the
/// clones are one provider.
pub struct BearerTokenProvider(NonNull<sys::costmark_bearer_token_provider>);

// SAFETY: "synchronised internally", and its callbacks are Send and Sync.
unsafe impl Send for BearerTokenProvider {}
// SAFETY: as above.
unsafe impl Sync for BearerTokenProvider {}

impl BearerTokenProvider {
    pub(crate) fn of(handle: NonNull<sys::costmark_bearer_token_provider>) -> Self {
        Self(handle)
    }

    /// Takes the token that is valid now.
    ///
    /// # Errors
    ///
    /// Those of [`Client::prepare`](crate::Client::prepare) that concern credentials.
    pub fn get(&self) -> Result<BearerToken> {
        ffi::calling(|| {
            ffi::make(|made, error| {
                // SAFETY: the handle is alive, and the places to write to live for the call.
                unsafe { sys::costmark_bearer_token_provider_get(self.0.as_ptr(), made, error) }
            })
            .map(BearerToken)
        })
    }

    /// Tells that a service refused a token: if it is still the newest, it is forgotten, and so are
    /// the credentials that it was made from. Returns `false` when the next one would be the same
    /// again.
    pub fn refused(&self, token: &BearerToken) -> bool {
        let text = token.text();
        let chars = ffi::chars(text.as_bytes());
        // SAFETY: the handle is alive, and the text for the call.
        unsafe { sys::costmark_bearer_token_provider_refused(self.0.as_ptr(), chars, text.len()) }
    }
}

impl Clone for BearerTokenProvider {
    fn clone(&self) -> Self {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_bearer_token_provider_retain(self.0.as_ptr()) };
        Self(self.0)
    }
}

impl Drop for BearerTokenProvider {
    fn drop(&mut self) {
        // SAFETY: one count of it is ours.
        ffi::ending(|| unsafe { sys::costmark_bearer_token_provider_release(self.0.as_ptr()) });
    }
}

impl fmt::Debug for BearerTokenProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerTokenProvider").finish_non_exhaustive()
    }
}

/// Whole seconds, as C counts lives.
pub(crate) fn seconds(life: Duration) -> i64 {
    i64::try_from(life.as_secs()).unwrap_or(i64::MAX)
}
