//! Identifiers of protected resources: derives the one for an endpoint, and checks whether
//! metadata is about an endpoint. Pure functions.

use url::Url;

use crate::auth::discovery::metadata::ProtectedResource;
use crate::auth::discovery::well_known;
use crate::auth::options::{AuthOptions, ResourceIndicator};
use crate::error::{Failure, FailureKind};
use crate::redact::{SafeUrl, display_identifier};

/// The endpoint as a resource identifier: without fragment, and without the slash of an empty path.
pub(crate) fn canonical(endpoint: &Url) -> String {
    let mut endpoint = endpoint.clone();
    endpoint.set_fragment(None);
    // Fails only for URLs that cannot have credentials.
    let _ = endpoint.set_username("");
    let _ = endpoint.set_password(None);
    if endpoint.path() == "/" && endpoint.query().is_none() {
        return well_known::origin(&endpoint);
    }
    endpoint.into()
}

/// Checks the resource identifier (RFC 9728 §3.3, relaxed by O-8): it is the endpoint, or has the
/// same origin and a path that is a prefix by whole segments. Any other has to be named by
/// the user.
///
/// # Errors
/// The metadata is about another resource.
pub(crate) fn check_resource(
    resource: &ProtectedResource,
    options: &AuthOptions,
) -> Result<(), Failure> {
    let (named, endpoint) = (&resource.resource, &options.server);
    let is_wanted =
        matches!(&options.resource, ResourceIndicator::Fixed(wanted) if wanted == named);
    if named == endpoint.as_str() || covers(named, endpoint) || is_wanted {
        return Ok(());
    }
    let named = display_identifier(named);
    let message =
        format!("the metadata is about `{named}`, not about `{}`", SafeUrl::new(endpoint));
    Err(Failure::new(FailureKind::AuthFailed, message).hint(format!(
        "check the URL; if you trust this server with tokens for `{named}`, ask for them with \
         `--resource`; otherwise tell the server's operator"
    )))
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
            let document =
                ProtectedResource { resource: resource.to_owned(), ..ProtectedResource::default() };
            let mut options = AuthOptions::new(url(endpoint));
            assert_eq!(check_resource(&document, &options).is_ok(), fits, "{resource}");
            options.resource = ResourceIndicator::Fixed("https://another.example".to_owned());
            assert_eq!(check_resource(&document, &options).is_ok(), fits, "{resource}");
            options.resource = ResourceIndicator::Fixed(resource.to_owned());
            assert!(check_resource(&document, &options).is_ok(), "{resource}: the user named it");
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
}
