//! Finds, from an endpoint and a challenge, the authorization server to use. Fetches
//! documents and refuses those that do not match; registers nothing and opens nothing.

use url::Url;

use crate::auth::discovery::challenge::Challenge;
use crate::auth::discovery::issuer::is_same_issuer;
use crate::auth::discovery::metadata::{AuthorizationServer, ProtectedResource};
use crate::auth::discovery::requirements::{unmet_by_resource, unmet_by_server};
use crate::auth::discovery::resource_identifier::{canonical, check_resource};
use crate::auth::discovery::well_known;
use crate::auth::guarded_http::client::{GuardedClient, GuardedResponse};
use crate::auth::options::{AuthOptions, ResourceIndicator};
use crate::error::{Failure, FailureKind};
use crate::pace::MAX_ISSUERS;
use crate::redact::{SafeUrl, display_identifier, shown_words};

/// The authorization server that discovery found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DiscoveredServer {
    /// The resource's metadata; a server of 2025-03-26 has none.
    pub(crate) resource: Option<ProtectedResource>,
    /// The metadata of the authorization server.
    pub(crate) server: AuthorizationServer,
    /// Its identifier, as its own document spells it: later comparisons use this spelling.
    pub(crate) issuer: String,
    /// Whether any document was found; otherwise the endpoints are guesses.
    pub(crate) documented: bool,
}

impl DiscoveredServer {
    /// The RFC 8707 indicator: the metadata's, otherwise the endpoint in canonical form.
    pub(crate) fn resource_indicator(&self, options: &AuthOptions) -> Option<String> {
        match &options.resource {
            ResourceIndicator::Omitted => None,
            ResourceIndicator::Fixed(resource) => Some(resource.clone()),
            ResourceIndicator::Published => Some(match &self.resource {
                Some(published) => published.resource.clone(),
                None => canonical(&options.server),
            }),
        }
    }
}

/// Finds the authorization server for an endpoint. Issuers that already know us come first.
///
/// # Errors
/// Documents cannot be fetched or must not be used; the error says which and why.
pub(crate) async fn discover(
    http_client: &GuardedClient,
    options: &AuthOptions,
    challenge: Option<&Challenge>,
    knows: impl Fn(&str) -> bool,
) -> Result<DiscoveredServer, Failure> {
    let search = MetadataSearch { http_client, options };
    if let Some(failure) = challenge.and_then(|challenge| challenge.unmet(options.dpop)) {
        return Err(failure);
    }
    match search.protected_resource(challenge).await? {
        Some(resource) => {
            check_resource(&resource, options)?;
            unmet_by_resource(&resource, options).into_iter().next().map_or(Ok(()), Err)?;
            let server = if resource.authorization_servers.is_empty() {
                search.of_unnamed().await?
            } else {
                search.first_usable(&resource, knows).await?
            };
            let issuer = server.issuer.clone();
            Ok(DiscoveredServer { resource: Some(resource), server, issuer, documented: true })
        }
        None => search.without_resource_metadata().await,
    }
}

/// One search for the documents of a server.
pub(crate) struct MetadataSearch<'a> {
    pub(crate) http_client: &'a GuardedClient,
    pub(crate) options: &'a AuthOptions,
}

/// How an issuer became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IssuerOrigin {
    /// The resource's metadata names it, so it must have a document.
    ByResource,
    /// It is the origin of the endpoint.
    Guessed,
}

/// The result of fetching a document.
enum Fetched {
    /// Something that may be the document.
    Found(GuardedResponse),
    /// Nothing.
    Absent,
}

