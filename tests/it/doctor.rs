//! `doctor` from the outside: what a person reads in the usual situations, as whole outputs, and
//! what it never does: change something, show a secret, or fail to end.

use axum::response::IntoResponse;
use insta::assert_snapshot;
use mcp_tether::platform::Paths;
use mcp_tether::store::{CredentialStore, StoreChoice};
use mcp_tether_mock::{Auth, MockOptions, MockRemote, OAuthOptions, RecordedRequest, Served};
use serde_json::Value;

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::home::Home;
use crate::support::process::{Finished, Program};
use crate::support::tls::TlsFront;

fn open(faults: &[&str]) -> MockRemote {
    let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    MockRemote::start(MockOptions { faults, ..MockOptions::default() }).unwrap()
}

fn guarded(faults: &[&str]) -> MockRemote {
    let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    let auth = Auth::OAuth(OAuthOptions::default());
    MockRemote::start(MockOptions { auth, faults, ..MockOptions::default() }).unwrap()
}

/// `doctor` with these words, on a machine where `PATH` leads nowhere.
fn doctor(home: &Home, words: &[&str]) -> Program {
    home.program([&["doctor"][..], words].concat()).env("PATH", "/nonexistent")
}

/// Returns the output, without the parts that differ from run to run.
fn shown(home: &Home, finished: &Finished) -> String {
    let home = home.path().to_str().unwrap();
    let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    let text = finished
        .stdout
        .replace(env!("CARGO_BIN_EXE_mcp-tether"), "[PROGRAM]")
        .replace(home, "[HOME]")
        .replace(&format!("{}, {target}", env!("CARGO_PKG_VERSION")), "[VERSION]");
    let text = without_origin(&without_times(&text));
    ["127.0.0.1:", "port "].iter().fold(text, |text, before| without(&text, before))
        + &format!("exit code {:?}\n", finished.code.unwrap())
}

