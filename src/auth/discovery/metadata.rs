//! Reads the two metadata documents leniently: members that we do not use may be anything, and
//! optional ones of the wrong type count as absent. `discovery` decides whether a document can be
//! trusted.

use serde_json::{Map, Value};
use url::Url;

use crate::auth::client::auth_method::AuthMethod;
use crate::auth::discovery::well_known::issuer_named_by;
use crate::auth::guarded_http::answer_object::json_object_in;

/// Metadata of a protected resource (RFC 9728 §2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProtectedResource {
    /// The resource identifier exactly as published.
    pub resource: String,
    /// Identifiers of its authorization servers, exactly as published.
    pub authorization_servers: Vec<String>,
    /// Scopes that the resource supports.
    pub scopes_supported: Vec<String>,
    /// Where tokens may be in a request (RFC 6750 §2); `None` if the document does not say.
    pub bearer_methods_supported: Option<Vec<String>>,
    /// Algorithms of DPoP proofs that it accepts (RFC 9728 §2); `None` if the document does not
    /// say.
    pub dpop_signing_alg_values_supported: Option<Vec<String>>,
    /// Whether only tokens bound to a key are accepted (RFC 9449).
    pub dpop_bound_access_tokens_required: bool,
    /// Whether only tokens bound to a client certificate are accepted (RFC 8705).
    pub tls_client_certificate_bound_access_tokens: bool,
}

/// Metadata of an authorization server (RFC 8414 §2, OpenID Connect Discovery §3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizationServer {
    /// Its identifier exactly as published.
    pub issuer: String,
    /// The page that the user is sent to.
    pub authorization_endpoint: Option<Url>,
    /// Where tokens are requested.
    pub token_endpoint: Option<Url>,
    /// The endpoint for dynamic registration (RFC 7591).
    pub registration_endpoint: Option<Url>,
    /// The endpoint for revocation (RFC 7009).
    pub revocation_endpoint: Option<Url>,
    /// The endpoint for device authorization (RFC 8628).
    pub device_authorization_endpoint: Option<Url>,
    /// Scopes that the authorization server supports.
    pub scopes_supported: Vec<String>,
    /// Grants that it offers; `None` if the document does not say.
    pub grant_types_supported: Option<Vec<String>>,
    /// Profiles of grants that it offers (ID-JAG); `None` if the document does not say.
    pub authorization_grant_profiles_supported: Option<Vec<String>>,
    /// Response types that it offers; `None` if the document does not say.
    pub response_types_supported: Option<Vec<String>>,
    /// Where authorization requests can be pushed to (RFC 9126).
    pub pushed_authorization_request_endpoint: Option<Url>,
    /// Whether authorization requests have to be pushed first (RFC 9126 §5).
    pub require_pushed_authorization_requests: bool,
    /// Whether authorization requests have to be signed (RFC 9101 §10.5).
    pub require_signed_request_object: bool,
    /// Algorithms of DPoP proofs that it accepts (RFC 9449 §5.1); `None` if the document does not
    /// say.
    pub dpop_signing_alg_values_supported: Option<Vec<String>>,
    /// PKCE methods; `None` if the document does not say (A-07).
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// How clients may authenticate at the token endpoint; `None` if the document does not say.
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Algorithms of signed assertions that it accepts; `None` if the document does not say.
    pub token_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    /// Whether a URL may serve as client id (SEP-991).
    pub client_id_metadata_document_supported: bool,
    /// Endpoints for clients with a certificate, by name (RFC 8705 §5).
    pub mtls_endpoint_aliases: Vec<(String, Url)>,
    /// Whether `iss` is promised in authorization responses (RFC 9207 §3).
    pub authorization_response_iss_parameter_supported: bool,
}

impl ProtectedResource {
    /// Reads a document.
    ///
    /// # Errors
    /// A required member is missing; the error is a sentence that names it.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let document = object(body)?;
        Ok(Self {
            resource: required(&document, "resource")?,
            authorization_servers: issuers(&document)?,
            scopes_supported: list(&document, "scopes_supported").unwrap_or_default(),
            bearer_methods_supported: list(&document, "bearer_methods_supported"),
            dpop_signing_alg_values_supported: list(&document, "dpop_signing_alg_values_supported"),
            dpop_bound_access_tokens_required: flag(&document, "dpop_bound_access_tokens_required"),
            tls_client_certificate_bound_access_tokens: flag(
                &document,
                "tls_client_certificate_bound_access_tokens",
            ),
        })
    }

    /// Whether these bytes are meant as such a document, even a broken one: they hold the name of
    /// one of its members. Some servers answer every path with unrelated JSON.
    pub fn is_meant_by(body: &[u8]) -> bool {
        names_any(body, &["resource", "authorization_servers"])
    }
}

