//! How a client comes to its id, and what happens when that is no longer good.

use super::*;

/// every way of authenticating, with a secret that needs encoding.
#[tokio::test]
async fn a_client_authenticates_as_it_was_registered() {
    for method in ["none", "client_secret_basic", "client_secret_post"] {
        let server = server(|config| config.auth_method = method).await;
        let party = party(&server).build();
        assert_eq!(party.list().await, Ok(2), "{method}");
        server.end_access_tokens();
        assert_eq!(party.list().await, Ok(2), "{method}");
        assert_eq!(party.browser.opened().len(), 1, "{method}");
    }
}

/// a secret that ended, and a server that forgot the client: registered once more.
#[tokio::test]
async fn a_client_that_is_no_longer_good_is_registered_again() {
    let ended = server(|config| {
        config.auth_method = "client_secret_post";
        config.secret_expires_at = 1_800_000_100;
        config.refresh_tokens = false;
    })
    .await;
    let one = party(&ended).build();
    one.list().await.unwrap();
    ended.end_access_tokens();
    one.clock.advance(3600);
    one.list().await.unwrap();
    assert_eq!(ended.asked_at("/register").len(), 2);

    let forgetful = server(|_| {}).await;
    let two = party(&forgetful).build();
    two.list().await.unwrap();
    forgetful.forget_clients();
    forgetful.end_grants();
    // The refresh learns that the client is unknown, so that the browser is not sent to a dead end.
    assert_eq!(two.list().await, Ok(2));
    assert_eq!(forgetful.asked_at("/register").len(), 2);
}

/// a client that the user registered; its secret is never stored.
#[tokio::test]
async fn a_client_given_by_the_user_is_used_and_not_stored() {
    let server = server(|config| {
        config.registration = false;
        config.auth_method = "client_secret_basic";
    })
    .await;
    let port = KeptPort::find();
    let redirect = format!("http://localhost:{}/oauth/callback", port.number());
    server.add_client("mine", Some("hunter2:%"), &[&redirect]);
    let mut given = PreRegistered::new("mine");
    given.client_secret = Some(Secret::new("hunter2:%".to_owned()));
    given.redirect_uris = vec![redirect];
    let make = || {
        let given = given.clone();
        party(&server).options(|options| options.client_info = Some(given))
    };
    let first = make().build();
    assert_eq!(first.list().await, Ok(2));
    for name in first.vault.names() {
        let value = first.vault.load(&name).await.unwrap().unwrap();
        let text = String::from_utf8(value.expose().clone()).unwrap();
        assert!(!text.contains("hunter2"), "{name}");
    }
    server.end_access_tokens();
    let second = make().vault(&first.vault).build();
    assert_eq!(second.list().await, Ok(2), "the secret is given again at every start");
    assert_eq!(server.grants("refresh_token").len(), 1);
}

/// a metadata document where the server knows that; else dynamic registration.
#[tokio::test]
async fn a_metadata_document_serves_as_client_id() {
    let document = "https://client.example/mcp.json";
    let knows = server(|config| {
        config.extra_metadata = json!({ "client_id_metadata_document_supported": true });
    })
    .await;
    let kept = KeptPort::find();
    let port = kept.number();
    let options = |o: &mut AuthOptions| {
        o.client_metadata_url = Some(document.parse().unwrap());
        o.callback_port = Some(port);
    };
    knows.add_client(document, None, &[&format!("http://localhost:{port}/oauth/callback")]);
    assert_eq!(party(&knows).options(options).build().list().await, Ok(2));
    assert_eq!(knows.asked_at("/authorize")[0].query["client_id"], document);
    assert_eq!(knows.asked_at("/register").len(), 0);
    let does_not = server(|_| {}).await;
    let other = |o: &mut AuthOptions| {
        o.client_metadata_url = Some(document.parse().unwrap());
    };
    assert_eq!(party(&does_not).options(other).build().list().await, Ok(2));
    assert_eq!(does_not.asked_at("/register").len(), 1);
}

/// nothing to register with: at once, with the command and the values that are needed.
#[tokio::test]
async fn nothing_to_register_with_fails_at_once() {
    let server = server(|config| config.registration = false).await;
    let no_browser = FakeBrowser::must_not_open();
    let party = party(&server).browser(&no_browser.browser()).build();
    let failure = party.list().await.unwrap_err();
    let hint = failure.hint;
    for needed in ["mcp-tether login", "--static-oauth-client-info", "redirect URI"] {
        assert!(hint.contains(needed), "{hint}");
    }
}

/// a refusal of `localhost` is answered with `127.0.0.1`.
#[tokio::test]
async fn a_registration_may_be_retried_with_another_redirect() {
    let server = server(|config| config.refused_redirect_host = Some("localhost")).await;
    let party = party(&server).build();
    assert_eq!(party.list().await, Ok(2));
    let redirect = server.asked_at("/authorize")[0].query["redirect_uri"].clone();
    assert!(redirect.starts_with("http://127.0.0.1:"), "{redirect}");
    assert_eq!(server.asked_at("/token")[0].form["redirect_uri"], redirect, "A-35");
}

/// A-32, docs/from-mcp-remote.md#command-line: the indicator can be fixed or left out.
#[tokio::test]
async fn the_resource_parameter_can_be_replaced_or_left_out() {
    let omitted = server(|_| {}).await;
    party(&omitted)
        .options(|o| o.resource = ResourceIndicator::Omitted)
        .build()
        .list()
        .await
        .unwrap();
    assert!(!omitted.asked_at("/authorize")[0].query.contains_key("resource"));
    assert!(!omitted.asked_at("/token")[0].form.contains_key("resource"));
    let fixed = server(|_| {}).await;
    let indicator = ResourceIndicator::Fixed("urn:mine".to_owned());
    party(&fixed).options(|o| o.resource = indicator).build().list().await.unwrap();
    assert_eq!(fixed.asked_at("/token")[0].form["resource"], "urn:mine");
}
