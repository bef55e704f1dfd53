//! The commands that change the configuration files of hosts.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser};

use super::flags::{InstallFlags, JsonFlag};
use super::suggested::Suggested;
use super::{Cli, target};
use crate::commands::chosen_hosts::HostChoice;
use crate::commands::import::ImportOptions;
use crate::commands::install::InstallOptions;
use crate::commands::migrate::MigrateOptions;
use crate::commands::pack::PackOptions;
use crate::commands::registry::RegistryOptions;
use crate::commands::uninstall::UninstallOptions;
use crate::commands::untrusted::{EntryCommand, Untrusted};
use crate::commands::{import, install, migrate, pack, uninstall};
use crate::environment::Environment;
use crate::error::{Error, ExitCode, Result};
use crate::hosts::{HOSTS, Scope};
use crate::redact::shown_words;
use crate::settings::Flags;

#[derive(Args)]
pub struct Install {
    /// The server's URL, or its name in the MCP registry
    #[arg(value_name = "URL")]
    server: String,
    /// The host, repeat for more [default: asks about those found here]
    #[arg(
        long = "host",
        id = "hosts",
        value_name = "NAME",
        value_parser = host_names(),
        hide_possible_values = true
    )]
    hosts: Vec<String>,
    /// Every host found here
    #[arg(long, conflicts_with = "hosts")]
    all: bool,
    /// The server's name in the host's configuration [default: from the URL]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// `user`: everywhere; `project`: in the current folder
    #[arg(long, value_name = "SCOPE", value_parser = scope_parser(), default_value = "user")]
    #[arg(hide_possible_values = true)]
    scope: Scope,
    /// Only print the entry, for you to paste
    #[arg(long)]
    print: bool,
    /// Only print the address that makes the host add the entry
    #[arg(long, conflicts_with = "print", hide_short_help = true)]
    link: bool,
    /// Only show what would change
    #[arg(long, conflicts_with_all = ["print", "link"])]
    dry_run: bool,
    /// Add what the registry says without asking
    #[arg(long, hide_short_help = true)]
    yes: bool,
    /// A value that the registry leaves to you, repeat for more
    #[arg(long, value_name = "NAME=VALUE", hide_short_help = true)]
    set: Vec<String>,
    /// Another registry
    #[arg(long, value_name = "URL", hide_short_help = true)]
    registry: Option<String>,
    #[command(flatten)]
    _json: JsonFlag,
    #[command(flatten)]
    flags: InstallFlags,
}

#[derive(Args)]
pub struct Hosts {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Pack {
    /// The server's URL [default: the host asks for it]
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// The bundle's name [default: from the URL]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The file to write [default: from the name, the system and the processor]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    _json: JsonFlag,
    #[command(flatten)]
    flags: InstallFlags,
}

#[derive(Args)]
pub struct Uninstall {
    /// The entry's name, or the server's URL
    #[arg(value_name = "NAME")]
    target: String,
    /// The host, repeat for more [default: every host]
    #[arg(
        long = "host",
        id = "hosts",
        value_name = "NAME",
        value_parser = host_names(),
        hide_possible_values = true
    )]
    hosts: Vec<String>,
    /// Only your own entries, or only the current folder's
    #[arg(long, value_name = "SCOPE", value_parser = scope_parser())]
    scope: Option<Scope>,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    _json: JsonFlag,
}

#[derive(Args)]
pub struct Import {
    /// The servers' URLs, as in the host's configuration [default: every server that a supported
    /// host starts `mcp-remote` for]
    #[arg(value_name = "URL")]
    urls: Vec<String>,
    /// Without a URL: import the servers in your configurations, or ask about each one in the
    /// current folder's
    #[arg(long, value_name = "SCOPE", value_parser = scope_parser(), default_value = "user")]
    #[arg(conflicts_with = "urls")]
    scope: Scope,
    #[command(flatten)]
    _json: JsonFlag,
    #[command(flatten)]
    flags: InstallFlags,
}

