//! A client at one issuer, as stored (A-21), and the ways in which it can authenticate.

use serde::{Deserialize, Serialize};

use crate::auth::client::auth_method::AuthMethod;
use crate::auth::client::redirect_uri::Redirect;
use crate::auth::discovery::scopes::covers;
use crate::auth::options::AuthOptions;
use crate::auth::records::secret_text;
use crate::redact::Secret;

/// The origin of a client id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Registered {
    /// The user gave it; its secret is never stored.
    Beforehand,
    /// It is the URL of a metadata document.
    ByDocument,
    /// By dynamic registration (RFC 7591).
    Dynamically,
}

/// A client at one issuer (A-21).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The client's issuer.
    pub issuer: String,
    /// The origin of its id.
    pub how: Registered,
    /// The `client_id`.
    pub client_id: String,
    /// Its secret; never stored for a client that the user gave.
    #[serde(default, with = "secret_text::option")]
    pub client_secret: Option<Secret<String>>,
    /// Its authentication method at the token endpoint: as registered, or as last accepted.
    pub auth_method: AuthMethod,
    /// Whether `client_id` goes into the form beside an `Authorization` header. Servers built on
    /// the official Python SDK require it; others refuse it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub client_id_in_form: bool,
    /// Whether id and secret go into an `Authorization` header unencoded. Servers that parse the
    /// header by hand do not undo the form-encoding of RFC 6749 §2.3.1.
    #[serde(default, skip_serializing_if = "is_false")]
    pub basic_is_raw: bool,
    /// The scopes of its registration, as requested and as granted, separated by spaces; `None` if
    /// none were named, or an older release wrote the record (A-27).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The methods in the server's metadata; `None` if it lists none, or an older release wrote the
    /// record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed_methods: Option<Vec<AuthMethod>>,
    /// The algorithm of signed assertions; `None` for the key's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_algorithm: Option<String>,
    /// When the secret expires, in seconds since 1970; `None` if never.
    #[serde(default)]
    pub secret_expires_at: Option<u64>,
    /// The registered redirect URIs; empty if any is allowed.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// When it was registered, in seconds since 1970.
    #[serde(default)]
    pub registered_at: u64,
}

impl Registration {
    /// A client without an id: the assertion already identifies it (RFC 7521 §4.2).
    pub(crate) fn anonymous(issuer: &str, now: u64) -> Self {
        Self {
            issuer: issuer.to_owned(),
            how: Registered::Beforehand,
            client_id: String::new(),
            client_secret: None,
            auth_method: AuthMethod::None,
            client_id_in_form: false,
            basic_is_raw: false,
            scope: None,
            listed_methods: None,
            signing_algorithm: None,
            secret_expires_at: None,
            redirect_uris: Vec::new(),
            registered_at: now,
        }
    }

    /// The registration without the user's own secret, which stays where the user keeps it.
    pub(crate) fn for_storing(&self) -> Self {
        let mut kept = self.clone();
        if kept.how == Registered::Beforehand {
            kept.client_secret = None;
        }
        kept
    }

    /// Adds the secret that the user provides at every start.
    #[must_use]
    pub fn completed(mut self, options: &AuthOptions) -> Self {
        let given = options.client_info.as_ref().filter(|given| given.client_id == self.client_id);
        if let (Registered::Beforehand, Some(given)) = (self.how, given) {
            self.client_secret = given.client_secret.clone();
        }
        self
    }

    /// The client with other authentication methods, for a server that refuses this one: at most
    /// three, best first (A-50). None for a client without a secret.
    pub(crate) fn other_ways(&self) -> Vec<Self> {
        let order = match self.auth_method {
            AuthMethod::Basic => [Way::BASIC, Way::RAW, Way::WITH_ID, Way::POST],
            AuthMethod::Post | AuthMethod::None => [Way::POST, Way::BASIC, Way::RAW, Way::WITH_ID],
            AuthMethod::PrivateKeyJwt | AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTls => {
                return Vec::new();
            }
        };
        let Some(secret) = &self.client_secret else { return Vec::new() };
        // A list without any method for secrets cannot apply to a client that has one.
        let listed = self.listed_methods.as_ref();
        let listed = listed.filter(|listed| listed.iter().any(|method| method.needs_secret()));
        let is_listed = |method| {
            method == self.auth_method || listed.is_none_or(|listed| listed.contains(&method))
        };
        let raw_differs = raw_basic_differs(&self.client_id, secret.expose_to_wire());
        order
            .into_iter()
            .filter(|way| *way != self.way() && is_listed(way.method))
            .filter(|way| raw_differs || !way.is_raw)
            .take(3)
            .map(|way| Self {
                auth_method: way.method,
                client_id_in_form: way.id_in_form,
                basic_is_raw: way.is_raw,
                ..self.clone()
            })
            .collect()
    }

