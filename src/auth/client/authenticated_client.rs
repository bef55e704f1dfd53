//! Requests with client authentication (RFC 6749 §2.3), to the token, device authorization and
//! revocation endpoints. Servers read the same credentials differently, so a refused request is
//! repeated with another method before the refusal counts. A failed authentication uses up neither
//! a code nor a token.

use std::sync::{Mutex, PoisonError};

use http::Method;
use url::{Url, form_urlencoded};

use crate::auth::client::authentication::credentials;
use crate::auth::client::signing_key::SigningKey;
use crate::auth::dpop::prover::{MAX_PROOF_RETRIES, Prover};
use crate::auth::guarded_http::client::{GuardedClient, GuardedResponse, not_requestable};
use crate::auth::guarded_http::error_answer::ErrorAnswer;
use crate::auth::records::registration::Registration;
use crate::error::Failure;
use crate::protocol::headers;
use crate::redact::without;

/// Sends forms for one client.
pub(crate) struct AuthenticatedClient<'a> {
    http_client: &'a GuardedClient,
    key: Option<&'a SigningKey>,
    now: u64,
    /// Proves that the tokens asked for belong to a key (RFC 9449).
    prover: Option<Prover>,
    /// The client, with the authentication method that was accepted last.
    client: Mutex<Registration>,
}

impl<'a> AuthenticatedClient<'a> {
    /// `key` signs for `private_key_jwt`; `now` is in seconds since 1970.
    pub(crate) fn new(
        http_client: &'a GuardedClient,
        client: &Registration,
        key: Option<&'a SigningKey>,
        now: u64,
    ) -> Self {
        Self { http_client, key, now, prover: None, client: Mutex::new(client.clone()) }
    }

    /// Sends a proof with every form.
    pub(crate) fn proving(self, prover: Option<Prover>) -> Self {
        Self { prover, ..self }
    }

    /// Whether a proof goes with every form, so that tokens may be bound to its key.
    pub(crate) fn proves(&self) -> bool {
        self.prover.is_some()
    }

    /// The client, authenticating the way that was accepted last.
    pub(crate) fn registration(&self) -> Registration {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a form with client authentication. If the server refuses the client, sends the form
    /// again, once for each other method; if it accepts none, returns the first refusal.
    ///
    /// # Errors
    /// The server cannot be reached, or the client cannot sign. Nothing is repeated then.
    pub(crate) async fn post(
        &self,
        url: &Url,
        form: &[(String, String)],
    ) -> Result<GuardedResponse, Failure> {
        let client = self.registration();
        let refusal = self.attempt(&client, url, form).await?;
        if verdict_of(&refusal) != ClientVerdict::Refused {
            return Ok(refusal);
        }
        for other in client.other_ways() {
            let answer = self.attempt(&other, url, form).await?;
            match verdict_of(&answer) {
                ClientVerdict::Refused => {}
                ClientVerdict::Undecided => return Ok(answer),
                ClientVerdict::Accepted => {
                    tracing::info!(
                        method = other.auth_method.name(),
                        client_id_in_form = other.client_id_in_form,
                        "the authorization server accepts this way to authenticate only"
                    );
                    *self.client.lock().unwrap_or_else(PoisonError::into_inner) = other;
                    return Ok(answer);
                }
            }
        }
        Ok(refusal)
    }

    /// Sends a form, once more for each proof that is refused for its nonce or its time (RFC 9449
    /// §8).
    async fn attempt(
        &self,
        client: &Registration,
        url: &Url,
        form: &[(String, String)],
    ) -> Result<GuardedResponse, Failure> {
        let mut retries = 0;
        loop {
            let answer = self.send(client, url, form).await?;
            let Some(prover) = &self.prover else { return Ok(answer) };
            let error = ErrorAnswer::of(&answer);
            if !prover.may_retry(url, &answer.dpop, error.code.as_deref())
                || retries == MAX_PROOF_RETRIES
            {
                return Ok(answer);
            }
            retries += 1;
        }
    }

    async fn send(
        &self,
        client: &Registration,
        url: &Url,
        form: &[(String, String)],
    ) -> Result<GuardedResponse, Failure> {
        let credentials = credentials(client, self.key, &client.issuer, self.now)?;
        let is_only_in_form = |name: &str| credentials.fields.iter().all(|(own, _)| *own != name);
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form.iter().filter(|(name, _)| is_only_in_form(name)))
            .extend_pairs(&credentials.fields)
            .finish();
        let mut request = http::Request::post(url.as_str())
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(http::header::ACCEPT, headers::JSON);
        if let Some(header) = credentials.header {
            request = request.header(http::header::AUTHORIZATION, header.expose_to_wire());
        }
        if let Some(prover) = &self.prover {
            request = request.header(headers::DPOP, prover.proof(&Method::POST, url, None)?);
        }
        let request = request.body(body.into_bytes()).map_err(|_| not_requestable(url))?;
        let mut answer = self.http_client.post(request).await?;
        if !answer.status.is_success() {
            let sent = form.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let own = credentials.fields.iter().map(|(name, value)| (*name, value.as_str()));
            let secret = client.client_secret.as_ref().map(|secret| secret.expose().as_str());
            hide_repeated(&mut answer.body, sent.chain(own), secret);
        }
        Ok(answer)
    }
}

