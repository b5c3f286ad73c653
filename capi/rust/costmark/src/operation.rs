use std::fmt;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use costmark_sys as sys;

use crate::answer::{Answer, AnswerHead, Outcome};
use crate::client::Client;
use crate::ffi::{self, Result};
use crate::owned_request::OwnedRequest;
use crate::prepared::Prepared;
use crate::request::{Request, named_values};

named_values! {
    /// What to do after an attempt has ended.
    Step, sys::costmark_step_name, unknown = None,
    /// No attempt has ended.
    None = sys::COSTMARK_STEP_NONE,
    /// This was the last attempt.
    Done = sys::COSTMARK_STEP_DONE,
    /// Prepare again and send, at once.
    Again = sys::COSTMARK_STEP_AGAIN,
    /// The same after a pause, if your HTTP client does not do that.
    AfterPause = sys::COSTMARK_STEP_AFTER_PAUSE,
}

named_values! {
    /// Why.
    Reason, sys::costmark_reason_name, unknown = None,
    /// No attempt has ended.
    None = sys::COSTMARK_REASON_NONE,
    /// Done: a complete answer.
    Answered = sys::COSTMARK_REASON_ANSWERED,
    /// Done: the caller gave up.
    Cancelled = sys::COSTMARK_REASON_CANCELLED,
    /// Done: repeating would bring the same answer.
    FinalAnswer = sys::COSTMARK_REASON_FINAL_ANSWER,
    /// Done: only the credentials or the token that were refused are to be had.
    NotRenewed = sys::COSTMARK_REASON_NOT_RENEWED,
    /// Done: as many attempts as the option `max_attempts` allows.
    Exhausted = sys::COSTMARK_REASON_EXHAUSTED,
    /// Again: the service refused the credentials, the token or the clock, and others may pass; at
    /// most once in an operation.
    Refused = sys::COSTMARK_REASON_REFUSED,
    /// After a pause: status 408, 409, 429 or at least 500.
    Busy = sys::COSTMARK_REASON_BUSY,
    /// After a pause: the connection failed.
    NoAnswer = sys::COSTMARK_REASON_NO_ANSWER,
    /// After a pause, if you passed nothing on: the answer broke off.
    CutShort = sys::COSTMARK_REASON_CUT_SHORT,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Next {
    /// What.
    pub step: Step,
    /// Why.
    pub reason: Reason,
    /// Of [`Step::AfterPause`]: what Retry-After asks for, else a backoff.
    pub pause: Duration,
}

impl Next {
    fn of(raw: &sys::costmark_next) -> Self {
        Self {
            step: Step::of(raw.step),
            reason: Reason::of(raw.reason),
            pause: ffi::from_ms(raw.pause_ms),
        }
    }
}

/// How to read the body of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// More than 0: the service refuses what authenticated the request. Read up to so many bytes
    /// before you pass anything on; if the answer ends within them, finish it and look at its
    /// [`Next`].
    pub read_ahead_len: usize,
    /// And for no longer than this.
    pub read_ahead_time: Duration,
    /// [`Operation::feed`] may return other bytes than it takes: drop Content-Length.
    pub body_may_change: bool,
}

/// How long a call may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wait {
    /// As long as it takes.
    #[default]
    Forever,
    /// Not at all: [`WouldBlock`](crate::ErrorKind::WouldBlock) comes instead of I/O and callbacks.
    /// Then call [`Operation::ready`] where waiting is allowed.
    Not,
}

