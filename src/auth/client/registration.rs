//! Gets a client id at an issuer: from the user, from a metadata document, or by
//! dynamic registration (RFC 7591, deprecated, the last resort). It is always bound to its issuer.

use serde_json::{Map, Value, json};

use crate::auth::client::auth_method::{AuthMethod, ClientMeans};
use crate::auth::client::pre_registered::PreRegistered;
use crate::auth::client::redirect_uri::{Redirect, candidates};
use crate::auth::client::registration_variant::{RegistrationRefused, RegistrationVariant};
use crate::auth::discovery::issuer::is_same_issuer;
use crate::auth::discovery::scopes::union;
use crate::auth::discovery::search::DiscoveredServer;
use crate::auth::grants::jwt_bearer;
use crate::auth::guarded_http::answer_object::object_with;
use crate::auth::guarded_http::client::{GuardedClient, GuardedResponse};
use crate::auth::guarded_http::error_answer::ErrorAnswer;
use crate::auth::options::{AuthOptions, Grant};
use crate::auth::records::registration::{Registered, Registration};
use crate::error::{Failure, FailureKind};
use crate::redact::{SafeUrl, Secret, display_identifier, plain};

/// Registers at one authorization server.
pub(crate) struct Registrar<'a> {
    pub(crate) http_client: &'a GuardedClient,
    pub(crate) options: &'a AuthOptions,
    pub(crate) discovered: &'a DiscoveredServer,
    /// The time, in seconds since 1970.
    pub(crate) now: u64,
}

