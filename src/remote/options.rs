//! The settings of one remote.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use url::Url;

use crate::auth::{Authorizer, HeaderCommands};
use crate::budget::Budget;
use crate::http::HttpOptions;
use crate::recording::Recorder;

/// The options of one remote, from flags, environment and settings file.
#[derive(Clone, Debug)]
pub struct RemoteOptions {
    /// The MCP endpoint.
    pub url: Url,
    /// Further headers for requests to the endpoint's origin, with values marked sensitive.
    /// Reserved names have already been refused (T-27).
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Headers that commands print.
    pub header_commands: HeaderCommands,
    /// Which transports to try, in which order.
    pub transport: TransportChoice,
    /// Limits on time and size.
    pub limits: Limits,
    /// How long a session may be quiet before a `ping` is sent; `None` sends none.
    pub keep_alive: Option<Duration>,
    /// Network settings.
    pub http: HttpOptions,
    /// Provides the `Authorization` header.
    pub authorizer: Authorizer,
    /// Records the conversation.
    pub recorder: Option<Recorder>,
}

/// Limits of one request. `None` means no limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest time from sending a request to the head of its response.
    pub headers: Option<Duration>,
    /// The longest silence within a response body, not counting waits for a person (T-26).
    pub body: Option<Duration>,
    /// The longest time for a whole request, with or without progress.
    pub request: Option<Duration>,
    /// How long opening a session or stream is retried after transient errors: a refused
    /// connection, 502, 503, 504 (T-80). Zero reports them at once.
    pub opening: Duration,
    /// How long open requests may run after the host has closed stdin. An answer that is arriving
    /// may take longer.
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
            opening: Duration::from_secs(20),
            // Together with the session's `DELETE`, less than a second (T-08).
            drain: Duration::from_millis(600),
            size: Budget::of_process().per_message(),
        }
    }
}

impl RemoteOptions {
    /// Default settings for this endpoint.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            headers: Vec::new(),
            header_commands: HeaderCommands::default(),
            transport: TransportChoice::default(),
            limits: Limits::default(),
            keep_alive: None,
            http: HttpOptions::default(),
            authorizer: Authorizer::off(),
            recorder: None,
        }
    }
}
