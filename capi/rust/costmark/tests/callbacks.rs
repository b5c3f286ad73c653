//! Callbacks: what they return, panic with, and when they end.
#![allow(missing_docs)]

mod support;

use std::error::Error as _;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use costmark::{
    BearerTokenProvider, BoxError, Client, Credentials, Error, ErrorKind, LogLevel, Outcome,
    Reason, Step, Usage, Wait,
};
use support::{ANSWER, builder, client, json_head, keys, request, sent, sums, value};

fn caught<T>(call: impl FnOnce() -> T) -> &'static str {
    let panic = catch_unwind(AssertUnwindSafe(call)).err().expect("it goes on");
    panic.downcast_ref::<&'static str>().expect("it is the callback's own")
}

/// Prepares a request.
fn prepare(client: &Client) -> Result<(), Error> {
    client.operation(&request())?.prepare(Wait::Forever).map(drop)
}

/// A header that is set.
fn set(client: &Client, name: &str) -> Option<String> {
    let mut operation = client.operation(&request()).unwrap();
    let prepared = operation.prepare(Wait::Forever).unwrap();
    value(prepared.set_headers(), name).map(str::to_owned)
}

#[test]
fn a_panic_goes_on_in_the_caller_and_spoils_nothing() {
    let calls = AtomicU32::new(0);
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || match calls.fetch_add(1, Ordering::SeqCst) {
            0 => panic_any("no vault"),
            _ => Ok(Credentials::new("AKIDEXAMPLE", "secret")),
        })
        .build()
        .unwrap();
    let request = request();
    let mut operation = client.operation(&request).unwrap();
    assert_eq!(caught(|| operation.prepare(Wait::Forever).map(drop)), "no vault");
    assert!(operation.prepare(Wait::Forever).unwrap().authorized());
}

#[test]
fn an_error_is_the_source_of_the_calls() {
    let client = builder()
        .set("project", "proj_a")
        .credentials(|| Err(std::io::Error::other("the vault is shut").into()))
        .build()
        .unwrap();
    let error = prepare(&client).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoppedByCallback);
    let source = error.source().unwrap().downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(source.to_string(), "the vault is shut");
}

#[test]
fn a_callback_may_choose_what_its_error_means() {
    let client = builder()
        .set("project", "proj_a")
        .credentials(|| Err(Error::new(ErrorKind::ExpiredCredentials, "log in again").into()))
        .build()
        .unwrap();
    let error = prepare(&client).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ExpiredCredentials);
    assert!(error.source().unwrap().to_string().contains("log in again"));
}

#[test]
fn empty_credentials_are_refused() {
    let client = builder()
        .set("project", "proj_a")
        .credentials(|| Ok(Credentials::new("", "")))
        .build()
        .unwrap();
    let error = prepare(&client).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoCredentials);
}

#[test]
fn a_bearer_token_is_asked_for_each_time() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let client = support::builder()
        .set_all([("auth", "bearer"), ("project", "proj_a")])
        .bearer_token(move || match counted.fetch_add(1, Ordering::SeqCst) {
            2 => panic_any("no token"),
            n => Ok(format!("token-{n}")),
        })
        .build()
        .unwrap();
    for expected in ["Bearer token-0", "Bearer token-1"] {
        assert_eq!(set(&client, "authorization").as_deref(), Some(expected));
    }
    assert_eq!(caught(|| prepare(&client)), "no token");
}

#[test]
fn the_log_is_told() {
    let lines: Arc<Mutex<Vec<(LogLevel, String)>>> = Arc::default();
    let told = lines.clone();
    let client = keys(builder())
        .set("unattributed", "warn")
        .log(move |level, line| told.lock().unwrap().push((level, line.to_owned())))
        .build()
        .unwrap();
    prepare(&client).unwrap();
    let lines = lines.lock().unwrap();
    assert!(lines.iter().any(|(level, _)| *level == LogLevel::Warning), "{lines:?}");
    assert!(lines.iter().all(|(_, line)| !line.contains("wJalrXUtnFEMI")));
}

#[test]
fn a_panicking_log_stops_nothing_in_c() {
    let client = keys(builder()).set("unattributed", "warn").log(|_, _| panic_any("full")).build();
    // Whichever call said something first.
    let Ok(client) = client else { panic!("a log is no reason to fail") };
    assert_eq!(caught(|| prepare(&client)), "full");
    assert!(prepare(&client).is_ok(), "it is logged once a minute at most");
}

#[test]
fn the_clock_is_asked() {
    let at = UNIX_EPOCH + Duration::from_secs(1_772_366_400);
    let client = keys(builder()).set("project", "proj_a").clock(move || at).build().unwrap();
    assert_eq!(set(&client, "x-amz-date").as_deref(), Some("20260301T120000Z"));
}

