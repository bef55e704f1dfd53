//! Ways of signing in without a browser here: credentials, a code on another device, a pasted
//! address.

use super::*;

/// client credentials: no browser, no refresh token, asked for again.
#[tokio::test]
async fn client_credentials_need_no_person() {
    let server = server(|config| {
        config.auth_method = "client_secret_basic";
        config.refresh_tokens = false;
        config.challenge_scope = Some("a");
        config.registration = false;
        config.pkce = None;
    })
    .await;
    server.add_client("robot", Some("s"), &[]);
    let no_browser = FakeBrowser::must_not_open();
    let party = party(&server)
        .browser(&no_browser.browser())
        .options(|options| {
            let mut given = PreRegistered::new("robot");
            given.client_secret = Some(Secret::new("s".to_owned()));
            options.client_info = Some(given);
            options.grant = Grant::ClientCredentials;
        })
        .build();
    assert_eq!(party.list().await, Ok(2));
    let asked = &server.grants("client_credentials")[0].form;
    assert_eq!(asked["scope"], "a");
    assert_eq!(asked["resource"], server.endpoint().as_str());
    party.clock.advance(3550);
    server.advance(3550);
    assert_eq!(party.list().await, Ok(1), "asked for again ahead of its end");
    assert_eq!(server.grants("client_credentials").len(), 2);
}

/// S-41: the MCP server names another authorization server; the secret stays with the first one,
/// unless the user names the other one.
#[tokio::test]
async fn a_client_secret_stays_with_its_first_authorization_server() {
    let server = server(|config| {
        config.auth_method = "client_secret_basic";
        config.refresh_tokens = false;
    })
    .await;
    server.add_client("robot", Some("s"), &[]);
    let (vault, no_browser) = (MemoryVault::new(), FakeBrowser::must_not_open());
    let credentials = || Grant::ClientCredentials;
    let with = |grant: Grant, issuer: Option<String>| {
        let client_secret = Some(Secret::new("s".to_owned()));
        let client = PreRegistered { client_secret, issuer, ..PreRegistered::new("robot") };
        let party = party(&server).vault(&vault).browser(&no_browser.browser());
        party.options(move |options| {
            options.client_info = Some(client);
            options.grant = grant;
        })
    };
    assert_eq!(with(credentials(), None).build().list().await, Ok(2));
    let first = server.issuer();
    server.change(|config| {
        config.issuer_path = "/tenant";
        config.server_metadata = Some("/.well-known/oauth-authorization-server/tenant");
        config.gone = Some("/token");
    });
    server.end_access_tokens();
    for grant in [credentials(), Grant::AuthorizationCode, Grant::DeviceCode] {
        let refused = with(grant.clone(), None).build().list().await.unwrap_err();
        assert!(refused.message.contains(&format!("`{first}`")), "{grant:?}: {refused:?}");
        assert!(refused.message.contains(&format!("`{}`", server.issuer())), "{refused:?}");
        assert!(server.asked_at("/tenant/token").is_empty(), "{grant:?}: the secret stayed");
    }
    assert_eq!(with(credentials(), Some(server.issuer())).build().list().await, Ok(2));
    assert!(!server.asked_at("/tenant/token").is_empty());
}

/// a signed assertion: `iss` and `sub` are the client, `aud` is the issuer.
#[tokio::test]
async fn client_credentials_may_be_a_signed_assertion() {
    let server = server(|config| config.auth_method = "private_key_jwt").await;
    server.add_client("robot", None, &[]);
    let (pem, public) = p256_key();
    let given = PreRegistered::from_json(
        &json!({ "client_id": "robot", "private_key_pem": pem, "signing_algorithm": "ES256" })
            .to_string(),
    )
    .unwrap();
    assert_eq!(given.auth_method, None::<AuthMethod>);
    let party = party(&server)
        .options(|options| {
            options.client_info = Some(given);
            options.grant = Grant::ClientCredentials;
        })
        .build();
    assert_eq!(party.list().await, Ok(2));
    let form = &server.asked_at("/token")[0].form;
    assert_eq!(
        form["client_assertion_type"],
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    let claims = verified_claims(&form["client_assertion"], &public);
    assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("robot"), Some("robot")));
    assert_eq!(claims["aud"], server.issuer());
    let (issued, end) = (claims["iat"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
    assert!(issued < end && end - issued <= 300, "short-lived");
    assert!(claims["jti"].as_str().unwrap().len() > 20);
}

/// Checks the signature with the public half of the key.
fn verified_claims(assertion: &str, public: &[u8]) -> serde_json::Value {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
        .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .expect("the signature is right");
    let claims = signed.split_once('.').unwrap().1;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

/// Returns a fresh P-256 key: in PEM form, and its public half.
fn p256_key() -> (String, Vec<u8>) {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let der = document.as_ref();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &random).unwrap();
    let label = "PRIVATE KEY";
    let pem = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der));
    (pem, pair.public_key().as_ref().to_vec())
}

