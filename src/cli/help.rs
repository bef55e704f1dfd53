//! The parts of the help that do not belong to a flag: examples, environment, exit codes.

use crate::hosts;

/// The widest line of the help, in characters.
const WIDTH: usize = 100;

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
  Every setting has a variable: `MCP_TETHER_` and the name of its flag in upper case with
  underscores, for example `MCP_TETHER_CONNECT_TIMEOUT=5` or `MCP_TETHER_ALLOW_HTTP=1`. Several
  values are separated by line breaks. `MCP_TETHER_CONFIG` names the settings file.

  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY   proxies, without `--proxy` and `--no-proxy`
  SSL_CERT_FILE, SSL_CERT_DIR                    authorities to trust instead of the system's
  NODE_EXTRA_CA_CERTS                            certificates to trust in addition

Settings file:
  `mcp-tether config path` prints where it is. It has a section `[defaults]` and sections like
  `[server.\"https://mcp.example.com/mcp\"]`; the keys are the names of the flags without dashes.
  A flag wins over its variable, the variable over the server's section, and the section over the
  defaults. `mcp-tether config show URL` prints the effective settings and where each comes from.

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
  mcp-tether tools https://mcp.example.com/mcp --json | jq '.[].name'";

/// Examples of `call`.
pub const CALL: &str = "\
Examples:
  mcp-tether call https://mcp.example.com/mcp find_products query=speaker limit=5
  mcp-tether call https://mcp.example.com/mcp create_order lines='[{\"sku\":\"A1\",\"count\":2}]'
  mcp-tether call https://mcp.example.com/mcp find_products --json '{\"query\":\"speaker\"}'

The tool's schema decides the type of a value: `count=5` is a number if the schema says so.";

/// Examples of `login`.
pub const LOGIN: &str = "\
Examples:
  mcp-tether login https://mcp.example.com/mcp
  mcp-tether login https://mcp.example.com/mcp --account work
  mcp-tether login https://mcp.example.com/mcp --no-browser
  mcp-tether login https://mcp.example.com/mcp --device-code
  mcp-tether login https://mcp.example.com/mcp --client-credentials \\
    --static-oauth-client-info @client.json

With `--no-browser`, sign in with any browser on any machine, and paste the address that it ends at.
The browser may fail to load that address.";

/// Examples of `logout`.
pub const LOGOUT: &str = "\
Examples:
  mcp-tether logout https://mcp.example.com/mcp
  mcp-tether logout https://mcp.example.com/mcp --account work
  mcp-tether logout --all

Does not remove secrets for `${keyring:NAME}`: `mcp-tether secret remove NAME` does.";

/// Examples of `doctor`.
pub const DOCTOR: &str = "\
Examples:
  mcp-tether doctor
  mcp-tether doctor https://mcp.example.com/mcp
  mcp-tether doctor https://mcp.example.com/mcp --report
  mcp-tether doctor https://mcp.example.com/mcp --json | jq '.checks[] | select(.verdict == \"fail\")'

Checks this machine, the configurations of hosts, the connection to the server, its sign-in and a
session with it. Each check is `ok`, `warn`, `fail` or `skipped`, with the next step. Give the flags
that the host's entry has. Opens no browser, prints no secrets, and changes nothing except that an
expired token is renewed, as by any use. The exit code is 1 if a check fails.";

/// Examples of `status`.
pub const STATUS: &str = "\
Examples:
  mcp-tether status
  mcp-tether status --json | jq '.[].server'
  mcp-tether status --running

Shows no tokens and contacts no server.";

/// Examples of `import`.
pub const IMPORT: &str = "\
Examples:
  mcp-tether import
  mcp-tether import https://mcp.example.com/mcp
  mcp-tether import https://mcp.example.com/mcp --header 'X-Tenant: ${TENANT}'
  mcp-tether import --scope project

Reads `$MCP_REMOTE_CONFIG_DIR` or `~/.mcp-auth`, and changes nothing there. URL and flags identify
the files. Without a URL, both come from your configurations of the hosts that `install` supports;
otherwise give both as you gave them to `mcp-remote`. Headers only help to find the files: none is
sent, and `${…}` is not expanded.

Entries in the current folder's configurations are only listed, because someone else may have
written them. `--scope project` shows each one with its flags and asks.

If the server rotates refresh tokens, only one of the two programs can keep using the sign-in: this
one, after the first renewal.";

/// Examples of `install`.
pub fn install() -> String {
    format!("{INSTALL_EXAMPLES}\n\n{}\n\n{INSTALL_NOTES}", known_hosts())
}

/// The ids of all hosts, in lines that fit on a terminal.
fn known_hosts() -> String {
    let mut lines = vec!["Hosts:".to_owned()];
    for (position, host) in hosts::HOSTS.iter().enumerate() {
        let end = if position + 1 == hosts::HOSTS.len() { "." } else { "," };
        let word = format!("{}{end}", host.id);
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= WIDTH => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines.join("\n")
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
The flags of the bridge become the entry's arguments; its own `--host` and `--scope` belong in the
settings file. The old file is kept as `.bak`.";

/// Examples of `uninstall`.
pub const UNINSTALL: &str = "\
Examples:
  mcp-tether uninstall shop --host vscode
  mcp-tether uninstall https://mcp.example.com/mcp --host cursor --host zed

Removes only entries that start this program, and no sign-ins: `mcp-tether logout URL` does that.";

/// Examples of `hosts`.
pub const HOSTS: &str = "\
Examples:
  mcp-tether hosts
  mcp-tether hosts --json | jq '.entries[].server'

Reads the configurations and changes nothing.";

/// Examples of `migrate`.
pub const MIGRATE: &str = "\
Examples:
  mcp-tether migrate --dry-run
  mcp-tether migrate
  mcp-tether migrate --host claude-desktop --yes
  mcp-tether migrate --scope project

Rewrites your own configurations. Entries in the current folder's are only listed, because someone
else may have written them; `--scope project` shows each one with its flags and asks.

The old files are kept as `.bak`, and the files of `mcp-remote` are not changed.";

/// Examples of `pack`.
pub const PACK: &str = "\
Examples:
  mcp-tether pack https://mcp.example.com/mcp
  mcp-tether pack https://mcp.example.com/mcp --header 'X-API-Key: ${KEY}' --output shop.mcpb
  mcp-tether pack

A bundle holds this program, so it serves one operating system and processor. What a header refers to
becomes a field that the host asks for. Without a URL it asks for that, a header and an account.";

/// Examples of `secret`.
pub const SECRET: &str = "\
Examples:
  mcp-tether secret set shop
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

What cannot be moved stays where it is.";

/// Examples of `config`.
pub const CONFIG: &str = "\
Examples:
  mcp-tether config path
  mcp-tether config show https://mcp.example.com/mcp";

/// Examples of `config show`.
pub const CONFIG_SHOW: &str = "\
Examples:
  mcp-tether config show https://mcp.example.com/mcp
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
  mcp-tether completions bash > ~/.local/share/bash-completion/completions/mcp-tether
  mcp-tether completions fish > ~/.config/fish/completions/mcp-tether.fish
  mcp-tether completions zsh > ~/.zfunc/_mcp-tether";

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

The first line it prints is `listening on URL`.";
