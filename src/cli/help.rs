//! The parts of the help that do not belong to a flag: examples, environment, exit codes.
//! Paragraphs are not broken into lines here: [`wrapped`] does that for the terminal at hand.

use clap::builder::StyledStr;
use clap::{Arg, Command};

use crate::environment::stdout_columns;
use crate::hosts;

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
pub const TOOLS_USAGE: &str = "mcp-tether tools [OPTIONS] <URL> [PORT] [NAME]";
pub const CALL_USAGE: &str = "mcp-tether call [OPTIONS] <URL> [PORT] <TOOL> [KEY=VALUE]...";
pub const PROMPTS_USAGE: &str = "mcp-tether prompts [OPTIONS] <URL> [PORT] [NAME] [KEY=VALUE]...";
pub const RESOURCES_USAGE: &str = "mcp-tether resources [OPTIONS] <URL> [PORT]";
pub const READ_USAGE: &str = "mcp-tether read [OPTIONS] <URL> [PORT] <URI>";
pub const INFO_USAGE: &str = "mcp-tether info [OPTIONS] <URL> [PORT]";
pub const LOGIN_USAGE: &str = "mcp-tether login [OPTIONS] <URL> [PORT]";
pub const LOGOUT_USAGE: &str =
    "mcp-tether logout [OPTIONS] <URL> [PORT]\n       mcp-tether logout --all";
pub const FORGET_USAGE: &str =
    "mcp-tether forget [OPTIONS] <URL> [PORT]\n       mcp-tether forget --all";
pub const DOCTOR_USAGE: &str = "mcp-tether doctor [OPTIONS] [URL] [PORT]";
pub const IMPORT_USAGE: &str = "mcp-tether import [OPTIONS] [URL] [PORT]...";
pub const INSTALL_USAGE: &str = "mcp-tether install [OPTIONS] <URL> [PORT]";
pub const CONFIG_SHOW_USAGE: &str = "mcp-tether config show [OPTIONS] [URL] [PORT]";

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

/// Examples of `tools`.
pub const TOOLS: &str = "\
Examples:
  mcp-tether tools https://mcp.example.com/mcp
  mcp-tether tools https://mcp.example.com/mcp find_products
  mcp-tether tools https://mcp.example.com/mcp --json | jq '.[].name'

The word before a description is what the server says about the tool: `read` changes nothing, \
`write` changes something, `delete` may destroy something. It is a hint, not a promise.";

/// Examples of `call`.
pub const CALL: &str = "\
Examples:
  mcp-tether call https://mcp.example.com/mcp find_products query=speaker perPage=5
  mcp-tether call https://mcp.example.com/mcp find_products --json '{\"query\":\"speaker\"}'
  mcp-tether call https://mcp.example.com/mcp merge_orders primary=EGW240 duplicates=EGW241 --yes

The tool's schema decides the type of a value: `perPage=5` is a number if the schema says so. \
`mcp-tether tools URL TOOL` shows a tool's arguments. In a terminal, you are asked for required \
arguments that are missing, and for the tool's confirmations; elsewhere, a missing argument is an \
error, and a confirmation is declined unless you pass `--yes`.";

/// Examples of `prompts`.
pub const PROMPTS: &str = "\
Examples:
  mcp-tether prompts https://mcp.example.com/mcp
  mcp-tether prompts https://mcp.example.com/mcp compare first=water
  mcp-tether prompts https://mcp.example.com/mcp --json";

/// Examples of `resources`.
pub const RESOURCES: &str = "\
Examples:
  mcp-tether resources https://mcp.example.com/mcp
  mcp-tether resources https://mcp.example.com/mcp --account work
  mcp-tether resources https://mcp.example.com/mcp --json | jq '.resources[].uri'

URIs with `{…}` are templates: fill them in before you pass them to `mcp-tether read`.";

/// Examples of `read`.
pub const READ: &str = "\
Examples:
  mcp-tether read https://mcp.example.com/mcp lab://greeting
  mcp-tether read https://mcp.example.com/mcp lab://greeting --account work
  mcp-tether read https://mcp.example.com/mcp lab://greeting --json";

/// Examples of `info`.
pub const INFO: &str = "\
Examples:
  mcp-tether info https://mcp.example.com/mcp
  mcp-tether info https://mcp.example.com/mcp --account work
  mcp-tether info https://mcp.example.com/mcp --json";

/// Examples of `login`.
pub const LOGIN: &str = "\
Examples:
  mcp-tether login https://mcp.example.com/mcp
  mcp-tether login https://mcp.example.com/mcp --account work
  mcp-tether login https://mcp.example.com/mcp --no-browser
  mcp-tether login https://mcp.example.com/mcp --device-code
  mcp-tether login https://mcp.example.com/mcp --client-credentials \\
    --static-oauth-client-info @client.json

With `--no-browser`, sign in with any browser on any machine, and paste the address that it ends \
at. It does not matter if the browser fails to load that address.

If the server still accepts the stored sign-in, nothing happens; `--force` signs in again.";

