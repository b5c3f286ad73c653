use std::ffi::{c_char, c_void};
use std::fmt;
use std::ptr;
use std::time::Duration;

use costmark_sys as sys;

use crate::cancel::Cancel;
use crate::error::BoxError;
use crate::ffi::{self, Result};
use crate::operation::Operation;
use crate::response::Response;

type OnHead<'a> = &'a mut dyn FnMut(&Response<'_>) -> std::result::Result<(), BoxError>;
type OnBody<'a> = &'a mut dyn FnMut(&[u8]) -> std::result::Result<(), BoxError>;

/// How to send.
#[must_use = "options do nothing until they are sent with"]
#[derive(Default)]
pub struct SendOptions<'a> {
    hooks: Hooks<'a>,
    cancel: Option<&'a Cancel>,
    timeout: Option<Duration>,
    max_attempts: u32,
}

#[derive(Default)]
struct Hooks<'a> {
    on_head: Option<OnHead<'a>>,
    on_body: Option<OnBody<'a>>,
}

impl<'a> SendOptions<'a> {
    /// As the client's options say, the body gathered in the response.
    pub fn new() -> Self {
        Self::default()
    }

    /// Called once, before any piece of the body: an answer with a status below 300 has begun. An
    /// error stops the send, and is the source of the one that it fails with.
    pub fn on_head(mut self, receive: OnHead<'a>) -> Self {
        self.hooks.on_head = Some(receive);
        self
    }

    /// Called with each piece of the body of an answer with a status below 300, as it comes. An
    /// error stops the send, and is the source of the one that it fails with.
    pub fn on_body(mut self, receive: OnBody<'a>) -> Self {
        self.hooks.on_body = Some(receive);
        self
    }

    /// What stops it from elsewhere.
    pub fn cancel(mut self, cancel: &'a Cancel) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// For all attempts and pauses, in place of the option `timeout_ms`. Counted in milliseconds, at
    /// least one.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// From 1 to 100, in place of the option `max_attempts`.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    fn lend(&mut self) -> sys::costmark_send_options {
        // SAFETY: a plain struct of the library's.
        let mut lent: sys::costmark_send_options = unsafe { ffi::sized() };
        lent.on_head = self.hooks.on_head.is_some().then_some(receive_head as _);
        lent.on_body = self.hooks.on_body.is_some().then_some(receive_body as _);
        lent.user_data = (&raw mut self.hooks).cast();
        lent.cancel = self.cancel.map_or(ptr::null_mut(), Cancel::as_ptr);
        lent.timeout_ms = self.timeout.map_or(0, ffi::to_ms);
        lent.max_attempts = self.max_attempts;
        lent
    }
}

impl fmt::Debug for SendOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendOptions")
            .field("cancel", &self.cancel)
            .field("timeout", &self.timeout)
            .field("max_attempts", &self.max_attempts)
            .finish_non_exhaustive()
    }
}

unsafe extern "C" fn receive_head(
    user_data: *mut c_void,
    response: *const sys::costmark_response,
) -> sys::costmark_status {
    ffi::answered(|| {
        // SAFETY: the hooks live for the call of send, and nothing else uses them meanwhile.
        let hooks = unsafe { &mut *user_data.cast::<Hooks<'_>>() };
        match &mut hooks.on_head {
            Some(receive) => {
                // SAFETY: it lives until this returns; the library may know less of it than is
                // bound.
                let response = unsafe { Response::of(ffi::copied(response)) };
                receive(&response)
            }
            None => Ok(()),
        }
    })
}

unsafe extern "C" fn receive_body(
    user_data: *mut c_void,
    data: *const c_char,
    len: usize,
) -> sys::costmark_status {
    ffi::answered(|| {
        // SAFETY: the hooks live for the call of send, and nothing else uses them meanwhile; the
        // piece lives until this returns.
        let (hooks, piece) =
            unsafe { (&mut *user_data.cast::<Hooks<'_>>(), ffi::bytes(data, len)) };
        match &mut hooks.on_body {
            Some(receive) => receive(piece),
            None => Ok(()),
        }
    })
}

impl Operation<'_> {
    /// Sends the request over the library's own libcurl, and receives its answer. Makes up to
    /// `max_attempts` attempts, each prepared and signed anew. Blocks until the answer is complete,
    /// its attempts or its time are used up, or it is stopped.
    ///
    /// ```no_run
    /// use costmark::{Client, Request, SendOptions};
    /// use std::io::Write;
    ///
    /// let client = Client::builder().set("project", "proj_abc123").build()?;
    /// let headers = [costmark::Header::new("content-type", "application/json")];
    /// let url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
    /// let request = Request::new("POST", url)
    ///     .headers(&headers)
    ///     .body(r#"{"model":"openai.gpt-oss-20b","stream":true,"messages":[]}"#);
    ///
    /// let mut operation = client.operation(&request)?;
    /// let mut print = |piece: &[u8]| Ok(std::io::stdout().write_all(piece)?);
    /// operation.send(SendOptions::new().on_body(&mut print))?;
    /// println!("{:?}", operation.answer().usage());
    /// # Ok::<(), costmark::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`prepare`](Self::prepare), and
    ///
    /// * [`Transport`](crate::ErrorKind::Transport), [`Timeout`](crate::ErrorKind::Timeout): the
    ///   connection failed, or the deadline passed; an answer that had begun is not complete.
    /// * [`Throttled`](crate::ErrorKind::Throttled): the last answer had status 429; slow down.
    /// * [`Service`](crate::ErrorKind::Service): the last answer had another status from 300 on.
    /// * [`Cancelled`](crate::ErrorKind::Cancelled): the [`Cancel`] stopped it.
    ///
    /// [`response`](Self::response) shows what had come of the answer also then.
    pub fn send(&mut self, mut options: SendOptions<'_>) -> Result<Response<'_>> {
        let lent = options.lend();
        ffi::calling(|| {
            // SAFETY: what it reads of the request outlives this handle; the options live for the
            // call.
            ffi::check(|error| unsafe { sys::costmark_operation_send(self.as_ptr(), &lent, error) })
        })?;
        Ok(self.response())
    }

    /// The answer that [`send`](Self::send) received: of the last attempt, whatever its status.
    pub fn response(&self) -> Response<'_> {
        // SAFETY: the struct lives for the call, and what it shows until the operation is sent
        // again or ended, which needs this borrow to have ended.
        unsafe {
            Response::of(ffi::shown(|view| sys::costmark_operation_response(self.as_ptr(), view)))
        }
    }
}
