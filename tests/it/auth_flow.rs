//! Signing in from the first 401 to the repeated request, renewing, stepping up, signing out.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::future::BoxFuture;
use mcp_tether::auth::{
    AuthMethod, AuthOptions, Authorizer, Grant, Interaction, Login, MemoryVault, Names,
    PreRegistered, ResourceIndicator, Revocation, SignInState, Vault, VaultError, VaultLock, World,
};
use mcp_tether::error::FailureKind;
use mcp_tether::http::HttpOptions;
use mcp_tether::redact::Secret;
use serde_json::json;

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::fakes::{FakeBrowser, Typed, outbound, visit};
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
    let page = ended(&party.browser).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Signed in") && page.text.contains("work"), "{}", page.text);
    assert!(page.text.contains(server.endpoint().as_str()), "{}", page.text);
}

/// DROP-IN.md §1: `--auth-success-url`.
#[tokio::test]
async fn the_browser_is_sent_on_after_a_completed_exchange() {
    let server = server(|_| {}).await;
    let target: url::Url = format!("{}/done", server.origin()).parse().unwrap();
    let party =
        party(&server).options(|options| options.success_url = Some(target.clone())).build();
    party.list().await.unwrap();
    let page = ended(&party.browser).await;
    assert_eq!(page.url, target);
}

async fn ended(browser: &FakeBrowser) -> crate::support::fakes::Page {
    for _ in 0..500 {
        if let Some(page) = browser.ended().pop() {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the browser never ended up anywhere");
}

/// renewed ahead of its end, in silence, with the rotated token kept.
#[tokio::test]
async fn a_token_is_renewed_ahead_of_its_end() {
    let server = server(|_| {}).await;
    let party = party(&server).build();
    party.list().await.unwrap();
    for _ in 0..3 {
        party.clock.advance(3550);
        server.advance(3550);
        assert_eq!(party.list().await, Ok(1), "no 401 is needed");
    }
    assert_eq!(server.grants("refresh_token").len(), 3);
    assert_eq!(server.grants("refresh_token")[0].form["resource"], server.endpoint().as_str());
    assert_eq!(server.reuses(), 0);
    assert_eq!(party.browser.opened().len(), 1);
}

/// clock skew: ours lags behind, so that only the 401 tells.
#[tokio::test]
async fn a_token_that_ended_early_is_renewed_after_the_401() {
    let server = server(|_| {}).await;
    let party = party(&server).build();
    party.list().await.unwrap();
    server.end_access_tokens();
    assert_eq!(party.list().await, Ok(2));
    assert_eq!(server.grants("refresh_token").len(), 1);
    assert_eq!(party.browser.opened().len(), 1);
}

/// no refresh token in the answer keeps the old one.
#[tokio::test]
async fn a_server_that_does_not_rotate_is_served_too() {
    let server = server(|config| config.rotates = false).await;
    let party = party(&server).build();
    party.list().await.unwrap();
    for _ in 0..2 {
        server.end_access_tokens();
        assert_eq!(party.list().await, Ok(2));
    }
    let tokens: Vec<_> =
        server.grants("refresh_token").iter().map(|a| a.form["refresh_token"].clone()).collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens[0], tokens[1]);
}

/// neither lifetime nor refresh token; the 401 leads to a sign-in.
#[tokio::test]
async fn without_a_refresh_token_the_user_signs_in_again() {
    let server = server(|config| {
        config.refresh_tokens = false;
        config.lifetime = None;
    })
    .await;
    let party = party(&server).build();
    party.list().await.unwrap();
    party.clock.advance(1_000_000);
    assert_eq!(party.list().await, Ok(1), "a token without an end is used");
    server.end_access_tokens();
    assert_eq!(party.list().await, Ok(2));
    assert_eq!(party.browser.opened().len(), 2);
    assert_eq!(server.asked_at("/register").len(), 1, "the registration is used again");
}

/// `invalid_grant` deletes and signs in anew.
#[tokio::test]
async fn a_dead_grant_leads_to_a_new_sign_in() {
    let server = server(|_| {}).await;
    let party = party(&server).build();
    party.list().await.unwrap();
    server.end_grants();
    assert_eq!(party.list().await, Ok(2));
    assert_eq!(server.grants("refresh_token").len(), 1);
    assert_eq!(server.grants("authorization_code").len(), 2);
    assert_eq!(party.browser.opened().len(), 2);
}

/// 5xx keeps the tokens; when the server is back, they still work.
#[tokio::test]
async fn a_failing_authorization_server_costs_nothing() {
    let server = server(|_| {}).await;
    let party = party(&server).build();
    party.list().await.unwrap();
    server.end_access_tokens();
    server.change(|config| config.token_status = Some(503));
    let failure = party.list().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Http);
    assert_eq!(failure.status, Some(503));
    assert!(failure.hint.unwrap().contains("try again"));
    server.change(|config| config.token_status = None);
    assert_eq!(party.list().await, Ok(2));
    assert_eq!(party.browser.opened().len(), 1, "nobody had to sign in again");
}