impl AuthorizationServer {
    /// The listed methods for the token endpoint that we support; `None` without a list.
    pub fn known_auth_methods(&self) -> Option<Vec<AuthMethod>> {
        let listed = self.token_endpoint_auth_methods_supported.as_ref()?;
        Some(listed.iter().filter_map(|name| AuthMethod::from_name(name)).collect())
    }

    /// Reads the document at `place`.
    ///
    /// # Errors
    /// Says which required member is missing.
    pub fn parse_at(place: &Url, body: &[u8]) -> Result<Self, String> {
        let mut document = object(body)?;
        complete_endpoints(&mut document, place);
        Self::read(&document)
    }

    fn read(document: &Map<String, Value>) -> Result<Self, String> {
        // The names are all in lower case (RFC 7591 §2).
        let lower = |names: Vec<String>| names.iter().map(|name| name.to_lowercase()).collect();
        let methods = list(document, "token_endpoint_auth_methods_supported").map(lower);
        Ok(Self {
            issuer: required(document, "issuer")?,
            authorization_endpoint: url(document, "authorization_endpoint"),
            token_endpoint: url(document, "token_endpoint"),
            registration_endpoint: url(document, "registration_endpoint"),
            revocation_endpoint: url(document, "revocation_endpoint"),
            device_authorization_endpoint: url(document, "device_authorization_endpoint"),
            scopes_supported: list(document, "scopes_supported").unwrap_or_default(),
            grant_types_supported: list(document, "grant_types_supported"),
            authorization_grant_profiles_supported: list(
                document,
                "authorization_grant_profiles_supported",
            ),
            response_types_supported: array(document, "response_types_supported"),
            pushed_authorization_request_endpoint: url(
                document,
                "pushed_authorization_request_endpoint",
            ),
            require_pushed_authorization_requests: flag(
                document,
                "require_pushed_authorization_requests",
            ),
            require_signed_request_object: flag(document, "require_signed_request_object"),
            dpop_signing_alg_values_supported: list(document, "dpop_signing_alg_values_supported"),
            code_challenge_methods_supported: list(document, "code_challenge_methods_supported"),
            token_endpoint_auth_methods_supported: methods,
            token_endpoint_auth_signing_alg_values_supported: list(
                document,
                "token_endpoint_auth_signing_alg_values_supported",
            ),
            client_id_metadata_document_supported: flag(
                document,
                "client_id_metadata_document_supported",
            ),
            mtls_endpoint_aliases: aliases(document),
            authorization_response_iss_parameter_supported: flag(
                document,
                "authorization_response_iss_parameter_supported",
            ),
        })
    }

    /// The metadata for a client with a certificate, whose endpoints have other addresses.
    #[must_use]
    pub(crate) fn with_mtls_aliases(mut self) -> Self {
        for (name, url) in std::mem::take(&mut self.mtls_endpoint_aliases) {
            let endpoint = match name.as_str() {
                "token_endpoint" => &mut self.token_endpoint,
                "revocation_endpoint" => &mut self.revocation_endpoint,
                "device_authorization_endpoint" => &mut self.device_authorization_endpoint,
                "pushed_authorization_request_endpoint" => {
                    &mut self.pushed_authorization_request_endpoint
                }
                _ => continue,
            };
            *endpoint = Some(url);
        }
        self
    }

    /// Whether these bytes are meant as such a document, even a broken one.
    pub fn is_meant_by(body: &[u8]) -> bool {
        names_any(body, &["issuer", "authorization_endpoint", "token_endpoint"])
    }
}

/// Whether the document's text holds one of these names in quotes.
fn names_any(body: &[u8], names: &[&str]) -> bool {
    let text = String::from_utf8_lossy(body);
    names.iter().any(|name| text.contains(&format!("\"{name}\"")))
}

fn object(body: &[u8]) -> Result<Map<String, Value>, String> {
    json_object_in(body).ok_or_else(|| {
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
        if is_json { "it is not a JSON object" } else { "it is not JSON" }.to_owned()
    })
}

