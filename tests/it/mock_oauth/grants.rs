//! Registration, the token endpoint, and the lifetime of tokens.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mcp_tether_mock::{
    ClientAuthentication, IssuerOptions, RefreshTokens, RegistrationPolicy, Reuse, SecretExpiry,
};
use serde_json::json;
use url::form_urlencoded;

use super::signing::{CALLBACK, Signing, VERIFIER, default, error_of, protected, status_with};
use crate::raw_host::{json_of, parsed};

///
#[tokio::test]
async fn a_refresh_token_rotates_and_reuse_revokes_the_grant() {
    let mut host = default();
    let signing = Signing::registered(&host.mock).await;
    let first = signing.tokens("").await;
    let second = signing.renew(&first).await.unwrap();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(status_with(&mut host, &second).await, 200);
    assert_eq!((host.mock.oauth().reuse_detected(), host.mock.oauth().grants()), (0, 1));

    assert_eq!(error_of(signing.renew(&first).await), "invalid_grant");
    assert_eq!((host.mock.oauth().reuse_detected(), host.mock.oauth().grants()), (1, 0));
    assert_eq!(status_with(&mut host, &second).await, 401);
    assert_eq!(error_of(signing.renew(&second).await), "invalid_grant");
    let oauth = host.mock.oauth();
    assert_eq!(oauth.token_requests_of("refresh_token").len(), 3);
    assert_eq!((oauth.registrations().len(), oauth.authorizations().len()), (1, 1));
    assert_eq!((oauth.issued(), oauth.refreshed()), (2, 1));
}

/// of two renewals with one token at the same time, one wins and the grant is lost.
#[tokio::test]
async fn two_concurrent_refreshes_cannot_both_succeed() {
    let host = default();
    let signing = Signing::registered(&host.mock).await;
    let tokens = signing.tokens("").await;
    let (one, other) = tokio::join!(signing.renew(&tokens), signing.renew(&tokens));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert_eq!(host.mock.oauth().reuse_detected(), 1);
}

/// the exchange repeats what was authorized, once.
#[tokio::test]
async fn code_exchanges_are_checked() {
    let host = default();
    let signing = Signing::registered(&host.mock).await;
    let other = Signing::registered(&host.mock).await;
    for (name, value, error) in [
        ("code", "nonsense", "invalid_grant"),
        ("code_verifier", "another-verifier-of-forty-three-characters-x", "invalid_grant"),
        ("code_verifier", "", "invalid_request"),
        ("redirect_uri", "http://127.0.0.1:2/callback", "invalid_grant"),
        ("resource", "", "invalid_target"),
        ("resource", "https://other.example/mcp", "invalid_target"),
        ("client_id", &other.id, "invalid_grant"),
        ("client_id", "nobody", "invalid_client"),
        ("grant_type", "password", "unsupported_grant_type"),
        ("grant_type", "client_credentials", "unauthorized_client"),
    ] {
        let code = signing.code(&[]).await;
        let refused = signing.exchange(&code, &[(name, value)]).await;
        assert_eq!(error_of(refused), error, "{name}={value}");
    }
    let code = signing.code(&[]).await;
    host.mock.oauth().advance(Duration::from_secs(61));
    assert_eq!(error_of(signing.exchange(&code, &[]).await), "invalid_grant");

    let code = signing.code(&[]).await;
    let tokens = signing.exchange(&code, &[]).await.unwrap();
    assert_eq!(error_of(signing.exchange(&code, &[]).await), "invalid_grant");
    assert_eq!(host.mock.oauth().code_reuse_detected(), 1);
    assert_eq!(error_of(signing.renew(&tokens).await), "invalid_grant");
}

