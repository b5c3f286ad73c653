//! Attributing and signing one request, in several ways.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use costmark::{Client, Header, Request, Wait};
use serde_json::Value;
use serde_json::value::RawValue;

/// Where requests go.
pub const URL: &str = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";

/// Who pays for them.
pub const PROJECT: &str = "proj_5d5ykleja6cwpirysbb7";

/// Whose key signs them.
pub const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";

/// Its secret.
pub const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

const HEADERS: [(&str, &str); 3] = [
    ("content-type", "application/json"),
    ("accept", "application/json"),
    ("user-agent", "async-openai"),
];

type Failure = Box<dyn Error + Send + Sync>;

/// A chat request of many short messages, of about a size.
pub fn conversation(size: usize) -> String {
    let mut body = String::from(r#"{"model":"openai.gpt-oss-120b","messages":["#);
    let mut i = 0;
    while body.len() + 100 < size {
        let comma = if i > 0 { "," } else { "" };
        let role = ["user", "assistant"][i % 2];
        write!(
            body,
            r#"{comma}{{"role":"{role}","content":"Message {i}: how do I return shoes that \"pinch\"?"}}"#
        )
        .expect("a String takes whatever is written");
        i += 1;
    }
    body.push_str(r#"],"temperature":0.20,"max_tokens":256}"#);
    body
}

/// costmark: the headers to set, and the body, as views.
pub struct Ours {
    client: Client,
}

impl Ours {
    /// Signs with the keys above.
    pub fn new() -> Result<Self, Failure> {
        let client = Client::builder()
            .set_all([("project", PROJECT), ("carrier", "body"), ("region", "us-east-1")])
            .set_all([("access_key_id", ACCESS_KEY_ID), ("secret_access_key", SECRET_ACCESS_KEY)])
            .build()?;
        Ok(Self { client })
    }

    /// Prepares a request, and returns how long its body has become.
    pub fn prepare(&self, body: &str) -> Result<usize, Failure> {
        let headers = HEADERS.map(|(name, value)| Header::new(name, value));
        let request = Request::new("POST", URL).headers(&headers).body(body);
        let mut operation = self.client.operation(&request)?;
        Ok(operation.prepare(Wait::Forever)?.body().len())
    }
}

/// How a Rust program writes a member into a body.
#[derive(Debug, Clone, Copy)]
pub enum Rewrite {
    /// Through [`Value`], as is mostly done.
    Values,
    /// Through raw members, which leaves alone what it can.
    RawMembers,
}

impl Rewrite {
    /// The body with the project in it.
    pub fn apply(self, body: &str) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Values => {
                let mut members: Value = serde_json::from_str(body)?;
                members["project_id"] = PROJECT.into();
                Ok(serde_json::to_vec(&members)?)
            }
            Self::RawMembers => {
                let mut members: BTreeMap<&str, &RawValue> = serde_json::from_str(body)?;
                let project = RawValue::from_string(format!("\"{PROJECT}\""))?;
                members.insert("project_id", &project);
                Ok(serde_json::to_vec(&members)?)
            }
        }
    }
}

/// aws-sigv4 with its usual settings.
pub struct Theirs {
    identity: Identity,
}

impl Theirs {
    /// Signs with the keys above, and a session token if there is one.
    pub fn new(session_token: Option<&str>) -> Self {
        let token = session_token.map(str::to_owned);
        let keys = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, token, None, "bench");
        Self { identity: keys.into() }
    }

    /// The headers that signing adds.
    pub fn sign(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        time: SystemTime,
    ) -> Result<Vec<(String, String)>, Failure> {
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = aws_sigv4::http_request::PayloadChecksumKind::XAmzSha256;
        let params = v4::SigningParams::builder()
            .identity(&self.identity)
            .region("us-east-1")
            .name("bedrock-mantle")
            .time(time)
            .settings(settings)
            .build()?
            .into();
        let request =
            SignableRequest::new("POST", url, headers.iter().copied(), SignableBody::Bytes(body))?;
        let (instructions, _) = sign(request, &params)?.into_parts();
        let headers = instructions.headers();
        Ok(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Rewrites and signs a request, and returns how long its body has become.
    pub fn prepare(&self, rewrite: Rewrite, body: &str) -> Result<usize, Failure> {
        let body = rewrite.apply(body)?;
        let mut request = http::Request::post(URL);
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        for (name, value) in self.sign(URL, &HEADERS, &body, SystemTime::now())? {
            request = request.header(name, value);
        }
        Ok(request.body(body)?.body().len())
    }
}
