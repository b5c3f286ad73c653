//! The emulator as a child process, and what it recorded.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Once;

use costmark::{Builder, Client, UsageReport};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Projects that the emulator starts with.
pub const PROJECTS: [&str; 3] = ["proj_rusttests1", "proj_rusttests2", "proj_rusttests3"];

/// A model of both APIs.
pub const MODEL: &str = "openai.gpt-oss-120b";

/// A key that the emulator accepts.
pub const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";

/// Its secret.
pub const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A bearer token that the emulator accepts.
pub const BEARER_TOKEN: &str = "ABSKEXAMPLE";

/// Keeps the environment away from the tests. Each calls it, by starting an emulator, before it
/// does anything else.
pub fn isolate() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let foreign: Vec<_> = env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .filter(|name| {
                ["AWS_", "OPENAI_", "COSTMARK_"].iter().any(|prefix| name.starts_with(prefix))
            })
            .collect();
        for name in foreign {
            // SAFETY: the other tests wait for this before they read the environment.
            unsafe { env::remove_var(name) };
        }
    });
}

/// A local Bedrock of a test's own. It ends with this.
pub struct Emulator {
    process: Child,
    /// Where it listens.
    pub url: String,
    http: reqwest::Client,
}

/// What the emulator recorded of one inference request.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Record {
    pub project: String,
    pub outcome: String,
    pub access_key_id: Option<String>,
    pub input_tokens: u64,
    pub cached_input_tokens: u64,
    pub output_tokens: u64,
    pub reasoning_tokens: u64,
}

/// A request as it came.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Sent {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub status: u16,
}

impl Sent {
    /// All values of a header.
    pub fn header(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }
}

/// Counts of one project, in the shape that both sides can be put into.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
#[allow(missing_docs)]
pub struct Counts {
    pub attempts: u64,
    pub input_tokens: u64,
    pub cached_input_tokens: u64,
    pub output_tokens: u64,
    pub reasoning_tokens: u64,
}

impl Emulator {
    /// Starts one with the Python that `TEST_PYTHON` names, which must be able to import
    /// costmark with its extra `emulator`. `None`, with a line that says so, without the variable.
    pub fn start() -> Option<Self> {
        isolate();
        let Some(python) = env::var_os("TEST_PYTHON") else {
            eprintln!("skipped: TEST_PYTHON names no Python that has costmark[emulator]");
            return None;
        };
        let mut command = Command::new(python);
        command.args(["-m", "costmark.emulator", "--port", "0", "--show-prompts"]);
        for project in PROJECTS {
            command.args(["--project", project]);
        }
        let mut process =
            command.stdout(Stdio::piped()).spawn().expect("TEST_PYTHON names a program");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output is piped");
        BufReader::new(output).read_line(&mut line).expect("the emulator writes text");
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| {
            panic!("the emulator said {line:?} and not where it listens");
        });
        Some(Self { process, url: url.to_owned(), http: reqwest::Client::new() })
    }

    /// The options of a client that signs for it.
    pub fn signing(&self) -> Builder {
        self.unsigned()
            .set("auth", "sigv4")
            .set("access_key_id", ACCESS_KEY_ID)
            .set("secret_access_key", SECRET_ACCESS_KEY)
    }

    /// The options of a client that knows nothing to sign with.
    pub fn unsigned(&self) -> Builder {
        Client::builder().set("base_url", &self.url).set("region", "us-east-1")
    }

    /// What it recorded.
    pub async fn records(&self) -> Vec<Record> {
        self.get("/_emulator/usage").await
    }

    /// What it received.
    pub async fn requests(&self) -> Vec<Sent> {
        self.get("/_emulator/requests").await
    }

    /// Switches a fault on.
    pub async fn fault(&self, members: Value) {
        let answer = self.http.post(format!("{}/_emulator/faults", self.url)).json(&members);
        answer.send().await.unwrap().error_for_status().unwrap();
    }

    /// The sums of its records, by project.
    pub async fn charged(&self) -> BTreeMap<String, Counts> {
        let mut sums: BTreeMap<String, Counts> = BTreeMap::new();
        for record in self.records().await {
            let sum = sums.entry(record.project).or_default();
            sum.attempts += 1;
            sum.input_tokens += record.input_tokens;
            sum.cached_input_tokens += record.cached_input_tokens;
            sum.output_tokens += record.output_tokens;
            sum.reasoning_tokens += record.reasoning_tokens;
        }
        sums
    }

    /// Fails unless a client's counters and these records are the same, to the token.
    pub async fn agrees_with(&self, client: &Client) {
        let counted = counts(&client.usage().unwrap());
        assert!(!counted.is_empty());
        assert_eq!(counted, self.charged().await);
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The counters of a client, by project.
pub fn counts(report: &UsageReport) -> BTreeMap<String, Counts> {
    let mut sums: BTreeMap<String, Counts> = BTreeMap::new();
    for row in report.iter() {
        let sum = sums.entry(row.project.to_owned()).or_default();
        sum.attempts += row.totals.attempts;
        sum.input_tokens += row.totals.input_tokens;
        sum.cached_input_tokens += row.totals.cached_input_tokens;
        sum.output_tokens += row.totals.output_tokens;
        sum.reasoning_tokens += row.totals.reasoning_tokens;
    }
    sums
}
