//! Signing in from the first 401 to the repeated request; refreshing, stepping up and signing out
//! in the modules beside.

mod grants;
mod refreshing;
mod registration;
mod scopes;
mod sign_out;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::future::BoxFuture;
use mcp_tether::auth::{
    AuthMethod, AuthOptions, AuthServices, Authorizer, Grant, Interaction, LoginPolicy,
    MemoryVault, Names, PreRegistered, ResourceIndicator, Revocation, SignInState, Vault,
    VaultError, VaultLock,
};
use mcp_tether::error::FailureKind;
use mcp_tether::http::HttpOptions;
use mcp_tether::redact::Secret;
use serde_json::json;

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::fakes::{FakeBrowser, Typed, outbound, visit};
use crate::support::ports::KeptPort;
use crate::support::sign_in::party;

async fn server(change: impl FnOnce(&mut Config)) -> AuthorizationServer {
    let mut config = Config::default();
    change(&mut config);
    AuthorizationServer::start(config).await
}

/// one tab, and the request goes through.
#[tokio::test]
async fn a_first_request_signs_in_and_is_repeated() {
    let server = server(|_| {}).await;
    let party = party(&server).build();
    assert_eq!(party.list().await, Ok(2));

    let paths: Vec<_> = server.asked().into_iter().map(|asked| asked.path).collect();
    let expected = [
        "/mcp",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/register",
        "/authorize",
        "/token",
        "/mcp",
    ];
    assert_eq!(paths, expected, "nothing is asked that is not needed");
    let registration = &server.asked_at("/register")[0].body;
    assert_eq!(registration["application_type"], "native");
    assert_eq!(registration["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert_eq!(registration["token_endpoint_auth_method"], "none");
    let (authorize, token) = (&server.asked_at("/authorize")[0], &server.asked_at("/token")[0]);
    assert_eq!(authorize.query["resource"], server.endpoint().as_str());
    assert_eq!(token.form["resource"], server.endpoint().as_str());
    assert!(!authorize.query.contains_key("scope"), "A-33: nobody named a scope");
    assert!(server.asked().iter().all(|asked| !asked.query.contains_key("access_token")));

    assert_eq!(party.browser.opened().len(), 1);
    assert_eq!(party.list().await, Ok(1), "the token is used from now on");
    assert_eq!(*party.authorizer.state().borrow(), SignInState::SignedIn);
}

/// A-51, S-03: success is shown, by name, only after the exchange worked.
#[tokio::test]
async fn the_page_names_server_and_account() {
    let server = server(|_| {}).await;
    let party = party(&server).options(|options| options.account = "work".to_owned()).build();
    party.list().await.unwrap();
    let page = party.browser.ended_at().await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Signed in") && page.text.contains("work"), "{}", page.text);
    assert!(page.text.contains(server.endpoint().as_str()), "{}", page.text);
}

/// docs/from-mcp-remote.md#command-line: `--auth-success-url`.
#[tokio::test]
async fn the_browser_is_sent_on_after_a_completed_exchange() {
    let server = server(|_| {}).await;
    let target: url::Url = format!("{}/done", server.origin()).parse().unwrap();
    let party =
        party(&server).options(|options| options.success_url = Some(target.clone())).build();
    party.list().await.unwrap();
    let page = party.browser.ended_at().await;
    assert_eq!(page.url, target);
}

/// Several accounts on one server are separate sign-ins that share the registration.
#[tokio::test]
async fn accounts_are_separate() {
    let server = server(|_| {}).await;
    let work = party(&server).options(|options| options.account = "work".to_owned()).build();
    let vault = work.vault.clone();
    let private =
        party(&server).vault(&vault).options(|o| o.account = "private".to_owned()).build();
    work.list().await.unwrap();
    assert_eq!(private.list().await, Ok(2), "another account signs in for itself");
    assert_eq!((work.browser.opened().len(), private.browser.opened().len()), (1, 1));
    assert_eq!(server.asked_at("/register").len(), 1);
    private.authorizer.sign_out().await.unwrap();
    assert_eq!(work.list().await, Ok(1));
}

/// a slow user: the request ends in time, and a later one succeeds without a restart.
#[tokio::test]
async fn a_request_does_not_wait_for_ever_and_the_sign_in_goes_on() {
    let server = server(|_| {}).await;
    let party = party(&server)
        .browser(&FakeBrowser::ignores())
        .options(|options| options.request_wait = Duration::from_millis(300))
        .build();
    let failure = party.list().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AuthRequired);
    let page = party.page().await;
    assert!(failure.hint.contains(page.as_str()), "the hint names the page");
    assert_eq!(visit(page).await.status, 200);
    party.signed_in().await;
    assert_eq!(party.list().await, Ok(1));
    assert_eq!(party.browser.opened().len(), 1);
}

/// no discovery traffic when the user set a header.
#[tokio::test]
async fn a_switched_off_authorizer_only_explains() {
    let authorizer = Authorizer::off();
    assert!(authorizer.authorization().await.unwrap().is_none());
    let status = http::StatusCode::UNAUTHORIZED;
    let failure = authorizer.challenged(None, status, &http::HeaderMap::new()).await.unwrap_err();
    assert_eq!((failure.kind, failure.status), (FailureKind::AuthFailed, Some(401)));
    assert!(!failure.hint.is_empty());
}

/// `--login on-demand` opens no tab until somebody waits for a tool; `never` opens none at all.
#[tokio::test]
async fn a_tab_opens_only_when_it_may() {
    let server = server(|_| {}).await;
    let never = FakeBrowser::must_not_open();
    let party_of = |login, browser: &FakeBrowser| {
        party(&server).browser(browser).options(move |o| o.login = login).build()
    };
    let never = party_of(LoginPolicy::Never, &never.browser());
    never.authorizer.demand();
    let failure = never.list().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AuthRequired);
    assert!(failure.hint.contains("mcp-tether login"));
    assert_eq!(*never.authorizer.state().borrow(), SignInState::Needed);

    let on_demand = party_of(LoginPolicy::OnDemand, &FakeBrowser::follows());
    assert_eq!(on_demand.list().await.unwrap_err().kind, FailureKind::AuthRequired);
    assert_eq!(on_demand.browser.opened().len(), 0);
    on_demand.authorizer.demand();
    assert_eq!(on_demand.call().await, Ok(2));
}