#[derive(Args)]
pub struct Migrate {
    /// Only this host, repeat for more [default: every host with a configuration]
    #[arg(
        long = "host",
        id = "hosts",
        value_name = "NAME",
        value_parser = host_names(),
        hide_possible_values = true
    )]
    hosts: Vec<String>,
    /// Rewrite your entries and only list the current folder's, or ask about each of the latter
    #[arg(long, value_name = "SCOPE", value_parser = scope_parser(), default_value = "user")]
    scope: Scope,
    /// Rewrite without asking
    #[arg(long)]
    yes: bool,
    /// Only show what would change
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not import the sign-ins of `mcp-remote`
    #[arg(long)]
    no_import: bool,
    #[command(flatten)]
    _json: JsonFlag,
}

impl Install {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self {
            server,
            hosts,
            all,
            name,
            scope,
            print,
            link,
            dry_run,
            yes,
            set,
            registry,
            flags,
            ..
        } = self;
        let only_shown = print || link || dry_run;
        let registry = RegistryOptions { address: registry, values: set, yes, only_shown };
        let hosts = HostChoice { names: hosts, all };
        let options = InstallOptions { server, hosts, name, scope, print, link, dry_run, registry };
        install::run(&options, &outer.overlaid_by(flags.0), environment)
    }
}

impl Hosts {
    pub fn run(&self, environment: &Environment) -> ExitCode {
        crate::commands::hosts::run(self.json, environment)
    }
}

impl Pack {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, name, output, flags, .. } = self;
        pack::run(&PackOptions { url, name, output }, &outer.overlaid_by(flags.0), environment)
    }
}

impl Uninstall {
    pub fn run(self, environment: &Environment) -> Result<ExitCode> {
        let Self { target, hosts, scope, dry_run, .. } = self;
        let options = UninstallOptions { target, hosts, scope, dry_run };
        uninstall::run(&options, environment)
    }
}

impl Import {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { urls, scope, flags, .. } = self;
        let options = ImportOptions { urls, scope };
        import::run(&options, &read, &outer.overlaid_by(flags.0), environment)
    }
}

impl Migrate {
    pub fn run(self, environment: &Environment) -> Result<ExitCode> {
        let Self { hosts, scope, yes, dry_run, no_import, .. } = self;
        let options = MigrateOptions { hosts, scope, yes, dry_run, no_import };
        migrate::run(&options, &read, environment)
    }
}

fn host_names() -> Suggested {
    Suggested(|| HOSTS.iter().map(|host| host.id).collect())
}

fn scope_parser() -> impl TypedValueParser<Value = Scope> {
    PossibleValuesParser::new(Scope::NAMES)
        .map(|word| Scope::from_name(&word).expect("the parser accepts only these names"))
}

const READ_HELP: &str = "`mcp-tether --help` shows the arguments that an entry may have";

/// Parses the arguments of an entry as a command line of the bridge, without obeying it.
///
/// # Errors
/// The words are not a command line of the bridge, or the first one is a command.
pub fn read(words: &[String]) -> Result<Untrusted<EntryCommand>> {
    let words = [OsString::from("mcp-tether")].into_iter().chain(words.iter().map(OsString::from));
    let cli = Cli::try_parse_from(words)
        .map_err(|error| Error::usage(reason_without_values(&error)).hint(READ_HELP))?;
    match cli.command {
        None => {
            let target = target(cli.bridge.target, cli.bridge.flags.0);
            let (url, flags) = target
                .map_err(|_| Error::usage("its words are not a URL and a port").hint(READ_HELP))?;
            Ok(Untrusted::new(EntryCommand { url, flags }))
        }
        Some(_) => Err(Error::usage("the first word is a command").hint(READ_HELP)),
    }
}

/// Why an entry cannot be read, without its values, which may be secrets.
fn reason_without_values(error: &clap::Error) -> String {
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) if argument.starts_with('-') => argument.as_str(),
        _ => return "its arguments are not those of this program".to_owned(),
    };
    let name = shown_words(argument.split('=').next().unwrap_or_default());
    match error.kind() {
        ErrorKind::UnknownArgument => format!("unknown flag `{name}`"),
        _ => format!("`{name}` is used in another way than this program takes it"),
    }
}
