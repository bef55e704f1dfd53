//! Sends requests to URLs that a server named (S-07), and checks those that a browser may open
//! (S-05). Such a URL must be https, must not lead to a private address unless the MCP server
//! itself is at one, and the connection goes to the address that was checked. With an HTTP proxy,
//! the proxy resolves and decides.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use url::Url;

use crate::auth::dpop::peers::DpopAnswer;
use crate::auth::guarded_http::policy::{AddressPolicy, ForbiddenAddress, GuardedResolver};
use crate::auth::guarded_http::probe_response::ProbeResponse;
use crate::auth::options::AuthOptions;
use crate::error::{Failure, FailureKind};
use crate::http::{
    ClientCertificate, HttpError, HttpOptions, Outbound, Request, Response, Target, is_loopback,
};
use crate::protocol::{ProtocolVersion, headers};
use crate::redact::{SafeUrl, display_url, plain};

/// The largest body that is read, in bytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// How long one request may take, including its body.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a page may take to respond before a person is sent there.
const PAGE_TIMEOUT: Duration = Duration::from_secs(5);
/// How many connections in a row may turn out to be closed before the request was sent.
const MAX_UNSENT: u32 = 8;
/// How many redirects of a metadata document are followed.
const MAX_REDIRECTS: usize = 5;

/// An HTTP client for URLs that a server named.
pub(crate) struct GuardedClient {
    policy: Arc<AddressPolicy>,
    headers: HeaderMap,
    /// The hint for a document that is not where it should be.
    hint_about_documents: String,
    /// The certificate for authorization servers; the one for the MCP server is in the options.
    certificate: Option<ClientCertificate>,
    connections: Mutex<HashMap<ConnectionKind, Outbound>>,
}

/// The response to a request: the status and as much of the body as is accepted.
#[derive(Debug, Default)]
pub(crate) struct GuardedResponse {
    pub(crate) status: http::StatusCode,
    /// The media type as received, made safe to show; empty if there was none.
    pub(crate) media_type: String,
    /// How many seconds to wait before trying again, if it says so (RFC 9110 §10.2.3).
    pub(crate) retry_after: Option<u64>,
    /// The parts that concern DPoP proofs.
    pub(crate) dpop: DpopAnswer,
    pub(crate) body: Vec<u8>,
}

/// The relevant part of a page's first response.
#[derive(Debug)]
pub(crate) struct PageResponse {
    pub(crate) status: http::StatusCode,
    pub(crate) redirect: Option<Url>,
}

/// The key by which connections are kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ConnectionKind {
    scheme: String,
    is_loopback: bool,
    /// Whether they lead to the MCP server's own origin.
    is_own: bool,
}

/// Whether the user's own headers are sent to the MCP server's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OwnHeaders {
    Sent,
    LeftOut,
}

impl GuardedClient {
    /// A client for the servers that the endpoint of `auth` names.
    pub(crate) fn new(auth: &AuthOptions, http: &HttpOptions) -> Self {
        let policy = Arc::new(AddressPolicy::new(auth, http));
        Self {
            policy,
            headers: auth.headers.clone(),
            hint_about_documents: auth.hint_to_name_endpoints(),
            certificate: auth.client_certificate.clone(),
            connections: Mutex::default(),
        }
    }

    /// Checks whether this URL may be used at all; the error names its `purpose` (A-08, S-07).
    ///
    /// # Errors
    /// The scheme is not https (http is only for loopback), or there is a user name or no host.
    pub(crate) fn check(&self, url: &Url, purpose: &str) -> Result<(), Failure> {
        let Some(objection) = self.policy.objection(url) else { return Ok(()) };
        let shown = SafeUrl::new(url);
        Err(Failure::new(
            FailureKind::AuthFailed,
            format!("the server names `{shown}` as {purpose}, which {objection}"),
        )
        .hint("tell the operator of the server: it has to be an `https:` URL"))
    }

    /// Checks whether this URL may be used, and its address if it is a literal one; a name is
    /// checked when it is looked up. This happens before anybody signs in for an endpoint that
    /// could not be used afterwards (S-07).
    ///
    /// # Errors
    /// [`GuardedClient::check`] refuses it, or its address is off limits.
    pub(crate) async fn check_endpoint(&self, url: &Url, purpose: &str) -> Result<(), Failure> {
        self.check(url, purpose)?;
        self.policy
            .check_address(url)
            .await
            .map_err(|forbidden| failure_of_address(url, &forbidden))
    }

