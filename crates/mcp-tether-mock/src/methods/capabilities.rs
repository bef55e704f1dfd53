//! The capabilities that a product declares in `initialize` and in `server/discover`.

use serde_json::{Map, Value, json};

use crate::product::Profile;
use crate::revisions::RevisionRules;
use mcp_tether_wire::protocol::meta::extensions;
use mcp_tether_wire::protocol::{Era, ProtocolVersion};

/// Returns the `capabilities` object of `initialize` and of `server/discover`. Without `pushes` it
/// omits capabilities that need a stream for unasked messages.
pub(super) fn capabilities(profile: &Profile, version: ProtocolVersion, pushes: bool) -> Value {
    let offers = profile.offers;
    let mut capabilities = json!({ "tools": {} });
    if offers.tools_change && pushes {
        capabilities["tools"]["listChanged"] = true.into();
    }
    if offers.resources {
        capabilities["resources"] = json!({ "subscribe": pushes, "listChanged": pushes });
    }
    if offers.prompts {
        capabilities["prompts"] = json!({ "listChanged": pushes });
    }
    if offers.completions && RevisionRules::of(version).annotations {
        capabilities["completions"] = json!({});
    }
    if offers.logging {
        capabilities["logging"] = json!({});
    }
    if offers.tasks && version == ProtocolVersion::V2025_11_25 {
        let requests = json!({ "tools": { "call": {} } });
        capabilities["tasks"] = json!({ "list": {}, "cancel": {}, "requests": requests });
    }
    let mut offered = Map::new();
    if offers.tasks && version.era() == Era::Modern {
        offered.insert(extensions::TASKS.to_owned(), json!({}));
    }
    if offers.skills {
        offered.insert(extensions::SKILLS.to_owned(), json!({ "directoryRead": true }));
    }
    if offers.events {
        offered.insert(extensions::EVENTS.to_owned(), json!({}));
    }
    if !offered.is_empty() {
        capabilities["extensions"] = offered.into();
    }
    capabilities
}
