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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Flags;

    fn settings(values: &[(Key, &str)]) -> Settings {
        let own = |(key, text): &(Key, &str)| (*key, vec![(*text).to_owned()]);
        let flags = Flags { config: None, values: values.iter().map(own).collect() };
        Settings::resolve(None, &flags, &Environment::fixed([])).unwrap()
    }

    #[test]
    fn a_header_command_is_a_name_a_colon_and_a_command() {
        let (name, command) = header_command("X-Key : op read 'a: b'", "here").unwrap();
        assert_eq!((name.as_str(), command.program()), ("x-key", "op"));
        for (text, problem) in [
            ("X-Key", "here has no colon"),
            (": get", "`` is not a valid header name (in here)"),
            ("X Key: get", "`X Key` is not a valid header name (in here)"),
            ("X-Key:", "the command for `x-key` is empty or has an open quotation mark (in here)"),
            ("X-Key: get 'it", "the command for `x-key` is empty or has an open quotation mark"),
            ("Host: get", "here sets `Host`, which only the bridge may set"),
        ] {
            let error = header_command(text, "here").err().unwrap();
            assert!(error.message().starts_with(problem), "{text}: {}", error.message());
        }
    }

    #[test]
    fn the_first_command_for_a_header_counts_and_a_fixed_value_contradicts_it() {
        let environment = Environment::fixed([]);
        let settings = settings(&[
            (Key::HeaderCommand, "X-Key: first"),
            (Key::HeaderCommand, "x-key: second"),
            (Key::HeaderCommand, "X-Other: third"),
        ]);
        let commands = settings.header_commands(&[], &environment).unwrap();
        let shown = format!("{commands:?}");
        assert_eq!(shown.matches("Header(\"x-key\")").count(), 1, "{shown}");
        assert_eq!(shown.matches("Header(\"x-other\")").count(), 1, "{shown}");
        let fixed = [(HeaderName::from_static("x-other"), http::HeaderValue::from_static("a"))];
        let error = settings.header_commands(&fixed, &environment).err().unwrap();
        let words = "`x-other` is set both as a header and in the value of `--header-command`";
        assert_eq!(error.message(), words);
    }

    ///
    #[test]
    fn only_a_command_for_authorization_replaces_signing_in() {
        for (values, replaces, uses) in [
            (&[][..], false, false),
            (&[(Key::TokenCommand, "")], false, false),
            (&[(Key::TokenCommand, "get")], true, true),
            (&[(Key::HeaderCommand, "X-Key: get")], false, true),
            (&[(Key::HeaderCommand, " authorization : get")], true, true),
            (&[(Key::HeaderCommand, "Authorization-Info: get")], false, true),
            (&[(Key::HeaderCommand, "X: a"), (Key::HeaderCommand, "AUTHORIZATION:b")], true, true),
        ] {
            let settings = settings(values);
            let found = (settings.commands_replace_sign_in(), settings.uses_commands());
            assert_eq!(found, (replaces, uses), "{values:?}");
        }
    }

    #[test]
    fn output_is_kept_for_an_hour_unless_another_time_is_set() {
        assert_eq!(settings(&[]).command_ttl(), Duration::from_secs(3600));
        assert_eq!(settings(&[(Key::CommandTtl, "5")]).command_ttl(), Duration::from_secs(5));
        assert_eq!(settings(&[(Key::CommandTtl, "0")]).command_ttl(), Duration::ZERO);
    }

    #[test]
    fn the_program_of_a_token_command_may_be_below_the_home_folder() {
        let environment = Environment::fixed([("HOME", "/home/sara")]);
        let command = settings(&[(Key::TokenCommand, "~/bin/get '~/x'")]);
        let command = command.token_command(&environment).unwrap();
        assert_eq!(command.program(), "/home/sara/bin/get");
        assert!(settings(&[(Key::TokenCommand, "")]).token_command(&environment).is_none());
    }
}
