//! Sign-ins and renewals shared by several bridges over one store (S-04, A-54, A-56).

use std::time::Duration;

use mcp_tether::auth::{Interaction, MemoryVault, SignInState, Vault};
use mcp_tether::error::FailureKind;
use mcp_tether::redact::Secret;

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::fakes::{FakeBrowser, FakeClock, visit};
use crate::support::sign_in::{Party, party};
use crate::support::waiting::until_seen;

/// Returns a server with a slow token endpoint, so that every bridge asks before it answers.
async fn slow_server() -> AuthorizationServer {
    let config = Config { token_delay: Duration::from_millis(100), ..Config::default() };
    AuthorizationServer::start(config).await
}

fn bridges(server: &AuthorizationServer, count: usize, browser: &FakeBrowser) -> Vec<Party> {
    let (vault, clock) = (MemoryVault::new(), FakeClock::default());
    let one = || party(server).vault(&vault).clock(&clock).browser(browser).build();
    (0..count).map(|_| one()).collect()
}

async fn all_list(bridges: &[Party]) -> Vec<usize> {
    let requests = bridges.iter().cloned().map(|bridge| {
        tokio::spawn(async move { bridge.list().await.expect("every bridge works") })
    });
    let mut sent = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        sent.push(request.await.unwrap());
    }
    sent
}

/// S-04: ten bridges started at once, no token: one tab, one registration, ten working.
#[tokio::test]
async fn ten_bridges_open_one_tab() {
    let server = slow_server().await;
    let browser = FakeBrowser::follows();
    let bridges = bridges(&server, 10, &browser);
    assert_eq!(all_list(&bridges).await, [2; 10]);
    assert_eq!(browser.opened().len(), 1);
    assert_eq!(server.asked_at("/register").len(), 1);
    assert_eq!(server.asked_at("/token").len(), 1);
}

/// ten bridges with an expired token at a server that punishes reuse: one refresh.
#[tokio::test]
async fn ten_bridges_refresh_once() {
    let server = slow_server().await;
    let browser = FakeBrowser::follows();
    let bridges = bridges(&server, 10, &browser);
    all_list(&bridges).await;
    for round in 1..=3 {
        bridges[0].clock.advance(3600);
        server.advance(3600);
        assert_eq!(all_list(&bridges).await, [1; 10]);
        assert_eq!(server.grants("refresh_token").len(), round);
    }
    assert_eq!(server.reuses(), 0);
    assert_eq!(browser.opened().len(), 1);
}

/// ten bridges whose token was revoked: one refresh, and nobody fails.
#[tokio::test]
async fn ten_bridges_share_a_revoked_token() {
    let server = slow_server().await;
    let bridges = bridges(&server, 10, &FakeBrowser::follows());
    all_list(&bridges).await;
    server.end_access_tokens();
    assert_eq!(all_list(&bridges).await, [2; 10]);
    assert_eq!(server.grants("refresh_token").len(), 1);
    assert_eq!(server.reuses(), 0);
}

/// fifty calls of one bridge meet a revoked token: one refresh, and each call is sent twice.
#[tokio::test]
async fn fifty_calls_share_an_incident() {
    let server = slow_server().await;
    let bridge = bridges(&server, 1, &FakeBrowser::follows()).remove(0);
    bridge.list().await.unwrap();
    server.end_access_tokens();
    let lockings = bridge.vault.lockings();
    let calls = vec![bridge.clone(); 50];
    let sent = all_list(&calls).await;
    assert!(sent.iter().all(|sent| *sent <= 2), "{sent:?}");
    assert_eq!(server.grants("refresh_token").len(), 1);
    assert_eq!(server.reuses(), 0);
    assert_eq!(
        bridge.vault.lockings() - lockings,
        1,
        "the store is bothered once, not fifty times"
    );
}

