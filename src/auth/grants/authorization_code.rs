//! The authorization code grant with PKCE: the page to open, what the browser brings
//! back, and the exchange. One [`Pending`] record carries everything from the first step to the
//! last.

use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use subtle::ConstantTimeEq;
use url::{Url, form_urlencoded};

use crate::auth::browser::page::Ending;
use crate::auth::client::redirect_uri::Redirect;
use crate::auth::context::Context;
use crate::auth::discovery::scopes::OFFLINE_ACCESS;
use crate::auth::grants::token_endpoint::GrantError;
use crate::auth::options::AuthOptions;
use crate::auth::records::record::{Pending, SignIn};
use crate::auth::sign_in_plan::SignInPlan;
use crate::error::{Failure, FailureKind};
use crate::redact::{Secret, plain, random_text};

/// What the browser brought back, with the right state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackParameters {
    /// The authorization code; `None` in an error.
    pub code: Option<Secret<String>>,
    /// The issuer that answers (`iss`, RFC 9207).
    pub issuer: Option<String>,
    /// The error code of RFC 6749 §4.1.2.1.
    pub error: Option<String>,
    /// The error in words, as the server sent them.
    pub error_description: Option<String>,
}

impl CallbackParameters {
    /// Reads a query; `None` unless it carries this state and no parameter twice.
    pub fn parse(query: &str, state: &Secret<String>) -> Option<Self> {
        let mut found: [(&str, Option<String>); 5] =
            ["state", "code", "iss", "error", "error_description"].map(|name| (name, None));
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if let Some((_, slot)) = found.iter_mut().find(|(known, _)| *known == name) {
                if slot.is_some() {
                    return None;
                }
                *slot = Some(value.into_owned());
            }
        }
        let [given, code, issuer, error, error_description] = found.map(|(_, value)| value);
        let is_ours: bool = given?.as_bytes().ct_eq(state.expose().as_bytes()).into();
        if !is_ours || code.is_none() && error.is_none() {
            return None;
        }
        Some(Self { code: code.map(Secret::new), issuer, error, error_description })
    }
}

