//! The table of settings. Each row defines a flag (`--name`), an environment variable
//! (`MCP_TETHER_NAME`) and a key of the settings file (`name`), so the three always agree.

use tracing::Level;

use super::choices::{Choice, LogFormat};
use crate::auth::{DpopPolicy, LoginPolicy};
use crate::eras::{MergePages, Pin, ToolPinning};
use crate::remote::TransportChoice;
use crate::store::StoreChoice;

/// Identifies a setting, in the order of [`SETTINGS`] and of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is the row of the table with its name")]
pub enum Key {
    Header,
    HeaderFile,
    HeaderCommand,
    CommandTtl,
    Transport,
    Protocol,
    AllowHttp,
    Proxy,
    ProxyAuth,
    ProxyAuthCommand,
    ProxyBypass,
    NoProxy,
    EnableProxy,
    CaCert,
    ClientCert,
    ClientKey,
    Ipv4,
    Resolve,
    DisableCookies,
    KeepAlive,
    PingInterval,
    OnlyTool,
    IgnoreTool,
    OnlyPrompt,
    IgnorePrompt,
    OnlyResource,
    IgnoreResource,
    ReadOnly,
    Pin,
    MergePages,
    MemoryBudget,
    Harden,
    Account,
    Login,
    Scope,
    CredentialStore,
    TokenFile,
    TokenCommand,
    CallbackPort,
    CallbackHost,
    CallbackPath,
    AuthTimeout,
    AuthSuccessUrl,
    Resource,
    DisableResourceParameter,
    AuthorizeParam,
    StaticOauthClientMetadata,
    StaticOauthClientInfo,
    ClientMetadataUrl,
    UseIdToken,
    DeviceCode,
    ClientCredentials,
    AuthorizationEndpoint,
    TokenEndpoint,
    DeviceEndpoint,
    AcceptIssuerMismatch,
    CallbackIssuer,
    AssumePkce,
    AssumeGrant,
    JwtKey,
    AuthClientCert,
    AuthClientKey,
    Idp,
    IdpClientInfo,
    IdpTokenFile,
    WorkloadToken,
    WorkloadCommand,
    Dpop,
    AllowPrivateAddresses,
    ConnectTimeout,
    HeadersTimeout,
    BodyTimeout,
    RequestTimeout,
    AnswerWithin,
    Debug,
    Silent,
    LogLevel,
    LogFile,
    LogFormat,
    Record,
}

/// A setting: everything that its flag, variable and key in the settings file have in common.
#[derive(Debug)]
pub struct Setting {
    pub(crate) key: Key,
    /// The flag without dashes, and the key in the settings file.
    pub name: &'static str,
    /// The placeholder for a value in the help; empty for a switch.
    pub(crate) value_name: &'static str,
    /// The kind of its values.
    pub kind: ValueKind,
    /// The built-in value, in the syntax of the flag; empty for none.
    pub(crate) default: &'static str,
    pub(crate) group: Group,
    pub(crate) availability: Availability,
    /// One line of help.
    pub(crate) help: &'static str,
}

/// The kind of value that a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// On or off.
    Switch,
    /// A number of seconds greater than zero.
    Seconds,
    /// A number of seconds; zero means no limit.
    SecondsOrOff,
    /// A TCP port.
    Port,
    /// A number of MiB.
    Mebibytes,
    /// Any text.
    Text,
    /// The path of a file.
    Path,
    /// A URL that may contain a password.
    SecretUrl,
    /// Text that must not be shown.
    SecretText,
    /// One of these words, the names of a type's values ([`Choice`]).
    Choice(&'static [&'static str]),
    /// `Name: value`, any number of them.
    Headers,
    /// A program and its arguments, split into words like a shell's.
    Command,
    /// `Name: command`, any number of them.
    HeaderCommands,
    /// Paths of files, any number of them.
    Paths,
    /// Texts, any number of them.
    Texts,
}

impl ValueKind {
    /// Returns whether a setting of this kind takes any number of values.
    pub fn is_list(self) -> bool {
        matches!(self, Self::Headers | Self::HeaderCommands | Self::Paths | Self::Texts)
    }
}

/// The headings of the help under which settings are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Connection,
    SigningIn,
    TimeLimits,
    Output,
}

impl Group {
    /// The heading in the help and the reference.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Connection => "Connection",
            Self::SigningIn => "Signing in",
            Self::TimeLimits => "Time limits",
            Self::Output => "Output",
        }
    }
}