/// renewing ahead fails while the token still works: the request does not notice.
#[tokio::test]
async fn renewing_ahead_may_fail_while_the_token_works() {
    let server = server(|_| {}).await;
    let party = party(&server).build();
    party.list().await.unwrap();
    party.clock.advance(3545);
    server.change(|config| config.token_status = Some(500));
    assert_eq!(party.list().await, Ok(1));
    assert_eq!(party.list().await, Ok(1));
    assert_eq!(server.asked_at("/token").len(), 2, "a failure is not repeated at once");
}

/// a server that refuses everything sees a bounded number of requests.
#[tokio::test]
async fn a_server_that_never_accepts_is_given_up() {
    let server = server(|config| config.refuses_all_tokens = true).await;
    let party = party(&server).build();
    let failure = party.list().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AuthFailed);
    assert!(failure.message.contains("just worked"), "{}", failure.message);
    assert_eq!(server.asked_at("/mcp").len(), 2);
    assert_eq!(party.browser.opened().len(), 1, "one tab, not a loop of tabs");
}

/// what is stored survives a restart, without a browser and without a 401.
#[tokio::test]
async fn a_stored_sign_in_serves_the_next_process() {
    let server = server(|_| {}).await;
    let first = party(&server).build();
    first.list().await.unwrap();
    let no_browser = FakeBrowser::must_not_open();
    let second = party(&server).vault(&first.vault).browser(&no_browser.browser()).build();
    assert_eq!(second.list().await, Ok(1));
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
    assert_eq!(server.asked_at("/authorize").len(), 2);
    assert_eq!(server.asked_at("/register").len(), 1);
    private.authorizer.sign_out().await.unwrap();
    assert_eq!(work.list().await, Ok(1));
}

/// scopes of the challenge, else of the resource; `offline_access` where it is known.
#[tokio::test]
async fn scopes_come_from_where_the_specification_says() {
    let scope =
        |server: &AuthorizationServer| server.asked_at("/authorize")[0].query["scope"].clone();
    let one = server(|config| {
        config.challenge_scope = Some("a b");
        config.scopes_supported = Some(vec!["c"]);
    })
    .await;
    party(&one).build().list().await.unwrap();
    assert_eq!(scope(&one), "a b");
    let two = server(|config| {
        config.scopes_supported = Some(vec!["c", "d"]);
        config.extra_metadata = json!({ "scopes_supported": ["offline_access", "c"] });
    })
    .await;
    party(&two).build().list().await.unwrap();
    assert_eq!(scope(&two), "c d offline_access");
    assert_eq!(two.asked_at("/authorize")[0].query["prompt"], "consent");
    let three = server(|config| config.challenge_scope = Some("a")).await;
    party(&three).options(|o| o.scope = Some("x".to_owned())).build().list().await.unwrap();
    assert_eq!(scope(&three), "x");
}

/// the union of what was asked for before and what is challenged.
#[tokio::test]
async fn more_scopes_are_asked_for_when_a_call_needs_them() {
    let server = server(|config| {
        config.challenge_scope = Some("read");
        config.call_scope = Some("write");
    })
    .await;
    let party = party(&server).build();
    party.list().await.unwrap();
    assert_eq!(party.call().await, Ok(2));
    let scopes: Vec<_> =
        server.asked_at("/authorize").iter().map(|a| a.query["scope"].clone()).collect();
    assert_eq!(scopes, ["read", "write read"]);
    assert_eq!(party.list().await, Ok(1), "the new token does both");
}

