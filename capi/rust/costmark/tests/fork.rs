//! Forked children, alone in their process: they never wait for threads that are gone.
#![cfg(feature = "tower")]
#![allow(missing_docs)]

mod support;

use std::convert::Infallible;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use costmark::Credentials;
use costmark::tower::{Layer, SharedOperation};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use support::{ANSWER, BODY, URL, builder, sums};
use tower::{Layer as _, ServiceExt, service_fn};

type Whole = Full<Bytes>;

/// Runs something in a forked child, and fails unless it ends well within a time.
fn in_a_child(work: impl FnOnce()) {
    // SAFETY: the child only runs `work`, and ends without running anything of its parent.
    match unsafe { libc::fork() } {
        0 => {
            // SAFETY: ends a child that hangs.
            unsafe { libc::alarm(20) };
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            // SAFETY: as above.
            unsafe { libc::_exit(i32::from(done.is_err())) }
        }
        child => {
            assert!(child > 0, "fork failed");
            let mut status = 0;
            // SAFETY: the place to write to lives for the call.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert_eq!(status, 0, "the child hung (14), or failed (256)");
        }
    }
}

fn request() -> Request<Whole> {
    Request::post(URL).header("content-type", "application/json").body(BODY.into()).unwrap()
}

async fn call(layer: Layer, request: Request<Whole>) -> Bytes {
    let service = layer.layer(service_fn(async |_: Request<Whole>| {
        Ok::<_, Infallible>(Response::new(Whole::from(ANSWER)))
    }));
    service.oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes()
}

fn in_a_runtime(work: impl Future<Output = Bytes>) -> Bytes {
    let mut of = tokio::runtime::Builder::new_current_thread();
    of.enable_all().build().unwrap().block_on(work)
}

/// A runtime whose end waits for none of its threads.
struct Background(Option<tokio::runtime::Runtime>);

impl Background {
    fn start() -> Self {
        let mut of = tokio::runtime::Builder::new_multi_thread();
        Self(Some(of.worker_threads(1).enable_all().build().unwrap()))
    }

    fn spawn(&self, work: impl Future<Output = Bytes> + Send + 'static) {
        self.0.as_ref().unwrap().spawn(work);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.take().unwrap().shutdown_background();
    }
}

/// A fetch is under way, all threads that may wait do so, and an operation and an answer are in use.
#[test]
fn a_child_waits_for_nothing_of_its_parent() {
    let parent = process::id();
    let (came, comes) = mpsc::channel();
    let waiting = Arc::new(AtomicU32::new(0));
    let counted = waiting.clone();
    let hangs = move || {
        if process::id() == parent {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = came.send(());
            std::thread::sleep(Duration::from_secs(600));
        }
    };
    let hangs = Arc::new(hangs);
    let keys_hang = hangs.clone();
    let fetching = builder()
        .set("project", "proj_a")
        .credentials(move || {
            keys_hang();
            Ok(Credentials::new("AKIDEXAMPLE", "secret"))
        })
        .build()
        .unwrap();
    let tokens = builder()
        .set_all([("auth", "bearer"), ("project", "proj_a")])
        .bearer_token(move || {
            hangs();
            Ok("token".into())
        })
        .build()
        .unwrap();
    let (fetch, token) = (Layer::new(fetching.clone()), Layer::new(tokens.clone()));
    let operation = SharedOperation::new();
    let joined = || {
        let mut request = request();
        request.extensions_mut().insert(operation.clone());
        request
    };

    let runtime = Background::start();
    runtime.spawn(call(fetch.clone(), joined()));
    comes.recv().unwrap();
    for _ in 0..40 {
        runtime.spawn(call(token.clone(), request()));
    }
    // One leads and waits; when it is over the others wait on threads of their own.
    comes.recv().unwrap();

    in_a_child(|| {
        assert_eq!(in_a_runtime(call(fetch.clone(), joined())), ANSWER);
        assert_eq!(in_a_runtime(call(fetch.clone(), request())), ANSWER);
        assert_eq!(in_a_runtime(call(token.clone(), request())), ANSWER);
        assert_eq!(sums(&fetching).attempts, 2);
        assert_eq!(sums(&tokens).attempts, 1);
        drop((fetch.clone(), token.clone(), operation.clone()));
        in_a_child(|| assert_eq!(in_a_runtime(call(fetch.clone(), request())), ANSWER));
    });
    assert_eq!(waiting.load(Ordering::SeqCst), 2);
}
