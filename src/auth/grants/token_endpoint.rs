//! Requests to a token endpoint, built by the crate `oauth2` and sent by [`AuthenticatedClient`]:
//! form-encoded, each with the resource indicator.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

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
use crate::auth::grants::token_answer::{AnswerKind, is_transient_code, refused_parameter, sort};
use crate::auth::grants::user_parameters::UserParameters;
use crate::auth::guarded_http::answer_object::as_json;
use crate::auth::guarded_http::client::GuardedResponse;
use crate::auth::guarded_http::error_answer::ErrorAnswer;
use crate::auth::records::registration::{Registered, Registration};
use crate::error::{Failure, FailureKind};
use crate::pace;
use crate::redact::{SafeUrl, Secret};
use serde::{Deserialize, Serialize};

/// How often to wait as long as the server asks.
const MAX_WAITS: u32 = 2;

/// The crate's client, with our type for token responses.
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

/// The reason why a token endpoint issued no token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum GrantError {
    /// The server refused.
    Rejected {
        /// The error code of RFC 6749 §5.2.
        code: String,
        /// The server's description, made safe to show.
        description: Option<String>,
    },
    /// The server could not be reached, or failed. Existing tokens may still be valid, and are kept
    ///
    Unavailable(Failure),
}

impl GrantError {
    /// Whether the server no longer knows the client.
    pub(crate) fn is_unknown_client(&self) -> bool {
        matches!(self, Self::Rejected { code, .. } if is_unknown_client(code))
    }

    /// Whether the error means that the presented tokens are dead, for this kind of client.
    /// The user's own client may just have been given wrongly this time.
    pub(crate) fn ends_tokens_of(&self, registration: &Registration) -> bool {
        let Self::Rejected { code, .. } = self else { return false };
        code == "invalid_grant"
            || is_unknown_client(code) && registration.how != Registered::Beforehand
    }

    /// Whether the server only asks to try again later.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Rejected { code, .. } => is_transient_code(code),
            // Without a status, there was no response.
            Self::Unavailable(failure) => matches!(failure.status, None | Some(408 | 425 | 429)),
        }
    }

    /// The failure to report; `asked` is the subject of the refusal, in words. `hint` gives the
    /// advice for an error code and its description.
    pub(crate) fn into_failure(
        self,
        asked: &str,
        hint: impl FnOnce(&str, Option<&str>) -> String,
    ) -> Failure {
        match self {
            Self::Unavailable(failure) => failure,
            Self::Rejected { code, description } => {
                let hint = hint(&code, description.as_deref());
                let words = description.map_or_else(String::new, |words| format!(": {words}"));
                Failure::new(
                    FailureKind::AuthFailed,
                    format!("the authorization server refuses {asked} (`{code}`{words})"),
                )
                .hint(hint)
            }
        }
    }
}

/// Whether this error code says that the server no longer knows the client.
pub(crate) fn is_unknown_client(code: &str) -> bool {
    matches!(code, "invalid_client" | "unauthorized_client")
}

/// A token endpoint, for one client.
pub(crate) struct TokenEndpoint<'a> {
    pub(crate) client: AuthenticatedClient<'a>,
    pub(crate) url: &'a Url,
    /// The RFC 8707 indicator.
    pub(crate) resource: Option<&'a str>,
    /// The time, in seconds since 1970.
    pub(crate) now: u64,
    /// The server's last problem, for callers that keep polling in spite of it.
    trouble: Mutex<Option<Failure>>,
}

impl<'a> TokenEndpoint<'a> {
    /// `resource` is the RFC 8707 indicator; `now` is in seconds since 1970.
    pub(crate) fn new(
        client: AuthenticatedClient<'a>,
        url: &'a Url,
        resource: Option<&'a str>,
        now: u64,
    ) -> Self {
        Self { client, url, resource, now, trouble: Mutex::default() }
    }

    /// The error of a polling exchange: when its time is over, the server's last problem is the
    /// reason (RFC 8628 §3.5).
    pub(crate) fn explained(&self, error: GrantError) -> GrantError {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (&error, trouble) {
            (GrantError::Rejected { code, .. }, Some(trouble)) if code == "expired_token" => {
                GrantError::Unavailable(trouble)
            }
            _ => error,
        }
    }

