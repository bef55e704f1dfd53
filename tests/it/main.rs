//! One integration binary; a module per topic.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

#[cfg(target_os = "linux")]
#[path = "../keyring/mod.rs"]
mod keyring;
mod store_driver;
mod store_files;
#[cfg(target_os = "linux")]
mod store_no_keyring;
mod store_processes;
