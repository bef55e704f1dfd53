//! The one table of settings. A row is at once a flag (`--name`), an environment variable
//! (`MCP_TETHER_NAME`) and a key of the settings file (`name`), so that the three cannot drift.

/// Identifies a setting; the order is that of [`SETTINGS`] and of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is the row of the table with its name")]
pub enum Key {
    Header,
    HeaderFile,
    Transport,
    Protocol,
    AllowHttp,
    Proxy,
    ProxyBypass,
    NoProxy,
    EnableProxy,
    CaCert,
    Ipv4,
    DisableCookies,
    KeepAlive,
    PingInterval,
    IgnoreTool,
    Account,
    Login,
    Scope,
    CredentialStore,
    TokenFile,
    CallbackPort,
    Host,
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
    TokenEndpoint,
    AcceptIssuerMismatch,
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
}

/// One setting: everything that flags, environment and settings file must agree on.
#[derive(Debug)]
pub struct Setting {
    /// Which one.
    pub key: Key,
    /// Its name: the flag without dashes, and the key in the settings file.
    pub name: &'static str,
    /// What a value is called in the help; empty for switches.
    pub value_name: &'static str,
    /// What kind of value it takes.
    pub kind: Kind,
    /// What holds when nobody says anything, in the syntax of the flag; empty for nothing.
    pub default: &'static str,
    /// Under which heading the help shows it.
    pub group: Group,
    /// Whether this version acts on it.
    pub availability: Availability,
    /// One line of help.
    pub help: &'static str,
}

/// What kind of value a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On or off.
    Switch,
    /// Seconds, more than zero.
    Seconds,
    /// Seconds; zero means no limit.
    SecondsOrOff,
    /// A TCP port.
    Port,
    /// Any text.
    Text,
    /// A file.
    Path,
    /// A URL that may hold a password.
    SecretUrl,
    /// Text that must not be shown.
    SecretText,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `Name: value`, any number of them.
    Headers,
    /// Files, any number of them.
    Paths,
    /// Texts, any number of them.
    Texts,
}

impl Kind {
    /// Whether several values may be given, and add up.
    pub fn is_list(self) -> bool {
        matches!(self, Self::Headers | Self::Paths | Self::Texts)
    }
}

/// Headings of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// How the server is reached.
    Connection,
    /// Who we are to the server.
    SigningIn,
    /// How long we wait.
    TimeLimits,
    /// What we say, and where.
    Output,
}

impl Group {
    /// The heading.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Connection => "Connection",
            Self::SigningIn => "Signing in",
            Self::TimeLimits => "Time limits",
            Self::Output => "Output",
        }
    }
}

/// Whether this version acts on a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It does.
    Now,
    /// Taken for the sake of configurations written for `mcp-remote`; the text says why it does
    /// nothing.
    NoUse(&'static str),
}

impl Key {
    /// The row of this setting.
    pub fn setting(self) -> &'static Setting {
        &SETTINGS[self as usize]
    }
}

