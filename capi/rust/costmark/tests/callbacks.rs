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
    AnswerHead, Client, Credentials, Error, ErrorKind, LogLevel, Observation, Outcome, Prepared,
    Usage,
};
use support::{ANSWER, builder, client, keys, request, value};

fn caught<T>(call: impl FnOnce() -> T) -> &'static str {
    let panic = catch_unwind(AssertUnwindSafe(call)).err().expect("it goes on");
    panic.downcast_ref::<&'static str>().expect("it is the callback's own")
}

fn observed(client: &Client) -> Observation {
    let mut memory = Prepared::new().unwrap();
    let changes = client.prepare(&request(), &mut memory).unwrap();
    client.observe(&changes, 1).unwrap()
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
    let mut memory = Prepared::new().unwrap();
    assert_eq!(caught(|| client.prepare(&request(), &mut memory).map(drop)), "no vault");
    assert!(client.prepare(&request(), &mut memory).unwrap().authorized());
}

#[test]
fn an_error_is_the_source_of_the_calls() {
    let client = builder()
        .set("project", "proj_a")
        .credentials(|| Err(std::io::Error::other("the vault is shut").into()))
        .build()
        .unwrap();
    let error = client.prepare(&request(), &mut Prepared::new().unwrap()).unwrap_err();
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
    let error = client.prepare(&request(), &mut Prepared::new().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ExpiredCredentials);
    assert!(error.source().unwrap().to_string().contains("log in again"));
}

#[test]
fn credentials_that_are_none_are_refused() {
    let client = builder()
        .set("project", "proj_a")
        .credentials(|| Ok(Credentials::new("", "")))
        .build()
        .unwrap();
    let error = client.prepare(&request(), &mut Prepared::new().unwrap()).unwrap_err();
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
    let mut memory = Prepared::new().unwrap();
    for expected in ["Bearer token-0", "Bearer token-1"] {
        let changes = client.prepare(&request(), &mut memory).unwrap();
        assert_eq!(value(changes.headers_to_set(), "authorization"), Some(expected));
    }
    assert_eq!(caught(|| client.prepare(&request(), &mut memory).map(drop)), "no token");
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
    client.prepare(&request(), &mut Prepared::new().unwrap()).unwrap();
    let lines = lines.lock().unwrap();
    assert!(lines.iter().any(|(level, _)| *level == LogLevel::Warning), "{lines:?}");
    assert!(lines.iter().all(|(_, line)| !line.contains("wJalrXUtnFEMI")));
}

#[test]
fn a_panicking_log_stops_nothing_in_c() {
    let client = keys(builder()).set("unattributed", "warn").log(|_, _| panic_any("full")).build();
    // Whichever call said something first.
    let Ok(client) = client else { panic!("a log is no reason to fail") };
    let mut memory = Prepared::new().unwrap();
    assert_eq!(caught(|| client.prepare(&request(), &mut memory).map(drop)), "full");
    assert!(client.prepare(&request(), &mut memory).is_ok(), "it is said once a minute at most");
}

#[test]
fn the_clock_is_asked() {
    let at = UNIX_EPOCH + Duration::from_secs(1_772_366_400);
    let client = keys(builder()).set("project", "proj_a").clock(move || at).build().unwrap();
    let mut memory = Prepared::new().unwrap();
    let changes = client.prepare(&request(), &mut memory).unwrap();
    assert_eq!(value(changes.headers_to_set(), "x-amz-date"), Some("20260301T120000Z"));
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
    let mut memory = Prepared::new().unwrap();
    assert_eq!(caught(|| client.prepare(&request(), &mut memory).map(drop)), "no time");
}

type Seen = (String, Option<String>, Usage, Outcome, Option<u16>, u32);

#[test]
fn usage_is_told_attempt_by_attempt() {
    let events: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let told = events.clone();
    let client = keys(builder())
        .set("project", "proj_a")
        .on_usage(move |event| {
            told.lock().unwrap().push((
                event.project.to_owned(),
                event.response_id.map(str::to_owned),
                event.usage,
                event.outcome,
                event.http_status,
                event.attempt,
            ));
        })
        .build()
        .unwrap();
    let mut observation = observed(&client);
    observation.head(&AnswerHead::new(200).content_type("application/json")).unwrap();
    observation.feed(ANSWER.as_bytes());
    observation.finish();
    drop(observation);
    drop(observed(&client));

    let events = events.lock().unwrap();
    assert_eq!(events.len(), 2, "{events:?}");
    let (project, id, usage, outcome, status, attempt) = &events[0];
    assert_eq!((project.as_str(), id.as_deref()), ("proj_a", Some("chatcmpl-1")));
    assert_eq!((usage.input_tokens, usage.cached_input_tokens), (Some(11), Some(3)));
    assert_eq!((*outcome, *status, *attempt), (Outcome::Ok, Some(200), 1));
    assert_eq!((events[1].3, events[1].4), (Outcome::Cancelled, None));
}

#[test]
fn a_panicking_usage_callback_counts_all_the_same() {
    let client = keys(builder())
        .set("project", "proj_a")
        .on_usage(|_| panic_any("overflow"))
        .build()
        .unwrap();
    let mut observation = observed(&client);
    observation.head(&AnswerHead::new(200).content_type("application/json")).unwrap();
    observation.feed(ANSWER.as_bytes());
    assert_eq!(caught(|| observation.finish().len()), "overflow");
    assert_eq!(observation.outcome(), Outcome::Ok);
    let dropped = observed(&client);
    assert_eq!(caught(|| drop(dropped)), "overflow");
    assert_eq!(client.usage().unwrap().get("proj_a").unwrap().attempts, 2);
}

#[test]
fn a_callback_that_panics_during_a_panic_does_not_end_the_process() {
    let client =
        keys(builder()).set("project", "proj_a").on_usage(|_| panic_any("second")).build().unwrap();
    let panic = caught(|| {
        let _dropped_while_unwinding = observed(&client);
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
            let refused = client.prepare(&request(), &mut Prepared::new()?).map(drop).unwrap_err();
            *tells.lock().unwrap() = Some(refused.kind());
            Ok(Credentials::new("AKIDEXAMPLE", "secret"))
        })
        .build()
        .unwrap();
    *itself.lock().unwrap() = Some(client.clone());
    client.prepare(&request(), &mut Prepared::new().unwrap()).unwrap();
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
    let observation = observed(&client);
    let copy = client.clone();
    drop(client);
    drop(copy);
    assert_eq!(Arc::strong_count(&alive), 2, "the observation still needs it");
    thread::spawn(move || drop(observation)).join().unwrap();
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn callbacks_end_when_nobody_takes_them() {
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
                client.prepare(&request(), &mut Prepared::new().unwrap()).map(drop).unwrap();
            });
        }
    });
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn without_callbacks_there_are_none() {
    assert!(client().prepare(&request(), &mut Prepared::new().unwrap()).is_ok());
}