/// Whether a setting has an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Availability {
    Effective,
    /// Accepted because configurations for `mcp-remote` contain it; the text says why it has no
    /// effect.
    NoEffect(&'static str),
}

impl Key {
    /// This setting's row.
    pub fn setting(self) -> &'static Setting {
        &SETTINGS[self as usize]
    }
}

impl Setting {
    /// The environment variable of this setting.
    pub fn variable(&self) -> String {
        format!("MCP_TETHER_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }

    /// The setting with this name, or `None`.
    pub fn from_name(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }
}

const fn row(
    key: Key,
    name: &'static str,
    value_name: &'static str,
    kind: ValueKind,
    default: &'static str,
    group: Group,
    help: &'static str,
) -> Setting {
    let availability = Availability::Effective;
    Setting { key, name, value_name, kind, default, group, availability, help }
}

/// A sign-in setting.
const fn sign_in(
    key: Key,
    name: &'static str,
    value_name: &'static str,
    kind: ValueKind,
    default: &'static str,
    help: &'static str,
) -> Setting {
    row(key, name, value_name, kind, default, Group::SigningIn, help)
}

impl Setting {
    const fn with(mut self, availability: Availability) -> Self {
        self.availability = availability;
        self
    }
}

const TRANSPORTS: &[&str] = TransportChoice::NAMES;
const PROTOCOLS: &[&str] = Pin::NAMES;
const PINNINGS: &[&str] = ToolPinning::NAMES;
const MERGES: &[&str] = MergePages::NAMES;
const LOGINS: &[&str] = LoginPolicy::NAMES;
const DPOPS: &[&str] = DpopPolicy::NAMES;
const STORES: &[&str] = <StoreChoice as Choice>::NAMES;
const LOG_LEVELS: &[&str] = Level::NAMES;
const LOG_FORMATS: &[&str] = LogFormat::NAMES;
const PROXY_IS_DEFAULT: &str = "the proxy variables of the environment are always used";

/// Every setting, in the order of the help.
#[rustfmt::skip]
pub static SETTINGS: [Setting; 80] = [
    row(Key::Header, "header", "NAME:VALUE", ValueKind::Headers, "", Group::Connection,
        "Send this header with every request; `${NAME}` is replaced"),
    row(Key::HeaderFile, "header-file", "FILE", ValueKind::Paths, "", Group::Connection,
        "Read headers from a file, one per line, `#` starts a comment"),
    row(Key::HeaderCommand, "header-command", "NAME:COMMAND", ValueKind::HeaderCommands, "",
        Group::Connection, "Send this header with the value that a command prints"),
    row(Key::CommandTtl, "command-ttl", "SECONDS", ValueKind::SecondsOrOff, "3600",
        Group::Connection,
        "How long to keep what a command printed; 0 to run it for every request"),
    row(Key::Transport, "transport", "MODE", ValueKind::Choice(TRANSPORTS), "http-first",
        Group::Connection, "Which transports to try, in which order"),
    row(Key::Protocol, "protocol", "ERA", ValueKind::Choice(PROTOCOLS), "auto", Group::Connection,
        "Which revisions of the protocol to try with the server"),
    row(Key::AllowHttp, "allow-http", "", ValueKind::Switch, "false", Group::Connection,
        "Permit unencrypted http to hosts other than this machine"),
    row(Key::Proxy, "proxy", "URL", ValueKind::SecretUrl, "", Group::Connection,
        "Use this HTTP or SOCKS proxy instead of the environment's"),
    row(Key::ProxyAuth, "proxy-auth", "USER:PASSWORD", ValueKind::SecretText, "", Group::Connection,
        "Sign in to the proxy with this; `${keyring:NAME}` is replaced"),
    row(Key::ProxyAuthCommand, "proxy-auth-command", "COMMAND", ValueKind::Command, "",
        Group::Connection,
        "Sign in to the proxy with the `USER:PASSWORD` that this command prints"),
    row(Key::ProxyBypass, "proxy-bypass", "HOSTS", ValueKind::Text, "", Group::Connection,
        "Reach these hosts without `--proxy`, in the syntax of `NO_PROXY`"),
    row(Key::NoProxy, "no-proxy", "", ValueKind::Switch, "false", Group::Connection,
        "Use no proxy, even if the environment names one"),
    row(Key::EnableProxy, "enable-proxy", "", ValueKind::Switch, "false", Group::Connection,
        "Accepted for compatibility; the environment's proxies are always used")
        .with(Availability::NoEffect(PROXY_IS_DEFAULT)),
    row(Key::CaCert, "ca-cert", "FILE", ValueKind::Paths, "", Group::Connection,
        "Trust the certificates in this file (PEM) as well"),
    row(Key::ClientCert, "client-cert", "FILE", ValueKind::Path, "", Group::Connection,
        "Show the server this certificate (PEM); it may contain its key too"),
    row(Key::ClientKey, "client-key", "FILE", ValueKind::Path, "", Group::Connection,
        "Private key of `--client-cert` (PEM)"),
    row(Key::Ipv4, "ipv4", "", ValueKind::Switch, "false", Group::Connection,
        "Connect over IPv4 only"),
    row(Key::Resolve, "resolve", "HOST:PORT:ADDRESS", ValueKind::Texts, "", Group::Connection,
        "Connect to this address for this host and port, as with curl"),
    row(Key::DisableCookies, "disable-cookies", "", ValueKind::Switch, "false", Group::Connection,
        "Do not keep cookies between requests"),
    row(Key::KeepAlive, "keep-alive", "", ValueKind::Switch, "false", Group::Connection,
        "Send a ping when the session has been quiet for a while"),
    row(Key::PingInterval, "ping-interval", "SECONDS", ValueKind::Seconds, "30", Group::Connection,
        "How long a session may be quiet with `--keep-alive`"),
    row(Key::OnlyTool, "only-tool", "GLOB", ValueKind::Texts, "", Group::Connection,
        "Show only the tools whose names match; `*` matches anything"),
    row(Key::IgnoreTool, "ignore-tool", "GLOB", ValueKind::Texts, "", Group::Connection,
        "Hide the tools whose names match; `*` matches anything, case is ignored"),
    row(Key::OnlyPrompt, "only-prompt", "GLOB", ValueKind::Texts, "", Group::Connection,
        "Show only the prompts whose names match"),
    row(Key::IgnorePrompt, "ignore-prompt", "GLOB", ValueKind::Texts, "", Group::Connection,
        "Hide the prompts whose names match"),
    row(Key::OnlyResource, "only-resource", "GLOB", ValueKind::Texts, "", Group::Connection,
        "Show only the resources whose URIs match"),
    row(Key::IgnoreResource, "ignore-resource", "GLOB", ValueKind::Texts, "", Group::Connection,
        "Hide the resources whose URIs match"),
    row(Key::ReadOnly, "read-only", "", ValueKind::Switch, "false", Group::Connection,
        "Show only the tools that the server calls read-only, and call no other"),
    row(Key::Pin, "pin", "WHAT", ValueKind::Choice(PINNINGS), "off", Group::Connection,
        "Remember the tools; report changes, or hide what changed until you accept it"),
    row(Key::MergePages, "merge-pages", "WHEN", ValueKind::Choice(MERGES), "auto",
        Group::Connection,
        "Merge the pages of a list; `auto` does so for hosts that read only one"),
    row(Key::MemoryBudget, "memory-budget", "MIB", ValueKind::Mebibytes, "256", Group::Connection,
        "Memory for messages in progress, at least 64; one message may use half of it"),
    row(Key::Harden, "harden", "", ValueKind::Switch, "false", Group::Connection,
        "Keep your other programs from reading this program's memory (Linux)"),
    sign_in(Key::Account, "account", "NAME", ValueKind::Text, "",
        "Which account to use; each one signs in separately"),
    sign_in(Key::Login, "login", "WHEN", ValueKind::Choice(LOGINS), "eager",
        "When a browser tab may open: at once, when a tool is called, or never"),
    sign_in(Key::Scope, "scope", "SCOPES", ValueKind::Text, "",
        "Ask for these scopes instead of what the server suggests"),
    sign_in(Key::CredentialStore, "credential-store", "PLACE", ValueKind::Choice(STORES), "auto",
        "Where credentials are stored; `auto` is the keyring if there is one, or files"),
    sign_in(Key::TokenFile, "token-file", "FILE", ValueKind::Path, "",
        "Send the token in this file instead of signing in"),
    sign_in(Key::TokenCommand, "token-command", "COMMAND", ValueKind::Command, "",
        "Send the token that this command prints instead of signing in"),
    sign_in(Key::CallbackPort, "callback-port", "PORT", ValueKind::Port, "",
        "Port of the address that the browser returns to; also a number after the URL"),
    sign_in(Key::CallbackHost, "host", "NAME", ValueKind::Text, "localhost",
        "Host name in the address that the browser returns to"),
    sign_in(Key::CallbackPath, "callback-path", "PATH", ValueKind::Text, "/oauth/callback",
        "Path of the address that the browser returns to"),
    sign_in(Key::AuthTimeout, "auth-timeout", "SECONDS", ValueKind::Seconds, "300",
        "How long to wait for you to sign in with the browser"),
    sign_in(Key::AuthSuccessUrl, "auth-success-url", "URL", ValueKind::Text, "",
        "Where to send the browser after a sign-in"),
    sign_in(Key::Resource, "resource", "URI", ValueKind::Text, "",
        "Ask for a token for this resource (RFC 8707); empty for none"),
    sign_in(Key::DisableResourceParameter, "disable-resource-parameter", "", ValueKind::Switch,
        "false", "Send no resource indicator"),
    sign_in(Key::AuthorizeParam, "authorize-param", "NAME=VALUE", ValueKind::Texts, "",
        "Add a parameter to the authorization request"),
    sign_in(Key::StaticOauthClientMetadata, "static-oauth-client-metadata", "JSON", ValueKind::Text,
        "", "Client metadata to register with, as JSON or `@FILE`"),
    sign_in(Key::StaticOauthClientInfo, "static-oauth-client-info", "JSON", ValueKind::SecretText,
        "", "Pre-registered client, as JSON or `@FILE`"),
    sign_in(Key::ClientMetadataUrl, "client-metadata-url", "URL", ValueKind::Text, "",
        "Use this client ID metadata document instead of registering"),
    sign_in(Key::UseIdToken, "use-id-token", "", ValueKind::Switch, "false",
        "Send the ID token instead of the access token"),
    sign_in(Key::DeviceCode, "device-code", "", ValueKind::Switch, "false",
        "Sign in with a code on another device (RFC 8628)"),
    sign_in(Key::ClientCredentials, "client-credentials", "", ValueKind::Switch, "false",
        "Sign in as a program, without a user (RFC 6749 section 4.4)"),
    sign_in(Key::AuthorizationEndpoint, "authorization-endpoint", "URL", ValueKind::Text, "",
        "Page to sign in at, instead of the one in the metadata"),
    sign_in(Key::TokenEndpoint, "token-endpoint", "URL", ValueKind::Text, "",
        "Token endpoint, instead of the one in the metadata"),
    sign_in(Key::DeviceEndpoint, "device-endpoint", "URL", ValueKind::Text, "",
        "Device authorization endpoint, instead of the one in the metadata"),
    sign_in(Key::AcceptIssuerMismatch, "accept-issuer-mismatch", "", ValueKind::Switch, "false",
        "Continue even if the server's metadata names another issuer"),
    sign_in(Key::CallbackIssuer, "callback-issuer", "URL", ValueKind::Text, "",
        "Another issuer that may answer a sign-in; empty for an answer without one"),
    sign_in(Key::AssumePkce, "assume-pkce", "", ValueKind::Switch, "false",
        "Use PKCE even if the metadata does not mention it"),
    sign_in(Key::AssumeGrant, "assume-grant", "", ValueKind::Switch, "false",
        "Sign in even if the metadata lists other grants or response types only"),
    sign_in(Key::JwtKey, "jwt-key", "FILE", ValueKind::Path, "",
        "Private key of the pre-registered client, for `private_key_jwt` (PEM)"),
    sign_in(Key::AuthClientCert, "auth-client-cert", "FILE", ValueKind::Path, "",
        "Show the authorization server this certificate (PEM, RFC 8705)"),
    sign_in(Key::AuthClientKey, "auth-client-key", "FILE", ValueKind::Path, "",
        "Private key of `--auth-client-cert` (PEM)"),
    sign_in(Key::Idp, "idp", "URL", ValueKind::Text, "",
        "Sign in at this identity provider of your company, once for all servers"),
    sign_in(Key::IdpClientInfo, "idp-client-info", "JSON", ValueKind::SecretText, "",
        "Client that the identity provider knows, as JSON or `@FILE`"),
    sign_in(Key::IdpTokenFile, "idp-token-file", "FILE", ValueKind::Path, "",
        "Take your ID token from this file instead of signing in at `--idp`"),
    sign_in(Key::WorkloadToken, "workload-token", "FILE", ValueKind::Path, "",
        "Sign in as a workload with the token in this file (RFC 7523)"),
    sign_in(Key::WorkloadCommand, "workload-command", "COMMAND", ValueKind::Command, "",
        "Sign in as a workload with the token that this command prints"),
    sign_in(Key::Dpop, "dpop", "WHEN", ValueKind::Choice(DPOPS), "auto",
        "Bind tokens to a key (RFC 9449); `auto` does so if the server can"),
    sign_in(Key::AllowPrivateAddresses, "allow-private-addresses", "", ValueKind::Switch, "false",
        "Follow URLs of the server's metadata to private addresses"),
    row(Key::ConnectTimeout, "connect-timeout", "SECONDS", ValueKind::Seconds, "10",
        Group::TimeLimits, "Longest time for DNS lookup, TCP and TLS together"),
    row(Key::HeadersTimeout, "headers-timeout", "SECONDS", ValueKind::SecondsOrOff, "300",
        Group::TimeLimits, "Longest wait for a response to start; 0 for no limit"),
    row(Key::BodyTimeout, "body-timeout", "SECONDS", ValueKind::SecondsOrOff, "300",
        Group::TimeLimits, "Longest silence within a response; 0 for no limit"),
    row(Key::RequestTimeout, "request-timeout", "SECONDS", ValueKind::SecondsOrOff, "3600",
        Group::TimeLimits, "Longest time for a request as a whole; 0 for no limit"),
    row(Key::AnswerWithin, "answer-within", "SECONDS", ValueKind::SecondsOrOff, "0.8",
        Group::TimeLimits, "After this long, answer from the last session; 0 to always wait"),
    row(Key::Debug, "debug", "", ValueKind::Switch, "false", Group::Output,
        "Log what happens to stderr; the same as `--log-level debug`"),
    row(Key::Silent, "silent", "", ValueKind::Switch, "false", Group::Output,
        "Log errors only; the same as `--log-level error`"),
    row(Key::LogLevel, "log-level", "LEVEL", ValueKind::Choice(LOG_LEVELS), "warn", Group::Output,
        "How much to log to stderr"),
    row(Key::LogFile, "log-file", "FILE", ValueKind::Path, "", Group::Output,
        "Also append the log to this file, with the time of each line"),
    row(Key::LogFormat, "log-format", "FORMAT", ValueKind::Choice(LOG_FORMATS), "text",
        Group::Output, "Format of the log: text, or one JSON object per line"),
    row(Key::Record, "record", "FILE", ValueKind::Path, "", Group::Output,
        "Write the conversation to this file; `mcp-tether mock replay FILE` plays it"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_stands_where_its_key_says() {
        for (position, setting) in SETTINGS.iter().enumerate() {
            assert_eq!(setting.key as usize, position, "{}", setting.name);
            assert_eq!(setting.key.setting().name, setting.name);
        }
    }

    #[test]
    fn every_choice_has_a_default_that_it_accepts() {
        for setting in &SETTINGS {
            if let ValueKind::Choice(words) = setting.kind {
                assert!(words.contains(&setting.default), "{}", setting.name);
            }
        }
    }

    #[test]
    fn help_lines_are_short_and_capitalized() {
        for setting in &SETTINGS {
            let (name, help) = (setting.name, setting.help);
            assert!(help.chars().count() <= 78, "{name}: {}", help.chars().count());
            assert!(!help.ends_with('.'), "{name}");
            assert!(help.starts_with(char::is_uppercase), "{name}");
            assert_eq!(setting.value_name.is_empty(), setting.kind == ValueKind::Switch, "{name}");
            assert!(!setting.value_name.contains(char::is_lowercase), "{name}");
        }
    }

    #[test]
    fn names_are_unique_and_make_one_variable_each() {
        let mut variables: Vec<_> = SETTINGS.iter().map(Setting::variable).collect();
        variables.sort();
        variables.dedup();
        assert_eq!(variables.len(), SETTINGS.len());
        assert_eq!(Key::CaCert.setting().variable(), "MCP_TETHER_CA_CERT");
    }
}
