//! The differences between the revisions, as a table of facts. Differences between the eras are in
//! `methods::modern` and `transport::modern`.

use mcp_tether_wire::protocol::{Era, ProtocolVersion, codes};

/// The facts of one revision that the mock acts on.
#[derive(Clone, Copy, Debug)]
pub(super) struct RevisionRules {
    /// The host must repeat the negotiated revision in a header (2025-06-18 transports).
    pub(super) version_header: bool,
    /// Arrays of messages may be posted (2025-03-26 only).
    pub(super) batches: bool,
    /// Tools carry annotations, and `completions` is a capability (2025-03-26).
    pub(super) annotations: bool,
    /// Progress carries a message (2025-03-26).
    pub(super) progress_message: bool,
    /// Titles, output schemas and structured content (2025-06-18).
    pub(super) structured: bool,
    /// The remote may ask the user (2025-06-18).
    pub(super) elicitation: bool,
    /// A stream opens with an event that has an id and no data (2025-11-25, SEP-1699).
    pub(super) priming_event: bool,
    /// Tools say whether their calls can be tasks (2025-11-25 only).
    pub(super) task_support: bool,
    /// Log messages are sent although the host set no level (until 2025-11-25).
    pub(super) logs_unasked: bool,
    /// The code for a resource that does not exist.
    pub(super) resource_not_found: i64,
}

impl RevisionRules {
    pub(super) fn of(version: ProtocolVersion) -> Self {
        let since = |first: ProtocolVersion| version >= first;
        let legacy = version.era() == Era::Legacy;
        Self {
            version_header: since(ProtocolVersion::V2025_06_18),
            batches: version.has_batches(),
            annotations: since(ProtocolVersion::V2025_03_26),
            progress_message: since(ProtocolVersion::V2025_03_26),
            structured: since(ProtocolVersion::V2025_06_18),
            elicitation: since(ProtocolVersion::V2025_06_18),
            priming_event: legacy && since(ProtocolVersion::V2025_11_25),
            task_support: version == ProtocolVersion::V2025_11_25,
            logs_unasked: legacy,
            resource_not_found: if legacy {
                codes::RESOURCE_NOT_FOUND
            } else {
                codes::INVALID_PARAMS
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_revision_has_what_its_text_says() {
        let facts = ProtocolVersion::ALL.iter().map(|version| {
            let rules = RevisionRules::of(*version);
            (rules.batches, rules.annotations, rules.structured, rules.priming_event)
        });
        let expected = [
            (false, false, false, false),
            (true, true, false, false),
            (false, true, true, false),
            (false, true, true, true),
            (false, true, true, false),
        ];
        assert_eq!(facts.collect::<Vec<_>>(), expected);
    }
}