/// One call of the user: which project pays for it, its attempts, and what comes next.
///
/// ```
/// use costmark::{AnswerHead, Client, Header, Request, Step, Wait};
///
/// # let send = |_: &costmark::Prepared<'_>| (200, "{}");
/// # let builder = Client::builder().set("region", "us-east-1");
/// # let builder = builder.set("access_key_id", "AKIDEXAMPLE").set("secret_access_key", "secret");
/// let client = builder.set("project", "proj_abc123").build()?;
/// let url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
/// let request = Request::new("POST", url).body(r#"{"model":"openai.gpt-oss-20b"}"#);
///
/// let mut operation = client.operation(&request)?;
/// loop {
///     operation.prepare(Wait::Forever)?;
///     operation.sent();
///     let (status, body) = send(&operation.prepared()); // with your HTTP client
///     let headers = [Header::new("content-type", "application/json")];
///     operation.head(&AnswerHead::new(status).headers(&headers))?;
///     print!("{}", String::from_utf8_lossy(operation.feed(body.as_bytes())));
///     let (_rest, next) = operation.finish();
///     match next.step {
///         Step::Again => continue,
///         Step::AfterPause => std::thread::sleep(next.pause),
///         _ => break,
///     }
/// }
/// println!("{:?}", operation.answer().usage());
/// # Ok::<(), costmark::Error>(())
/// ```
///
/// Dropped, an attempt whose answer has not ended counts as cancelled, or as an error if its head
/// said 400 or more. One that was prepared and not sent leaves no trace.
///
/// It reads the request until it is dropped, unless it [owns](Client::operation_owned) it:
///
/// ```compile_fail,E0597
/// # let client = costmark::Client::builder().build().unwrap();
/// let mut operation = {
///     let body = String::from("{}");
///     let request = costmark::Request::new("POST", "https://example.com/").body(&body);
///     client.operation(&request).unwrap()
/// }; // the body ends here
/// operation.prepare(costmark::Wait::Forever).unwrap();
/// ```
///
/// One thread at a time uses it. It may move to another, and is not shared:
///
/// ```compile_fail,E0277
/// fn share(operation: &costmark::Operation<'_>) {
///     std::thread::scope(|scope| {
///         scope.spawn(|| operation.answer().outcome());
///     });
/// }
/// ```
pub struct Operation<'r> {
    handle: NonNull<sys::costmark_operation>,
    prepared: sys::costmark_prepared, // what the last `prepare` showed
    request: PhantomData<&'r [u8]>,
    keeps: Vec<Arc<dyn Shows>>, // requests that the handle reads; they end after it
}

/// What an operation can keep: its memory stays where it is for as long as it is shared.
pub(crate) trait Shows: Send + Sync {
    fn request(&self) -> Request<'_>;
}

// SAFETY: "one thread at a time": it is not Sync, so calls do not overlap.
unsafe impl Send for Operation<'_> {}

