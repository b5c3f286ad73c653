//! Marks every Amazon Bedrock call of a Rust program with the project that pays for it.
//!
//! It writes the project into a request, signs the request, hands it back to be sent or sends it
//! itself, and reads the usage out of the answer. It is the Rust face of libcostmark, a C library.
//! It starts no threads, prints nothing, and does no I/O of its own except to fetch credentials, to
//! send what it is told to send, and, with the option `verify`, to ask the endpoint for proof.
//!
//! # Under an HTTP client
//!
//! Whatever sends with [reqwest](https://docs.rs/reqwest), with
//! [async-openai](https://docs.rs/async-openai), or through a [tower](https://docs.rs/tower)
//! service can be attributed:
//!
//! | feature        | what                                                                 |
//! |----------------|----------------------------------------------------------------------|
//! | `tower`        | `costmark::tower::Layer`, over any service of `http::Request`         |
//! | `reqwest`      | `costmark::reqwest::Client`, which sends `reqwest::Request`s          |
//! | `async-openai` | `costmark::async_openai::Service`, for `Client::with_http_service`    |
//! | `static`       | links `libcostmark.a`                                                |
//!
//! Nothing but the project and the authorisation differs from what the caller sent, with one
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
//! # Without an HTTP client
//!
//! [`Client::prepare`] says what to change in a request, for programs that send by other means, and
//! [`Client::observe`] begins to read the answer. Both work on views, and allocate nothing on this
//! side of C. [`Client::send`] does all of it over the library's own libcurl, and blocks.
//! [`Signer`], [`BearerToken`], [`CredentialsProvider`] and [`json`] are the parts alone.
//!
//! # Errors
//!
//! What is refused is an [`Error`], grouped by its [`ErrorKind`] by what can be done about it.
//! Errors of the service are answers, and stay with whoever reads them.
//!
//! # Threads
//!
//! What is shared is synchronised inside, and [`Send`] and [`Sync`]: [`Client`], [`Cancel`], the
//! providers. What holds memory or reads an answer takes `&mut self` to change. A [`Scope`] belongs
//! to its thread.
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

#[cfg(feature = "async-openai")]
pub mod async_openai;
mod builder;
mod callbacks;
mod cancel;
mod client;
mod credentials;
mod error;
mod ffi;
pub mod json;
mod observe;
mod options;
mod prepared;
mod provider;
mod request;
#[cfg(feature = "reqwest")]
pub mod reqwest;
mod response;
mod scope;
mod send;
mod sign;
mod token;
#[cfg(feature = "tower")]
pub mod tower;
mod usage;
mod verify;
mod version;

pub use builder::Builder;
pub use callbacks::LogLevel;
pub use cancel::Cancel;
pub use client::Client;
pub use credentials::Credentials;
pub use error::{BoxError, Error, ErrorKind};
pub use observe::{AnswerHead, Observation, Outcome, Usage};
pub use options::{OptionInfo, OptionType, options};
pub use prepared::{Api, Changes, Prepared, ProjectSource};
pub use provider::{CredentialsProvider, CredentialsReport, CredentialsSet};
pub use request::{Header, Request};
pub use response::Response;
pub use scope::{Project, Scope, Scoped, operation, scope};
pub use send::SendOptions;
pub use sign::{SignRequest, Signer};
pub use token::{BearerToken, BearerTokenProvider};
pub use usage::{Totals, UsageEvent, UsageReport};
pub use verify::{Probe, Verdict, Verification, VerifyRequest};
pub use version::{has_feature, live_handles, version};
