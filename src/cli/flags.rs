//! The flags of all settings, made from the table of settings: nothing about a setting is written
//! twice. Texts are only collected here; `settings` judges them.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::settings::{Flags, Key, Kind, SETTINGS, Setting};

const CONFIG: &str = "config";

/// All flags that set something, as one piece of a command's arguments.
#[derive(Clone, Default)]
pub struct SettingFlags(pub Flags);

impl Args for SettingFlags {
    /// Deferred: only the command that runs pays for its flags.
    fn augment_args(command: Command) -> Command {
        command.defer(|command| command.arg(config()).args(SETTINGS.iter().map(flag)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0 = given(matches, SETTINGS.iter());
        Ok(())
    }
}

/// The flags of commands that work on what is stored and reach no server.
#[derive(Clone, Default)]
pub struct StoreFlags(pub Flags);

impl Args for StoreFlags {
    fn augment_args(command: Command) -> Command {
        command.arg(config()).arg(flag(Key::CredentialStore.setting()))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for StoreFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0 = given(matches, [Key::CredentialStore.setting()].into_iter());
        Ok(())
    }
}

/// The flags that an entry of a host can have, without the two whose names mean something else
/// there.
#[derive(Clone, Default)]
pub struct InstallFlags(pub Flags);

impl Args for InstallFlags {
    fn augment_args(command: Command) -> Command {
        command.arg(config()).args(installable().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for InstallFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0 = given(matches, installable());
        Ok(())
    }
}

fn installable() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| !matches!(setting.key, Key::Host | Key::Scope))
}

/// What was typed for these settings.
fn given(matches: &ArgMatches, settings: impl Iterator<Item = &'static Setting>) -> Flags {
    let values = settings.map(|setting| (setting.key, texts(matches, setting)));
    Flags {
        config: matches.get_one::<String>(CONFIG).cloned(),
        values: values.filter(|(_, texts)| !texts.is_empty()).collect(),
    }
}

fn texts(matches: &ArgMatches, setting: &Setting) -> Vec<String> {
    if setting.kind == Kind::Switch {
        return matches.get_flag(setting.name).then(|| "true".to_owned()).into_iter().collect();
    }
    matches.get_many::<String>(setting.name).unwrap_or_default().cloned().collect()
}

fn config() -> Arg {
    Arg::new(CONFIG)
        .long(CONFIG)
        .value_name("FILE")
        .help("Read the settings from this file instead of the usual one")
        .help_heading("Settings file")
}

fn flag(setting: &'static Setting) -> Arg {
    let argument = Arg::new(setting.name)
        .long(setting.name)
        .help(help(setting))
        .help_heading(setting.group.heading());
    match setting.kind {
        Kind::Switch => return argument.action(ArgAction::SetTrue),
        Kind::Choice(words) => argument.value_parser(PossibleValuesParser::new(words)),
        kind if kind.is_list() => argument.action(ArgAction::Append),
        _ => argument,
    }
    .value_name(setting.value_name)
}

fn help(setting: &Setting) -> String {
    match (setting.kind, setting.default) {
        (Kind::Switch, _) | (_, "") => setting.help.to_owned(),
        (_, default) => format!("{} [default: {default}]", setting.help),
    }
}