/// fifty calls with a token about to end: one renewal, and the store is bothered once.
#[tokio::test]
async fn fifty_calls_share_a_refresh() {
    let server = slow_server().await;
    let bridge = bridges(&server, 1, &FakeBrowser::follows()).remove(0);
    bridge.list().await.unwrap();
    bridge.clock.advance(3600);
    server.advance(3600);
    let lockings = bridge.vault.lockings();
    assert_eq!(all_list(&vec![bridge.clone(); 50]).await, [1; 50]);
    assert_eq!(server.grants("refresh_token").len(), 1);
    assert_eq!(bridge.vault.lockings() - lockings, 1);
}

/// S-04: fifty calls of one bridge without any token: one tab.
#[tokio::test]
async fn fifty_calls_open_one_tab() {
    let server = slow_server().await;
    let bridge = bridges(&server, 1, &FakeBrowser::follows()).remove(0);
    let calls = vec![bridge.clone(); 50];
    all_list(&calls).await;
    assert_eq!(bridge.browser.opened().len(), 1);
    assert_eq!(server.asked_at("/token").len(), 1);
}

/// a dead grant met by ten bridges: one refresh is tried, one tab opens.
#[tokio::test]
async fn ten_bridges_share_a_dead_grant() {
    let server = slow_server().await;
    let browser = FakeBrowser::follows();
    let bridges = bridges(&server, 10, &browser);
    all_list(&bridges).await;
    server.end_grants();
    assert_eq!(all_list(&bridges).await, [2; 10]);
    assert_eq!(server.grants("refresh_token").len(), 1);
    assert_eq!(browser.opened().len(), 2);
}

/// a request that is given up must not take the renewal with it: the rotated token is stored.
#[tokio::test]
async fn a_request_that_is_given_up_loses_no_token() {
    let server = slow_server().await;
    let bridge = bridges(&server, 1, &FakeBrowser::follows()).remove(0);
    bridge.list().await.unwrap();
    bridge.clock.advance(3600);
    server.advance(3600);
    let given_up = tokio::time::timeout(Duration::from_millis(20), bridge.list()).await;
    assert!(given_up.is_err(), "the token endpoint takes 100 ms");
    bridge.authorizer.settle(Duration::from_secs(5)).await;
    assert_eq!(bridge.list().await, Ok(1));
    assert_eq!(server.grants("refresh_token").len(), 1);
    assert_eq!(server.reuses(), 0);
}

/// stored before it is used: whoever sees the new token in a request finds it in the store.
#[tokio::test]
async fn a_refreshed_token_is_stored_before_it_is_used() {
    let server = slow_server().await;
    let bridge = bridges(&server, 1, &FakeBrowser::follows()).remove(0);
    bridge.list().await.unwrap();
    bridge.clock.advance(3600);
    let authorization = bridge.authorizer.authorization().await.unwrap().unwrap();
    let token = authorization.header.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
    let name = bridge.vault.names().into_iter().find(|name| name.starts_with("sign-in")).unwrap();
    let stored = bridge.vault.load(&name).await.unwrap().unwrap();
    assert!(String::from_utf8(stored.expose().clone()).unwrap().contains(&token));
}

/// S-04: a bridge that starts during another's sign-in shows its page and adopts the result.
#[tokio::test]
async fn who_comes_later_shows_the_same_page_and_takes_the_result() {
    let server = slow_server().await;
    let browser = FakeBrowser::ignores();
    let bridges = bridges(&server, 2, &browser);
    let first = tokio::spawn({
        let bridge = bridges[0].clone();
        async move { bridge.list().await }
    });
    let page = bridges[0].page().await;
    let second = tokio::spawn({
        let bridge = bridges[1].clone();
        async move { bridge.list().await }
    });
    assert_eq!(bridges[1].page().await, page);
    visit(page).await;
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(2), Ok(2)));
    assert_eq!(browser.opened().len(), 1);
}

