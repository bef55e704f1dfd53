//! Servers behind a web login: a page for people, with HTTP 200 or behind a redirect, where a
//! program would have to be asked for a token.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::any;

use crate::support::home::Home;

const PAGE: &str = "<!doctype html><title>Sign in to Example</title><form method=post>\
                    <input name=user><input name=password type=password></form>";

/// Returns a server that shows its page at every address, or redirects to it.
async fn server(redirects: bool) -> String {
    let answer = move || async move {
        match redirects {
            true => (StatusCode::FOUND, [(header::LOCATION, "/login?next=/mcp")]).into_response(),
            false => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], PAGE).into_response(),
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let page = || async { ([(header::CONTENT_TYPE, "text/html")], PAGE) };
    let router = Router::new().route("/login", any(page)).fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// Returns a server whose page never ends.
async fn endless_server() -> String {
    let page = || async {
        let first = futures_util::stream::iter([Ok::<_, std::io::Error>(PAGE)]);
        let rest = futures_util::StreamExt::chain(first, futures_util::stream::pending());
        ([(header::CONTENT_TYPE, "text/html")], axum::body::Body::from_stream(rest))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(page)).await });
    url
}

/// what came of it in time is enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_page_that_never_ends_holds_nobody() {
    let url = endless_server().await;
    let done = Home::new().run(&["doctor", &url]);
    assert!(done.stdout.contains("login page"), "{}{}", done.stdout, done.stderr);
}

///
#[tokio::test(flavor = "multi_thread")]
async fn a_login_page_is_named_by_every_command() {
    for redirects in [false, true] {
        let url = server(redirects).await;
        for words in [["doctor", &url], ["login", &url], ["tools", &url]] {
            let done = Home::new().run(&words);
            let told = format!("{}{}", done.stdout, done.stderr);
            assert_ne!(done.code, Some(0), "{words:?}: {told}");
            assert!(told.contains("login page"), "{words:?} {redirects}: {told}");
            assert!(told.contains("--header"), "{words:?} {redirects}: {told}");
        }
    }
}
