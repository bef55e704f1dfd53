//! Servers, pages and programs that mean harm: hostile URLs, forged callbacks, rebinding (S-01 to
//! S-09).

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mcp_tether::error::Failure;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::fakes::{FakeBrowser, visit};
use crate::support::sign_in::{Party, party};

async fn server(change: impl FnOnce(&mut Config)) -> AuthorizationServer {
    let mut config = Config::default();
    change(&mut config);
    AuthorizationServer::start(config).await
}

async fn refused(server: &AuthorizationServer) -> Failure {
    let no_browser = FakeBrowser::must_not_open();
    party(server).browser(&no_browser.browser()).build().list().await.unwrap_err()
}

/// S-05, CVE-2025-6514: a corpus of hostile pages; nothing reaches the browser.
#[tokio::test]
async fn a_hostile_page_is_never_opened() {
    for page in [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "\\\\\\\\host\\\\share",
        "//host/share",
        "file://host/share",
        "ssh://host.example/x",
        "http://as.example/authorize",
        "https://user:pw@as.example/authorize",
        "$(touch /tmp/x)",
        "-h",
        "ms-msdt:/id",
        "https://",
        "http:$(calc.exe)",
    ] {
        let server = server(|config| {
            config.extra_metadata = json!({ "authorization_endpoint": page });
        })
        .await;
        let failure = refused(&server).await;
        assert!(!failure.message.contains("pw@"), "{}", failure.message);
        assert!(server.asked_at("/register").is_empty(), "{page}");
    }
}

/// S-05: what is opened was parsed and serialised anew.
#[tokio::test]
async fn opened_urls_are_parsed_and_serialised_again() {
    let server = server(|_| {}).await;
    let page = format!("{}/authorize?x=a b\"'<`$(y)", server.origin());
    server.change(|config| config.extra_metadata = json!({ "authorization_endpoint": page }));
    let party = party(&server).build();
    assert_eq!(party.list().await, Ok(2));
    let opened = party.browser.opened()[0].to_string();
    assert!(!opened.contains([' ', '"', '<', '\'']), "{opened}");
}

/// S-07: metadata services and other neighbourhoods are never asked, in whatever spelling.
#[tokio::test]
async fn metadata_services_are_never_asked() {
    for address in [
        "http://169.254.169.254/latest",
        "https://169.254.169.254/latest",
        "https://2852039166/latest",
        "https://0xa9fea9fe/",
        "https://[::ffff:169.254.169.254]/",
        "https://[fd00:ec2::254]/",
        "https://100.100.100.200/",
    ] {
        for place in ["token_endpoint", "registration_endpoint"] {
            let server = server(|config| config.extra_metadata = json!({ place: address })).await;
            let failure = refused(&server).await;
            let said = failure.message;
            assert!(said.contains("link-local") || said.contains("not encrypted"), "{said}");
        }
    }
}

/// S-07: a `resource_metadata` that leads astray is not followed; the well-known place is used.
#[tokio::test]
async fn a_challenge_that_leads_astray_is_not_followed() {
    let server = server(|_| {}).await;
    let no_browser = FakeBrowser::follows();
    let party = party(&server).browser(&no_browser).build();
    let challenge = "Bearer resource_metadata=\"https://169.254.169.254/x\"";
    assert_eq!(party.refused(401, Some(challenge)).await, Ok(()));
}

/// S-07: redirects of metadata stay on their origin; those of posts are not followed.
#[tokio::test]
async fn redirects_do_not_lead_elsewhere() {
    let other = server(|_| {}).await;
    let target = format!("{}/.well-known/oauth-authorization-server", other.origin());
    let one = server(|config| config.server_metadata = None).await;
    one.change(|config| {
        config.redirects = vec![("/.well-known/oauth-authorization-server".to_owned(), target)];
    });
    let failure = refused(&one).await;
    assert!(failure.message.contains("issuer"), "A-13: it is read, and is not about this one");
    assert_eq!(other.asked().len(), 1);

    let posts = server(|_| {}).await;
    let target = format!("{}/token", other.origin());
    posts.change(|config| config.redirects = vec![("/token".to_owned(), target)]);
    let failure = party(&posts).build().list().await.unwrap_err();
    assert!(failure.message.contains("redirects"), "{}", failure.message);
    assert!(other.asked_at("/token").is_empty(), "the code went elsewhere");

    let same = server(|config| config.server_metadata = Some("/moved")).await;
    let target = format!("{}/moved", same.origin());
    same.change(|config| {
        config.redirects = vec![("/.well-known/oauth-authorization-server".to_owned(), target)];
    });
    assert_eq!(party(&same).build().list().await, Ok(2), "on the same origin they are followed");
}

