//! The broken and the hostile authorization server: each fault is seen on the wire.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::signing::{Signing, default, error_of, parameter};
use crate::raw_host::{RawHost, json_of, parsed};

const RESOURCE: &str = "/.well-known/oauth-protected-resource/mcp";
const SERVER: &str = "/.well-known/oauth-authorization-server/oauth";

async fn get(host: &RawHost, path: &str) -> reqwest::Response {
    let url = host.mock.url().join(path).unwrap();
    host.builder(reqwest::Method::GET, url.as_str()).send().await.unwrap()
}

async fn document(host: &RawHost, path: &str) -> Value {
    json_of(get(host, path).await).await
}

/// S-05, S-07, A-04, A-06, A-07, A-08
#[tokio::test]
async fn metadata_can_be_invalid_in_known_and_in_chosen_ways() {
    let host = default();
    let issuer = host.mock.oauth().issuer();
    for (fault, path, member, expected) in [
        ("metadata=javascript", SERVER, "authorization_endpoint", json!("javascript:alert(1)")),
        ("metadata=unc", SERVER, "authorization_endpoint", json!("\\\\attacker.example\\s\\x.exe")),
        ("metadata=plain-pkce", SERVER, "code_challenge_methods_supported", json!(["plain"])),
        ("metadata=no-pkce", SERVER, "code_challenge_methods_supported", Value::Null),
        ("metadata=slash-issuer", SERVER, "issuer", json!(format!("{issuer}/"))),
        ("metadata=no-issuers", RESOURCE, "authorization_servers", json!([])),
        ("issuer-member=x:value={\"a\":[1]}", SERVER, "x", json!({ "a": [1] })),
        ("issuer-member=token_endpoint", SERVER, "token_endpoint", Value::Null),
        (
            "resource-member=resource:value=https://a:1/b",
            RESOURCE,
            "resource",
            json!("https://a:1/b"),
        ),
    ] {
        host.mock.set_faults(parsed(&[fault]));
        assert_eq!(document(&host, path).await[member], expected, "{fault}");
    }
    host.mock.set_faults(parsed(&["metadata=shell"]));
    let endpoint = document(&host, SERVER).await["authorization_endpoint"].clone();
    let endpoint = endpoint.as_str().unwrap().to_owned();
    assert!(endpoint.starts_with(&issuer) && endpoint.contains("$(touch"), "{endpoint}");
    host.mock.set_faults(parsed(&["metadata=control"]));
    let endpoint = document(&host, SERVER).await["authorization_endpoint"].clone();
    assert!(endpoint.as_str().unwrap().contains("\r\n"));
    host.mock.set_faults(Vec::new());
    assert_eq!(document(&host, SERVER).await["issuer"], issuer);
}

/// S-12
#[tokio::test]
async fn documents_may_be_invalid_or_far_too_long() {
    let host = default();
    for path in [RESOURCE, SERVER] {
        host.mock.set_faults(parsed(&["document=html"]));
        let answer = get(&host, path).await;
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        host.mock.set_faults(parsed(&["document=oversize"]));
        assert!(get(&host, path).await.bytes().await.unwrap().len() > 16 * 1024 * 1024);
        host.mock.set_faults(parsed(&["document=array"]));
        assert!(document(&host, path).await.is_array());
        for fault in ["document=truncated", "document=empty"] {
            host.mock.set_faults(parsed(&[fault]));
            let text = get(&host, path).await.text().await.unwrap();
            assert!(serde_json::from_str::<Value>(&text).is_err(), "{fault}");
        }
    }
}

/// S-07: redirect chains.
#[tokio::test]
async fn documents_are_found_behind_redirects() {
    let host = default();
    host.mock.set_faults(parsed(&["redirect=302:hops=3:path=/.well-known"]));
    let mut path = RESOURCE.to_owned();
    for _ in 0..3 {
        let answer = get(&host, &path).await;
        assert_eq!(answer.status(), 302);
        path = answer.headers()["location"].to_str().unwrap().to_owned();
    }
    assert!(document(&host, &path).await["resource"].is_string());
    host.mock.set_faults(parsed(&["redirect=302:to=http://169.254.169.254/:path=/.well-known"]));
    let answer = get(&host, RESOURCE).await;
    assert_eq!(answer.headers()["location"], "http://169.254.169.254/");
}

