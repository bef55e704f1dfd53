//! The stored records: sign-ins, sign-ins in progress, and the refusal of the last one. A record
//! names issuer, resource and client, so that nothing is sent to the wrong place.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::auth::dpop::binding::TokenBinding;
use crate::auth::grants::token::TokenSet;
use crate::auth::options::AuthOptions;
use crate::auth::records::names::Names;
use crate::auth::records::registration::Registration;
use crate::auth::records::secret_text;
use crate::error::{Failure, FailureKind};
use crate::redact::Secret;

/// A completed sign-in (A-52: issuer, resource and client belong together).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// The URL of the MCP endpoint.
    pub server: String,
    /// The name of one of several accounts there; empty for the default one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// The identifier of the tokens' issuer.
    pub issuer: String,
    /// The RFC 8707 indicator for every token request.
    #[serde(default)]
    pub resource: Option<String>,
    /// Where tokens are refreshed.
    pub token_endpoint: Url,
    /// Where tokens are revoked, if anywhere.
    #[serde(default)]
    pub revocation_endpoint: Option<Url>,
    /// The client to which the tokens were issued.
    pub registration: Registration,
    /// The name under which the registration is stored; empty if it is not.
    #[serde(default)]
    pub registration_name: String,
    /// The tokens, which a refresh replaces.
    pub tokens: TokenSet,
    /// The requested scopes, separated by spaces; `None` if there were none.
    #[serde(default)]
    pub scopes_asked: Option<String>,
    /// The identity provider that vouched for the person (ID-JAG).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// Whether `server` is an identity provider, whose sign-in serves every server that trusts it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_identity_provider: bool,
    /// Whether the tokens are refreshed without a refresh token and without a person.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refreshes_itself: bool,
    /// Whether the tokens are bound to a key, which is stored here and nowhere else (RFC 9449).
    #[serde(default, skip_serializing_if = "TokenBinding::is_none")]
    pub binding: TokenBinding,
    /// Why the last refresh failed, in one sentence without secrets; `None` if none has failed
    /// since the tokens were obtained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_problem: Option<String>,
}

impl SignIn {
    /// A sign-in with these tokens, which `token_endpoint` issued to this client; the issuer is the
    /// client's.
    pub fn new(
        options: &AuthOptions,
        token_endpoint: &Url,
        registration: &Registration,
        tokens: TokenSet,
    ) -> Self {
        Self {
            server: options.server.to_string(),
            account: options.account.clone(),
            issuer: registration.issuer.clone(),
            resource: None,
            token_endpoint: token_endpoint.clone(),
            revocation_endpoint: None,
            registration_name: Names::new(options).registration(&registration.issuer),
            registration: registration.clone(),
            tokens,
            scopes_asked: None,
            via: options.identity_provider.as_ref().map(|provider| provider.issuer.to_string()),
            is_identity_provider: options.is_identity_provider,
            refreshes_itself: !options.grant.needs_person(),
            binding: TokenBinding::None,
            refresh_problem: None,
        }
    }
}

/// A browser sign-in in progress, complete enough for another process to finish it (A-36, S-04).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The page that the user was sent to.
    #[serde(with = "secret_text::url")]
    pub page: Secret<Url>,
    /// The pushed request that the page refers to, if there is one (RFC 9126).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed: Option<PushedPage>,
    /// Whether a browser was asked to open it.
    pub opened: bool,
    /// The PKCE verifier (RFC 7636 §4.1).
    #[serde(with = "secret_text")]
    pub verifier: Secret<String>,
    /// The state, which the response has to repeat.
    #[serde(with = "secret_text")]
    pub state: Secret<String>,
    /// The redirect URI, at which the response is expected.
    pub redirect_uri: String,
    /// The identifier of the issuer that has to respond.
    pub issuer: String,
    /// Whether its metadata promises to name it in the response (RFC 9207 §3).
    pub issuer_promised: bool,
    /// Where the code is redeemed.
    pub token_endpoint: Url,
    /// Where the tokens can be revoked, if anywhere.
    pub revocation_endpoint: Option<Url>,
    /// Our client.
    pub registration: Registration,
    /// Whether the client was registered for an earlier sign-in; the server may have forgotten it
    ///
    #[serde(default)]
    pub client_is_reused: bool,
    /// The RFC 8707 indicator, an absolute URI.
    pub resource: Option<String>,
    /// The requested scopes, separated by spaces.
    pub scopes: Option<String>,
    /// Whether the tokens will be bound to a key (RFC 9449).
    #[serde(default, skip_serializing_if = "TokenBinding::is_none")]
    pub binding: TokenBinding,
    /// When it began, in seconds since 1970.
    pub started: u64,
    /// The code that the browser returned, until it is redeemed: if this process is killed, the
    /// next one redeems it.
    #[serde(default, with = "secret_text::option")]
    pub code: Option<Secret<String>>,
}

