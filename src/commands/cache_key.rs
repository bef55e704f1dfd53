//! Names for the cached answers and era of a server. Two runs share a name only if the server
//! cannot tell them apart: same URL, account, headers, token, client, and settings that change its
//! lists. A name is a keyed digest, so that it cannot be used to guess secrets.

use hmac::{Hmac, Mac};
use http::{HeaderName, HeaderValue};
use sha2::Sha256;
use url::Url;

use crate::auth::AuthOptions;
use crate::platform::Paths;
use crate::redact::Secret;
use crate::remote::RemoteOptions;
use crate::settings::{Key, SETTINGS, SettingValue, Settings};
use crate::store::machine_key;

/// Computes the names of one run.
pub(super) struct CacheKey {
    key: Secret<Vec<u8>>,
}

impl CacheKey {
    /// The key of this machine. If it cannot be read or created, nothing is cached.
    pub(super) fn of_machine(paths: &Paths) -> Option<Self> {
        let state = paths.state().ok()?;
        match machine_key(state) {
            Ok(key) => Some(Self { key }),
            Err(error) => {
                tracing::debug!(%error, "cannot cache anything about servers");
                None
            }
        }
    }

    /// The name for the era of a server, which may depend on a header but not on the token.
    pub(super) fn of_era(&self, remote: &RemoteOptions) -> String {
        let mut digest = self.begin("era");
        add_remote(&mut digest, &remote.url, &remote.headers);
        finish(digest)
    }

    /// The name for the pinned tools of a server and account. Tokens and keys may change.
    pub(super) fn of_pins(&self, url: &Url, account: &str) -> String {
        let mut digest = self.begin("pins");
        add(&mut digest, url.as_str().as_bytes());
        add(&mut digest, account.as_bytes());
        finish(digest)
    }

    /// The name for a server's answers to this run.
    pub(super) fn of_answers(
        &self,
        remote: &RemoteOptions,
        settings: &Settings,
        auth: Option<&AuthOptions>,
    ) -> String {
        let mut digest = self.begin("answers");
        add_remote(&mut digest, &remote.url, &remote.headers);
        for key in SETTINGS.iter().map(|setting| setting.key).filter(|key| distinguishes(*key)) {
            add(&mut digest, key.setting().name.as_bytes());
            for held in settings.all(key) {
                add(&mut digest, text_of(&held.value).as_bytes());
            }
        }
        // The path and the content: the same file may later contain another tenant's token.
        for path in settings.texts(Key::TokenFile) {
            add(&mut digest, path.as_bytes());
        }
        add(
            &mut digest,
            remote.authorizer.token_of_file().as_ref().map_or(b"", HeaderValue::as_bytes),
        );
        if let Some(client) = auth.and_then(|auth| auth.client_info.as_ref()) {
            add(&mut digest, client.client_id.as_bytes());
            let secret = client.client_secret.as_ref();
            add(&mut digest, secret.map_or(b"", |secret| secret.expose().as_bytes()));
        }
        finish(digest)
    }

    /// Starts a digest; names for different purposes differ.
    fn begin(&self, purpose: &str) -> Hmac<Sha256> {
        let mut digest = Hmac::new_from_slice(self.key.expose()).expect("HMAC takes any length");
        add(&mut digest, purpose.as_bytes());
        digest
    }
}

