//! Answers that come in two pieces, cut at each place in turn.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::ready;
use std::io::{self, BufRead};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use costmark::tower::Layer;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::{Layer as _, ServiceExt};

use crate::Result;
use crate::bypass::Pieces;
use crate::client::row;

/// A call, and its answer, as a line of standard input has them.
#[derive(Deserialize)]
struct CutAnswer {
    name: String,
    way: String,
    options: BTreeMap<String, String>,
    url: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    answer: Answer,
}

#[derive(Deserialize)]
struct Answer {
    headers: Vec<(String, String)>,
    body: String,
}

/// Reads one for each line of standard input, and prints one line about all places in a row of which the
/// same came.
pub fn read_answers() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for line in io::stdin().lock().lines() {
        let answer: CutAnswer = serde_json::from_str(&line?)?;
        runtime.block_on(answer.all())?;
    }
    Ok(())
}

/// The clients of one answer, and what was reported to them of the call that is made.
struct Clients {
    layered: costmark::Client,
    reqwest: costmark::reqwest::Client,
    rows: Arc<Mutex<Vec<Value>>>,
}

impl Clients {
    fn of(options: &BTreeMap<String, String>) -> Result<Self> {
        let rows = Arc::new(Mutex::new(Vec::new()));
        let reported = rows.clone();
        let layered = costmark::Client::builder()
            .set_all(options.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .on_usage(move |answer| lock(&reported).push(row(answer)))
            .build()?;
        let below = reqwest::Client::builder().no_proxy();
        let reqwest = costmark::reqwest::Client::new(layered.clone(), below)?;
        Ok(Self { layered, reqwest, rows })
    }
}

impl CutAnswer {
    async fn all(&self) -> Result<()> {
        let clients = Clients::of(&self.options)?;
        let mut told: Option<Value> = None;
        for cut in 0..=STANDARD.decode(&self.answer.body)?.len() {
            let came = self.read(&clients, cut).await?;
            match &mut told {
                Some(told) if told["came"] == came => told["to"] = cut.into(),
                _ => {
                    self.print(told.take());
                    told = Some(json!({"from": cut, "to": cut, "came": came}));
                }
            }
        }
        self.print(told);
        Ok(())
    }

    /// What came of one call.
    async fn read(&self, clients: &Clients, cut: usize) -> Result<Value> {
        let request = self.request(cut)?;
        let passed = if self.way == "reqwest" {
            let answer = clients.reqwest.execute(reqwest::Request::try_from(request)?).await?;
            whole(Response::<reqwest::Body>::from(answer)).await?
        } else {
            let answer = Arc::new(Mutex::new(Some(self.cut_answer(cut)?)));
            let below = tower::service_fn(move |_: Request<Full<Bytes>>| {
                let answer = lock(&answer).take().expect("there is one attempt");
                ready(Ok::<_, Infallible>(answer))
            });
            let service = Layer::new(clients.layered.clone()).layer(below);
            whole(service.oneshot(request.map(Full::new)).await?).await?
        };
        let rows = std::mem::take(&mut *lock(&clients.rows));
        let rows: Vec<_> =
            rows.iter().map(|row| members(row, ["outcome", "usage", "flags"])).collect();
        Ok(json!({"passed": STANDARD.encode(passed), "rows": rows}))
    }

    fn request(&self, cut: usize) -> Result<Request<Bytes>> {
        let mut request = Request::post(format!("{}.{cut}{}", self.url, self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        Ok(request.body(STANDARD.decode(&self.body)?.into())?)
    }

    /// The answer in two pieces.
    fn cut_answer(&self, cut: usize) -> Result<Response<Pieces>> {
        let body = Bytes::from(STANDARD.decode(&self.answer.body)?);
        let mut answer = Response::builder();
        for (name, value) in &self.answer.headers {
            answer = answer.header(name, value);
        }
        Ok(answer.body(Pieces::of([body.slice(..cut), body.slice(cut..)]))?)
    }

    fn print(&self, told: Option<Value>) {
        let Some(told) = told else { return };
        let mut line = told["came"].clone();
        line["name"] = self.name.as_str().into();
        line["way"] = self.way.as_str().into();
        line["from"] = told["from"].clone();
        line["to"] = told["to"].clone();
        println!("{line}");
    }
}

async fn whole<B: Body<Data = Bytes>>(answer: Response<B>) -> Result<Bytes>
where
    B::Error: std::error::Error + 'static,
{
    Ok(answer.into_body().collect().await?.to_bytes())
}

/// Those members of a row that a cut could change.
fn members(row: &Value, names: [&str; 3]) -> Value {
    names.into_iter().map(|name| (name.to_owned(), row[name].clone())).collect()
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
