use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::forked::Guarded;
use super::kept::Kept;
use crate::attribution::Attribution;
use crate::{
    AnswerHead, Client, ErrorKind, Next, Operation, Outcome, Plan, Prepared, Reason, Step, Usage,
    Wait,
};

type Result<T> = std::result::Result<T, crate::Error>;
type Slot = Arc<Guarded<Operation<'static>>>;

/// Makes requests attempts of one operation: those that carry clones of one value in their
/// extensions. [`OperationLayer`](super::OperationLayer) puts it there, above a layer that retries.
///
/// What a header says about attempts decides nothing.
#[derive(Clone, Default)]
pub struct SharedOperation(Arc<Guarded<Vec<OfClient>>>);

/// The handles of one operation of one client.
///
/// ```text
///   first ── the attempts that follow one another
///   anchor ── begun beside it, sends nothing: where attempts begin while another one is open
/// ```
struct OfClient {
    client: Client,
    first: Slot,
    anchor: Operation<'static>,
    open: usize, // attempts
}

impl SharedOperation {
    /// An operation that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// The handle for an attempt that begins now, and whether the request is new to it.
    fn open(&self, client: &Client, kept: &Arc<Kept>) -> Result<(Slot, bool)> {
        let Some(mut operations) = self.0.lock() else {
            return Ok((begin(client, kept)?, false)); // this process joins no call of its parent
        };
        let known = operations.iter_mut().find(|of| of.client.as_ptr() == client.as_ptr());
        let Some(of) = known else {
            let first = client.operation_kept(None, kept.clone())?;
            let anchor = client.operation_kept(Some(&first), kept.clone())?;
            let first = Arc::new(Guarded::new(first));
            let slot = first.clone();
            operations.push(OfClient { client: client.clone(), first, anchor, open: 1 });
            return Ok((slot, false));
        };
        // A call that was given up may have left the handle to a thread that still waits.
        let opened = if of.open == 0 && !of.first.is_in_use() {
            (of.first.clone(), true)
        } else {
            let beside = client.operation_kept(Some(&of.anchor), kept.clone())?;
            (Arc::new(Guarded::new(beside)), false)
        };
        of.open += 1;
        Ok(opened)
    }

    fn count(&self, client: &Client, change: impl FnOnce(&mut usize)) {
        let Some(mut operations) = self.0.lock() else { return };
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

fn begin(client: &Client, kept: &Arc<Kept>) -> Result<Slot> {
    Ok(Arc::new(Guarded::new(client.operation_kept(None, kept.clone())?)))
}

fn left_behind() -> crate::Error {
    crate::Error::new(
        ErrorKind::Internal,
        "another thread was using this call when the process was forked; begin it anew",
    )
}

/// One attempt. Dropped before its answer has ended it counts as abandoned, and before it was sent
/// not at all.
pub(super) struct Attempt {
    client: Client,
    slot: Slot,
    shared: Option<SharedOperation>,
    waits: Option<Arc<()>>, // while something waits for it elsewhere
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
            None => (begin(client, kept)?, false),
        };
        Ok((Self::of(client.clone(), slot, shared), is_new))
    }

    fn of(client: Client, slot: Slot, shared: Option<SharedOperation>) -> Self {
        Self { client, slot, shared, waits: None, is_open: true, is_sent: false, ended: None }
    }

    /// The one that follows this one, which has ended.
    pub(super) fn following(&self) -> Self {
        if let Some(shared) = &self.shared {
            shared.count(&self.client, |open| *open += 1);
        }
        Self::of(self.client.clone(), self.slot.clone(), self.shared.clone())
    }

