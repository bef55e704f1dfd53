//! From an endpoint and a challenge to the authorization server that may be used.
//! Fetches documents and refuses those that do not fit; registers nothing and opens nothing.

use url::Url;

use crate::auth::discovery::challenge::Challenge;
use crate::auth::discovery::metadata::{AuthorizationServer, ProtectedResource};
use crate::auth::discovery::well_known;
use crate::auth::guarded_http::client::{GuardedClient, GuardedResponse};
use crate::auth::options::{AuthOptions, Grant, ResourceIndicator};
use crate::error::{Failure, FailureKind};
use crate::redact::{SafeUrl, plain};

/// The authorization server that discovery found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DiscoveredServer {
    /// The resource's metadata; a server of 2025-03-26 has none.
    pub(crate) resource: Option<ProtectedResource>,
    /// The metadata of the authorization server.
    pub(crate) server: AuthorizationServer,
    /// Its identifier, as it was named to us.
    pub(crate) issuer: String,
    /// Whether any document was found; otherwise the endpoints are guesses.
    pub(crate) documented: bool,
}

impl DiscoveredServer {
    /// The RFC 8707 indicator: what the metadata says, otherwise the endpoint in canonical form
    ///
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

/// Finds the authorization server for an endpoint. Issuers that `prefer` names come first.
///
/// # Errors
/// Documents that cannot be fetched or must not be used; each error says which and why.
pub(crate) async fn discover(
    http_client: &GuardedClient,
    options: &AuthOptions,
    challenge: Option<&Challenge>,
    prefer: impl Fn(&str) -> bool,
) -> Result<DiscoveredServer, Failure> {
    let search = MetadataSearch { http_client, options };
    match search.protected_resource(challenge).await? {
        Some(resource) => {
            check_resource(&resource, &options.server)?;
            let (issuer, server) = search.first_usable(&resource, prefer).await?;
            Ok(DiscoveredServer { resource: Some(resource), server, issuer, documented: true })
        }
        None => search.without_resource_metadata().await,
    }
}

/// The endpoint as a resource identifier: no fragment, and no slash that stands for an empty path.
pub(crate) fn canonical(endpoint: &Url) -> String {
    let mut endpoint = endpoint.clone();
    endpoint.set_fragment(None);
    // Fails only for URLs that cannot have credentials at all.
    let _ = endpoint.set_username("");
    let _ = endpoint.set_password(None);
    if endpoint.path() == "/" && endpoint.query().is_none() {
        return well_known::origin(&endpoint);
    }
    endpoint.into()
}

/// One search for the documents of a server.
pub(crate) struct MetadataSearch<'a> {
    pub(crate) http_client: &'a GuardedClient,
    pub(crate) options: &'a AuthOptions,
}

/// What was found at a place for a document.
enum Fetched {
    /// Something that may be the document.
    Found(GuardedResponse),
    /// Nothing.
    Absent,
}

