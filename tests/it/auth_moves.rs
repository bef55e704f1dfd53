//! Authorization servers that move away, and servers whose documents are broken (A-03 to A-06,
//! looked for once, told as what they are.

use mcp_tether::error::{Failure, FailureKind};
use serde_json::json;

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::fakes::FakeBrowser;
use crate::support::sign_in::{Party, party};

const RESOURCE: &str = "/.well-known/oauth-protected-resource/mcp";
const ROOT_RESOURCE: &str = "/.well-known/oauth-protected-resource";
const SERVER: &str = "/.well-known/oauth-authorization-server";

async fn server(change: impl FnOnce(&mut Config)) -> AuthorizationServer {
    let mut config = Config::default();
    change(&mut config);
    AuthorizationServer::start(config).await
}

/// Returns a bridge that is signed in, and whose token has ended: the server refuses it, or both
/// know it.
async fn outdated(server: &AuthorizationServer, both_know: bool) -> Party {
    let party = party(server).build();
    party.list().await.unwrap();
    server.end_access_tokens();
    if both_know {
        party.clock.advance(3600);
        server.advance(3600);
    }
    party
}

/// the old token endpoint is gone because the server went over to another issuer:
/// discovered once, and signed in there with a client of its own.
#[tokio::test]
async fn another_issuer_is_found_when_the_old_token_endpoint_is_gone() {
    for both_know in [false, true] {
        let server = server(|_| {}).await;
        let party = outdated(&server, both_know).await;
        server.change(|config| {
            config.issuer_path = "/tenant";
            config.server_metadata = Some("/.well-known/oauth-authorization-server/tenant");
            config.gone = Some("/token");
        });
        party.list().await.unwrap();
        assert_eq!(server.grants("refresh_token").len(), 1, "tried once where it was");
        assert_eq!(server.asked_at("/tenant/register").len(), 1, "A-21: a client of that issuer");
        assert_eq!(party.browser.opened().len(), 2);
        assert_eq!(server.reuses(), 0);
    }
}

/// S-39: nobody waits for an answer, and the server had accepted the token: one page follows at
/// once, and no further one.
#[tokio::test]
async fn a_token_that_was_accepted_leads_to_one_more_page_at_once() {
    let server = server(|_| {}).await;
    let party = party(&server).build().without_demand();
    party.list().await.unwrap();
    let moves = [
        ("/first", "/.well-known/oauth-authorization-server/first", "/token", true),
        ("/second", "/.well-known/oauth-authorization-server/second", "/first/token", false),
    ];
    for (issuer, document, gone, may_open) in moves {
        server.end_access_tokens();
        server.change(|config| {
            config.issuer_path = issuer;
            config.server_metadata = Some(document);
            config.gone = Some(gone);
        });
        assert_eq!(party.list().await.is_ok(), may_open, "{issuer}");
    }
    assert_eq!(party.browser.opened().len(), 2);
}

/// the same issuer has another token endpoint by now: renewed there, and nobody is bothered.
#[tokio::test]
async fn a_token_endpoint_that_moved_is_found() {
    for both_know in [false, true] {
        let server = server(|_| {}).await;
        let party = outdated(&server, both_know).await;
        let moved = format!("{}/moved/token", server.origin());
        server.change(|config| {
            config.extra_metadata = json!({ "token_endpoint": moved });
            config.gone = Some("/token");
        });
        party.list().await.unwrap();
        assert_eq!(server.asked_at("/moved/token").len(), 1);
        assert_eq!(party.browser.opened().len(), 1);
        server.end_access_tokens();
        party.list().await.unwrap();
        assert_eq!(server.asked_at("/moved/token").len(), 2, "the new place is remembered");
        assert_eq!(server.asked_at("/token").len(), 2, "the code, and one attempt to renew");
    }
}

/// gone, and the documents still name the place: a person is asked once, and the tokens stay
/// in case that it comes back.
#[tokio::test]
async fn a_token_endpoint_that_is_only_away_costs_no_sign_in() {
    let server = server(|_| {}).await;
    let party = outdated(&server, false).await;
    server.change(|config| config.gone = Some("/token"));
    let looked = server.asked_at(SERVER).len();
    let failure = party.list().await.unwrap_err();
    assert_eq!((failure.kind, failure.status), (FailureKind::Http, Some(404)));
    assert_eq!(server.asked_at(SERVER).len(), looked + 2, "for the renewal, for the sign-in");
    assert_eq!(party.browser.opened().len(), 2);
    assert!(party.vault.names().iter().any(|name| name.starts_with("sign-in.")));
}

