//! Turns settings into the options of logging and of the connection to a remote.

use std::path::PathBuf;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use url::Url;

use super::choices::{Choice, LogFormat};
use super::headers::{KEYRING, KeyringLookup, VariableLookup, parse_file, parse_line};
use super::remote_url::check_encryption;
use super::value::SettingValue;
use super::{FOREIGN_CA_VARIABLE, Key, SettingSource, Settings, Sourced};
use crate::auth::Authorizer;
use crate::budget::{Budget, DEFAULT};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::http::{HttpOptions, NameMemory, Proxy};
use crate::redact::{Secret, plain};
use crate::remote::{Limits, RemoteOptions};
use crate::shell_words::shell_word;

/// The schemes of a proxy's URL.
const PROXY_SCHEMES: [&str; 5] = ["http", "https", "socks5", "socks5h", "socks4a"];

/// The options of logging.
#[derive(Clone, Debug, PartialEq)]
pub struct LogOptions {
    /// The least severe level that is logged.
    pub level: tracing::Level,
    /// A file that receives the same lines as stderr.
    pub file: Option<PathBuf>,
    /// The format of each line.
    pub format: LogFormat,
}

impl Default for LogOptions {
    /// Warnings on stderr.
    fn default() -> Self {
        Self { level: tracing::Level::WARN, file: None, format: LogFormat::Text }
    }
}

/// The largest file with a setting's value, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

impl Settings {
    /// The options of the connection to this remote.
    ///
    /// # Errors
    /// The URL is not encrypted, a header, header file or token file cannot be used, or two
    /// settings contradict each other.
    pub fn remote_options(
        &mut self,
        url: &Url,
        environment: &Environment,
        keyring: KeyringLookup<'_>,
    ) -> Result<RemoteOptions> {
        check_encryption(url, self.switch(Key::AllowHttp))?;
        Budget::of_process().set_limit(self.memory_budget());
        let headers = self.headers(environment, keyring)?;
        let header_commands = self.header_commands(&headers, environment)?;
        Ok(RemoteOptions {
            authorizer: self.authorizer(&headers, environment)?,
            headers,
            header_commands,
            transport: self.choice(Key::Transport),
            limits: Limits {
                headers: self.limit(Key::HeadersTimeout),
                body: self.limit(Key::BodyTimeout),
                request: self.limit(Key::RequestTimeout),
                ..Limits::default()
            },
            keep_alive: self.keep_alive(),
            http: HttpOptions {
                proxy_credentials: self.proxy_credentials(environment, keyring)?,
                ..self.http_options(environment)?
            },
            ..RemoteOptions::new(url.clone())
        })
    }

    fn memory_budget(&self) -> usize {
        self.all(Key::MemoryBudget)
            .first()
            .and_then(|held| held.value.as_bytes())
            .unwrap_or(DEFAULT)
    }

    /// The options of logging. The first source that sets a level, `debug` or `silent` decides;
    /// within one source a level wins over `debug`, and `debug` over `silent`.
    pub fn log_options(&self, environment: &Environment) -> LogOptions {
        let on =
            |key| self.all(key).first().filter(|held| held.value == SettingValue::Switch(true));
        let candidates = [
            (self.all(Key::LogLevel).first(), self.choice::<tracing::Level>(Key::LogLevel)),
            (on(Key::Debug), tracing::Level::DEBUG),
            (on(Key::Silent), tracing::Level::ERROR),
        ];
        let decided = candidates
            .into_iter()
            .filter_map(|(held, level)| Some((held?.source.rank(), level)))
            .min_by_key(|(rank, _)| *rank);
        LogOptions {
            level: decided.map_or(tracing::Level::WARN, |(_, level)| level),
            file: self.text(Key::LogFile).map(|path| environment.expand_home(path)),
            format: self.choice(Key::LogFormat),
        }
    }

    /// Whether a switch is on.
    pub fn switch(&self, key: Key) -> bool {
        self.all(key).first().is_some_and(|held| held.value == SettingValue::Switch(true))
    }

    /// The text of a setting.
    pub fn text(&self, key: Key) -> Option<&str> {
        self.texts(key).next()
    }

