//! What the bridge must know to reach one remote.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use url::Url;

use crate::auth::Authorizer;
use crate::http::HttpOptions;

/// Everything about one remote that flags, environment and settings decide.
#[derive(Clone, Debug)]
pub struct RemoteOptions {
    /// The MCP endpoint.
    pub url: Url,
    /// Extra headers for requests to the endpoint's origin, values marked sensitive. Reserved names
    /// were refused before (T-27).
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Which transports to try, in which order.
    pub transport: TransportChoice,
    /// Time limits.
    pub limits: Limits,
    /// Send a `ping` when the session was quiet for this long.
    pub keep_alive: Option<Duration>,
    /// Network settings.
    pub http: HttpOptions,
    /// Gives requests their `Authorization` header.
    pub authorizer: Authorizer,
}

/// Limits of one request; no time is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From sending a request to the head of its response.
    pub headers: Option<Duration>,
    /// Silence within a response body; waiting for a person does not count (T-26).
    pub body: Option<Duration>,
    /// A request as a whole, progress or not.
    pub request: Option<Duration>,
    /// How long open requests may go on after the host closed stdin.
    pub drain: Duration,
    /// The largest body or event that is accepted, in bytes (S-12).
    pub size: usize,
}

/// Which transports to try, in which order (T-80 to T-83).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransportChoice {
    /// Streamable HTTP, then HTTP+SSE.
    #[default]
    HttpFirst,
    /// HTTP+SSE, then Streamable HTTP.
    SseFirst,
    /// Streamable HTTP only.
    HttpOnly,
    /// HTTP+SSE only.
    SseOnly,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            headers: Some(Duration::from_secs(300)),
            body: Some(Duration::from_secs(300)),
            request: Some(Duration::from_secs(3600)),
            // Hosts send SIGTERM two seconds after they closed stdin
            // (docs/hosts/README.md#ending-the-child).
            drain: Duration::from_millis(1500),
            size: 256 * 1024 * 1024,
        }
    }
}

impl RemoteOptions {
    /// Defaults for this endpoint.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            headers: Vec::new(),
            transport: TransportChoice::default(),
            limits: Limits::default(),
            keep_alive: None,
            http: HttpOptions::default(),
            authorizer: Authorizer::off(),
        }
    }
}
