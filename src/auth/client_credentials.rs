//! Tokens for the client itself, without a person (RFC 6749 §4.4, SEP-1046, A-70): pre-registered
//! credentials only, a secret or a signed assertion.

use super::client_authentication::AuthMethod;
use super::context::{Context, Wish};
use super::discovery::{Discovered, canonical};
use super::metadata::AuthorizationServer;
use super::options::{Grant, ResourceIndicator};
use super::record::SignIn;
use super::redemption::store;
use super::registration::Registrar;
use super::token_endpoint::GrantError;
use super::well_known;
use crate::error::{Failure, FailureKind};

/// Gets tokens for the client.
///
/// # Errors
/// No credentials given, discovery or the authorization server failed.
pub(super) async fn sign_in(context: &Context, wish: &Wish) -> Result<SignIn, Failure> {
    let options = &context.options;
    if options.client_info.is_none() {
        return Err(needs("a client"));
    }
    let discovered = discovered(context, wish).await?;
    let now = context.now();
    let registrar = Registrar {
        outside: &context.outside,
        options,
        discovered: &discovered,
        earlier: wish.refused.as_ref().map(|refused| &refused.registration),
        now,
    };
    let registration = registrar.standing()?.ok_or_else(|| needs("a client"))?;
    if registration.auth_method == AuthMethod::None {
        return Err(needs("a secret or a private key"));
    }
    let token_endpoint = discovered.server.token_endpoint.clone().ok_or_else(|| {
        Failure::new(FailureKind::AuthFailed, "the authorization server has no token endpoint")
    })?;
    let resource = discovered.resource_indicator(options);
    let scopes = context.scopes(&discovered, wish);
    let endpoint = context.token_endpoint(&token_endpoint, &registration, resource.as_deref());
    let tokens = endpoint.client_credentials(scopes.as_deref()).await.map_err(refused)?;
    let record = SignIn {
        resource: resource.clone(),
        revocation_endpoint: discovered.server.revocation_endpoint.clone(),
        scopes_asked: scopes,
        ..SignIn::new(options, &token_endpoint, &endpoint.registration(), tokens)
    };
    store(context, &record).await?;
    Ok(record)
}

fn needs(what: &str) -> Failure {
    Failure::new(FailureKind::AuthFailed, format!("client credentials need {what}")).hint(
        "give `client_id` with `client_secret` or `private_key_pem` as JSON: \
         `--static-oauth-client-info @FILE`",
    )
}

fn refused(error: GrantError) -> Failure {
    let failure = error.into_failure("the client's credentials");
    match failure.hint {
        Some(_) => failure,
        None => failure
            .hint("check the client's id, secret and permissions at the authorization server"),
    }
}

/// A token endpoint that the user names skips discovery; its origin stands for the issuer.
async fn discovered(context: &Context, wish: &Wish) -> Result<Discovered, Failure> {
    let options = &context.options;
    let Grant::ClientCredentials { token_endpoint: Some(endpoint) } = &options.grant else {
        return context.discover(wish).await;
    };
    let given = options.client_info.as_ref().and_then(|info| info.issuer.clone());
    let issuer = given.unwrap_or_else(|| well_known::origin(endpoint));
    let resource = match &options.resource {
        ResourceIndicator::Published => Some(canonical(&options.server)),
        ResourceIndicator::Fixed(_) | ResourceIndicator::Omitted => None,
    };
    let resource = resource.map(|resource| super::metadata::ProtectedResource {
        resource,
        authorization_servers: vec![issuer.clone()],
        scopes_supported: Vec::new(),
    });
    let server = AuthorizationServer {
        issuer: issuer.clone(),
        token_endpoint: Some(endpoint.clone()),
        ..AuthorizationServer::default()
    };
    Ok(Discovered { resource, server, issuer, documented: true })
}