/// S-04, A-36, docs/hosts/README.md#started-twice: the owner of a sign-in is killed; the next
/// process completes the same tab.
#[tokio::test]
async fn a_killed_owner_leaves_a_tab_that_the_next_process_completes() {
    let server = slow_server().await;
    let browser = FakeBrowser::ignores();
    let bridges = bridges(&server, 2, &browser);
    let killed = bridges[0].clone();
    let page = tokio::task::spawn_blocking(move || page_of_a_killed(&killed)).await.unwrap();

    let next = bridges[1].clone();
    let request = tokio::spawn(async move { next.list().await });
    assert_eq!(bridges[1].page().await, page, "the same state and port");
    assert_eq!(visit(page).await.status, 200);
    assert_eq!(request.await.unwrap(), Ok(2));
    assert_eq!(browser.opened().len(), 1, "no second tab");
    assert_eq!(server.asked_at("/register").len(), 1);
    let pending = bridges[1].vault.names().into_iter().find(|name| name.starts_with("pending"));
    assert_eq!(pending, None, "the state is used once");
}

/// Lets a bridge come as far as an open tab, and ends everything that it does with its runtime.
fn page_of_a_killed(bridge: &Party) -> url::Url {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let requesting = bridge.clone();
        tokio::spawn(async move { requesting.list().await });
        let page = bridge.page().await;
        // Registration, pending sign-in, and that its tab was opened.
        let is_stored = || (bridge.vault.saves() >= 3).then_some(());
        until_seen("the pending sign-in in the store", is_stored).await;
        page
    })
}

/// what was left behind long ago is not continued.
#[tokio::test]
async fn an_old_pending_sign_in_is_not_continued() {
    let server = slow_server().await;
    let bridges = bridges(&server, 1, &FakeBrowser::ignores());
    let bridge = bridges[0].clone();
    let request = tokio::spawn(async move { bridge.list().await });
    let page = bridges[0].page().await;
    request.abort();
    let pending = stored(&bridges[0].vault, "pending").await;
    let later = FakeClock::default();
    later.advance(100);
    let vault = MemoryVault::new();
    vault.save(&pending.0, pending.1).await.unwrap();
    let next = party(&server).vault(&vault).clock(&later).build();
    assert_eq!(next.list().await, Ok(2));
    assert_ne!(next.browser.opened()[0], page);
}

async fn stored(vault: &MemoryVault, prefix: &str) -> (String, Secret<Vec<u8>>) {
    let stored = || vault.names().into_iter().find(|name| name.starts_with(prefix));
    let name = until_seen(&format!("something named {prefix} in the store"), stored).await;
    let value = vault.load(&name).await.unwrap().unwrap();
    (name, value)
}

/// A damaged entry is reported with the way out: never a crash, never a silent new sign-in.
#[tokio::test]
async fn a_damaged_entry_is_reported() {
    let server = slow_server().await;
    let first = party(&server).build();
    first.list().await.unwrap();
    let (name, _) = stored(&first.vault, "sign-in").await;
    first.vault.save(&name, Secret::new(b"{\"half".to_vec())).await.unwrap();
    let no_browser = FakeBrowser::must_not_open();
    let next = party(&server).vault(&first.vault).browser(&no_browser.browser()).build();
    let failure = next.list().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AuthFailed);
    assert!(failure.message.contains("damaged"), "{}", failure.message);
    let hint = failure.hint;
    assert!(hint.contains("mcp-tether logout") && hint.contains("mcp-tether login"), "{hint}");

    next.authorizer.sign_out().await.unwrap();
    let again = party(&server).vault(&first.vault).build();
    assert_eq!(again.list().await, Ok(2), "the way out works");
}

/// A store that cannot be used is an error, never a reason to sign in anew.
#[tokio::test]
async fn a_locked_store_opens_no_tab() {
    let server = slow_server().await;
    let first = party(&server).build();
    first.list().await.unwrap();
    let (name, _) = stored(&first.vault, "sign-in").await;
    first.vault.break_name(&name);
    let no_browser = FakeBrowser::must_not_open();
    let next = party(&server).vault(&first.vault).browser(&no_browser.browser()).build();
    let failure = next.list().await.unwrap_err();
    assert!(failure.message.contains("cannot use the stored sign-in"), "{}", failure.message);
}

