//! What is added, set and removed, and that everything else stays.

use serde_json::{Map, json};

use super::*;
use crate::hosts::entry_shape::{Expansion, Format};

const SHAPE: EntryShape =
    EntryShape { format: Format::Yaml, fields: &[], expansion: Expansion::Known };

fn parsed(text: &str) -> YamlText {
    YamlText::parse(text, SHAPE, &["extensions"]).unwrap()
}

fn members() -> Vec<(String, Value)> {
    let members = json!({ "cmd": "/opt/x y", "args": ["https://a.example/mcp", "é\u{85}\n"] });
    members.as_object().unwrap().clone().into_iter().collect()
}

fn set(text: &mut YamlText, place: &EntryPlace, members: &[(&'static str, Value)]) {
    let members = members.to_vec();
    text.set(&[EntryEdit { place: place.clone(), nesting: Nesting::None, members }]);
}

#[test]
fn what_is_added_is_read_back_and_removed_without_a_trace() {
    for before in [
        "GOOSE_MODEL: x # mine\n",
        "# only a comment\n",
        "",
        "a: 1",
        "extensions:\n  developer:\n    enabled: true # keep\n    args:\n    - a\n\n\
         # after\nz: 1\n",
        "extensions:\r\n    d:\r\n        cmd: x\r\nz: |\r\n  text\r\n",
        "é: \"ü\"\nextensions:\n  d: { cmd: x }\n",
        "    a: 1\n    b: x\n",
        "a: é\nextensions:\n  d:\n    cmd: é\n",
        "extensions : # c\n  d:\n    cmd: x\n    # last\n# after\n",
        "...\na: 1\n... # c\n",
        "&k a: &v {b: 1}\nextensions: &e\n  d: &d\n    cmd: \"x\" # [\nz: *e\n",
        "a: |+\n  t\n\n  ",
        "a: |\n  t\n  ",
        "a: 1\nz: |\n  t",
        "a: 1\nz:\n- >+\n  t",
        "extensions:\n  d:\n    cmd: x\n    about: |\n      t",
        "extensions:\n  d:\n    about: |+\n    cmd: x\n  e: # c\n    cmd: >2+\n\n       x\n\n",
        "    extensions:\n        d:\n            about: |   # deep\n    z: 1\n",
        "a: 1\nextensions:\n  d:\n    ? cmd\n    : x\n  e: !!str\n  f: &\u{2028}f",
        "a:\n  - b\n  # c\nz: ['a' # ]\n  , \"b\" ] # ]\n",
    ] {
        let mut text = parsed(before);
        text.add("my shop", &members());
        let added = parsed(&text.text());
        let entry = added.entries.iter().find(|entry| entry.place.name == "my shop");
        let entry = entry.unwrap_or_else(|| panic!("{}", text.text()));
        assert_eq!(entry.words, ["/opt/x y", "https://a.example/mcp", "é\u{85}\n"]);
        let place = entry.place.clone();
        text.remove(&place);
        if text.text() != before {
            text.remove_empty_section();
        }
        assert_eq!(text.text(), before);
    }
}

#[test]
fn an_empty_section_is_filled() {
    for (before, emptied) in [
        ("extensions: {}\n", "extensions: {}\n"),
        ("extensions:\nz: 1\n", "extensions: {}\nz: 1\n"),
        ("extensions: # none yet\nz: 1\n", "extensions: {} # none yet\nz: 1\n"),
        ("extensions :\n  # none\n  ~\nz: 1\n", "extensions : {}\n  # none\nz: 1\n"),
        ("extensions: &a {} # c\nz: *a\n", "extensions: &a {} # c\nz: *a\n"),
        ("extensions:\n &a  ~\nz: 1\n", "extensions:\n &a {}\nz: 1\n"),
        ("{}\n", "extensions: {}\n"),
        ("--- {} # c\n...\n", "---  # c\nextensions: {}\n...\n"),
        ("# c\n~", "# c\nextensions: {}\n"),
    ] {
        let mut text = parsed(before);
        text.add("shop", &members());
        assert_eq!(parsed(&text.text()).entries.len(), 1, "{}", text.text());
        let place = text.entries[0].place.clone();
        text.remove(&place);
        assert_eq!(text.text(), emptied);
    }
}

/// Comments that are indented as if they belonged to an entry would otherwise become part of a
/// text above them.
#[test]
fn an_entry_goes_with_its_comments_and_leaves_those_of_others() {
    for (before, after) in [
        (
            "extensions:\n  a:\n    about: |\n      t\n  d:\n    cmd: x\n      # d\n\n  # z\n",
            "extensions:\n  a:\n    about: |\n      t\n\n  # z\n",
        ),
        (
            "extensions:\n  a:\n    about: |+\n      t\n  d:\n    cmd: x\n\nz: 1\n",
            "extensions:\n  a:\n    about: |+\n      t\nz: 1\n",
        ),
        ("extensions:\n  d:\n    about: |\n    # mine\n  e: x\n", "extensions:\n  e: x\n"),
        ("extensions:\n  d: { cmd: 'x' } # }\n  e: x", "extensions:\n  e: x"),
    ] {
        let mut text = parsed(before);
        let place = EntryPlace { section: vec!["extensions".into()], name: "d".into() };
        text.remove(&place);
        assert_eq!(text.text(), after);
    }
}

/// Nothing is edited if something else would be lost with it.
#[test]
fn an_edit_that_changes_anything_else_is_not_made() {
    let before = "extensions:\n  d: &d\n    cmd: x\nz: *d\n";
    let mut text = parsed(before);
    let place = text.entries[0].place.clone();
    text.remove(&place);
    assert_eq!(text.text(), before);

    let before = "extensions:\n  d:\n    cmd: &c |\n      x\n    z: *c\n";
    let mut text = parsed(before);
    set(&mut text, &place, &[("cmd", json!("y"))]);
    assert_eq!(text.text(), before);
}

#[test]
fn a_command_is_replaced_and_what_is_beside_it_stays() {
    let before = r"
extensions:
  shop:
    cmd: npx # the old way
    args:
      - -y
      - mcp-remote
    enabled: true
  next:
    cmd: x
";
    let mut text = parsed(before);
    let place = text.entries[0].place.clone();
    set(&mut text, &place, &[("cmd", json!("/bin/new")), ("args", json!(["u", "- v"]))]);
    let expected = r#"
extensions:
  shop:
    cmd: /bin/new # the old way
    args:
    - u
    - "- v"
    enabled: true
  next:
    cmd: x
"#;
    assert_eq!(text.text(), expected);
    set(&mut text, &place, &[("envs", json!({ "A": "b" }))]);
    assert_eq!(parsed(&text.text()).entries[0].variables, [("A".to_owned(), "b".to_owned())]);
}

#[test]
fn an_entry_in_braces_is_edited_in_its_braces() {
    for (before, expected) in [
        (
            "extensions:\n  d: { cmd: npx, args: [mcp-remote, 'u'] } # mine\n",
            "extensions:\n  d: { cmd: /bin/new, args: [u, \"- v\"] } # mine\n",
        ),
        (
            "extensions:\n  d: { cmd: npx }\n  e: { cmd: x }\n",
            "extensions:\n  d: { cmd: /bin/new, args: [u, \"- v\"] }\n  e: { cmd: x }\n",
        ),
        (
            "extensions:\n  d: {\n    args: [mcp-remote,\n      u],\n    cmd: npx, }\nz: 1\n",
            "extensions:\n  d: {\n    args: [u, \"- v\"],\n    cmd: /bin/new, }\nz: 1\n",
        ),
        (
            "extensions:\n  d:\n    cmd: npx\n    args: [mcp-remote, u] # mine\n",
            "extensions:\n  d:\n    cmd: /bin/new\n    args: [u, \"- v\"] # mine\n",
        ),
        (
            "extensions:\n  d:\n    cmd: 'npx' # '\n    args: [mcp-remote, u # ]\n     ] # ]\n",
            "extensions:\n  d:\n    cmd: /bin/new # '\n    args: [u, \"- v\"] # ]\n",
        ),
        (
            "extensions:\n  d:\n    cmd: |-\n      npx\n    args: &a [mcp-remote, u]\n",
            "extensions:\n  d:\n    cmd: /bin/new\n    args: &a [u, \"- v\"]\n",
        ),
    ] {
        let mut text = parsed(before);
        let place = text.entries[0].place.clone();
        set(&mut text, &place, &[("cmd", json!("/bin/new")), ("args", json!(["u", "- v"]))]);
        assert_eq!(text.text(), expected);
        set(&mut text, &place, &[("envs", json!({ "A": "b c" }))]);
        assert_eq!(text.entries[0].variables, [("A".to_owned(), "b c".to_owned())]);
        assert_eq!(text.entries.len(), parsed(before).entries.len());
    }
}

/// After `|+`, empty lines are part of the text.
#[test]
fn the_last_lines_of_a_text_stay_with_it() {
    for before in [
        "extensions:\n  d:\n    cmd: x\n    description: |+\n      a\n\n\n",
        "extensions:\n  d:\n    cmd: x\n    description: |+\n\n\n",
        "extensions:\n  d:\n    about: >2+\n        a\n\n\n    cmd: x\n  e:\n    cmd: y\n",
        "extensions:\r\n  d:\r\n    cmd: x\r\n    description: |+\r\n      a\r\n\r\nz: 1\r\n",
        "extensions:\n  d:\n    cmd: x\n    description: |\n      a\n\n\nz: 1\n",
        "extensions:\n  d:\n    cmd: x\n    description: |-\n      a\n\n# b\n\nz: 1\n",
        "extensions: {}\nz: |+\n  a\n\n",
        "a: 1\nz: |+\n  a\n\n",
        "a: 1\nz: |+\n  a\n\n...\n",
        "a: 1\rz: |+\r  a\r\r",
        "extensions:\r  d:\r    cmd: x\r    about: |+\r      a\r\rz: 1\r",
        "extensions:\n  d:\n    cmd: x\n    envs:\n      A\r: \"b\"\n\nz: 1\n",
    ] {
        let all = |text: &str| value_of(text, "shop");
        let mut text = parsed(before);
        text.add("shop", &members());
        assert_eq!(all(&text.text()), all(before), "{}", text.text());
        let place = text.entries.last().unwrap().place.clone();
        assert_eq!(place.name, "shop");
        text.remove(&place);
        assert_eq!(all(&text.text()), all(before), "{}", text.text());
        if text.entries.is_empty() {
            continue;
        }
        assert_eq!(text.text(), before);
        let first = text.entries[0].place.clone();
        set(&mut text, &first, &[("args", json!(["u"]))]);
        assert_eq!(text.entries[0].words, ["x", "u"]);
        text.remove(&first);
        assert!(parsed(&text.text()).entries.len() < parsed(before).entries.len());
    }
}

/// The values of a text, without the entry of this name and without empty sections.
fn value_of(text: &str, name: &str) -> Value {
    let mut value = parse(text).unwrap().unwrap().value();
    let root = value.as_object_mut().unwrap();
    if let Some(entries) = root.get_mut("extensions").and_then(Value::as_object_mut) {
        entries.remove(name);
    }
    root.retain(|_, value| !value.as_object().is_some_and(Map::is_empty) && *value != "");
    value
}

#[test]
fn what_cannot_be_edited_for_sure_is_refused_with_its_place() {
    for (text, fault) in [
        ("- a\n", "line 1, column 1: this is not a mapping"),
        ("a: 1\n---\nb: 2\n", "second document"),
        ("extensions: [a]\n", "`extensions` is not a mapping"),
        ("extensions: { a: { cmd: x } }\n", "in braces"),
        ("extensions:\n  a: {}\n  a: {}\n", "line 3, column 3: duplicate key `a`"),
        ("a: 'open\n", "line"),
        ("a: [\n", "line"),
        ("''\n", "line 1, column 1: this is not a mapping"),
        ("&a {}\n", "in braces"),
        ("extensions: &a { a: { cmd: x } }\n", "in braces"),
        ("? a\n: b\n", "line 1, column 3: this key is not written as `key: value`"),
        ("\ta: 1\n", "this key is not written as `key: value`"),
        ("? extensions\n: a: {}\n", "this key is not written as `key: value`"),
        ("extensions:\n  ? a\n  : cmd: x\n", "line 2, column 5: this key is not written as"),
        ("a: 1\n\u{feff}b: 2\n", "line 2, column 1: a byte order mark inside the text"),
        (&"[".repeat(200), "nested too deeply"),
    ] {
        let error = YamlText::parse(text, SHAPE, &["extensions"]).err().unwrap().to_string();
        assert!(error.contains(fault), "{text:?}: {error}");
    }
}

#[test]
fn aliases_are_not_followed() {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for n in 1..60 {
        text += &format!("a{n}: &a{n} [*a{}, *a{}]\n", n - 1, n - 1);
    }
    assert_eq!(parsed(&text).entries.len(), 0);
}