/// Examples of `logout`.
pub const LOGOUT: &str = "\
Examples:
  mcp-tether logout https://mcp.example.com/mcp
  mcp-tether logout https://mcp.example.com/mcp --account work
  mcp-tether logout --all

Does not remove secrets for `${keyring:NAME}`: `mcp-tether secret remove NAME` does. `mcp-tether \
forget URL` removes everything about a server.";

/// Examples of `forget`.
pub const FORGET: &str = "\
Examples:
  mcp-tether forget https://mcp.example.com/mcp
  mcp-tether forget --all
  mcp-tether forget --all --yes

Signs out of every account on the server, and removes its registrations, its remembered session \
and what is known about its revision. `mcp-tether status` lists all of that. Settings, hosts' \
entries and secrets for `${keyring:NAME}` are kept.";

/// Examples of `doctor`.
pub const DOCTOR: &str = "\
Examples:
  mcp-tether doctor
  mcp-tether doctor https://mcp.example.com/mcp
  mcp-tether doctor https://mcp.example.com/mcp --report
  mcp-tether doctor https://mcp.example.com/mcp --json | jq '.checks[] | select(.verdict == \
  \"fail\")'

Checks this machine, the configurations of hosts, the connection to the server, its sign-in and a \
session with it. Each check is `ok`, `warn`, `fail` or `skipped`, with the next step. Give the \
flags that the host's entry has. Opens no browser, prints no secrets, and changes nothing, except \
that it renews an expired token, as any use would. The exit code is 1 if a check fails.";

/// Examples of `status`.
pub const STATUS: &str = "\
Examples:
  mcp-tether status
  mcp-tether status --json | jq '.[].server'
  mcp-tether status --running

Lists the sign-ins, the registered OAuth clients, and the sessions and revisions that are \
remembered so that hosts are answered quickly. Shows no tokens and contacts no server. `mcp-tether \
forget URL` removes what is stored about a server.";

/// Examples of `import`.
pub const IMPORT: &str = "\
Examples:
  mcp-tether import
  mcp-tether import https://mcp.example.com/mcp
  mcp-tether import https://mcp.example.com/mcp --header 'X-Tenant: ${TENANT}'
  mcp-tether import --scope project

Reads `$MCP_REMOTE_CONFIG_DIR` or `~/.mcp-auth`, and changes nothing there. URL and flags identify \
the files. Without a URL, both come from your configurations of the hosts that `install` supports; \
otherwise give both as you gave them to `mcp-remote`. Headers are only used to find the files: \
none is sent, and `${…}` is not expanded.

Entries in the current folder's configurations are only listed, because someone else may have \
written them. `--scope project` shows each one with its flags and asks.

If the server rotates refresh tokens, only one of the two programs can keep using the sign-in: \
this one, after the first renewal.";

/// Examples of `install`.
pub fn install() -> String {
    let hosts: Vec<_> = hosts::HOSTS.iter().map(|host| host.id).collect();
    format!("{INSTALL_EXAMPLES}\n\nHosts:\n  {}.\n\n{INSTALL_NOTES}", hosts.join(", "))
}

const INSTALL_EXAMPLES: &str = "\
Examples:
  mcp-tether install https://mcp.example.com/mcp
  mcp-tether install https://mcp.example.com/mcp --host vscode
  mcp-tether install com.example/mcp --all --set tenant=acme
  mcp-tether install https://mcp.example.com/mcp --host cursor --scope project --dry-run
  mcp-tether install https://mcp.example.com/mcp --host zed --header 'X-API-Key: ${keyring:shop}'
  mcp-tether install https://mcp.example.com/mcp --host claude-desktop --print";

const INSTALL_NOTES: &str = "\
The flags of the bridge become the entry's arguments; its own `--host` and `--scope` belong in the \
settings file. The old file is kept as `.bak`.";

/// Examples of `uninstall`.
pub const UNINSTALL: &str = "\
Examples:
  mcp-tether uninstall shop --host vscode
  mcp-tether uninstall https://mcp.example.com/mcp --host cursor --host zed
  mcp-tether uninstall shop --dry-run

Removes only entries that start this program, and no sign-ins: `mcp-tether logout URL` does that.";

/// Examples of `hosts`.
pub const HOSTS: &str = "\
Examples:
  mcp-tether hosts
  mcp-tether hosts --json | jq '.entries[].server'
  mcp-tether hosts --json | jq '.found'

Reads the configurations and changes nothing.";

/// Examples of `migrate`.
pub const MIGRATE: &str = "\
Examples:
  mcp-tether migrate --dry-run
  mcp-tether migrate
  mcp-tether migrate --host claude-desktop --yes
  mcp-tether migrate --scope project

Rewrites your own configurations. Entries in the current folder's are only listed, because someone \
else may have written them; `--scope project` shows each one with its flags and asks.

The old files are kept as `.bak`, and the files of `mcp-remote` are not changed.";

/// Examples of `pack`.
pub const PACK: &str = "\
Examples:
  mcp-tether pack https://mcp.example.com/mcp
  mcp-tether pack https://mcp.example.com/mcp --header 'X-API-Key: ${KEY}' --output shop.mcpb
  mcp-tether pack