/// Prepares a sign-in: a fresh verifier and state, and the page to open. `now` is in
/// seconds since 1970.
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
    let missing = |what: &str| {
        let issuer = plain(&plan.discovered.issuer);
        Failure::new(FailureKind::AuthFailed, format!("`{issuer}` has no {what}"))
    };
    let endpoint =
        server.authorization_endpoint.clone().ok_or_else(|| missing("page to sign in at"))?;
    let token_endpoint = server.token_endpoint.clone().ok_or_else(|| missing("token endpoint"))?;
    let registration = plan.registration.clone().ok_or_else(|| missing("client of ours"))?;
    let verifier = Secret::new(random_text::<32>());
    let state = Secret::new(random_text::<32>());
    let request = AuthorizationRequest {
        client_id: &registration.client_id,
        redirect,
        scopes: plan.scopes.as_deref(),
        resource: plan.resource.as_deref(),
        verifier: &verifier,
        state: &state,
    };
    let page = request.page(endpoint, options)?;
    Ok(Pending {
        page: Secret::new(page),
        opened: false,
        verifier,
        state,
        redirect_uri: redirect.uri(),
        issuer: plan.discovered.issuer.clone(),
        issuer_promised: server.authorization_response_iss_parameter_supported,
        token_endpoint,
        revocation_endpoint: server.revocation_endpoint.clone(),
        registration,
        resource: plan.resource.clone(),
        scopes: plan.scopes.clone(),
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
}

impl AuthorizationRequest<'_> {
    fn page(&self, endpoint: Url, options: &AuthOptions) -> Result<Url, Failure> {
        let redirect = RedirectUrl::new(self.redirect.uri()).map_err(|_| {
            Failure::new(FailureKind::AuthFailed, "the callback's host or path do not form a URL")
        })?;
        let client = BasicClient::new(ClientId::new(self.client_id.to_owned()))
            .set_auth_uri(AuthUrl::from_url(endpoint))
            .set_redirect_uri(redirect);
        let verifier = PkceCodeVerifier::new(self.verifier.expose().clone());
        let scopes = self.scopes.unwrap_or_default().split_whitespace();
        let mut request = client
            .authorize_url(|| CsrfToken::new(self.state.expose().clone()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_scopes(scopes.clone().map(|scope| Scope::new(scope.to_owned())));
        if let Some(resource) = self.resource {
            request = request.add_extra_param("resource", resource);
        }
        // OpenID Connect Core §11: without consent `offline_access` is ignored.
        let prompts = options.authorize_params.iter().any(|(name, _)| name == "prompt");
        if !prompts && scopes.into_iter().any(|scope| scope == OFFLINE_ACCESS) {
            request = request.add_extra_param("prompt", "consent");
        }
        for (name, value) in &options.authorize_params {
            request = request.add_extra_param(name.as_str(), value.as_str());
        }
        Ok(request.url().0)
    }
}

/// The code of an answer that may be used. The issuer is checked first: an answer of another one is
/// neither acted on nor shown.
///
/// # Errors
/// The wrong issuer, a refusal.
pub(crate) fn validate_callback(
    pending: &Pending,
    parameters: CallbackParameters,
) -> Result<Secret<String>, (Ending, Failure)> {
    let right = match &parameters.issuer {
        Some(issuer) => *issuer == pending.issuer,
        None => !pending.issuer_promised,
    };
    if !right {
        let expected = plain(&pending.issuer);
        let message = match &parameters.issuer {
            Some(_) => format!("the answer to the sign-in is not from the issuer `{expected}`"),
            None => format!("the answer to the sign-in lacks the promised issuer `{expected}`"),
        };
        let failure = Failure::new(FailureKind::AuthFailed, message).hint(
            "it was not used; if this happens again, somebody may be tampering with the sign-in, or \
             the authorization server is set up wrongly",
        );
        return Err((Ending::WrongIssuer, failure));
    }
    match (parameters.error, parameters.code) {
        (None, Some(code)) => Ok(code),
        (error, _) => {
            let failure = denied(error.as_deref(), parameters.error_description.as_deref());
            Err((Ending::Denied, failure))
        }
    }
}

fn denied(error: Option<&str>, description: Option<&str>) -> Failure {
    let code = error.unwrap_or("no code");
    let words = description.map_or_else(String::new, |words| format!(": {}", plain(words)));
    let message = match code {
        "access_denied" => format!("the sign-in was denied (`access_denied`{words})"),
        code => {
            format!("the authorization server refuses the sign-in (`{}`{words})", plain(code))
        }
    };
    let hint =
        advice(code).unwrap_or("try again; if it stays like this, ask the server's operator");
    Failure::new(FailureKind::AuthFailed, message).hint(hint)
}

/// What to do about an error code of RFC 6749 §4.1.2.1 and §5.2 or RFC 8707 §2.
pub(crate) fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "access_denied" => "sign in again and approve the request",
        "invalid_scope" => "choose other scopes with `--scope`",
        "invalid_target" => {
            "the authorization server does not know this resource: leave the parameter out with \
             `--disable-resource-parameter`, or name another with `--resource`"
        }
        "temporarily_unavailable" | "server_error" => "try again later",
        "unauthorized_client" | "invalid_client" => {
            "the client may not do this; register another one and give it with \
             `--static-oauth-client-info`"
        }
        _ => return None,
    })
}