impl Client {
    /// Begins an operation: decides which project pays for a request. Does no I/O and counts
    /// nothing.
    ///
    /// # Errors
    ///
    /// * [`InvalidUrl`](crate::ErrorKind::InvalidUrl),
    ///   [`InvalidJson`](crate::ErrorKind::InvalidJson): fix the request, at the error's offset.
    /// * [`BodyNeeded`](crate::ErrorKind::BodyNeeded): read the body, and begin again with it.
    /// * [`EndpointMismatch`](crate::ErrorKind::EndpointMismatch): the request goes elsewhere than
    ///   the client; fix the URL or the options.
    /// * [`InvalidProject`](crate::ErrorKind::InvalidProject),
    ///   [`Unattributed`](crate::ErrorKind::Unattributed),
    ///   [`Conflict`](crate::ErrorKind::Conflict),
    ///   [`ProjectNotAllowed`](crate::ErrorKind::ProjectNotAllowed): name another project, or change
    ///   the policy.
    pub fn operation<'r>(&self, request: &Request<'r>) -> Result<Operation<'r>> {
        let operation = Operation::new(self)?;
        operation.begin(None, request)?;
        Ok(operation)
    }

    /// The same with a request that the operation keeps: it borrows nothing, so it may be returned,
    /// stored, or moved into a task.
    ///
    /// ```
    /// # let builder = costmark::Client::builder().set("auth", "none");
    /// # let client = builder.set("project", "proj_abc123").build()?;
    /// use costmark::{Client, Operation, OwnedRequest, Wait};
    ///
    /// fn begin(client: &Client, body: Vec<u8>) -> Result<Operation<'static>, costmark::Error> {
    ///     let url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
    ///     let request = OwnedRequest::new("POST", url).header("accept", "*/*").body(body);
    ///     client.operation_owned(request)
    /// }
    ///
    /// let mut operation = begin(&client, b"{}".to_vec())?;
    /// std::thread::spawn(move || operation.prepare(Wait::Forever).map(drop)).join().unwrap()?;
    /// # Ok::<(), costmark::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`operation`](Self::operation).
    pub fn operation_owned(&self, request: OwnedRequest) -> Result<Operation<'static>> {
        self.operation_kept(None, request.keep())
    }

    pub(crate) fn operation_kept(
        &self,
        beside: Option<&Operation<'_>>,
        kept: Arc<dyn Shows>,
    ) -> Result<Operation<'static>> {
        let mut operation = Operation::new(self)?;
        // SAFETY: the operation keeps it until its handle has ended.
        operation.begin(beside, &unsafe { forever(&*kept) }.request())?;
        operation.keeps.push(kept);
        Ok(operation)
    }

    /// The same for an attempt that starts while an attempt of another handle is open: both share
    /// the id, the count of attempts, and the one repetition after a refusal.
    ///
    /// # Errors
    ///
    /// Those of [`operation`](Self::operation).
    pub fn operation_beside<'r>(
        &self,
        other: &Operation<'_>,
        request: &Request<'r>,
    ) -> Result<Operation<'r>> {
        let operation = Operation::new(self)?;
        operation.begin(Some(other), request)?;
        Ok(operation)
    }
}

impl<'r> Operation<'r> {
    /// An idle one.
    fn new(client: &Client) -> Result<Self> {
        let handle = ffi::make(|made, error| {
            // SAFETY: the client is alive, and the places to write to live for the call.
            unsafe { sys::costmark_operation_new(client.as_ptr(), made, error) }
        })?;
        // SAFETY: a plain struct of the library's.
        let prepared = unsafe { ffi::sized() };
        Ok(Self { handle, prepared, request: PhantomData, keeps: Vec::new() })
    }

    fn begin(&self, beside: Option<&Operation<'_>>, request: &Request<'r>) -> Result<()> {
        let (this, beside) = (self.as_ptr(), beside.map(Operation::as_ptr));
        ffi::calling(|| {
            request.lend(|lent| {
                // SAFETY: the request lives for the call, and what it points to for 'r. The other
                // one is not Sync, so no other thread uses it.
                ffi::check(|error| unsafe {
                    match beside {
                        None => sys::costmark_operation_begin(this, lent, error),
                        Some(other) => {
                            sys::costmark_operation_begin_beside(this, other, lent, error)
                        }
                    }
                })
            })
        })
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::costmark_operation {
        self.handle.as_ptr()
    }

    /// Does the waiting that [`prepare`](Self::prepare) would do: fetches credentials (files, a
    /// program, the network, a callback), and proof where the option `verify` asks for it. Not
    /// while an answer is open.
    ///
    /// # Errors
    ///
    /// * [`NoCredentials`](crate::ErrorKind::NoCredentials),
    ///   [`ExpiredCredentials`](crate::ErrorKind::ExpiredCredentials): authenticate again.
    /// * [`UnusableCredentials`](crate::ErrorKind::UnusableCredentials): fix the file, variable,
    ///   profile or program that the message names.
    /// * [`Transport`](crate::ErrorKind::Transport), [`Timeout`](crate::ErrorKind::Timeout),
    ///   [`Throttled`](crate::ErrorKind::Throttled), [`Service`](crate::ErrorKind::Service):
    ///   credentials could not be fetched, and none are left.
    /// * [`Unattributed`](crate::ErrorKind::Unattributed): the option `verify` found that the
    ///   endpoint ignores the project.
    /// * [`StoppedByCallback`](crate::ErrorKind::StoppedByCallback), or the kind of an
    ///   [`Error`](crate::Error) that a callback returned.
    pub fn ready(&mut self) -> Result<()> {
        ffi::calling(|| {
            // SAFETY: what it reads of the request lives for 'r.
            ffi::check(|error| unsafe {
                sys::costmark_operation_ready(self.as_ptr(), ptr::null(), error)
            })
        })
    }

    /// Prepares the next attempt of the same request: writes the project into it and signs it. Call
    /// it for every attempt: a signature is good for some minutes. After [`Step::Again`] a failure
    /// means: pass on the answer that you have.
    ///
    /// # Errors
    ///
    /// Those of [`Client::operation`] and [`ready`](Self::ready), and
    /// [`WouldBlock`](crate::ErrorKind::WouldBlock).
    pub fn prepare(&mut self, wait: Wait) -> Result<Prepared<'_>> {
        ffi::calling(|| self.prepare_lent(ptr::null(), wait))?;
        Ok(self.prepared())
    }

