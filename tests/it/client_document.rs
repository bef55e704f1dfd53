//! The document that a client id can point to (A-22, O-11): `packaging/client-metadata.json`, held
//! against what the bridge really does, and read by an authorization server that fetches and
//! compares.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use mcp_tether::auth::{AuthOptions, AuthServices, Authorizer, Interaction, MemoryVault};
use mcp_tether::http::HttpOptions;
use mcp_tether_mock::{Auth, IssuerOptions, MockOptions, MockRemote, OAuthOptions, RedirectMatch};
use serde_json::{Value, json};
use url::Url;

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::fakes::{FakeBrowser, FakeClock};
use crate::support::sign_in::party;

/// The URL of the document; whoever hosts it elsewhere must change both.
const HOSTED_AT: &str = "https://mcp-tether.example/client-metadata.json";

fn document() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/client-metadata.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns the bridge's registration request.
async fn registered() -> Value {
    let server = AuthorizationServer::start(Config::default()).await;
    party(&server).build().list().await.unwrap();
    server.asked_at("/register")[0].body.clone()
}

///
#[tokio::test]
async fn the_document_says_what_a_registration_says() {
    let (document, registered) = (document(), registered().await);
    let members = [
        "client_name",
        "application_type",
        "grant_types",
        "response_types",
        "token_endpoint_auth_method",
    ];
    for member in members {
        assert_eq!(document[member], registered[member], "{member}");
    }
    let methods = &document["token_endpoint_auth_methods_supported"];
    assert_eq!(*methods, json!([document["token_endpoint_auth_method"]]));
    assert_eq!(document["client_id"], HOSTED_AT);
    let url = Url::parse(HOSTED_AT).unwrap();
    assert!(url.scheme() == "https" && url.path().len() > 1 && url.fragment().is_none());
    assert!(document.get("client_secret").is_none());
}

/// O-11: every redirect is one that the bridge uses, with any port and with a fixed
/// one.
#[tokio::test]
async fn the_document_lists_the_redirects_that_are_used() {
    let used = Url::parse(registered().await["redirect_uris"][0].as_str().unwrap()).unwrap();
    let document = document();
    let listed: Vec<Url> = document["redirect_uris"]
        .as_array()
        .unwrap()
        .iter()
        .map(|uri| Url::parse(uri.as_str().unwrap()).unwrap())
        .collect();
    assert!(listed.iter().all(|uri| uri.scheme() == "http" && uri.path() == used.path()));
    for host in [used.host_str().unwrap(), "127.0.0.1"] {
        let of_host = listed.iter().filter(|uri| uri.host_str() == Some(host));
        let ports: Vec<_> = of_host.map(Url::port).collect();
        assert_eq!(ports, [None, Some(3334)], "{host}");
    }
}

/// the mock fetches it, compares `client_id` with its address and the redirect with the list.
#[tokio::test]
async fn an_authorization_server_that_fetches_the_document_is_satisfied() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let id = format!("http://{}/client-metadata.json", listener.local_addr().unwrap());
    let mut served = document();
    served["client_id"] = json!(id);
    let answer = move || {
        let kind = [(http::header::CONTENT_TYPE, "application/json")];
        std::future::ready((kind, served.to_string()))
    };
    let router = Router::new().route("/client-metadata.json", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let issuer = IssuerOptions {
        client_documents: true,
        redirect_match: RedirectMatch::LoopbackAnyPort,
        ..IssuerOptions::default()
    };
    let auth = Auth::OAuth(OAuthOptions::with_issuer(issuer));
    let mock = MockRemote::start(MockOptions { auth, ..MockOptions::default() }).unwrap();
    let mut options = AuthOptions::new(mock.url());
    options.client_metadata_url = Some(Url::parse(&id).unwrap());
    options.callback_host = "127.0.0.1".to_owned();
    let browser = FakeBrowser::follows();
    let services = AuthServices {
        vault: Arc::new(MemoryVault::new()),
        browser: Arc::new(browser.clone()),
        clock: Arc::new(FakeClock::default()),
        notice: Arc::new(|_: &str| {}),
        jobs: None,
    };
    let authorizer = Authorizer::new(options, &HttpOptions::default(), services);
    authorizer.sign_in(Interaction::Browser).await.unwrap();
    let page = &browser.opened()[0];
    assert!(page.query_pairs().any(|(name, value)| name == "client_id" && value == id));
    let asked = mock.recorder().requests();
    assert!(asked.iter().all(|request| !request.path.contains("register")), "no registration");
}
