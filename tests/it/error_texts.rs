//! The words of errors that are written away from where the error is made: in functions that can
//! fail, in those that give them words, and in the constants that these use. Found by following the
//! sources, so that no list has to be kept and a new text is noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use insta::assert_snapshot;

use crate::failures::{FOR_HOSTS, FOR_PEOPLE, calls_of, end_of_expression, one_line};
use crate::support::rust_code::{Code, body, closing, strings, word, words};
use crate::support::sources::{SourceFile, files};

/// Calls whose texts no user gets as an error: they are for logs and for whoever mends a bug.
const NOT_FOR_USERS: [&str; 11] = [
    "trace!(",
    "debug!(",
    "info!(",
    "warn!(",
    "error!(",
    ".expect(",
    "assert!(",
    "assert_eq!(",
    "debug_assert!(",
    "unreachable!(",
    "panic!(",
];

/// A file without its tests, and what is in it.
struct Source {
    path: String,
    text: String,
    blank: String,
    functions: Vec<Function>,
    /// The texts that another list does not have.
    strings: Vec<Range<usize>>,
}

/// A function: its name, what it returns and where its body is.
struct Function {
    name: String,
    is_private: bool,
    returns: String,
    body: Range<usize>,
}

/// E-59
#[test]
fn every_text_of_a_function_that_can_fail_is_reviewed() {
    let out = listing(&files(&["crates/mcp-tether-wire/src", "src"], &[".rs"]));
    assert!(out.lines().count() > 700, "the sources were not read: {out}");
    assert_snapshot!(out);
}

#[test]
fn texts_are_found_where_an_error_gets_its_words() {
    let text = r#"
const WAY_OUT: &str = "give another one";
const WITHIN: &str = "and more of it";
const OTHER: &str = "nobody uses this";
fn read(text: &str) -> Result<u8, &'static str> {
    tracing::debug!("for the log");
    let text = text.strip_prefix("x").ok_or("it lacks an x")?;
    text.parse().map_err(|_| "it is no number")
}
fn refuse(what: &str) -> Failure {
    let why = reason(what);
    let why = format!("{why}, {WITHIN}");
    Failure::new(kind, format!("this is in the other list: {why}")).hint(WAY_OUT)
}
fn reason(what: &str) -> String {
    format!("it is {}", last(what))
}
fn last(what: &str) -> &str {
    if what.is_empty() { "without a name" } else { what }
}
fn give_up(&mut self) {
    self.fail(refuse("out of time"));
}
fn title() -> String {
    "no part of an error".to_owned()
}
"#;
    let file = SourceFile { path: "src/a.rs".to_owned(), text: text.to_owned() };
    let expected = r#"src/a.rs
  WAY_OUT: "give another one"
  WITHIN: "and more of it"
  read: "it lacks an x"
  read: "it is no number"
  refuse: "{why}, {WITHIN}"
  reason: "it is {}"
  last: "without a name"
  give_up: "out of time"
"#;
    assert_eq!(listing(&[file]), expected);
}

/// Returns the texts by file, each with the name of its function or constant.
fn listing(files: &[SourceFile]) -> String {
    let sources: Vec<Source> = files.iter().filter_map(Source::of).collect();
    let failing = functions_of_errors(&sources);
    let mut out = String::new();
    for (at, source) in sources.iter().enumerate() {
        let mut lines = constants(source, &failing.words);
        let of_errors = |function: &usize| failing.functions.contains(&(at, *function));
        for function in (0..source.functions.len()).filter(of_errors) {
            let Function { name, body, .. } = &source.functions[function];
            lines.extend(source.texts(body).map(|text| format!("{name}: {text}")));
        }
        if !lines.is_empty() {
            out += &format!("{}\n  {}\n", source.path, lines.join("\n  "));
        }
    }
    out
}

/// The place of a function: that of its file among the sources, and its own in the file.
type Place = (usize, usize);

/// The functions that can fail or give an error its words, and all words in them.
#[derive(Default)]
struct Failing {
    functions: BTreeSet<Place>,
    words: BTreeSet<String>,
}

fn functions_of_errors(sources: &[Source]) -> Failing {
    let index = Index::of(sources);
    let makes_errors = |place: &Place| {
        sources[place.0].can_fail(index.function(*place))
            || index.called_by(*place).any(|called| index.function(called).is_error())
    };
    let mut open: Vec<Place> = index.places().filter(makes_errors).collect();
    let mut failing = Failing::default();
    while let Some(place) = open.pop() {
        if failing.functions.insert(place) {
            // A constant may stand in braces within a text.
            let all = names_in(&sources[place.0].text[index.function(place).body.clone()]);
            failing.words.extend(all.map(|(name, _)| name.to_owned()));
            let called = index.called_by(place);
            open.extend(called.filter(|called| index.function(*called).gives_words()));
        }
    }
    failing
}

/// The functions of all sources by their names.
struct Index<'s> {
    sources: &'s [Source],
    by_name: BTreeMap<&'s str, Vec<Place>>,
}