/// RFC 8628: the code and the address are told, and polling ends with tokens.
#[tokio::test]
async fn a_device_code_signs_in_on_another_device() {
    let server = server(|_| {}).await;
    let no_browser = FakeBrowser::must_not_open();
    let party = party(&server)
        .browser(&no_browser.browser())
        .options(|options| options.grant = Grant::DeviceCode)
        .build();
    let signed_in = party.authorizer.sign_in(Interaction::Browser).await.unwrap();
    assert!(signed_in.refreshable);
    assert!(party.said().contains("ABCD-EFGH") && party.said().contains("/activate"));
    assert_eq!(server.grants("urn:ietf:params:oauth:grant-type:device_code").len(), 2);
    assert_eq!(party.list().await, Ok(1));
}

/// `login --no-browser`: the address that the browser ended at is pasted; wrong ones are explained.
#[tokio::test]
async fn a_pasted_address_signs_in() {
    let server = server(|_| {}).await;
    let no_browser = FakeBrowser::must_not_open();
    let party = party(&server).browser(&no_browser.browser()).build();
    let pasting = party.clone();
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel::<String>();
    let signing_in = tokio::spawn(async move {
        let mut lines = Channel(receiver);
        pasting.authorizer.sign_in(Interaction::Typed(&mut lines)).await
    });
    let page = party.page().await;
    let answer = outbound().get(page).send().await.unwrap();
    let address = answer.headers()["location"].to_str().unwrap().to_owned();
    sender.send("http://localhost:1/?code=x&state=y".to_owned()).unwrap();
    sender.send(address).unwrap();
    let signed_in = signing_in.await.unwrap().unwrap();
    assert_eq!(signed_in.issuer, server.issuer());
    assert!(party.said().contains("another sign-in"), "{}", party.said());
    assert_eq!(party.list().await, Ok(1));
}

struct Channel(tokio::sync::mpsc::UnboundedReceiver<String>);

impl mcp_tether::auth::LineSource for Channel {
    fn line(&mut self) -> BoxFuture<'_, Option<String>> {
        Box::pin(self.0.recv())
    }
}

/// `login --no-browser` whose input ends.
#[tokio::test]
async fn a_paste_that_never_comes_is_an_error() {
    let server = server(|_| {}).await;
    let party = party(&server).build();
    let mut lines = Typed::lines(&["", "nonsense here"]);
    let error = party.authorizer.sign_in(Interaction::Typed(&mut lines)).await.unwrap_err();
    assert!(error.to_string().contains("input ended"), "{error}");
    assert!(party.said().contains("neither the address"), "{}", party.said());
}

/// docs/from-mcp-remote.md#command-line: `--token-endpoint` skips discovery.
#[tokio::test]
async fn a_given_token_endpoint_skips_discovery() {
    let server = server(|config| config.auth_method = "client_secret_basic").await;
    server.add_client("robot", Some("s"), &[]);
    let endpoint = format!("{}/token", server.origin()).parse().unwrap();
    let party = party(&server)
        .options(|options| {
            let mut given = PreRegistered::new("robot");
            given.client_secret = Some(Secret::new("s".to_owned()));
            options.client_info = Some(given);
            options.grant = Grant::ClientCredentials;
            options.token_endpoint = Some(endpoint);
        })
        .build();
    assert_eq!(party.list().await, Ok(2));
    let paths: Vec<_> = server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/mcp", "/token", "/mcp"]);
    assert_eq!(server.asked_at("/token")[0].form["resource"], server.endpoint().as_str());
}

/// docs/from-mcp-remote.md#command-line: `--use-id-token`, and what is missing when there is none.
#[tokio::test]
async fn an_id_token_that_does_not_come_is_explained() {
    let server = server(|_| {}).await;
    let party = party(&server).options(|options| options.use_id_token = true).build();
    let failure = party.list().await.unwrap_err();
    assert!(failure.message.contains("no ID token"), "{}", failure.message);
    assert!(failure.hint.contains("openid"));
}
