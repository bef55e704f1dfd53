//! Tokens that are bound to a key (RFC 9449): proofs at both servers, their nonces and clocks, and
//! what becomes of servers of which only one knows of them.

use std::time::Duration;

use mcp_tether::auth::{AuthMethod, DpopPolicy, Grant, Interaction, PreRegistered};
use mcp_tether::error::FailureKind;
use mcp_tether_mock::{
    Auth, AuthKind, ClientAuthentication, DpopNonces, DpopOptions, IssuerAt, IssuerOptions,
    KnownClient, MockOptions, MockRemote, Mode, OAuthOptions, RecordedRequest,
};
use serde_json::json;

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::fakes::FakeBrowser;
use crate::support::harness::parsed;
use crate::support::sign_in::{Builder, party, party_at};

/// The time of the fake clocks.
const NOW: u64 = 1_800_000_000;

fn mock(mut options: OAuthOptions) -> MockRemote {
    if let IssuerAt::Here(issuer) = &mut options.issuer {
        issuer.starts_at = Some(NOW);
        let robot = KnownClient::with_secret("robot", "s", ClientAuthentication::Post);
        issuer.known_clients = vec![robot];
    }
    let auth = Auth::OAuth(options);
    MockRemote::start(MockOptions { auth, mode: Mode::Stateless, ..MockOptions::default() })
        .unwrap()
}

/// Returns a remote whose servers treat bound tokens like this.
fn guarded(issuer: Option<DpopOptions>, resource: Option<DpopOptions>) -> MockRemote {
    let issuer = IssuerOptions { dpop: issuer, ..IssuerOptions::default() };
    mock(OAuthOptions { dpop: resource, ..OAuthOptions::with_issuer(issuer) })
}

fn bridge(server: &MockRemote) -> Builder {
    party_at(server.url())
}

/// Returns the requests to the MCP endpoint that carried a token.
fn with_token(server: &MockRemote) -> Vec<RecordedRequest> {
    let mut requests = server.recorder().requests();
    requests.retain(|it| it.path == "/mcp" && it.header("authorization").is_some());
    requests
}

/// A-85, A-86: in this process and in one of its own, from the first tab to a renewal in the next
/// process.
#[tokio::test(flavor = "multi_thread")]
async fn a_bound_token_goes_out_with_a_fresh_proof_and_never_as_a_bearer() {
    for apart in [false, true] {
        let server = mock(AuthKind::Dpop.options());
        let party = bridge(&server);
        let party = if apart { party.apart().build() } else { party.build() };
        assert!(party.list().await.is_ok(), "apart: {apart}");
        server.oauth().expire_access_tokens();
        let next = bridge(&server).vault(&party.vault).build();
        assert!(next.list().await.is_ok());
        assert_eq!(server.oauth().refreshed(), 1);
        assert_eq!(party.browser.opened().len() + next.browser.opened().len(), 1);
        let page = &server.oauth().authorizations()[0];
        assert_eq!(page.field("dpop_jkt").map(str::len), Some(43));
        let mut proofs = Vec::new();
        for request in with_token(&server) {
            assert!(request.header("authorization").unwrap().starts_with("DPoP "));
            proofs.push(request.header("dpop").unwrap().to_owned());
        }
        for request in server.oauth().token_requests() {
            proofs.push(request.request.header("dpop").unwrap().to_owned());
        }
        let all = proofs.len();
        proofs.sort();
        proofs.dedup();
        assert_eq!(proofs.len(), all, "a proof is for one request");
    }
}

/// A-86
#[tokio::test]
async fn a_nonce_that_has_ended_is_replaced_and_one_for_each_request_will_do() {
    let wanted = DpopOptions::REQUIRED.with_nonces(DpopNonces::Once);
    let server = guarded(Some(wanted), Some(wanted));
    let party = bridge(&server).build();
    for _ in 0..3 {
        assert!(party.list().await.is_ok());
        server.oauth().end_dpop_nonces();
    }
    server.oauth().expire_access_tokens();
    assert!(party.list().await.is_ok());
    assert_eq!((party.browser.opened().len(), server.oauth().refreshed()), (1, 1));
}

/// A-86
#[tokio::test]
async fn a_server_that_wants_nonces_without_end_is_given_up() {
    let endless = DpopOptions::REQUIRED.with_nonces(DpopNonces::Endless);
    let server = guarded(Some(DpopOptions::OFFERED), Some(endless));
    let party = bridge(&server).build();
    let failure = party.list().await.unwrap_err();
    assert!(failure.message.contains("`use_dpop_nonce`"), "{failure:?}");
    assert!(!failure.hint.is_empty() && party.browser.opened().len() == 1);

    let server = guarded(Some(endless), Some(DpopOptions::REQUIRED));
    let party = bridge(&server).build();
    let failure = party.list().await.unwrap_err();
    assert!(failure.message.contains("`use_dpop_nonce`"), "{failure:?}");
    let asked = server.oauth().token_requests_of("authorization_code").len();
    assert_eq!(asked, 1 + 2, "the first request, and two repetitions");
}

