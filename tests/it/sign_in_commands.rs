//! The commands about signing in, as a person runs them: the compiled program against a strict
//! authorization server, with files as the credential store and a home of their own.

use std::time::Duration;

use mcp_tether::platform::Paths;
use mcp_tether::store::{CredentialStore, StoreChoice};
use serde_json::{Value, json};

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::fakes::outbound;
use crate::support::home::Home;
use crate::support::process::Running;

impl Home {
    /// Returns every stored sign-in, as `status` tells it.
    pub fn status(&self) -> Vec<Value> {
        let status = self.ok(&["status", "--json"]);
        let rows: Vec<Value> = serde_json::from_str(&status.stdout).unwrap();
        rows.into_iter().filter(|row| row["kind"] == "sign-in").collect()
    }

    /// Returns everything stored, by name.
    pub async fn stored(&self) -> Vec<(String, String)> {
        let store = CredentialStore::open(StoreChoice::File, &Paths::below(self.path()));
        let mut stored = Vec::new();
        for listed in store.list().await.unwrap() {
            let value = store.load(&listed.name).await.unwrap().unwrap();
            stored.push((listed.name, String::from_utf8(value.expose().clone()).unwrap()));
        }
        stored
    }
}

/// Returns a server with a program's own client, so that a sign-in needs no person.
async fn server() -> AuthorizationServer {
    let config = Config { auth_method: "client_secret_basic", ..Config::default() };
    let server = AuthorizationServer::start(config).await;
    server.add_client("robot", Some("canary-secret"), &[]);
    server
}

const OWN: [&str; 3] = [
    "--client-credentials",
    "--static-oauth-client-info",
    r#"{"client_id":"robot","client_secret":"canary-secret"}"#,
];

fn with<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [words, more].concat()
}

/// Returns the page that a person is told to open.
pub fn page(running: &Running) -> url::Url {
    running.until_stderr("a page to sign in at", |said| {
        let page = said.lines().find(|line| line.contains("code_challenge="));
        page.filter(|_| said.ends_with('\n'))?.trim().parse().ok()
    })
}

/// A-35: for SSH and containers. What the browser ended at is typed in.
#[tokio::test(flavor = "multi_thread")]
async fn login_without_a_browser_takes_the_pasted_address() {
    let server = AuthorizationServer::start(Config::default()).await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    let mut login = home.program(["login", &url, "--no-browser", "--account", "work"]).spawn();
    let answer = outbound().get(page(&login)).send().await.unwrap();
    let landed = answer.headers()["location"].to_str().unwrap().to_owned();
    login.send(&landed);
    let done = login.finish();
    assert_eq!(done.code, Some(0), "{}", done.shown());
    assert!(done.stdout.starts_with(&format!("signed in to `{url}` (account `work`)\n")));
    assert!(done.stdout.contains("refreshes automatically"), "{}", done.stdout);
    let state = home.path().join("state");
    assert!(done.stdout.contains(&format!("the file `{}", state.display())), "{}", done.stdout);
    let [row] = &home.status()[..] else { panic!("one sign-in") };
    assert_eq!(row["server"], url);
    assert_eq!((&row["account"], &row["store"]), (&json!("work"), &json!("file")));
    assert_eq!((&row["issuer"], &row["problem"]), (&json!(server.issuer()), &Value::Null));
    assert_eq!(row["renewable"], true);
}

/// A-25: the end of the input is an answer too.
#[tokio::test(flavor = "multi_thread")]
async fn login_without_a_browser_ends_with_its_input() {
    let server = AuthorizationServer::start(Config::default()).await;
    let url = server.endpoint().to_string();
    let ended = Home::new().run(&["login", &url, "--no-browser"]);
    assert_eq!(ended.code, Some(1), "{}", ended.shown());
    assert!(ended.stderr.contains("hint: run `mcp-tether login"), "{}", ended.stderr);
}

