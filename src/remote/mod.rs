//! How the bridge reaches the remote MCP server: transports, their choice, streams and retries.

mod options;

pub use options::{Limits, RemoteOptions, TransportChoice};
