//! What the MCP server answers to somebody without a token.

use http::HeaderMap;
use url::Url;

use crate::http::{Response, is_login_address, shows_login_page};

/// What the MCP server answers to somebody without a token.
#[derive(Debug)]
pub(crate) struct Probed {
    pub(crate) status: http::StatusCode,
    pub(crate) headers: HeaderMap,
    /// Whether it shows a page for browsers to sign in at, or sends them to one.
    pub(crate) is_login_page: bool,
}

impl Probed {
    /// `target` is where the response redirects to.
    pub(crate) async fn of(mut response: Response, target: Option<Url>) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let is_login_page = match target {
            Some(target) if status.is_redirection() => is_login_address(&target),
            _ if status.is_success() => shows_login_page(&mut response).await,
            _ => false,
        };
        Self { status, headers, is_login_page }
    }
}
