//! Sign-in settings for companies: the identity provider, workloads, and client keys.

use url::Url;

use super::credential_commands::at_home;
use super::file::is_readable_by_others;
use super::headers::KeyringLookup;
use super::options::read_file;
use super::{Key, Settings};
use crate::auth::{
    AssertionSource, AuthOptions, CommandLine, Grant, IdentityProvider, PreRegistered, SigningKey,
};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::http::ClientCertificate;
use crate::redact::plain;
use crate::shell_words::shell_word;

/// Flags that each select a way to sign in.
const WAYS: [Key; 5] =
    [Key::DeviceCode, Key::ClientCredentials, Key::WorkloadToken, Key::WorkloadCommand, Key::Idp];

impl Settings {
    /// The way to sign in that is selected by its own flag, if any.
    ///
    /// # Errors
    /// More than one is set.
    pub(super) fn chosen_way(&self) -> Result<Option<Key>> {
        let is_set = |key: &Key| match key {
            Key::DeviceCode | Key::ClientCredentials => self.switch(*key),
            _ => self.not_empty(*key).is_some(),
        };
        let mut set = WAYS.into_iter().filter(is_set);
        match (set.next(), set.next()) {
            (Some(one), Some(other)) => Err(Error::usage(format!(
                "{} and {} contradict each other",
                self.describe(one),
                self.describe(other)
            ))
            .hint("each is another way to sign in: leave out all but one")),
            (way, _) => Ok(way),
        }
    }

    /// The grant for a workload or for a company's identity provider.
    ///
    /// # Errors
    /// The command cannot be split into words.
    pub(super) fn company_grant(&self, way: Key, environment: &Environment) -> Result<Grant> {
        let text = self.not_empty(way).unwrap_or_default();
        Ok(match way {
            Key::WorkloadToken => {
                Grant::Workload(AssertionSource::File(environment.expand_home(text)))
            }
            Key::WorkloadCommand => {
                let command = CommandLine::parse(text).ok_or_else(|| {
                    self.invalid_value(way, "not a program and its arguments")
                        .hint("it looks like `get-token --audience 'https://as.example.com'`")
                })?;
                Grant::Workload(AssertionSource::Command(at_home(command, environment)))
            }
            _ => Grant::EnterpriseManaged,
        })
    }

