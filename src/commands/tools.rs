//! `mcp-tether tools`: lists the tools of a server, or shows one with its arguments.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::readable::{self, one_line};
use super::server_session::{ServerArguments, in_session};
use super::session::{CommandSession, SessionOptions};
use crate::bridge::NamePatterns;
use crate::environment::{
    Environment, Paint, paint, stdout_columns, to_stderr, to_stdout, to_stdout_unwrapped,
};
use crate::error::{Error, ExitCode, Result};
use crate::protocol::methods;
use crate::redact::plain;
use crate::settings::{Flags, Key, Settings, Sourced, nearest, parse_remote_url};
use crate::shell_words::{name_argument, url_argument};

/// The minimum width of a terminal, in columns, for titles beside names.
const COLUMNS_FOR_TITLES: usize = 110;

/// Prints the tools of the server at `url`, or the one with this name.
///
/// # Errors
/// The settings are invalid, the server cannot be reached or does not answer, or it does not have
/// the tool.
pub(crate) fn run(
    url: &str,
    name: Option<&str>,
    as_json: bool,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let server = ServerArguments { url, flags, environment };
    let options = SessionOptions::default();
    let tools = in_session(server, options, async |session| all_tools(session).await)?;
    match name {
        Some(name) => {
            let tool = find(&tools, name, server)?;
            if as_json {
                to_stdout_unwrapped(&format!("{}\n", readable::json(tool.get())));
            } else {
                to_stdout(&one_tool(&parse(tool)?, url));
            }
        }
        None if as_json => to_stdout_unwrapped(&as_array(&tools)),
        None if tools.is_empty() => to_stderr("the server offers no tools\n"),
        None => to_stdout(&as_table(&tools, stdout_columns())?),
    }
    Ok(ExitCode::Ok)
}

/// Every tool, as the server sent it; none if the server does not declare the capability `tools`.
///
/// # Errors
/// The server answers with an error, or the bridge has ended.
pub(super) async fn all_tools(session: &mut CommandSession) -> Result<Vec<Box<RawValue>>> {
    session.list_declared(methods::TOOLS_LIST, "tools").await
}

/// The tool with this name.
///
/// # Errors
/// There is none; the hint names a similar one, or the setting that hides it.
pub(super) fn find<'a>(
    tools: &'a [Box<RawValue>],
    name: &str,
    server: ServerArguments<'_>,
) -> Result<&'a RawValue> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    let names: Vec<Option<String>> = tools
        .iter()
        .map(|tool| serde_json::from_str(tool.get()).ok().map(|Named { name }| name))
        .collect();
    if let Some(position) = names.iter().position(|other| other.as_deref() == Some(name)) {
        return Ok(&tools[position]);
    }
    if let Some((key, source)) = hidden_by(name, server) {
        let setting = key.setting().name;
        let message = format!("the tool `{}` is hidden by `{setting}`", plain(name));
        return Err(Error::failed(message).hint(format!("`{setting}` comes from: {source}")));
    }
    let error = Error::failed(format!("the server has no tool `{}`", plain(name)));
    Err(match nearest(name, names.iter().flatten().map(String::as_str)) {
        Some(other) => error.hint(format!("did you mean `{}`?", plain(other))),
        None => error.hint(format!("`mcp-tether tools {}` lists them", url_argument(server.url))),
    })
}

/// The setting that hides this tool and its source, if there is one.
fn hidden_by(name: &str, server: ServerArguments<'_>) -> Option<(Key, String)> {
    let (url, _) = parse_remote_url(server.url).ok()?;
    let settings = Settings::resolve(Some(&url), server.flags, server.environment).ok()?;
    let text = |held: &Sourced, key: Key| held.value.display(key.setting().kind);
    let ignores =
        |held: &&Sourced| NamePatterns::new([], [text(held, Key::IgnoreTool)]).hides(name);
    let ignored = settings.all(Key::IgnoreTool).iter().find(ignores);
    if let Some(held) = ignored {
        return Some((Key::IgnoreTool, held.source.to_string()));
    }
    let only = settings.all(Key::OnlyTool);
    let shown = only.iter().map(|held| text(held, Key::OnlyTool));
    let held = only.first().filter(|_| NamePatterns::new(shown, []).hides(name))?;
    Some((Key::OnlyTool, held.source.to_string()))
}

/// The members of a tool that are printed.
#[derive(Deserialize)]
struct Tool {
    name: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    annotations: Option<Annotations>,
    #[serde(default, rename = "inputSchema")]
    input: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Annotations {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    read_only_hint: Option<bool>,
    #[serde(default)]
    destructive_hint: Option<bool>,
}

impl Tool {
    /// The tool's effect according to the server: `read`, `write` or `delete`; empty if it does not
    /// say.
    fn mark(&self) -> &'static str {
        let Some(annotations) = &self.annotations else { return "" };
        match (annotations.read_only_hint, annotations.destructive_hint) {
            (Some(true), _) => "read",
            (_, Some(true)) => "delete",
            (Some(false), _) | (_, Some(false)) => "write",
            (None, None) => "",
        }
    }