    /// The value of a setting of kind [`ValueKind::Choice`](super::ValueKind::Choice).
    pub fn choice<T: Choice>(&self, key: Key) -> T {
        let name = self
            .text(key)
            .expect("each choice has a default in `settings::table`, as its tests check");
        T::from_name(name).expect("`SettingValue::from_text` refuses other names")
    }

    /// The values of a list setting, the first source first.
    pub fn texts(&self, key: Key) -> impl Iterator<Item = &str> {
        self.all(key).iter().filter_map(|held| held.value.as_text())
    }

    /// A duration; `None` for no limit.
    pub(super) fn limit(&self, key: Key) -> Option<Duration> {
        let span = self.all(key).first()?.value.as_seconds()?;
        Some(span).filter(|span| !span.is_zero())
    }

    fn keep_alive(&self) -> Option<Duration> {
        self.switch(Key::KeepAlive).then(|| self.limit(Key::PingInterval)).flatten()
    }

    /// The options of every HTTP connection: proxy, certificates, addresses, time limits.
    ///
    /// # Errors
    /// The proxy is not the URL of an HTTP proxy, or contradicts `--no-proxy`.
    pub fn http_options(&self, environment: &Environment) -> Result<HttpOptions> {
        Ok(HttpOptions {
            allow_http: self.switch(Key::AllowHttp),
            proxy: self.proxy(environment)?,
            proxy_credentials: None,
            fixed_addresses: self.fixed_addresses()?,
            extra_ca_files: self.ca_files(environment, false),
            optional_ca_files: self.ca_files(environment, true),
            client_certificate: self.client_certificate(
                Key::ClientCert,
                Key::ClientKey,
                environment,
            )?,
            ipv4: self.switch(Key::Ipv4),
            cookies: !self.switch(Key::DisableCookies),
            connect_timeout: self
                .limit(Key::ConnectTimeout)
                .unwrap_or_else(|| HttpOptions::default().connect_timeout),
            names: NameMemory::default(),
        })
    }

    /// The files of `ca-cert`: those that a setting names, or those that a variable of Node.js
    /// names.
    fn ca_files(&self, environment: &Environment, are_foreign: bool) -> Vec<PathBuf> {
        let foreign = SettingSource::Variable(FOREIGN_CA_VARIABLE.to_owned());
        let files = self.all(Key::CaCert).iter();
        let files = files.filter(|file| (file.source == foreign) == are_foreign);
        let paths = files.filter_map(|file| file.value.as_text());
        paths.map(|path| environment.expand_home(path)).collect()
    }

    /// Of `proxy` and `no-proxy`, the first source's wins; in the same source they contradict each
    /// other.
    fn proxy(&self, environment: &Environment) -> Result<Proxy> {
        let off = self.all(Key::NoProxy).first().filter(|h| h.value == SettingValue::Switch(true));
        let url = self.all(Key::Proxy).first();
        match (url, off) {
            (None, None) => Ok(Proxy::Environment),
            (None, Some(_)) => Ok(Proxy::Off),
            (Some(url), Some(off)) if off.source.rank() < url.source.rank() => Ok(Proxy::Off),
            (Some(url), Some(off)) if off.source.rank() == url.source.rank() => {
                let (url, off) = (describe(Key::Proxy, url), describe(Key::NoProxy, off));
                Err(Error::usage(format!("{url} and {off} contradict each other"))
                    .hint("remove one of them"))
            }
            (Some(url), _) => self.proxy_url(url, environment),
        }
    }

    fn proxy_url(&self, held: &Sourced, environment: &Environment) -> Result<Proxy> {
        // An empty value cancels a proxy that a later source sets.
        let Some(text) = held.value.as_text().filter(|text| !text.is_empty()) else {
            return Ok(Proxy::Environment);
        };
        let url = Url::parse(text).ok();
        let url = url.filter(|url| PROXY_SCHEMES.contains(&url.scheme()) && url.has_host());
        let url = url.ok_or_else(|| {
            let named = describe(Key::Proxy, held);
            Error::usage(format!("{named} is not the URL of an HTTP or SOCKS proxy"))
                .hint("a proxy looks like `http://proxy.example.com:8080`")
        })?;
        let bypass = self.text(Key::ProxyBypass).map(str::to_owned);
        let bypass = bypass
            .or_else(|| environment.non_empty("NO_PROXY"))
            .or_else(|| environment.non_empty("no_proxy"));
        Ok(Proxy::Url { url: Secret::new(url), bypass })
    }

