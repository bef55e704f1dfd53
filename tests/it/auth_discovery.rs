//! Finding the authorization server, and refusing those that must not be used: always before
//! anything is registered or opened.

use mcp_tether::error::{Failure, FailureKind};
use serde_json::json;

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::fakes::FakeBrowser;
use crate::support::sign_in::party;

async fn server(change: impl FnOnce(&mut Config)) -> AuthorizationServer {
    let mut config = Config::default();
    change(&mut config);
    AuthorizationServer::start(config).await
}

/// The failure of a request to this server, which must have stopped before registration and
/// browser.
async fn stops(server: &AuthorizationServer) -> Failure {
    let no_browser = FakeBrowser::must_not_open();
    let party = party(server).browser(&no_browser.browser()).build();
    let failure = party.list().await.unwrap_err();
    assert!(server.asked_at("/register").is_empty(), "nothing is registered");
    assert!(failure.hint.is_some(), "{failure:?}");
    failure
}

fn documents(server: &AuthorizationServer) -> Vec<String> {
    let paths = server.asked().into_iter().map(|asked| asked.path);
    paths.filter(|path| path.contains("well-known") || path.ends_with(".json")).collect()
}

/// every layout is found in the order of the specification, and nothing else is asked.
#[tokio::test]
async fn every_layout_is_found_in_order() {
    const PATH_FORM: &str = "/.well-known/oauth-protected-resource/mcp";
    const ROOT_FORM: &str = "/.well-known/oauth-protected-resource";
    const OAUTH: &str = "/.well-known/oauth-authorization-server";
    const OPENID: &str = "/.well-known/openid-configuration";
    const OAUTH_T: &str = "/.well-known/oauth-authorization-server/t1";
    const OPENID_T: &str = "/.well-known/openid-configuration/t1";
    const OPENID_T_INSIDE: &str = "/t1/.well-known/openid-configuration";
    const CUSTOM: &str = "/custom/location.json";
    let cases: [(&'static str, bool, &'static str, &'static str, &[&str]); 6] = [
        (PATH_FORM, true, "", OAUTH, &[PATH_FORM, OAUTH]),
        (PATH_FORM, false, "", OPENID, &[PATH_FORM, OAUTH, OPENID]),
        (ROOT_FORM, false, "/t1", OAUTH_T, &[PATH_FORM, ROOT_FORM, OAUTH_T]),
        (CUSTOM, true, "/t1", OPENID_T_INSIDE, &[CUSTOM, OAUTH_T, OPENID_T, OPENID_T_INSIDE]),
        (ROOT_FORM, true, "/t1", OPENID_T, &[ROOT_FORM, OAUTH_T, OPENID_T]),
        (CUSTOM, true, "", OAUTH, &[CUSTOM, OAUTH]),
    ];
    for (resource, named, issuer_path, metadata, expected) in cases {
        let server = server(|config| {
            config.resource_metadata = Some(resource);
            config.named_in_challenge = named;
            config.issuer_path = issuer_path;
            config.server_metadata = Some(metadata);
        })
        .await;
        let party = party(&server).build();
        assert_eq!(party.list().await, Ok(2), "{expected:?}");
        assert_eq!(documents(&server), expected);
    }
}

/// the identifier of the metadata is sent exactly as published.
#[tokio::test]
async fn the_published_resource_is_sent_as_it_is() {
    let server = server(|_| {}).await;
    let published = server.origin().to_owned();
    server.change(|config| config.resource = Some(published.clone()));
    let party = party(&server).build();
    assert_eq!(party.list().await, Ok(2));
    assert_eq!(server.asked_at("/authorize")[0].query["resource"], published);
    assert_eq!(server.asked_at("/token")[0].form["resource"], published);
    server.end_access_tokens();
    party.list().await.unwrap();
    assert_eq!(server.grants("refresh_token")[0].form["resource"], published);
}

///
#[tokio::test]
async fn metadata_about_another_resource_stops_everything() {
    let server =
        server(|config| config.resource = Some("https://evil.example/mcp".to_owned())).await;
    let failure = stops(&server).await;
    assert!(failure.message.contains("evil.example"), "{}", failure.message);
    assert_eq!(documents(&server).len(), 1, "the authorization server is not even looked at");
}

/// another issuer is refused by name, with the flag that accepts it; and the flag does.
#[tokio::test]
async fn metadata_of_another_issuer_is_refused_unless_accepted() {
    let server = server(|config| config.issuer = Some("https://attacker.example".to_owned())).await;
    let failure = stops(&server).await;
    assert!(failure.message.contains("`https://attacker.example`"), "{}", failure.message);
    assert!(failure.message.contains(&format!("`{}`", server.issuer())), "{}", failure.message);
    assert!(failure.hint.unwrap().contains("--accept-issuer-mismatch"));
    let accepting = party(&server).options(|options| options.accept_issuer_mismatch = true).build();
    assert_eq!(accepting.list().await, Ok(2));
}

/// A-06, O-9: a slash at the end counts, and the message says that it is only that.
#[tokio::test]
async fn a_slash_makes_another_issuer() {
    let server = server(|_| {}).await;
    let slashed = format!("{}/", server.issuer());
    server.change(|config| config.issuer = Some(slashed));
    let failure = stops(&server).await;
    assert!(failure.message.contains("only in a slash"), "{}", failure.message);
}

///
#[tokio::test]
async fn a_server_without_pkce_is_refused() {
    for methods in [None, Some(vec!["plain"]), Some(Vec::new())] {
        let server = server(|config| config.pkce = methods).await;
        let failure = stops(&server).await;
        assert_eq!(failure.kind, FailureKind::AuthFailed);
        assert!(failure.message.contains("PKCE"), "{}", failure.message);
    }
}

///
#[tokio::test]
async fn endpoints_without_encryption_are_refused() {
    for name in ["authorization_endpoint", "token_endpoint"] {
        let server = server(|config| {
            config.extra_metadata = json!({ name: "http://as.example/x" });
        })
        .await;
        let failure = stops(&server).await;
        assert!(failure.message.contains("not encrypted"), "{}", failure.message);
    }
}

/// the first of several that is usable, and the one that knows us before others.
#[tokio::test]
async fn a_broken_authorization_server_is_passed_over() {
    let server = server(|_| {}).await;
    let broken = format!("{}/nowhere", server.origin());
    server.change(|config| config.other_issuers = vec![broken]);
    let one = party(&server).build();
    assert_eq!(one.list().await, Ok(2));
    let before = documents(&server).len();
    server.end_grants();
    assert_eq!(one.list().await, Ok(2));
    assert_eq!(documents(&server).len() - before, 2, "the known one is asked at once");
}

/// no authorization server is named.
#[tokio::test]
async fn metadata_without_an_authorization_server_is_refused() {
    let server = server(|config| {
        config.resource_metadata = Some("/empty");
    })
    .await;
    // The document is the server's metadata: it has no `resource`.
    server.change(|config| config.server_metadata = Some("/empty"));
    server.change(|config| config.resource_metadata = Some("/.well-known/x"));
    let failure = stops(&server).await;
    assert_eq!(failure.kind, FailureKind::AuthFailed);
}

/// 2025-03-26: metadata at the origin of the endpoint.
#[tokio::test]
async fn an_old_server_has_its_metadata_at_the_origin() {
    let server = server(|config| config.resource_metadata = None).await;
    let party = party(&server).build();
    assert_eq!(party.list().await, Ok(2));
    let asked = server.asked_at("/.well-known/oauth-authorization-server");
    assert_eq!(asked[0].headers["mcp-protocol-version"], "2025-11-25");
    let resource = &server.asked_at("/token")[0].form["resource"];
    assert_eq!(resource, server.endpoint().as_str(), "A-32: else the endpoint");
}

/// A-10, O-10: 2025-03-26 without any metadata: endpoints of default names, S256 all the same.
#[tokio::test]
async fn an_old_server_may_have_no_metadata_at_all() {
    let server = server(|config| {
        config.resource_metadata = None;
        config.server_metadata = None;
        config.iss = None;
    })
    .await;
    let party = party(&server).build();
    assert_eq!(party.list().await, Ok(2));
    assert_eq!(server.asked_at("/authorize")[0].query["code_challenge_method"], "S256");
}

/// Trouble is not absence: a 503 must not make a server one of 2025-03-26.
#[tokio::test]
async fn a_failing_metadata_document_is_not_an_absent_one() {
    let server = server(|config| config.resource_metadata = None).await;
    server.change(|config| config.failing = Some("/.well-known/oauth-protected-resource/mcp"));
    let failure = stops(&server).await;
    assert_eq!((failure.kind, failure.status), (FailureKind::Http, Some(503)));
}

/// the issuer moved: nothing of the old one is used at the new one.
#[tokio::test]
async fn a_new_issuer_means_a_new_registration() {
    let (old, new) = (server(|_| {}).await, server(|_| {}).await);
    let party = party(&old).build();
    party.list().await.unwrap();
    let first = new.issuer();
    old.change(|config| {
        config.other_issuers = vec![first];
        config.real_issuer_named = false;
        config.refresh_tokens = false;
    });
    old.end_grants();
    let failure = party.list().await;
    // The old server does not accept tokens of the new one; what counts is who was asked for what.
    assert!(failure.is_err());
    assert_eq!(new.asked_at("/register").len(), 1);
    let old_client = old.asked_at("/token")[0].form["client_id"].clone();
    let redirect_port = |server: &AuthorizationServer| {
        server.asked_at("/authorize")[0].query["redirect_uri"].clone()
    };
    assert_eq!(redirect_port(&old), redirect_port(&new), "the port is stable");
    let new_clients: Vec<_> =
        new.asked_at("/token").iter().map(|asked| asked.form["client_id"].clone()).collect();
    assert_eq!(new_clients.len(), 1);
    assert!(old_client.starts_with("client-"));
    assert!(
        old.asked_at("/token")
            .iter()
            .all(|a| !a.form.contains_key("code") || a.form["client_id"] == old_client)
    );
}

/// a client that the user gave for another issuer is an error, and is not shown to this one.
#[tokio::test]
async fn a_client_of_another_issuer_is_an_error() {
    let server = server(|_| {}).await;
    let no_browser = FakeBrowser::must_not_open();
    let party = party(&server)
        .browser(&no_browser.browser())
        .options(|options| {
            let mut given = mcp_tether::auth::PreRegistered::new("mine");
            given.issuer = Some("https://other.example".to_owned());
            options.client_info = Some(given);
        })
        .build();
    let failure = party.list().await.unwrap_err();
    assert!(failure.message.contains("https://other.example"), "{}", failure.message);
    assert!(server.asked().iter().all(|asked| !asked.query.contains_key("client_id")));
}
