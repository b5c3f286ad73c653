//! The layer over services that behave and misbehave.
#![cfg(feature = "tower")]
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod refusals;
mod requests;
mod retries;
mod scopes;
mod services;
mod waiting;
