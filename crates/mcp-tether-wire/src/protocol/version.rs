//! The protocol's revisions and their eras, as a table, so that a new revision is a new row and no
//! code compares with a constant (D-10).

use std::fmt;

/// A revision of the Model Context Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProtocolVersion {
    /// 2024-11-05: HTTP+SSE.
    V2024_11_05,
    /// 2025-03-26: Streamable HTTP, batches.
    V2025_03_26,
    /// 2025-06-18: version header, no batches.
    V2025_06_18,
    /// 2025-11-25: polling streams, tasks, URL elicitation.
    V2025_11_25,
    /// 2026-07-28: no handshake, no sessions.
    V2026_07_28,
}

/// How a host or a remote opens a connection. Each side has its own era.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// With an `initialize` handshake and a session.
    Legacy,
    /// With self-contained requests that carry `_meta`.
    Modern,
}

impl Era {
    /// The name in messages and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        }
    }
}

impl ProtocolVersion {
    /// Every known revision, oldest first.
    pub const ALL: [Self; 5] = [
        Self::V2024_11_05,
        Self::V2025_03_26,
        Self::V2025_06_18,
        Self::V2025_11_25,
        Self::V2026_07_28,
    ];

    /// The newest revision that still opens with `initialize`.
    pub const NEWEST_LEGACY: Self = Self::V2025_11_25;

    /// The newest revision that has no handshake.
    pub const NEWEST_MODERN: Self = Self::V2026_07_28;

    /// The revision with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }

    /// The name on the wire, a date.
    pub fn name(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// The era that it belongs to.
    pub fn era(self) -> Era {
        match self {
            Self::V2024_11_05 | Self::V2025_03_26 | Self::V2025_06_18 | Self::V2025_11_25 => {
                Era::Legacy
            }
            Self::V2026_07_28 => Era::Modern,
        }
    }

    /// Returns whether it has JSON-RPC batches (only 2025-03-26, T-11, T-38).
    pub fn has_batches(self) -> bool {
        self == Self::V2025_03_26
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D-10
    #[test]
    fn revisions_are_in_their_order_and_found_by_their_names() {
        let names = ProtocolVersion::ALL.map(ProtocolVersion::name);
        assert!(names.is_sorted() && ProtocolVersion::ALL.is_sorted());
        for version in ProtocolVersion::ALL {
            assert_eq!(ProtocolVersion::from_name(version.name()), Some(version));
            assert_eq!(version.to_string(), version.name());
        }
        for name in ["", "2025-06-1", "2025-06-18 ", "DRAFT-2026-v1", "2099-01-01"] {
            assert_eq!(ProtocolVersion::from_name(name), None, "{name}");
        }
    }

    /// D-10
    #[test]
    fn the_newest_of_each_era_is_the_newest() {
        let newest = |era| ProtocolVersion::ALL.into_iter().rfind(|version| version.era() == era);
        assert_eq!(newest(Era::Legacy), Some(ProtocolVersion::NEWEST_LEGACY));
        assert_eq!(newest(Era::Modern), Some(ProtocolVersion::NEWEST_MODERN));
        assert!(ProtocolVersion::ALL.is_sorted_by_key(|version| version.era() == Era::Modern));
        assert_ne!(Era::Legacy.name(), Era::Modern.name());
        let batches = ProtocolVersion::ALL.into_iter().filter(|version| version.has_batches());
        assert_eq!(batches.collect::<Vec<_>>(), [ProtocolVersion::V2025_03_26]);
    }
}
