//! What several topics share.

pub mod fake_browser;
pub mod harness;
pub mod process;
