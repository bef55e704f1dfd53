//! The shape of the code: one meaning for one name, nothing too long.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::rust_code::{Code, raw_strings};
use crate::support::sources;

/// A file may have this many lines besides its tests, a function this many.
const MOST_LINES: usize = 450;
const MOST_LINES_OF_A_FUNCTION: usize = 60;

/// Data in tables, which would be no easier to read in two halves.
const LONG_TABLES: &[&str] = &["crates/mcp-tether-mock/src/products/egrow/shapes.rs"];

/// Functions that are lists of data: their files and names.
const LONG_LISTS: &[(&str, &str)] = &[
    ("crates/mcp-tether-mock/src/products/egrow/consistency.rs", "call"),
    ("crates/mcp-tether-mock/src/products/launchmystore/seed/look.rs", "sections"),
];

/// A line has at most this many columns, of code and of strings in it.
const MOST_COLUMNS: usize = 100;

/// Types that may share a name, and why.
const SHARED_NAMES: &[(&str, &str)] = &[
    ("Pair", "with cryptography, and without"),
    ("Parent", "a variant for each platform"),
    ("ProcessWatch", "a variant for each platform"),
];

/// Names that still mean two things. A name that becomes unique must be removed from this list.
const DUPLICATE_NAMES: &[&str] = &[];

/// Where tests let time pass, and why: everyone else waits with `tests/it/support/waiting.rs`, and
/// unit tests for an event.
const SLEEPS: &[(&str, &str)] = &[
    ("src/budget.rs", "the clock is paused: what takes its time"),
    ("src/host/writer.rs", "the clock is paused: a host that reads slowly"),
    ("src/platform/program_output.rs", "the end of a process that is nobody's child here"),
    ("src/remote/open_prompts.rs", "the clock is paused: answers that are slow"),
    ("src/remote/silence_limit.rs", "the clock is paused: chunks that are slow"),
    ("tests/bench/src/bench/bridge.rs", "the end of a process, timed more finely than others"),
    ("tests/bench/src/bench/figures/calls.rs", "memory has to come to rest"),
    ("tests/bench/src/bench/figures/idle.rs", "a time without work is what is measured"),
    ("tests/bench/src/bench/upstream/link.rs", "a network that is slow"),
    ("tests/bench/src/bench/upstream/mod.rs", "a network and a server that are slow"),
    ("tests/it/eras/legacy_host.rs", "a limit has to pass"),
    ("tests/it/last_lines.rs", "a host that writes slowly"),
    ("tests/it/odd_servers.rs", "how much happens in a given time"),
    ("tests/it/store_processes.rs", "a kill at any moment"),
    ("tests/it/streamable_http.rs", "a limit has to pass"),
    ("tests/it/support/authorization_server/mod.rs", "a token endpoint that is slow"),
    ("tests/it/support/waiting.rs", "the one place that looks again and again"),
];

/// The files in which a secret may leave this process, and in which way.
const EXITS: &[(&str, &str)] = &[
    ("src/auth/browser/sign_in.rs", "person"),
    ("src/auth/browser/sign_in.rs", "wire"),
    ("src/auth/client/authenticated_client.rs", "wire"),
    ("src/auth/client/authentication.rs", "wire"),
    ("src/auth/grants/authorization_code.rs", "wire"),
    ("src/auth/grants/jwt_bearer.rs", "wire"),
    ("src/auth/grants/revocation.rs", "wire"),
    ("src/auth/grants/token_endpoint.rs", "wire"),
    ("src/auth/grants/token_exchange.rs", "wire"),
    ("src/auth/records/registration.rs", "wire"),
    ("src/auth/records/secret_text.rs", "store"),
    ("src/auth/recovery.rs", "person"),
    ("src/auth/token_cache.rs", "wire"),
    ("src/bridge/without_remote/sign_in.rs", "person"),
    ("src/commands/durable_process.rs", "store"),
    ("src/commands/token_job.rs", "store"),
    ("src/http/proxy.rs", "wire"),
    ("src/settings/headers.rs", "wire"),
    ("src/store/api_keys.rs", "store"),
    ("src/store/saving.rs", "store"),
];

/// The files that work with an exposed secret inside this process: what they make of it must be a
/// [`Secret`] again, a digest, or a value without it.
const EXPOSURES: &[&str] = &[
    "src/auth/client/assertion_source.rs",
    "src/auth/client/authenticated_client.rs",
    "src/auth/client/pre_registered.rs",
    "src/auth/client/signing_key.rs",
    "src/auth/command_value.rs",
    "src/auth/diagnosis.rs",
    "src/auth/dpop/key.rs",
    "src/auth/durable/runner.rs",
    "src/auth/enterprise.rs",
    "src/auth/grants/authorization_code.rs",
    "src/auth/grants/authorization_response.rs",
    "src/auth/grants/workload.rs",
    "src/auth/one_sign_in.rs",
    "src/auth/records/client_pin.rs",
    "src/auth/records/record.rs",
    "src/auth/token_cache.rs",
    "src/commands/cache_key.rs",
    "src/commands/proxy_command.rs",
    "src/commands/status.rs",
    "src/commands/token_job.rs",
    "src/http/proxy.rs",
    "src/settings/headers.rs",
    "src/settings/network.rs",
    "src/settings/sign_in.rs",
    "src/store/api_keys.rs",
];

