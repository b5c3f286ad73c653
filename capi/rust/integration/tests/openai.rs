//! async-openai through costmark, against the emulator.
#![allow(missing_docs)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_openai::Client as OpenAI;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::types::chat::{
    ChatCompletionRequestUserMessage, CompletionUsage, CreateChatCompletionRequest,
    CreateChatCompletionRequestArgs,
};
use async_openai::types::responses::{CreateResponse, CreateResponseArgs, ResponseStreamEvent};
use costmark::{Builder, Client, Credentials, ErrorKind};
use costmark_integration::{
    ACCESS_KEY_ID, BEARER_TOKEN, Counts, Emulator, MODEL, PROJECTS, SECRET_ACCESS_KEY, counts,
};
use futures_util::StreamExt;
use serde_json::json;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Sdk = OpenAI<OpenAIConfig>;

struct Connected {
    sdk: Sdk,
    client: Client,
}

fn connect(emulator: &Emulator, builder: Builder) -> Connected {
    connect_as(emulator, builder, OpenAIConfig::new())
}

fn connect_as(emulator: &Emulator, builder: Builder, config: OpenAIConfig) -> Connected {
    let client = builder.build().unwrap();
    let http = costmark::reqwest::Client::new(client.clone(), reqwest::Client::builder()).unwrap();
    let config = config.with_api_base(format!("{}/v1", emulator.url)).with_api_key("unused");
    let service = costmark::async_openai::Service::new(http);
    Connected { sdk: OpenAI::with_config(config).with_http_service(service), client }
}

fn chat(text: &str) -> CreateChatCompletionRequest {
    let message = ChatCompletionRequestUserMessage::from(text);
    CreateChatCompletionRequestArgs::default()
        .model(MODEL)
        .messages([message.into()])
        .build()
        .unwrap()
}

fn response(text: &str) -> CreateResponse {
    CreateResponseArgs::default().model(MODEL).input(text).build().unwrap()
}

/// The calls of the SDK.
#[derive(Debug, Clone, Copy)]
enum Way {
    Chat,
    ChatStreamed,
    ChatStreamedWithUsage,
    Responses,
    ResponsesStreamed,
}

const WAYS: [Way; 5] = [
    Way::Chat,
    Way::ChatStreamed,
    Way::ChatStreamedWithUsage,
    Way::Responses,
    Way::ResponsesStreamed,
];

/// Makes a call; returns the input and output tokens that the SDK was shown, if any.
async fn call(way: Way, sdk: &Sdk, text: &str) -> Result<Option<(u64, u64)>, Failure> {
    match way {
        Way::Chat => {
            let completion = sdk.chat().create(chat(text)).await?;
            let content = completion.choices[0].message.content.as_deref();
            assert!(content.is_some_and(|content| !content.is_empty()));
            Ok(completion.usage.as_ref().map(tokens))
        }
        Way::ChatStreamed => stream_chat(sdk, chat(text), false).await,
        Way::ChatStreamedWithUsage => {
            let mut request = chat(text);
            request.stream_options = serde_json::from_value(json!({"include_usage": true}))?;
            stream_chat(sdk, request, true).await
        }
        Way::Responses => {
            let answer = sdk.responses().create(response(text)).await?;
            let usage = answer.usage.expect("a usage came");
            Ok(Some((u64::from(usage.input_tokens), u64::from(usage.output_tokens))))
        }
        Way::ResponsesStreamed => {
            let mut stream = sdk.responses().create_stream(response(text)).await?;
            let mut shown = None;
            while let Some(event) = stream.next().await {
                if let ResponseStreamEvent::ResponseCompleted(event) = event? {
                    let usage = event.response.usage.expect("a usage came");
                    shown = Some((u64::from(usage.input_tokens), u64::from(usage.output_tokens)));
                }
            }
            Ok(Some(shown.ok_or("response.completed did not come")?))
        }
    }
}

async fn stream_chat(
    sdk: &Sdk,
    request: CreateChatCompletionRequest,
    asked: bool,
) -> Result<Option<(u64, u64)>, Failure> {
    let mut stream = sdk.chat().create_stream(request).await?;
    let (mut shown, mut content) = (None, String::new());
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        if chunk.choices.is_empty() {
            assert!(asked, "a chunk came that was not asked for");
            shown = chunk.usage.as_ref().map(tokens);
            continue;
        }
        content.push_str(chunk.choices[0].delta.content.as_deref().unwrap_or_default());
    }
    assert!(!content.is_empty(), "no content came");
    assert_eq!(shown.is_some(), asked);
    Ok(shown)
}