/// Whether a setting changes whom the server sees, or which part of its answers the host sees. A
/// forgotten one could show one tenant's lists to another, so each setting is listed.
#[rustfmt::skip]
fn distinguishes(key: Key) -> bool {
    match key {
        Key::Account | Key::Scope | Key::Resource | Key::DisableResourceParameter
            | Key::AuthorizeParam | Key::ClientMetadataUrl | Key::StaticOauthClientMetadata
            | Key::ClientCredentials
            | Key::AuthorizationEndpoint | Key::TokenEndpoint | Key::DeviceEndpoint
            | Key::CallbackIssuer | Key::DeviceCode | Key::ClientCert | Key::AuthClientCert
            | Key::Idp | Key::IdpClientInfo | Key::IdpTokenFile | Key::WorkloadToken
            | Key::WorkloadCommand | Key::UseIdToken | Key::Transport | Key::Protocol
            | Key::OnlyTool | Key::IgnoreTool | Key::OnlyPrompt | Key::IgnorePrompt
            | Key::OnlyResource | Key::IgnoreResource | Key::ReadOnly | Key::MergePages => true,
        // Already part of the name, as headers, file content and client.
        Key::Header | Key::HeaderFile | Key::TokenFile | Key::StaticOauthClientInfo => false,
        // With a command nothing is cached; the others do not change answers.
        Key::Pin | Key::HeaderCommand | Key::TokenCommand | Key::CommandTtl | Key::AllowHttp
            | Key::Proxy | Key::ProxyAuth | Key::ProxyAuthCommand | Key::Resolve
            | Key::ProxyBypass | Key::NoProxy | Key::EnableProxy | Key::CaCert | Key::Ipv4
            | Key::DisableCookies | Key::KeepAlive | Key::PingInterval | Key::MemoryBudget
            | Key::Harden | Key::Login | Key::CredentialStore | Key::CallbackPort
            | Key::CallbackHost | Key::CallbackPath | Key::AuthTimeout | Key::AuthSuccessUrl
            | Key::AcceptIssuerMismatch | Key::AssumePkce
            | Key::AssumeGrant | Key::Dpop | Key::JwtKey | Key::ClientKey
            | Key::AuthClientKey | Key::AllowPrivateAddresses | Key::ConnectTimeout
            | Key::HeadersTimeout | Key::BodyTimeout | Key::RequestTimeout
            | Key::AnswerWithin | Key::Debug | Key::Silent | Key::LogLevel | Key::LogFile
            | Key::LogFormat | Key::Record => false,
    }
}

/// Adds URL and headers. The order of the headers does not matter.
fn add_remote(digest: &mut Hmac<Sha256>, url: &Url, headers: &[(HeaderName, HeaderValue)]) {
    add(digest, url.as_str().as_bytes());
    let mut headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    headers.sort_unstable();
    add(digest, &(headers.len() as u64).to_be_bytes());
    for (name, value) in headers {
        add(digest, name.as_bytes());
        add(digest, value);
    }
}

/// Adds a part and its length, so that different lists of parts have different digests.
fn add(digest: &mut Hmac<Sha256>, part: &[u8]) {
    digest.update(&(part.len() as u64).to_be_bytes());
    digest.update(part);
}

fn finish(digest: Hmac<Sha256>) -> String {
    hex::encode(digest.finalize().into_bytes())
}

