//! The client of a case, and what it calls back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use costmark::{
    Answer, AnswerKind, BearerTokenProvider, BoxError, Credentials, ErrorKind, Totals, UsageFlags,
};
use serde_json::{Value, json};

use crate::case::{self, CredentialsOrError, TokenOrError};
use crate::lines::Lines;

/// A client, and how often it asked its callbacks.
pub struct Made {
    pub client: costmark::Client,
    credentials: Arc<Source<CredentialsOrError>>,
    tokens: Arc<Source<TokenOrError>>,
}

impl Made {
    pub fn of(given: &case::Client, origin: &str, lines: &Lines) -> Result<Self, costmark::Error> {
        let credentials = Source::new(&given.credentials);
        let tokens = Source::new(&given.tokens);
        let told = lines.clone();
        let mut builder =
            costmark::Client::builder().on_usage(move |answer| told.print("row", row(answer)));
        for (name, value) in &given.options {
            builder = builder.set(name, value.replace("{origin}", origin));
        }
        if !given.host_api_key.is_empty() {
            builder = builder.host_api_key(&given.host_api_key);
        }
        if !given.credentials.is_empty() {
            let source = credentials.clone();
            builder = builder.credentials(move || source.next().credentials());
        }
        if !given.tokens.is_empty() {
            builder = builder.bearer_token(Tokens(tokens.clone()));
        }
        Ok(Self { client: builder.build()?, credentials, tokens })
    }

    /// What is printed at the end of a case.
    pub fn print_end(&self, lines: &Lines) {
        let mut projects: BTreeMap<String, Totals> = BTreeMap::new();
        for row in self.client.usage().expect("the counters can be read").iter() {
            *projects.entry(row.project.to_owned()).or_default() += row.totals;
        }
        let projects: BTreeMap<_, _> =
            projects.iter().map(|(project, totals)| (project, counters(totals))).collect();
        lines.print("counters", json!({"projects": projects}));
        let (credentials, tokens) = (self.credentials.given(), self.tokens.given());
        let callbacks = json!({
            "credentials": credentials.asked,
            "tokens": tokens.asked,
            "refused": tokens.refused,
        });
        lines.print("callbacks", callbacks);
    }
}

/// Gives one value of a case after the other, the last one again and again.
struct Source<T> {
    values: Vec<T>,
    given: Mutex<Given>,
}

#[derive(Default)]
struct Given {
    asked: usize,
    refused: Vec<String>,
}

impl<T: Clone> Source<T> {
    fn new(values: &[T]) -> Arc<Self> {
        Arc::new(Self { values: values.to_vec(), given: Mutex::default() })
    }

    fn next(&self) -> T {
        let mut given = self.given();
        let value = self.values[given.asked.min(self.values.len() - 1)].clone();
        given.asked += 1;
        value
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Tokens(Arc<Source<TokenOrError>>);

impl BearerTokenProvider for Tokens {
    fn token(&self) -> Result<String, BoxError> {
        let TokenOrError { token, error } = self.0.next();
        error.map_or(Ok(token), |code| Err(failure(&code)))
    }

    fn refused(&self, token: &str) {
        self.0.given().refused.push(token.to_owned());
    }
}

impl CredentialsOrError {
    fn credentials(self) -> Result<Credentials, BoxError> {
        if let Some(code) = self.error {
            return Err(failure(&code));
        }
        let mut made = Credentials::new(self.access_key_id, self.secret_access_key);
        if let Some(token) = self.session_token {
            made = made.with_session_token(token);
        }
        if let Some(seconds) = self.expires_in {
            let distance = Duration::from_secs(seconds.unsigned_abs());
            let now = SystemTime::now();
            made = made.with_expiry(if seconds < 0 { now - distance } else { now + distance });
        }
        Ok(made)
    }
}

/// The codes that a callback of a case fails with.
const FAILURES: [ErrorKind; 7] = [
    ErrorKind::NoCredentials,
    ErrorKind::ExpiredCredentials,
    ErrorKind::UnusableCredentials,
    ErrorKind::Transport,
    ErrorKind::Timeout,
    ErrorKind::Service,
    ErrorKind::StoppedByCallback,
];

fn failure(code: &str) -> BoxError {
    let kind = FAILURES.into_iter().find(|kind| kind.name() == code);
    let kind = kind.unwrap_or_else(|| panic!("no callback fails with {code}"));
    costmark::Error::new(kind, "the case's source has none").into()
}

// --- What is printed -----------------------------------------------------------------------------

/// What is told of an attempt.
pub fn row(answer: &Answer<'_>) -> Value {
    let usage = answer.usage();
    let kind = match answer.kind() {
        AnswerKind::Settlement => "settlement",
        _ => "attempt",
    };
    json!({
        "kind": kind,
        "operation": answer.operation().unwrap_or_default(),
        "attempt": answer.attempt(),
        "concurrent": answer.concurrent(),
        "project": answer.project(),
        "project_source": answer.project_source().name(),
        "api": answer.api().name(),
        "model": answer.model().unwrap_or_default(),
        "status": answer.http_status().unwrap_or_default(),
        "outcome": answer.outcome().name(),
        "request_id": answer.request_id().unwrap_or_default(),
        "response_id": answer.response_id().unwrap_or_default(),
        "flags": names(usage.flags),
        "usage": {
            "input": usage.input_tokens,
            "cached": usage.cached_input_tokens,
            "cache_write": usage.cache_write_tokens,
            "output": usage.output_tokens,
            "reasoning": usage.reasoning_tokens,
            "total": usage.total_tokens,
        },
    })
}

fn names(flags: UsageFlags) -> Vec<&'static str> {
    let known = [
        (flags.decreasing(), "decreasing"),
        (flags.total(), "total"),
        (flags.unread(), "unread"),
        (flags.part_exceeds_whole(), "inconsistent"),
        (flags.other_model(), "other_model"),
    ];
    known.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name).collect()
}

fn counters(totals: &Totals) -> Value {
    json!({
        "operations": totals.operations,
        "attempts": totals.attempts,
        "failed": totals.failed_attempts,
        "incomplete": totals.incomplete_attempts,
        "open": totals.open_attempts,
        "input": totals.input_tokens,
        "cached": totals.cached_input_tokens,
        "cache_write": totals.cache_write_tokens,
        "output": totals.output_tokens,
        "reasoning": totals.reasoning_tokens,
        "inconsistent": totals.flagged,
    })
}
