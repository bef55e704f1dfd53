//! Which scopes are asked for, and stepping up.

use super::*;

/// scopes of the challenge, else of the resource; `offline_access` where it is
/// known, and a prompt with it.
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
        assert!(failure.hint.contains("`admin`"));
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
    for challenge in [None, Some("Basic realm=\"x\"")] {
        let failure = party.refused(403, challenge).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Forbidden);
    }
    assert!(server.asked().is_empty(), "no discovery traffic");
}

/// a client is registered for the scopes that it will ask for, and anew for more.
#[tokio::test]
async fn a_client_is_registered_for_the_scopes_that_it_asks_for() {
    let server = server(|config| {
        config.challenge_scope = Some("read");
        config.call_scope = Some("write");
        config.binds_scopes = true;
        config.extra_metadata = json!({ "scopes_supported": ["read", "offline_access"] });
    })
    .await;
    let party = party(&server).build();
    party.list().await.unwrap();
    assert_eq!(server.asked_at("/register")[0].body["scope"], "read offline_access");
    assert_eq!(party.call().await, Ok(2), "a step-up beyond the registered scope");
    let registered: Vec<_> =
        server.asked_at("/register").iter().map(|asked| asked.body["scope"].clone()).collect();
    assert_eq!(registered, ["read offline_access", "write read offline_access"]);
    assert_eq!(party.browser.opened().len(), 2, "no tab was in vain");
    server.end_grants();
    party.list().await.unwrap();
    assert_eq!(server.asked_at("/register").len(), 2, "the same scopes need no other client");
}

/// `--scope` and pinned metadata are registered, and a refusal of the scope itself is met by
/// one attempt without, unless the user pinned it.
#[tokio::test]
async fn a_scope_that_cannot_be_registered_is_left_out_once() {
    let chosen = server(|config| config.binds_scopes = true).await;
    party(&chosen).options(|o| o.scope = Some("x".to_owned())).build().list().await.unwrap();
    assert_eq!(chosen.asked_at("/register")[0].body["scope"], "x");
    let picky = server(|config| {
        config.challenge_scope = Some("read");
        config.refused_to_register = Some("scope");
    })
    .await;
    assert_eq!(party(&picky).build().list().await, Ok(2));
    let bodies: Vec<_> = picky.asked_at("/register").into_iter().map(|asked| asked.body).collect();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[1].get("scope").is_none(), "{}", bodies[1]);
    assert_eq!(
        picky.asked_at("/authorize")[0].query["scope"],
        "read",
        "it is asked for all the same"
    );
    let demanding = server(|config| {
        config.challenge_scope = Some("read");
        config.needed_to_register = Some("scope");
    })
    .await;
    assert_eq!(party(&demanding).build().list().await, Ok(2));
    let pinned = party(&picky).options(|options| {
        options.client_metadata.insert("scope".to_owned(), json!("mine"));
    });
    let failure = pinned.build().list().await.unwrap_err();
    assert!(failure.hint.contains("--scope"));
}

/// a scope that the metadata pins is honoured like `--scope`: no tab that cannot help.
#[tokio::test]
async fn a_pinned_scope_is_not_stepped_beyond() {
    let server = server(|config| config.call_scope = Some("api")).await;
    let party = party(&server).options(|options| {
        options.client_metadata.insert("scope".to_owned(), json!("mcp"));
    });
    let party = party.build();
    party.list().await.unwrap();
    let failure = party.call().await.unwrap_err();
    let hint = failure.hint;
    assert!(hint.contains("--static-oauth-client-metadata") && hint.contains("`api`"), "{hint}");
    assert_eq!(party.browser.opened().len(), 1);
}

/// a registration of an older release named no scopes; where the server binds a client to
/// them, it is made anew.
#[tokio::test]
async fn a_registration_without_scopes_is_replaced_where_they_are_bound() {
    let server = server(|config| config.challenge_scope = Some("read")).await;
    server.change(|config| config.refused_to_register = Some("scope"));
    let party = party(&server).build();
    party.list().await.unwrap();
    server.change(|config| {
        config.refused_to_register = None;
        config.binds_scopes = true;
    });
    server.end_grants();
    assert_eq!(party.list().await, Ok(2));
    assert_eq!(server.asked_at("/register").last().unwrap().body["scope"], "read");
}

/// no prompt is forced on a client or beside a prompt of the user's.
#[tokio::test]
async fn consent_is_not_asked_for_again_where_the_user_decided() {
    let server = server(|config| {
        config.challenge_scope = Some("a");
        config.extra_metadata = json!({ "scopes_supported": ["a", "offline_access"] });
    })
    .await;
    let own = party(&server).options(|options| {
        options.authorize_params = vec![("prompt".to_owned(), "select_account".to_owned())];
    });
    own.build().list().await.unwrap();
    assert_eq!(server.asked_at("/authorize")[0].query["prompt"], "select_account");
    server.add_client("mine", None, &[]);
    let ignored = FakeBrowser::ignores();
    let given = party(&server).browser(&ignored).options(|options| {
        options.client_info = Some(PreRegistered::new("mine"));
        options.auth_timeout = Duration::from_secs(1);
    });
    given.build().list().await.unwrap_err();
    let page = &ignored.opened()[0];
    assert!(page.query().unwrap().contains("offline_access"), "{page}");
    assert!(!page.query().unwrap().contains("prompt"), "{page}");
}
