//! What every call into C needs: texts and views, results, and what callbacks left behind.

use std::any::Any;
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, NonNull};
use std::slice;
use std::thread;
use std::time::Duration;

use costmark_sys as sys;

use crate::error::{BoxError, Error, ErrorKind};

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// A text or bytes for the length of a call.
pub(crate) fn lend(bytes: &[u8]) -> sys::costmark_str {
    sys::costmark_str { data: bytes.as_ptr().cast(), len: bytes.len() }
}

/// As `lend`; `None` is absent.
pub(crate) fn lend_optional(text: Option<&str>) -> sys::costmark_str {
    match text {
        Some(text) => lend(text.as_bytes()),
        None => sys::costmark_str { data: ptr::null(), len: 0 },
    }
}

pub(crate) fn chars(bytes: &[u8]) -> *const c_char {
    bytes.as_ptr().cast()
}

/// C's memory, without a copy.
///
/// # Safety
///
/// `data` is NULL, or points to `len` bytes that stay as they are for `'a`.
pub(crate) unsafe fn bytes<'a>(data: *const c_char, len: usize) -> &'a [u8] {
    if data.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(data.cast(), len) }
}

/// As `bytes`, of a struct's field.
///
/// # Safety
///
/// As `bytes`.
pub(crate) unsafe fn field_bytes<'a>(from: sys::costmark_str) -> &'a [u8] {
    // SAFETY: the caller's promise.
    unsafe { bytes(from.data, from.len) }
}

/// C's text, without a copy; empty should it not be UTF-8, which the library promises.
///
/// # Safety
///
/// As `bytes`.
pub(crate) unsafe fn field<'a>(from: sys::costmark_str) -> &'a str {
    // SAFETY: the caller's promise.
    str::from_utf8(unsafe { field_bytes(from) }).unwrap_or_default()
}

/// As `field`; `None` when it is absent.
///
/// # Safety
///
/// As `bytes`.
pub(crate) unsafe fn optional_field<'a>(from: sys::costmark_str) -> Option<&'a str> {
    // SAFETY: the caller's promise.
    (!from.data.is_null()).then(|| unsafe { field(from) })
}

/// A name out of one of the library's tables.
///
/// # Safety
///
/// `name` points to a static text that ends with NUL.
pub(crate) unsafe fn static_name(name: *const c_char) -> &'static str {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(name) }.to_str().unwrap_or_default()
}

/// A call's status, and where it puts its error.
pub(crate) fn check(
    call: impl FnOnce(*mut *mut sys::costmark_error) -> sys::costmark_status,
) -> Result<()> {
    let mut error = ptr::null_mut();
    let status = call(&mut error);
    if status == sys::COSTMARK_OK {
        return Ok(());
    }
    // SAFETY: a failed call has stored an error that is ours, or nothing.
    Err(unsafe { Error::take(status, error) })
}

/// A call that makes a handle.
pub(crate) fn make<T>(
    call: impl FnOnce(*mut *mut T, *mut *mut sys::costmark_error) -> sys::costmark_status,
) -> Result<NonNull<T>> {
    let mut made = ptr::null_mut();
    check(|error| call(&mut made, error))?;
    NonNull::new(made).ok_or_else(|| {
        Error::new(ErrorKind::Internal, "the library made nothing and said that all was well")
    })
}

/// A plain struct with its size set and all else zero.
///
/// # Safety
///
/// `T` is one of the library's plain structs that begin with `struct_size`.
pub(crate) unsafe fn sized<T>() -> T {
    let mut made = std::mem::MaybeUninit::<T>::zeroed();
    // SAFETY: zero is a value of every such struct, and its first field is a size_t.
    unsafe {
        made.as_mut_ptr().cast::<usize>().write(size_of::<T>());
        made.assume_init()
    }
}

/// What a call shows in a plain struct: all zero when there is nothing to show.
///
/// # Safety
///
/// `T` is one of the library's plain structs that begin with `struct_size`, and `show` fills it.
pub(crate) unsafe fn shown<T>(show: impl FnOnce(*mut T)) -> T {
    // SAFETY: the caller's promise.
    let mut view = unsafe { sized() };
    show(&mut view);
    view
}

