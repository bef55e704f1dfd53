//! The verbs that work on the configuration files of hosts.

use std::ffi::OsString;

use clap::{Args, Parser};

use super::flags::InstallFlags;
use super::{Cli, target};
use crate::commands::import::ImportOptions;
use crate::commands::install::{InstallOptions, UninstallOptions};
use crate::commands::migrate::MigrateOptions;
use crate::commands::untrusted::UntrustedCommand;
use crate::commands::{import, install, migrate};
use crate::environment::Environment;
use crate::error::{Error, ExitCode, Result};
use crate::hosts::Scope;
use crate::settings::Flags;

#[derive(Args)]
pub struct Install {
    /// The server's URL
    #[arg(value_name = "URL")]
    url: String,
    /// The host, repeat for more, for example `vscode`, `cursor`, `claude-desktop`
    #[arg(long = "host", id = "hosts", value_name = "NAME")]
    hosts: Vec<String>,
    /// What the host shall call the server [default: from the URL]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// For this user everywhere, or for the current folder
    #[arg(long, value_name = "SCOPE", value_parser = ["user", "project"], default_value = "user")]
    scope: String,
    /// Only print the entry, to be pasted
    #[arg(long)]
    print: bool,
    /// Only show what would change
    #[arg(long, conflicts_with = "print")]
    dry_run: bool,
    #[command(flatten)]
    flags: InstallFlags,
}

#[derive(Args)]
pub struct Uninstall {
    /// The entry's name, or the server's URL
    #[arg(value_name = "NAME")]
    target: String,
    /// The host, repeat for more
    #[arg(long = "host", id = "hosts", value_name = "NAME")]
    hosts: Vec<String>,
    /// For this user everywhere, or for the current folder
    #[arg(long, value_name = "SCOPE", value_parser = ["user", "project"], default_value = "user")]
    scope: String,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args)]
pub struct Import {
    /// The servers' URLs, as they stand in the host's configuration [default: every server that a
    /// known host starts `mcp-remote` for]
    #[arg(value_name = "URL")]
    urls: Vec<String>,
    /// Without a URL: the servers in this user's configurations, or those that the current folder
    /// names; each of these is asked about
    #[arg(long, value_name = "SCOPE", value_parser = ["user", "project"], default_value = "user")]
    #[arg(conflicts_with = "urls")]
    scope: String,
    #[command(flatten)]
    flags: InstallFlags,
}

#[derive(Args)]
pub struct Migrate {
    /// Only this host, repeat for more [default: every host that is found]
    #[arg(long = "host", id = "hosts", value_name = "NAME")]
    hosts: Vec<String>,
    /// Rewrite the entries of this user, or those of the current folder: each of these is asked
    /// about, and they are only named otherwise
    #[arg(long, value_name = "SCOPE", value_parser = ["user", "project"], default_value = "user")]
    scope: String,
    /// Rewrite without asking
    #[arg(long)]
    yes: bool,
    /// Only show what would change
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Leave the sign-ins of `mcp-remote` where they are
    #[arg(long)]
    no_import: bool,
}

impl Install {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, hosts, name, scope, print, dry_run, flags } = self;
        let scope = scope_of(&scope);
        let options = InstallOptions { url, hosts, name, scope, print, dry_run };
        install::run(&options, &outer.overlaid_by(flags.0), environment)
    }
}

impl Uninstall {
    pub fn run(self, environment: &Environment) -> Result<ExitCode> {
        let Self { target, hosts, scope, dry_run } = self;
        let options = UninstallOptions { target, hosts, scope: scope_of(&scope), dry_run };
        install::uninstall(&options, environment)
    }
}

impl Import {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { urls, scope, flags } = self;
        let options = ImportOptions { urls, scope: scope_of(&scope) };
        import::run(&options, &read, &outer.overlaid_by(flags.0), environment)
    }
}

impl Migrate {
    pub fn run(self, environment: &Environment) -> Result<ExitCode> {
        let Self { hosts, scope, yes, dry_run, no_import } = self;
        let scope = scope_of(&scope);
        let options = MigrateOptions { hosts, scope, yes, dry_run, no_import };
        migrate::run(&options, &read, environment)
    }
}

fn scope_of(word: &str) -> Scope {
    if word == "project" { Scope::Project } else { Scope::User }
}

/// The words of an entry as a command line of the bridge, which is not obeyed.
pub fn read(words: &[String]) -> Result<UntrustedCommand> {
    let words = [OsString::from("mcp-tether")].into_iter().chain(words.iter().map(OsString::from));
    let cli = Cli::try_parse_from(words).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        Error::usage(first.trim_start_matches("error: "))
    })?;
    match cli.command {
        None => {
            let (url, flags) = target(cli.target, cli.flags.0)?;
            Ok(UntrustedCommand::new(url, flags))
        }
        Some(_) => Err(Error::usage("its first word is a command")),
    }
}
