//! Who may use whom: reads the `crate::` paths of the sources. The rule itself stands in `lib.rs`.
//! That the mock uses nothing of the bridge is the compiler's work: it is a crate below this one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A module and the modules it may use, beside itself and what everyone may use.
const RULES: &[(&str, &[&str])] = &[
    ("cli", &["commands", "settings", "environment", "hosts"]),
    (
        "commands",
        &[
            "settings",
            "environment",
            "bridge",
            "host",
            "remote",
            "auth",
            "store",
            "hosts",
            "platform",
            "http",
        ],
    ),
    ("settings", &["environment", "remote", "auth", "http"]),
    ("bridge", &["host", "remote", "eras"]),
    ("eras", &[]),
    ("remote", &["auth", "http"]),
    ("auth", &["http", "platform"]),
    ("store", &["platform"]),
    ("platform", &[]),
    ("host", &[]),
    ("hosts", &[]),
    ("http", &[]),
    ("environment", &["platform"]),
    ("error", &[]),
    ("redact", &[]),
];
const EVERYONE_MAY_USE: [&str; 4] = ["jsonrpc", "protocol", "redact", "error"];

#[test]
fn every_module_uses_only_what_lies_below_it() {
    let mut wrong = Vec::new();
    for path in sources() {
        let module = module_of(&path);
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let (_, below) = RULES
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("`{module}` has no rule: add one to {}", file!()));
        for used in used_by(&std::fs::read_to_string(&path).unwrap()) {
            let shared = EVERYONE_MAY_USE.contains(&used.as_str());
            if used != module && !shared && !below.contains(&used.as_str()) {
                wrong.push(format!("{}: `{module}` uses `{used}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `main` knows nothing but how to hand over.
#[test]
fn the_program_itself_is_thin() {
    let main = std::fs::read_to_string(root().join("main.rs")).unwrap();
    assert!(main.lines().count() <= 30);
}

#[test]
fn paths_are_found_in_every_spelling() {
    let text = concat!(
        "use crate::error::{Error, Result};\n",
        "use crate::{bridge, host::Host, remote::{self, Limits}};\n",
        "    pub(super) use crate::redact::plain;\n",
        "fn f() { crate::settings::nearest(\"x\"); }\n",
        "// crate::comment::x\n",
        "/// see [`crate::docs`]\n",
    );
    let expected = ["bridge", "error", "host", "redact", "remote", "settings"];
    assert_eq!(used_by(text).into_iter().collect::<Vec<_>>(), expected);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 10, "the sources were not found");
    found
}

/// The first folder below `src`, or the file's own name.
fn module_of(path: &Path) -> String {
    let relative = path.strip_prefix(root()).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Every module `m` in `crate::m` and in `crate::{m, …}`.
fn used_by(text: &str) -> BTreeSet<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut used = BTreeSet::new();
    for (at, marker) in code.match_indices("crate::") {
        let rest = &code[at + marker.len()..];
        match rest.strip_prefix('{') {
            Some(group) => used.extend(members(group)),
            None => used.extend(word(rest)),
        }
    }
    used
}

/// The first word of each member of `a::b, c, {d}}` up to the brace that closes the group.
fn members(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut members) = (0_usize, true, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            _ if start && !character.is_whitespace() => {
                members.extend(word(&group[at..]));
                start = false;
            }
            _ => {}
        }
    }
    members
}

fn word(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let word = &text[..end];
    // Types re-exported at the top would be capitalised; there are none.
    (!word.is_empty()).then(|| word.to_owned())
}
