//! Reads the object in an authorization server's response, in whatever format. RFC 6749 §5.1
//! requires JSON, but other formats are just as clear.

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::http::json_text;

/// A form counts as a response if it has one of these members.
const NAMES_IN_FORMS: [&str; 3] = ["access_token", "error", "device_code"];
/// Members that hold what was asked for if the response itself does not.
const NESTED: [&str; 8] = [
    "authed_user",
    "data",
    "client",
    "client_information",
    "token",
    "tokens",
    "result",
    "response",
];
/// Members that are durations in seconds.
const SECONDS: [&str; 2] = ["expires_in", "interval"];

/// How long a device code lasts, in seconds, if the server does not say.
const DEVICE_CODE_SECONDS: u64 = 600;

/// The members of a response: JSON, in which the last duplicate counts (as in `JSON.parse` of
/// ECMA-262), or a form, as servers responded before RFC 6749.
pub(crate) fn object_in(body: &[u8]) -> Option<Map<String, Value>> {
    if let Some(object) = json_object_in(body) {
        return Some(object);
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    let has_spaces = body.iter().any(|byte| byte.is_ascii_whitespace() || b"<{[".contains(byte));
    if has_spaces {
        return None;
    }
    let form: Map<_, _> = form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect();
    NAMES_IN_FORMS.iter().any(|name| form.contains_key(*name)).then_some(form)
}

/// The object in a JSON body, alone or as the only item of an array. A comma after the last member
/// is ignored, and a name in camel case counts as the registered one.
pub(crate) fn json_object_in(body: &[u8]) -> Option<Map<String, Value>> {
    match parsed(body)? {
        Value::Object(object) => Some(with_registered_names(object)),
        Value::Array(mut items) if items.len() == 1 => match items.remove(0) {
            Value::Object(object) => Some(with_registered_names(object)),
            _ => None,
        },
        _ => None,
    }
}

/// The object that has this member: that of the body, or one in it.
pub(crate) fn object_with(name: &str, body: &[u8]) -> Option<Map<String, Value>> {
    let object = json_object_in(body)?;
    if object.contains_key(name) {
        return Some(object);
    }
    let nested = NESTED.iter().filter_map(|nested| object.get(*nested)?.as_object());
    nested.cloned().map(with_registered_names).find(|nested| nested.contains_key(name))
}

fn parsed(body: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(body) {
        return Some(value);
    }
    let text = json_text(body);
    if let Ok(value) = serde_json::from_str(&text) {
        return Some(value);
    }
    serde_json::from_str(&without_trailing_commas(&text)).ok()
}

fn without_trailing_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut is_escaped) = (false, false);
    for (at, character) in text.char_indices() {
        let rest = || text[at + 1..].trim_start();
        if !in_string && character == ',' && rest().starts_with(['}', ']']) {
            continue;
        }
        in_string ^= character == '"' && !is_escaped;
        is_escaped = in_string && character == '\\' && !is_escaped;
        out.push(character);
    }
    out
}

/// `tokenEndpoint` as `token_endpoint`, unless that is there as well.
fn with_registered_names(object: Map<String, Value>) -> Map<String, Value> {
    let mut named = object.clone();
    for (name, value) in object {
        let is_camel = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.contains(|character: char| character.is_ascii_uppercase())
            && !name.contains('_');
        if is_camel {
            let mut registered = String::new();
            for character in name.chars() {
                if character.is_ascii_uppercase() {
                    registered.push('_');
                }
                registered.push(character.to_ascii_lowercase());
            }
            if named.get(&registered).is_none_or(Value::is_null) {
                named.insert(registered, value);
            }
        }
    }
    named
}

