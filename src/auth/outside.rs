//! Requests to URLs that a server named (S-07) and the check of those that a browser may open
//! (S-05). Such a URL is https, leads to no private address unless the MCP server itself does, and
//! the address that was checked is the one connected to. Behind an HTTP proxy the proxy resolves
//! and decides.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Method, header};
use reqwest::Response;
use url::Url;

use super::options::AuthOptions;
use super::reach::{Forbidden, Guard, Lookup, Policy, system_lookup};
use crate::error::{Failure, FailureKind};
use crate::http::{HttpOptions, Outbound, is_loopback};
use crate::protocol::{ProtocolVersion, headers};
use crate::redact::{SafeUrl, plain};

/// The largest answer that is read.
const BODY_LIMIT: usize = 1024 * 1024;
/// How long one document or one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many redirects of a metadata document are followed.
const REDIRECTS: usize = 5;

/// Sends requests to where a server points.
pub struct Outside {
    options: HttpOptions,
    policy: Arc<Policy>,
    headers: HeaderMap,
    connections: Mutex<HashMap<(String, bool), Outbound>>,
}

/// The answer to a request: the status and as much of the body as is accepted.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: http::StatusCode,
    /// The media type as it came, made safe to show; empty if there was none.
    pub media_type: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Outside {
    /// For the servers that the endpoint of `auth` names.
    pub fn new(auth: &AuthOptions, http: &HttpOptions) -> Self {
        Self::with_lookup(auth, http, system_lookup())
    }

    fn with_lookup(auth: &AuthOptions, http: &HttpOptions, lookup: Lookup) -> Self {
        let policy = Arc::new(Policy::new(auth, http, lookup));
        // Cookies of one authorization server are nobody else's business.
        let options = HttpOptions { cookies: false, ..http.clone() };
        Self { options, policy, headers: auth.headers.clone(), connections: Mutex::default() }
    }

    /// Whether this URL may be used at all; what it is for is named in the error (A-08, S-07).
    ///
    /// # Errors
    /// Schemes other than https (http is for loopback), user names, no host.
    pub fn check(&self, url: &Url, purpose: &str) -> Result<(), Failure> {
        let Some(objection) = self.policy.objection(url) else { return Ok(()) };
        let shown = SafeUrl::new(url);
        Err(Failure::new(
            FailureKind::AuthFailed,
            format!("the server names `{shown}` as {purpose}, which {objection}"),
        )
        .hint("tell the operator of the server: it has to be an `https:` URL"))
    }

    /// Whether this URL may be used, and its address if it stands in it: a name is judged when it
    /// is looked up. Nobody is asked to sign in for an endpoint that cannot be asked afterwards
    /// (S-07).
    ///
    /// # Errors
    /// Whatever [`Outside::check`] refuses, and addresses that are off limits.
    pub async fn check_endpoint(&self, url: &Url, purpose: &str) -> Result<(), Failure> {
        self.check(url, purpose)?;
        self.policy.check_address(url).await.map_err(|forbidden| off_limits(url, &forbidden))
    }

    /// The page to open, if a browser may open it: parsed, checked and serialised anew (S-05).
    ///
    /// # Errors
    /// Whatever [`Outside::check`] refuses, and addresses that are off limits.
    pub async fn page(&self, url: &Url) -> Result<Url, Failure> {
        self.check_endpoint(url, "the page to sign in at").await?;
        Url::parse(url.as_str()).map_err(|_| {
            Failure::new(FailureKind::AuthFailed, "the page to sign in at is no valid URL")
        })
    }

    /// Fetches a metadata document, following redirects that stay on its origin.
    ///
    /// # Errors
    /// A URL that may not be used, no connection, no complete answer in time.
    pub async fn document(&self, url: &Url) -> Result<Answer, Failure> {
        within_patience(url, self.follow(url)).await
    }

    /// Sends a request that carries credentials; redirects are not followed.
    ///
    /// # Errors
    /// A URL that may not be used, no connection, no complete answer in time.
    pub async fn post(&self, request: http::Request<Vec<u8>>) -> Result<Answer, Failure> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string())
            .map_err(|_| Failure::new(FailureKind::AuthFailed, "an endpoint is no valid URL"))?;
        let sent = async {
            let response = self.send(parts.method, &url, parts.headers, body).await?;
            if response.status().is_redirection() {
                let shown = SafeUrl::new(&url);
                return Err(Failure::new(
                    FailureKind::AuthFailed,
                    format!(
                        "`{shown}` redirects a request with credentials, which is not followed"
                    ),
                ));
            }
            collect(response, &url).await
        };
        within_patience(&url, sent).await
    }

    /// Asks the MCP server for its challenge, with a request that means nothing.
    ///
    /// # Errors
    /// No connection, no answer in time.
    pub async fn probe(&self, body: Vec<u8>) -> Result<(http::StatusCode, HeaderMap), Failure> {
        let url = self.policy.server.clone();
        let mut map = HeaderMap::new();
        map.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(headers::JSON));
        let both = header::HeaderValue::from_static("application/json, text/event-stream");
        map.insert(header::ACCEPT, both);
        within_patience(&url, async {
            let response = self.send(Method::POST, &url, map, body).await?;
            Ok((response.status(), response.headers().clone()))
        })
        .await
    }

    async fn follow(&self, url: &Url) -> Result<Answer, Failure> {
        let mut target = url.clone();
        for _ in 0..=REDIRECTS {
            let response = self.send(Method::GET, &target, document_headers(), Vec::new()).await?;
            if !response.status().is_redirection() {
                return collect(response, &target).await;
            }
            let location = response.headers().get(header::LOCATION);
            let next = location.and_then(|value| target.join(value.to_str().ok()?).ok());
            target = match next.filter(|next| next.origin() == target.origin()) {
                Some(next) => next,
                None => return Ok(Answer { body: Vec::new(), ..Answer::head(&response) }),
            };
        }
        let shown = SafeUrl::new(url);
        Err(Failure::new(FailureKind::AuthFailed, format!("`{shown}` redirects without end")))
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Response, Failure> {
        let outbound = self.connection(url)?;
        if url.origin() == self.policy.server.origin() {
            // The user's own headers are for the MCP server's origin only
            // (docs/from-mcp-remote.md#what-is-different).
            for (name, value) in &self.headers {
                headers.entry(name).or_insert_with(|| value.clone());
            }
        } else {
            self.check_endpoint(url, "a part of its sign-in").await?;
        }
        let request = outbound.request(method, url.clone()).headers(headers).body(body);
        request.send().await.map_err(|error| unreachable(url, &error))
    }

    fn connection(&self, url: &Url) -> Result<Outbound, Failure> {
        let key = (url.scheme().to_owned(), is_loopback(url));
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outbound) = connections.get(&key) {
            return Ok(outbound.clone());
        }
        let guard = Arc::new(Guard(self.policy.clone()));
        let outbound = Outbound::with_resolver(&self.options, url, guard)
            .map_err(|error| Failure::new(FailureKind::Network, error.to_string()))?;
        connections.insert(key, outbound.clone());
        Ok(outbound)
    }
}

