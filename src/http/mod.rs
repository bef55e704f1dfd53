//! The HTTP connection to one remote: TLS roots, proxies, cookies, look-up. Follows no redirects by
//! itself (T-25) and knows nothing about MCP.

mod body;
mod chain;
mod cookies;
mod options;
mod outbound;

pub use body::{Departure, FrameBody};
pub use chain::Presented;
pub use options::{HttpOptions, Proxy};
pub use outbound::{Outbound, is_loopback};
