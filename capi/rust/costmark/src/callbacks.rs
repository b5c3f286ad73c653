use std::ffi::{c_char, c_void};
use std::time::SystemTime;

use costmark_sys as sys;

use crate::answer::Answer;
use crate::bearer_token::BearerTokenCache;
use crate::builder::Builder;
use crate::credentials::{Credentials, Secret, unix_seconds};
use crate::error::BoxError;
use crate::ffi;

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogLevel {
    /// For those who look for a mistake.
    Debug,
    /// Worth knowing.
    Info,
    /// Something to look at.
    Warning,
    /// Something went wrong.
    Error,
}

/// Where bearer tokens come from.
pub trait BearerTokenProvider: Send + Sync + 'static {
    /// A token, without `Bearer `.
    ///
    /// # Errors
    ///
    /// Why there is none; the source of the error that the call fails with.
    fn token(&self) -> std::result::Result<String, BoxError>;

    /// The service refused a token of this provider: one that keeps its token drops it.
    fn refused(&self, token: &str) {
        let _ = token;
    }
}

impl<F> BearerTokenProvider for F
where
    F: Fn() -> std::result::Result<String, BoxError> + Send + Sync + 'static,
{
    fn token(&self) -> std::result::Result<String, BoxError> {
        self()
    }
}

impl BearerTokenProvider for BearerTokenCache {
    fn token(&self) -> std::result::Result<String, BoxError> {
        Ok(self.get()?.text().to_owned())
    }

    fn refused(&self, token: &str) {
        BearerTokenCache::refused(self, token);
    }
}

impl Builder {
    /// Lets clients ask this program for AWS credentials, in place of the options' and of the
    /// default chain: when those at hand are absent or about to expire, for one client never by two
    /// threads at once. It may block: other threads go on with credentials that are still valid.
    pub fn credentials<F>(self, supply: F) -> Self
    where
        F: Fn() -> std::result::Result<Credentials, BoxError> + Send + Sync + 'static,
    {
        unsafe extern "C" fn supply_credentials<F>(
            user_data: *mut c_void,
            sink: *mut sys::costmark_credentials_sink,
        ) -> sys::costmark_status
        where
            F: Fn() -> std::result::Result<Credentials, BoxError>,
        {
            ffi::answered(|| {
                // SAFETY: the library keeps it for as long as it calls this.
                let supply = unsafe { ffi::kept::<F>(user_data) };
                let credentials = supply()?;
                let lent = credentials.lend();
                // SAFETY: the sink lives during the callback, and the credentials for the call.
                ffi::check(|error| unsafe { sys::costmark_credentials_put(sink, &lent, error) })?;
                Ok(())
            })
        }
        self.with(|config, error| {
            let (user_data, free) = ffi::keep(supply);
            // SAFETY: the library takes `user_data` over, even if it fails.
            unsafe {
                let callback = Some(supply_credentials::<F> as _);
                sys::costmark_config_set_credentials_callback(
                    config, callback, user_data, free, error,
                )
            }
        })
    }

    /// Lets clients ask this program for bearer tokens: whenever a request needs one, by several
    /// threads at once if they need one at once. A closure that returns the token, without
    /// `Bearer `, is a provider.
    pub fn bearer_token<S: BearerTokenProvider>(self, provider: S) -> Self {
        unsafe extern "C" fn supply<S: BearerTokenProvider>(
            user_data: *mut c_void,
            sink: *mut sys::costmark_bearer_token_sink,
        ) -> sys::costmark_status {
            ffi::answered(|| {
                // SAFETY: the library keeps it for as long as it calls this.
                let provider = unsafe { ffi::kept::<S>(user_data) };
                let token = Secret(provider.token()?);
                let chars = ffi::chars(token.0.as_bytes());
                // SAFETY: the sink lives during the callback, and the token for the call.
                ffi::check(|error| unsafe {
                    sys::costmark_bearer_token_put(sink, chars, token.0.len(), error)
                })?;
                Ok(())
            })
        }
        unsafe extern "C" fn refused<S: BearerTokenProvider>(
            user_data: *mut c_void,
            token: *const c_char,
            token_len: usize,
        ) {
            ffi::shielded((), || {
                // SAFETY: the library keeps the provider for as long as it calls this; the token
                // lives until this returns.
                let (provider, token) =
                    unsafe { (ffi::kept::<S>(user_data), ffi::bytes(token, token_len)) };
                provider.refused(&String::from_utf8_lossy(token));
            });
        }
        self.with(|config, error| {
            let (user_data, free) = ffi::keep(provider);
            // SAFETY: the library takes `user_data` over, even if it fails.
            unsafe {
                sys::costmark_config_set_bearer_token_callback(
                    config,
                    Some(supply::<S>),
                    Some(refused::<S>),
                    user_data,
                    free,
                    error,
                )
            }
        })
    }

