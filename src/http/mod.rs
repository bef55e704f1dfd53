//! HTTP to one remote and to the servers that it names: addresses, proxies, TLS, connections,
//! content codings and cookies. Everything that reaches the network goes through [`Outbound`].
//!
//! Follows no redirects (T-25), repeats only requests that were never sent, and knows nothing about
//! MCP.

mod body;
mod certificate;
mod client_certificate;
mod connections;
mod connector;
mod content_coding;
mod cookies;
mod error;
mod fixed_addresses;
mod json_text;
mod lease;
mod login_page;
mod loopback;
mod named_certificates;
mod no_proxy;
mod options;
mod outbound;
mod presented_chain;
mod proxy;
mod request;
mod resolver;
mod response;
mod socks;
mod socks4;
mod stream;
mod target;
mod tls;
mod trust;
mod tunnel;

pub use body::BodyObserver;
pub use certificate::Certificate;
pub use connections::MAX_HEADER_LINES;
pub use error::{HttpError, TlsFailure};
pub use fixed_addresses::FixedAddress;
pub use json_text::{begins_guarded_json, json_text};
pub use login_page::{failure_for_login_page, is_login_address, is_login_page, shows_login_page};
pub use loopback::is_loopback;
pub use options::{ClientCertificate, HttpOptions, Proxy};
pub use outbound::Outbound;
pub use proxy::proxy_for;
pub use request::Request;
pub use resolver::{NameMemory, Resolve, ResolveError};
pub use response::Response;
pub use target::Target;
