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
