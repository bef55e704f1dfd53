//! Every rule that the code cites is in `docs/rules.md`, and every rule there is proved by a test
//! that cites it. Citations of other pages resolve too.

use std::collections::{BTreeMap, BTreeSet};

use super::docs::anchors;
use crate::support::sources::{self, SourceFile, TestFunction, test_functions};

const PAGE: &str = "docs/rules.md";
const LEVELS: [&str; 7] = ["MUST", "MUST†", "MUST NOT", "SHOULD", "SHOULD†", "MAY", "MAY†"];

/// A row of the page.
#[derive(Debug, PartialEq, Eq)]
struct Rule {
    id: String,
    level: String,
    words: String,
    source: String,
    tests: Vec<String>,
}

/// A test, and whether it tests the mock and no bridge.
struct Proof<'t> {
    test: TestFunction<'t>,
    is_of_mock: bool,
}

#[test]
fn every_rule_that_is_cited_exists() {
    let rules = rules(&sources::read(PAGE));
    let unknown = unknown_citations(&rules, &citing_files());
    assert!(unknown.is_empty(), "cited, but not in {PAGE}:\n{}", unknown.join("\n"));
}

#[test]
fn every_rule_is_proved_by_tests_that_cite_it() {
    let files = sources::rust_files();
    let faults = faults(&rules(&sources::read(PAGE)), &tests_by_name(&files));
    assert!(faults.is_empty(), "{PAGE}:\n{}", faults.join("\n"));
}

/// The promises of the page on security are numbered in their order, and each names tests that
/// exist.
#[test]
fn every_promise_of_the_security_page_has_its_tests() {
    let files = sources::rust_files();
    let (tests, page) = (tests_by_name(&files), sources::read("docs/security.md"));
    let faults = promise_faults(&page, &tests);
    assert!(faults.is_empty(), "docs/security.md:\n{}", faults.join("\n"));
    let broken = page.replace("`no_shell_is_ever_started`", "`no_such_test`");
    assert_eq!(promise_faults(&broken, &tests).len(), 1, "a test that is gone is found");
    let renumbered = page.replace("| 15 |", "| 16 |");
    assert_eq!(promise_faults(&renumbered, &tests).len(), 1, "a gap is found");
}

fn promise_faults(page: &str, tests: &BTreeMap<&str, Vec<Proof<'_>>>) -> Vec<String> {
    let (mut faults, mut count) = (Vec::new(), 0);
    for line in page.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [number, _, named] = cells[..] else { continue };
        let Ok(number) = number.parse::<usize>() else { continue };
        count += 1;
        let named: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        if number != count {
            faults.push(format!("promise {number} stands at place {count}"));
        } else if named.is_empty() || named.iter().any(|name| !tests.contains_key(name)) {
            faults.push(format!("promise {number}: a test is missing: {named:?}"));
        }
    }
    if count < 10 {
        faults.push(format!("only {count} promises are found"));
    }
    faults
}

/// `docs/….md#section` in a comment names a page and a heading that exist.
#[test]
fn every_page_that_code_cites_exists() {
    let dead: Vec<_> = sources::rust_files().iter().flat_map(dead_citations).collect();
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

/// Each check is shown a page or a source that is wrong in its own way.
#[test]
fn what_is_wrong_is_found() {
    let id = |number: u32| format!("T-{number}");
    let row = |number: u32, level: &str, test: &str| {
        format!("| {} | {level} | Do it. | RFC 1 | `{test}` |\n", id(number))
    };
    let source = format!("/// {}: why\n#[test]\nfn it_is_done() {{\n    done();\n}}\n", id(91));
    let file = SourceFile { path: "a.rs".to_owned(), text: source };
    let files = [file];
    let faults_of = |page: &str| faults(&rules(page), &tests_by_name(&files));

    let good = row(91, "MUST", "it_is_done");
    assert_eq!(faults_of(&good), [""; 0]);
    assert_eq!(unknown_citations(&rules(&good), &files), [""; 0]);
    assert_eq!(unknown_citations(&rules(&row(92, "MUST", "x")), &files).len(), 1, "unknown id");
    assert_eq!(faults_of(&row(91, "PERHAPS", "it_is_done")).len(), 1, "no such level");
    assert_eq!(faults_of(&row(91, "MUST", "it_is_gone")).len(), 1, "no such test");
    assert_eq!(faults_of(&row(92, "MUST", "it_is_done")).len(), 1, "cites another rule");
    assert_eq!(faults_of(&good.replace("`it_is_done`", "")).len(), 1, "no test");
    assert_eq!(faults_of(&good.replace("RFC 1", "")).len(), 1, "no source");
    assert_eq!(faults_of(&good.repeat(2)).len(), 1, "twice");

    let of_mock = [SourceFile { path: "tests/it/mock_a.rs".to_owned(), ..files[0].clone() }];
    let faults_by_mock = |page: &str| faults(&rules(page), &tests_by_name(&of_mock)).len();
    assert_eq!(faults_by_mock(&good), 1, "proved for the mock only");
    assert_eq!(faults_by_mock(&good.replace("Do it.", "The mock does it.")), 0);

    let citing = |text: String| SourceFile { path: "a.rs".to_owned(), text };
    let page = |rest: &str| citing(format!("// see docs{rest}"));
    assert_eq!(dead_citations(&page("/hosts/README.md#started-twice")), [""; 0]);
    assert_eq!(dead_citations(&page("/hosts/README.md#no-such-heading")).len(), 1);
    assert_eq!(dead_citations(&page("/no-such-page.md")).len(), 1);
    assert_eq!(dead_citations(&citing(["see HOSTS", ".md 3"].concat())).len(), 1);
}

#[test]
fn ids_are_found_where_they_are_words() {
    let text = "(T-01, E-30 to E-33; O-7) UTF-8 1E-6 SHA-256 S-2560 ISO-8601 BAD-1";
    assert_eq!(ids(text).into_iter().collect::<Vec<_>>(), ["E-30", "E-33", "O-7", "T-01"]);
}

fn citing_files() -> Vec<SourceFile> {
    let endings = [".rs", ".mjs", ".sh", ".txt", ".md"];
    let mut files = sources::files(&["src", "crates", "tests", "fuzz", "docs"], &endings);
    files.retain(|file| file.path != PAGE);
    for page in ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"] {
        files.push(SourceFile { path: page.to_owned(), text: sources::read(page) });
    }
    files
}

