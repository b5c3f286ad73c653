//! The heads of requests and answers.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri};

use crate::{AnswerHead, Changes, ErrorKind};

/// Makes the request to send.
pub(super) fn rebuild(
    parts: &Parts,
    body: &Bytes,
    changes: &Changes<'_>,
) -> Result<Request<Bytes>, crate::Error> {
    let body =
        if changes.body_changed() { Bytes::copy_from_slice(changes.body()) } else { body.clone() };
    let length = body.len();
    let mut request = Request::from_parts(parts.clone(), body);
    change_head(&mut request, changes)?;
    let headers = request.headers_mut();
    // What was chunked has a length now.
    let was_chunked = headers.remove(TRANSFER_ENCODING).is_some();
    if was_chunked || headers.contains_key(CONTENT_LENGTH) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(request)
}

pub(super) fn change_head<B>(
    request: &mut Request<B>,
    changes: &Changes<'_>,
) -> Result<(), crate::Error> {
    let unusable = |what: &str| {
        crate::Error::new(
            ErrorKind::Internal,
            format!("the library made {what} that cannot be sent"),
        )
    };
    for name in changes.headers_to_remove() {
        request.headers_mut().remove(name);
    }
    for header in changes.headers_to_set() {
        let name =
            HeaderName::from_bytes(header.name().as_bytes()).map_err(|_| unusable("a header"))?;
        let mut value =
            HeaderValue::from_bytes(header.value()).map_err(|_| unusable("a header"))?;
        value.set_sensitive(name == "authorization" || name == "x-amz-security-token");
        request.headers_mut().insert(name, value);
    }
    if changes.hides_usage_chunk() {
        // The chunk can be taken out of what is not encoded alone.
        request.headers_mut().remove(ACCEPT_ENCODING);
    }
    if let Some(url) = changes.url() {
        *request.uri_mut() = Uri::try_from(url).map_err(|_| unusable("a URL"))?;
    }
    Ok(())
}

pub(super) fn head_of(status: StatusCode, headers: &HeaderMap) -> AnswerHead<'_> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut head = AnswerHead::new(status.as_u16());
    if let Some(value) = text(CONTENT_TYPE.as_str()) {
        head = head.content_type(value);
    }
    if let Some(value) = text(DATE.as_str()) {
        head = head.date(value);
    }
    if let Some(value) = text("x-amzn-errortype") {
        head = head.error_type(value);
    }
    head
}

/// Which attempt of its operation a request says it is, from 1: SDKs of one family count their
/// retries for the service.
pub(super) fn attempt_number(headers: &HeaderMap) -> u32 {
    let retries = headers
        .get("x-stainless-retry-count")
        .and_then(|value| value.to_str().ok()?.parse::<u16>().ok());
    retries.map_or(1, |retries| 1 + u32::from(retries))
}
