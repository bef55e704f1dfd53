//! Fetches the document of a client id from loopback: one HTTP/1.0 GET, no redirects, no TLS,
//! at most five kilobytes and five seconds.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

const MAX_DOCUMENT_BYTES: u64 = 5 * 1024;
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns the JSON at a loopback URL, or why it cannot be read.
pub(super) async fn json(url: &str) -> Result<Value, String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if !local || url.scheme() != "http" {
        return Err("only documents on loopback are fetched".to_owned());
    }
    let answer = tokio::time::timeout(FETCH_TIMEOUT, get(&url)).await;
    let answer = answer.map_err(|_| "the document does not come".to_owned())?;
    let answer = answer.map_err(|error| format!("cannot fetch the document: {error}"))?;
    body(&answer)
}

async fn get(url: &Url) -> std::io::Result<String> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(80);
    let mut stream = TcpStream::connect((host, port)).await?;
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let request = format!(
        "GET {target} HTTP/1.0\r\nHost: {}\r\nAccept: application/json\r\n\r\n",
        url.authority()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(MAX_DOCUMENT_BYTES).read_to_string(&mut answer).await?;
    Ok(answer)
}

fn body(answer: &str) -> Result<Value, String> {
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer is not HTTP")?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    if status != "200" {
        return Err(format!("the document is answered `{status}`"));
    }
    let is_json = lines.any(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("content-type:") && line.contains("json")
    });
    if !is_json {
        return Err("the document is not served as JSON".to_owned());
    }
    serde_json::from_str(body).map_err(|error| format!("the document is not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_json_with_status_200_is_a_document() {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
        assert_eq!(body(&format!("{head}\r\n\r\n{{}}")), Ok(serde_json::json!({})));
        for answer in [
            format!("{head}\r\n\r\n{{"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{}".to_owned(),
            "HTTP/1.1 302 Found\r\nContent-Type: application/json\r\n\r\n{}".to_owned(),
            "{}".to_owned(),
        ] {
            assert!(body(&answer).is_err(), "{answer}");
        }
    }

    #[tokio::test]
    async fn only_loopback_is_fetched() {
        for url in ["http://example.com/x", "https://127.0.0.1/x", "file:///x", "x"] {
            assert!(json(url).await.is_err(), "{url}");
        }
    }
}
