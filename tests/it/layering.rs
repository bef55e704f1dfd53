//! Checks which modules of the program, and which files, use each other. The rule itself is a table
//! in `ARCHITECTURE.md`. The compiler ensures that the mock uses nothing of the bridge: it is a
//! crate below this one.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::imports::{Modules, circles, method_calls, names_at_root};
use crate::support::rust_code::Code;
use crate::support::sources::{self, SourceFile};

/// A module and the modules it may use, beside itself and what everyone may use.
pub(super) const RULES: &[(&str, &[&str])] = &[
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
            "recording",
        ],
    ),
    ("settings", &["environment", "eras", "remote", "auth", "http", "store"]),
    ("bridge", &["host", "remote", "eras", "platform"]),
    ("eras", &[]),
    ("remote", &["auth", "http", "recording"]),
    ("auth", &["http", "platform"]),
    ("store", &["platform"]),
    ("platform", &[]),
    ("host", &["recording"]),
    ("recording", &[]),
    ("hosts", &[]),
    ("http", &[]),
    ("environment", &["platform"]),
    ("error", &[]),
    ("pace", &[]),
    ("budget", &[]),
    ("random", &[]),
    ("redact", &[]),
    ("shell_words", &[]),
];
pub(super) const EVERYONE_MAY_USE: [&str; 8] =
    ["jsonrpc", "protocol", "redact", "shell_words", "random", "error", "pace", "budget"];

/// Files that use each other, and why. A circle that is opened must be removed from this list.
const CIRCLES: &[(&[&str], &str)] = &[
    (
        &[
            "src/eras/modern_host/calls.rs",
            "src/eras/modern_host/inputs.rs",
            "src/eras/modern_host/tasks.rs",
            "src/eras/modern_host/urls.rs",
        ],
        "one aggregate: a call and what it can be at, each of which knows the stages of the call",
    ),
    (
        &[
            "src/bridge/eras/era_doubt.rs",
            "src/bridge/eras/modern_remote.rs",
            "src/bridge/session/slots.rs",
        ],
        "a session slot owns its adapter and the doubts about its remote's era, which work on \
         their slot",
    ),
];

/// The same in the mock.
const CIRCLES_OF_THE_MOCK: &[(&[&str], &str)] = &[];

/// The same for files whose methods call each other.
const METHOD_CIRCLES: &[(&[&str], &str)] = &[];

/// The mock is a crate, and the only module that may name it is `commands`.
#[test]
fn every_module_uses_only_what_lies_below_it() {
    let wrong = wrong_uses(&code_of("src"));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_module_is_found_however_a_path_leads_to_it() {
    for (path, text) in [
        ("src/auth/x.rs", "use crate::store::Store;\n"),
        ("src/auth/x.rs", "fn f() { super::super::store::open() }\n"),
        ("src/auth/x.rs", "use super::super::store::{self, Store};\n"),
        ("src/auth/mod.rs", "use super::store::Store;\n"),
        ("src/auth/x/y.rs", "use super::super::super::store::Store;\n"),
        ("src/auth/x.rs", "fn f() { mcp_tether_mock::start() }\n"),
    ] {
        assert_eq!(wrong_uses(&[Code::of(&file(path, text))]).len(), 1, "{text}");
    }
}

/// Returns the uses that no rule permits.
fn wrong_uses(files: &[Code]) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    for file in files {
        let module = module_of(&file.path);
        if matches!(module, "lib" | "main") {
            continue;
        }
        let (_, below) = RULES
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("`{module}` has no rule: add one to {}", file!()));
        let mut used = names_at_root("src", file);
        used.retain(|used| {
            let may_be_used = used == module || EVERYONE_MAY_USE.contains(&used.as_str());
            !may_be_used && !below.contains(&used.as_str())
        });
        if file.text.contains("mcp_tether_mock") && module != "commands" {
            used.insert("mcp_tether_mock".to_owned());
        }
        wrong.extend(used.into_iter().map(|it| format!("{}: `{module}` uses `{it}`", file.path)));
    }
    wrong
}

/// Returns the module at the top of the program to which a file belongs.
fn module_of(path: &str) -> &str {
    path["src/".len()..].split(['/', '.']).next().unwrap()
}

/// `main` knows nothing but how to hand over.
#[test]
fn the_program_itself_is_thin() {
    assert!(sources::read("src/main.rs").lines().count() <= 30);
}

#[test]
fn no_file_is_used_by_what_it_uses() {
    let sources = ["src", "crates/mcp-tether-wire/src"];
    let code = sources.map(code_of);
    let modules: Vec<_> =
        sources.iter().zip(&code).map(|(source, files)| Modules::of(source, files)).collect();
    let circles = modules.iter().flat_map(|modules| circles(&modules.uses())).collect();
    check_circles(CIRCLES, circles);
}

