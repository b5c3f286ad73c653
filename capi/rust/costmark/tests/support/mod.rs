//! What the tests share.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, Once};
use std::thread;

use costmark::{AnswerHead, Builder, Client, Header, Operation, Request, Totals, Wait};

pub const URL: &str = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
pub static BODY: &str = r#"{"model":"openai.gpt-oss-20b","messages":[]}"#;
pub const ANSWER: &str = concat!(
    r#"{"id":"chatcmpl-1","object":"chat.completion","model":"openai.gpt-oss-20b","choices":[],"#,
    r#""usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18,"#,
    r#""prompt_tokens_details":{"cached_tokens":3}}}"#
);

/// Keeps the environment away from the tests. Each calls it, by `builder`, before anything else.
pub fn isolate() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (name, _) in std::env::vars_os() {
            let foreign = ["AWS_", "OPENAI_", "COSTMARK_"];
            if name
                .to_str()
                .is_some_and(|name| foreign.iter().any(|prefix| name.starts_with(prefix)))
            {
                // SAFETY: the other tests wait for this before they read the environment.
                unsafe { std::env::remove_var(name) };
            }
        }
    });
}

pub fn builder() -> Builder {
    isolate();
    Client::builder().set("region", "us-east-1").set("auth", "sigv4")
}

pub fn keys(builder: Builder) -> Builder {
    builder.set("access_key_id", "AKIDEXAMPLE").set("secret_access_key", "wJalrXUtnFEMI")
}

/// A client of a project, that signs.
pub fn client() -> Client {
    keys(builder()).set("project", "proj_a").build().unwrap()
}

/// The head of an answer in JSON.
pub fn json_head(status: u16) -> AnswerHead<'static> {
    static JSON: std::sync::OnceLock<[Header<'static>; 1]> = std::sync::OnceLock::new();
    AnswerHead::new(status)
        .headers(JSON.get_or_init(|| [Header::new("content-type", "application/json")]))
}

/// An operation that was sent.
pub fn sent(client: &Client) -> Operation<'static> {
    let mut operation = client.operation(&request()).unwrap();
    operation.prepare(Wait::Forever).unwrap();
    operation.sent();
    operation
}

pub fn sums(client: &Client) -> Totals {
    client.usage().unwrap().project("proj_a").unwrap_or_default()
}

pub fn request() -> Request<'static> {
    Request::new("POST", URL).body(BODY)
}

pub fn value<'a>(headers: &'a [Header<'_>], name: &str) -> Option<&'a str> {
    headers.iter().find(|header| header.name().eq_ignore_ascii_case(name))?.value_str()
}

/// A request as the server got it.
#[derive(Debug, Clone)]
pub struct Got {
    pub head: String,
    pub body: Vec<u8>,
}

impl Got {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// A server that does to each request what a test says. It ends with the test's process.
pub struct Server {
    pub url: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Server {
    pub fn start(answer: impl Fn(usize, &Got, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let (seen, answer) = (got.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, answer) = (seen.clone(), answer.clone());
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while let Some(request) = read(&mut reader) {
                        let number = {
                            let mut seen = seen.lock().unwrap();
                            seen.push(request.clone());
                            seen.len()
                        };
                        answer(number, &request, &mut stream);
                        // Answers here are ended by the end of the connection.
                        let _ = stream.shutdown(std::net::Shutdown::Both);
                    }
                });
            }
        });
        Self { url, got }
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    pub fn chat_url(&self) -> String {
        format!("{}/v1/chat/completions", self.url)
    }

    /// The options of a client that signs for it.
    pub fn builder(&self) -> Builder {
        keys(builder()).set("base_url", &self.url).set("project", "proj_a")
    }
}

fn read(from: &mut BufReader<TcpStream>) -> Option<Got> {
    let mut head = String::new();
    loop {
        let before = head.len();
        if from.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if head[before..].trim().is_empty() {
            break;
        }
    }
    let mut got = Got { head, body: Vec::new() };
    let length = got.header("content-length").map_or(0, |length| length.parse().unwrap());
    got.body.resize(length, 0);
    from.read_exact(&mut got.body).ok()?;
    Some(got)
}

/// An answer with a length.
pub fn answer(to: &mut TcpStream, status: u16, fields: &str, body: &str) {
    let _ = write!(
        to,
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n{fields}\r\n{body}",
        body.len()
    );
}

/// The head of a stream that the end of the connection ends, or breaks off.
pub fn begin_stream(to: &mut TcpStream) {
    let _ = write!(
        to,
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\
         connection: close\r\n\r\n"
    );
}

pub fn chunk(to: &mut TcpStream, data: &str) -> std::io::Result<()> {
    write!(to, "{:x}\r\n{data}\r\n", data.len())?;
    to.flush()
}

pub fn event(content: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\
         \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{content}\"}}}}]}}\n\n"
    )
}

pub fn usage_event() -> String {
    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\
     \"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7,\"total_tokens\":18}}\n\n"
        .to_owned()
}

pub const DONE: &str = "data: [DONE]\n\n";
