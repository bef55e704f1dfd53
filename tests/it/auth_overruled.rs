//! Refusals that a person can overrule, each with its own flag: another issuer, in a document or in
//! the answer of the browser, and silence about PKCE. What is accepted counts at every later check.

use std::time::Duration;

use mcp_tether::auth::{
    Grant, Interaction, MemoryVault, PreRegistered, SignIn, StoredRecord, Vault,
};
use serde_json::json;
use url::Url;

use crate::auth_discovery::{server, stops};
use crate::support::authorization_server::AuthorizationServer;
use crate::support::fakes::FakeBrowser;
use crate::support::ports::KeptPort;
use crate::support::sign_in::{Party, party};

/// A-06: another issuer is refused by name, with the flag that accepts it; and the flag does.
#[tokio::test]
async fn metadata_of_another_issuer_is_refused_unless_accepted() {
    let server = server(|config| {
        config.issuer = Some("https://attacker.example".to_owned());
        config.iss = config.issuer.clone();
    })
    .await;
    let failure = stops(&server).await;
    assert!(failure.message.contains("`https://attacker.example`"), "{}", failure.message);
    assert!(failure.message.contains(&format!("`{}`", server.issuer())), "{}", failure.message);
    assert!(failure.hint.contains("--accept-issuer-mismatch"));
    let accepting = party(&server).options(|options| options.accept_issuer_mismatch = true).build();
    assert_eq!(accepting.list().await, Ok(2));
}

/// A-06, A-40, O-9: the root slash that URL types add makes no other issuer, and from there on the
/// issuer is what the document says: for `iss`, for what is stored, for a client of the user's.
#[tokio::test]
async fn a_root_slash_makes_no_other_issuer() {
    let server = server(|config| config.real_issuer_named = false).await;
    let slashed = format!("{}/", server.issuer());
    server.change(|config| config.other_issuers = vec![slashed.clone()]);
    let port = KeptPort::find();
    let party_of = |vault: &MemoryVault| {
        party(&server).vault(vault).options(|options| {
            let given =
                PreRegistered { issuer: Some(slashed.clone()), ..PreRegistered::new("mine") };
            options.client_info = Some(given);
            options.callback_port = Some(port.number());
        })
    };
    let first = party(&server).build();
    assert_eq!(first.list().await, Ok(2));
    assert_eq!(stored_issuer(&first).await, server.issuer());
    server.end_grants();
    assert_eq!(first.list().await, Ok(2));
    assert_eq!(server.asked_at("/register").len(), 1, "the registration is found again");

    // `iss` is compared to the letter with the document's issuer.
    server.change(|config| config.iss = Some("@issuer/".to_owned()));
    let failure = party(&server).build().list().await.unwrap_err();
    assert!(failure.message.contains(&format!("`{slashed}`")), "{}", failure.message);

    // A client that the user gave for the issuer with its slash is of this issuer.
    let given = party_of(&MemoryVault::new()).browser(&FakeBrowser::ignores());
    let given = given.options(|options| options.auth_timeout = Duration::from_secs(1)).build();
    let failure = given.list().await.unwrap_err();
    assert!(failure.message.contains("timed out"), "{}", failure.message);
}

/// A-06, O-9: any other slash counts, and the message says that it is only that.
#[tokio::test]
async fn a_slash_behind_a_path_makes_another_issuer() {
    let server = server(|config| {
        config.issuer_path = "/t1";
        config.server_metadata = Some("/.well-known/oauth-authorization-server/t1");
    })
    .await;
    let slashed = format!("{}/", server.issuer());
    server.change(|config| config.issuer = Some(slashed));
    let failure = stops(&server).await;
    assert!(failure.message.contains("only in a slash"), "{}", failure.message);
}

/// A-06, A-40: an issuer that the user accepts is the issuer from then on; a third one is not.
#[tokio::test]
async fn an_accepted_issuer_counts_at_every_later_check() {
    let other = "https://issuer.example";
    let server = server(|config| {
        config.issuer = Some(other.to_owned());
        config.iss = Some(other.to_owned());
    })
    .await;
    let accepting = || party(&server).options(|options| options.accept_issuer_mismatch = true);
    let first = accepting().build();
    assert_eq!(first.list().await, Ok(2));
    assert_eq!(stored_issuer(&first).await, other);
    server.end_access_tokens();
    let next = accepting().vault(&first.vault).build();
    assert_eq!(next.list().await, Ok(2), "the record is of the accepted issuer");
    server.end_grants();
    assert_eq!(next.list().await, Ok(2));
    assert_eq!(server.asked_at("/register").len(), 1, "and so is the registration");

    server.change(|config| config.iss = Some("https://third.example".to_owned()));
    let failure = accepting().build().list().await.unwrap_err();
    for named in ["`https://third.example`", "`https://issuer.example`"] {
        assert!(failure.message.contains(named), "{}", failure.message);
    }
}

