//! Facts of the Model Context Protocol: revisions, names of headers and of `_meta` keys, error
//! codes, properties of each method. Tables, no I/O.

pub mod codes;
pub mod headers;
mod log_level;
pub mod meta;
pub mod methods;
mod version;

pub use log_level::LogLevel;
pub use version::{Era, ProtocolVersion};