    /// The client, with the authentication method that was accepted last.
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
            .exchange_code(AuthorizationCode::new(code.expose_to_wire().clone()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_to_wire().clone()));
        if let Some(resource) = self.resource {
            request = request.add_extra_param("resource", resource);
        }
        self.tokens(request.request_async(self).await)
    }

    /// Refreshes tokens (RFC 6749 §6); `scope` is exactly as granted.
    ///
    /// # Errors
    /// [`GrantError`].
    pub(crate) async fn refresh(
        &self,
        token: &Secret<String>,
        scope: Option<&str>,
    ) -> Result<TokenSet, GrantError> {
        let grants = self.grants();
        let token = RefreshToken::new(token.expose_to_wire().clone());
        let words = scope.unwrap_or_default().split_whitespace();
        let mut request = grants
            .exchange_refresh_token(&token)
            .add_scopes(words.map(|word| Scope::new(word.to_owned())));
        if let Some(resource) = self.resource {
            request = request.add_extra_param("resource", resource);
        }
        self.tokens(request.request_async(self).await)
    }

    /// Requests a token for the client itself (RFC 6749 §4.4, A-70), with the user's parameters.
    ///
    /// # Errors
    /// [`GrantError`].
    pub(crate) async fn client_credentials(
        &self,
        scope: Option<&str>,
        params: UserParameters<'_>,
    ) -> Result<TokenSet, GrantError> {
        let grants = self.grants();
        let words = params.ours("scope", scope).unwrap_or_default().split_whitespace();
        let mut request = grants
            .exchange_client_credentials()
            .add_scopes(words.map(|word| Scope::new(word.to_owned())));
        if let Some(resource) = params.ours("resource", self.resource) {
            request = request.add_extra_param("resource", resource);
        }
        for (name, value) in params.pairs() {
            request = request.add_extra_param(name, value);
        }
        self.tokens(request.request_async(self).await)
    }

    /// The crate's client. Its authentication is added when a request is sent.
    pub(crate) fn grants(&self) -> Grants {
        oauth2::Client::new(ClientId::new(self.registration().client_id))
            .set_token_uri(TokenUrl::from_url(self.url.clone()))
            .set_auth_type(AuthType::RequestBody)
    }

    /// Validates the crate's reading of a response.
    pub(crate) fn tokens<E>(
        &self,
        answer: Result<Issued, RequestTokenError<Unavailable, E>>,
    ) -> Result<TokenSet, GrantError>
    where
        E: oauth2::ErrorResponse + serde::Serialize + 'static,
    {
        self.checked(answer.map_err(|error| grant_error(self.url, error))?)
    }

    /// Sends a grant that the crate does not know (RFC 6749 §4.5); returns the response's body
    /// unless it is a refusal.
    ///
    /// # Errors
    /// [`GrantError`].
    pub(crate) async fn extension_grant(
        &self,
        form: &[(&str, &str)],
    ) -> Result<Vec<u8>, GrantError> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let form: Vec<_> = form.iter().map(owned).collect();
        let answer = self.client.post(self.url, &form).await.map_err(GrantError::Unavailable)?;
        let error = ErrorAnswer::of(&answer);
        match sort(self.url, self.flag_for(self.url), &answer, &error) {
            AnswerKind::Issued => Ok(as_json(answer.body)),
            AnswerKind::Refusal { code } => {
                Err(GrantError::Rejected { code, description: error.description })
            }
            AnswerKind::Trouble(failure) => Err(GrantError::Unavailable(failure)),
        }
    }

    /// Reads the tokens in a response.
    ///
    /// # Errors
    /// There are no usable tokens.
    pub(crate) fn issued(&self, body: &[u8]) -> Result<TokenSet, GrantError> {
        let issued = serde_json::from_slice(body);
        self.checked(issued.map_err(|_| GrantError::Unavailable(without_token(self.url)))?)
    }

    fn checked(&self, issued: Issued) -> Result<TokenSet, GrantError> {
        if let Err(reason) = issued.check(self.client.proves()) {
            let failure = Failure::new(
                FailureKind::AuthFailed,
                format!("the access token that `{}` issued {reason}", SafeUrl::new(self.url)),
            );
            return Err(GrantError::Unavailable(failure.status(200).hint(
                "this server cannot be used with this release of mcp-tether; if it takes an API \
                 key, pass it with `--header 'Authorization: Bearer KEY'`",
            )));
        }
        Ok(issued.into_tokens(self.now))
    }
}

