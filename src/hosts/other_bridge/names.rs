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

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/from-mcp-remote.md: the ways in which configurations start it.
    #[test]
    fn a_bridge_is_known_by_its_package_its_program_and_its_script() {
        for (name, words) in [
            (
                MCP_REMOTE,
                &[
                    "mcp-remote",
                    "MCP-Remote",
                    "mcp_remote",
                    "mcp-remote@latest",
                    "npm:mcp-remote@0.1",
                    "jsr:@geelen/mcp-remote",
                    "@geelen/mcp-remote@1",
                    "github:geelen/mcp-remote#main",
                    "git+ssh://git@github.com/geelen/mcp-remote.git",
                    "https://github.com/geelen/mcp-remote",
                    "/usr/lib/node_modules/mcp-remote/dist/proxy.js",
                    "C:\\node_modules\\mcp-remote\\dist\\proxy.js",
                    "src/mcp-remote/src/proxy.ts",
                    "C:\\node_modules\\.bin\\mcp-remote.CMD",
                    "./mcp-remote.ps1",
                ][..],
            ),
            (MCP_PROXY, &["mcp_proxy", "mcp-proxy==0.8.2", "mcp-proxy[extra]", "pipx:mcp-proxy"]),
            (SUPERGATEWAY, &["supergateway", "supergateway@3.4.0", "/opt/bin/supergateway"]),
            (
                OURS,
                &[
                    "mcp-tether",
                    "mcp-tether.exe",
                    "cargo:mcp-tether@0.1.0",
                    "C:\\npm\\mcp-tether\\bin\\mcp-tether.js",
                ],
            ),
        ] {
            for word in words {
                assert_eq!(bridge(word), Some(name), "{word}");
            }
        }
    }

    #[test]
    fn a_url_another_package_or_another_script_is_not_a_bridge() {
        for word in [
            "",
            "npx",
            "https://mcp.example.com/mcp-remote",
            "http://localhost/mcp-proxy",
            "ftp://github.com/geelen/mcp-remote",
            "https://github.com/geelen/other",
            "mcp-remote-client",
            "mcp-remotes",
            "my-mcp-remote",
            "mcp-remote.js",
            "/lib/mcp-remote/dist/client.js",
            "/lib/other/dist/proxy.js",
            "/lib/mcp-tether/bin/other.js",
            "--mcp-remote",
        ] {
            assert_eq!(bridge(word), None, "{word}");
        }
    }

    #[test]
    fn a_program_is_named_without_its_folder_and_its_extension() {
        for (path, name) in [
            ("npx", "npx"),
            ("/usr/local/bin/npx", "npx"),
            ("C:\\Program Files\\nodejs\\npx.cmd", "npx"),
            ("npx.CMD", "npx"),
            ("npx.Exe", "npx"),
            ("tool.bat", "tool"),
            ("tool.ps1", "tool"),
            ("tool.exe.cmd", "tool.exe"),
            ("tool.sh", "tool.sh"),
            ("exe", "exe"),
            ("", ""),
            ("é.exe", "é"),
            // An ending of four bytes would begin within a character here.
            ("日日", "日日"),
            ("日", "日"),
        ] {
            assert_eq!(program(path), name, "{path}");
        }
    }
}
