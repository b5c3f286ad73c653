//! Edits of one member of a JSON object, everything else byte for byte as it was: order, white
//! space, escapes, the spelling of numbers. A member that occurs twice ends up once.
//!
//! A path is names from the root, separated by dots, such as `stream_options.include_usage`; a
//! backslash keeps the next character literal.
//!
//! ```
//! use costmark::json::{self, Reading};
//!
//! let edited = json::set(br#"{"n": 1.50}"#, "project_id", br#""proj_a""#, Reading::Lenient)?;
//! assert_eq!(edited, br#"{"project_id":"proj_a","n": 1.50}"#);
//! # Ok::<(), costmark::Error>(())
//! ```

use std::ffi::c_char;

use costmark_sys as sys;

use crate::error::{Error, ErrorKind};
use crate::ffi::{self, Result};

/// How an edit reads its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Reading {
    /// It checks no more than it has to, and never turns invalid text into valid text or valid into
    /// invalid.
    #[default]
    Lenient,
    /// Exactly the texts of RFC 8259 pass.
    Strict,
}

/// Gives a member a value, which is one complete JSON text. Parents that are not there are made.
///
/// # Errors
///
/// [`ErrorKind::InvalidJson`]: fix the text at the error's [`offset`](Error::offset).
pub fn set(object: &[u8], path: &str, value: &[u8], reading: Reading) -> Result<Vec<u8>> {
    // SAFETY: takes nothing but lengths.
    let bound = unsafe { sys::costmark_json_set_bound(object.len(), path.len(), value.len()) };
    let what = lend(object, path, value, reading);
    edit(bound, |buffer, capacity, len, error| {
        // SAFETY: the inputs live for the call, and the buffer holds `capacity` bytes.
        unsafe { sys::costmark_json_set(&what, buffer, capacity, len, error) }
    })
}

/// Removes every occurrence of a member. One that is not there is not an error.
///
/// # Errors
///
/// Those of [`set`].
pub fn remove(object: &[u8], path: &str, reading: Reading) -> Result<Vec<u8>> {
    let what = lend(object, path, &[], reading);
    edit(object.len(), |buffer, capacity, len, error| {
        // SAFETY: as above.
        unsafe { sys::costmark_json_remove(&what, buffer, capacity, len, error) }
    })
}

fn lend(object: &[u8], path: &str, value: &[u8], reading: Reading) -> sys::costmark_json_edit {
    // SAFETY: a plain struct of the library's.
    let mut lent: sys::costmark_json_edit = unsafe { ffi::sized() };
    lent.json = ffi::lend(object);
    lent.path = ffi::lend(path.as_bytes());
    lent.value = ffi::lend(value);
    lent.strict = u32::from(reading == Reading::Strict);
    lent
}

fn edit(
    bound: usize,
    call: impl FnOnce(
        *mut c_char,
        usize,
        *mut usize,
        *mut *mut sys::costmark_error,
    ) -> sys::costmark_status,
) -> Result<Vec<u8>> {
    let mut edited: Vec<u8> = Vec::new();
    edited.try_reserve_exact(bound).map_err(|_| {
        Error::new(ErrorKind::OutOfMemory, "there is no memory for the edited text")
    })?;
    let mut len = 0;
    ffi::check(|error| call(edited.as_mut_ptr().cast(), bound, &mut len, error))?;
    assert!(len <= bound, "costmark wrote beyond the capacity it was given");
    // SAFETY: the call has written that many bytes.
    unsafe { edited.set_len(len) };
    Ok(edited)
}