#[test]
fn a_panicking_clock_is_heard() {
    let broken = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let breaks = broken.clone();
    let client = keys(builder())
        .set("project", "proj_a")
        .clock(move || {
            if breaks.load(Ordering::SeqCst) {
                panic_any("no time");
            }
            std::time::SystemTime::now()
        })
        .build()
        .unwrap();
    broken.store(true, Ordering::SeqCst);
    assert_eq!(caught(|| prepare(&client)), "no time");
}

type Seen = (String, Option<String>, Usage, Outcome, Option<u16>, u32, String);

#[test]
fn usage_is_told_attempt_by_attempt() {
    let events: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let told = events.clone();
    let client = keys(builder())
        .set("project", "proj_a")
        .on_usage(move |answer| {
            told.lock().unwrap().push((
                answer.project().to_owned(),
                answer.response_id().map(str::to_owned),
                answer.usage(),
                answer.outcome(),
                answer.http_status(),
                answer.attempt(),
                answer.operation().unwrap().to_owned(),
            ));
        })
        .build()
        .unwrap();
    let mut operation = sent(&client);
    operation.head(&json_head(500)).unwrap();
    operation.finish();
    operation.prepare(Wait::Forever).unwrap();
    operation.sent();
    operation.head(&json_head(200)).unwrap();
    operation.feed(ANSWER.as_bytes());
    operation.finish();
    drop(operation);
    drop(sent(&client));

    let events = events.lock().unwrap();
    assert_eq!(events.len(), 3, "{events:?}");
    assert_eq!((events[0].3, events[0].4, events[0].5), (Outcome::Error, Some(500), 1));
    let (project, id, usage, outcome, status, attempt, operation) = &events[1];
    assert_eq!((project.as_str(), id.as_deref()), ("proj_a", Some("chatcmpl-1")));
    assert_eq!((usage.input_tokens, usage.cached_input_tokens), (Some(11), Some(3)));
    assert_eq!((*outcome, *status, *attempt), (Outcome::Ok, Some(200), 2));
    assert_eq!((events[2].3, events[2].4, events[2].5), (Outcome::Cancelled, None, 1));
    assert!(operation == &events[0].6 && operation != &events[2].6, "{events:?}");
}

#[test]
fn a_panicking_usage_callback_counts_all_the_same() {
    let client = keys(builder())
        .set("project", "proj_a")
        .on_usage(|_| panic_any("overflow"))
        .build()
        .unwrap();
    let mut operation = sent(&client);
    operation.head(&json_head(200)).unwrap();
    operation.feed(ANSWER.as_bytes());
    assert_eq!(caught(|| operation.finish().0.len()), "overflow");
    assert_eq!(operation.answer().outcome(), Outcome::Ok);
    let dropped = sent(&client);
    assert_eq!(caught(|| drop(dropped)), "overflow");
    assert_eq!(sums(&client).attempts, 2);
}

#[test]
fn a_callback_that_panics_during_a_panic_does_not_end_the_process() {
    let client =
        keys(builder()).set("project", "proj_a").on_usage(|_| panic_any("second")).build().unwrap();
    let panic = caught(|| {
        let _dropped_while_unwinding = sent(&client);
        panic_any("first")
    });
    assert_eq!(panic, "first");
}

#[test]
fn the_client_that_calls_may_not_be_called() {
    let itself: Arc<Mutex<Option<Client>>> = Arc::default();
    let found: Arc<Mutex<Option<ErrorKind>>> = Arc::default();
    let (mine, tells) = (itself.clone(), found.clone());
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || {
            let client = mine.lock().unwrap().clone().unwrap();
            let refused = prepare(&client).unwrap_err();
            *tells.lock().unwrap() = Some(refused.kind());
            Ok(Credentials::new("AKIDEXAMPLE", "secret"))
        })
        .build()
        .unwrap();
    *itself.lock().unwrap() = Some(client.clone());
    prepare(&client).unwrap();
    assert_eq!(*found.lock().unwrap(), Some(ErrorKind::InvalidArgument));
    itself.lock().unwrap().take();
}

#[test]
fn callbacks_end_with_the_last_who_needs_them() {
    let alive = Arc::new(());
    let kept = alive.clone();
    let client = keys(builder())
        .set("project", "proj_a")
        .on_usage(move |_| assert!(Arc::strong_count(&kept) > 0))
        .build()
        .unwrap();
    let operation = sent(&client);
    let copy = client.clone();
    drop(client);
    drop(copy);
    assert_eq!(Arc::strong_count(&alive), 2, "the operation still needs it");
    thread::spawn(move || drop(operation)).join().unwrap();
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn callbacks_end_with_the_builder_that_is_not_built() {
    let alive = Arc::new(());
    for (name, value) in [("nonsense", "1"), ("auth", "sigv4")] {
        let (one, two) = (alive.clone(), alive.clone());
        let builder = builder().set(name, value).log(move |_, _| drop(one.clone()));
        let builder = builder.log(move |_, _| drop(two.clone())); // replaces the other
        drop(builder);
        assert_eq!(Arc::strong_count(&alive), 1, "{name}");
    }
}

/// An object whose end panics, as C must not see either.
struct Stubborn;

impl Drop for Stubborn {
    fn drop(&mut self) {
        panic_any("stays");
    }
}

#[test]
fn a_callback_whose_end_panics_is_heard() {
    let stubborn = Stubborn;
    let builder = builder().log(move |_, _| {
        let _ = &stubborn;
    });
    assert_eq!(caught(|| drop(builder)), "stays");
}

#[test]
fn one_thread_fetches_and_the_others_wait() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(30)); // long enough for the others to come
            Ok(Credentials::new("AKIDEXAMPLE", "secret"))
        })
        .build()
        .unwrap();
    let together = Barrier::new(6);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                together.wait();
                prepare(&client).unwrap();
            });
        }
    });
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn without_callbacks_there_are_none() {
    assert!(prepare(&client()).is_ok());
}

