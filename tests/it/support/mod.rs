//! What several topics share.

#[cfg(unix)]
pub mod browser_program;
pub mod fake_browser;
pub mod harness;
pub mod process;