/// Sends the crate's requests. The crate gets every refusal in the form of RFC 6749 §5.2; a
/// response that says nothing about the request becomes a failure here, where the status is still
/// known.
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
            let sent = self.send_without_refused(&url, form).await;
            let answer = sent.map_err(|failure| self.in_trouble(failure))?;
            let error = ErrorAnswer::of(&answer);
            match sort(&url, self.flag_for(&url), &answer, &error) {
                AnswerKind::Issued => Ok(HttpResponse::new(as_json(answer.body))),
                AnswerKind::Refusal { code } => {
                    let mut refusal = serde_json::json!({ "error": code });
                    if let Some(description) = error.description {
                        refusal["error_description"] = description.into();
                    }
                    let mut response = HttpResponse::new(refusal.to_string().into_bytes());
                    *response.status_mut() = http::StatusCode::BAD_REQUEST;
                    Ok(response)
                }
                AnswerKind::Trouble(failure) => Err(self.in_trouble(failure)),
            }
        })
    }
}

impl TokenEndpoint<'_> {
    /// The flag that names another endpoint in place of this one.
    fn flag_for(&self, url: &Url) -> &'static str {
        if url == self.url { "--token-endpoint" } else { "--device-endpoint" }
    }

    fn in_trouble(&self, failure: Failure) -> Unavailable {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        *trouble = Some(failure.clone());
        Unavailable(failure)
    }

    /// Sends a form; if a refresh is refused for an optional parameter, sends it once more without
    /// that. Such a refusal does not use up the refresh token.
    async fn send_without_refused(
        &self,
        url: &Url,
        mut form: Vec<(String, String)>,
    ) -> Result<GuardedResponse, Failure> {
        let mut answer = self.send_with_patience(url, &form).await?;
        while let Some(refused) = refused_parameter(&answer, &form) {
            tracing::info!(
                parameter = refused,
                "the server refuses this parameter: it is left out"
            );
            form.retain(|(name, _)| name != refused);
            answer = self.send_with_patience(url, &form).await?;
        }
        Ok(answer)
    }

    /// Sends a form, again after a short `Retry-After` of 429 or 503: then it was not looked
    /// at.
    async fn send_with_patience(
        &self,
        url: &Url,
        form: &[(String, String)],
    ) -> Result<GuardedResponse, Failure> {
        let mut waits = 0;
        loop {
            let answer = self.client.post(url, form).await?;
            let asked = answer.retry_after.map(Duration::from_secs);
            match asked.filter(|asked| pace::TOKEN_RETRY_AFTER.is_acceptable(*asked)) {
                Some(asked) if matches!(answer.status.as_u16(), 429 | 503) && waits < MAX_WAITS => {
                    tokio::time::sleep(pace::TOKEN_RETRY_AFTER.clamp(asked)).await;
                    waits += 1;
                }
                _ => return Ok(answer),
            }
        }
    }
}

/// Converts the crate's error about the endpoint at `url`.
pub(crate) fn grant_error<E>(url: &Url, error: RequestTokenError<Unavailable, E>) -> GrantError
where
    E: oauth2::ErrorResponse + serde::Serialize + 'static,
{
    match error {
        RequestTokenError::Request(Unavailable(failure)) => GrantError::Unavailable(failure),
        RequestTokenError::ServerResponse(answer) => {
            rejected(&serde_json::to_value(&answer).unwrap_or_default())
        }
        RequestTokenError::Parse(..) => GrantError::Unavailable(without_token(url)),
        RequestTokenError::Other(_) => invalid(),
    }
}

