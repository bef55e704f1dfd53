//! Why a sample could not be taken: a wrong answer, none at all, or a machine that says no.

use std::fmt;
use std::io;

/// One sentence about what went wrong.
#[derive(Clone, Debug)]
pub(crate) struct Fault(String);

/// A sample, or why there is none.
pub(crate) type Outcome<T> = Result<T, Fault>;

impl Fault {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn from_io(what: &str) -> impl Fn(io::Error) -> Self {
        move |error| Self(format!("cannot {what}: {error}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
