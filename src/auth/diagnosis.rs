//! Checks, rule by rule, whether a person could sign in to a server, for `doctor`. The rules are
//! those of `discovery`; nothing is registered, stored or opened.

use http::HeaderMap;
use url::Url;

use crate::auth::browser::callback_server::Listener;
use crate::auth::client::assertion_source::audiences_of;
use crate::auth::client::redirect_uri;
use crate::auth::client::registration::Registrar;
use crate::auth::discovery::challenge::Challenge;
use crate::auth::discovery::metadata::{AuthorizationServer, ProtectedResource};
use crate::auth::discovery::requirements::unmet_by_resource;
use crate::auth::discovery::resource_identifier::check_resource;
use crate::auth::discovery::search::{DiscoveredServer, MetadataSearch, no_issuer};
use crate::auth::grants::{jwt_bearer, token_exchange};
use crate::auth::guarded_http::client::GuardedClient;
use crate::auth::options::{AuthOptions, Grant};
use crate::error::{Failure, FailureKind};
use crate::http::HttpOptions;
use crate::platform::{Clock, SystemClock};
use crate::redact::{SafeUrl, display_identifier};

const RESOURCE: &str = "resource";
const ISSUER: &str = "authorization";
const IDENTITY: &str = "identity";
const WORKLOAD: &str = "workload";

/// The diagnosis of one document about signing in to a server.
#[derive(Clone, Debug)]
pub struct SignInDiagnosis {
    /// Its subject: `resource`, `authorization`, `identity` or `workload`.
    pub name: &'static str,
    /// Its content, in one sentence; `None` if it cannot be read.
    pub summary: Option<String>,
    /// Every rule that it breaks.
    pub violations: Vec<Failure>,
    /// What may still prevent a sign-in.
    pub warnings: Vec<Failure>,
}

/// Diagnoses the documents that a server's refusal leads to.
pub async fn diagnose(
    options: &AuthOptions,
    http: &HttpOptions,
    refusal: &HeaderMap,
    mut found: impl FnMut(SignInDiagnosis),
) {
    let http_client = GuardedClient::new(options, http);
    let search = MetadataSearch { http_client: &http_client, options };
    let resource = match find_resource(&search, refusal).await {
        Ok(resource) => resource,
        Err(only) => return found(only),
    };
    let unnamed = if resource.authorization_servers.is_empty() {
        Some(search.of_unnamed().await)
    } else {
        None
    };
    found(about_resource(&resource, options, matches!(unnamed, Some(Err(_)))));
    about_identity_provider(options, http).await.into_iter().for_each(&mut found);
    about_workload(options).await.into_iter().for_each(&mut found);
    if let Some(Ok(server)) = unnamed {
        found(about_server(&search, &server, Some(&resource)).await);
    }
    for issuer in &resource.authorization_servers {
        found(match search.fetch_server_metadata(issuer).await {
            Ok(server) => about_server(&search, &server, Some(&resource)).await,
            Err(failure) => SignInDiagnosis::unusable(ISSUER, failure),
        });
    }
}

/// Finds the document about the resource.
///
/// # Errors
/// There is none, or it cannot be used. Then this diagnosis is the only one.
async fn find_resource(
    search: &MetadataSearch<'_>,
    refusal: &HeaderMap,
) -> Result<ProtectedResource, SignInDiagnosis> {
    if let Some(endpoint) = search.options.named_token_endpoint() {
        return Err(at_named_endpoint(endpoint));
    }
    let challenge = Challenge::find(refusal);
    if let Some(failure) = challenge.as_ref().and_then(|it| it.unmet(search.options.dpop)) {
        return Err(SignInDiagnosis::unusable(RESOURCE, failure));
    }
    match search.protected_resource(challenge.as_ref()).await {
        Ok(Some(resource)) => Ok(resource),
        Ok(None) => Err(without_resource(search).await),
        Err(failure) => Err(SignInDiagnosis::unusable(RESOURCE, failure)),
    }
}

/// Finds the loopback port for the browser's return: binds and releases it.
///
/// # Errors
/// Every port is in use.
pub async fn callback_port(options: &AuthOptions) -> Result<u16, Failure> {
    let listener = Listener::bind(&redirect_uri::candidates(options, &[]), options).await?;
    Ok(listener.redirect().port)
}

impl SignInDiagnosis {
    fn unusable(name: &'static str, failure: Failure) -> Self {
        Self { name, summary: None, violations: vec![failure], warnings: Vec::new() }
    }
}

/// The diagnosis if the user names the endpoints: documents are not fetched.
fn at_named_endpoint(token_endpoint: &Url) -> SignInDiagnosis {
    let shown = SafeUrl::new(token_endpoint);
    let summary =
        Some(format!("you named the token endpoint `{shown}`, so no metadata is fetched"));
    SignInDiagnosis { name: ISSUER, summary, violations: Vec::new(), warnings: Vec::new() }
}

