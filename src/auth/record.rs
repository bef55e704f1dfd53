//! What rests in the vault: sign-ins, registrations and sign-ins under way, and the names they rest
//! under. A record names issuer, resource and client, so that nothing is sent where it does not
//! belong.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use super::client_authentication::AuthMethod;
use super::options::{AuthOptions, Grant, ResourceIndicator};
use super::redirect::Redirect;
use super::secret_text;
use super::token::TokenSet;
use crate::error::{Failure, FailureKind};
use crate::redact::Secret;

/// A finished sign-in (A-52: issuer, resource and client belong together).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// The MCP endpoint.
    pub server: String,
    /// Which of several sign-ins on it; empty is the usual one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// Who issued the tokens.
    pub issuer: String,
    /// The RFC 8707 indicator that goes with every token request.
    #[serde(default)]
    pub resource: Option<String>,
    /// Where tokens are renewed.
    pub token_endpoint: Url,
    /// Where tokens are revoked, if anywhere.
    #[serde(default)]
    pub revocation_endpoint: Option<Url>,
    /// The client that the tokens were issued to.
    pub registration: Registration,
    /// The name that its own record has, if it has one.
    #[serde(default)]
    pub registration_name: String,
    /// The tokens.
    pub tokens: TokenSet,
    /// The scopes that were asked for; `None` if none were.
    #[serde(default)]
    pub scopes_asked: Option<String>,
}

impl SignIn {
    /// Tokens that this endpoint issued to this client; issuer and registration are the client's.
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
        }
    }
}

/// How we got a client id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Registered {
    /// The user gave it.
    Beforehand,
    /// It is the URL of a metadata document.
    ByDocument,
    /// By dynamic registration.
    Dynamically,
}

/// A client at one issuer (A-21).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The issuer that knows the client.
    pub issuer: String,
    /// How we got it.
    pub how: Registered,
    /// Its id.
    pub client_id: String,
    /// Its secret; never stored for a client that the user gave.
    #[serde(default, with = "secret_text::option")]
    pub client_secret: Option<Secret<String>>,
    /// How it authenticates at the token endpoint: as registered, or as the server accepted it.
    pub auth_method: AuthMethod,
    /// Whether the server wants `client_id` in the form beside an `Authorization` header. Servers
    /// on the official Python SDK do; others refuse that.
    #[serde(default, skip_serializing_if = "is_false")]
    pub client_id_in_form: bool,
    /// The methods that the server's metadata lists; `None` if it lists none, or the record is of a
    /// release that did not store them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed_methods: Option<Vec<AuthMethod>>,
    /// When the secret ends, in seconds since 1970.
    #[serde(default)]
    pub secret_expires_at: Option<u64>,
    /// The redirect URIs that the issuer knows; empty if any will do.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// When it was registered, in seconds since 1970.
    #[serde(default)]
    pub registered_at: u64,
}

/// A browser sign-in under way, complete enough for another process to finish it (A-36, S-04).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The page that the user was sent to.
    #[serde(with = "secret_text")]
    pub page: Secret<String>,
    /// Whether a browser was asked to open it.
    pub opened: bool,
    /// The PKCE verifier.
    #[serde(with = "secret_text")]
    pub verifier: Secret<String>,
    /// The state.
    #[serde(with = "secret_text")]
    pub state: Secret<String>,
    /// Where the answer is expected.
    pub redirect_uri: String,
    /// The issuer that must have answered.
    pub issuer: String,
    /// Whether it promised to say so (RFC 9207 §3).
    pub issuer_promised: bool,
    /// Where the code goes (A-42).
    pub token_endpoint: Url,
    /// Where the tokens can be revoked.
    pub revocation_endpoint: Option<Url>,
    /// The client.
    pub registration: Registration,
    /// The RFC 8707 indicator.
    pub resource: Option<String>,
    /// The scopes that are asked for.
    pub scopes: Option<String>,
    /// When it began, in seconds since 1970.
    pub started: u64,
    /// The code that the browser brought back, until it is redeemed: whoever comes after a kill
    /// redeems it, and nobody waits for that browser any more.
    #[serde(default, with = "secret_text::option")]
    pub code: Option<Secret<String>>,
}