impl Registrar<'_> {
    /// A client that needs no registration: the user's, or a metadata document. `earlier` is
    /// the client of the sign-in to be replaced.
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
        let document = self.options.client_document();
        Ok(document.filter(|_| server.client_id_metadata_document_supported).map(|url| {
            Registration {
                issuer: self.discovered.issuer.clone(),
                how: Registered::ByDocument,
                client_id: url.to_string(),
                client_secret: None,
                auth_method: AuthMethod::None,
                client_id_in_form: false,
                basic_is_raw: false,
                scope: None,
                listed_methods: server.known_auth_methods(),
                signing_algorithm: None,
                secret_expires_at: None,
                redirect_uris: Vec::new(),
                registered_at: self.now,
            }
        }))
    }

    /// Why we cannot become a client of this server, according to its document.
    pub(crate) fn obstacle(&self) -> Option<Failure> {
        match self.given_or_documented(None) {
            Err(failure) => Some(failure),
            Ok(None) if self.discovered.server.registration_endpoint.is_none() => {
                Some(self.nothing_to_register_with())
            }
            Ok(_) => None,
        }
    }

    /// Whether this is the issuer, as its own document or the resource spells it.
    fn is_issuer(&self, named: &str) -> bool {
        let listed = self.discovered.resource.iter().flat_map(|it| &it.authorization_servers);
        is_same_issuer(named, &self.discovered.issuer)
            // The user has accepted another name for it.
            || self.options.accept_issuer_mismatch
                && listed.clone().count() == 1
                && listed.into_iter().any(|listed| is_same_issuer(named, listed))
    }

    fn given(
        &self,
        given: &PreRegistered,
        earlier: Option<&Registration>,
    ) -> Result<Registration, Failure> {
        let issuer = &self.discovered.issuer;
        if let Some(other) = given.issuer.as_ref().filter(|other| !self.is_issuer(other)) {
            let message = format!(
                "the OAuth client `{}` belongs to the issuer `{}`, but the server uses `{}`",
                plain(&given.client_id),
                display_identifier(other),
                display_identifier(issuer)
            );
            return Err(Failure::new(FailureKind::AuthFailed, message).hint(
                "register a client at the new issuer and give it with \
                 `--static-oauth-client-info`",
            ));
        }
        let offered = self.discovered.server.token_endpoint_auth_methods_supported.as_deref();
        let means = ClientMeans {
            secret: given.client_secret.is_some(),
            key: given.signing_key.is_some(),
            certificate: self.options.client_certificate.is_some(),
        };
        let picked = || AuthMethod::pick(offered, means);
        let accepted = earlier.filter(|earlier| was_accepted(earlier, given, issuer));
        let picked = || accepted.map_or_else(picked, |accepted| accepted.auth_method);
        Ok(Registration {
            issuer: issuer.clone(),
            how: Registered::Beforehand,
            client_id: given.client_id.clone(),
            client_secret: given.client_secret.clone(),
            auth_method: given.auth_method.unwrap_or_else(picked),
            client_id_in_form: accepted.is_some_and(|accepted| accepted.client_id_in_form),
            basic_is_raw: accepted.is_some_and(|accepted| accepted.basic_is_raw),
            scope: None,
            listed_methods: self.discovered.server.known_auth_methods(),
            signing_algorithm: given.signing_key.as_ref().map(|key| {
                let server = &self.discovered.server;
                let listed = server.token_endpoint_auth_signing_alg_values_supported.as_deref();
                key.algorithm_for(listed).to_owned()
            }),
            secret_expires_at: None,
            redirect_uris: given.redirect_uris.clone(),
            registered_at: self.now,
        })
    }

    /// Registers a client for this redirect and these scopes; without a redirect for grants that
    /// need none. If the server refuses the redirect or the scope itself, tries once
    /// more with another redirect or without the scope. Returns the redirect to use, which the
    /// server may have changed.
    ///
    /// # Errors
    /// The server offers no registration or refuses it.
    pub(crate) async fn register(
        &self,
        redirect: Option<&Redirect>,
        scopes: Option<&str>,
    ) -> Result<(Registration, Option<Redirect>), Failure> {
        let mut wanted = RegistrationVariant {
            redirect: redirect.cloned(),
            scopes: scopes.map(str::to_owned),
            ..RegistrationVariant::default()
        };
        let mut first = None;
        loop {
            let refused = match self.attempt(&wanted).await {
                Ok(registered) => return Ok(registered),
                Err(refused) => refused,
            };
            let next = wanted.next_variant(&refused, self.options, self.offered());
            // The first refusal is about the original request.
            let failure = first.get_or_insert(refused.failure);
            match next {
                Some(next) => wanted = next,
                None => return Err(failure.clone()),
            }
        }
    }

    /// The server's authentication methods.
    fn offered(&self) -> Option<&[String]> {
        self.discovered.server.token_endpoint_auth_methods_supported.as_deref()
    }

    async fn attempt(
        &self,
        wanted: &RegistrationVariant,
    ) -> Result<(Registration, Option<Redirect>), RegistrationRefused> {
        let endpoint = self.discovered.server.registration_endpoint.as_ref();
        let endpoint =
            endpoint.ok_or_else(|| RegistrationRefused::from(self.nothing_to_register_with()))?;
        let body = Value::Object(self.request(wanted)).to_string().into_bytes();
        let request = http::Request::post(endpoint.as_str())
            .header(http::header::CONTENT_TYPE, crate::protocol::headers::JSON)
            .header(http::header::ACCEPT, crate::protocol::headers::JSON)
            .body(body)
            .map_err(|_| RegistrationRefused::from(self.nothing_to_register_with()))?;
        let answer = self.http_client.post(request).await?;
        let status = answer.status.as_u16();
        match object_with("client_id", &answer.body) {
            Some(parsed) if answer.status.is_success() => Ok(self.registered(&parsed, wanted)?),
            _ if matches!(status, 404 | 405) => {
                Err(self.nothing_to_register_with().status(status).into())
            }
            _ => Err(self.refusal(&answer)),
        }
    }

    fn request(&self, wanted: &RegistrationVariant) -> Map<String, Value> {
        let mut request = Map::new();
        request.insert("client_name".into(), "mcp-tether".into());
        request.insert("software_id".into(), "mcp-tether".into());
        request.insert("software_version".into(), env!("CARGO_PKG_VERSION").into());
        if !wanted.no_type {
            request.insert("application_type".into(), "native".into());
        }
        let (mut grants, responses) = match self.options.grant {
            Grant::DeviceCode => (
                json!(["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]),
                json!([]),
            ),
            Grant::EnterpriseManaged => (json!([jwt_bearer::GRANT_TYPE]), json!([])),
            _ => (json!(["authorization_code", "refresh_token"]), json!(["code"])),
        };
        if let Value::Array(grants) = &mut grants
            && wanted.no_refreshes
        {
            grants.retain(|grant| grant != "refresh_token");
        }
        request.insert("grant_types".into(), grants);
        request.insert("response_types".into(), responses);
        if let Some(redirect) = &wanted.redirect {
            request.insert("redirect_uris".into(), json!([redirect.uri()]));
        }
        if let Some(scopes) = &wanted.scopes {
            request.insert("scope".into(), scopes.as_str().into());
        }
        let method = wanted.method.unwrap_or(AuthMethod::to_register(self.offered()));
        request.insert("token_endpoint_auth_method".into(), method.name().into());
        for (name, value) in &self.options.client_metadata {
            request.insert(name.clone(), value.clone());
        }
        request
    }

    /// The method that a registration requests.
    fn asked_method(&self, wanted: &RegistrationVariant) -> Option<String> {
        let request = self.request(wanted);
        request.get("token_endpoint_auth_method").and_then(Value::as_str).map(str::to_owned)
    }

    /// The method to authenticate with: the one in the answer, otherwise the one that was asked
    /// for. One for which there is nothing to show is passed over.
    fn settled_method(
        &self,
        given: Option<&str>,
        wanted: &RegistrationVariant,
        has_secret: bool,
    ) -> AuthMethod {
        let asked = self.asked_method(wanted).as_deref().and_then(AuthMethod::from_name);
        let can_be_used = |method: &AuthMethod| match method {
            AuthMethod::PrivateKeyJwt | AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTls => {
                asked == Some(*method)
            }
            _ => true,
        };
        let fits = |method: &AuthMethod| method.needs_secret() == has_secret;
        given
            .and_then(AuthMethod::from_name)
            .filter(can_be_used)
            .or_else(|| asked.filter(fits))
            .unwrap_or_else(|| {
                let means = ClientMeans { secret: has_secret, ..ClientMeans::default() };
                AuthMethod::pick(self.offered(), means)
            })
    }

    /// Reads the response, which overrides the request.
    fn registered(
        &self,
        answer: &Map<String, Value>,
        wanted: &RegistrationVariant,
    ) -> Result<(Registration, Option<Redirect>), Failure> {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        // Some servers number their clients.
        let number = || answer.get("client_id")?.as_u64().map(|number| number.to_string());
        let client_id =
            text("client_id").or_else(number).filter(|id| !id.is_empty()).ok_or_else(|| {
                Failure::new(FailureKind::AuthFailed, "the registration answer has no `client_id`")
                    .hint(
                        "tell the server's operator, or pass a client with \
                       `--static-oauth-client-info`",
                    )
            })?;
        let secret = text("client_secret").filter(|secret| !secret.is_empty()).map(Secret::new);
        let given_method = text("token_endpoint_auth_method");
        let method = self.settled_method(given_method.as_deref(), wanted, secret.is_some());
        let expiry = answer.get("client_secret_expires_at").and_then(Value::as_u64);
        let mut uris: Vec<String> = match answer.get("redirect_uris") {
            Some(Value::Array(uris)) => {
                uris.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        let redirect = wanted.redirect.as_ref();
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
            basic_is_raw: false,
            scope: union(wanted.scopes.as_deref(), text("scope").as_deref()),
            listed_methods: self.discovered.server.known_auth_methods(),
            signing_algorithm: None,
            secret_expires_at: expiry.filter(|expiry| *expiry != 0),
            redirect_uris: uris,
            registered_at: self.now,
        };
        Ok((registration, redirect))
    }

    fn refusal(&self, answer: &GuardedResponse) -> RegistrationRefused {
        let error = ErrorAnswer::of(answer);
        let status = answer.status.as_u16();
        let issuer = display_identifier(&self.discovered.issuer);
        let words = error.in_words();
        let message = if answer.status.is_success() && words.is_empty() {
            let found = answer.describe_instead_of("a registration");
            format!("`{issuer}` answered HTTP {status} to the registration, with {found}")
        } else {
            let words = if words.is_empty() { words } else { format!(", {words}") };
            format!("`{issuer}` refused to register this program: HTTP {status}{words}")
        };
        let is_busy = status >= 500 || matches!(status, 408 | 425 | 429);
        let kind = if is_busy { FailureKind::Http } else { FailureKind::AuthFailed };
        let hint =
            if is_busy { answer.when_to_try_again() } else { self.hint_when_refused(&error) };
        let failure = Failure::new(kind, message).status(status).hint(hint);
        let code = error.code.unwrap_or_default();
        RegistrationRefused { code, description: error.description, failure }
    }

    /// A hint with the flag for the refused member, if the response names it.
    fn hint_when_refused(&self, error: &ErrorAnswer) -> String {
        let mentions = |words| ErrorAnswer::mentions(error.description.as_deref(), words);
        let code = error.code.as_deref();
        if code == Some("invalid_scope") || mentions(&["scope"]) {
            return "choose other scopes with `--scope`".to_owned();
        }
        if mentions(&["auth_method"]) {
            return "name another way to authenticate with `--static-oauth-client-metadata \
                    '{\"token_endpoint_auth_method\":\"client_secret_post\"}'`"
                .to_owned();
        }
        let register = self.hint_to_register();
        if code == Some("invalid_redirect_uri") || mentions(&["redirect", "localhost"]) {
            return format!(
                "name another address with `--host 127.0.0.1`, `--callback-port` or \
                 `--callback-path`; otherwise {register}"
            );
        }
        register
    }

    /// The failure when neither the server nor the user offers a client.
    fn nothing_to_register_with(&self) -> Failure {
        let issuer = display_identifier(&self.discovered.issuer);
        let register = self.hint_to_register();
        let by_document = self.discovered.server.client_id_metadata_document_supported;
        let hint = if by_document {
            format!(
                "it accepts client ID metadata documents: publish one and name it with \
                 `--client-metadata-url URL`; otherwise {register}"
            )
        } else {
            register
        };
        Failure::new(
            FailureKind::AuthFailed,
            format!(
                "`{issuer}` does not support dynamic client registration, and no OAuth client is \
                 given"
            ),
        )
        .hint(hint)
    }

    fn hint_to_register(&self) -> String {
        let command = self.options.login_command();
        let command = command.trim_matches('`');
        format!(
            "register an OAuth client with the operator of `{}` (redirect URI `{}`) and run \
             `{command} --static-oauth-client-info '{{\"client_id\":\"ID\"}}'`; if the server \
             takes an API key, pass it instead: `--header 'Authorization: Bearer KEY'`",
            SafeUrl::new(&self.options.server),
            candidates(self.options, &[])[0].uri(),
        )
    }
}

/// The redirect to use after registration: ours if it is listed, otherwise one on the same port
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
                format!("the server registered redirect URIs other than `{}`", asked.uri()),
            )
            .hint("give a port that it accepts, directly after the URL")
        })
}

/// Whether `earlier` is this client of the user's, and was accepted with a method that the user
/// does not contradict.
fn was_accepted(earlier: &Registration, given: &PreRegistered, issuer: &str) -> bool {
    earlier.how == Registered::Beforehand
        && earlier.issuer == issuer
        && earlier.client_id == given.client_id
        && earlier.auth_method.needs_secret()
        && given.client_secret.is_some()
        && given.auth_method.is_none_or(|method| method == earlier.auth_method)
}

#[cfg(test)]
mod tests;