/// short lives, no `expires_in`, no refresh token, revocation at run time.
#[tokio::test]
async fn tokens_expire_as_the_options_say() {
    let mut host = default();
    let signing = Signing::registered(&host.mock).await;
    host.mock.oauth().change_issuer(|options| {
        options.access_lifetime = Duration::from_secs(1);
        options.says_expires_in = false;
    });
    let tokens = signing.tokens("").await;
    assert!(tokens.get("expires_in").is_none());
    assert_eq!(status_with(&mut host, &tokens).await, 200);
    host.mock.oauth().advance(Duration::from_secs(1));
    assert_eq!(status_with(&mut host, &tokens).await, 401);
    let tokens = signing.renew(&tokens).await.unwrap();
    assert_eq!(status_with(&mut host, &tokens).await, 200);
    host.mock.oauth().expire_access_tokens();
    assert_eq!(status_with(&mut host, &tokens).await, 401);
    let tokens = signing.renew(&tokens).await.unwrap();
    host.mock.oauth().revoke_all_tokens();
    assert_eq!(status_with(&mut host, &tokens).await, 401);
    assert_eq!(error_of(signing.renew(&tokens).await), "invalid_grant");

    let refresh = |refresh: RefreshTokens| {
        host.mock.oauth().change_issuer(|options| options.refresh = refresh);
    };
    refresh(RefreshTokens::RotatingIfOffline);
    assert!(signing.tokens("a").await.get("refresh_token").is_none());
    assert!(signing.tokens("a offline_access").await.get("refresh_token").is_some());
    refresh(RefreshTokens::Absent);
    assert!(signing.tokens("a offline_access").await.get("refresh_token").is_none());
    refresh(RefreshTokens::Fixed);
    let tokens = signing.tokens("").await;
    assert!(signing.renew(&tokens).await.unwrap().get("refresh_token").is_none());
    assert!(signing.renew(&tokens).await.is_ok());
    refresh(RefreshTokens::Rotating);
    let only = json!({ "grant_types": ["authorization_code"] });
    let mut other = Signing::new(host.mock.oauth(), host.mock.url().as_str());
    let answer = json_of(other.register(&only).await).await;
    other.id = answer["client_id"].as_str().unwrap().to_owned();
    assert!(other.tokens("").await.get("refresh_token").is_none(), "not registered for it");
}

///
#[tokio::test]
async fn a_lost_refresh_answer_can_be_requested_again_within_the_grace_period() {
    let host =
        protected(IssuerOptions { reuse: Reuse::UntilSuccessorSeen, ..IssuerOptions::default() });
    let signing = Signing::registered(&host.mock).await;
    let tokens = signing.tokens("").await;
    let path = "disconnect=before-headers:http=POST:path=/oauth/token:times=1";
    host.mock.set_faults(parsed(&[path]));
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let lost = signing.post("token", &[&fields[..], &[("resource", &signing.resource)]].concat());
    assert!(lost.send().await.is_err());
    assert_eq!(host.mock.oauth().refreshed(), 1, "the work was done");
    let next = signing.renew(&tokens).await.unwrap();
    signing.renew(&next).await.unwrap();
    assert_eq!(error_of(signing.renew(&tokens).await), "invalid_grant");
    assert_eq!(host.mock.oauth().reuse_detected(), 1);
}

///
#[tokio::test]
async fn clients_authenticate_only_as_registered() {
    let host = default();
    let oauth = host.mock.oauth();
    let mut signing = Signing::new(oauth, host.mock.url().as_str());
    oauth.change_issuer(|options| {
        options.secret_expiry = SecretExpiry::After(Duration::from_secs(100));
    });
    let register = async |signing: &mut Signing, method: &str| {
        let wanted = json!({ "token_endpoint_auth_method": method });
        let answer = json_of(signing.register(&wanted).await).await;
        signing.id = answer["client_id"].as_str().unwrap().to_owned();
        answer["client_secret"].as_str().unwrap().to_owned()
    };
    let secret = register(&mut signing, "client_secret_post").await;
    assert!(secret.contains(':') && secret.contains('%'));
    let code = signing.code(&[]).await;
    assert_eq!(error_of(signing.exchange(&code, &[]).await), "invalid_client");
    let wrong = [("client_secret", "wrong")];
    assert_eq!(error_of(signing.exchange(&code, &wrong).await), "invalid_client");
    signing.secret = Some(secret);
    let tokens = signing.exchange(&code, &[]).await.unwrap();
    oauth.advance(Duration::from_secs(101));
    assert_eq!(error_of(signing.renew(&tokens).await), "invalid_client");

    signing.secret = None;
    let secret = register(&mut signing, "client_secret_basic").await;
    let code = signing.code(&[]).await;
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
        ("redirect_uri", CALLBACK),
        ("resource", &signing.resource),
    ];
    for (pair, status) in [
        (format!("{}:{secret}", signing.id), 401),
        (format!("{}:{}", signing.id, encoded(&secret)), 200),
    ] {
        let basic = format!("Basic {}", STANDARD.encode(pair));
        let request = signing.post("token", &fields).header("authorization", basic);
        assert_eq!(request.send().await.unwrap().status(), status);
    }
    oauth.forget_clients();
    let answer = signing.http.get(signing.page(&[])).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("is not known"));
}

