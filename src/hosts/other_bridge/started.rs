//! Finds the program that a command line starts: removes the words of package runners, version
//! managers and shells until a bridge or another program is left.

use super::command_line::{after_shell, split_at_spaces};
use super::container::{ContainerProgram, find_program};
use super::names::{Started, bridge, program};
use super::runners::{has_value, is_runner, is_version, is_wrapper};
use crate::redact::shown_words;

/// How deeply shells may be nested.
const MAX_DEPTH: usize = 4;

/// The bridge that this command line starts. `None` if it starts another program.
///
/// # Errors
/// Something before the bridge would be lost; the error is the reason.
pub(super) fn by(words: &[String]) -> Result<Option<Started>, String> {
    // People put the whole line, or its first words, into `command`.
    if let Some((first, rest)) = words.split_first()
        && first.contains(' ')
        && let Some(mut line) = split_at_spaces(first)
        && (is_runner(&line[0]) || bridge(&line[0]).is_some())
    {
        line.extend_from_slice(rest);
        return at(&line, 0);
    }
    at(words, 0)
}

fn at(words: &[String], depth: usize) -> Result<Option<Started>, String> {
    let mut position = 0;
    while let Some(word) = words.get(position) {
        let rest = &words[position + 1..];
        if let Some(program) = bridge(word) {
            return Ok(Some(Started { program, arguments: given(program, rest) }));
        }
        if depth < MAX_DEPTH
            && let Some(line) = after_shell(word, rest)?
        {
            return at(&line, depth + 1);
        }
        let name = program(word).to_ascii_lowercase();
        match name.as_str() {
            "docker" | "podman" | "nerdctl" | "finch" => {
                return match find_program(rest)? {
                    ContainerProgram::Bridge(started) => Ok(Some(started)),
                    ContainerProgram::Line(line) if depth < MAX_DEPTH => at(&line, depth + 1),
                    ContainerProgram::Line(_) | ContainerProgram::Nothing => Ok(None),
                };
            }
            name if is_wrapper(name) => {
                return Err(format!("what `{name}` does for it would be lost"));
            }
            "py" => position += 1 + before_module(rest),
            name if name.starts_with("python") => position += 1 + before_module(rest),
            _ if has_value(word) => position += 2,
            _ if is_assignment(word) && position + depth > 0 => {
                let variable = word.split('=').next().unwrap_or(word);
                return Err(format!("its command line sets `{}`", shown_words(variable)));
            }
            _ if word.starts_with('-') || is_runner(word) || is_version(word) => position += 1,
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// How many words of Python come before the module or the script.
fn before_module(words: &[String]) -> usize {
    let mut position = 0;
    while let Some(option) = words.get(position).filter(|word| word.starts_with('-')) {
        position += if matches!(option.as_str(), "-X" | "-W") { 2 } else { 1 };
    }
    position
}

/// The arguments of a bridge. Before them, the package may have been named and not yet the program:
/// `npm:mcp-remote -- mcp-remote`.
fn given(program: &str, words: &[String]) -> Vec<String> {
    let Some(("--", words)) = words.split_first().map(|(first, rest)| (first.as_str(), rest))
    else {
        return words.to_vec();
    };
    let is_named_again = words.first().is_some_and(|word| bridge(word) == Some(program));
    words[usize::from(is_named_again)..].to_vec()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        match by(&words) {
            Ok(Some(Started { program, arguments })) => {
                format!("{program}: {}", arguments.join(" "))
            }
            Ok(None) => "none".to_owned(),
            Err(reason) => format!("error: {reason}"),
        }
    }

    #[test]
    fn the_words_before_a_bridge_are_removed() {
        for words in [
            &["mcp-remote", "https://a"][..],
            &["npx -y mcp-remote https://a"],
            &["npx -y", "mcp-remote", "https://a"],
            &["mcp-remote https://a"],
            &["npx", "-p", "mcp-remote@1", "mcp-remote", "https://a"],
            &["python3", "-X", "mcp-proxy", "-m", "mcp-remote", "https://a"],
            &["python3", "-um", "mcp_remote", "https://a"],
            &["py", "-3.12", "-m", "mcp_remote", "https://a"],
            &["mise", "exec", "npm:mcp-remote", "--", "mcp-remote", "https://a"],
            &["npx", "mcp-remote", "--", "https://a"],
            &["sh", "-c", "bash -c 'zsh -c \"mcp-remote https://a\"'"],
            &["nice", "-n", "10", "mcp-remote", "https://a"],
        ] {
            assert_eq!(found(words), "mcp-remote: https://a", "{words:?}");
        }
        let other = found(&["npx", "mcp-remote", "--", "mcp-proxy", "https://a"]);
        assert_eq!(other, "mcp-remote: mcp-proxy https://a", "only its own name is repeated");
    }

    #[test]
    fn another_program_ends_the_search() {
        for words in [
            &[][..],
            &["npx"],
            &["npx", "-p"],
            &["npx", "-p", "mcp-remote"],
            &["my program", "mcp-remote"],
            &["npx \"-y\" mcp-remote", "https://a"],
            &["npx", "other", "mcp-remote"],
            &["python3", "script.py", "mcp-remote"],
            &["python3", "-m", "other", "mcp-remote"],
            &["docker", "ps", "mcp-remote"],
            // Before the program, this is not an assignment but the program itself.
            &["A=b", "npx", "mcp-remote"],
        ] {
            assert_eq!(found(words), "none", "{words:?}");
        }
    }

    #[test]
    fn what_an_entry_would_lose_is_the_reason_to_keep_it() {
        for (words, reason) in [
            (&["env", "A=b", "npx", "mcp-remote"][..], "its command line sets `A`"),
            (&["sh", "-c", "A=b npx mcp-remote"], "its command line sets `A`"),
            (&["sudo", "npx", "mcp-remote"], "what `sudo` does for it would be lost"),
            (&["npx", "OP.EXE", "run", "mcp-remote"], "what `op` does for it would be lost"),
            (&["bash", "-c", "mcp-remote $URL"], "it is started through `bash`, not directly"),
        ] {
            assert_eq!(found(words), format!("error: {reason}"), "{words:?}");
        }
    }

    #[test]
    fn shells_and_containers_are_followed_four_deep() {
        let inner = "docker run node mcp-remote https://a";
        let three = format!("docker run node sh -c '{inner}'");
        assert_eq!(found(&["sh", "-c", &three]), "mcp-remote: https://a", "four of them");
        assert_eq!(found(&["docker", "run", "node", "sh", "-c", &three]), "none", "a fifth one");
    }

    #[test]
    fn an_assignment_begins_with_the_name_of_a_variable() {
        for word in ["A=b", "_a1=", "a=b=c"] {
            assert!(is_assignment(word), "{word}");
        }
        for word in ["", "A", "=b", "1A=b", "A-B=c", "--a=b", "é=b"] {
            assert!(!is_assignment(word), "{word}");
        }
    }
}