fn about_resource(
    resource: &ProtectedResource,
    options: &AuthOptions,
    lacks_issuer: bool,
) -> SignInDiagnosis {
    let issuers = match resource.authorization_servers.as_slice() {
        [] if lacks_issuer => "no authorization server".to_owned(),
        [] => "its own origin: it names no authorization server".to_owned(),
        issuers => issuers
            .iter()
            .map(|issuer| format!("`{}`", display_identifier(issuer)))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let resource_shown = display_identifier(&resource.resource);
    let summary = Some(format!("`{resource_shown}` is signed in to at {issuers}"));
    let mut violations: Vec<_> = check_resource(resource, options).err().into_iter().collect();
    violations.extend(lacks_issuer.then(|| no_issuer(options)));
    violations.extend(unmet_by_resource(resource, options));
    SignInDiagnosis { name: RESOURCE, summary, violations, warnings: Vec::new() }
}

/// Diagnoses an authorization server, and whether we can become its client.
async fn about_server(
    search: &MetadataSearch<'_>,
    server: &AuthorizationServer,
    resource: Option<&ProtectedResource>,
) -> SignInDiagnosis {
    let discovered = DiscoveredServer {
        resource: resource.cloned(),
        server: server.clone(),
        issuer: server.issuer.clone(),
        documented: true,
    };
    let registrar = Registrar {
        http_client: search.http_client,
        options: search.options,
        discovered: &discovered,
        now: 0,
    };
    SignInDiagnosis {
        name: ISSUER,
        summary: Some(describe_server(server)),
        violations: search.objections(server).await,
        warnings: registrar.obstacle().into_iter().collect(),
    }
}

/// Diagnoses the company's identity provider.
async fn about_identity_provider(
    options: &AuthOptions,
    http: &HttpOptions,
) -> Option<SignInDiagnosis> {
    let options = options.at_identity_provider()?;
    let http_client = GuardedClient::new(&options, http);
    let search = MetadataSearch { http_client: &http_client, options: &options };
    let server = match search.identity_provider().await {
        Ok(found) => found.server,
        Err(failure) => return Some(SignInDiagnosis::unusable(IDENTITY, failure)),
    };
    let grants = server.grant_types_supported.as_ref().filter(|grants| !grants.is_empty());
    let exchanges =
        grants.is_none_or(|grants| grants.iter().any(|it| it == token_exchange::GRANT_TYPE));
    let issuer = display_identifier(&server.issuer);
    let warnings = if exchanges {
        Vec::new()
    } else {
        vec![
            Failure::new(
                FailureKind::AuthFailed,
                format!("the identity provider `{issuer}` does not list token exchange (RFC 8693)"),
            )
            .hint("ask whoever runs it whether it gives identity assertions (ID-JAG)"),
        ]
    };
    let summary = Some(format!("identity provider `{issuer}` is usable"));
    Some(SignInDiagnosis { name: IDENTITY, summary, violations: Vec::new(), warnings })
}

/// Diagnoses the platform's token for the workload, and its audience.
async fn about_workload(options: &AuthOptions) -> Option<SignInDiagnosis> {
    let Grant::Workload(source) = &options.grant else { return None };
    let token = match source.read(SystemClock.now()).await {
        Ok(token) => token,
        Err(failure) => return Some(SignInDiagnosis::unusable(WORKLOAD, failure)),
    };
    let audiences = audiences_of(token.expose());
    let audiences: Vec<_> =
        audiences.iter().map(|it| format!("`{}`", display_identifier(it))).collect();
    let whom = if audiences.is_empty() {
        "does not say whom it is for".to_owned()
    } else {
        format!("is for {}", audiences.join(", "))
    };
    let summary = Some(format!("the workload's token {whom}"));
    Some(SignInDiagnosis { name: WORKLOAD, summary, violations: Vec::new(), warnings: Vec::new() })
}

/// The diagnosis without a document about the resource: a server of 2025-03-26 has none, nor
/// has one that accepts API keys only.
async fn without_resource(search: &MetadataSearch<'_>) -> SignInDiagnosis {
    let found = match search.without_resource_metadata().await {
        Ok(found) => found,
        Err(failure) => return SignInDiagnosis::unusable(ISSUER, failure),
    };
    if found.documented {
        return about_server(search, &found.server, None).await;
    }
    let message = format!(
        "the server publishes no document about signing in: only the default 2025-03-26 \
         endpoints of `{}` remain",
        display_identifier(&found.issuer)
    );
    let warning = Failure::new(FailureKind::AuthFailed, message).hint(
        "the server probably wants an API key: pass it with `--header 'Authorization: Bearer KEY'` \
         or the header that the server documents",
    );
    SignInDiagnosis { name: ISSUER, summary: None, violations: Vec::new(), warnings: vec![warning] }
}

fn takes_assertions(server: &AuthorizationServer) -> bool {
    let grants = server.grant_types_supported.as_ref();
    grants.is_some_and(|grants| grants.iter().any(|grant| grant == jwt_bearer::GRANT_TYPE))
}

/// Describes the issuer, and the ways that it offers to become its client.
fn describe_server(server: &AuthorizationServer) -> String {
    let ways = [
        (server.client_id_metadata_document_supported, "client id documents"),
        (server.registration_endpoint.is_some(), "registration"),
        (server.device_authorization_endpoint.is_some(), "device codes"),
        (server.revocation_endpoint.is_some(), "revocation"),
        (takes_assertions(server), "identity assertions (ID-JAG) and workloads"),
        (server.pushed_authorization_request_endpoint.is_some(), "pushed requests"),
        (server.dpop_signing_alg_values_supported.is_some(), "tokens bound to a key (DPoP)"),
    ];
    let ways: Vec<_> = ways.into_iter().filter(|(offers, _)| *offers).map(|(_, way)| way).collect();
    let ways =
        if ways.is_empty() { "pre-registered clients only".to_owned() } else { ways.join(", ") };
    format!("`{}` offers {ways}", display_identifier(&server.issuer))
}
