//! The URLs at which to look for metadata documents, in order. Pure functions.

use url::Url;

const PROTECTED_RESOURCE: &str = "/.well-known/oauth-protected-resource";
const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";

/// URLs for an endpoint's metadata: with the well-known path inserted before its path and query
/// (RFC 9728 §3.1; only the slash of an empty path is dropped), then at the root.
pub(crate) fn protected_resource(endpoint: &Url) -> Vec<Url> {
    let path = if endpoint.path() == "/" { "" } else { endpoint.path() };
    let root = at(endpoint, PROTECTED_RESOURCE, None);
    if path.is_empty() && endpoint.query().is_none() {
        return vec![root];
    }
    vec![at(endpoint, &format!("{PROTECTED_RESOURCE}{path}"), endpoint.query()), root]
}

/// URLs for an issuer's metadata, by RFC 8414 §3.1 and OpenID Connect Discovery §4, in the order of
/// the MCP specification. A trailing slash of the path is dropped.
pub(crate) fn authorization_server(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    if path.is_empty() {
        return vec![
            at(issuer, AUTHORIZATION_SERVER, None),
            at(issuer, OPENID_CONFIGURATION, None),
        ];
    }
    vec![
        at(issuer, &format!("{AUTHORIZATION_SERVER}{path}"), None),
        at(issuer, &format!("{OPENID_CONFIGURATION}{path}"), None),
        at(issuer, &format!("{path}{OPENID_CONFIGURATION}"), None),
        // In no specification, but some servers append it.
        at(issuer, &format!("{path}{AUTHORIZATION_SERVER}"), None),
    ]
}

/// The other places of a tenant's metadata: with the slash at its end, and at the root, where
/// the one document of a server may name its one tenant.
pub(crate) fn spare_authorization_server(issuer: &Url) -> Vec<Url> {
    let path = issuer.path();
    if path == "/" {
        return Vec::new();
    }
    let slash = path.ends_with('/');
    let with_slash = slash.then(|| at(issuer, &format!("{AUTHORIZATION_SERVER}{path}"), None));
    with_slash.into_iter().chain([at(issuer, AUTHORIZATION_SERVER, None)]).collect()
}

/// The issuer in an entry of `authorization_servers`. One that is the address of a document names
/// the issuer from which RFC 8414 §3.1 makes this address.
pub(crate) fn issuer_named_by(listed: &str) -> String {
    let named = || {
        let url = Url::parse(listed).ok()?;
        let origin = origin(&url);
        let path =
            [AUTHORIZATION_SERVER, OPENID_CONFIGURATION].into_iter().find_map(|document| {
                let path = url.path();
                path.strip_prefix(document).or_else(|| path.strip_suffix(document))
            })?;
        (path.is_empty() || path.starts_with('/')).then(|| format!("{origin}{path}"))
    };
    named().unwrap_or_else(|| listed.to_owned())
}

/// The endpoints of a server without any metadata (2025-03-26, A-10).
pub(crate) fn default_endpoint(endpoint: &Url, name: &str) -> Url {
    at(endpoint, &format!("/{name}"), None)
}

/// The origin of a URL, without a trailing slash.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn at(url: &Url, path: &str, query: Option<&str>) -> Url {
    let mut url = url.clone();
    url.set_path(path);
    url.set_query(query);
    url.set_fragment(None);
    // Fails only for URLs that cannot have credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(urls: Vec<Url>) -> Vec<String> {
        urls.into_iter().map(String::from).collect()
    }

    ///
    #[test]
    fn the_path_form_of_the_resource_comes_before_the_root_form() {
        let root = "https://h/.well-known/oauth-protected-resource";
        let cases: [(&str, &[&str]); 8] = [
            ("https://h/mcp", &["https://h/.well-known/oauth-protected-resource/mcp", root]),
            (
                "https://h/a/mcp/?t=1",
                &["https://h/.well-known/oauth-protected-resource/a/mcp/?t=1", root],
            ),
            ("https://h/?t=1", &["https://h/.well-known/oauth-protected-resource?t=1", root]),
            ("https://h/", &[root]),
            ("https://h", &[root]),
            ("https://h/mcp/", &["https://h/.well-known/oauth-protected-resource/mcp/", root]),
            ("https://h/a%2Fb", &["https://h/.well-known/oauth-protected-resource/a%2Fb", root]),
            ("https://u:p@h/m#f", &["https://h/.well-known/oauth-protected-resource/m", root]),
        ];
        for (endpoint, expected) in cases {
            let endpoint = Url::parse(endpoint).unwrap();
            assert_eq!(strings(protected_resource(&endpoint)), expected, "{endpoint}");
        }
        let other = Url::parse("http://h:8080/mcp").unwrap();
        assert_eq!(
            strings(protected_resource(&other))[1],
            "http://h:8080/.well-known/oauth-protected-resource"
        );
    }

    ///
    #[test]
    fn an_issuer_is_looked_up_in_the_order_of_the_specification() {
        let root = [
            "https://as/.well-known/oauth-authorization-server",
            "https://as/.well-known/openid-configuration",
        ];
        let tenant = [
            "https://as/.well-known/oauth-authorization-server/t1",
            "https://as/.well-known/openid-configuration/t1",
            "https://as/t1/.well-known/openid-configuration",
            "https://as/t1/.well-known/oauth-authorization-server",
        ];
        let cases: [(&str, &[&str]); 4] = [
            ("https://as", &root),
            ("https://as/", &root),
            ("https://as/t1", &tenant),
            ("https://as/t1/", &tenant),
        ];
        for (issuer, expected) in cases {
            let url = Url::parse(issuer).unwrap();
            assert_eq!(strings(authorization_server(&url)), expected, "{issuer}");
        }
    }

    ///
    #[test]
    fn a_tenant_may_have_its_document_at_the_root() {
        let spare =
            |issuer: &str| strings(spare_authorization_server(&Url::parse(issuer).unwrap()));
        let root = "https://as/.well-known/oauth-authorization-server";
        assert_eq!(spare("https://as/t1"), [root]);
        assert_eq!(spare("https://as/t1/"), [&format!("{root}/t1/"), root]);
        assert!(spare("https://as").is_empty());
    }

    /// RFC 8414 §3.1
    #[test]
    fn the_address_of_a_document_names_its_issuer() {
        for (listed, issuer) in [
            ("https://as/.well-known/oauth-authorization-server", "https://as"),
            ("https://as/.well-known/oauth-authorization-server/t1", "https://as/t1"),
            ("https://as/t1/.well-known/openid-configuration", "https://as/t1"),
            ("https://as/.well-known/oauth-authorization-servers", ""),
            ("https://as/t1/", ""),
            ("not a url", ""),
        ] {
            let issuer = if issuer.is_empty() { listed } else { issuer };
            assert_eq!(issuer_named_by(listed), issuer);
        }
    }

    ///
    #[test]
    fn the_old_endpoints_lie_at_the_root() {
        let endpoint = Url::parse("https://h:8443/a/mcp?x=1").unwrap();
        assert_eq!(default_endpoint(&endpoint, "authorize").as_str(), "https://h:8443/authorize");
        assert_eq!(origin(&endpoint), "https://h:8443");
    }
}
