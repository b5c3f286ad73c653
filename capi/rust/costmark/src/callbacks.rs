use std::ffi::{c_char, c_void};
use std::time::SystemTime;

use costmark_sys as sys;

use crate::builder::Builder;
use crate::credentials::{Credentials, Secret, unix_seconds};
use crate::error::BoxError;
use crate::ffi;
use crate::usage::UsageEvent;

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

    /// Lets clients ask this program for a bearer token, without `Bearer `: whenever a request
    /// needs one.
    pub fn bearer_token<F>(self, supply: F) -> Self
    where
        F: Fn() -> std::result::Result<String, BoxError> + Send + Sync + 'static,
    {
        unsafe extern "C" fn supply_token<F>(
            user_data: *mut c_void,
            sink: *mut sys::costmark_bearer_token_sink,
        ) -> sys::costmark_status
        where
            F: Fn() -> std::result::Result<String, BoxError>,
        {
            ffi::answered(|| {
                // SAFETY: the library keeps it for as long as it calls this.
                let supply = unsafe { ffi::kept::<F>(user_data) };
                let token = Secret(supply()?);
                let chars = ffi::chars(token.0.as_bytes());
                // SAFETY: the sink lives during the callback, and the token for the call.
                ffi::check(|error| unsafe {
                    sys::costmark_bearer_token_put(sink, chars, token.0.len(), error)
                })?;
                Ok(())
            })
        }
        self.with(|config, error| {
            let (user_data, free) = ffi::keep(supply);
            // SAFETY: the library takes `user_data` over, even if it fails.
            unsafe {
                let callback = Some(supply_token::<F> as _);
                sys::costmark_config_set_bearer_token_callback(
                    config, callback, user_data, free, error,
                )
            }
        })
    }

    /// Receives what clients have to say, line by line; without it that is not said.
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
    /// thread that ends it.
    pub fn on_usage<F>(self, receive: F) -> Self
    where
        F: Fn(&UsageEvent<'_>) + Send + Sync + 'static,
    {
        unsafe extern "C" fn receive_event<F>(
            user_data: *mut c_void,
            event: *const sys::costmark_usage_event,
        ) where
            F: Fn(&UsageEvent<'_>),
        {
            ffi::shielded((), || {
                // SAFETY: the library keeps it for as long as it calls this; the event lives until
                // this returns.
                unsafe { ffi::kept::<F>(user_data)(&UsageEvent::of(event)) };
            });
        }
        self.with(|config, error| {
            let (user_data, free) = ffi::keep(receive);
            // SAFETY: the library takes `user_data` over, even if it fails.
            unsafe {
                let callback = Some(receive_event::<F> as _);
                sys::costmark_config_set_usage_callback(config, callback, user_data, free, error)
            }
        })
    }

    /// Lets clients ask this program for the time, in place of the system.
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
