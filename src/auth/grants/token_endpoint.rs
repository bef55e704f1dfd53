//! Requests to a token endpoint, made by the crate `oauth2` and sent by [`AuthenticatedClient`]:
//! form-encoded, with the resource indicator in every one.

use std::fmt;

use futures_util::future::BoxFuture;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
};
use oauth2::{
    AuthType, AuthorizationCode, ClientId, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, StandardRevocableToken,
    TokenUrl,
};
use url::{Url, form_urlencoded};

use crate::auth::client::authenticated_client::AuthenticatedClient;
use crate::auth::grants::token::{Issued, TokenSet};
use crate::auth::guarded_http::client::GuardedResponse;
use crate::auth::records::registration::Registration;
use crate::error::{Failure, FailureKind};
use crate::redact::{SafeUrl, Secret, plain};
use serde::{Deserialize, Serialize};

/// The crate's client with our token answer.
pub(crate) type Grants = oauth2::Client<
    BasicErrorResponse,
    Issued,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Why there is no token: each variant says what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum GrantError {
    /// The server refused.
    Rejected {
        /// The error code of RFC 6749 §5.2.
        code: String,
        /// In words, made safe to show.
        description: Option<String>,
    },
    /// The server could not be asked, or failed. What we have may still be valid: keep it.
    Unavailable(Failure),
}

impl GrantError {
    /// Whether the server does not know the client any more.
    pub(crate) fn is_unknown_client(&self) -> bool {
        matches!(self, Self::Rejected { code, .. } if is_unknown_client(code))
    }

    /// The failure to report; `asked` is what the server refuses, in words.
    pub(crate) fn into_failure(self, asked: &str) -> Failure {
        match self {
            Self::Unavailable(failure) => failure,
            Self::Rejected { code, description } => {
                let words = description.map_or_else(String::new, |words| format!(": {words}"));
                Failure::new(
                    FailureKind::AuthFailed,
                    format!("the authorization server refuses {asked} (`{code}`{words})"),
                )
            }
        }
    }
}

/// Whether this error says that the server does not know the client any more.
pub(crate) fn is_unknown_client(code: &str) -> bool {
    matches!(code, "invalid_client" | "unauthorized_client")
}

/// One token endpoint as one client sees it.
pub(crate) struct TokenEndpoint<'a> {
    pub(crate) client: AuthenticatedClient<'a>,
    pub(crate) url: &'a Url,
    /// The RFC 8707 indicator.
    pub(crate) resource: Option<&'a str>,
    /// In seconds since 1970.
    pub(crate) now: u64,
}

impl TokenEndpoint<'_> {
    /// Who asks, authenticating the way that was accepted last.
    pub(crate) fn registration(&self) -> Registration {
        self.client.registration()
    }

    /// Redeems an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5).
    ///
    /// # Errors
    /// [`GrantError`].
    pub(crate) async fn code(
        &self,
        code: &Secret<String>,
        verifier: &Secret<String>,
        redirect_uri: &str,
    ) -> Result<TokenSet, GrantError> {
        let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(|_| invalid())?;
        let grants = self.grants().set_redirect_uri(redirect);
        let mut request = grants
            .exchange_code(AuthorizationCode::new(code.expose().clone()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().clone()));
        if let Some(resource) = self.resource {
            request = request.add_extra_param("resource", resource);
        }
        self.tokens(request.request_async(self).await)
    }

    /// Renews tokens (RFC 6749 §6).
    ///
    /// # Errors
    /// [`GrantError`].
    pub(crate) async fn refresh(&self, token: &Secret<String>) -> Result<TokenSet, GrantError> {
        let grants = self.grants();
        let token = RefreshToken::new(token.expose().clone());
        let mut request = grants.exchange_refresh_token(&token);
        if let Some(resource) = self.resource {
            request = request.add_extra_param("resource", resource);
        }
        self.tokens(request.request_async(self).await)
    }

    /// Asks for a token of the client's own (RFC 6749 §4.4, A-70).
    ///
    /// # Errors
    /// [`GrantError`].
    pub(crate) async fn client_credentials(
        &self,
        scope: Option<&str>,
    ) -> Result<TokenSet, GrantError> {
        let grants = self.grants();
        let words = scope.unwrap_or_default().split_whitespace();
        let mut request = grants
            .exchange_client_credentials()
            .add_scopes(words.map(|word| Scope::new(word.to_owned())));
        if let Some(resource) = self.resource {
            request = request.add_extra_param("resource", resource);
        }
        self.tokens(request.request_async(self).await)
    }

    /// The crate's client. What authenticates it is added when a request is sent.
    pub(crate) fn grants(&self) -> Grants {
        oauth2::Client::new(ClientId::new(self.registration().client_id))
            .set_token_uri(TokenUrl::from_url(self.url.clone()))
            .set_auth_type(AuthType::RequestBody)
    }

    /// Validates what the crate made of an answer.
    pub(crate) fn tokens<E>(
        &self,
        answer: Result<Issued, RequestTokenError<Unavailable, E>>,
    ) -> Result<TokenSet, GrantError>
    where
        E: oauth2::ErrorResponse + serde::Serialize + 'static,
    {
        let issued = answer.map_err(grant_error)?;
        if !issued.is_bearer() {
            return Err(GrantError::Unavailable(
                Failure::new(
                    FailureKind::AuthFailed,
                    "the authorization server issues tokens of a type other than `Bearer`",
                )
                .hint("this server needs a newer release of mcp-tether: DPoP is not supported"),
            ));
        }
        Ok(issued.into_tokens(self.now))
    }
}