impl<'s> Index<'s> {
    fn of(sources: &'s [Source]) -> Self {
        let mut index = Self { sources, by_name: BTreeMap::new() };
        for place in index.places().collect::<Vec<_>>() {
            let name = &sources[place.0].functions[place.1].name;
            index.by_name.entry(name).or_default().push(place);
        }
        index
    }

    fn places(&self) -> impl Iterator<Item = Place> {
        let numbered = self.sources.iter().enumerate();
        numbered.flat_map(|(file, source)| (0..source.functions.len()).map(move |at| (file, at)))
    }

    fn function(&self, (file, at): Place) -> &'s Function {
        &self.sources[file].functions[at]
    }

    /// Returns the functions that this one calls or passes on.
    fn called_by(&self, place: Place) -> impl Iterator<Item = Place> {
        let body = &self.sources[place.0].blank[self.function(place).body.clone()];
        let names = names_in(body).filter(|(_, is_called)| *is_called);
        let called = names.flat_map(|(name, _)| self.by_name.get(name).into_iter().flatten());
        let is_visible =
            move |called: &Place| called.0 == place.0 || !self.function(*called).is_private;
        called.copied().filter(is_visible)
    }
}

/// Returns the names in a body, and whether each is called or passed on as a function.
fn names_in(body: &str) -> impl Iterator<Item = (&str, bool)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        at += body[at..].find(is_part)?;
        let name = word(&body[at..]);
        at += name.len();
        Some((name, body[at..].trim_start().starts_with(['(', ')'])))
    })
}

/// Returns the texts of the constants that these words name.
fn constants(source: &Source, used: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    for at in words(&source.blank, "const ") {
        let name = word(&source.blank[at + "const ".len()..]);
        let Some(end) = source.blank[at..].find(';').filter(|_| used.contains(name)) else {
            continue;
        };
        found.extend(source.texts(&(at..at + end)).map(|text| format!("{name}: {text}")));
    }
    found
}

impl Source {
    /// Returns nothing for a file that is only built for tests.
    fn of(file: &SourceFile) -> Option<Self> {
        let Code { path, text: blank, .. } = Code::of(file);
        if path.contains("/tests") || blank.contains("#[test]") {
            return None;
        }
        let mut left_out: Vec<Range<usize>> = FOR_HOSTS
            .into_iter()
            .chain(FOR_PEOPLE)
            .flat_map(|maker| {
                calls_of(&blank, maker).into_iter().map(|at| at..end_of_expression(&blank, at))
            })
            .collect();
        for call in NOT_FOR_USERS {
            let calls = blank.match_indices(call).map(|(at, _)| at);
            left_out.extend(calls.map(|at| at..end_of_expression(&blank, at)));
        }
        let functions = functions(&blank);
        let mut strings = strings(&file.text);
        strings.retain(|at| !left_out.iter().any(|part| part.contains(&at.start)));
        Some(Self { path, text: file.text.clone(), blank, functions, strings })
    }

    fn can_fail(&self, function: &Function) -> bool {
        let body = &self.blank[function.body.clone()];
        let makes = |maker| !calls_of(body, maker).is_empty();
        function.returns.contains("Result<")
            || function.is_error()
            || FOR_HOSTS.into_iter().chain(FOR_PEOPLE).any(makes)
    }

    /// Returns the sentences, and parts of sentences, in a part of the source. What ends a line is
    /// the output of a command.
    fn texts(&self, part: &Range<usize>) -> impl Iterator<Item = String> {
        let is_text = |text: &str| {
            text.contains(' ') && text.contains(char::is_alphabetic) && !text.ends_with("\\n\"")
        };
        let within = self.strings.iter().filter(|at| part.contains(&at.start));
        within.map(|at| one_line(&self.text[at.clone()])).filter(move |text| is_text(text))
    }
}

impl Function {
    /// Whether it returns an error as such.
    fn is_error(&self) -> bool {
        let is_error =
            |name: &str| ["Error", "Failure", "Refusal"].iter().any(|it| name.ends_with(it));
        !self.returns.contains("Result<") && names_in(&self.returns).any(|(name, _)| is_error(name))
    }

    fn gives_words(&self) -> bool {
        names_in(&self.returns).any(|(name, _)| matches!(name, "String" | "str" | "Cow"))
    }
}

fn functions(blank: &str) -> Vec<Function> {
    let heads = words(blank, "fn ").filter_map(|at| {
        let name = word(&blank[at + "fn ".len()..]).to_owned();
        let open = at + body(&blank[at..])?;
        let line = blank[..at].rfind('\n').map_or(0, |end| end + 1);
        let (_, returns) = blank[at..open].split_once("->").unwrap_or_default();
        (!name.is_empty()).then(|| Function {
            name,
            is_private: !blank[line..at].trim_start().starts_with("pub"),
            returns: returns.to_owned(),
            body: open..closing(blank, open),
        })
    });
    heads.collect()
}
