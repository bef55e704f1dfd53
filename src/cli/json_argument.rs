//! The JSON object that may follow `--json`.

use std::ffi::OsString;

/// Writes `--json {…}` and `--json={…}` as `--json --arguments={…}`: without an object, `--json`
/// must not consume the next word.
pub(super) fn with_json_arguments(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut separate: Vec<OsString> = Vec::new();
    for word in words {
        let text = word.to_str().unwrap_or_default();
        let is_object = text.trim_start().starts_with('{');
        let arguments = match text.strip_prefix("--json=") {
            Some(arguments) => {
                separate.push("--json".into());
                Some(arguments)
            }
            None if is_object && separate.last().is_some_and(|last| last == "--json") => Some(text),
            None => None,
        };
        match arguments {
            Some(arguments) => separate.push(format!("--arguments={arguments}").into()),
            None => separate.push(word),
        }
    }
    separate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_after_the_flag_is_its_value() {
        for (words, expected) in [
            (&["--json", "{\"a\":1}"][..], &["--json", "--arguments={\"a\":1}"][..]),
            (&["--json", "  {}"], &["--json", "--arguments=  {}"]),
            (&["--json={\"a\":1}"], &["--json", "--arguments={\"a\":1}"]),
            (&["--json="], &["--json", "--arguments="]),
            (&["--json", "tool"], &["--json", "tool"]),
            (&["--json"], &["--json"]),
            (&["{}"], &["{}"]),
            (&["--json", "a", "{}"], &["--json", "a", "{}"]),
            // Of two objects only the first one belongs to the flag.
            (&["--json", "{}", "{}"], &["--json", "--arguments={}", "{}"]),
            (&["--jsonl={}"], &["--jsonl={}"]),
        ] {
            let separate = with_json_arguments(words.iter().map(OsString::from));
            assert_eq!(separate, expected, "{words:?}");
        }
    }
}
