//! One fault: its text, the requests it applies to, and its effect on the plan of a request.

use std::fmt;
use std::str::FromStr;

use super::plan::Plan;
use super::row::{FaultScope, FaultTarget, PlanEdit};
use super::table;
use super::words::{InvalidFault, Words};

/// Keys that every fault takes. They select the requests it applies to.
const SELECTORS: [&str; 6] = ["method", "http", "tool", "path", "times", "skip"];

/// A fault of the mock, parsed from text with [`FromStr`]; [`fmt::Display`] returns that text.
#[derive(Clone)]
pub struct Fault {
    text: String,
    effect: PlanEdit,
    when: When,
}

/// When a fault applies.
#[derive(Clone, Debug)]
struct When {
    scope: FaultScope,
    methods: Vec<String>,
    http: Option<String>,
    tool: Option<String>,
    path: Option<String>,
    times: u32,
    skip: u32,
}

/// One line of the list of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultHelp {
    /// Its name: the first word.
    pub name: &'static str,
    /// Its syntax.
    pub syntax: &'static str,
    /// A one-line description without a final period.
    pub about: &'static str,
    /// A complete example.
    pub example: &'static str,
}

impl Fault {
    /// Returns every fault, in the order of the tables.
    pub fn all() -> Vec<FaultHelp> {
        table::rows()
            .map(|row| FaultHelp {
                name: row.name,
                syntax: row.syntax,
                about: row.about,
                example: row.example,
            })
            .collect()
    }

    /// Returns the selectors that every fault takes: their syntax and their meaning.
    pub fn selectors() -> &'static [(&'static str, &'static str)] {
        &[
            (
                "method=NAME[,NAME]",
                "only for these JSON-RPC methods; `notifications/*` is a prefix",
            ),
            ("http=GET", "only for this HTTP method"),
            ("tool=NAME", "only for calls of this tool"),
            ("path=/sse", "only for requests whose path starts like this"),
            ("times=N", "only the first N times that it would apply"),
            ("skip=N", "not the first N times that it would apply"),
        ]
    }
}

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.split([':', '=']).next().unwrap_or_default();
        let Some(row) = table::rows().find(|row| row.name == name) else {
            let reason = format!("no fault is named `{name}`");
            return Err(InvalidFault { fault: text.to_owned(), reason });
        };
        let known = |key: &str| SELECTORS.contains(&key) || row.keys.contains(&key);
        let mut words = Words::split(text, known);
        let when = When::read(&mut words, row.scope)?;
        let effect = (row.read)(&mut words)?;
        words.finish()?;
        Ok(Self { text: text.to_owned(), effect, when })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({})", self.text)
    }
}

impl PartialEq for Fault {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl When {
    fn read(words: &mut Words, scope: FaultScope) -> Result<Self, InvalidFault> {
        let methods = words.take("method").unwrap_or_default();
        Ok(Self {
            scope,
            methods: methods.split(',').filter(|m| !m.is_empty()).map(str::to_owned).collect(),
            http: words.take("http").map(|http| http.to_ascii_uppercase()),
            tool: words.take("tool"),
            path: words.take("path"),
            times: words.take_number("times")?.unwrap_or(u32::MAX),
            skip: words.take_number("skip")?.unwrap_or(0),
        })
    }

    fn matches(&self, asked: &FaultTarget<'_>) -> bool {
        let named = |wanted: &String| match wanted.strip_suffix('*') {
            Some(prefix) => asked.method.starts_with(prefix),
            None => asked.method == wanted,
        };
        let scoped = match &self.http {
            Some(http) => http == asked.http,
            // A fault that names a method applies wherever that method is posted.
            None => !self.methods.is_empty() || self.scope.includes(asked),
        };
        scoped
            && (self.methods.is_empty() || self.methods.iter().any(named))
            && self.tool.as_deref().is_none_or(|tool| tool == asked.tool)
            && self.path.as_deref().is_none_or(|path| asked.path.starts_with(path))
    }
}

/// A fault in force, and how many requests it matched.
#[derive(Debug)]
pub(crate) struct ActiveFault {
    fault: Fault,
    met: u32,
}

impl ActiveFault {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, met: 0 }
    }

    pub(crate) fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Writes into `plan` if the fault applies to this request.
    pub(crate) fn apply(&mut self, asked: &FaultTarget<'_>, plan: &mut Plan) {
        let when = &self.fault.when;
        if !when.matches(asked) {
            return;
        }
        let met = self.met;
        self.met = met.saturating_add(1);
        if met >= when.skip && met - when.skip < when.times {
            (self.fault.effect)(plan);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: FaultTarget<'static> = FaultTarget {
        http: "POST",
        path: "/mcp",
        method: "tools/call",
        is_request: true,
        tool: "add",
    };

    fn applies(fault: &str, asked: &FaultTarget<'_>, rounds: usize) -> Vec<bool> {
        let mut active = ActiveFault::new(fault.parse().unwrap());
        let mut once = || {
            let mut plan = Plan::default();
            active.apply(asked, &mut plan);
            plan.status.is_some()
        };
        (0..rounds).map(|_| once()).collect()
    }

    #[test]
    fn a_fault_prints_as_it_was_written() {
        for text in ["status=503:retry-after=1:times=2:method=tools/list", "silent", "chunk=1"] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn every_fault_in_the_list_can_be_written_as_its_syntax_says() {
        for help in Fault::all() {
            help.example.parse::<Fault>().unwrap_or_else(|error| panic!("{error}"));
            assert!(help.syntax.starts_with(help.name), "{}", help.syntax);
            assert!(!help.about.ends_with('.') && help.about.len() < 100, "{}", help.about);
        }
    }

    #[test]
    fn counters_and_selectors_choose_requests() {
        assert_eq!(applies("status=500:times=2", &CALL, 3), [true, true, false]);
        assert_eq!(applies("status=500:skip=1:times=1", &CALL, 3), [false, true, false]);
        assert_eq!(applies("status=500:method=tools/list", &CALL, 1), [false]);
        assert_eq!(applies("status=500:method=tools/list,tools/call", &CALL, 1), [true]);
        assert_eq!(applies("status=500:method=tools/*", &CALL, 1), [true]);
        assert_eq!(applies("status=500:tool=mul", &CALL, 1), [false]);
        assert_eq!(applies("status=500:http=get", &CALL, 1), [false]);
        assert_eq!(applies("status=500:path=/sse", &CALL, 1), [false]);
    }

    #[test]
    fn a_value_may_hold_colons() {
        let fault = "redirect=307:to=http://127.0.0.1:9/x:times=1";
        let mut active = ActiveFault::new(fault.parse().unwrap());
        let mut plan = Plan::default();
        active.apply(&CALL, &mut plan);
        let redirect = plan.redirect.unwrap();
        assert_eq!(redirect.to.as_deref(), Some("http://127.0.0.1:9/x"));
    }

    #[test]
    fn mistakes_are_named() {
        let reason = |text: &str| text.parse::<Fault>().unwrap_err().reason;
        assert!(reason("statsu=500").contains("no fault is named `statsu`"));
        assert!(reason("status=abc").contains("needs a number"));
        assert!(reason("status=500:body=xml").contains("`body` is one of"));
        assert!(reason("silent=1").contains("one of"));
        assert!(reason("pretty=1").contains("takes no value"));
        assert!(reason("pretty:times=x").contains("`times` needs a number"));
    }
}
