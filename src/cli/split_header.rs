//! Recognizes a header that was split at its spaces before it reached the program, as some hosts on
//! Windows do with arguments.

use std::ffi::OsString;

use crate::error::Error;
use crate::redact::plain;

/// The error for a command line in which a word follows the value of `--header` that can only be
/// the rest of that value: neither a flag nor a URL nor a port. Never contains the value.
pub fn error_for_split_header(words: &[OsString]) -> Option<Error> {
    let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let after_flag = words.windows(3).filter(|three| three[0] == "--header");
    let after_flag = after_flag.map(|three| (three[1], three[2]));
    let with_flag =
        words.windows(2).filter_map(|two| Some((two[0].strip_prefix("--header=")?, two[1])));
    let (value, _) = after_flag.chain(with_flag).find(|(value, next)| is_split(value, next))?;
    let name = value.split(':').next().unwrap_or_default();
    let message = format!("the value of `--header {}:` was split at a space", plain(name));
    Some(
        Error::usage(message)
            .hint(format!("write it without spaces: `--header {}:${{VARIABLE}}`", plain(name)))
            .hint("and set the variable in the host's `env`, for example to `Bearer …`"),
    )
}

fn is_split(value: &str, next: &str) -> bool {
    let is_port = !next.is_empty() && next.bytes().all(|byte| byte.is_ascii_digit());
    value.contains(':') && !next.starts_with('-') && !next.contains("://") && !is_port
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(words: &[&str]) -> Option<String> {
        let words: Vec<_> = words.iter().map(OsString::from).collect();
        error_for_split_header(&words).map(|error| error.to_string())
    }

    /// docs/from-mcp-remote.md#command-line
    #[test]
    fn a_header_that_was_split_at_a_space_is_recognized() {
        for words in [
            &["https://h/mcp", "--header", "Authorization:", "Bearer", "hunter2"][..],
            &["https://h/mcp", "--header=Authorization:", "hunter2"],
            &["https://h/mcp", "--header", "Authorization:Bearer", "hunter2", "--debug"],
        ] {
            let message = message(words).unwrap();
            assert!(message.contains("`--header Authorization:` was split"), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
        for words in [
            &["https://h/mcp", "--header", "X: a b"][..],
            &["--header", "X:", "https://h/mcp"],
            &["--header", "X:", "3334", "https://h/mcp"],
            &["--header", "X:", "--debug"],
        ] {
            assert_eq!(message(words), None, "{words:?}");
        }
    }
}