/// Always the same token, and what was told about it.
#[derive(Clone, Default)]
struct OneToken {
    asked: Arc<AtomicU32>,
    refused: Arc<Mutex<Vec<String>>>,
}

impl BearerTokenProvider for OneToken {
    fn token(&self) -> Result<String, BoxError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Ok("the-only-token".into())
    }

    fn refused(&self, token: &str) {
        self.refused.lock().unwrap().push(token.to_owned());
    }
}

#[test]
fn a_token_that_was_refused_is_not_advised_again() {
    let provider = OneToken::default();
    let client = builder()
        .set_all([("auth", "bearer"), ("project", "proj_a")])
        .bearer_token(provider.clone())
        .build()
        .unwrap();
    let mut operation = sent(&client);
    let plan = operation.head(&json_head(401)).unwrap();
    assert!(plan.read_ahead_len > 0 && plan.read_ahead_time > Duration::ZERO, "{plan:?}");
    operation.feed(br#"{"error":{"code":"ExpiredTokenException","message":"expired"}}"#);
    let (_, next) = operation.finish();
    assert_eq!((next.step, next.reason), (Step::Again, Reason::Refused));
    assert_eq!(*provider.refused.lock().unwrap(), ["the-only-token"]);
    let error = operation.prepare(Wait::Forever).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoCredentials, "{error}");
    assert!(!error.message().contains("the-only-token"));
    let (_, next) = operation.finish();
    assert_eq!((next.step, next.reason), (Step::Done, Reason::NotRenewed));
    assert_eq!((provider.asked.load(Ordering::SeqCst), sums(&client).attempts), (2, 1));
}

#[test]
fn what_would_block_says_so() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let client = builder()
        .set("project", "proj_a")
        .credentials(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(Credentials::new("AKIDEXAMPLE", "secret"))
        })
        .build()
        .unwrap();
    let mut operation = client.operation(&request()).unwrap();
    let error = operation.prepare(Wait::Not).map(drop).unwrap_err();
    assert_eq!((error.kind(), calls.load(Ordering::SeqCst)), (ErrorKind::WouldBlock, 0));
    assert_eq!(operation.prepared().set_headers().len(), 0);
    let ready = || operation.ready();
    thread::scope(|scope| scope.spawn(ready).join().unwrap()).unwrap();
    assert!(operation.prepare(Wait::Not).unwrap().authorized());
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn a_cache_of_tokens_is_a_provider() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let tokens = builder()
        .credentials(move || {
            let n = counted.fetch_add(1, Ordering::SeqCst);
            Ok(Credentials::new(format!("AKID{n}"), "secret"))
        })
        .build_bearer_token_cache(None)
        .unwrap();
    let client = builder()
        .set_all([("auth", "bearer"), ("project", "proj_a")])
        .bearer_token(tokens.clone())
        .build()
        .unwrap();
    let first = set(&client, "authorization").unwrap();
    assert_eq!(first, format!("Bearer {}", tokens.get().unwrap().text()));
    assert!(tokens.refused(first.trim_start_matches("Bearer ")));
    assert_ne!(set(&client, "authorization").unwrap(), first);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

/// A clock that panics from a moment on.
fn breaking_clock(broken: &Arc<std::sync::atomic::AtomicBool>) -> costmark::Builder {
    let breaks = broken.clone();
    keys(builder()).clock(move || {
        if breaks.load(Ordering::SeqCst) {
            panic_any("no time");
        }
        std::time::SystemTime::now()
    })
}

#[test]
fn a_panic_inside_of_refused_goes_on_behind_it() {
    let broken = Arc::default();
    let cache = breaking_clock(&broken).build_credentials_cache().unwrap();
    let set = cache.get().unwrap();
    let tokens = breaking_clock(&broken).build_bearer_token_cache(None).unwrap();
    let token = tokens.get().unwrap();
    broken.store(true, Ordering::SeqCst);
    assert_eq!(caught(|| cache.refused(&set)), "no time");
    assert_eq!(caught(|| tokens.refused(token.text())), "no time");
    assert!(prepare(&client()).is_ok(), "nothing is left over for the next call");
}