/// S-09: an additional file needs a row above.
#[test]
fn secrets_are_exposed_where_it_is_listed() {
    let exposed: Vec<String> = code("src")
        .into_iter()
        .filter(|file| file.path != "src/redact.rs")
        .filter(|file| file.text.contains(".expose()") || file.text.contains("::expose)"))
        .map(|file| file.path)
        .collect();
    assert_eq!(exposed, EXPOSURES);
}

/// S-09: an additional exit needs a row above.
#[test]
fn secrets_leave_where_they_are_listed() {
    let mut exits = Vec::new();
    for file in code("src").iter().filter(|file| file.path != "src/redact.rs") {
        for way in ["person", "store", "wire"] {
            if file.text.contains(&format!("expose_to_{way}")) {
                exits.push((file.path.clone(), way));
            }
        }
    }
    let exits: Vec<(&str, &str)> = exits.iter().map(|(path, way)| (path.as_str(), *way)).collect();
    assert_eq!(exits, EXITS);
}

/// The files that do what `clippy.toml` forbids elsewhere, and why: write to stdout or stderr, and
/// open files that are not the program's own.
const EXEMPTIONS: &[(&str, &str)] = &[
    ("src/cli/verbs/generate.rs", "a packager named this folder, for everyone to read"),
    ("src/commands/logging.rs", "the user named this file, wherever it is"),
    ("src/environment/output.rs", "only this file writes to stderr"),
    ("src/environment/output.rs", "outside the bridge, only this file writes to stdout"),
    ("src/environment/output.rs", "this writes nothing"),
    ("src/host/polled.rs", "the home of stdout in the bridge"),
    ("src/host/threaded.rs", "the home of stdout in the bridge"),
    ("src/hosts/backup.rs", "a host's file, with the mode that it has"),
    ("src/lib.rs", "tests write files of their own, for others to read"),
    ("src/platform/private_file/system.rs", "private files are opened here and nowhere else"),
];

/// T-02: an additional place that may write to stdout needs a row above.
#[test]
fn stdout_is_written_where_it_is_listed() {
    let files = sources::files(&["src"], &[".rs"]);
    let mut found = BTreeSet::new();
    for file in &files {
        for (at, lint) in file.text.match_indices("clippy::disallowed_methods") {
            let rest = &file.text[at + lint.len()..];
            let reason = rest.split_once("reason = \"").and_then(|(_, rest)| rest.split_once('"'));
            found.insert((file.path.as_str(), reason.expect("each has a reason").0));
        }
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), EXEMPTIONS);
}

/// The files that call what writes to stdout for commands: none of them runs while the bridge does.
const WRITERS_FOR_COMMANDS: &[&str] = &[
    "src/cli/about.rs",
    "src/cli/mod.rs",
    "src/cli/verbs/info.rs",
    "src/commands/call.rs",
    "src/commands/config.rs",
    "src/commands/demo.rs",
    "src/commands/doctor/mod.rs",
    "src/commands/doctor/report.rs",
    "src/commands/doctor/watch.rs",
    "src/commands/hosts.rs",
    "src/commands/migrate.rs",
    "src/commands/prompts.rs",
    "src/commands/resources.rs",
    "src/commands/running.rs",
    "src/commands/secret.rs",
    "src/commands/serve_hostile.rs",
    "src/commands/serve_mock.rs",
    "src/commands/serve_replay.rs",
    "src/commands/status.rs",
    "src/commands/token_job.rs",
    "src/commands/tool_differences.rs",
    "src/commands/tools.rs",
    "src/environment/mod.rs",
    "src/environment/outcome.rs",
    "src/environment/output.rs",
];

/// T-02: what commands print with is not for the bridge.
#[test]
fn commands_alone_print_to_stdout() {
    let files = sources::files(&["src"], &[".rs"]);
    let naming = files.iter().map(Code::of).filter(|file| file.text.contains("to_stdout"));
    assert_eq!(naming.map(|file| file.path).collect::<Vec<_>>(), WRITERS_FOR_COMMANDS);
}

#[test]
fn no_test_sleeps_until_something_is_ready() {
    let sleepers: Vec<String> = sources::files(&["crates", "src", "tests"], &[".rs"])
        .iter()
        .map(Code::of)
        .filter(|file| {
            let sleeps = |text: &str| text.contains("sleep(");
            sleeps(&file.tests) || (is_for_tests(file) && sleeps(&file.text))
        })
        .map(|file| file.path)
        .collect();
    let allowed: Vec<&str> = SLEEPS.iter().map(|(path, _)| *path).collect();
    assert_eq!(sleepers, allowed);
}

