//! Plain HTTP of a product beside MCP: requests and answers, independent of the transports. Health
//! checks, REST endpoints and pages use it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde_json::Value;
use url::form_urlencoded;

use crate::html;

/// A request for something other than an MCP endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WebRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    /// Scheme, host and port under which the mock is reached.
    pub(crate) origin: &'a str,
}

/// Fields of a form or a query.
pub(crate) type WebFields = BTreeMap<String, String>;

impl<'a> WebRequest<'a> {
    /// Returns the value of a header; `None` if absent or not text.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the fields of the query.
    pub(crate) fn query(&self) -> WebFields {
        form_urlencoded::parse(self.query.as_bytes()).into_owned().collect()
    }

    /// Returns the fields of the form in the body; `None` if it is not a form.
    pub(crate) fn form(&self) -> Option<WebFields> {
        let form = self.is_of("application/x-www-form-urlencoded");
        form.then(|| form_urlencoded::parse(self.body).into_owned().collect())
    }

    /// Returns the JSON in the body; `None` if it is not JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        self.is_of("application/json").then(|| serde_json::from_slice(self.body).ok()).flatten()
    }

    /// Returns the token of `Authorization: Bearer`.
    pub(crate) fn bearer(&self) -> Option<&'a str> {
        self.authorization("bearer")
    }

    /// Returns name and password of `Authorization: Basic`.
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let bytes = STANDARD.decode(self.authorization("basic")?).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        text.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
    }

    /// Returns the value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<&'a str> {
        let mut pairs = self.header("cookie")?.split(';').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(known, value)| (known.trim() == name).then(|| value.trim()))
    }

    fn authorization(&self, wanted: &str) -> Option<&'a str> {
        let (scheme, rest) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case(wanted).then(|| rest.trim())
    }

    fn is_of(&self, wanted: &str) -> bool {
        let given = self.header("content-type").unwrap_or_default();
        given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
    }
}

/// The id of the request.
#[derive(Clone, Debug)]
pub(crate) struct WebAnswer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl WebAnswer {
    /// Returns a text with a media type. Caches must not store it.
    pub(crate) fn new(status: u16, media_type: &str, body: impl Into<String>) -> Self {
        let headers = vec![
            ("content-type", media_type.to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
        ];
        Self { status, headers, body: body.into() }
    }

    /// Returns a JSON document.
    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    /// Returns an HTML page without scripts, whose forms may only be sent back here.
    pub(crate) fn page(status: u16, html: String) -> Self {
        let mut answer = Self::new(status, "text/html; charset=utf-8", html);
        for (name, value) in html::PAGE_HEADERS {
            answer.headers.push((name, (*value).to_owned()));
        }
        answer
    }

    /// Returns a page that may also run this inline script, and no other (S-55).
    pub(crate) fn page_with_script(status: u16, html: String, script: &str) -> Self {
        let mut answer = Self::page(status, html);
        let is_policy = |(name, _): &&mut (&'static str, String)| *name == html::POLICY;
        if let Some((_, policy)) = answer.headers.iter_mut().find(is_policy) {
            policy.push_str(&html::allowance_for_script(script));
        }
        answer
    }

    /// Returns a 303 redirect, which a browser follows with a GET, so that the form is not sent
    /// again.
    pub(crate) fn redirect(target: &str) -> Self {
        Self::new(303, "text/plain; charset=utf-8", "").with("location", target)
    }

    /// Returns the answer to an unsupported HTTP method.
    pub(crate) fn not_allowed(allowed: &'static str) -> Self {
        Self::new(405, "text/plain; charset=utf-8", "").with("allow", allowed)
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn asked(headers: &HeaderMap) -> WebRequest<'_> {
        let origin = "http://127.0.0.1:1";
        WebRequest { method: "POST", path: "/", query: "a=1&b=%3C", headers, body: b"x=1", origin }
    }

    #[test]
    fn credentials_and_cookies_are_read_from_their_headers() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("bearer  abc"));
        headers.insert("cookie", HeaderValue::from_static("other=1; admin=s3; admin2=x"));
        let request = asked(&headers);
        assert_eq!((request.bearer(), request.basic()), (Some("abc"), None));
        assert_eq!((request.cookie("admin"), request.cookie("none")), (Some("s3"), None));
        assert_eq!(request.query().get("b").map(String::as_str), Some("<"));
        headers.insert("authorization", HeaderValue::from_static("Basic YTpiOmM="));
        assert_eq!(asked(&headers).basic(), Some(("a".to_owned(), "b:c".to_owned())));
    }

    #[test]
    fn a_body_is_read_by_its_content_type() {
        let mut headers = HeaderMap::new();
        assert_eq!(asked(&headers).form(), None);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        headers.insert("content-type", form);
        assert_eq!(asked(&headers).form().map(|form| form["x"].clone()), Some("1".to_owned()));
        assert_eq!(asked(&headers).json(), None);
    }
}
