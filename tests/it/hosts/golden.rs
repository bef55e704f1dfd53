//! Entries match the documentation of each host: the golden files hold an entry from the host's own
//! documentation, published schema or source, and not from our output.

use std::collections::BTreeMap;

use mcp_tether::hosts::{Document, Format, HOSTS, KnownHost};
use serde_json::Value;

use super::{Home, URL, sample};

/// Returns the file of a host with an entry from its documentation.
pub(super) fn documented(host: &KnownHost) -> String {
    sample(host).1
}

/// Returns the members of an entry with the kinds of their values.
pub(super) fn members(host: &KnownHost, text: &str, name: &str) -> BTreeMap<String, &'static str> {
    let entry = match host.format {
        Format::Toml => {
            let document: toml_edit::DocumentMut = text.parse().unwrap();
            let table = &document[host.sections[0][0]][name];
            let member = |(key, item): (&str, &toml_edit::Item)| {
                let kind = match item.as_value().unwrap() {
                    toml_edit::Value::String(_) => "string",
                    toml_edit::Value::Integer(_) => "number",
                    toml_edit::Value::Boolean(_) => "boolean",
                    toml_edit::Value::Array(_) => "array",
                    _ => "object",
                };
                (key.to_owned(), kind)
            };
            return table.as_table().unwrap().iter().map(member).collect();
        }
        Format::Yaml => {
            // Block style, two spaces to a level; the kinds are in the unit tests.
            let start = format!("  {name}:\n");
            let entry = text.split_once(&start).unwrap().1;
            let lines = entry.lines().take_while(|line| line.starts_with("    "));
            let keys = lines.filter_map(|line| line.strip_prefix("    ")?.split_once(':'));
            let keys = keys.filter(|(key, _)| !key.starts_with([' ', '-', '#']));
            return keys.map(|(key, _)| (key.to_owned(), "any")).collect();
        }
        Format::Json(_) | Format::JsonWords => {
            let parsed = jsonc_parser::parse_to_ast(text, &Default::default(), &Default::default());
            let value = Value::from(parsed.unwrap().value.unwrap());
            host.sections[0].iter().fold(value, |value, key| value[key].clone())[name].clone()
        }
    };
    let kind = |value: &Value| match value {
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "boolean",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Null => "null",
    };
    let entry = entry.as_object().unwrap_or_else(|| panic!("{}: `{name}`", host.id));
    entry.iter().map(|(key, value)| (key.clone(), kind(value))).collect()
}

#[test]
fn every_member_of_an_entry_is_one_that_the_host_documents() {
    let home = Home::new();
    for host in &HOSTS {
        let (_, text) = sample(host);
        let documented = members(host, &text, "documented");
        let words = ["install", URL, "--host", host.id, "--name", "shop", "--print"];
        let written = members(host, &home.ok(&words).stdout, "shop");
        assert!(written.len() >= 2, "{}: {written:?}", host.id);
        for (key, kind) in &written {
            let theirs = documented.get(key);
            assert_eq!(theirs, Some(kind), "{}: `{key}` is not as documented", host.id);
        }
    }
}

/// Adding a host is a row, a golden file and a page: each host has all three, and nothing of
/// another.
#[test]
fn a_host_is_one_row_one_golden_file_and_one_page() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |folder: &str| {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file() && path.file_stem().unwrap() != "README")
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let ids: Vec<&str> = HOSTS.iter().map(|host| host.id).collect();
    assert_eq!(names("tests/it/hosts/files"), ids);
    assert_eq!(names("docs/hosts"), ids);
    for host in &HOSTS {
        let (_, text) = sample(host);
        let document = Document::parse(&text, host).unwrap();
        let words = &document.entry("documented").unwrap().words;
        assert!(words.len() >= 2, "{}: {words:?}", host.id);
    }
}

/// Text that a host would replace arrives as it is: Crush has a shell do it, and the others do
/// nothing.
#[test]
fn references_of_ours_arrive() {
    let home = Home::new();
    let header = ["--header", "X-API-Key: ${keyring:shop}", "--header", "X-Path: C:\\a`b"];
    for host in &HOSTS {
        let words = ["install", URL, "--host", host.id, "--name", "shop", "--print"];
        let printed = home.ok(&[&words[..], &header[..]].concat()).stdout;
        let document = Document::parse(&printed, host).unwrap();
        let entry = document.entry("shop").unwrap();
        let expected = ["--header", "X-API-Key:${keyring:shop}", "--header", "X-Path:C:\\a`b"];
        assert_eq!(entry.words[2..], expected, "{}", host.id);
        let is_escaped = printed.contains("\\\\${keyring:shop}");
        assert_eq!(is_escaped, host.id == "crush", "{}: {printed}", host.id);
    }
}