///
#[tokio::test]
async fn registrations_are_answered_refused_changed_or_not_offered() {
    let host = default();
    let oauth = host.mock.oauth();
    let signing = Signing::new(oauth, host.mock.url().as_str());
    let change = |change: fn(&mut IssuerOptions)| oauth.change_issuer(change);
    let answer = json_of(signing.register(&json!({ "client_name": "x" })).await).await;
    assert_eq!(answer["client_name"], "x");
    assert_eq!(answer["token_endpoint_auth_method"], "none");
    assert!(answer.get("client_secret").is_none());

    for wrong in [
        json!({ "redirect_uris": [] }),
        json!({ "redirect_uris": ["http://a.example/cb"] }),
        json!({ "redirect_uris": ["http://127.0.0.1/cb#x"] }),
    ] {
        let refused = signing.register(&wrong).await;
        assert_eq!(refused.status(), 400);
        assert_eq!(json_of(refused).await["error"], "invalid_redirect_uri");
    }
    change(|options| options.native_must_say_so = true);
    assert_eq!(signing.register(&json!({ "application_type": "web" })).await.status(), 400);
    assert_eq!(signing.register(&json!({})).await.status(), 201);
    change(|options| options.refused_redirect_host = Some("127.0.0.1".to_owned()));
    assert_eq!(signing.register(&json!({})).await.status(), 400);
    change(|options| options.refused_redirect_host = None);

    change(|options| options.authentication = vec![ClientAuthentication::Post]);
    change(|options| options.secret_expiry = SecretExpiry::After(Duration::from_secs(100)));
    change(|options| options.starts_at = Some(1));
    change(|options| options.registered_as = json!({ "redirect_uris": ["https://a.example/cb"] }));
    let answer = json_of(signing.register(&json!({})).await).await;
    assert_eq!(answer["token_endpoint_auth_method"], "client_secret_post");
    assert_eq!(answer["redirect_uris"], json!(["https://a.example/cb"]));
    let issued = answer["client_id_issued_at"].as_i64().unwrap();
    let ends = answer["client_secret_expires_at"].as_i64().unwrap();
    assert!((99..=101).contains(&(ends - issued)));

    change(|options| {
        options.registration = RegistrationPolicy::Refused {
            status: 403,
            error: "access_denied".to_owned(),
            description: "ask the owner".to_owned(),
        };
    });
    let refused = signing.register(&json!({})).await;
    assert_eq!(refused.status(), 403);
    assert_eq!(json_of(refused).await["error_description"], "ask the owner");
    change(|options| options.registration = RegistrationPolicy::Absent);
    assert_eq!(signing.register(&json!({})).await.status(), 404);
    assert_eq!(oauth.registrations().len(), 10);
    assert_eq!(oauth.registrations()[0].request.json()["client_name"], "x");
    assert_eq!(oauth.clients(), 3);
}

/// tokens and methods are not interchangeable, and a field comes once.
#[tokio::test]
async fn refreshes_need_the_same_client_scopes_and_method() {
    let host = default();
    let signing = Signing::registered(&host.mock).await;
    let other = Signing::registered(&host.mock).await;
    let tokens = signing.tokens("a b").await;
    assert_eq!(error_of(other.renew(&tokens).await), "invalid_grant");
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let scoped = async |scope: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh),
            ("resource", &signing.resource),
            ("scope", scope),
        ];
        signing.token(&fields).await
    };
    assert_eq!(error_of(scoped("a c").await), "invalid_scope");
    assert!(scoped("a").await.is_ok());

    let kind = "application/x-www-form-urlencoded";
    let twice = format!("client_id={0}&client_id={0}&grant_type=refresh_token", signing.id);
    let request = signing.http.post(signing.at("token")).header("content-type", kind).body(twice);
    let refused = json_of(request.send().await.unwrap()).await;
    assert!(refused["error_description"].as_str().unwrap().contains("twice"), "{refused}");
    let json = signing.http.post(signing.at("token")).header("content-type", "application/json");
    assert_eq!(json.body("{}").send().await.unwrap().status(), 400);

    let mut basic = Signing::new(host.mock.oauth(), host.mock.url().as_str());
    let wanted = json!({ "token_endpoint_auth_method": "client_secret_basic" });
    let answer = json_of(basic.register(&wanted).await).await;
    basic.id = answer["client_id"].as_str().unwrap().to_owned();
    let code = basic.code(&[]).await;
    basic.secret = Some(answer["client_secret"].as_str().unwrap().to_owned());
    let posted = basic.exchange(&code, &[]).await.unwrap_err();
    let words = posted["error_description"].as_str().unwrap();
    assert_eq!(words, "registered for `client_secret_basic`, not `client_secret_post`");
}
