use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;

type Work = Box<dyn FnOnce() + Send>;

/// Runs work where it may block, and waits for it without blocking.
#[derive(Clone)]
pub(super) struct Offload {
    spawn: Arc<dyn Fn(Work) + Send + Sync>,
}

/// Where the result is handed over.
struct Meeting<T> {
    result: Option<Option<thread::Result<T>>>, // Some(None): the work was dropped instead of run
    waker: Option<Waker>,
}

/// The worker's side: hands over something, whatever becomes of the work.
struct Worker<T>(Arc<Mutex<Meeting<T>>>);

impl<T> Worker<T> {
    fn hand_over(&self, result: Option<thread::Result<T>>) {
        let mut meeting = lock(&self.0);
        if meeting.result.is_none() {
            meeting.result = Some(result);
        }
        let waker = meeting.waker.take();
        drop(meeting);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Worker<T> {
    fn drop(&mut self) {
        self.hand_over(None);
    }
}

impl Offload {
    pub(super) fn new(spawn: impl Fn(Work) + Send + Sync + 'static) -> Self {
        Self { spawn: Arc::new(spawn) }
    }

    /// `None`: it was never run, as when a runtime shuts down. A panic goes on here.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let meeting = Arc::new(Mutex::new(Meeting { result: None, waker: None }));
        let worker = Worker(meeting.clone());
        (self.spawn)(Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(work));
            worker.hand_over(Some(result));
        }));
        let result = poll_fn(|context| {
            let mut meeting = lock(&meeting);
            match meeting.result.take() {
                Some(result) => Poll::Ready(result),
                None => {
                    meeting.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        });
        match result.await? {
            Ok(value) => Some(value),
            Err(panic) => resume_unwind(panic),
        }
    }
}

fn lock<T>(meeting: &Mutex<Meeting<T>>) -> MutexGuard<'_, Meeting<T>> {
    meeting.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::Context;

    use super::*;

    fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn what_is_run_at_once_is_there_at_once() {
        assert_eq!(poll(Offload::new(|work| work()).run(|| 7)), Poll::Ready(Some(7)));
    }

    #[test]
    fn what_is_dropped_is_known_to_be() {
        assert_eq!(poll(Offload::new(drop).run(|| 7)), Poll::Ready(None));
    }

    #[test]
    fn a_panic_goes_on_where_it_is_awaited() {
        let offload = Offload::new(|work| work());
        let caught = catch_unwind(AssertUnwindSafe(|| poll(offload.run(|| panic!("oh")))));
        assert_eq!(caught.map(|_: Poll<Option<()>>| ()).unwrap_err().downcast_ref(), Some(&"oh"));
    }

    #[test]
    fn another_thread_wakes_who_waits() {
        let parked: Arc<Mutex<Vec<Work>>> = Arc::default();
        let offload = Offload::new({
            let parked = parked.clone();
            move |work| parked.lock().unwrap().push(work)
        });
        let mut run = pin!(offload.run(|| "done"));
        let mut context = Context::from_waker(Waker::noop());
        assert!(run.as_mut().poll(&mut context).is_pending());
        let work = parked.lock().unwrap().pop().unwrap();
        thread::spawn(work).join().unwrap();
        assert_eq!(run.as_mut().poll(&mut context), Poll::Ready(Some("done")));
    }
}