    /// The headers, with one value per name. The first source wins; within a source, a header wins
    /// over a header file, and a later header over an earlier one.
    fn headers(
        &mut self,
        environment: &Environment,
        keyring: KeyringLookup<'_>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>> {
        let mut warnings = Vec::new();
        let lookup = |name: &str| self.value_of(name, environment, keyring);
        let headers = self.headers_by(&lookup, environment, &mut warnings)?;
        self.warnings.extend(warnings);
        Ok(headers)
    }

    /// Returns whether an `Authorization` header, a token file or a command replaces signing in
    /// . Expands no `${…}` and does not access the keyring.
    ///
    /// # Errors
    /// A header is invalid, or a header file cannot be read.
    pub fn replace_sign_in(&self, environment: &Environment) -> Result<bool> {
        let placeholder = |_: &str| Ok(Some(Secret::new("x".to_owned())));
        let headers = self.headers_by(&placeholder, environment, &mut Vec::new())?;
        let has_header = headers.iter().any(|(name, _)| *name == AUTHORIZATION);
        let has_file = self.text(Key::TokenFile).is_some_and(|path| !path.is_empty());
        Ok(has_header || has_file || self.commands_replace_sign_in())
    }

    fn headers_by(
        &self,
        lookup: VariableLookup<'_>,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>> {
        let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
        for (source, key, text) in self.header_texts() {
            let found = if key == Key::Header {
                let place = format!("{} {}", part_of(source), source.describe(key.setting()));
                vec![parse_line(text, &place, lookup)?]
            } else {
                let text = read_file("header file", text, environment, warnings)?;
                parse_file(&text.0, &text.1, lookup)?
            };
            for (name, value) in found {
                headers.retain(|(other, _)| *other != name);
                headers.push((name, value));
            }
        }
        Ok(headers)
    }

    /// The authorizer for a token file or command, or one that does nothing. Signing in is added
    /// later, by the command.
    fn authorizer(
        &mut self,
        headers: &[(HeaderName, HeaderValue)],
        environment: &Environment,
    ) -> Result<Authorizer> {
        let mut warnings = Vec::new();
        let file = self.token_file(environment, &mut warnings)?;
        self.warnings.extend(warnings);
        let command = self.token_command(environment);
        let has_header = headers.iter().any(|(name, _)| *name == AUTHORIZATION)
            || self.header_commands(&[], environment)?.give(&AUTHORIZATION);
        let contradiction = |one: &str, other: &str| {
            Err(Error::usage(format!("{one} and {other} contradict each other"))
                .hint("remove one of them; `mcp-tether config show URL` shows where they are set"))
        };
        let (header, token_command) = ("an `Authorization` header", "`--token-command`");
        match (file, command) {
            (Some(_), Some(_)) => contradiction("`--token-file`", token_command),
            (Some(_), None) if has_header => contradiction("`--token-file`", header),
            (None, Some(_)) if has_header => contradiction(token_command, header),
            (Some(file), None) => Ok(Authorizer::of_file(file)),
            (None, Some(command)) => Ok(Authorizer::of_command(command, self.command_ttl())),
            (None, None) => Ok(Authorizer::off()),
        }
    }

    /// Headers and header files, the last source first.
    fn header_texts(&self) -> Vec<(&SettingSource, Key, &str)> {
        let mut texts = Vec::new();
        for key in [Key::HeaderFile, Key::Header] {
            for held in self.all(key) {
                if let Some(text) = held.value.as_text() {
                    texts.push((&held.source, key, text));
                }
            }
        }
        texts.sort_by_key(|(source, ..)| std::cmp::Reverse(source.rank()));
        texts
    }

    /// The value for `${NAME}` or `${keyring:NAME}`.
    pub(super) fn value_of(
        &self,
        name: &str,
        environment: &Environment,
        keyring: KeyringLookup<'_>,
    ) -> Result<Option<Secret<String>>> {
        match name.strip_prefix(KEYRING) {
            Some(name) => keyring(name).map(Some),
            None => Ok(self.variable(name, environment)),
        }
    }