/// A required string.
fn required(document: &Map<String, Value>, name: &str) -> Result<String, String> {
    match document.get(name) {
        None | Some(Value::Null) => Err(format!("it has no `{name}`")),
        Some(value) => match single(value) {
            Some("") => Err(format!("its `{name}` is empty")),
            Some(text) => Ok(text.to_owned()),
            None => Err(format!("its `{name}` is not a string")),
        },
    }
}

/// A string, without surrounding white space.
fn single(value: &Value) -> Option<&str> {
    value.as_str().map(|text| text.trim_matches([' ', '\n', '\r', '\t']))
}

/// The issuers that the resource lists, or the single one that it names. Unreadable entries are
/// skipped (A-04).
fn issuers(document: &Map<String, Value>) -> Result<Vec<String>, String> {
    let name = "authorization_servers";
    let listed = document.get(name).or_else(|| document.get("authorization_server"));
    let items = match listed {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items.as_slice(),
        Some(one @ Value::String(_)) => std::slice::from_ref(one),
        Some(_) => return Err(format!("its `{name}` is not an array")),
    };
    let named = |item| single(item).or_else(|| item.get("issuer").or(item.get("url"))?.as_str());
    let texts: Vec<String> = items.iter().filter_map(named).map(issuer_named_by).collect();
    if texts.is_empty() && !items.is_empty() {
        return Err(format!("its `{name}` contains no string"));
    }
    Ok(texts)
}

/// Completes endpoints without a host by the place of the document, of whose origin they are then
/// (A-18). What begins with two slashes names a host.
fn complete_endpoints(document: &mut Map<String, Value>, place: &Url) {
    for (name, value) in document {
        let Some(path) = value.as_str().map(str::trim) else { continue };
        let is_path = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
        if name.ends_with("_endpoint")
            && is_path
            && let Ok(endpoint) = place.join(path)
            && endpoint.origin() == place.origin()
        {
            *value = endpoint.to_string().into();
        }
    }
}

