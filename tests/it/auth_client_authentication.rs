//! How a client proves who it is at servers that read the same credentials differently (A-50): what
//! one refuses is repeated another way, once each; what was accepted is remembered; and only a
//! client that is refused every way loses anything.

use std::time::Duration;

use mcp_tether::auth::{
    AuthMethod, Grant, Interaction, PreRegistered, Registration, StoredRecord, Vault,
};
use mcp_tether::error::FailureKind;
use mcp_tether_mock::{
    Auth, ClientAuthentication, IssuerOptions, KnownClient, MockOptions, MockRemote, Mode,
    OAuthOptions, OAuthRequest,
};

use crate::support::harness::parsed;
use crate::support::sign_in::{Builder, Party, party_at};

use ClientAuthentication::{Basic, Post};

/// A secret that form-encoding changes.
const SECRET: &str = "s+/=";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Every rule of the mock that the registered or picked method breaks, and what is accepted then:
/// the listed methods, the rule, the method and whether `client_id` stands in the form.
const RULES: [(&[ClientAuthentication], &str, AuthMethod, bool); 7] = [
    (&[Basic], "client-rule=id-in-form", AuthMethod::Basic, true),
    (
        &[Basic],
        "client-rule=id-in-form:code=unauthorized_client:status=400",
        AuthMethod::Basic,
        true,
    ),
    (
        &[Basic],
        "client-rule=id-in-form:code=unauthorized_client:status=401",
        AuthMethod::Basic,
        true,
    ),
    (&[Basic, Post], "client-rule=only-basic", AuthMethod::Basic, false),
    (&[Basic, Post], "client-rule=only-basic:code=invalid_request", AuthMethod::Basic, false),
    (&[Post, Basic], "client-rule=only-basic:code=unauthorized_client", AuthMethod::Basic, false),
    (&[Basic], "client-rule=raw-basic", AuthMethod::Basic, false),
];

/// Returns a server that lists these methods and has this rule.
fn server(listed: &[ClientAuthentication], rule: &str) -> MockRemote {
    let issuer = IssuerOptions {
        authentication: listed.to_vec(),
        known_clients: vec![KnownClient::with_secret("robot", SECRET, listed[0])],
        ..IssuerOptions::default()
    };
    let auth = Auth::OAuth(OAuthOptions::with_issuer(issuer));
    let mock =
        MockRemote::start(MockOptions { auth, mode: Mode::Stateless, ..MockOptions::default() })
            .unwrap();
    mock.set_faults(parsed(&[rule]));
    mock
}

fn bridge(server: &MockRemote) -> Builder {
    party_at(server.url())
}

/// Returns whether a request authenticated like this.
fn is_authenticated_by(
    request: &OAuthRequest,
    method: AuthMethod,
    client_id_in_form: bool,
) -> bool {
    let in_header = request.request.header("authorization").is_some();
    in_header == (method == AuthMethod::Basic)
        && request.field("client_secret").is_some() == (method == AuthMethod::Post)
        && request.field("client_id").is_some()
            == (method != AuthMethod::Basic || client_id_in_form)
}

/// Returns the registrations in a store.
async fn registrations(party: &Party) -> Vec<Registration> {
    let mut found = Vec::new();
    for name in party.vault.names().iter().filter(|name| name.starts_with("registration.")) {
        let bytes = party.vault.load(name).await.unwrap().unwrap();
        found.push(Registration::from_bytes(&bytes).unwrap());
    }
    found
}

/// A-50, for codes and refreshes, in this process and in one of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_client_authenticates_another_way_and_the_way_is_remembered() {
    for apart in [false, true] {
        for (listed, rule, method, client_id_in_form) in RULES {
            let server = server(listed, rule);
            let builder = bridge(&server);
            let party = if apart { builder.apart().build() } else { builder.build() };
            assert_eq!(party.list().await, Ok(2), "{rule}");
            let oauth = server.oauth();
            let asked = oauth.token_requests_of("authorization_code");
            assert!(asked.len() <= 3, "{rule}: {} requests", asked.len());
            assert!(
                is_authenticated_by(asked.last().unwrap(), method, client_id_in_form),
                "{rule}"
            );
            assert_eq!(party.browser.opened().len(), 1, "{rule}: the code was not spent");
            assert_eq!(oauth.code_reuse_detected(), 0, "{rule}");
            let known = &registrations(&party).await[0];
            let remembered = (known.auth_method, known.client_id_in_form);
            assert_eq!(remembered, (method, client_id_in_form), "{rule}");

            // A refresh, here and in the next process, begins with what was accepted.
            for refreshes in 1..=2 {
                oauth.expire_access_tokens();
                let next = bridge(&server).vault(&party.vault).clock(&party.clock).build();
                assert_eq!(next.list().await, Ok(2), "{rule}");
                assert_eq!(oauth.token_requests_of("refresh_token").len(), refreshes, "{rule}");
            }
            assert_eq!(oauth.reuse_detected(), 0, "{rule}");
        }
    }
}

