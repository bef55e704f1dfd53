//! Reads a server's error response: the errors of RFC 6749 §5.2, RFC 7009 §2.2.1 and RFC 7591
//! §3.2.2, and what servers send in their place. Its consequences are decided elsewhere.

use serde_json::{Map, Value};

use crate::auth::guarded_http::answer_object::object_in;
use crate::auth::guarded_http::client::GuardedResponse;
use crate::redact::shown_words;

/// How much of a server's text is shown, in characters.
const MAX_TEXT: usize = 300;

/// The error in a response, made safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorAnswer {
    /// The code, such as `invalid_grant`; `None` if there is none.
    pub(crate) code: Option<String>,
    /// The error in words.
    pub(crate) description: Option<String>,
}

impl ErrorAnswer {
    /// Reads a response, whatever its status. Only an object has a code; plain text counts as a
    /// description.
    pub(crate) fn of(answer: &GuardedResponse) -> Self {
        match object_in(&answer.body) {
            Some(body) => Self::of_object(&body),
            None if answer.media_type.eq_ignore_ascii_case("text/plain") => {
                let words = String::from_utf8_lossy(&answer.body);
                Self { code: None, description: shown(words.trim_start_matches('\u{feff}')) }
            }
            None => Self::default(),
        }
    }

    fn of_object(body: &Map<String, Value>) -> Self {
        let (code, nested) = match body.get("error") {
            Some(Value::Object(inner)) => {
                let code = ["code", "type", "status", "error", "name"];
                let code = code.into_iter().find_map(|name| word(inner.get(name)?));
                // An object is an error, even without a code.
                (Some(code.unwrap_or_else(|| "error".to_owned())), description(inner))
            }
            other => (other.and_then(word), None),
        };
        Self { code, description: nested.or_else(|| description(body)) }
    }

    /// The code and the description, for a message; empty if there are none.
    pub(crate) fn in_words(&self) -> String {
        let parts = [&self.code, &self.description];
        parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(": ")
    }

    /// Whether the description mentions one of these parameters.
    pub(crate) fn mentions(description: Option<&str>, parameters: &[&str]) -> bool {
        let words = description.unwrap_or_default().to_ascii_lowercase();
        parameters.iter().any(|parameter| words.contains(parameter))
    }
}

/// The error in words, from the members that servers use for it.
fn description(body: &Map<String, Value>) -> Option<String> {
    ["error_description", "message", "detail", "errors", "error_message", "title", "reason"]
        .into_iter()
        .find_map(|name| sentence(body.get(name)?))
}

fn sentence(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => shown(text),
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().filter_map(sentence).collect();
            shown(&texts.join("; "))
        }
        Value::Object(inner) => {
            ["message", "msg", "detail", "description", "error_description", "reason"]
                .into_iter()
                .find_map(|name| sentence(inner.get(name)?))
        }
        _ => None,
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => shown(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn shown(text: &str) -> Option<String> {
    let text = text.trim();
    // Truncated last: part of a key would not be recognized as a secret.
    (!text.is_empty()).then(|| shown_words(text).chars().take(MAX_TEXT).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(media_type: &str, body: &str) -> (Option<String>, Option<String>) {
        let read = ErrorAnswer::of(&GuardedResponse {
            status: http::StatusCode::BAD_REQUEST,
            media_type: media_type.to_owned(),
            body: body.as_bytes().to_vec(),
            ..GuardedResponse::default()
        });
        (read.code, read.description)
    }

    /// A-55
    #[test]
    fn an_error_is_read_in_every_shape_that_servers_give_it() {
        for (body, code, words) in [
            (r#"{"error":"invalid_grant"}"#, "invalid_grant", ""),
            (r#"{"error":"x","error_description":"why"}"#, "x", "why"),
            (r#"{"ok":false,"error":"ratelimited"}"#, "ratelimited", ""),
            (r#"{"error":{"code":403,"message":"quota exceeded"}}"#, "403", "quota exceeded"),
            (r#"{"error":{"type":"OAuthException","message":"no"}}"#, "OAuthException", "no"),
            (r#"{"error":{}}"#, "error", ""),
            (r#"{"error":true,"message":"no"}"#, "", "no"),
            (r#"{"detail":"limited to example.com"}"#, "", "limited to example.com"),
            (r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#, "", "field required"),
            (r#"{"errors":[{"message":"a"},"b"]}"#, "", "a; b"),
            ("{\"error\":\" \",\"message\":\"a\\u001b[2J\"}", "", "a\\u{1b}[2J"),
            ("\u{feff}{\"error\":\"x\"}", "x", ""),
            ("[]", "", ""),
            ("", "", ""),
        ] {
            let (read_code, read_words) = read("application/json", body);
            assert_eq!(read_code.unwrap_or_default(), code, "{body}");
            assert_eq!(read_words.unwrap_or_default(), words, "{body}");
        }
        assert_eq!(read("text/plain", " unavailable\n"), (None, Some("unavailable".to_owned())));
        assert_eq!(read("text/html", "<p>unavailable"), (None, None));
        let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(10_000));
        assert_eq!(read("application/json", &long).1.unwrap().len(), MAX_TEXT);
    }
}
