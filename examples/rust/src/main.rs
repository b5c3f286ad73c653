//! Runs the gateway until it is told to stop (SIGINT or SIGTERM); then it ends the calls that are open,
//! and prints what was used.
//!
//! ```sh
//! export GATEWAY_UPSTREAM=http://127.0.0.1:8080        # the emulator, or Bedrock's URL
//! export GATEWAY_TENANTS=key-of-a=proj_a,key-of-b=proj_b
//! export AWS_REGION=us-east-1                          # and credentials, wherever the AWS SDKs look
//! cargo run -p costmark-example-gateway
//! curl -H 'Authorization: Bearer key-of-a' -H 'Content-Type: application/json' \
//!   -d '{"model":"openai.gpt-oss-20b","messages":[{"role":"user","content":"Hello"}]}' \
//!   http://127.0.0.1:8000/v1/chat/completions
//! ```

use std::env;
use std::error::Error;
use std::time::Duration;

use costmark_example_gateway::{Gateway, client, report};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenants = env::var("GATEWAY_TENANTS")?;
    let tenants = tenants
        .split(',')
        .filter_map(|tenant| tenant.split_once('='));
    let upstream = env::var("GATEWAY_UPSTREAM")?;
    let gateway = Gateway {
        client: client(costmark::Client::builder().set("base_url", &upstream))?,
        upstream,
        tenants: tenants
            .map(|(key, project)| (key.into(), project.into()))
            .collect(),
        timeout: Duration::from_secs(60),
    };
    let counted = gateway.client.clone();
    let address = env::var("GATEWAY_LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, gateway.into_router())
        .with_graceful_shutdown(stop())
        .await?;
    print!("{}", report(&counted)?);
    Ok(())
}

async fn stop() {
    let mut terminated = signal(SignalKind::terminate()).expect("signals can be received");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}