fn text_of(value: &SettingValue) -> String {
    match value {
        SettingValue::Text(text) => text.clone(),
        SettingValue::Switch(on) => on.to_string(),
        SettingValue::Seconds(span) => span.as_millis().to_string(),
        SettingValue::Port(port) => port.to_string(),
        SettingValue::Mebibytes(number) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Names;
    use crate::environment::Environment;
    use crate::settings::Flags;

    const URL: &str = "https://mcp.example.com/mcp";

    fn key(byte: u8) -> CacheKey {
        CacheKey { key: Secret::new(vec![byte; 32]) }
    }

    fn remote(url: &str, headers: &[(&'static str, &'static str)]) -> RemoteOptions {
        let own = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers = headers.iter().map(own).collect();
        RemoteOptions { headers, ..RemoteOptions::new(Url::parse(url).unwrap()) }
    }

    /// The name for the answers to a run with these settings, and for its sign-in.
    fn names(values: &[(Key, &str)]) -> (String, String) {
        let own = |(key, text): &(Key, &str)| (*key, vec![(*text).to_owned()]);
        let flags = Flags { config: None, values: values.iter().map(own).collect() };
        let (url, environment) = (Url::parse(URL).unwrap(), Environment::fixed([]));
        let mut settings = Settings::resolve(Some(&url), &flags, &environment).unwrap();
        let keyring = |_: &str| -> crate::error::Result<Secret<String>> {
            unreachable!("no secret is named")
        };
        let auth = settings.auth_options(&url, &[], &environment, &keyring).unwrap().unwrap();
        let answers = key(1).of_answers(&remote(URL, &[]), &settings, Some(&auth));
        (answers, Names::new(&auth).sign_in)
    }

    /// S-19: one tenant's lists are never shown to another.
    #[test]
    fn settings_that_lead_to_another_sign_in_lead_to_other_answers() {
        let usual = names(&[]);
        assert_eq!(names(&[]), usual);
        for values in [
            &[(Key::Account, "work")][..],
            &[(Key::Resource, "https://r.example.com")],
            &[(Key::Resource, "")],
            &[(Key::DisableResourceParameter, "true")],
            &[(Key::AuthorizeParam, "tenant=a")],
            &[(Key::StaticOauthClientMetadata, r#"{"scope":"a"}"#)],
            &[(Key::StaticOauthClientInfo, r#"{"client_id":"a"}"#)],
            &[(Key::ClientMetadataUrl, "https://example.com/c.json")],
            &[(Key::WorkloadToken, "/token")],
            &[(Key::WorkloadCommand, "get-token")],
            &[(Key::Idp, "https://idp.example.com")],
        ] {
            let (answers, sign_in) = names(values);
            assert_ne!(sign_in, usual.1, "{values:?}");
            assert_ne!(answers, usual.0, "{values:?}");
        }
    }

    /// S-19
    #[test]
    fn settings_that_change_the_lists_lead_to_other_answers() {
        let usual = names(&[]).0;
        for values in [
            &[(Key::Scope, "a")][..],
            &[(Key::UseIdToken, "true")],
            &[(Key::OnlyTool, "a*")],
            &[(Key::IgnoreTool, "a*")],
            &[(Key::OnlyPrompt, "a")],
            &[(Key::IgnoreResource, "a")],
            &[(Key::ReadOnly, "true")],
            &[(Key::MergePages, "never")],
            &[(Key::Transport, "sse-only")],
            &[(Key::StaticOauthClientInfo, r#"{"client_id":"a","client_secret":"s"}"#)],
        ] {
            assert_ne!(names(values).0, usual, "{values:?}");
        }
        let split = names(&[(Key::OnlyTool, "a"), (Key::OnlyTool, "b")]).0;
        assert_ne!(split, names(&[(Key::OnlyTool, "ab")]).0, "parts are not simply joined");
        for values in [(Key::Debug, "true"), (Key::ConnectTimeout, "7"), (Key::KeepAlive, "true")] {
            assert_eq!(names(&[values]).0, usual, "the server cannot tell: {}", values.1);
        }
    }

    /// S-19
    #[test]
    fn an_era_depends_on_the_url_and_the_headers_in_any_order() {
        let of = |url: &str, headers: &[(&'static str, &'static str)]| {
            key(1).of_era(&remote(url, headers))
        };
        let usual = of(URL, &[("a", "1"), ("b", "2")]);
        assert_eq!(of(URL, &[("b", "2"), ("a", "1")]), usual);
        for other in [
            of("https://mcp.example.com/other", &[("a", "1"), ("b", "2")]),
            of(URL, &[("a", "2"), ("b", "1")]),
            of(URL, &[("a", "1")]),
            of(URL, &[("a", "1"), ("b", "2"), ("b", "2")]),
            key(2).of_era(&remote(URL, &[("a", "1"), ("b", "2")])),
        ] {
            assert_ne!(other, usual);
        }
    }

    /// S-19, S-73
    #[test]
    fn names_for_different_purposes_never_meet() {
        let url = Url::parse(URL).unwrap();
        let pins = |account: &str| key(1).of_pins(&url, account);
        assert_eq!(pins("work"), pins("work"));
        assert_ne!(pins("work"), pins(""));
        let bare = remote(URL, &[]);
        let settings = Settings::resolve(None, &Flags::default(), &Environment::fixed([])).unwrap();
        let answers = key(1).of_answers(&bare, &settings, None);
        let names = [pins(""), key(1).of_era(&bare), answers];
        assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2]);
        assert!(names.iter().all(|name| name.len() == 64), "{names:?}");
    }
}
