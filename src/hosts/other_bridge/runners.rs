//! The words before a bridge in a command line: package runners, version managers, and their
//! arguments.

use super::names::program;

/// Words that start the program of a package and may come before its name.
const RUNNERS: [&str; 54] = [
    "npx",
    "npm",
    "pnpm",
    "pnpx",
    "yarn",
    "bun",
    "bunx",
    "node",
    "deno",
    "dx",
    "tsx",
    "ts-node",
    "corepack",
    "exec",
    "dlx",
    "x",
    "tool",
    "uvx",
    "uv",
    "pipx",
    "py",
    "run",
    "volta",
    "mise",
    "asdf",
    "fnm",
    "nvm",
    "nodenv",
    "proto",
    "n",
    "nix",
    "shell",
    "cmd",
    "/c",
    "/k",
    "/d",
    "/s",
    "/q",
    "/u",
    "/a",
    "/v:on",
    "/v:off",
    "/e:on",
    "/e:off",
    "call",
    "wsl",
    "env",
    "nice",
    "nohup",
    "command",
    "arch",
    "stdbuf",
    "caffeinate",
    "xvfb-run",
];
/// Scripts of the runners, as arguments of `node`.
const RUNNER_SCRIPTS: [&str; 6] =
    ["npx-cli.js", "npm-cli.js", "yarn.js", "pnpm.cjs", "pnpx.cjs", "corepack.js"];
/// Options of runners that have a value of their own.
const RUNNER_OPTIONS: [&str; 27] = [
    "-p",
    "--package",
    "--from",
    "--with",
    "--python",
    "--spec",
    "--directory",
    "--project",
    "--prefix",
    "--cwd",
    "-C",
    "--registry",
    "--userconfig",
    "--using",
    "-d",
    "--distribution",
    "--node",
    "--npm",
    "--loglevel",
    "--cache",
    "-w",
    "--workspace",
    "-u",
    "--unset",
    "--user",
    "--cd",
    "--shell-type",
];
/// Programs that start another one somewhere else, as someone else or with secrets.
const WRAPPERS: [&str; 21] = [
    "ssh",
    "sudo",
    "doas",
    "su",
    "op",
    "doppler",
    "infisical",
    "dotenv",
    "dotenvx",
    "direnv",
    "vault",
    "chamber",
    "aws-vault",
    "sops",
    "teller",
    "timeout",
    "distrobox",
    "toolbox",
    "flatpak-spawn",
    "devbox",
    "flox",
];
/// Names of versions without a number, in version managers.
const VERSION_NAMES: [&str; 7] =
    ["lts", "latest", "default", "system", "current", "stable", "node"];

/// Whether a word is a runner or one of its arguments; `/c` is not a path.
pub(super) fn is_runner(word: &str) -> bool {
    let is_known = |name: &str| {
        let name = name.to_ascii_lowercase();
        RUNNERS.contains(&name.as_str())
            || RUNNER_SCRIPTS.contains(&name.as_str())
            || name.starts_with("python")
    };
    is_known(program(word)) || is_known(word)
}

/// Whether an option of a runner has a value of its own.
pub(super) fn has_value(option: &str) -> bool {
    RUNNER_OPTIONS.contains(&option)
}

/// Whether a program starts others in a way that an entry would lose.
pub(super) fn is_wrapper(name: &str) -> bool {
    WRAPPERS.contains(&name)
}

/// Whether a word is a version for a version manager, alone or after a name: `22`, `v22.1`,
/// `lts/iron`, `node@22`, `nixpkgs#nodejs`.
pub(super) fn is_version(word: &str) -> bool {
    let version = match word.split_once('@') {
        Some(("node" | "nodejs" | "bun" | "deno" | "python" | "uv", version)) => version,
        _ => word,
    };
    let version = version.strip_prefix('v').unwrap_or(version);
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    VERSION_NAMES.contains(&version)
        || version.starts_with("lts/")
        || version.starts_with("nixpkgs#")
        || version.split('.').all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_number_or_a_name_perhaps_after_a_runtime() {
        for word in [
            "22",
            "v22",
            "22.1.0",
            "v22.1",
            "lts",
            "latest",
            "lts/iron",
            "node@22",
            "nodejs@v20.1",
            "python@3.12",
            "uv@latest",
            "nixpkgs#nodejs",
            "node",
        ] {
            assert!(is_version(word), "{word}");
        }
        for word in [
            "",
            "v",
            "npx",
            "22a",
            "1..2",
            ".1",
            "1.",
            "node@",
            "other@22",
            "mcp-remote@1",
            "22-1",
            "lts-iron",
            "https://a.example",
        ] {
            assert!(!is_version(word), "{word}");
        }
    }

    #[test]
    fn a_runner_is_known_by_its_name_its_script_or_its_option() {
        for word in [
            "npx",
            "NPX.CMD",
            "/usr/bin/npx",
            "C:\\nodejs\\npm.cmd",
            "/c",
            "/C",
            "/v:ON",
            "wsl.exe",
            "python",
            "python3.12",
            "/lib/npm/bin/npx-cli.js",
            "dlx",
        ] {
            assert!(is_runner(word), "{word}");
        }
        for word in ["", "npxx", "mcp-remote", "server.js", "/z", "-y", "https://a.example/mcp"] {
            assert!(!is_runner(word), "{word}");
        }
    }

    #[test]
    fn an_option_with_a_value_and_a_wrapper_are_known_by_their_exact_names() {
        assert!(has_value("-p") && has_value("--package") && has_value("--unset"));
        // A value that is attached takes no further word.
        assert!(!has_value("--package=mcp-remote") && !has_value("-y") && !has_value("p"));
        assert!(is_wrapper("ssh") && is_wrapper("aws-vault"));
        assert!(!is_wrapper("nice") && !is_wrapper("sshd") && !is_wrapper(""));
    }
}