/// S-09: no token and no secret of the client is shown anywhere.
#[tokio::test(flavor = "multi_thread")]
async fn status_tells_every_sign_in_and_no_secret() {
    let server = server().await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    let none = home.ok(&["status"]);
    assert!(none.stdout.is_empty() && none.stderr.contains("there are no sign-ins"));
    assert!(home.status().is_empty());
    let mut shown = String::new();
    for account in ["private", "work"] {
        let words = with(&["login", &url, "--account", account], &OWN);
        shown += &home.ok(&words).shown();
    }
    let status = home.ok(&["status"]);
    assert!(status.stdout.contains(&format!("{url} (account private)\n")), "{}", status.stdout);
    assert!(status.stdout.contains(&format!("{url} (account work)\n")), "{}", status.stdout);
    assert!(status.stdout.contains("  token      expires in "), "{}", status.stdout);
    shown += &status.shown();
    shown += &home.ok(&["status", "--json"]).shown();
    let stored = home.stored().await;
    let record = |text: &String| serde_json::from_str::<Value>(text).unwrap();
    let token = |record: Value| record["tokens"]["access_token"].as_str().map(str::to_owned);
    let tokens: Vec<_> = stored.iter().filter_map(|(_, text)| token(record(text))).collect();
    assert_eq!(tokens.len(), 2);
    for secret in tokens.iter().map(String::as_str).chain(["canary-secret"]) {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    let kept = stored.iter().all(|(_, text)| !text.contains("canary-secret"));
    assert!(kept, "a client that was given is never stored");
}

/// A damaged entry is told with the way out, and goes with `logout --all`.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_sign_in_is_told_and_can_be_removed() {
    let server = server().await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    home.ok(&with(&["login", &url], &OWN));
    let folder = home.path().join("state/credentials");
    for entry in std::fs::read_dir(&folder).unwrap() {
        std::fs::write(entry.unwrap().path(), "damaged").unwrap();
    }
    let told = home.run(&["status", "--json"]);
    assert_eq!(told.code, Some(1), "{}", told.shown());
    let rows: Vec<Value> = serde_json::from_str(&told.stdout).unwrap();
    let [row] = &rows[..] else { panic!("it is still told") };
    assert_eq!(row["server"], url, "the note tells which one it is");
    assert!(row["problem"].is_string());
    let remedy = format!(
        "remove it with `mcp-tether logout {url}` and sign in again with `mcp-tether login {url}`"
    );
    assert_eq!(row["remedy"], remedy);
    let told = home.run(&["status"]);
    assert_eq!(told.code, Some(1), "{}", told.shown());
    assert!(told.stdout.contains(&format!("  remedy     {remedy}\n")), "{}", told.stdout);
    let met = home.run(&with(&["tools", &url], &OWN));
    assert!(met.stderr.contains("is damaged"), "{}", met.shown());
    assert!(met.stderr.contains(&format!("hint: {remedy}")), "{}", met.shown());
    let out = home.ok(&["logout", "--all"]);
    assert!(out.stdout.contains("not revoked: it could not be read"), "{}", out.stdout);
    assert!(home.status().is_empty());
}

/// RFC 7009; the second time there is nothing left, and that is no mistake.
#[tokio::test(flavor = "multi_thread")]
async fn logout_revokes_removes_and_may_be_repeated() {
    let server = server().await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    home.ok(&with(&["login", &url], &OWN));
    let out = home.ok(&with(&["logout", &url], &OWN));
    assert!(out.stdout.starts_with(&format!("signed out of `{url}`\n")), "{}", out.stdout);
    assert!(out.stdout.contains("  at the server  revoked\n"), "{}", out.stdout);
    assert!(out.stdout.contains("  removed from   the file `"), "{}", out.stdout);
    assert!(!server.asked_at("/revoke").is_empty());
    assert!(home.status().is_empty());
    // The issuer that got the client's secret stays known (S-41), or another one could ask for
    // it.
    let left: Vec<_> = home.stored().await.into_iter().map(|(name, _)| name).collect();
    assert!(left.iter().all(|name| name.starts_with("client.")), "{left:?}");
    let again = home.ok(&with(&["logout", &url], &OWN));
    assert_eq!(again.stdout, format!("there is no sign-in for `{url}`: nothing to remove\n"));
}