/// Redeems the code at the endpoint of the record, whatever metadata says by now.
///
/// # Errors
/// [`GrantError`].
pub(crate) async fn redeem(
    context: &Context,
    pending: &Pending,
    code: &Secret<String>,
) -> Result<SignIn, GrantError> {
    let url = &pending.token_endpoint;
    let endpoint = context.token_endpoint(url, &pending.registration, pending.resource.as_deref());
    let tokens = endpoint.code(code, &pending.verifier, &pending.redirect_uri).await?;
    Ok(SignIn {
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
    use crate::auth::client::auth_method::AuthMethod;
    use crate::auth::discovery::metadata::{AuthorizationServer, ProtectedResource};
    use crate::auth::discovery::search::DiscoveredServer;
    use crate::auth::records::registration::{Registered, Registration};

    fn discovered() -> DiscoveredServer {
        let url = |text: &str| Some(Url::parse(text).unwrap());
        DiscoveredServer {
            resource: Some(ProtectedResource {
                resource: "https://h".to_owned(),
                authorization_servers: vec!["https://as".to_owned()],
                scopes_supported: Vec::new(),
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
            issuer: "https://as".to_owned(),
            how: Registered::Dynamically,
            client_id: "c&d".to_owned(),
            client_secret: None,
            auth_method: AuthMethod::None,
            client_id_in_form: false,
            listed_methods: None,
            secret_expires_at: None,
            redirect_uris: Vec::new(),
            registered_at: 0,
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

    ///
    #[test]
    fn an_answer_needs_the_state_once_and_exactly() {
        let state = Secret::new("s1".to_owned());
        let parse = |query| CallbackParameters::parse(query, &state);
        assert!(parse("code=c&state=s1").is_some());
        assert!(parse("error=access_denied&state=s1&x=y").is_some());
        for query in [
            "",
            "code=c",
            "code=c&state=",
            "code=c&state=s2",
            "code=c&state=s11",
            "code=c&state=S1",
            "state=s1",
            "code=c&state=s1&state=s1",
            "code=c&code=d&state=s1",
            "code=c&state=s1&iss=a&iss=b",
        ] {
            assert_eq!(parse(query), None, "{query}");
        }
    }

    ///
    #[test]
    fn the_issuer_of_the_answer_is_compared_as_text() {
        let state = |pending: &Pending| pending.state.expose().clone();
        let judged = |promised, issuer: Option<&str>| {
            let pending = Pending { issuer_promised: promised, ..pending("") };
            let issuer = issuer.map_or_else(String::new, |issuer| format!("&iss={issuer}"));
            let query = format!("code=c&state={}{issuer}", state(&pending));
            let parameters = CallbackParameters::parse(&query, &pending.state).unwrap();
            validate_callback(&pending, parameters).map_err(|(ending, _)| ending)
        };
        let code = Ok(Secret::new("c".to_owned()));
        assert_eq!(judged(true, Some("https%3A%2F%2Fas")), code);
        assert_eq!(judged(false, Some("https://as")), code);
        assert_eq!(judged(false, None), code);
        for wrong in ["https://as/", "https://AS", "https://as:443", "https://evil", ""] {
            assert_eq!(judged(false, Some(wrong)), Err(Ending::WrongIssuer), "{wrong}");
        }
        assert_eq!(judged(true, None), Err(Ending::WrongIssuer));
    }

    ///
    #[test]
    fn an_error_of_another_issuer_is_neither_shown_nor_acted_on() {
        let pending = pending("");
        let query = format!(
            "error=access_denied&error_description=hunter2&iss=https://evil&state={}",
            pending.state.expose()
        );
        let parameters = CallbackParameters::parse(&query, &pending.state).unwrap();
        let (ending, failure) = validate_callback(&pending, parameters).unwrap_err();
        assert_eq!(ending, Ending::WrongIssuer);
        let text = format!("{failure:?}");
        assert!(!text.contains("hunter2") && !text.contains("denied"), "{text}");
        let query = query.replace("https://evil", "https://as");
        let parameters = CallbackParameters::parse(&query, &pending.state).unwrap();
        let (ending, failure) = validate_callback(&pending, parameters).unwrap_err();
        assert_eq!(ending, Ending::Denied);
        assert!(failure.message.contains("hunter2"), "the right issuer's words are shown");
    }
}
