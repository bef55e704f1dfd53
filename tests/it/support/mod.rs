//! What several topics share.

pub mod process;
