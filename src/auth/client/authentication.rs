//! The credentials in a request that authenticate the client (RFC 6749 §2.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::auth::client::auth_method::AuthMethod;
use crate::auth::client::signing_key::SigningKey;
use crate::auth::records::registration::{Registration, form_encoded};
use crate::error::{Failure, FailureKind};
use crate::redact::Secret;

/// The `client_assertion_type` of a signed assertion (RFC 7523 §2.2).
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The credentials of a client in a request: form fields, or an `Authorization` header.
pub(crate) struct Credentials {
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) header: Option<Secret<String>>,
}

/// Composes the credentials of a client.
///
/// # Errors
/// The client has to sign, but there is no key or the key cannot sign.
pub(crate) fn credentials(
    registration: &Registration,
    key: Option<&SigningKey>,
    audience: &str,
    now: u64,
) -> std::result::Result<Credentials, Failure> {
    let id = ("client_id", registration.client_id.clone());
    let in_form = |fields| Credentials { fields, header: None };
    Ok(match (registration.auth_method, &registration.client_secret) {
        (AuthMethod::Basic, Some(secret)) => {
            // RFC 6749 §2.3.1: both are form-encoded first.
            let encode = |text: &str| {
                if registration.basic_is_raw { text.to_owned() } else { form_encoded(text) }
            };
            let pair =
                format!("{}:{}", encode(&registration.client_id), encode(secret.expose_to_wire()));
            let header = Some(Secret::new(format!("Basic {}", STANDARD.encode(pair))));
            let fields = if registration.client_id_in_form { vec![id] } else { Vec::new() };
            Credentials { fields, header }
        }
        (AuthMethod::Post, Some(secret)) => {
            in_form(vec![id, ("client_secret", secret.expose_to_wire().clone())])
        }
        (AuthMethod::PrivateKeyJwt, _) => {
            let [kind, assertion] = assertion_fields(registration, key, audience, now)?;
            in_form(vec![id, kind, assertion])
        }
        // The assertion already identifies the client (RFC 7521 §4.2).
        _ if registration.client_id.is_empty() => in_form(Vec::new()),
        _ => in_form(vec![id]),
    })
}

/// The two form fields of a signed assertion.
///
/// # Errors
/// There is no key, or the key cannot sign.
fn assertion_fields(
    registration: &Registration,
    key: Option<&SigningKey>,
    audience: &str,
    now: u64,
) -> std::result::Result<[(&'static str, String); 2], Failure> {
    let key = key.ok_or_else(|| {
        Failure::new(
            FailureKind::AuthFailed,
            "the client needs a private key to sign with, but none is given",
        )
        .hint("name its file with `--jwt-key FILE`")
    })?;
    let assertion = {
        let algorithm = registration.signing_algorithm.as_deref();
        key.assertion(&registration.client_id, audience, now, algorithm)?
    };
    Ok([
        ("client_assertion_type", ASSERTION_TYPE.to_owned()),
        ("client_assertion", assertion.expose_to_wire().clone()),
    ])
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::Value;

    use super::*;

    const ISSUER: &str = "https://as.example.com";

    fn client(auth_method: AuthMethod, secret: Option<&str>) -> Registration {
        Registration {
            client_id: "a b".to_owned(),
            client_secret: secret.map(|secret| Secret::new(secret.to_owned())),
            auth_method,
            ..Registration::anonymous(ISSUER, 0)
        }
    }

    /// The fields as `name=value`, then the header.
    fn shown(registration: &Registration) -> (Vec<String>, Option<String>) {
        let Ok(Credentials { fields, header }) = credentials(registration, None, ISSUER, 0) else {
            panic!("{registration:?} needs no key");
        };
        let fields = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (fields, header.map(|header| header.expose().clone()))
    }

    fn basic(pair: &str) -> Option<String> {
        Some(format!("Basic {}", STANDARD.encode(pair)))
    }

    ///
    #[test]
    fn a_secret_is_in_the_header_or_in_the_form_and_never_in_both() {
        let id = || vec!["client_id=a b".to_owned()];
        let in_header = client(AuthMethod::Basic, Some("ä:&+ s"));
        // RFC 6749 §2.3.1: encoded like a form first, so the first colon separates.
        let encoded = basic("a+b:%C3%A4%3A%26%2B+s");
        assert_eq!(shown(&in_header), (Vec::new(), encoded.clone()));
        let named = Registration { client_id_in_form: true, ..in_header.clone() };
        assert_eq!(shown(&named), (id(), encoded));
        let raw = Registration { basic_is_raw: true, ..in_header };
        assert_eq!(shown(&raw), (Vec::new(), basic("a b:ä:&+ s")));
        let in_form = client(AuthMethod::Post, Some("ä:&+ s"));
        let fields = vec!["client_id=a b".to_owned(), "client_secret=ä:&+ s".to_owned()];
        assert_eq!(shown(&in_form), (fields, None), "the form is encoded later");
    }

    ///
    #[test]
    fn a_client_without_a_secret_only_says_who_it_is() {
        let id = || vec!["client_id=a b".to_owned()];
        for method in [
            AuthMethod::None,
            AuthMethod::Basic,
            AuthMethod::Post,
            AuthMethod::TlsClientAuth,
            AuthMethod::SelfSignedTls,
        ] {
            assert_eq!(shown(&client(method, None)), (id(), None), "{method:?}");
        }
        // A secret that the method does not use is not sent.
        assert_eq!(shown(&client(AuthMethod::None, Some("s"))), (id(), None));
        assert_eq!(shown(&client(AuthMethod::TlsClientAuth, Some("s"))), (id(), None));
        let nobody = Registration::anonymous(ISSUER, 0);
        assert_eq!(shown(&nobody), (Vec::new(), None), "the assertion identifies it");
    }

    ///
    #[test]
    fn a_client_with_a_key_sends_an_assertion_for_this_audience() {
        let signs = client(AuthMethod::PrivateKeyJwt, Some("s"));
        let Err(failure) = credentials(&signs, None, ISSUER, 0) else { panic!("no key is given") };
        assert!(failure.hint.contains("--jwt-key"), "{}", failure.hint);
        let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let key = SigningKey::from_pem(&pem, None).unwrap();
        let Ok(sent) = credentials(&signs, Some(&key), ISSUER, 1_700_000_000) else {
            panic!("it can sign");
        };
        assert!(sent.header.is_none());
        let names: Vec<_> = sent.fields.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["client_id", "client_assertion_type", "client_assertion"]);
        assert_eq!(sent.fields[1].1, ASSERTION_TYPE);
        let parts: Vec<_> = sent.fields[2].1.split('.').collect();
        let claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        assert_eq!((parts.len(), claims["aud"].as_str()), (3, Some(ISSUER)));
        assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("a b"), Some("a b")));
        assert_eq!(claims["iat"], 1_700_000_000);
    }
}
