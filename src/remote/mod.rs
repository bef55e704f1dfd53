//! How the bridge reaches the remote MCP server: transports, their choice, streams and retries.

mod options;
mod tool_filter;

pub use options::{Limits, RemoteOptions, TransportChoice};
pub use tool_filter::ToolFilter;
