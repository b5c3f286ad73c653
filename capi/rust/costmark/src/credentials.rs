use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use costmark_sys as sys;

use crate::ffi;

/// One set of AWS credentials. Printing one shows no secret, and dropping one wipes it.
///
/// ```
/// use costmark::Credentials;
///
/// let keys = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI").with_session_token("secret too");
/// assert_eq!(format!("{keys:?}"), r#"Credentials { access_key_id: "AKIDEXAMPLE", .. }"#);
/// ```
#[must_use]
#[derive(Clone)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Option<Secret>,
    account_id: Option<String>,
    expires: Option<SystemTime>,
}

impl Credentials {
    /// Long-term keys.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret_access_key: Secret(secret_access_key.into()),
            session_token: None,
            account_id: None,
            expires: None,
        }
    }

    /// What temporary credentials have besides.
    pub fn with_session_token(mut self, token: impl Into<String>) -> Self {
        self.session_token = Some(Secret(token.into()));
        self
    }

    /// Twelve digits, where known.
    pub fn with_account_id(mut self, id: impl Into<String>) -> Self {
        self.account_id = Some(id.into());
        self
    }

    /// When they expire, to the second.
    pub fn with_expiry(mut self, at: SystemTime) -> Self {
        self.expires = Some(at);
        self
    }

    /// Which key it is. No secret.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret.
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key.0
    }

    /// Of temporary credentials. A secret.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_ref().map(|token| token.0.as_str())
    }

    /// Twelve digits, where known.
    pub fn account_id(&self) -> Option<&str> {
        self.account_id.as_deref()
    }

    /// When they expire; `None`: they do not.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// Views for the length of a call.
    pub(crate) fn lend(&self) -> sys::costmark_credentials {
        // SAFETY: a plain struct of the library's.
        let mut lent: sys::costmark_credentials = unsafe { ffi::sized() };
        lent.access_key_id = ffi::lend(self.access_key_id.as_bytes());
        lent.secret_access_key = ffi::lend(self.secret_access_key.0.as_bytes());
        lent.session_token = ffi::lend_optional(self.session_token());
        lent.account_id = ffi::lend_optional(self.account_id());
        lent.expires_unix_s = self.expires.map_or(0, unix_seconds);
        lent
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// A text that is wiped when it is dropped.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) String);

impl Drop for Secret {
    fn drop(&mut self) {
        // SAFETY: zeros are UTF-8.
        for byte in unsafe { self.0.as_bytes_mut() } {
            // SAFETY: a reference is good to write to. Volatile: it is not read
            // any more, and must be written all the same.
            unsafe { std::ptr::write_volatile(byte, 0) };
        }
        std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
    }
}

/// Never 0 or less, which would mean something else.
pub(crate) fn unix_seconds(at: SystemTime) -> i64 {
    let seconds = at.duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs().max(1));
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// `None` from 0 or less.
pub(crate) fn from_unix_seconds(seconds: i64) -> Option<SystemTime> {
    let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stay_what_they_are() {
        let at = UNIX_EPOCH + Duration::from_secs(1_772_366_400);
        assert_eq!(from_unix_seconds(unix_seconds(at)), Some(at));
        assert_eq!(unix_seconds(UNIX_EPOCH - Duration::from_secs(5)), 1);
        assert_eq!(from_unix_seconds(0), None);
        assert_eq!(from_unix_seconds(-1), None);
    }

    #[test]
    fn what_is_lent_is_what_was_given() {
        let keys =
            Credentials::new("id", "secret").with_session_token("").with_account_id("123456789012");
        let lent = keys.lend();
        // SAFETY: the credentials live on.
        unsafe {
            assert_eq!(ffi::field(lent.access_key_id), "id");
            assert_eq!(ffi::field(lent.secret_access_key), "secret");
            assert_eq!(ffi::optional_field(lent.session_token), Some(""));
            assert_eq!(ffi::field(lent.account_id), "123456789012");
        }
        assert_eq!(lent.expires_unix_s, 0);
    }

    #[test]
    fn nothing_secret_is_printed() {
        let keys = Credentials::new("AKID", "hush").with_session_token("hush too");
        assert!(!format!("{keys:?} {keys:#?}").contains("hush"));
    }
}
