//! Device codes, client credentials, signed assertions, documents as client ids, revocation.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use mcp_tether_mock::{
    ClientAuthentication, ConsentPolicy, DeviceOptions, IssuerOptions, KnownClient,
};
use serde_json::{Value, json};
use url::Url;

use super::signing::{CALLBACK, Signing, default, error_of, protected, status_with};
use crate::raw_host::{RawHost, json_of};
use crate::support::browsing_person::BrowsingPerson;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn device(signing: &mut Signing) -> Value {
    let wanted = json!({ "grant_types": [DEVICE, "refresh_token"] });
    let answer = json_of(signing.register(&wanted).await).await;
    signing.id = answer["client_id"].as_str().unwrap().to_owned();
    let resource = ("resource", signing.resource.as_str());
    let fields = [resource, ("scope", "lab:read")];
    let answer = signing.post("device_authorization", &fields).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    json_of(answer).await
}

async fn poll(signing: &Signing, device: &Value) -> Result<Value, Value> {
    let code = device["device_code"].as_str().unwrap();
    signing.token(&[("grant_type", DEVICE), ("device_code", code)]).await
}

fn patient(consent: ConsentPolicy) -> RawHost {
    let interval = Duration::ZERO;
    let device = Some(DeviceOptions { interval, ..DeviceOptions::default() });
    protected(IssuerOptions { consent, device, ..IssuerOptions::default() })
}

#[tokio::test]
async fn a_device_code_is_approved_after_some_polls() {
    let mut host = patient(ConsentPolicy::Approve);
    let mut signing = Signing::new(host.mock.oauth(), host.mock.url().as_str());
    let code = device(&mut signing).await;
    assert_eq!(error_of(poll(&signing, &code).await), "authorization_pending");
    let mut other = Signing::new(host.mock.oauth(), host.mock.url().as_str());
    device(&mut other).await;
    assert_eq!(error_of(poll(&other, &code).await), "invalid_grant", "the code of another");
    let tokens = poll(&signing, &code).await.unwrap();
    assert_eq!(tokens["scope"], "lab:read");
    assert!(tokens["refresh_token"].is_string());
    assert_eq!(status_with(&mut host, &tokens).await, 200);
    assert_eq!(error_of(poll(&signing, &code).await), "invalid_grant", "good once");
}

#[tokio::test]
async fn a_device_waits_until_a_person_has_decided() {
    let host = patient(ConsentPolicy::Page);
    let mut signing = Signing::new(host.mock.oauth(), host.mock.url().as_str());
    let code = device(&mut signing).await;
    for _ in 0..3 {
        assert_eq!(error_of(poll(&signing, &code).await), "authorization_pending");
    }
    let entry = Url::parse(code["verification_uri"].as_str().unwrap()).unwrap();
    let entry = BrowsingPerson::approves().open(&entry).await;
    assert!(entry.text.contains("name=\"user_code\""));
    let page = Url::parse(code["verification_uri_complete"].as_str().unwrap()).unwrap();
    let page = BrowsingPerson::approves().open(&page).await;
    assert!(page.text.contains("is connected"), "{}", page.text);
    assert!(poll(&signing, &code).await.is_ok());

    let code = device(&mut signing).await;
    let typed = code["user_code"].as_str().unwrap().replace('-', "").to_lowercase();
    let page = format!("{}?user_code={typed}", code["verification_uri"].as_str().unwrap());
    BrowsingPerson::denies().open(&Url::parse(&page).unwrap()).await;
    assert_eq!(error_of(poll(&signing, &code).await), "access_denied");
}

#[tokio::test]
async fn a_device_that_polls_too_often_or_too_late_is_refused() {
    let host = default();
    let mut signing = Signing::new(host.mock.oauth(), host.mock.url().as_str());
    let code = device(&mut signing).await;
    assert_eq!(code["interval"], 1);
    assert_eq!(error_of(poll(&signing, &code).await), "authorization_pending");
    assert_eq!(error_of(poll(&signing, &code).await), "slow_down");
    host.mock.oauth().advance(Duration::from_secs(1));
    assert!(poll(&signing, &code).await.is_ok());
    let code = device(&mut signing).await;
    host.mock.oauth().advance(Duration::from_secs(600));
    assert_eq!(error_of(poll(&signing, &code).await), "expired_token");
    host.mock.oauth().change_issuer(|options| options.device = None);
    assert_eq!(signing.post("device_authorization", &[]).send().await.unwrap().status(), 404);
}

/// A-70
#[tokio::test]
async fn client_credentials_need_a_secret_and_give_no_refresh_token() {
    let known_clients = vec![
        KnownClient::public("public"),
        KnownClient::with_secret("machine", "s", ClientAuthentication::Post),
    ];
    let mut host = protected(IssuerOptions { known_clients, ..IssuerOptions::default() });
    let mut signing = Signing::new(host.mock.oauth(), host.mock.url().as_str());
    let resource = signing.resource.clone();
    let fields = [("grant_type", "client_credentials"), ("scope", "a"), ("resource", &resource)];
    signing.id = "public".to_owned();
    assert_eq!(error_of(signing.token(&fields).await), "unauthorized_client");
    signing.id = "machine".to_owned();
    signing.secret = Some("s".to_owned());
    let tokens = signing.token(&fields).await.unwrap();
    assert!(tokens.get("refresh_token").is_none());
    assert_eq!(status_with(&mut host, &tokens).await, 200);
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(host.mock.oauth().account_of(token).as_deref(), Some("machine"));
    assert_eq!(error_of(signing.token(&fields[..2]).await), "invalid_target");
    host.mock.oauth().forget_clients();
    assert!(signing.token(&fields).await.is_ok(), "it never registered");
}

