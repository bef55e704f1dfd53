//! The flags of all settings, generated from the table of settings. Only collects their values;
//! `settings` checks them.

use std::marker::PhantomData;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::relevance::{Shown, shown};
use crate::settings::{Flags, Key, SETTINGS, Setting, ValueKind};

const CONFIG: &str = "config";

/// The flags of the settings that `S` names, as part of a command's arguments.
#[derive(Clone, Default)]
pub struct FlagsOf<S>(pub Flags, PhantomData<S>);

/// The flags of every setting.
pub type SettingFlags = FlagsOf<EverySetting>;
/// The flags of commands that use the credential store and contact no server.
pub type StoreFlags = FlagsOf<StoreSettings>;
/// The flags that an entry of a host can contain, without the two whose names have another meaning
/// for `install`.
pub type InstallFlags = FlagsOf<EntrySettings>;

/// A selection of settings.
pub trait SomeSettings {
    /// These settings, in the order of the table.
    fn settings() -> impl Iterator<Item = &'static Setting>;
}

/// All settings.
#[derive(Clone, Default)]
pub struct EverySetting;

impl SomeSettings for EverySetting {
    fn settings() -> impl Iterator<Item = &'static Setting> {
        SETTINGS.iter()
    }
}

/// The settings of the credential store.
#[derive(Clone, Default)]
pub struct StoreSettings;

impl SomeSettings for StoreSettings {
    fn settings() -> impl Iterator<Item = &'static Setting> {
        [Key::CredentialStore.setting()].into_iter()
    }
}

/// The settings that an entry can contain unchanged.
#[derive(Clone, Default)]
pub struct EntrySettings;

impl SomeSettings for EntrySettings {
    fn settings() -> impl Iterator<Item = &'static Setting> {
        SETTINGS.iter().filter(|setting| !matches!(setting.key, Key::CallbackHost | Key::Scope))
    }
}

impl<S: SomeSettings + Default> Args for FlagsOf<S> {
    /// Deferred, so that only the command that runs builds its flags.
    fn augment_args(command: Command) -> Command {
        command.defer(|command| {
            let name = command.get_name().to_owned();
            command.arg(config()).args(S::settings().map(|setting| flag(setting, &name)))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: SomeSettings + Default> FromArgMatches for FlagsOf<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(collect(matches, S::settings()), PhantomData))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0 = collect(matches, S::settings());
        Ok(())
    }
}

/// The flag `--json` of a command that otherwise ignores it. It decides the format of results and
/// errors, and is detected before the words are parsed.
#[derive(Clone, Copy, Default)]
pub struct JsonFlag;

impl Args for JsonFlag {
    fn augment_args(command: Command) -> Command {
        // The short help of `mock` is long enough without it.
        let is_long = command.get_name() == "mock";
        let flag =
            Arg::new("json").long("json").action(ArgAction::SetTrue).hide_short_help(is_long);
        command.arg(flag.help("Print JSON, one line for each result"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for JsonFlag {
    fn from_arg_matches(_: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self)
    }

    fn update_from_arg_matches(&mut self, _: &ArgMatches) -> Result<(), clap::Error> {
        Ok(())
    }
}

/// Collects the flags of these settings.
fn collect(matches: &ArgMatches, settings: impl Iterator<Item = &'static Setting>) -> Flags {
    let values = settings.map(|setting| (setting.key, texts(matches, setting)));
    Flags {
        config: matches.get_one::<String>(CONFIG).cloned(),
        values: values.filter(|(_, texts)| !texts.is_empty()).collect(),
    }
}

fn texts(matches: &ArgMatches, setting: &Setting) -> Vec<String> {
    if setting.kind == ValueKind::Switch {
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
        .hide_short_help(true)
}

/// The flag of a setting, hidden if this command's help does not show it.
fn flag(setting: &'static Setting, command: &str) -> Arg {
    let shown = shown(command, setting);
    let argument = Arg::new(setting.name)
        .long(setting.name)
        .help(help(setting))
        .help_heading(setting.group.heading())
        .hide(shown == Shown::Never)
        .hide_short_help(shown != Shown::Always);
    let argument = match setting.key {
        Key::Debug => argument.short('v').visible_alias("verbose"),
        _ => argument,
    };
    match setting.kind {
        ValueKind::Switch => return argument.action(ArgAction::SetTrue),
        ValueKind::Choice(words) => argument.value_parser(PossibleValuesParser::new(words)),
        kind if kind.is_list() => argument.action(ArgAction::Append),
        _ => argument,
    }
    .value_name(setting.value_name)
}

fn help(setting: &Setting) -> String {
    match (setting.kind, setting.default) {
        (ValueKind::Switch, _) | (_, "") => setting.help.to_owned(),
        (_, default) => format!("{} [default: {default}]", setting.help),
    }
}
