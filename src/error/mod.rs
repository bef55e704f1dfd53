//! Errors for people and for hosts: [`Error`] with hints and an exit code for the terminal,
//! [`Failure`] for JSON-RPC error responses of the bridge (E-59). Nothing else renders errors.

mod failure;
mod without_hint;

use std::fmt;

use serde_json::{Value, json};

pub use failure::{Failure, FailureKind};
pub use without_hint::WithoutHint;

/// The exit code of the process. Documented in `--help` and README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// Everything worked.
    Ok = 0,
    /// Something failed.
    Failed = 1,
    /// The command line or the settings are wrong.
    Usage = 2,
    /// The user has to sign in first.
    LoginNeeded = 4,
    /// The user interrupted an interactive command.
    Interrupted = 130,
}

/// An error for a person: a sentence, and what to do next.
#[derive(Debug)]
pub struct Error {
    message: String,
    hints: Vec<String>,
    exit_code: ExitCode,
}

/// The result of a command's work.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with exit code [`ExitCode::Failed`]; [`WithoutHint::hint`] completes it. `message`
    /// is one sentence in lower case, without a final period.
    pub fn failed(message: impl fmt::Display) -> WithoutHint<Self> {
        WithoutHint::new(Self::ended(message, ExitCode::Failed))
    }

    /// Like [`Error::failed`], with exit code [`ExitCode::Usage`]: the command line or the settings
    /// are wrong.
    pub fn usage(message: impl fmt::Display) -> WithoutHint<Self> {
        WithoutHint::new(Self::ended(message, ExitCode::Usage))
    }

    /// The error for an interrupted command, the only one that needs no hint.
    pub fn interrupted() -> Self {
        Self::ended("interrupted", ExitCode::Interrupted)
    }

    fn ended(message: impl fmt::Display, exit_code: ExitCode) -> Self {
        Self { message: message.to_string(), hints: Vec::new(), exit_code }
    }

    /// The same error, with the failed operation in front of its message.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// Adds what to do next: the exact command, if there is one.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// The same error with another exit code.
    #[must_use]
    pub fn with_exit_code(mut self, exit_code: ExitCode) -> Self {
        self.exit_code = exit_code;
        self
    }

    /// The sentence, without the hints.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The error as JSON, for programs (`--json`).
    pub fn as_value(&self) -> Value {
        json!({ "error": {
            "message": self.message,
            "hints": self.hints,
            "exit_code": self.exit_code as u8,
        } })
    }

    /// What to do next, one sentence each.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The exit code of the process that ends with this error.
    pub fn exit_code(&self) -> ExitCode {
        self.exit_code
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let exit_code = failure.kind.exit_code();
        Self::failed(&failure.message).hint(failure.hint).with_exit_code(exit_code)
    }
}

impl WithoutHint<Error> {
    /// Adds the hint, which completes the error: the exact command, if there is one.
    pub fn hint(self, hint: impl fmt::Display) -> Error {
        self.finish(|error| error.hint(hint))
    }
}

impl fmt::Display for Error {
    /// `error: …`, and a `hint:` line for each hint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        for (position, hint) in self.hints.iter().enumerate() {
            let gap = if position == 0 { "\n\n" } else { "\n" };
            write!(f, "{gap}hint: {hint}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_its_causes_and_hints() {
        let error = Error::failed("no such file").hint("create it").hint("or name another");
        let error = error.context("cannot read `x`");
        assert_eq!(
            error.to_string(),
            "error: cannot read `x`: no such file\n\nhint: create it\nhint: or name another"
        );
    }
}
