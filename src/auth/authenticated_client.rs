//! Requests in which a client proves who it is (RFC 6749 §2.3): to the token, device authorization
//! and revocation endpoints. Servers read the same credentials differently, so what one refuses is
//! repeated another way before the refusal counts. A failed authentication spends neither a code
//! nor a token.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use url::{Url, form_urlencoded};

use super::client_authentication::{SigningKey, credentials};
use super::outside::{Answer, Outside};
use super::record::Registration;
use crate::error::{Failure, FailureKind};

/// Sends forms for one client.
pub(super) struct AuthenticatedClient<'a> {
    outside: &'a Outside,
    key: Option<&'a SigningKey>,
    now: u64,
    /// The client, authenticating the way that was accepted last.
    client: Mutex<Registration>,
}

impl<'a> AuthenticatedClient<'a> {
    /// `key` signs for `private_key_jwt`; `now` is in seconds since 1970.
    pub(super) fn new(
        outside: &'a Outside,
        client: &Registration,
        key: Option<&'a SigningKey>,
        now: u64,
    ) -> Self {
        Self { outside, key, now, client: Mutex::new(client.clone()) }
    }

    /// The client, authenticating the way that was accepted last.
    pub(super) fn registration(&self) -> Registration {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a form and what authenticates the client. A refusal of the client is answered by
    /// sending the form again in each other way that the server may accept, once; if none is
    /// accepted, the first refusal is the answer.
    ///
    /// # Errors
    /// The server cannot be reached, or the client cannot sign. Nothing is repeated then.
    pub(super) async fn post(
        &self,
        url: &Url,
        form: &[(String, String)],
    ) -> Result<Answer, Failure> {
        let client = self.registration();
        let refusal = self.attempt(&client, url, form).await?;
        if reading_of(&refusal) != Reading::ClientRefused {
            return Ok(refusal);
        }
        for other in client.other_ways() {
            let answer = self.attempt(&other, url, form).await?;
            match reading_of(&answer) {
                Reading::ClientRefused => {}
                Reading::Unknown => return Ok(answer),
                Reading::ClientAccepted => {
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

    async fn attempt(
        &self,
        client: &Registration,
        url: &Url,
        form: &[(String, String)],
    ) -> Result<Answer, Failure> {
        let credentials = credentials(client, self.key, &client.issuer, self.now)?;
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .extend_pairs(credentials.fields)
            .finish();
        let mut request = http::Request::post(url.as_str())
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(http::header::ACCEPT, crate::protocol::headers::JSON);
        if let Some(header) = credentials.header {
            request = request.header(http::header::AUTHORIZATION, header.expose());
        }
        let request = request
            .body(body.into_bytes())
            .map_err(|_| Failure::new(FailureKind::AuthFailed, "an endpoint is not a valid URL"))?;
        self.outside.post(request).await
    }
}

/// What an answer says about the client's authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// It is not who it says, as far as the server can tell.
    ClientRefused,
    /// The server has read the request itself, whatever it thinks of it.
    ClientAccepted,
    /// Nothing: the server is in trouble, or this is not an OAuth server's answer.
    Unknown,
}

fn reading_of(answer: &Answer) -> Reading {
    let status = answer.status.as_u16();
    if answer.status.is_server_error() || matches!(status, 408 | 425 | 429) {
        return Reading::Unknown;
    }
    // Some servers answer 200 with an error inside.
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match body["error"].as_str() {
        Some(code) if refuses_client(code, body["error_description"].as_str(), status) => {
            Reading::ClientRefused
        }
        Some(_) => Reading::ClientAccepted,
        None if answer.status.is_success() => Reading::ClientAccepted,
        // RFC 6749 §5.2: 401 is about the client, also where a server says nothing else.
        None if status == 401 => Reading::ClientRefused,
        None => Reading::Unknown,
    }
}

/// RFC 6749 §5.2. `invalid_request` is the code for a missing or repeated parameter, so its status
/// or description has to be about the client.
fn refuses_client(code: &str, description: Option<&str>, status: u16) -> bool {
    match code {
        "invalid_client" | "unauthorized_client" => true,
        "invalid_request" => {
            let words = description.unwrap_or_default().to_ascii_lowercase();
            let parameters =
                ["client_id", "client_secret", "client credentials", "client authentication"];
            status == 401 || parameters.iter().any(|parameter| words.contains(parameter))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(status: u16, body: &str) -> Reading {
        reading_of(&Answer {
            status: http::StatusCode::from_u16(status).unwrap(),
            media_type: String::new(),
            body: body.as_bytes().to_vec(),
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
        ] {
            assert_eq!(reading(status, body), Reading::ClientRefused, "{status} {body}");
        }
        for (status, body) in [
            (200, r#"{"access_token":"a"}"#),
            (200, ""),
            (400, r#"{"error":"invalid_grant"}"#),
            (401, r#"{"error":"invalid_grant"}"#),
            (400, r#"{"error":"authorization_pending"}"#),
            (400, r#"{"error":"invalid_request","error_description":"no resource"}"#),
        ] {
            assert_eq!(reading(status, body), Reading::ClientAccepted, "{status} {body}");
        }
        for (status, body) in [
            (500, r#"{"error":"invalid_client"}"#),
            (503, ""),
            (429, r#"{"error":"invalid_client"}"#),
            (408, ""),
            (404, "<html>"),
        ] {
            assert_eq!(reading(status, body), Reading::Unknown, "{status} {body}");
        }
    }
}
