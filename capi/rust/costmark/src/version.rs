use costmark_sys as sys;

use crate::ffi;

/// The version of the C library that is running, such as `0.1.0`.
pub fn version() -> &'static str {
    // SAFETY: a static text.
    unsafe { ffi::static_name(sys::costmark_version()) }
}

/// Whether the C library that is running contains a feature, such as `operation`. The names are in
/// `costmark.h`.
pub fn has_feature(name: &str) -> bool {
    // SAFETY: the name lives for the call.
    unsafe { sys::costmark_has_feature(ffi::chars(name.as_bytes()), name.len()) }
}

/// How many handles, errors included, this copy of the library has made that have not ended. For
/// tests that look for leaks.
pub fn live_handles() -> usize {
    // SAFETY: takes nothing.
    unsafe { sys::costmark_live_handles() }
}
