//! The library's own libcurl against the emulator.
#![allow(missing_docs)]

use std::sync::{Arc, Mutex};
use std::thread;

use costmark::{Cancel, ErrorKind, Header, Request, Scope, SendOptions, Verdict, VerifyRequest};
use costmark_integration::{Emulator, MODEL, PROJECTS};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

fn chat(streamed: bool) -> String {
    let messages = json!([{"role": "user", "content": "How do I return shoes?"}]);
    json!({"model": MODEL, "messages": messages, "stream": streamed}).to_string()
}

fn response(streamed: bool) -> String {
    json!({"model": MODEL, "input": "How do I return shoes?", "stream": streamed}).to_string()
}

#[tokio::test]
async fn chat_and_responses_streamed_and_not_under_three_projects() {
    let Some(emulator) = Emulator::start() else { return };
    let events = Arc::new(Mutex::new(0));
    let counted = events.clone();
    let builder = emulator.signing().on_usage(move |answer| {
        assert_eq!((answer.http_status(), answer.attempt()), (Some(200), 1));
        *counted.lock().unwrap() += answer.usage().input_tokens.unwrap();
    });
    let client = builder.build().unwrap();
    thread::scope(|scope| {
        for project in PROJECTS {
            let (client, base) = (&client, &emulator.url);
            scope.spawn(move || {
                let _scope = Scope::enter(project);
                for streamed in [false, true] {
                    for (path, body) in [
                        ("/v1/chat/completions", chat(streamed)),
                        ("/v1/responses", response(streamed)),
                    ] {
                        let (url, headers) =
                            (format!("{base}{path}"), [Header::new(JSON.0, JSON.1)]);
                        let request = Request::new("POST", &url).headers(&headers).body(&body);
                        let mut streamed_bytes = Vec::new();
                        let mut on_body = |piece: &[u8]| {
                            streamed_bytes.extend_from_slice(piece);
                            Ok(())
                        };
                        let options = SendOptions::new().on_body(&mut on_body);
                        let mut operation = client.operation(&request).unwrap();
                        operation.send(options).unwrap();
                        let text = String::from_utf8(streamed_bytes).unwrap();
                        assert_eq!(text.starts_with('{'), !streamed, "{text}");
                        assert!(!text.contains("\"choices\":[]"), "a chunk that was not asked for");
                        assert_eq!(operation.answer().project(), project);
                    }
                }
            });
        }
    });
    emulator.agrees_with(&client).await;
    let charged = emulator.charged().await;
    assert_eq!(charged.values().map(|sum| sum.input_tokens).sum::<u64>(), *events.lock().unwrap());
    assert!(charged.values().all(|sum| sum.attempts == 4));
}

#[tokio::test]
async fn a_cancelled_stream_and_a_busy_service() {
    let Some(emulator) = Emulator::start() else { return };
    let client = emulator.signing().set("project", PROJECTS[0]).build().unwrap();
    let (url, headers) =
        (format!("{}/v1/chat/completions", emulator.url), [Header::new(JSON.0, JSON.1)]);
    emulator.fault(json!({"kind": "slow", "delay_s": 0.02})).await;
    let (cancel, body) = (Cancel::new().unwrap(), chat(true));
    let request = Request::new("POST", &url).headers(&headers).body(&body);
    let mut on_body = |_: &[u8]| {
        cancel.stop();
        Ok(())
    };
    let options = SendOptions::new().on_body(&mut on_body).cancel(&cancel);
    let error = client.operation(&request).unwrap().send(options).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);

    emulator.fault(json!({"kind": "status", "status": 503, "count": 2, "retry_after": 0})).await;
    let body = chat(false);
    let request = Request::new("POST", &url).headers(&headers).body(&body);
    let mut operation = client.operation(&request).unwrap();
    let response = operation.send(SendOptions::new().max_attempts(3)).unwrap();
    assert_eq!(response.attempts(), 3);
    let whole: Value = serde_json::from_slice(response.body()).unwrap();
    let input_tokens = operation.answer().usage().input_tokens;
    assert_eq!(whole["usage"]["prompt_tokens"].as_u64(), input_tokens);
    let sums = client.usage().unwrap().project(PROJECTS[0]).unwrap();
    assert_eq!((sums.operations, sums.attempts, sums.failed_attempts), (2, 4, 2));
}

#[tokio::test]
async fn the_emulator_honors_the_project() {
    let Some(emulator) = Emulator::start() else { return };
    let client =
        emulator.signing().set_all([("project", PROJECTS[0]), ("endpoint", "mantle")]).build();
    let client = client.unwrap();
    let verification = client.verify(&VerifyRequest::new().model(MODEL)).unwrap();
    assert_eq!(verification.verdict(), Verdict::Honored, "{verification:?}");
    let probes: Vec<_> = verification.probes().collect();
    assert!(
        probes.len() >= 2 && probes.iter().any(|probe| probe.project == PROJECTS[0]),
        "{probes:?}"
    );
}
