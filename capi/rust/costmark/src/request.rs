use std::fmt;
use std::marker::PhantomData;

use costmark_sys as sys;

use crate::ffi;
use crate::labels::Labels;

/// One header field, as a view. Printing it shows the name alone: values may be secrets.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Header<'a> {
    raw: sys::costmark_header,
    borrowed: PhantomData<&'a [u8]>,
}

// SAFETY: a view of bytes that do not change.
unsafe impl Send for Header<'_> {}
// SAFETY: as above.
unsafe impl Sync for Header<'_> {}

impl<'a> Header<'a> {
    /// Names compare without regard to ASCII case.
    pub fn new<V: AsRef<[u8]> + ?Sized>(name: &'a str, value: &'a V) -> Self {
        Self {
            raw: sys::costmark_header {
                name: ffi::lend(name.as_bytes()),
                value: ffi::lend(value.as_ref()),
            },
            borrowed: PhantomData,
        }
    }

    /// The name; empty should it not be ASCII, which it has to be.
    pub fn name(&self) -> &'a str {
        // SAFETY: borrowed for 'a.
        unsafe { ffi::field(self.raw.name) }
    }

    /// The value, as it is sent.
    pub fn value(&self) -> &'a [u8] {
        // SAFETY: borrowed for 'a.
        unsafe { ffi::bytes(self.raw.value.data, self.raw.value.len) }
    }

    /// The value, if it is UTF-8.
    pub fn value_str(&self) -> Option<&'a str> {
        str::from_utf8(self.value()).ok()
    }

    /// A C array as a slice of these.
    ///
    /// # Safety
    ///
    /// `first` is NULL or points to `count` headers that live for `'a`.
    pub(crate) unsafe fn slice(first: *const sys::costmark_header, count: usize) -> &'a [Self] {
        if first.is_null() || count == 0 {
            return &[];
        }
        // SAFETY: the caller's promise; the types have one layout.
        unsafe { std::slice::from_raw_parts(first.cast(), count) }
    }
}

impl fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// A request about to be sent, as views of what the program has anyway.
///
/// ```
/// use costmark::{Header, Request};
///
/// let headers = [Header::new("content-type", "application/json")];
/// let url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
/// let request = Request::new("POST", url)
///     .headers(&headers)
///     .body(br#"{"model":"openai.gpt-oss-20b"}"#)
///     .project("proj_abc123");
/// ```
#[must_use = "a request does nothing until an operation begins with it"]
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    headers: &'a [Header<'a>],
    body: Option<&'a [u8]>,
    body_is_stream: bool,
    project: Option<&'a str>,
    scope: Option<&'a str>,
    labels: Option<&'a Labels>,
    overrides_budgets: bool,
}

impl<'a> Request<'a> {
    /// The method is in upper case, the URL absolute, http or https, and percent-encoded.
    pub fn new(method: &'a str, url: &'a str) -> Self {
        Self {
            method,
            url,
            headers: &[],
            body: None,
            body_is_stream: false,
            project: None,
            scope: None,
            labels: None,
            overrides_budgets: false,
        }
    }

    /// Those that will be sent.
    pub fn headers(mut self, headers: &'a [Header<'a>]) -> Self {
        self.headers = headers;
        self
    }

    /// The body, whole.
    pub fn body<B: AsRef<[u8]> + ?Sized>(mut self, body: &'a B) -> Self {
        self.body = Some(body.as_ref());
        self
    }

    /// There is a body, and it is not at hand. Where its bytes are needed, the call fails with
    /// [`BodyNeeded`](crate::ErrorKind::BodyNeeded): read all of it, and ask again with
    /// [`body`](Self::body).
    pub fn body_is_stream(mut self) -> Self {
        self.body_is_stream = true;
        self
    }

    /// The project that this very call asks for.
    pub fn project(mut self, project: &'a str) -> Self {
        self.project = Some(project);
        self
    }

    /// The project of the innermost scope, in place of the thread's own [`Scope`](crate::Scope). The
    /// empty one: no scope.
    pub fn scope(mut self, project: &'a str) -> Self {
        self.scope = Some(project);
        self
    }

    /// The caller's own pairs for the rows of the ledger. Of an operation those count that it begins
    /// with.
    pub fn labels(mut self, labels: &'a Labels) -> Self {
        self.labels = Some(labels);
        self
    }

    /// The operation that begins with it is sent whatever budgets say, and counts under them all the
    /// same.
    pub fn override_budgets(mut self) -> Self {
        self.overrides_budgets = true;
        self
    }

    /// Makes a call with the request as C reads it, under this thread's scope if it has none of its
    /// own.
    pub(crate) fn lend<T>(&self, call: impl FnOnce(&sys::costmark_request) -> T) -> T {
        let current = if self.scope.is_none() { crate::Scope::current() } else { None };
        let scope = self.scope.or_else(|| current.as_ref().map(|project| project.id()));
        // SAFETY: a plain struct of the library's.
        let mut lent: sys::costmark_request = unsafe { ffi::sized() };
        lent.method = ffi::lend(self.method.as_bytes());
        lent.url = ffi::lend(self.url.as_bytes());
        lent.headers = self.headers.as_ptr().cast();
        lent.header_count = self.headers.len();
        if let Some(body) = self.body {
            lent.body = ffi::lend(body);
        }
        lent.body_is_stream = u32::from(self.body_is_stream);
        lent.project = ffi::lend_optional(self.project.filter(|project| !project.is_empty()));
        lent.scope = ffi::lend_optional(scope.filter(|scope| !scope.is_empty()));
        if let Some(labels) = self.labels {
            lent.labels = labels.raw().as_ptr();
            lent.label_count = labels.raw().len();
        }
        lent.overrides_budgets = u32::from(self.overrides_budgets);
        call(&lent)
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("headers", &self.headers)
            .field("body_len", &self.body.map(<[u8]>::len))
            .field("project", &self.project)
            .field("scope", &self.scope)
            .field("labels", &self.labels)
            .finish_non_exhaustive()
    }
}

/// Makes a public enum of one of C's lists of values, with the names that C has for them.
macro_rules! named_values {
    ($(#[$about:meta])* $name:ident, $c_name:path, unknown = $unknown:ident,
     $($(#[$each:meta])* $variant:ident = $value:path,)+) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$each])* $variant,)+
        }

        impl $name {
            /// The stable name, in lower case.
            pub fn name(self) -> &'static str {
                // SAFETY: the name of any value is a static text.
                unsafe { crate::ffi::static_name($c_name(self.value())) }
            }

            #[allow(dead_code)]
            pub(crate) fn value(self) -> i32 {
                match self { $(Self::$variant => $value,)+ }
            }

            #[allow(dead_code)]
            pub(crate) fn of(value: i32) -> Self {
                match value { $($value => Self::$variant,)+ _ => Self::$unknown }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use named_values;