/// A product of the mock is one model in many files, whose records refer to each other.
#[test]
fn no_part_of_the_mock_is_used_by_what_it_uses() {
    let source = "crates/mcp-tether-mock/src";
    let files = code_of(source);
    let modules = Modules::of(source, &files);
    let mut parts = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (file, used) in modules.uses() {
        let others = used.into_iter().map(part).filter(|other| *other != part(file));
        parts.entry(part(file)).or_default().extend(others);
    }
    check_circles(CIRCLES_OF_THE_MOCK, circles(&parts));
}

/// A type may have its methods in several files, but these call each other in one direction.
#[test]
fn the_methods_of_the_bridge_call_each_other_in_one_direction() {
    let files = code_of("src/bridge");
    check_circles(METHOD_CIRCLES, circles(&method_calls(&files)));
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
    let code = Code::of(&file("src/a.rs", text));
    assert_eq!(names_at_root("src", &code).into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn circles_are_found_through_re_exports_and_method_calls() {
    let files = [
        file("src/lib.rs", "mod a;\nmod b;\n#[cfg(test)]\nmod c;\n"),
        file("src/a/mod.rs", "mod inner;\npub use inner::A;\n"),
        file("src/a/inner.rs", "pub struct A;\nimpl A {\n    fn f() { crate::b::g() }\n}\n"),
        file("src/b.rs", "use crate::a::A as First;\npub fn g() {}\n"),
        file("src/c.rs", "use crate::a::A;\n"),
    ];
    let code: Vec<Code> = files.iter().map(Code::of).collect();
    let modules = Modules::of("src", &code);
    let circle = BTreeSet::from(["src/a/inner.rs", "src/b.rs"]);
    assert_eq!(circles(&modules.uses()), [circle]);

    let methods = [
        file("one.rs", "impl T {\n    fn f(&self) { self.g() }\n}\nimpl U {\n    fn h() {}\n}\n"),
        file("two.rs", "impl T {\n    fn g(&self) { self.f() }\n}\nimpl U {\n}\n"),
        file("three.rs", "impl T {\n    fn i(&self) { self.g() }\n}\n"),
    ];
    let code: Vec<Code> = methods.iter().map(Code::of).collect();
    assert_eq!(circles(&method_calls(&code)), [BTreeSet::from(["one.rs", "two.rs"])]);

    for call in ["self.g()", "each(Self::g)", "with(|bridge| bridge.g())"] {
        let one = format!("impl Bridge {{\n    fn f(&mut self) {{ {call} }}\n}}\n");
        let two = "impl Bridge {\n    fn g(&mut self) { self.f() }\n}\n";
        let code = [Code::of(&file("one.rs", &one)), Code::of(&file("two.rs", two))];
        assert_eq!(circles(&method_calls(&code)).len(), 1, "{call}");
    }
}

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), text: text.to_owned() }
}

fn code_of(folder: &str) -> Vec<Code> {
    sources::files(&[folder], &[".rs"]).iter().map(Code::of).collect()
}

/// Returns a product's folder, or the file.
fn part(file: &str) -> &str {
    let products = "/products/";
    let inner = file.find(products).map(|at| at + products.len());
    let end = inner.and_then(|inner| Some(inner + file[inner..].find('/')?));
    &file[..end.unwrap_or(file.len())]
}

/// Fails on a circle that is not allowed, and on an allowed one that has been opened.
fn check_circles(allowed: &[(&[&str], &str)], circles: Vec<BTreeSet<&str>>) {
    let allowed: Vec<BTreeSet<&str>> =
        allowed.iter().map(|(files, _)| files.iter().copied().collect()).collect();
    let is_allowed = |circle: &BTreeSet<&str>| allowed.iter().any(|files| circle.is_subset(files));
    let wrong: Vec<_> = circles.iter().filter(|circle| !is_allowed(circle)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let stale: Vec<_> = allowed.iter().filter(|files| !circles.contains(files)).collect();
    assert!(stale.is_empty(), "no longer a circle of exactly these files: {stale:#?}");
}

#[test]
#[should_panic(expected = "no longer a circle")]
fn an_allowed_circle_must_exist() {
    check_circles(&[(&["a.rs", "b.rs"], "reason")], Vec::new());
}

#[test]
#[should_panic(expected = "no longer a circle")]
fn an_allowed_circle_names_no_other_file() {
    let circle = BTreeSet::from(["a.rs", "b.rs"]);
    check_circles(&[(&["a.rs", "b.rs", "c.rs"], "reason")], vec![circle]);
}
