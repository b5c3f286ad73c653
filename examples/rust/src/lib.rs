//! A gateway that sends the calls of tenants to Bedrock.
//!
//! ```text
//!   tenant ── key ──► gateway ── scope of the tenant's project ──► costmark ──► HTTP client ──► Bedrock
//! ```
//!
//! * The key of a request says which tenant calls, and the tenant which project pays.
//! * A caller cannot choose a project: its headers that name one are removed, and a body that names
//!   another one is refused (the option `conflict`).
//! * Its key never leaves the gateway. costmark signs what does.
//!
//! docs/gateways.md explains it, and the same in Go and Python.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONNECTION, HOST};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use costmark::tower::{Error, Layer, Service};
use costmark::{Builder, Client, ErrorKind, Project};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::{Layer as _, ServiceExt};

type Bedrock = Service<legacy::Client<HttpConnector, Body>>;

/// What a gateway is made of.
pub struct Gateway {
    /// See [`client`].
    pub client: Client,
    /// Where calls go, such as `https://bedrock-mantle.us-east-1.api.aws`.
    pub upstream: String,
    /// The project of each tenant, by its key.
    pub tenants: HashMap<String, Project>,
    /// How long a call may take until its answer begins, with the fetching of credentials.
    pub timeout: Duration,
}

/// A client with the policies of a gateway. The rest is as the builder and the environment say.
///
/// # Errors
///
/// An option is wrong.
pub fn client(builder: Builder) -> Result<Client, costmark::Error> {
    builder
        .set("conflict", "refuse")
        .set("unattributed", "refuse")
        .build()
}

impl Gateway {
    /// The routes: `/usage` shows the counters, and all else goes to Bedrock.
    pub fn into_router(self) -> Router {
        let http = legacy::Client::builder(TokioExecutor::new()).build_http();
        let bedrock = Layer::new(self.client.clone()).layer(http);
        let shared = Arc::new(Shared {
            gateway: self,
            bedrock,
        });
        Router::new()
            .route("/usage", get(usage))
            .fallback(forward)
            .with_state(shared)
    }
}

struct Shared {
    gateway: Gateway,
    bedrock: Bedrock,
}

async fn forward(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let Some(project) = shared.project_of(request.headers()) else {
        return (StatusCode::UNAUTHORIZED, "unknown key\n").into_response();
    };
    let Ok(request) = shared.outgoing(request) else {
        return (StatusCode::BAD_REQUEST, "bad path\n").into_response();
    };
    let call = costmark::scope(project, shared.bedrock.clone().oneshot(request));
    match tokio::time::timeout(shared.gateway.timeout, call).await {
        Ok(Ok(answer)) => answer.map(Body::new),
        Ok(Err(error)) => {
            let (status, message) = explain(&error);
            (status, format!("{message}\n")).into_response()
        }
        Err(_) => (StatusCode::GATEWAY_TIMEOUT, "it took too long\n").into_response(),
    }
}

impl Shared {
    fn project_of(&self, headers: &HeaderMap) -> Option<Project> {
        let key = headers
            .get(AUTHORIZATION)?
            .to_str()
            .ok()?
            .strip_prefix("Bearer ")?;
        self.gateway.tenants.get(key).cloned()
    }

    /// The request as it goes on: without what is the gateway's to say.
    fn outgoing(&self, mut request: Request) -> Result<Request, axum::http::Error> {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let url: Uri = format!("{}{path}", self.gateway.upstream).parse()?;
        *request.uri_mut() = url;
        let headers = request.headers_mut();
        for name in [AUTHORIZATION, HOST, CONNECTION] {
            headers.remove(name);
        }
        for name in [
            "openai-project",
            "anthropic-workspace-id",
            "x-amzn-bedrock-projectidentifier",
        ] {
            headers.remove(name);
        }
        Ok(request)
    }
}

/// Which error becomes which status, and what the caller is told. What concerns the gateway alone
/// stays here.
fn explain<E>(error: &Error<E>) -> (StatusCode, String) {
    let refused = match error {
        Error::Refused(refused) => refused,
        Error::Body(_) => return (StatusCode::BAD_REQUEST, "the body broke off".into()),
        _ => return (StatusCode::BAD_GATEWAY, "Bedrock did not answer".into()),
    };
    let status = match refused.kind() {
        ErrorKind::Conflict | ErrorKind::ProjectNotAllowed | ErrorKind::Unattributed => {
            StatusCode::FORBIDDEN
        }
        ErrorKind::BudgetExceeded => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::InvalidJson
        | ErrorKind::InvalidArgument
        | ErrorKind::InvalidUrl
        | ErrorKind::InvalidProject => StatusCode::BAD_REQUEST,
        _ => {
            eprintln!("{refused}"); // credentials, configuration, or a bug
            return (StatusCode::SERVICE_UNAVAILABLE, "try again later".into());
        }
    };
    (status, refused.to_string())
}

async fn usage(State(shared): State<Arc<Shared>>) -> Response {
    match report(&shared.gateway.client) {
        Ok(report) => report.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// The counters, a line for each project and model, and what went out with a gap.
///
/// # Errors
///
/// There is not enough memory.
pub fn report(client: &Client) -> Result<String, costmark::Error> {
    let mut report = String::new();
    let usage = client.usage()?;
    for row in usage.iter() {
        let (totals, model) = (row.totals, row.model.unwrap_or("-"));
        writeln!(
            report,
            "{} {model} operations={} attempts={} input={} output={}",
            row.project,
            totals.operations,
            totals.attempts,
            totals.input_tokens,
            totals.output_tokens
        )
        .expect("a String takes whatever is written");
    }
    let gaps = usage.requests();
    writeln!(
        report,
        "unattributed={} unrecognized={}",
        gaps.unattributed, gaps.unrecognized
    )
    .expect("a String takes whatever is written");
    Ok(report)
}
