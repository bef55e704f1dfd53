//! Finding the authorization server, and refusing those that must not be used: always before
//! anything is registered or opened.

use std::time::Duration;

use mcp_tether::auth::{Interaction, PreRegistered};
use mcp_tether::error::{Failure, FailureKind};
use serde_json::json;

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::fakes::FakeBrowser;
use crate::support::sign_in::party;

pub async fn server(change: impl FnOnce(&mut Config)) -> AuthorizationServer {
    let mut config = Config::default();
    change(&mut config);
    AuthorizationServer::start(config).await
}

/// Sends a request to this server, which must fail before registration and browser, and returns the
/// failure.
pub async fn stops(server: &AuthorizationServer) -> Failure {
    let no_browser = FakeBrowser::must_not_open();
    let party = party(server).browser(&no_browser.browser()).build();
    let failure = party.list().await.unwrap_err();
    assert!(server.asked_at("/register").is_empty(), "nothing is registered");
    assert!(!failure.hint.is_empty(), "{failure:?}");
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
    const OAUTH_T_INSIDE: &str = "/t1/.well-known/oauth-authorization-server";
    const CUSTOM: &str = "/custom/location.json";
    let at_root = [CUSTOM, OAUTH_T, OPENID_T, OPENID_T_INSIDE, OAUTH_T_INSIDE, OAUTH];
    let cases: [(&'static str, bool, &'static str, &'static str, &[&str]); 7] = [
        (PATH_FORM, true, "", OAUTH, &[PATH_FORM, OAUTH]),
        (PATH_FORM, false, "", OPENID, &[PATH_FORM, OAUTH, OPENID]),
        (ROOT_FORM, false, "/t1", OAUTH_T, &[PATH_FORM, ROOT_FORM, OAUTH_T]),
        (CUSTOM, true, "/t1", OPENID_T_INSIDE, &[CUSTOM, OAUTH_T, OPENID_T, OPENID_T_INSIDE]),
        (ROOT_FORM, true, "/t1", OPENID_T, &[ROOT_FORM, OAUTH_T, OPENID_T]),
        (CUSTOM, true, "", OAUTH, &[CUSTOM, OAUTH]),
        (CUSTOM, true, "/t1", OAUTH, &at_root),
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

/// what stands at the root of a tenant counts only if it is about the tenant
#[tokio::test]
async fn the_root_of_a_tenant_speaks_for_it_only_by_name() {
    let server = server(|config| {
        config.issuer_path = "/t1";
        config.server_metadata = Some("/.well-known/oauth-authorization-server");
    })
    .await;
    let origin = server.origin().to_owned();
    server.change(|config| config.issuer = Some(origin));
    let no_browser = FakeBrowser::must_not_open();
    for accepts in [false, true] {
        let party = party(&server)
            .browser(&no_browser.browser())
            .options(|options| options.accept_issuer_mismatch = accepts)
            .build();
        let failure = party.list().await.unwrap_err();
        assert!(failure.message.ends_with("has no metadata"), "{failure:?}");
        assert!(failure.hint.contains("--authorization-endpoint"), "{failure:?}");
    }
}

/// endpoints without a host, names in camel case
#[tokio::test]
async fn documents_are_read_in_every_form_that_is_clear() {
    let relative = json!({
        "authorization_endpoint": "/authorize",
        "token_endpoint": null,
        "tokenEndpoint": "/token",
        "registration_endpoint": "/register",
    });
    let clear = server(|config| config.extra_metadata = relative).await;
    assert_eq!(party(&clear).build().list().await, Ok(2));
    let foreign = json!({ "token_endpoint": "//127.0.0.1:9/token" });
    let failure = stops(&server(|config| config.extra_metadata = foreign).await).await;
    assert!(failure.message.contains("token_endpoint"), "{failure:?}");
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

/// what cannot be met is found out before a person is sent anywhere.
#[tokio::test]
async fn a_demand_that_cannot_be_met_stops_before_the_browser() {
    for (demand, named) in [
        (json!({ "require_pushed_authorization_requests": true }), "RFC 9126"),
        (json!({ "response_types_supported": ["token"] }), "response type"),
        (json!({ "grant_types_supported": ["client_credentials"] }), "authorization_code"),
        (
            json!({ "token_endpoint_auth_methods_supported": ["tls_client_auth"] }),
            "tls_client_auth",
        ),
    ] {
        let server = server(|config| config.extra_metadata = demand).await;
        let failure = stops(&server).await;
        assert!(failure.message.contains(named), "{}", failure.message);
    }
    let server = server(|_| {}).await;
    let no_browser = FakeBrowser::must_not_open();
    let party = party(&server)
        .browser(&no_browser.browser())
        .options(|options| options.dpop = mcp_tether::auth::DpopPolicy::Never)
        .build();
    let failure = party.refused(401, Some("DPoP algs=\"ES256\"")).await.unwrap_err();
    assert!(failure.message.contains("DPoP"), "{}", failure.message);
}

/// JSON from a server that answers every path is no document at a place that we guessed; at
/// the place that the server named it is reported.
#[tokio::test]
async fn json_that_is_no_document_is_passed_over_at_a_guessed_place() {
    let place = "/.well-known/oauth-protected-resource/mcp";
    for text in ["{\"message\":\"Not Found\"}", "{}", "null", ""] {
        let guessed = server(|config| {
            config.resource_metadata = None;
            config.replaced = Some((place, "application/json", text));
        })
        .await;
        assert_eq!(party(&guessed).build().list().await, Ok(2), "{text}");
        let named =
            server(|config| config.replaced = Some((place, "application/json", text))).await;
        let failure = stops(&named).await;
        assert!(failure.message.contains(place), "{text}: {}", failure.message);
    }
    // Something that is meant as the document is reported wherever it lies.
    let broken = server(|config| {
        config.named_in_challenge = false;
        config.replaced = Some((place, "application/json", "{\"resource\":7}"));
    })
    .await;
    assert!(stops(&broken).await.message.contains("not a string"));
}

/// metadata behind a redirect is followed, also to another origin; what it says has to fit
/// all the same.
#[tokio::test]
async fn redirected_metadata_is_followed() {
    let elsewhere = server(|_| {}).await;
    let server = server(|config| config.real_issuer_named = false).await;
    let issuer = format!("{}/as", server.origin());
    let target = format!("{}/.well-known/oauth-authorization-server", elsewhere.origin());
    server.change(|config| {
        config.other_issuers = vec![issuer.clone()];
        let from = "/.well-known/oauth-authorization-server/as".to_owned();
        config.redirects = vec![(from, target)];
    });
    let failure = stops(&server).await;
    assert!(failure.message.contains("issuer"), "{}", failure.message);
    elsewhere.change(|config| config.issuer = Some(issuer.clone()));
    elsewhere.change(|config| config.iss = Some(issuer));
    let one = party(&server).options(|options| {
        options.headers.insert("x-key", http::HeaderValue::from_static("hunter2"));
    });
    // The tokens are of another server, so that only the way there counts.
    let _ = one.build().list().await;
    assert_eq!(elsewhere.asked_at("/token").len(), 1);
    assert!(elsewhere.asked().iter().all(|asked| !asked.headers.contains_key("x-key")));
}

/// a redirect that is not followed is told, and is never taken for a missing document.
#[tokio::test]
async fn a_redirect_that_is_not_followed_is_told() {
    let place = "/.well-known/oauth-authorization-server";
    for target in ["http://as.example/x", "file:///etc/passwd", place] {
        let server = server(|config| {
            config.redirects = vec![(place.to_owned(), target.to_owned())];
        })
        .await;
        let failure = stops(&server).await;
        assert!(failure.message.contains("redirects"), "{target}: {}", failure.message);
    }
}

/// of several authorization servers the first that can have us as a client.
#[tokio::test]
async fn an_authorization_server_that_registers_nobody_is_passed_over() {
    let closed = server(|config| config.registration = false).await;
    let server = server(|_| {}).await;
    server.change(|config| config.other_issuers = vec![closed.issuer()]);
    assert_eq!(party(&server).build().list().await, Ok(2));
    assert!(closed.asked_at("/authorize").is_empty());
    // With a client for the first, the first is right.
    let given = PreRegistered { issuer: Some(closed.issuer()), ..PreRegistered::new("mine") };
    closed.add_client("mine", None, &[]);
    let ignored = FakeBrowser::ignores();
    let party = party(&server).browser(&ignored).options(|options| {
        options.client_info = Some(given);
        options.auth_timeout = Duration::from_secs(1);
    });
    party.build().list().await.unwrap_err();
    let opened = ignored.opened();
    assert!(opened[0].as_str().starts_with(&closed.issuer()), "{opened:?}");
}

/// a challenge to a request without a token asks for a sign-in, whatever its status.
#[tokio::test]
async fn a_challenge_beside_401_asks_for_a_sign_in() {
    for status in [400, 403] {
        let server = server(|config| config.unauthorized = status).await;
        assert_eq!(party(&server).build().list().await, Ok(2), "{status}");
        let person = party(&server).build();
        person.authorizer.sign_in(Interaction::Browser).await.unwrap();
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

/// S-36
#[tokio::test]
async fn a_long_list_of_authorization_servers_is_not_asked_to_its_end() {
    let server = server(|_| {}).await;
    let broken = (0..500).map(|number| format!("{}/nowhere/{number}", server.origin())).collect();
    server.change(|config| {
        (config.other_issuers, config.real_issuer_named) = (broken, false);
    });
    stops(&server).await;
    let asked = server.asked();
    let numbers = asked.iter().filter_map(|asked| asked.path.split_once("/nowhere/"));
    let issuers: std::collections::BTreeSet<_> =
        numbers.filter_map(|(_, rest)| rest.split('/').next()).collect();
    assert_eq!(issuers.len(), 8, "{issuers:?}");
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

/// as other clients have it; nothing is guessed
#[tokio::test]
async fn a_resource_without_an_authorization_server_may_be_one() {
    let own = server(|config| config.real_issuer_named = false).await;
    assert_eq!(party(&own).build().list().await, Ok(2));
    let bare = server(|config| {
        config.real_issuer_named = false;
        config.server_metadata = None;
    })
    .await;
    let failure = stops(&bare).await;
    assert!(failure.message.contains("names no authorization server"), "{failure:?}");
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