    pub(super) fn prepare<T>(
        &self,
        other: Option<&Arc<Kept>>,
        wait: Wait,
        use_it: impl FnOnce(&Prepared<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut operation = self.slot.lock().ok_or_else(left_behind)?;
        use_it(&match other {
            Some(kept) => operation.prepare_kept(kept.clone(), wait)?,
            None => operation.prepare(wait)?,
        })
    }

    /// What does the waiting, wherever that is allowed. Others wait for it too: if this attempt is
    /// given up before that begins, it does so for them alone.
    pub(super) fn waiting(
        &mut self,
        kept: &Arc<Kept>,
    ) -> impl FnOnce() -> Result<()> + Send + 'static {
        let (client, kept) = (self.client.clone(), kept.clone());
        let wanted = self.wanted();
        move || match wanted(&mut Operation::ready) {
            Some(result) => result,
            None => client.operation_kept(None, kept)?.ready(),
        }
    }

    /// The same, preparing the attempt as well, which no other one waits for.
    pub(super) fn waiting_to_prepare(&mut self) -> impl FnOnce() -> Result<()> + Send + 'static {
        let wanted = self.wanted();
        move || {
            let prepare = &mut |operation: &mut Operation<'static>| {
                operation.prepare(Wait::Forever).map(drop)
            };
            wanted(prepare).unwrap_or(Ok(()))
        }
    }

    /// Runs something with the operation for as long as this attempt lives. Afterwards the handle may
    /// be that of another attempt, which must not wait for this.
    fn wanted(&mut self) -> impl FnOnce(Use<'_>) -> Option<Result<()>> + Send + 'static {
        let alive: Weak<()> = Arc::downgrade(self.waits.get_or_insert_default());
        let slot = self.slot.clone();
        move |use_it| {
            let mut operation = slot.lock()?;
            (alive.strong_count() > 0).then(|| use_it(&mut operation))
        }
    }

    /// What was prepared.
    pub(super) fn prepared<T>(&self, use_it: impl FnOnce(&Prepared<'_>) -> Result<T>) -> Result<T> {
        use_it(&self.slot.lock().ok_or_else(left_behind)?.prepared())
    }

    pub(super) fn sent(&mut self) {
        self.is_sent = true;
        if let Some(mut operation) = self.slot.lock() {
            operation.sent();
        }
    }

    pub(super) fn head(&mut self, head: &AnswerHead<'_>) -> Result<(Plan, Attribution)> {
        let mut operation = self.slot.lock().ok_or_else(left_behind)?;
        let plan = operation.head(head)?;
        Ok((plan, Attribution::of(&operation.answer())))
    }

    pub(super) fn feed<T>(&mut self, piece: &[u8], use_it: impl FnOnce(&[u8]) -> T) -> T {
        match self.slot.lock() {
            Some(mut operation) => use_it(operation.feed(piece)),
            None => use_it(piece),
        }
    }

    /// Ends it, complete or not. Returns what was held back.
    pub(super) fn end(&mut self, failure: Option<Outcome>) -> (Vec<u8>, Next) {
        let nothing = Next { step: Step::None, reason: Reason::None, pause: Duration::ZERO };
        let mut ended = (Vec::new(), nothing);
        let mut result = (Outcome::Unknown, Usage::default());
        if let Some(mut operation) = self.slot.lock() {
            let (held_back, next) = match failure {
                None => operation.finish(),
                Some(outcome) => operation.fail(outcome),
            };
            ended = (held_back.to_vec(), next);
            let answer = operation.answer();
            result = (answer.outcome(), answer.usage());
        }
        self.ended = Some(result);
        self.close();
        ended
    }

    /// How it ended and what it used; before its end what is known so far.
    pub(super) fn result(&self) -> (Outcome, Usage) {
        self.ended.unwrap_or_else(|| match self.slot.lock() {
            Some(operation) => {
                let answer = operation.answer();
                (answer.outcome(), answer.usage())
            }
            None => (Outcome::Unknown, Usage::default()),
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

type Use<'a> = &'a mut dyn FnMut(&mut Operation<'static>) -> Result<()>;

impl Drop for Attempt {
    fn drop(&mut self) {
        self.waits = None; // before the handle is another attempt's
        // One that was not sent may wait on another thread, and leaves no trace anyway.
        if self.is_sent && self.ended.is_none() {
            self.end(Some(Outcome::Cancelled));
        }
        self.close();
    }
}
