//! Marks every Amazon Bedrock call of a Rust program with the project that pays for it.
//!
//! It writes the project into a request, signs the request, and reads the usage out of the answer.
//! Your own HTTP client sends the request, or [`Operation::send`] does. It is the Rust interface of
//! libcostmark, a C library, which starts no threads and prints nothing. The network is used only to
//! fetch credentials where they are kept there, to send what it is told to send, and, with the option
//! `verify`, to ask the endpoint for proof.
//!
//! # Under an HTTP client
//!
//! Requests that are sent with [reqwest](https://docs.rs/reqwest), with
//! [async-openai](https://docs.rs/async-openai), or through a [tower](https://docs.rs/tower)
//! service can be attributed:
//!
//! | feature              | what                                                             |
//! |----------------------|------------------------------------------------------------------|
//! | `tower`              | `costmark::tower::Layer`, over any service of `http::Request`    |
//! | `reqwest`            | `costmark::reqwest::Client`, with a request builder of its own   |
//! | `json`               | bodies in JSON for that builder                                  |
//! | `reqwest-middleware` | `costmark::reqwest_middleware::AttemptMiddleware`                |
//! | `async-openai`       | `costmark::async_openai::Service`, for `with_http_service`       |
//! | `static`             | links `libcostmark.a`                                            |
//!
//! Nothing but the project and the authorization differs from what the caller sent, with one
//! exception: a streamed chat completion is asked to report its usage, and the extra chunk is
//! hidden from a caller who did not ask for it (the option `stream_usage` turns that off).
//!
//! # Scopes
//!
//! A scope is a region of the program that runs under a project. It comes before the client's rules
//! and its default, and after what a request itself names; the option `conflict` decides where
//! those disagree.
//!
//! ```
//! # async fn ask() {}
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! // A future, wherever it is polled; no runtime is needed for it.
//! costmark::scope("proj_research", async {
//!     ask().await;
//! })
//! .await;
//! # });
//!
//! // A block of this thread.
//! {
//!     let _scope = costmark::Scope::enter("proj_research");
//! }
//! ```
//!
//! [`Scope::bind`] and [`Scope::bind_future`] take a scope along to another thread or task, and
//! `costmark::tower::ScopeLayer` through a layer that calls from another task.
//!
//! [`Labels`] are a caller's own pairs, which the rows of the ledger then carry: [`Request::labels`],
//! or in the extensions of an `http::Request`.
//!
//! # Budgets
//!
//! Option `budgets` says what projects, tags, labels or all calls may spend. A call that one has no
//! place for fails with [`ErrorKind::BudgetExceeded`] before anything is sent;
//! [`Client::budgets`] reads what is left, and [`Request::override_budgets`] sends one call all the
//! same, as [`OverrideBudgets`] does in the extensions of an `http::Request`.
//!
//! # Operations
//!
//! An [`Operation`] is one call of the user. It decides which project pays, says what to send for
//! each attempt, reads the answers, and says what to do next. A program with an HTTP client of its
//! own uses it directly; its views allocate nothing on this side of C. It borrows the request, or
//! keeps an [`OwnedRequest`]. [`Operation::send`] does all of it over the library's own libcurl, and
//! blocks.
//!
//! [`Signer`], [`BearerToken`], [`CredentialsCache`], [`BearerTokenCache`] and [`json`] are the
//! parts alone.
//!
//! # Errors
//!
//! What is refused is an [`Error`], whose [`ErrorKind`] says what can be done about it. Errors of
//! the service are answers, and reach the program as such.
//!
//! # Threads
//!
//! [`Client`], [`Cancel`] and the caches are synchronized internally: [`Send`] and [`Sync`]. An
//! [`Operation`] and a [`Signer`] are used by one thread at a time: [`Send`] alone. A [`Scope`]
//! belongs to its thread.
//!
//! # Building
//!
//! The C library is found through pkg-config, or where `COSTMARK_LIB_DIR` says:
//!
//! ```sh
//! cmake -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build
//! cmake --install build --prefix /opt/costmark
//! export PKG_CONFIG_PATH=/opt/costmark/lib/pkgconfig
//! cargo build
//! ```
//!
//! Where the loader does not look, such as in `/opt/costmark/lib`, `LD_LIBRARY_PATH` or an rpath
//! tells it to; the feature `static` makes that unnecessary.

mod answer;
#[cfg(feature = "async-openai")]
pub mod async_openai;
#[cfg(feature = "tower")]
mod attribution;
mod bearer_token;
mod budgets;
mod builder;
mod callbacks;
mod cancel;
mod client;
mod credentials;
mod credentials_cache;
mod error;
mod ffi;
pub mod json;
mod labels;
mod ledger;
mod names;
mod operation;
mod options;
mod owned_request;
mod prepared;
mod projects;
mod request;
#[cfg(feature = "reqwest")]
pub mod reqwest;
#[cfg(feature = "reqwest-middleware")]
pub mod reqwest_middleware;
mod response;
mod scope;
mod send;
mod sign;
#[cfg(feature = "tower")]
pub mod tower;
mod usage;
mod verify;
mod version;

pub use answer::{Answer, AnswerHead, AnswerKind, Outcome, Usage, UsageFlags};
#[cfg(feature = "tower")]
pub use attribution::Attribution;
pub use bearer_token::{BearerToken, BearerTokenCache};
pub use budgets::{Budget, BudgetAction, BudgetPeriod, BudgetSubject, BudgetUnit, OverrideBudgets};
pub use builder::Builder;
pub use callbacks::{BearerTokenProvider, LogLevel};
pub use cancel::Cancel;
pub use client::Client;
pub use credentials::Credentials;
pub use credentials_cache::{CredentialsCache, CredentialsReport, CredentialsSet};
pub use error::{BoxError, Error, ErrorKind};
pub use labels::Labels;
pub use ledger::LedgerCounts;
pub use names::{Route, check_project};
pub use operation::{Next, Operation, Plan, Reason, Step, Wait};
pub use options::{OptionInfo, OptionType, options};
pub use owned_request::OwnedRequest;
pub use prepared::{Api, Prepared, ProjectSource};
pub use projects::{ProjectInfo, ProjectPlane, Projects};
pub use request::{Header, Request};
pub use response::Response;
#[cfg(feature = "tower")]
pub use scope::operation;
pub use scope::{Project, Scope, Scoped, scope};
pub use send::SendOptions;
pub use sign::{SignRequest, Signer};
pub use usage::{RequestCounts, Totals, UsageReport, UsageRow};
pub use verify::{Probe, Verdict, Verification, VerifyRequest};
pub use version::{has_feature, live_handles, version};