    /// The title, unless it repeats the name.
    fn title(&self) -> Option<&str> {
        let annotated = || self.annotations.as_ref().and_then(|all| all.title.as_ref());
        let title = self.title.as_ref().or_else(annotated);
        title.filter(|title| **title != self.name).map(String::as_str)
    }
}

fn as_array(tools: &[Box<RawValue>]) -> String {
    match readable::json_members(tools) {
        tools if tools.is_empty() => "[]\n".to_owned(),
        tools => format!("[\n{tools}\n]\n"),
    }
}

/// Name, title, mark and first sentence in columns, without empty columns. Titles need room.
fn as_table(tools: &[Box<RawValue>], columns: Option<usize>) -> Result<String> {
    let rows: Vec<[String; 4]> =
        tools.iter().map(|tool| Ok(row(&parse(tool)?))).collect::<Result<_>>()?;
    let has_room = columns.is_none_or(|columns| columns >= COLUMNS_FOR_TITLES);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let (names, titles, marks) =
        (width(0).unwrap_or(0), width(1).unwrap_or(0), width(2).unwrap_or(0));
    let mut out = String::new();
    for [name, title, mark, description] in &rows {
        let mut line = format!("{name:names$}");
        if titles > 0 && has_room {
            line += &format!("  {title:titles$}");
        }
        if marks > 0 {
            line += &format!("  {}", painted_mark(mark, marks));
        }
        line += &format!("  {description}");
        if description.is_empty() {
            line = line.trim_end().to_owned();
        }
        out.push_str(&line);
        out.push('\n');
    }
    Ok(out)
}

fn painted_mark(mark: &str, width: usize) -> String {
    let gap = " ".repeat(width - mark.len());
    let painted = match mark {
        "read" => paint(Paint::Good, mark),
        "write" => paint(Paint::Warning, mark),
        "delete" => paint(Paint::Bad, mark),
        _ => mark.to_owned(),
    };
    painted + &gap
}

fn parse(tool: &RawValue) -> Result<Tool> {
    serde_json::from_str(tool.get()).map_err(|error| {
        Error::failed(format!("the server sent an invalid tool: {error}"))
            .hint("tell the server's operator; `--json` shows the list as it is")
    })
}

fn row(tool: &Tool) -> [String; 4] {
    [
        one_line(&tool.name),
        one_line(tool.title().unwrap_or_default()),
        tool.mark().to_owned(),
        readable::first_sentence(tool.description.as_deref().unwrap_or_default()),
    ]
}

/// A tool with its description, its arguments and a command that calls it.
fn one_tool(tool: &Tool, url: &str) -> String {
    let name = one_line(&tool.name);
    let mut out = paint(Paint::Heading, &name);
    if let Some(title) = tool.title() {
        out += &format!(" ({})", one_line(title));
    }
    out += match tool.mark() {
        "read" => "\n  changes nothing",
        "write" => "\n  changes something",
        "delete" => "\n  may destroy something",
        _ => "",
    };
    out.push('\n');
    let description = readable::text(tool.description.as_deref().unwrap_or_default().trim());
    for line in description.lines() {
        out += &(format!("  {line}").trim_end().to_owned() + "\n");
    }
    let empty = Map::new();
    let properties = tool.input["properties"].as_object().unwrap_or(&empty);
    let required: Vec<&str> =
        tool.input["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if properties.is_empty() {
        out += "\nIt takes no arguments.\n";
    } else {
        out += &format!("\n{}\n", paint(Paint::Heading, "Arguments"));
        out += &arguments(properties, &required);
    }
    let word = |name: &&str| format!(" {}=…", name_argument(name, "KEY"));
    let words: String = required.iter().map(word).collect();
    out + &format!(
        "\n{}\n  mcp-tether call {} {}{words}\n",
        paint(Paint::Heading, "Call it"),
        url_argument(url),
        name_argument(&tool.name, "TOOL")
    )
}

/// A row for each argument, the required ones first: name, type, and what it is for.
fn arguments(properties: &Map<String, Value>, required: &[&str]) -> String {
    let mut names: Vec<&String> = properties.keys().collect();
    names.sort_by_key(|name| !required.contains(&name.as_str()));
    let rows: Vec<(String, String, String)> = names
        .into_iter()
        .map(|name| {
            let property = &properties[name];
            let need = if required.contains(&name.as_str()) { "required" } else { "" };
            let about = one_line(property["description"].as_str().unwrap_or_default());
            let notes = [need.to_owned(), about, limits(property)];
            let notes: Vec<_> = notes.into_iter().filter(|note| !note.is_empty()).collect();
            (one_line(name), type_of(property), notes.join("; "))
        })
        .collect();
    let names = rows.iter().map(|row| row.0.chars().count()).max().unwrap_or(0);
    let types = rows.iter().map(|row| row.1.chars().count()).max().unwrap_or(0).min(20);
    let lines = rows.iter().map(|(name, kind, notes)| {
        format!("  {name:names$}  {kind:types$}  {notes}").trim_end().to_owned() + "\n"
    });
    lines.collect()
}