/// How the last sign-in ended without tokens, for the processes that waited for it: they get its
/// result and do not open a tab each (S-04).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// When, in seconds since 1970.
    pub at: u64,
    /// Whether nobody came, rather than somebody refused.
    pub unattended: bool,
    /// Why.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl Refusal {
    /// Remembers this failure.
    pub fn new(failure: &Failure, at: u64) -> Self {
        Self {
            at,
            unattended: failure.kind == FailureKind::AuthRequired,
            message: failure.message.clone(),
            hint: failure.hint.clone(),
        }
    }

    /// The failure for somebody else.
    pub fn to_failure(&self) -> Failure {
        let kind = match self.unattended {
            true => FailureKind::AuthRequired,
            false => FailureKind::AuthFailed,
        };
        let failure = Failure::new(kind, &self.message);
        match &self.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// A record of the vault.
pub trait Record: Serialize + DeserializeOwned + Sized {
    /// Its name in messages.
    const KIND: &'static str;

    /// The bytes to store.
    fn to_bytes(&self) -> Secret<Vec<u8>> {
        Secret::new(serde_json::to_vec(self).expect("records have text keys and plain values"))
    }

    /// Reads stored bytes; `None` if they are damaged.
    fn from_bytes(bytes: &Secret<Vec<u8>>) -> Option<Self> {
        serde_json::from_slice(bytes.expose()).ok()
    }
}

impl Record for SignIn {
    const KIND: &'static str = "sign-in";

    fn to_bytes(&self) -> Secret<Vec<u8>> {
        let kept = Self { registration: self.registration.for_storing(), ..self.clone() };
        Secret::new(serde_json::to_vec(&kept).expect("a sign-in has text keys and plain values"))
    }
}

impl Record for Pending {
    const KIND: &'static str = "pending sign-in";

    fn to_bytes(&self) -> Secret<Vec<u8>> {
        let kept = Self { registration: self.registration.for_storing(), ..self.clone() };
        Secret::new(serde_json::to_vec(&kept).expect("a record has text keys and plain values"))
    }
}

impl Record for Refusal {
    const KIND: &'static str = "refusal";
}

impl Record for Registration {
    const KIND: &'static str = "registration";
}

impl Registration {
    /// Without the secret if the user gave it: that rests where the user keeps it.
    fn for_storing(&self) -> Self {
        let mut kept = self.clone();
        if kept.how == Registered::Beforehand {
            kept.client_secret = None;
        }
        kept
    }

    /// Completes a stored record with what the user gives at every start.
    #[must_use]
    pub fn completed(mut self, options: &AuthOptions) -> Self {
        let given = options.client_info.as_ref().filter(|given| given.client_id == self.client_id);
        if let (Registered::Beforehand, Some(given)) = (self.how, given) {
            self.client_secret = given.client_secret.clone();
        }
        self
    }

    /// The other ways in which this client can authenticate, for a server that refuses this one: at
    /// most two, best first (A-50). None for a client without a secret.
    pub(super) fn other_ways(&self) -> Vec<Self> {
        let (basic, post) = (AuthMethod::Basic, AuthMethod::Post);
        let order = match self.auth_method {
            AuthMethod::Basic => [(basic, false), (basic, true), (post, false)],
            AuthMethod::Post | AuthMethod::None => [(post, false), (basic, false), (basic, true)],
            AuthMethod::PrivateKeyJwt => return Vec::new(),
        };
        if self.client_secret.is_none() {
            return Vec::new();
        }
        let is_listed = |method| {
            method == self.auth_method
                || self.listed_methods.as_ref().is_none_or(|listed| listed.contains(&method))
        };
        order
            .into_iter()
            .filter(|way| *way != (self.auth_method, self.client_id_in_form))
            .filter(|(method, _)| is_listed(*method))
            .take(2)
            .map(|(auth_method, client_id_in_form)| Self {
                auth_method,
                client_id_in_form,
                ..self.clone()
            })
            .collect()
    }

    /// What to do when the server refuses this client in every way that it lists.
    pub(super) fn hint_when_refused(&self) -> String {
        let tried = |method: &AuthMethod| {
            self.auth_method == *method
                || self.other_ways().iter().any(|other| other.auth_method == *method)
        };
        let untried = [AuthMethod::Post, AuthMethod::Basic].into_iter().find(|it| !tried(it));
        let register = "register another client and give it with `--static-oauth-client-info`";
        match (untried, self.how) {
            (Some(method), Registered::Dynamically) => format!(
                "the server may want another way to authenticate: name it with \
                 `--static-oauth-client-metadata '{{\"token_endpoint_auth_method\":\"{}\"}}'`; \
                 otherwise {register}",
                method.name()
            ),
            (Some(method), Registered::Beforehand) => format!(
                "check the client's secret, or name another way to authenticate in the JSON of \
                 `--static-oauth-client-info`: `\"token_endpoint_auth_method\":\"{}\"`",
                method.name()
            ),
            _ => format!("the client may not do this: {register}"),
        }
    }

    /// Whether it can still be used (A-24); a minute is left for the sign-in itself.
    pub fn is_valid(&self, now: u64) -> bool {
        self.secret_expires_at.is_none_or(|end| end > now + 60)
    }

    /// Whether the issuer knows this redirect URI (A-35: compared as strings; one that was
    /// registered without a port stands for every port, RFC 8252 §7.3).
    pub fn allows_redirect(&self, redirect: &Redirect) -> bool {
        let any_port = Redirect { port: 0, ..redirect.clone() };
        self.redirect_uris.is_empty()
            || self.redirect_uris.contains(&redirect.uri())
            || self.redirect_uris.iter().any(|uri| Redirect::parse(uri).as_ref() == Some(&any_port))
    }
}

/// The names of one sign-in's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The [`SignIn`]; also the lock for renewing it.
    pub sign_in: String,
    /// The [`Pending`].
    pub pending: String,
    /// The lock of the one browser sign-in (S-04).
    pub browser: String,
    /// The [`Refusal`].
    pub refusal: String,
    client: Vec<String>,
    grant: &'static str,
}

