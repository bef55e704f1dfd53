//! Every endpoint of signing in, answering badly in every way (A-55): told with a next step, no
//! secret shown, at most one tab, nothing lost, and what is mended works.

use mcp_tether::auth::{Grant, Interaction, LoginPolicy, Revocation, SignIn, StoredRecord, Vault};
use mcp_tether::error::Failure;
use serde_json::json;

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::sign_in::{Party, party};

const JSON: &str = "application/json";
const RESOURCE: &str = "/.well-known/oauth-protected-resource/mcp";
const SERVER: &str = "/.well-known/oauth-authorization-server";
const CANARY: &str = "canary-token";

/// A bad answer: status, media type, text, and the time after which it asks to try again.
struct Bad(u16, &'static str, &'static str, Option<&'static str>);

fn bad_answers() -> Vec<Bad> {
    // Larger than any answer that is read.
    let large = format!("{{\"access_token\":\"{CANARY}{}\"}}", "x".repeat(2 << 20));
    let wrong_types = r#"{"access_token":{"x":"canary-token"},"client_id":[7],"request_uri":[],
        "device_code":7,"resource":7,"issuer":["canary-token"],"authorization_servers":"x"}"#;
    vec![
        Bad(200, JSON, "", None),
        Bad(200, "", "", None),
        Bad(200, "text/html", "<html><form>canary-token</form>", None),
        Bad(200, JSON, "{\"access_token\":\"canary-token\",\"expires_in\":36", None),
        Bad(200, JSON, "[\"canary-token\"]", None),
        Bad(200, JSON, "\"canary-token\"", None),
        Bad(200, JSON, "null", None),
        Bad(200, JSON, wrong_types, None),
        Bad(200, JSON, String::leak(large), None),
        Bad(429, JSON, "{}", None),
        Bad(429, JSON, "", Some("7")),
        Bad(503, "text/plain", "busy", Some("7")),
        Bad(400, JSON, r#"{"error":{"code":400,"message":"quota exceeded"}}"#, None),
        Bad(400, JSON, r#"{"error":[]}"#, None),
        Bad(403, "text/plain", "go away", None),
        Bad(500, "text/html", "<html>oh no", None),
    ]
}

async fn server() -> AuthorizationServer {
    let server = AuthorizationServer::start(Config { device_polls: 0, ..Config::default() }).await;
    let pushed = format!("{}/par", server.origin());
    server.change(|config| {
        config.extra_metadata = json!({ "pushed_authorization_request_endpoint": pushed });
        config.gone = Some("/par");
    });
    server
}

impl Bad {
    fn at(&self, server: &AuthorizationServer, path: &'static str) {
        server.change(|config| {
            config.gone = Some("/par").filter(|gone| *gone != path);
            config.replaced = Some((path, self.1, self.2));
            config.replaced_status = self.0;
            config.retry_after = self.3;
        });
    }

    /// Checks the message to a person.
    fn check(&self, server: &AuthorizationServer, path: &str, failure: &Failure) {
        let told = format!("{failure:?}");
        let beginning = &self.2[..self.2.len().min(40)];
        let about = format!("{path} {} {beginning}: {told}", self.0);
        assert!(!failure.hint.is_empty(), "{about}");
        assert!(!told.contains(CANARY) && told.len() < 2000, "{about}");
        for name in ["code", "code_verifier", "refresh_token", "token", "client_secret"] {
            let mut secrets =
                server.asked().into_iter().filter_map(|it| it.form.get(name).cloned());
            assert!(secrets.all(|secret| !told.contains(&secret)), "{name} in {about}");
        }
        if let Some(seconds) = self.3 {
            assert!(failure.hint.contains(&format!("{seconds} s")), "{about}");
        }
    }
}

fn mend(server: &AuthorizationServer) {
    server.change(|config| {
        config.replaced = None;
        config.gone = Some("/par");
    });
}

async fn stored(party: &Party) -> Option<SignIn> {
    let name = party.vault.names().into_iter().find(|name| name.starts_with("sign-in."))?;
    SignIn::from_bytes(&party.vault.load(&name).await.unwrap()?)
}

/// A-107: on the way to a first sign-in.
#[tokio::test]
async fn a_first_sign_in_meets_every_bad_answer() {
    for bad in bad_answers() {
        for path in [RESOURCE, SERVER, "/register", "/par", "/token"] {
            let server = server().await;
            bad.at(&server, path);
            let first = party(&server).build();
            // A pushed request is only offered here, so that the plain page is left; and a document
            // that is refused is not there, so that those of 2025-03-26 are left (A-10).
            let is_borne = path == "/par" || path == RESOURCE && matches!(bad.0, 400 | 403);
            match first.list().await {
                Ok(_) => assert!(is_borne, "{path} {} {}", bad.0, bad.1),
                Err(failure) => bad.check(&server, path, &failure),
            }
            let opened = first.browser.opened().len();
            let reaches_the_page = is_borne || path == "/token";
            assert_eq!(opened, usize::from(reaches_the_page), "{path} {} {}", bad.0, bad.1);
            mend(&server);
            let next = party(&server).vault(&first.vault).build();
            assert!(next.list().await.is_ok(), "{path} {} {}", bad.0, bad.1);
            assert!(next.browser.opened().len() <= 1, "{path} {} {}", bad.0, bad.1);
        }
    }
}

/// A-55: at a refresh, without anybody to ask.
#[tokio::test]
async fn a_refresh_meets_every_bad_answer_and_loses_nothing() {
    for bad in bad_answers() {
        for path in [RESOURCE, SERVER, "/token"] {
            let server = server().await;
            let first = party(&server).build();
            first.list().await.unwrap();
            let before = stored(&first).await.unwrap().tokens;
            server.end_access_tokens();
            bad.at(&server, path);
            let never = || {
                let next = party(&server).vault(&first.vault);
                next.options(|options| options.login = LoginPolicy::Never).build()
            };
            match never().list().await {
                // A refresh needs no documents.
                Ok(_) => assert_ne!(path, "/token"),
                Err(failure) => {
                    assert!(!failure.hint.is_empty(), "{path} {} {failure:?}", bad.0);
                    let told = format!("{failure:?}");
                    assert!(!told.contains(CANARY) && told.len() < 2000, "{told}");
                    assert_eq!(stored(&first).await.unwrap().tokens, before, "{path} {}", bad.0);
                }
            }
            mend(&server);
            assert!(never().list().await.is_ok(), "{path} {} {}", bad.0, bad.1);
        }
    }
}

/// A-55, RFC 8628: for a device code, and for its tokens.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_code_meets_every_bad_answer() {
    for bad in bad_answers() {
        let server = server().await;
        bad.at(&server, "/device");
        let device = party(&server).options(|options| options.grant = Grant::DeviceCode).build();
        let refused = device.authorizer.sign_in(Interaction::Browser).await.unwrap_err();
        let told = refused.to_string();
        assert!(told.contains("hint:") && !told.contains(CANARY), "{} {told}", bad.0);
        assert_eq!(device.browser.opened().len(), 0);
        mend(&server);
        device.authorizer.sign_in(Interaction::Browser).await.unwrap();
    }
}

/// A-55, RFC 7009: when signing out, which is done here whatever the server says.
#[tokio::test]
async fn a_sign_out_meets_every_bad_answer() {
    for bad in bad_answers() {
        let server = server().await;
        let party = party(&server).build();
        party.list().await.unwrap();
        bad.at(&server, "/revoke");
        let out = party.authorizer.sign_out().await.unwrap();
        assert!(out.was_signed_in && stored(&party).await.is_none(), "{}", bad.0);
        match out.revocation {
            // The body of a success means nothing (RFC 7009 §2.2).
            Some(Revocation::Done) => assert_eq!(bad.0, 200),
            Some(Revocation::Failed(reason)) => assert!(!reason.contains(CANARY), "{reason}"),
            other => panic!("{} {other:?}", bad.0),
        }
    }
}

/// A-13: no endpoint that takes credentials is followed elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_redirects_is_told_and_not_followed() {
    for path in ["/register", "/token", "/device", "/revoke"] {
        let server = server().await;
        let away = format!("{}/elsewhere", server.origin());
        let redirect =
            || server.change(|config| config.redirects = vec![(path.to_owned(), away.clone())]);
        let party = party(&server);
        let told = match path {
            "/device" => {
                redirect();
                let device = party.options(|options| options.grant = Grant::DeviceCode).build();
                device.authorizer.sign_in(Interaction::Browser).await.unwrap_err().to_string()
            }
            "/revoke" => {
                let party = party.build();
                party.list().await.unwrap();
                redirect();
                format!("{:?}", party.authorizer.sign_out().await.unwrap().revocation)
            }
            _ => {
                redirect();
                format!("{:?}", party.build().list().await.unwrap_err())
            }
        };
        assert!(told.contains("/elsewhere"), "{path}: {told}");
        assert!(server.asked_at("/elsewhere").is_empty(), "{path}");
    }
}