/// How the program was installed, which depends on the target folder of the tests.
fn without_origin(text: &str) -> String {
    let cut = |line: &str| match line.split_once("  installed  ") {
        Some((verdict, _)) => format!("{verdict}  installed        [ORIGIN]\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(cut).collect()
}

/// ` (12 ms)` at the end of lines.
fn without_times(text: &str) -> String {
    let cut = |line: &str| match line.rsplit_once(" (") {
        Some((says, time)) if time.ends_with(" ms)") => format!("{says}\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(cut).collect()
}

/// Returns the digits behind this.
fn without(text: &str, before: &str) -> String {
    let mut parts = text.split(before);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = if rest.len() < part.len() { "[N]" } else { "" };
        text + before + number + rest
    })
}

fn checks(finished: &Finished) -> Vec<Value> {
    let value: Value = serde_json::from_str(&finished.stdout).unwrap();
    value["checks"].as_array().unwrap().clone()
}

/// Returns the verdict and the sentence of the last check of this name.
fn verdict(finished: &Finished, name: &str) -> (String, String) {
    let checks = checks(finished);
    let check = checks.iter().rfind(|check| check["check"] == name);
    let check = check.unwrap_or_else(|| panic!("no check `{name}`: {}", finished.shown()));
    let text = |member: &str| check[member].as_str().unwrap().to_owned();
    (text("verdict"), text("says"))
}

#[test]
fn a_server_that_works_gets_a_clean_report() {
    let (home, mock) = (Home::new(), open(&[]));
    let finished = doctor(&home, &[mock.url().as_str()]).run();
    assert_snapshot!("doctor_healthy", shown(&home, &finished));
    let sessions = mock.recorder().of_http_method("DELETE").len();
    assert_eq!((finished.code, sessions), (Some(0), 1), "a session was left behind (T-33)");
}

/// Not being signed in is no defect: a host would open the browser.
#[test]
fn a_server_that_wants_a_sign_in_is_examined_without_one() {
    let (home, mock) = (Home::new(), guarded(&[]));
    let finished = doctor(&home, &[mock.url().as_str()]).run();
    assert_snapshot!("doctor_not_signed_in", shown(&home, &finished));
    let oauth = mock.recorder().requests();
    let registered = oauth.iter().any(|request| request.path.contains("register"));
    assert!(!registered, "it registered a client");
}

#[test]
fn checks_that_depend_on_a_dead_port_are_skipped() {
    let (home, mut mock) = (Home::new(), open(&[]));
    let url = mock.url().to_string();
    mock.stop();
    let finished = doctor(&home, &[&url]).run();
    assert_snapshot!("doctor_dead_port", shown(&home, &finished));
}

/// Each check is printed as soon as it has ended: here nobody ever answers the next one.
#[test]
fn checks_are_printed_as_they_end() {
    let (home, mock) = (Home::new(), open(&["silent:method=tools/list"]));
    let mut running = doctor(&home, &[mock.url().as_str()]).spawn();
    while !running.next_line().expect("it goes on").contains("opened with") {}
    assert!(running.stderr().is_empty(), "{}", running.stderr());
    running.kill();
}

/// A proxy that cannot be reached is named, and not the server behind it.
#[test]
fn a_proxy_that_is_gone_is_named() {
    let mut gone = open(&[]);
    let proxy = format!("http://127.0.0.1:{}", gone.url().port().unwrap());
    gone.stop();
    let words = ["tools", "https://mcp.example.com/mcp", "--proxy", &proxy];
    let failed = Home::new().run(&words);
    assert_eq!(failed.code, Some(1), "{}", failed.shown());
    let named = format!("cannot connect to the proxy `{proxy}/`: connection refused");
    assert!(failed.stderr.contains(&named), "{}", failed.stderr);
}

/// A program that opens pages is not enough: there has to be something to show them on.
#[cfg(target_os = "linux")]
#[test]
fn a_browser_without_a_display_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let launcher = home.path().join("xdg-open");
    std::fs::write(&launcher, "").unwrap();
    std::fs::set_permissions(&launcher, std::fs::Permissions::from_mode(0o755)).unwrap();
    let at = |display: &str| {
        let program = home.program(["doctor", "--json"]).env("PATH", home.path());
        let program = program.env("XDG_RUNTIME_DIR", home.path()).env("BROWSER", display);
        let checks: Value = serde_json::from_str(&program.run().stdout).unwrap();
        let checks = checks["checks"].as_array().unwrap().clone();
        let browser = checks.into_iter().find(|check| check["check"] == "browser").unwrap();
        (browser["verdict"].clone(), browser["says"].to_string())
    };
    let (verdict, says) = at("");
    // A machine with a display of its own has one for the test too.
    let has_display = std::fs::read_dir("/tmp/.X11-unix").is_ok_and(|mut all| all.next().is_some());
    assert!(has_display || (verdict == "warn" && says.contains("no display")), "{verdict} {says}");
    assert_eq!(at("firefox").0, "ok");
}

/// A-07, A-08: all of them, where signing in would name the first.
#[test]
fn every_rule_that_the_metadata_breaks_is_named() {
    let faults = ["issuer-member=code_challenge_methods_supported", "metadata=no-token-endpoint"];
    let (home, mock) = (Home::new(), guarded(&faults));
    let finished = doctor(&home, &[mock.url().as_str()]).run();
    assert_snapshot!("doctor_broken_metadata", shown(&home, &finished));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_page_is_told_from_a_server() {
    let page = || async { axum::response::Html("<h1>welcome</h1>") };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(page)).await });
    let home = Home::new();
    let finished = doctor(&home, &[&url]).run();
    assert_snapshot!("doctor_web_page", shown(&home, &finished));
}