    /// Returns the page if a browser may open it: parsed, checked and serialized again (S-05).
    ///
    /// # Errors
    /// As [`GuardedClient::check`], and for an address that is off limits.
    pub(crate) async fn page(&self, url: &Url) -> Result<Url, Failure> {
        self.check_endpoint(url, "the page to sign in at").await?;
        Url::parse(url.as_str()).map_err(|_| not_requestable(url))
    }

    /// Fetches a metadata document, following redirects: five at most, each target checked like the
    /// first URL (A-13).
    ///
    /// # Errors
    /// The URL may not be used, a redirect is not followed, or there is no connection or no
    /// complete response in time.
    pub(crate) async fn document(&self, url: &Url) -> Result<GuardedResponse, Failure> {
        within_timeout(url, self.follow(url)).await
    }

    /// Sends a request that carries credentials; redirects are not followed.
    ///
    /// # Errors
    /// The URL may not be used, or there is no connection or no complete response in time.
    pub(crate) async fn post(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<GuardedResponse, Failure> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| not_requestable(&parts.uri))?;
        let sent = async {
            let response =
                self.send(parts.method, &url, parts.headers, body, OwnHeaders::Sent).await?;
            if response.status().is_redirection() {
                let target = redirect_target(&response, &url);
                let target =
                    target.map_or_else(String::new, |to| format!(" to `{}`", SafeUrl::new(&to)));
                let message = format!(
                    "`{}` redirects{target}: a request with credentials is not sent elsewhere",
                    SafeUrl::new(&url)
                );
                let failure = Failure::new(FailureKind::AuthFailed, message);
                return Err(failure.status(response.status().as_u16()).hint(
                    "tell the operator of the server: its metadata has to name the address itself; \
                     a token endpoint that you trust is named with `--token-endpoint URL`",
                ));
            }
            collect(response, &url).await
        };
        within_timeout(&url, sent).await
    }

    /// Requests the MCP server's challenge with a `ping`, which has no effect, needs no session,
    /// and is refused before it is processed.
    ///
    /// # Errors
    /// There is no connection, or no response in time.
    pub(crate) async fn probe(&self) -> Result<ProbeResponse, Failure> {
        let url = self.policy.server.clone();
        let body = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_vec();
        let mut map = HeaderMap::new();
        map.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(headers::JSON));
        let both = header::HeaderValue::from_static("application/json, text/event-stream");
        map.insert(header::ACCEPT, both);
        within_timeout(&url, async {
            let response = self.send(Method::POST, &url, map, body, OwnHeaders::Sent).await?;
            let target = redirect_target(&response, &url);
            Ok(ProbeResponse::of(response, target).await)
        })
        .await
    }

    async fn follow(&self, url: &Url) -> Result<GuardedResponse, Failure> {
        let mut target = url.clone();
        let mut headers = OwnHeaders::Sent;
        for _ in 0..=MAX_REDIRECTS {
            let sent = self.send(Method::GET, &target, document_headers(), Vec::new(), headers);
            let response = sent.await?;
            if !response.status().is_redirection() {
                return collect(response, &target).await;
            }
            let next = redirect_target(&response, &target)
                .ok_or_else(|| self.not_followed(url, "to no usable address"))?;
            if let Some(objection) = self.policy.objection(&next) {
                let shown = SafeUrl::new(&next);
                return Err(self.not_followed(url, &format!("to `{shown}`, which {objection}")));
            }
            if next.origin() != target.origin() {
                headers = OwnHeaders::LeftOut;
            }
            target = next;
        }
        Err(self.not_followed(url, &format!("more than {MAX_REDIRECTS} times")))
    }

    fn not_followed(&self, url: &Url, whereto: &str) -> Failure {
        let message = format!("the metadata at `{}` redirects {whereto}", SafeUrl::new(url));
        Failure::new(FailureKind::AuthFailed, message).hint(self.hint_about_documents.clone())
    }

    /// Requests a page as the browser would, up to the first response: `None` unless that is a
    /// refusal or a redirect. Follows nothing, and sends none of the user's headers.
    pub(crate) async fn probe_page(&self, page: &Url) -> Option<PageResponse> {
        let mut headers = HeaderMap::new();
        let accept = header::HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8");
        headers.insert(header::ACCEPT, accept);
        let asked = self.send(Method::GET, page, headers, Vec::new(), OwnHeaders::LeftOut);
        let response = tokio::time::timeout(PAGE_TIMEOUT, asked).await.ok()?.ok()?;
        Some(PageResponse { status: response.status(), redirect: redirect_target(&response, page) })
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        body: Vec<u8>,
        own_headers: OwnHeaders,
    ) -> Result<Response, Failure> {
        let outbound = self.connection(url)?;
        if url.origin() == self.policy.server.origin() {
            // The user's own headers are for the MCP server's origin only
            // (docs/from-mcp-remote.md#what-is-different).
            let own = self.headers.iter().filter(|_| own_headers == OwnHeaders::Sent);
            for (name, value) in own {
                headers.entry(name).or_insert_with(|| value.clone());
            }
        } else {
            self.check_endpoint(url, "a part of its sign-in").await?;
        }
        let target = Target::new(url.clone()).map_err(|error| failure_to_reach(url, &error))?;
        let mut all = outbound.default_headers().clone();
        all.extend(headers);
        let body = Bytes::from(body);
        let mut unsent = 0;
        loop {
            let request = Request::new(method.clone(), target.clone(), all.clone());
            match outbound.send(request.body(body.clone().into())).await {
                // It was never sent, so its code or token is still unused.
                Err(error) if error.was_not_sent() && unsent < MAX_UNSENT => unsent += 1,
                sent => return sent.map_err(|error| failure_to_reach(url, &error)),
            }
        }
    }

    fn connection(&self, url: &Url) -> Result<Outbound, Failure> {
        let is_own = url.origin() == self.policy.server.origin();
        let scheme = url.scheme().to_owned();
        let key = ConnectionKind { scheme, is_loopback: is_loopback(url), is_own };
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outbound) = connections.get(&key) {
            return Ok(outbound.clone());
        }
        let guard = Arc::new(GuardedResolver(self.policy.clone()));
        // The MCP server gets its own certificate, and authorization servers theirs. A server that
        // is both gets the authorization server's, if there is one.
        let mut options = self.policy.http.clone();
        if !is_own || self.certificate.is_some() {
            options.client_certificate.clone_from(&self.certificate);
        }
        let outbound = Outbound::with_resolver(&options, url, guard).map_err(|error| {
            let hint = error.hints().first().cloned().unwrap_or_default();
            Failure::new(FailureKind::Network, error.message()).hint(hint)
        })?;
        connections.insert(key, outbound.clone());
        Ok(outbound)
    }
}