/// The same response in the format of RFC 6749 §5.1. Anything else stays as it is.
pub(crate) fn as_json(body: Vec<u8>) -> Vec<u8> {
    let Some(mut object) = object_in(&body) else { return body };
    let has_token = |object: &Map<_, _>| object.get("access_token").is_some_and(Value::is_string);
    let nested = NESTED.iter().filter_map(|name| object.get(*name)?.as_object());
    let nested = nested.cloned().map(with_registered_names).find(|inner| {
        // Slack returns the person's token separately from the workspace's.
        has_token(inner)
    });
    if let Some(nested) = nested.filter(|_| !has_token(&object)) {
        object.extend(nested);
    }
    for name in SECONDS {
        let whole = object.get(name).and_then(whole_seconds);
        if let Some(whole) = whole {
            object.insert(name.to_owned(), whole.into());
        }
    }
    if object.contains_key("device_code") {
        // Some servers use the older name of the member, or omit the expiry.
        if object.contains_key("verification_uri") {
            object.remove("verification_url");
        }
        if object.get("expires_in").is_none_or(Value::is_null) {
            object.insert("expires_in".to_owned(), DEVICE_CODE_SECONDS.into());
        }
    }
    Value::Object(object).to_string().into_bytes()
}

/// Reads seconds, also as text or with a fraction.
fn whole_seconds(value: &Value) -> Option<u64> {
    let seconds = match value {
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        Value::Number(number) if number.is_f64() => number.as_f64()?,
        _ => return None,
    };
    (seconds >= 0.0 && seconds < u64::MAX as f64).then_some(seconds as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &str) -> Value {
        serde_json::from_slice(&as_json(body.as_bytes().to_vec())).unwrap_or_default()
    }

    ///
    #[test]
    fn tokens_are_found_in_every_form_of_an_answer() {
        for body in [
            "{\"access_token\":\"a\"}",
            "\u{feff}{\"access_token\":\"a\"}\n",
            "{\"access_token\":\"old\",\"access_token\":\"a\"}",
            "access_token=a&scope=repo%2Cgist",
            "{\"ok\":true,\"authed_user\":{\"id\":\"U\",\"access_token\":\"a\"}}",
            "{\"code\":0,\"data\":{\"access_token\":\"a\"}}",
            "{\"data\":{\"accessToken\":\"a\"}}",
            "{\"accessToken\":\"a\",\"expiresIn\":60}",
            "[{\"access_token\":\"a\"}]",
            "{\"access_token\":\"a\",}",
            ")]}'\n{\"access_token\":\"a\"}",
        ] {
            assert_eq!(read(body)["access_token"], "a", "{body}");
        }
        let own = "{\"access_token\":\"a\",\"authed_user\":{\"access_token\":\"b\"}}";
        assert_eq!(read(own)["access_token"], "a");
        assert_eq!(read("error=bad_verification_code")["error"], "bad_verification_code");
    }

    ///
    #[test]
    fn seconds_are_whole_numbers_however_they_are_written() {
        for written in ["600", "600.9", "\"600\"", "\" 600.0 \""] {
            let body = format!("{{\"device_code\":\"d\",\"expires_in\":{written}}}");
            assert_eq!(read(&body)["expires_in"], json!(600), "{written}");
        }
        let odd = "{\"expires_in\":-1.5,\"interval\":\"soon\"}";
        assert_eq!(read(odd), json!({ "expires_in": -1.5, "interval": "soon" }));
    }

    /// RFC 8628 §3.2
    #[test]
    fn a_device_code_may_lack_its_end_and_have_both_names_of_its_page() {
        let both = "{\"device_code\":\"d\",\"verification_uri\":\"u\",\"verification_url\":\"u\"}";
        let expected = json!({ "device_code": "d", "verification_uri": "u", "expires_in": 600 });
        assert_eq!(read(both), expected);
    }

    #[test]
    fn what_is_no_answer_stays_as_it_is() {
        for body in ["", "<p>access_token=a</p>", "ok", "no access_token=a here", "[]", "a=b"] {
            assert_eq!(as_json(body.as_bytes().to_vec()), body.as_bytes(), "{body}");
        }
    }
}
