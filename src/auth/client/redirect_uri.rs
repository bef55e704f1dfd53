//! Redirect URIs on loopback, and the order in which ports are tried (A-35,
//! docs/from-mcp-remote.md#sign-ins).

use md5::{Digest, Md5};
use serde_json::{Map, Value};
use url::Url;

use crate::auth::options::{AuthOptions, Grant, ResourceIndicator};
use crate::http::is_loopback;

/// How many ports are tried, from the usual one on.
const PORTS_TRIED: u16 = 8;
/// The lowest usual port, and how many ports there are from it on, as in `mcp-remote`.
const FIRST_USUAL_PORT: u32 = 3335;
const USUAL_PORTS: u32 = 45_816;

/// A redirect URI on loopback. It must be the same string wherever it is used; `localhost` and
/// `127.0.0.1` are different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) host: String,
    /// The port; 0 means any.
    pub(crate) port: u16,
    pub(crate) path: String,
}

impl Redirect {
    /// Reads a redirect URI; `None` unless our listener could serve it.
    pub(crate) fn parse(uri: &str) -> Option<Self> {
        let url = Url::parse(uri).ok()?;
        let usable = url.scheme() == "http" && is_loopback(&url) && url.query().is_none();
        usable.then(|| Self {
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port().unwrap_or(0),
            path: url.path().to_owned(),
        })
    }

    /// The redirect URI, as it is registered and sent.
    pub(crate) fn uri(&self) -> String {
        format!("http://{}:{}{}", self.host, self.port, self.path)
    }

    /// The same redirect with another host name of this machine.
    #[must_use]
    pub(crate) fn on_host(&self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self.clone() }
    }
}

/// The redirects to try, best first: the fixed port; without one, those already registered, this
/// server's usual port, the seven after it, and any.
pub(crate) fn candidates(options: &AuthOptions, registered: &[String]) -> Vec<Redirect> {
    let on_port = |port| Redirect {
        host: options.callback_host.clone(),
        port,
        path: options.callback_path.clone(),
    };
    if let Some(port) = options.callback_port {
        return vec![on_port(port)];
    }
    let mut candidates: Vec<_> = registered.iter().filter_map(|uri| Redirect::parse(uri)).collect();
    let usual = usual_port(options);
    candidates.extend((0..PORTS_TRIED).filter_map(|step| usual.checked_add(step)).map(on_port));
    candidates.push(on_port(0));
    let mut unique: Vec<Redirect> = Vec::new();
    for candidate in candidates {
        if !unique.contains(&candidate) {
            unique.push(candidate);
        }
    }
    unique
}

/// The usual port for this server, computed as in `mcp-remote`: imported registrations stay valid,
/// and a server sees a stable port.
fn usual_port(options: &AuthOptions) -> u16 {
    let digest = Md5::digest(key_text(options));
    let number = u32::from(digest[0]) << 8 | u32::from(digest[1]);
    u16::try_from(FIRST_USUAL_PORT + number % USUAL_PORTS).expect("at most 49150")
}

/// The parts by which `mcp-remote` tells sign-ins apart; absent parts are skipped.
fn key_text(options: &AuthOptions) -> String {
    let mut parts = vec![options.server.to_string()];
    if let ResourceIndicator::Fixed(resource) = &options.resource {
        parts.push(resource.clone());
    }
    let sorted = |pairs: Vec<(String, String)>| {
        let object: Map<_, _> =
            pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
        Value::Object(object).to_string()
    };
    if !options.authorize_params.is_empty() {
        parts.push(sorted(options.authorize_params.clone()));
    }
    if let Some(url) = &options.client_metadata_url {
        parts.push(url.to_string());
    }
    if let (Grant::ClientCredentials, Some(url)) = (&options.grant, &options.token_endpoint) {
        parts.push(url.to_string());
    }
    parts.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> AuthOptions {
        AuthOptions::new(Url::parse("https://mcp.example/mcp").unwrap())
    }

    /// docs/from-mcp-remote.md#sign-ins
    #[test]
    fn the_usual_port_is_the_one_of_mcp_remote() {
        let port = |url| usual_port(&AuthOptions::new(Url::parse(url).unwrap()));
        // As `mcp-remote` 0.15.1 printed them for these URLs.
        assert_eq!(port("https://mcp.example/mcp"), 8896);
        assert_eq!(port("http://127.0.0.1:1/mcp"), 7459);
        let mut other = options();
        other.authorize_params = vec![("prompt".to_owned(), "login".to_owned())];
        assert_eq!(key_text(&other), r#"https://mcp.example/mcp|{"prompt":"login"}"#);
    }

    /// A-35
    #[test]
    fn registered_redirects_come_before_the_usual_port() {
        let registered = ["http://127.0.0.1:4000/cb".to_owned(), "https://x.example/cb".to_owned()];
        let found = candidates(&options(), &registered);
        assert_eq!(found[0].uri(), "http://127.0.0.1:4000/cb");
        assert_eq!(found[1].port, usual_port(&options()));
        assert_eq!(found.len(), 1 + 8 + 1);
        assert_eq!(found.last().unwrap().port, 0);
        let mut fixed = options();
        fixed.callback_port = Some(9876);
        let found = candidates(&fixed, &registered);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].uri(), "http://localhost:9876/oauth/callback");
    }

    #[test]
    fn only_plain_loopback_uris_are_ours() {
        for uri in ["https://localhost:1/x", "http://example.com:1/x", "x", "http://localhost:1/?a"]
        {
            assert_eq!(Redirect::parse(uri), None, "{uri}");
        }
        assert_eq!(Redirect::parse("http://[::1]:5/x").unwrap().uri(), "http://[::1]:5/x");
        assert_eq!(Redirect::parse("http://localhost/x").unwrap().port, 0);
    }
}
