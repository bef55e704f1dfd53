//! What a user can do: one file per verb, each takes its options and does its work.

mod arguments;
pub mod bridge;
pub mod call;
pub mod config;
mod logging;
mod prepare;
mod questions;
mod readable;
mod session;
pub mod tools;
mod wire;