/// A denied consent: an error that says so, a page that says so, and no second tab by itself.
#[tokio::test]
async fn a_denied_consent_is_not_asked_for_again_by_itself() {
    let server = server(|config| config.denies = true).await;
    let party = party(&server).build();
    let failure = party.list().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AuthFailed);
    assert!(failure.message.contains("denied"), "{}", failure.message);
    let page = party.browser.ended_at().await;
    assert!(page.text.contains("Not signed in"), "{}", page.text);
    assert!(!page.text.contains("script"), "S-03: {}", page.text);
    assert!(party.list().await.is_err());
    assert_eq!(party.browser.opened().len(), 1);
    server.change(|config| config.denies = false);
    party.authorizer.begin();
    party.signed_in().await;
    assert_eq!(party.list().await, Ok(1), "a sign-in that is started by hand works");
}

/// No browser on the machine: the person is told the address, and the sign-in waits.
#[tokio::test]
async fn without_a_browser_the_address_is_told() {
    let server = server(|_| {}).await;
    let party = party(&server).browser(&FakeBrowser::missing()).build();
    let waiting = party.clone();
    let request = tokio::spawn(async move { waiting.list().await });
    let page = party.page().await;
    visit(page.clone()).await;
    assert_eq!(request.await.unwrap(), Ok(2));
    assert!(party.said().contains(page.as_str()), "{}", party.said());
}

/// A server without a sign-in is told from one that has it.
#[tokio::test]
async fn a_public_server_is_not_signed_in_to() {
    let server = server(|config| {
        config.resource_metadata = None;
        config.server_metadata = None;
        config.replaced = Some(("/public", "application/json", "{}"));
    })
    .await;
    let endpoint = format!("{}/public", server.origin()).parse().unwrap();
    let party = party(&server).options(|options| options.server = endpoint).build();
    let error = party.authorizer.sign_in(Interaction::Browser).await.unwrap_err().to_string();
    assert!(error.contains("does not ask for a sign-in"), "{error}");
    assert!(server.asked_at("/register").is_empty());
}

