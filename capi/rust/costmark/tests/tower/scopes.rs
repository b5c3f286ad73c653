//! Which scope a call runs under, and what its answer tells about that.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use costmark::tower::{Layer, ScopeLayer, SharedOperation};
use costmark::{Attribution, ProjectSource, Scope};
use http::{Request, Response};
use tower::{Layer as _, Service, ServiceBuilder, ServiceExt, service_fn};

use crate::services::{
    Pieces, Whole, counted, exchange, json_answer, post, refusal, rotating, statuses, text, whole,
};
use crate::support::{ANSWER, BODY, client};

fn attribution<B>(answer: &Response<B>) -> Attribution {
    answer.extensions().get::<Attribution>().expect("each answer has one").clone()
}

#[tokio::test]
async fn an_answer_says_who_pays_for_it_and_why() {
    let client = client();
    let layer = Layer::new(client);
    let answer = exchange(&layer, post(BODY), |_| json_answer()).await.unwrap();
    let by_default = attribution(&answer);
    assert_eq!(by_default.project().id(), "proj_a");
    assert_eq!((by_default.project_source(), by_default.attempt()), (ProjectSource::Client, 1));
    assert_eq!(by_default.operation().len(), 36);

    let answer =
        costmark::scope("proj_scope", exchange(&layer, post(BODY), |_| json_answer())).await;
    let scoped = attribution(&answer.unwrap());
    assert_eq!(scoped.project().id(), "proj_scope");
    assert_eq!(scoped.project_source(), ProjectSource::Scope);
    assert_ne!(scoped.operation(), by_default.operation());
}

#[tokio::test]
async fn the_attribution_is_that_of_the_attempt_that_was_answered() {
    let (client, _) = rotating();
    let answer = exchange(&Layer::new(client), post(BODY), |request| {
        let first = request.headers()["authorization"].to_str().unwrap().contains("AKID0");
        if first { refusal("ExpiredToken") } else { json_answer() }
    });
    assert_eq!(attribution(&answer.await.unwrap()).attempt(), 2);
}

#[tokio::test]
async fn without_a_project_the_endpoints_default_pays() {
    let client = crate::support::keys(crate::support::builder()).build().unwrap();
    let answer = exchange(&Layer::new(client), post(BODY), |_| json_answer()).await.unwrap();
    let attribution = attribution(&answer);
    assert_eq!(attribution.project().id(), "default");
    assert_eq!(attribution.project_source(), ProjectSource::None);
}

/// A service that tells which project each request names.
fn tells() -> (
    impl Service<
        Request<Whole>,
        Response = Response<Pieces>,
        Error = Infallible,
        Future = std::future::Ready<Result<Response<Pieces>, Infallible>>,
    > + Clone
    + Send
    + 'static,
    Arc<Mutex<Vec<String>>>,
) {
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let tells = told.clone();
    let service = service_fn(move |request: Request<Whole>| {
        let project = request.headers()["openai-project"].to_str().unwrap();
        tells.lock().unwrap().push(project.to_owned());
        std::future::ready(Ok(json_answer()))
    });
    (service, told)
}

#[tokio::test]
async fn a_scope_passes_through_a_buffer() {
    let client = client();
    let (http, told) = tells();
    let service = ServiceBuilder::new()
        .layer(ScopeLayer)
        .buffer(8)
        .layer(Layer::new(client.clone()))
        .service(http);
    // The task of the buffer is spawned in the first scope, and keeps none.
    let call = || async { service.clone().oneshot(whole()).await.unwrap().into_body() };
    drop(costmark::scope("proj_one", call()).await);
    drop(costmark::scope("proj_two", call()).await);
    drop(call().await);
    let mut ready = service.clone();
    ready.ready().await.unwrap();
    let called = {
        let _entered = Scope::enter("proj_entered");
        ready.call(whole())
    };
    drop(called.await.unwrap());
    assert_eq!(*told.lock().unwrap(), ["proj_one", "proj_two", "proj_a", "proj_entered"]);
}

#[tokio::test]
async fn an_operation_passes_through_a_buffer() {
    let client = client();
    let service = ServiceBuilder::new()
        .layer(ScopeLayer)
        .buffer(8)
        .layer(Layer::new(client.clone()))
        .service(statuses(&[500, 200, 200]));
    let call = || async {
        let answer = service.clone().oneshot(whole()).await.unwrap();
        http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes()
    };
    costmark::operation(async {
        call().await;
        assert_eq!(call().await, ANSWER);
    })
    .await;
    call().await;
    assert_eq!(counted(&client), (2, 3, 1));
}

#[tokio::test]
async fn the_scope_nearest_to_the_caller_is_remembered() {
    let client = client();
    let (http, told) = tells();
    let inner = ServiceBuilder::new().layer(ScopeLayer).layer(Layer::new(client)).service(http);
    let service = ScopeLayer.layer(service_fn(move |request: Request<Whole>| {
        costmark::scope("proj_inner", inner.clone().oneshot(request))
    }));
    drop(costmark::scope("proj_outer", service.oneshot(whole())).await.unwrap());
    assert_eq!(*told.lock().unwrap(), ["proj_outer"]);
}

#[tokio::test]
async fn an_operation_of_the_extensions_comes_before_that_around_the_call() {
    let client = client();
    let shared = SharedOperation::new();
    let request = || {
        let mut request = whole();
        request.extensions_mut().insert(shared.clone());
        request
    };
    let layer = Layer::new(client.clone());
    for _ in 0..2 {
        let call = layer.layer(statuses(&[200])).oneshot(request());
        text(costmark::operation(call).await.unwrap()).await;
    }
    assert_eq!(counted(&client), (1, 2, 0));
}

#[tokio::test]
async fn what_blocks_elsewhere_runs_under_the_scope_too() {
    let client = client();
    let asked = costmark::scope("proj_bound", async {
        tokio::task::spawn_blocking(Scope::bind(move || {
            let request = crate::support::request();
            let mut operation = client.operation(&request).unwrap();
            let prepared = operation.prepare(costmark::Wait::Forever).unwrap();
            prepared.project().map(str::to_owned)
        }))
        .await
        .unwrap()
    });
    assert_eq!(asked.await.as_deref(), Some("proj_bound"));
}
