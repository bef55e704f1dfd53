//! The plan of a sign-in: where, as which client, and for what. It is made once, before a person is
//! asked, and passed to every grant. Opens nothing and requests no tokens.

use url::Url;

use crate::auth::client::redirect_uri::Redirect;
use crate::auth::client::registration::Registrar;
use crate::auth::context::{Context, SignInRequest, vault_failure};
use crate::auth::discovery::metadata::{AuthorizationServer, ProtectedResource};
use crate::auth::discovery::requirements::without_token_endpoint;
use crate::auth::discovery::resource_identifier::canonical;
use crate::auth::discovery::search::DiscoveredServer;
use crate::auth::discovery::well_known;
use crate::auth::dpop::binding::{self, DpopSources, TokenBinding};
use crate::auth::options::{AuthOptions, Grant, ResourceIndicator};
use crate::auth::records::client_pin::check_first_use;
use crate::auth::records::names::Names;
use crate::auth::records::record::StoredRecord;
use crate::auth::records::registration::{Registered, Registration};
use crate::error::{Failure, FailureKind};
use crate::redact::display_identifier;

/// Where to sign in, as which client, and for what.
#[derive(Debug)]
pub(crate) struct SignInPlan {
    pub(crate) discovered: DiscoveredServer,
    /// The client; `None` if one has to be registered, see [`SignInPlan::register`].
    pub(crate) registration: Option<Registration>,
    /// The scopes to request, separated by spaces; `None` leaves them to the server.
    pub(crate) scopes: Option<String>,
    /// The RFC 8707 indicator, an absolute URI; `None` if it is left out.
    pub(crate) resource: Option<String>,
    /// Whether the tokens will be bound to a key.
    pub(crate) binding: TokenBinding,
}

impl SignInPlan {
    /// Finds the authorization server and an existing client for it: the user's, a metadata
    /// document, or a stored one, in this order.
    ///
    /// # Errors
    /// There is no usable authorization server, or the user's client belongs to another issuer.
    pub(crate) async fn of(context: &Context, request: &SignInRequest) -> Result<Self, Failure> {
        let discovered = match context.options.named_token_endpoint() {
            Some(endpoint) => undiscovered(&context.options, endpoint),
            None => context.discover(request).await?,
        };
        let earlier = request.refused.as_ref().map(|refused| &refused.registration);
        let registration = match registrar(context, &discovered).given_or_documented(earlier)? {
            Some(given) => Some(given),
            None => context.stored_registration(&discovered).await,
        };
        if let Some(given) = registration.as_ref().filter(|it| it.how == Registered::Beforehand) {
            pin_secret(context, given, earlier).await?;
        }
        let registration = registration.or_else(|| workload_without_id(context, &discovered));
        let scopes = context.choose_scopes(&discovered, request);
        let resource = discovered.resource_indicator(&context.options);
        let binding = binding::choose(&DpopSources {
            policy: context.options.dpop,
            server: &discovered.server,
            resource: discovered.resource.as_ref(),
            challenge: request.challenge.as_ref(),
            was_refused: request.refuses_bound
                || request.refused.as_ref().is_some_and(|it| it.binding == TokenBinding::Refused),
        })?;
        Ok(Self { discovered, registration, scopes, resource, binding })
    }

    /// Registers a client for this redirect and these scopes and stores it; without a redirect for
    /// grants that need none. Returns the redirect to use, which the server may have changed
    ///
    ///
    /// # Errors
    /// The server offers no registration or refuses it.
    pub(crate) async fn register(
        &mut self,
        context: &Context,
        redirect: Option<&Redirect>,
    ) -> Result<Option<Redirect>, Failure> {
        let registrar = registrar(context, &self.discovered);
        let (registration, redirect) = registrar.register(redirect, self.scopes.as_deref()).await?;
        let name = context.names.registration(&registration.issuer);
        context.save_best_effort(&name, &registration).await;
        self.registration = Some(registration);
        Ok(redirect)
    }

    /// The token endpoint.
    ///
    /// # Errors
    /// The metadata names none.
    pub(crate) fn token_endpoint(&self) -> Result<&Url, Failure> {
        let server = &self.discovered.server;
        server.token_endpoint.as_ref().ok_or_else(|| without_token_endpoint(server))
    }

    /// The client.
    ///
    /// # Errors
    /// None is given or registered.
    pub(crate) fn client(&self) -> Result<&Registration, Failure> {
        self.registration.as_ref().ok_or_else(|| {
            let issuer = display_identifier(&self.discovered.issuer);
            let message = format!("the authorization server `{issuer}` needs a client");
            Failure::new(FailureKind::AuthFailed, message).hint(
                "give one that it knows: `--static-oauth-client-info '{\"client_id\":\"ID\"}'`",
            )
        })
    }
}

