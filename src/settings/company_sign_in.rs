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
