//! The JSON object that may follow `--json`.

use std::ffi::OsString;

/// Joins `--json` and `{…}` to one word: without an object, `--json` must not consume the next word.
pub(super) fn with_json_joined(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::new();
    for word in words {
        let is_object = word.to_str().is_some_and(|text| text.trim_start().starts_with('{'));
        match joined.last_mut() {
            Some(last) if is_object && last == "--json" => {
                last.push("=");
                last.push(word);
            }
            _ => joined.push(word),
        }
    }
    joined
}
