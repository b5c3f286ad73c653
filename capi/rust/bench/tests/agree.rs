//! Both signers sign the same request the same.
#![allow(missing_docs)]

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use costmark::{Credentials, Header, SignRequest, Signer};
use costmark_bench::{
    ACCESS_KEY_ID, Ours, PROJECT, Rewrite, SECRET_ACCESS_KEY, Theirs, URL, conversation,
};
use serde_json::Value;

#[test]
fn signatures_agree() {
    let time = UNIX_EPOCH + Duration::from_secs(1_772_368_245);
    let long = "ü".repeat(1000);
    let mut signer = Signer::new().unwrap();
    let mut compared = 0;
    for url in [
        URL,
        "https://bedrock-mantle.us-east-1.api.aws/v1/responses/resp_a%20b?b=2&a=1&a=0&c=",
        "https://bedrock-mantle.us-east-1.api.aws:8443/",
    ] {
        for token in [None, Some("session/token==")] {
            for body in ["", "{}", long.as_str()] {
                let fields =
                    [("content-type", "application/json"), ("x-amz-meta", "  two   words ")];
                let theirs = Theirs::new(token).sign(url, &fields, body.as_bytes(), time).unwrap();

                let mut keys = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY);
                if let Some(token) = token {
                    keys = keys.with_session_token(token);
                }
                let headers = fields.map(|(name, value)| Header::new(name, value));
                let request = SignRequest::new("POST", url, &keys)
                    .region("us-east-1")
                    .service("bedrock-mantle")
                    .headers(&headers)
                    .body(body)
                    .time(time);
                let ours = signer.sign(&request).unwrap();
                let sorted =
                    |name: &str, value: &str| (name.to_ascii_lowercase(), value.to_owned());
                let ours: BTreeMap<_, _> = ours
                    .iter()
                    .map(|header| sorted(header.name(), header.value_str().unwrap()))
                    .collect();
                let theirs: BTreeMap<_, _> =
                    theirs.iter().map(|(name, value)| sorted(name, value)).collect();
                assert_eq!(ours, theirs, "{url} {token:?} {}", body.len());
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 18);
}

#[test]
fn all_ways_write_the_same_project() {
    let body = conversation(10 << 10);
    let ours = Ours::new().unwrap().prepare(&body).unwrap();
    let member = format!(r#""project_id":"{PROJECT}","#);
    assert_eq!(ours, body.len() + member.len());
    for rewrite in [Rewrite::Values, Rewrite::RawMembers] {
        let rewritten: Value = serde_json::from_slice(&rewrite.apply(&body).unwrap()).unwrap();
        let original: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(rewritten["project_id"], PROJECT);
        assert_eq!(rewritten["messages"], original["messages"]);
    }
}
