//! Every command line that people read is one that works: in README, on the pages of `docs/`, in
//! the help, and in hints and errors of the source. All of them are parsed; those that need no
//! person and no other machine are run against the mock.

use std::collections::BTreeSet;
use std::path::Path;

use mcp_tether::cli;
use mcp_tether_mock::{Auth, MockOptions, MockRemote, ProductName};

use crate::cli_help::commands;
use crate::support::home::Home;
use crate::support::process::Program;
use crate::support::sources;

const EXAMPLE: &str = "https://mcp.example.com/mcp";

/// A command line, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Documented {
    line: String,
    place: String,
}

/// Lines of fenced blocks, and code in backticks.
fn in_markdown(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (position, part) in text.split("```").enumerate() {
        if position % 2 == 0 {
            let prose = part.split('`').skip(1).step_by(2);
            let spans = prose.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "));
            found.extend(spans.filter(|span| span.starts_with("mcp-tether ")));
            continue;
        }
        let (language, block) = part.split_once('\n').unwrap_or_default();
        if matches!(language, "sh" | "console" | "powershell") {
            found.extend(in_lines(block));
        }
    }
    found
}

/// Lines that begin with the program's name, after a prompt or a pipe; a backslash continues one.
fn in_lines(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(|line| line.trim_start().trim_start_matches("$ "));
    let after_pipe = |line: &str| match line.split_once("| mcp-tether ") {
        Some((_, rest)) if !line.starts_with("mcp-tether ") => format!("mcp-tether {rest}"),
        _ => line.to_owned(),
    };
    lines.map(after_pipe).filter(|line| line.starts_with("mcp-tether ")).collect()
}

/// Code in backticks within the strings of a source file.
fn in_source(text: &str) -> Vec<String> {
    let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let strings = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let joined = strings.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let spans = joined.split('`').skip(1).step_by(1);
    let spans = spans.filter(|span| span.starts_with("mcp-tether ") && !span.contains('\n'));
    spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn documented() -> BTreeSet<Documented> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    let mut add = |place: &str, lines: Vec<String>| {
        found.extend(lines.into_iter().map(|line| Documented { line, place: place.to_owned() }));
    };
    for file in sources::files(&["docs"], &[".md"]) {
        if file.path != "docs/reference.md" {
            add(&file.path, in_markdown(&file.text));
        }
    }
    add("README.md", in_markdown(&std::fs::read_to_string(root.join("README.md")).unwrap()));
    for command in commands() {
        let help = Program::new(command.iter().copied().chain(["--help"])).run().stdout;
        let examples = help.split("\nExamples:\n").nth(1).unwrap_or_default();
        let place = format!("mcp-tether {} --help", command.join(" "));
        add(&place, in_lines(examples.split("\n\n").next().unwrap_or_default()));
        add(&place, in_lines(examples));
    }
    for file in sources::files(&["src"], &[".rs"]) {
        add(&file.path, in_source(&file.text));
    }
    found
}

#[test]
fn every_command_is_in_the_table_of_the_readme() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let section = readme.split("\n## Commands\n\n").nth(1).expect("the section `Commands`");
    let table = section.split("\n\n").next().unwrap();
    let code = table.split('`').skip(1).step_by(2);
    let named: Vec<_> =
        code.filter_map(|code| code.trim_start_matches("mcp-tether ").split(' ').next()).collect();
    for command in commands().iter().filter(|command| command.len() == 1) {
        assert!(named.contains(&command[0]), "README has no row for `{}`", command[0]);
    }
}

/// Returns the words of a shell's command line, up to a pipe, a redirection or a comment; `None` if
/// a quotation has no end.
pub fn shell_words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' | '"' => {
                let text = word.get_or_insert_default();
                loop {
                    match characters.next()? {
                        end if end == character => break,
                        '\\' if character == '"' => text.push(characters.next()?),
                        other => text.push(other),
                    }
                }
            }
            ' ' => words.extend(word.take()),
            '|' | '>' | '&' | '#' | ';' if word.is_none() => break,
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