impl GuardedResponse {
    fn head(response: &Response) -> Self {
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default();
        Self {
            status: response.status(),
            media_type: plain(kind.trim()),
            retry_after: retry_after(response.headers()),
            dpop: DpopAnswer::of(response.headers()),
            body: Vec::new(),
        }
    }

    /// The hint for a server that is busy or has a problem.
    pub(crate) fn when_to_try_again(&self) -> String {
        match self.retry_after {
            Some(seconds) => format!("try again later: the server asks for {} s", seconds.max(1)),
            None => "the authorization server has a problem; try again later".to_owned(),
        }
    }

    /// Describes the response that arrived instead of the `expected` one.
    pub(crate) fn describe_instead_of(&self, expected: &str) -> String {
        match (self.body.is_empty(), self.media_type.as_str()) {
            (true, _) => format!("an empty body instead of {expected}"),
            (false, "") => format!("something other than {expected}"),
            (false, kind) => format!("`{kind}` that is not {expected}"),
        }
    }
}

impl fmt::Debug for GuardedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedClient").field("server", &SafeUrl::new(&self.policy.server)).finish()
    }
}

fn redirect_target(response: &Response, from: &Url) -> Option<Url> {
    let location = response.headers().get(header::LOCATION)?;
    from.join(location.to_str().ok()?).ok()
}

/// Reads `Retry-After` as seconds or a date; an absurd time counts as none.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    // Some servers send fractions.
    let fraction = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let whole = |wait: Duration| wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let seconds = fraction.map(whole).or_else(|| {
        let wait = httpdate::parse_http_date(text).ok()?;
        wait.duration_since(std::time::SystemTime::now()).ok().map(|wait| wait.as_secs())
    });
    seconds.filter(|seconds| *seconds < 86_400)
}