/// Ensures that the secret of the user's client is sent to one authorization server only: the one
/// that the user names, otherwise the one with which it is first used (S-41).
///
/// # Errors
/// It belongs to another one, or the store cannot be used.
async fn pin_secret(
    context: &Context,
    used: &Registration,
    earlier: Option<&Registration>,
) -> Result<(), Failure> {
    let Some(client) = &context.options.client_info else { return Ok(()) };
    let is_named = context.options.named_token_endpoint().is_some();
    if client.client_secret.is_none() || client.issuer.is_some() || is_named {
        return Ok(());
    }
    let name = Names::client_pins(&client.client_id);
    let _lock = context.vault.lock(&name).await.map_err(vault_failure)?;
    let mut pins = context.client_pins(&name).await?;
    if let Some(first) = pins.issuer_of(client) {
        return check_first_use(client, first, &used.issuer);
    }
    // A sign-in from a release without pins.
    let stored = context.stored_sign_in().await.ok().flatten();
    let of_client = |it: &&Registration| it.client_id == client.client_id;
    let known = earlier.or(stored.as_ref().map(|stored| &stored.registration)).filter(of_client);
    if let Some(known) = known {
        check_first_use(client, &known.issuer, &used.issuer)?;
    }
    pins.add(client, &used.issuer);
    context.vault.save(&name, pins.to_bytes()).await.map_err(vault_failure)
}

/// The client of a workload that is identified by its assertion alone.
fn workload_without_id(context: &Context, discovered: &DiscoveredServer) -> Option<Registration> {
    matches!(context.options.grant, Grant::Workload(_))
        .then(|| Registration::anonymous(&discovered.issuer, context.now()))
}

/// The registrar for the discovered server.
pub(crate) fn registrar<'a>(
    context: &'a Context,
    discovered: &'a DiscoveredServer,
) -> Registrar<'a> {
    Registrar {
        http_client: &context.http_client,
        options: &context.options,
        discovered,
        now: context.now(),
    }
}

/// The server if the user names the endpoints, which skips discovery; this endpoint's origin stands
/// for the issuer.
fn undiscovered(options: &AuthOptions, endpoint: &Url) -> DiscoveredServer {
    let given = options.client_info.as_ref().and_then(|info| info.issuer.clone());
    let issuer = given.unwrap_or_else(|| well_known::origin(endpoint));
    let resource = match &options.resource {
        ResourceIndicator::Published => Some(ProtectedResource {
            resource: canonical(&options.server),
            authorization_servers: vec![issuer.clone()],
            ..ProtectedResource::default()
        }),
        ResourceIndicator::Fixed(_) | ResourceIndicator::Omitted => None,
    };
    let server = AuthorizationServer {
        issuer: issuer.clone(),
        authorization_endpoint: options.authorization_endpoint.clone(),
        token_endpoint: Some(endpoint.clone()),
        device_authorization_endpoint: options.device_endpoint.clone(),
        ..AuthorizationServer::default()
    };
    DiscoveredServer { resource, server, issuer, documented: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::client::pre_registered::PreRegistered;
    use crate::auth::tests::options;

    #[test]
    fn an_endpoint_that_the_user_names_stands_for_its_server() {
        let endpoint = Url::parse("https://as.example.com:8443/t/token?a=b").unwrap();
        let found = undiscovered(&options(), &endpoint);
        assert_eq!(found.issuer, "https://as.example.com:8443");
        assert_eq!(found.server.issuer, found.issuer);
        assert_eq!(found.server.token_endpoint.as_ref(), Some(&endpoint));
        assert!(found.documented && found.server.registration_endpoint.is_none());
        let resource = found.resource.unwrap();
        assert_eq!(resource.resource, "https://mcp.example.com/mcp");
        assert_eq!(resource.authorization_servers, [found.issuer]);
        let page = Url::parse("https://as.example.com/page").ok();
        let device = Url::parse("https://as.example.com/device").ok();
        let named = AuthOptions {
            authorization_endpoint: page.clone(),
            device_endpoint: device.clone(),
            client_info: Some(PreRegistered {
                issuer: Some("https://issuer.example.com".to_owned()),
                ..PreRegistered::new("id")
            }),
            ..options()
        };
        let found = undiscovered(&named, &endpoint);
        assert_eq!(found.issuer, "https://issuer.example.com", "the user says who it is");
        let server = found.server;
        assert_eq!(server.authorization_endpoint, page);
        assert_eq!(server.device_authorization_endpoint, device);
        for resource in [
            ResourceIndicator::Omitted,
            ResourceIndicator::Fixed("https://r.example.com".to_owned()),
        ] {
            let options = AuthOptions { resource, ..options() };
            assert!(undiscovered(&options, &endpoint).resource.is_none());
        }
    }
}
