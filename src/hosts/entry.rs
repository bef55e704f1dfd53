//! One entry of a host's configuration: reads its command line from the shape of any host, and
//! creates new entries in that shape. The values of variables may be secrets and are not
//! interpreted.

use serde_json::{Map, Value, json};

use super::entry_shape::{EntryShape, Expansion, Field, Format};

/// The place of the command line inside an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// In the entry itself.
    None,
    /// Inside `command`, as in Zed before 2025-06.
    InCommand,
    /// Inside `transport`, as Cline writes it.
    InTransport,
}

/// The place of an entry in its file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryPlace {
    /// The keys of the section, from the outermost.
    pub section: Vec<String>,
    /// The key of the entry.
    pub name: String,
}

/// An entry in a configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct HostEntry {
    /// Its place in the file.
    pub place: EntryPlace,
    /// Its line in the file, counted from one.
    pub line: usize,
    /// The command and its arguments; empty if the entry starts no program.
    pub words: Vec<String>,
    /// The environment variables that it sets, with their values.
    pub variables: Vec<(String, String)>,
    /// The place of the command line inside the entry.
    pub nesting: Nesting,
}

impl std::fmt::Debug for HostEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (line {})", self.place.name, self.line)
    }
}

/// Members of an entry to set.
pub(super) struct EntryEdit {
    pub(super) place: EntryPlace,
    pub(super) nesting: Nesting,
    pub(super) members: Vec<(&'static str, Value)>,
}

/// An entry to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// The key of the entry.
    pub name: String,
    /// The program to start.
    pub command: String,
    /// The arguments of the program.
    pub arguments: Vec<String>,
    /// The environment variables that it sets, with their values.
    pub variables: Vec<(String, String)>,
}

impl NewEntry {
    /// The command and its arguments.
    pub fn words(&self) -> Vec<String> {
        [&self.command].into_iter().chain(&self.arguments).cloned().collect()
    }

    /// The members in the host's shape, in the order in which a person would write them.
    pub(super) fn members(&self, shape: EntryShape) -> Vec<(String, Value)> {
        let mut members: Vec<(&str, Value)> = match shape.format {
            Format::Json(constant) => constant.iter().map(|(k, v)| (*k, json!(v))).collect(),
            Format::JsonWords => vec![("type", json!("local"))],
            Format::Toml => Vec::new(),
            Format::Yaml => vec![("name", json!(self.name)), ("type", json!("stdio"))],
        };
        members.extend(command_members(shape, &self.words()));
        if !self.variables.is_empty() {
            let escaped = |(name, value): &(String, String)| {
                (name.clone(), json!(written(shape.expansion, value)))
            };
            let variables = self.variables.iter().map(escaped).collect();
            members.push((names(shape.format).variables, Value::Object(variables)));
        }
        members.extend(shape.fields.iter().map(|(key, field)| (*key, field.value())));
        members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

impl Field {
    fn value(self) -> Value {
        match self {
            Self::Switch(switch) => json!(switch),
            Self::Number(number) => json!(number),
            Self::Words(words) => json!(words),
            Self::Numbers(members) => {
                Value::Object(members.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect())
            }
        }
    }
}

/// The names of the members of an entry.
struct MemberNames {
    command: &'static str,
    arguments: &'static str,
    variables: &'static str,
}

fn names(format: Format) -> MemberNames {
    let (command, arguments, variables) = match format {
        Format::Json(_) | Format::Toml => ("command", "args", "env"),
        Format::JsonWords => ("command", "args", "environment"),
        Format::Yaml => ("cmd", "args", "envs"),
    };
    MemberNames { command, arguments, variables }
}

/// The members for a command line.
pub(super) fn command_members(shape: EntryShape, words: &[String]) -> Vec<(&'static str, Value)> {
    let words: Vec<String> = words.iter().map(|word| written(shape.expansion, word)).collect();
    let names = names(shape.format);
    match shape.format {
        Format::JsonWords => vec![(names.command, json!(words))],
        Format::Json(_) | Format::Toml | Format::Yaml => vec![
            (names.command, json!(words.first())),
            (names.arguments, json!(words.get(1..).unwrap_or(&[]))),
        ],
    }
}

/// Escapes a word for the file, so that the program receives it unchanged.
fn written(expansion: Expansion, word: &str) -> String {
    match expansion {
        Expansion::Known => word.to_owned(),
        Expansion::Shell => {
            let escape = |c: char| matches!(c, '\\' | '$' | '`').then_some('\\');
            word.chars().flat_map(|c| escape(c).into_iter().chain([c])).collect()
        }
    }
}

/// Reverses [`written`].
fn read(expansion: Expansion, text: &str) -> String {
    if expansion == Expansion::Known {
        return text.to_owned();
    }
    let mut word = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let escaped = rest.next_if(|next| character == '\\' && matches!(next, '\\' | '$' | '`'));
        word.push(escaped.unwrap_or(character));
    }
    word
}

/// The members that hold the command line, and where they are.
pub(super) fn flattened(members: &Map<String, Value>) -> (Map<String, Value>, Nesting) {
    let inner = |key: &str, needed: &str| {
        members.get(key)?.as_object().filter(|inner| inner.get(needed).is_some())
    };
    if let Some(command) = inner("command", "path") {
        let flat = [("command", "path"), ("args", "args"), ("env", "env")];
        let member = |(to, from): (&str, &str)| Some((to.to_owned(), command.get(from)?.clone()));
        return (flat.into_iter().filter_map(member).collect(), Nesting::InCommand);
    }
    match inner("transport", "command") {
        Some(transport) => (transport.clone(), Nesting::InTransport),
        None => (members.clone(), Nesting::None),
    }
}

/// The command line and the variables of an entry; empty if it does not have this shape.
pub(super) fn words_and_variables(
    shape: EntryShape,
    members: &Map<String, Value>,
) -> (Vec<String>, Vec<(String, String)>) {
    let names = names(shape.format);
    let word = |text: &str| read(shape.expansion, text);
    let texts = |value: &Value| {
        let text = |value: &Value| match value {
            Value::String(text) => Some(word(text)),
            // People forget the quotes around a port.
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        value.as_array()?.iter().map(text).collect::<Option<Vec<String>>>()
    };
    let args = members.get(names.arguments).map_or(Some(Vec::new()), texts);
    let words = match (members.get(names.command), shape.format) {
        (Some(command), Format::JsonWords) => texts(command).unwrap_or_default(),
        (Some(Value::String(command)), _) => {
            args.map(|args| [word(command)].into_iter().chain(args).collect()).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let variables = members.get(names.variables).and_then(Value::as_object);
    let variable = |(name, value): (&String, &Value)| Some((name.clone(), word(value.as_str()?)));
    (words, variables.into_iter().flatten().filter_map(variable).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_replace_is_escaped_and_read_back() {
        for word in ["X-Key:${keyring:shop}", "C:\\Program Files\\x.exe", "a`b`$(c) \\$ \\\\", ""] {
            let written = written(Expansion::Shell, word);
            assert_eq!(read(Expansion::Shell, &written), word);
        }
        assert_eq!(written(Expansion::Shell, "${keyring:shop}"), "\\${keyring:shop}");
        assert_eq!(read(Expansion::Shell, "C:\\tool\\x"), "C:\\tool\\x", "as people write it");
    }
}
