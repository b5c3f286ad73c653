use std::fmt;
use std::marker::PhantomData;
use std::slice;

use costmark_sys as sys;

use crate::ffi;
use crate::request::{Header, named_values};

named_values! {
    /// Where the project of a request came from, in the order in which it is looked for.
    ProjectSource, sys::costmark_project_source_name, unknown = None,
    /// None is named: the endpoint's default project pays.
    None = sys::COSTMARK_SOURCE_NONE,
    /// The call's argument, a header, or the body.
    Request = sys::COSTMARK_SOURCE_REQUEST,
    /// The innermost scope.
    Scope = sys::COSTMARK_SOURCE_SCOPE,
    /// A rule of the client.
    Rule = sys::COSTMARK_SOURCE_RULE,
    /// The option `project`.
    Client = sys::COSTMARK_SOURCE_CLIENT,
    /// `COSTMARK_PROJECT` or `OPENAI_PROJECT_ID`.
    Environment = sys::COSTMARK_SOURCE_ENVIRONMENT,
}

named_values! {
    /// The family of API that a request speaks.
    Api, sys::costmark_api_name, unknown = Other,
    /// None of the following.
    Other = sys::COSTMARK_API_OTHER,
    /// Chat Completions.
    ChatCompletions = sys::COSTMARK_API_CHAT_COMPLETIONS,
    /// Responses.
    Responses = sys::COSTMARK_API_RESPONSES,
    /// Messages.
    Messages = sys::COSTMARK_API_MESSAGES,
    /// Embeddings.
    Embeddings = sys::COSTMARK_API_EMBEDDINGS,
    /// What is not inference, such as the list of models.
    Control = sys::COSTMARK_API_CONTROL,
    /// Converse and ConverseStream.
    Converse = sys::COSTMARK_API_CONVERSE,
    /// InvokeModel, streamed or not.
    InvokeModel = sys::COSTMARK_API_INVOKE_MODEL,
}

/// What to send for an attempt: views of an [`Operation`](crate::Operation) and of the request's
/// body. Take [`remove_headers`](Self::remove_headers) out of the request, then set
/// [`set_headers`](Self::set_headers).
///
/// The next attempt cannot be prepared while one of these is in use:
///
/// ```compile_fail,E0499
/// # let client = costmark::Client::builder().build().unwrap();
/// # let request = costmark::Request::new("POST", "https://example.com/");
/// let mut operation = client.operation(&request).unwrap();
/// let first = operation.prepare(costmark::Wait::Forever).unwrap();
/// let second = operation.prepare(costmark::Wait::Forever).unwrap(); // `first` is still in there
/// println!("{:?} {:?}", first, second);
/// ```
#[derive(Clone, Copy)]
pub struct Prepared<'a> {
    raw: sys::costmark_prepared,
    borrowed: PhantomData<&'a [u8]>,
}

// SAFETY: views of memory that nothing changes while this lives.
unsafe impl Send for Prepared<'_> {}
// SAFETY: as above.
unsafe impl Sync for Prepared<'_> {}

impl<'a> Prepared<'a> {
    /// # Safety
    ///
    /// `raw` is what the library filled in, and what it shows lives for `'a`.
    pub(crate) unsafe fn of(raw: sys::costmark_prepared) -> Self {
        Self { raw, borrowed: PhantomData }
    }

    /// Where to send the request: the request's URL, or with the option `route=auto` the one that
    /// serves the model. The signature is good for this URL alone.
    pub fn url(&self) -> &'a str {
        // SAFETY: it lives for 'a; so does all that follows.
        unsafe { ffi::field(self.raw.url) }
    }

    /// Header fields to set; each replaces every field of its name. They carry the signature or
    /// the token: do not log them.
    pub fn set_headers(&self) -> &'a [Header<'a>] {
        // SAFETY: as above.
        unsafe { Header::slice(self.raw.set_headers, self.raw.set_header_count) }
    }

    /// Names of header fields to take out, every field of each.
    pub fn remove_headers(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        let (first, count) = (self.raw.remove_headers, self.raw.remove_header_count);
        // SAFETY: as above.
        let names: &'a [sys::costmark_str] =
            unsafe { if first.is_null() { &[] } else { slice::from_raw_parts(first, count) } };
        // SAFETY: as above.
        names.iter().map(|name| unsafe { ffi::field(*name) })
    }

    /// The body to send: the request's own memory when nothing had to change.
    pub fn body(&self) -> &'a [u8] {
        // SAFETY: as above.
        unsafe { ffi::field_bytes(self.raw.body) }
    }

    /// Whether the body differs from the request's, and Content-Length with it.
    pub fn body_changed(&self) -> bool {
        self.raw.body_changed != 0
    }

    /// Whether the library signed the request or gave it a token: do not follow redirects with it.
    pub fn authorized(&self) -> bool {
        self.raw.authorized != 0
    }

    /// Whether the request asks for a streamed answer.
    pub fn streamed(&self) -> bool {
        self.raw.streamed != 0
    }

    /// With [`Wait::Not`](crate::Wait::Not): credentials are due for renewal, and this caller is
    /// the one to call [`Operation::ready`](crate::Operation::ready) when it suits, such as with an
    /// operation that sends nothing. Those at hand still serve.
    pub fn renewal_due(&self) -> bool {
        self.raw.renewal_due != 0
    }

    /// Whether the request may cost money and names no project, or `default`: the endpoint's
    /// default project pays, which cannot be tagged.
    pub fn unattributed(&self) -> bool {
        self.raw.unattributed != 0
    }

    /// Whether no known route is like the request's: it is not edited, and its cost is not known.
    pub fn unrecognized(&self) -> bool {
        self.raw.unrecognized != 0
    }

    /// The project that the request now names.
    pub fn project(&self) -> Option<&'a str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.raw.project) }
    }

    /// Where the project came from.
    pub fn project_source(&self) -> ProjectSource {
        ProjectSource::of(self.raw.project_source)
    }

    /// The model that the body names.
    pub fn model(&self) -> Option<&'a str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.raw.model) }
    }

    /// Which family of API the request speaks.
    pub fn api(&self) -> Api {
        Api::of(self.raw.api)
    }

    /// What is probably wrong with the request, in one line, to be shown with an answer of status
    /// 400 or 404.
    pub fn hint(&self) -> Option<&'a str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.raw.hint) }
    }
}

impl fmt::Debug for Prepared<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("project", &self.project())
            .field("project_source", &self.project_source())
            .field("api", &self.api())
            .field("streamed", &self.streamed())
            .field("body_changed", &self.body_changed())
            .field("set_headers", &self.set_headers())
            .finish_non_exhaustive()
    }
}