/// A-13, S-07: what has been elsewhere comes back without the user's own headers.
#[tokio::test]
async fn a_redirect_that_comes_back_does_not_bring_the_users_headers() {
    let document = "/.well-known/oauth-authorization-server";
    let other = server(|_| {}).await;
    let one = server(|config| config.server_metadata = Some("/moved")).await;
    let moved = format!("{}/moved", one.origin());
    other.change(|config| config.redirects = vec![("/back".to_owned(), moved)]);
    let back = format!("{}/back", other.origin());
    one.change(|config| config.redirects = vec![(document.to_owned(), back)]);
    let party = party(&one).options(|options| {
        options.headers.insert("x-own", "canary".parse().unwrap());
    });
    party.build().list().await.unwrap();
    let has_header = |path: &str| -> Vec<bool> {
        let asked = one.asked_at(path);
        asked.iter().map(|asked| asked.headers.contains_key("x-own")).collect()
    };
    assert!(has_header(document).iter().all(|has| *has), "it is the server's own origin");
    assert_eq!(has_header("/moved"), [false]);
    assert!(other.asked().iter().all(|asked| !asked.headers.contains_key("x-own")));
}

/// S-07: answers have a limit.
#[tokio::test]
async fn an_endless_document_is_given_up() {
    let server = server(|_| {}).await;
    server.change(|config| {
        config.extra_metadata = json!({ "x": "y".repeat(2 * 1024 * 1024) });
    });
    let failure = refused(&server).await;
    assert!(failure.message.contains("larger than"), "{}", failure.message);
}

/// Returns a sign-in that waits for its callback, with the place to send it to.
async fn waiting(server: &AuthorizationServer) -> (Party, Url, String) {
    let party = party(server).browser(&FakeBrowser::ignores()).build();
    let requesting = party.clone();
    tokio::spawn(async move { requesting.list().await });
    let page = party.page().await;
    let get = |name: &str| page.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    let redirect = Url::parse(&get("redirect_uri")).unwrap();
    let state = get("state");
    (party, redirect, state)
}

/// Sends exactly these bytes to the callback's port and returns the answer's head and body.
async fn raw(port: u16, request: String) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn get(port: u16, target: &str, extra: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\n{extra}\r\n")
}

/// S-34
#[tokio::test]
async fn silent_connections_do_not_keep_the_browser_out() {
    let server = server(|_| {}).await;
    let (party, redirect, _) = waiting(&server).await;
    let port = redirect.port().unwrap();
    let mut held = Vec::new();
    for _ in 0..64 {
        held.push(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    }
    let begun = Instant::now();
    assert_eq!(visit(party.page().await).await.status, 200);
    // Without room for it at once, it would wait four times three seconds.
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    drop(held);
}

/// S-34
#[tokio::test]
async fn a_connection_that_sends_no_head_ends_after_seconds() {
    let server = server(|_| {}).await;
    let (party, redirect, _) = waiting(&server).await;
    let port = redirect.port().unwrap();
    let mut silent = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    silent.write_all(b"GET /oauth/callback HTTP/1.1\r\n").await.unwrap();
    let mut said = String::new();
    let ended = tokio::time::timeout(Duration::from_secs(20), silent.read_to_string(&mut said));
    ended.await.expect("it ends").unwrap();
    assert!(!said.starts_with("HTTP/1.1 200"), "{said}");
    assert!(party.authorizer.waits(), "the sign-in still waits");
}

/// S-44: only root can try this, because it becomes somebody else.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_of_another_user_gets_no_answer() {
    use std::os::unix::process::CommandExt;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let server = server(|_| {}).await;
    let (party, redirect, state) = waiting(&server).await;
    let port = redirect.port().unwrap();
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; printf %s \"$1\" >&3; cat <&3");
    let good = get(port, &format!("/oauth/callback?code=c&state={state}"), "");
    let mut other = std::process::Command::new("bash");
    other.args(["-c", &script, "bash", &good]).uid(4242).current_dir("/");
    let said = tokio::task::spawn_blocking(move || other.output().unwrap()).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "");
    assert!(server.asked_at("/token").is_empty(), "no code was redeemed");
    assert!(raw(port, get(port, "/oauth/callback", "")).await.starts_with("HTTP/1.1 400"));
    assert!(party.authorizer.waits(), "the sign-in still waits");
}

