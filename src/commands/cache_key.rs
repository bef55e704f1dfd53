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
            | Key::AuthorizeParam | Key::ClientMetadataUrl | Key::ClientCredentials
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
            | Key::StaticOauthClientMetadata | Key::AcceptIssuerMismatch | Key::AssumePkce
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
