//! `install NAME`: documents of our own making on a registry on this machine.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};

use super::Home;
use crate::support::ports::KeptPort;

/// Returns a registry with one document for each name; the address of it.
async fn registry(documents: &[(&str, Value)]) -> String {
    let documents: Vec<(String, String)> =
        documents.iter().map(|(name, document)| (name.to_string(), document.to_string())).collect();
    let answer = move |Path(name): Path<String>| async move {
        match documents.into_iter().find(|(other, _)| *other == name) {
            Some((_, document)) => (StatusCode::OK, document),
            None => (StatusCode::NOT_FOUND, "{}".to_owned()),
        }
    };
    let routes = Router::new().route("/v0.1/servers/{name}/versions/latest", get(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

fn document(name: &str, remotes: Value) -> Value {
    json!({ "server": { "name": name, "description": "a shop", "version": "1.0.0",
        "remotes": remotes }, "_meta": {} })
}

/// Runs it with this registry, away from the runtime.
async fn run(
    registry: &str,
    home: std::sync::Arc<Home>,
    words: &[&str],
) -> crate::support::process::Finished {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let registry = registry.to_owned();
    let work = move || home.program(&words).env("MCP_TETHER_REGISTRY", registry).run();
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_becomes_the_url_and_headers_of_its_document() {
    let name = "com.example/shop";
    let remotes = json!([
        { "type": "sse", "url": "https://old.example.com/sse" },
        { "type": "streamable-http", "url": "https://{tenant}.example.com/mcp",
          "variables": { "tenant": { "description": "Your tenant", "isRequired": true } },
          "headers": [
            { "name": "X-Region", "default": "eu", "choices": ["eu", "us"] },
            { "name": "X-Optional", "isRequired": false },
            { "name": "X-API-Key", "isRequired": true, "isSecret": true } ] }
    ]);
    let registry = registry(&[(name, document(name, remotes))]).await;
    let home = std::sync::Arc::new(Home::new());
    let words = ["install", name, "--host", "cursor", "--set", "tenant=acme"];
    let missing = run(&registry, home.clone(), &words).await;
    assert_eq!(missing.code, Some(2), "{}", missing.shown());
    assert!(
        missing.stderr.contains("`mcp-tether secret set shop-x-api-key`"),
        "{}",
        missing.stderr
    );
    let header = ["--header", "X-API-Key: ${keyring:shop}"];
    let unasked = run(&registry, home.clone(), &[&words[..], &header].concat()).await;
    assert_eq!(unasked.code, Some(2), "{}", unasked.shown());
    assert!(
        unasked.stderr.contains("starts  mcp-tether https://acme.example.com/mcp"),
        "{}",
        unasked.stderr
    );
    assert!(unasked.stderr.contains("--yes") && home.all().is_empty(), "{}", unasked.stderr);
    let done = run(&registry, home.clone(), &[&words[..], &header, &["--yes"]].concat()).await;
    assert_eq!(done.code, Some(0), "{}", done.shown());
    let file: Value = serde_json::from_str(&home.read(".cursor/mcp.json")).unwrap();
    let expected = [
        "https://acme.example.com/mcp",
        "--header",
        "X-API-Key:${keyring:shop}",
        "--header",
        "X-Region:eu",
    ];
    assert_eq!(file["mcpServers"]["shop"]["args"], json!(expected));
}

/// S-50
#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_document_never_reaches_a_configuration() {
    let remote = |url: &str| json!([{ "type": "streamable-http", "url": url }]);
    let header = |header: Value| {
        let url = "https://x.example";
        json!([{ "type": "streamable-http", "url": url, "headers": [header] }])
    };
    let hostile = [
        remote("file:///bin/sh"),
        remote("https://x.example/${AWS_SECRET_ACCESS_KEY}"),
        remote("https://user:pass@x.example/"),
        remote("http://x.example/"),
        remote("--log-file=/tmp/x"),
        header(json!({ "name": "X", "value": "${keyring:shop}" })),
        header(json!({ "name": "X", "value": "a\nHost: x" })),
        header(json!({ "name": "X", "value": "{a}{b}", "variables":
            { "a": { "default": "$" }, "b": { "value": "{keyring:shop}" } } })),
        header(json!({ "name": "X", "value": "a{b}", "variables":
            { "b": { "choices": ["${HOME}"], "value": "${HOME}" } } })),
        header(json!({ "name": "X\u{202e}", "value": "x" })),
        header(json!({ "name": "Proxy-Authorization", "value": "Basic eDp5" })),
        header(json!({ "name": "X", "value": ["a", "b"] })),
        remote("https://x.example/\u{200b}mcp"),
        remote("https://x.example/a\u{7f}"),
        remote("https://x.example:99999/"),
        remote("https://"),
        remote("javascript:alert(1)"),
        remote("data:text/plain,x"),
        remote("ws://x.example/"),
        remote("https://{a}.example/"),
        json!([{ "type": "stdio", "command": "sh", "args": ["-c", "touch x"] }]),
        json!([{ "type": "streamable-http", "url": 7 }]),
        json!({ "type": "streamable-http", "url": "https://x.example/" }),
        header(json!({ "name": "Host", "value": "x" })),
        header(json!({ "name": "X --log-file y", "value": "x" })),
        json!([]),
        json!("npx"),
    ];
    let names: Vec<String> = (0..hostile.len()).map(|n| format!("com.example/h{n}")).collect();
    let mut documents: Vec<(&str, Value)> = names
        .iter()
        .zip(&hostile)
        .map(|(name, remotes)| (name.as_str(), document(name, remotes.clone())))
        .collect();
    let program = json!({ "server": { "name": "com.example/program", "packages": [
        { "registryType": "npm", "identifier": "evil", "runtimeHint": "sh" }] } });
    documents.push(("com.example/program", program));
    documents
        .push(("com.example/other", document("com.example/shop", remote("https://x.example"))));
    documents.push(("com.example/odd", json!("\u{1b}[2J")));
    let registry = registry(&documents).await;
    let home = std::sync::Arc::new(Home::new());
    for (name, document) in &documents {
        let words = ["install", name, "--host", "cursor", "--yes"];
        let refused = run(&registry, home.clone(), &words).await;
        assert!(matches!(refused.code, Some(1 | 2)), "{document}: {}", refused.shown());
        assert!(!refused.shown().contains('\u{1b}'), "{}", refused.shown());
        assert!(home.all().is_empty(), "{document}");
    }
}

/// S-50: what a registry answers is bounded before it is understood.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_of_any_size_or_depth_ends_with_an_error() {
    let answers: [(&str, Vec<u8>); 6] = [
        ("deep", b"[".repeat(100_000)),
        ("members", br#"{"a":"#.repeat(50_000)),
        (
            "long",
            [b"{\"server\":{\"description\":\"", &b"a".repeat(10 << 20)[..], b"\"}}"].concat(),
        ),
        ("blank", b" ".repeat(10 << 20)),
        ("binary", (0..=255).collect()),
        ("half", b"{\"server\":{\"name\":\"com.example/half\",\"remotes\":[".to_vec()),
    ];
    let names: Vec<String> =
        answers.iter().map(|(name, _)| format!("com.example/{name}")).collect();
    let answer = move |Path(name): Path<String>| async move {
        let found = answers.into_iter().find(|(other, _)| name.ends_with(other));
        found.map(|(_, body)| body).unwrap_or_default()
    };
    let routes = Router::new().route("/v0.1/servers/{name}/versions/latest", get(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let registry = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let home = std::sync::Arc::new(Home::new());
    for name in &names {
        let words = ["install", name, "--host", "cursor", "--yes"];
        let refused = run(&registry, home.clone(), &words).await;
        assert_eq!(refused.code, Some(1), "{name}: {}", refused.shown());
        assert!(refused.stderr.contains("hint: "), "{name}: {}", refused.stderr);
        assert!(refused.stderr.len() < 1000, "{name}: {}", refused.stderr.len());
        assert!(home.all().is_empty(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_names_and_registries_that_cannot_be_reached_say_what_to_do() {
    let registry = registry(&[]).await;
    let home = std::sync::Arc::new(Home::new());
    let words = ["install", "com.example/gone", "--host", "cursor", "--yes"];
    let unknown = run(&registry, home.clone(), &words).await;
    assert_eq!(unknown.code, Some(1), "{}", unknown.shown());
    assert!(unknown.stderr.contains("has no server `com.example/gone`"), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("`https://com.example/gone`"), "{}", unknown.stderr);
    let port = KeptPort::find();
    let closed = format!("http://127.0.0.1:{}", port.number());
    let closed = run(&closed, home.clone(), &words).await;
    assert_eq!(closed.code, Some(1), "{}", closed.shown());
    assert!(closed.stderr.contains("hint: "), "{}", closed.stderr);
    let odd = run("ftp://x", home.clone(), &words).await;
    assert_eq!(odd.code, Some(2), "{}", odd.shown());
    let set = ["install", "https://a.example", "--host", "cursor", "--set", "a=b"];
    assert_eq!(run(&registry, home.clone(), &set).await.code, Some(2));
    assert!(home.all().is_empty());
}
