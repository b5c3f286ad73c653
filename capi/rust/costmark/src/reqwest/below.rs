//! The client below the layer.

use ::reqwest::redirect::Policy;
use ::reqwest::{Client, ClientBuilder};

use crate::{Error, ErrorKind};

/// Says nothing about who pays, and is not signed.
const HARMLESS: [&str; 2] = ["accept", "user-agent"];

pub(super) fn build(http: ClientBuilder) -> Result<Client, Error> {
    let invalid = |message: String| Error::new(ErrorKind::InvalidOption, message);
    if let Some(name) = default_headers(&format!("{http:?}")).find(|name| !HARMLESS.contains(name))
    {
        return Err(invalid(format!(
            "reqwest's client has the default header \"{name}\", which it adds after costmark has \
             attributed and signed a request; set it with costmark's default_headers"
        )));
    }
    http.redirect(Policy::none())
        .build()
        .map_err(|cause| invalid("reqwest's client cannot be built".into()).caused_by(cause.into()))
}

/// The names of the headers that reqwest adds. It shows them nowhere but here:
///
/// ```text
///   ClientBuilder { ..., default_headers: {"accept": "*/*", "x-key": Sensitive}, ... }
/// ```
fn default_headers(shown: &str) -> impl Iterator<Item = &str> {
    let (_, mut rest) = shown.split_once("default_headers: {").unwrap_or_default();
    std::iter::from_fn(move || {
        let (name, value) = rest.strip_prefix('"')?.split_once("\": ")?;
        let end = match value.strip_prefix('"') {
            Some(text) => 1 + end_of_text(text)?,
            None => value.find([',', '}'])?,
        };
        rest = value[end..].strip_prefix(", ").unwrap_or_default();
        Some(name)
    })
}

/// The end of a text in quotes, the last one included.
fn end_of_text(text: &str) -> Option<usize> {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some(end + 1)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn with(headers: &[(&'static str, &'static str)]) -> ClientBuilder {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        Client::builder().default_headers(map)
    }

    fn names(http: &ClientBuilder) -> Vec<String> {
        let mut names: Vec<_> = default_headers(&format!("{http:?}")).map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Of the reqwest that is built with; should it show them otherwise, find another way.
    #[test]
    fn reqwest_shows_which_headers_it_adds() {
        assert_eq!(names(&Client::builder()), ["accept"]);
        let all = with(&[("x-a", r#"quoted "x-no": 1, "#), ("openai-project", "p"), ("x-b", "b")]);
        assert_eq!(
            names(&all.user_agent("me")),
            ["accept", "openai-project", "user-agent", "x-a", "x-b"]
        );
        let mut secret = HeaderValue::from_static("hush");
        secret.set_sensitive(true);
        let mut map = HeaderMap::new();
        map.insert("x-key", secret);
        map.insert("x-last", HeaderValue::from_static("}"));
        assert_eq!(names(&Client::builder().default_headers(map)), ["accept", "x-key", "x-last"]);
    }

    #[test]
    fn what_would_be_added_below_the_layer_is_refused() {
        for name in ["openai-project", "authorization", "x-amz-date", "x-tenant"] {
            let error = build(with(&[(name, "hush")])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidOption);
            assert!(error.message().contains(name) && !error.message().contains("hush"), "{error}");
        }
        assert!(build(with(&[("accept", "application/json")]).user_agent("me")).is_ok());
    }

    #[test]
    fn what_reqwest_cannot_build_is_the_source() {
        let error = build(Client::builder().user_agent("line\nbreak")).unwrap_err();
        assert!(std::error::Error::source(&error).unwrap().is::<::reqwest::Error>());
    }
}
