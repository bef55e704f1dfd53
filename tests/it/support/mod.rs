//! What several topics share.

pub mod harness;
pub mod process;