impl Pending {
    /// The page with all parameters of the request.
    pub fn request_page(&self) -> &Url {
        self.pushed.as_ref().map_or(&self.page, |pushed| &pushed.full).expose()
    }
}

/// An authorization request that was pushed to the server (RFC 9126).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedPage {
    /// The page with all parameters, as it would be without pushing.
    #[serde(with = "secret_text::url")]
    pub full: Secret<Url>,
    /// Where requests are pushed to.
    pub endpoint: Url,
    /// The authorization endpoint with its own parameters.
    pub own: Url,
    /// When the server forgets the request, in seconds since 1970.
    pub ends: u64,
}

/// The failure of the last sign-in, for the processes that waited for it: they report it instead of
/// each opening a tab (S-04).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRefusal {
    /// When it ended, in seconds since 1970.
    pub at: u64,
    /// Whether nobody responded, rather than refused.
    pub unattended: bool,
    /// The reason, one sentence without secrets.
    pub message: String,
    /// The next step, one sentence.
    pub hint: String,
}

impl StoredRefusal {
    /// Records a failure; `at` is in seconds since 1970.
    pub fn new(failure: &Failure, at: u64) -> Self {
        Self {
            at,
            unattended: failure.kind == FailureKind::AuthRequired,
            message: failure.message.clone(),
            hint: failure.hint.clone(),
        }
    }

    /// The failure, for a process that waited.
    pub fn to_failure(&self) -> Failure {
        let kind =
            if self.unattended { FailureKind::AuthRequired } else { FailureKind::AuthFailed };
        Failure::new(kind, &self.message).hint(&self.hint)
    }
}

/// A record that can be stored, as JSON.
pub trait StoredRecord: Serialize + DeserializeOwned + Sized {
    /// Its name in messages.
    const KIND: &'static str;

    /// The JSON to store.
    fn to_bytes(&self) -> Secret<Vec<u8>> {
        Secret::new(serde_json::to_vec(self).expect("records have text keys and plain values"))
    }

    /// Reads stored bytes; `None` if they are damaged.
    fn from_bytes(bytes: &Secret<Vec<u8>>) -> Option<Self> {
        serde_json::from_slice(bytes.expose()).ok()
    }
}

impl StoredRecord for SignIn {
    const KIND: &'static str = "sign-in";

    fn to_bytes(&self) -> Secret<Vec<u8>> {
        let kept = Self { registration: self.registration.for_storing(), ..self.clone() };
        Secret::new(serde_json::to_vec(&kept).expect("a sign-in has text keys and plain values"))
    }
}

impl StoredRecord for Pending {
    const KIND: &'static str = "pending sign-in";

    fn to_bytes(&self) -> Secret<Vec<u8>> {
        let kept = Self { registration: self.registration.for_storing(), ..self.clone() };
        Secret::new(serde_json::to_vec(&kept).expect("a record has text keys and plain values"))
    }
}

impl StoredRecord for StoredRefusal {
    const KIND: &'static str = "refusal";
}

impl StoredRecord for Registration {
    const KIND: &'static str = "registration";
}
