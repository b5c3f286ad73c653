//! Makes the calls of a case, as its hosts do.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use costmark::tower::SharedOperation;
use costmark::{Labels, OverrideBudgets, Project};
use http_body_util::BodyExt;
use serde_json::json;

use crate::case::{At, Case, Does};
use crate::http::{Answer, Failure, Http};
use crate::lines::Lines;

/// Of the option `max_attempts`.
const DEFAULT_ATTEMPTS: u32 = 3;

/// What the caller of one call was given.
#[derive(Default)]
struct Outcome {
    refusal: Option<costmark::Error>, // nothing was sent
    status: u16,
    passed: Vec<u8>,
    is_cut: bool,  // the body ended with an error
    is_left: bool, // its host makes another attempt, whatever came
}

/// The calls of one case.
pub struct Run<'a> {
    case: &'a Case,
    http: Http,
    url: String,
    outcomes: RefCell<Vec<Outcome>>,
}

impl<'a> Run<'a> {
    pub fn new(case: &'a Case, http: Http, url: String) -> Self {
        let outcomes = case.calls.iter().map(|_| Outcome::default()).collect();
        Self { case, http, url, outcomes: RefCell::new(outcomes) }
    }

    /// Makes the calls, each of which is an operation.
    pub async fn all(&self) {
        for index in (0..self.case.calls.len()).filter(|i| self.case.calls[*i].beside.is_none()) {
            match self.http {
                Http::Tower(_) => self.call(index, Some(&SharedOperation::new())).await,
                Http::Reqwest(_) => costmark::operation(self.call(index, None)).await,
            }
        }
    }

    pub fn print(&self, lines: &Lines) {
        for (index, outcome) in self.outcomes.borrow().iter().enumerate() {
            if let Some(error) = &outcome.refusal {
                let (code, offset) = (error.kind().name(), error.offset());
                // Whether it began already is not seen from outside.
                let members = json!({"call": index, "at": "send", "code": code, "offset": offset});
                lines.print("error", members);
            } else {
                let passed = STANDARD.encode(&outcome.passed);
                let members = json!({"call": index, "status": outcome.status, "passed": passed});
                lines.print("result", members);
            }
        }
    }

    /// Makes one call. In a box: another one may be made beside it.
    fn call<'b>(
        &'b self,
        index: usize,
        operation: Option<&'b SharedOperation>,
    ) -> Pin<Box<dyn Future<Output = ()> + 'b>> {
        Box::pin(async move {
            let outcome = self.attempts(index, operation).await;
            self.outcomes.borrow_mut()[index] = outcome;
        })
    }

    /// The loop of a host that repeats by itself.
    async fn attempts(&self, index: usize, operation: Option<&SharedOperation>) -> Outcome {
        let mut outcome = Outcome::default();
        for number in 0.. {
            match self.send(index, number, operation).await {
                Ok(answer) => outcome = self.read(index, number, answer, operation).await,
                Err(Failure::NoAnswer) => outcome = Outcome::default(),
                Err(Failure::Refused(error)) if number == 0 => {
                    return Outcome { refusal: Some(error), ..Outcome::default() };
                }
                Err(Failure::Refused(_)) => break, // the answer at hand is the result
            }
            if number >= self.repeats(index) || !outcome.asks_for_another() {
                break;
            }
        }
        outcome
    }

    /// How often the host of a call repeats at most.
    fn repeats(&self, index: usize) -> u32 {
        let host = &self.case.calls[index].host;
        match host.does {
            Does::Follow | Does::Twice => {
                let given = self.case.client.options.get("max_attempts");
                given.map_or(DEFAULT_ATTEMPTS, |n| n.parse().expect("a number of attempts")) - 1
            }
            Does::Repeat => host.retries,
            Does::Once | Does::Cancel | Does::Drop | Does::Observe => 0,
        }
    }

    async fn send(
        &self,
        index: usize,
        number: u32,
        operation: Option<&SharedOperation>,
    ) -> Result<Answer, Failure> {
        let call = &self.case.calls[index];
        // A host that counts makes its request anew, and names neither again.
        let is_named = number == 0 || call.host.counter_header.is_none();
        let mut request = self.request(index, number);
        if is_named && !call.request.project.is_empty() {
            request.extensions_mut().insert(Project::new(&call.request.project));
        }
        if is_named && !call.request.labels.is_empty() {
            let labels = Labels::new(call.request.labels.clone()).map_err(Failure::Refused)?;
            request.extensions_mut().insert(labels);
        }
        if call.request.override_budgets {
            request.extensions_mut().insert(OverrideBudgets);
        }
        if let Some(operation) = operation {
            request.extensions_mut().insert(operation.clone());
        }
        let scope = if is_named { &*call.request.scope } else { "" };
        costmark::scope(scope, self.http.send(request)).await
    }

    fn request(&self, index: usize, number: u32) -> http::Request<Bytes> {
        let call = &self.case.calls[index];
        let given = &call.request;
        let url = format!("{}/{index}{}", self.url, given.path);
        let mut request = http::Request::builder().method(&*given.method).uri(url);
        for (name, value) in &given.headers {
            request = request.header(name, value);
        }
        if let Some(counter) = &call.host.counter_header {
            request = request.header(counter, number);
        }
        request.body(given.body.clone().into()).expect("the request of a case can be sent")
    }

    /// Reads an answer, as far as its host does. What is not read is dropped here.
    async fn read(
        &self,
        index: usize,
        number: u32,
        answer: Answer,
        operation: Option<&SharedOperation>,
    ) -> Outcome {
        let host = &self.case.calls[index].host;
        let mut outcome = Outcome { status: answer.status().as_u16(), ..Outcome::default() };
        if host.does == Does::Twice && number == 0 {
            outcome.is_left = true;
            return outcome;
        }
        for beside in (0..self.case.calls.len()).filter(|_| number == 0) {
            if self.case.calls[beside].beside == Some(index) {
                self.call(beside, operation).await;
            }
        }
        if host.does == Does::Drop && host.at == Some(At::Head) {
            return outcome;
        }
        let leaves = matches!(host.does, Does::Cancel | Does::Drop);
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            match frame.map(|frame| frame.into_data().unwrap_or_default()) {
                Ok(piece) => outcome.passed.extend_from_slice(&piece),
                Err(_) => outcome.is_cut = true,
            }
            if outcome.is_cut || (leaves && outcome.passed.len() >= host.after_bytes) {
                break;
            }
        }
        outcome
    }
}

impl Outcome {
    /// What SDKs repeat: no answer, or none of its body, and what may pass.
    fn asks_for_another(&self) -> bool {
        let may_pass = matches!(self.status, 0 | 408 | 409 | 429 | 500..);
        self.is_left || may_pass || (self.is_cut && self.passed.is_empty())
    }
}
