//! A client of an authorization server, in plain HTTP and without code of the bridge.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mcp_tether_mock::{
    Auth, IssuerAt, IssuerOptions, MockOptions, MockRemote, OAuth, OAuthOptions,
};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use crate::raw_host::{RawHost, initialize, json_of};

pub const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-1";
pub const CALLBACK: &str = "http://127.0.0.1:1/callback";

/// A client at one authorization server.
pub struct Signing {
    pub http: Client,
    pub issuer: String,
    pub resource: String,
    pub id: String,
    pub secret: Option<String>,
    pub redirect: String,
}

pub fn protected(options: impl Into<IssuerAt>) -> RawHost {
    guarded(OAuthOptions::with_issuer(options))
}

pub fn guarded(options: OAuthOptions) -> RawHost {
    RawHost::new(MockOptions { auth: Auth::OAuth(options), ..MockOptions::default() })
}

pub fn default() -> RawHost {
    protected(IssuerOptions::default())
}

impl Signing {
    /// Returns a client that is registered as a public one.
    pub async fn registered(mock: &MockRemote) -> Self {
        let mut signing = Self::new(mock.oauth(), mock.url().as_str());
        let answer = signing.register(&json!({})).await;
        assert_eq!(answer.status(), 201);
        signing.id = json_of(answer).await["client_id"].as_str().unwrap().to_owned();
        signing
    }

    pub fn new(oauth: &OAuth, resource: &str) -> Self {
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

    pub fn at(&self, endpoint: &str) -> String {
        format!("{}/{endpoint}", self.issuer)
    }

    pub async fn register(&self, changes: &Value) -> Response {
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

    /// Returns the authorization request; an empty change removes a parameter.
    pub fn page(&self, changes: &[(&str, &str)]) -> Url {
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

    /// Returns the URL that the browser is redirected to.
    pub async fn back(&self, changes: &[(&str, &str)]) -> Url {
        let answer = self.http.get(self.page(changes)).send().await.unwrap();
        let target = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        Url::parse(&target.unwrap_or_else(|| panic!("status {}", answer.status()))).unwrap()
    }

    pub async fn code(&self, changes: &[(&str, &str)]) -> String {
        let back = self.back(changes).await;
        parameter(&back, "code").unwrap_or_else(|| panic!("{back}"))
    }

    pub fn post(&self, endpoint: &str, fields: &[(&str, &str)]) -> RequestBuilder {
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

    pub async fn token(&self, fields: &[(&str, &str)]) -> Result<Value, Value> {
        let answer = self.post("token", fields).send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let good = answer.status() == 200;
        let body = json_of(answer).await;
        if good { Ok(body) } else { Err(body) }
    }

    pub async fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> Result<Value, Value> {
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

    pub async fn renew(&self, tokens: &Value) -> Result<Value, Value> {
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let resource = ("resource", self.resource.as_str());
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh), resource]).await
    }

    /// Tokens with these scopes.
    pub async fn tokens(&self, scope: &str) -> Value {
        let code = self.code(&[("scope", scope)]).await;
        self.exchange(&code, &[]).await.unwrap()
    }
}

pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

pub fn error_of(outcome: Result<Value, Value>) -> String {
    outcome.unwrap_err()["error"].as_str().unwrap().to_owned()
}

pub async fn status_with(host: &mut RawHost, tokens: &Value) -> u16 {
    host.set("authorization", &format!("Bearer {}", tokens["access_token"].as_str().unwrap()));
    host.post(&initialize("2025-06-18")).await.status().as_u16()
}