/// A-50: a server that changes its mind about a client refuses a refresh, not the tokens.
#[tokio::test]
async fn a_refresh_authenticates_another_way_before_tokens_are_given_up() {
    for (listed, rule, method, client_id_in_form) in RULES {
        let server = server(listed, rule);
        server.set_faults(Vec::new());
        let party = bridge(&server).build();
        party.list().await.unwrap();
        server.set_faults(parsed(&[rule]));
        let oauth = server.oauth();
        for _ in 0..2 {
            oauth.expire_access_tokens();
            assert_eq!(party.list().await, Ok(2), "{rule}");
        }
        let asked = oauth.token_requests_of("refresh_token");
        assert!(is_authenticated_by(asked.last().unwrap(), method, client_id_in_form), "{rule}");
        assert!(asked.len() <= 4, "{rule}: the second refresh asks once");
        assert_eq!((party.browser.opened().len(), oauth.reuse_detected()), (1, 0), "{rule}");
        assert_eq!(registrations(&party).await[0].auth_method, method, "{rule}");
    }
}

/// A-50: a server that refuses `client_id` in the form is not sent it.
#[tokio::test]
async fn a_header_goes_without_an_id_in_the_form() {
    let server = server(&[Basic], "client-rule=no-id-in-form");
    let party = bridge(&server).build();
    assert_eq!(party.list().await, Ok(2));
    server.oauth().expire_access_tokens();
    assert_eq!(party.list().await, Ok(2));
    let asked = server.oauth().token_requests();
    assert_eq!(asked.len(), 2, "nothing was refused");
    assert!(asked.iter().all(|request| is_authenticated_by(request, AuthMethod::Basic, false)));
}

/// A-23, A-50: where a server lists several methods, the registration asks for the one that is read
/// the same everywhere.
#[tokio::test]
async fn a_registration_prefers_a_secret_in_the_form() {
    let server = server(&[Basic, Post], "client-rule=only-post");
    assert_eq!(bridge(&server).build().list().await, Ok(2));
    let oauth = server.oauth();
    let asked = oauth.registrations()[0].request.json();
    assert_eq!(asked["token_endpoint_auth_method"], "client_secret_post");
    assert_eq!(oauth.token_requests().len(), 1);
}

/// A-50, RFC 8628 §3.1: for the device code and for its tokens.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_authenticates_another_way() {
    for (listed, rule, method, client_id_in_form) in RULES {
        let server = server(listed, rule);
        server.oauth().change_issuer(|options| {
            let device = options.device.as_mut().unwrap();
            (device.pending_polls, device.interval) = (0, Duration::from_secs(1));
        });
        let party = bridge(&server).options(|o| o.grant = Grant::DeviceCode).apart().build();
        party.authorizer.sign_in(Interaction::Browser).await.unwrap();
        let polls = server.oauth().token_requests_of(DEVICE_GRANT);
        assert_eq!(polls.len(), 1, "{rule}: the way is known by then");
        assert!(is_authenticated_by(&polls[0], method, client_id_in_form), "{rule}");
        assert_eq!(party.list().await, Ok(1), "{rule}");
    }
}