/// A-40: a proxy that hands on its upstream's answers: refused with both names and the flag for it.
#[tokio::test]
async fn an_answer_of_an_upstream_can_be_accepted_by_name() {
    let upstream = "https://upstream.example";
    let server = server(|config| config.iss = Some(upstream.to_owned())).await;
    let failure = party(&server).build().list().await.unwrap_err();
    assert!(failure.message.contains(upstream) && failure.message.contains(&server.issuer()));
    assert!(failure.hint.contains("`--callback-issuer`"), "{failure:?}");
    let accepting = |issuer: &str| {
        let issuer = Some(issuer.to_owned());
        party(&server).options(|options| options.callback_issuer = issuer).build()
    };
    assert_eq!(accepting(upstream).list().await, Ok(2));
    assert!(accepting("https://another.example").list().await.is_err());
    assert!(accepting("").list().await.is_err());
}

async fn stored_issuer(party: &Party) -> String {
    let name = party.vault.names().into_iter().find(|name| name.starts_with("sign-in.")).unwrap();
    let bytes = party.vault.load(&name).await.unwrap().unwrap();
    SignIn::from_bytes(&bytes).unwrap().issuer
}

/// A-07: silence about PKCE can be overruled and is met with `S256` all the same; a list without it
/// cannot.
#[tokio::test]
async fn pkce_can_be_assumed_where_nothing_is_said() {
    let assuming =
        |server: &AuthorizationServer| party(server).options(|o| o.assume_pkce = true).build();
    let silent = server(|config| config.pkce = None).await;
    let hint = stops(&silent).await.hint;
    assert!(hint.contains("`--assume-pkce`"), "{hint}");
    assert_eq!(assuming(&silent).list().await, Ok(2));
    assert_eq!(silent.asked_at("/authorize")[0].query["code_challenge_method"], "S256");
    let plain = server(|config| config.pkce = Some(vec!["plain"])).await;
    assert!(assuming(&plain).list().await.is_err());
    assert!(plain.asked_at("/authorize").is_empty());
}

/// A-11, A-17: lists without the grant that works all the same.
#[tokio::test]
async fn a_wrong_list_of_grants_can_be_overruled() {
    for list in [
        json!({ "grant_types_supported": ["client_credentials"] }),
        json!({ "response_types_supported": ["token"] }),
    ] {
        let server = server(|config| config.extra_metadata = list).await;
        let hint = stops(&server).await.hint;
        assert!(hint.contains("`--assume-grant`"), "{hint}");
        let assuming = party(&server).options(|options| options.assume_grant = true).build();
        assert_eq!(assuming.list().await, Ok(2));
    }
}

/// A-17: endpoints that the user names count whatever the documents say, each beside what they say
/// of the rest.
#[tokio::test]
async fn a_named_endpoint_takes_the_place_of_the_documents() {
    for (member, path) in [("authorization_endpoint", "/authorize"), ("token_endpoint", "/token")] {
        for wrong in [json!(null), json!("@origin/wrong")] {
            let server = server(|_| {}).await;
            let wrong = match wrong.as_str() {
                Some(_) => json!(format!("{}/wrong", server.origin())),
                None => wrong,
            };
            server.change(|config| config.extra_metadata = json!({ member: wrong }));
            let endpoint: Url = format!("{}{path}", server.origin()).parse().unwrap();
            let named = party(&server).options(|options| match member {
                "token_endpoint" => options.token_endpoint = Some(endpoint),
                _ => options.authorization_endpoint = Some(endpoint),
            });
            let named = named.build();
            assert_eq!(named.list().await, Ok(2), "{member}");
            server.end_access_tokens();
            assert_eq!(named.list().await, Ok(2), "{member}: and refreshes");
            assert_eq!(named.browser.opened().len(), 1, "{member}");
        }
    }
}

/// A-17: with every endpoint named, no document is looked for, so that none has to be right.
#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_are_all_named_need_no_document() {
    for grant in [Grant::AuthorizationCode, Grant::DeviceCode] {
        let server = server(|config| {
            config.replaced = Some((
                "/.well-known/oauth-protected-resource/mcp",
                "application/json",
                r#"{"resource":"https://elsewhere","authorization_servers":[]}"#,
            ));
            config.device_polls = 0;
        })
        .await;
        let hint = stops(&server).await.hint;
        assert!(!hint.is_empty());
        let kept = KeptPort::find();
        let port = kept.number();
        let redirect = format!("http://localhost:{port}/oauth/callback");
        server.add_client("mine", None, &[&redirect]);
        let at = |path: &str| Some(format!("{}{path}", server.origin()).parse().unwrap());
        let named = party(&server).options(|options| {
            options.grant = grant.clone();
            options.callback_port = Some(port);
            options.authorization_endpoint = at("/authorize");
            options.device_endpoint = at("/device");
            options.token_endpoint = at("/token");
            options.client_info = Some(PreRegistered::new("mine"));
        });
        let named = named.build();
        named.authorizer.sign_in(Interaction::Browser).await.unwrap();
        assert_eq!(named.list().await, Ok(1), "{grant:?}");
        server.end_access_tokens();
        assert_eq!(named.list().await, Ok(2), "{grant:?}: and refreshes");
        let documents = server.asked_at("/.well-known/oauth-authorization-server");
        assert!(documents.is_empty(), "{grant:?}");
    }
}