/// An HTTP status as C counts it.
pub(crate) fn http_status(status: i32) -> Option<u16> {
    u16::try_from(status).ok().filter(|status| *status != 0)
}

/// A time span as C counts it in milliseconds; less than nothing is nothing.
pub(crate) fn from_ms(milliseconds: i64) -> Duration {
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
}

/// A time span in C's milliseconds, at least one.
pub(crate) fn to_ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis().max(1)).unwrap_or(i64::MAX)
}

/// A copy of a plain struct of which the library knows no more than its `struct_size` says; the
/// rest is zero.
///
/// # Safety
///
/// `T` is one of the library's plain structs that begin with `struct_size`, and `from` points to as
/// much of one as its `struct_size` says.
pub(crate) unsafe fn copied<T>(from: *const T) -> T {
    // SAFETY: the caller's promise.
    unsafe {
        let mut made: T = sized();
        let known = from.cast::<usize>().read().min(size_of::<T>());
        ptr::copy_nonoverlapping(from.cast::<u8>(), (&raw mut made).cast::<u8>(), known);
        made
    }
}

/// What a callback left for the call that it ran inside of.
enum Left {
    Panic(Box<dyn Any + Send>),
    Failure(BoxError),
}

thread_local! {
    static LEFT: Cell<Option<Left>> = const { Cell::new(None) };
}

fn swap_left(with: Option<Left>) -> Option<Left> {
    // Gone at the end of a thread, when handles in other thread locals may still be ended.
    LEFT.try_with(|left| left.replace(with)).ok().flatten()
}

/// Makes a call during which callbacks may run: their panics go on here, behind C, and their
/// failures become the source of the call's.
pub(crate) fn calling<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    let outer = swap_left(None);
    let result = call();
    match (swap_left(outer), result) {
        (None, result) => result,
        (Some(Left::Panic(panic)), result) => {
            drop(result);
            resume_unwind(panic)
        }
        (Some(Left::Failure(_)), Ok(value)) => Ok(value),
        (Some(Left::Failure(cause)), Err(error)) => Err(error.caused_by(cause)),
    }
}

/// As `calling`, for what cannot fail. Inside of a destructor that runs because of a panic a second
/// one would end the process, so it is dropped.
pub(crate) fn ending<T>(call: impl FnOnce() -> T) -> T {
    let outer = swap_left(None);
    let result = call();
    if let Some(Left::Panic(panic)) = swap_left(outer)
        && !thread::panicking()
    {
        resume_unwind(panic);
    }
    result
}

/// Runs a callback so that nothing unwinds into C. `stopped` is returned when it panicked.
pub(crate) fn shielded<T>(stopped: T, callback: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(callback)) {
        Ok(value) => value,
        Err(panic) => {
            leave(Left::Panic(panic));
            stopped
        }
    }
}

/// Runs a callback that may fail. The status is that of the error, if it is one of this crate's.
pub(crate) fn answered(
    callback: impl FnOnce() -> std::result::Result<(), BoxError>,
) -> sys::costmark_status {
    shielded(sys::COSTMARK_STOPPED_BY_CALLBACK, || match callback() {
        Ok(()) => sys::COSTMARK_OK,
        Err(cause) => {
            let kind =
                cause.downcast_ref::<Error>().map_or(ErrorKind::StoppedByCallback, Error::kind);
            leave(Left::Failure(cause));
            kind.status()
        }
    })
}

/// The first panic wins, and any panic over a failure.
fn leave(new: Left) {
    let kept = match swap_left(None) {
        Some(Left::Panic(panic)) => Left::Panic(panic),
        _ => new,
    };
    swap_left(Some(kept));
}

