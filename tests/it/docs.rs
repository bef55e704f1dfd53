//! The documentation is true where that can be checked: links lead somewhere, commands parse,
//! entries of hosts are entries, and lists are complete.

use std::path::{Path, PathBuf};

use mcp_tether::hosts::{Document, HOSTS};

use crate::support::process::Program;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns all pages, without what tests and builds leave behind.
fn pages() -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root().to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !name.starts_with('.') && !matches!(name, "target" | "node_modules") {
                    folders.push(path);
                }
            } else if name.ends_with(".md") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 20, "the pages were not found");
    found
}

/// Returns the link targets outside of code.
fn links(text: &str) -> Vec<String> {
    let prose: Vec<&str> = text.split("```").step_by(2).collect();
    let prose: String = prose.concat().split('`').step_by(2).collect();
    prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// Returns the anchor that a heading gets where the pages are shown.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

pub(super) fn anchors(text: &str) -> Vec<String> {
    let prose: String = text.split("```").step_by(2).collect();
    let headings = prose.lines().filter_map(|line| line.strip_prefix('#'));
    headings.map(|heading| anchor(heading.trim_start_matches('#'))).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut dead = Vec::new();
    for page in pages() {
        let text = read(&page);
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            let leads = target.exists()
                && (heading.is_empty() || anchors(&read(&target)).iter().any(|a| a == heading));
            if !leads {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

/// Fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let start = format!("```{language}\n");
    let blocks = text.split(&start).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn every_host_has_a_page_whose_entry_is_an_entry_of_that_host() {
    let index = read(&root().join("docs/README.md"));
    let readme = read(&root().join("README.md"));
    let install = Program::new(["install", "--help"]).run().stdout;
    for host in &HOSTS {
        let page = format!("hosts/{}.md", host.id);
        assert!(index.contains(&format!("({page})")), "docs/README.md: {page}");
        assert!(readme.contains(&format!("`{}`", host.id)), "README.md: {}", host.id);
        let text = read(&root().join("docs").join(&page));
        assert!(text.contains(&format!("--host {}", host.id)), "{page}");
        let entries = ["json", "toml", "yaml"].map(|language| blocks(&text, language)).concat();
        for block in &entries {
            let document = Document::parse(block, host).unwrap_or_else(|e| panic!("{page}: {e}"));
            let shop = document.entry("shop").unwrap_or_else(|| panic!("{page}: no `shop`"));
            let expected = ["/usr/local/bin/mcp-tether", "https://mcp.example.com/mcp"];
            assert_eq!(shop.words, expected, "{page}");
        }
        assert!(!entries.is_empty() || host.id == "vscode-insiders", "{page} shows no entry");
        assert!(install.contains(host.id), "the help of `install`: {}", host.id);
    }
}

/// Commands on the pages name verbs and flags that exist.
#[test]
fn every_command_on_a_page_is_known() {
    let general = Program::new(["--help"]).run().stdout;
    let mut unknown = Vec::new();
    for page in pages().into_iter().filter(|page| page.starts_with(root().join("docs"))) {
        let text = read(&page);
        let lines = blocks(&text, "sh").concat();
        for line in lines.lines().filter(|line| line.starts_with("mcp-tether ")) {
            let line = line.split(" #").next().unwrap();
            // Quotation marks make one word of it: the command of another program, say.
            let words = shlex::split(line).unwrap_or_else(|| panic!("{}: {line}", page.display()));
            let verb = words[1].as_str();
            let help = match verb.contains("://") {
                true => general.clone(),
                false => general.clone() + &Program::new([verb, "--help"]).run().stdout,
            };
            let known = |word: &&str| {
                let flag = word.split('=').next().unwrap();
                help.split([' ', ',', '\n', '=']).any(|other| other == flag)
            };
            let flags = words.iter().map(String::as_str).filter(|word| word.starts_with("--"));
            let verb = Some(verb).filter(|verb| !verb.contains("://"));
            unknown.extend(
                verb.into_iter()
                    .chain(flags)
                    .filter(|word| !known(word))
                    .map(|word| format!("{}: {word} in `{line}`", page.display())),
            );
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}

/// Other users of the machine can read a command line, so no page shows a secret in one.
#[test]
fn no_command_on_a_page_holds_a_secret() {
    let mut shown = Vec::new();
    for page in pages().into_iter().filter(|page| page.starts_with(root().join("docs"))) {
        let text = read(&page);
        let prose: String = text.split("```").step_by(2).collect();
        let spans = prose.split('`').skip(1).step_by(2).map(str::to_owned);
        let lines = blocks(&text, "sh").concat();
        for code in lines.lines().map(str::to_owned).chain(spans) {
            let is_command = code.starts_with("mcp-tether ") || code.starts_with("--");
            let named = |value: &str| value.starts_with("${") || value.starts_with('…');
            let bearer = code.split_once("Bearer ").is_some_and(|(_, value)| !named(value));
            if is_command && (bearer || code.contains("client_secret")) {
                shown.push(format!("{}: {code}", page.display()));
            }
        }
    }
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

/// E-59: the kinds are part of the interface, so the page has them all.
#[test]
fn every_kind_of_failure_is_explained() {
    let source = read(&root().join("src/error/failure.rs"));
    let names: Vec<&str> = source
        .lines()
        .filter(|line| line.trim_start().starts_with("Self::"))
        .filter_map(|line| line.split_once("=> \"")?.1.split('"').next())
        .collect();
    assert!(names.len() >= 11, "{names:?}");
    let page = read(&root().join("docs/errors.md"));
    for name in names {
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
    }
}
