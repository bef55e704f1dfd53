//! Reads an authorization server's response through the browser (RFC 6749 §4.1.2): its parameters,
//! their validation, and advice after a refusal. Redeems nothing.

use subtle::ConstantTimeEq;
use url::form_urlencoded;

use crate::auth::browser::page::Ending;
use crate::auth::guarded_http::error_answer::ErrorAnswer;
use crate::auth::records::record::Pending;
use crate::error::{Failure, FailureKind};
use crate::redact::{Secret, display_identifier, shown_words};

/// How much of an unexpected issuer is shown, in characters.
const MAX_SHOWN_ISSUER: usize = 200;

/// The parameters of an authorization response with the right state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackParameters {
    /// The authorization code; `None` in an error.
    pub code: Option<Secret<String>>,
    /// The issuer of the response (`iss`, RFC 9207).
    pub issuer: Option<String>,
    /// The error code of RFC 6749 §4.1.2.1.
    pub error: Option<String>,
    /// The error in words, as the server sent them.
    pub error_description: Option<String>,
}

impl CallbackParameters {
    /// Reads a query; `None` unless it has this state and no duplicate parameters.
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

/// Returns the code of a valid response. The issuer is checked first: a response from another one
/// is neither acted on nor shown. `accepted` is another issuer that the user accepts;
/// if it is empty, the response may name none.
///
/// # Errors
/// The issuer is wrong, or the response is a refusal.
pub(crate) fn validate_callback(
    pending: &Pending,
    parameters: CallbackParameters,
    accepted: Option<&str>,
) -> Result<Secret<String>, (Ending, Failure)> {
    if let Some(failure) = wrong_issuer(pending, parameters.issuer.as_deref(), accepted) {
        return Err((Ending::WrongIssuer, failure));
    }
    match (parameters.error, parameters.code) {
        (None, Some(code)) => Ok(code),
        (error, _) => {
            let words = parameters.error_description.as_deref();
            Err((Ending::Denied, denied(pending, error.as_deref(), words)))
        }
    }
}

/// The failure for a wrong issuer, which is compared as text with the metadata's (RFC 9207 §2.4).
fn wrong_issuer(pending: &Pending, named: Option<&str>, accepted: Option<&str>) -> Option<Failure> {
    let expected = display_identifier(&pending.issuer);
    let (message, way_out) = match named {
        Some(named) if named == pending.issuer || Some(named) == accepted => return None,
        None if !pending.issuer_promised || accepted == Some("") => return None,
        Some(named) => {
            let named =
                display_identifier(&named.chars().take(MAX_SHOWN_ISSUER).collect::<String>());
            (
                format!("the answer to the sign-in is from the issuer `{named}`, not `{expected}`"),
                format!(
                    "if you know that `{expected}` passes on the sign-in of `{named}`, accept that \
                     issuer by name with `--callback-issuer`"
                ),
            )
        }
        None => (
            format!("the answer to the sign-in lacks the promised issuer `{expected}`"),
            "if you know that it leaves it out, accept that with `--callback-issuer ''`".to_owned(),
        ),
    };
    let hint = format!("it was not used: somebody may be tampering with the sign-in; {way_out}");
    Some(Failure::new(FailureKind::AuthFailed, message).hint(hint))
}

fn denied(pending: &Pending, error: Option<&str>, description: Option<&str>) -> Failure {
    let code = error.unwrap_or("no code");
    let words = description.map_or_else(String::new, |words| format!(": {}", shown_words(words)));
    let message = match code {
        "access_denied" => format!("the sign-in was denied (`access_denied`{words})"),
        code => {
            format!("the authorization server refuses the sign-in (`{}`{words})", shown_words(code))
        }
    };
    let asked_for_consent = pending
        .request_page()
        .query_pairs()
        .any(|pair| pair == ("prompt".into(), "consent".into()));
    let hint = match code {
        "access_denied" | "consent_required" | "interaction_required" if asked_for_consent => {
            "sign in again and approve the request; if only an administrator may approve it and \
             has done so, do not ask for it again: `--authorize-param prompt=select_account`"
        }
        code => advice(code, description)
            .unwrap_or("try again; if it keeps failing, ask the server's operator"),
    };
    Failure::new(FailureKind::AuthFailed, message).hint(hint)
}

/// Advice about an error of RFC 6749 §4.1.2.1 and §5.2 or RFC 8707 §2, by its code and description.
pub(crate) fn advice(code: &str, description: Option<&str>) -> Option<&'static str> {
    let mentions = |words| ErrorAnswer::mentions(description, words);
    const RESOURCE: &str = "the authorization server does not know this resource: leave the \
        parameter out with `--disable-resource-parameter`, or name another with `--resource`";
    Some(match code {
        "access_denied" => "sign in again and approve the request",
        "invalid_target" => RESOURCE,
        // Also in the wording of Entra ID.
        "invalid_request" | "invalid_scope"
            if mentions(&["resource", "aadsts901002", "aadsts9010010"]) =>
        {
            RESOURCE
        }
        "invalid_scope" => "choose other scopes with `--scope`",
        "not_allowed" | "invalid_request" if mentions(&["offline", "scope"]) => {
            "choose other scopes with `--scope`, for example without `offline_access`"
        }
        "invalid_request" if mentions(&["redirect"]) => {
            "register the address that the browser comes back to, or name a registered one with \
             `--callback-port`, `--host` and `--callback-path`"
        }
        "temporarily_unavailable" | "server_error" => "try again later",
        "unauthorized_client" | "invalid_client" => {
            "the client may not do this; register another one and give it with \
             `--static-oauth-client-info`"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::auth::records::registration::{Registered, Registration};

    fn pending() -> Pending {
        let url = |text| Url::parse(text).unwrap();
        Pending {
            page: Secret::new(url("https://as/authorize?client_id=c")),
            pushed: None,
            opened: false,
            verifier: Secret::new("v".to_owned()),
            state: Secret::new("s1".to_owned()),
            redirect_uri: "http://localhost:1/cb".to_owned(),
            issuer: "https://as".to_owned(),
            issuer_promised: false,
            token_endpoint: url("https://as/token"),
            revocation_endpoint: None,
            registration: Registration {
                how: Registered::Dynamically,
                client_id: "c".to_owned(),
                ..Registration::anonymous("https://as", 0)
            },
            client_is_reused: false,
            resource: None,
            scopes: None,
            binding: crate::auth::dpop::binding::TokenBinding::None,
            started: 0,
            code: None,
        }
    }

    fn read(query: &str) -> CallbackParameters {
        let state = Secret::new("s1".to_owned());
        CallbackParameters::parse(&format!("{query}&state=s1"), &state).unwrap()
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
        let judged = |issuer_promised, issuer: Option<&str>, accepted| {
            let pending = Pending { issuer_promised, ..pending() };
            let issuer = issuer.map_or_else(String::new, |issuer| format!("&iss={issuer}"));
            let parameters = read(&format!("code=c{issuer}"));
            validate_callback(&pending, parameters, accepted)
        };
        let ending = |promised, issuer, accepted| {
            judged(promised, issuer, accepted).map_err(|(ending, _)| ending)
        };
        let code = Ok(Secret::new("c".to_owned()));
        assert_eq!(ending(true, Some("https%3A%2F%2Fas"), None), code);
        assert_eq!(ending(false, Some("https://as"), None), code);
        assert_eq!(ending(false, None, None), code);
        for wrong in ["https://as/", "https://AS", "https://as:443", "https://evil", ""] {
            assert_eq!(ending(false, Some(wrong), None), Err(Ending::WrongIssuer), "{wrong}");
        }
        assert_eq!(ending(true, None, None), Err(Ending::WrongIssuer));

        // Another issuer that the user accepts by name.
        assert_eq!(ending(true, Some("https://up"), Some("https://up")), code);
        assert_eq!(ending(true, Some("https://as"), Some("https://up")), code);
        let third = judged(true, Some("https://evil"), Some("https://up")).unwrap_err().1;
        for named in ["`https://evil`", "`https://as`"] {
            assert!(third.message.contains(named), "{}", third.message);
        }
        assert!(third.hint.contains("`--callback-issuer`"));
        assert_eq!(ending(true, None, Some("https://up")), Err(Ending::WrongIssuer));
        assert_eq!(ending(true, None, Some("")), code);
        let long = format!("https://{}", "x".repeat(10_000));
        assert!(judged(true, Some(&long), None).unwrap_err().1.message.len() < 400);
    }

    ///
    #[test]
    fn an_error_of_another_issuer_is_neither_shown_nor_acted_on() {
        let query = "error=access_denied&error_description=hunter2&iss=https://evil";
        let (ending, failure) = validate_callback(&pending(), read(query), None).unwrap_err();
        assert_eq!(ending, Ending::WrongIssuer);
        let text = format!("{failure:?}");
        assert!(!text.contains("hunter2") && !text.contains("denied"), "{text}");
        let query = query.replace("https://evil", "https://as");
        let (ending, failure) = validate_callback(&pending(), read(&query), None).unwrap_err();
        assert_eq!(ending, Ending::Denied);
        assert!(failure.message.contains("hunter2"), "the right issuer's words are shown");
    }

    ///
    #[test]
    fn a_denial_after_a_forced_prompt_names_the_way_around_it() {
        let hint = |page: &str| {
            let page = Secret::new(Url::parse(page).unwrap());
            let pending = Pending { page, ..pending() };
            let denied = validate_callback(&pending, read("error=access_denied"), None);
            denied.unwrap_err().1.hint
        };
        let flag = "--authorize-param prompt=select_account";
        assert!(hint("https://as/a?prompt=consent").contains(flag));
        assert!(!hint("https://as/a?prompt=login").contains(flag));
        assert!(!hint("https://as/a").contains(flag));
    }

    ///
    #[test]
    fn a_refusal_of_the_resource_is_known_by_its_words() {
        for (code, words) in [
            ("invalid_target", ""),
            ("invalid_request", "Unsupported parameter: resource"),
            ("invalid_request", "AADSTS901002: The 'resource' request parameter is not supported"),
            ("invalid_scope", "AADSTS9010010: the resource does not match the scopes"),
        ] {
            let advice = advice(code, Some(words)).unwrap();
            assert!(advice.contains("--disable-resource-parameter"), "{code} {words}: {advice}");
        }
        assert_eq!(advice("invalid_request", Some("something else")), None);
        let scopes = advice("not_allowed", Some("Offline tokens not allowed for the client"));
        assert!(scopes.unwrap().contains("offline_access"));
    }
}