    /// The value for `${NAME}`: from the environment, or from an `env` table of the settings file.
    fn variable(&self, name: &str, environment: &Environment) -> Option<Secret<String>> {
        let in_file = || self.env.get(name).cloned();
        let found = environment.non_empty(name).map(Secret::new).or_else(in_file);
        found.or_else(|| environment.variable(name).map(Secret::new))
    }
}

/// The name for a single header in its source.
pub(super) fn part_of(source: &SettingSource) -> &'static str {
    match source {
        SettingSource::Flag | SettingSource::BuiltIn => "the value of",
        SettingSource::Variable(_) => "a line of",
        SettingSource::Server { .. }
        | SettingSource::Enterprise { .. }
        | SettingSource::Defaults { .. } => "an entry of",
    }
}

fn describe(key: Key, held: &Sourced) -> String {
    held.source.describe(key.setting())
}

/// Reads a file that a setting names; returns its name for messages, and its text.
pub(super) fn read_file(
    what: &str,
    path: &str,
    environment: &Environment,
    warnings: &mut Vec<String>,
) -> Result<(String, String)> {
    let shown = plain(path);
    let path = environment.expand_home(path);
    let read = || {
        let mut file = std::fs::File::open(&path)?;
        let mut text = String::new();
        let mut limited = std::io::Read::take(&mut file, MAX_FILE_BYTES + 1);
        std::io::Read::read_to_string(&mut limited, &mut text)?;
        if text.len() as u64 > MAX_FILE_BYTES {
            let message = format!("it is larger than {MAX_FILE_BYTES} bytes");
            return Err(std::io::Error::other(message));
        }
        Ok::<_, std::io::Error>((super::file::is_readable_by_others(&file), text))
    };
    let (exposed, text) = read().map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => {
            Error::usage(format!("the {what} `{shown}` is not text in UTF-8")).hint(format!(
                "if it is a key in DER, convert it: `openssl pkey -in {} -inform DER -out \
                 key.pem`; for PKCS#12: `openssl pkcs12 -in FILE -nocerts -nodes -out key.pem`",
                shell_word(&shown)
            ))
        }
        _ => Error::usage(format!("cannot read the {what} `{shown}`: {error}")).hint(
            "check the path; a relative one is resolved in the folder that the host starts \
             programs in",
        ),
    })?;
    if exposed {
        warnings.push(format!(
            "other users of this machine can read the {what} `{shown}`; run `chmod 600 {}`",
            shell_word(&shown)
        ));
    }
    Ok((shown, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::TransportChoice;
    use crate::settings::Flags;

    const URL: &str = "https://mcp.example.com/mcp";

    fn flags(values: &[(Key, &str)]) -> Flags {
        let own = |(key, text): &(Key, &str)| (*key, vec![(*text).to_owned()]);
        Flags { config: None, values: values.iter().map(own).collect() }
    }

    fn options(values: &[(Key, &str)], environment: &Environment) -> Result<RemoteOptions> {
        let url = Url::parse(URL).unwrap();
        Settings::resolve(Some(&url), &flags(values), environment)?.remote_options(
            &url,
            environment,
            &|_| unreachable!("no secret is named"),
        )
    }

    fn level(values: &[(Key, &str)], environment: &Environment) -> tracing::Level {
        let settings = Settings::resolve(None, &flags(values), environment).unwrap();
        settings.log_options(environment).level
    }

    /// What the table calls built in is what the options call default.
    #[test]
    fn nothing_said_is_the_default_of_the_options() {
        let nothing = options(&[], &Environment::fixed([])).unwrap();
        let default = RemoteOptions::new(Url::parse(URL).unwrap());
        assert_eq!(format!("{nothing:?}"), format!("{default:?}"));
    }

    #[test]
    fn every_setting_of_the_connection_reaches_its_option() {
        let seconds = Duration::from_secs;
        let set = options(
            &[
                (Key::Header, "X-A: 1"),
                (Key::Transport, "sse-only"),
                (Key::AllowHttp, "true"),
                (Key::Proxy, "http://proxy:8080"),
                (Key::ProxyBypass, "internal"),
                (Key::CaCert, "~/ca.pem"),
                (Key::Ipv4, "true"),
                (Key::DisableCookies, "true"),
                (Key::KeepAlive, "true"),
                (Key::PingInterval, "5"),
                (Key::ConnectTimeout, "6"),
                (Key::HeadersTimeout, "0"),
                (Key::BodyTimeout, "8"),
                (Key::RequestTimeout, "0"),
            ],
            &Environment::fixed([("HOME", "/h")]),
        )
        .unwrap();
        assert_eq!(set.headers.len(), 1);
        assert_eq!(set.transport, TransportChoice::SseOnly);
        assert_eq!(set.keep_alive, Some(seconds(5)));
        let Limits { headers, body, request, .. } = set.limits;
        assert_eq!((headers, body, request), (None, Some(seconds(8)), None));
        assert!(set.http.allow_http && set.http.ipv4 && !set.http.cookies);
        assert_eq!(set.http.connect_timeout, seconds(6));
        assert_eq!(set.http.extra_ca_files, [PathBuf::from("/h/ca.pem")]);
        let Proxy::Url { url, bypass } = set.http.proxy else { panic!("a proxy") };
        assert_eq!(
            (url.expose().as_str(), bypass.as_deref()),
            ("http://proxy:8080/", Some("internal"))
        );
    }

    #[test]
    fn of_two_contradicting_settings_the_nearer_one_holds() {
        let proxy = |values: &[_], variables| {
            options(values, &Environment::fixed(variables)).unwrap().http.proxy
        };
        let url = (Key::Proxy, "http://proxy");
        let off = (Key::NoProxy, "true");
        assert!(matches!(proxy(&[off], [("MCP_TETHER_PROXY", "http://p")]), Proxy::Off));
        assert!(matches!(proxy(&[url], [("MCP_TETHER_NO_PROXY", "1")]), Proxy::Url { .. }));
        assert!(matches!(proxy(&[], [("MCP_TETHER_NO_PROXY", "0")]), Proxy::Environment));
        let empty = proxy(&[(Key::Proxy, "")], [("MCP_TETHER_PROXY", "http://p")]);
        assert!(matches!(empty, Proxy::Environment));
        let bypass = proxy(&[url], [("NO_PROXY", "a,b")]);
        assert!(matches!(bypass, Proxy::Url { bypass: Some(hosts), .. } if hosts == "a,b"));
        assert!(options(&[url, off], &Environment::fixed([])).is_err());
    }

    #[test]
    fn the_level_comes_from_the_nearest_source() {
        let none = Environment::fixed([]);
        let silent = Environment::fixed([("MCP_TETHER_SILENT", "1")]);
        assert_eq!(level(&[], &none), tracing::Level::WARN);
        assert_eq!(level(&[], &silent), tracing::Level::ERROR);
        assert_eq!(level(&[(Key::Debug, "true")], &silent), tracing::Level::DEBUG);
        assert_eq!(level(&[(Key::LogLevel, "info")], &silent), tracing::Level::INFO);
        let both = [(Key::LogLevel, "trace"), (Key::Silent, "true")];
        assert_eq!(level(&both, &none), tracing::Level::TRACE);
        let both = [(Key::Debug, "true"), (Key::Silent, "true")];
        assert_eq!(level(&both, &none), tracing::Level::DEBUG);
    }

    #[test]
    fn a_header_of_a_nearer_source_replaces_one_of_the_same_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h.txt");
        std::fs::write(&path, "X-A: from file\nX-B: from file\n").unwrap();
        let environment = Environment::fixed([("MCP_TETHER_HEADER", "x-a: v\nx-c: v\nx-d: v")]);
        let values = [
            (Key::HeaderFile, path.to_str().unwrap()),
            (Key::Header, "X-B: flag"),
            (Key::Header, "X-C: first"),
            (Key::Header, "x-c: second"),
        ];
        let headers = options(&values, &environment).unwrap().headers;
        let mut shown: Vec<_> =
            headers.iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
        shown.sort_unstable();
        let expected = [("x-a", "from file"), ("x-b", "flag"), ("x-c", "second"), ("x-d", "v")];
        assert_eq!(shown, expected);
    }

    /// S-09
    #[test]
    fn options_do_not_print_their_secrets() {
        let values = [
            (Key::Header, "Authorization: Bearer hunter2"),
            (Key::Proxy, "http://u:hunter2@proxy"),
        ];
        let shown = format!("{:?}", options(&values, &Environment::fixed([])).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
