//! The command line: its arguments, and the command that they run. Every doc comment in these types
//! is help text. Values are checked in `settings`, and `commands` does the work.

mod about;
mod entry;
mod flags;
mod help;
mod host_values;
mod json_argument;
mod relevance;
mod split_header;
mod suggested;
mod usage_error;
mod verbs;
mod words;

use std::ffi::OsString;
use std::process::ExitCode as ProcessExitCode;

use clap::{Args, Command, CommandFactory, Parser};

use self::flags::SettingFlags;
use self::usage_error::{command_of, usage_error};
use self::verbs::Verb;
use self::words::{error_for_pasted_bridge, error_for_unknown_command, looks_like_command};
use crate::commands;
use crate::commands::displayed_change::display_words;
use crate::environment::{Environment, print_error, to_stdout, use_json};
use crate::error::{Error, ExitCode, Result};
use crate::redact::shown_words;
use crate::settings::{Flags, Key};
use crate::shell_words::url_argument;

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

/// The command line of a bridge. Omits the commands: building them would dominate startup.
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

/// The parser's error, or one that names the more likely cause.
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
        verb.run(self.bridge.flags.0, environment)
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
    if let [first, second, ..] = ports.as_slice() {
        return Err(Error::usage(format!("two ports were given, `{first}` and `{second}`"))
            .hint("give one URL and one port"));
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

/// The words of every command: none for the bridge, then each command before its own commands. For
/// the tests of help and documentation.
pub fn commands() -> Vec<Vec<String>> {
    fn add(command: &Command, words: &[String], all: &mut Vec<Vec<String>>) {
        all.push(words.to_vec());
        for verb in command.get_subcommands() {
            add(verb, &[words, &[verb.get_name().to_owned()]].concat(), all);
        }
    }
    let mut all = Vec::new();
    add(&Cli::command(), &[], &mut all);
    all
}

/// Checks that these words, the first of which is the program's name, are a command line, without
/// running it. For the tests of the documentation.
///
/// # Errors
/// Returns the error that the user would see.
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

/// The text with which commands display the command line of an entry that someone else may have
/// written. For the fuzz targets: it is one line without secrets, whatever the entry says (S-17).
pub fn describe_entry(words: &[String]) -> String {
    let server = entry::read(words).map(|command| command.display_url());
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
