//! The names of the bridges, and how the words of a command line name programs.

use std::path::Path;

/// The bridges, as the names of their packages and programs.
pub(super) const BRIDGES: [&str; 3] = [MCP_REMOTE, MCP_PROXY, SUPERGATEWAY];
pub(super) const MCP_REMOTE: &str = "mcp-remote";
pub(super) const MCP_PROXY: &str = "mcp-proxy";
pub(super) const SUPERGATEWAY: &str = "supergateway";
/// This program.
pub(super) const OURS: &str = "mcp-tether";
/// Prefixes that name a package's registry, in Deno and version managers.
const REGISTRIES: [&str; 4] = ["npm:", "cargo:", "pipx:", "jsr:"];

/// A bridge and its own arguments.
pub(super) struct Started {
    pub(super) program: &'static str,
    pub(super) arguments: Vec<String>,
}

/// The bridge, or this program, that a word names: `mcp-remote`, `mcp-remote@0.1.29`,
/// `npm:mcp-remote`, `/usr/bin/mcp-remote`, `mcp_proxy` or `…/mcp-remote/dist/proxy.js`.
pub(super) fn bridge(word: &str) -> Option<&'static str> {
    let slashes = word.replace('\\', "/");
    let is_script = slashes.ends_with("/proxy.js") || slashes.ends_with("/proxy.ts");
    if slashes.contains("/mcp-remote/") && is_script {
        return Some(MCP_REMOTE);
    }
    if slashes.ends_with("/mcp-tether/bin/mcp-tether.js") {
        return Some(OURS);
    }
    let is_repository = word.starts_with("git+") || word.starts_with("https://github.com/");
    if word.contains("://") && !is_repository {
        return None;
    }
    // A package may have a scope, a version, an extra or a branch.
    let package = REGISTRIES.iter().find_map(|registry| word.strip_prefix(registry));
    let name = program(package.unwrap_or(word));
    let name = name.strip_suffix(".git").unwrap_or(name);
    let name = name.split(['@', '#', '[']).next().unwrap_or(name);
    let name = name.split("==").next().unwrap_or(name).replace('_', "-");
    BRIDGES.into_iter().chain([OURS]).find(|bridge| name.eq_ignore_ascii_case(bridge))
}

/// The name of a program without its folder and the extension that it has on Windows.
pub(super) fn program(path: &str) -> &str {
    let path = path.rsplit('\\').next().unwrap_or(path);
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path);
    let endings = [".exe", ".cmd", ".bat", ".ps1"];
    let without = |ending: &&str| {
        let (start, end) = name.split_at_checked(name.len().checked_sub(ending.len())?)?;
        end.eq_ignore_ascii_case(ending).then_some(start)
    };
    endings.iter().find_map(without).unwrap_or(name)
}
