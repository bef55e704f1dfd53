//! The result of `doctor`: a list of checks, each with a verdict, a sentence and the next step.
//! Text and JSON are made from this list. Runs no checks itself.

use std::time::Duration;

use crate::error::{Error, Failure};
use crate::redact::plain;

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CheckVerdict {
    Ok,
    /// It works now, but may cause trouble.
    Warn,
    Fail,
    /// Not checked, because an earlier check failed or because it does not apply.
    Skipped,
}

impl CheckVerdict {
    /// The word for it, in text and JSON.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }
}

/// One check.
#[derive(Clone, Debug)]
pub(super) struct Check {
    /// What was checked.
    pub(super) name: &'static str,
    pub(super) verdict: CheckVerdict,
    /// What was found, one sentence in lower case.
    pub(super) says: String,
    /// What to do about it.
    pub(super) next: Option<String>,
    /// How long it took, if that depends on more than this machine.
    pub(super) took: Option<Duration>,
}

impl Check {
    /// Nothing is wrong.
    pub(super) fn ok(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, CheckVerdict::Ok, says)
    }

    /// Something may be wrong, and does not keep the bridge from working.
    pub(super) fn warn(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, CheckVerdict::Warn, says)
    }

    /// Something keeps the bridge from working.
    pub(super) fn fail(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, CheckVerdict::Fail, says)
    }

    /// It could not be checked, or need not be.
    pub(super) fn skipped(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, CheckVerdict::Skipped, says)
    }

    /// A failed check with the message and hints that a command would print.
    pub(super) fn error(name: &'static str, error: &Error) -> Self {
        let check = Self::fail(name, error.message());
        error.hints().iter().fold(check, |check, hint| check.next(hint))
    }

    /// A failed check with the message and hint that the bridge would send to its host.
    pub(super) fn failure(name: &'static str, failure: &Failure) -> Self {
        let check = Self::fail(name, &failure.message);
        check.next(&failure.hint)
    }

    fn new(name: &'static str, verdict: CheckVerdict, says: impl Into<String>) -> Self {
        Self { name, verdict, says: plain(&says.into()), next: None, took: None }
    }

    /// Adds a next step.
    #[must_use]
    pub(super) fn next(mut self, next: impl AsRef<str>) -> Self {
        let next = plain(next.as_ref());
        self.next = Some(match self.next {
            Some(earlier) => format!("{earlier}; {next}"),
            None => next,
        });
        self
    }

    /// Adds how long it took.
    #[must_use]
    pub(super) fn took(mut self, took: Duration) -> Self {
        self.took = Some(took);
        self
    }

    /// Replaces the verdict.
    #[must_use]
    pub(super) fn with_verdict(mut self, verdict: CheckVerdict) -> Self {
        self.verdict = verdict;
        self
    }
}

/// The subjects of checks: the headings, in the order of a diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SubjectKind {
    Program,
    Environment,
    Network,
    SigningIn,
    Server,
    Hosts,
}

impl SubjectKind {
    /// The word for it, in text and JSON.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Environment => "environment",
            Self::Network => "network",
            Self::SigningIn => "signing in",
            Self::Server => "server",
            Self::Hosts => "hosts",
        }
    }
}

/// Receives the checks of one subject, each as soon as it has ended.
pub(super) struct Subject<'a> {
    diagnosis: &'a mut Diagnosis,
    kind: SubjectKind,
}

impl Subject<'_> {
    /// Adds a check that has ended.
    pub(super) fn add(&mut self, check: Check) {
        self.diagnosis.add(self.kind, [check]);
    }
}

/// All checks, by subject.
#[derive(Default)]
pub(super) struct Diagnosis {
    pub(super) subjects: Vec<(SubjectKind, Vec<Check>)>,
    /// Called with each check as soon as it has ended.
    watcher: Option<Watcher>,
}

/// Receives a subject, a check of it, and whether that is the subject's first one.
pub(super) type Watcher = fn(SubjectKind, &Check, bool);

impl Diagnosis {
    /// A diagnosis whose checks are shown as they end.
    pub(super) fn watched_by(watcher: Option<Watcher>) -> Self {
        Self { watcher, ..Self::default() }
    }

    /// Adds checks that have ended to a subject.
    pub(super) fn add(&mut self, subject: SubjectKind, checks: impl IntoIterator<Item = Check>) {
        for check in checks {
            let is_first = self.subjects.last().is_none_or(|(last, _)| *last != subject);
            if is_first {
                self.subjects.push((subject, Vec::new()));
            }
            if let Some(watcher) = self.watcher {
                watcher(subject, &check, is_first);
            }
            self.subjects.last_mut().expect("one was added").1.push(check);
        }
    }

    /// Returns the receiver for checks of this subject.
    pub(super) fn subject(&mut self, kind: SubjectKind) -> Subject<'_> {
        Subject { diagnosis: self, kind }
    }

    /// The number of checks with this verdict.
    pub(super) fn count(&self, verdict: CheckVerdict) -> usize {
        let checks = self.subjects.iter().flat_map(|(_, checks)| checks);
        checks.filter(|check| check.verdict == verdict).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FailureKind;

    #[test]
    fn next_steps_are_joined_and_shown_safely() {
        let check = Check::warn("name", "it is \u{1b}[31mred").next("do this").next("or\u{7} that");
        assert!(!check.says.contains('\u{1b}'), "{}", check.says);
        let next = check.next.unwrap();
        assert!(next.starts_with("do this; or") && !next.contains('\u{7}'), "{next}");
        assert_eq!(Check::ok("name", "fine").next, None);
    }

    #[test]
    fn an_error_and_a_failure_bring_their_hints_along() {
        let error = Error::usage("it is wrong").hint("write one").hint("write two");
        let check = Check::error("settings", &error);
        assert_eq!((check.verdict, check.says.as_str()), (CheckVerdict::Fail, "it is wrong"));
        assert_eq!(check.next.as_deref(), Some("write one; write two"));
        let failure = Failure::new(FailureKind::Network, "no connection").hint("try again");
        let check = Check::failure("HTTP", &failure).with_verdict(CheckVerdict::Warn);
        assert_eq!((check.verdict, check.says.as_str()), (CheckVerdict::Warn, "no connection"));
        assert_eq!(check.next.as_deref(), Some("try again"));
    }

    #[test]
    fn checks_are_grouped_while_their_subject_stays_the_same() {
        let mut diagnosis = Diagnosis::default();
        diagnosis.add(SubjectKind::Program, [Check::ok("a", ""), Check::fail("b", "")]);
        diagnosis.subject(SubjectKind::Network).add(Check::skipped("c", ""));
        diagnosis.subject(SubjectKind::Network).add(Check::warn("d", ""));
        diagnosis.add(SubjectKind::Program, [Check::fail("e", "")]);
        diagnosis.add(SubjectKind::Hosts, []);
        let names = |checks: &[Check]| checks.iter().map(|check| check.name).collect::<String>();
        let groups: Vec<_> = diagnosis
            .subjects
            .iter()
            .map(|(subject, checks)| format!("{} {}", subject.word(), names(checks)))
            .collect();
        assert_eq!(groups, ["program ab", "network cd", "program e"], "nothing adds no heading");
        let counts = [
            (CheckVerdict::Ok, 1),
            (CheckVerdict::Warn, 1),
            (CheckVerdict::Fail, 2),
            (CheckVerdict::Skipped, 1),
        ];
        for (verdict, count) in counts {
            assert_eq!(diagnosis.count(verdict), count, "{}", verdict.word());
        }
    }
}