/// The name of a record depends on many flags; what `--all` finds needs none of them.
#[tokio::test(flavor = "multi_thread")]
async fn logout_all_signs_out_whatever_flags_made_the_sign_in() {
    let (one, other) = (server().await, server().await);
    let (first, second) = (one.endpoint().to_string(), other.endpoint().to_string());
    let home = Home::new();
    home.ok(&with(&["login", &first, "--account", "work"], &OWN));
    let issuer = other.endpoint().origin().ascii_serialization();
    let client =
        json!({ "client_id": "robot", "client_secret": "canary-secret", "issuer": issuer });
    let own = ["--client-credentials", "--static-oauth-client-info", &client.to_string()];
    home.ok(&with(&["login", &second, "--authorize-param", "a=b"], &own));
    let lost = home.ok(&with(&["logout", &first], &OWN));
    assert!(lost.stderr.contains(&format!("`mcp-tether logout {first} --account work`")));
    let out = home.ok(&with(&["logout", "--all"], &OWN[1..]));
    assert_eq!(out.stdout.matches("signed out of `").count(), 2, "{}", out.shown());
    assert_eq!(out.stdout.matches("  at the server  revoked\n").count(), 2, "{}", out.shown());
    assert!(home.status().is_empty());
    assert_eq!(home.stored().await, []);
    let again = home.ok(&["logout", "--all"]);
    assert_eq!(again.stdout, "there are no sign-ins: nothing to remove\n");
}

/// S-08, S-09: the value comes from stdin, goes into the header and is shown nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_the_keyring_reaches_the_header() {
    let home = Home::new();
    let set = |value: &str| {
        let mut set = home.program(["secret", "set", "shop"]).spawn();
        set.send(value);
        set.close_stdin();
        set.finish()
    };
    let header = ["--header", "X-Key: ${keyring:shop}", "--header", "Authorization: none"];
    let server = AuthorizationServer::start(Config::default()).await;
    let url = server.endpoint().to_string();
    let missing = home.run(&with(&["tools", &url], &header));
    assert!(missing.stderr.contains("there is no secret `shop`"), "{}", missing.shown());
    assert!(missing.stderr.contains("hint: `mcp-tether secret set shop`"), "{}", missing.shown());
    assert!(server.asked().is_empty(), "nothing is sent without it");
    let stored = set("canary-key");
    assert_eq!(stored.code, Some(0), "{}", stored.shown());
    assert!(stored.stdout.starts_with("stored the secret `shop` in the file `"));
    assert!(!stored.shown().contains("canary"), "{}", stored.shown());
    home.run(&with(&["tools", &url], &header));
    let asked = server.asked();
    assert!(
        asked.iter().any(|asked| asked.headers.get("x-key").is_some_and(|v| v == "canary-key"))
    );
    let listed = home.ok(&["secret", "list"]);
    assert!(listed.stdout.starts_with("shop  the file `"), "{}", listed.stdout);
    assert!(
        home.ok(&["secret", "remove", "shop"]).stdout.contains("removed the secret `shop` from")
    );
    let again = home.ok(&["secret", "remove", "shop"]);
    assert_eq!(again.stdout, "there is no secret `shop`: nothing to remove\n");
}

/// A-75: a token of the user's own switches signing in off.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_is_sent_and_replaces_signing_in() {
    let server = AuthorizationServer::start(Config::default()).await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    let path = home.path().join("token");
    std::fs::write(&path, "canary-token\n").unwrap();
    let file = ["--token-file", path.to_str().unwrap()];
    let refused = home.run(&with(&["tools", &url], &file));
    assert_ne!(refused.code, Some(0));
    assert!(!refused.shown().contains("canary"), "{}", refused.shown());
    let asked = server.asked();
    assert!(asked.iter().any(|asked| asked.headers["authorization"] == "Bearer canary-token"));
    assert!(asked.iter().all(|asked| asked.path == "/mcp"), "no discovery");
    let login = home.run(&with(&["login", &url], &file));
    assert_eq!(login.code, Some(2), "{}", login.shown());
}

