//! Whether a person could sign in to a server, rule by rule, for `doctor`. Only looks: the rules are
//! those of `discovery`, and nothing is registered, stored or opened.

use http::HeaderMap;

use crate::auth::browser::callback_server::Listener;
use crate::auth::client::redirect_uri;
use crate::auth::discovery::challenge::Challenge;
use crate::auth::discovery::metadata::{AuthorizationServer, ProtectedResource};
use crate::auth::discovery::search::{MetadataSearch, check_resource};
use crate::auth::guarded_http::client::GuardedClient;
use crate::auth::options::AuthOptions;
use crate::error::Failure;
use crate::http::HttpOptions;
use crate::redact::plain;

const RESOURCE: &str = "resource";
const ISSUER: &str = "authorization";

/// One document about signing in to a server.
#[derive(Clone, Debug)]
pub struct SignInDiagnosis {
    /// What it is about: `resource` or `authorization`.
    pub name: &'static str,
    /// What it says, in one sentence; `None` if it cannot be read.
    pub says: Option<String>,
    /// Every rule that it breaks.
    pub breaks: Vec<Failure>,
}

/// The documents that a server's refusal leads to, with every rule that they break.
pub async fn diagnose(
    options: &AuthOptions,
    http: &HttpOptions,
    refusal: &HeaderMap,
) -> Vec<SignInDiagnosis> {
    let http_client = GuardedClient::new(options, http);
    let search = MetadataSearch { http_client: &http_client, options };
    let challenge = Challenge::find(refusal);
    let resource = match search.protected_resource(challenge.as_ref()).await {
        Ok(Some(resource)) => resource,
        Ok(None) => return vec![without_resource(&search).await],
        Err(failure) => return vec![SignInDiagnosis::unusable(RESOURCE, failure)],
    };
    let mut found = vec![about_resource(&resource, options)];
    for issuer in &resource.authorization_servers {
        found.push(match search.fetch_server_metadata(issuer).await {
            Ok(server) => SignInDiagnosis {
                name: ISSUER,
                says: Some(describe_server(&server)),
                breaks: search.objections(&server).await,
            },
            Err(failure) => SignInDiagnosis::unusable(ISSUER, failure),
        });
    }
    found
}

/// The loopback port that the browser would come back to: bound, and released again.
///
/// # Errors
/// Every port is in use.
pub async fn callback_port(options: &AuthOptions) -> Result<u16, Failure> {
    let listener = Listener::bind(&redirect_uri::candidates(options, &[])).await?;
    Ok(listener.redirect().port)
}

impl SignInDiagnosis {
    fn unusable(name: &'static str, failure: Failure) -> Self {
        Self { name, says: None, breaks: vec![failure] }
    }
}

fn about_resource(resource: &ProtectedResource, options: &AuthOptions) -> SignInDiagnosis {
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
    breaks.extend(crate::auth::discovery::search::without_issuer(resource));
    SignInDiagnosis { name: RESOURCE, says, breaks }
}

/// A server of 2025-03-26 has no document about itself.
async fn without_resource(search: &MetadataSearch<'_>) -> SignInDiagnosis {
    let found = match search.without_resource_metadata().await {
        Ok(found) => found,
        Err(failure) => return SignInDiagnosis::unusable(ISSUER, failure),
    };
    let says = if found.documented {
        describe_server(&found.server)
    } else {
        format!("no document at all, so `{}` is guessed (2025-03-26)", plain(&found.issuer))
    };
    SignInDiagnosis { name: ISSUER, says: Some(says), breaks: Vec::new() }
}

/// The issuer, and which ways to become its client it offers.
fn describe_server(server: &AuthorizationServer) -> String {
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