/// Sends what the crate made. What is not the answer of an OAuth server becomes a failure here,
/// where the status is still known.
impl<'c> oauth2::AsyncHttpClient<'c> for TokenEndpoint<'_> {
    type Error = Unavailable;
    type Future = BoxFuture<'c, Result<HttpResponse, Unavailable>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let form: Vec<(String, String)> = form_urlencoded::parse(request.body())
                .into_owned()
                .filter(|(name, _)| name != "client_id")
                .collect();
            let url =
                Url::parse(&request.uri().to_string()).map_err(|_| Unavailable(not_a_request()))?;
            let answer = self.client.post(&url, &form).await.map_err(Unavailable)?;
            if let Some(failure) = failure_of(&url, &answer) {
                return Err(Unavailable(failure));
            }
            let status = answer.status;
            let mut response = HttpResponse::new(answer.body);
            // Some servers answer 201; the crate knows only 200.
            *response.status_mut() =
                if status.is_success() { http::StatusCode::OK } else { status };
            Ok(response)
        })
    }
}

/// Why this is not the answer of a token endpoint (RFC 6749 §5): a page of a gateway, a server in
/// trouble, a place where there is no endpoint any more.
fn failure_of(url: &Url, answer: &GuardedResponse) -> Option<Failure> {
    let (status, shown) = (answer.status.as_u16(), SafeUrl::new(url));
    let body: Option<serde_json::Map<_, _>> = serde_json::from_slice(&answer.body).ok();
    let is_gone = |body: &serde_json::Map<_, _>| {
        matches!(status, 401 | 404 | 410) && !body.contains_key("error")
    };
    let in_trouble = answer.status.is_server_error() || status == 429;
    let (message, hint) = match body {
        Some(body) if !in_trouble && !is_gone(&body) => return None,
        None if answer.status.is_success() => (
            format!(
                "`{shown}` answered HTTP {status} with {}",
                answer.describe_instead_of("a JSON object")
            ),
            "this is not a token endpoint, or something is in front of it; tell the server's operator",
        ),
        _ => (
            format!("`{shown}` answered HTTP {status}"),
            "the authorization server has a problem; try again later",
        ),
    };
    Some(Failure::new(FailureKind::Http, message).status(status).hint(hint))
}

/// Sorts what the crate reports by what to do next.
pub(crate) fn grant_error<E>(error: RequestTokenError<Unavailable, E>) -> GrantError
where
    E: oauth2::ErrorResponse + serde::Serialize + 'static,
{
    match error {
        RequestTokenError::Request(Unavailable(failure)) => GrantError::Unavailable(failure),
        RequestTokenError::ServerResponse(answer) => {
            rejected(&serde_json::to_value(&answer).unwrap_or_default())
        }
        // Some servers answer 200 with an error inside.
        RequestTokenError::Parse(_, body) => {
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            match body.get("error") {
                Some(_) => rejected(&body),
                None => GrantError::Unavailable(Failure::new(
                    FailureKind::AuthFailed,
                    "the authorization server's answer holds no access token",
                )),
            }
        }
        RequestTokenError::Other(_) => invalid(),
    }
}

fn rejected(answer: &serde_json::Value) -> GrantError {
    let text = |name: &str| answer.get(name).and_then(serde_json::Value::as_str).map(plain);
    GrantError::Rejected {
        code: text("error").unwrap_or_else(|| "unknown".to_owned()),
        description: text("error_description"),
    }
}

fn invalid() -> GrantError {
    GrantError::Unavailable(not_a_request())
}

fn not_a_request() -> Failure {
    let message = "the request to the authorization server cannot be built";
    Failure::new(FailureKind::AuthFailed, message)
}

/// The authorization server gave no usable answer.
#[derive(Debug)]
pub(crate) struct Unavailable(pub(crate) Failure);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Unavailable {}
