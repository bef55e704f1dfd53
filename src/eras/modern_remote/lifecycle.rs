//! Answers a legacy host's `initialize` from `server/discover` (E-10), and decides which of the
//! remote's capabilities the host sees (E-29).

use serde_json::{Value, json};

use super::envelope::HostEnvelope;
use super::{ModernRemote, RemoteContext};
use crate::jsonrpc::{Change, Message, Object};
use crate::protocol::{Era, ProtocolVersion, meta};

/// The remote's declarations in its `DiscoverResult`.
#[derive(Clone, Debug)]
pub(super) struct ModernServer {
    supported: Vec<String>,
    capabilities: String,
    server_info: Option<String>,
    instructions: Option<String>,
}

impl ModernServer {
    /// Reads an answer to `server/discover`; `None` if it is not a `DiscoverResult`.
    pub(super) fn read(answer: &Message) -> Option<Self> {
        let result = Object::parse(answer.outcome()?)?;
        let info = result
            .get("_meta")
            .and_then(Object::parse)
            .and_then(|own| own.get(meta::SERVER_INFO))
            // Older drafts of the specification had it at the top level.
            .or_else(|| result.get("serverInfo"));
        Some(Self {
            supported: serde_json::from_str(result.get("supportedVersions")?).ok()?,
            capabilities: result.get("capabilities").unwrap_or("{}").to_owned(),
            server_info: info.map(str::to_owned),
            instructions: result.get("instructions").map(str::to_owned),
        })
    }

    /// The newest revision that both sides know (D-10).
    pub(super) fn version(&self) -> String {
        let known = ProtocolVersion::ALL.into_iter().rev().filter(|v| v.era() == Era::Modern);
        let shared = known
            .map(ProtocolVersion::name)
            .find(|name| self.supported.iter().any(|supported| supported == name));
        shared.unwrap_or(ProtocolVersion::NEWEST_MODERN.name()).to_owned()
    }

    /// Returns whether the remote declares this capability.
    pub(super) fn has(&self, capability: &str) -> bool {
        self.value(capability).is_some()
    }

    /// Returns whether the remote announces changes of this list.
    pub(super) fn announces(&self, capability: &str) -> bool {
        self.value(capability).is_some_and(|value| value["listChanged"] == true)
    }

    fn value(&self, capability: &str) -> Option<Value> {
        serde_json::from_str(Object::parse(&self.capabilities)?.get(capability)?).ok()
    }

    /// The remote's capabilities for a legacy host: all except tasks (E-29, E-75).
    fn capabilities_for_host(&self) -> String {
        let Some(all) = Object::parse(&self.capabilities) else { return "{}".to_owned() };
        let extensions = all.get("extensions").and_then(Object::parse).map(|extensions| {
            extensions.rewritten(
                |member| match member.name.as_str() {
                    meta::extensions::TASKS => Change::Remove,
                    _ => Change::Keep,
                },
                &[],
            )
        });
        all.rewritten(
            |member| match (member.name.as_str(), &extensions) {
                ("tasks", _) => Change::Remove,
                ("extensions", Some(text)) if text.trim() == "{}" => Change::Remove,
                ("extensions", Some(text)) => Change::Replace(text.clone()),
                _ => Change::Keep,
            },
            &[],
        )
    }
}

impl ModernRemote {
    /// Answers the legacy host's `initialize` with what was discovered (E-10).
    pub(super) fn open(&mut self, number: u64, initialize: &Message, cx: &mut RemoteContext<'_>) {
        let envelope = HostEnvelope::of(initialize, &self.version, &self.options.extensions);
        let version = envelope
            .host_version
            .filter(|version| version.era() == Era::Legacy)
            .unwrap_or(ProtocolVersion::NEWEST_LEGACY);
        self.envelope = Some(envelope);
        let found = &self.discovered;
        let named = json!({ "name": self.options.host_name, "version": "" }).to_string();
        let info = found.server_info.as_deref().unwrap_or(&named);
        let mut result = format!(
            r#"{{"protocolVersion":"{}","capabilities":{},"serverInfo":{info}"#,
            version.name(),
            found.capabilities_for_host(),
        );
        if let Some(instructions) = &found.instructions {
            result += &format!(r#","instructions":{instructions}"#);
        }
        self.answer_with(number, &(result + "}"), cx);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Played, discovered, options};
    use super::*;

    /// E-10
    #[test]
    fn initialize_is_answered_from_what_was_discovered() {
        for (asked, expected) in [
            ("2024-11-05", "2024-11-05"),
            ("2025-03-26", "2025-03-26"),
            ("2025-06-18", "2025-06-18"),
            ("2025-11-25", "2025-11-25"),
            ("2099-01-01", "2025-11-25"),
        ] {
            let answer = Played::new(discovered()).initialize(asked);
            let expected = json!({
                "protocolVersion": expected,
                "capabilities": {
                    "tools": { "listChanged": true }, "resources": {}, "logging": {},
                },
                "serverInfo": { "name": "shop", "version": "3" },
                "instructions": "be kind",
            });
            assert_eq!(answer, expected);
        }
    }

    /// E-10: where the name is missing or stands where older drafts had it
    #[test]
    fn a_server_without_a_name_is_called_by_its_host() {
        let named = |discover: Value| {
            let text = json!({ "jsonrpc": "2.0", "id": 1, "result": discover }).to_string();
            let remote = ModernRemote::new(&Message::parse(text).unwrap(), options()).unwrap();
            Played::new(remote).initialize("2025-11-25")["serverInfo"]["name"].clone()
        };
        let old = json!({
            "supportedVersions": ["2026-07-28"], "serverInfo": { "name": "old", "version": "1" },
        });
        assert_eq!(named(old), "old");
        assert_eq!(named(json!({ "supportedVersions": ["2026-07-28"] })), "shop.example");
    }

    /// D-10
    #[test]
    fn a_revision_is_picked_from_what_the_server_supports() {
        let version = |supported: &str| {
            let text = format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{"supportedVersions":{supported}}}}}"#
            );
            ModernServer::read(&Message::parse(text).unwrap()).unwrap().version()
        };
        assert_eq!(version(r#"["2099-01-01","2026-07-28","2025-11-25"]"#), "2026-07-28");
    }
}