    /// Receives the log, line by line. Without it, lines are discarded.
    pub fn log<F>(self, receive: F) -> Self
    where
        F: Fn(LogLevel, &str) + Send + Sync + 'static,
    {
        unsafe extern "C" fn receive_line<F>(
            user_data: *mut c_void,
            level: sys::costmark_log_level,
            message: *const c_char,
            message_len: usize,
        ) where
            F: Fn(LogLevel, &str),
        {
            ffi::shielded((), || {
                let level = match level {
                    sys::COSTMARK_LOG_DEBUG => LogLevel::Debug,
                    sys::COSTMARK_LOG_INFO => LogLevel::Info,
                    sys::COSTMARK_LOG_WARNING => LogLevel::Warning,
                    _ => LogLevel::Error,
                };
                // SAFETY: the library keeps it for as long as it calls this; the line lives until
                // this returns.
                let (receive, message) =
                    unsafe { (ffi::kept::<F>(user_data), ffi::bytes(message, message_len)) };
                receive(level, &String::from_utf8_lossy(message));
            });
        }
        self.with(|config, error| {
            let (user_data, free) = ffi::keep(receive);
            // SAFETY: the library takes `user_data` over, even if it fails.
            unsafe {
                let callback = Some(receive_line::<F> as _);
                sys::costmark_config_set_log_callback(config, callback, user_data, free, error)
            }
        })
    }

    /// Receives every attempt of an inference request when it ends, after it was counted, on the
    /// thread that ends it; and the end of every background response that this process sees.
    pub fn on_usage<F>(self, receive: F) -> Self
    where
        F: Fn(&Answer<'_>) + Send + Sync + 'static,
    {
        unsafe extern "C" fn receive_answer<F>(
            user_data: *mut c_void,
            answer: *const sys::costmark_answer,
        ) where
            F: Fn(&Answer<'_>),
        {
            ffi::shielded((), || {
                // SAFETY: the library keeps it for as long as it calls this; the answer lives until
                // this returns, and the library may know less of it than is bound.
                unsafe { ffi::kept::<F>(user_data)(&Answer::of(ffi::copied(answer))) };
            });
        }
        self.with(|config, error| {
            let (user_data, free) = ffi::keep(receive);
            // SAFETY: the library takes `user_data` over, even if it fails.
            unsafe {
                let callback = Some(receive_answer::<F> as _);
                sys::costmark_config_set_usage_callback(config, callback, user_data, free, error)
            }
        })
    }

    /// Sets the clock, instead of the system's.
    pub fn clock<F>(self, tell: F) -> Self
    where
        F: Fn() -> SystemTime + Send + Sync + 'static,
    {
        unsafe extern "C" fn tell_time<F>(user_data: *mut c_void) -> i64
        where
            F: Fn() -> SystemTime,
        {
            // SAFETY: the library keeps it for as long as it calls this.
            ffi::shielded(0, || unix_seconds(unsafe { ffi::kept::<F>(user_data) }()))
        }
        self.with(|config, error| {
            let (user_data, free) = ffi::keep(tell);
            // SAFETY: the library takes `user_data` over, even if it fails.
            unsafe {
                let callback = Some(tell_time::<F> as _);
                sys::costmark_config_set_clock_callback(config, callback, user_data, free, error)
            }
        })
    }
}
