//! Hosts that have no configuration file. Most keep their servers in a store of their own, into
//! which the output of `install --print` is pasted.

/// A host without a configuration file.
pub(super) struct HostWithoutFile {
    /// The name for `--host`.
    pub(super) id: &'static str,
    /// The name in messages.
    pub(super) title: &'static str,
    /// Where its users paste an entry.
    pub(super) place: &'static str,
}

/// The hosts without a file, sorted by id.
pub(super) const HOSTS_WITHOUT_FILE: [HostWithoutFile; 6] = [
    HostWithoutFile { id: "boltai", title: "BoltAI", place: "Settings, Plugins, MCP servers" },
    HostWithoutFile {
        id: "cherry-studio",
        title: "Cherry Studio",
        place: "Settings, MCP servers, import from JSON",
    },
    HostWithoutFile { id: "jan", title: "Jan", place: "Settings, MCP servers, edit as JSON" },
    HostWithoutFile {
        id: "jetbrains-ai",
        title: "JetBrains AI Assistant",
        place: "Settings, Tools, AI Assistant, Model Context Protocol",
    },
    HostWithoutFile {
        id: "perplexity",
        title: "Perplexity",
        place: "Settings, Connectors, add a connector, advanced",
    },
    HostWithoutFile { id: "raycast", title: "Raycast", place: "the command `Install MCP Server`" },
];

/// Hosts that connect to remote servers only, with their titles: there is no program to start.
pub(super) const HOSTS_WITHOUT_PROGRAMS: [(&str, &str); 1] = [("chatgpt", "ChatGPT")];