    /// The same with the request as it is for this attempt: HTTP clients and SDKs rebuild it. The
    /// policies run again; the project and the scope of the first request stay.
    ///
    /// # Errors
    ///
    /// Those of [`prepare`](Self::prepare).
    pub fn prepare_with(&mut self, request: &Request<'r>, wait: Wait) -> Result<Prepared<'_>> {
        ffi::calling(|| request.lend(|lent| self.prepare_lent(lent, wait)))?;
        Ok(self.prepared())
    }

    /// As [`prepare_with`](Self::prepare_with), with a request that the operation keeps.
    ///
    /// # Errors
    ///
    /// Those of [`prepare`](Self::prepare).
    pub fn prepare_owned(&mut self, request: OwnedRequest, wait: Wait) -> Result<Prepared<'_>> {
        self.prepare_kept(request.keep(), wait)
    }

    pub(crate) fn prepare_kept(
        &mut self,
        kept: Arc<dyn Shows>,
        wait: Wait,
    ) -> Result<Prepared<'_>> {
        // Whether it succeeds or not, the handle may read it from now on.
        self.keeps.push(kept.clone());
        // SAFETY: kept until the handle has ended, or reads another one.
        let request = unsafe { forever(&*kept) }.request();
        ffi::calling(|| request.lend(|lent| self.prepare_lent(lent, wait)))?;
        self.keeps.drain(..self.keeps.len() - 1);
        Ok(self.prepared())
    }

    fn prepare_lent(&mut self, lent: *const sys::costmark_request, wait: Wait) -> Result<()> {
        // SAFETY: a plain struct of the library's.
        let mut lent_wait: sys::costmark_wait = unsafe { ffi::sized() };
        lent_wait.no_wait = u32::from(wait == Wait::Not);
        // SAFETY: what the request points to lives for 'r, the rest for the call.
        ffi::check(|error| unsafe {
            sys::costmark_operation_prepare(
                self.as_ptr(),
                lent,
                &lent_wait,
                &mut self.prepared,
                error,
            )
        })
    }

    /// What the last [`prepare`](Self::prepare) said to send; empty after the attempt's end.
    pub fn prepared(&self) -> Prepared<'_> {
        // SAFETY: the views live until the next `prepare`, which needs this borrow to have ended.
        unsafe { Prepared::of(self.prepared) }
    }

    /// The attempt is on its way: it counts, and its time starts.
    pub fn sent(&mut self) {
        // SAFETY: the handle is alive; so in all that follow.
        ffi::ending(|| unsafe { sys::costmark_operation_sent(self.as_ptr()) });
    }

    /// Takes the head of the answer, and says how to read its body.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument): the status is not one.
    pub fn head(&mut self, head: &AnswerHead<'_>) -> Result<Plan> {
        let lent = head.lend();
        // SAFETY: a plain struct of the library's.
        let mut plan: sys::costmark_answer_plan = unsafe { ffi::sized() };
        ffi::calling(|| {
            // SAFETY: the head lives for the call.
            ffi::check(|_| unsafe { sys::costmark_operation_head(self.as_ptr(), &lent, &mut plan) })
        })?;
        Ok(Plan {
            read_ahead_len: plan.read_ahead_len,
            read_ahead_time: ffi::from_ms(plan.read_ahead_ms),
            body_may_change: plan.body_may_change != 0,
        })
    }

    /// Takes the next piece of the body, cut anywhere and with its Content-Encoding undone, and
    /// returns what to pass on: the piece itself, unless costmark asked for a usage chunk that the
    /// caller did not ask for.
    pub fn feed<'p>(&'p mut self, piece: &'p [u8]) -> &'p [u8] {
        let mut pass_on = ffi::lend(piece);
        ffi::ending(|| {
            // SAFETY: the piece lives for the call. After a failure the result is the piece.
            let _ = unsafe {
                sys::costmark_operation_feed(
                    self.as_ptr(),
                    ffi::chars(piece),
                    piece.len(),
                    &mut pass_on,
                )
            };
        });
        // SAFETY: it lives as long as the piece, or until the next call, which needs the borrow of
        // `self` to have ended.
        unsafe { ffi::field_bytes(pass_on) }
    }

    /// Ends the answer: it is complete. Counts it, and returns bytes that were held back and are
    /// now to be passed on, and what to do next.
    pub fn finish(&mut self) -> (&[u8], Next) {
        self.end(|operation, piece, next| {
            // SAFETY: the places to write to live for the call.
            unsafe { sys::costmark_operation_finish(operation, piece, next) }
        })
    }

    /// Ends the answer: it was cut short, never arrived, or was abandoned. Counts it with what was
    /// seen. Returns what [`finish`](Self::finish) does.
    pub fn fail(&mut self, outcome: Outcome) -> (&[u8], Next) {
        self.end(|operation, piece, next| {
            // SAFETY: as above.
            unsafe { sys::costmark_operation_fail(operation, outcome.value(), piece, next) }
        })
    }

    fn end(
        &mut self,
        call: impl FnOnce(
            *mut sys::costmark_operation,
            *mut sys::costmark_str,
            *mut sys::costmark_next,
        ) -> sys::costmark_status,
    ) -> (&[u8], Next) {
        let mut piece = ffi::lend_optional(None);
        // SAFETY: plain structs of the library's.
        let mut next = unsafe {
            self.prepared = ffi::sized();
            ffi::sized()
        };
        ffi::ending(|| {
            // A failure leaves both empty.
            let _ = call(self.as_ptr(), &mut piece, &mut next);
        });
        // SAFETY: it lives until the next call, which needs this borrow to have ended.
        (unsafe { ffi::field_bytes(piece) }, Next::of(&next))
    }

    /// The last attempt: what is known so far, and all of it after its end.
    pub fn answer(&self) -> Answer<'_> {
        // SAFETY: the struct lives for the call, and what it shows until the next call that changes
        // the operation, which needs this borrow to have ended.
        unsafe {
            Answer::of(ffi::shown(|view| sys::costmark_operation_answer(self.as_ptr(), view)))
        }
    }
}

/// # Safety
///
/// What is referred to outlives the use of the result, and does not move.
pub(crate) unsafe fn forever<T: ?Sized>(of: &T) -> &'static T {
    // SAFETY: the caller's promise.
    unsafe { &*ptr::from_ref(of) }
}

impl Drop for Operation<'_> {
    fn drop(&mut self) {
        // SAFETY: ours, and ended once.
        ffi::ending(|| unsafe { sys::costmark_operation_free(self.as_ptr()) });
    }
}

impl fmt::Debug for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("answer", &self.answer()).finish_non_exhaustive()
    }
}
