use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use costmark_sys as sys;

use crate::ffi::{self, Result};
use crate::request::{Header, named_values};

named_values! {
    /// Where the project of a request came from, in the order in which it is looked for.
    ProjectSource, sys::costmark_project_source_name, unknown = None,
    /// None is named: it goes to the endpoint's default project.
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
}

/// Memory to prepare requests in. Make one for each thread and use it again and again: a steady
/// stream of requests then allocates nothing.
pub struct Prepared(NonNull<sys::costmark_prepared>);

// SAFETY: "one thread at a time": what changes it takes &mut, and calls that take it as const may
// overlap with each other.
unsafe impl Send for Prepared {}
// SAFETY: as above.
unsafe impl Sync for Prepared {}

impl Prepared {
    /// Makes an empty one.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](crate::ErrorKind::OutOfMemory) alone.
    pub fn new() -> Result<Self> {
        // SAFETY: the places to write to live for the call.
        ffi::make(|made, error| unsafe { sys::costmark_prepared_new(made, error) }).map(Self)
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::costmark_prepared {
        self.0.as_ptr()
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // SAFETY: ours, and ended once.
        unsafe { sys::costmark_prepared_free(self.as_ptr()) };
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

/// What to change in a request before it is sent: views into a [`Prepared`] and into the request's
/// body, good for as long as both are. Dropping it wipes the signature.
///
/// ```compile_fail,E0597
/// # let client = costmark::Client::builder().build().unwrap();
/// let mut memory = costmark::Prepared::new().unwrap();
/// let changes = {
///     let body = String::from("{}");
///     let request = costmark::Request::new("POST", "https://example.com/").body(&body);
///     client.prepare(&request, &mut memory).unwrap()
/// }; // the body ends here
/// println!("{}", changes.body().len());
/// ```
///
/// ```compile_fail,E0499
/// # let client = costmark::Client::builder().build().unwrap();
/// # let request = costmark::Request::new("POST", "https://example.com/");
/// let mut memory = costmark::Prepared::new().unwrap();
/// let first = client.prepare(&request, &mut memory).unwrap();
/// let second = client.prepare(&request, &mut memory).unwrap(); // `first` is still in there
/// println!("{:?} {:?}", first, second);
/// ```
pub struct Changes<'a> {
    memory: &'a mut Prepared,
    body: PhantomData<&'a [u8]>,
}

impl<'a> Changes<'a> {
    pub(crate) fn of(memory: &'a mut Prepared) -> Self {
        Self { memory, body: PhantomData }
    }

    pub(crate) fn as_ptr(&self) -> *const sys::costmark_prepared {
        self.memory.as_ptr()
    }

    /// Header fields to take out, every one of that name, before the others are set.
    pub fn headers_to_remove(&self) -> impl ExactSizeIterator<Item = &str> {
        let mut count = 0;
        // SAFETY: the array lives as long as this is borrowed.
        let names = unsafe {
            let first = sys::costmark_prepared_headers_to_remove(self.as_ptr(), &mut count);
            if first.is_null() { &[] } else { std::slice::from_raw_parts(first, count) }
        };
        // SAFETY: so do its texts.
        names.iter().map(|name| unsafe { ffi::field(*name) })
    }

    /// Header fields to set; they replace those of the same name. They carry the signature: do not
    /// log them.
    pub fn headers_to_set(&self) -> &[Header<'_>] {
        let mut count = 0;
        // SAFETY: the array lives as long as this is borrowed.
        unsafe {
            let first = sys::costmark_prepared_headers_to_set(self.as_ptr(), &mut count);
            Header::slice(first, count)
        }
    }

    /// The body to send: the request's own memory when nothing had to change.
    pub fn body(&self) -> &[u8] {
        let mut len = 0;
        // SAFETY: the bytes live as long as this is borrowed: the request's body is, too.
        unsafe {
            let data = sys::costmark_prepared_body(self.as_ptr(), &mut len);
            ffi::bytes(data, len)
        }
    }

    /// Whether the body differs from the request's, and Content-Length with it.
    pub fn body_changed(&self) -> bool {
        // SAFETY: the handle is alive; so in all that follow.
        unsafe { sys::costmark_prepared_body_changed(self.as_ptr()) }
    }

    /// The project that the request now names; `None` when it names none.
    pub fn project(&self) -> Option<&str> {
        // SAFETY: lives as long as this is borrowed.
        let project = unsafe { ffi::get(|len| sys::costmark_prepared_project(self.as_ptr(), len)) };
        Some(project).filter(|project| !project.is_empty())
    }

    /// Where the project came from.
    pub fn source(&self) -> ProjectSource {
        // SAFETY: the handle is alive.
        ProjectSource::of(unsafe { sys::costmark_prepared_project_source(self.as_ptr()) })
    }

    /// Which family of API the request speaks.
    pub fn api(&self) -> Api {
        // SAFETY: the handle is alive.
        Api::of(unsafe { sys::costmark_prepared_api(self.as_ptr()) })
    }

    /// Whether the request asks for a streamed answer.
    pub fn streamed(&self) -> bool {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_prepared_streamed(self.as_ptr()) }
    }

    /// Whether the library asked for a usage chunk that the caller did not ask for: then what
    /// [`Observation::feed`](crate::Observation::feed) gives out differs from what it takes in.
    pub fn hides_usage_chunk(&self) -> bool {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_prepared_hides_usage_chunk(self.as_ptr()) }
    }

    /// Whether the library signed the request, or gave it a token, so that a refusal is the
    /// library's to mend; see [`Observation::retry_advised`](crate::Observation::retry_advised).
    pub fn authorized(&self) -> bool {
        // SAFETY: the handle is alive.
        unsafe { sys::costmark_prepared_authorized(self.as_ptr()) }
    }

    /// The URL to send to in place of the request's own: only where the option `route=auto` moves
    /// it. The signature is good for this URL alone.
    pub fn url(&self) -> Option<&str> {
        // SAFETY: lives as long as this is borrowed.
        let url = unsafe { ffi::get(|len| sys::costmark_prepared_url(self.as_ptr(), len)) };
        Some(url).filter(|url| !url.is_empty())
    }

    /// What is probably wrong with the request, in one line, to be shown with an answer of status
    /// 400 or 404.
    pub fn hint(&self) -> Option<&str> {
        // SAFETY: lives as long as this is borrowed.
        let hint = unsafe { ffi::get(|len| sys::costmark_prepared_hint(self.as_ptr(), len)) };
        Some(hint).filter(|hint| !hint.is_empty())
    }
}

impl Drop for Changes<'_> {
    fn drop(&mut self) {
        // SAFETY: nobody else uses it: it is borrowed mutably.
        unsafe { sys::costmark_prepared_clear(self.memory.as_ptr()) };
    }
}

impl fmt::Debug for Changes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("project", &self.project())
            .field("source", &self.source())
            .field("api", &self.api())
            .field("streamed", &self.streamed())
            .field("body_changed", &self.body_changed())
            .field("headers_to_set", &self.headers_to_set())
            .finish_non_exhaustive()
    }
}
