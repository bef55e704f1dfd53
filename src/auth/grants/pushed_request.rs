//! Pushed authorization requests (RFC 9126): the parameters are sent to the authorization server
//! first, and the browser's page only refers to them. If pushing is optional and fails, the page
//! carries the parameters itself.

use serde_json::{Map, Value};
use url::Url;

use crate::auth::context::Context;
use crate::auth::guarded_http::client::GuardedResponse;
use crate::auth::guarded_http::error_answer::ErrorAnswer;
use crate::auth::records::record::{Pending, PushedPage};
use crate::error::{Failure, FailureKind};
use crate::redact::{SafeUrl, Secret, plain};

/// How long a pushed request is valid, in seconds, if the server does not say.
const DEFAULT_SECONDS: u64 = 60;
/// The shortest and longest accepted validity, in seconds: it must neither cause a storm of
/// requests nor keep a page from ever being replaced.
const MIN_SECONDS: u64 = 10;
const MAX_SECONDS: u64 = 600;
/// The longest accepted `request_uri`, in bytes.
const MAX_URI_BYTES: usize = 2048;

/// Why a request was not pushed.
pub(crate) struct NotPushed {
    /// The error code of RFC 9126 §2.3; empty if there was no refusal of the request itself.
    pub(crate) code: String,
    pub(crate) failure: Failure,
}

impl From<Failure> for NotPushed {
    fn from(failure: Failure) -> Self {
        Self { code: String::new(), failure }
    }
}

/// Pushes the request of `pending`, and makes its page refer to it. `own` is the authorization
/// endpoint from the metadata, whose own query parameters stay in the page.
///
/// # Errors
/// The server refuses, or cannot be reached. Nothing is changed.
pub(crate) async fn push(
    context: &Context,
    pending: &mut Pending,
    endpoint: &Url,
    own: &Url,
) -> Result<(), NotPushed> {
    let full = pending.request_page().clone();
    let kept: Vec<(String, String)> = own.query_pairs().into_owned().collect();
    let form: Vec<(String, String)> =
        full.query_pairs().into_owned().filter(|pair| !kept.contains(pair)).collect();
    let before = pending.registration.clone();
    let prover = context.prover(&pending.binding)?;
    let client = context.authenticated(&before).proving(prover);
    let answer = client.post(endpoint, &form).await?;
    let (uri, seconds) = read(endpoint, &answer)?;
    let accepted = client.registration();
    context.remember_accepted_method(&before, &accepted).await;
    pending.registration = accepted;
    let mut page = own.clone();
    page.query_pairs_mut()
        .append_pair("client_id", &pending.registration.client_id)
        .append_pair("request_uri", &uri);
    pending.page = Secret::new(page);
    pending.pushed = Some(PushedPage {
        full: Secret::new(full),
        endpoint: endpoint.clone(),
        own: own.clone(),
        ends: context.now() + seconds,
    });
    Ok(())
}

/// Pushes the request once more, because the page is about to expire.
pub(crate) async fn push_again(context: &Context, pending: &mut Pending) {
    let Some(pushed) = pending.pushed.clone() else { return };
    if let Err(refused) = push(context, pending, &pushed.endpoint, &pushed.own).await {
        tracing::warn!("the page to sign in at has ended: {}", refused.failure.message);
        // Tried again when the next one would have expired.
        let ends = context.now() + MIN_SECONDS;
        pending.pushed = Some(PushedPage { ends, ..pushed });
    }
}

fn read(endpoint: &Url, answer: &GuardedResponse) -> Result<(String, u64), NotPushed> {
    let shown = SafeUrl::new(endpoint);
    let status = answer.status.as_u16();
    let body: Option<Map<String, Value>> = serde_json::from_slice(&answer.body).ok();
    let uri = body.as_ref().and_then(|body| body.get("request_uri")).and_then(Value::as_str);
    let fits = |uri: &&str| {
        !uri.is_empty() && uri.len() <= MAX_URI_BYTES && uri.bytes().all(|b| b.is_ascii_graphic())
    };
    if let (true, Some(uri)) = (answer.status.is_success(), uri.filter(fits)) {
        let seconds = body.as_ref().and_then(|body| body.get("expires_in")).and_then(Value::as_u64);
        let seconds = seconds.unwrap_or(DEFAULT_SECONDS).clamp(MIN_SECONDS, MAX_SECONDS);
        return Ok((uri.to_owned(), seconds));
    }
    let error = ErrorAnswer::of(answer);
    let words = error.in_words();
    let message = match (answer.status.is_success(), words.is_empty()) {
        (true, true) => {
            let instead = answer.describe_instead_of("a `request_uri`");
            format!("`{shown}` answered HTTP {status} to the pushed request, with {instead}")
        }
        (_, true) => format!("`{shown}` answered HTTP {status} to the pushed request"),
        (_, false) => {
            format!("the authorization server refuses the pushed request: {}", plain(&words))
        }
    };
    let is_busy = status >= 500 || matches!(status, 408 | 425 | 429);
    let hint = if is_busy {
        answer.when_to_try_again()
    } else {
        "tell the operator of the authorization server (RFC 9126)".to_owned()
    };
    let failure = Failure::new(FailureKind::AuthFailed, message).status(status).hint(hint);
    Err(NotPushed { code: error.code.unwrap_or_default(), failure })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> GuardedResponse {
        GuardedResponse {
            status: http::StatusCode::from_u16(status).unwrap(),
            body: body.as_bytes().to_vec(),
            ..GuardedResponse::default()
        }
    }

    /// A-89
    #[test]
    fn only_an_answer_with_a_plain_uri_is_one() {
        let endpoint = Url::parse("https://as/par").unwrap();
        let read = |status, body: &str| read(&endpoint, &answer(status, body));
        for (lifetime, seconds) in [("", 60), (",\"expires_in\":90", 90), (",\"expires_in\":0", 10)]
        {
            let body = format!(r#"{{"request_uri":"urn:x"{lifetime}}}"#);
            assert_eq!(read(201, &body).ok().unwrap(), ("urn:x".to_owned(), seconds));
        }
        for (status, body) in [
            (201, ""),
            (201, "{}"),
            (201, r#"{"request_uri":""}"#),
            (201, r#"{"request_uri":"a b"}"#),
            (201, r#"{"request_uri":7}"#),
            (404, ""),
            (400, r#"{"error":"invalid_request"}"#),
            (503, ""),
        ] {
            let refused = read(status, body).expect_err(body);
            assert!(!refused.failure.hint.is_empty(), "{status} {body}");
        }
        let refused = read(401, r#"{"error":"invalid_client"}"#).err().unwrap();
        assert_eq!(refused.code, "invalid_client");
    }
}
