//! The authorization code grant with PKCE: the page to open, and the exchange
//! of the code. The browser's response in between is in `authorization_response`. One [`Pending`]
//! record carries everything from the first step to the last.

use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use url::Url;

use crate::auth::client::redirect_uri::Redirect;
use crate::auth::context::Context;
use crate::auth::discovery::requirements::without_authorization_endpoint;
use crate::auth::discovery::scopes::OFFLINE_ACCESS;
use crate::auth::dpop::key::DpopSigner;
use crate::auth::grants::token_endpoint::GrantError;
use crate::auth::grants::user_parameters::UserParameters;
use crate::auth::options::AuthOptions;
use crate::auth::records::record::{Pending, SignIn};
use crate::auth::sign_in_plan::SignInPlan;
use crate::error::{Failure, FailureKind};
use crate::random::random_text;
use crate::redact::{Secret, plain};

/// Prepares a sign-in, with a fresh verifier and state and the page to open. `now` is
/// in seconds since 1970.
///
/// # Errors
/// The authorization server has no page or no token endpoint, the plan has no client, or the
/// redirect is not a URL.
pub(crate) fn begin(
    plan: &SignInPlan,
    redirect: &Redirect,
    options: &AuthOptions,
    now: u64,
) -> Result<Pending, Failure> {
    let server = &plan.discovered.server;
    let endpoint = server.authorization_endpoint.clone();
    let endpoint = endpoint.ok_or_else(|| without_authorization_endpoint(server))?;
    let token_endpoint = plan.token_endpoint()?.clone();
    let registration = plan.client()?.clone();
    let key = plan.binding.key().map(|key| key.signer(options)).transpose()?;
    let verifier = Secret::new(random_text::<32>());
    let state = Secret::new(random_text::<32>());
    let request = AuthorizationRequest {
        client_id: &registration.client_id,
        redirect,
        scopes: plan.scopes.as_deref(),
        resource: plan.resource.as_deref(),
        verifier: &verifier,
        state: &state,
        key_thumbprint: key.as_ref().map(DpopSigner::thumbprint),
    };
    let page = request.page(endpoint, options)?;
    Ok(Pending {
        page: Secret::new(page),
        pushed: None,
        opened: false,
        verifier,
        state,
        redirect_uri: redirect.uri(),
        issuer: plan.discovered.issuer.clone(),
        issuer_promised: server.authorization_response_iss_parameter_supported,
        token_endpoint,
        revocation_endpoint: server.revocation_endpoint.clone(),
        client_is_reused: false,
        registration,
        resource: plan.resource.clone(),
        scopes: plan.scopes.clone(),
        binding: plan.binding.clone(),
        started: now,
        code: None,
    })
}

/// The parameters of one authorization request.
struct AuthorizationRequest<'a> {
    client_id: &'a str,
    redirect: &'a Redirect,
    scopes: Option<&'a str>,
    resource: Option<&'a str>,
    verifier: &'a Secret<String>,
    state: &'a Secret<String>,
    /// The `dpop_jkt` parameter, without whose key a stolen code cannot be redeemed (RFC 9449 §10).
    key_thumbprint: Option<&'a str>,
}

