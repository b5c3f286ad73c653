use std::fmt;
use std::sync::Arc;

use crate::labels::Labels;
use crate::operation::{Shows, forever};
use crate::request::{Header, Request};

type Body = Box<dyn AsRef<[u8]> + Send + Sync>;

/// A [`Request`] that owns its parts, for an operation that outlives the function that begins it;
/// see [`Client::operation_owned`](crate::Client::operation_owned). The body is not copied.
#[must_use = "a request does nothing until an operation begins with it"]
#[derive(Default)]
pub struct OwnedRequest {
    method: String,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Body>,
    body_is_stream: bool,
    project: Option<String>,
    scope: Option<String>,
    labels: Option<Labels>,
    overrides_budgets: bool,
}

impl OwnedRequest {
    /// The method is in upper case, the URL absolute, http or https, and percent-encoded.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { method: method.into(), url: url.into(), ..Self::default() }
    }

    /// Adds a header that will be sent.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The body, whole: a `Vec<u8>`, a `String`, an `Arc<[u8]>`, `bytes::Bytes`, or what else holds
    /// bytes.
    pub fn body(mut self, body: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        self.body = Some(Box::new(body));
        self
    }

    /// As [`Request::body_is_stream`].
    pub fn body_is_stream(mut self) -> Self {
        self.body_is_stream = true;
        self
    }

    /// As [`Request::project`].
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// As [`Request::scope`].
    pub fn scope(mut self, project: impl Into<String>) -> Self {
        self.scope = Some(project.into());
        self
    }

    /// As [`Request::labels`].
    pub fn labels(mut self, labels: Labels) -> Self {
        self.labels = Some(labels);
        self
    }

    /// As [`Request::override_budgets`].
    pub fn override_budgets(mut self) -> Self {
        self.overrides_budgets = true;
        self
    }

    pub(crate) fn keep(self) -> Arc<dyn Shows> {
        let fields = self
            .headers
            .iter()
            .map(|(name, value)| {
                // SAFETY: the headers never change below, and are dropped together with the views.
                // What a String or Vec holds stays where it is when they move.
                unsafe { Header::new(forever(name.as_str()), forever(value.as_slice())) }
            })
            .collect();
        Arc::new(Kept { fields, request: self })
    }
}

impl fmt::Debug for OwnedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("OwnedRequest")
            .field("method", &self.method)
            .field("headers", &names)
            .field("project", &self.project)
            .field("scope", &self.scope)
            .field("labels", &self.labels)
            .finish_non_exhaustive()
    }
}

struct Kept {
    fields: Vec<Header<'static>>, // show the request's headers
    request: OwnedRequest,
}

impl Shows for Kept {
    fn request(&self) -> Request<'_> {
        let OwnedRequest { method, url, body, project, scope, labels, .. } = &self.request;
        let mut request = Request::new(method, url).headers(&self.fields);
        if let Some(body) = body {
            request = request.body((**body).as_ref());
        }
        if self.request.body_is_stream {
            request = request.body_is_stream();
        }
        if self.request.overrides_budgets {
            request = request.override_budgets();
        }
        if let Some(project) = project {
            request = request.project(project);
        }
        if let Some(scope) = scope {
            request = request.scope(scope);
        }
        if let Some(labels) = labels {
            request = request.labels(labels);
        }
        request
    }
}
