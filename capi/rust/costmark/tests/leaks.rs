//! Alone in its process, as handles are counted for all of it.
#![allow(missing_docs)]

mod support;

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use costmark::{BearerToken, Cancel, Credentials, SendOptions, SignRequest, Signer, Wait};
use support::{ANSWER, BODY, Server, URL, answer, builder, client, json_head, keys, request, sent};

fn use_everything() -> Result<(), Box<dyn Error>> {
    let client = client();
    let copy = client.clone();
    let (mut finished, _dropped) = (sent(&client), sent(&client));
    let _beside = client.operation_beside(&finished, &request())?;
    drop(client);
    finished.head(&json_head(200))?;
    finished.feed(ANSWER.as_bytes());
    finished.finish();
    let _report = copy.usage()?;
    let _kept_errors = [
        copy.operation(&request().project("not one")).map(drop).unwrap_err(),
        builder().set("nonsense", "1").build().map(drop).unwrap_err(),
    ];
    let _builder_that_is_not_built =
        keys(builder()).log(|_, _| ()).credentials(|| Err("none".into()));

    let keys_alone = Credentials::new("AKIDEXAMPLE", "secret");
    let mut signer = Signer::new()?;
    signer.sign(&SignRequest::new("GET", URL, &keys_alone).region("r").service("s"))?;
    let _token = BearerToken::new(&keys_alone, "us-east-1", Duration::from_secs(60))?;
    let credentials = keys(builder()).build_credentials_cache()?;
    let _set = credentials.get()?;
    let tokens = keys(builder()).build_bearer_token_cache(None)?;
    let (_token, _tokens) = (tokens.get()?, tokens.clone());

    // Panics leave nothing behind either.
    let panicking =
        builder().set("project", "proj_a").credentials(|| panic!("on purpose")).build()?;
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        panicking.operation(&request()).unwrap().prepare(Wait::Forever).map(drop)
    }));
    assert!(panicked.is_err());
    Ok(())
}

/// Attempts that are joined by the extensions of their requests, which know their operation.
#[cfg(feature = "tower")]
async fn repeat_something() {
    use http_body_util::{BodyExt, Full};
    use tower::{Layer, ServiceExt};

    type Request = http::Request<Full<bytes::Bytes>>;
    let layer = costmark::tower::Layer::new(client());
    let operation = costmark::tower::SharedOperation::new();
    let mut answers = Vec::new();
    for _ in 0..3 {
        let mut request = http::Request::post(URL).body(Full::from(BODY)).unwrap();
        request.extensions_mut().insert(operation.clone());
        let service = layer.layer(tower::service_fn(async |request: Request| {
            assert!(request.extensions().get::<costmark::tower::SharedOperation>().is_some());
            Ok::<_, std::io::Error>(http::Response::new(Full::<bytes::Bytes>::from(ANSWER)))
        }));
        answers.push(service.oneshot(request).await.unwrap().into_body());
    }
    answers.pop();
    answers.pop().unwrap().collect().await.unwrap();
    assert!(costmark::live_handles() > 0);
}

fn send_something(server: &Server) -> Result<(), Box<dyn Error>> {
    let client = server.builder().build()?;
    let (cancel, url) = (Cancel::new()?, server.chat_url());
    let request = costmark::Request::new("POST", &url).body(BODY);
    let mut operation = client.operation(&request)?;
    operation.send(SendOptions::new().cancel(&cancel.clone()))?;
    cancel.stop();
    operation.send(SendOptions::new().cancel(&cancel)).map(drop).unwrap_err();
    Ok(())
}

#[test]
fn nothing_is_left_over() {
    std::panic::set_hook(Box::new(|_| ())); // the panics on purpose
    let server = Server::start(|_, _, to| answer(to, 200, "", ANSWER));
    support::isolate();
    assert_eq!(costmark::live_handles(), 0);
    for _ in 0..3 {
        use_everything().unwrap();
        send_something(&server).unwrap();
        #[cfg(feature = "tower")]
        {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(repeat_something());
            // Dropped, it waits for what still runs on its threads.
        }
        assert_eq!(costmark::live_handles(), 0);
    }
}
