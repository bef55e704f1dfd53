//! What a user can do: one file per verb, each takes its options and does its work.

mod arguments;
pub mod bridge;
pub mod call;
pub mod config;
#[cfg(feature = "mock")]
pub mod demo;
mod logging;
mod prepare;
mod questions;
mod readable;
#[cfg(feature = "mock")]
pub mod serve_mock;
mod session;
pub mod tools;
mod wire;