/// A-75: who keeps the file fresh need not restart anything; a token that is refused is looked for
/// in the file once more, and then told with the file's name.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_that_changes_is_read_again() {
    let server = AuthorizationServer::start(Config::default()).await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    let path = home.path().join("token");
    std::fs::write(&path, "canary-1").unwrap();
    server.accept("canary-1");
    let mut bridge = home.program([url.as_str(), "--token-file", path.to_str().unwrap()]).spawn();
    bridge.send(INITIALIZE);
    assert!(bridge.next_json()["result"].is_object());
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let mut ask = |id: u32| {
        bridge.send(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" }).to_string());
        let answer = bridge.next_json();
        assert_eq!(answer["id"], id);
        answer
    };
    assert!(ask(9)["result"].is_object());
    server.end_access_tokens();
    let refused = ask(2);
    assert_eq!(refused["error"]["data"]["bridge"]["kind"], "auth_failed", "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains(path.to_str().unwrap()));
    for (id, token) in [(3, "canary-2"), (4, "canary-longer")] {
        server.end_access_tokens();
        server.accept(token);
        std::fs::write(&path, token).unwrap();
        assert!(ask(id)["result"].is_object());
    }
    assert!(server.asked().iter().all(|asked| asked.path == "/mcp"), "no discovery");
    assert!(!bridge.finish().shown().contains("canary"));
}

/// docs/from-mcp-remote.md#sign-ins: a rotating refresh token is taken over, the originals stay,
/// the second import changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn import_takes_a_sign_in_of_mcp_remote_over() {
    let server = AuthorizationServer::start(Config::default()).await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    let nothing = home.ok(&["import"]);
    assert!(nothing.stdout.starts_with("there are no sign-ins of `mcp-remote` in `"));
    let files = old_files(
        &home,
        &url,
        json!({ "access_token": "canary-a",
        "token_type": "Bearer", "refresh_token": "canary-r", "expires_in": 3600,
        "expires_at": 4_102_444_800_000_u64, "scope": "a b" }),
    );
    let counted = home.run(&["import"]);
    assert_eq!(counted.code, Some(2), "{}", counted.shown());
    assert!(counted.stderr.contains("contains 1 sign-in,"), "{}", counted.stderr);
    let imported = home.ok(&["import", &url]);
    assert!(imported.stdout.contains("may have to sign in again"), "{}", imported.stdout);
    assert!(imported.stdout.contains("were not changed"), "{}", imported.stdout);
    assert!(!imported.shown().contains("canary"), "{}", imported.shown());
    let [row] = &home.status()[..] else { panic!("one sign-in") };
    assert_eq!((&row["server"], &row["issuer"]), (&json!(url), &json!(server.issuer())));
    assert_eq!((&row["scopes"], &row["renewable"]), (&json!(["a", "b"]), &json!(true)));
    assert!(files.iter().all(|file| file.exists()));
    let again = home.ok(&["import", &url]);
    assert!(again.stdout.contains("already signed in to"), "{}", again.stdout);
}

