//! Errors for people and for hosts: [`Error`] with hints and an exit code for the terminal,
//! [`Failure`] for JSON-RPC error responses of the bridge (E-59). Nothing else renders errors.

mod failure;

use std::fmt;

pub use failure::{Failure, FailureKind};

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

/// An error for a person to read: a sentence, its causes, and what to do next.
#[derive(Debug)]
pub struct Error {
    cause: anyhow::Error,
    hints: Vec<String>,
    exit_code: ExitCode,
}

/// The result of whatever a command does.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with exit code [`ExitCode::Failed`]. `message` is one sentence in lower case, without
    /// a final period.
    pub fn failed(message: impl fmt::Display) -> Self {
        Self { cause: anyhow::anyhow!("{message}"), hints: Vec::new(), exit_code: ExitCode::Failed }
    }

    /// An error with exit code [`ExitCode::Usage`]: the command line or the settings are wrong.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { exit_code: ExitCode::Usage, ..Self::failed(message) }
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

    /// The sentence and its causes, without the hints.
    pub fn message(&self) -> String {
        format!("{:#}", self.cause)
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
        let exit_code = match failure.kind {
            FailureKind::AuthRequired => ExitCode::LoginNeeded,
            FailureKind::AuthFailed
            | FailureKind::Forbidden
            | FailureKind::Http
            | FailureKind::Network
            | FailureKind::Timeout
            | FailureKind::Lost
            | FailureKind::Protocol
            | FailureKind::Era
            | FailureKind::HeaderMismatch
            | FailureKind::InputExpired
            | FailureKind::Internal => ExitCode::Failed,
        };
        let error = Self::failed(&failure.message).with_exit_code(exit_code);
        match failure.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

impl From<anyhow::Error> for Error {
    fn from(cause: anyhow::Error) -> Self {
        Self { cause, hints: Vec::new(), exit_code: ExitCode::Failed }
    }
}

impl fmt::Display for Error {
    /// `error: …`, the causes joined by colons, and a `hint:` line for each hint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {:#}", self.cause)?;
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
        let cause = anyhow::anyhow!("no such file").context("cannot read `x`");
        let error = Error::from(cause).hint("create it").hint("or name another");
        assert_eq!(
            error.to_string(),
            "error: cannot read `x`: no such file\n\nhint: create it\nhint: or name another"
        );
    }
}