/// the server forgot the client, which only its own error page tells: the sign-in times out,
/// and the next one registers anew instead of ending there again.
#[tokio::test]
async fn a_dead_end_at_the_server_is_not_walked_into_twice() {
    let server = server(|config| {
        config.refresh_tokens = false;
        // A page that does not say so where a program could read it.
        config.unknown_client = 200;
    })
    .await;
    let party = party(&server).options(|o| o.auth_timeout = Duration::from_secs(1)).build();
    party.list().await.unwrap();
    server.forget_clients();
    server.end_access_tokens();
    party.clock.advance(1);
    let failure = party.list().await.unwrap_err();
    assert!(failure.message.contains("timed out"), "{}", failure.message);
    party.authorizer.begin();
    party.signed_in().await;
    assert_eq!(party.list().await, Ok(1));
    assert_eq!(server.asked_at("/register").len(), 2);
}

/// A server without a sign-in costs nothing: no look into the store, no lock, no request of ours.
#[tokio::test]
async fn a_server_without_a_sign_in_touches_no_store() {
    struct Untouchable;
    impl Vault for Untouchable {
        fn load(&self, _: &str) -> BoxFuture<'_, Result<Option<Secret<Vec<u8>>>, VaultError>> {
            panic!("the store was read")
        }
        fn save(&self, _: &str, _: Secret<Vec<u8>>) -> BoxFuture<'_, Result<(), VaultError>> {
            panic!("the store was written")
        }
        fn delete(&self, _: &str) -> BoxFuture<'_, Result<bool, VaultError>> {
            panic!("the store was changed")
        }
        fn lock(&self, _: &str) -> BoxFuture<'_, Result<VaultLock, VaultError>> {
            panic!("the store was locked")
        }
        fn knows(&self, _: &str) -> bool {
            false
        }
        fn names_beginning(&self, _: &str) -> BoxFuture<'_, Result<Vec<String>, VaultError>> {
            panic!("the store was listed")
        }
    }
    let server = server(|_| {}).await;
    let (services, _) = party(&server).services();
    let services = AuthServices { vault: std::sync::Arc::new(Untouchable), ..services };
    let options = AuthOptions::new(server.endpoint());
    let authorizer = Authorizer::new(options, &HttpOptions::default(), services);
    for _ in 0..3 {
        assert!(authorizer.authorization().await.unwrap().is_none());
    }
    assert!(server.asked().is_empty());
    assert_eq!(*authorizer.state().borrow(), SignInState::Idle);
}

/// what the bridge itself uses is told to modern hosts.
#[tokio::test]
async fn an_extension_that_is_used_is_named() {
    let server = server(|_| {}).await;
    assert_eq!(party(&server).build().authorizer.extension(), None);
    let robot = party(&server).options(|o| o.grant = Grant::ClientCredentials).build();
    let name = "io.modelcontextprotocol/oauth-client-credentials";
    assert_eq!(robot.authorizer.extension(), Some(name));
}

/// docs/from-mcp-remote.md#what-is-different: the user's own headers go to the MCP server's origin
/// and to nobody else.
#[tokio::test]
async fn the_users_headers_go_to_the_servers_origin_only() {
    let (resource, issuer) = (server(|_| {}).await, server(|_| {}).await);
    let named = issuer.issuer();
    resource.change(|config| {
        config.other_issuers = vec![named];
        config.real_issuer_named = false;
    });
    let party = party(&resource)
        .options(|options| {
            options.headers.insert("x-gateway", "secret".parse().unwrap());
        })
        .build();
    let _ = party.list().await;
    let documents = resource.asked_at("/.well-known/oauth-protected-resource/mcp");
    assert_eq!(documents[0].headers["x-gateway"], "secret");
    assert!(!issuer.asked().is_empty());
    assert!(issuer.asked().iter().all(|asked| !asked.headers.contains_key("x-gateway")));
}
