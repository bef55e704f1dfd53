//! Patterns for a company's servers in `[enterprise]`: URLs, or `https://*.example.com`.

use url::Url;

/// Replaces `*` while a pattern is parsed.
const PLACEHOLDER: &str = "any-name";

/// A URL that matches every server below it; with `*`, every host name with the same ending.
#[derive(Clone, Debug)]
pub struct ServerPattern {
    url: Url,
    /// The end of the host's name, with its dot.
    suffix: Option<String>,
}

impl ServerPattern {
    /// Reads a pattern; `None` if it is not a URL, even with a leading `*.` in its host.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(&text.replacen("://*.", &format!("://{PLACEHOLDER}."), 1)).ok()?;
        let host = url.host_str().filter(|_| matches!(url.scheme(), "https" | "http"))?;
        let suffix = host.strip_prefix(PLACEHOLDER).map(str::to_owned);
        let has_parent = suffix.as_ref().is_none_or(|suffix| suffix[1..].contains('.'));
        let is_plain = !text.replacen("://*.", "", 1).contains('*') && url.query().is_none();
        (has_parent && is_plain).then_some(Self { url, suffix })
    }

    /// Whether it matches this server.
    pub fn matches(&self, url: &Url) -> bool {
        let is_host = match (&self.suffix, url.host_str()) {
            (Some(suffix), Some(host)) => {
                host.len() > suffix.len() && host.ends_with(suffix.as_str())
            }
            (None, host) => self.url.host_str() == host,
            (Some(_), None) => false,
        };
        let path = self.url.path().trim_end_matches('/');
        let rest = url.path().strip_prefix(path);
        is_host
            && self.url.scheme() == url.scheme()
            && self.url.port_or_known_default() == url.port_or_known_default()
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    ///
    #[test]
    fn a_pattern_stands_for_the_servers_of_one_company_only() {
        let matches = |pattern: &str, url: &str| {
            ServerPattern::parse(pattern).unwrap().matches(&Url::parse(url).unwrap())
        };
        for (pattern, url, stands) in [
            ("https://*.corp.example", "https://mcp.corp.example/mcp", true),
            ("https://*.corp.example", "https://a.b.corp.example/", true),
            ("https://*.corp.example", "https://corp.example/", false),
            ("https://*.corp.example", "https://evilcorp.example/", false),
            ("https://*.corp.example", "https://x.corp.example.evil.example/", false),
            ("https://*.corp.example", "http://mcp.corp.example/", false),
            ("https://*.corp.example", "https://mcp.corp.example:8443/", false),
            ("https://mcp.example/team", "https://mcp.example/team/mcp", true),
            ("https://mcp.example/team", "https://mcp.example/teams", false),
        ] {
            assert_eq!(matches(pattern, url), stands, "{pattern} {url}");
        }
        for wrong in
            ["*", "https://*", "https://*.com", "https://a.*.example", "mcp.example", "file:///x"]
        {
            assert!(ServerPattern::parse(wrong).is_none(), "{wrong}");
        }
    }
}
