//! The commands that provide credentials, `--header-command` and `--token-command`. Runs none of
//! them.

use std::time::Duration;

use http::HeaderName;
use http::header::AUTHORIZATION;

use super::headers::header_name;
use super::options::part_of;
use super::{Key, Settings};
use crate::auth::{CommandLine, HeaderCommands};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::redact::plain;

impl Settings {
    /// The headers that commands print. For each name, the first source wins.
    ///
    /// # Errors
    /// A value is not `NAME: COMMAND`, or a header of this name is set as well.
    pub(super) fn header_commands(
        &self,
        headers: &[(HeaderName, http::HeaderValue)],
        environment: &Environment,
    ) -> Result<HeaderCommands> {
        let mut commands: Vec<(HeaderName, CommandLine)> = Vec::new();
        for held in self.all(Key::HeaderCommand) {
            let Some(text) = held.value.as_text() else { continue };
            let setting = Key::HeaderCommand.setting();
            let place = format!("{} {}", part_of(&held.source), held.source.describe(setting));
            let (name, command) = header_command(text, &place)?;
            if headers.iter().any(|(other, _)| *other == name) {
                let message = format!("`{name}` is set both as a header and in {place}");
                return Err(Error::usage(message).hint("remove one of them"));
            }
            if commands.iter().all(|(other, _)| *other != name) {
                commands.push((name, at_home(command, environment)));
            }
        }
        Ok(HeaderCommands::new(commands, self.command_ttl()))
    }

    /// The command that prints a token, if one is set.
    pub(super) fn token_command(&self, environment: &Environment) -> Option<CommandLine> {
        let text = self.text(Key::TokenCommand).filter(|text| !text.is_empty())?;
        CommandLine::parse(text).map(|command| at_home(command, environment))
    }

    /// Whether a command replaces signing in.
    pub(super) fn commands_replace_sign_in(&self) -> bool {
        let is_set = self.text(Key::TokenCommand).is_some_and(|text| !text.is_empty());
        is_set || self.command_gives_authorization()
    }

    /// Whether a command provides the `Authorization` header.
    pub(super) fn command_gives_authorization(&self) -> bool {
        let is_authorization = |text: &str| {
            let name = text.split(':').next().unwrap_or_default().trim();
            name.eq_ignore_ascii_case(AUTHORIZATION.as_str())
        };
        self.texts(Key::HeaderCommand).any(is_authorization)
    }

    /// Whether commands provide credentials. Their account is unknown before they run, so nothing
    /// is cached for the next session (S-19).
    pub fn uses_commands(&self) -> bool {
        self.text(Key::TokenCommand).is_some_and(|text| !text.is_empty())
            || self.texts(Key::HeaderCommand).next().is_some()
    }

    /// How long a command's output is kept; zero runs it for every request.
    pub(super) fn command_ttl(&self) -> Duration {
        self.limit(Key::CommandTtl).unwrap_or_default()
    }
}

/// Parses `NAME: COMMAND`.
fn header_command(text: &str, place: &str) -> Result<(HeaderName, CommandLine)> {
    let example = "write `Name: command`, for example `X-API-Key: op read op://work/shop/key`";
    let (name, command) = text
        .split_once(':')
        .ok_or_else(|| Error::usage(format!("{place} has no colon")).hint(example))?;
    let name = header_name(name.trim_matches([' ', '\t']), place)?;
    let command = CommandLine::parse(command).ok_or_else(|| {
        let message = format!("the command for `{name}` is empty or has an open quotation mark");
        Error::usage(format!("{message} (in {})", plain(place))).hint(example)
    })?;
    Ok((name, command))
}

/// Expands `~`, because no shell does so for a settings file.
pub(super) fn at_home(command: CommandLine, environment: &Environment) -> CommandLine {
    let program = environment.expand_home(command.program()).to_string_lossy().into_owned();
    command.with_program(program)
}