impl MetadataSearch<'_> {
    /// Fetches the resource's metadata from the first place that has it. A failure at one
    /// place counts only if no other place has the document: the server is then not one without
    /// metadata. A response from a guessed place counts only if it is meant as such a document
    ///
    pub(crate) async fn protected_resource(
        &self,
        challenge: Option<&Challenge>,
    ) -> Result<Option<ProtectedResource>, Failure> {
        let named = challenge.and_then(|challenge| challenge.resource_metadata.as_deref());
        let named = named.and_then(|url| self.options.server.join(url).ok());
        let mut places: Vec<Url> = named.iter().cloned().collect();
        for place in well_known::protected_resource(&self.options.server) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let mut trouble = None;
        for place in places {
            let is_named = named.as_ref() == Some(&place);
            match self.fetch(&place).await {
                Ok(Fetched::Absent) => {}
                Ok(Fetched::Found(answer)) => match ProtectedResource::parse(&answer.body) {
                    Ok(resource) => return Ok(Some(resource)),
                    Err(reason) if is_named || ProtectedResource::is_meant_by(&answer.body) => {
                        trouble = trouble.or(Some(self.unusable(&place, &answer, &reason)));
                    }
                    Err(_) => {}
                },
                Err(failure) => trouble = trouble.or(Some(failure)),
            }
        }
        trouble.map_or(Ok(None), Err)
    }

    /// The first authorization server with a usable document at which we can become a client;
    /// otherwise, the first with a usable document (RFC 9728 §7.6, A-09).
    async fn first_usable(
        &self,
        resource: &ProtectedResource,
        knows: impl Fn(&str) -> bool,
    ) -> Result<AuthorizationServer, Failure> {
        let given = self.options.client_info.as_ref().and_then(|info| info.issuer.as_deref());
        let mut issuers: Vec<&String> = resource.authorization_servers.iter().collect();
        // The sort is stable: the document's order decides among equals.
        issuers.sort_by_key(|listed| match given {
            Some(given) => !is_same_issuer(listed, given),
            None => !knows(listed),
        });
        let (mut trouble, mut spare) = (None, None);
        for listed in issuers.into_iter().take(MAX_ISSUERS) {
            match self.authorization_server(listed).await {
                Ok(server) if knows(&server.issuer) || self.can_become_client(&server, listed) => {
                    return Ok(server);
                }
                Ok(server) => spare = spare.or(Some(server)),
                Err(failure) => trouble = trouble.or(Some(failure)),
            }
        }
        spare.ok_or_else(|| trouble.unwrap_or_else(|| no_issuer(self.options)))
    }

    /// Whether we can become its client, with the user's client or with what the server offers
    ///
    fn can_become_client(&self, server: &AuthorizationServer, listed: &str) -> bool {
        let options = self.options;
        if let Some(given) = &options.client_info {
            let fits = |issuer: &String| {
                is_same_issuer(issuer, listed) || is_same_issuer(issuer, &server.issuer)
            };
            return given.issuer.as_ref().is_none_or(fits);
        }
        let by_document =
            options.client_document().is_some() && server.client_id_metadata_document_supported;
        by_document || server.registration_endpoint.is_some()
    }

    async fn authorization_server(&self, issuer: &str) -> Result<AuthorizationServer, Failure> {
        let server = self.fetch_server_metadata(issuer).await?;
        self.check_server(&server).await?;
        Ok(server)
    }

    /// Fetches the metadata of an issuer that the resource names; a server without metadata cannot
    /// be used.
    pub(crate) async fn fetch_server_metadata(
        &self,
        issuer: &str,
    ) -> Result<AuthorizationServer, Failure> {
        let url = Url::parse(issuer).map_err(|_| {
            let shown = shown_words(issuer);
            Failure::new(
                FailureKind::AuthFailed,
                format!("the authorization server `{shown}` is not a URL"),
            )
            .hint(self.options.hint_to_name_endpoints())
        })?;
        self.http_client.check(&url, "its authorization server")?;
        match self.server_metadata(&url, issuer, IssuerOrigin::ByResource).await? {
            Some(server) => Ok(server),
            None => Err(Failure::new(
                FailureKind::AuthFailed,
                format!("the authorization server `{}` has no metadata", SafeUrl::new(&url)),
            )
            .hint(self.options.hint_to_name_endpoints())),
        }
    }

    /// The identity provider, which the user names and no resource does.
    pub(crate) async fn identity_provider(&self) -> Result<DiscoveredServer, Failure> {
        let url = &self.options.server;
        let issuer = match url.path() {
            "/" => well_known::origin(url),
            _ => url.to_string(),
        };
        let server = self.authorization_server(&issuer).await?;
        let issuer = server.issuer.clone();
        Ok(DiscoveredServer { resource: None, server, issuer, documented: true })
    }

    /// The authorization server of a resource that names none: its own origin, if that has a
    /// document, as other clients do it. Endpoints are not guessed.
    pub(crate) async fn of_unnamed(&self) -> Result<AuthorizationServer, Failure> {
        let found = self.without_resource_metadata().await?;
        if found.documented { Ok(found.server) } else { Err(no_issuer(self.options)) }
    }

    /// A server of 2025-03-26: its origin is the issuer, and without any metadata the endpoints
    /// have default names. PKCE support may stay unknown only without a document (O-10).
    pub(crate) async fn without_resource_metadata(&self) -> Result<DiscoveredServer, Failure> {
        let endpoint = &self.options.server;
        let origin = well_known::origin(endpoint);
        let base = Url::parse(&origin).map_err(|_| {
            let message = format!("`{}` has no origin to sign in at", SafeUrl::new(endpoint));
            Failure::new(FailureKind::AuthFailed, message)
                .hint("check the URL: it begins with `https://` or `http://`")
        })?;
        let found = self.server_metadata(&base, &origin, IssuerOrigin::Guessed).await?;
        if let Some(server) = &found {
            self.check_server(server).await?;
        }
        let documented = found.is_some();
        let server = found.unwrap_or_else(|| self.as_the_user_says(self.default_server(&origin)));
        Ok(DiscoveredServer { resource: None, issuer: server.issuer.clone(), server, documented })
    }

    fn default_server(&self, origin: &str) -> AuthorizationServer {
        let at = |name| Some(well_known::default_endpoint(&self.options.server, name));
        AuthorizationServer {
            issuer: origin.to_owned(),
            authorization_endpoint: at("authorize"),
            token_endpoint: at("token"),
            registration_endpoint: at("register"),
            ..AuthorizationServer::default()
        }
    }

    /// Fetches the first document of an issuer that names this issuer.
    async fn server_metadata(
        &self,
        url: &Url,
        issuer: &str,
        naming: IssuerOrigin,
    ) -> Result<Option<AuthorizationServer>, Failure> {
        let mut trouble = None;
        let places = well_known::authorization_server(url).into_iter().map(|place| (place, false));
        let spare = well_known::spare_authorization_server(url).into_iter();
        for (place, is_spare) in places.chain(spare.map(|place| (place, true))) {
            let answer = match self.fetch(&place).await {
                Ok(Fetched::Found(answer)) => answer,
                Ok(Fetched::Absent) => continue,
                Err(_) if is_spare => continue,
                Err(failure) => {
                    trouble = trouble.or(Some(failure));
                    continue;
                }
            };
            match AuthorizationServer::parse_at(&place, &answer.body) {
                Ok(server) if is_same_issuer(issuer, &server.issuer) => {
                    return Ok(Some(self.as_the_user_says(server)));
                }
                // At the root of a tenant there is first of all the document of the root.
                Ok(_) if is_spare => {}
                Ok(server) if self.options.accept_issuer_mismatch => {
                    let named = display_identifier(&server.issuer);
                    let expected = display_identifier(issuer);
                    tracing::warn!(%named, %expected, "metadata of another issuer is accepted");
                    return Ok(Some(self.as_the_user_says(server)));
                }
                Ok(server) => trouble = trouble.or(Some(mismatch(&place, &server.issuer, issuer))),
                Err(reason)
                    if !is_spare
                        && (AuthorizationServer::is_meant_by(&answer.body)
                            || naming == IssuerOrigin::ByResource && is_json(&answer)) =>
                {
                    trouble = trouble.or(Some(self.unusable(&place, &answer, &reason)));
                }
                Err(_) => {}
            }
        }
        trouble.map_or(Ok(None), Err)
    }

    /// The metadata with the endpoints for clients with a certificate if we have one, and with the
    /// user's own endpoints.
    fn as_the_user_says(&self, server: AuthorizationServer) -> AuthorizationServer {
        let options = self.options;
        let server = match options.client_certificate {
            Some(_) => server.with_mtls_aliases(),
            None => server,
        };
        let authorization = options.authorization_endpoint.clone();
        let device = options.device_endpoint.clone();
        AuthorizationServer {
            authorization_endpoint: authorization.or(server.authorization_endpoint),
            token_endpoint: options.token_endpoint.clone().or(server.token_endpoint),
            device_authorization_endpoint: device.or(server.device_authorization_endpoint),
            ..server
        }
    }

    async fn check_server(&self, server: &AuthorizationServer) -> Result<(), Failure> {
        self.objections(server).await.into_iter().next().map_or(Ok(()), Err)
    }

    /// Why this authorization server cannot be used.
    pub(crate) async fn objections(&self, server: &AuthorizationServer) -> Vec<Failure> {
        let mut found = Vec::new();
        if let Some(page) = &server.authorization_endpoint {
            found.extend(self.http_client.check(page, "the page to sign in at").err());
        }
        if let Some(endpoint) = &server.token_endpoint {
            found.extend(
                self.http_client.check_endpoint(endpoint, "its token endpoint").await.err(),
            );
        }
        found.extend(unmet_by_server(server, self.options));
        found
    }

    fn unusable(&self, place: &Url, answer: &GuardedResponse, reason: &str) -> Failure {
        let kind = match answer.media_type.as_str() {
            "" => String::new(),
            media_type => format!(" (it came as `{media_type}`)"),
        };
        Failure::new(
            FailureKind::AuthFailed,
            format!("the metadata at `{}` cannot be used: {reason}{kind}", SafeUrl::new(place)),
        )
        .hint(self.options.hint_to_name_endpoints())
    }

    async fn fetch(&self, place: &Url) -> Result<Fetched, Failure> {
        let answer = self.http_client.document(place).await?;
        let status = answer.status.as_u16();
        match status {
            200..=299 => Ok(Fetched::Found(answer)),
            408 | 425 | 429 | 500..=599 => Err(Failure::new(
                FailureKind::Http,
                format!("`{}` answered HTTP {status}", SafeUrl::new(place)),
            )
            .status(status)
            .hint(answer.when_to_try_again())),
            _ => Ok(Fetched::Absent),
        }
    }
}

