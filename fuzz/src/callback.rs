//! What the browser brings back from a sign-in.

use mcp_tether::auth::CallbackParameters;
use mcp_tether::redact::Secret;

const STATE: &str = "s7a7e";

/// A query is an answer only if it has this state once, no other parameter twice, and a code or an
/// error; what it says is what stands in it.
pub fn callback(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for query in [text.clone().into_owned(), format!("state={STATE}&{text}")] {
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let all = |name: &str| -> Vec<&String> {
            pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect()
        };
        let names = ["state", "code", "iss", "error", "error_description"];
        let twice = names.iter().any(|name| all(name).len() > 1);
        let right = all("state") == [STATE];
        let says = !all("code").is_empty() || !all("error").is_empty();
        match CallbackParameters::parse(&query, &Secret::new(STATE.to_owned())) {
            None => assert!(twice || !right || !says, "{query:?} is an answer"),
            Some(read) => {
                assert!(right && says && !twice, "{query:?} is none");
                assert_eq!(read.code.as_ref().map(Secret::expose), all("code").first().copied());
                assert_eq!(read.issuer.as_ref(), all("iss").first().copied());
                assert_eq!(read.error.as_ref(), all("error").first().copied());
                // The same with another code: a code may look like a word that is shown anyway.
                let other = pairs.iter().map(|(key, value)| match key.as_str() {
                    "code" => (key, "another"),
                    _ => (key, value.as_str()),
                });
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                let query = query.extend_pairs(other).finish();
                let other = CallbackParameters::parse(&query, &Secret::new(STATE.to_owned()));
                assert_eq!(format!("{read:?}"), format!("{:?}", other.expect("it is an answer")));
            }
        }
    }
}
