//! The MCP server's response to a request without a token.

use std::fmt;

use http::{HeaderMap, StatusCode};
use url::Url;

use crate::error::{Failure, FailureKind};
use crate::http::{Response, is_login_address, shows_login_page};

/// The MCP server's response to a request without a token.
#[derive(Debug)]
pub(crate) struct ProbeResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Whether it is a sign-in page for browsers, or redirects to one.
    pub(crate) is_login_page: bool,
}

impl ProbeResponse {
    /// Reads a response; `target` is where it redirects to.
    pub(crate) async fn of(mut response: Response, target: Option<Url>) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let is_login_page = match target {
            Some(target) if status.is_redirection() => is_login_address(&target),
            _ if status.is_success() => shows_login_page(&mut response).await,
            _ => false,
        };
        Self { status, headers, is_login_page }
    }
    /// Whether there is nothing at the URL.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self.status, StatusCode::NOT_FOUND | StatusCode::GONE)
    }
}

/// The failure for a server that does not ask for a sign-in, or that has nothing at its URL.
pub(crate) fn failure_without_sign_in(server: &impl fmt::Display, is_missing: bool) -> Failure {
    if is_missing {
        return Failure::new(
            FailureKind::Http,
            format!("there is nothing at `{server}` (HTTP 404)"),
        )
        .hint("check the URL: MCP endpoints often end in `/mcp` or `/sse`");
    }
    Failure::new(FailureKind::AuthFailed, format!("`{server}` does not ask for a sign-in"))
        .hint("use it as it is, or with the API key that its operator gave you")
}