const ENTRIES: &str = r#"{
  "mcpServers": {
    "by-name": { "command": "mcp-tether", "args": ["https://mcp.example.com/mcp?key=canary-q"] },
    "gone": {
      "command": "/nonexistent/mcp-tether",
      "args": ["https://mcp.example.com/mcp?key=canary-q", "--header", "X-Key: canary-1234567890"]
    },
    "torn": {
      "command": "/nonexistent/mcp-tether",
      "args": ["https://other.example.com/mcp", "--header", "Authorization:", "canary-0987654321"]
    },
    "old": { "command": "npx", "args": ["-y", "mcp-remote", "https://old.example.com/sse"] },
    "another": { "command": "npx", "args": ["-y", "something-else"] }
  }
}
"#;

#[test]
fn the_entries_of_hosts_are_judged_and_a_broken_file_is_named_with_its_place() {
    let home = Home::new();
    let broken = "{\n  \"servers\": { \"shop\": {,\n";
    let program = doctor(&home, &[]);
    for (name, text) in [(".cursor/mcp.json", ENTRIES), ("config/Code/User/mcp.json", broken)] {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let before = home.all();
    let finished = program.run();
    assert_snapshot!("doctor_hosts", shown(&home, &finished));
    assert!(!finished.stdout.contains("canary"), "{}", finished.stdout);
    assert_eq!(home.all(), before, "something was changed");
}

/// Of every string in a stored record those that could be a secret.
fn secrets(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.len() >= 12 && !text.contains("://") => {
            found.push(text.clone())
        }
        Value::Array(items) => items.iter().for_each(|item| secrets(item, found)),
        Value::Object(members) => members.values().for_each(|item| secrets(item, found)),
        _ => {}
    }
}

/// S-09
#[tokio::test(flavor = "multi_thread")]
async fn no_form_of_the_report_holds_a_secret() {
    let config = Config { auth_method: "client_secret_basic", ..Config::default() };
    let server = AuthorizationServer::start(config).await;
    server.add_client("robot", Some("canary-secret"), &[]);
    let url = server.endpoint().to_string();
    let home = Home::new();
    let own = [
        "--client-credentials",
        "--static-oauth-client-info",
        r#"{"client_id":"robot","client_secret":"canary-secret"}"#,
    ];
    home.ok(&[&["login", url.as_str()][..], &own].concat());
    let store = CredentialStore::open(StoreChoice::File, &Paths::below(home.path()));
    let mut hidden = vec!["canary".to_owned(), "hunter2".to_owned()];
    for listed in store.list().await.unwrap() {
        let value = store.load(&listed.name).await.unwrap().unwrap();
        secrets(&serde_json::from_slice(value.expose()).unwrap(), &mut hidden);
    }
    assert!(hidden.len() > 2, "no token was stored");
    let header = ["--header", "X-Key: canary-header"];
    for form in [&[][..], &["--json"], &["--report"]] {
        let words = [&[url.as_str()][..], &own, &header, form].concat();
        let program = doctor(&home, &words).env("HTTPS_PROXY", "http://u:hunter2@proxy.invalid");
        let finished = program.run();
        assert!(finished.stdout.contains("sign-ins"), "{}", finished.shown());
        for secret in &hidden {
            assert!(!finished.shown().contains(secret.as_str()), "{secret}: {}", finished.shown());
        }
        let is_report = form == ["--report"];
        let home = home.path().to_str().unwrap();
        assert!(!is_report || !finished.stdout.contains(home), "{}", finished.stdout);
    }
}