/// A-70
#[cfg(feature = "tls-ring")]
#[tokio::test]
async fn an_assertion_is_accepted_once_and_only_with_the_right_key() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    let random = SystemRandom::new();
    let pair = || {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap()
    };
    let (right, wrong) = (pair(), pair());
    let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let point = right.public_key().as_ref();
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "x": encoded(&point[1..33]), "y": encoded(&point[33..]),
    });
    let known_clients = vec![KnownClient::with_key("machine", jwk)];
    let authentication = vec![ClientAuthentication::PrivateKeyJwt];
    let options = IssuerOptions { known_clients, authentication, ..IssuerOptions::default() };
    let host = protected(IssuerOptions { starts_at: Some(1_800_000_000), ..options });
    let signing = Signing::new(host.mock.oauth(), host.mock.url().as_str());
    let assertion = |key: &EcdsaKeyPair, audience: &str, id: &str| {
        let claims = json!({
            "iss": "machine", "sub": "machine", "aud": audience, "exp": 1_800_000_060, "jti": id,
        });
        let head = encoded(br#"{"alg":"ES256"}"#);
        let signed = format!("{head}.{}", encoded(claims.to_string().as_bytes()));
        let signature = key.sign(&random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", encoded(signature.as_ref()))
    };
    let ask = async |assertion: &str| {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", ""),
            ("resource", &signing.resource),
            ("client_assertion", assertion),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ];
        signing.token(&fields).await
    };
    let issuer = host.mock.oauth().issuer();
    let good = assertion(&right, &issuer, "1");
    assert!(ask(&good).await.is_ok());
    assert_eq!(error_of(ask(&good).await), "invalid_client", "used before");
    for bad in [
        assertion(&wrong, &issuer, "2"),
        assertion(&right, "https://other.example", "3"),
        "a.b.c".to_owned(),
    ] {
        assert_eq!(error_of(ask(&bad).await), "invalid_client");
    }
    host.mock.oauth().advance(Duration::from_secs(60));
    assert_eq!(error_of(ask(&assertion(&right, &issuer, "4")).await), "invalid_client", "late");
}

/// Answers one GET with this.
fn one_document(answer: impl FnOnce(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/client.json", listener.local_addr().unwrap());
    let of = url.clone();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 1024];
        let _ = stream.read(&mut head).unwrap();
        stream.write_all(answer(&of).as_bytes()).unwrap();
    });
    url
}

fn document(id: &str, redirect: &str) -> Value {
    json!({ "client_id": id, "client_name": "by document", "redirect_uris": [redirect],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none" })
}

fn served(document: &Value) -> String {
    format!("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{document}")
}

/// A-22
#[tokio::test]
async fn a_url_is_a_client_id_if_its_document_says_so() {
    let known = "https://tether.example/client.json";
    let host = protected(IssuerOptions {
        client_documents: true,
        known_documents: vec![(known.to_owned(), document(known, CALLBACK))],
        ..IssuerOptions::default()
    });
    let mut signing = Signing::new(host.mock.oauth(), host.mock.url().as_str());
    signing.id = known.to_owned();
    let tokens = signing.tokens("").await;
    assert!(signing.renew(&tokens).await.is_ok());

    signing.id = one_document(|id| served(&document(id, CALLBACK)));
    assert!(signing.code(&[]).await.starts_with("code_"));
    for wrong in [
        one_document(|_| served(&document("https://other.example/x", CALLBACK))),
        one_document(|id| served(&document(id, "http://127.0.0.1:1/other"))),
        one_document(|_| "HTTP/1.0 404 Not Found\r\n\r\n".to_owned()),
        "https://unknown.example/client.json".to_owned(),
        "http://127.0.0.1:1/".to_owned(),
    ] {
        signing.id = wrong;
        let answer = signing.http.get(signing.page(&[])).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{}", signing.id);
    }
    host.mock.oauth().change_issuer(|options| options.client_documents = false);
    signing.id = known.to_owned();
    assert_eq!(signing.http.get(signing.page(&[])).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn revoking_a_refresh_token_ends_its_grant_and_an_access_token_only_itself() {
    let mut host = default();
    let signing = Signing::registered(&host.mock).await;
    let other = Signing::registered(&host.mock).await;
    let revoke = async |by: &Signing, token: &Value| {
        let fields = [("token", token.as_str().unwrap())];
        by.post("revoke", &fields).send().await.unwrap().status().as_u16()
    };
    let tokens = signing.tokens("").await;
    assert_eq!(revoke(&other, &tokens["refresh_token"]).await, 400);
    assert_eq!(revoke(&signing, &tokens["access_token"]).await, 200);
    assert_eq!(status_with(&mut host, &tokens).await, 401);
    let tokens = signing.renew(&tokens).await.unwrap();
    assert_eq!(revoke(&signing, &tokens["refresh_token"]).await, 200);
    assert_eq!(status_with(&mut host, &tokens).await, 401);
    assert_eq!(error_of(signing.renew(&tokens).await), "invalid_grant");
    assert_eq!(revoke(&signing, &json!("nonsense")).await, 200);
    let oauth = host.mock.oauth();
    assert_eq!((oauth.revocations().len(), oauth.reuse_detected()), (4, 0));
    oauth.change_issuer(|options| options.revocation = false);
    assert_eq!(signing.post("revoke", &[]).send().await.unwrap().status(), 404);
}