impl Names {
    /// The names for these options: whatever changes the token changes the name.
    pub fn new(options: &AuthOptions) -> Self {
        let client = client_parts(options);
        let mut parts = client.clone();
        parts.push(options.account.clone());
        let key = hash(&parts);
        Self {
            sign_in: format!("sign-in.{key}"),
            pending: format!("pending.{key}"),
            browser: format!("browser.{key}"),
            refusal: format!("refusal.{key}"),
            client,
            grant: if options.grant == Grant::DeviceCode { "device_code" } else { "" },
        }
    }

    /// The names that belong to a stored sign-in of this name; `None` for other records.
    pub fn of_sign_in(name: &str) -> Option<Self> {
        let key = name.strip_prefix("sign-in.")?;
        Some(Self {
            sign_in: name.to_owned(),
            pending: format!("pending.{key}"),
            browser: format!("browser.{key}"),
            refusal: format!("refusal.{key}"),
            client: Vec::new(),
            grant: "",
        })
    }

    /// The name of the [`Registration`] at an issuer; accounts share it (A-21). A client registered
    /// for browsers may not ask for device codes, so that one is another.
    pub fn registration(&self, issuer: &str) -> String {
        let mut parts = self.client.clone();
        parts.extend([issuer.to_owned(), self.grant.to_owned()]);
        format!("registration.{}", hash(&parts))
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

fn client_parts(options: &AuthOptions) -> Vec<String> {
    let mut server = options.server.clone();
    server.set_fragment(None);
    let resource = match &options.resource {
        ResourceIndicator::Published => String::new(),
        ResourceIndicator::Fixed(resource) => format!("={resource}"),
        ResourceIndicator::Omitted => "-".to_owned(),
    };
    let mut params = options.authorize_params.clone();
    params.sort();
    let grant = match &options.grant {
        Grant::ClientCredentials { token_endpoint } => {
            format!("client_credentials {}", token_endpoint.as_ref().map_or("", Url::as_str))
        }
        Grant::AuthorizationCode | Grant::DeviceCode => String::new(),
    };
    let client = options.client_info.as_ref().map(|info| info.client_id.clone());
    let document = options.client_metadata_url.as_ref().map(Url::to_string);
    vec![
        server.into(),
        resource,
        serde_json::to_string(&params).unwrap_or_default(),
        serde_json::to_string(&options.client_metadata).unwrap_or_default(),
        client.unwrap_or_default(),
        document.unwrap_or_default(),
        grant,
    ]
}

fn hash(parts: &[String]) -> String {
    let text = serde_json::to_string(parts).unwrap_or_default();
    let mut name = URL_SAFE_NO_PAD.encode(Sha256::digest(text));
    name.truncate(22);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(method: AuthMethod, listed: Option<&[AuthMethod]>) -> Registration {
        let stored = r#"{"issuer":"https://as","how":"dynamically","client_id":"c",
            "client_secret":"s","auth_method":"none"}"#;
        let stored = Secret::new(stored.as_bytes().to_vec());
        Registration {
            auth_method: method,
            listed_methods: listed.map(<[_]>::to_vec),
            ..Registration::from_bytes(&stored).expect("a record of an older release is read")
        }
    }

    /// A-50
    #[test]
    fn a_refused_client_has_its_id_in_the_form_and_the_other_listed_method_left() {
        use AuthMethod::{Basic, None as Public, Post, PrivateKeyJwt};
        let ways = |method, listed| -> Vec<_> {
            let others = registration(method, listed).other_ways();
            others.iter().map(|other| (other.auth_method, other.client_id_in_form)).collect()
        };
        assert_eq!(ways(Basic, None), [(Basic, true), (Post, false)]);
        assert_eq!(ways(Basic, Some(&[Basic])), [(Basic, true)]);
        assert_eq!(ways(Basic, Some(&[Basic, Post])), [(Basic, true), (Post, false)]);
        assert_eq!(ways(Post, Some(&[Basic, Post])), [(Basic, false), (Basic, true)]);
        assert_eq!(ways(Post, Some(&[Post])), []);
        assert_eq!(ways(Public, Some(&[Public, Post])), [(Post, false)]);
        assert_eq!(ways(PrivateKeyJwt, None), []);
        let with_id = Registration { client_id_in_form: true, ..registration(Basic, None) };
        let first = &with_id.other_ways()[0];
        assert_eq!((first.auth_method, first.client_id_in_form), (Basic, false));
        let public = Registration { client_secret: None, ..registration(Public, None) };
        assert_eq!(public.other_ways(), []);
    }
}
