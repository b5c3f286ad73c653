//! Attempts to get a request past the layer.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::io::{self, BufRead};
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use costmark::tower::Layer;
use http::{HeaderValue, Request};
use http_body::{Body, Frame};
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt};

use crate::Result;

/// An attempt, as a line of standard input has it.
#[derive(Deserialize)]
struct Bypass {
    way: String,
    does: String,
    options: BTreeMap<String, String>,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    scope: String,
}

/// Makes one for each line of standard input, and prints one line about each.
pub fn make_attempts() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for line in io::stdin().lock().lines() {
        let attempt: Bypass = serde_json::from_str(&line?)?;
        println!("{}", runtime.block_on(attempt.outcome()));
    }
    Ok(())
}

impl Bypass {
    async fn outcome(&self) -> Value {
        let options = self.options.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let client = match costmark::Client::builder().set_all(options).build() {
            Ok(client) => client,
            Err(error) => return json!({"refused": error.kind().name()}),
        };
        let request = match self.request() {
            Ok(request) => request,
            Err(error) => return json!({"skip": error.to_string()}),
        };
        if self.way == "reqwest" {
            return costmark::scope(&*self.scope, self.with_reqwest(client, request)).await;
        }
        costmark::scope(&*self.scope, self.with_tower(client, request)).await
    }

    fn request(&self) -> Result<Request<Bytes>> {
        let mut request = Request::builder().method(&*self.method).uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        Ok(request.body(STANDARD.decode(&self.body)?.into())?)
    }

    async fn with_tower(&self, client: costmark::Client, request: Request<Bytes>) -> Value {
        let Some(change) = below(&self.does) else {
            return json!({"skip": "the layer has no such thing"});
        };
        let below = legacy::Client::builder(TokioExecutor::new()).build_http();
        let service = ServiceBuilder::new()
            .layer(Layer::new(client))
            .map_request(move |request: Request<Full<Bytes>>| change(request))
            .service(below);
        match service.clone().oneshot(request.map(Full::new)).await {
            Ok(answer) => json!({"status": answer.status().as_u16()}),
            Err(error) => told(&error),
        }
    }

    async fn with_reqwest(&self, client: costmark::Client, request: Request<Bytes>) -> Value {
        let below = reqwest::Client::builder().no_proxy();
        let below = match &*self.does {
            "send" | "copy" | "chunked" => below,
            "follow" => below.redirect(reqwest::redirect::Policy::limited(5)),
            _ => return json!({"skip": "nothing can be put below the client"}),
        };
        let http = costmark::reqwest::Client::new(client, below).expect("a client can be built");
        let request = request.map(|body| match &*self.does {
            "chunked" => in_pieces(&body),
            _ => body.into(),
        });
        let request = match reqwest::Request::try_from(request) {
            Ok(request) => request,
            Err(error) => return json!({"skip": error.to_string()}),
        };
        match http.clone().execute(request).await {
            Ok(answer) => json!({"status": answer.status().as_u16()}),
            Err(error) => told(&error),
        }
    }
}

fn told<E: std::fmt::Display>(error: &costmark::tower::Error<E>) -> Value {
    match error {
        costmark::tower::Error::Refused(error) => json!({"refused": error.kind().name()}),
        error => json!({"failed": error.to_string()}),
    }
}

/// A body whose length is not known before its end.
fn in_pieces(body: &Bytes) -> reqwest::Body {
    reqwest::Body::wrap(Pieces::of(body.chunks(7).map(Bytes::copy_from_slice)))
}

/// A body in pieces that are given.
pub struct Pieces(VecDeque<Bytes>);

impl Pieces {
    pub fn of(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        Self(pieces.into_iter().collect())
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

type Change = fn(Request<Full<Bytes>>) -> Request<Full<Bytes>>;

/// What a layer below changes of what was prepared.
fn below(does: &str) -> Option<Change> {
    const PROJECT: &str = "openai-project";
    Some(match does {
        "send" | "copy" => |request| request,
        "below-removes" => |mut request| {
            request.headers_mut().remove(PROJECT);
            request
        },
        "below-replaces" => |mut request| {
            request.headers_mut().insert(PROJECT, HeaderValue::from_static("default"));
            request
        },
        "below-path" => |mut request| {
            let url = request.uri().to_string().replace("chat/completions", "responses");
            *request.uri_mut() = url.parse().expect("it is a URL still");
            request
        },
        "below-body" => |mut request| {
            let body =
                r#"{"model":"openai.gpt-oss-120b","messages":[{"role":"user","content":"Hi"}]}"#;
            request.headers_mut().insert("content-length", body.len().into());
            request.map(|_| Full::from(body))
        },
        _ => return None,
    })
}