/// S-01, S-02, A-31: everything but the one right request is turned away, and does not end the
/// wait.
#[tokio::test]
async fn only_the_right_request_ends_the_wait() {
    let server = server(|_| {}).await;
    let (party, redirect, state) = waiting(&server).await;
    let port = redirect.port().unwrap();
    let good = format!("/oauth/callback?code=c&state={state}");
    let host = |host: &str| format!("GET {good} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let cases = [
        (host(&format!("evil.example:{port}")), 403),
        (host("localhost"), 403),
        (host("localhost:1"), 403),
        (host(&format!("localhost.evil.example:{port}")), 403),
        (format!("GET {good} HTTP/1.1\r\nHost: a:{port}\r\nHost: localhost:{port}\r\n\r\n"), 403),
        (get(port, &good, "Origin: https://evil.example\r\n"), 403),
        (get(port, &good, "Origin: null\r\n"), 403),
        (get(port, "/", ""), 404),
        (get(port, &format!("/oauth/callback/?code=c&state={state}"), ""), 404),
        (get(port, &good, "").replacen("GET", "POST", 1), 405),
        (get(port, &good, "").replacen("GET", "HEAD", 1), 405),
        (get(port, "/oauth/callback", ""), 400),
        (get(port, "/oauth/callback?code=c", ""), 400),
        (get(port, "/oauth/callback?code=c&state=guess", ""), 400),
        (get(port, "/oauth/callback?error=access_denied", ""), 400),
        (get(port, &format!("/oauth/callback?code=c&state={state}&state={state}"), ""), 400),
    ];
    for (request, status) in cases {
        let answer = raw(port, request.clone()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}\n{answer}");
    }
    assert!(server.asked_at("/token").is_empty(), "no code was redeemed");
    assert!(party.authorizer.waits(), "the sign-in still waits");
    assert_eq!(visit(party.page().await).await.status, 200);
}

/// S-01: loopback only, and closed afterwards.
#[tokio::test]
async fn the_listener_is_local_and_closes() {
    let server = server(|_| {}).await;
    let (party, redirect, _) = waiting(&server).await;
    let port = redirect.port().unwrap();
    for address in other_addresses() {
        let attempt = TcpStream::connect((address, port));
        let reached = tokio::time::timeout(Duration::from_secs(1), attempt).await;
        assert!(!matches!(reached, Ok(Ok(_))), "reached on {address}");
    }
    visit(party.page().await).await;
    party.signed_in().await;
    let closed = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
    assert!(closed.is_err(), "A-76: no port stays open");
}

/// Addresses of this machine that are not loopback.
fn other_addresses() -> Vec<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    // Sends nothing: only asks which address would be used.
    let asked = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    asked.into_iter().map(|address| address.ip()).filter(|ip| !ip.is_loopback()).collect()
}

/// S-01: one shot: who comes second gets neither tokens nor the page of success.
#[tokio::test]
async fn the_second_hit_gets_nothing() {
    let server = server(|config| config.token_delay = Duration::from_millis(300)).await;
    let (party, redirect, state) = waiting(&server).await;
    let port = redirect.port().unwrap();
    let page = party.page().await;
    let first = tokio::spawn(visit(page));
    server.until_tokens_asked(1).await;
    let answer = raw(port, get(port, &format!("/oauth/callback?code=c&state={state}"), "")).await;
    assert!(answer.starts_with("HTTP/1.1 410"), "{answer}");
    assert_eq!(first.await.unwrap().status, 200);
    assert_eq!(server.asked_at("/token").len(), 1);
}

