use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Version};

use crate::operation::{Shows, forever};
use crate::{Header, Labels, Project, Request};

/// A request whose memory stays where it is for as long as an operation reads it.
///
/// It has no extensions: a `SharedOperation` in them would own itself.
pub(super) struct Kept {
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    /// `None`: it is a stream.
    pub(super) body: Option<Bytes>,
    url: String,
    fields: Vec<Header<'static>>, // show what is in `headers`
    project: Option<Project>,
    scope: Option<Project>,
    labels: Option<Labels>,
    overrides_budgets: bool,
}

impl Kept {
    pub(super) fn new(
        parts: Parts,
        body: Option<Bytes>,
        project: Option<Project>,
        scope: Option<Project>,
        labels: Option<Labels>,
        overrides_budgets: bool,
    ) -> Arc<Self> {
        let Parts { method, uri, version, headers, .. } = parts;
        let fields = headers
            .iter()
            .map(|(name, value)| {
                // SAFETY: what a HeaderMap refers to stays where it is until the map is changed or
                // dropped. This one never changes, and is dropped together with the views.
                unsafe { Header::new(forever(name.as_str()), forever(value.as_bytes())) }
            })
            .collect();
        let url = uri.to_string();
        Arc::new(Self {
            method,
            version,
            headers,
            body,
            url,
            fields,
            project,
            scope,
            labels,
            overrides_budgets,
        })
    }
}

impl Shows for Kept {
    fn request(&self) -> Request<'_> {
        let mut request = Request::new(self.method.as_str(), &self.url).headers(&self.fields);
        request = match &self.body {
            Some(body) => request.body(body),
            None => request.body_is_stream(),
        };
        if let Some(project) = &self.project {
            request = request.project(project.id());
        }
        if let Some(labels) = &self.labels {
            request = request.labels(labels);
        }
        if self.overrides_budgets {
            request = request.override_budgets();
        }
        // That of the call, whatever scope this thread is in.
        request.scope(self.scope.as_ref().map_or("", Project::id))
    }
}
