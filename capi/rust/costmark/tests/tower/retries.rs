//! Requests that are attempts of one operation.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use costmark::Client;
use costmark::tower::{Layer, OperationLayer, SharedOperation};
use http::{Request, Response};
use tower::{Layer as _, ServiceBuilder, ServiceExt, service_fn};

use crate::services::{Pieces, Whole, counted, statuses, text, whole};
use crate::support::{ANSWER, builder, client, keys, sums};

/// Repeats answers of 500, as layers that retry do.
#[derive(Clone)]
struct Thrice(u32);

impl<R, E> tower::retry::Policy<Request<Whole>, Response<R>, E> for Thrice {
    type Future = std::future::Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<Whole>,
        result: &mut Result<Response<R>, E>,
    ) -> Option<Self::Future> {
        self.0 += 1;
        let fails = result.as_ref().is_ok_and(|answer| answer.status() == 500);
        (fails && self.0 < 3).then(|| std::future::ready(()))
    }

    fn clone_request(&mut self, request: &Request<Whole>) -> Option<Request<Whole>> {
        Some(request.clone())
    }
}

#[tokio::test]
async fn what_a_layer_above_repeats_is_one_operation() {
    let operations: Arc<Mutex<Vec<(String, u32, bool)>>> = Arc::default();
    let told = operations.clone();
    let client = keys(builder())
        .set("project", "proj_a")
        .on_usage(move |answer| {
            let operation = answer.operation().unwrap().to_owned();
            told.lock().unwrap().push((operation, answer.attempt(), answer.concurrent()));
        })
        .build()
        .unwrap();
    let service = ServiceBuilder::new()
        .layer(OperationLayer)
        .retry(Thrice(0))
        .layer(Layer::new(client.clone()))
        .service(statuses(&[500, 500, 200]));
    assert_eq!(text(service.oneshot(whole()).await.unwrap()).await, ANSWER);
    assert_eq!(counted(&client), (1, 3, 2));
    let operations = operations.lock().unwrap();
    let attempts: Vec<_> =
        operations.iter().map(|(_, attempt, at_once)| (*attempt, *at_once)).collect();
    assert_eq!(attempts, [(1, false), (2, false), (3, false)]);
    assert!(operations.iter().all(|(operation, ..)| *operation == operations[0].0));
}

#[tokio::test]
async fn without_the_layer_above_each_request_is_an_operation() {
    let client = client();
    let service = ServiceBuilder::new()
        .retry(Thrice(0))
        .layer(Layer::new(client.clone()))
        .service(statuses(&[500, 500, 200]));
    text(service.oneshot(whole()).await.unwrap()).await;
    assert_eq!(counted(&client), (3, 3, 2));
}

#[tokio::test]
async fn what_a_header_counts_decides_nothing() {
    let client = client();
    for count in ["7", "0", "1", "nonsense"] {
        let mut request = whole();
        request.headers_mut().insert("x-stainless-retry-count", count.parse().unwrap());
        let service = Layer::new(client.clone()).layer(statuses(&[200]));
        text(service.oneshot(request).await.unwrap()).await;
    }
    assert_eq!(counted(&client), (4, 4, 0));
}

#[tokio::test]
async fn what_is_sent_twice_is_two_attempts() {
    let concurrent: Arc<Mutex<Vec<bool>>> = Arc::default();
    let told = concurrent.clone();
    let client = keys(builder())
        .set("project", "proj_a")
        .on_usage(move |answer| told.lock().unwrap().push(answer.concurrent()))
        .build()
        .unwrap();
    let layer = Layer::new(client.clone());
    let operation = SharedOperation::new();
    let attempt = async || {
        let mut request = whole();
        request.extensions_mut().insert(operation.clone());
        layer.layer(statuses(&[200])).oneshot(request).await.unwrap()
    };
    // At once ...
    let (first, second) = (attempt().await, attempt().await);
    assert_eq!((text(second).await, text(first).await), (ANSWER.into(), ANSWER.into()));
    assert_eq!(counted(&client), (1, 2, 0));
    assert_eq!(*concurrent.lock().unwrap(), [true, false]);
    // ... and one after the other.
    for _ in 0..2 {
        text(attempt().await).await;
    }
    drop(attempt().await);
    text(attempt().await).await;
    assert_eq!(counted(&client), (1, 6, 0));
    assert_eq!(concurrent.lock().unwrap()[2..], [false; 4]);
}

#[tokio::test]
async fn a_future_with_an_operation_around_it_joins_its_requests() {
    let (client, other) = (client(), crate::support::client());
    let call = async |client: &Client| {
        let service = Layer::new(client.clone()).layer(statuses(&[200]));
        text(service.oneshot(whole()).await.unwrap()).await
    };
    costmark::operation(async {
        call(&client).await;
        call(&client).await;
        call(&other).await; // of another client it is another operation
    })
    .await;
    call(&client).await;
    assert_eq!(counted(&client), (2, 3, 0));
    assert_eq!(counted(&other), (1, 1, 0));
}

#[tokio::test]
async fn an_attempt_that_is_given_up_is_followed_by_another() {
    let client = client();
    let operation = SharedOperation::new();
    let request = || {
        let mut request = whole();
        request.extensions_mut().insert(operation.clone());
        request
    };
    let never = service_fn(|_: Request<Whole>| {
        std::future::pending::<Result<Response<Pieces>, Infallible>>()
    });
    let calling = Layer::new(client.clone()).layer(never).oneshot(request());
    assert!(tokio::time::timeout(Duration::from_millis(20), calling).await.is_err());
    let service = Layer::new(client.clone()).layer(statuses(&[200]));
    text(service.oneshot(request()).await.unwrap()).await;
    let sums = sums(&client);
    assert_eq!((sums.operations, sums.attempts, sums.incomplete_attempts), (1, 2, 1));
}
