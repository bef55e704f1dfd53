//! The outcome of a command: a sentence and facts, as text for people or, with `--json`, as one
//! line of JSON for programs.

use serde_json::{Map, Value};

use super::audience::wants_json;
use super::output::{to_stdout, to_stdout_unwrapped};

/// The minimum width of the column of labels, so that short reports look like long ones.
const MIN_LABELS: usize = 6;

/// The outcome of a command for one item.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CommandOutcome {
    /// One word for programs, such as `signed_in`.
    result: &'static str,
    text: Text,
    members: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq)]
enum Text {
    /// A sentence and facts, each with a label.
    Report { sentence: String, facts: Vec<(&'static str, String)> },
    /// Plain text.
    AsIs(String),
    /// Text to be copied, of which no line may be wrapped.
    Copied(String),
}

impl CommandOutcome {
    /// An outcome in a sentence, in lower case and without a final period.
    pub(crate) fn new(result: &'static str, sentence: impl Into<String>) -> Self {
        let text = Text::Report { sentence: sentence.into(), facts: Vec::new() };
        Self { result, text, members: Map::new() }
    }

    /// An outcome whose text people get unchanged; [`member`](Self::member) adds members for
    /// programs.
    pub(crate) fn shown(result: &'static str, text: impl Into<String>) -> Self {
        Self { result, text: Text::AsIs(text.into()), members: Map::new() }
    }

    /// Like [`shown`](Self::shown), for text to be copied: no line of it is wrapped.
    pub(crate) fn copied(result: &'static str, text: impl Into<String>) -> Self {
        Self { result, text: Text::Copied(text.into()), members: Map::new() }
    }

    /// Adds a fact; programs get it under its label.
    #[must_use]
    pub(crate) fn fact(mut self, label: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        self.members.insert(label.replace(' ', "_"), Value::from(text.clone()));
        self.add_line(label, text);
        self
    }

    /// Adds a note. Programs get all of them as one list.
    #[must_use]
    pub(crate) fn note(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        let notes = self.members.entry("notes").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(notes) = notes {
            notes.push(Value::from(text.clone()));
        }
        self.add_line("note", text);
        self
    }

    /// Adds a member that only programs get.
    #[must_use]
    pub(crate) fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Writes it to stdout.
    pub(crate) fn print(&self) {
        match (&self.text, wants_json()) {
            (_, true) => to_stdout_unwrapped(&format!("{}\n", self.as_value())),
            (Text::Report { .. } | Text::AsIs(_), false) => to_stdout(&self.as_text()),
            (Text::Copied(text), false) => to_stdout_unwrapped(text),
        }
    }

    fn add_line(&mut self, label: &'static str, text: String) {
        match &mut self.text {
            Text::Report { facts, .. } => facts.push((label, text)),
            Text::AsIs(shown) => *shown += &format!("{label}: {text}\n"),
            Text::Copied(_) => {}
        }
    }

    fn as_text(&self) -> String {
        match &self.text {
            Text::AsIs(text) | Text::Copied(text) => text.clone(),
            Text::Report { sentence, facts } => {
                let labels = facts.iter().map(|(label, _)| label.len());
                let width = labels.max().unwrap_or(0).max(MIN_LABELS);
                let lines = facts.iter().map(|(label, text)| format!("  {label:width$}  {text}\n"));
                format!("{sentence}\n{}", lines.collect::<String>())
            }
        }
    }

    fn as_value(&self) -> Value {
        let mut members = Map::new();
        members.insert("result".to_owned(), Value::from(self.result));
        if let Text::Report { sentence, .. } = &self.text {
            members.insert("message".to_owned(), Value::from(sentence.clone()));
        }
        members.extend(self.members.clone());
        Value::Object(members)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn people_get_aligned_lines_and_programs_get_members() {
        let outcome = CommandOutcome::new("signed_in", "signed in to `a`")
            .fact("stored in", "the keyring")
            .note("one")
            .note("two")
            .member("expires_at", 7);
        assert_eq!(
            outcome.as_text(),
            "signed in to `a`\n  stored in  the keyring\n  note       one\n  note       two\n"
        );
        let expected = json!({ "result": "signed_in", "message": "signed in to `a`",
            "stored_in": "the keyring", "notes": ["one", "two"], "expires_at": 7 });
        assert_eq!(outcome.as_value(), expected);
        let shown = CommandOutcome::shown("path", "/a\n").member("path", "/a");
        assert_eq!(
            (shown.as_text(), shown.as_value()["path"].clone()),
            ("/a\n".into(), json!("/a"))
        );
    }
}
