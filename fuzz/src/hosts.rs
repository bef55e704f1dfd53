//! Configurations of hosts: what is added and taken out again leaves everything else.

use mcp_tether::hosts::{Document, Format, HOSTS, HostEntry, KnownHost, NewEntry};
use saphyr_parser::{Event, ScalarStyle};
use serde_json::{Value, json};

const NAME: &str = "added by the bridge";

/// The first byte chooses the host. Adding an entry keeps all others and is read back; taking it
/// out gives the configuration as it was.
pub fn host_configuration(input: &[u8]) {
    let Some((choice, text)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    // The file's reader takes the byte order mark off, and its writer puts it back.
    let text = text.trim_start_matches('\u{feff}');
    let host = &HOSTS[usize::from(*choice) % HOSTS.len()];
    let Ok(mut document) = Document::parse(text, host) else { return };
    if !text.trim().is_empty() {
        // `toml_edit` ends the last line of a file whose last line has no end.
        let read = document.text();
        let end = read.strip_prefix(text).unwrap_or_else(|| panic!("{read:?} for {text:?}"));
        assert!(end.is_empty() || matches!(end, "\n" | "\r\n") && !text.ends_with('\n'));
    }
    if document.entry(NAME).is_some() {
        return;
    }
    let before = entries(&document);
    document.add(&added());
    let installed = document.text();
    let mut document = parsed(&installed, host);
    if document.entry(NAME).is_none() && text.contains('?') {
        // An entry in YAML with a key after `?`, which ends where the parser does not say.
        assert_eq!(installed, text, "what cannot be edited is not");
        return;
    }
    let entry = document.entry(NAME).expect("the entry is there");
    assert_eq!(entry.words, added().words());
    assert_eq!(entry.variables, added().variables);
    let place = entry.place.clone();
    let others = entries(&document).into_iter().filter(|entry| entry.0 != place.name);
    assert_eq!(others.collect::<Vec<_>>(), before, "the others stay");

    document.remove(&place);
    let removed = document.text();
    assert_eq!(entries(&parsed(&removed, host)), before);
    assert_eq!(value(&removed, host), value(text, host), "as it was");
}

fn parsed(text: &str, host: &KnownHost) -> Document {
    Document::parse(text, host).unwrap_or_else(|flaw| panic!("{flaw} in {text:?}"))
}

fn added() -> NewEntry {
    NewEntry {
        name: NAME.to_owned(),
        command: "/opt/bin/mcp-tether".to_owned(),
        arguments: vec!["https://mcp.example.com/mcp".to_owned(), "a \"b\" \\c\n".to_owned()],
        variables: vec![("KEY".to_owned(), "é".to_owned())],
    }
}

type Said = (String, Vec<String>, Vec<String>, Vec<(String, String)>);

fn entries(document: &Document) -> Vec<Said> {
    let said = |entry: &HostEntry| {
        let place = entry.place.clone();
        (place.name, place.section, entry.words.clone(), entry.variables.clone())
    };
    document.entries().iter().map(said).collect()
}

/// The whole content, without sections that are empty.
fn value(text: &str, host: &KnownHost) -> Value {
    let mut value = match host.format {
        Format::Toml => {
            let table = text.parse::<toml_edit::DocumentMut>().expect("TOML");
            let mut out = serde_json::Map::new();
            for (key, item) in table.iter() {
                out.insert(key.to_owned(), Value::from(item.to_string()));
            }
            // Tables print without their keys; what stands in them is compared through `entries`.
            out.retain(|_, value| value.as_str() != Some(""));
            Value::Object(out)
        }
        Format::Yaml => yaml(text),
        _ => jsonc_parser::parse_to_ast(text, &Default::default(), &Default::default())
            .expect("JSON")
            .value
            .map_or_else(|| Value::Object(Default::default()), Value::from),
    };
    prune(&mut value);
    value
}

/// The content of a document in YAML. What aliases stand for is not looked up.
fn yaml(text: &str) -> Value {
    let mut open: Vec<(Value, Option<String>)> = Vec::new();
    let mut root = Value::Null;
    // The parser counts an empty last line without a line break as one with it.
    let rest = text.trim_end_matches([' ', '\t']);
    let text = if rest.ends_with(['\r', '\n']) { rest } else { text };
    for event in saphyr_parser::Parser::new_from_str(text) {
        let done = match event.expect("YAML").0 {
            Event::SequenceStart(..) => {
                open.push((json!([]), None));
                continue;
            }
            Event::MappingStart(..) => {
                open.push((json!({}), None));
                continue;
            }
            Event::Scalar(text, ScalarStyle::Plain, ..)
                if matches!(&*text, "" | "~" | "null" | "Null" | "NULL") =>
            {
                Value::Null
            }
            Event::Scalar(text, ..) => json!(text),
            Event::Alias(_) => json!({ "alias": 1 }),
            Event::SequenceEnd | Event::MappingEnd => open.pop().expect("an open value").0,
            _ => continue,
        };
        match open.last_mut() {
            None => root = done,
            Some((Value::Array(items), _)) => items.push(done),
            Some((Value::Object(members), key)) => match key.take() {
                None => *key = Some(done.to_string()),
                Some(key) => drop(members.insert(key, done)),
            },
            Some(_) => {}
        }
    }
    root
}

fn prune(value: &mut Value) {
    if value.is_null() {
        // An empty document.
        *value = json!({});
    }
    if let Some(members) = value.as_object_mut() {
        members.values_mut().for_each(prune);
        members.retain(|_, value| {
            value.as_object().is_none_or(|inner| !inner.is_empty()) && !value.is_null()
        });
    }
}
