//! What would block the thread that polls.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use costmark::tower::{Error, Layer, Runtime};
use costmark::{Credentials, ErrorKind};

use crate::services::{Threads, bearer, exchange, json_answer, post, rotating, text};
use crate::support::{ANSWER, BODY, builder, sums};

#[tokio::test]
async fn what_would_block_is_done_elsewhere() {
    let here = std::thread::current().id();
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || {
            assert_ne!(std::thread::current().id(), here);
            Ok(Credentials::new("AKIDEXAMPLE", "secret"))
        })
        .build()
        .unwrap();
    let threads = Threads::default();
    let layer = Layer::new(client).runtime(threads.clone());
    for _ in 0..3 {
        let response = costmark::scope(
            "proj_scope",
            exchange(&layer, post(BODY), |request| {
                assert_eq!(request.headers()["openai-project"], "proj_scope");
                json_answer()
            }),
        );
        assert_eq!(text(response.await.unwrap()).await, ANSWER);
    }
    // The others find the credentials, and look for newer ones once a second.
    assert!((1..3).contains(&threads.0.load(Ordering::SeqCst)));
}

/// Drops what it should run, as a runtime that shuts down does.
struct ShuttingDown;

impl Runtime for ShuttingDown {
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        drop(work);
    }

    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn a_runtime_that_shuts_down_is_an_error() {
    let (client, _) = rotating();
    let layer = Layer::new(client).runtime(ShuttingDown);
    let error = exchange(&layer, post(BODY), |_| panic!("it was sent")).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(error) if error.kind() == ErrorKind::Internal));
}

#[tokio::test]
async fn hundreds_that_wait_for_credentials_hold_one_thread() {
    let (may_go_on, waits) = std::sync::mpsc::channel::<()>();
    let (waits, asked) = (Mutex::new(waits), Arc::new(AtomicU32::new(0)));
    let counted = asked.clone();
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            waits.lock().unwrap().recv().unwrap();
            Ok(Credentials::new("AKIDEXAMPLE", "secret"))
        })
        .build()
        .unwrap();
    let threads = Threads::default();
    let layer = Layer::new(client.clone()).runtime(threads.clone());
    let calls: Vec<_> =
        (0..600).map(|_| tokio::spawn(exchange(&layer, post(BODY), |_| json_answer()))).collect();
    // Some dozens of tasks run in each of these.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(threads.0.load(Ordering::SeqCst), 1);
    may_go_on.send(()).unwrap();
    for call in calls {
        text(call.await.unwrap().unwrap()).await;
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(sums(&client).operations, 600);
}

#[tokio::test]
async fn one_failure_to_fetch_is_that_of_all_who_waited() {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(50)); // long enough for the others to come
            Err("the vault is shut".into())
        })
        .build()
        .unwrap();
    let layer = Layer::new(client.clone()).runtime(Threads::default());
    let calls: Vec<_> = (0..100)
        .map(|_| tokio::spawn(exchange(&layer, post(BODY), |_| panic!("it was sent"))))
        .collect();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "the vault is shut");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(client.usage().unwrap().is_empty());
}

#[tokio::test]
async fn each_call_gets_a_token_of_its_own() {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    let client = bearer(move || {
        std::thread::sleep(Duration::from_millis(5));
        Ok(format!("token-{}", counted.fetch_add(1, Ordering::SeqCst)))
    });
    let layer = Layer::new(client.clone()).runtime(Threads::default());
    let tokens: Arc<Mutex<std::collections::BTreeSet<String>>> = Arc::default();
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let tokens = tokens.clone();
            tokio::spawn(exchange(&layer, post(BODY), move |request| {
                let token = request.headers()["authorization"].to_str().unwrap().to_owned();
                tokens.lock().unwrap().insert(token);
                json_answer()
            }))
        })
        .collect();
    for call in calls {
        text(call.await.unwrap().unwrap()).await;
    }
    assert_eq!((tokens.lock().unwrap().len(), asked.load(Ordering::SeqCst)), (50, 50));
}

