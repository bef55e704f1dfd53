//! One entry of a host's configuration: read, in the words that start a program, whatever the
//! host's own shape, and written anew. Values of variables are secrets of the user's and stay
//! unread.

use serde_json::{Map, Value, json};

use super::table::Format;

/// Where an entry stands: the keys of its section, then its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The keys that lead to the section.
    pub section: Vec<String>,
    /// The entry's name.
    pub name: String,
}

/// An entry that a configuration has.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands.
    pub place: Place,
    /// Its line in the file.
    pub line: usize,
    /// The command and its arguments; none for an entry that starts nothing, such as a URL.
    pub words: Vec<String>,
    /// What it adds to the environment.
    pub variables: Vec<(String, String)>,
    /// Whether all of this stands in `command`, as Zed had it before 2025-06.
    pub is_nested: bool,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (line {})", self.place.name, self.line)
    }
}

/// An entry that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// What the host calls it.
    pub name: String,
    /// The program.
    pub command: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What it adds to the environment.
    pub variables: Vec<(String, String)>,
}

impl NewEntry {
    /// Command and arguments.
    pub fn words(&self) -> Vec<String> {
        [&self.command].into_iter().chain(&self.arguments).cloned().collect()
    }

    /// In the host's shape and in the order in which a person would write it.
    pub(super) fn members(&self, format: Format) -> Vec<(String, Value)> {
        let mut members: Vec<(&str, Value)> = match format {
            Format::Json(constant) => constant.iter().map(|(k, v)| (*k, json!(v))).collect(),
            Format::JsonWords | Format::JsonWithTools => vec![("type", json!("local"))],
            Format::Toml => Vec::new(),
        };
        members.extend(command_members(format, &self.words()));
        if !self.variables.is_empty() {
            let variables = self.variables.iter().map(|(name, value)| (name.clone(), json!(value)));
            members.push((variables_key(format), Value::Object(variables.collect())));
        }
        match format {
            Format::JsonWords => members.push(("enabled", json!(true))),
            Format::JsonWithTools => members.push(("tools", json!(["*"]))),
            _ => {}
        }
        members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// The members that say what is started.
pub(super) fn command_members(format: Format, words: &[String]) -> Vec<(&'static str, Value)> {
    match format {
        Format::JsonWords => vec![("command", json!(words))],
        _ => {
            vec![("command", json!(words.first())), ("args", json!(words.get(1..).unwrap_or(&[])))]
        }
    }
}

fn variables_key(format: Format) -> &'static str {
    match format {
        Format::JsonWords => "environment",
        _ => "env",
    }
}

/// The older shape of Zed: `command: { path, args, env }`.
pub(super) fn nested(members: &Map<String, Value>) -> Option<&Map<String, Value>> {
    members.get("command")?.as_object().filter(|command| command.get("path").is_some())
}

/// The words of an entry in this shape, and its variables. What has another shape starts nothing.
pub(super) fn words_and_variables(
    format: Format,
    members: &Map<String, Value>,
) -> (Vec<String>, Vec<(String, String)>) {
    if let Some(nested) = nested(members) {
        let flat = [("command", "path"), ("args", "args"), ("env", "env")];
        let member = |(to, from): (&str, &str)| Some((to.to_owned(), nested.get(from)?.clone()));
        return words_and_variables(format, &flat.into_iter().filter_map(member).collect());
    }
    let texts = |value: &Value| {
        let texts = value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned));
        texts.collect::<Option<Vec<String>>>()
    };
    let args = members.get("args").map_or(Some(Vec::new()), texts);
    let words = match (members.get("command"), format) {
        (Some(command), Format::JsonWords) => texts(command).unwrap_or_default(),
        (Some(Value::String(command)), _) => {
            args.map(|args| [command.clone()].into_iter().chain(args).collect()).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let variables = members.get(variables_key(format)).and_then(Value::as_object);
    let variable =
        |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    (words, variables.into_iter().flatten().filter_map(variable).collect())
}
