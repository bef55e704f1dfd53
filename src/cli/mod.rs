//! The command line: its arguments, and the command that they run. Every doc comment in these types
//! is help text. Values are checked in `settings`, and `commands` does the work.

mod about;
mod doctor;
mod flags;
mod help;
mod hosts;
mod json_argument;
#[cfg(feature = "mock")]
mod mock;
mod relevance;
mod servers;
mod sign_in;
mod split_header;
mod stored;
mod suggested;
mod usage_error;
mod words;

use std::ffi::OsString;
use std::process::ExitCode as ProcessExitCode;

use clap::{Args, Command, CommandFactory, Parser, Subcommand};

use self::about::{Completions, Generate};
use self::doctor::Doctor;
use self::flags::{SettingFlags, StoreFlags};
use self::hosts::{Hosts, Import, Install, Migrate, Pack, Uninstall};
#[cfg(feature = "mock")]
use self::mock::{Demo, Mock};
use self::servers::{Call, Info, ListResources, Prompts, ReadResource, Tools};
use self::sign_in::{Forget, Login, Logout};
use self::stored::{ConfigVerb, CredentialsVerb, SecretVerb};
use self::usage_error::{command_of, usage_error};
use self::words::{error_for_pasted_bridge, error_for_unknown_command, looks_like_command};
use crate::commands;
use crate::commands::displayed_change::display_words;
use crate::environment::{Environment, print_error, to_stdout, use_json};
use crate::error::{Error, ExitCode, Result};
use crate::redact::{shown_words, url_argument};
use crate::settings::{Flags, Key};

/// Runs a token job, which another process of this program passes on.
const TOKEN_JOB: &str = "token-job";

/// Connects your editor or assistant to a remote MCP server
#[derive(Parser)]
#[command(
    name = "mcp-tether",
    bin_name = "mcp-tether",
    disable_version_flag = true,
    override_usage = help::USAGE,
    after_help = help::short(help::BRIDGE, true),
    after_long_help = help::BRIDGE,
    max_term_width = help::WIDTH,
    args_override_self = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Verb>,
    #[command(flatten)]
    bridge: Bridge,
}

/// The command line of a bridge alone, without all the commands, whose making would cost each start
/// of a bridge more than everything else that it parses.
#[derive(Parser)]
#[command(disable_version_flag = true, disable_help_flag = true, args_override_self = true)]
struct BridgeAlone {
    #[command(flatten)]
    bridge: Bridge,
}

