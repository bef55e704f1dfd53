//! Finds `mcp-remote` and its arguments in the command line of an entry, however the entry starts it.
//! Does not check the arguments, which this program accepts as well.

use std::path::Path;

/// The name of the package and of its program.
const PACKAGE: &str = "mcp-remote";

/// Words that start the program of a package and may come before its name.
const RUNNERS: [&str; 16] = [
    "npx", "npm", "pnpm", "pnpx", "yarn", "bun", "bunx", "node", "cmd", "exec", "dlx", "x", "/c",
    "/d", "/s", "tool",
];

/// How an entry refers to `mcp-remote`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum McpRemote {
    /// The entry starts it with these arguments, which contain a URL.
    Started(Vec<String>),
    /// The entry mentions it, but does not start it in a known way.
    Mentioned,
}

/// Finds `mcp-remote` in the command and arguments of an entry.
pub(crate) fn mcp_remote(words: &[String]) -> Option<McpRemote> {
    let mentioned = || words.iter().any(|word| word.contains(PACKAGE));
    let mut position = 0;
    while let Some(word) = words.get(position) {
        if is_program(word) {
            let given = &words[position + 1..];
            let given = given.strip_prefix(&["--".to_owned()]).unwrap_or(given);
            let has_url = given.iter().any(|word| word.contains("://"));
            let started = McpRemote::Started(given.to_vec());
            return Some(if has_url { started } else { McpRemote::Mentioned });
        }
        match word.as_str() {
            "-p" | "--package" => position += 2,
            _ if word.starts_with('-') || is_runner(word) => position += 1,
            _ => return mentioned().then_some(McpRemote::Mentioned),
        }
    }
    mentioned().then_some(McpRemote::Mentioned)
}

/// Returns whether a word is the program: `mcp-remote`, `mcp-remote@0.1.29`, `/usr/bin/mcp-remote` or
/// `…/mcp-remote/dist/proxy.js`.
fn is_program(word: &str) -> bool {
    let versionless = word.split_once('@').map_or(word, |(name, _)| name);
    if versionless == PACKAGE {
        return true;
    }
    let slashes = word.replace('\\', "/");
    let script = slashes.contains("/mcp-remote/") && slashes.ends_with("/proxy.js");
    script || program(&slashes) == PACKAGE
}

fn is_runner(word: &str) -> bool {
    RUNNERS.contains(&program(&word.replace('\\', "/")).to_ascii_lowercase().as_str())
        || RUNNERS.contains(&word.to_ascii_lowercase().as_str())
}

/// The name of a program without its folder and the extension that it has on Windows.
fn program(path: &str) -> &str {
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path);
    let endings = [".exe", ".cmd", ".bat", ".ps1"];
    endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str]) -> Option<McpRemote> {
        mcp_remote(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    const URL: &str = "https://mcp.example.com/mcp";

    /// docs/from-mcp-remote.md: the ways in which configurations start it.
    #[test]
    fn every_usual_way_to_start_it_is_seen_and_what_follows_is_kept() {
        for start in [
            &["npx", "mcp-remote"][..],
            &["npx", "-y", "mcp-remote@latest"],
            &["npx", "--yes", "mcp-remote@0.1.29"],
            &["/usr/local/bin/npx", "-y", "mcp-remote"],
            &["C:\\Program Files\\nodejs\\npx.cmd", "-y", "mcp-remote"],
            &["cmd", "/c", "npx", "-y", "mcp-remote"],
            &["cmd.exe", "/C", "npx", "mcp-remote"],
            &["npx", "-p", "mcp-remote@latest", "mcp-remote"],
            &["npm", "exec", "--yes", "mcp-remote", "--"],
            &["pnpm", "dlx", "mcp-remote"],
            &["bunx", "mcp-remote"],
            &["bun", "x", "mcp-remote"],
            &["mcp-remote"],
            &["/opt/bin/mcp-remote"],
            &["node", "/usr/lib/node_modules/mcp-remote/dist/proxy.js"],
        ] {
            let words = [start, &[URL, "--header", "X: a b"]].concat();
            let given = [URL, "--header", "X: a b"].map(str::to_owned).to_vec();
            assert_eq!(found(&words), Some(McpRemote::Started(given)), "{start:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_only_mentioned() {
        for words in [
            &["sh", "-c", "npx mcp-remote https://mcp.example.com/mcp"][..],
            &["docker", "run", "node", "npx", "mcp-remote", URL],
            &["npx", "-y", "mcp-remote"],
            &["npx", "-y mcp-remote https://mcp.example.com/mcp"],
        ] {
            assert_eq!(found(words), Some(McpRemote::Mentioned), "{words:?}");
        }
    }

    #[test]
    fn other_programs_are_left_alone() {
        for words in [
            &["npx", "-y", "other-package", URL][..],
            &["mcp-tether", URL],
            &["uvx", "mcp-proxy"],
            &[],
        ] {
            assert_eq!(found(words), None, "{words:?}");
        }
    }
}
