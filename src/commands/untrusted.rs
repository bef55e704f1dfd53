//! The command line of `mcp-remote` in an entry of a host's configuration. The user may not have
//! written it, so it is displayed, compared, and used to find a sign-in, but cannot be turned into
//! `Settings`: its headers, variables, commands, proxies, certificate authorities, log files and
//! folders have no effect on this process (S-17). [`Untrusted`] has no method that returns its
//! content, and only this file can access it.

use std::path::{Path, PathBuf};

use crate::auth::{AuthOptions, PreRegistered, ResourceIndicator};
use crate::environment::Environment;
use crate::hosts::Scope;
use crate::redact::{display_url, plain};
use crate::settings::{Flags, Key, resource_indicator};
use crate::store::import::Parameters;

/// The variable that moves the folder of `mcp-remote`.
const FOLDER_VARIABLE: &str = "MCP_REMOTE_CONFIG_DIR";

/// Flags that change how a server is reached or trusted. They have no effect here; if an import
/// fails, they are listed, so that the user can pass them.
const CONNECTION_FLAGS: [Key; 19] = [
    Key::Header,
    Key::HeaderCommand,
    Key::TokenCommand,
    Key::AllowHttp,
    Key::Proxy,
    Key::ProxyAuth,
    Key::ProxyAuthCommand,
    Key::Resolve,
    Key::ProxyBypass,
    Key::NoProxy,
    Key::CaCert,
    Key::ClientCert,
    Key::AuthClientCert,
    Key::Ipv4,
    Key::AcceptIssuerMismatch,
    Key::CallbackIssuer,
    Key::AssumePkce,
    Key::AssumeGrant,
    Key::AllowPrivateAddresses,
];

/// Data that someone else may have written. It can only be used through the methods below, none of
/// which leads to `Settings`: it has no `Deref`, no `AsRef`, no `Clone` and no accessor.
pub(crate) struct Untrusted<T>(T);

impl<T> Untrusted<T> {
    /// Wraps data that was read from a configuration.
    pub(crate) fn new(read: T) -> Self {
        Self(read)
    }
}

/// A command line of the bridge from a configuration, which is parsed but not obeyed.
pub(crate) struct EntryCommand {
    pub(crate) url: String,
    pub(crate) flags: Flags,
}

/// Parses the arguments of an entry as a command line of the bridge.
pub(crate) type ReadCommand<'a> =
    &'a dyn Fn(&[String]) -> crate::error::Result<Untrusted<EntryCommand>>;

/// Identifies the sign-in of an entry: by its files at `mcp-remote`, and by its record here.
pub(super) struct NamedSignIn {
    pub(super) parameters: Parameters,
    account: Option<String>,
    resource: Option<ResourceIndicator>,
    client: Option<PreRegistered>,
}

impl Untrusted<EntryCommand> {
    /// The URL as written. The server is contacted only if the user has named the entry, or the
    /// configuration is the user's own.
    pub(super) fn url(&self) -> &str {
        &self.0.url
    }

    /// The URL for messages, without credentials.
    pub(crate) fn display_url(&self) -> String {
        display_url(&self.0.url)
    }

    /// Whether it starts a recording.
    pub(super) fn records(&self) -> bool {
        self.text(Key::Record).is_some()
    }

    /// The sign-in that belongs to this command line.
    ///
    /// # Errors
    /// There is none, because it uses a header or token file, or its client cannot be read without
    /// obeying the command line. The error is a sentence.
    pub(super) fn named_sign_in(&self, scope: Scope) -> Result<NamedSignIn, String> {
        if self.replaces_sign_in() {
            return Err(
                "its `Authorization` header, token file or command replaces signing in".to_owned()
            );
        }
        let resource = match (self.text(Key::DisableResourceParameter), self.text(Key::Resource)) {
            (Some(_), _) => Some(ResourceIndicator::Omitted),
            (None, None) => None,
            (None, Some(text)) => Some(
                resource_indicator(text)
                    .ok_or("its `--resource` is not an absolute URI without a fragment")?,
            ),
        };
        Ok(NamedSignIn {
            parameters: self.parameters(),
            account: self.text(Key::Account).map(str::to_owned),
            resource,
            client: self.client(scope)?,
        })
    }

    /// Its flags that would change how the server is reached or trusted, and have no effect here.
    pub(super) fn ignored_flags(&self) -> Vec<String> {
        let given = CONNECTION_FLAGS.iter().filter(|key| self.text(**key).is_some());
        given.map(|key| format!("`--{}`", key.setting().name)).collect()
    }

