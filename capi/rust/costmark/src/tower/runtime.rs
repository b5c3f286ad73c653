use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot, watch};

use super::forked::PerProcess;
use crate::{Error, ErrorKind};

type Result<T> = std::result::Result<T, Error>;
type Fetched = Option<Result<()>>; // None: it is under way

/// What a [`Layer`](super::Layer) needs of the program's async runtime.
pub trait Runtime: Send + Sync + 'static {
    /// Runs work that may block, such as the fetching of credentials.
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>);

    /// Lasts for a time.
    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The tokio runtime that a call is polled on, with its time driver enabled. Outside of a runtime,
/// work blocks the thread that polls, and sleeping takes no time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tokio;

impl Runtime for Tokio {
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(work)),
            Err(_) => work(),
        }
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match tokio::runtime::Handle::try_current() {
            Ok(_) => Box::pin(tokio::time::sleep(time)),
            Err(_) => Box::pin(std::future::ready(())),
        }
    }
}

/// How many threads wait at most, for what cannot be shared.
const MOST_THREADS: usize = 16;

/// Does the waiting of all calls of a layer.
///
/// ```text
///   a call that would block ── no fetch under way ── leads one, on a thread that may block
///                          └── one is under way ──── follows: waits for its result, on no thread
/// ```
pub(super) struct Waiting {
    runtime: Box<dyn Runtime>,
    // The threads of a parent process fetch nothing for a forked child.
    here: PerProcess<Here>,
}

struct Here {
    under_way: Mutex<Option<watch::Receiver<Fetched>>>,
    threads: Arc<Semaphore>,
}

impl Default for Here {
    fn default() -> Self {
        Self { under_way: Mutex::default(), threads: Arc::new(Semaphore::new(MOST_THREADS)) }
    }
}

/// Ends a fetch, whatever becomes of it.
struct Lead {
    waiting: Arc<Waiting>,
    result: watch::Sender<Fetched>,
}

impl Lead {
    fn finish(self, result: &Result<()>) {
        *self.waiting.under_way() = None; // who comes now fetches anew
        let _ = self.result.send(Some(result.clone()));
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        let mut under_way = self.waiting.under_way();
        let is_this = |other: &watch::Receiver<_>| other.same_channel(&self.result.subscribe());
        if under_way.as_ref().is_some_and(is_this) {
            *under_way = None;
        }
    }
}

impl Waiting {
    pub(super) fn new(runtime: Box<dyn Runtime>) -> Self {
        Self { runtime, here: PerProcess::default() }
    }

    fn under_way(&self) -> MutexGuard<'_, Option<watch::Receiver<Fetched>>> {
        self.here.get().under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches, or waits for the fetch that is under way. Afterwards what was lacking is probably
    /// there.
    pub(super) async fn share(
        self: &Arc<Self>,
        fetch: impl FnOnce() -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let lead = {
            let mut under_way = self.under_way();
            match &*under_way {
                Some(result) => Err(result.clone()),
                None => {
                    let (result, followers) = watch::channel(None);
                    *under_way = Some(followers);
                    Ok(Lead { waiting: self.clone(), result })
                }
            }
        };
        match lead {
            Ok(lead) => {
                let work = move || {
                    let result = fetch();
                    lead.finish(&result);
                    result
                };
                self.blocking(work).await?
            }
            Err(mut led) => match led.wait_for(Option::is_some).await.as_deref() {
                Ok(Some(Err(error))) if concerns_all(error.kind()) => Err(error.clone()),
                _ => Ok(()),
            },
        }
    }

    /// Waits for what is a call's own.
    pub(super) async fn alone(
        &self,
        wait: impl FnOnce() -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let thread = self.here.get().threads.clone().acquire_owned().await;
        self.blocking(move || {
            let _held_until_it_returns = thread;
            wait()
        })
        .await?
    }

    /// Runs work of which no call needs the result.
    pub(super) fn aside(&self, work: impl FnOnce() + Send + 'static) {
        self.runtime.spawn_blocking(Box::new(move || drop(catch_unwind(AssertUnwindSafe(work)))));
    }

    /// A panic of the work goes on here.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let (done, result) = oneshot::channel();
        self.runtime.spawn_blocking(Box::new(move || {
            let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
        }));
        match result.await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(Error::new(ErrorKind::Internal, "the async runtime is shutting down")),
        }
    }

    pub(super) fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.runtime.sleep(time)
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").finish_non_exhaustive()
    }
}