impl Answer {
    fn head(response: &Response) -> Self {
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default();
        Self { status: response.status(), media_type: plain(kind.trim()), body: Vec::new() }
    }

    /// What came where something else was expected.
    pub fn described(&self, expected: &str) -> String {
        match (self.body.is_empty(), self.media_type.as_str()) {
            (true, _) => format!("an empty body instead of {expected}"),
            (false, "") => format!("something else than {expected}"),
            (false, kind) => format!("`{kind}` that is not {expected}"),
        }
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").field("server", &SafeUrl::new(&self.policy.server)).finish()
    }
}

/// Metadata requests say which revision we speak (2025-03-26 asks for it, A-10).
fn document_headers() -> HeaderMap {
    let version = ProtocolVersion::NEWEST_LEGACY.name();
    let mut map = HeaderMap::new();
    map.insert(header::ACCEPT, header::HeaderValue::from_static(headers::JSON));
    map.insert(headers::PROTOCOL_VERSION, header::HeaderValue::from_static(version));
    map
}

async fn collect(mut response: Response, url: &Url) -> Result<Answer, Failure> {
    let head = Answer::head(&response);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(url, &error))? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_LIMIT {
            let shown = SafeUrl::new(url);
            return Err(Failure::new(
                FailureKind::AuthFailed,
                format!("the answer of `{shown}` is larger than {BODY_LIMIT} bytes"),
            ));
        }
    }
    Ok(Answer { body, ..head })
}

async fn within_patience<T>(
    url: &Url,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| {
        let shown = SafeUrl::new(url);
        let seconds = PATIENCE.as_secs();
        Err(Failure::new(FailureKind::Timeout, format!("`{shown}` did not answer in {seconds} s"))
            .hint("try again later"))
    })
}

fn unreachable(url: &Url, error: &reqwest::Error) -> Failure {
    let shown = SafeUrl::new(url);
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        if let Some(forbidden) = inner.downcast_ref::<Forbidden>() {
            return off_limits(url, forbidden);
        }
        cause = inner;
    }
    Failure::new(FailureKind::Network, format!("cannot reach `{shown}`: {cause}"))
        .hint("check the network and the proxy settings, then try again")
}

fn off_limits(url: &Url, forbidden: &Forbidden) -> Failure {
    let shown = SafeUrl::new(url);
    Failure::new(
        FailureKind::AuthFailed,
        format!("the server names `{shown}` for its sign-in, but {forbidden}"),
    )
    .hint("if that is right, allow it with `--allow-private-addresses`")
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::http::Proxy;
    use crate::redact::Secret;

    /// S-07: a refused address stops the request itself, whether it is written out or looked up;
    /// written out, also behind a proxy.
    #[tokio::test]
    async fn a_refused_address_is_named_with_the_flag_that_permits_it() {
        let options = AuthOptions::new(Url::parse("https://mcp.example/mcp").unwrap());
        let lookup: Lookup = Arc::new(|name| {
            let address: [u8; 4] =
                if name == "mcp.example" { [93, 184, 216, 34] } else { [127, 0, 0, 1] };
            Box::pin(async move { Ok(vec![IpAddr::from(address)]) })
        });
        let proxy = Secret::new(Url::parse("http://proxy.invalid:3128").unwrap());
        let proxy = Proxy::Url { url: proxy, bypass: None };
        let behind = HttpOptions { proxy, ..HttpOptions::default() };
        let outside = Outside::with_lookup(&options, &behind, lookup.clone());
        for url in
            ["https://10.0.0.5/x", "https://localhost/x", "https://[::ffff:169.254.169.254]/x"]
        {
            let failure = outside.document(&Url::parse(url).unwrap()).await.unwrap_err();
            assert!(failure.hint.unwrap().contains("--allow-private-addresses"), "behind a proxy");
        }
        let outside = Outside::with_lookup(&options, &HttpOptions::default(), lookup);
        for url in ["https://as.example/x", "https://10.0.0.5/x", "https://localhost/x"] {
            let url = Url::parse(url).unwrap();
            let failure = outside.document(&url).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::AuthFailed, "{failure:?}");
            assert!(failure.hint.unwrap().contains("--allow-private-addresses"));
        }
    }
}