/// Form parameters that are not secret. An error message may need their values.
const PUBLIC_PARAMETERS: [&str; 12] = [
    "grant_type",
    "client_id",
    "client_assertion_type",
    "redirect_uri",
    "resource",
    "scope",
    "audience",
    "subject_token_type",
    "requested_token_type",
    "token_type_hint",
    "response_type",
    "code_challenge_method",
];

/// Removes sent values from the body of a refusal that repeats them, because refusals are shown
/// (S-09).
fn hide_repeated<'v>(
    body: &mut Vec<u8>,
    sent: impl Iterator<Item = (&'v str, &'v str)>,
    client_secret: Option<&'v str>,
) {
    let Ok(text) = std::str::from_utf8(body) else { return };
    let secrets =
        sent.filter(|(name, _)| !PUBLIC_PARAMETERS.contains(name)).map(|(_, value)| value);
    *body = without(text, secrets.chain(client_secret)).into_bytes();
}

/// What a response says about the client's authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientVerdict {
    /// The server does not accept it.
    Refused,
    /// The server accepted it, whatever it said about the request itself.
    Accepted,
    /// Nothing: the server has a problem, or this is not the response of an OAuth server.
    Undecided,
}

fn verdict_of(answer: &GuardedResponse) -> ClientVerdict {
    let status = answer.status.as_u16();
    if answer.status.is_server_error() || matches!(status, 408 | 425 | 429) {
        return ClientVerdict::Undecided;
    }
    // Some servers answer 200 with an error inside, or with an object as the error.
    let error = ErrorAnswer::of(answer);
    match error.code.as_deref() {
        Some(code) if refuses_client(code, error.description.as_deref(), status) => {
            ClientVerdict::Refused
        }
        Some(code) if is_word(code) => ClientVerdict::Accepted,
        None if answer.status.is_success() => ClientVerdict::Accepted,
        // RFC 6749 §5.2: 401 is about the client, even if the server says nothing else.
        _ if status == 401 => ClientVerdict::Refused,
        _ => ClientVerdict::Undecided,
    }
}

/// Whether a code looks like an OAuth error code. One inside an object may be the server's own
/// number or name, which says nothing about the client.
fn is_word(code: &str) -> bool {
    code.contains('_') && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Whether an error refuses the client (RFC 6749 §5.2). `invalid_request` is also the code for a
/// missing or repeated parameter, so its status or description has to be about the client.
fn refuses_client(code: &str, description: Option<&str>, status: u16) -> bool {
    match code {
        "invalid_client" | "unauthorized_client" => true,
        "invalid_request" => {
            let words = description.unwrap_or_default().to_ascii_lowercase();
            let parameters = [
                "client_id",
                "client_secret",
                "client credentials",
                "client authentication",
                "authorization header",
            ];
            status == 401 || parameters.iter().any(|parameter| words.contains(parameter))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, body: &str) -> ClientVerdict {
        verdict_of(&GuardedResponse {
            status: http::StatusCode::from_u16(status).unwrap(),
            body: body.as_bytes().to_vec(),
            ..GuardedResponse::default()
        })
    }

    /// A-50
    #[test]
    fn only_a_refusal_of_the_client_asks_for_another_way() {
        for (status, body) in [
            (401, r#"{"error":"invalid_client"}"#),
            (400, r#"{"error":"unauthorized_client","error_description":"Missing client_id"}"#),
            (401, r#"{"error":"unauthorized_client"}"#),
            (200, r#"{"error":"invalid_client"}"#),
            (400, r#"{"error":"invalid_request","error_description":"client_id is missing"}"#),
            (401, r#"{"error":"invalid_request"}"#),
            (401, ""),
            (401, "<html>"),
            (400, r#"{"error":{"code":"invalid_client","message":"who are you"}}"#),
            (401, r#"{"error":{"code":401}}"#),
        ] {
            assert_eq!(verdict(status, body), ClientVerdict::Refused, "{status} {body}");
        }
        for (status, body) in [
            (200, r#"{"access_token":"a"}"#),
            (200, ""),
            (400, r#"{"error":"invalid_grant"}"#),
            (401, r#"{"error":"invalid_grant"}"#),
            (400, r#"{"error":"authorization_pending"}"#),
            (400, r#"{"error":"invalid_request","error_description":"no resource"}"#),
        ] {
            assert_eq!(verdict(status, body), ClientVerdict::Accepted, "{status} {body}");
        }
        for (status, body) in [
            (500, r#"{"error":"invalid_client"}"#),
            (503, ""),
            (429, r#"{"error":"invalid_client"}"#),
            (408, ""),
            (404, "<html>"),
            (403, r#"{"error":{"code":403,"message":"quota"}}"#),
            (400, r#"{"error":{}}"#),
        ] {
            assert_eq!(verdict(status, body), ClientVerdict::Undecided, "{status} {body}");
        }
    }
}