    /// How it authenticates now.
    fn way(&self) -> Way {
        Way {
            method: self.auth_method,
            id_in_form: self.client_id_in_form,
            is_raw: self.basic_is_raw,
        }
    }

    /// The hint for a server that refuses this client with all methods.
    pub(crate) fn hint_when_refused(&self) -> String {
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

    /// Whether its secret is still valid (A-24), with a minute left for the sign-in itself.
    pub fn is_valid(&self, now: u64) -> bool {
        self.secret_expires_at.is_none_or(|end| end > now + 60)
    }

    /// Whether it was registered for these scopes, as far as known (A-27).
    pub(crate) fn covers_scopes(&self, wanted: Option<&str>) -> bool {
        self.how != Registered::Dynamically
            || self.scope.is_none()
            || covers(self.scope.as_deref(), wanted)
    }

    /// Whether this redirect URI is registered (A-35: compared as strings; one registered without a
    /// port stands for every port, RFC 8252 §7.3).
    pub(crate) fn allows_redirect(&self, redirect: &Redirect) -> bool {
        let any_port = Redirect { port: 0, ..redirect.clone() };
        self.redirect_uris.is_empty()
            || self.redirect_uris.contains(&redirect.uri())
            || self.redirect_uris.iter().any(|uri| Redirect::parse(uri).as_ref() == Some(&any_port))
    }
}

/// One way in which a client with a secret authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Way {
    method: AuthMethod,
    id_in_form: bool,
    is_raw: bool,
}

impl Way {
    const POST: Self = Self { method: AuthMethod::Post, id_in_form: false, is_raw: false };
    const BASIC: Self = Self { method: AuthMethod::Basic, id_in_form: false, is_raw: false };
    const RAW: Self = Self { is_raw: true, ..Self::BASIC };
    const WITH_ID: Self = Self { id_in_form: true, ..Self::BASIC };
}

/// Whether form-encoding makes a difference to id and secret, and the unencoded header can be
/// parsed: a colon ends the id (RFC 7617 §2).
fn raw_basic_differs(id: &str, secret: &str) -> bool {
    !id.contains(':') && [id, secret].into_iter().any(|text| form_encoded(text) != text)
}

/// Form-encodes an id or secret for an `Authorization` header (RFC 6749 §2.3.1).
pub(crate) fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(method: AuthMethod, listed: Option<&[AuthMethod]>) -> Registration {
        let stored = r#"{"issuer":"https://as","how":"dynamically","client_id":"c",
            "client_secret":"s","auth_method":"none"}"#;
        Registration {
            auth_method: method,
            listed_methods: listed.map(<[_]>::to_vec),
            ..serde_json::from_str(stored).expect("a record of an older release is read")
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
        let special = |id: &str, secret: &str| Registration {
            client_id: id.to_owned(),
            client_secret: Some(Secret::new(secret.to_owned())),
            ..registration(Basic, None)
        };
        for (id, secret) in [("a/b", "s"), ("a", "s+t=="), ("a", "s t"), ("a", "~"), ("a", "s:t")] {
            let ways = special(id, secret).other_ways();
            let ways: Vec<_> = ways.iter().map(|it| (it.auth_method, it.basic_is_raw)).collect();
            assert_eq!(ways, [(Basic, true), (Basic, false), (Post, false)], "{id} {secret}");
        }
        assert_eq!(special("a:b/c", "s/t").other_ways().len(), 2, "a colon ends the id");
        let raw = Registration { basic_is_raw: true, ..special("a/b", "s") };
        assert!(raw.other_ways().iter().all(|other| !other.basic_is_raw));
        let with_id = Registration { client_id_in_form: true, ..registration(Basic, None) };
        let first = &with_id.other_ways()[0];
        assert_eq!((first.auth_method, first.client_id_in_form), (Basic, false));
        let public = Registration { client_secret: None, ..registration(Public, None) };
        assert_eq!(public.other_ways(), []);
    }
}
