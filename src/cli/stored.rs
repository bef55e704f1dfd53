//! The commands that read or change secrets, credentials and settings.

use clap::Subcommand;

use super::flags::{JsonFlag, SettingFlags, StoreFlags};
use super::help;
use crate::commands;
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

#[derive(Subcommand)]
pub enum SecretVerb {
    /// Store a secret, read from a prompt or from stdin
    #[command(after_help = help::SECRET_SET, args_override_self = true)]
    Set {
        /// Its name in `${keyring:NAME}`
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        _json: JsonFlag,
        #[command(flatten)]
        flags: StoreFlags,
    },
    /// List the names of all secrets and where they are stored
    #[command(after_help = help::SECRET_LIST, args_override_self = true)]
    List {
        #[command(flatten)]
        _json: JsonFlag,
        #[command(flatten)]
        flags: StoreFlags,
    },
    /// Remove a secret
    #[command(after_help = help::SECRET_REMOVE, args_override_self = true)]
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        _json: JsonFlag,
        #[command(flatten)]
        flags: StoreFlags,
    },
}

#[derive(Subcommand)]
pub enum CredentialsVerb {
    /// Move every sign-in and secret
    #[command(after_help = help::CREDENTIALS_MOVE, args_override_self = true)]
    Move {
        /// Where they are stored now
        #[arg(long, value_name = "PLACE", value_parser = ["keyring", "file"])]
        from: Option<String>,
        /// Where to store them
        #[arg(long, value_name = "PLACE", value_parser = ["keyring", "file"])]
        to: String,
        #[command(flatten)]
        _json: JsonFlag,
        #[command(flatten)]
        flags: StoreFlags,
    },
}

#[derive(Subcommand)]
pub enum ConfigVerb {
    /// Print each setting, its value and where it comes from
    #[command(
        after_help = help::short(help::CONFIG_SHOW, true),
        after_long_help = help::CONFIG_SHOW
    )]
    #[command(override_usage = help::CONFIG_SHOW_USAGE, args_override_self = true)]
    Show {
        /// The server's URL
        #[arg(value_name = "URL")]
        url: Option<String>,
        /// Show every setting, also those with their built-in value
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: SettingFlags,
    },
    /// Print the path of the settings file
    #[command(after_help = help::CONFIG_PATH)]
    Path {
        /// Read the settings from this file instead of the usual one
        #[arg(long, value_name = "FILE")]
        config: Option<String>,
        #[command(flatten)]
        _json: JsonFlag,
    },
}

impl SecretVerb {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        match self {
            Self::Set { name, flags, .. } => {
                commands::secret::set(&name, &outer.overlaid_by(flags.0), environment)
            }
            Self::List { flags, .. } => {
                commands::secret::list(&outer.overlaid_by(flags.0), environment)
            }
            Self::Remove { name, flags, .. } => {
                commands::secret::remove(&name, &outer.overlaid_by(flags.0), environment)
            }
        }
    }
}

impl CredentialsVerb {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self::Move { from, to, flags, .. } = self;
        let flags = outer.overlaid_by(flags.0);
        commands::credentials::move_all(from.as_deref(), &to, &flags, environment)
    }
}

impl ConfigVerb {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        match self {
            Self::Show { url, all, json, flags } => {
                let flags = outer.overlaid_by(flags.0);
                commands::config::show(url.as_deref(), all, json, &flags, environment)
            }
            Self::Path { config, .. } => {
                commands::config::path(config.or(outer.config).as_deref(), environment)
            }
        }
    }
}
