//! The command line: its arguments, and the command that they run. Every doc comment in these types
//! is help text. Values are checked in `settings`, and `commands` does the work.

mod about;
mod doctor;
mod flags;
mod help;
mod hosts;
mod json_argument;
mod split_header;
mod stored;

use std::ffi::OsString;
use std::process::ExitCode as ProcessExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use self::about::{Completions, Generate};
use self::doctor::Doctor;
use self::flags::{SettingFlags, StoreFlags};
use self::hosts::{Hosts, Import, Install, Migrate, Pack, Uninstall};
use self::stored::{ConfigVerb, CredentialsVerb, SecretVerb};
#[cfg(feature = "mock")]
use crate::commands::serve_mock::ServeOptions;
use crate::commands::{self, call::CallOptions};
use crate::environment::{Environment, to_stderr};
use crate::error::{Error, ExitCode, Result};
use crate::settings::{Flags, Key};

/// Connects an MCP host that speaks stdio to a remote MCP server
#[derive(Parser)]
#[command(
    name = "mcp-tether",
    disable_version_flag = true,
    override_usage = help::USAGE,
    after_help = help::BRIDGE,
    max_term_width = 100,
    args_override_self = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Verb>,
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
    /// List the tools of a server
    #[command(after_help = help::TOOLS, args_override_self = true)]
    Tools(ToolsArgs),
    /// Call one tool of a server
    #[command(after_help = help::CALL, args_override_self = true)]
    Call(CallArgs),
    /// Sign in to a server now
    #[command(after_help = help::LOGIN, args_override_self = true)]
    Login(LoginArgs),
    /// Sign out: revoke the tokens and remove them
    #[command(after_help = help::LOGOUT, args_override_self = true)]
    Logout(LogoutArgs),
    /// Check what works and what does not
    #[command(after_help = help::DOCTOR, args_override_self = true)]
    Doctor(Doctor),
    /// List the stored sign-ins, or the running bridges
    #[command(after_help = help::STATUS, args_override_self = true)]
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
    /// Renew or complete a sign-in for a bridge
    #[command(hide = true)]
    TokenJob,
    /// Import the sign-ins of `mcp-remote`
    #[command(after_help = help::IMPORT, args_override_self = true)]
    Import(Import),
    /// Add a server to a host's configuration
    #[command(after_help = help::install(), args_override_self = true)]
    Install(Install),
    /// Remove a server from a host's configuration
    #[command(after_help = help::UNINSTALL)]
    Uninstall(Uninstall),
    /// List the hosts' entries for this program and other bridges
    #[command(after_help = help::HOSTS)]
    Hosts(Hosts),
    /// Rewrite the hosts' entries that run `mcp-remote`
    #[command(after_help = help::MIGRATE)]
    Migrate(Migrate),
    /// Write a bundle (`.mcpb`) for hosts that install one with a click
    #[command(after_help = help::PACK, args_override_self = true)]
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
    #[command(after_help = help::COMPLETIONS)]
    Completions(Completions),
    /// Write man pages and completions for a package
    #[command(hide = true)]
    Generate(Generate),
    /// Try it: start a mock shop and watch a session with it
    #[cfg(feature = "mock")]
    #[command(after_help = help::DEMO)]
    Demo(DemoArgs),
    /// Run the mock server alone, on the loopback interface
    #[cfg(feature = "mock")]
    #[command(after_help = help::MOCK)]
    Mock(MockArgs),
}

