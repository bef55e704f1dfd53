//! The URL of a request in the forms needed for sending, computed once for many requests.

use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, Uri};
use url::Url;

use super::error::HttpError;
use crate::redact::SafeUrl;

/// The URL of requests. Cheap to clone.
#[derive(Clone)]
pub struct Target(Arc<Parts>);

struct Parts {
    url: Url,
    absolute: Uri,
    origin_form: Uri,
    host: HeaderValue,
}

impl Target {
    /// Reads a URL with a host; its fragment and user name are not sent.
    ///
    /// # Errors
    /// HTTP cannot express the URL.
    pub fn new(url: Url) -> Result<Self, HttpError> {
        let name = url.host_str().ok_or_else(|| HttpError::invalid("the URL names no host"))?;
        let host = match url.port() {
            Some(port) => format!("{name}:{port}"),
            None => name.to_owned(),
        };
        let mut path = url.path().to_owned();
        if let Some(query) = url.query() {
            path.push('?');
            path.push_str(query);
        }
        let absolute = format!("{}://{host}{path}", url.scheme());
        let absolute: Uri = absolute.parse().map_err(HttpError::invalid)?;
        let origin_form: Uri = path.parse().map_err(HttpError::invalid)?;
        let host = HeaderValue::try_from(host).map_err(HttpError::invalid)?;
        Ok(Self(Arc::new(Parts { url, absolute, origin_form, host })))
    }

    /// The URL as it was given.
    pub fn url(&self) -> &Url {
        &self.0.url
    }

    /// Scheme, host, path and query, for proxies and HTTP/2.
    pub(super) fn absolute(&self) -> &Uri {
        &self.0.absolute
    }

    /// Path and query, for HTTP/1.1 without a proxy.
    pub(super) fn origin_form(&self) -> &Uri {
        &self.0.origin_form
    }

    /// The `Host` header.
    pub fn host(&self) -> &HeaderValue {
        &self.0.host
    }

    /// Whether it is reached over TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.0.url.scheme() == "https"
    }

    /// The port, or the scheme's default one.
    pub(super) fn port(&self) -> u16 {
        self.0.url.port_or_known_default().unwrap_or(443)
    }

    /// Whether requests to both can share a connection.
    pub(super) fn is_same_origin(&self, other: &Self) -> bool {
        self.is_tls() == other.is_tls() && self.0.host == other.0.host
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", SafeUrl::new(&self.0.url))
    }
}

/// The host of a URL, without the brackets of an IPv6 address.
pub(super) fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_its_forms_without_fragment_and_default_port() {
        let target = |url: &str| Target::new(Url::parse(url).unwrap()).unwrap();
        let one = target("https://Host.example:443/a/b?c=%20d#e");
        assert_eq!(one.origin_form(), "/a/b?c=%20d");
        assert_eq!(one.absolute(), "https://host.example/a/b?c=%20d");
        assert_eq!(one.host(), "host.example");
        assert_eq!(target("http://[::1]:8080").host(), "[::1]:8080");
        assert!(one.is_same_origin(&target("https://host.example/z")));
        assert!(!one.is_same_origin(&target("http://host.example/a/b")));
        assert!(!one.is_same_origin(&target("https://host.example:444/a/b")));
        assert!(!format!("{:?}", target("https://h.example/?key=hunter2")).contains("hunter2"));
    }
}
