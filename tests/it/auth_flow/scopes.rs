//! Which scopes are asked for, and stepping up.

use super::*;

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
