//! Which MCP revisions a mock speaks, and how it negotiates one.

use std::str::FromStr;

use mcp_tether_wire::protocol::{Era, ProtocolVersion};

/// Which revisions the mock speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// Every legacy revision: the host's own if it is known, otherwise the newest. HTTP+SSE is
    /// offered beside Streamable HTTP.
    AllLegacy,
    /// The host's own if it is among these, otherwise the first.
    Among(&'static [ProtocolVersion]),
    /// One revision, whatever the host asks for. 2024-11-05 means HTTP+SSE and no Streamable HTTP,
    /// 2026-07-28 a remote without `initialize`.
    Only(ProtocolVersion),
    /// Both eras on one endpoint, without HTTP+SSE.
    Dual,
    /// Both eras on one endpoint, and HTTP+SSE beside it.
    All,
}

impl Served {
    /// Returns the revision that `initialize` answers to a host that asks for `wanted`.
    pub fn negotiate(self, wanted: &str) -> ProtocolVersion {
        match self {
            Self::Only(version) => version,
            Self::Among(known) => {
                let asked = known.iter().find(|version| version.name() == wanted);
                asked.or(known.first()).copied().unwrap_or(ProtocolVersion::NEWEST_LEGACY)
            }
            Self::AllLegacy | Self::Dual | Self::All => ProtocolVersion::from_name(wanted)
                .filter(|version| version.era() == Era::Legacy)
                .unwrap_or(ProtocolVersion::NEWEST_LEGACY),
        }
    }

    /// Returns whether `version` can be in force.
    pub fn includes(self, version: ProtocolVersion) -> bool {
        match self {
            Self::Only(only) => only == version,
            Self::Among(known) => known.contains(&version),
            Self::AllLegacy => version.era() == Era::Legacy,
            Self::Dual | Self::All => true,
        }
    }

    /// Returns whether anything of this era is spoken.
    pub fn has(self, era: Era) -> bool {
        ProtocolVersion::ALL.into_iter().any(|v| v.era() == era && self.includes(v))
    }

    /// Returns the names of the revisions spoken, newest first, as `server/discover` lists them.
    pub fn names(self) -> Vec<&'static str> {
        let newest_first = ProtocolVersion::ALL.into_iter().rev();
        newest_first.filter(|version| self.includes(*version)).map(ProtocolVersion::name).collect()
    }

    /// Returns whether Streamable HTTP is offered.
    pub fn has_streamable_http(self) -> bool {
        self != Self::Only(ProtocolVersion::V2024_11_05)
    }

    /// Returns whether HTTP+SSE is offered.
    pub fn has_http_sse(self) -> bool {
        self != Self::Dual && self.includes(ProtocolVersion::V2024_11_05)
    }
}

impl FromStr for Served {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "legacy" => Ok(Self::AllLegacy),
            "dual" => Ok(Self::Dual),
            "all" => Ok(Self::All),
            name => ProtocolVersion::from_name(name).map(Self::Only).ok_or_else(|| {
                let known = ProtocolVersion::ALL.map(ProtocolVersion::name).join(", ");
                format!("`{name}` is not one of {known}, legacy, dual, all")
            }),
        }
    }
}

impl From<ProtocolVersion> for Served {
    fn from(version: ProtocolVersion) -> Self {
        Self::Only(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AMONG: &[ProtocolVersion] =
        &[ProtocolVersion::V2025_06_18, ProtocolVersion::V2025_03_26, ProtocolVersion::V2024_11_05];

    #[test]
    fn a_known_legacy_revision_is_kept_and_another_becomes_the_newest() {
        for version in &ProtocolVersion::ALL[..4] {
            assert_eq!(Served::AllLegacy.negotiate(version.name()), *version);
        }
        for wanted in ["2026-07-28", "1999-01-01", ""] {
            assert_eq!(Served::AllLegacy.negotiate(wanted), ProtocolVersion::V2025_11_25);
        }
        let among = Served::Among(AMONG);
        for version in &ProtocolVersion::ALL[..3] {
            assert_eq!(among.negotiate(version.name()), *version);
        }
        assert_eq!(among.negotiate("2025-11-25"), ProtocolVersion::V2025_06_18);
        let pinned = Served::Only(ProtocolVersion::V2025_03_26);
        assert_eq!(pinned.negotiate("2025-11-25"), ProtocolVersion::V2025_03_26);
    }

    #[test]
    fn the_oldest_revision_alone_means_http_sse_alone() {
        let oldest = Served::Only(ProtocolVersion::V2024_11_05);
        assert!(oldest.has_http_sse() && !oldest.has_streamable_http());
        let newer = Served::Only(ProtocolVersion::V2025_06_18);
        assert!(!newer.has_http_sse() && newer.has_streamable_http());
    }

    #[test]
    fn each_way_of_serving_has_its_eras_and_its_name() {
        let facts = |text: &str| {
            let served: Served = text.parse().unwrap();
            (served.has(Era::Legacy), served.has(Era::Modern), served.has_http_sse())
        };
        assert_eq!(facts("legacy"), (true, false, true));
        assert_eq!(facts("2025-06-18"), (true, false, false));
        assert_eq!(facts("2026-07-28"), (false, true, false));
        assert_eq!(facts("dual"), (true, true, false));
        assert_eq!(facts("all"), (true, true, true));
        assert!("2027".parse::<Served>().unwrap_err().contains("2026-07-28, legacy, dual, all"));
        assert_eq!(Served::Dual.names()[..2], ["2026-07-28", "2025-11-25"]);
    }
}
