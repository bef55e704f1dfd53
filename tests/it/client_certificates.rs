//! Certificates that show a server who we are (RFC 8705): each to its own server, and what a server
//! that wants one says to those without.

use mcp_tether::auth::{AuthMethod, PreRegistered};
use mcp_tether::http::ClientCertificate;
use mcp_tether_mock::{MockOptions, MockRemote};
use serde_json::json;

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::harness::{initialize, kind};
use crate::support::process::{Finished, Program};
use crate::support::sign_in::party;
use crate::support::tls::{ClientAuthority, TlsFront};

fn opened(program: Program) -> (serde_json::Value, Finished) {
    let mut bridge = program.spawn();
    bridge.send(initialize("2025-11-25"));
    let answer = bridge.next_json();
    (answer, bridge.finish())
}

///
#[test]
fn a_server_that_wants_a_certificate_says_so() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let clients = ClientAuthority::new();
    let front = TlsFront::demanding(mock.url().port().unwrap(), &clients);
    let url = front.url("/mcp");
    let authority = front.authority();
    let with = |more: &[&str]| {
        let mut arguments = vec![url.as_str(), "--ca-cert", authority.to_str().unwrap()];
        arguments.extend(more);
        opened(Program::new(arguments))
    };
    let others = ClientAuthority::new();
    let stranger = others.issue("stranger");
    for without in [&[][..], &["--client-cert", stranger.to_str().unwrap()]] {
        let (answer, _) = with(without);
        assert_eq!(kind(&answer), "network", "{answer}");
        let hint = answer["error"]["data"]["bridge"]["hint"].as_str().unwrap();
        assert!(hint.contains("--client-cert"), "{answer}");
    }
    assert!(mock.recorder().requests().is_empty());
    let own = clients.issue("alice");
    // The mock knows itself under another port and says so; what counts is that it was reached.
    with(&["--client-cert", own.to_str().unwrap()]);
    assert_eq!(mock.recorder().requests().len(), 1);
    assert_eq!(front.was_shown("alice"), [true]);
}

/// the authorization server is asked at its alias, with the certificate that is for it.
#[tokio::test]
async fn each_server_is_shown_its_own_certificate() {
    let server = AuthorizationServer::start(Config::default()).await;
    let clients = ClientAuthority::new();
    let port = server.endpoint().port().unwrap();
    let front = TlsFront::demanding(port, &clients);
    server.change(|config| {
        config.auth_method = "tls_client_auth";
        config.registration = false;
        config.extra_metadata =
            json!({ "mtls_endpoint_aliases": { "token_endpoint": front.url("/token") } });
    });
    server.add_client("robot", None, &[]);
    let files = |name: &str| {
        let file = clients.issue(name);
        Some(ClientCertificate { certificate: file.clone(), key: file })
    };
    let party = party(&server)
        .http(|http| {
            http.extra_ca_files = vec![front.authority()];
            http.client_certificate = files("for-the-mcp-server");
        })
        .options(|options| {
            options.client_certificate = files("for-the-issuer");
            options.client_info = Some(PreRegistered {
                auth_method: Some(AuthMethod::TlsClientAuth),
                ..PreRegistered::new("robot")
            });
            options.grant = mcp_tether::auth::Grant::ClientCredentials;
        })
        .build();
    let asked = party.list().await;
    let token = &server.asked_at("/token")[0];
    assert_eq!(token.form["client_id"], "robot");
    assert!(
        !token.headers.contains_key("authorization") && !token.form.contains_key("client_secret")
    );
    assert_eq!(front.was_shown("for-the-issuer"), [true], "{asked:?}");
    assert_eq!(front.was_shown("for-the-mcp-server"), [false]);
}