/// a step-up that never succeeds ends, and is not tried again for the next request.
#[tokio::test]
async fn a_step_up_that_never_suffices_ends() {
    let server = server(|config| {
        config.challenge_scope = Some("read");
        config.call_scope = Some("admin");
    })
    .await;
    let party = party(&server).build();
    party.list().await.unwrap();
    server.change(|config| config.never_enough = true);
    for _ in 0..2 {
        let failure = party.call().await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Forbidden);
        assert!(failure.hint.unwrap().contains("`admin`"));
    }
    let calls = server.asked().iter().filter(|asked| asked.body["method"] == "tools/call").count();
    assert!(calls <= 3, "the same call reached the server {calls} times");
    assert_eq!(party.browser.opened().len(), 2);
}

/// a 403 without such a challenge is final.
#[tokio::test]
async fn a_plain_403_opens_nothing() {
    let server = server(|config| config.never_enough = true).await;
    let no_browser = FakeBrowser::must_not_open();
    let party = party(&server).browser(&no_browser.browser()).build();
    for challenge in [None, Some("Bearer error=\"invalid_request\""), Some("Basic realm=\"x\"")] {
        let failure = party.refused(403, challenge).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Forbidden);
    }
    assert!(server.asked().is_empty(), "no discovery traffic");
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
    assert!(failure.hint.unwrap().contains(page.as_str()), "the hint names the page");
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
    assert!(failure.hint.is_some());
}

/// `--login on-demand` opens no tab until somebody waits for a tool; `never` opens none at all.
#[tokio::test]
async fn a_tab_opens_only_when_it_may() {
    let server = server(|_| {}).await;
    let never = FakeBrowser::must_not_open();
    let party_of = |login, browser: &FakeBrowser| {
        party(&server).browser(browser).options(move |o| o.login = login).build()
    };
    let never = party_of(Login::Never, &never.browser());
    never.authorizer.demand();
    let failure = never.list().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AuthRequired);
    assert!(failure.hint.unwrap().contains("mcp-tether login"));
    assert_eq!(*never.authorizer.state().borrow(), SignInState::Needed);

    let on_demand = party_of(Login::OnDemand, &FakeBrowser::follows());
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
    let page = ended(&party.browser).await;
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

/// every way of authenticating, with a secret that needs encoding.
#[tokio::test]
async fn a_client_authenticates_as_it_was_registered() {
    for method in ["none", "client_secret_basic", "client_secret_post"] {
        let server = server(|config| config.auth_method = method).await;
        let party = party(&server).build();
        assert_eq!(party.list().await, Ok(2), "{method}");
        server.end_access_tokens();
        assert_eq!(party.list().await, Ok(2), "{method}");
        assert_eq!(party.browser.opened().len(), 1, "{method}");
    }
}

/// a secret that ended, and a server that forgot the client: registered once more.
#[tokio::test]
async fn a_client_that_is_no_longer_good_is_registered_again() {
    let ended = server(|config| {
        config.auth_method = "client_secret_post";
        config.secret_expires_at = 1_800_000_100;
        config.refresh_tokens = false;
    })
    .await;
    let one = party(&ended).build();
    one.list().await.unwrap();
    ended.end_access_tokens();
    one.clock.advance(3600);
    one.list().await.unwrap();
    assert_eq!(ended.asked_at("/register").len(), 2);

    let forgetful = server(|_| {}).await;
    let two = party(&forgetful).build();
    two.list().await.unwrap();
    forgetful.forget_clients();
    forgetful.end_grants();
    // The refresh learns that the client is unknown, so that the browser is not sent to a dead end.
    assert_eq!(two.list().await, Ok(2));
    assert_eq!(forgetful.asked_at("/register").len(), 2);
}

