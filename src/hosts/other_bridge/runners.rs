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
