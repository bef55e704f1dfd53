//! The HTTP client: TLS roots, proxies, redirect policy, custom headers. Knows nothing about MCP.

mod options;

pub use options::{HttpOptions, Proxy};