impl Setting {
    /// The environment variable of this setting.
    pub fn variable(&self) -> String {
        format!("MCP_TETHER_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }

    /// The setting of this name.
    pub fn from_name(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }
}

const fn row(
    key: Key,
    name: &'static str,
    value_name: &'static str,
    kind: Kind,
    default: &'static str,
    group: Group,
    help: &'static str,
) -> Setting {
    let availability = Availability::Now;
    Setting { key, name, value_name, kind, default, group, availability, help }
}

/// A setting of the sign-in.
const fn sign_in(
    key: Key,
    name: &'static str,
    value_name: &'static str,
    kind: Kind,
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

const TRANSPORTS: &[&str] = &["http-first", "sse-first", "http-only", "sse-only"];
const PROTOCOLS: &[&str] = &["auto", "legacy", "modern"];
const LOGINS: &[&str] = &["eager", "on-demand", "never"];
const STORES: &[&str] = &["auto", "keyring", "file", "memory"];
const LOG_FORMATS: &[&str] = &["text", "json"];
const LOG_LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace"];
const PROXY_IS_DEFAULT: &str = "the proxy variables of the environment are used without it";

/// Every setting, in the order of the help.
#[rustfmt::skip]
pub static SETTINGS: [Setting; 47] = [
    row(Key::Header, "header", "NAME:VALUE", Kind::Headers, "", Group::Connection,
        "Send this header with every request to the server; `${NAME}` is replaced"),
    row(Key::HeaderFile, "header-file", "FILE", Kind::Paths, "", Group::Connection,
        "Read headers from a file, one a line, `#` starts a comment"),
    row(Key::Transport, "transport", "MODE", Kind::Choice(TRANSPORTS), "http-first", Group::Connection,
        "Which transports to try, in which order"),
    row(Key::Protocol, "protocol", "ERA", Kind::Choice(PROTOCOLS), "auto", Group::Connection,
        "Which revisions of the protocol to try with the server"),
    row(Key::AllowHttp, "allow-http", "", Kind::Switch, "false", Group::Connection,
        "Permit unencrypted http to hosts other than this machine"),
    row(Key::Proxy, "proxy", "URL", Kind::SecretUrl, "", Group::Connection,
        "Use this HTTP proxy instead of the one in the environment"),
    row(Key::ProxyBypass, "proxy-bypass", "HOSTS", Kind::Text, "", Group::Connection,
        "Reach these hosts without `--proxy`, in the syntax of `NO_PROXY`"),
    row(Key::NoProxy, "no-proxy", "", Kind::Switch, "false", Group::Connection,
        "Use no proxy, whatever the environment says"),
    row(Key::EnableProxy, "enable-proxy", "", Kind::Switch, "false", Group::Connection,
        "Taken for compatibility: proxies of the environment are used anyway")
        .with(Availability::NoUse(PROXY_IS_DEFAULT)),
    row(Key::CaCert, "ca-cert", "FILE", Kind::Paths, "", Group::Connection,
        "Trust these certificate authorities (PEM) as well"),
    row(Key::Ipv4, "ipv4", "", Kind::Switch, "false", Group::Connection,
        "Connect over IPv4 only"),
    row(Key::DisableCookies, "disable-cookies", "", Kind::Switch, "false", Group::Connection,
        "Do not keep cookies between requests"),
    row(Key::KeepAlive, "keep-alive", "", Kind::Switch, "false", Group::Connection,
        "Send a ping when the session has been quiet for a while"),
    row(Key::PingInterval, "ping-interval", "SECONDS", Kind::Seconds, "30", Group::Connection,
        "How long a session may be quiet with `--keep-alive`"),
    row(Key::IgnoreTool, "ignore-tool", "GLOB", Kind::Texts, "", Group::Connection,
        "Hide tools with such names; `*` stands for anything, case is ignored"),
    sign_in(Key::Account, "account", "NAME", Kind::Text, "",
        "Which of several sign-ins on this server; each has its own consent"),
    sign_in(Key::Login, "login", "WHEN", Kind::Choice(LOGINS), "eager",
        "When a browser tab may open: at once, when a tool is called, or never"),
    sign_in(Key::Scope, "scope", "SCOPES", Kind::Text, "",
        "Ask for these scopes instead of what the server suggests"),
    sign_in(Key::CredentialStore, "credential-store", "PLACE", Kind::Choice(STORES), "auto",
        "Where sign-ins rest; `auto` is the keyring, else a private file"),
    sign_in(Key::TokenFile, "token-file", "FILE", Kind::Path, "",
        "Send the token in this file instead of signing in"),
    sign_in(Key::CallbackPort, "callback-port", "PORT", Kind::Port, "",
        "Port on which the browser comes back; also the bare number after the URL"),
    sign_in(Key::Host, "host", "NAME", Kind::Text, "localhost",
        "Host name inside the address the browser comes back to"),
    sign_in(Key::CallbackPath, "callback-path", "PATH", Kind::Text, "/oauth/callback",
        "Path of the address the browser comes back to"),
    sign_in(Key::AuthTimeout, "auth-timeout", "SECONDS", Kind::Seconds, "300",
        "How long to wait for the person in the browser"),
    sign_in(Key::AuthSuccessUrl, "auth-success-url", "URL", Kind::Text, "",
        "Where to send the browser after a sign-in"),
    sign_in(Key::Resource, "resource", "URI", Kind::Text, "",
        "Resource indicator (RFC 8707) to ask for; empty for none"),
    sign_in(Key::DisableResourceParameter, "disable-resource-parameter", "", Kind::Switch, "false",
        "Leave the resource indicator out"),
    sign_in(Key::AuthorizeParam, "authorize-param", "NAME=VALUE", Kind::Texts, "",
        "Add a parameter to the authorization request"),
    sign_in(Key::StaticOauthClientMetadata, "static-oauth-client-metadata", "JSON", Kind::Text, "",
        "Client metadata to register with, as JSON or `@FILE`"),
    sign_in(Key::StaticOauthClientInfo, "static-oauth-client-info", "JSON", Kind::SecretText, "",
        "Client that is registered already, as JSON or `@FILE`"),
    sign_in(Key::ClientMetadataUrl, "client-metadata-url", "URL", Kind::Text, "",
        "Client id metadata document to identify with"),
    sign_in(Key::UseIdToken, "use-id-token", "", Kind::Switch, "false",
        "Send the ID token instead of the access token"),
    sign_in(Key::DeviceCode, "device-code", "", Kind::Switch, "false",
        "Sign in with a code on another device (RFC 8628)"),
    sign_in(Key::ClientCredentials, "client-credentials", "", Kind::Switch, "false",
        "Sign in as a program, without a person (RFC 6749 section 4.4)"),
    sign_in(Key::TokenEndpoint, "token-endpoint", "URL", Kind::Text, "",
        "Token endpoint of `--client-credentials`, instead of looking for it"),
    sign_in(Key::AcceptIssuerMismatch, "accept-issuer-mismatch", "", Kind::Switch, "false",
        "Go on although the server's metadata names another issuer"),
    sign_in(Key::AllowPrivateAddresses, "allow-private-addresses", "", Kind::Switch, "false",
        "Follow URLs of the server's metadata to private addresses"),
    row(Key::ConnectTimeout, "connect-timeout", "SECONDS", Kind::Seconds, "10", Group::TimeLimits,
        "Longest time for name look-up, TCP and TLS together"),
    row(Key::HeadersTimeout, "headers-timeout", "SECONDS", Kind::SecondsOrOff, "300", Group::TimeLimits,
        "Longest wait for a response to begin; 0 for no limit"),
    row(Key::BodyTimeout, "body-timeout", "SECONDS", Kind::SecondsOrOff, "300", Group::TimeLimits,
        "Longest silence within a response; 0 for no limit"),
    row(Key::RequestTimeout, "request-timeout", "SECONDS", Kind::SecondsOrOff, "3600", Group::TimeLimits,
        "Longest time for a request as a whole; 0 for no limit"),
    row(Key::AnswerWithin, "answer-within", "SECONDS", Kind::SecondsOrOff, "0.8", Group::TimeLimits,
        "Then answer the host from the last session; 0 waits for the server"),
    row(Key::Debug, "debug", "", Kind::Switch, "false", Group::Output,
        "Write what happens to stderr; the same as `--log-level debug`"),
    row(Key::Silent, "silent", "", Kind::Switch, "false", Group::Output,
        "Write errors only; the same as `--log-level error`"),
    row(Key::LogLevel, "log-level", "LEVEL", Kind::Choice(LOG_LEVELS), "warn", Group::Output,
        "How much to write to stderr"),
    row(Key::LogFile, "log-file", "FILE", Kind::Path, "", Group::Output,
        "Append the same lines, with their time, to a private file"),
    row(Key::LogFormat, "log-format", "FORMAT", Kind::Choice(LOG_FORMATS), "text", Group::Output,
        "How lines are written: for people, or as one JSON object each"),
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
    fn help_lines_keep_the_house_rules() {
        for setting in &SETTINGS {
            let (name, help) = (setting.name, setting.help);
            assert!(help.chars().count() <= 78, "{name}: {}", help.chars().count());
            assert!(!help.ends_with('.'), "{name}");
            assert!(help.starts_with(char::is_uppercase), "{name}");
            assert_eq!(setting.value_name.is_empty(), setting.kind == Kind::Switch, "{name}");
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
