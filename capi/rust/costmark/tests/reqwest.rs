//! reqwest over a real connection.
#![cfg(feature = "reqwest")]
#![allow(missing_docs)]

mod support;

use std::time::Duration;

use costmark::ErrorKind;
use costmark::reqwest::{Client, Error};
use support::{ANSWER, BODY, Server, answer, begin_stream, chunk, event, sums};

fn http(server: &Server) -> (Client, costmark::Client) {
    let client = server.builder().build().unwrap();
    (Client::new(client.clone(), reqwest::Client::builder()).unwrap(), client)
}

#[tokio::test]
async fn an_answer_is_one_of_reqwests() {
    let server = Server::start(|_, _, to| answer(to, 200, "x-request-id: req-1\r\n", ANSWER));
    let (http, client) = http(&server);
    let url = format!("{}?b=1&a=%20", server.chat_url());
    let response = http.send(http.get_ref().post(&url).body(BODY)).await.unwrap();
    assert_eq!((response.status().as_u16(), response.url().as_str()), (200, url.as_str()));
    assert_eq!(response.headers()["x-request-id"], "req-1");
    assert_eq!(response.text().await.unwrap(), ANSWER);
    assert_eq!(sums(&client).input_tokens, 11);
    assert!(server.got()[0].header("openai-project").is_none(), "the body carries it here");
}

#[tokio::test]
async fn a_signed_request_does_not_follow() {
    let server = Server::start(|_, _, to| answer(to, 307, "location: /elsewhere\r\n", ""));
    let (http, _) = http(&server);
    let response = http.send(http.get_ref().post(server.chat_url()).body(BODY)).await.unwrap();
    assert_eq!(response.status(), 307);
    assert_eq!(server.got().len(), 1);
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_reqwests_error() {
    let server = Server::start(|_, _, to| {
        begin_stream(to);
        chunk(to, &event("one")).unwrap();
    });
    let (http, client) = http(&server);
    let request = http.get_ref().post(server.chat_url()).body(r#"{"model":"m","stream":true}"#);
    let mut response = http.send(request).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), event("one"));
    assert!(response.chunk().await.is_err());
    assert_eq!(sums(&client).incomplete_attempts, 1);
}

#[tokio::test]
async fn a_timeout_of_the_request_holds() {
    let server = Server::start(|_, _, _| std::thread::sleep(Duration::from_secs(30)));
    let (http, client) = http(&server);
    let request =
        http.get_ref().post(server.chat_url()).body(BODY).timeout(Duration::from_millis(100));
    let error = http.send(request).await.unwrap_err();
    assert!(matches!(&error, Error::Transport(error) if error.is_timeout()), "{error:?}");
    assert_eq!(sums(&client).attempts, 1);
}

#[tokio::test]
async fn what_is_refused_says_so() {
    let server = Server::start(|_, _, _| panic!("it was sent"));
    let (http, _) = http(&server);
    let error =
        http.send(http.get_ref().post("https://example.com/").body("{}")).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(error) if error.kind() == ErrorKind::EndpointMismatch));
    let error = http.send(http.get_ref().post("not a url")).await.unwrap_err();
    assert!(matches!(&error, Error::Transport(error) if error.is_builder()));
}
