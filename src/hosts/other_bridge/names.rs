//! The names of the bridges, and how the words of a command line name programs.

use std::path::Path;

/// The bridges, as the names of their packages and programs.
pub(super) const BRIDGES: [&str; 3] = [MCP_REMOTE, MCP_PROXY, SUPERGATEWAY];
pub(super) const MCP_REMOTE: &str = "mcp-remote";
pub(super) const MCP_PROXY: &str = "mcp-proxy";
pub(super) const SUPERGATEWAY: &str = "supergateway";

/// A bridge and its own arguments.
pub(super) struct Started {
    pub(super) program: &'static str,
    pub(super) arguments: Vec<String>,
}

/// The bridge that a word names: `mcp-remote`, `mcp-remote@0.1.29`, `npm:mcp-remote`,
/// `/usr/bin/mcp-remote`, `mcp_proxy` or `…/mcp-remote/dist/proxy.js`.
pub(super) fn bridge(word: &str) -> Option<&'static str> {
    let slashes = word.replace('\\', "/");
    if slashes.contains("/mcp-remote/") && slashes.ends_with("/proxy.js") {
        return Some(MCP_REMOTE);
    }
    if word.contains("://") {
        return None;
    }
    // A package may have a scope, a version, an extra or a branch.
    let name = program(word.strip_prefix("npm:").unwrap_or(word));
    let name = name.split(['@', '#', '[']).next().unwrap_or(name);
    let name = name.split("==").next().unwrap_or(name).replace('_', "-");
    BRIDGES.into_iter().find(|bridge| name == *bridge)
}

/// The name of a program without its folder and the extension that it has on Windows.
pub(super) fn program(path: &str) -> &str {
    let path = path.rsplit('\\').next().unwrap_or(path);
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path);
    let endings = [".exe", ".cmd", ".bat", ".ps1"];
    endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}