A bundle contains this program, so it is for one operating system and processor. What a header \
refers to becomes a field that the host asks for. Without a URL, the host asks for the URL, a \
header and an account.";

/// Examples of `secret`.
pub const SECRET: &str = "\
Examples:
  mcp-tether secret set shop
  mcp-tether secret list
  mcp-tether https://mcp.example.com/mcp --header 'X-API-Key: ${keyring:shop}'";

/// Examples of `secret set`.
pub const SECRET_SET: &str = "\
Examples:
  mcp-tether secret set shop
  pass show shop/api-key | mcp-tether secret set shop";

/// Examples of `secret list`.
pub const SECRET_LIST: &str = "\
Examples:
  mcp-tether secret list";

/// Examples of `secret remove`.
pub const SECRET_REMOVE: &str = "\
Examples:
  mcp-tether secret remove shop";

/// Examples of `credentials`.
pub const CREDENTIALS: &str = "\
Examples:
  mcp-tether credentials move --from file --to keyring";

/// Examples of `credentials move`.
pub const CREDENTIALS_MOVE: &str = "\
Examples:
  mcp-tether credentials move --from file --to keyring
  mcp-tether credentials move --to file

Whatever cannot be moved stays where it is.";

/// Examples of `config`.
pub const CONFIG: &str = "\
Examples:
  mcp-tether config path
  mcp-tether config show https://mcp.example.com/mcp
  mcp-tether config show --all";

/// Examples of `config show`.
pub const CONFIG_SHOW: &str = "\
Examples:
  mcp-tether config show https://mcp.example.com/mcp
  mcp-tether config show --all
  mcp-tether config show https://mcp.example.com/mcp --proxy http://proxy.example.com:8080 --json

Shows no values of headers and no other secrets.";

/// Examples of `config path`.
pub const CONFIG_PATH: &str = "\
Examples:
  mcp-tether config path
  mkdir -p \"$(dirname \"$(mcp-tether config path)\")\"";

/// Examples of `completions`.
pub const COMPLETIONS: &str = "\
Examples:
  mkdir -p ~/.local/share/bash-completion/completions
  mcp-tether completions bash > ~/.local/share/bash-completion/completions/mcp-tether

  mkdir -p ~/.config/fish/completions
  mcp-tether completions fish > ~/.config/fish/completions/mcp-tether.fish

  mkdir -p ~/.zfunc
  mcp-tether completions zsh > ~/.zfunc/_mcp-tether

Zsh looks there after these lines in `~/.zshrc`:
  fpath=(~/.zfunc $fpath)
  autoload -U compinit && compinit

`mcp-tether generate FOLDER` writes man pages too.";

/// Examples of `generate`.
pub const GENERATE: &str = "\
Examples:
  mcp-tether generate ~/.local/share/mcp-tether
  man ~/.local/share/mcp-tether/man/mcp-tether.1

Writes `man/*.1` and `completions/*`. Packages of this program contain them already.";

/// Examples of `demo`.
#[cfg(feature = "mock")]
pub const DEMO: &str = "\
Examples:
  mcp-tether demo
  mcp-tether demo --talk | cat
  mcp-tether demo --product lab

In a host: command `mcp-tether`, arguments `demo`.";

/// Examples of `mock`.
#[cfg(feature = "mock")]
pub const MOCK: &str = "\
Examples:
  mcp-tether mock
  mcp-tether mock --port 8080 --protocol 2025-03-26
  mcp-tether mock egrow --data shop.redb
  mcp-tether mock lab --fault status=503:retry-after=1:times=2 --fault chunk=1
  mcp-tether mock --list
  mcp-tether mock --hostile
  mcp-tether mock replay bug.jsonl

The first line that it prints is `listening on URL`.";

/// Examples of `mock replay`.
#[cfg(feature = "mock")]
pub const REPLAY: &str = "\
Examples:
  mcp-tether tools https://mcp.example.com/mcp --record bug.jsonl
  mcp-tether mock replay bug.jsonl
  mcp-tether mock replay bug.jsonl --port 8080

A request gets the recorded answer to the same method and parameters, or else the next one to its \
method; anything that does not match is reported on stderr. Credentials are neither recorded nor \
asked for. The exit code is 1 if a request was not in the recording.";

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

/// The help of a command that fits a small terminal: what matters most, and three examples.
pub fn brief(command: &Command) -> StyledStr {
    // The last line names `--help`, and headings over one flag each are longer than the flags.
    let mut command = command.clone().mut_args(|arg| match is_help(&arg) {
        true => arg.hide(true),
        false => arg.help_heading(None::<&str>),
    });
    command.render_help()
}

fn is_help(arg: &Arg) -> bool {
    arg.get_id() == "help"
}

/// The help of a command with every flag, each on one line where there is room.
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

/// The help in lines that fit a terminal, or 100 characters where there is none.
pub fn wrapped(help: &str) -> String {
    let columns = stdout_columns().unwrap_or(WIDTH).min(WIDTH);
    crate::environment::wrap(help, columns)
}
