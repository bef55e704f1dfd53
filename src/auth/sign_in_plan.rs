//! What a sign-in needs to know before anyone is asked: where, as which client, and for what. Made
//! once and handed to every grant. Opens nothing and asks for no tokens.

use url::Url;

use crate::auth::client::redirect_uri::Redirect;
use crate::auth::client::registration::Registrar;
use crate::auth::context::{Context, SignInRequest};
use crate::auth::discovery::metadata::{AuthorizationServer, ProtectedResource};
use crate::auth::discovery::resource_identifier::canonical;
use crate::auth::discovery::search::DiscoveredServer;
use crate::auth::discovery::well_known;
use crate::auth::options::{AuthOptions, Grant, ResourceIndicator};
use crate::auth::records::registration::Registration;
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
}

impl SignInPlan {
    /// Finds the authorization server and what is known of it here. A client that is known already
    /// comes from the user, from a metadata document or from the store, in this order.
    ///
    /// # Errors
    /// No authorization server that may be used, or the user's client is another issuer's.
    pub(crate) async fn of(context: &Context, request: &SignInRequest) -> Result<Self, Failure> {
        let discovered = match &context.options.grant {
            Grant::ClientCredentials { token_endpoint: Some(endpoint) } => {
                undiscovered(&context.options, endpoint)
            }
            _ => context.discover(request).await?,
        };
        let earlier = request.refused.as_ref().map(|refused| &refused.registration);
        let registration = match registrar(context, &discovered).given_or_documented(earlier)? {
            Some(given) => Some(given),
            None => context.stored_registration(&discovered).await,
        };
        let scopes = context.choose_scopes(&discovered, request);
        let resource = discovered.resource_indicator(&context.options);
        Ok(Self { discovered, registration, scopes, resource })
    }

    /// Registers a client for this redirect and these scopes and stores it; without a redirect for grants that need
    /// none. Returns the redirect to use, which the server may have changed.
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
        })
    }
}

fn registrar<'a>(context: &'a Context, discovered: &'a DiscoveredServer) -> Registrar<'a> {
    Registrar {
        http_client: &context.http_client,
        options: &context.options,
        discovered,
        now: context.now(),
    }
}

/// A token endpoint that the user names skips discovery; its origin stands for the issuer.
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
        token_endpoint: Some(endpoint.clone()),
        ..AuthorizationServer::default()
    };
    DiscoveredServer { resource, server, issuer, documented: true }
}
