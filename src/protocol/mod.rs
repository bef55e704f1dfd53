//! Facts of the Model Context Protocol: revisions, header names, error codes, what is known of each
//! method. Tables, no I/O.

pub mod codes;
pub mod headers;
pub mod methods;
mod version;

pub use version::{Era, ProtocolVersion};