/// Returns a command line with values for its placeholders; `None` if it names only a kind of
/// command, such as `mcp-tether … --flag`.
fn filled_in(line: &str) -> Option<Vec<String>> {
    let mut words = shell_words(line)?;
    let after = |words: &[String], position: usize| words[position - 1].clone();
    for position in 1..words.len() {
        let word = words[position].trim_end_matches(['.', ',', ';']).to_owned();
        let before = after(&words, position);
        words[position] = match word.as_str() {
            "URL" | "[URL]" | "{url}" | "{server}" | "{shown}" => EXAMPLE.to_owned(),
            "[PORT]" | "PORT" => "3334".to_owned(),
            "NAME" | "{}" | "{name}" if before == "--host" => "vscode".to_owned(),
            "{host}" | "{near}" | "{first}" if before == "--host" => "vscode".to_owned(),
            "token-job" | "{command}" if before == "mcp-tether" => return None,
            "{}" if matches!(
                before.as_str(),
                "login" | "logout" | "tools" | "install" | "doctor"
            ) =>
            {
                EXAMPLE.to_owned()
            }
            "{words}" => EXAMPLE.to_owned(),
            "NAME" | "TOOL" if before == EXAMPLE && words[1] == "tools" => {
                "find_products".to_owned()
            }
            "PLACE" => "file".to_owned(),
            "SHELL" => "bash".to_owned(),
            "COMMAND" | "VERB" => "login".to_owned(),
            _ if word.contains('…') || word.starts_with('[') => return None,
            _ if position == 1 && word.contains('{') => return None,
            _ if word.starts_with('{') || word.contains("{}") => return None,
            _ => word,
        };
    }
    Some(words)
}

#[test]
fn every_documented_command_line_is_one() {
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for Documented { line, place } in documented() {
        // A command's name alone is not a command line.
        let Some(words) = filled_in(&line).filter(|words| words.len() > 2) else { continue };
        checked += 1;
        if let Err(error) = cli::check(&words) {
            wrong.push(format!("{place}: `{line}`\n  {}", error.message()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 150, "only {checked} command lines were found");
}

/// Returns whether a command line can be run here: it needs no person, and ends by itself.
fn can_run(words: &[String]) -> bool {
    let is = |position: usize, word: &str| words.get(position).is_some_and(|other| other == word);
    let has = |flag: &str| words.iter().any(|word| word.split('=').next() == Some(flag));
    // These need what only the reader has.
    let needs_more =
        ["--header", "--header-file", "--token-file", "--ca-cert", "--proxy", "--config"];
    if needs_more.iter().any(|flag| has(flag)) {
        return false;
    }
    match words.get(1).map(String::as_str) {
        Some("tools" | "call" | "prompts" | "resources" | "read" | "info") => words.len() > 2,
        Some("logout" | "forget") => words.len() > 2,
        Some("status" | "completions" | "help") => true,
        Some("doctor") => !has("--watch"),
        Some("install") => words.len() > 3 && has("--host"),
        Some("migrate") => has("--dry-run"),
        Some("config") => words.len() > 2,
        Some("secret") => is(2, "list"),
        Some("demo") => has("--talk"),
        Some("mock") => has("--list"),
        Some("-h" | "--help" | "-V" | "--version") => true,
        _ => false,
    }
}

#[test]
fn every_documented_command_that_can_run_here_works() {
    let shop = MockOptions { auth: Auth::Open, ..MockOptions::of(ProductName::Egrow) };
    let shop = MockRemote::start(shop).unwrap();
    let lab =
        MockRemote::start(MockOptions { auth: Auth::Open, ..MockOptions::default() }).unwrap();
    let (shop_url, lab_url) = (shop.url().to_string(), lab.url().to_string());
    let url = |words: &[String]| match words[1].as_str() {
        "prompts" | "read" => lab_url.clone(),
        _ => shop_url.clone(),
    };
    let lines: BTreeSet<Vec<String>> = documented()
        .into_iter()
        .filter(|documented| !documented.place.starts_with("src/"))
        .filter_map(|documented| filled_in(&documented.line))
        .filter(|words| can_run(words))
        .map(|words| words.iter().map(|word| word.replace(EXAMPLE, &url(&words))).collect())
        .collect();
    let mut wrong = Vec::new();
    for words in &lines {
        let finished = Home::new().run(&words[1..].iter().map(String::as_str).collect::<Vec<_>>());
        // Some hosts do not exist on every system.
        let is_elsewhere = finished.stderr.contains("does not run on this system");
        if finished.code != Some(0) && !is_elsewhere {
            wrong.push(format!("{}\n{}", words.join(" "), finished.shown()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lines.len() > 30, "only {} command lines were run", lines.len());
}

#[test]
fn a_command_line_is_read_as_a_shell_reads_it() {
    let words = |line: &str| shell_words(line).unwrap().join("|");
    assert_eq!(
        words("mcp-tether call u t --json '{\"a\": 1}' | jq ."),
        "mcp-tether|call|u|t|--json|{\"a\": 1}"
    );
    assert_eq!(words("mcp-tether x \"a b\"  # why"), "mcp-tether|x|a b");
    assert_eq!(shell_words("mcp-tether 'open"), None);
    let lines = in_markdown(
        "see `mcp-tether\nstatus` and\n```sh\npass x | mcp-tether secret set y\nls\n```\n",
    );
    assert_eq!(lines, ["mcp-tether status", "mcp-tether secret set y"]);
}