/// The failure for a resource that names no authorization server, at an origin without one.
pub(crate) fn no_issuer(options: &AuthOptions) -> Failure {
    Failure::new(
        FailureKind::AuthFailed,
        "the server's metadata names no authorization server (`authorization_servers`, RFC 9728)",
    )
    .hint(options.hint_to_name_endpoints())
}

fn mismatch(place: &Url, named: &str, expected: &str) -> Failure {
    let (named, expected) = (display_identifier(named), display_identifier(expected));
    let difference = if named.trim_end_matches('/') == expected.trim_end_matches('/') {
        " (they differ only in a slash at the end)"
    } else {
        ""
    };
    Failure::new(
        FailureKind::AuthFailed,
        format!(
            "the metadata at `{}` names the issuer `{named}` instead of `{expected}`{difference}",
            SafeUrl::new(place)
        ),
    )
    .hint("if you trust both, accept it with `--accept-issuer-mismatch`")
}

fn is_json(answer: &GuardedResponse) -> bool {
    let media_type = answer.media_type.to_ascii_lowercase();
    media_type.ends_with("/json") || media_type.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A-06, O-9
    #[test]
    fn a_wrong_issuer_is_named_with_the_flag_that_accepts_it() {
        let at = Url::parse("https://as/.well-known/x").unwrap();
        let failure = mismatch(&at, "https://as/t/", "https://as/t");
        assert!(failure.message.contains("`https://as/t/`"), "{}", failure.message);
        assert!(failure.message.contains("only in a slash"), "{}", failure.message);
        assert!(failure.hint.contains("--accept-issuer-mismatch"));
    }
}
