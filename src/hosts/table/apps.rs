//! Applications with a window of their own.

use super::super::known_host::Evidence::{Code, Documentation, Reports};
use super::super::known_host::KnownHost;
use super::super::links::Link;
use super::super::places::{Places, home, local, probed, settings};
use super::usual::USUAL;

/// The host whose entries most others read too.
pub(super) const CLAUDE_DESKTOP: KnownHost = KnownHost {
    id: "claude-desktop",
    title: "Claude Desktop",
    afterwards: "quit it and start it again: closing the window is not enough",
    user: Places {
        linux: &[settings("Claude/claude_desktop_config.json")],
        macos: &[settings("Claude/claude_desktop_config.json")],
        windows: &[
            // From 2.4, according to reports.
            probed(local("Claude-Data/claude_*/claude_desktop_config.json")),
            probed(local("Claude-Data/claude_desktop_config.json")),
            // The Store, winget and the download install a package with folders of its own.
            probed(local("Packages/Claude_*/LocalCache/Roaming/Claude/claude_desktop_config.json")),
            settings("Claude/claude_desktop_config.json"),
        ],
    },
    evidence: &[
        Documentation("modelcontextprotocol.io, connecting local servers"),
        Reports("users, for the packages and the newer folder on Windows"),
    ],
    ..USUAL
};

/// Sorted by id.
pub(super) const APPS: [KnownHost; 3] = [
    CLAUDE_DESKTOP,
    KnownHost {
        id: "lm-studio",
        title: "LM Studio",
        afterwards: "switch the server on in the tab `Program`",
        user: Places::everywhere(&[home(".lmstudio/mcp.json")]),
        programs: &["lms"],
        link: Some(Link::Base64("lmstudio://add_mcp")),
        evidence: &[
            Documentation("lmstudio.ai/docs/app/mcp: shape and address"),
            Reports("users, for the path of the file"),
        ],
        ..USUAL
    },
    KnownHost {
        id: "warp",
        title: "Warp",
        afterwards: "start the server in the settings, under MCP servers",
        user: Places::everywhere(&[home(".warp/.mcp.json")]),
        project: &[".warp/.mcp.json"],
        programs: &["warp-terminal"],
        evidence: &[
            Code("warpdotdev/warp, of 2026-08-22"),
            Documentation("docs.warp.dev/agent-platform/capabilities/mcp"),
        ],
        ..USUAL
    },
];