#[tokio::test]
async fn credentials_are_renewed_while_those_at_hand_serve() {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    let (renewing, renewed) = std::sync::mpsc::channel();
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || {
            let n = counted.fetch_add(1, Ordering::SeqCst);
            if n > 0 {
                renewing.send(()).unwrap();
            }
            let life = if n == 0 { 60 } else { 36_000 };
            let expiry = std::time::SystemTime::now() + Duration::from_secs(life);
            Ok(Credentials::new(format!("AKID{n}"), "secret").with_expiry(expiry))
        })
        .clock({
            let began = std::time::SystemTime::now();
            let asked = asked.clone();
            // Most of the first life is over as soon as it has begun.
            move || {
                began + Duration::from_secs(if asked.load(Ordering::SeqCst) > 0 { 55 } else { 0 })
            }
        })
        .build()
        .unwrap();
    let layer = Layer::new(client).runtime(Threads::default());
    let call = async || {
        let keys = Arc::new(Mutex::new(String::new()));
        let seen = keys.clone();
        let response = exchange(&layer, post(BODY), move |request| {
            let authorization = request.headers()["authorization"].to_str().unwrap();
            let (_, rest) = authorization.split_once("Credential=").unwrap();
            *seen.lock().unwrap() = rest.split('/').next().unwrap().to_owned();
            json_answer()
        });
        text(response.await.unwrap()).await;
        let keys = keys.lock().unwrap();
        keys.clone()
    };
    assert_eq!(call().await, "AKID0");
    renewed.recv_timeout(Duration::from_secs(5)).expect("they are renewed");
    let mut signed_by = call().await;
    for _ in 0..500 {
        if signed_by == "AKID1" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        signed_by = call().await;
    }
    assert_eq!((signed_by.as_str(), asked.load(Ordering::SeqCst)), ("AKID1", 2));
}

#[tokio::test]
async fn a_call_that_is_given_up_while_credentials_are_fetched_does_not_count() {
    let (may_go_on, waits) = std::sync::mpsc::channel::<()>();
    let waits = Mutex::new(waits);
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || {
            waits.lock().unwrap().recv()?;
            Ok(Credentials::new("AKIDEXAMPLE", "secret"))
        })
        .build()
        .unwrap();
    let layer = Layer::new(client.clone()).runtime(Threads::default());
    for _ in 0..3 {
        let calling = exchange(&layer, post(BODY), |_| panic!("it was sent"));
        assert!(tokio::time::timeout(Duration::from_millis(20), calling).await.is_err());
    }
    assert!(client.usage().unwrap().is_empty());
    may_go_on.send(()).unwrap();
    text(exchange(&layer, post(BODY), |_| json_answer()).await.unwrap()).await;
    let sums = sums(&client);
    assert_eq!((sums.operations, sums.attempts), (1, 1));
}

/// Keeps the work that may block until it is told to run it.
#[derive(Clone, Default)]
struct Parked(Arc<Mutex<Vec<Box<dyn FnOnce() + Send>>>>);

impl Runtime for Parked {
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.0.lock().unwrap().push(work);
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// What was queued for an attempt that was given up must not use the handle that a later attempt of
/// the operation uses now: that would block the thread that polls it.
#[tokio::test]
async fn what_was_queued_for_a_call_that_was_given_up_leaves_its_operation_alone() {
    let (asked, parked) = (Arc::new(AtomicU32::new(0)), Parked::default());
    let counted = asked.clone();
    let client = bearer(move || Ok(format!("token-{}", counted.fetch_add(1, Ordering::SeqCst))));
    let layer = Layer::new(client.clone()).runtime(parked.clone());
    let operation = costmark::tower::SharedOperation::new();
    let request = || {
        let mut request = post(BODY);
        request.extensions_mut().insert(operation.clone());
        request
    };
    let run =
        || std::mem::take(&mut *parked.0.lock().unwrap()).into_iter().map(|work| work()).count();
    let moment = Duration::from_millis(20);
    let mut leads = Box::pin(exchange(&layer, post(BODY), |_| json_answer()));
    let mut follows = Box::pin(exchange(&layer, request(), |_| panic!("it was sent")));
    assert!(tokio::time::timeout(moment, &mut leads).await.is_err());
    assert!(tokio::time::timeout(moment, &mut follows).await.is_err());
    assert_eq!(run(), 1, "one fetches for both");
    text(leads.await.unwrap()).await;
    // That token is not this call's, which now waits for one of its own.
    assert!(tokio::time::timeout(moment, &mut follows).await.is_err());
    drop(follows);
    assert_eq!((run(), asked.load(Ordering::SeqCst)), (1, 1), "it asks for none any more");

    let answer = exchange(&layer, request(), |_| json_answer());
    let running = async {
        loop {
            run();
            tokio::task::yield_now().await;
        }
    };
    let answer =
        tokio::select! { answer = answer => answer.unwrap(), () = running => unreachable!() };
    text(answer).await;
    let sums = sums(&client);
    assert_eq!((sums.operations, sums.attempts), (2, 2));
}
