//! The self-description of a product: its name, its endpoints and its capabilities.

use std::time::Duration;

use serde_json::{Value, json};

use crate::revisions::RevisionRules;
use mcp_tether_wire::protocol::{ProtocolVersion, meta};

/// How a product presents itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) version: &'static str,
    pub(crate) paths: EndpointPaths,
    pub(crate) habits: Habits,
    pub(crate) instructions: &'static str,
    pub(crate) offers: Offers,
}

impl Profile {
    /// Returns the `Implementation` object with which the product introduces itself in `version`.
    pub(crate) fn implementation(&self, version: ProtocolVersion) -> Value {
        let mut implementation = json!({ "name": self.name, "version": self.version });
        if RevisionRules::of(version).structured {
            implementation["title"] = self.title.into();
        }
        implementation
    }

    /// Returns the `_meta` object of a result of 2026-07-28, which names the server.
    pub(crate) fn server_info_meta(&self) -> Value {
        json!({ meta::SERVER_INFO: self.implementation(ProtocolVersion::V2026_07_28) })
    }
}

/// The paths of its endpoints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndpointPaths {
    /// Streamable HTTP.
    pub(crate) mcp: &'static str,
    /// The streams of HTTP+SSE.
    pub(crate) sse: &'static str,
    /// The path for messages of HTTP+SSE.
    pub(crate) message: &'static str,
    /// A page on which people sign in.
    pub(crate) page: Option<&'static str>,
}

impl Default for EndpointPaths {
    fn default() -> Self {
        Self { mcp: "/mcp", sse: "/sse", message: "/message", page: None }
    }
}

/// Its use of HTTP where the transports leave a choice.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Habits {
    /// DELETE is answered with 200 although there are no sessions.
    pub(crate) takes_leave: bool,
    /// Batches are accepted in every revision.
    pub(crate) takes_batches: bool,
    /// Streams of HTTP+SSE carry a dated comment this often.
    pub(crate) heartbeat: Option<Duration>,
    /// POSTs of HTTP+SSE are answered without a body.
    pub(crate) bare_accepted: bool,
}

/// Its capabilities besides tools.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Offers {
    pub(crate) tools_change: bool,
    pub(crate) resources: bool,
    pub(crate) prompts: bool,
    pub(crate) completions: bool,
    pub(crate) logging: bool,
    pub(crate) tasks: bool,
    /// Skills, and a stream of events.
    pub(crate) skills: bool,
    pub(crate) events: bool,
}

/// A question to the user before a prompt or resource is returned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    /// The name of the question, and of the argument that the answer becomes.
    pub(crate) key: &'static str,
    pub(crate) question: &'static str,
    /// The member of the form that holds the answer.
    pub(crate) member: &'static str,
}