/// An argument in one line, for a question: its name, type, purpose and limits.
pub(super) fn describe_argument(name: &str, property: &Value) -> String {
    let about = one_line(property["description"].as_str().unwrap_or_default());
    let about = about.trim_end_matches('.').to_owned();
    let notes = [type_of(property), about, limits(property)];
    let notes: Vec<_> = notes.into_iter().filter(|note| !note.is_empty()).collect();
    format!("{} ({})", one_line(name), notes.join("; "))
}

/// The type of an argument in words, such as `list of string`.
fn type_of(property: &Value) -> String {
    let named = match &property["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        _ => {
            let variants = ["anyOf", "oneOf"].iter().filter_map(|key| property[*key].as_array());
            variants.flatten().map(type_of).collect::<Vec<_>>().join(" or ")
        }
    };
    let items = &property["items"];
    one_line(&match named.as_str() {
        "" => "any".to_owned(),
        "array" if items.is_object() => format!("list of {}", type_of(items)),
        _ => named,
    })
}

/// Permitted values, limits and the default.
fn limits(property: &Value) -> String {
    let shown = |value: &Value| match value {
        Value::String(text) => one_line(text),
        other => readable::json(&other.to_string()),
    };
    let mut notes = Vec::new();
    let values = property["enum"].as_array().or(property["items"]["enum"].as_array());
    if let Some(values) = values {
        let values: Vec<_> = values.iter().map(shown).collect();
        notes.push(format!("one of {}", values.join(", ")));
    }
    match (&property["minimum"], &property["maximum"]) {
        (Value::Null, Value::Null) => {}
        (least, Value::Null) => notes.push(format!("at least {least}")),
        (Value::Null, most) => notes.push(format!("at most {most}")),
        (least, most) => notes.push(format!("{least} to {most}")),
    }
    if !property["default"].is_null() {
        notes.push(format!("default {}", shown(&property["default"])));
    }
    notes.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(tools: &[&str]) -> Vec<Box<RawValue>> {
        tools.iter().map(|tool| serde_json::from_str(tool).unwrap()).collect()
    }

    fn table(tools: &[&str], columns: Option<usize>) -> String {
        let table = as_table(&raw(tools), columns).unwrap();
        anstream::adapter::strip_str(&table).to_string()
    }

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let tools = [
            r#"{"name":"find_products","title":"Find products","description":"Finds. More."}"#,
            r#"{"name":"ü","annotations":{"title":"Umlaut","readOnlyHint":true}}"#,
            r#"{"name":"a\u001bb","description":"Two\nlines","annotations":{"destructiveHint":true}}"#,
        ];
        let expected = concat!(
            "find_products  Find products          Finds.\n",
            "ü              Umlaut         read\n",
            "a\\u{1b}b                      delete  Two lines\n",
        );
        assert_eq!(table(&tools, None), expected);
        assert!(!table(&tools, Some(80)).contains("Umlaut"));
        let plain = [r#"{"name":"ab","description":"Does."}"#, r#"{"name":"a"}"#];
        assert_eq!(table(&plain, None), "ab  Does.\na\n");
    }

    #[test]
    fn json_is_what_the_server_sent() {
        let tools = raw(&[r#"{"name":"a","x":1.10,"y":12345678901234567890123}"#, "{}"]);
        let text = as_array(&tools);
        assert_eq!(text, "[\n{\"name\":\"a\",\"x\":1.10,\"y\":12345678901234567890123},\n{}\n]\n");
        assert_eq!(as_array(&[]), "[]\n");
    }

    #[test]
    fn a_tool_without_a_name_is_an_error() {
        assert!(as_table(&raw(&[r#"{"title":"x"}"#]), None).is_err());
    }

    #[test]
    fn a_tool_is_shown_with_its_arguments_and_a_command() {
        let tool = r#"{"name":"add","description":"Adds.\nSlowly.","annotations":{"readOnlyHint":true},
            "inputSchema":{"properties":{
                "list":{"type":"array","items":{"type":"string"}},
                "how":{"enum":["a","b"],"default":"a"},
                "n":{"type":["integer","null"],"minimum":1,"maximum":9,"description":"How\nmany"}
            },"required":["n"]}}"#;
        let shown = one_tool(&parse(&raw(&[tool])[0]).unwrap(), "https://h/mcp");
        let shown = anstream::adapter::strip_str(&shown).to_string();
        let expected = concat!(
            "add\n  changes nothing\n  Adds.\n  Slowly.\n\nArguments\n",
            "  n     integer or null  required; How many; 1 to 9\n",
            "  how   any              one of a, b; default a\n",
            "  list  list of string\n",
            "\nCall it\n  mcp-tether call https://h/mcp add n=…\n",
        );
        assert_eq!(shown, expected);
        let none = one_tool(&parse(&raw(&[r#"{"name":"ping"}"#])[0]).unwrap(), "https://h/mcp");
        assert!(none.contains("takes no arguments") && none.ends_with("call https://h/mcp ping\n"));
    }
}
