//! The OAuth side of the mock, judged by what is on the wire: a client written here, in plain HTTP,
//! meets a correct and strict authorization server.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mcp_tether::mock::{
    Auth, ClientAuthentication, Consent, Iss, IssuerAt, IssuerMetadataAt, IssuerOptions,
    MockAuthorizationServer, MockOptions, MockRemote, OAuth, OAuthOptions, RedirectMatch,
    RefreshTokens, RegistrationPolicy, ResourceMetadataAt, ResourceParameter, Reuse, SecretExpiry,
};
use reqwest::header::WWW_AUTHENTICATE;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use crate::raw_host::{RawHost, call, initialize, json_of, parsed};
use crate::support::fake_browser::{FakeBrowser, Page};

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-1";
const CALLBACK: &str = "http://127.0.0.1:1/callback";

/// A client at one authorization server.
struct Signing {
    http: Client,
    issuer: String,
    resource: String,
    id: String,
    secret: Option<String>,
    redirect: String,
}

fn protected(options: impl Into<IssuerAt>) -> RawHost {
    guarded(OAuthOptions::with_issuer(options))
}

fn guarded(options: OAuthOptions) -> RawHost {
    RawHost::new(MockOptions { auth: Auth::OAuth(options), ..MockOptions::default() })
}

fn default() -> RawHost {
    protected(IssuerOptions::default())
}

impl Signing {
    /// A client that is registered as a public one.
    async fn registered(mock: &MockRemote) -> Self {
        let mut signing = Self::new(mock.oauth(), mock.url().as_str());
        let answer = signing.register(&json!({})).await;
        assert_eq!(answer.status(), 201);
        signing.id = json_of(answer).await["client_id"].as_str().unwrap().to_owned();
        signing
    }

    fn new(oauth: &OAuth, resource: &str) -> Self {
        Self {
            http: Client::builder()
                .tls_certs_only([])
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            issuer: oauth.issuer(),
            resource: resource.to_owned(),
            id: String::new(),
            secret: None,
            redirect: CALLBACK.to_owned(),
        }
    }

    fn at(&self, endpoint: &str) -> String {
        format!("{}/{endpoint}", self.issuer)
    }

    async fn register(&self, changes: &Value) -> Response {
        let mut wanted = json!({
            "client_name": "raw",
            "application_type": "native",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        });
        wanted.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let request =
            self.http.post(self.at("register")).header("content-type", "application/json");
        request.body(wanted.to_string()).send().await.unwrap()
    }

    /// The authorization request; an empty change removes a parameter.
    fn page(&self, changes: &[(&str, &str)]) -> Url {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let mut fields = BTreeMap::from([
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", &self.redirect),
            ("state", "the-state"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("resource", &self.resource),
            ("scope", "lab:read"),
        ]);
        fields.extend(changes.iter().copied());
        fields.retain(|_, value| !value.is_empty());
        Url::parse_with_params(&self.at("authorize"), fields).unwrap()
    }

    /// Where the browser is sent back to.
    async fn back(&self, changes: &[(&str, &str)]) -> Url {
        let answer = self.http.get(self.page(changes)).send().await.unwrap();
        let target = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        Url::parse(&target.unwrap_or_else(|| panic!("status {}", answer.status()))).unwrap()
    }

    async fn code(&self, changes: &[(&str, &str)]) -> String {
        let back = self.back(changes).await;
        parameter(&back, "code").unwrap_or_else(|| panic!("{back}"))
    }

    fn post(&self, endpoint: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let mut form = BTreeMap::from([("client_id", self.id.as_str())]);
        if let Some(secret) = &self.secret {
            form.insert("client_secret", secret);
        }
        form.extend(fields.iter().copied());
        form.retain(|_, value| !value.is_empty());
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let kind = "application/x-www-form-urlencoded";
        self.http.post(self.at(endpoint)).header("content-type", kind).body(body)
    }

    async fn token(&self, fields: &[(&str, &str)]) -> Result<Value, Value> {
        let answer = self.post("token", fields).send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let good = answer.status() == 200;
        let body = json_of(answer).await;
        if good { Ok(body) } else { Err(body) }
    }

    async fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> Result<Value, Value> {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", &self.redirect),
            ("resource", &self.resource),
        ];
        fields.extend_from_slice(changes);
        self.token(&fields).await
    }

    async fn renew(&self, tokens: &Value) -> Result<Value, Value> {
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let resource = ("resource", self.resource.as_str());
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh), resource]).await
    }

    /// Tokens with these scopes.
    async fn tokens(&self, scope: &str) -> Value {
        let code = self.code(&[("scope", scope)]).await;
        self.exchange(&code, &[]).await.unwrap()
    }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

fn error_of(outcome: Result<Value, Value>) -> String {
    outcome.unwrap_err()["error"].as_str().unwrap().to_owned()
}

async fn status_with(host: &mut RawHost, tokens: &Value) -> u16 {
    host.set("authorization", &format!("Bearer {}", tokens["access_token"].as_str().unwrap()));
    host.post(&initialize("2025-06-18")).await.status().as_u16()
}

/// the whole way, as the specification draws it.
#[tokio::test]
async fn from_the_challenge_to_a_token_that_lets_in() {
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

///
#[tokio::test]
async fn a_refresh_token_rotates_and_showing_a_spent_one_revokes_the_grant() {
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
    assert_eq!((oauth.issued(), oauth.renewed()), (2, 1));
}

/// of two renewals with one token at the same time, one wins and the grant is lost.
#[tokio::test]
async fn two_renewals_at_once_cannot_both_win() {
    let host = default();
    let signing = Signing::registered(&host.mock).await;
    let tokens = signing.tokens("").await;
    let (one, other) = tokio::join!(signing.renew(&tokens), signing.renew(&tokens));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert_eq!(host.mock.oauth().reuse_detected(), 1);
}
