//! reqwest over a real connection.
#![cfg(feature = "reqwest")]
#![allow(missing_docs)]

mod support;

use std::time::Duration;

use costmark::reqwest::{Client, Error};
use costmark::{ErrorKind, ProjectSource};
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
    let response = http.post(&url).body(BODY).send().await.unwrap();
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
    let response = http.post(server.chat_url()).body(BODY).send().await.unwrap();
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
    let request = http.post(server.chat_url()).body(r#"{"model":"m","stream":true}"#);
    let mut response = request.send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), event("one"));
    assert!(response.chunk().await.is_err());
    assert_eq!(sums(&client).incomplete_attempts, 1);
}

#[tokio::test]
async fn a_timeout_of_the_request_holds() {
    let server = Server::start(|_, _, _| std::thread::sleep(Duration::from_secs(30)));
    let (http, client) = http(&server);
    let request = http.post(server.chat_url()).body(BODY).timeout(Duration::from_millis(100));
    let error = request.send().await.unwrap_err();
    assert!(matches!(&error, Error::Transport(error) if error.is_timeout()), "{error:?}");
    assert_eq!(sums(&client).attempts, 1);
}

#[tokio::test]
async fn what_is_refused_says_so() {
    let server = Server::start(|_, _, _| panic!("it was sent"));
    let (http, _) = http(&server);
    let error = http.post("https://example.com/").body("{}").send().await.unwrap_err();
    assert!(matches!(&error, Error::Refused(error) if error.kind() == ErrorKind::EndpointMismatch));
    let error = http.post("not a url").send().await.unwrap_err();
    assert!(matches!(&error, Error::Transport(error) if error.is_builder()));
}

#[tokio::test]
async fn default_headers_are_seen() {
    let server = Server::start(|_, _, to| answer(to, 200, "", ANSWER));
    let client = server.builder().set("carrier", "header").build().unwrap();
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("openai-project", "proj_header".parse().unwrap());
    headers.append("x-more", "1".parse().unwrap());
    headers.append("x-more", "2".parse().unwrap());
    let http = Client::new(client.clone(), reqwest::Client::builder().user_agent("me")).unwrap();
    let http = http.default_headers(headers.clone());
    let response = http.post(server.chat_url()).body(BODY).send().await.unwrap();
    let attribution = response.extensions().get::<costmark::Attribution>().unwrap().clone();
    assert_eq!(attribution.project().id(), "proj_header");
    assert_eq!(attribution.project_source(), ProjectSource::Request);
    assert_eq!(server.got()[0].header("user-agent"), Some("me"));
    assert_eq!(server.got()[0].head.matches("x-more").count(), 2);
    // A request's own come first; and execute() adds them too.
    let own = http.post(server.chat_url()).header("openai-project", "proj_own").body(BODY);
    let own = http.execute(own.build().unwrap()).await.unwrap();
    assert_eq!(own.extensions().get::<costmark::Attribution>().unwrap().project().id(), "proj_own");

    let below = reqwest::Client::builder().default_headers(headers);
    let error = Client::new(client, below).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    assert!(error.message().contains("openai-project"), "{error}");
}

#[tokio::test]
async fn a_builder_that_follows_redirects_is_told_not_to() {
    let server = Server::start(|_, _, to| answer(to, 303, "location: /elsewhere\r\n", ""));
    let client = server.builder().build().unwrap();
    let follows = reqwest::Client::builder().redirect(reqwest::redirect::Policy::limited(5));
    let http = Client::new(client, follows).unwrap();
    let response = http.post(server.chat_url()).body(BODY).send().await.unwrap();
    assert_eq!((response.status().as_u16(), server.got().len()), (303, 1));
}

#[tokio::test]
async fn a_request_may_name_its_project_and_its_operation() {
    let server = Server::start(|_, _, to| answer(to, 200, "", ANSWER));
    let (http, client) = http(&server);
    let operation = costmark::tower::SharedOperation::new();
    for _ in 0..2 {
        let request = http.post(server.chat_url()).body(BODY).project("proj_request");
        request.operation(operation.clone()).send().await.unwrap().text().await.unwrap();
    }
    let counted = client.usage().unwrap().project("proj_request").unwrap();
    assert_eq!((counted.operations, counted.attempts), (1, 2));
}

#[cfg(feature = "json")]
#[tokio::test]
async fn a_body_in_json_is_attributed() {
    let server = Server::start(|_, _, to| answer(to, 200, "", ANSWER));
    let (http, _) = http(&server);
    http.post(server.chat_url()).json(&["a"; 0]).send().await.unwrap_err(); // not an object
    let body: std::collections::BTreeMap<_, _> = [("model", "m")].into();
    http.post(server.chat_url()).json(&body).send().await.unwrap();
    assert_eq!(server.got()[0].body, br#"{"project_id":"proj_a","model":"m"}"#);
}
