//! The parts of the help that do not belong to a flag: examples, environment, exit codes.
//! Paragraphs are not broken into lines here: [`wrapped`] does that for the terminal at hand.

use clap::builder::StyledStr;
use clap::{Arg, Command};

use crate::environment::stdout_columns;

/// The widest line of the help, in characters.
pub const WIDTH: usize = 100;

/// The number of examples that `-h` shows.
const SHORT_EXAMPLES: usize = 3;

/// What the program prints without arguments.
pub const OVERVIEW: &str = "\
Connects your editor or assistant to a remote MCP server

Usage:
  mcp-tether URL [PORT] [OPTIONS]   what your editor or assistant runs
  mcp-tether COMMAND

Start here:
  mcp-tether demo                        try it with a mock shop
  mcp-tether tools URL                   see what a server offers
  mcp-tether login URL                   sign in to a server
  mcp-tether install URL --host vscode   add a server to an editor
  mcp-tether doctor URL                  find out what does not work

Help:
  mcp-tether -h          all commands
  mcp-tether help NAME   one command, such as `mcp-tether help login`
";

/// The usage of the program.
pub const USAGE: &str = "mcp-tether <URL> [PORT] [OPTIONS]\n       mcp-tether <COMMAND>";
/// Examples, environment, settings file and exit codes.
pub const BRIDGE: &str = "\
Examples:
  mcp-tether https://mcp.example.com/mcp
  mcp-tether https://mcp.example.com/mcp --header 'Authorization: Bearer ${TOKEN}'
  mcp-tether https://mcp.example.com/mcp --header 'X-API-Key: ${keyring:shop}'
  mcp-tether http://127.0.0.1:3000/sse --transport sse-only --debug
  mcp-tether install https://mcp.example.com/mcp --host vscode
  mcp-tether login https://mcp.example.com/mcp
  mcp-tether demo

Environment:
  Every setting has a variable: `MCP_TETHER_` and the name of its flag in upper case with \
underscores, for example `MCP_TETHER_CONNECT_TIMEOUT=5` or `MCP_TETHER_ALLOW_HTTP=1`. Separate \
several values with line breaks. `MCP_TETHER_CONFIG` names the settings file.

  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY  proxies, without `--proxy` and `--no-proxy`
  SSL_CERT_FILE, SSL_CERT_DIR                   authorities to trust instead of the system's
  NODE_EXTRA_CA_CERTS                           certificates to trust in addition
  NO_COLOR, CLICOLOR_FORCE                      never, or always, print colors

Settings file:
  `mcp-tether config path` prints where it is. It has a section `[defaults]` and sections like \
`[server.\"https://mcp.example.com/mcp\"]`; the keys are the names of the flags without the \
leading dashes. In order of precedence: the flag, its variable, the server's section, the \
defaults. `mcp-tether config show URL` prints the effective settings and where each comes from.

With `--json`, results are JSON on stdout, and an error is a line of JSON on stderr.

Exit codes:
  0    everything worked
  1    something failed
  2    the command line or the settings are wrong
  4    a sign-in is needed first
  130  interrupted";

/// The examples for `-h`: the first few, and where the rest is.
pub fn short(full: &str, has_more_flags: bool) -> String {
    let examples = full.split("\n\n").next().unwrap_or_default();
    let mut out = Vec::new();
    let mut count = 0;
    for line in examples.lines() {
        count += usize::from(line.starts_with("  mcp-tether "));
        if count > SHORT_EXAMPLES {
            break;
        }
        out.push(line);
    }
    let more = if has_more_flags { "lists all flags" } else { "says more" };
    format!("{}\n\n`--help` {more}.", out.join("\n"))
}

/// The help of a command for a small terminal: the most important flags, and three examples.
pub fn brief(command: &Command) -> StyledStr {
    // The last line names `--help`, and headings over one flag each are longer than the flags.
    let mut command = command.clone().mut_args(|arg| {
        if is_help(&arg) { arg.hide(true) } else { arg.help_heading(None::<&str>) }
    });
    command.render_help()
}

fn is_help(arg: &Arg) -> bool {
    arg.get_id() == "help"
}

/// The help of a command with every flag, each on one line if there is room.
pub fn full(command: &Command) -> StyledStr {
    let notes = command.get_after_long_help().or(command.get_after_help()).cloned();
    let command = command.clone().mut_args(|arg| {
        if is_help(&arg) {
            arg.help("Print help; `-h` prints less")
        } else {
            arg.hide_short_help(false)
        }
    });
    command.after_help(notes.unwrap_or_default()).render_help()
}

/// The help wrapped at the width of the terminal, or at 100 characters without one.
pub fn wrapped(help: &str) -> String {
    let columns = stdout_columns().unwrap_or(WIDTH).min(WIDTH);
    crate::environment::wrap(help, columns)
}