/// S-03: the tokens are here, but cannot be stored: the page does not say success.
#[tokio::test]
async fn a_sign_in_that_cannot_be_stored_is_no_success() {
    let server = slow_server().await;
    let party = party(&server).build();
    party.list().await.unwrap();
    let (name, _) = stored(&party.vault, "sign-in").await;
    party.authorizer.sign_out().await.unwrap();
    let broken = crate::support::sign_in::party(&server).build();
    broken.vault.break_saving(&name);
    let failure = broken.list().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AuthFailed);
    assert!(failure.message.contains("cannot write"), "{}", failure.message);
    let page = broken.browser.ended_at().await;
    assert_eq!(page.status, 500);
    assert!(page.text.contains("could not be stored on this machine"), "{}", page.text);
    assert!(!page.text.contains("<h1>Signed in"), "{}", page.text);
}

/// T-18: the next request does not join a sign-in that a bug has ended
#[tokio::test]
async fn a_sign_in_that_panicked_can_be_repeated() {
    let server = slow_server().await;
    let party = party(&server).browser(&FakeBrowser::panics_once()).build();
    let failure = party.list().await.unwrap_err();
    assert!(failure.message.contains("interrupted"), "{}", failure.message);
    assert_eq!(party.list().await, Ok(2));
    assert_eq!(party.browser.opened().len(), 2);
}

/// S-04: who waits gets the result, also a refusal: ten bridges do not open ten tabs for one "no".
#[tokio::test]
async fn a_refusal_counts_for_everyone_who_waited() {
    let server = slow_server().await;
    server.change(|config| config.denies = true);
    let browser = FakeBrowser::ignores();
    let bridges = bridges(&server, 4, &browser);
    let requests: Vec<_> = bridges
        .iter()
        .cloned()
        .map(|bridge| tokio::spawn(async move { bridge.list().await }))
        .collect();
    let mut page = None;
    for bridge in &bridges {
        page = Some(bridge.page().await);
    }
    visit(page.unwrap()).await;
    for request in requests {
        let failure = request.await.unwrap().unwrap_err();
        assert!(failure.message.contains("denied"), "{}", failure.message);
    }
    assert_eq!(browser.opened().len(), 1);
    server.change(|config| config.denies = false);
    let later = party(&server).vault(&bridges[0].vault).build();
    assert_eq!(later.list().await, Ok(2), "an old refusal does not count for newcomers");
    let left = bridges[0].vault.names().into_iter().find(|name| name.starts_with("refusal"));
    assert_eq!(left, None);
}

/// `login` while a bridge waits for the same sign-in: one tab serves both.
#[tokio::test]
async fn the_login_command_joins_a_sign_in_that_is_under_way() {
    let server = slow_server().await;
    let browser = FakeBrowser::ignores();
    let bridges = bridges(&server, 2, &browser);
    let (bridge, command) = (bridges[0].clone(), bridges[1].clone());
    let request = tokio::spawn(async move { bridge.list().await });
    let page = bridges[0].page().await;
    let login = tokio::spawn(async move { command.authorizer.sign_in(Interaction::Browser).await });
    assert_eq!(bridges[1].page().await, page);
    visit(page).await;
    assert_eq!(request.await.unwrap(), Ok(2));
    assert_eq!(login.await.unwrap().unwrap().issuer, server.issuer());
    assert_eq!(browser.opened().len(), 1);
}

/// A sign-in by the `login` command reaches a bridge that runs already, without a restart.
#[tokio::test]
async fn a_running_bridge_notices_a_sign_in_elsewhere() {
    let server = slow_server().await;
    let vault = MemoryVault::new();
    let no_browser = FakeBrowser::must_not_open();
    let bridge = party(&server)
        .vault(&vault)
        .browser(&no_browser.browser())
        .options(|options| options.login = mcp_tether::auth::LoginPolicy::Never)
        .build();
    assert_eq!(bridge.list().await.unwrap_err().kind, FailureKind::AuthRequired);
    let command = party(&server).vault(&vault).build();
    command.authorizer.sign_in(Interaction::Browser).await.unwrap();
    assert_eq!(bridge.list().await, Ok(1));
    assert_eq!(*bridge.authorizer.state().borrow(), SignInState::SignedIn);
}
