//! Whether a person could sign in to a server, told rule by rule for those who want to know what is
//! wrong. Only looks: the rules are those of `discovery`, and nothing is registered, stored or
//! opened.

use http::HeaderMap;

use super::callback::Listener;
use super::challenge::Challenge;
use super::discovery::{Search, check_resource};
use super::metadata::{AuthorizationServer, ProtectedResource};
use super::options::AuthOptions;
use super::outside::Outside;
use super::redirect;
use crate::error::Failure;
use crate::http::HttpOptions;
use crate::redact::plain;

const RESOURCE: &str = "resource";
const ISSUER: &str = "authorization";

/// One document about signing in to a server.
#[derive(Clone, Debug)]
pub struct Examined {
    /// What it is about.
    pub name: &'static str,
    /// What it says; nothing of one that cannot be read.
    pub says: Option<String>,
    /// Every rule that it breaks.
    pub breaks: Vec<Failure>,
}

/// The documents that a server's refusal leads to, with every rule that they break.
pub async fn examine(
    options: &AuthOptions,
    http: &HttpOptions,
    refusal: &HeaderMap,
) -> Vec<Examined> {
    let outside = Outside::new(options, http);
    let search = Search { outside: &outside, options };
    let challenge = Challenge::find(refusal);
    let resource = match search.protected_resource(challenge.as_ref()).await {
        Ok(Some(resource)) => resource,
        Ok(None) => return vec![without_resource(&search).await],
        Err(failure) => return vec![Examined::unusable(RESOURCE, failure)],
    };
    let mut examined = vec![about_resource(&resource, options)];
    for issuer in &resource.authorization_servers {
        examined.push(match search.described(issuer).await {
            Ok(server) => Examined {
                name: ISSUER,
                says: Some(said(&server)),
                breaks: search.objections(&server).await,
            },
            Err(failure) => Examined::unusable(ISSUER, failure),
        });
    }
    examined
}

/// The port on loopback that the browser would come back to: bound, and let go again.
///
/// # Errors
/// Every port is in use.
pub async fn callback_port(options: &AuthOptions) -> Result<u16, Failure> {
    let listener = Listener::bind(&redirect::candidates(options, &[])).await?;
    Ok(listener.redirect().port)
}

impl Examined {
    fn unusable(name: &'static str, failure: Failure) -> Self {
        Self { name, says: None, breaks: vec![failure] }
    }
}

fn about_resource(resource: &ProtectedResource, options: &AuthOptions) -> Examined {
    let issuers = match resource.authorization_servers.as_slice() {
        [] => "no authorization server".to_owned(),
        issuers => issuers
            .iter()
            .map(|issuer| format!("`{}`", plain(issuer)))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let says = Some(format!("`{}` is signed in to at {issuers}", plain(&resource.resource)));
    let mut breaks: Vec<_> = check_resource(resource, &options.server).err().into_iter().collect();
    breaks.extend(super::discovery::without_issuer(resource));
    Examined { name: RESOURCE, says, breaks }
}

/// A server of 2025-03-26 has no document about itself.
async fn without_resource(search: &Search<'_>) -> Examined {
    let found = match search.without_resource_metadata().await {
        Ok(found) => found,
        Err(failure) => return Examined::unusable(ISSUER, failure),
    };
    let says = match found.documented {
        true => said(&found.server),
        false => {
            format!("no document at all, so `{}` is guessed (2025-03-26)", plain(&found.issuer))
        }
    };
    Examined { name: ISSUER, says: Some(says), breaks: Vec::new() }
}

/// The issuer, and which ways to become its client it offers.
fn said(server: &AuthorizationServer) -> String {
    let ways = [
        (server.client_id_metadata_document_supported, "client id documents"),
        (server.registration_endpoint.is_some(), "registration"),
        (server.device_authorization_endpoint.is_some(), "device codes"),
        (server.revocation_endpoint.is_some(), "revocation"),
    ];
    let ways: Vec<_> = ways.into_iter().filter(|(offers, _)| *offers).map(|(_, way)| way).collect();
    let ways =
        if ways.is_empty() { "clients known beforehand only".to_owned() } else { ways.join(", ") };
    format!("`{}` offers {ways}", plain(&server.issuer))
}