/// a client that the user registered; its secret is never stored.
#[tokio::test]
async fn a_client_given_by_the_user_is_used_and_not_stored() {
    let server = server(|config| {
        config.registration = false;
        config.auth_method = "client_secret_basic";
    })
    .await;
    let redirect = format!("http://localhost:{}/oauth/callback", free_port());
    server.add_client("mine", Some("hunter2:%"), &[&redirect]);
    let mut given = PreRegistered::new("mine");
    given.client_secret = Some(Secret::new("hunter2:%".to_owned()));
    given.redirect_uris = vec![redirect];
    let make = || {
        let given = given.clone();
        party(&server).options(|options| options.client_info = Some(given))
    };
    let first = make().build();
    assert_eq!(first.list().await, Ok(2));
    for name in first.vault.names() {
        let value = first.vault.load(&name).await.unwrap().unwrap();
        let text = String::from_utf8(value.expose().clone()).unwrap();
        assert!(!text.contains("hunter2"), "{name}");
    }
    server.end_access_tokens();
    let second = make().vault(&first.vault).build();
    assert_eq!(second.list().await, Ok(2), "the secret is given again at every start");
    assert_eq!(server.grants("refresh_token").len(), 1);
}

/// A port that was free a moment ago, for what has to be registered beforehand.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// a metadata document where the server knows that; else dynamic registration.
#[tokio::test]
async fn a_metadata_document_serves_as_client_id() {
    let document = "https://client.example/mcp.json";
    let knows = server(|config| {
        config.extra_metadata = json!({ "client_id_metadata_document_supported": true });
    })
    .await;
    let port = free_port();
    let options = |o: &mut AuthOptions| {
        o.client_metadata_url = Some(document.parse().unwrap());
        o.callback_port = Some(port);
    };
    knows.add_client(document, None, &[&format!("http://localhost:{port}/oauth/callback")]);
    assert_eq!(party(&knows).options(options).build().list().await, Ok(2));
    assert_eq!(knows.asked_at("/authorize")[0].query["client_id"], document);
    assert_eq!(knows.asked_at("/register").len(), 0);
    let does_not = server(|_| {}).await;
    let other = |o: &mut AuthOptions| {
        o.client_metadata_url = Some(document.parse().unwrap());
    };
    assert_eq!(party(&does_not).options(other).build().list().await, Ok(2));
    assert_eq!(does_not.asked_at("/register").len(), 1);
}

/// nothing to register with: at once, with the command and the values that are needed.
#[tokio::test]
async fn nothing_to_register_with_fails_at_once() {
    let server = server(|config| config.registration = false).await;
    let no_browser = FakeBrowser::must_not_open();
    let party = party(&server).browser(&no_browser.browser()).build();
    let failure = party.list().await.unwrap_err();
    let hint = failure.hint.unwrap();
    for needed in ["mcp-tether login", "--static-oauth-client-info", "redirect URI"] {
        assert!(hint.contains(needed), "{hint}");
    }
}

/// a refusal of `localhost` is answered with `127.0.0.1`.
#[tokio::test]
async fn a_registration_may_be_retried_with_another_redirect() {
    let server = server(|config| config.refused_redirect_host = Some("localhost")).await;
    let party = party(&server).build();
    assert_eq!(party.list().await, Ok(2));
    let redirect = server.asked_at("/authorize")[0].query["redirect_uri"].clone();
    assert!(redirect.starts_with("http://127.0.0.1:"), "{redirect}");
    assert_eq!(server.asked_at("/token")[0].form["redirect_uri"], redirect, "A-35");
}

/// A-32, DROP-IN.md §1: the indicator can be fixed or left out.
#[tokio::test]
async fn the_resource_parameter_can_be_replaced_or_left_out() {
    let omitted = server(|_| {}).await;
    party(&omitted)
        .options(|o| o.resource = ResourceIndicator::Omitted)
        .build()
        .list()
        .await
        .unwrap();
    assert!(!omitted.asked_at("/authorize")[0].query.contains_key("resource"));
    assert!(!omitted.asked_at("/token")[0].form.contains_key("resource"));
    let fixed = server(|_| {}).await;
    let indicator = ResourceIndicator::Fixed("urn:mine".to_owned());
    party(&fixed).options(|o| o.resource = indicator).build().list().await.unwrap();
    assert_eq!(fixed.asked_at("/token")[0].form["resource"], "urn:mine");
}

