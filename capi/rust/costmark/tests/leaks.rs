//! Alone in its process, as handles are counted for all of it.
#![allow(missing_docs)]

mod support;

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use costmark::{
    AnswerHead, BearerToken, Cancel, Credentials, Prepared, Response, SendOptions, SignRequest,
    Signer,
};
use support::{ANSWER, BODY, Server, URL, answer, builder, client, keys, request};

fn use_everything() -> Result<(), Box<dyn Error>> {
    let (client, mut memory) = (client(), Prepared::new()?);
    let copy = client.clone();
    let changes = client.prepare(&request(), &mut memory)?;
    let observations = [client.observe(&changes, 1)?, client.observe(&changes, 2)?];
    drop(changes);
    drop(client);
    let [mut finished, _dropped] = observations;
    finished.head(&AnswerHead::new(200).content_type("application/json"))?;
    finished.feed(ANSWER.as_bytes());
    finished.finish();
    let _report = copy.usage()?;
    let _kept_errors = [
        copy.prepare(&request().project("not one"), &mut memory).map(drop).unwrap_err(),
        builder().set("nonsense", "1").build().map(drop).unwrap_err(),
    ];
    let _builder_that_is_not_built =
        keys(builder()).log(|_, _| ()).credentials(|| Err("none".into()));

    let keys_alone = Credentials::new("AKIDEXAMPLE", "secret");
    let mut signer = Signer::new()?;
    signer.sign(&SignRequest::new("GET", URL, &keys_alone).region("r").service("s"))?;
    let _token = BearerToken::new(&keys_alone, "us-east-1", Duration::from_secs(60))?;
    let provider = keys(builder()).build_credentials_provider()?;
    let _set = provider.get()?;
    let tokens = keys(builder()).build_bearer_token_provider(None)?;
    let (_token, _tokens) = (tokens.get()?, tokens.clone());

    // Panics leave nothing behind either.
    let panicking =
        builder().set("project", "proj_a").credentials(|| panic!("on purpose")).build()?;
    let panicked =
        catch_unwind(AssertUnwindSafe(|| panicking.prepare(&request(), &mut memory).map(drop)));
    assert!(panicked.is_err());
    Ok(())
}

fn send_something(server: &Server) -> Result<(), Box<dyn Error>> {
    let client = server.builder().build()?;
    let (cancel, mut response, url) = (Cancel::new()?, Response::new()?, server.chat_url());
    let request = costmark::Request::new("POST", &url).body(BODY);
    client.send(&request, SendOptions::new().cancel(&cancel.clone()), &mut response)?;
    cancel.request();
    client.send(&request, SendOptions::new().cancel(&cancel), &mut response).unwrap_err();
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
        assert_eq!(costmark::live_handles(), 0);
    }
}