/// A-21: tokens of another issuer never go to this one.
#[tokio::test(flavor = "multi_thread")]
async fn import_refuses_the_tokens_of_another_issuer() {
    let server = AuthorizationServer::start(Config::default()).await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    old_files(
        &home,
        &url,
        json!({ "access_token": "canary-a", "issuer": "https://other.example" }),
    );
    let refused = home.run(&["import", &url]);
    assert_eq!(refused.code, Some(1), "{}", refused.shown());
    assert!(refused.stderr.contains("`https://other.example`"), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: sign in again with `mcp-tether login"));
    assert!(home.status().is_empty());
    let absent = home.run(&["import", "https://127.0.0.1:9/mcp"]);
    assert!(absent.stderr.contains("contains no sign-in for"), "{}", absent.stderr);
}

/// Files as `mcp-remote` writes them.
fn old_files(home: &Home, url: &str, tokens: Value) -> Vec<std::path::PathBuf> {
    let key = mcp_tether::store::import::Parameters::new(url).key();
    let folder = home.path().join(".mcp-auth/mcp-remote-v1");
    std::fs::create_dir_all(&folder).unwrap();
    let client =
        json!({ "client_id": "old", "redirect_uris": ["http://localhost:3335/oauth/callback"] });
    let write = |(name, value): (&str, Value)| {
        let path = folder.join(format!("{key}_{name}.json"));
        std::fs::write(&path, value.to_string()).unwrap();
        path
    };
    [("tokens", tokens), ("client_info", client)].map(write).to_vec()
}

/// docs/from-mcp-remote.md#sign-ins: without a URL the hosts tell what `mcp-remote` was started
/// with, flags and variables too.
#[tokio::test(flavor = "multi_thread")]
async fn import_finds_the_servers_in_the_configurations_of_hosts() {
    let server = AuthorizationServer::start(Config::default()).await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    let old =
        json!({ "access_token": "canary-a", "token_type": "Bearer", "refresh_token": "canary-r" });
    old_files(&home, &url, old);
    let entries = json!({ "mcpServers": {
        "shop": { "command": "npx", "args": ["-y", "mcp-remote@latest", url, "--debug"] },
        "again": { "command": "npx", "args": ["-y", "mcp-remote@latest", url, "--debug"] },
        "none": { "command": "npx", "args": ["mcp-remote", "http://127.0.0.1:9/mcp"] },
        "other": { "command": "uvx", "args": ["something"] },
    } });
    std::fs::create_dir_all(home.path().join(".cursor")).unwrap();
    std::fs::write(home.path().join(".cursor/mcp.json"), entries.to_string()).unwrap();
    let imported = home.ok(&["import"]);
    let over = imported.stdout.matches("imported the `mcp-remote` sign-in for").count();
    assert_eq!(over, 1, "{}", imported.shown());
    assert!(imported.stderr.contains("imported for `none`"), "{}", imported.shown());
    let [row] = &home.status()[..] else { panic!("one sign-in") };
    assert_eq!(row["server"], url);
    let again = home.ok(&["import"]);
    assert!(again.stdout.contains("already signed in to"), "{}", again.shown());
}

/// Without a keyring, moving says so and loses nothing.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn records_that_cannot_be_moved_stay() {
    let server = server().await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    home.ok(&with(&["login", &url], &OWN));
    let nowhere = home.path().join("no-runtime");
    let moved = home
        .program(["credentials", "move", "--to", "keyring"])
        .env("XDG_RUNTIME_DIR", &nowhere)
        .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}/bus", nowhere.display()))
        .run();
    assert_eq!(moved.code, Some(1), "{}", moved.shown());
    assert!(moved.stdout.contains("moved 0, already there 0, failed 2"), "{}", moved.shown());
    assert!(moved.stderr.contains("the sign-in for `http://"), "{}", moved.stderr);
    assert_eq!(home.status().len(), 1);
    let kept = home.ok(&["credentials", "move", "--to", "file"]);
    assert!(kept.stdout.contains("moved 0, already there 2, failed 0"), "{}", kept.stdout);
}

/// A-54, T-10: `kill -9` while the server rotates the refresh token. Who comes next finds the new
/// one, at a server that takes everything back when the old one is shown again.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_bridge_loses_no_rotated_token() {
    let config = Config { token_delay: Duration::from_millis(150), ..Config::default() };
    let server = AuthorizationServer::start(config).await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    let mut login = home.program(["login", &url, "--no-browser"]).spawn();
    login.send(&landing(page(&login)).await);
    assert_eq!(login.finish().code, Some(0));
    for round in 1..=3 {
        server.end_access_tokens();
        let mut bridge = home.program([&url]).spawn();
        bridge.send(INITIALIZE);
        server.until_tokens_asked(1 + round).await;
        bridge.kill();
        home.ok(&["tools", &url, "--login", "never"]);
        assert_eq!((server.grants("refresh_token").len(), server.reuses()), (round, 0));
    }
}

/// A-36, A-54: `kill -9` while the code is redeemed: the sign-in is there all the same.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_login_loses_no_consent() {
    let config = Config { token_delay: Duration::from_millis(150), ..Config::default() };
    let server = AuthorizationServer::start(config).await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    let mut login = home.program(["login", &url, "--no-browser"]).spawn();
    login.send(&landing(page(&login)).await);
    server.until_tokens_asked(1).await;
    login.kill();
    home.ok(&["tools", &url]);
    assert_eq!(server.grants("authorization_code").len(), 1);
    assert_eq!(server.asked_at("/authorize").len(), 1, "nobody had to consent again");
}

