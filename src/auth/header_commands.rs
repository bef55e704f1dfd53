//! Headers whose values commands print (`--header-command`), beside or instead of a sign-in.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::command_value::{CommandOutput, CommandValue};
use crate::error::Failure;
use crate::platform::CommandLine;

/// Any number of headers, each with its command. Cheap to clone; clones share their values.
#[derive(Clone, Debug, Default)]
pub struct HeaderCommands(Arc<[(HeaderName, Arc<CommandValue>)]>);

impl HeaderCommands {
    /// Headers whose values are kept this long; zero runs the commands for every request.
    pub fn new(commands: Vec<(HeaderName, CommandLine)>, keep: Duration) -> Self {
        let value = |(name, command): (HeaderName, CommandLine)| {
            (name.clone(), CommandValue::new(command, CommandOutput::Header(name), keep))
        };
        Self(commands.into_iter().map(value).collect())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The kept values.
    pub fn kept(&self) -> impl Iterator<Item = HeaderValue> + '_ {
        self.0.iter().filter_map(|(_, value)| value.kept())
    }

    /// Whether one of them provides this header.
    pub fn give(&self, name: &HeaderName) -> bool {
        self.0.iter().any(|(other, _)| other == name)
    }

    /// Adds the headers to those of a request. Returns a number that changes with their values.
    ///
    /// # Errors
    /// A command failed.
    pub async fn add_to(&self, headers: &mut HeaderMap) -> Result<u64, Failure> {
        let mut serial = 0;
        for (name, value) in self.0.iter() {
            let printed = value.current().await?;
            serial += printed.serial;
            headers.insert(name.clone(), printed.header);
        }
        Ok(serial)
    }

    /// Whether a refused request may be sent again with other values than these. Runs the commands
    /// once.
    ///
    /// # Errors
    /// A command failed.
    pub async fn have_changed_since(&self, used: u64) -> Result<bool, Failure> {
        let serial: u64 = self.0.iter().map(|(_, value)| value.serial()).sum();
        if serial != used {
            return Ok(true);
        }
        let mut has_changed = false;
        // It is unknown which of several values was refused.
        for (_, value) in self.0.iter() {
            has_changed |= value.has_changed_since(Some(value.serial())).await?;
        }
        Ok(has_changed)
    }

    /// Notes that a request with these values was accepted.
    pub fn accept(&self) {
        for (_, value) in self.0.iter() {
            value.accept();
        }
    }

    /// Runs each command; returns its name in messages and how long its value is kept.
    pub async fn check(&self) -> Vec<(String, Result<Option<Duration>, Failure>)> {
        let mut checked = Vec::new();
        for (_, value) in self.0.iter() {
            let outcome = value.current().await.map(|_| value.remaining());
            checked.push((value.setting(), outcome));
        }
        checked
    }
}