/// The `user_data` of a callback that is kept, and what ends it.
pub(crate) fn keep<F: Send + Sync + 'static>(
    callback: F,
) -> (*mut c_void, sys::costmark_free_user_data) {
    unsafe extern "C" fn free<F>(user_data: *mut c_void) {
        shielded((), || {
            // SAFETY: made below, and the library calls this once.
            drop(unsafe { Box::from_raw(user_data.cast::<F>()) });
        });
    }
    (Box::into_raw(Box::new(callback)).cast(), Some(free::<F>))
}

/// What `keep` made, inside the callback.
///
/// # Safety
///
/// `user_data` is from `keep::<F>`, and is not freed during `'a`.
pub(crate) unsafe fn kept<'a, F>(user_data: *mut c_void) -> &'a F {
    // SAFETY: the caller's promise.
    unsafe { &*user_data.cast::<F>() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_a_callback_goes_on_behind_the_call() {
        let outcome = catch_unwind(|| {
            calling(|| {
                assert_eq!(shielded(7, || panic!("first")), 7);
                assert_eq!(shielded(8, || panic!("second")), 8);
                Ok(())
            })
        });
        assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"first"));
        assert!(calling(|| Ok(1)).is_ok(), "nothing is left over");
    }

    #[test]
    fn a_failure_of_a_callback_is_the_source_of_the_calls() {
        let failed: Result<()> = calling(|| {
            assert_eq!(answered(|| Err("no".into())), sys::COSTMARK_STOPPED_BY_CALLBACK);
            Err(Error::new(ErrorKind::StoppedByCallback, "stopped"))
        });
        let source = std::error::Error::source(&failed.unwrap_err()).unwrap().to_string();
        assert_eq!(source, "no");
    }

    #[test]
    fn calls_inside_of_callbacks_keep_to_themselves() {
        let outcome: Result<()> = calling(|| {
            shielded((), || {
                let inner: Result<()> = calling(|| {
                    answered(|| Err("inner".into()));
                    Err(Error::new(ErrorKind::StoppedByCallback, "stopped"))
                });
                assert!(std::error::Error::source(&inner.unwrap_err()).is_some());
            });
            Err(Error::new(ErrorKind::Internal, "of its own"))
        });
        assert!(std::error::Error::source(&outcome.unwrap_err()).is_none());
    }

    #[test]
    fn what_is_left_for_an_outer_call_is_not_an_inner_ones() {
        let mut reached = false;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            calling(|| {
                shielded((), || panic!("outer"));
                shielded((), || {
                    assert!(calling(|| Ok(())).is_ok());
                    ending(|| ());
                    reached = true;
                });
                Ok(())
            })
        }));
        assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"outer"));
        assert!(reached);
    }

    #[test]
    fn a_kept_callback_is_ended_once() {
        let counted = std::sync::Arc::new(());
        let inside = counted.clone();
        let (user_data, free) = keep(move || drop(inside.clone()));
        assert_eq!(std::sync::Arc::strong_count(&counted), 2);
        // SAFETY: as the library does, once.
        unsafe { free.unwrap()(user_data) };
        assert_eq!(std::sync::Arc::strong_count(&counted), 1);
    }

    #[test]
    fn of_a_struct_of_an_older_library_the_rest_is_zero() {
        // SAFETY: a plain struct of the library's.
        let mut from: sys::costmark_usage = unsafe { sized() };
        (from.input_tokens, from.reasoning_tokens) = (7, 8);
        from.struct_size = std::mem::offset_of!(sys::costmark_usage, reasoning_tokens);
        // SAFETY: it is there.
        let copy = unsafe { copied(&raw const from) };
        assert_eq!((copy.input_tokens, copy.reasoning_tokens), (7, 0));
    }

    #[test]
    fn nothing_from_c_is_an_empty_view() {
        // SAFETY: NULL is allowed.
        unsafe {
            assert!(bytes(ptr::null(), 5).is_empty());
            assert_eq!(field(lend_optional(None)), "");
            assert_eq!(optional_field(lend_optional(None)), None);
            assert_eq!(optional_field(lend(b"")), Some(""));
        }
    }
}
