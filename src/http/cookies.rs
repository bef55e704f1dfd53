//! The cookies of one remote: load balancers use one to keep a session on one machine. While the
//! remote has set none, a request costs nothing more.

use std::fmt;
use std::sync::{OnceLock, PoisonError, RwLock};

use cookie_store::CookieStore;
use http::{HeaderMap, HeaderValue, header};
use url::Url;

/// The cookies that the remote has set, for the life of the process.
#[derive(Default)]
pub(super) struct Cookies(OnceLock<RwLock<CookieStore>>);

impl Cookies {
    /// The `Cookie` header for a request to this URL.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let store = self.0.get()?.read().unwrap_or_else(PoisonError::into_inner);
        let pairs: Vec<_> =
            store.get_request_values(url).map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() {
            return None;
        }
        HeaderValue::try_from(pairs.join("; ")).ok()
    }

    /// Stores what a response from this URL sets (RFC 6265) and ignores what is malformed.
    pub(super) fn store(&self, url: &Url, headers: &HeaderMap) {
        for value in headers.get_all(header::SET_COOKIE) {
            let Ok(text) = value.to_str() else { continue };
            let store = self.0.get_or_init(RwLock::default);
            let _ = store.write().unwrap_or_else(PoisonError::into_inner).parse(text, url);
        }
    }
}

impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookies")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_goes_back_to_where_it_is_for_and_a_malformed_one_nowhere() {
        let url = |text: &str| Url::parse(text).unwrap();
        let cookies = Cookies::default();
        let mut headers = HeaderMap::new();
        for text in
            ["lb=7; Path=/mcp", "part=1; Path=/mcp; Secure", "=", "other=1; Domain=b.example"]
        {
            headers.append(header::SET_COOKIE, HeaderValue::from_static(text));
        }
        assert_eq!(cookies.header(&url("https://a.example/mcp")), None);
        cookies.store(&url("https://a.example/mcp"), &headers);
        let header = cookies.header(&url("https://a.example/mcp")).unwrap();
        let mut pairs: Vec<_> = header.to_str().unwrap().split("; ").collect();
        pairs.sort_unstable();
        assert_eq!(pairs, ["lb=7", "part=1"]);
        assert_eq!(cookies.header(&url("http://a.example/mcp")).unwrap(), "lb=7");
        for elsewhere in ["https://a.example/other", "https://b.example/mcp"] {
            assert_eq!(cookies.header(&url(elsewhere)), None, "{elsewhere}");
        }
    }
}