impl MetadataSearch<'_> {
    /// The first of the places that has the document. A failure at one place counts only if no
    /// other has it: then the server is not one without metadata.
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
            match self.fetch(&place).await {
                Ok(Fetched::Absent) => {}
                Ok(Fetched::Found(answer)) => match ProtectedResource::parse(&answer.body) {
                    Ok(resource) => return Ok(Some(resource)),
                    Err(reason)
                        if named.as_ref() == Some(&place) || is_meant_as_document(&answer) =>
                    {
                        trouble = trouble.or(Some(unusable(&place, &answer, &reason)));
                    }
                    Err(_) => {}
                },
                Err(failure) => trouble = trouble.or(Some(failure)),
            }
        }
        trouble.map_or(Ok(None), Err)
    }

    async fn first_usable(
        &self,
        resource: &ProtectedResource,
        prefer: impl Fn(&str) -> bool,
    ) -> Result<(String, AuthorizationServer), Failure> {
        let (mut issuers, others): (Vec<&String>, Vec<_>) =
            resource.authorization_servers.iter().partition(|issuer| prefer(issuer));
        issuers.extend(others);
        let mut trouble = None;
        for issuer in issuers {
            match self.authorization_server(issuer).await {
                Ok(server) => return Ok((issuer.clone(), server)),
                Err(failure) => trouble = trouble.or(Some(failure)),
            }
        }
        Err(trouble.unwrap_or_else(no_issuer))
    }

    async fn authorization_server(&self, issuer: &str) -> Result<AuthorizationServer, Failure> {
        let server = self.fetch_server_metadata(issuer).await?;
        self.check_server(&server).await?;
        Ok(server)
    }

    /// The metadata of an issuer that the resource named; a server without it cannot be used.
    pub(crate) async fn fetch_server_metadata(
        &self,
        issuer: &str,
    ) -> Result<AuthorizationServer, Failure> {
        let url = Url::parse(issuer).map_err(|_| {
            let shown = plain(issuer);
            Failure::new(
                FailureKind::AuthFailed,
                format!("the authorization server `{shown}` is not a URL"),
            )
        })?;
        self.http_client.check(&url, "its authorization server")?;
        let accepts = |named: &str| named == issuer;
        match self.server_metadata(&url, issuer, accepts).await? {
            Some(server) => Ok(server),
            None => Err(Failure::new(
                FailureKind::AuthFailed,
                format!("the authorization server `{}` has no metadata", SafeUrl::new(&url)),
            )
            .hint("tell the server's operator: RFC 8414 or OpenID Connect Discovery is needed")),
        }
    }

    /// A server of 2025-03-26: its origin is the issuer, and without any metadata the endpoints
    /// have default names. PKCE support may stay unknown only without a document (O-10).
    pub(crate) async fn without_resource_metadata(&self) -> Result<DiscoveredServer, Failure> {
        let endpoint = &self.options.server;
        let origin = well_known::origin(endpoint);
        let base = Url::parse(&origin)
            .map_err(|_| Failure::new(FailureKind::AuthFailed, "the server's URL has no origin"))?;
        // Nobody published this identifier, so with or without its slash it is the same.
        let accepts = |named: &str| named.strip_suffix('/').unwrap_or(named) == origin;
        let found = self.server_metadata(&base, &origin, accepts).await?;
        if let Some(server) = &found {
            self.check_server(server).await?;
        }
        let documented = found.is_some();
        let server = found.unwrap_or_else(|| self.default_server(&origin));
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

    /// The first document of an issuer that is about this issuer.
    async fn server_metadata(
        &self,
        url: &Url,
        issuer: &str,
        accepts: impl Fn(&str) -> bool,
    ) -> Result<Option<AuthorizationServer>, Failure> {
        let mut trouble = None;
        for place in well_known::authorization_server(url) {
            let parsed = match self.fetch(&place).await {
                Ok(Fetched::Found(answer)) => AuthorizationServer::parse(&answer.body)
                    .map_err(|reason| (is_meant_as_document(&answer), answer, reason)),
                Ok(Fetched::Absent) => continue,
                Err(failure) => {
                    trouble = trouble.or(Some(failure));
                    continue;
                }
            };
            match parsed {
                Ok(server) if accepts(&server.issuer) => return Ok(Some(server)),
                Ok(server) if self.options.accept_issuer_mismatch => {
                    tracing::warn!(named = %plain(&server.issuer), expected = %plain(issuer),
                        "metadata of another issuer is accepted");
                    return Ok(Some(server));
                }
                Ok(server) => trouble = trouble.or(Some(mismatch(&place, &server.issuer, issuer))),
                Err((true, answer, reason)) => {
                    trouble = trouble.or(Some(unusable(&place, &answer, &reason)));
                }
                Err((false, ..)) => {}
            }
        }
        trouble.map_or(Ok(None), Err)
    }

    async fn check_server(&self, server: &AuthorizationServer) -> Result<(), Failure> {
        self.objections(server).await.into_iter().next().map_or(Ok(()), Err)
    }

    /// What this authorization server lacks to be usable.
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
        if server.token_endpoint.is_none() {
            found.push(lacks(server, "names no usable `token_endpoint`"));
        }
        if self.options.grant != Grant::AuthorizationCode {
            return found;
        }
        if server.authorization_endpoint.is_none() {
            found.push(lacks(server, "names no usable `authorization_endpoint`"));
        }
        match &server.code_challenge_methods_supported {
            Some(methods) if methods.iter().any(|method| method == "S256") => {}
            Some(_) => found.push(lacks(server, "does not support PKCE with `S256`")),
            None => found.push(lacks(
                server,
                "does not say that it supports PKCE (`code_challenge_methods_supported`)",
            )),
        }
        found
    }

    async fn fetch(&self, place: &Url) -> Result<Fetched, Failure> {
        let answer = self.http_client.document(place).await?;
        let status = answer.status.as_u16();
        match status {
            200..=299 => Ok(Fetched::Found(answer)),
            429 | 500..=599 => Err(Failure::new(
                FailureKind::Http,
                format!("`{}` answered HTTP {status}", SafeUrl::new(place)),
            )
            .status(status)
            .hint("try again later")),
            _ => Ok(Fetched::Absent),
        }
    }
}

/// RFC 9728 §3.3 with the relaxation of O-8: the identifier is the endpoint, or on its origin with
/// a path that is a prefix by segments.
pub(crate) fn check_resource(resource: &ProtectedResource, endpoint: &Url) -> Result<(), Failure> {
    if resource.resource == endpoint.as_str() || covers(&resource.resource, endpoint) {
        return Ok(());
    }
    let message = format!(
        "the metadata is about `{}`, not about `{}`",
        plain(&resource.resource),
        SafeUrl::new(endpoint)
    );
    Err(Failure::new(FailureKind::AuthFailed, message).hint(
        "check the URL; if it is right, tell the server's operator that `resource` in its metadata \
         is wrong",
    ))
}

/// A resource that names no authorization server cannot be signed in to.
pub(crate) fn without_issuer(resource: &ProtectedResource) -> Option<Failure> {
    resource.authorization_servers.is_empty().then(no_issuer)
}