/// client credentials: no browser, no refresh token, asked for again.
#[tokio::test]
async fn client_credentials_need_no_person() {
    let server = server(|config| {
        config.auth_method = "client_secret_basic";
        config.refresh_tokens = false;
        config.challenge_scope = Some("a");
        config.registration = false;
        config.pkce = None;
    })
    .await;
    server.add_client("robot", Some("s"), &[]);
    let no_browser = FakeBrowser::must_not_open();
    let party = party(&server)
        .browser(&no_browser.browser())
        .options(|options| {
            let mut given = PreRegistered::new("robot");
            given.client_secret = Some(Secret::new("s".to_owned()));
            options.client_info = Some(given);
            options.grant = Grant::ClientCredentials { token_endpoint: None };
        })
        .build();
    assert_eq!(party.list().await, Ok(2));
    let asked = &server.grants("client_credentials")[0].form;
    assert_eq!(asked["scope"], "a");
    assert_eq!(asked["resource"], server.endpoint().as_str());
    party.clock.advance(3550);
    server.advance(3550);
    assert_eq!(party.list().await, Ok(1), "asked for again ahead of its end");
    assert_eq!(server.grants("client_credentials").len(), 2);
}

/// a signed assertion: `iss` and `sub` are the client, `aud` is the issuer.
#[tokio::test]
async fn client_credentials_may_be_a_signed_assertion() {
    let server = server(|config| config.auth_method = "private_key_jwt").await;
    server.add_client("robot", None, &[]);
    let (pem, public) = p256_key();
    let given = PreRegistered::from_json(
        &json!({ "client_id": "robot", "private_key_pem": pem, "signing_algorithm": "ES256" })
            .to_string(),
    )
    .unwrap();
    assert_eq!(given.auth_method, None::<AuthMethod>);
    let party = party(&server)
        .options(|options| {
            options.client_info = Some(given);
            options.grant = Grant::ClientCredentials { token_endpoint: None };
        })
        .build();
    assert_eq!(party.list().await, Ok(2));
    let form = &server.asked_at("/token")[0].form;
    assert_eq!(
        form["client_assertion_type"],
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    let claims = verified_claims(&form["client_assertion"], &public);
    assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("robot"), Some("robot")));
    assert_eq!(claims["aud"], server.issuer());
    let (issued, end) = (claims["iat"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
    assert!(issued < end && end - issued <= 300, "short-lived");
    assert!(claims["jti"].as_str().unwrap().len() > 20);
}

/// Checks the signature with the public half of the key.
fn verified_claims(assertion: &str, public: &[u8]) -> serde_json::Value {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
        .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .expect("the signature is right");
    let claims = signed.split_once('.').unwrap().1;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

/// A fresh P-256 key: in PEM form, and its public half.
fn p256_key() -> (String, Vec<u8>) {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let der = document.as_ref();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &random).unwrap();
    let label = "PRIVATE KEY";
    let pem = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der));
    (pem, pair.public_key().as_ref().to_vec())
}

/// RFC 8628: the code and the address are told, and polling ends with tokens.
#[tokio::test]
async fn a_device_code_signs_in_on_another_device() {
    let server = server(|_| {}).await;
    let no_browser = FakeBrowser::must_not_open();
    let party = party(&server)
        .browser(&no_browser.browser())
        .options(|options| options.grant = Grant::DeviceCode)
        .build();
    let signed_in = party.authorizer.sign_in(Interaction::Browser).await.unwrap();
    assert!(signed_in.renewable);
    assert!(party.said().contains("ABCD-EFGH") && party.said().contains("/activate"));
    assert_eq!(server.grants("urn:ietf:params:oauth:grant-type:device_code").len(), 2);
    assert_eq!(party.list().await, Ok(1));
}

