//! Limits of credentials and URLs: no credential comes from the host's messages or crosses from one
//! server to another, no URL starts a shell, and no URL is fetched because a server mentions it
//! (A-01, A-52, S-06, S-11).

use std::sync::Arc;

use mcp_tether::auth::{AuthOptions, AuthServices, Authorizer, Names, SignIn, StoredRecord, Vault};
use mcp_tether::http::HttpOptions;
use mcp_tether_mock::{Auth, MockOptions, OAuthOptions, RecordedRequest};
use serde_json::json;

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::fakes::{FakeBrowser, FakeClock};
use crate::support::harness::Harness;
use crate::support::sign_in::{Party, party};

/// what the host says about authorization is its business with the server, and no header.
#[tokio::test]
async fn no_word_of_the_host_becomes_a_credential() {
    let mock = MockOptions { auth: Auth::OAuth(OAuthOptions::default()), ..MockOptions::default() };
    let mut harness = Harness::with(mock, |options| {
        let services = AuthServices {
            vault: Arc::new(mcp_tether::auth::MemoryVault::new()),
            browser: Arc::new(FakeBrowser::follows()),
            clock: Arc::new(FakeClock::default()),
            notice: Arc::new(|_: &str| {}),
            jobs: None,
        };
        let auth = AuthOptions::new(options.remote.url.clone());
        options.remote.authorizer = Authorizer::new(auth, &HttpOptions::default(), services);
    });
    harness.initialize("2025-11-25").await;
    let meta = json!({ "authorization": "Bearer canary", "Authorization": "Bearer canary" });
    let params = json!({ "name": "echo", "arguments": { "token": "canary" }, "_meta": meta });
    assert!(harness.request("tools/call", params).await["result"].is_object());
    let requests = harness.mock.recorder().requests();
    assert!(requests.iter().any(|r| r.rpc_method() == "tools/call" && r.status == Some(200)));
    for request in requests.iter().filter(|r| r.path == "/mcp") {
        let told = request.headers.values().any(|value| value.as_bytes().ends_with(b"canary"));
        assert!(!told, "{request:?}");
    }
}

/// another endpoint of the same origin, with the same issuer and store, gets no token of this
/// one; not even where somebody put the record under its name.
#[tokio::test]
async fn a_token_goes_to_the_server_that_it_was_issued_for() {
    let server = AuthorizationServer::start(Config::default()).await;
    let one = party(&server).build();
    one.list().await.unwrap();
    let elsewhere = server.endpoint().join("/other").unwrap();
    let other = || -> Party {
        let options = |options: &mut AuthOptions| options.server = elsewhere.clone();
        party(&server).vault(&one.vault).options(options).build()
    };
    other().list().await.unwrap_err();
    assert_eq!(server.asked_at("/other").len(), 1);
    let record = one.vault.load(&one.vault.names()[1]).await.unwrap().unwrap();
    assert_eq!(SignIn::from_bytes(&record).unwrap().server, server.endpoint().as_str());
    let its_name = Names::new(&AuthOptions::new(elsewhere.clone())).sign_in;
    one.vault.save(&its_name, record).await.unwrap();
    let failure = other().list().await.unwrap_err();
    assert!(failure.message.contains("is damaged"), "{}", failure.message);
    let asked = server.asked_at("/other");
    assert!(asked.iter().all(|asked| !asked.headers.contains_key("authorization")));
}

/// S-06: the page to sign in at is opened by the system's own call or by the desktop's launchers,
/// each started with the address as one argument.
#[test]
fn no_shell_is_ever_started() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let open = manifest.lines().find(|line| line.starts_with("open = ")).unwrap();
    assert!(open.contains("shellexecute-on-windows"), "the default is PowerShell: {open}");
    let mut folders = vec![root.join("src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            for start in ["Command::new(", "raw_arg(", "open::with("] {
                for (before, rest) in text.match_indices(start).map(|(at, _)| text.split_at(at)) {
                    // The end of another name, such as `EntryCommand::new(`.
                    if before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                        continue;
                    }
                    let call = rest.lines().next().unwrap_or_default();
                    // The last one is a command of the user's own, as words (S-70).
                    let own = [
                        "Command::new(\"/proc/self/exe\")",
                        "Command::new(std::env::current_exe",
                        "Command::new(file); // the words of a setting",
                    ];
                    let ours = own.iter().any(|own| call.starts_with(own));
                    assert!(ours, "{}: `{call}` is not this program", path.display());
                }
            }
        }
    }
    assert!(files > 100, "the sources were read");
}

/// S-11: what a server asks a person to visit, and what it decorates itself with, is passed on to
/// the host and fetched by nobody here.
#[tokio::test]
async fn no_address_that_a_server_mentions_is_visited() {
    let canary = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let url = format!("http://{}/pay", canary.local_addr().unwrap());
    let mut harness = Harness::new(MockOptions::default());
    let capabilities = json!({ "elicitation": { "form": {}, "url": {} } });
    let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": capabilities,
        "clientInfo": { "name": "host", "version": "1" } });
    assert!(harness.request("initialize", hello).await["result"].is_object());
    harness.notify("notifications/initialized", json!({})).await;
    let listens = |all: &[RecordedRequest]| {
        all.iter().any(|seen| seen.http_method == "GET" && seen.status == Some(200))
    };
    harness.seen(listens).await;
    let question = json!({ "mode": "url", "elicitationId": "e", "url": url, "message": "pay",
        "_meta": { "icons": [{ "src": url }], "$ref": url } });
    let pushed = harness.mock.push_request("elicitation/create", &question);
    assert_eq!(pushed.len(), 1, "on the one stream that is open");
    let asked = harness.of_method("elicitation/create").await;
    assert_eq!(asked["params"], question, "it arrives as it was sent");
    let answer = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "action": "decline" } });
    harness.send(&answer.to_string()).await;
    for request in pushed {
        let declined = request.answer().await.unwrap().unwrap();
        assert_eq!(declined, json!({ "action": "decline" }));
    }
    harness.leave().await;
    let visit = canary.accept().expect_err("nobody came");
    assert_eq!(visit.kind(), std::io::ErrorKind::WouldBlock);
}
