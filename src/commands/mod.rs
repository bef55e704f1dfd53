//! What a user can do: one file per verb, each takes its options and does its work.

mod arguments;
pub mod bridge;
mod cache_key;
pub mod call;
pub mod config;
mod consent;
pub mod credentials;
#[cfg(feature = "mock")]
pub mod demo;
#[cfg(feature = "mock")]
mod demo_question;
pub mod doctor;
mod durable_process;
mod host_entries;
pub mod import;
pub mod install;
mod literal_secrets;
mod logging;
pub mod login;
pub mod logout;
pub mod migrate;
mod notes;
mod prepare;
mod questions;
mod readable;
pub mod running;
pub mod secret;
#[cfg(feature = "mock")]
pub mod serve_hostile;
#[cfg(feature = "mock")]
pub mod serve_mock;
mod session;
mod sign_in;
#[cfg(feature = "mock")]
mod snippets;
pub mod status;
pub mod token_job;
pub mod tools;
pub mod untrusted;
mod vault;
mod wire;
