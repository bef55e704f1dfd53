//! What a user can do: one file per verb, each takes its options and does its work.

pub mod bridge;
//pub mod call;
pub mod config;
mod logging;
mod prepare;
//pub mod tools;

pub use prepare::BridgeOptions;
