//! What `doctor` finds: a list of checks, each with a verdict, a plain sentence and the next step.
//! Text and JSON are made from this one list; nothing here looks at anything.

use std::time::Duration;

use crate::error::{Error, Failure};
use crate::redact::plain;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and something about it may hurt later.
    Warn,
    /// It does not work.
    Fail,
    /// Not looked at, because something before it failed or it does not apply.
    Skipped,
}

impl Verdict {
    /// The word for it, in text and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found, one sentence in lower case.
    pub says: String,
    /// What to do about it.
    pub next: Option<String>,
    /// How long it took, where that depends on something outside.
    pub took: Option<Duration>,
}

impl Check {
    /// As it should be.
    pub fn ok(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, Verdict::Ok, says)
    }

    /// It works, and something about it may hurt later.
    pub fn warn(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, Verdict::Warn, says)
    }

    /// It does not work.
    pub fn fail(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, Verdict::Fail, says)
    }

    /// Not looked at.
    pub fn skipped(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, Verdict::Skipped, says)
    }

    /// What a command would have ended with.
    pub fn error(name: &'static str, error: &Error) -> Self {
        let check = Self::fail(name, error.message());
        error.hints().iter().fold(check, |check, hint| check.next(hint))
    }

    /// What the bridge would have told its host.
    pub fn failure(name: &'static str, failure: &Failure) -> Self {
        let check = Self::fail(name, &failure.message);
        failure.hint.iter().fold(check, |check, hint| check.next(hint))
    }

    fn new(name: &'static str, verdict: Verdict, says: impl Into<String>) -> Self {
        Self { name, verdict, says: plain(&says.into()), next: None, took: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn next(mut self, next: impl AsRef<str>) -> Self {
        let next = plain(next.as_ref());
        self.next = Some(match self.next {
            Some(earlier) => format!("{earlier}; {next}"),
            None => next,
        });
        self
    }

    /// Adds how long it took.
    #[must_use]
    pub fn took(mut self, took: Duration) -> Self {
        self.took = Some(took);
        self
    }

    /// The same with another verdict.
    #[must_use]
    pub fn judged(mut self, verdict: Verdict) -> Self {
        self.verdict = verdict;
        self
    }
}

/// Everything that was looked at, by subject.
#[derive(Clone, Debug, Default)]
pub struct Diagnosis {
    /// The subjects in order, with their checks.
    pub subjects: Vec<(&'static str, Vec<Check>)>,
}

impl Diagnosis {
    /// Adds what was found about a subject.
    pub fn add(&mut self, subject: &'static str, checks: Vec<Check>) {
        if !checks.is_empty() {
            self.subjects.push((subject, checks));
        }
    }

    /// How many checks ended so.
    pub fn count(&self, verdict: Verdict) -> usize {
        let checks = self.subjects.iter().flat_map(|(_, checks)| checks);
        checks.filter(|check| check.verdict == verdict).count()
    }
}
