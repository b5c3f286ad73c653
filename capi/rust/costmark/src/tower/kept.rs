use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Version};

use crate::{Client, Header, Operation, Prepared, Project, Request, Wait};

type Result<T> = std::result::Result<T, crate::Error>;

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
}

impl Kept {
    pub(super) fn new(
        parts: Parts,
        body: Option<Bytes>,
        project: Option<Project>,
        scope: Option<Project>,
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
        Arc::new(Self { method, version, headers, body, url, fields, project, scope })
    }

    /// # Safety
    ///
    /// `self` outlives the use of the result.
    unsafe fn request(self: &Arc<Self>) -> Request<'static> {
        // SAFETY: it does not move out of its Arc, and the caller keeps that.
        let kept: &'static Self = unsafe { forever(&**self) };
        let mut request = Request::new(kept.method.as_str(), &kept.url).headers(&kept.fields);
        request = match &kept.body {
            Some(body) => request.body(body),
            None => request.body_is_stream(),
        };
        if let Some(project) = &kept.project {
            request = request.project(project.id());
        }
        // That of the call, whatever scope this thread is in.
        request.scope(kept.scope.as_ref().map_or("", Project::id))
    }
}

/// # Safety
///
/// What is referred to outlives the use of the result.
unsafe fn forever<T: ?Sized>(of: &T) -> &'static T {
    // SAFETY: the caller's promise.
    unsafe { &*std::ptr::from_ref(of) }
}

/// An operation that owns what it reads.
pub(super) struct Owned {
    operation: Operation<'static>, // is dropped first
    keeps: Vec<Arc<Kept>>,
}

impl Owned {
    pub(super) fn begin(client: &Client, kept: Arc<Kept>) -> Result<Self> {
        // SAFETY: kept beside the operation, which is dropped first.
        let request = unsafe { kept.request() };
        let operation = client.operation(&request)?;
        Ok(Self { operation, keeps: vec![kept] })
    }

    /// Another handle of the same operation.
    pub(super) fn beside(&self, client: &Client, kept: Arc<Kept>) -> Result<Self> {
        // SAFETY: as above.
        let request = unsafe { kept.request() };
        let operation = client.operation_beside(&self.operation, &request)?;
        Ok(Self { operation, keeps: vec![kept] })
    }

    /// Prepares the next attempt: of another request, or of the same.
    pub(super) fn prepare(
        &mut self,
        other: Option<&Arc<Kept>>,
        wait: Wait,
    ) -> Result<Prepared<'_>> {
        let Some(kept) = other else { return self.operation.prepare(wait) };
        // Whether it succeeds or not, the operation may read it from now on.
        self.keeps.push(kept.clone());
        // SAFETY: as above.
        let request = unsafe { kept.request() };
        self.operation.prepare_with(&request, wait)?;
        self.keeps.drain(..self.keeps.len() - 1);
        Ok(self.operation.prepared())
    }

    /// The operation, which stays here.
    pub(super) fn get(&mut self) -> &mut Operation<'static> {
        &mut self.operation
    }
}