/// one of several issuers is away: its tokens are not given up for another one's.
#[tokio::test]
async fn an_issuer_that_is_away_is_not_exchanged_for_another() {
    let server = server(|_| {}).await;
    let other = self::server(|_| {}).await;
    let party = outdated(&server, false).await;
    server.change(|config| {
        config.other_issuers = vec![other.issuer()];
        config.gone = Some("/token");
        config.failing = Some(SERVER);
    });
    party.list().await.unwrap_err();
    assert_eq!(party.browser.opened().len(), 1);
    assert!(other.asked_at("/register").is_empty());
}

async fn refused(server: &AuthorizationServer) -> Failure {
    let no_browser = FakeBrowser::must_not_open();
    let failure = party(server).browser(&no_browser.browser()).build().list().await.unwrap_err();
    assert!(server.asked_at("/register").is_empty(), "nothing is registered: {failure:?}");
    failure
}

/// a broken document of the resource is told as that, with its place and what is wrong.
#[tokio::test]
async fn a_broken_resource_document_is_told_as_such() {
    for (kind, text, reason) in [
        ("application/json", "[]", "it is not a JSON object (it came as `application/json`)"),
        ("application/json", "oops", "it is not JSON"),
        ("text/html", "<html>", "it is not JSON (it came as `text/html`)"),
        ("application/json", "{\"resource\":7}", "its `resource` is not a string"),
        ("application/json", "{\"authorization_servers\":[]}", "it has no `resource`"),
        (
            "application/json",
            "{\"resource\":\"R\",\"authorization_servers\":7}",
            "its `authorization_servers` is not an array",
        ),
    ] {
        let server = server(|config| config.replaced = Some((RESOURCE, kind, text))).await;
        let failure = refused(&server).await;
        let place = format!("the metadata at `{}{RESOURCE}` cannot be used: ", server.origin());
        assert!(failure.message.starts_with(&place), "{}", failure.message);
        assert!(failure.message.contains(reason), "{}", failure.message);
        assert!(failure.hint.contains("operator"));
    }
}

/// at a place that we guess, a page is what servers answer to everything, and no
/// document.
#[tokio::test]
async fn a_page_at_a_place_that_nobody_named_is_no_document() {
    let server = server(|config| {
        config.named_in_challenge = false;
        config.resource_metadata = Some(ROOT_RESOURCE);
        config.replaced = Some((RESOURCE, "text/html", "<html>"));
    })
    .await;
    assert_eq!(party(&server).build().list().await, Ok(2));
    server.change(|config| config.replaced = Some((ROOT_RESOURCE, "text/html", "<html>")));
    assert_eq!(party(&server).build().list().await, Ok(2), "served as one of 2025-03-26");
}

/// the same for the document of the authorization server.
#[tokio::test]
async fn a_broken_document_of_the_authorization_server_is_told_as_such() {
    for (text, reason) in [
        ("[]", "it is not a JSON object"),
        ("{\"issuer\":[]}", "its `issuer` is not a string"),
        ("{", "it is not JSON"),
    ] {
        let server =
            server(|config| config.replaced = Some((SERVER, "application/json", text))).await;
        let failure = refused(&server).await;
        let place = format!("the metadata at `{}{SERVER}` cannot be used: ", server.origin());
        assert!(failure.message.starts_with(&place), "{}", failure.message);
        assert!(failure.message.contains(reason), "{}", failure.message);
    }
}

/// a token endpoint that answers with a page is told as that, not as "HTTP 200".
#[tokio::test]
async fn a_token_endpoint_that_answers_with_a_page_is_told_as_such() {
    for (kind, text, said) in [
        (
            "text/html; charset=utf-8",
            "<html>",
            "answered HTTP 200 with `text/html` that is not a JSON object",
        ),
        (
            "application/json",
            "[]",
            "answered HTTP 200 with `application/json` that is not a JSON object",
        ),
        ("application/json", "", "answered HTTP 200 with an empty body instead of a JSON object"),
    ] {
        let server = server(|config| config.replaced = Some(("/token", kind, text))).await;
        let failure = party(&server).build().list().await.unwrap_err();
        assert!(failure.message.contains(said), "{}", failure.message);
        assert!(failure.hint.contains("name another with `--token-endpoint URL`"));
    }
}