fn rules(page: &str) -> Vec<Rule> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.split(" | ").map(str::trim).collect();
        let [id, level, words, source, tests] = cells[..] else { return None };
        let tests = tests.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let [id, level, words, source] = [id, level, words, source].map(str::to_owned);
        (ids(&id).len() == 1).then_some(Rule { id, level, words, source, tests })
    })
    .collect()
}

/// Returns the tests of each name, which several modules may use.
fn tests_by_name(files: &[SourceFile]) -> BTreeMap<&str, Vec<Proof<'_>>> {
    let mut tests = BTreeMap::<_, Vec<_>>::new();
    for file in files {
        let is_of_mock = ["crates/mcp-tether-mock/", "tests/it/mock_"]
            .iter()
            .any(|place| file.path.starts_with(place));
        for test in test_functions(&file.text) {
            tests.entry(test.name).or_default().push(Proof { test, is_of_mock });
        }
    }
    tests
}

fn unknown_citations(rules: &[Rule], files: &[SourceFile]) -> Vec<String> {
    let known: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    let cited = files.iter().flat_map(|file| ids(&file.text).into_iter().map(move |id| (file, id)));
    cited
        .filter(|(_, id)| !known.contains(id))
        .map(|(file, id)| format!("{}: {id}", file.path))
        .collect()
}

fn faults(rules: &[Rule], tests: &BTreeMap<&str, Vec<Proof<'_>>>) -> Vec<String> {
    let (mut faults, mut seen) = (Vec::new(), BTreeSet::new());
    for Rule { id, level, words, source, tests: named } in rules {
        let mut fault = |what: String| faults.push(format!("{id}: {what}"));
        if !seen.insert(id) {
            fault("has two rows".to_owned());
        }
        if !LEVELS.contains(&level.as_str()) {
            fault(format!("`{level}` is not a level"));
        }
        if source.is_empty() {
            fault("has no source".to_owned());
        }
        if named.is_empty() {
            fault("no test proves it".to_owned());
        }
        let mut proofs = named.iter().filter_map(|name| tests.get(name.as_str())).flatten();
        let cites = |proof: &Proof<'_>| ids(proof.test.text).contains(id.as_str());
        let has_proofs = named.iter().all(|name| tests.contains_key(name.as_str()));
        if has_proofs
            && !named.is_empty()
            && !words.starts_with("The mock ")
            && proofs.all(|proof| proof.is_of_mock || !cites(proof))
            && named.iter().any(|name| tests[name.as_str()].iter().any(cites))
        {
            fault("only tests of the mock prove it".to_owned());
        }
        for name in named {
            match tests.get(name.as_str()) {
                None => fault(format!("there is no test `{name}`")),
                Some(found) if !found.iter().any(cites) => {
                    fault(format!("`{name}` does not cite it"));
                }
                Some(_) => {}
            }
        }
    }
    faults
}

fn dead_citations(file: &SourceFile) -> Vec<String> {
    let mut dead = Vec::new();
    for name in [["HOSTS", ".md"].concat(), ["DROP", "-IN"].concat()] {
        if file.text.contains(&name) {
            dead.push(format!("{}: {name} is not a page here", file.path));
        }
    }
    for (at, _) in file.text.match_indices("docs/") {
        let is_of_word = |c: char| c.is_alphanumeric() || "/-_.#".contains(c);
        let cited = &file.text[at..];
        let cited =
            cited[..cited.find(|c| !is_of_word(c)).unwrap_or(cited.len())].trim_matches('.');
        let (page, section) = cited.split_once('#').unwrap_or((cited, ""));
        if !page.ends_with(".md") || page.contains("…") {
            continue;
        }
        let text = std::fs::read_to_string(sources::root().join(page)).unwrap_or_default();
        let has_section = section.is_empty() || anchors(&text).iter().any(|a| a == section);
        if text.is_empty() || !has_section {
            dead.push(format!("{}: {cited}", file.path));
        }
    }
    dead
}

/// Returns the ids of rules in a text: a letter, a dash and one or two digits that stand alone.
fn ids(text: &str) -> BTreeSet<&str> {
    let is_of_word = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric());
    let bytes = text.as_bytes();
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices('-') {
        let is_ours = at > 0
            && b"ATSEOD".contains(&bytes[at - 1])
            && !(at > 1 && (is_of_word(bytes.get(at - 2)) || bytes[at - 2] == b'-'));
        let digits = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if is_ours && matches!(digits, 1 | 2) && !is_of_word(bytes.get(at + 1 + digits)) {
            found.insert(&text[at - 1..=at + digits]);
        }
    }
    found
}
