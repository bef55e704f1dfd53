//! The bridge in front of a server that wants a sign-in: tokens on every request, and a host that
//! need not wait for a person (A-51, A-56, A-63, docs/hosts/README.md#the-first-turn).

use std::sync::Arc;
use std::time::Duration;

use mcp_tether::auth::{AuthOptions, AuthServices, Authorizer, LoginPolicy, MemoryVault};
use mcp_tether::bridge::{BridgeOptions, CacheOptions};
use mcp_tether::http::HttpOptions;
use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{Auth, MockOptions, OAuthOptions, Served};
use serde_json::json;

use crate::support::fakes::{FakeBrowser, FakeClock, visit};
use crate::support::harness::{Harness, initialize, kind, text};

fn guarded() -> MockOptions {
    MockOptions { auth: Auth::OAuth(OAuthOptions::default()), ..MockOptions::default() }
}

struct Signing {
    vault: MemoryVault,
    browser: FakeBrowser,
    folder: tempfile::TempDir,
    login: LoginPolicy,
    wait: Duration,
}

impl Signing {
    fn with(browser: FakeBrowser) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let wait = Duration::from_secs(10);
        Self { vault: MemoryVault::new(), browser, folder, login: LoginPolicy::Eager, wait }
    }

    fn harness(&self, mock: MockOptions) -> Harness {
        Harness::with(mock, |options| self.prepare(options))
    }

    fn prepare(&self, options: &mut BridgeOptions) {
        let mut auth = AuthOptions::new(options.remote.url.clone());
        auth.request_wait = self.wait;
        auth.login = self.login;
        let services = AuthServices {
            vault: Arc::new(self.vault.clone()),
            browser: Arc::new(self.browser.clone()),
            clock: Arc::new(FakeClock::default()),
            notice: Arc::new(|_: &str| {}),
            jobs: None,
        };
        options.remote.authorizer = Authorizer::new(auth, &HttpOptions::default(), services);
        options.cache = Some(CacheOptions {
            server: String::new(),
            folder: self.folder.path().to_owned(),
            key: "test".to_owned(),
            answer_within: Duration::from_millis(800),
        });
    }
}