impl AuthorizationRequest<'_> {
    fn page(&self, endpoint: Url, options: &AuthOptions) -> Result<Url, Failure> {
        let redirect = RedirectUrl::new(self.redirect.uri()).map_err(|_| {
            let message = format!("the callback `{}` is not a URL", plain(&self.redirect.uri()));
            Failure::new(FailureKind::AuthFailed, message)
                .hint("check `--host` and `--callback-path`, or leave them out")
        })?;
        let params = UserParameters::of(options);
        let prompts =
            params.contain("prompt") || endpoint.query_pairs().any(|(name, _)| name == "prompt");
        let client = BasicClient::new(ClientId::new(self.client_id.to_owned()))
            .set_auth_uri(AuthUrl::from_url(without_parameters(endpoint, params)))
            .set_redirect_uri(redirect);
        let verifier = PkceCodeVerifier::new(self.verifier.expose().clone());
        let scopes = self.scopes.unwrap_or_default().split_whitespace();
        let asked = scopes.clone().filter(|_| !params.contain("scope"));
        let mut request = client
            .authorize_url(|| CsrfToken::new(self.state.expose_to_wire().clone()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_scopes(asked.map(|scope| Scope::new(scope.to_owned())));
        if let Some(resource) = params.ours("resource", self.resource) {
            request = request.add_extra_param("resource", resource);
        }
        if let Some(thumbprint) = self.key_thumbprint {
            request = request.add_extra_param("dpop_jkt", thumbprint);
        }
        // Without consent, `offline_access` is ignored (OpenID Connect Core §11). A client that the
        // user registered may have its operator's consent, and be unable to ask for another.
        let is_given_client = options.client_info.is_some();
        if !prompts && !is_given_client && scopes.into_iter().any(|scope| scope == OFFLINE_ACCESS) {
            request = request.add_extra_param("prompt", "consent");
        }
        for (name, value) in params.pairs() {
            request = request.add_extra_param(name, value);
        }
        Ok(request.url().0)
    }
}

/// The endpoint without those parameters of its query that the user overrides.
fn without_parameters(mut endpoint: Url, params: UserParameters<'_>) -> Url {
    let own: Vec<(String, String)> = endpoint.query_pairs().into_owned().collect();
    if own.iter().any(|(name, _)| params.contain(name)) {
        endpoint.set_query(None);
        let kept: Vec<_> = own.into_iter().filter(|(name, _)| !params.contain(name)).collect();
        if !kept.is_empty() {
            endpoint.query_pairs_mut().extend_pairs(kept);
        }
    }
    endpoint
}

/// Redeems the code at the recorded endpoint, even if the metadata has changed since.
///
/// # Errors
/// [`GrantError`].
pub(crate) async fn redeem(
    context: &Context,
    pending: &Pending,
    code: &Secret<String>,
) -> Result<SignIn, GrantError> {
    let url = &pending.token_endpoint;
    let resource = pending.resource.as_deref();
    let endpoint = context.token_endpoint(url, &pending.registration, resource, &pending.binding);
    let endpoint = endpoint.map_err(GrantError::Unavailable)?;
    let tokens = endpoint.code(code, &pending.verifier, &pending.redirect_uri).await?;
    let binding = pending.binding.of_issued(tokens.is_dpop).map_err(GrantError::Unavailable)?;
    Ok(SignIn {
        binding,
        issuer: pending.issuer.clone(),
        resource: pending.resource.clone(),
        revocation_endpoint: pending.revocation_endpoint.clone(),
        scopes_asked: pending.scopes.clone(),
        ..SignIn::new(&context.options, url, &endpoint.registration(), tokens)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::auth::discovery::metadata::{AuthorizationServer, ProtectedResource};
    use crate::auth::discovery::search::DiscoveredServer;
    use crate::auth::dpop::binding::TokenBinding;
    use crate::auth::records::registration::{Registered, Registration};

    fn discovered() -> DiscoveredServer {
        let url = |text: &str| Some(Url::parse(text).unwrap());
        DiscoveredServer {
            resource: Some(ProtectedResource {
                resource: "https://h".to_owned(),
                authorization_servers: vec!["https://as".to_owned()],
                ..ProtectedResource::default()
            }),
            server: AuthorizationServer {
                issuer: "https://as".to_owned(),
                authorization_endpoint: url("https://as/authorize?tenant=1"),
                token_endpoint: url("https://as/token"),
                ..AuthorizationServer::default()
            },
            issuer: "https://as".to_owned(),
            documented: true,
        }
    }

    fn pending(scopes: &str) -> Pending {
        let registration = Registration {
            how: Registered::Dynamically,
            client_id: "c&d".to_owned(),
            ..Registration::anonymous("https://as", 0)
        };
        let redirect = Redirect {
            host: "localhost".to_owned(),
            port: 4000,
            path: "/oauth/callback".to_owned(),
        };
        let mut options = AuthOptions::new(Url::parse("https://h/mcp").unwrap());
        options.authorize_params = vec![("login_hint".to_owned(), "a b".to_owned())];
        let discovered = discovered();
        let plan = SignInPlan {
            resource: discovered.resource_indicator(&options),
            discovered,
            registration: Some(registration),
            scopes: (!scopes.is_empty()).then(|| scopes.to_owned()),
            binding: TokenBinding::None,
        };
        begin(&plan, &redirect, &options, 7).unwrap()
    }

    fn query(pending: &Pending) -> HashMap<String, String> {
        pending.page.expose().query_pairs().into_owned().collect()
    }

    ///
    #[test]
    fn the_page_carries_everything_and_the_record_too() {
        let pending = pending("x offline_access");
        let query = query(&pending);
        let expected = [
            ("tenant", "1"),
            ("response_type", "code"),
            ("client_id", "c&d"),
            ("redirect_uri", "http://localhost:4000/oauth/callback"),
            ("scope", "x offline_access"),
            ("resource", "https://h"),
            ("code_challenge_method", "S256"),
            ("prompt", "consent"),
            ("login_hint", "a b"),
        ];
        for (name, value) in expected {
            assert_eq!(query.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert_eq!(query["state"], *pending.state.expose());
        let verifier = PkceCodeVerifier::new(pending.verifier.expose().clone());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        assert_eq!(query["code_challenge"], challenge.as_str());
        assert_eq!(pending.token_endpoint.as_str(), "https://as/token");
    }

    ///
    #[test]
    fn two_attempts_share_nothing_and_no_scope_means_no_parameter() {
        let (one, two) = (pending(""), pending(""));
        assert_ne!(one.verifier, two.verifier);
        assert_ne!(one.state, two.state);
        assert!(!query(&one).contains_key("scope") && !query(&one).contains_key("prompt"));
    }
}
