use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use super::kept::{Kept, Owned};
use crate::{AnswerHead, Client, Next, Outcome, Plan, Prepared, Usage, Wait};

type Result<T> = std::result::Result<T, crate::Error>;
type Slot = Arc<Mutex<Owned>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes requests attempts of one operation: those that carry clones of one value in their
/// extensions. [`OperationLayer`](super::OperationLayer) puts it there, above a layer that retries.
///
/// What a header says about attempts decides nothing.
#[derive(Clone, Default)]
pub struct SharedOperation(Arc<Mutex<Vec<OfClient>>>);

/// The handles of one operation of one client.
///
/// ```text
///   first ── the attempts that follow one another
///   anchor ── begun beside it, sends nothing: where attempts begin while another one is open
/// ```
struct OfClient {
    client: Client,
    first: Slot,
    anchor: Owned,
    open: usize, // attempts
}

impl SharedOperation {
    /// An operation that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// The handle for an attempt that begins now, and whether the request is new to it.
    fn open(&self, client: &Client, kept: &Arc<Kept>) -> Result<(Slot, bool)> {
        let mut operations = lock(&self.0);
        let known = operations.iter_mut().find(|of| of.client.as_ptr() == client.as_ptr());
        let Some(of) = known else {
            let first = Owned::begin(client, kept.clone())?;
            let anchor = first.beside(client, kept.clone())?;
            let first = Arc::new(Mutex::new(first));
            let slot = first.clone();
            operations.push(OfClient { client: client.clone(), first, anchor, open: 1 });
            return Ok((slot, false));
        };
        // A call that was given up may have left the handle to a thread that still waits.
        let is_free = of.open == 0 && !matches!(of.first.try_lock(), Err(TryLockError::WouldBlock));
        let opened = if is_free {
            (of.first.clone(), true)
        } else {
            (Arc::new(Mutex::new(of.anchor.beside(client, kept.clone())?)), false)
        };
        of.open += 1;
        Ok(opened)
    }

    fn count(&self, client: &Client, change: impl FnOnce(&mut usize)) {
        let mut operations = lock(&self.0);
        if let Some(of) = operations.iter_mut().find(|of| of.client.as_ptr() == client.as_ptr()) {
            change(&mut of.open);
        }
    }
}

impl fmt::Debug for SharedOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedOperation").finish_non_exhaustive()
    }
}

/// One attempt. Dropped before its answer has ended it counts as abandoned, and before it was sent
/// not at all.
pub(super) struct Attempt {
    client: Client,
    slot: Slot,
    shared: Option<SharedOperation>,
    is_open: bool,
    is_sent: bool,
    ended: Option<(Outcome, Usage)>,
}

impl Attempt {
    /// Begins one, and tells whether the request is another than the handle knows.
    pub(super) fn begin(
        client: &Client,
        shared: Option<SharedOperation>,
        kept: &Arc<Kept>,
    ) -> Result<(Self, bool)> {
        let (slot, is_new) = match &shared {
            Some(shared) => shared.open(client, kept)?,
            None => (Arc::new(Mutex::new(Owned::begin(client, kept.clone())?)), false),
        };
        let client = client.clone();
        Ok((Self { client, slot, shared, is_open: true, is_sent: false, ended: None }, is_new))
    }

    /// The one that follows this one, which has ended.
    pub(super) fn following(&self) -> Self {
        if let Some(shared) = &self.shared {
            shared.count(&self.client, |open| *open += 1);
        }
        Self {
            client: self.client.clone(),
            slot: self.slot.clone(),
            shared: self.shared.clone(),
            is_open: true,
            is_sent: false,
            ended: None,
        }
    }

    pub(super) fn prepare<T>(
        &self,
        other: Option<&Arc<Kept>>,
        wait: Wait,
        use_it: impl FnOnce(&Prepared<'_>) -> Result<T>,
    ) -> Result<T> {
        use_it(&lock(&self.slot).prepare(other, wait)?)
    }

    /// What does the waiting, wherever that is allowed.
    pub(super) fn waiting(&self) -> impl FnOnce() -> Result<()> + Send + 'static {
        let slot = self.slot.clone();
        move || lock(&slot).get().ready()
    }

    /// The same, preparing the attempt as well.
    pub(super) fn waiting_to_prepare(&self) -> impl FnOnce() -> Result<()> + Send + 'static {
        let slot = self.slot.clone();
        move || lock(&slot).prepare(None, Wait::Forever).map(drop)
    }

    /// What was prepared.
    pub(super) fn prepared<T>(&self, use_it: impl FnOnce(&Prepared<'_>) -> T) -> T {
        use_it(&lock(&self.slot).get().prepared())
    }

    pub(super) fn sent(&mut self) {
        self.is_sent = true;
        lock(&self.slot).get().sent();
    }

    pub(super) fn head(&mut self, head: &AnswerHead<'_>) -> Result<Plan> {
        lock(&self.slot).get().head(head)
    }

    pub(super) fn feed<T>(&mut self, piece: &[u8], use_it: impl FnOnce(&[u8]) -> T) -> T {
        use_it(lock(&self.slot).get().feed(piece))
    }

    /// Ends it, complete or not. Returns what was held back.
    pub(super) fn end(&mut self, failure: Option<Outcome>) -> (Vec<u8>, Next) {
        let mut owned = lock(&self.slot);
        let operation = owned.get();
        let (held_back, next) = match failure {
            None => operation.finish(),
            Some(outcome) => operation.fail(outcome),
        };
        let held_back = held_back.to_vec();
        let answer = operation.answer();
        self.ended = Some((answer.outcome(), answer.usage()));
        drop(owned);
        self.close();
        (held_back, next)
    }

    /// How it ended and what it used; before its end what is known so far.
    pub(super) fn result(&self) -> (Outcome, Usage) {
        self.ended.unwrap_or_else(|| {
            let mut owned = lock(&self.slot);
            let answer = owned.get().answer();
            (answer.outcome(), answer.usage())
        })
    }

    /// From here on another attempt may use the handle.
    fn close(&mut self) {
        if std::mem::take(&mut self.is_open)
            && let Some(shared) = &self.shared
        {
            shared.count(&self.client, |open| *open -= 1);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        // One that was not sent may wait on another thread, and leaves no trace anyway.
        if self.is_sent && self.ended.is_none() {
            self.end(Some(Outcome::Cancelled));
        }
        self.close();
    }
}