fn tokens(usage: &CompletionUsage) -> (u64, u64) {
    (u64::from(usage.prompt_tokens), u64::from(usage.completion_tokens))
}

fn of(client: &Client, project: &str) -> Counts {
    counts(&client.usage().unwrap()).get(project).copied().unwrap_or_default()
}

/// Waits until the SDK's own task has dropped an answer.
async fn until(mut held: impl FnMut() -> bool) {
    for _ in 0..500 {
        if held() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come to that");
}

#[tokio::test]
async fn every_way_under_three_projects() {
    let Some(emulator) = Emulator::start() else { return };
    let Connected { sdk, client } = connect(&emulator, emulator.signing());
    let mut calls = 0;
    for way in WAYS {
        for (i, project) in PROJECTS.into_iter().enumerate() {
            let text = "How do I return a pair of shoes? ".repeat(i + 1);
            let before = of(&client, project);
            let shown = costmark::scope(project, call(way, &sdk, &text)).await.unwrap();
            let after = of(&client, project);
            let counted = (
                after.input_tokens - before.input_tokens,
                after.output_tokens - before.output_tokens,
            );
            assert!(counted.0 > 0 && counted.1 > 0, "{way:?} {counted:?}");
            if let Some(shown) = shown {
                assert_eq!(counted, shown, "{way:?}");
            }
            calls += 1;
        }
    }
    emulator.agrees_with(&client).await;
    let report = client.usage().unwrap();
    assert_eq!(counts(&report).len(), PROJECTS.len());
    assert_eq!(report.iter().map(|row| row.totals.operations).sum::<u64>(), calls);
    for record in emulator.records().await {
        assert_eq!(record.access_key_id.as_deref(), Some(ACCESS_KEY_ID));
        assert_eq!(record.outcome, "completed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_at_once() {
    let Some(emulator) = Emulator::start() else { return };
    let Connected { sdk, client } = connect(&emulator, emulator.signing());
    let tasks: Vec<_> = (0..100)
        .map(|i| {
            let sdk = sdk.clone();
            let project = PROJECTS[i % PROJECTS.len()];
            tokio::spawn(costmark::scope(project, async move {
                call(WAYS[i % WAYS.len()], &sdk, &format!("Question {i}")).await
            }))
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    emulator.agrees_with(&client).await;
    let report = client.usage().unwrap();
    assert_eq!(report.iter().map(|row| row.totals.operations).sum::<u64>(), 100);
}

#[tokio::test]
async fn retries_are_attempts_of_one_operation() {
    let Some(emulator) = Emulator::start() else { return };
    let Connected { sdk, client } =
        connect(&emulator, emulator.signing().set("project", PROJECTS[0]));
    emulator.fault(json!({"kind": "status", "status": 503, "count": 2, "retry_after": 0})).await;
    call(Way::Chat, &sdk, "Hello").await.unwrap();

    let sums = client.usage().unwrap().project(PROJECTS[0]).unwrap();
    assert_eq!((sums.operations, sums.attempts, sums.failed_attempts), (1, 3, 2));
    assert_eq!(emulator.charged().await[PROJECTS[0]].input_tokens, sums.input_tokens);
    for request in emulator.requests().await {
        assert_eq!(request.header("authorization").len(), 1);
        assert_eq!(request.header("x-amz-date").len(), 1);
        assert!([200, 503].contains(&request.status), "a retry was not signed for itself");
    }
}

#[tokio::test]
async fn refusals_reach_the_caller_at_once() {
    let Some(emulator) = Emulator::start() else { return };
    let Connected { sdk, client } =
        connect(&emulator, emulator.signing().set("unattributed", "refuse"));
    let error = sdk.chat().create(chat("Hello")).await.unwrap_err();
    let refused = costmark::async_openai::refused(&error).expect("it is ours");
    assert_eq!(refused.kind(), ErrorKind::Unattributed);
    assert!(emulator.requests().await.is_empty());
    assert!(client.usage().unwrap().is_empty());
}

#[tokio::test]
async fn errors_of_the_service_stay_the_sdks() {
    let Some(emulator) = Emulator::start() else { return };
    let Connected { sdk, client } =
        connect(&emulator, emulator.signing().set("project", PROJECTS[1]));
    emulator.fault(json!({"kind": "status", "status": 400})).await;
    let error = sdk.chat().create(chat("Hello")).await.unwrap_err();
    assert!(matches!(error, OpenAIError::ApiError(_)), "{error:?}");
    assert_eq!(client.usage().unwrap().project(PROJECTS[1]).unwrap().failed_attempts, 1);
}

#[tokio::test]
async fn the_project_of_the_sdk_counts_as_the_requests() {
    let Some(emulator) = Emulator::start() else { return };
    let config = OpenAIConfig::new().with_project_id(PROJECTS[2]);
    let builder = emulator.signing().set("project", PROJECTS[0]);
    let Connected { sdk, client } = connect_as(&emulator, builder, config);
    costmark::scope(PROJECTS[1], call(Way::Chat, &sdk, "Hello")).await.unwrap();
    emulator.agrees_with(&client).await;
    assert_eq!(client.usage().unwrap().project(PROJECTS[2]).unwrap().operations, 1);
}

#[tokio::test]
async fn a_stream_that_is_dropped_counts_as_cancelled() {
    let Some(emulator) = Emulator::start() else { return };
    let Connected { sdk, client } =
        connect(&emulator, emulator.signing().set("project", PROJECTS[0]));
    emulator.fault(json!({"kind": "slow", "delay_s": 0.05})).await;
    let mut stream =
        sdk.chat().create_stream(chat("Tell me everything about shoes.")).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    let sums = || client.usage().unwrap().project(PROJECTS[0]).unwrap();
    until(|| sums().incomplete_attempts == 1).await;
    assert_eq!((sums().operations, sums().attempts, sums().failed_attempts), (1, 1, 0));
}

#[tokio::test]
async fn a_call_that_is_dropped_counts_as_cancelled() {
    let Some(emulator) = Emulator::start() else { return };
    let Connected { sdk, client } =
        connect(&emulator, emulator.signing().set("project", PROJECTS[0]));
    emulator.fault(json!({"kind": "slow", "delay_s": 30})).await;
    let calling = tokio::spawn(async move { sdk.chat().create(chat("Hello")).await.map(drop) });
    let sums = || client.usage().unwrap().project(PROJECTS[0]).unwrap_or_default();
    until(|| sums().attempts == 1).await;
    calling.abort();
    assert!(calling.await.unwrap_err().is_cancelled(), "the emulator is not slow");
    assert_eq!((sums().attempts, sums().incomplete_attempts, sums().failed_attempts), (1, 1, 0));
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_incomplete() {
    let Some(emulator) = Emulator::start() else { return };
    let Connected { sdk, client } =
        connect(&emulator, emulator.signing().set("project", PROJECTS[0]));
    emulator.fault(json!({"kind": "drop_stream", "after_events": 2})).await;
    call(Way::ChatStreamed, &sdk, "Hello").await.expect_err("the SDK has not noticed");
    let sums = || client.usage().unwrap().project(PROJECTS[0]).unwrap();
    until(|| sums().incomplete_attempts == 1).await;
    assert_eq!(sums().attempts, 1);
}

#[tokio::test]
async fn refused_credentials_are_replaced_under_the_sdk() {
    let Some(emulator) = Emulator::start() else { return };
    let asked = std::sync::Arc::new(AtomicU32::new(0));
    let supply = {
        let asked = asked.clone();
        move || {
            let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
            let id = if first { "AKIDREVOKED" } else { ACCESS_KEY_ID };
            Ok(Credentials::new(id, SECRET_ACCESS_KEY))
        }
    };
    let builder =
        emulator.unsigned().set("auth", "sigv4").set("project", PROJECTS[0]).credentials(supply);
    let Connected { sdk, client } = connect(&emulator, builder);
    call(Way::ResponsesStreamed, &sdk, "Hello").await.unwrap();

    assert_eq!(asked.load(Ordering::SeqCst), 2);
    let statuses: Vec<_> = emulator.requests().await.iter().map(|request| request.status).collect();
    assert_eq!(statuses.len(), 2, "{statuses:?}");
    assert!([401, 403].contains(&statuses[0]) && statuses[1] == 200, "{statuses:?}");
    let sums = client.usage().unwrap().project(PROJECTS[0]).unwrap();
    assert_eq!((sums.operations, sums.attempts, sums.failed_attempts), (1, 2, 1));
    assert_eq!(emulator.charged().await[PROJECTS[0]].input_tokens, sums.input_tokens);
}

#[tokio::test]
async fn a_token_that_was_refused_is_sent_once() {
    let Some(emulator) = Emulator::start() else { return };
    let builder = emulator.unsigned().set("auth", "bearer").set("project", PROJECTS[0]);
    let Connected { sdk, client } =
        connect(&emulator, builder.bearer_token(|| Ok("ABSKREVOKED".into())));
    sdk.chat().create(chat("Hello")).await.expect_err("the service refuses the token");
    let statuses: Vec<_> = emulator.requests().await.iter().map(|request| request.status).collect();
    assert_eq!(statuses.len(), 1, "{statuses:?}");
    assert!([401, 403].contains(&statuses[0]), "{statuses:?}");
    let sums = client.usage().unwrap().project(PROJECTS[0]).unwrap();
    assert_eq!((sums.operations, sums.attempts, sums.failed_attempts), (1, 1, 1));
}

#[tokio::test]
async fn what_a_header_counts_decides_nothing() {
    let Some(emulator) = Emulator::start() else { return };
    let config = OpenAIConfig::new().with_header("x-stainless-retry-count", "7").unwrap();
    let builder = emulator.signing().set("project", PROJECTS[0]);
    let Connected { sdk, client } = connect_as(&emulator, builder, config);
    emulator.fault(json!({"kind": "status", "status": 503, "count": 1, "retry_after": 0})).await;
    sdk.chat().create(chat("Hello")).await.unwrap();
    sdk.chat().create(chat("Hello")).await.unwrap();
    let sums = client.usage().unwrap().project(PROJECTS[0]).unwrap();
    assert_eq!((sums.operations, sums.attempts, sums.failed_attempts), (2, 3, 1));
}

#[tokio::test]
async fn what_a_callback_says_reaches_the_caller() {
    let Some(emulator) = Emulator::start() else { return };
    let builder = emulator.unsigned().set("auth", "sigv4").set("project", PROJECTS[0]);
    let Connected { sdk, .. } =
        connect(&emulator, builder.credentials(|| Err("the vault is shut".into())));
    let error = sdk.chat().create(chat("Hello")).await.unwrap_err();
    let refused = costmark::async_openai::refused(&error).expect("it is ours");
    assert_eq!(refused.kind(), ErrorKind::StoppedByCallback);
    assert_eq!(std::error::Error::source(refused).unwrap().to_string(), "the vault is shut");
    assert!(emulator.requests().await.is_empty());
}

#[tokio::test]
async fn a_bearer_token() {
    let Some(emulator) = Emulator::start() else { return };
    let builder = emulator.unsigned().set("auth", "bearer").set("project", PROJECTS[1]);
    let Connected { sdk, client } =
        connect(&emulator, builder.bearer_token(|| Ok(BEARER_TOKEN.into())));
    call(Way::ResponsesStreamed, &sdk, "Hello").await.unwrap();
    emulator.agrees_with(&client).await;
}

#[tokio::test]
async fn a_model_of_another_route_is_moved() {
    let Some(emulator) = Emulator::start() else { return };
    let builder = emulator.signing().set_all([
        ("project", PROJECTS[0]),
        ("endpoint", "mantle"),
        ("route", "auto"),
    ]);
    let Connected { sdk, client } = connect(&emulator, builder);
    let mut request = response("Hello");
    request.model = Some("openai.gpt-5.4".into());
    sdk.responses().create(request).await.unwrap();
    let paths: Vec<_> = emulator.requests().await.into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/openai/v1/responses"]);
    emulator.agrees_with(&client).await;
}

/// The emulator checks signatures with botocore's implementation.
#[tokio::test]
async fn paths_and_queries_are_signed_as_they_are_sent() {
    let Some(emulator) = Emulator::start() else { return };
    let client = emulator.signing().set("project", PROJECTS[0]).build().unwrap();
    let http = costmark::reqwest::Client::new(client, reqwest::Client::builder()).unwrap();
    for path in [
        "/v1/models",
        "/v1/models?limit=2&after=b&after=a&empty=&alone",
        "/v1/responses/resp_a%20b",
        "/v1/responses/resp%2Fslash?stream=false",
        "/v1/responses/ü~(x)*'",
        "/v1//models/../models",
        "/v1/models?q=%C3%BC+plus%20space",
    ] {
        let url = format!("{}{path}", emulator.url);
        let answer = http.get(&url).send().await.unwrap();
        assert!(![401, 403].contains(&answer.status().as_u16()), "{path}: {}", answer.status());
        // A signed query is spelled strictly, so that every verifier agrees.
        let sent = reqwest::Url::parse(&url.replace('+', "%20")).unwrap();
        assert_eq!(answer.url().as_str(), sent.as_str());
    }
}