/// `login --no-browser`: the address that the browser ended at is pasted; wrong ones are explained.
#[tokio::test]
async fn a_pasted_address_signs_in() {
    let server = server(|_| {}).await;
    let no_browser = FakeBrowser::must_not_open();
    let party = party(&server).browser(&no_browser.browser()).build();
    let pasting = party.clone();
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel::<String>();
    let signing_in = tokio::spawn(async move {
        let mut lines = Channel(receiver);
        pasting.authorizer.sign_in(Interaction::Typed(&mut lines)).await
    });
    let page = party.page().await;
    let answer = outbound().get(page).send().await.unwrap();
    let address = answer.headers()["location"].to_str().unwrap().to_owned();
    sender.send("http://localhost:1/?code=x&state=y".to_owned()).unwrap();
    sender.send(address).unwrap();
    let signed_in = signing_in.await.unwrap().unwrap();
    assert_eq!(signed_in.issuer, server.issuer());
    assert!(party.said().contains("another sign-in"), "{}", party.said());
    assert_eq!(party.list().await, Ok(1));
}

struct Channel(tokio::sync::mpsc::UnboundedReceiver<String>);

impl mcp_tether::auth::LineSource for Channel {
    fn line(&mut self) -> BoxFuture<'_, Option<String>> {
        Box::pin(self.0.recv())
    }
}

/// `login --no-browser` whose input ends.
#[tokio::test]
async fn a_paste_that_never_comes_is_an_error() {
    let server = server(|_| {}).await;
    let party = party(&server).build();
    let mut lines = Typed::lines(&["", "nonsense here"]);
    let error = party.authorizer.sign_in(Interaction::Typed(&mut lines)).await.unwrap_err();
    assert!(error.to_string().contains("input ended"), "{error}");
    assert!(party.said().contains("neither the address"), "{}", party.said());
}

/// `logout`: revoked at the server, removed here; a second one succeeds and says so.
#[tokio::test]
async fn signing_out_revokes_and_removes() {
    let server = server(|_| {}).await;
    let party = party(&server).build();
    party.list().await.unwrap();
    let out = party.authorizer.sign_out().await.unwrap();
    assert!(out.was_signed_in && out.registration_removed);
    assert_eq!(out.revocation, Some(Revocation::Done));
    let kinds: Vec<_> =
        server.asked_at("/revoke").iter().map(|a| a.form["token_type_hint"].clone()).collect();
    assert_eq!(kinds, ["refresh_token", "access_token"]);
    assert_eq!(party.vault.names(), Vec::<String>::new());
    let again = party.authorizer.sign_out().await.unwrap();
    assert!(!again.was_signed_in);
    assert_eq!(again.revocation, None);
}

/// RFC 7009 §2.2.1: `logout` says what was taken back and what was not.
#[tokio::test]
async fn signing_out_says_what_could_not_be_revoked() {
    let partly = server(|config| config.revokes_access_tokens = false).await;
    let one = party(&partly).build();
    one.list().await.unwrap();
    let out = one.authorizer.sign_out().await.unwrap();
    assert_eq!(out.revocation, Some(Revocation::RefreshTokenOnly));

    let none = server(|config| {
        config.extra_metadata = json!({ "revocation_endpoint": null });
    })
    .await;
    let two = party(&none).build();
    two.list().await.unwrap();
    let out = two.authorizer.sign_out().await.unwrap();
    assert_eq!(out.revocation, Some(Revocation::NotOffered));

    let broken = server(|config| config.failing = Some("/revoke")).await;
    let three = party(&broken).build();
    three.list().await.unwrap();
    let out = three.authorizer.sign_out().await.unwrap();
    let Some(Revocation::Failed(reason)) = out.revocation else { panic!("{out:?}") };
    assert!(reason.contains("503"), "{reason}");
    assert_eq!(three.vault.names(), Vec::<String>::new(), "removed here all the same");
}

/// A server without a sign-in is told from one that has it.
#[tokio::test]
async fn a_public_server_is_not_signed_in_to() {
    let server = server(|config| {
        config.resource_metadata = None;
        config.server_metadata = None;
    })
    .await;
    let endpoint = format!("{}/public", server.origin()).parse().unwrap();
    let party = party(&server).options(|options| options.server = endpoint).build();
    let error = party.authorizer.sign_in(Interaction::Browser).await.unwrap_err().to_string();
    assert!(error.contains("does not ask for a sign-in"), "{error}");
    assert!(server.asked_at("/register").is_empty());
}

