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
