//! Alone in its process, as its threads are counted.
#![allow(missing_docs)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use costmark::Credentials;
use support::{BODY, Running, send};

fn threads() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("Threads:"))
        .unwrap();
    line.trim().parse().unwrap()
}

/// A source of credentials that hangs takes nothing down but the calls that need it: each ends in
/// its own time, one thread waits for all of them, and what was not sent is not counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_calls_outlive_a_source_that_hangs() {
    const CALLS: usize = 500;
    let (lets_go, waits) = mpsc::channel::<()>();
    let (waits, asked) = (Mutex::new(waits), Arc::new(AtomicUsize::new(0)));
    let counted = asked.clone();
    let running = Running::start(Duration::from_millis(200), |builder| {
        builder.credentials(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            // Hangs for 5 s, or until this test has seen enough.
            let _ = waits.lock().unwrap().recv_timeout(Duration::from_secs(5));
            Ok(Credentials::new("AKIDEXAMPLE", "secret"))
        })
    });
    let running = Arc::new(running.await);
    let before = threads();

    let began = Instant::now();
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let running = running.clone();
            tokio::spawn(async move { send(running.post("key-a", BODY)).await })
        })
        .collect();
    let mut most_threads = before;
    for call in calls {
        assert_eq!(call.await.unwrap().0, StatusCode::GATEWAY_TIMEOUT);
        most_threads = most_threads.max(threads());
    }
    let took = began.elapsed();
    println!("{CALLS} calls: {took:?}, {before} threads before, {most_threads} at most");
    assert!(
        took < Duration::from_secs(4),
        "{took:?}: they waited for the source"
    );
    // One fetches, and one may look up names for the clients of this test.
    assert!(
        most_threads <= before + 3,
        "{before} threads, then {most_threads}"
    );
    assert_eq!((asked.load(Ordering::SeqCst), running.seen()), (1, 0));
    assert!(running.client.usage().unwrap().is_empty());

    lets_go.send(()).unwrap();
    while send(running.post("key-a", BODY)).await.0 != StatusCode::OK {}
    let counted = running.client.usage().unwrap().project("proj_a").unwrap();
    assert_eq!((counted.operations, counted.attempts), (1, 1));
    assert_eq!(running.seen(), 1);
}
