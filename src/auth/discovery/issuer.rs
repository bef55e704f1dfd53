//! Compares issuer identifiers: as text, except that the slash of an empty path makes no
//! difference between an entry of `authorization_servers` and the issuer's own document, because
//! the URL types of several languages add it (RFC 3986 §6.2.3, O-9). Pure functions.

use url::Url;

/// Whether an entry of `authorization_servers` and a document's `issuer` name the same issuer.
pub(crate) fn is_same_issuer(listed: &str, documented: &str) -> bool {
    without_root_slash(listed) == without_root_slash(documented)
}

/// An identifier with and without its root slash; only itself if it has a path.
pub(crate) fn spellings(issuer: &str) -> Vec<String> {
    let bare = without_root_slash(issuer);
    match Url::parse(bare) {
        Ok(url) if url.path() == "/" && url.query().is_none() && url.fragment().is_none() => {
            vec![bare.to_owned(), format!("{bare}/")]
        }
        _ => vec![issuer.to_owned()],
    }
}

fn without_root_slash(issuer: &str) -> &str {
    let Some(bare) = issuer.strip_suffix('/') else { return issuer };
    match Url::parse(issuer) {
        Ok(url)
            if url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
                && !bare.ends_with('/') =>
        {
            bare
        }
        _ => issuer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A-06, O-9
    #[test]
    fn only_the_slash_of_an_empty_path_makes_no_difference() {
        for (one, other, same) in [
            ("https://as", "https://as", true),
            ("https://as/", "https://as", true),
            ("https://as", "https://as/", true),
            ("https://as:8443/", "https://as:8443", true),
            ("https://as/t/", "https://as/t", false),
            ("https://as/t", "https://as", false),
            ("https://AS", "https://as", false),
            ("https://as:443", "https://as", false),
            ("http://as", "https://as", false),
            ("https://as//", "https://as", false),
            ("https://as/?t=1/", "https://as/?t=1", false),
            ("not a url/", "not a url", false),
        ] {
            assert_eq!(is_same_issuer(one, other), same, "{one} {other}");
        }
        assert_eq!(spellings("https://as/"), ["https://as", "https://as/"]);
        assert_eq!(spellings("https://as"), ["https://as", "https://as/"]);
        assert_eq!(spellings("https://as/t"), ["https://as/t"]);
    }
}
