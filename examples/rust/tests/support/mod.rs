//! What the tests share.
#![allow(dead_code)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use costmark::{Builder, Client};
use costmark_example_gateway::{Gateway, client};
use http_body_util::BodyExt;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub const ANSWER: &str = concat!(
    r#"{"id":"chatcmpl-1","object":"chat.completion","model":"m","choices":[],"#,
    r#""usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}"#
);
pub const BODY: &str = r#"{"model":"m","messages":[]}"#;

pub type Seen = Arc<Mutex<Vec<axum::http::HeaderMap>>>;

pub async fn serve(router: Router, until: oneshot::Receiver<()>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = axum::serve(listener, router).with_graceful_shutdown(async {
        let _ = until.await;
    });
    tokio::spawn(async move { serving.await.unwrap() });
    url
}

/// Stands for Bedrock, and keeps the headers that it sees.
pub fn bedrock(seen: &Seen) -> Router {
    let sees = seen.clone();
    Router::new().fallback(async move |request: Request| {
        sees.lock().unwrap().push(request.headers().clone());
        ([("content-type", "application/json")], ANSWER)
    })
}

pub struct Running {
    pub url: String,
    pub client: Client,
    pub seen: Seen, // by what stands for Bedrock
    _stop: [oneshot::Sender<()>; 2],
}

impl Running {
    pub async fn start(timeout: Duration, configure: impl FnOnce(Builder) -> Builder) -> Self {
        let ((stop_bedrock, until), (stop, until_too)) = (oneshot::channel(), oneshot::channel());
        let seen = Seen::default();
        let upstream = serve(bedrock(&seen), until).await;
        let builder = Client::builder()
            .set_all([
                ("base_url", upstream.as_str()),
                ("region", "us-east-1"),
                ("auth", "sigv4"),
            ])
            .set("carrier", "header");
        let client = client(configure(builder)).unwrap();
        let tenants = [("key-a", "proj_a"), ("key-b", "proj_b")];
        let tenants = tenants.map(|(key, project)| (key.to_owned(), project.into()));
        let gateway = Gateway {
            client: client.clone(),
            upstream,
            tenants: tenants.into(),
            timeout,
        };
        let url = serve(gateway.into_router(), until_too).await;
        Self {
            url,
            client,
            seen,
            _stop: [stop_bedrock, stop],
        }
    }

    pub fn post(&self, key: &str, body: impl Into<Body>) -> Request {
        let request = Request::post(format!("{}/v1/chat/completions", self.url))
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {key}"));
        request.body(body.into()).unwrap()
    }

    pub fn seen(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

pub fn keys(builder: Builder) -> Builder {
    builder.set_all([
        ("access_key_id", "AKIDEXAMPLE"),
        ("secret_access_key", "secret"),
    ])
}

pub async fn send(request: Request) -> (StatusCode, String) {
    let http = legacy::Client::builder(TokioExecutor::new()).build_http::<Body>();
    let answer = http.request(request).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

pub const LONG: Duration = Duration::from_secs(30);