/// S-13
#[test]
fn a_certificate_is_judged_and_its_issuer_named() {
    let mock = open(&[]);
    let front = TlsFront::start(mock.url().port().unwrap());
    let (home, url) = (Home::new(), front.url("/mcp"));
    let keyed = format!("{url}?key=canary");
    let finished = doctor(&home, &[&keyed, "--json", "--header", "X-Key: canary"]).run();
    let (verdict_of_tls, says) = verdict(&finished, "TLS");
    assert_eq!(verdict_of_tls, "fail", "{}", finished.shown());
    assert!(says.contains("certificate"), "{says}");
    let (verdict_of_certificate, says) = verdict(&finished, "certificate");
    assert_eq!(verdict_of_certificate, "fail", "{says}");
    assert!(says.contains("which is not trusted here"), "{says}");
    let looked = mock.recorder().requests();
    let bare = |request: &RecordedRequest| {
        request.path == "/" && request.header("x-key").is_none() && request.body.is_empty()
    };
    assert!(looked.iter().all(bare), "an untrusted server was told something: {looked:?}");
    assert_eq!(verdict(&finished, "HTTP").0, "skipped");
    assert_eq!(verdict(&finished, "session").0, "skipped");
    assert_eq!(finished.code, Some(1));

    let authority = front.authority();
    let trusting = ["--ca-cert", authority.to_str().unwrap()];
    let finished = doctor(&home, &[&[url.as_str(), "--json"][..], &trusting].concat()).run();
    let (verdict, says) = verdict(&finished, "certificate");
    assert_eq!(verdict, "ok", "{}", finished.shown());
    assert!(says.starts_with("trusted, issued by `"), "{says}");
}

/// E-02
#[test]
fn the_era_of_the_server_and_what_is_translated_are_told() {
    let home = Home::new();
    let mut mock = Program::new(["mock", "lab", "--open", "--protocol", "2026-07-28"]).spawn();
    let first = mock.next_line().unwrap();
    let url = first.strip_prefix("listening on ").unwrap();
    let finished = doctor(&home, &[url, "--json"]).run();
    let (verdict_of_era, says) = verdict(&finished, "era");
    assert_eq!(verdict_of_era, "ok", "{}", finished.shown());
    assert!(says.starts_with("2026-07-28 over Streamable HTTP"), "{says}");
    assert_eq!(finished.code, Some(0), "{}", finished.shown());
    mock.kill();
}

#[test]
fn it_works_when_everything_is_broken() {
    let home = Home::new();
    let broken = home.path().join("config/mcp-tether");
    std::fs::create_dir_all(&broken).unwrap();
    std::fs::write(broken.join("config.toml"), "[defaults\n").unwrap();
    let program = doctor(&home, &["https://nothing.invalid/mcp", "--json"])
        .env("HOME", "/dev/null/none")
        .env("MCP_TETHER_STATE_DIR", "/dev/null/none/state")
        .env("SSL_CERT_FILE", "/nonexistent/ca.pem")
        .env("HTTPS_PROXY", "http://[");
    let finished = program.run();
    assert_eq!(finished.code, Some(1), "{}", finished.shown());
    for (name, expected) in [
        ("state folder", "fail"),
        ("settings", "fail"),
        ("proxy", "warn"),
        ("authorities", "fail"),
        ("connection", "skipped"),
    ] {
        assert_eq!(verdict(&finished, name).0, expected, "{name}: {}", finished.shown());
    }
}