/// A-50, A-70: a client that the user gave: the way is remembered with its sign-in.
#[tokio::test]
async fn client_credentials_authenticate_another_way() {
    for (listed, rule, method, client_id_in_form) in RULES {
        let server = server(listed, rule);
        let robot = || {
            bridge(&server).options(|options| {
                options.grant = Grant::ClientCredentials;
                let text = format!(r#"{{"client_id":"robot","client_secret":"{SECRET}"}}"#);
                options.client_info = Some(PreRegistered::from_json(&text).unwrap());
            })
        };
        let first = robot().build();
        assert_eq!(first.list().await, Ok(2), "{rule}");
        let oauth = server.oauth();
        let before = oauth.token_requests().len();
        assert!(before <= 3, "{rule}");
        oauth.expire_access_tokens();
        let second = robot().vault(&first.vault).build();
        assert_eq!(second.list().await, Ok(2), "{rule}");
        let asked = oauth.token_requests();
        assert_eq!(asked.len(), before + 1, "{rule}");
        assert!(is_authenticated_by(&asked[before], method, client_id_in_form), "{rule}");
        // A new sign-in of the same client begins with it, too.
        second.authorizer.sign_in(Interaction::Browser).await.unwrap();
        assert_eq!(oauth.token_requests().len(), before + 2, "{rule}");
    }
}

/// A-50, RFC 7009 §2.1
#[tokio::test]
async fn a_revocation_authenticates_another_way() {
    for (listed, rule, method, client_id_in_form) in RULES {
        let server = server(listed, rule);
        server.set_faults(Vec::new());
        let party = bridge(&server).build();
        party.list().await.unwrap();
        server.set_faults(parsed(&[rule]));
        let out = party.authorizer.sign_out().await.unwrap();
        assert_eq!(out.revocation, Some(mcp_tether::auth::Revocation::Done), "{rule}");
        let asked = server.oauth().revocations();
        assert!(is_authenticated_by(asked.last().unwrap(), method, client_id_in_form), "{rule}");
        assert!(asked.len() <= 4, "{rule}: the second token is sent once");
        assert_eq!(server.oauth().grants(), 0, "{rule}");
    }
}

/// A-50, A-55: a server in trouble says nothing about the client.
#[tokio::test]
async fn nothing_is_tried_another_way_while_a_server_is_in_trouble() {
    for fault in [
        "oauth-error=invalid_client:status=500",
        "oauth-error=invalid_client:status=503",
        "oauth-error=invalid_client:status=429",
        "disconnect=before-headers:http=POST:path=/oauth/token",
    ] {
        let server = server(&[Basic, Post], "client-rule=only-post");
        let party = bridge(&server).build();
        party.list().await.unwrap();
        server.oauth().expire_access_tokens();
        server.set_faults(parsed(&[fault]));
        let failure = party.list().await.unwrap_err();
        assert_ne!(failure.kind, FailureKind::AuthRequired, "{fault}: {failure:?}");
        let asked = server.oauth().token_requests_of("refresh_token");
        assert_eq!(asked.len(), 1, "{fault}");
        let kept = party.vault.names().iter().any(|name| name.starts_with("sign-in."));
        assert!(kept, "{fault}: the tokens stay");
        server.set_faults(Vec::new());
        let next = bridge(&server).vault(&party.vault).build();
        assert_eq!(next.list().await, Ok(2), "{fault}");
    }
}

/// A-24, A-50: a client that is refused every way is refused: four requests, one refusal to tell
/// of, and the registration is given up.
#[tokio::test]
async fn a_client_that_is_refused_every_way_is_registered_again() {
    let server = server(&[Basic, Post], "client-rule=only-post");
    let party = bridge(&server).build();
    party.list().await.unwrap();
    let oauth = server.oauth();
    oauth.forget_clients();
    oauth.expire_access_tokens();
    assert_eq!(party.list().await, Ok(2));
    assert_eq!(oauth.token_requests_of("refresh_token").len(), 4);
    assert_eq!((oauth.registrations().len(), party.browser.opened().len()), (2, 2));
}

/// A-50: when no listed method is accepted, the hint names the flag that picks another.
#[tokio::test]
async fn the_hint_names_the_flag_that_picks_another_method() {
    for (listed, rule, other) in [
        (&[Basic], "client-rule=only-post", "client_secret_post"),
        (&[Post], "client-rule=only-basic", "client_secret_basic"),
    ] {
        let server = server(listed, rule);
        let failure = bridge(&server).build().list().await.unwrap_err();
        assert!(failure.message.contains("invalid_client"), "{}", failure.message);
        let hint = failure.hint;
        assert!(hint.contains("--static-oauth-client-metadata") && hint.contains(other), "{hint}");
    }
}
