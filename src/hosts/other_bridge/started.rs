//! What a command line starts: the words of package runners, version managers and shells are taken
//! off until a bridge or something else is left.

use super::command_line::{after_shell, split_at_spaces};
use super::container::{Inside, inside};
use super::names::{Started, bridge, program};
use crate::redact::shown_words;

/// Words that start the program of a package and may come before its name.
const RUNNERS: [&str; 36] = [
    "npx", "npm", "pnpm", "pnpx", "yarn", "bun", "bunx", "node", "deno", "corepack", "exec", "dlx",
    "x", "tool", "uvx", "uv", "pipx", "run", "volta", "mise", "asdf", "fnm", "nvm", "nodenv",
    "cmd", "/c", "/d", "/s", "/q", "call", "wsl", "env", "nice", "command", "arch", "stdbuf",
];
/// Options of runners that have a value of their own.
const RUNNER_OPTIONS: [&str; 17] = [
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
];
/// How deep a shell may start another one.
const MAX_DEPTH: usize = 4;

/// What this command line starts. `None` if it starts something else.
///
/// # Errors
/// Something before the bridge would be lost; the reason.
pub(super) fn by(words: &[String]) -> Result<Option<Started>, String> {
    match words {
        // People put the whole line into `command`.
        [line] if line.contains(' ') => match split_at_spaces(line) {
            Some(words) if is_runner(&words[0]) || bridge(&words[0]).is_some() => at(&words, 0),
            _ => at(words, 0),
        },
        _ => at(words, 0),
    }
}

fn at(words: &[String], depth: usize) -> Result<Option<Started>, String> {
    let mut position = 0;
    while let Some(word) = words.get(position) {
        if let Some(program) = bridge(word) {
            let given = &words[position + 1..];
            let given = given.strip_prefix(&["--".to_owned()]).unwrap_or(given);
            return Ok(Some(Started { program, arguments: given.to_vec() }));
        }
        let rest = &words[position + 1..];
        if depth < MAX_DEPTH
            && let Some(line) = after_shell(word, rest)?
        {
            return at(&line, depth + 1);
        }
        let name = program(word).to_ascii_lowercase();
        let is_module = rest.first().is_some_and(|word| word == "-m");
        match name.as_str() {
            "docker" | "podman" | "nerdctl" | "finch" => {
                return match inside(rest)? {
                    Inside::Bridge(started) => Ok(Some(started)),
                    Inside::Line(line) if depth < MAX_DEPTH => at(&line, depth + 1),
                    Inside::Line(_) | Inside::Nothing => Ok(None),
                };
            }
            "py" if is_module => position += 2,
            _ if name.starts_with("python") && is_module => position += 2,
            _ if RUNNER_OPTIONS.contains(&word.as_str()) => position += 2,
            _ if is_assignment(word) && position > 0 => {
                let variable = word.split('=').next().unwrap_or(word);
                return Err(format!("its command line sets `{}`", shown_words(variable)));
            }
            _ if word.starts_with('-') || is_runner(word) || is_version(word) => position += 1,
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// A runner, or a word that it is told with: `/c` has no folder to take off.
fn is_runner(word: &str) -> bool {
    [program(word), word].iter().any(|name| RUNNERS.contains(&name.to_ascii_lowercase().as_str()))
}

/// `NAME=value`, as `env` takes it.
fn is_assignment(word: &str) -> bool {
    let is_name = |name: &str| {
        let mut characters = name.chars();
        characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

/// The version that a version manager is told: `22`, `v22.1`, `lts`, `node@22`.
fn is_version(word: &str) -> bool {
    let version = word.strip_prefix("node@").unwrap_or(word);
    let version = version.strip_prefix('v').unwrap_or(version);
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    matches!(version, "lts" | "latest") || version.split('.').all(is_number)
}