fn text(document: &Map<String, Value>, name: &str) -> Option<String> {
    let value = single(document.get(name)?)?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// A URL without control characters: parsing would silently strip them (S-05).
fn url(document: &Map<String, Value>, name: &str) -> Option<Url> {
    let text = text(document, name)?;
    let hides = text.chars().any(char::is_control);
    if hides { None } else { Url::parse(&text).ok() }
}

fn aliases(document: &Map<String, Value>) -> Vec<(String, Url)> {
    let Some(Value::Object(aliases)) = document.get("mtls_endpoint_aliases") else {
        return Vec::new();
    };
    let alias = |name: &String| Some((name.clone(), url(aliases, name)?));
    aliases.keys().filter_map(alias).collect()
}

fn array(document: &Map<String, Value>, name: &str) -> Option<Vec<String>> {
    let items = document.get(name)?.as_array()?;
    Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// A list of words, or one string of words separated by spaces.
fn list(document: &Map<String, Value>, name: &str) -> Option<Vec<String>> {
    match document.get(name)? {
        Value::Array(_) => array(document, name),
        Value::String(words) => Some(words.split_whitespace().map(str::to_owned).collect()),
        _ => None,
    }
}

fn flag(document: &Map<String, Value>, name: &str) -> bool {
    match document.get(name) {
        Some(Value::Bool(value)) => *value,
        Some(Value::String(value)) => value == "true",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &[u8]) -> Result<AuthorizationServer, String> {
        let place = Url::parse("https://as/.well-known/oauth-authorization-server").unwrap();
        AuthorizationServer::parse_at(&place, body)
    }

    /// A-18
    #[test]
    fn an_endpoint_without_a_host_is_at_the_origin_of_its_document() {
        let read = |endpoint: &str| {
            let text = format!(r#"{{"issuer":"https://as","tokenEndpoint":"{endpoint}",}}"#);
            parsed(text.as_bytes()).unwrap().token_endpoint.map(String::from)
        };
        for endpoint in ["/token", " /token ", "https://as/token"] {
            assert_eq!(read(endpoint).unwrap(), "https://as/token", "{endpoint}");
        }
        for other in ["//evil/token", "/\\\\evil/token", "token", ""] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    /// A-104: RFC 8705 §5
    #[test]
    fn endpoints_for_certificates_take_the_place_of_the_others() {
        let text = r#"{"issuer":"i","token_endpoint":"https://as/t","revocation_endpoint":"https://as/r",
            "mtls_endpoint_aliases":{"token_endpoint":"https://m/t","revocation_endpoint":7,"x":"https://m/x"}}"#;
        let server = parsed(text.as_bytes()).unwrap();
        assert_eq!(server.token_endpoint.as_ref().unwrap().as_str(), "https://as/t");
        let server = server.with_mtls_aliases();
        assert_eq!(server.token_endpoint.unwrap().as_str(), "https://m/t");
        assert_eq!(server.revocation_endpoint.unwrap().as_str(), "https://as/r");
    }

    /// S-05
    #[test]
    fn a_url_that_hides_characters_is_none() {
        for hidden in ["https://as/\\u0009x", "\\u0001https://as/x", "https://as/\\na"] {
            let text = format!(r#"{{"issuer":"i","authorization_endpoint":"{hidden}"}}"#);
            let server = parsed(text.as_bytes()).unwrap();
            assert_eq!(server.authorization_endpoint, None, "{text}");
        }
    }

    /// A-04
    #[test]
    fn authorization_servers_are_read_where_they_are_clear() {
        let parse = |servers: &str| {
            let body = format!(r#"{{"resource":"https://h","authorization_servers":{servers}}}"#);
            ProtectedResource::parse(body.as_bytes()).map(|read| read.authorization_servers)
        };
        for servers in [
            r#""https://as""#,
            r#"["https://as",null,7]"#,
            r#"[" https://as\n"]"#,
            r#"[{"issuer":"https://as"}]"#,
            r#"["https://as/.well-known/oauth-authorization-server"]"#,
        ] {
            assert_eq!(parse(servers).unwrap(), ["https://as"], "{servers}");
        }
        for servers in ["null", "[]"] {
            assert!(parse(servers).unwrap().is_empty(), "{servers}");
        }
        assert_eq!(parse("{}").unwrap_err(), "its `authorization_servers` is not an array");
        assert_eq!(parse("[7]").unwrap_err(), "its `authorization_servers` contains no string");
    }

    /// A-04, A-06: identifiers stay as written; a URL parser would add a slash.
    #[test]
    fn identifiers_stay_as_published() {
        let body = br#"{"resource":"https://H.example","authorization_servers":["https://AS.example:443"],"x":{}}"#;
        let resource = ProtectedResource::parse(body).unwrap();
        assert_eq!(resource.resource, "https://H.example");
        assert_eq!(resource.authorization_servers, ["https://AS.example:443"]);
        let body = br#"{"issuer":"https://AS.example"}"#;
        assert_eq!(parsed(body).unwrap().issuer, "https://AS.example");
    }

    /// A-12
    #[test]
    fn a_document_is_known_by_the_names_of_its_members() {
        for body in
            [&br#"{"resource":7}"#[..], br#"[{"resource":"https://h"}]"#, br#"{"resource":"ht"#]
        {
            assert!(ProtectedResource::is_meant_by(body));
        }
        for body in [&b"{}"[..], b"", br#"{"message":"Not Found"}"#, b"<p>issuer</p>"] {
            assert!(!ProtectedResource::is_meant_by(body));
            assert!(!AuthorizationServer::is_meant_by(body));
        }
        assert!(AuthorizationServer::is_meant_by(br#"{"token_endpoint":"https://as/t"}"#));
    }

    #[test]
    fn odd_types_count_as_absent() {
        let body = br#"{"issuer":"i","token_endpoint":7,"authorization_endpoint":"not a url",
            "scopes_supported":"a b","code_challenge_methods_supported":[1,"S256"],
            "client_id_metadata_document_supported":"true","revocation_endpoint":null}"#;
        let server = parsed(body).unwrap();
        assert_eq!((server.token_endpoint, server.authorization_endpoint), (None, None));
        assert_eq!(server.scopes_supported, ["a", "b"]);
        assert_eq!(server.code_challenge_methods_supported.unwrap(), ["S256"]);
        assert!(server.client_id_metadata_document_supported);
        assert_eq!(server.token_endpoint_auth_methods_supported, None);
    }

    #[test]
    fn what_is_no_document_is_named() {
        for (body, reason) in [
            (&b"<html>"[..], "it is not JSON"),
            (b"[]", "it is not a JSON object"),
            (b"{}", "it has no `resource`"),
            (br#"{"resource":""}"#, "its `resource` is empty"),
            (br#"{"resource":["https://h"]}"#, "its `resource` is not a string"),
        ] {
            assert_eq!(ProtectedResource::parse(body).unwrap_err(), reason);
        }
        assert_eq!(parsed(b"{}").unwrap_err(), "it has no `issuer`");
    }
}
