//! Fetches a document from a registry. Follows no redirects, and limits time and size.

use std::time::Duration;

use http::{Method, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::super::prepare::block_on;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::http::{HttpError, Outbound, Request, Response, Target};
use crate::redact::{SafeUrl, plain};
use crate::settings::{Flags, Settings};

/// The largest document, in bytes.
const MAX_DOCUMENT: usize = 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(20);

/// Fetches the newest document of the server with this name.
///
/// # Errors
/// The registry cannot be reached, has no such server, or sends an unexpected response.
pub(super) fn document(
    registry: &Url,
    name: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<Vec<u8>> {
    let url = document_url(registry, name)?;
    let options = Settings::resolve(None, flags, environment)?.http_options(environment)?;
    let shown = SafeUrl::new(registry).to_string();
    block_on(async {
        let outbound = Outbound::new(&options, &url)?;
        let unreachable = |reason: String| {
            Error::failed(format!("cannot reach the registry `{shown}`: {reason}"))
                .hint("give the server's URL instead of its name")
        };
        let asked = async {
            let response = ask(&outbound, url.clone()).await?;
            let status = response.status();
            Ok::<_, HttpError>((status, body(response).await?))
        };
        let answered = tokio::time::timeout(TIMEOUT, asked).await;
        let answered =
            answered.map_err(|_| unreachable(format!("no answer in {} s", TIMEOUT.as_secs())))?;
        let (status, body) = answered.map_err(|error| unreachable(plain(&error.to_string())))?;
        match (status, body) {
            (StatusCode::OK, Some(body)) => Ok(body),
            (StatusCode::OK, None) => {
                Err(Error::failed(format!("the document of `{}` is too large", plain(name)))
                    .hint("give the server's URL instead of its name"))
            }
            (StatusCode::NOT_FOUND, _) => Err(no_such_server(name)),
            (status, _) => Err(Error::failed(format!(
                "the registry `{shown}` answers with HTTP {}",
                status.as_u16()
            ))
            .hint("try again later, or give the server's URL instead of its name")),
        }
    })
}

fn no_such_server(name: &str) -> Error {
    let name = plain(name);
    Error::failed(format!("the registry has no server `{name}`"))
        .hint(format!("check the name, or did you mean `https://{name}`?"))
}

fn document_url(registry: &Url, name: &str) -> Result<Url> {
    let base = registry.as_str().trim_end_matches('/');
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    Url::parse(&format!("{base}/v0.1/servers/{name}/versions/latest")).map_err(|error| {
        Error::usage(format!("the address of the registry: {error}"))
            .hint("it looks like `https://registry.modelcontextprotocol.io`")
    })
}

async fn ask(outbound: &Outbound, url: Url) -> std::result::Result<Response, HttpError> {
    let target = Target::new(url)?;
    let mut request = Request::new(Method::GET, target, outbound.default_headers().clone());
    request.set_header(header::ACCEPT, "application/json")?;
    outbound.send(request).await
}

/// The body. `None` if it is too large.
async fn body(mut response: Response) -> std::result::Result<Option<Vec<u8>>, HttpError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_DOCUMENT {
            return Ok(None);
        }
    }
    Ok(Some(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-31: a name never leaves its place in the path.
    #[test]
    fn the_name_of_a_server_is_one_part_of_the_path() {
        let registry = |text: &str| Url::parse(text).unwrap();
        for (address, name, url) in [
            ("https://r.example", "io.github.a/b", {
                "https://r.example/v0.1/servers/io%2Egithub%2Ea%2Fb/versions/latest"
            }),
            ("https://r.example/base/", "a", {
                "https://r.example/base/v0.1/servers/a/versions/latest"
            }),
            ("https://r.example", "../../x?y#z", {
                "https://r.example/v0.1/servers/%2E%2E%2F%2E%2E%2Fx%3Fy%23z/versions/latest"
            }),
            ("https://r.example", "größe", {
                "https://r.example/v0.1/servers/gr%C3%B6%C3%9Fe/versions/latest"
            }),
        ] {
            assert_eq!(document_url(&registry(address), name).unwrap().as_str(), url);
        }
        let missing = no_such_server("a\u{1b}[31m.example");
        assert!(!missing.to_string().contains('\u{1b}'), "{missing}");
    }
}
