use costmark_sys as sys;

use crate::ffi::{self, Result};

/// Which path of a bedrock-mantle host serves a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route<'a> {
    /// `/v1`, `/openai/v1`, `/anthropic/v1`; `none`: no path serves it.
    pub path: &'a str,
    /// Where that stands: the option `routes`, or the data that ships with costmark.
    pub file: &'a str,
    /// Its line, from 1.
    pub line: u32,
    /// When that was so, such as `2026-09`.
    pub as_of: Option<&'a str>,
    /// Who says so.
    pub source: Option<&'a str>,
}

impl Route<'_> {
    /// # Safety
    ///
    /// `raw` is what the library filled in, and what it shows lives as long as the result.
    pub(crate) unsafe fn of(raw: &sys::costmark_route) -> Option<Self> {
        // SAFETY: the caller's promise.
        unsafe {
            Some(Self {
                path: ffi::optional_field(raw.path)?,
                file: ffi::field(raw.file),
                line: raw.line,
                as_of: ffi::optional_field(raw.as_of),
                source: ffi::optional_field(raw.source),
            })
        }
    }
}

/// Checks a project id, or a project's ARN that ends in one: letters, digits, `_` and `-`, 1 to 128
/// characters, and not `default`.
///
/// ```
/// assert!(costmark::check_project("proj_abc123").is_ok());
/// assert_eq!(costmark::check_project("proj abc").unwrap_err().offset(), Some(4));
/// ```
///
/// # Errors
///
/// [`InvalidProject`](crate::ErrorKind::InvalidProject): the message says what is wrong, and the
/// [`offset`](crate::Error::offset) where.
pub fn check_project(id: &str) -> Result<()> {
    let chars = ffi::chars(id.as_bytes());
    // SAFETY: the text lives for the call.
    ffi::check(|error| unsafe { sys::costmark_project_check(chars, id.len(), error) })
}