#[derive(Args)]
struct Bridge {
    /// The server's URL, and the port that a sign-in returns to, in any order
    #[arg(value_names = ["URL", "PORT"], num_args = 0..=2)]
    target: Vec<String>,
    /// Print version
    #[arg(short = 'V', long)]
    version: bool,
    /// With `--version`: print features, target and commit too, as JSON
    #[arg(long, requires = "version")]
    json: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

#[derive(Subcommand)]
enum Verb {
    /// List the tools of a server, or show one with its arguments
    #[command(after_help = help::short(help::TOOLS, true), after_long_help = help::TOOLS)]
    #[command(override_usage = help::TOOLS_USAGE, args_override_self = true)]
    Tools(Tools),
    /// Call one tool of a server
    #[command(after_help = help::short(help::CALL, true), after_long_help = help::CALL)]
    #[command(override_usage = help::CALL_USAGE, args_override_self = true)]
    Call(Call),
    /// List the prompts of a server, or print the messages of one
    #[command(after_help = help::short(help::PROMPTS, true), after_long_help = help::PROMPTS)]
    #[command(override_usage = help::PROMPTS_USAGE, args_override_self = true)]
    Prompts(Prompts),
    /// List the resources of a server
    #[command(after_help = help::short(help::RESOURCES, true), after_long_help = help::RESOURCES)]
    #[command(override_usage = help::RESOURCES_USAGE, args_override_self = true)]
    Resources(ListResources),
    /// Print one resource of a server
    #[command(after_help = help::short(help::READ, true), after_long_help = help::READ)]
    #[command(override_usage = help::READ_USAGE, args_override_self = true)]
    Read(ReadResource),
    /// Show what a server is: its name, revision, transport and capabilities
    #[command(after_help = help::short(help::INFO, true), after_long_help = help::INFO)]
    #[command(override_usage = help::INFO_USAGE, args_override_self = true)]
    Info(Info),
    /// Sign in to a server now
    #[command(after_help = help::short(help::LOGIN, true), after_long_help = help::LOGIN)]
    #[command(override_usage = help::LOGIN_USAGE, args_override_self = true)]
    Login(Login),
    /// Sign out: revoke the tokens and remove them
    #[command(after_help = help::short(help::LOGOUT, true), after_long_help = help::LOGOUT)]
    #[command(override_usage = help::LOGOUT_USAGE, args_override_self = true)]
    Logout(Logout),
    /// Remove everything that is stored about a server
    #[command(after_help = help::short(help::FORGET, true), after_long_help = help::FORGET)]
    #[command(override_usage = help::FORGET_USAGE, args_override_self = true)]
    Forget(Forget),
    /// Check what works and what does not
    #[command(after_help = help::short(help::DOCTOR, true), after_long_help = help::DOCTOR)]
    #[command(override_usage = help::DOCTOR_USAGE, args_override_self = true)]
    Doctor(Doctor),
    /// List what is stored about servers, or the running bridges
    #[command(after_help = help::short(help::STATUS, false), after_long_help = help::STATUS)]
    #[command(args_override_self = true)]
    Status {
        /// List the running bridges instead: process, host, server, state, requests, errors
        #[arg(long)]
        running: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: StoreFlags,
    },
    /// Import the sign-ins of `mcp-remote`
    #[command(after_help = help::short(help::IMPORT, true), after_long_help = help::IMPORT)]
    #[command(override_usage = help::IMPORT_USAGE, args_override_self = true)]
    Import(Import),
    /// Add a server to a host's configuration
    #[command(after_help = help::short(&help::install(), true), after_long_help = help::install())]
    #[command(override_usage = help::INSTALL_USAGE, args_override_self = true)]
    Install(Install),
    /// Remove a server from a host's configuration
    #[command(after_help = help::UNINSTALL)]
    Uninstall(Uninstall),
    /// List the hosts' entries for this program and other bridges
    #[command(after_help = help::HOSTS)]
    Hosts(Hosts),
    /// Rewrite the hosts' entries that run `mcp-remote`
    #[command(after_help = help::short(help::MIGRATE, false), after_long_help = help::MIGRATE)]
    Migrate(Migrate),
    /// Write a bundle (`.mcpb`) for hosts that install one with a click
    #[command(after_help = help::short(help::PACK, true), after_long_help = help::PACK)]
    #[command(args_override_self = true)]
    Pack(Pack),
    /// Store API keys for headers in the keyring
    #[command(after_help = help::SECRET, subcommand_required = true)]
    Secret {
        #[command(subcommand)]
        verb: SecretVerb,
    },
    /// Move stored credentials to another place
    #[command(after_help = help::CREDENTIALS, subcommand_required = true)]
    Credentials {
        #[command(subcommand)]
        verb: CredentialsVerb,
    },
    /// Show the settings and where they come from
    #[command(after_help = help::CONFIG, subcommand_required = true)]
    Config {
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Print completions for a shell
    #[command(after_help = help::short(help::COMPLETIONS, false))]
    #[command(after_long_help = help::COMPLETIONS)]
    Completions(Completions),
    /// Write man pages and completions into a folder
    #[command(after_help = help::GENERATE)]
    Generate(Generate),
    /// Try it: start a mock shop and watch a session with it
    #[cfg(feature = "mock")]
    #[command(after_help = help::DEMO)]
    Demo(Demo),
    /// Run the mock server alone, on the loopback interface
    #[cfg(feature = "mock")]
    #[command(after_help = help::short(help::MOCK, true), after_long_help = help::MOCK)]
    Mock(Mock),
}

/// Runs the program with these arguments, the first of which is the program's name.
pub fn run(
    arguments: impl Iterator<Item = OsString>,
    environment: &Environment,
) -> ProcessExitCode {
    let words = words::normal(arguments);
    if words::want_json(&words) {
        use_json();
    }
    let code = run_words(&words, environment).unwrap_or_else(|error| {
        print_error(&error);
        error.exit_code()
    });
    ProcessExitCode::from(code as u8)
}

fn run_words(words: &[OsString], environment: &Environment) -> Result<ExitCode> {
    match words.get(1).and_then(|word| word.to_str()) {
        None if words.len() < 2 => return Ok(overview()),
        Some("help") if words.len() == 2 => return Ok(overview()),
        Some(TOKEN_JOB) if words.len() == 2 => return commands::token_job::run(environment),
        _ => {}
    }
    if let Some(bridge) = bridge_alone(words) {
        return bridge.run(environment);
    }
    match Cli::try_parse_from(words) {
        // More than one URL cannot be right, so another cause is looked for first.
        Ok(cli) if cli.command.is_none() && cli.bridge.target.len() > 1 => {
            let error = error_for_pasted_bridge(&texts(words))
                .or_else(|| split_header::error_for_split_header(words));
            match error {
                Some(error) => Err(error),
                None => cli.run(environment),
            }
        }
        Ok(cli) => cli.run(environment),
        Err(error) if !error.use_stderr() => print_help(words),
        Err(error) => Err(explained(&error, words)),
    }
}

/// The bridge that these words start, if they are an entry of a host as most are: a URL, then
/// flags. Everything else, and everything wrong, is for the whole command line.
fn bridge_alone(words: &[OsString]) -> Option<Bridge> {
    let first = words.get(1)?.to_str()?;
    if !first.starts_with("https://") && !first.starts_with("http://") {
        return None;
    }
    if words.len() == 2 {
        // The parser of a hundred flags takes longer than a server next door.
        let (target, flags) = (vec![first.to_owned()], SettingFlags::default());
        return Some(Bridge { target, version: false, json: false, flags });
    }
    let BridgeAlone { bridge } = BridgeAlone::try_parse_from(words).ok()?;
    (bridge.target.len() == 1).then_some(bridge)
}

/// Prints the short help for `-h`, and the same with every flag for `--help`.
fn print_help(words: &[OsString]) -> Result<ExitCode> {
    let mut program = Cli::command();
    program.build();
    let texts = texts(words);
    if let Some(error) = unknown_command(&texts, &program) {
        return Err(error);
    }
    let is_full = words.iter().any(|word| word == "--help");
    let command = command_of(&program, &texts).0;
    let help = if is_full { help::full(command) } else { help::brief(command) };
    to_stdout(&help::wrapped(&help.ansi().to_string()));
    Ok(ExitCode::Ok)
}

fn overview() -> ExitCode {
    to_stdout(help::OVERVIEW);
    ExitCode::Ok
}

/// The error of the parser, or what is more likely to be the cause of it.
fn explained(error: &clap::Error, words: &[OsString]) -> Error {
    let texts = texts(words);
    let mut program = Cli::command();
    program.build();
    error_for_pasted_bridge(&texts)
        .or_else(|| unknown_command(&texts, &program))
        .or_else(|| split_header::error_for_split_header(words))
        .unwrap_or_else(|| usage_error(error, &program, &texts))
}

fn texts(words: &[OsString]) -> Vec<String> {
    words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The error for a first word that was meant as a command and is none.
fn unknown_command(words: &[String], program: &Command) -> Option<Error> {
    let first = words.get(1).filter(|word| program.find_subcommand(word).is_none());
    let unknown = first.filter(|word| looks_like_command(word))?;
    Some(error_for_unknown_command(unknown, names(program)))
}

/// The names of the commands.
fn names(program: &Command) -> impl Iterator<Item = &str> {
    program.get_subcommands().map(Command::get_name)
}

impl Bridge {
    fn run(self, environment: &Environment) -> Result<ExitCode> {
        if self.version {
            return Ok(about::version(self.json));
        }
        let (url, flags) = target(self.target, self.flags.0)?;
        commands::bridge::run(&url, &flags, environment)
    }
}

impl Cli {
    fn run(self, environment: &Environment) -> Result<ExitCode> {
        let Some(verb) = self.command.filter(|_| !self.bridge.version) else {
            return self.bridge.run(environment);
        };
        let outer = self.bridge.flags.0;
        match verb {
            Verb::Tools(tools) => tools.run(outer, environment),
            Verb::Call(call) => call.run(outer, environment),
            Verb::Prompts(prompts) => prompts.run(outer, environment),
            Verb::Resources(resources) => resources.run(outer, environment),
            Verb::Read(read) => read.run(outer, environment),
            Verb::Info(info) => info.run(outer, environment),
            Verb::Login(login) => login.run(outer, environment),
            Verb::Logout(logout) => logout.run(outer, environment),
            Verb::Forget(forget) => forget.run(outer, environment),
            Verb::Doctor(doctor) => doctor.run(outer, environment),
            Verb::Status { running: true, json, .. } => {
                Ok(commands::running::run(json, environment))
            }
            Verb::Status { json, flags, .. } => {
                commands::status::run(json, &outer.overlaid_by(flags.0), environment)
            }
            Verb::Import(import) => import.run(outer, environment),
            Verb::Install(install) => install.run(outer, environment),
            Verb::Uninstall(uninstall) => uninstall.run(environment),
            Verb::Hosts(hosts) => Ok(hosts.run(environment)),
            Verb::Pack(pack) => pack.run(outer, environment),
            Verb::Migrate(migrate) => migrate.run(environment),
            Verb::Completions(completions) => Ok(completions.run()),
            Verb::Generate(generate) => generate.run(),
            Verb::Secret { verb } => verb.run(outer, environment),
            Verb::Credentials { verb } => verb.run(outer, environment),
            Verb::Config { verb } => verb.run(outer, environment),
            #[cfg(feature = "mock")]
            Verb::Demo(demo) => demo.run(),
            #[cfg(feature = "mock")]
            Verb::Mock(mock) => mock.run(),
        }
    }
}

/// Parses URL and port, which may be in any order.
fn target(words: Vec<String>, mut flags: Flags) -> Result<(String, Flags)> {
    let is_port = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
    let (ports, mut urls): (Vec<_>, Vec<_>) = words.into_iter().partition(is_port);
    if let Some(word) = urls.iter().find(|word| looks_like_command(word)) {
        return Err(error_for_misplaced_command(word, &urls));
    }
    if urls.len() > 1 {
        return Err(Error::usage(format!("unexpected argument `{}`", shown_words(&urls[1])))
            .hint("give one URL, and optionally a port"));
    }
    let url = urls.pop().ok_or_else(|| {
        Error::usage("no URL was given")
            .hint("give the server's URL: `mcp-tether https://mcp.example.com/mcp`")
            .hint("or list the commands: `mcp-tether help`")
    })?;
    if ports.len() > 1 {
        return Err(Error::usage("two ports were given").hint("give one URL and one port"));
    }
    if !ports.is_empty() {
        flags.values.push((Key::CallbackPort, ports));
    }
    Ok((url, flags))
}

/// The error for a word of a command line without a command that can only be meant as one.
fn error_for_misplaced_command(word: &str, words: &[String]) -> Error {
    let program = Cli::command();
    match words.iter().find(|other| other.contains("://")) {
        Some(url) if program.find_subcommand(word).is_some() => {
            Error::usage(format!("unexpected argument `{}`", shown_words(word)))
                .hint(format!("the command comes first: `mcp-tether {word} {}`", url_argument(url)))
        }
        _ => error_for_unknown_command(word, names(&program)),
    }
}

/// Checks that these words, the first of which is the program's name, are a command line, without
/// running it. For the tests of the documentation.
///
/// # Errors
/// What the user would be told.
pub fn check(words: &[String]) -> Result<()> {
    let words = words::normal(words.iter().map(OsString::from));
    if words.len() == 2 && words[1] == "help" {
        return Ok(());
    }
    match Cli::try_parse_from(&words) {
        Ok(Cli { command: None, bridge }) if !bridge.version && !bridge.target.is_empty() => {
            target(bridge.target, bridge.flags.0).map(drop)
        }
        Ok(_) => Ok(()),
        Err(error) if !error.use_stderr() => Ok(()),
        Err(error) => Err(explained(&error, &words)),
    }
}

/// What commands show of the command line of an entry that someone else may have written. For the
/// fuzz targets: it is one line without secrets, whatever the entry says (S-17).
pub fn describe_entry(words: &[String]) -> String {
    let server = hosts::read(words).map(|command| command.display_url());
    let shown = display_words(words);
    server.map_or_else(
        |error| format!("{}: {shown}", error.message()),
        |url| format!("{url}: {shown}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(line: &str) -> Option<Bridge> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        bridge_alone(&words)
    }

    #[test]
    fn an_entry_of_a_host_is_read_alike_with_and_without_the_commands() {
        for line in [
            "mcp-tether https://mcp.example.com/mcp",
            "mcp-tether https://mcp.example.com/mcp --account tools --header A:b --debug",
            "mcp-tether http://localhost:3000/mcp --transport sse-only --timeout 5",
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            let Ok(whole) = Cli::try_parse_from(&words) else {
                assert!(alone(line).is_none(), "{line}");
                continue;
            };
            let alone = alone(line).expect(line);
            assert_eq!(alone.target, whole.bridge.target, "{line}");
            assert_eq!(alone.flags.0.values, whole.bridge.flags.0.values, "{line}");
        }
    }

    #[test]
    fn whatever_is_no_entry_of_a_host_is_for_the_whole_command_line() {
        for line in [
            "mcp-tether",
            "mcp-tether tools https://mcp.example.com/mcp",
            "mcp-tether https://mcp.example.com/mcp 3334",
            "mcp-tether https://mcp.example.com/mcp tools",
            "mcp-tether https://mcp.example.com/mcp --help",
            "mcp-tether https://mcp.example.com/mcp --no-such-flag",
        ] {
            assert!(alone(line).is_none(), "{line}");
        }
    }
}