    /// The values on which the names of `mcp-remote`'s files depend, as written.
    fn parameters(&self) -> Parameters {
        let pairs = |key, separator| -> Vec<(String, String)> {
            let pair = |text: &str| {
                let (name, value) = text.split_once(separator)?;
                Some((name.trim().to_owned(), value.trim().to_owned()))
            };
            self.texts(key).filter_map(pair).collect()
        };
        let text = |key| self.text(key).filter(|text| !text.is_empty()).map(str::to_owned);
        Parameters {
            url: self.0.url.trim().to_owned(),
            resource: text(Key::Resource),
            authorize_params: pairs(Key::AuthorizeParam, '='),
            headers: pairs(Key::Header, ':'),
            client_metadata_url: text(Key::ClientMetadataUrl),
            token_endpoint: text(Key::TokenEndpoint),
        }
    }

    /// The pre-registered client. A file is read only if the user's own configuration names it by
    /// an absolute path.
    fn client(&self, scope: Scope) -> Result<Option<PreRegistered>, String> {
        let Some(text) = self.text(Key::StaticOauthClientInfo).filter(|text| !text.is_empty())
        else {
            return Ok(None);
        };
        let by_hand = "its `--static-oauth-client-info` names";
        let json = match text.strip_prefix('@') {
            None => text.to_owned(),
            Some(path) if scope == Scope::User && Path::new(path).is_absolute() => {
                let shown = plain(path);
                std::fs::read_to_string(path)
                    .map_err(|error| format!("cannot read its client in `{shown}`: {error}"))?
            }
            Some(_) => return Err(format!("{by_hand} a file")),
        };
        if json.contains("${") {
            return Err(format!("{by_hand} a variable"));
        }
        let client = PreRegistered::from_json(&json);
        client.map(Some).map_err(|_| "its `--static-oauth-client-info` cannot be read".to_owned())
    }

    fn replaces_sign_in(&self) -> bool {
        let is_authorization = |line: &str| {
            let name = line.split_once(':').map_or(line, |(name, _)| name);
            name.trim().eq_ignore_ascii_case("authorization")
        };
        let gives = |key| self.text(key).is_some();
        self.texts(Key::Header).chain(self.texts(Key::HeaderCommand)).any(is_authorization)
            || gives(Key::TokenFile)
            || gives(Key::TokenCommand)
    }

    /// The last value of a flag, which is the one that counts.
    fn text(&self, key: Key) -> Option<&str> {
        self.texts(key).last()
    }

    fn texts(&self, key: Key) -> impl Iterator<Item = &str> {
        let of_key = self.0.flags.values.iter().filter(move |(other, _)| *other == key);
        of_key.flat_map(|(_, texts)| texts.iter().map(String::as_str))
    }
}

impl NamedSignIn {
    /// Makes these options refer to this sign-in.
    pub(super) fn apply_to(&self, auth: &mut AuthOptions) {
        if let Some(account) = &self.account {
            auth.account.clone_from(account);
        }
        if let Some(resource) = &self.resource {
            auth.resource = resource.clone();
        }
        if let Some(client) = &self.client {
            auth.client_info = Some(client.clone());
        }
    }
}

/// The folder of `mcp-remote` for an entry with these variables; `None` for the usual one. Only the
/// user's own configuration may name another, by an absolute path: a relative one would depend on
/// the folder in which the command is run.
///
/// # Errors
/// The path is relative; the error is a sentence.
pub(super) fn folder_of_entry(
    variables: &[(String, String)],
    scope: Scope,
) -> Result<Option<PathBuf>, String> {
    let named = variables.iter().rev().find(|(name, _)| name == FOLDER_VARIABLE);
    let Some((_, path)) = named.filter(|(_, path)| !path.is_empty() && scope == Scope::User) else {
        return Ok(None);
    };
    if Path::new(path).is_absolute() {
        return Ok(Some(PathBuf::from(path)));
    }
    Err(format!("its `{FOLDER_VARIABLE}` is a relative path, which depends on the host's folder"))
}

