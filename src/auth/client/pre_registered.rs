//! A client that the user registered in advance: `--static-oauth-client-info` (A-20). Its secret is
//! never stored.

use serde_json::Value;

use crate::auth::client::auth_method::AuthMethod;
use crate::auth::client::signing_key::SigningKey;
use crate::error::{Error, Result};
use crate::redact::Secret;

/// A client that the user registered.
#[derive(Clone, Debug)]
pub struct PreRegistered {
    /// The `client_id`.
    pub client_id: String,
    /// The `client_secret`; `None` for a public client.
    pub client_secret: Option<Secret<String>>,
    /// The authentication method; picked from the server's list if `None`.
    pub auth_method: Option<AuthMethod>,
    /// The identifier of its issuer; any issuer if `None` (A-21).
    pub issuer: Option<String>,
    /// The registered redirect URIs; empty if any is allowed.
    pub redirect_uris: Vec<String>,
    /// The key of `private_key_jwt`.
    pub signing_key: Option<SigningKey>,
    /// The signing algorithm, by its name in metadata; found by trial if `None`.
    pub signing_algorithm: Option<String>,
}

impl PreRegistered {
    /// A client with an id only.
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: None,
            auth_method: None,
            issuer: None,
            redirect_uris: Vec::new(),
            signing_key: None,
            signing_algorithm: None,
        }
    }

    /// Reads the JSON of a registration response, with `issuer`, `private_key_pem` and
    /// `signing_algorithm` as our own additions. Errors repeat no values.
    ///
    /// # Errors
    /// The text is not such JSON, or it has a key or method that cannot be used.
    pub fn from_json(text: &str) -> Result<Self> {
        let json = serde_json::from_str::<Value>(text).map(Secret::new).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            error_for_client(format!("not a JSON object (line {line}, column {column})"))
        })?;
        Self::from_value(json.expose())
    }

    /// Reads what [`Self::from_json`] reads, already parsed.
    ///
    /// # Errors
    /// As there.
    pub fn from_value(json: &Value) -> Result<Self> {
        let object = json.as_object().ok_or_else(|| error_for_client("not a JSON object"))?;
        let member = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
        let id = member("client_id").ok_or_else(|| error_for_client("`client_id` is missing"))?;
        let mut client = Self::new(id);
        client.client_secret = member("client_secret").map(Secret::new);
        client.issuer = member("issuer");
        client.auth_method = member("token_endpoint_auth_method")
            .map(|name| {
                AuthMethod::from_name(&name).ok_or_else(|| {
                    error_for_client(format!("the authentication method `{name}` is not known"))
                })
            })
            .transpose()?;
        if let Some(Value::Array(uris)) = object.get("redirect_uris") {
            let uris = uris.iter().filter_map(Value::as_str).map(str::to_owned);
            client.redirect_uris = uris.collect();
        }
        client.signing_algorithm = member("signing_algorithm");
        if let Some(pem) = member("private_key_pem") {
            let algorithm = client.signing_algorithm.as_deref();
            client.signing_key = Some(SigningKey::from_pem(&pem, algorithm)?);
        }
        Ok(client)
    }
}

fn error_for_client(reason: impl std::fmt::Display) -> Error {
    Error::usage(format!("cannot use the OAuth client given: {reason}")).hint(
        "give it as JSON: `--static-oauth-client-info '{\"client_id\":\"ID\"}'`, or in a file: \
         `--static-oauth-client-info @FILE`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_answer_is_read() {
        let text = r#"{"client_id":"c","client_secret":"s","issuer":"https://as",
            "token_endpoint_auth_method":"client_secret_post","redirect_uris":["http://localhost:1/x"]}"#;
        let client = PreRegistered::from_json(text).unwrap();
        assert_eq!(client.client_id, "c");
        assert_eq!(client.client_secret, Some(Secret::new("s".to_owned())));
        assert_eq!(client.auth_method, Some(AuthMethod::Post));
        assert_eq!(client.issuer.as_deref(), Some("https://as"));
        assert_eq!(client.redirect_uris, ["http://localhost:1/x"]);
    }

    /// S-09: the text may be a secret, so no error repeats it.
    #[test]
    fn what_cannot_be_read_is_explained_without_repeating_it() {
        for text in
            ["hunter2", "[\"hunter2\"]", r#"{"client_secret":"hunter2"}"#, "{\"client_id\":hunter2"]
        {
            let error = PreRegistered::from_json(text).expect_err("refused");
            assert!(!error.to_string().contains("hunter2"), "{error}");
            assert!(error.to_string().contains("hint: "), "{error}");
        }
        let text = r#"{"client_id":"c","private_key_pem":"hunter2"}"#;
        let error = PreRegistered::from_json(text).expect_err("refused").to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
