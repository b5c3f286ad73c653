//! The gateway over real connections.
#![allow(missing_docs)]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use costmark::Client;
use costmark_example_gateway::{Gateway, client};
use support::{ANSWER, BODY, LONG, Running, Seen, bedrock, keys, send, serve};
use tokio::sync::oneshot;

#[tokio::test]
async fn each_tenant_pays_for_itself() {
    let running = Running::start(LONG, keys).await;
    for (key, project) in [("key-a", "proj_a"), ("key-b", "proj_b")] {
        let mut request = running.post(key, BODY);
        for name in ["openai-project", "anthropic-workspace-id"] {
            request
                .headers_mut()
                .insert(name, "proj_of_another".parse().unwrap());
        }
        assert_eq!(send(request).await, (StatusCode::OK, ANSWER.to_owned()));
        let headers = running.seen.lock().unwrap().pop().unwrap();
        assert_eq!(headers["openai-project"], project);
        assert!(headers.get("anthropic-workspace-id").is_none());
        assert!(
            headers["authorization"]
                .to_str()
                .unwrap()
                .starts_with("AWS4-HMAC-SHA256 ")
        );
        assert!(headers.values().all(|value| value != "proj_of_another"));
    }
    let usage = Request::get(format!("{}/usage", running.url));
    let (_, report) = send(usage.body(Body::empty()).unwrap()).await;
    let rows = "operations=1 attempts=1 input=11 output=7";
    let gaps = "unattributed=0 unrecognized=0";
    assert_eq!(
        report,
        format!("proj_a m {rows}\nproj_b m {rows}\n{gaps}\n")
    );
}

#[tokio::test]
async fn what_is_refused_says_whose_fault_it_is() {
    let running = Running::start(LONG, keys).await;
    let stranger = send(running.post("key-c", BODY)).await;
    assert_eq!(stranger.0, StatusCode::UNAUTHORIZED);
    let other = r#"{"model":"m","project_id":"proj_b","messages":[]}"#;
    let (status, why) = send(running.post("key-a", other)).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{why}");
    assert!(why.starts_with("conflict: "), "{why}");
    let (status, why) = send(running.post("key-a", r#"{"model":"m","project_id":"#)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{why}");
    assert_eq!(running.seen(), 0);
    assert!(running.client.usage().unwrap().is_empty());

    let without = Running::start(LONG, |builder| {
        builder.credentials(|| Err("the vault at 10.1.2.3 is shut".into()))
    });
    let without = without.await;
    let (status, why) = send(without.post("key-a", BODY)).await;
    assert_eq!(
        (status, why.as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "try again later\n")
    );
}

#[tokio::test]
async fn a_gateway_whose_bedrock_is_gone_says_so() {
    let client = client(
        keys(Client::builder())
            .set("base_url", "http://127.0.0.1:9")
            .set("region", "us-east-1"),
    );
    let (_stop, until) = oneshot::channel();
    let gateway = Gateway {
        client: client.unwrap(),
        upstream: "http://127.0.0.1:9".into(),
        tenants: [("key-a".to_owned(), "proj_a".into())].into(),
        timeout: LONG,
    };
    let url = serve(gateway.into_router(), until).await;
    let request = Request::post(format!("{url}/v1/chat/completions"))
        .header("authorization", "Bearer key-a")
        .body(BODY.into());
    assert_eq!(send(request.unwrap()).await.0, StatusCode::BAD_GATEWAY);
}

/// As an operator runs it: it ends when it is told to, and says what was used.
#[tokio::test]
async fn the_program_stops_and_reports() {
    let (_stop, until) = oneshot::channel();
    let upstream = serve(bedrock(&Seen::default()), until).await;
    let mut gateway = Command::new(env!("CARGO_BIN_EXE_costmark-example-gateway"))
        .envs([
            ("GATEWAY_LISTEN", "127.0.0.1:0"),
            ("GATEWAY_UPSTREAM", &upstream),
        ])
        .envs([
            ("GATEWAY_TENANTS", "key-a=proj_a,key-b=proj_b"),
            ("AWS_REGION", "us-east-1"),
        ])
        .envs([
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(gateway.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap();
    let request = Request::post(format!("{url}/v1/chat/completions"))
        .header("content-type", "application/json")
        .header("authorization", "Bearer key-b");
    let answer = send(request.body(BODY.into()).unwrap()).await;
    assert_eq!(answer, (StatusCode::OK, ANSWER.to_owned()));
    let told = Command::new("kill")
        .arg(gateway.id().to_string())
        .status()
        .unwrap();
    assert!(told.success());
    let mut report = String::new();
    output.read_to_string(&mut report).unwrap();
    assert_eq!(
        report,
        "proj_b m operations=1 attempts=1 input=11 output=7\nunattributed=0 unrecognized=0\n"
    );
    assert!(gateway.wait().unwrap().success());
}