/// S-03, S-55: nothing of the request is on the page, whatever it holds, and no script.
#[tokio::test]
async fn the_page_echoes_nothing() {
    let server = server(|config| config.denies = true).await;
    let (party, redirect, state) = waiting(&server).await;
    let port = redirect.port().unwrap();
    let forged = "/oauth/callback?error=%3Cscript%3Ealert(1)%3C/script%3E&state=hunter2";
    let answer = raw(port, get(port, forged, "")).await;
    for secret in ["script>alert", "hunter2", state.as_str()] {
        assert!(!answer.contains(secret), "{answer}");
    }
    let page = visit(party.page().await).await;
    assert!(!page.text.contains("alert(1)"), "{}", page.text);
    assert!(page.text.contains("denied"), "{}", page.text);
    assert!(!answer.contains("<script") && !page.text.contains("<script"), "{answer}");
    assert!(answer.to_lowercase().contains("content-security-policy: default-src 'none'"));
}

/// an answer of another issuer is not used: no token request, nothing of it shown.
#[tokio::test]
async fn an_answer_of_another_issuer_is_not_used() {
    for issuer in ["https://evil.example", "@issuer/", ""] {
        let server = server(|config| config.iss = Some(issuer.to_owned())).await;
        let party = party(&server).build();
        let failure = party.list().await.unwrap_err();
        assert!(failure.message.contains("is from the issuer"), "{}", failure.message);
        assert!(failure.hint.contains("--callback-issuer"), "{issuer}");
        assert!(server.asked_at("/token").is_empty(), "{issuer}");
    }
    let missing = server(|config| {
        config.iss = None;
        config.extra_metadata = json!({ "authorization_response_iss_parameter_supported": true });
    })
    .await;
    let failure = party(&missing).build().list().await.unwrap_err();
    assert!(failure.message.contains("lacks the promised issuer"), "{}", failure.message);
    assert!(missing.asked_at("/token").is_empty());
}

/// the code goes to the endpoint of the record, whatever the metadata says by then.
#[tokio::test]
async fn swapped_metadata_does_not_get_the_code() {
    let (server, thief) = (server(|_| {}).await, server(|_| {}).await);
    let (party, _, _) = waiting(&server).await;
    let target = format!("{}/token", thief.origin());
    server.change(|config| config.extra_metadata = json!({ "token_endpoint": target }));
    assert_eq!(visit(party.page().await).await.status, 200);
    assert!(thief.asked().is_empty());
    assert_eq!(server.asked_at("/token").len(), 1);
}

/// The fixed port is in use: at once, with ways out, and no browser.
#[tokio::test]
async fn a_port_in_use_is_explained() {
    let server = server(|_| {}).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let no_browser = FakeBrowser::must_not_open();
    let party = party(&server)
        .browser(&no_browser.browser())
        .options(|options| options.callback_port = Some(port))
        .build();
    let failure = party.list().await.unwrap_err();
    assert!(failure.message.contains(&format!("port {port}")), "{}", failure.message);
    assert!(failure.hint.contains("--device-code"));
}

/// docs/from-mcp-remote.md#sign-ins: a usual port that is taken is walked past, and the
/// registration fits the new one.
#[tokio::test]
async fn a_busy_usual_port_is_walked_past() {
    let server = server(|_| {}).await;
    let (first, redirect, _) = waiting(&server).await;
    visit(first.page().await).await;
    first.signed_in().await;
    let taken = std::net::TcpListener::bind(("127.0.0.1", redirect.port().unwrap())).unwrap();
    server.end_grants();
    let next = party(&server).vault(&first.vault).build();
    assert_eq!(next.list().await, Ok(2));
    let ports: Vec<_> =
        server.asked_at("/authorize").iter().map(|a| a.query["redirect_uri"].clone()).collect();
    assert_ne!(ports[0], ports[1]);
    assert_eq!(server.asked_at("/register").len(), 2, "A-35: an exact-match server needs it");
    drop(taken);
}

/// S-09: no failure and no notice holds a token, a code, a verifier or a secret.
#[tokio::test]
async fn no_message_holds_a_secret() {
    let server = server(|config| config.auth_method = "client_secret_post").await;
    let party = party(&server).build();
    party.list().await.unwrap();
    server.change(|config| config.token_status = Some(400));
    server.end_access_tokens();
    let failure = format!("{:?}", party.list().await);
    let said = party.said() + &failure + &format!("{:?}", party.authorizer);
    for asked in server.asked_at("/token") {
        for name in ["code", "code_verifier", "client_secret", "refresh_token"] {
            if let Some(secret) = asked.form.get(name) {
                assert!(!said.contains(secret.as_str()), "{name} in {said}");
            }
        }
    }
}
