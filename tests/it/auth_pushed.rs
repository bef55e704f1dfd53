//! Pushed authorization requests (RFC 9126): where they are demanded, where they are only offered,
//! and what becomes of one that is refused or ends.

use std::time::Duration;

use mcp_tether_mock::{
    Auth, AuthKind, DpopNonces, DpopOptions, IssuerOptions, MockOptions, MockRemote, Mode,
    OAuthOptions, PushedRequests,
};

use crate::support::fakes::{FakeBrowser, visit};
use crate::support::harness::parsed;
use crate::support::sign_in::party_at;

fn mock(options: OAuthOptions, faults: &[&str]) -> MockRemote {
    let auth = Auth::OAuth(options);
    let options = MockOptions {
        auth,
        mode: Mode::Stateless,
        faults: parsed(faults),
        ..MockOptions::default()
    };
    MockRemote::start(options).unwrap()
}

fn pushed(required: bool, seconds: u64, dpop: Option<DpopOptions>) -> OAuthOptions {
    let pushed = Some(PushedRequests { required, lifetime: Duration::from_secs(seconds) });
    let starts_at = Some(1_800_000_000);
    let issuer = IssuerOptions { pushed, dpop, starts_at, ..IssuerOptions::default() };
    OAuthOptions { dpop, ..OAuthOptions::with_issuer(issuer) }
}

///
#[tokio::test]
async fn a_pushed_request_leaves_nothing_but_its_name_in_the_page() {
    let nonces = DpopOptions::REQUIRED.with_nonces(DpopNonces::Fixed);
    let options =
        [AuthKind::Par.options(), pushed(false, 60, None), pushed(true, 60, Some(nonces))];
    for options in options {
        let is_bound = options.dpop.is_some();
        let server = mock(options, &[]);
        let party = party_at(server.url()).build();
        assert!(party.list().await.is_ok());
        let page = party.browser.opened().remove(0);
        let names: Vec<_> = page.query_pairs().map(|(name, _)| name.into_owned()).collect();
        assert_eq!(names, ["client_id", "request_uri"]);
        let request = server.oauth().pushed().pop().unwrap();
        for name in ["client_id", "state", "code_challenge", "redirect_uri", "resource"] {
            assert!(request.field(name).is_some(), "{name}");
        }
        assert_eq!(request.request.header("dpop").is_some(), is_bound);
        assert_eq!(request.field("dpop_jkt").is_some(), is_bound);
    }
}

///
#[tokio::test]
async fn where_pushing_is_only_offered_a_refusal_leads_to_the_plain_page() {
    for fault in
        ["status=503:path=/oauth/par", "status=404:path=/oauth/par", "oauth-error=x:at=par"]
    {
        let server = mock(pushed(false, 60, None), &[fault]);
        let party = party_at(server.url()).build();
        assert!(party.list().await.is_ok(), "{fault}");
        let page = party.browser.opened().remove(0);
        assert!(page.query_pairs().any(|(name, _)| name == "code_challenge"), "{fault}");

        let server = mock(pushed(true, 60, None), &[fault]);
        let unopened = FakeBrowser::must_not_open();
        let party = party_at(server.url()).browser(&unopened.browser()).build();
        let failure = party.list().await.unwrap_err();
        assert!(failure.message.contains("pushed request"), "{fault}: {failure:?}");
        assert!(!failure.hint.is_empty(), "{fault}");
    }
}

/// a client that the server forgot is noticed where the request is pushed.
#[tokio::test]
async fn a_forgotten_client_is_registered_again_before_a_person_sees_anything() {
    let server = mock(pushed(true, 60, None), &[]);
    let party = party_at(server.url()).build();
    party.list().await.unwrap();
    server.oauth().forget_clients();
    server.oauth().revoke_all_tokens();
    let next = party_at(server.url()).vault(&party.vault).build();
    assert!(next.list().await.is_ok());
    assert_eq!(next.browser.opened().len(), 1);
    assert_eq!(server.oauth().registrations().len(), 2);
}

/// the page that a person is shown is one that the server still knows.
#[tokio::test]
async fn a_page_that_ends_is_pushed_again_while_nobody_has_opened_it() {
    let server = mock(pushed(true, 10, None), &[]);
    let party = party_at(server.url())
        .browser(&FakeBrowser::ignores())
        .options(|options| options.request_wait = Duration::from_millis(100))
        .build();
    party.list().await.unwrap_err();
    let first = party.page().await;
    let mut state = party.authorizer.state();
    state.borrow_and_update();
    tokio::time::timeout(Duration::from_secs(10), state.changed()).await.unwrap().unwrap();
    let second = party.page().await;
    assert_ne!(first, second);
    assert_eq!(visit(second).await.status, 200);
    party.signed_in().await;
    assert_eq!(party.list().await, Ok(1));
}
