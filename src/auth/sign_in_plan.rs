//! What a sign-in needs to know before anyone is asked: where, as which client, and for what. Made
//! once and handed to every grant. Opens nothing and asks for no tokens.

use url::Url;

use crate::auth::client::redirect_uri::Redirect;
use crate::auth::client::registration::Registrar;
use crate::auth::context::{Context, SignInRequest, vault_failure};
use crate::auth::discovery::metadata::{AuthorizationServer, ProtectedResource};
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

/// Where to sign in, as which client, and for what.
#[derive(Debug)]
pub(crate) struct SignInPlan {
    pub(crate) discovered: DiscoveredServer,
    /// The client; `None` if one has to be registered, see [`SignInPlan::register`].
    pub(crate) registration: Option<Registration>,
    /// The scopes to ask for, separated by spaces; `None` leaves them to the server.
    pub(crate) scopes: Option<String>,
    /// The RFC 8707 indicator, an absolute URI; `None` if it is left out.
    pub(crate) resource: Option<String>,
    /// Whether the tokens will be bound to a key.
    pub(crate) binding: TokenBinding,
}

impl SignInPlan {
    /// Finds the authorization server and what is known of it here. A client that is known already
    /// comes from the user, from a metadata document or from the store, in this order.
    ///
    /// # Errors
    /// No authorization server that may be used, or the user's client is another issuer's.
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

    /// Where tokens are asked for.
    ///
    /// # Errors
    /// The metadata names no such place.
    pub(crate) fn token_endpoint(&self) -> Result<&Url, Failure> {
        self.discovered.server.token_endpoint.as_ref().ok_or_else(|| {
            let message = "the authorization server has no token endpoint";
            Failure::new(FailureKind::AuthFailed, message)
                .hint("name it with `--token-endpoint URL`")
        })
    }
}

/// Sees to it that the secret of the user's client goes to one authorization server only: the one
/// that the user names, or else the one that it is used with first (S-41).
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
    // A sign-in of a release that pinned nothing.
    let stored = context.stored_sign_in().await.ok().flatten();
    let of_client = |it: &&Registration| it.client_id == client.client_id;
    let known = earlier.or(stored.as_ref().map(|stored| &stored.registration)).filter(of_client);
    if let Some(known) = known {
        check_first_use(client, &known.issuer, &used.issuer)?;
    }
    pins.add(client, &used.issuer);
    context.vault.save(&name, pins.to_bytes()).await.map_err(vault_failure)
}

/// A workload that is known by its assertion alone.
fn workload_without_id(context: &Context, discovered: &DiscoveredServer) -> Option<Registration> {
    matches!(context.options.grant, Grant::Workload(_))
        .then(|| Registration::anonymous(&discovered.issuer, context.now()))
}

/// Registers at the server that was discovered.
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

/// Endpoints that the user names skip discovery; the origin of this one stands for the issuer.
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
