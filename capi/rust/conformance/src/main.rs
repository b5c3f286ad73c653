//! The runner of the tower layer: over hyper, and in the client of reqwest.
//!
//! ```text
//! conformance --cases FILE --server ORIGIN [--case NAME]
//! conformance --bypass
//! conformance --cuts
//! ```
//!
//! `tests/conformance/README.md` says what it reads and prints.

mod bypass;
mod case;
mod client;
mod cuts;
mod http;
mod lines;
mod run;

use std::error::Error;
use std::{env, fs};

use serde_json::json;

use self::case::Case;
use self::client::Made;
use self::http::{Http, WAYS};
use self::lines::Lines;
use self::run::Run;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Default)]
struct Arguments {
    cases: String,
    server: String,
    case: Option<String>,
}

impl Arguments {
    fn read() -> Result<Self> {
        let mut read = Self::default();
        let mut given = env::args().skip(1);
        while let Some(name) = given.next() {
            let value = given.next().ok_or_else(|| format!("{name} needs a value"))?;
            match &*name {
                "--cases" => read.cases = value,
                "--server" => read.server = value,
                "--case" => read.case = Some(value),
                _ => return Err(format!("there is no argument {name}").into()),
            }
        }
        Ok(read)
    }
}

fn main() -> Result<()> {
    if env::args().skip(1).eq(["--bypass"]) {
        return bypass::make_attempts();
    }
    if env::args().skip(1).eq(["--cuts"]) {
        return cuts::read_answers();
    }
    let arguments = Arguments::read()?;
    let text = fs::read_to_string(&arguments.cases)
        .map_err(|error| format!("the cases in {:?} cannot be read: {error}", arguments.cases))?;
    for way in WAYS {
        // A process remembers the ids of responses.
        let text = text.replace("{way}", way);
        for case in serde_json::from_str::<case::Cases>(&text)?.cases {
            if arguments.case.as_ref().is_none_or(|name| *name == case.name) {
                run(&case, way, &arguments.server)?;
            }
        }
    }
    Ok(())
}

/// Runs one case one way, and prints what came of it.
fn run(case: &Case, way: &'static str, origin: &str) -> Result<()> {
    let lines = Lines::new(&case.name, way);
    if let Some(reason) = case.obstacle() {
        lines.print("skip", json!({"reason": reason}));
        return Ok(());
    }
    set_environment(case);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let run_name = format!("{}.{way}", case.name);
    runtime.block_on(begin_at_server(origin, &run_name))?;
    let made = match Made::of(&case.client, origin, &lines) {
        Ok(made) => made,
        Err(error) => {
            let (code, offset) = (error.kind().name(), error.offset());
            lines.print("client_error", json!({"code": code, "offset": offset}));
            return Ok(());
        }
    };
    let http = Http::new(way, made.client.clone());
    let calls = Run::new(case, http, format!("{origin}/{run_name}"));
    runtime.block_on(calls.all());
    calls.print(&lines);
    drop((calls, runtime)); // ends what is open
    made.print_end(&lines);
    Ok(())
}

/// The environment of a case is all that is seen of it.
fn set_environment(case: &Case) {
    for (name, _) in env::vars_os() {
        // SAFETY: this thread is the only one: the runtime of the case before is gone.
        unsafe { env::remove_var(name) };
    }
    for (name, value) in &case.client.environment {
        // SAFETY: as above.
        unsafe { env::set_var(name, value) };
    }
}

async fn begin_at_server(origin: &str, run_name: &str) -> Result<()> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    http.post(format!("{origin}/_begin/{run_name}")).send().await?.error_for_status()?;
    Ok(())
}
