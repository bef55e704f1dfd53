//! The setting `--merge-pages`: which hosts get whole lists. `bridge` merges them.

/// When the pages of a list are merged (E-26).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MergePages {
    /// For hosts that are known to read only the first page.
    #[default]
    Auto,
    /// For every host.
    Always,
    /// For no host.
    Never,
}