fn rejected(answer: &serde_json::Value) -> GrantError {
    let text = |name: &str| answer.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    GrantError::Rejected {
        code: text("error").unwrap_or_else(|| "unknown".to_owned()),
        description: text("error_description"),
    }
}

fn without_token(url: &Url) -> Failure {
    let message = format!("`{}` answered HTTP 200 without an access token", SafeUrl::new(url));
    Failure::new(FailureKind::AuthFailed, message).status(200).hint(
        "tell the server's operator; if tokens come from another address, name it with \
         `--token-endpoint URL`",
    )
}

fn invalid() -> GrantError {
    GrantError::Unavailable(not_a_request())
}

fn not_a_request() -> Failure {
    let message = "the request to the authorization server cannot be built";
    Failure::new(FailureKind::AuthFailed, message)
        .hint("please report this as a bug in `mcp-tether`, with the server's URL")
}

/// The error for an authorization server without a usable response.
#[derive(Debug)]
pub(crate) struct Unavailable(pub(crate) Failure);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Unavailable {}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(code: &str) -> GrantError {
        GrantError::Rejected { code: code.to_owned(), description: None }
    }

    fn unavailable(status: Option<u16>) -> GrantError {
        let failure = Failure::new(FailureKind::Http, "it failed").hint("wait");
        GrantError::Unavailable(status.into_iter().fold(failure, Failure::status))
    }

    ///
    #[test]
    fn an_error_says_what_has_become_of_tokens_and_client() {
        let of = |how| Registration { how, ..Registration::anonymous("https://as.example", 0) };
        let (ours, given) = (of(Registered::Dynamically), of(Registered::Beforehand));
        for (error, is_unknown, ends_ours, ends_given, is_transient) in [
            (rejected("invalid_grant"), false, true, true, false),
            (rejected("invalid_client"), true, true, false, false),
            (rejected("unauthorized_client"), true, true, false, false),
            (rejected("invalid_scope"), false, false, false, false),
            (rejected("temporarily_unavailable"), false, false, false, true),
            (unavailable(None), false, false, false, true),
            (unavailable(Some(408)), false, false, false, true),
            (unavailable(Some(429)), false, false, false, true),
            (unavailable(Some(500)), false, false, false, false),
            (unavailable(Some(200)), false, false, false, false),
        ] {
            assert_eq!(error.is_unknown_client(), is_unknown, "{error:?}");
            assert_eq!(error.ends_tokens_of(&ours), ends_ours, "{error:?}");
            assert_eq!(error.ends_tokens_of(&given), ends_given, "{error:?}");
            assert_eq!(error.is_transient(), is_transient, "{error:?}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words_with_advice() {
        let described = GrantError::Rejected {
            code: "invalid_grant".to_owned(),
            description: Some("it has expired".to_owned()),
        };
        let failure = described
            .into_failure("the sign-in", |code, words| format!("{code} {}", words.unwrap_or("-")));
        let message =
            "the authorization server refuses the sign-in (`invalid_grant`: it has expired)";
        assert_eq!((failure.message.as_str(), failure.kind), (message, FailureKind::AuthFailed));
        assert_eq!(failure.hint, "invalid_grant it has expired");
        let bare = rejected("x").into_failure("it", |_, words| format!("{}", words.is_none()));
        assert!(bare.message.ends_with("refuses it (`x`)") && bare.hint == "true");
        let failed = unavailable(Some(500)).into_failure("it", |_, _| unreachable!("no advice"));
        assert_eq!((failed.message.as_str(), failed.status), ("it failed", Some(500)));
    }

    #[test]
    fn a_refusal_without_a_code_is_still_one() {
        let of = |value| super::rejected(&value);
        assert_eq!(of(serde_json::json!({})), rejected("unknown"));
        assert_eq!(of(serde_json::json!({ "error": 7 })), rejected("unknown"));
        let said = of(serde_json::json!({ "error": "a", "error_description": "b" }));
        let expected =
            GrantError::Rejected { code: "a".to_owned(), description: Some("b".to_owned()) };
        assert_eq!(said, expected);
    }
}