/// A-51
#[tokio::test]
async fn one_consent_and_every_request_carries_the_token() {
    let signing = Signing::with(FakeBrowser::follows());
    let mut harness = signing.harness(guarded()).open().await;
    assert_eq!(text(&harness.call("echo", json!({ "a": 1 })).await), r#"{"a":1}"#);
    harness.seen(|all| all.iter().any(|r| r.http_method == "GET" && r.path == "/mcp")).await;
    harness.leave().await;
    assert_eq!(signing.browser.opened().len(), 1);
    let requests = harness.mock.recorder().requests();
    let to_server: Vec<_> = requests.iter().filter(|r| r.path == "/mcp").collect();
    assert!(to_server[0].header("authorization").is_none(), "nothing was known at first");
    assert!(to_server.iter().any(|r| r.http_method == "DELETE"));
    for request in &to_server[1..] {
        assert!(request.header("authorization").is_some_and(|v| v.starts_with("Bearer ")));
    }
    let token = to_server[1].header("authorization").unwrap().trim_start_matches("Bearer ");
    assert!(requests.iter().all(|r| !r.path.contains(token)), "never in a URL");
}

/// A-15: a server that answers every message and refuses only the optional stream.
#[tokio::test]
async fn a_stream_that_wants_a_sign_in_of_its_own_opens_no_tab() {
    for (mock, tabs) in [(guarded(), 1), (MockOptions::default(), 0)] {
        let signing = Signing::with(FakeBrowser::follows());
        let mut harness = signing.harness(mock).open().await;
        harness.fault(&["status=401:http=GET:path=/mcp"]);
        assert!(harness.call("echo", json!({})).await["result"].is_object());
        harness.seen(|all| all.iter().any(|r| r.http_method == "GET" && r.path == "/mcp")).await;
        assert!(harness.call("echo", json!({})).await["result"].is_object());
        let requests = harness.mock.recorder().clone();
        harness.leave().await;
        assert_eq!(signing.browser.opened().len(), tabs);
        let asked = |path: &str| {
            requests.requests().iter().filter(|request| request.path.ends_with(path)).count()
        };
        assert_eq!((asked("/register"), asked("/token")), (tabs, tabs));
    }
}

/// A-53, A-54: the next bridge finds the sign-in and asks for nothing
#[tokio::test]
async fn a_stored_sign_in_opens_no_tab() {
    let signing = Signing::with(FakeBrowser::follows());
    let mut first = signing.harness(guarded()).open().await;
    assert!(first.call("echo", json!({})).await["result"].is_object());
    first.mock.recorder().clear();
    let mut options = BridgeOptions::new(mcp_tether::remote::RemoteOptions::new(first.mock.url()));
    signing.prepare(&mut options);
    let (host, mut end) = mcp_tether::host::in_process();
    let (stop, shutdown) = mcp_tether::platform::Shutdown::when_asked();
    let second = tokio::spawn(mcp_tether::bridge::run(host, options, shutdown));
    end.send(initialize("2025-11-25")).await;
    let line = tokio::time::timeout(crate::support::harness::PATIENCE, end.receive()).await;
    assert!(line.unwrap().unwrap().starts_with(b"{"));
    drop(stop);
    second.await.unwrap().unwrap();
    assert_eq!(signing.browser.opened().len(), 1);
    let asked = first.mock.recorder().of_method("initialize");
    assert_eq!(asked.len(), 1, "no request was refused first");
}

/// A-56: one recovery for everyone
#[tokio::test]
async fn many_calls_that_meet_a_dead_token_share_one_refresh() {
    let signing = Signing::with(FakeBrowser::follows());
    let mut harness = signing.harness(guarded()).open().await;
    assert!(harness.call("echo", json!({})).await["result"].is_object());
    let oauth = harness.mock.oauth().clone();
    oauth.expire_access_tokens();
    let mut ids = Vec::new();
    for _ in 0..50 {
        ids.push(harness.start_call("act", json!({})).await);
    }
    for id in ids {
        assert!(harness.answer(id).await["result"].is_object());
    }
    assert_eq!(oauth.refreshed(), 1);
    assert_eq!(oauth.reuse_detected(), 0);
    assert_eq!(signing.browser.opened().len(), 1);
    let acts = harness.call("count", json!({})).await;
    assert_eq!(acts["result"]["structuredContent"]["acts"], 50, "each ran exactly once");
}

/// A-56, T-06: what was refused goes out again under an id that was never used, is answered to the
/// host under the host's own, and is cancelled under the one that the server knows.
#[tokio::test]
async fn a_refused_request_goes_out_again_under_a_fresh_id() {
    let signing = Signing::with(FakeBrowser::follows());
    let mut harness = signing.harness(guarded()).open().await;
    assert!(harness.call("echo", json!({})).await["result"].is_object());
    harness.mock.recorder().clear();
    harness.mock.oauth().clone().expire_access_tokens();
    let id = harness.start_call("slow", json!({ "ms": 60_000 })).await;
    harness.seen(|all| all.iter().filter(|r| r.rpc_method() == "tools/call").count() == 2).await;
    let ids: Vec<_> = harness.mock.recorder().of_method("tools/call");
    let ids: Vec<_> = ids.iter().map(|call| call.json()["id"].as_u64().unwrap()).collect();
    assert_ne!(ids[0], ids[1]);
    harness.notify("notifications/cancelled", json!({ "requestId": id })).await;
    harness.seen(|all| all.iter().any(|r| r.rpc_method() == "notifications/cancelled")).await;
    let cancelled = &harness.mock.recorder().of_method("notifications/cancelled")[0];
    assert_eq!(cancelled.json()["params"]["requestId"], ids[1]);
    harness.mock.oauth().clone().expire_access_tokens();
    let echoed = harness.call("echo", json!({ "a": 1 })).await;
    assert_eq!(text(&echoed), r#"{"a":1}"#);
}

/// A-63, docs/hosts/README.md#the-first-turn: nothing is known of the server and the person is slow
#[tokio::test]
async fn a_host_is_answered_while_the_person_is_still_signing_in() {
    let signing = Signing::with(FakeBrowser::ignores());
    let mut harness = signing.harness(guarded());
    let result = harness.initialize("2025-06-18").await;
    assert_eq!(result["protocolVersion"], "2025-06-18");
    let page = signing.browser.opened()[0].clone();
    assert!(result["instructions"].as_str().unwrap().contains(page.as_str()), "{result}");
    let listed = harness.request("tools/list", json!({})).await;
    assert_eq!(listed["result"]["tools"][0]["name"], "sign_in");
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 1);
    let told = harness.call("sign_in", json!({})).await;
    assert!(text(&told).contains(page.as_str()), "{told}");

    let waiting = harness.start_call("echo", json!({ "a": 1 })).await;
    visit(page).await;
    harness.of_method("notifications/tools/list_changed").await;
    let listed = harness.request("tools/list", json!({})).await;
    assert!(listed["result"]["tools"].as_array().unwrap().len() > 10);
    assert_eq!(text(&harness.answer(waiting).await), r#"{"a":1}"#, "the call was held, not lost");
    assert_eq!(signing.browser.opened().len(), 1);
}

/// A-63: a call does not wait for ever, and its hint names the page
#[tokio::test]
async fn a_call_that_needs_a_person_ends_with_a_hint() {
    let mut signing = Signing::with(FakeBrowser::ignores());
    signing.wait = Duration::from_millis(300);
    let mut harness = signing.harness(guarded());
    harness.initialize("2025-11-25").await;
    let answer = harness.call("echo", json!({})).await;
    assert_eq!(kind(&answer), "auth_required", "{answer}");
    assert!(answer["error"]["data"]["bridge"]["hint"].is_string());
    assert_eq!(signing.browser.opened().len(), 1, "no second tab");
}

/// `--login on-demand`: eight servers in an editor do not open eight tabs
#[tokio::test]
async fn on_demand_opens_no_tab_before_a_tool_is_called() {
    let mut signing = Signing::with(FakeBrowser::follows());
    signing.login = LoginPolicy::OnDemand;
    let mut harness = signing.harness(guarded());
    harness.initialize("2025-11-25").await;
    assert_eq!(signing.browser.opened().len(), 0);
    let told = harness.call("sign_in", json!({})).await;
    assert!(told["result"].is_object(), "{told}");
    harness.of_method("notifications/tools/list_changed").await;
    assert_eq!(signing.browser.opened().len(), 1);
    assert!(harness.call("echo", json!({})).await["result"].is_object());
}

/// Returns a remote of either era, which no modern host knows anything of at first.
fn of_each_era() -> [MockOptions; 2] {
    [ProtocolVersion::V2025_11_25, ProtocolVersion::V2026_07_28]
        .map(|version| MockOptions { protocol: Served::Only(version), ..guarded() })
}

/// A-63, E-02: nothing is known of the server, not even its era, and the person is slow
#[tokio::test]
async fn a_modern_host_gets_the_tool_sign_in_before_the_era_is_known() {
    for mock in of_each_era() {
        let signing = Signing::with(FakeBrowser::ignores());
        let mut harness = signing.harness(mock);
        let discovered = harness.request_modern("server/discover", json!({})).await;
        assert_eq!(discovered["result"]["resultType"], "complete", "{discovered:#}");
        assert_eq!(discovered["result"]["ttlMs"], 0);
        let page = signing.browser.opened()[0].clone();
        let listed = harness.request_modern("tools/list", json!({})).await;
        assert_eq!(listed["result"]["tools"][0]["name"], "sign_in", "{listed:#}");
        assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 1);
        assert_eq!(listed["result"]["resultType"], "complete");
        assert_eq!(listed["result"]["ttlMs"], 0, "to be asked again");
        let discovered = harness.request_modern("server/discover", json!({})).await;
        let result = &discovered["result"];
        assert!(result["instructions"].as_str().unwrap().contains(page.as_str()), "{result:#}");
        assert!(result["capabilities"]["tools"]["listChanged"].is_null(), "{result:#}");
        let told = harness.call_modern("sign_in", json!({})).await;
        assert!(text(&told).contains(page.as_str()), "{told}");
        assert_eq!(told["result"]["resultType"], "complete");

        let call = json!({ "name": "echo", "arguments": { "a": 1 } });
        let waiting = harness.ask_modern("tools/call", call).await;
        visit(page).await;
        assert_eq!(text(&harness.answer(waiting).await), r#"{"a":1}"#, "held, not lost");
        let listed = harness.request_modern("tools/list", json!({})).await;
        assert!(listed["result"]["tools"].as_array().unwrap().len() > 10);
        assert_eq!(signing.browser.opened().len(), 1);
    }
}

/// A-63: what needs the person ends with a hint, and the next request is served without a restart
#[tokio::test]
async fn a_modern_hosts_call_ends_with_a_hint_and_the_next_one_works_after_the_sign_in() {
    for mock in of_each_era() {
        let mut signing = Signing::with(FakeBrowser::ignores());
        signing.wait = Duration::from_millis(300);
        let mut harness = signing.harness(mock);
        let answer = harness.call_modern("echo", json!({})).await;
        assert_eq!(kind(&answer), "auth_required", "{answer:#}");
        let page = signing.browser.opened()[0].clone();
        let hint = answer["error"]["data"]["bridge"]["hint"].as_str().unwrap();
        assert!(hint.contains(page.as_str()), "{hint}");
        visit(page).await;
        let answer = harness.call_modern("echo", json!({ "a": 1 })).await;
        assert_eq!(text(&answer), r#"{"a":1}"#);
        assert_eq!(signing.browser.opened().len(), 1, "no second tab");
    }
}

/// E-02, `--login on-demand`: an error would make the host take the bridge for an older server
#[tokio::test]
async fn a_modern_host_that_discovers_is_answered_although_no_sign_in_may_begin() {
    for mock in of_each_era() {
        let mut signing = Signing::with(FakeBrowser::follows());
        signing.login = LoginPolicy::OnDemand;
        let mut harness = signing.harness(mock);
        let discovered = harness.request_modern("server/discover", json!({})).await;
        let instructions = discovered["result"]["instructions"].as_str().unwrap_or_default();
        assert!(instructions.contains("`sign_in`"), "{discovered:#}");
        let listed = harness.request_modern("tools/list", json!({})).await;
        assert_eq!(listed["result"]["tools"][0]["name"], "sign_in", "{listed:#}");
        assert_eq!(signing.browser.opened().len(), 0);
        let call = harness.call_modern("echo", json!({ "a": 1 })).await;
        assert_eq!(text(&call), r#"{"a":1}"#, "a call of a tool is the demand");
        assert_eq!(signing.browser.opened().len(), 1);
    }
}

/// T-08: nothing can come while a person signs in
#[tokio::test]
async fn a_host_that_leaves_while_a_sign_in_waits_sees_the_bridge_go_within_a_second() {
    let signing = Signing::with(FakeBrowser::ignores());
    let mut harness = signing.harness(guarded());
    harness.initialize("2025-11-25").await;
    let waiting = harness.ask("prompts/get", json!({ "name": "x" })).await;
    assert_eq!(signing.browser.opened().len(), 1);
    let left = std::time::Instant::now();
    harness.leave().await;
    assert!(left.elapsed() < Duration::from_secs(1), "{:?}", left.elapsed());
    let answers = harness.set_aside();
    assert!(answers.iter().any(|line| line["id"] == waiting && line["error"].is_object()));
}