    /// The identity provider, if one is set.
    ///
    /// # Errors
    /// Its URL is not encrypted, or its client cannot be read.
    pub(super) fn identity_provider(
        &mut self,
        environment: &Environment,
        keyring: KeyringLookup<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<IdentityProvider>> {
        let Some(text) = self.not_empty(Key::Idp) else {
            for key in [Key::IdpClientInfo, Key::IdpTokenFile] {
                if self.not_empty(key).is_some() {
                    let place = self.describe(key);
                    warnings.push(format!("{place} has no effect without `--idp`"));
                }
            }
            return Ok(None);
        };
        let issuer = self.secure_url(Key::Idp, text)?;
        if issuer.query().is_some() || issuer.fragment().is_some() {
            return Err(self
                .invalid_value(Key::Idp, "an issuer has neither query nor fragment")
                .hint("it looks like `https://login.example.com`"));
        }
        let client = self.client_of(Key::IdpClientInfo, environment, keyring, warnings)?;
        let token = self.not_empty(Key::IdpTokenFile);
        let token = token.map(|path| AssertionSource::File(environment.expand_home(path)));
        Ok(Some(IdentityProvider { issuer, client, token }))
    }

    /// Gives the client the key of `--jwt-key`.
    ///
    /// # Errors
    /// The file cannot be read or holds no key, or no client is given.
    pub(super) fn with_jwt_key(
        &self,
        client: Option<PreRegistered>,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Option<PreRegistered>> {
        let Some(path) = self.not_empty(Key::JwtKey) else { return Ok(client) };
        let Some(client) = client else {
            let place = self.describe(Key::JwtKey);
            return Err(Error::usage(format!("{place} needs a client that the key belongs to"))
                .hint("name it: `--static-oauth-client-info '{\"client_id\":\"ID\"}'`"));
        };
        let (_, text) = read_file("private key", path, environment, warnings)?;
        let algorithm = client.signing_algorithm.clone();
        let key = SigningKey::from_pem(&text, algorithm.as_deref())?;
        Ok(Some(PreRegistered { signing_key: Some(key), ..client }))
    }

    /// The files of a client certificate, if set. Without a file of its own, the key is in the
    /// certificate's.
    ///
    /// # Errors
    /// There is a key without a certificate.
    pub(super) fn client_certificate(
        &self,
        certificate: Key,
        key: Key,
        environment: &Environment,
    ) -> Result<Option<ClientCertificate>> {
        let file = |key| self.not_empty(key).map(|path| environment.expand_home(path));
        let Some(path) = file(certificate) else {
            return match file(key) {
                None => Ok(None),
                Some(_) => {
                    let (key, flag) = (self.describe(key), certificate.setting().name);
                    Err(Error::usage(format!("{key} needs the certificate that it belongs to"))
                        .hint(format!("name it: `--{flag} FILE`")))
                }
            };
        };
        let key = file(key).unwrap_or_else(|| path.clone());
        Ok(Some(ClientCertificate { certificate: path, key }))
    }

    /// Warns of keys that other users of this machine can read.
    pub(super) fn warn_about_keys(&mut self, environment: &Environment) {
        for (certificate, key) in
            [(Key::ClientCert, Key::ClientKey), (Key::AuthClientCert, Key::AuthClientKey)]
        {
            let Ok(Some(files)) = self.client_certificate(certificate, key, environment) else {
                continue;
            };
            let opened = std::fs::File::open(&files.key);
            if opened.is_ok_and(|file| is_readable_by_others(&file)) {
                let shown = plain(&files.key.display().to_string());
                let word = shell_word(&shown);
                self.warnings.push(format!(
                    "other users of this machine can read the private key `{shown}`; run `chmod \
                     600 {word}`"
                ));
            }
        }
    }

    /// The options for signing in at the identity provider itself, and its URL.
    ///
    /// # Errors
    /// None is set, or one of its settings is invalid.
    pub fn options_at_identity_provider(
        &mut self,
        environment: &Environment,
        keyring: KeyringLookup<'_>,
    ) -> Result<(Url, AuthOptions)> {
        let unset = || {
            Error::usage("neither a server nor an identity provider is named")
                .hint("name one: `mcp-tether login URL`, or `mcp-tether login --idp URL`")
        };
        let text = self.not_empty(Key::Idp).ok_or_else(unset)?.to_owned();
        let issuer = self.secure_url(Key::Idp, &text)?;
        let options = self.auth_options(&issuer, &[], environment, keyring)?;
        let options = options.and_then(|options| options.at_identity_provider());
        Ok((issuer, options.ok_or_else(unset)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Secret;
    use crate::settings::Flags;

    fn settings(values: &[(Key, &str)]) -> Settings {
        let own = |(key, text): &(Key, &str)| (*key, vec![(*text).to_owned()]);
        let flags = Flags { config: None, values: values.iter().map(own).collect() };
        Settings::resolve(None, &flags, &Environment::fixed([])).unwrap()
    }

    fn no_keyring(_: &str) -> Result<Secret<String>> {
        unreachable!("no secret is named")
    }

    const ON: [(Key, &str); 5] = [
        (Key::DeviceCode, "true"),
        (Key::ClientCredentials, "true"),
        (Key::WorkloadToken, "/token"),
        (Key::WorkloadCommand, "get-token"),
        (Key::Idp, "https://idp.example.com"),
    ];

    #[test]
    fn one_way_to_sign_in_may_be_chosen_and_no_two() {
        assert_eq!(settings(&[]).chosen_way().unwrap(), None);
        let off = ON.map(|(key, text)| (key, if text == "true" { "false" } else { "" }));
        assert_eq!(settings(&off).chosen_way().unwrap(), None, "all are off or empty");
        for (place, one) in ON.iter().enumerate() {
            assert_eq!(settings(&[*one]).chosen_way().unwrap(), Some(one.0));
            for other in &ON[place + 1..] {
                let error = settings(&[*one, *other]).chosen_way().unwrap_err();
                for (key, _) in [one, other] {
                    let flag = format!("`--{}`", key.setting().name);
                    assert!(error.message().contains(&flag), "{}", error.message());
                }
            }
        }
    }

    #[test]
    fn a_workload_has_a_file_or_a_command_and_a_company_its_provider() {
        let environment = Environment::fixed([("HOME", "/home/sara")]);
        let grant =
            |way: Key, text: &str| settings(&[(way, text)]).company_grant(way, &environment);
        let file = grant(Key::WorkloadToken, "~/token").unwrap();
        assert_eq!(file, Grant::Workload(AssertionSource::File("/home/sara/token".into())));
        let Ok(Grant::Workload(AssertionSource::Command(command))) =
            grant(Key::WorkloadCommand, "~/get-token --audience 'a b'")
        else {
            panic!("it is a command")
        };
        assert_eq!(command.program(), "/home/sara/get-token");
        assert_eq!(grant(Key::Idp, "https://idp").unwrap(), Grant::EnterpriseManaged);
    }

    #[test]
    fn an_identity_provider_is_an_encrypted_address_without_query_or_fragment() {
        let environment = Environment::fixed([("HOME", "/home/sara")]);
        let provider = |values: &[(Key, &str)]| {
            let mut warnings = Vec::new();
            let mut settings = settings(values);
            let found = settings.identity_provider(&environment, &no_keyring, &mut warnings);
            (found.map_err(|error| error.to_string()), warnings)
        };
        let whole = [
            (Key::Idp, "https://idp.example.com/tenant"),
            (Key::IdpTokenFile, "~/id-token"),
            (Key::IdpClientInfo, r#"{"client_id":"c"}"#),
        ];
        let (found, warnings) = provider(&whole);
        let found = found.unwrap().unwrap();
        assert_eq!(found.issuer.as_str(), "https://idp.example.com/tenant");
        assert_eq!(found.client.unwrap().client_id, "c");
        assert_eq!(found.token, Some(AssertionSource::File("/home/sara/id-token".into())));
        assert!(warnings.is_empty(), "{warnings:?}");
        let (found, warnings) = provider(&whole[1..]);
        assert!(found.unwrap().is_none());
        assert_eq!(
            warnings,
            [
                "`--idp-client-info` has no effect without `--idp`",
                "`--idp-token-file` has no effect without `--idp`",
            ]
        );
        for wrong in [
            "https://idp.example.com/?a=b",
            "https://idp.example.com/#a",
            "http://idp.example.com",
            "idp.example.com",
        ] {
            let (found, _) = provider(&[(Key::Idp, wrong)]);
            assert!(found.unwrap_err().contains("`--idp`"), "{wrong}");
        }
    }

    #[test]
    fn a_certificate_file_may_hold_its_key_and_a_key_needs_its_certificate() {
        let environment = Environment::fixed([("HOME", "/home/sara")]);
        let files = |values: &[(Key, &str)]| {
            let settings = settings(values);
            settings.client_certificate(Key::ClientCert, Key::ClientKey, &environment)
        };
        let (certificate, key) = ((Key::ClientCert, "~/c.pem"), (Key::ClientKey, "/k.pem"));
        assert_eq!(files(&[]).unwrap(), None);
        let alone = files(&[certificate]).unwrap().unwrap();
        assert_eq!((&alone.certificate, &alone.key), (&alone.key, &"/home/sara/c.pem".into()));
        let both = files(&[certificate, key]).unwrap().unwrap();
        assert_eq!(both.key, std::path::Path::new("/k.pem"));
        let error = files(&[key]).unwrap_err();
        assert!(error.message().starts_with("`--client-key` needs the certificate"));
        assert_eq!(error.hints(), ["name it: `--client-cert FILE`"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_a_warning() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k.pem");
        std::fs::write(&path, "").unwrap();
        for (mode, count) in [(0o600, 0), (0o644, 1)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let file = path.to_str().unwrap();
            let mut settings = settings(&[(Key::AuthClientCert, "/c"), (Key::AuthClientKey, file)]);
            settings.warn_about_keys(&Environment::fixed([]));
            assert_eq!(settings.warnings.len(), count, "{:?}", settings.warnings);
            assert!(settings.warnings.iter().all(|warning| warning.contains("chmod 600 ")));
        }
    }

    #[test]
    fn a_key_for_assertions_needs_a_client() {
        let environment = Environment::fixed([]);
        let mut warnings = Vec::new();
        let client = || Some(PreRegistered::new("c"));
        let kept = settings(&[]).with_jwt_key(client(), &environment, &mut warnings).unwrap();
        assert!(kept.unwrap().signing_key.is_none());
        let given = settings(&[(Key::JwtKey, "/none.pem")]);
        let error = given.with_jwt_key(None, &environment, &mut warnings).unwrap_err();
        assert!(error.message().starts_with("`--jwt-key` needs a client"), "{}", error.message());
        let error = given.with_jwt_key(client(), &environment, &mut warnings).unwrap_err();
        assert!(error.message().contains("/none.pem"), "{}", error.message());
    }

    #[test]
    fn a_sign_in_at_a_provider_needs_its_address() {
        let environment = Environment::fixed([]);
        let sign_in = |values: &[(Key, &str)]| {
            settings(values).options_at_identity_provider(&environment, &no_keyring)
        };
        let error = sign_in(&[]).unwrap_err();
        assert!(error.message().starts_with("neither a server nor"), "{}", error.message());
        let (issuer, options) = sign_in(&[(Key::Idp, "https://idp.example.com")]).unwrap();
        assert_eq!(issuer.as_str(), "https://idp.example.com/");
        assert!(options.is_identity_provider && options.grant == Grant::AuthorizationCode);
    }
}
