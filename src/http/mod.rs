//! The HTTP connection to one remote: TLS roots, proxies, cookies, name look-up. Follows no
//! redirects (T-25) and knows nothing about MCP.

mod body;
mod cookies;
mod loopback;
mod options;
mod outbound;
mod presented_chain;

pub use body::{BodySent, FrameBody};
pub use loopback::is_loopback;
pub use options::{HttpOptions, Proxy};
pub use outbound::Outbound;
pub use presented_chain::PresentedChain;
