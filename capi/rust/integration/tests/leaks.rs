//! Alone in its process, as handles are counted for all of it.
#![allow(missing_docs)]

use async_openai::config::OpenAIConfig;
use async_openai::types::responses::CreateResponseArgs;
use costmark_integration::{Emulator, MODEL, PROJECTS};
use futures_util::StreamExt;

#[test]
fn nothing_is_left_over_when_the_runtime_has_ended() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let used = runtime.block_on(async {
        let emulator = Emulator::start()?;
        let client = emulator.signing().set("project", PROJECTS[0]).build().unwrap();
        let http = costmark::reqwest::Client::new(client, reqwest::Client::builder()).unwrap();
        let config =
            OpenAIConfig::new().with_api_base(format!("{}/v1", emulator.url)).with_api_key("x");
        let sdk = async_openai::Client::with_config(config)
            .with_http_service(costmark::async_openai::Service::new(http));
        let request = CreateResponseArgs::default().model(MODEL).input("Hello").build().unwrap();
        for read_to_its_end in [true, false] {
            let mut stream = sdk.responses().create_stream(request.clone()).await.unwrap();
            stream.next().await.unwrap().unwrap();
            while read_to_its_end && stream.next().await.is_some() {}
        }
        assert!(costmark::live_handles() > 0, "what is looked for is counted");
        Some(())
    });
    drop(runtime);
    if used.is_some() {
        assert_eq!(costmark::live_handles(), 0);
    }
}
