//! reqwest-middleware over a real connection.
#![cfg(feature = "reqwest-middleware")]
#![allow(missing_docs)]

mod support;

use async_trait::async_trait;
use costmark::reqwest_middleware::{AttemptMiddleware, OperationMiddleware, refused};
use costmark::{Credentials, ErrorKind, Project};
use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next, Result};
use support::{ANSWER, BODY, Server, answer, sums};

/// Repeats answers of 500.
struct Retry;

#[async_trait]
impl Middleware for Retry {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        for _ in 0..3 {
            let copy = request.try_clone().unwrap();
            let answer = next.clone().run(copy, extensions).await?;
            if answer.status() != 500 {
                return Ok(answer);
            }
        }
        next.run(request, extensions).await
    }
}

/// Counts the requests that pass, in the extensions.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Passed(u32);

struct Count;

#[async_trait]
impl Middleware for Count {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let passed = extensions.get::<Passed>().map_or(0, |passed| passed.0);
        extensions.insert(Passed(passed + 1));
        next.run(request, extensions).await
    }
}

fn http(client: costmark::Client) -> ClientWithMiddleware {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    ClientBuilder::new(http.build().unwrap())
        .with(OperationMiddleware)
        .with(Retry)
        .with(AttemptMiddleware::new(client))
        .with(Count)
        .build()
}

#[tokio::test]
async fn what_a_middleware_above_repeats_is_one_operation() {
    let server = Server::start(|number, _, to| match number {
        1 | 2 => answer(to, 500, "", "{}"),
        _ => answer(to, 200, "", ANSWER),
    });
    let client = server.builder().build().unwrap();
    let http = http(client.clone());
    let mut extensions = Extensions::new();
    let request = http.post(server.chat_url()).body(BODY).build().unwrap();
    let answer = http.execute_with_extensions(request, &mut extensions).await.unwrap();
    assert_eq!(answer.url().as_str(), server.chat_url());
    assert_eq!(answer.text().await.unwrap(), ANSWER);
    assert_eq!(extensions.get(), Some(&Passed(3)));
    let counted = sums(&client);
    assert_eq!((counted.operations, counted.attempts, counted.failed_attempts), (1, 3, 2));
    for got in server.got() {
        assert!(got.header("authorization").unwrap().starts_with("AWS4-HMAC-SHA256"));
    }

    let other = http.post(server.chat_url()).with_extension(Project::new("proj_b")).body(BODY);
    other.send().await.unwrap().text().await.unwrap();
    assert_eq!(client.usage().unwrap().project("proj_b").unwrap().operations, 1);
}

#[tokio::test]
async fn refused_credentials_are_replaced_below_the_retry() {
    let server = Server::start(|_, got, to| {
        if got.header("authorization").unwrap().contains("AKID0") {
            answer(to, 403, "", r#"{"error":{"code":"ExpiredToken","message":"old"}}"#);
        } else {
            answer(to, 200, "", ANSWER);
        }
    });
    let n = std::sync::atomic::AtomicU32::new(0);
    let client = support::builder()
        .set_all([("base_url", server.url.as_str()), ("project", "proj_a")])
        .credentials(move || {
            let n = n.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok(Credentials::new(format!("AKID{n}"), "secret"))
        })
        .build()
        .unwrap();
    let answer = http(client.clone()).post(server.chat_url()).body(BODY).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), ANSWER);
    assert_eq!((sums(&client).operations, sums(&client).attempts), (1, 2));
}

#[tokio::test]
async fn what_is_refused_says_so() {
    let server = Server::start(|_, _, _| panic!("it was sent"));
    let http = http(server.builder().build().unwrap());
    let error = http.post("https://example.com/").body("{}").send().await.unwrap_err();
    assert_eq!(refused(&error).unwrap().kind(), ErrorKind::EndpointMismatch);
}

#[tokio::test]
async fn a_client_that_follows_redirects_is_found_out() {
    let server = Server::start(|number, _, to| match number {
        1 => answer(to, 303, "location: /elsewhere\r\n", ""),
        _ => answer(to, 200, "", ANSWER),
    });
    let client = server.builder().build().unwrap();
    let http = ClientBuilder::new(reqwest::Client::new())
        .with(AttemptMiddleware::new(client.clone()))
        .build();
    let error = http.post(server.chat_url()).body(BODY).send().await.unwrap_err();
    let refused = refused(&error).unwrap();
    assert_eq!(refused.kind(), ErrorKind::EndpointMismatch);
    assert!(refused.message().contains("redirect"), "{refused}");
    assert_eq!((sums(&client).attempts, sums(&client).failed_attempts), (1, 1));
}
