//! Signing out: revocation, removal, and the messages about both.

use super::*;

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

/// `logout --all`: by the name that it rests under, also where the server is unknown because the
/// entry is damaged.
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
        let (services, _) = party(&server).vault(&one.vault).services();
        Authorizer::of_stored(&name, &HttpOptions::default(), services).await.unwrap()
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
