//! The cost of a refusal (A-55): nothing is deleted on suspicion, and everything can recover. For
//! renewals, registrations, device codes, client credentials and sign-outs.

use std::time::Duration;

use mcp_tether::auth::{
    Grant, Interaction, LoginPolicy, PreRegistered, Revocation, SignIn, StoredRecord, Vault,
};
use mcp_tether::error::FailureKind;
use mcp_tether::redact::Secret;
use serde_json::json;

use crate::support::authorization_server::{Answer, AuthorizationServer, Config, IssuerRequest};
use crate::support::fakes::FakeBrowser;
use crate::support::sign_in::{Builder, Party, party};
use crate::support::waiting::until_seen;

const JSON: &str = "application/json";

/// Refusals that say nothing about the refresh token, and whether a person may sign in meanwhile.
const REFUSALS: [(Answer, bool); 20] = [
    ((400, JSON, r#"{"error":"invalid_request"}"#), true),
    ((400, JSON, r#"{"error":"invalid_target"}"#), true),
    ((400, JSON, r#"{"error":"unsupported_grant_type"}"#), true),
    ((403, JSON, r#"{"error":{"code":403,"message":"quota exceeded"}}"#), true),
    ((403, JSON, r#"{"message":"Forbidden"}"#), true),
    ((400, "", ""), true),
    ((404, "text/html", "<p>no"), true),
    ((500, JSON, r#"{"error":"server_error","error_description":"failed: 400"}"#), true),
    ((502, "text/html", "<p>bad gateway"), true),
    ((200, "text/html", "<p>sign in again"), true),
    ((200, JSON, ""), true),
    ((200, JSON, "{}"), true),
    ((200, JSON, r#"{"access_token":7}"#), true),
    ((200, JSON, r#"{"access_token":"a b"}"#), true),
    ((307, "text/html", ""), true),
    ((400, JSON, r#"{"error":"too_many_requests"}"#), false),
    ((200, JSON, r#"{"ok":false,"error":"ratelimited"}"#), false),
    ((408, JSON, r#"{"error":"timeout"}"#), false),
    ((425, "", ""), false),
    ((429, JSON, r#"{"error":"invalid_grant"}"#), false),
];

async fn server(change: impl FnOnce(&mut Config)) -> AuthorizationServer {
    let mut config = Config::default();
    change(&mut config);
    AuthorizationServer::start(config).await
}

/// Returns a server whose tokens have ended and are renewed like this.
async fn refusing(answer: Answer) -> (AuthorizationServer, Party) {
    let server = server(|_| {}).await;
    let party = party(&server).build();
    party.list().await.unwrap();
    server.end_access_tokens();
    server.change(|config| config.renewal = Some(answer));
    (server, party)
}

/// A-106: a server that names a short pause is waited for, and nobody notices
#[tokio::test]
async fn a_token_endpoint_that_asks_to_wait_is_asked_again() {
    for status in [429, 503] {
        let server = server(|_| {}).await;
        let party = party(&server).build();
        party.list().await.unwrap();
        server.end_access_tokens();
        server.change(|config| {
            config.replaced = Some(("/token", JSON, "{}"));
            (config.replaced_status, config.retry_after) = (status, Some("1"));
        });
        let before = server.asked_at("/token").len();
        let heal = async {
            let asked = || (server.asked_at("/token").len() > before).then_some(());
            until_seen("a renewal", asked).await;
            server.change(|config| config.replaced = None);
        };
        let (listed, ()) = tokio::join!(party.list(), heal);
        assert_eq!(listed, Ok(2), "{status}");
        assert_eq!(server.asked_at("/token").len(), before + 2, "{status}");
    }
}

/// Returns the next process of the same user.
fn next(server: &AuthorizationServer, before: &Party) -> Builder {
    party(server).vault(&before.vault).clock(&before.clock)
}

async fn stored(party: &Party) -> Option<SignIn> {
    let name = party.vault.names().into_iter().find(|name| name.starts_with("sign-in."))?;
    SignIn::from_bytes(&party.vault.load(&name).await.unwrap()?)
}

/// A-55: whatever else a renewal is refused with, the tokens stay, the reason is told, and when the
/// server renews again they work without anybody.
#[tokio::test]
async fn a_refusal_that_is_not_about_the_grant_costs_no_tokens() {
    for (answer, _) in REFUSALS {
        let (server, before) = refusing(answer).await;
        let never = || next(&server, &before).options(|o| o.login = LoginPolicy::Never).build();
        let failure = never().list().await.unwrap_err();
        assert!(!failure.hint.is_empty(), "{answer:?}");
        let kept = stored(&before).await.expect("the tokens are kept");
        assert!(kept.tokens.refresh_token.is_some(), "{answer:?}");
        server.change(|config| config.renewal = None);
        assert_eq!(never().list().await, Ok(2), "{answer:?}");
        assert_eq!(stored(&before).await.unwrap().refresh_problem, None, "{answer:?}");
    }
}

/// A-105: a refusal is final for a person: eager opens a window, otherwise the hint names `login`,
/// and the old record stays until the new one is stored. What asks to try again later asks nobody.
#[tokio::test]
async fn a_person_may_sign_in_while_a_refresh_is_refused() {
    for (answer, asks) in REFUSALS {
        let (server, before) = refusing(answer).await;
        let old = stored(&before).await.unwrap().tokens;
        let never = next(&server, &before).options(|o| o.login = LoginPolicy::Never).build();
        let failure = never.list().await.unwrap_err();
        assert_eq!(failure.kind == FailureKind::AuthRequired, asks, "{answer:?} {failure:?}");
        assert_eq!(failure.hint.contains("mcp-tether login"), asks, "{answer:?}");
        assert_eq!(stored(&before).await.unwrap().tokens, old, "{answer:?}");
        assert_eq!(stored(&before).await.unwrap().refresh_problem.is_some(), asks, "{answer:?}");

        let browser = FakeBrowser::follows();
        let eager = next(&server, &before).browser(&browser).build();
        assert_eq!(eager.list().await.is_ok(), asks, "{answer:?}");
        assert_eq!(browser.opened().len(), usize::from(asks), "{answer:?}: one window at most");
        assert_eq!(stored(&before).await.unwrap().tokens != old, asks, "{answer:?}");
        assert_eq!(server.reuses(), 0);
    }
}

/// A-55: tokens that ended by the clock too, in a process that only starts.
#[tokio::test]
async fn an_ended_token_whose_refresh_fails_asks_a_person() {
    let (server, before) = refusing((500, JSON, r#"{"error":"server_error"}"#)).await;
    before.clock.advance(7200);
    server.advance(7200);
    let browser = FakeBrowser::follows();
    let eager = next(&server, &before).browser(&browser).build();
    assert_eq!(eager.list().await, Ok(2));
    assert_eq!(browser.opened().len(), 1);
}

/// A-55: nobody is asked while the whole authorization server is away.
#[tokio::test]
async fn a_server_that_is_away_asks_nobody() {
    let (server, before) = refusing((503, "text/plain", "busy")).await;
    server.change(|config| config.failing = Some("/.well-known/oauth-authorization-server"));
    let no_browser = FakeBrowser::must_not_open();
    let party = next(&server, &before).browser(&no_browser.browser()).build();
    let failure = party.list().await.unwrap_err();
    assert_eq!((failure.kind, failure.status), (FailureKind::Http, Some(503)));
    server.change(|config| (config.failing, config.renewal) = (None, None));
    let later = next(&server, &before).browser(&no_browser.browser()).build();
    assert_eq!(later.list().await, Ok(2));
}

/// A-106: what is refused now may work later in the same process.
#[tokio::test]
async fn a_refresh_is_tried_again_after_a_while() {
    let (server, before) = refusing((400, JSON, r#"{"error":"invalid_request"}"#)).await;
    let party = next(&server, &before).options(|o| o.login = LoginPolicy::Never).build();
    party.list().await.unwrap_err();
    party.list().await.unwrap_err();
    assert_eq!(server.grants("refresh_token").len(), 1, "not with every request");
    server.change(|config| config.renewal = None);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    assert!(party.list().await.is_ok());
}

/// A-43: a renewal repeats the scope as it was granted, and leaves out what is refused: once,
/// without losing the refresh token.
#[tokio::test]
async fn a_refresh_repeats_the_scope_and_leaves_out_what_is_refused() {
    for (change, expected) in [
        ((Some("scope"), None), (true, true)),
        ((None, Some("resource")), (true, false)),
        ((None, Some("scope")), (false, true)),
    ] {
        let server = server(|config| config.challenge_scope = Some("a b")).await;
        let party = party(&server).build();
        party.list().await.unwrap();
        server.change(|config| {
            (config.needed_at_renewal, config.refused_at_renewal) = change;
        });
        server.end_access_tokens();
        assert_eq!(party.list().await, Ok(2), "{change:?}");
        let asked = server.grants("refresh_token");
        let last = &asked.last().unwrap().form;
        let sent =
            (last.get("scope").is_some_and(|scope| scope == "a b"), last.contains_key("resource"));
        assert_eq!(sent, expected, "{change:?}");
        assert!(asked.len() <= 2 && server.reuses() == 0, "{change:?}");
        assert_eq!(party.browser.opened().len(), 1, "{change:?}");
    }
}

/// A-53: a lifetime that says nothing is no end: no loop of renewals.
#[tokio::test]
async fn a_lifetime_that_says_nothing_leads_to_no_refreshes() {
    for lifetime in [json!(0), json!(-1), json!(null), json!("0"), json!(0.2), json!(1e300)] {
        let server = server(|config| config.extra_tokens = json!({ "expires_in": lifetime })).await;
        let party = party(&server).build();
        party.list().await.unwrap();
        for _ in 0..3 {
            assert_eq!(party.list().await, Ok(1), "{lifetime}");
        }
        assert!(server.grants("refresh_token").is_empty(), "{lifetime}");
        assert_eq!(stored(&party).await.unwrap().tokens.expires_at, None, "{lifetime}");
    }
}

/// A-59: what cannot be sent is refused where it comes in, with the way out; a renewal that brings
/// such a thing replaces nothing.
#[tokio::test]
async fn tokens_that_cannot_be_sent_are_refused_where_they_come_in() {
    for (tokens, named) in [
        (json!({ "access_token": "" }), "empty"),
        (json!({ "access_token": " \t" }), "empty"),
        (json!({ "access_token": "hunter2\u{1}" }), "characters"),
        (json!({ "access_token": "hunter2".repeat(10_000) }), "longer"),
        (json!({ "token_type": "DPoP" }), "`DPoP`"),
        (json!({ "token_type": "mac" }), "`mac`"),
        (json!({ "access_token": 7 }), "without an access token"),
    ] {
        let server = server(|_| {}).await;
        let party = party(&server).build();
        party.list().await.unwrap();
        let old = stored(&party).await.unwrap().tokens;
        server.change(|config| {
            config.extra_tokens = tokens.clone();
            config.rotates = false;
        });
        server.end_access_tokens();
        let renewed = party.list().await.unwrap_err();
        assert_eq!(stored(&party).await.unwrap().tokens, old, "{named}");
        let fresh = party_of(&server).list().await.unwrap_err();
        for failure in [renewed, fresh] {
            let text = format!("{failure:?}");
            assert!(failure.message.contains(named), "{text}");
            assert!(!failure.hint.is_empty() && !text.contains("hunter2"), "{named}");
        }
    }
    for kind in ["BEARER", "bearer_token", "bot"] {
        let server = server(|config| config.extra_tokens = json!({ "token_type": kind })).await;
        assert_eq!(party_of(&server).list().await, Ok(2), "{kind}");
    }
}

fn party_of(server: &AuthorizationServer) -> Party {
    party(server).build()
}

/// A-24: a registration that the server forgot is noticed before a person sees a dead page: at the
/// next attempt, however the server answers, and after an attempt that was broken off.
#[tokio::test]
async fn a_forgotten_client_is_noticed_at_the_next_attempt() {
    for status in [400, 401, 404] {
        let server = server(|config| config.unknown_client = status).await;
        let party = party(&server).build();
        party.list().await.unwrap();
        server.forget_clients();
        server.change(|config| config.renewal = Some((400, JSON, r#"{"error":"invalid_grant"}"#)));
        server.end_access_tokens();
        assert_eq!(party.list().await, Ok(2), "{status}");
        assert_eq!(server.asked_at("/register").len(), 2, "{status}");
        assert_eq!(party.browser.opened().len(), 2, "{status}: no page in vain");
    }
}

/// A-24: a page that is dead without saying so: the attempt that nobody answered, broken off or
/// waited for, is the last with this client, and the hint says so.
#[tokio::test]
async fn an_unanswered_attempt_is_the_last_one_of_a_registration() {
    let server = server(|config| config.unknown_client = 200).await;
    let before = party_of(&server);
    before.list().await.unwrap();
    server.forget_clients();
    server.change(|config| config.renewal = Some((400, JSON, r#"{"error":"invalid_grant"}"#)));
    server.end_access_tokens();

    // Broken off, as by Ctrl-C.
    let first = next(&server, &before).browser(&FakeBrowser::ignores()).build();
    let attempt = first.authorizer.clone();
    let attempt =
        tokio::spawn(async move { attempt.sign_in(Interaction::Browser).await.map(drop) });
    first.page().await;
    attempt.abort();
    let _ = attempt.await;
    drop(first);
    let second = next(&server, &before).build();
    second.authorizer.sign_in(Interaction::Browser).await.unwrap();
    assert_eq!(server.asked_at("/register").len(), 2);

    // Waited for.
    server.forget_clients();
    let third = next(&server, &before)
        .browser(&FakeBrowser::ignores())
        .options(|options| options.auth_timeout = Duration::from_secs(1));
    let failure = third.build().authorizer.sign_in(Interaction::Browser).await.unwrap_err();
    let hint = failure.hints().join(" ");
    assert!(hint.contains("mcp-tether login") && hint.contains("did not know"), "{hint}");
    let fourth = next(&server, &before).build();
    fourth.authorizer.sign_in(Interaction::Browser).await.unwrap();
    assert_eq!(server.asked_at("/register").len(), 3);
}

/// A-24: signing out removes a registration that no sign-in leads to any more.
#[tokio::test]
async fn signing_out_removes_a_registration_without_a_sign_in() {
    let server = server(|_| {}).await;
    let before = party_of(&server);
    before.list().await.unwrap();
    let stranger = "registration.of-another-server";
    let bytes = before.vault.load(&registration(&before)).await.unwrap().unwrap();
    before.vault.save(stranger, bytes).await.unwrap();
    server.change(|config| config.renewal = Some((400, JSON, r#"{"error":"invalid_grant"}"#)));
    server.end_access_tokens();
    let never = next(&server, &before).options(|o| o.login = LoginPolicy::Never).build();
    never.list().await.unwrap_err();
    assert!(stored(&before).await.is_none(), "the grant is dead");
    let out = never.authorizer.sign_out().await.unwrap();
    assert!(!out.was_signed_in && out.registration_removed);
    assert_eq!(before.vault.names(), [stranger]);
    let again = never.authorizer.sign_out().await.unwrap();
    assert!(!again.registration_removed);
}

fn registration(party: &Party) -> String {
    party.vault.names().into_iter().find(|name| name.starts_with("registration.")).unwrap()
}

/// A-23: what a server says about a registration is shown, and who is only busy is asked again
/// later.
#[tokio::test]
async fn a_refused_registration_is_told_with_its_reason() {
    for (answer, said, next_step) in [
        ((429, JSON, "{}"), "HTTP 429", "later"),
        ((503, "text/plain", "unavailable"), "unavailable", "later"),
        ((403, JSON, r#"{"detail":"limited to example.com"}"#), "limited to", "client-info"),
        ((422, JSON, r#"{"errors":[{"message":"use https"}]}"#), "use https", "client-info"),
        ((400, JSON, r#"{"error":"x","error_description":"bad scope"}"#), "bad scope", "--scope"),
        (
            (200, JSON, r#"{"error":"invalid_client_metadata"}"#),
            "invalid_client_metadata",
            "client-info",
        ),
        ((201, "text/html", "<p>"), "HTTP 201", "client-info"),
    ] {
        let server = server(|config| config.registering = Some(answer)).await;
        let no_browser = FakeBrowser::must_not_open();
        let party = party(&server).browser(&no_browser.browser()).build();
        let failure = party.list().await.unwrap_err();
        assert!(failure.message.contains(said), "{}", failure.message);
        let hint = failure.hint;
        assert!(hint.contains(next_step), "{answer:?}: {hint}");
        assert_eq!(hint.contains("later"), next_step == "later", "{answer:?}: {hint}");
    }
}

/// A-107: a device code that is refused ends at once; one whose server is in trouble is asked for
/// again until its time is over, and then the trouble is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_code_ends_with_the_reason() {
    for (status, kind, text, named) in [
        (403, JSON, r#"{"error":{"message":"blocked by policy"}}"#, "blocked by policy"),
        (403, "text/html", "<p>no", "HTTP 403"),
    ] {
        let server = server(|_| {}).await;
        server.change(|config| config.replaced = Some(("/token", kind, text)));
        server.change(|config| config.replaced_status = status);
        let device = party(&server).options(|options| options.grant = Grant::DeviceCode).build();
        let failure = device.authorizer.sign_in(Interaction::Browser).await.unwrap_err();
        assert!(failure.message().contains(named), "{failure}");
    }
}

/// A-107, A-70: the credentials of a client that the user gives are not lost to a wrong secret.
#[tokio::test]
async fn a_wrong_secret_costs_no_stored_sign_in() {
    let server = server(|config| config.auth_method = "client_secret_post").await;
    server.add_client("mine", Some("right"), &[]);
    let robot = |secret: &str| {
        let given = PreRegistered {
            client_secret: Some(Secret::new(secret.to_owned())),
            ..PreRegistered::new("mine")
        };
        party(&server).options(|options| {
            options.grant = Grant::ClientCredentials;
            options.client_info = Some(given);
        })
    };
    let first = robot("right").build();
    assert_eq!(first.list().await, Ok(2));
    server.end_access_tokens();
    let wrong = robot("wrong").vault(&first.vault).build();
    let failure = wrong.list().await.unwrap_err();
    assert!(failure.message.contains("invalid_client"), "{}", failure.message);
    assert!(stored(&first).await.is_some());
    assert_eq!(robot("right").vault(&first.vault).build().list().await, Ok(2));
}

/// A-38: parameters of the user's go along with every grant, and replace those of the endpoint.
#[tokio::test(flavor = "multi_thread")]
async fn parameters_of_the_users_go_along_with_every_grant() {
    let own = [("audience", "https://api"), ("scope", "mine"), ("resource", "https://api")];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let audience = || own.to_vec();
    let is_alone = |asked: &IssuerRequest| {
        own.iter().all(|(name, value)| {
            let given: Vec<_> = asked.pairs.iter().filter(|(other, _)| other == name).collect();
            matches!(given[..], [(_, given)] if given == value)
        })
    };
    let server = server(|config| config.device_polls = 0).await;
    let device = party(&server).options(|options| {
        options.grant = Grant::DeviceCode;
        options.authorize_params = audience();
    });
    device.build().authorizer.sign_in(Interaction::Browser).await.unwrap();
    assert!(is_alone(&server.asked_at("/device")[0]));
    server.add_client("mine", None, &[]);
    server.change(|config| config.auth_method = "client_secret_post");
    server.add_client("mine", Some("s"), &[]);
    let robot = party(&server).options(|options| {
        options.grant = Grant::ClientCredentials;
        options.authorize_params = audience();
        let secret = Some(Secret::new("s".to_owned()));
        options.client_info =
            Some(PreRegistered { client_secret: secret, ..PreRegistered::new("mine") });
    });
    let robot = robot.build();
    robot.list().await.unwrap();
    server.end_access_tokens();
    robot.list().await.unwrap();
    let asked = server.grants("client_credentials");
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(is_alone));
}

/// A-11: a device code may come from an endpoint that the metadata does not name, and a server that
/// wants a redirect of every client gets the browser's.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_endpoint_can_be_named() {
    let server = server(|config| {
        config.extra_metadata = json!({ "device_authorization_endpoint": null });
        config.device_polls = 0;
        config.needed_to_register = Some("redirect_uris");
    })
    .await;
    let device = || party(&server).options(|options| options.grant = Grant::DeviceCode);
    let failure = device().build().authorizer.sign_in(Interaction::Browser).await.unwrap_err();
    assert!(failure.hints().join(" ").contains("--device-endpoint"), "{failure}");
    assert!(failure.to_string().contains(server.origin()), "{failure}");
    let endpoint = format!("{}/device", server.origin()).parse().unwrap();
    let named = device().options(|options| options.device_endpoint = Some(endpoint)).build();
    named.authorizer.sign_in(Interaction::Browser).await.unwrap();
    let registered = server.asked_at("/register").last().unwrap().body.clone();
    assert!(registered["redirect_uris"][0].as_str().unwrap().contains("/oauth/callback"));
}

/// A-107, RFC 8628: an address that nobody can open is a wrong answer, and no sign that the server
/// has no device codes.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_code_without_a_usable_address_is_told_as_a_wrong_answer() {
    for address in ["nowhere", "", "/device"] {
        let answer = json!({ "device_code": "d", "user_code": "u", "expires_in": 60,
            "verification_uri": address })
        .to_string();
        let server =
            server(|config| config.replaced = Some(("/device", JSON, String::leak(answer)))).await;
        let device = party(&server).options(|options| options.grant = Grant::DeviceCode).build();
        let failure = device.authorizer.sign_in(Interaction::Browser).await.unwrap_err();
        let told = failure.to_string();
        assert!(
            told.contains("`verification_uri`") && told.contains("--device-endpoint"),
            "{told}"
        );
        assert!(told.contains(server.origin()), "{told}");
    }
}

/// A-107, RFC 7009: why tokens were not taken back is told, in whatever shape the server says it.
#[tokio::test]
async fn a_refused_revocation_is_told_with_its_reason() {
    for (kind, text, named) in [
        (JSON, r#"{"error":{"message":"not yours"}}"#, "not yours"),
        ("text/plain", "go away", "go away"),
    ] {
        let server = server(|_| {}).await;
        let party = party_of(&server);
        party.list().await.unwrap();
        server.change(|config| {
            config.replaced = Some(("/revoke", kind, text));
            config.replaced_status = 403;
        });
        let out = party.authorizer.sign_out().await.unwrap();
        match out.revocation {
            Some(Revocation::Failed(why)) => assert!(why.contains(named), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}