/// The folder of `mcp-remote`: from this process's environment, or the usual one.
pub(super) fn folder_of_process(environment: &Environment) -> Option<PathBuf> {
    let configured = environment.non_empty(FOLDER_VARIABLE);
    crate::store::import::folder(configured.as_deref(), environment.home().as_deref())
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::settings::SETTINGS;

    fn command(values: &[(Key, &str)]) -> Untrusted<EntryCommand> {
        let own = |(key, text): &(Key, &str)| (*key, vec![(*text).to_owned()]);
        let flags = Flags { config: None, values: values.iter().map(own).collect() };
        Untrusted::new(EntryCommand { url: "https://mcp.example.com/mcp".to_owned(), flags })
    }

    /// S-17
    #[test]
    fn only_what_names_a_sign_in_is_taken_from_an_entry() {
        let entry = command(&[
            (Key::Header, "X-Tenant: ${TENANT}"),
            (Key::Account, "work"),
            (Key::Resource, "https://r.example"),
            (Key::Proxy, "http://evil.example"),
            (Key::CaCert, "evil.pem"),
            (Key::LogFile, "../.bashrc"),
            (Key::CredentialStore, "file"),
        ]);
        let named = entry.named_sign_in(Scope::Project).ok().unwrap();
        let tenant = ("X-Tenant".to_owned(), "${TENANT}".to_owned());
        assert_eq!(named.parameters.headers, [tenant], "as it was typed");
        let mut auth = AuthOptions::new(Url::parse(entry.url()).unwrap());
        let mut expected = auth.clone();
        expected.account = "work".to_owned();
        expected.resource = ResourceIndicator::Fixed("https://r.example".to_owned());
        named.apply_to(&mut auth);
        assert_eq!(format!("{auth:?}"), format!("{expected:?}"));
        let disregarded = ["`--header`", "`--proxy`", "`--ca-cert`"];
        assert_eq!(entry.ignored_flags(), disregarded);
    }

    /// S-17: a variable or a file would be obeyed.
    #[test]
    fn a_client_is_taken_only_as_it_stands_in_the_entry() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("client.json");
        std::fs::write(&file, r#"{"client_id":"mine"}"#).unwrap();
        let by_file = format!("@{}", file.display());
        let client = |text: &str, scope| {
            let entry = command(&[(Key::StaticOauthClientInfo, text)]);
            entry.named_sign_in(scope).map(|named| named.client.map(|client| client.client_id))
        };
        let literal = r#"{"client_id":"mine"}"#;
        assert_eq!(client(literal, Scope::Project), Ok(Some("mine".to_owned())));
        assert_eq!(client(&by_file, Scope::User), Ok(Some("mine".to_owned())));
        assert!(client(&by_file, Scope::Project).is_err());
        assert!(client("@client.json", Scope::User).is_err());
        assert!(client(r#"{"client_id":"${ID}"}"#, Scope::User).is_err());
        std::fs::write(&file, r#"{"client_id":"x","client_secret":"${keyring:shop}"}"#).unwrap();
        assert!(client(&by_file, Scope::User).is_err());
    }

    /// S-17: there is no way from an entry into the settings, so no command can take one by
    /// mistake.
    #[test]
    fn an_entry_has_no_way_into_the_settings() {
        let text = include_str!("untrusted.rs");
        let code = text.split("#[cfg(test)]").next().unwrap();
        for way in
            ["Settings", "for Untrusted", "derive(Clone", "-> Flags", "-> &Flags", "-> T", "-> &T"]
        {
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let found: Vec<_> = lines.filter(|line| line.contains(way)).collect();
            assert!(found.is_empty(), "`{way}`: {found:?}");
        }
        // Settings that name a sign-in, and those that say that there is none.
        let read = [
            Key::Account,
            Key::Resource,
            Key::DisableResourceParameter,
            Key::StaticOauthClientInfo,
            Key::TokenFile,
            Key::TokenCommand,
        ];
        let others = SETTINGS.iter().map(|setting| setting.key).filter(|key| !read.contains(key));
        let every: Vec<_> = others.map(|key| (key, "X: ${HOME} ${keyring:shop}")).collect();
        assert!(every.len() > 60, "{}", every.len());
        let entry = command(&every);
        let mut auth = AuthOptions::new(Url::parse(entry.url()).unwrap());
        let untouched = format!("{auth:?}");
        entry.named_sign_in(Scope::Project).ok().unwrap().apply_to(&mut auth);
        assert_eq!(format!("{auth:?}"), untouched, "an entry with every setting changes nothing");
    }

    #[test]
    fn an_entry_that_brings_its_own_authorization_names_no_sign_in() {
        for value in
            [(Key::Header, "authorization:x"), (Key::TokenFile, "t"), (Key::TokenCommand, "t")]
        {
            assert!(command(&[value]).named_sign_in(Scope::User).is_err());
        }
    }

    /// S-17
    #[test]
    fn a_project_never_says_where_sign_ins_are() {
        let absolute = std::env::temp_dir();
        let variables = |path: &str| vec![(FOLDER_VARIABLE.to_owned(), path.to_owned())];
        let named = variables(absolute.to_str().unwrap());
        assert_eq!(folder_of_entry(&named, Scope::User), Ok(Some(absolute)));
        assert_eq!(folder_of_entry(&named, Scope::Project), Ok(None));
        assert!(folder_of_entry(&variables(".cache"), Scope::User).is_err());
        assert_eq!(folder_of_entry(&variables(".cache"), Scope::Project), Ok(None));
        assert_eq!(folder_of_entry(&[], Scope::User), Ok(None));
    }
}