#[test]
fn no_file_and_no_function_is_too_long() {
    let mut long = Vec::new();
    for file in ["src", "crates"].iter().flat_map(|folder| code(folder)) {
        let lines = file.lines - file.test_lines;
        if lines <= MOST_LINES && LONG_TABLES.contains(&file.path.as_str()) {
            long.push(format!("{}: needs no exemption", file.path));
        }
        if lines > MOST_LINES && !LONG_TABLES.contains(&file.path.as_str()) {
            long.push(format!("{}: {lines} lines", file.path));
        }
        for function in file.functions() {
            let is_list = LONG_LISTS.contains(&(file.path.as_str(), function.name.as_str()));
            if function.lines > MOST_LINES_OF_A_FUNCTION && !is_list {
                let (name, lines) = (function.name, function.lines);
                long.push(format!("{}:{}: `{name}`, {lines} lines", file.path, function.line));
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// A raw string is what others send, letter by letter: it has no place for a line break.
#[test]
fn no_line_is_too_wide() {
    let mut wide = Vec::new();
    for file in sources::files(&["src", "crates", "tests", "fuzz"], &[".rs"]) {
        let raw = raw_strings(&file.text);
        let mut start = 0;
        for (number, line) in (1..).zip(file.text.split('\n')) {
            let end = start + line.len();
            let is_raw = raw.iter().any(|raw| raw.start < end && raw.end > start);
            if line.chars().count() > MOST_COLUMNS && !is_raw {
                wide.push(format!("{}:{number}", file.path));
            }
            start = end + 1;
        }
    }
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

/// In the program with the types of its wire, in each product of the mock, in the rest of it, and
/// in the tests.
#[test]
fn a_type_has_its_name_for_itself() {
    let mut names = BTreeMap::<(String, String), Vec<String>>::new();
    for file in ["src", "crates", "tests/it"].iter().flat_map(|folder| code(folder)) {
        let area = area(&file.path);
        for keyword in ["struct ", "enum ", "trait ", "type "] {
            for (before, name) in file.definitions(keyword) {
                if before.starts_with("pub") {
                    let key = (area.to_owned(), name.to_owned());
                    names.entry(key).or_default().push(file.path.clone());
                }
            }
        }
    }
    names.retain(|_, files| files.len() > 1);
    let allowed: Vec<&str> =
        SHARED_NAMES.iter().map(|(name, _)| *name).chain(DUPLICATE_NAMES.iter().copied()).collect();
    let twice: Vec<_> = names
        .iter()
        .filter(|((_, name), _)| !allowed.contains(&name.as_str()))
        .map(|((_, name), files)| format!("{name}: {}", files.join(", ")))
        .collect();
    assert!(twice.is_empty(), "{}", twice.join("\n"));
    let has_duplicate = |allowed: &&str| names.keys().any(|(_, name)| name == allowed);
    let unique: Vec<_> = allowed.iter().filter(|name| !has_duplicate(name)).collect();
    assert!(unique.is_empty(), "no longer doubled: {unique:?}");
}

/// A name with a space is one that a script takes for two.
#[test]
fn no_file_has_a_space_in_its_name() {
    let folders = ["docs", "src", "crates", "tests", "fuzz", "packaging", "npm"];
    let files = sources::files(&folders, &[".rs", ".md", ".snap", ".toml", ".mjs", ".sh", ".json"]);
    let spaced: Vec<_> = files.iter().filter(|file| file.path.contains(' ')).collect();
    assert!(spaced.is_empty(), "{spaced:?}");
}

#[test]
fn lengths_and_names_are_read_off_the_code() {
    let text = "pub struct A;\n// pub struct B;\nfn f(x: [u8; 2]) -> u8 {\n    let s = \"{\";\n\
                \x20   '{'\n}\n#[cfg(test)]\nmod tests {\n    pub struct C;\n}\n";
    let file = sources::SourceFile { path: "a.rs".to_owned(), text: text.to_owned() };
    let code = Code::of(&file);
    assert_eq!(code.definitions("struct "), [("pub", "A")]);
    assert!(code.tests.contains("pub struct C;") && !code.tests.contains("fn f"));
    let functions = code.functions();
    assert_eq!((functions[0].name.as_str(), functions[0].line, functions[0].lines), ("f", 3, 4));
    assert_eq!((functions.len(), code.lines, code.test_lines), (1, 10, 4));
}

fn code(folder: &str) -> Vec<Code> {
    let files = sources::files(&[folder], &[".rs"]);
    files.iter().filter(|file| !is_test_module(&file.path)).map(Code::of).collect()
}

/// Returns whether this is a test module in a file of its own, judged by its path.
fn is_test_module(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Returns whether all of a file is for tests, and not only what is under `#[cfg(test)]`.
fn is_for_tests(file: &Code) -> bool {
    file.path.starts_with("tests/")
        || is_test_module(&file.path)
        || ["#[test]", "#[tokio::test"].iter().any(|test| file.text.contains(test))
}

/// Returns the area within which a type name is unique.
fn area(path: &str) -> &str {
    if path.starts_with("tests/") {
        return "tests";
    }
    let Some(inner) = path.strip_prefix("crates/mcp-tether-mock/src/") else { return "program" };
    let Some((product, _)) = inner.strip_prefix("products/").and_then(|p| p.split_once('/')) else {
        return "mock";
    };
    product
}
