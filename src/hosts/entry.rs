//! One entry of a host's configuration: reads its command line from the shape of any host, and
//! creates new entries in that shape. The values of variables may be secrets and are not interpreted.

use serde_json::{Map, Value, json};

use super::table::Format;

/// Where an entry is in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPlace {
    /// The keys of the section, from the outermost.
    pub section: Vec<String>,
    /// The key of the entry.
    pub name: String,
}

/// An entry in a configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct HostEntry {
    /// Where it is.
    pub place: EntryPlace,
    /// Its line in the file, counted from one.
    pub line: usize,
    /// The command and its arguments; empty if the entry starts no program.
    pub words: Vec<String>,
    /// The environment variables that it sets, with their values.
    pub variables: Vec<(String, String)>,
    /// Whether all of this is inside `command`, as in Zed before 2025-06.
    pub is_nested: bool,
}

impl std::fmt::Debug for HostEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (line {})", self.place.name, self.line)
    }
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
            Format::Json(_) | Format::Toml => {}
        }
        members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// The members for a command line.
pub(super) fn command_members(format: Format, words: &[String]) -> Vec<(&'static str, Value)> {
    match format {
        Format::JsonWords => vec![("command", json!(words))],
        Format::Json(_) | Format::JsonWithTools | Format::Toml => {
            vec![("command", json!(words.first())), ("args", json!(words.get(1..).unwrap_or(&[])))]
        }
    }
}

fn variables_key(format: Format) -> &'static str {
    match format {
        Format::JsonWords => "environment",
        Format::Json(_) | Format::JsonWithTools | Format::Toml => "env",
    }
}

/// The older shape of Zed, `command: { path, args, env }`.
pub(super) fn nested(members: &Map<String, Value>) -> Option<&Map<String, Value>> {
    members.get("command")?.as_object().filter(|command| command.get("path").is_some())
}

/// The command line and the variables of an entry; empty if it does not have this shape.
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