/// A-87
#[tokio::test]
async fn a_machine_whose_clock_is_wrong_follows_the_servers() {
    for ahead in [600, 90_000] {
        let server = guarded(Some(DpopOptions::REQUIRED), Some(DpopOptions::REQUIRED));
        let party = bridge(&server).build();
        party.clock.advance(ahead);
        assert!(party.list().await.is_ok(), "{ahead} s ahead");
        assert_eq!(party.browser.opened().len(), 1);
    }
}

/// A-88: the authorization server binds tokens, and the resource does not know of it.
#[tokio::test]
async fn a_resource_that_understands_bearers_only_gets_one_and_keeps_getting_one() {
    let server = guarded(Some(DpopOptions::OFFERED), None);
    let party = bridge(&server).build();
    assert!(party.list().await.is_ok());
    assert_eq!(party.browser.opened().len(), 1, "its challenge offers `Bearer` only");
    server.set_faults(parsed(&[
        r#"resource-member=dpop_signing_alg_values_supported:value=["ES256"]"#,
    ]));
    let party = bridge(&server).build();
    assert!(party.list().await.is_ok());
    assert_eq!(party.browser.opened().len(), 2, "with a key, and without one");
    let token = party.authorizer.authorization().await.unwrap().unwrap();
    assert!(token.header.to_str().unwrap().starts_with("Bearer "));
    server.oauth().revoke_all_tokens();
    let next = bridge(&server).vault(&party.vault).build();
    assert!(next.list().await.is_ok());
    assert_eq!(next.browser.opened().len(), 1, "what the resource understands is remembered");
}

/// A-85: a server that lists DPoP and gives plain tokens is taken at its word, unless one is
/// demanded.
#[tokio::test]
async fn a_token_that_is_not_bound_after_all_is_used_only_where_none_is_demanded() {
    let config = || Config {
        extra_metadata: json!({ "dpop_signing_alg_values_supported": ["ES256"] }),
        ..Config::default()
    };
    let server = AuthorizationServer::start(config()).await;
    let offered = party(&server).build();
    assert_eq!(offered.list().await, Ok(2));
    assert!(!server.asked_at("/token")[0].headers.contains_key("dpop"), "it offers `Bearer` only");
    let demanding = party(&server).options(|it| it.dpop = DpopPolicy::Always).build();
    let failure = demanding.list().await.unwrap_err();
    assert!(failure.message.contains("unbound token"), "{failure:?}");
    assert!(failure.hint.contains("--dpop always"));
}

/// A-11, A-85
#[tokio::test]
async fn never_means_never_and_is_told_before_a_tab_opens() {
    let server = guarded(Some(DpopOptions::REQUIRED), Some(DpopOptions::REQUIRED));
    let unopened = FakeBrowser::must_not_open();
    let never = |it: &mut mcp_tether::auth::AuthOptions| it.dpop = DpopPolicy::Never;
    let party = bridge(&server).browser(&unopened.browser()).options(never).build();
    let failure = party.list().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AuthFailed);
    assert!(failure.hint.contains("--dpop never"), "{}", failure.message);

    let offering = guarded(Some(DpopOptions::OFFERED), Some(DpopOptions::OFFERED));
    let party = bridge(&offering).options(never).build();
    assert!(party.list().await.is_ok());
    let requests = offering.recorder().requests();
    assert!(requests.iter().all(|request| request.header("dpop").is_none()));

    let bound = bridge(&offering).build();
    bound.list().await.unwrap();
    let refused = bridge(&offering).vault(&bound.vault).options(never).build();
    let failure = refused.list().await.unwrap_err();
    assert!(failure.message.contains("bound to a key"), "never sent as a bearer: {failure:?}");
}

/// A-85: every grant.
#[tokio::test]
async fn device_codes_and_client_credentials_are_bound_too() {
    let guarded = || {
        let wanted = DpopOptions::REQUIRED.with_nonces(DpopNonces::Fixed);
        guarded(Some(wanted), Some(wanted))
    };
    let server = guarded();
    let device = bridge(&server).options(|it| it.grant = Grant::DeviceCode).build();
    let signed_in = device.authorizer.sign_in(Interaction::Browser).await.unwrap();
    assert!(signed_in.refreshable);
    assert!(device.list().await.is_ok());

    let server = guarded();
    let robot = bridge(&server).options(|it| {
        it.grant = Grant::ClientCredentials;
        let mut client = PreRegistered::new("robot");
        client.client_secret = Some(mcp_tether::redact::Secret::new("s".to_owned()));
        client.auth_method = Some(AuthMethod::Post);
        it.client_info = Some(client);
    });
    let robot = robot.build();
    assert!(robot.list().await.is_ok());
    server.oauth().advance(Duration::from_secs(3600));
    robot.clock.advance(3600);
    assert!(robot.list().await.is_ok(), "renewed by asking again, with the same key");
    assert_eq!(with_token(&server).iter().filter(|it| it.header("dpop").is_none()).count(), 0);
}
