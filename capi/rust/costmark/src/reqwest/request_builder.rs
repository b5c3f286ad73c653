use std::fmt;
use std::time::Duration;

use ::reqwest::{Body, Request, Response};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Version};

use super::{Client, Error};
use crate::Project;
use crate::tower::SharedOperation;

/// A request that is sent through a [`Client`] of this crate, and attributed.
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    client: Client,
    request: ::reqwest::RequestBuilder,
    extensions: Extensions,
}

impl RequestBuilder {
    pub(super) fn new(client: Client, request: ::reqwest::RequestBuilder) -> Self {
        Self { client, request, extensions: Extensions::new() }
    }

    fn map(
        self,
        change: impl FnOnce(::reqwest::RequestBuilder) -> ::reqwest::RequestBuilder,
    ) -> Self {
        Self { request: change(self.request), ..self }
    }

    /// Adds a header.
    pub fn header<K, V>(self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.map(|request| request.header(name, value))
    }

    /// Sets headers; each replaces those of its name.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.map(|request| request.headers(headers))
    }

    /// The body.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.map(|request| request.body(body))
    }

    /// A body in JSON, and its content type.
    #[cfg(feature = "json")]
    pub fn json<T: serde::Serialize + ?Sized>(self, json: &T) -> Self {
        self.map(|request| request.json(json))
    }

    /// How long reqwest may take, from connecting to the end of the answer. It does not bound the
    /// fetching of credentials: for that, put a timeout around [`send`](Self::send).
    pub fn timeout(self, timeout: Duration) -> Self {
        self.map(|request| request.timeout(timeout))
    }

    /// The version of HTTP.
    pub fn version(self, version: Version) -> Self {
        self.map(|request| request.version(version))
    }

    /// The project that this very request asks for.
    pub fn project(mut self, project: impl Into<Project>) -> Self {
        self.extensions.insert(project.into());
        self
    }

    /// Makes the request an attempt of an operation.
    pub fn operation(mut self, operation: SharedOperation) -> Self {
        self.extensions.insert(operation);
        self
    }

    /// What was built so far, without its project and operation, which
    /// [`execute`](Client::execute) does not know.
    ///
    /// # Errors
    ///
    /// reqwest's own: a bad URL, or a bad header.
    pub fn build(self) -> Result<Request, ::reqwest::Error> {
        self.request.build()
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// Those of [`Client::execute`].
    pub async fn send(mut self) -> Result<Response, Error> {
        let request = self.request.build().map_err(Error::Transport)?;
        self.client.send(request, self.extensions).await
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder").finish_non_exhaustive()
    }
}
