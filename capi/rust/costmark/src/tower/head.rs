//! The heads of requests and answers.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, Uri};

use super::kept::Kept;
use crate::{ErrorKind, Header, Prepared};

/// Makes the request to send. Of a body that is a stream there is nothing in it.
pub(super) fn rebuild(
    kept: &Kept,
    extensions: &Extensions,
    prepared: &Prepared<'_>,
) -> Result<Request<Bytes>, crate::Error> {
    let body = match &kept.body {
        Some(body) if !prepared.body_changed() => body.clone(),
        Some(_) => Bytes::copy_from_slice(prepared.body()),
        None => Bytes::new(),
    };
    let length = kept.body.as_ref().map(|_| body.len());
    let mut request = Request::new(body);
    *request.method_mut() = kept.method.clone();
    *request.version_mut() = kept.version;
    *request.headers_mut() = kept.headers.clone();
    *request.extensions_mut() = extensions.clone();
    change_head(&mut request, prepared)?;
    if let Some(length) = length {
        let headers = request.headers_mut();
        // What was chunked has a length now.
        let was_chunked = headers.remove(TRANSFER_ENCODING).is_some();
        if was_chunked || headers.contains_key(CONTENT_LENGTH) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
    }
    Ok(request)
}

fn change_head(request: &mut Request<Bytes>, prepared: &Prepared<'_>) -> Result<(), crate::Error> {
    let unusable = |what: &str| {
        crate::Error::new(
            ErrorKind::Internal,
            format!("the library made {what} that cannot be sent"),
        )
    };
    for name in prepared.remove_headers() {
        request.headers_mut().remove(name);
    }
    for header in prepared.set_headers() {
        let name =
            HeaderName::from_bytes(header.name().as_bytes()).map_err(|_| unusable("a header"))?;
        let mut value =
            HeaderValue::from_bytes(header.value()).map_err(|_| unusable("a header"))?;
        value.set_sensitive(true); // one of them is the signature or the token
        request.headers_mut().insert(name, value);
    }
    *request.uri_mut() = Uri::try_from(prepared.url()).map_err(|_| unusable("a URL"))?;
    Ok(())
}

pub(super) fn fields(headers: &HeaderMap) -> Vec<Header<'_>> {
    headers.iter().map(|(name, value)| Header::new(name.as_str(), value)).collect()
}
