//! How we get a client id at an issuer: given by the user, a metadata document, or
//! dynamic registration (RFC 7591, deprecated, the last resort). Always bound to its issuer.

use serde_json::{Map, Value, json};

use crate::auth::client::auth_method::AuthMethod;
use crate::auth::client::pre_registered::PreRegistered;
use crate::auth::client::redirect_uri::{Redirect, candidates};
use crate::auth::discovery::search::DiscoveredServer;
use crate::auth::guarded_http::client::GuardedClient;
use crate::auth::options::{AuthOptions, Grant};
use crate::auth::records::registration::{Registered, Registration};
use crate::error::{Failure, FailureKind};
use crate::redact::{SafeUrl, Secret, plain};

/// Registers at one authorization server.
pub(crate) struct Registrar<'a> {
    pub(crate) http_client: &'a GuardedClient,
    pub(crate) options: &'a AuthOptions,
    pub(crate) discovered: &'a DiscoveredServer,
    /// In seconds since 1970.
    pub(crate) now: u64,
}

impl Registrar<'_> {
    /// The client that needs no registration: given by the user, or a metadata document.
    /// `earlier` is the client of the sign-in that is replaced.
    ///
    /// # Errors
    /// The user's client belongs to another issuer.
    pub(crate) fn given_or_documented(
        &self,
        earlier: Option<&Registration>,
    ) -> Result<Option<Registration>, Failure> {
        if let Some(given) = &self.options.client_info {
            return self.given(given, earlier).map(Some);
        }
        let server = &self.discovered.server;
        let document = self.options.client_metadata_url.as_ref();
        Ok(document.filter(|_| server.client_id_metadata_document_supported).map(|url| {
            Registration {
                issuer: self.discovered.issuer.clone(),
                how: Registered::ByDocument,
                client_id: url.to_string(),
                client_secret: None,
                auth_method: AuthMethod::None,
                client_id_in_form: false,
                listed_methods: server.known_auth_methods(),
                secret_expires_at: None,
                redirect_uris: Vec::new(),
                registered_at: self.now,
            }
        }))
    }

    fn given(
        &self,
        given: &PreRegistered,
        earlier: Option<&Registration>,
    ) -> Result<Registration, Failure> {
        let issuer = &self.discovered.issuer;
        if let Some(other) = given.issuer.as_ref().filter(|other| *other != issuer) {
            let message = format!(
                "the OAuth client `{}` belongs to the issuer `{}`, but the server uses `{}`",
                plain(&given.client_id),
                plain(other),
                plain(issuer)
            );
            return Err(Failure::new(FailureKind::AuthFailed, message).hint(
                "register a client at the new issuer and give it with \
                 `--static-oauth-client-info`",
            ));
        }
        let offered = self.discovered.server.token_endpoint_auth_methods_supported.as_deref();
        let (secret, key) = (given.client_secret.is_some(), given.signing_key.is_some());
        let picked = || AuthMethod::pick(offered, secret, key);
        let accepted = earlier.filter(|earlier| was_accepted(earlier, given, issuer));
        let picked = || accepted.map_or_else(picked, |accepted| accepted.auth_method);
        Ok(Registration {
            issuer: issuer.clone(),
            how: Registered::Beforehand,
            client_id: given.client_id.clone(),
            client_secret: given.client_secret.clone(),
            auth_method: given.auth_method.unwrap_or_else(picked),
            client_id_in_form: accepted.is_some_and(|accepted| accepted.client_id_in_form),
            listed_methods: self.discovered.server.known_auth_methods(),
            secret_expires_at: None,
            redirect_uris: given.redirect_uris.clone(),
            registered_at: self.now,
        })
    }

    /// Registers a client for this redirect; without one for grants that need none. Returns
    /// the redirect to use, which the server may have changed.
    ///
    /// # Errors
    /// The server has no registration or refuses.
    pub(crate) async fn register(
        &self,
        redirect: Option<&Redirect>,
    ) -> Result<(Registration, Option<Redirect>), Failure> {
        match self.attempt(redirect).await {
            Err(RegistrationRefused { code, .. })
                if code == "invalid_redirect_uri" && on_localhost(redirect) =>
            {
                let numeric = redirect.map(|redirect| redirect.on_host("127.0.0.1"));
                self.attempt(numeric.as_ref()).await.map_err(|refused| refused.failure)
            }
            other => other.map_err(|refused| refused.failure),
        }
    }

    async fn attempt(
        &self,
        redirect: Option<&Redirect>,
    ) -> Result<(Registration, Option<Redirect>), RegistrationRefused> {
        let endpoint = self.discovered.server.registration_endpoint.as_ref();
        let endpoint =
            endpoint.ok_or_else(|| RegistrationRefused::from(self.nothing_to_register_with()))?;
        let body = Value::Object(self.request(redirect)).to_string().into_bytes();
        let request = http::Request::post(endpoint.as_str())
            .header(http::header::CONTENT_TYPE, crate::protocol::headers::JSON)
            .header(http::header::ACCEPT, crate::protocol::headers::JSON)
            .body(body)
            .map_err(|_| RegistrationRefused::from(self.nothing_to_register_with()))?;
        let answer = self.http_client.post(request).await?;
        let parsed: Option<Map<String, Value>> = serde_json::from_slice(&answer.body).ok();
        let status = answer.status;
        match parsed {
            Some(answer) if status.is_success() => Ok(self.registered(&answer, redirect)?),
            _ if matches!(status.as_u16(), 404 | 405) => {
                Err(self.nothing_to_register_with().status(status.as_u16()).into())
            }
            answer => Err(self.refusal(status.as_u16(), &answer.unwrap_or_default())),
        }
    }

    fn request(&self, redirect: Option<&Redirect>) -> Map<String, Value> {
        let offered = self.discovered.server.token_endpoint_auth_methods_supported.as_deref();
        let mut request = Map::new();
        request.insert("client_name".into(), "mcp-tether".into());
        request.insert("software_id".into(), "mcp-tether".into());
        request.insert("software_version".into(), env!("CARGO_PKG_VERSION").into());
        request.insert("application_type".into(), "native".into());
        let (grants, responses) = match self.options.grant {
            Grant::DeviceCode => (
                json!(["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]),
                json!([]),
            ),
            _ => (json!(["authorization_code", "refresh_token"]), json!(["code"])),
        };
        request.insert("grant_types".into(), grants);
        request.insert("response_types".into(), responses);
        if let Some(redirect) = redirect {
            request.insert("redirect_uris".into(), json!([redirect.uri()]));
        }
        let method = AuthMethod::to_register(offered).name();
        request.insert("token_endpoint_auth_method".into(), method.into());
        for (name, value) in &self.options.client_metadata {
            request.insert(name.clone(), value.clone());
        }
        request
    }

    /// The method that a registration asks for.
    fn asked_method(&self) -> Option<String> {
        let request = self.request(None);
        request.get("token_endpoint_auth_method").and_then(Value::as_str).map(str::to_owned)
    }

    /// Reads the answer, which overrides what was asked for.
    fn registered(
        &self,
        answer: &Map<String, Value>,
        redirect: Option<&Redirect>,
    ) -> Result<(Registration, Option<Redirect>), Failure> {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let client_id = text("client_id").filter(|id| !id.is_empty()).ok_or_else(|| {
            Failure::new(FailureKind::AuthFailed, "the registration answer holds no `client_id`")
        })?;
        let secret = text("client_secret").filter(|secret| !secret.is_empty()).map(Secret::new);
        let offered = self.discovered.server.token_endpoint_auth_methods_supported.as_deref();
        let named = |name: String| AuthMethod::from_name(&name);
        let fits = |method: &AuthMethod| method.needs_secret() == secret.is_some();
        let method = text("token_endpoint_auth_method")
            .and_then(named)
            .or_else(|| self.asked_method().and_then(named).filter(fits))
            .unwrap_or_else(|| AuthMethod::pick(offered, secret.is_some(), false));
        let expiry = answer.get("client_secret_expires_at").and_then(Value::as_u64);
        let mut uris: Vec<String> = match answer.get("redirect_uris") {
            Some(Value::Array(uris)) => {
                uris.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        let redirect = redirect.map(|redirect| settled_redirect(redirect, &uris)).transpose()?;
        if uris.is_empty() {
            uris.extend(redirect.as_ref().map(Redirect::uri));
        }
        let registration = Registration {
            issuer: self.discovered.issuer.clone(),
            how: Registered::Dynamically,
            client_id,
            client_secret: secret,
            auth_method: method,
            client_id_in_form: false,
            listed_methods: self.discovered.server.known_auth_methods(),
            secret_expires_at: expiry.filter(|expiry| *expiry != 0),
            redirect_uris: uris,
            registered_at: self.now,
        };
        Ok((registration, redirect))
    }

    fn refusal(&self, status: u16, answer: &Map<String, Value>) -> RegistrationRefused {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(plain);
        let code = text("error").unwrap_or_default();
        let words = text("error_description").or_else(|| text("message")).unwrap_or_default();
        let issuer = plain(&self.discovered.issuer);
        let reason: Vec<_> = [format!("HTTP {status}"), code.clone(), words]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        let message = format!("`{issuer}` refuses to register us: {}", reason.join(", "));
        let kind = if status >= 500 { FailureKind::Http } else { FailureKind::AuthFailed };
        let failure = Failure::new(kind, message).status(status).hint(self.hint_to_register());
        RegistrationRefused { code, failure }
    }

    /// Neither the server nor the user offers a client.
    fn nothing_to_register_with(&self) -> Failure {
        let issuer = plain(&self.discovered.issuer);
        Failure::new(
            FailureKind::AuthFailed,
            format!("`{issuer}` registers no clients by itself, and no OAuth client is given"),
        )
        .hint(self.hint_to_register())
    }

    fn hint_to_register(&self) -> String {
        let command = self.options.login_command();
        let command = command.trim_matches('`');
        format!(
            "register an OAuth client with the operator of `{}` (redirect URI `{}`) and run \
             `{command} --static-oauth-client-info '{{\"client_id\":\"ID\"}}'`; if the server takes an API \
             key, pass it instead: `--header 'Authorization: Bearer KEY'`",
            SafeUrl::new(&self.options.server),
            candidates(self.options, &[])[0].uri(),
        )
    }
}

/// Which redirect is valid after registration: ours if it is listed, otherwise one on the same port
///
fn settled_redirect(asked: &Redirect, registered: &[String]) -> Result<Redirect, Failure> {
    if registered.is_empty() || registered.contains(&asked.uri()) {
        return Ok(asked.clone());
    }
    let changed = registered.iter().filter_map(|uri| Redirect::parse(uri));
    changed
        .filter_map(|other| match other.port {
            0 => Some(Redirect { port: asked.port, ..other }),
            port => (port == asked.port).then_some(other),
        })
        .next()
        .ok_or_else(|| {
            Failure::new(
                FailureKind::AuthFailed,
                format!("the server registered other redirect URIs than `{}`", asked.uri()),
            )
            .hint("name a port that it accepts as the callback port")
        })
}

/// Whether `earlier` is this client of the user's, accepted by the issuer in a way that the user does
/// not contradict.
fn was_accepted(earlier: &Registration, given: &PreRegistered, issuer: &str) -> bool {
    earlier.how == Registered::Beforehand
        && earlier.issuer == issuer
        && earlier.client_id == given.client_id
        && earlier.auth_method.needs_secret()
        && given.client_secret.is_some()
        && given.auth_method.is_none_or(|method| method == earlier.auth_method)
}

fn on_localhost(redirect: Option<&Redirect>) -> bool {
    redirect.is_some_and(|redirect| redirect.host == "localhost")
}

/// A registration that did not happen.
struct RegistrationRefused {
    /// The error code of RFC 7591 §3.2.2.
    code: String,
    failure: Failure,
}

impl From<Failure> for RegistrationRefused {
    fn from(failure: Failure) -> Self {
        Self { code: String::new(), failure }
    }
}