#[test]
fn a_wrong_url_is_an_error_of_the_command_line() {
    let home = Home::new();
    let finished = home.run(&["doctor", "mcp.example.com/mcp"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{}", finished.shown());
    assert!(finished.stderr.contains("did you mean `https://mcp.example.com/mcp`?"));
    let finished = home.run(&["doctor", "--json", "--report"]);
    assert_eq!(finished.code, Some(2));
}

/// E-02: to a legacy host a server of both eras is a legacy one
#[test]
fn a_server_of_both_eras_is_told_from_a_legacy_one() {
    let home = Home::new();
    for (served, both) in [(Served::Dual, true), (Served::AllLegacy, false)] {
        let options = MockOptions { protocol: served, ..MockOptions::default() };
        let mock = MockRemote::start(options).unwrap();
        let url = mock.url().to_string();
        let finished = doctor(&home, &[&url, "--json"]).run();
        let (verdict, says) = verdict(&finished, "era");
        assert_eq!(verdict, "ok", "{}", finished.shown());
        assert!(says.starts_with("2025-11-25 over Streamable HTTP"), "{says}");
        assert_eq!(says.contains("2026-07-28 too"), both, "{says}");
        assert_eq!(mock.recorder().of_http_method("DELETE").len(), 1, "sessions stay (T-33)");
        mock.recorder().clear();
        doctor(&home, &[&url, "--json", "--protocol", "legacy"]).run();
        assert!(mock.recorder().of_method("server/discover").is_empty(), "it was told");
    }
}

/// T-25
#[test]
fn where_a_redirect_leads_is_told() {
    let home = Home::new();
    let moved = open(&["redirect=307"]);
    let finished = doctor(&home, &[moved.url().as_str(), "--json"]).run();
    let (verdict_here, says) = verdict(&finished, "HTTP");
    assert_eq!(verdict_here, "warn", "{}", finished.shown());
    assert!(says.contains(moved.url().as_str()), "{says}");

    let other = open(&[]);
    let elsewhere = open(&[&format!("redirect=308:to={}", other.url())]);
    let finished = doctor(&home, &[elsewhere.url().as_str(), "--json"]).run();
    let (verdict_elsewhere, says) = verdict(&finished, "HTTP");
    assert_eq!(verdict_elsewhere, "fail", "{}", finished.shown());
    assert!(says.contains("redirect"), "{says}");
    assert!(other.recorder().requests().is_empty(), "it went there");
    assert_eq!(finished.code, Some(1));
}

/// Answers every request with this status, an empty object and, maybe, a time.
async fn answering(address: &str, status: u16, date: Option<&'static str>) -> Option<String> {
    let answer = move || async move {
        let status = axum::http::StatusCode::from_u16(status).unwrap();
        let dates = date.into_iter().map(|date| ("date", date)).collect::<Vec<_>>();
        let mut response = (status, [("content-type", "application/json")], "{}").into_response();
        for (name, date) in dates {
            response.headers_mut().insert(name, date.parse().unwrap());
        }
        response
    };
    let listener = tokio::net::TcpListener::bind(address).await.ok()?;
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    Some(url)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_differs_is_a_warning_with_its_direction() {
    let home = Home::new();
    for (date, direction) in
        [("Thu, 01 Jan 2015 00:00:00 GMT", "ahead of"), ("Fri, 01 Jan 2094 00:00:00 GMT", "behind")]
    {
        let url = answering("127.0.0.1:0", 400, Some(date)).await.unwrap();
        let finished = doctor(&home, &[&url, "--json"]).run();
        let (verdict, says) = verdict(&finished, "clock");
        assert_eq!(verdict, "warn", "{}", finished.shown());
        assert!(says.contains(direction), "{says}");
    }
}

/// S-13: a file that is named for Node.js is not worth an error.
#[test]
fn a_missing_file_of_nodes_authorities_is_a_warning_and_one_of_ours_is_not() {
    for (name, expected) in [("NODE_EXTRA_CA_CERTS", "warn"), ("SSL_CERT_FILE", "fail")] {
        let finished = doctor(&Home::new(), &["--json"]).env(name, "/nonexistent/ca.pem").run();
        assert_eq!(verdict(&finished, "authorities").0, expected, "{}", finished.shown());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_family_of_the_address_is_told() {
    let home = Home::new();
    // Some machines have no IPv6 at all.
    let Some(url) = answering("[::1]:0", 400, None).await else { return };
    let finished = doctor(&home, &[&url, "--json"]).run();
    let (verdict_of_both, says) = verdict(&finished, "connection");
    assert_eq!((verdict_of_both.as_str(), says.as_str()), ("ok", "connected over IPv6"));
    let finished = doctor(&home, &[&url, "--json", "--ipv4"]).run();
    let (verdict_of_v4, says) = verdict(&finished, "connection");
    assert_eq!(verdict_of_v4, "fail", "{says}");
    assert!(says.contains("there is no IPv4 address"), "{says}");
}

#[test]
fn the_way_through_a_proxy_is_looked_at_and_its_password_is_not_shown() {
    let home = Home::new();
    let mut proxy = open(&[]);
    let address = proxy.url().authority().to_owned();
    let words = ["http://mcp.example.invalid/mcp", "--allow-http", "--json"];
    let behind = || doctor(&home, &words).env("HTTP_PROXY", format!("http://u:hunter2@{address}"));
    let finished = behind().run();
    let (verdict_of_route, says) = verdict(&finished, "route");
    assert_eq!(verdict_of_route, "ok", "{}", finished.shown());
    assert_eq!(says, format!("requests go through `http://{address}/`"));
    assert_eq!(verdict(&finished, "connection").0, "ok", "{}", finished.shown());
    let asked = proxy.recorder().requests();
    assert_eq!(asked[0].header("host"), Some("mcp.example.invalid"));
    assert!(!finished.shown().contains("hunter2"), "{}", finished.shown());

    proxy.stop();
    let finished = behind().run();
    assert_eq!(verdict(&finished, "connection").0, "fail", "{}", finished.shown());
    assert_eq!(verdict(&finished, "HTTP").0, "skipped", "{}", finished.shown());
}

#[cfg(target_os = "linux")]
#[test]
fn a_keyring_that_does_not_answer_is_a_failure_only_where_it_was_asked_for() {
    let home = Home::new();
    let stale = home.path().join("stale");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    let bus = format!("unix:path={}", stale.display());
    for (choice, expected) in [("auto", "warn"), ("keyring", "fail")] {
        let words = ["--json", "--credential-store", choice];
        let finished = doctor(&home, &words).env("DBUS_SESSION_BUS_ADDRESS", &bus).run();
        let (verdict, says) = verdict(&finished, "store");
        assert_eq!(verdict, expected, "{}", finished.shown());
        assert!(says.contains("Connection refused"), "{says}");
    }
}

/// A-16, A-75: a key that the server refuses is a failure, and no reason to sign in.
#[test]
fn a_refused_key_is_a_failure() {
    let home = Home::new();
    let mock = guarded(&[]);
    for header in ["X-API-Key: hunter2", "Authorization: Bearer hunter2"] {
        let done = doctor(&home, &[mock.url().as_str(), "--header", header]).run();
        let told = shown(&home, &done);
        assert_eq!(done.code, Some(1), "{told}");
        assert!(told.contains("fail") && !told.contains("no problems"), "{told}");
        assert!(!told.contains("mcp-tether login") && !told.contains("hunter2"), "{told}");
    }
}

/// A-10, A-25: what stands in the way of a sign-in is named before a person tries.
#[tokio::test(flavor = "multi_thread")]
async fn obstacles_to_a_sign_in_are_named() {
    type Case = (fn(&mut Config), &'static str);
    let cases: [Case; 6] = [
        (|c| (c.resource_metadata, c.server_metadata) = (None, None), "publishes no document"),
        (|c| c.registration = false, "does not support dynamic client registration"),
        (|c| c.pkce = None, "--assume-pkce"),
        (|c| c.unauthorized = 400, "is signed in to at"),
        (
            |c| {
                c.redirects = vec![(
                    "/.well-known/oauth-authorization-server".to_owned(),
                    "http://elsewhere.example/x".to_owned(),
                )]
            },
            "redirects to",
        ),
        (
            |c| {
                c.extra_metadata = serde_json::json!({
                    "require_pushed_authorization_requests": true
                })
            },
            "RFC 9126",
        ),
    ];
    for (change, named) in cases {
        let mut config = Config::default();
        change(&mut config);
        let server = AuthorizationServer::start(config).await;
        let home = Home::new();
        let url = server.endpoint().to_string();
        let done = tokio::task::spawn_blocking(move || {
            let done = doctor(&home, &[&url]).run();
            shown(&home, &done)
        });
        let told = done.await.unwrap();
        assert!(told.contains(named), "{named}: {told}");
        let guessed = told.lines().any(|line| line.contains("ok") && line.contains("guessed"));
        assert!(!guessed, "{told}");
    }
}