/// The headers of metadata requests, with the revision that we speak (required by 2025-03-26,
/// A-10).
fn document_headers() -> HeaderMap {
    let version = ProtocolVersion::NEWEST_LEGACY.name();
    let mut map = HeaderMap::new();
    map.insert(header::ACCEPT, header::HeaderValue::from_static(headers::JSON));
    map.insert(headers::PROTOCOL_VERSION, header::HeaderValue::from_static(version));
    map
}

async fn collect(mut response: Response, url: &Url) -> Result<GuardedResponse, Failure> {
    let head = GuardedResponse::head(&response);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure_to_reach(url, &error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY_BYTES {
            let shown = SafeUrl::new(url);
            return Err(Failure::new(
                FailureKind::AuthFailed,
                format!("the answer from `{shown}` is larger than {MAX_BODY_BYTES} bytes"),
            )
            .status(head.status.as_u16())
            .hint("an answer about signing in is never that large: tell the server's operator"));
        }
    }
    Ok(GuardedResponse { body, ..head })
}

async fn within_timeout<T>(
    url: &Url,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::time::timeout(REQUEST_TIMEOUT, work).await.unwrap_or_else(|_| {
        let shown = SafeUrl::new(url);
        let seconds = REQUEST_TIMEOUT.as_secs();
        Err(Failure::new(FailureKind::Timeout, format!("`{shown}` did not answer in {seconds} s"))
            .hint("try again later"))
    })
}

/// The failure for a URL in metadata to which no request can be made.
pub(crate) fn not_requestable(url: impl fmt::Display) -> Failure {
    let message =
        format!("`{}` is not an address that can be requested", display_url(&url.to_string()));
    Failure::new(FailureKind::AuthFailed, message)
        .hint("tell the operator of the server: its metadata has to name a valid URL")
}

fn failure_to_reach(url: &Url, error: &HttpError) -> Failure {
    let shown = SafeUrl::new(url);
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        if let Some(forbidden) = inner.downcast_ref::<ForbiddenAddress>() {
            return failure_of_address(url, forbidden);
        }
        cause = inner;
    }
    Failure::new(FailureKind::Network, format!("cannot connect to `{shown}`: {}", error.reason()))
        .hint("check the network and the proxy settings, then try again")
}

fn failure_of_address(url: &Url, forbidden: &ForbiddenAddress) -> Failure {
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

    use futures_util::future::BoxFuture;

    use super::*;
    use crate::http::{NameMemory, Proxy, Resolve, ResolveError};
    use crate::redact::Secret;

    /// Resolves `mcp.example` to a public address, and all other names to this machine.
    struct OneIsPublic;

    impl Resolve for OneIsPublic {
        fn resolve(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, ResolveError>> {
            let address: [u8; 4] =
                if name == "mcp.example" { [93, 184, 216, 34] } else { [127, 0, 0, 1] };
            Box::pin(async move { Ok(vec![IpAddr::from(address)]) })
        }
    }

    /// S-07: a refused address stops the request itself, whether it is written out or looked up;
    /// written out, also behind a proxy.
    #[tokio::test]
    async fn a_refused_address_is_named_with_the_flag_that_permits_it() {
        let options = AuthOptions::new(Url::parse("https://mcp.example/mcp").unwrap());
        let direct = || HttpOptions {
            proxy: Proxy::Off,
            names: NameMemory::of(OneIsPublic),
            ..HttpOptions::default()
        };
        let proxy = Secret::new(Url::parse("http://proxy.invalid:3128").unwrap());
        let proxy = Proxy::Url { url: proxy, bypass: None };
        let behind = HttpOptions { proxy, ..direct() };
        let http_client = GuardedClient::new(&options, &behind);
        for url in
            ["https://10.0.0.5/x", "https://localhost/x", "https://[::ffff:169.254.169.254]/x"]
        {
            let failure = http_client.document(&Url::parse(url).unwrap()).await.unwrap_err();
            assert!(failure.hint.contains("--allow-private-addresses"), "behind a proxy");
        }
        let http_client = GuardedClient::new(&options, &direct());
        for url in ["https://as.example/x", "https://10.0.0.5/x", "https://localhost/x"] {
            let url = Url::parse(url).unwrap();
            let failure = http_client.document(&url).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::AuthFailed, "{failure:?}");
            assert!(failure.hint.contains("--allow-private-addresses"));
        }
    }
}