#[cfg(feature = "mock")]
#[derive(Args)]
struct DemoArgs {
    /// Show the session even if stdin is not a terminal
    #[arg(long)]
    talk: bool,
    /// The product to serve; `mcp-tether mock --list` lists them
    #[arg(long, value_name = "NAME", default_value = "egrow")]
    product: String,
    /// Seed for the mock's data: the same seed gives the same data
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

#[cfg(feature = "mock")]
#[derive(Args)]
struct MockArgs {
    /// The product to serve; `--list` lists them
    #[arg(value_name = "PRODUCT", default_value = "egrow")]
    product: String,
    /// The loopback port; 0 for any free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Seed for the data: the same seed gives the same data
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Store the data in this file, which is created if it does not exist [default: in memory]
    #[arg(long, value_name = "FILE")]
    data: Option<std::path::PathBuf>,
    /// Misbehave in this way, repeat for more; `--list` lists the faults
    #[arg(long, value_name = "FAULT")]
    fault: Vec<String>,
    /// Speak only this revision, such as 2025-06-18; or legacy, dual or all. 2024-11-05 means
    /// HTTP+SSE
    #[arg(long, value_name = "REVISION")]
    protocol: Option<String>,
    /// Use no sessions
    #[arg(long)]
    stateless: bool,
    /// Answer with event streams instead of JSON
    #[arg(long)]
    sse: bool,
    /// Do not require an API key
    #[arg(long)]
    open: bool,
    /// Protect it as this provider does; `--list` shows them
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Protect it in a way that companies use; `--list` shows them
    #[arg(long, value_name = "KIND", conflicts_with_all = ["provider", "open"])]
    auth: Option<String>,
    /// Serve every attack at once, each at its own URL, and report at the end what they obtained
    #[arg(long, exclusive = true)]
    hostile: bool,
    /// List the products with their tools, and the faults
    #[arg(long)]
    list: bool,
}

#[derive(Args)]
struct ToolsArgs {
    /// The server's URL
    #[arg(value_name = "URL")]
    url: String,
    /// The port of the redirect URI
    #[arg(value_name = "PORT")]
    port: Option<u16>,
    /// Print the tools as the server sent them, as a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

#[derive(Args)]
struct CallArgs {
    /// The server's URL
    #[arg(value_name = "URL")]
    url: String,
    /// The tool's name
    #[arg(value_name = "TOOL")]
    tool: String,
    /// The arguments of the tool
    #[arg(value_name = "KEY=VALUE")]
    arguments: Vec<String>,
    /// Print the result as JSON; may be followed by the arguments as a JSON object
    #[arg(long, value_name = "ARGUMENTS", num_args = 0..=1, require_equals = true)]
    json: Option<Option<String>>,
    /// Accept confirmations that the tool asks for
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

#[derive(Args)]
struct LoginArgs {
    /// The server's URL; without one, `--idp` names where to sign in
    #[arg(value_name = "URL", required_unless_present = "idp")]
    url: Option<String>,
    /// The port of the redirect URI
    #[arg(value_name = "PORT")]
    port: Option<u16>,
    /// Open no browser: print the address to visit, and read the one it ends at from stdin
    #[arg(long)]
    no_browser: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

#[derive(Args)]
struct LogoutArgs {
    /// The server's URL
    #[arg(value_name = "URL", required_unless_present_any = ["all", "idp"], conflicts_with = "all")]
    url: Option<String>,
    /// The port of the redirect URI
    #[arg(value_name = "PORT", requires = "url")]
    port: Option<u16>,
    /// Sign out of every server
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

#[cfg(feature = "mock")]
impl DemoArgs {
    fn served(&self) -> ServeOptions {
        ServeOptions { product: self.product.clone(), seed: self.seed, ..ServeOptions::default() }
    }
}

#[cfg(feature = "mock")]
impl From<MockArgs> for ServeOptions {
    fn from(mock: MockArgs) -> Self {
        let MockArgs {
            product,
            port,
            seed,
            data,
            fault,
            protocol,
            stateless,
            sse,
            open,
            provider,
            auth,
            ..
        } = mock;
        let faults = fault;
        Self { product, port, seed, data, faults, protocol, stateless, sse, open, provider, auth }
    }
}

impl From<CallArgs> for CallOptions {
    fn from(call: CallArgs) -> Self {
        let CallArgs { url, tool, arguments: words, json, yes, .. } = call;
        Self { url, tool, words, as_json: json.is_some(), json_arguments: json.flatten(), yes }
    }
}

/// Runs the program with these arguments, the first of which is the program's name.
pub fn run(
    arguments: impl Iterator<Item = OsString>,
    environment: &Environment,
) -> ProcessExitCode {
    let words = json_argument::with_json_joined(arguments);
    let code = match Cli::try_parse_from(&words) {
        // More than one URL cannot be right, so another cause is looked for first.
        Ok(cli) if cli.command.is_none() && cli.target.len() > 1 => {
            match split_header::error_for_split_header(&words) {
                Some(error) => Err(error),
                None => cli.run(environment),
            }
        }
        Ok(cli) => cli.run(environment),
        Err(error) if !error.use_stderr() => {
            // This prints help to stdout, which may be closed.
            let _ = error.print();
            Ok(ExitCode::Ok)
        }
        Err(error) => match split_header::error_for_split_header(&words) {
            Some(split) => Err(split),
            None => {
                let _ = error.print();
                Ok(ExitCode::Usage)
            }
        },
    };
    let code = code.unwrap_or_else(|error| {
        to_stderr(&format!("{error}\n"));
        error.exit_code()
    });
    ProcessExitCode::from(code as u8)
}

impl Cli {
    fn run(self, environment: &Environment) -> Result<ExitCode> {
        if self.version {
            return Ok(about::version(self.json));
        }
        let outer = self.flags.0;
        let Some(verb) = self.command else {
            let (url, flags) = target(self.target, outer)?;
            return commands::bridge::run(&url, &flags, environment);
        };
        let merged = |inner: SettingFlags| outer.clone().overlaid_by(inner.0);
        match verb {
            Verb::Tools(ToolsArgs { url, port, json, flags }) => {
                commands::tools::run(&url, json, &with_port(merged(flags), port), environment)
            }
            Verb::Call(mut call) => {
                let flags = merged(std::mem::take(&mut call.flags));
                commands::call::run(&call.into(), &flags, environment)
            }
            Verb::Login(LoginArgs { url, port, no_browser, flags }) => {
                let flags = with_port(merged(flags), port);
                commands::login::run(url.as_deref(), no_browser, &flags, environment)
            }
            Verb::Logout(LogoutArgs { url: None, all: false, flags, .. }) => {
                commands::logout::identity_provider(&merged(flags), environment)
            }
            Verb::Logout(LogoutArgs { url, port, all: _, flags }) => match url {
                Some(url) => {
                    commands::logout::one(&url, &with_port(merged(flags), port), environment)
                }
                None => commands::logout::everywhere(&merged(flags), environment),
            },
            Verb::Doctor(doctor) => doctor.run(outer, environment),
            Verb::Status { running: true, json, .. } => {
                Ok(commands::running::run(json, environment))
            }
            Verb::Status { json, flags, .. } => {
                commands::status::run(json, &outer.overlaid_by(flags.0), environment)
            }
            Verb::TokenJob => commands::token_job::run(environment),
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
            Verb::Demo(demo) => commands::demo::run(&demo.served(), demo.talk),
            #[cfg(feature = "mock")]
            Verb::Mock(MockArgs { list: true, .. }) => Ok(commands::serve_mock::list()),
            #[cfg(feature = "mock")]
            Verb::Mock(MockArgs { hostile: true, .. }) => commands::serve_hostile::run(),
            #[cfg(feature = "mock")]
            Verb::Mock(mock) => commands::serve_mock::run(&mock.into()),
        }
    }
}

/// Returns whether this is the name of a command that the help lists.
fn is_verb(word: &str) -> bool {
    let cli = Cli::command();
    cli.find_subcommand(word).is_some_and(|verb| !verb.is_hide_set())
}

/// Adds the port that was given after a URL.
fn with_port(mut flags: Flags, port: Option<u16>) -> Flags {
    let ports = port.map(|port| (Key::CallbackPort, vec![port.to_string()]));
    flags.values.extend(ports);
    flags
}

/// Parses URL and port, which may be in any order.
fn target(words: Vec<String>, mut flags: Flags) -> Result<(String, Flags)> {
    let is_port = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
    let (ports, mut urls): (Vec<_>, Vec<_>) = words.into_iter().partition(is_port);
    if urls.len() > 1 {
        let (first, second) = (&urls[0], &urls[1]);
        let error = Error::usage(format!("unexpected argument `{second}`"));
        return Err(if is_verb(second) {
            error.hint(format!("the command comes first: `mcp-tether {second} {first}`"))
        } else {
            error.hint("give one URL, and optionally a port")
        });
    }
    let url = urls.pop().ok_or_else(|| {
        Error::usage("no URL was given")
            .hint("give the server's URL: `mcp-tether https://mcp.example.com/mcp`")
            .hint("or list the commands: `mcp-tether --help`")
    })?;
    if ports.len() > 1 {
        return Err(Error::usage("two ports were given").hint("give one URL and one port"));
    }
    if !ports.is_empty() {
        flags.values.push((Key::CallbackPort, ports));
    }
    Ok((url, flags))
}
