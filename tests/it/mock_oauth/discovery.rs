//! Challenges, metadata and the whole way from one to the other.

use mcp_tether_mock::{
    Auth, Iss, IssuerMetadataAt, IssuerOptions, MockAuthorizationServer, MockOptions, OAuthOptions,
    ProductName, ResourceMetadataAt,
};
use reqwest::header::WWW_AUTHENTICATE;
use serde_json::{Value, json};

use super::signing::{CALLBACK, Signing, default, guarded, parameter, status_with};
use crate::raw_host::{RawHost, call, initialize, json_of};

/// the whole way, as the specification draws it.
#[tokio::test]
async fn a_client_gets_from_the_challenge_to_a_valid_token() {
    let mut host = default();
    let refused = host.post(&initialize("2025-06-18")).await;
    assert_eq!(refused.status(), 401);
    let challenge = refused.headers()[WWW_AUTHENTICATE].to_str().unwrap().to_owned();
    let origin = host.mock.url().origin().ascii_serialization();
    let document = format!("{origin}/.well-known/oauth-protected-resource/mcp");
    assert_eq!(challenge, format!("Bearer resource_metadata=\"{document}\""));

    let signing = Signing::registered(&host.mock).await;
    let resource = json_of(signing.http.get(&document).send().await.unwrap()).await;
    assert_eq!(resource["resource"], host.mock.url().as_str());
    let issuer = format!("{origin}/oauth");
    assert_eq!(resource["authorization_servers"], json!([issuer]));
    let place = format!("{origin}/.well-known/oauth-authorization-server/oauth");
    let server = json_of(signing.http.get(place).send().await.unwrap()).await;
    assert_eq!(server["issuer"], issuer);
    assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(server["token_endpoint"], signing.at("token"));
    assert_eq!(server["authorization_response_iss_parameter_supported"], true);

    let back = signing.back(&[]).await;
    assert!(back.as_str().starts_with(CALLBACK));
    assert_eq!(parameter(&back, "state").unwrap(), "the-state");
    assert_eq!(parameter(&back, "iss").unwrap(), issuer);
    let tokens = signing.exchange(&parameter(&back, "code").unwrap(), &[]).await.unwrap();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(tokens["scope"], "lab:read");
    assert_eq!(status_with(&mut host, &tokens).await, 200);
    host.set("authorization", "Bearer nonsense");
    let refused = host.post(&initialize("2025-06-18")).await;
    assert_eq!(refused.status(), 401);
    let challenge = refused.headers()[WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
}

/// every layout is served at its own places and nowhere else.
#[tokio::test]
async fn metadata_is_served_in_every_layout_and_only_there() {
    use IssuerMetadataAt::{OAuth, OAuthRoot, OpenIdAppended, OpenIdInserted};
    use ResourceMetadataAt::{Path, PathInserted, Root};
    let resource = "/.well-known/oauth-protected-resource";
    let host = default();
    let origin = host.mock.url().origin().ascii_serialization();
    let get = async |path: &str| {
        let url = format!("{origin}{path}");
        host.builder(reqwest::Method::GET, &url).send().await.unwrap().status().as_u16()
    };
    let places = ["/.well-known/oauth-protected-resource/mcp", resource, "/elsewhere.json"];
    let layouts = [
        (vec![PathInserted], [200, 404, 404]),
        (vec![Root], [404, 200, 404]),
        (vec![PathInserted, Root], [200, 200, 404]),
        (vec![Path("/elsewhere.json".to_owned())], [404, 404, 200]),
        (vec![], [404, 404, 404]),
    ];
    for (layout, expected) in layouts {
        let named = !layout.is_empty();
        host.mock.oauth().change_resource(|options| options.metadata_at = layout);
        for (path, status) in places.iter().zip(expected) {
            assert_eq!(get(path).await, status, "{path}");
        }
        let refused = host.post(&initialize("2025-06-18")).await;
        let challenge = refused.headers()[WWW_AUTHENTICATE].to_str().unwrap();
        assert_eq!(challenge.contains("resource_metadata"), named, "{challenge}");
    }
    let places = [
        "/.well-known/oauth-authorization-server/oauth",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration/oauth",
        "/oauth/.well-known/openid-configuration",
    ];
    for (at, layout) in [OAuth, OAuthRoot, OpenIdInserted, OpenIdAppended].into_iter().enumerate() {
        host.mock.oauth().change_issuer(|options| options.metadata_at = vec![layout]);
        for (other, path) in places.iter().enumerate() {
            assert_eq!(get(path).await, if other == at { 200 } else { 404 }, "{path}");
        }
    }
    let last: Vec<_> = host.mock.oauth().discoveries().into_iter().rev().take(4).collect();
    assert!(last.iter().rev().eq(places.iter()), "{last:?}");
}

///
#[tokio::test]
async fn a_remote_of_2025_03_26_has_endpoints_at_its_root_and_no_metadata() {
    let mut host = guarded(OAuthOptions::before_resource_metadata());
    let refused = host.post(&initialize("2025-03-26")).await;
    assert_eq!(refused.headers()[WWW_AUTHENTICATE], "Bearer");
    let signing = Signing::registered(&host.mock).await;
    assert_eq!(signing.at("token"), host.mock.url().join("/token").unwrap().as_str());
    let code = signing.code(&[("resource", "")]).await;
    let tokens = signing.exchange(&code, &[("resource", "")]).await.unwrap();
    assert_eq!(status_with(&mut host, &tokens).await, 200);
}

///
#[tokio::test]
async fn a_tool_may_need_more_scopes() {
    let options = OAuthOptions {
        challenge_scope: Some("lab:read".to_owned()),
        ..OAuthOptions::default().tool_scope("add", "lab:write")
    };
    let mut host = guarded(options);
    let refused = host.post(&initialize("2025-06-18")).await;
    let challenge = refused.headers()[WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.ends_with("scope=\"lab:read\""), "{challenge}");
    let signing = Signing::registered(&host.mock).await;
    let token = |tokens: &Value| format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    host.set("authorization", &token(&signing.tokens("lab:read").await));
    host.open("2025-06-18").await;
    let add = call(7, "add", json!({ "a": 1, "b": 2 }));
    let challenge_of = async |host: &RawHost| {
        let refused = host.post(&add).await;
        assert_eq!(refused.status(), 403);
        refused.headers()[WWW_AUTHENTICATE].to_str().unwrap().to_owned()
    };
    let challenge = challenge_of(&host).await;
    assert!(challenge.starts_with("Bearer error=\"insufficient_scope\", scope=\"lab:write\""));
    assert_eq!(host.post(&call(8, "echo", json!({}))).await.status(), 200);
    host.mock.oauth().change_resource(|options| options.step_up_names_held = true);
    assert!(challenge_of(&host).await.contains("scope=\"lab:read lab:write\""));
    host.set("authorization", &token(&signing.tokens("lab:read lab:write").await));
    assert_eq!(host.post(&add).await.status(), 200);
    host.mock.oauth().change_resource(|options| options.never_enough = true);
    assert!(challenge_of(&host).await.contains("insufficient_scope"));
}

///
#[tokio::test]
async fn other_challenges_come_in_fields_of_their_own() {
    let basic = "Basic realm=\"a, Bearer scope=\\\"x\\\"\"".to_owned();
    let other_challenges = vec![basic.clone()];
    let host = guarded(OAuthOptions { other_challenges, ..OAuthOptions::default() });
    let refused = host.post(&initialize("2025-06-18")).await;
    let fields: Vec<_> = refused.headers().get_all(WWW_AUTHENTICATE).iter().collect();
    assert_eq!(fields[0], basic.as_str());
    assert!(fields[1].to_str().unwrap().starts_with("Bearer "));
    assert_eq!(host.get().await.status(), 401, "GET");
}

///
#[tokio::test]
async fn iss_is_right_wrong_absent_and_advertised_or_not() {
    let host = default();
    let signing = Signing::registered(&host.mock).await;
    let issuer = host.mock.oauth().issuer();
    for (iss, expected) in [
        (Iss::Right, Some(issuer.clone())),
        (Iss::Absent, None),
        (Iss::Other("https://evil.example".to_owned()), Some("https://evil.example".to_owned())),
        (Iss::Other("{issuer}/".to_owned()), Some(format!("{issuer}/"))),
    ] {
        host.mock.oauth().change_issuer(|options| options.iss = iss);
        assert_eq!(parameter(&signing.back(&[]).await, "iss"), expected);
    }
    host.mock.oauth().change_issuer(|options| options.iss_advertised = false);
    let place = "/.well-known/oauth-authorization-server/oauth";
    let url = host.mock.url().join(place).unwrap();
    let document = json_of(signing.http.get(url).send().await.unwrap()).await;
    assert!(document.get("authorization_response_iss_parameter_supported").is_none());
}

/// another origin; a token for one remote is no token for another, and a server that
/// stops is unreachable.
#[tokio::test]
async fn one_authorization_server_on_its_own_port_protects_two_remotes() {
    let mut server = MockAuthorizationServer::start(IssuerOptions::default()).unwrap();
    let start = || RawHost::new(MockOptions { auth: server.auth(), ..MockOptions::default() });
    let (mut one, mut other) = (start(), start());
    let place = one.mock.url().join("/.well-known/oauth-protected-resource/mcp").unwrap();
    let signing = Signing::registered(&one.mock).await;
    let document = json_of(signing.http.get(place).send().await.unwrap()).await;
    assert_eq!(document["authorization_servers"], json!([server.oauth().issuer()]));
    let here = one.mock.url().join("/oauth/token").unwrap();
    assert_eq!(signing.http.post(here).send().await.unwrap().status(), 404);
    let there = format!("{}/mcp", server.oauth().issuer().trim_end_matches("/oauth"));
    assert_eq!(signing.http.post(there).send().await.unwrap().status(), 404, "it is no remote");

    let tokens = signing.tokens("").await;
    assert_eq!(status_with(&mut one, &tokens).await, 200);
    assert_eq!(status_with(&mut other, &tokens).await, 401);
    assert_eq!(one.mock.oauth().token_requests().len(), 1);
    assert_eq!(one.mock.recorder().count(|request| request.path.contains("token")), 1);
    assert_eq!(server.recorder().count(|request| request.path.ends_with("/token")), 1);

    server.stop();
    assert!(signing.post("token", &[]).send().await.is_err());
    server.start_again().unwrap();
    assert!(signing.renew(&tokens).await.is_ok(), "clients and tokens stay known");
}

///
#[tokio::test]
async fn a_moved_issuer_knows_no_clients() {
    let mut host = default();
    let old = Signing::registered(&host.mock).await;
    let tokens = old.tokens("").await;
    host.mock.oauth().move_issuer("/tenant/2");
    assert_eq!(status_with(&mut host, &tokens).await, 401);
    assert_eq!(old.post("token", &[]).send().await.unwrap().status(), 404);
    let mut moved = Signing::registered(&host.mock).await;
    assert!(moved.issuer.ends_with("/tenant/2"));
    let tokens = moved.tokens("").await;
    assert_eq!(status_with(&mut host, &tokens).await, 200);
    moved.id.clone_from(&old.id);
    assert_eq!(moved.http.get(moved.page(&[])).send().await.unwrap().status(), 400);

    let server = MockAuthorizationServer::start(IssuerOptions::default()).unwrap();
    host.mock.oauth().move_to(server.oauth());
    assert_eq!(status_with(&mut host, &tokens).await, 401);
    let elsewhere = Signing::registered(&host.mock).await;
    assert_eq!(elsewhere.issuer, server.oauth().issuer());
    let tokens = elsewhere.tokens("").await;
    assert_eq!(status_with(&mut host, &tokens).await, 200);
}

#[tokio::test]
async fn tokens_and_keys_work_side_by_side() {
    let options = MockOptions {
        product: ProductName::Egrow,
        auth: Auth::OAuthOrApiKey(OAuthOptions::default()),
        ..MockOptions::default()
    };
    let key = options.api_key.clone();
    let mut host = RawHost::new(options);
    let signing = Signing::registered(&host.mock).await;
    let tokens = signing.tokens("").await;
    assert_eq!(status_with(&mut host, &tokens).await, 200);
    host.set("authorization", &format!("Bearer {key}"));
    assert_eq!(host.post(&initialize("2025-06-18")).await.status(), 200);
    host.headers.remove("authorization");
    let refused = host.post(&initialize("2025-06-18")).await;
    assert!(refused.headers()[WWW_AUTHENTICATE].to_str().unwrap().contains("resource_metadata"));
    for (name, value, status) in [
        ("x-api-key", key.as_str(), 200),
        ("x-egrow-api-key", &key, 200),
        ("x-api-key", "wrong", 401),
    ] {
        let body = initialize("2025-06-18").to_string();
        let url = host.mock.url();
        let request = host.builder(reqwest::Method::POST, url.as_str()).header(name, value);
        assert_eq!(request.body(body).send().await.unwrap().status(), status, "{name} {value}");
    }
}

/// The old transport is protected too, and has metadata of its own.
#[tokio::test]
async fn http_sse_is_protected_too() {
    let host = default();
    let url = host.mock.sse_url();
    let refused = host.builder(reqwest::Method::GET, url.as_str()).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let challenge = refused.headers()[WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.contains("/.well-known/oauth-protected-resource/sse\""), "{challenge}");
    let mut signing = Signing::registered(&host.mock).await;
    signing.resource = url.to_string();
    let tokens = signing.tokens("").await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let request = host.builder(reqwest::Method::GET, url.as_str());
    let opened = request.header("authorization", bearer).send().await.unwrap();
    assert_eq!(opened.status(), 200);
}