/// `logout --all`: by the name that it rests under, also where the server is unknown because the entry is
/// damaged.
#[tokio::test]
async fn a_stored_sign_in_is_signed_out_of_by_its_name() {
    let server = server(|_| {}).await;
    let one = party(&server).options(|options| options.account = "work".to_owned()).build();
    one.list().await.unwrap();
    let sign_in = |vault: &MemoryVault| {
        vault.names().into_iter().find(|name| Names::of_sign_in(name).is_some())
    };
    let name = sign_in(&one.vault).unwrap();
    let stored = || async {
        let (world, _) = party(&server).vault(&one.vault).world();
        Authorizer::of_stored(&name, &HttpOptions::default(), world).await.unwrap()
    };
    let out = stored().await.unwrap().sign_out().await.unwrap();
    assert!(out.was_signed_in && out.registration_removed);
    assert_eq!(out.revocation, Some(Revocation::Done));
    assert_eq!(one.vault.names(), Vec::<String>::new());
    assert!(stored().await.is_none());

    one.vault.save(&name, Secret::new(b"damaged".to_vec())).await.unwrap();
    let out = stored().await.unwrap().sign_out().await.unwrap();
    assert!(out.was_signed_in);
    assert_eq!(out.revocation, None);
    assert_eq!(sign_in(&one.vault), None);
}

/// the server forgot the client, which only its own error page tells: the sign-in times out, and
/// the next one registers anew instead of ending there again.
#[tokio::test]
async fn a_dead_end_at_the_server_is_not_walked_into_twice() {
    let server = server(|config| config.refresh_tokens = false).await;
    let party = party(&server).options(|o| o.auth_timeout = Duration::from_secs(1)).build();
    party.list().await.unwrap();
    server.forget_clients();
    server.end_access_tokens();
    party.clock.advance(1);
    let failure = party.list().await.unwrap_err();
    assert!(failure.message.contains("nobody completed"), "{}", failure.message);
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
    }
    let server = server(|_| {}).await;
    let (world, _) = party(&server).world();
    let world = World { vault: std::sync::Arc::new(Untouchable), ..world };
    let options = AuthOptions::new(server.endpoint());
    let authorizer = Authorizer::new(options, &HttpOptions::default(), world);
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
    let robot = party(&server)
        .options(|o| o.grant = Grant::ClientCredentials { token_endpoint: None })
        .build();
    let name = "io.modelcontextprotocol/oauth-client-credentials";
    assert_eq!(robot.authorizer.extension(), Some(name));
}

/// DROP-IN.md §1: `--token-endpoint` skips discovery.
#[tokio::test]
async fn a_given_token_endpoint_skips_discovery() {
    let server = server(|config| config.auth_method = "client_secret_basic").await;
    server.add_client("robot", Some("s"), &[]);
    let endpoint = format!("{}/token", server.origin()).parse().unwrap();
    let party = party(&server)
        .options(|options| {
            let mut given = PreRegistered::new("robot");
            given.client_secret = Some(Secret::new("s".to_owned()));
            options.client_info = Some(given);
            options.grant = Grant::ClientCredentials { token_endpoint: Some(endpoint) };
        })
        .build();
    assert_eq!(party.list().await, Ok(2));
    let paths: Vec<_> = server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/mcp", "/token", "/mcp"]);
    assert_eq!(server.asked_at("/token")[0].form["resource"], server.endpoint().as_str());
}

/// DROP-IN.md §3.1: the user's own headers go to the MCP server's origin and to nobody else.
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

/// DROP-IN.md §1: `--use-id-token`, and what is missing when there is none.
#[tokio::test]
async fn an_id_token_that_does_not_come_is_explained() {
    let server = server(|_| {}).await;
    let party = party(&server).options(|options| options.use_id_token = true).build();
    let failure = party.list().await.unwrap_err();
    assert!(failure.message.contains("no ID token"), "{}", failure.message);
    assert!(failure.hint.unwrap().contains("openid"));
}
