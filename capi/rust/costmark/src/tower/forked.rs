//! Locks that do not hang in a forked child, in which the threads that held them are gone.

use std::mem::ManuallyDrop;
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// A value that threads use one at a time.
pub(super) struct Guarded<T> {
    value: Mutex<T>,
    made_in: u32,
}

impl<T> Guarded<T> {
    pub(super) fn new(value: T) -> Self {
        Self { value: Mutex::new(value), made_in: process::id() }
    }

    /// `None` if a thread of the parent process was using it when this process was forked.
    pub(super) fn lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.value.try_lock() {
            Ok(value) => Some(value),
            Err(TryLockError::Poisoned(value)) => Some(value.into_inner()),
            Err(TryLockError::WouldBlock) if self.made_in == process::id() => {
                Some(self.value.lock().unwrap_or_else(PoisonError::into_inner))
            }
            Err(TryLockError::WouldBlock) => None,
        }
    }

    pub(super) fn is_in_use(&self) -> bool {
        matches!(self.value.try_lock(), Err(TryLockError::WouldBlock))
    }
}

impl<T: Default> Default for Guarded<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// A value of each process: a forked child makes its own, and never touches its parent's.
///
/// ```text
///   parent ──► child ──► its child ...      the first of this process is the one in force
/// ```
pub(super) struct PerProcess<T>(Of<T>);

struct Of<T> {
    process: u32,
    value: ManuallyDrop<T>,
    next: AtomicPtr<Of<T>>,
}

impl<T: Default> PerProcess<T> {
    pub(super) fn get(&self) -> &T {
        let process = process::id();
        let mut of = &self.0;
        while of.process != process {
            of = of.next(process);
        }
        &of.value
    }
}

impl<T: Default> Default for PerProcess<T> {
    fn default() -> Self {
        Self(Of::new(process::id()))
    }
}

impl<T: Default> Of<T> {
    fn new(process: u32) -> Self {
        let (value, next) = (ManuallyDrop::new(T::default()), AtomicPtr::default());
        Self { process, value, next }
    }

    /// The one after this, which is made if there is none. A lock might be held by a thread that
    /// is gone.
    fn next(&self, process: u32) -> &Self {
        let mut next = self.next.load(Ordering::Acquire);
        if next.is_null() {
            let made = Box::into_raw(Box::new(Self::new(process)));
            next = match self.next.compare_exchange(
                ptr::null_mut(),
                made,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => made,
                Err(of_another_thread) => {
                    // SAFETY: made above, and seen by nothing else.
                    drop(unsafe { Box::from_raw(made) });
                    of_another_thread
                }
            };
        }
        // SAFETY: it lives as long as this one, which never loses it.
        unsafe { &*next }
    }
}

impl<T> Drop for Of<T> {
    fn drop(&mut self) {
        if self.process == process::id() {
            // SAFETY: dropped here and nowhere else.
            unsafe { ManuallyDrop::drop(&mut self.value) };
        }
        let next = *self.next.get_mut();
        if !next.is_null() {
            // SAFETY: from a Box, and nothing else drops it.
            drop(unsafe { Box::from_raw(next) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_process_left_locked_is_not_waited_for() {
        let mut guarded = Guarded::new(1);
        let held = std::mem::ManuallyDrop::new(guarded.value.lock().unwrap());
        assert!(guarded.is_in_use());
        drop(ManuallyDrop::into_inner(held));
        assert_eq!(guarded.lock().as_deref(), Some(&1));
        guarded.made_in += 1; // as in a forked child
        let held = guarded.value.lock().unwrap();
        assert!(guarded.lock().is_none());
        drop(held);
        assert_eq!(guarded.lock().as_deref(), Some(&1), "it was not in use");
    }

    #[test]
    fn another_process_gets_a_value_of_its_own_and_drops_no_other() {
        let of_parent = std::sync::Arc::new(());
        let kept = of_parent.clone();
        let mut value: PerProcess<Mutex<Option<std::sync::Arc<()>>>> = PerProcess::default();
        *value.get().lock().unwrap() = Some(kept);
        value.0.process += 1; // as in a forked child
        assert!(value.get().lock().unwrap().is_none());
        assert!(ptr::eq(value.get(), value.get()), "it is made once");
        drop(value);
        assert_eq!(std::sync::Arc::strong_count(&of_parent), 2);
    }
}
