//! Renewing tokens: ahead of their end, after a 401, and what a failure of it costs.

use super::*;

/// refreshed ahead of its end, in silence, with the rotated token kept.
#[tokio::test]
async fn a_token_is_refreshed_ahead_of_its_end() {
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
async fn a_token_that_ended_early_is_refreshed_after_the_401() {
    let server = server(|_| {}).await;
    let party = party(&server).build();
    party.list().await.unwrap();
    server.end_access_tokens();
    assert_eq!(party.list().await, Ok(2));
    assert_eq!(server.grants("refresh_token").len(), 1);
    assert_eq!(party.browser.opened().len(), 1);
}

/// RFC 6750 §3.1
#[tokio::test]
async fn a_token_that_is_no_good_is_refreshed_whatever_the_status() {
    for status in [400, 403] {
        let server = server(|config| config.refused_token = status).await;
        let party = party(&server).build();
        party.list().await.unwrap();
        server.end_access_tokens();
        assert_eq!(party.list().await, Ok(2), "{status}");
        assert_eq!(server.grants("refresh_token").len(), 1);
        assert_eq!(party.browser.opened().len(), 1);
    }
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

/// a server that is away keeps the tokens; when it is back, they still work.
#[tokio::test]
async fn a_failing_authorization_server_costs_nothing() {
    let server = server(|_| {}).await;
    let party = party(&server).build();
    party.list().await.unwrap();
    server.end_access_tokens();
    server.change(|config| {
        config.token_status = Some(503);
        config.failing = Some("/.well-known/oauth-authorization-server");
    });
    let failure = party.list().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Http);
    assert_eq!(failure.status, Some(503));
    assert!(failure.hint.contains("try again"));
    server.change(|config| (config.token_status, config.failing) = (None, None));
    assert_eq!(party.list().await, Ok(2));
    assert_eq!(party.browser.opened().len(), 1, "nobody had to sign in again");
}

/// refreshing ahead fails while the token still works: the request does not notice.
#[tokio::test]
async fn refreshing_ahead_may_fail_while_the_token_works() {
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
    assert!(failure.message.contains("has just succeeded"), "{}", failure.message);
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
