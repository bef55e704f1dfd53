//! The setting `--pin`: what happens to tools whose definition changes.

/// What happens when a tool differs from the pinned one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolPinning {
    /// Nothing is pinned.
    #[default]
    Off,
    /// The host and the user are told.
    Warn,
    /// The tool is hidden as well.
    Block,
}