/// Whether a failure to fetch credentials is that of every call: not what the proof of one
/// endpoint has shown.
fn concerns_all(kind: ErrorKind) -> bool {
    use ErrorKind::{
        ExpiredCredentials, NoCredentials, Service, StoppedByCallback, Throttled, Timeout,
        Transport, UnusableCredentials,
    };
    matches!(
        kind,
        NoCredentials
            | ExpiredCredentials
            | UnusableCredentials
            | Transport
            | Timeout
            | Throttled
            | Service
            | StoppedByCallback
    )
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::thread;

    use super::*;

    type Work = Box<dyn FnOnce() + Send>;

    /// Parks the work until it is told to run it.
    #[derive(Clone, Default)]
    struct Parked(Arc<Mutex<Vec<Work>>>);

    impl Runtime for Parked {
        fn spawn_blocking(&self, work: Work) {
            self.0.lock().unwrap().push(work);
        }

        fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(std::future::pending())
        }
    }

    impl Parked {
        fn waiting(&self) -> Arc<Waiting> {
            Arc::new(Waiting::new(Box::new(self.clone())))
        }

        fn take(&self) -> Vec<Work> {
            std::mem::take(&mut *self.0.lock().unwrap())
        }
    }

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn failure(kind: ErrorKind) -> Result<()> {
        Err(Error::new(kind, "no"))
    }

    #[test]
    fn one_fetches_and_the_others_hold_no_thread() {
        let parked = Parked::default();
        let waiting = parked.waiting();
        let mut leader = pin!(waiting.share(|| Ok(())));
        assert!(poll(leader.as_mut()).is_pending());
        let mut followers: Vec<_> =
            (0..600).map(|_| Box::pin(waiting.share(|| panic!("a second fetch")))).collect();
        assert!(followers.iter_mut().all(|follower| poll(follower.as_mut()).is_pending()));
        let mut work = parked.take();
        assert_eq!(work.len(), 1);
        thread::spawn(work.remove(0)).join().unwrap();
        assert!(matches!(poll(leader), Poll::Ready(Ok(()))));
        for mut follower in followers {
            assert!(matches!(poll(follower.as_mut()), Poll::Ready(Ok(()))));
        }
        assert!(poll(pin!(waiting.share(|| Ok(())))).is_pending(), "the next one is another");
        assert_eq!(parked.take().len(), 1);
    }

    #[test]
    fn followers_share_what_concerns_them() {
        for (kind, is_shared) in
            [(ErrorKind::NoCredentials, true), (ErrorKind::Unattributed, false)]
        {
            let parked = Parked::default();
            let waiting = parked.waiting();
            let mut leader = pin!(waiting.share(move || failure(kind)));
            let mut follower = pin!(waiting.share(|| panic!("a second fetch")));
            assert!(poll(leader.as_mut()).is_pending() && poll(follower.as_mut()).is_pending());
            parked.take().into_iter().for_each(|work| work());
            assert!(matches!(poll(leader), Poll::Ready(Err(error)) if error.kind() == kind));
            let Poll::Ready(followed) = poll(follower) else { panic!("{kind}") };
            assert_eq!(followed.is_err(), is_shared, "{kind}");
        }
    }

    #[test]
    fn a_leader_that_gives_up_does_not_stop_the_fetch() {
        let parked = Parked::default();
        let waiting = parked.waiting();
        let mut leader = Box::pin(waiting.share(|| Ok(())));
        let mut follower = pin!(waiting.share(|| panic!("a second fetch")));
        assert!(poll(leader.as_mut()).is_pending() && poll(follower.as_mut()).is_pending());
        drop(leader);
        parked.take().into_iter().for_each(|work| work());
        assert!(matches!(poll(follower), Poll::Ready(Ok(()))));
    }

    #[test]
    fn work_that_panics_or_is_dropped_frees_the_followers() {
        let parked = Parked::default();
        let waiting = parked.waiting();
        for panics in [true, false] {
            let mut leader = Box::pin(waiting.share(|| panic!("on purpose")));
            let mut follower = pin!(waiting.share(|| Ok(())));
            assert!(poll(leader.as_mut()).is_pending() && poll(follower.as_mut()).is_pending());
            let work = parked.take();
            if panics {
                work.into_iter().for_each(|work| work());
                let caught = catch_unwind(AssertUnwindSafe(|| poll(leader.as_mut())));
                assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"on purpose"));
            } else {
                drop(work);
                let Poll::Ready(Err(error)) = poll(leader.as_mut()) else { panic!("it waits on") };
                assert_eq!(error.kind(), ErrorKind::Internal);
            }
            assert!(matches!(poll(follower), Poll::Ready(Ok(()))));
        }
    }

    #[test]
    fn what_is_waited_for_alone_takes_so_many_threads() {
        let parked = Parked::default();
        let waiting = parked.waiting();
        let mut calls: Vec<_> =
            (0..2 * MOST_THREADS).map(|_| Box::pin(waiting.alone(|| Ok(())))).collect();
        let mut done = 0;
        for _ in 0..2 {
            done += calls.iter_mut().map(|call| poll(call.as_mut())).filter(Poll::is_ready).count();
            calls.drain(..done);
            assert_eq!(parked.0.lock().unwrap().len(), MOST_THREADS);
            parked.take().into_iter().for_each(|work| work());
        }
        assert!(calls.iter_mut().all(|call| poll(call.as_mut()).is_ready()));
        assert_eq!(done, MOST_THREADS);
    }
}