/// S-03
#[tokio::test]
async fn the_redirect_to_the_client_can_be_wrong() {
    let host = default();
    let signing = Signing::registered(&host.mock).await;
    let back = async |fault: &str| {
        host.mock.set_faults(parsed(&[fault]));
        signing.back(&[]).await
    };
    let of = |url: &url::Url, name: &str| parameter(url, name);
    assert_eq!(of(&back("callback=no-state").await, "state"), None);
    let wrong = of(&back("callback=wrong-state").await, "state").unwrap();
    assert_ne!(wrong, "the-state");
    let two = back("callback=two-states").await;
    assert_eq!(two.query_pairs().filter(|(name, _)| name == "state").count(), 2);
    assert_eq!(of(&back("callback=no-iss").await, "iss"), None);
    let wrong = of(&back("callback=wrong-iss").await, "iss");
    assert_eq!(wrong.as_deref(), Some("https://issuer.example"));
    assert!(of(&back("callback=slash-iss").await, "iss").unwrap().ends_with("/oauth/"));
    assert_eq!(of(&back("callback=no-code").await, "code"), None);
    let script = back("callback=script").await;
    assert!(of(&script, "error").unwrap().contains("<script>"));
    assert_eq!(of(&script, "state").as_deref(), Some("the-state"));
    assert_eq!(of(&script, "iss"), Some(host.mock.oauth().issuer()));
    let error = back("oauth-error=temporarily_unavailable:at=authorize").await;
    assert_eq!(of(&error, "error").as_deref(), Some("temporarily_unavailable"));
}

///
#[tokio::test]
async fn the_token_endpoint_may_fail_be_slow_or_send_nonsense() {
    let host = default();
    let signing = Signing::registered(&host.mock).await;
    let mut tokens = signing.tokens("").await;
    let resource = signing.resource.clone();
    let renew = async |fault: &str, tokens: &Value| {
        host.mock.set_faults(parsed(&[fault]));
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let fields =
            [("grant_type", "refresh_token"), ("refresh_token", refresh), ("resource", &resource)];
        signing.post("token", &fields).send().await
    };
    let down = renew("status=503:body=html:path=/oauth/token", &tokens).await.unwrap();
    assert_eq!(down.status(), 503);
    let refused = renew("oauth-error=invalid_client:status=401", &tokens).await.unwrap();
    assert_eq!(refused.status(), 401);
    let cut = "disconnect=before-work:http=POST:path=/oauth/token";
    assert!(renew(cut, &tokens).await.is_err());
    assert_eq!(host.mock.oauth().refreshed(), 0, "nothing was done");

    let begun = Instant::now();
    let late = renew("late=50:path=/oauth/token", &tokens).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(50));
    tokens = json_of(late).await;
    for (fault, member, expected) in [
        ("token=no-access-token", "access_token", Value::Null),
        ("token=no-type", "token_type", Value::Null),
        ("token=other-type", "token_type", json!("mac")),
        ("token=lower-case-type", "token_type", json!("bearer")),
        ("token=no-scope", "scope", Value::Null),
        ("token=text-expiry", "expires_in", json!("3600")),
        ("token=negative-expiry", "expires_in", json!(-1)),
        ("token=zero-expiry", "expires_in", json!(0)),
        ("token=empty", "access_token", json!("")),
        ("token=dpop", "token_type", json!("DPoP")),
        ("token=illegal", "access_token", json!("a\r\nX-Evil: 1")),
    ] {
        tokens = json_of(renew(fault, &tokens).await.unwrap()).await;
        assert_eq!(tokens[member], expected, "{fault}");
    }
    let html = renew("token=html", &tokens).await.unwrap().text().await.unwrap();
    assert!(html.contains("<!doctype html>"));
    host.mock.set_faults(Vec::new());
    assert_eq!(error_of(signing.renew(&tokens).await), "invalid_grant", "it was spent");
}

#[tokio::test]
async fn registration_can_be_refused_for_a_while() {
    let host = default();
    let signing = Signing::new(host.mock.oauth(), host.mock.url().as_str());
    let fault = "oauth-error=invalid_client_metadata:at=register:message=not you:times=1";
    host.mock.set_faults(parsed(&[fault]));
    let refused = json_of(signing.register(&json!({})).await).await;
    assert_eq!(refused["error_description"], "not you");
    assert_eq!(signing.register(&json!({})).await.status(), 201);
}

///
#[tokio::test]
async fn only_the_first_presented_token_has_expired() {
    let host = default();
    let signing = Signing::registered(&host.mock).await;
    let (one, other) = (signing.tokens("").await, signing.tokens("").await);
    host.mock.set_faults(parsed(&["first-token-ended"]));
    let status = async |tokens: &Value| {
        let url = host.mock.url();
        let token = tokens["access_token"].as_str().unwrap();
        let request = host.builder(reqwest::Method::POST, url.as_str()).bearer_auth(token);
        request.body(crate::raw_host::initialize("2025-06-18").to_string()).send().await.unwrap()
    };
    for (tokens, expected) in [(&one, 401), (&other, 200), (&one, 401)] {
        assert_eq!(status(tokens).await.status(), expected);
    }
}