fn no_issuer() -> Failure {
    Failure::new(FailureKind::AuthFailed, "the server's metadata names no authorization server")
        .hint("tell its operator: `authorization_servers` must not be empty (RFC 9728)")
}

fn covers(resource: &str, endpoint: &Url) -> bool {
    let Ok(resource) = Url::parse(resource) else { return false };
    if resource.origin() != endpoint.origin() || !resource.origin().is_tuple() {
        return false;
    }
    if resource.query().is_some() && resource.query() != endpoint.query() {
        return false;
    }
    let prefix = resource.path().trim_end_matches('/');
    match endpoint.path().strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => false,
    }
}

fn mismatch(place: &Url, named: &str, expected: &str) -> Failure {
    let (named, expected) = (plain(named), plain(expected));
    let difference = if named.trim_end_matches('/') == expected.trim_end_matches('/') {
        " (they differ only in a slash at the end)"
    } else {
        ""
    };
    Failure::new(
        FailureKind::AuthFailed,
        format!(
            "the metadata at `{}` is of the issuer `{named}`, expected was `{expected}`{difference}",
            SafeUrl::new(place)
        ),
    )
    .hint("if you trust both, accept it with `--accept-issuer-mismatch`")
}

/// Whether this is meant as a document, even if it is broken. A server that answers everything with
/// a page has no document at a place that we guessed.
fn is_meant_as_document(answer: &GuardedResponse) -> bool {
    let media_type = answer.media_type.to_ascii_lowercase();
    let is_json = media_type.ends_with("/json") || media_type.ends_with("+json");
    is_json || answer.body.trim_ascii_start().starts_with(b"{")
}

fn unusable(place: &Url, answer: &GuardedResponse, reason: &str) -> Failure {
    let kind = match answer.media_type.as_str() {
        "" => String::new(),
        media_type => format!(" (it came as `{media_type}`)"),
    };
    Failure::new(
        FailureKind::AuthFailed,
        format!("the metadata at `{}` cannot be used: {reason}{kind}", SafeUrl::new(place)),
    )
    .hint("tell the server's operator")
}

fn lacks(server: &AuthorizationServer, what: &str) -> Failure {
    Failure::new(
        FailureKind::AuthFailed,
        format!("the authorization server `{}` {what}", plain(&server.issuer)),
    )
    .hint("this server cannot be signed in to safely; tell its operator")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    /// A-04, O-8
    #[test]
    fn a_resource_covers_its_endpoint_by_whole_segments() {
        let cases = [
            ("https://h/mcp", "https://h/mcp", true),
            ("https://h", "https://h/mcp", true),
            ("https://h/", "https://h/mcp", true),
            ("https://H:443/mcp", "https://h/mcp", true),
            ("https://h/mcp/", "https://h/mcp", true),
            ("https://h/mcp", "https://h/mcp/", true),
            ("https://h/a", "https://h/a/mcp", true),
            ("https://h/mcp?t=1", "https://h/mcp?t=1", true),
            ("https://h/mcp", "https://h/mcp?t=1", true),
            ("https://h/mcp?t=2", "https://h/mcp?t=1", false),
            ("https://h/mc", "https://h/mcp", false),
            ("https://h/other", "https://h/mcp", false),
            ("https://h/mcp/deeper", "https://h/mcp", false),
            ("https://h:8443/mcp", "https://h/mcp", false),
            ("http://h/mcp", "https://h/mcp", false),
            ("https://evil.example/mcp", "https://h/mcp", false),
            ("https://h.evil.example/mcp", "https://h/mcp", false),
            ("urn:x", "https://h/mcp", false),
            ("mcp", "https://h/mcp", false),
        ];
        for (resource, endpoint, fits) in cases {
            let document = ProtectedResource {
                resource: resource.to_owned(),
                authorization_servers: Vec::new(),
                scopes_supported: Vec::new(),
            };
            assert_eq!(check_resource(&document, &url(endpoint)).is_ok(), fits, "{resource}");
        }
    }

    ///
    #[test]
    fn the_endpoint_is_a_canonical_resource() {
        for (endpoint, expected) in [
            ("https://H.Example/MCP#x", "https://h.example/MCP"),
            ("https://h.example:443/", "https://h.example"),
            ("https://h.example", "https://h.example"),
            ("https://h.example/mcp/", "https://h.example/mcp/"),
            ("https://u:p@h.example/mcp?t=1", "https://h.example/mcp?t=1"),
        ] {
            assert_eq!(canonical(&url(endpoint)), expected);
        }
    }

    /// A-06, O-9
    #[test]
    fn a_wrong_issuer_is_named_with_the_flag_that_accepts_it() {
        let failure = mismatch(&url("https://as/.well-known/x"), "https://as/", "https://as");
        assert!(failure.message.contains("`https://as/`"), "{}", failure.message);
        assert!(failure.message.contains("only in a slash"), "{}", failure.message);
        assert!(failure.hint.unwrap().contains("--accept-issuer-mismatch"));
    }
}
