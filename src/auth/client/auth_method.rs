//! The client authentication methods, and the choice among them.

use serde::{Deserialize, Serialize};

/// How a client authenticates at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthMethod {
    /// None: a public client without a secret.
    #[serde(rename = "none")]
    None,
    /// Id and secret in an `Authorization` header.
    #[serde(rename = "client_secret_basic")]
    Basic,
    /// Id and secret in the form.
    #[serde(rename = "client_secret_post")]
    Post,
    /// A signed assertion in the form.
    #[serde(rename = "private_key_jwt")]
    PrivateKeyJwt,
    /// A certificate in the TLS handshake, from an authority that the server trusts (RFC 8705
    /// §2.1).
    #[serde(rename = "tls_client_auth")]
    TlsClientAuth,
    /// A certificate in the TLS handshake that was registered itself (RFC 8705 §2.2).
    #[serde(rename = "self_signed_tls_client_auth")]
    SelfSignedTls,
}

/// What a client can authenticate with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientMeans {
    /// It has a secret.
    pub secret: bool,
    /// It has a key to sign with.
    pub key: bool,
    /// It shows a certificate in the TLS handshake.
    pub certificate: bool,
}

impl AuthMethod {
    /// Every method that we support, best first. Every server reads a secret in
    /// the form the same way, but not one in a header, where it has to be form-encoded (RFC 6749
    /// §2.3.1).
    const ALL: [Self; 6] = [
        Self::PrivateKeyJwt,
        Self::TlsClientAuth,
        Self::SelfSignedTls,
        Self::Post,
        Self::Basic,
        Self::None,
    ];

    /// The method of this name in metadata; `None` if we do not support it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// The name in metadata, such as `client_secret_post`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTls => "self_signed_tls_client_auth",
        }
    }

    /// Whether a client needs a secret for it.
    pub fn needs_secret(self) -> bool {
        matches!(self, Self::Basic | Self::Post)
    }

    /// Picks the method for a client with these means at a server that offers this list. Without a
    /// list, it is `client_secret_basic`, the default (RFC 8414 §2). The client's means are used
    /// whatever the list says, because they show what was registered.
    pub fn pick(offered: Option<&[String]>, means: ClientMeans) -> Self {
        let ClientMeans { secret: has_secret, key: has_key, certificate } = means;
        let offers = |method: &Self| match offered {
            Some(names) => names.iter().any(|name| name == method.name()),
            None => matches!(method, Self::Basic | Self::None),
        };
        let possible = |method: &Self| match method {
            Self::PrivateKeyJwt => has_key,
            Self::TlsClientAuth | Self::SelfSignedTls => certificate,
            Self::Basic | Self::Post => has_secret,
            Self::None => !has_secret && !has_key,
        };
        let fallback = match (has_key, has_secret) {
            (true, false) => Self::PrivateKeyJwt,
            (_, true) if offered.is_some() => Self::Post,
            (_, true) => Self::Basic,
            (false, false) => Self::None,
        };
        Self::ALL.into_iter().find(|m| offers(m) && possible(m)).unwrap_or(fallback)
    }

    /// The method to request in a dynamic registration: without a secret if the server allows that.
    pub fn to_register(offered: Option<&[String]>) -> Self {
        let order = [Self::None, Self::Post, Self::Basic];
        let offers =
            |method: &Self| offered.is_none_or(|names| names.iter().any(|n| n == method.name()));
        order.into_iter().find(offers).unwrap_or(Self::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    ///
    #[test]
    fn the_method_follows_the_servers_list_and_our_means() {
        let pick = |offered: Option<&[&str]>, secret, key| {
            let means = ClientMeans { secret, key, certificate: false };
            AuthMethod::pick(offered.map(names).as_deref(), means)
        };
        let certificate = ClientMeans { certificate: true, ..ClientMeans::default() };
        let listed = names(&["none", "tls_client_auth"]);
        assert_eq!(AuthMethod::pick(Some(&listed), certificate), AuthMethod::TlsClientAuth);
        assert_eq!(AuthMethod::pick(None, certificate), AuthMethod::None);
        assert_eq!(pick(None, true, false), AuthMethod::Basic);
        assert_eq!(pick(None, false, false), AuthMethod::None);
        assert_eq!(pick(Some(&["client_secret_post"]), true, false), AuthMethod::Post);
        let both = ["client_secret_basic", "client_secret_post"];
        assert_eq!(pick(Some(&both), true, false), AuthMethod::Post);
        assert_eq!(pick(Some(&["none"]), true, false), AuthMethod::Post);
        assert_eq!(pick(Some(&["none"]), false, true), AuthMethod::PrivateKeyJwt);
        assert_eq!(pick(Some(&["none", "client_secret_basic"]), true, false), AuthMethod::Basic);
        assert_eq!(pick(Some(&["private_key_jwt"]), false, true), AuthMethod::PrivateKeyJwt);
        assert_eq!(pick(Some(&["private_key_jwt"]), true, false), AuthMethod::Post);
        assert_eq!(pick(Some(&["tls_client_auth"]), false, false), AuthMethod::None);
    }

    ///
    #[test]
    fn a_registration_asks_for_no_secret_where_that_is_allowed() {
        let asks =
            |offered: Option<&[&str]>| AuthMethod::to_register(offered.map(names).as_deref());
        assert_eq!(asks(None), AuthMethod::None);
        assert_eq!(asks(Some(&["client_secret_post", "none"])), AuthMethod::None);
        assert_eq!(asks(Some(&["client_secret_basic", "client_secret_post"])), AuthMethod::Post);
        assert_eq!(asks(Some(&["client_secret_basic"])), AuthMethod::Basic);
        assert_eq!(asks(Some(&["client_secret_post"])), AuthMethod::Post);
    }
}