/// S-10: what the process of a token job needs goes through its stdin, never through its arguments;
/// run by hand it does nothing and says so.
#[cfg(unix)]
#[test]
fn a_token_job_without_input_reports_that_it_did_nothing() {
    let home = Home::new();
    let report = home.ok(&["token-job"]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(report, json!({ "messages": [], "outcome": { "Err": "the input cannot be read" } }));
    assert!(!home.path().join("state").exists());
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;

/// Returns the address to which this page sends a browser.
async fn landing(page: url::Url) -> String {
    let answer = outbound().get(page).send().await.unwrap();
    answer.headers()["location"].to_str().unwrap().to_owned()
}

/// A second `login` changes nothing while the server accepts the first one.
#[tokio::test(flavor = "multi_thread")]
async fn login_again_says_so_and_force_signs_in_anew() {
    let server = server().await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    home.ok(&with(&["login", &url], &OWN));
    let asked = server.asked_at("/token").len();
    let again = home.ok(&with(&["login", &url, "3334"], &OWN));
    assert!(again.stdout.starts_with("already signed in to `"), "{}", again.shown());
    assert!(again.stderr.contains("`--force` signs in again"), "{}", again.stderr);
    assert_eq!(server.asked_at("/token").len(), asked);
    let forced = home.ok(&with(&["login", &url, "--force"], &OWN));
    assert!(forced.stdout.starts_with("signed in to `"), "{}", forced.shown());
    assert!(server.asked_at("/token").len() > asked);
}

/// Records of one server can be listed and removed, without touching those of another.
#[tokio::test(flavor = "multi_thread")]
async fn forget_removes_what_status_lists_of_one_server() {
    let server = server().await;
    let url = server.endpoint().to_string();
    let mock = mcp_tether_mock::MockRemote::start(mcp_tether_mock::MockOptions::default()).unwrap();
    let other = mock.url().to_string();
    let home = Home::new();
    home.ok(&with(&["login", &url], &OWN));
    home.ok(&with(&["tools", &url], &OWN));
    home.ok(&["tools", &other]);
    let servers = || -> Vec<String> {
        let rows: Vec<Value> =
            serde_json::from_str(&home.ok(&["status", "--json"]).stdout).unwrap();
        rows.iter().filter_map(|row| Some(row["server"].as_str()?.to_owned())).collect()
    };
    assert!(servers().contains(&url) && servers().contains(&other), "{:?}", servers());
    let shown = home.ok(&["status"]).stdout;
    assert!(shown.contains("remembered, to answer hosts at once"), "{shown}");
    let forgotten = home.ok(&["forget", &url]);
    assert!(forgotten.stdout.contains("signed out of `"), "{}", forgotten.shown());
    assert!(!servers().contains(&url) && servers().contains(&other), "{:?}", servers());
    let again = home.ok(&["forget", &url]);
    assert!(again.stdout.contains("nothing is stored about `"), "{}", again.stdout);
    home.ok(&["forget", "--all", "--yes"]);
    assert_eq!(servers(), [""; 0]);
}

/// Without a terminal, a command waits as long as it is told, and names a command that works: the
/// page of its sign-in is dead when it has ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_without_a_terminal_names_no_dead_page() {
    let server = AuthorizationServer::start(Config::default()).await;
    let url = server.endpoint().to_string();
    let home = Home::new();
    let started = std::time::Instant::now();
    let ended = home
        .program(["tools", &url, "--auth-timeout", "2"])
        .env("PATH", home.path().join("no-programs"))
        .run();
    assert_eq!(ended.code, Some(4), "{}", ended.shown());
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
    let hints: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("hint: ")).collect();
    assert!(
        hints.iter().any(|hint| hint.contains(&format!("`mcp-tether login {url}`"))),
        "{hints:?}"
    );
    assert!(!hints.iter().any(|hint| hint.contains("code_challenge")), "{hints:?}");
}
