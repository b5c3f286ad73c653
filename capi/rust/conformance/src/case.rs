//! The cases, as `tests/conformance/README.md` describes them.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Cases {
    pub cases: Vec<Case>,
}

#[derive(Deserialize)]
pub struct Case {
    pub name: String,
    pub ways: Vec<String>,
    pub client: Client,
    pub calls: Vec<Call>,
}

#[derive(Deserialize)]
pub struct Client {
    pub options: BTreeMap<String, String>,
    pub environment: BTreeMap<String, String>,
    #[serde(default)]
    pub credentials: Vec<CredentialsOrError>,
    #[serde(default)]
    pub tokens: Vec<TokenOrError>,
    #[serde(default)]
    pub host_api_key: String,
}

#[derive(Deserialize, Clone, Default)]
#[serde(default)]
pub struct CredentialsOrError {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
    pub expires_in: Option<i64>,
    pub error: Option<String>,
}

#[derive(Deserialize, Clone, Default)]
#[serde(default)]
pub struct TokenOrError {
    pub token: String,
    pub error: Option<String>,
}

#[derive(Deserialize)]
pub struct Call {
    pub request: Request,
    pub host: Host,
    pub beside: Option<usize>,
}

#[derive(Deserialize)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub project: String,
    pub scope: String,
    #[serde(default)]
    pub body_is_stream: bool,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub override_budgets: bool,
}

#[derive(Deserialize)]
pub struct Host {
    pub does: Does,
    #[serde(default)]
    pub at: Option<At>,
    #[serde(default)]
    pub after_bytes: usize,
    #[serde(default)]
    pub retries: u32,
    pub counter_header: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Does {
    Follow,
    Once,
    Repeat,
    Twice,
    Cancel,
    Drop,
    Observe,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum At {
    Decided,
    Prepared,
    Head,
    Body,
}

impl Case {
    /// Why the layer cannot do what it says.
    pub fn obstacle(&self) -> Option<&'static str> {
        let has_source = !self.client.credentials.is_empty() || !self.client.tokens.is_empty();
        if !self.ways.iter().any(|way| way == "operation") {
            return Some("it is about what sends, and the layer passes encodings on");
        }
        self.calls.iter().find_map(|call| call.obstacle(has_source))
    }
}

impl Call {
    fn obstacle(&self, has_source: bool) -> Option<&'static str> {
        let Self { request, host, beside } = self;
        if request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("accept-encoding")) {
            return Some("the layer reads a copy of what is encoded, and passes it on as it came");
        }
        if request.body_is_stream {
            return Some("the layer itself reads the body that it needs");
        }
        if has_source && beside.is_some() {
            return Some("the layer sends again what was refused before the caller has its head");
        }
        match (host.does, host.at) {
            (Does::Once, _) if has_source => Some("the layer itself sends again after a refusal"),
            (Does::Observe, _) => Some("the layer prepares every request"),
            (Does::Drop, Some(At::Decided | At::Prepared)) => {
                Some("the layer sends what it has prepared")
            }
            _ => None,
        }
    }
}
