//! Checks that files and functions named in `ARCHITECTURE.md` and in the pages for contributors
//! exist.

use crate::layering::{EVERYONE_MAY_USE, RULES};
use crate::support::rust_code::Code;
use crate::support::sources::{self, SourceFile};

const PAGE: &str = "ARCHITECTURE.md";
/// The folders that a path on a page may be relative to.
const BASES: [&str; 4] = ["", "src/", "crates/mcp-tether-wire/src/", "crates/mcp-tether-mock/src/"];

#[test]
fn every_file_that_is_named_exists() {
    let mut missing = Vec::new();
    for page in [PAGE, "CONTRIBUTING.md", "SECURITY.md", "fuzz/README.md", "docs/security.md"] {
        for path in paths(&sources::read(page)) {
            let exists = |base: &&str| sources::root().join(format!("{base}{path}")).exists();
            if !BASES.iter().any(exists) {
                missing.push(format!("{page}: {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The steps that the loop calls: with a line of the host, and with an event of the remote.
const CALLED_BY_LOOP: [&str; 2] = ["Bridge::handle_line", "Bridge::handle_event"];

/// A line takes nine functions on its way, each of which the page names with its file. The loop
/// calls the first of each direction, and each calls the next.
#[test]
fn the_way_of_a_message_is_made_of_functions_that_call_each_other() {
    let page = sources::read(PAGE);
    let section = section(&page, "## The way of a line, out and back");
    let steps: Vec<_> = section.lines().filter_map(step).collect();
    assert_eq!(steps.len(), 9);
    let the_loop = sources::read("src/bridge/mod.rs");
    let mut before = String::new();
    for (function, file) in steps {
        let name = function.rsplit("::").next().unwrap();
        let is_called = |text: &str| {
            [format!(".{name}("), format!("Self::{name}")].iter().any(|call| text.contains(call))
        };
        let caller = if CALLED_BY_LOOP.contains(&function) { &the_loop } else { &before };
        assert!(is_called(caller), "what stands before `{function}` does not call it");
        before = body(name, file);
    }
    assert!(the_loop.contains("host.reader.next()") && before.contains("host.writer.push("));
}

/// The table of imports says what the test of the layers holds.
#[test]
fn the_page_says_who_may_import_whom() {
    let page = sources::read(PAGE);
    let section = section(&page, "## Who may import whom");
    let list = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    for (module, below) in RULES {
        let row = format!("| `{module}` | {} |", list(below));
        let row = row.replace("|  |", "| – |");
        assert!(section.contains(&row), "{PAGE} needs the row\n{row}");
    }
    assert!(section.contains(&list(&EVERYONE_MAY_USE)), "{}", list(&EVERYONE_MAY_USE));
    let rows = section.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, RULES.len(), "a row for a module that is gone");
}

fn section<'t>(page: &'t str, heading: &str) -> &'t str {
    let (_, rest) = page.split_once(&format!("{heading}\n")).unwrap_or_else(|| panic!("{heading}"));
    rest.split("\n## ").next().unwrap()
}

/// Returns the function and the file of `1. `Type::function` (`folder/file.rs`) …`.
fn step(line: &str) -> Option<(&str, &str)> {
    let (number, rest) = line.split_once(". `")?;
    number.parse::<u8>().ok()?;
    let (function, rest) = rest.split_once("` (`")?;
    Some((function, rest.split_once("`)")?.0))
}

/// Returns the text of this function.
fn body(name: &str, file: &str) -> String {
    let path = format!("src/{file}");
    let source = SourceFile { text: sources::read(&path), path };
    let functions = Code::of(&source).functions();
    let function = functions.iter().find(|function| function.name == name);
    let function = function.unwrap_or_else(|| panic!("there is no `{name}` in {file}"));
    let lines = source.text.lines().skip(function.line - 1).take(function.lines);
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the code in backticks that looks like a path: with a slash, or with the extension of a
/// source file.
fn paths(page: &str) -> Vec<&str> {
    let prose = page.split("```").step_by(2);
    let spans = prose.flat_map(|prose| prose.split('`').skip(1).step_by(2));
    let is_path = |span: &&str| {
        let of_word = span.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.".contains(c));
        let ends = [".rs", ".md", ".toml", ".tsv", ".mjs", ".sh", "/"];
        of_word
            && ends.iter().any(|end| span.ends_with(end))
            && !span.starts_with(['/', '.', '-'])
            && span.contains(['/', '.'])
    };
    spans.filter(is_path).filter(|span| span.contains('/') || span.ends_with(".rs")).collect()
}
