//! Decisions of a registration, without a server: which client is used, what is asked for, how the
//! answer is read, and what a refusal leads to.

use http::StatusCode;
use url::Url;

use super::*;
use crate::auth::discovery::metadata::{AuthorizationServer, ProtectedResource};
use crate::auth::options::IdentityProvider;
use crate::http::HttpOptions;

const ISSUER: &str = "https://as.example.com";
const NOW: u64 = 1_700_000_000;

fn options() -> AuthOptions {
    let options = AuthOptions::new(Url::parse("https://mcp.example.com/mcp").unwrap());
    AuthOptions { callback_port: Some(3334), ..options }
}

fn server(methods: Option<&[&str]>) -> AuthorizationServer {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    AuthorizationServer {
        issuer: ISSUER.to_owned(),
        registration_endpoint: Url::parse("https://as.example.com/register").ok(),
        token_endpoint_auth_methods_supported: methods.map(own),
        ..AuthorizationServer::default()
    }
}

/// Runs `check` with a registrar for this server.
fn with<T>(
    options: &AuthOptions,
    server: AuthorizationServer,
    check: impl FnOnce(&Registrar<'_>) -> T,
) -> T {
    with_listed(&["https://listed.example.com"], options, server, check)
}

/// The same, if the resource lists these issuers.
fn with_listed<T>(
    listed: &[&str],
    options: &AuthOptions,
    server: AuthorizationServer,
    check: impl FnOnce(&Registrar<'_>) -> T,
) -> T {
    let authorization_servers = listed.iter().map(|issuer| (*issuer).to_owned()).collect();
    let resource = ProtectedResource { authorization_servers, ..ProtectedResource::default() };
    let issuer = ISSUER.to_owned();
    let discovered =
        DiscoveredServer { resource: Some(resource), server, issuer, documented: true };
    let http_client = GuardedClient::new(options, &HttpOptions::default());
    let registrar =
        Registrar { http_client: &http_client, options, discovered: &discovered, now: NOW };
    check(&registrar)
}

fn redirect(uri: &str) -> Redirect {
    Redirect::parse(uri).unwrap()
}

fn answer(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn given(id: &str) -> PreRegistered {
    PreRegistered { client_secret: Some(Secret::new("s".to_owned())), ..PreRegistered::new(id) }
}

/// A-20
#[test]
fn a_metadata_document_is_the_client_where_the_server_accepts_them() {
    let document = Url::parse("https://example.com/client.json").unwrap();
    let mut options = AuthOptions { client_metadata_url: Some(document.clone()), ..options() };
    let accepts =
        AuthorizationServer { client_id_metadata_document_supported: true, ..server(None) };
    let client = with(&options, accepts.clone(), |it| it.given_or_documented(None));
    let client = client.unwrap().unwrap();
    assert_eq!((client.how, client.client_id), (Registered::ByDocument, document.to_string()));
    assert_eq!((client.auth_method, client.client_secret), (AuthMethod::None, None));
    assert_eq!((client.issuer.as_str(), client.registered_at), (ISSUER, NOW));
    let client = with(&options, server(None), |it| it.given_or_documented(None));
    assert_eq!(client.unwrap(), None);
    // The user's client wins over a document.
    options.client_info = Some(given("mine"));
    let client = with(&options, accepts, |it| it.given_or_documented(None)).unwrap().unwrap();
    assert_eq!((client.how, client.client_id.as_str()), (Registered::Beforehand, "mine"));
}

/// A-21
#[test]
fn a_client_of_the_user_is_only_for_its_own_issuer() {
    for (issuer, accepts_mismatch, is_used) in [
        (None, false, true),
        (Some(ISSUER), false, true),
        (Some("https://as.example.com/"), false, true),
        (Some("https://other.example.com"), false, false),
        (Some("https://other.example.com"), true, false),
        (Some("https://listed.example.com"), false, false),
        (Some("https://listed.example.com"), true, true),
    ] {
        let issuer = issuer.map(str::to_owned);
        let client_info = Some(PreRegistered { issuer: issuer.clone(), ..given("mine") });
        let options =
            AuthOptions { client_info, accept_issuer_mismatch: accepts_mismatch, ..options() };
        let used = with(&options, server(None), |it| it.given_or_documented(None));
        assert_eq!(used.is_ok(), is_used, "{issuer:?} {accepts_mismatch}");
        if let Err(failure) = used {
            assert!(failure.message.contains(&issuer.unwrap()), "{}", failure.message);
            assert!(failure.message.contains(ISSUER) && failure.message.contains("`mine`"));
        }
    }
}

/// A-21
#[test]
fn of_several_listed_issuers_none_stands_for_another() {
    let listed = ["https://listed.example.com", "https://as.example.com"];
    let issuer = Some(listed[0].to_owned());
    let client_info = Some(PreRegistered { issuer, ..given("mine") });
    let options = AuthOptions { client_info, accept_issuer_mismatch: true, ..options() };
    for (listed, is_used) in [(&listed[..1], true), (&listed, false), (&[], false)] {
        let used = with_listed(listed, &options, server(None), |it| it.given_or_documented(None));
        assert_eq!(used.is_ok(), is_used, "{listed:?}");
    }
}

/// A-25
#[test]
fn a_server_that_offers_no_way_to_become_a_client_is_an_obstacle() {
    let closed = AuthorizationServer { registration_endpoint: None, ..server(None) };
    assert!(with(&options(), server(None), |it| it.obstacle()).is_none());
    let failure = with(&options(), closed.clone(), |it| it.obstacle()).unwrap();
    assert_eq!(failure.kind, FailureKind::AuthFailed);
    assert!(failure.hint.contains("http://localhost:3334/oauth/callback"), "{}", failure.hint);
    assert!(!failure.hint.contains("--client-metadata-url"), "{}", failure.hint);
    let documents =
        AuthorizationServer { client_id_metadata_document_supported: true, ..closed.clone() };
    let failure = with(&options(), documents, |it| it.obstacle()).unwrap();
    assert!(failure.hint.contains("--client-metadata-url"), "{}", failure.hint);
    let own = AuthOptions { client_info: Some(given("mine")), ..options() };
    assert!(with(&own, closed, |it| it.obstacle()).is_none());
}

/// A-50
#[test]
fn a_method_that_was_accepted_is_used_again_for_the_same_client_only() {
    let accepted = Registration {
        client_id: "mine".to_owned(),
        auth_method: AuthMethod::Basic,
        client_id_in_form: true,
        basic_is_raw: true,
        ..Registration::anonymous(ISSUER, 1)
    };
    let of_other_issuer =
        Registration { issuer: "https://other.example.com".to_owned(), ..accepted.clone() };
    let of_other_client = Registration { client_id: "other".to_owned(), ..accepted.clone() };
    let dynamic = Registration { how: Registered::Dynamically, ..accepted.clone() };
    let public = Registration { auth_method: AuthMethod::None, ..accepted.clone() };
    let posts = Some(AuthMethod::Post);
    for (earlier, wanted, method, is_remembered) in [
        (None, None, AuthMethod::Post, false),
        (Some(&accepted), None, AuthMethod::Basic, true),
        (Some(&accepted), Some(AuthMethod::Basic), AuthMethod::Basic, true),
        (Some(&accepted), posts, AuthMethod::Post, false),
        (Some(&of_other_issuer), None, AuthMethod::Post, false),
        (Some(&of_other_client), None, AuthMethod::Post, false),
        (Some(&dynamic), None, AuthMethod::Post, false),
        (Some(&public), None, AuthMethod::Post, false),
    ] {
        let client_info = Some(PreRegistered { auth_method: wanted, ..given("mine") });
        let options = AuthOptions { client_info, ..options() };
        let both = server(Some(&["client_secret_basic", "client_secret_post"]));
        let client = with(&options, both, |it| it.given_or_documented(earlier));
        let client = client.unwrap().unwrap();
        let remembered = client.client_id_in_form && client.basic_is_raw;
        assert_eq!((client.auth_method, remembered), (method, is_remembered), "{earlier:?}");
    }
}

/// A-23
#[test]
fn a_registration_asks_for_what_the_grant_needs() {
    let code = json!(["authorization_code", "refresh_token"]);
    let device = json!(["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]);
    let idp = Url::parse("https://idp.example.com").unwrap();
    let identity_provider = Some(IdentityProvider { issuer: idp, client: None, token: None });
    for (grant, grants, responses) in [
        (Grant::AuthorizationCode, code, json!(["code"])),
        (Grant::DeviceCode, device, json!([])),
        (Grant::EnterpriseManaged, json!([jwt_bearer::GRANT_TYPE]), json!([])),
    ] {
        let identity_provider = identity_provider.clone();
        let options = AuthOptions { grant, identity_provider, ..options() };
        let wanted = RegistrationVariant::default();
        let request = with(&options, server(None), |it| it.request(&wanted));
        assert_eq!(request["grant_types"], grants);
        assert_eq!(request["response_types"], responses);
        assert_eq!(request["application_type"], "native");
        assert!(!request.contains_key("redirect_uris") && !request.contains_key("scope"));
    }
}

/// A-23, A-24
#[test]
fn a_variant_and_the_users_members_change_the_request() {
    let wanted = RegistrationVariant {
        redirect: Some(redirect("http://localhost:3334/oauth/callback")),
        scopes: Some("read write".to_owned()),
        method: Some(AuthMethod::Post),
        no_type: true,
        no_refreshes: true,
    };
    let request = with(&options(), server(None), |it| it.request(&wanted));
    assert_eq!(request["redirect_uris"], json!(["http://localhost:3334/oauth/callback"]));
    assert_eq!(request["scope"], "read write");
    assert_eq!(request["token_endpoint_auth_method"], "client_secret_post");
    assert_eq!(request["grant_types"], json!(["authorization_code"]));
    assert!(!request.contains_key("application_type"));
    let members = answer(&json!({ "scope": "mine", "token_endpoint_auth_method": "none" }));
    let options = AuthOptions { client_metadata: members, ..options() };
    let request = with(&options, server(None), |it| it.request(&wanted));
    assert_eq!((request["scope"].as_str(), request["client_name"].as_str()), {
        (Some("mine"), Some("mcp-tether"))
    });
    assert_eq!(request["token_endpoint_auth_method"], "none");
    // Without a wish, the first that the server lists and that needs no secret if possible.
    for (listed, method) in [
        (None, "none"),
        (Some(&["client_secret_basic"][..]), "client_secret_basic"),
        (Some(&["client_secret_basic", "client_secret_post"]), "client_secret_post"),
        (Some(&["private_key_jwt"]), "none"),
    ] {
        let wanted = RegistrationVariant::default();
        let request = with(&self::options(), server(listed), |it| it.request(&wanted));
        assert_eq!(request["token_endpoint_auth_method"], method, "{listed:?}");
    }
}

/// A-24
#[test]
fn the_answer_overrides_the_request() {
    let asked = redirect("http://localhost:3334/oauth/callback");
    let wanted = RegistrationVariant {
        redirect: Some(asked.clone()),
        scopes: Some("read".to_owned()),
        ..RegistrationVariant::default()
    };
    let said = answer(&json!({
        "client_id": "id", "client_secret": "s", "client_secret_expires_at": 1_800_000_000,
        "scope": "read write", "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": ["http://localhost:3334/oauth/callback", 7, "https://web.example.com/cb"],
    }));
    let (client, redirect) =
        with(&options(), server(None), |it| it.registered(&said, &wanted)).unwrap();
    assert_eq!(redirect, Some(asked.clone()));
    assert_eq!((client.client_id.as_str(), client.how), ("id", Registered::Dynamically));
    assert_eq!(client.client_secret, Some(Secret::new("s".to_owned())));
    assert_eq!(client.secret_expires_at, Some(1_800_000_000));
    assert_eq!(client.scope.as_deref(), Some("read write"));
    assert_eq!(client.auth_method, AuthMethod::Basic);
    assert_eq!(client.redirect_uris, [asked.uri(), "https://web.example.com/cb".to_owned()]);
    // What the answer leaves out stays as it was asked for.
    let said = answer(&json!({ "client_id": 4711, "client_secret_expires_at": 0 }));
    let (client, _) = with(&options(), server(None), |it| it.registered(&said, &wanted)).unwrap();
    assert_eq!((client.client_id.as_str(), client.auth_method), ("4711", AuthMethod::None));
    assert_eq!((client.secret_expires_at, client.scope.as_deref()), (None, Some("read")));
    assert_eq!(client.redirect_uris, [asked.uri()]);
    for said in [json!({}), json!({ "client_id": "" }), json!({ "client_id": -1 })] {
        let failed = with(&options(), server(None), |it| it.registered(&answer(&said), &wanted));
        assert!(failed.unwrap_err().message.contains("no `client_id`"), "{said}");
    }
}

/// A-64
#[test]
fn a_method_is_settled_by_the_answer_the_request_and_what_there_is_to_show() {
    let lists_both = Some(&["client_secret_basic", "client_secret_post"][..]);
    for (listed, said, has_secret, method) in [
        (None, Some("client_secret_post"), true, AuthMethod::Post),
        (None, Some("none"), true, AuthMethod::None),
        (None, None, false, AuthMethod::None),
        // The method that was asked for does not fit, so the list decides.
        (None, None, true, AuthMethod::Basic),
        (lists_both, None, true, AuthMethod::Post),
        (lists_both, None, false, AuthMethod::None),
        // Nothing to sign with, no certificate, or no such method.
        (None, Some("private_key_jwt"), false, AuthMethod::None),
        (None, Some("tls_client_auth"), true, AuthMethod::Basic),
        (None, Some("self_signed_tls_client_auth"), false, AuthMethod::None),
        (None, Some("client_secret_jwt"), true, AuthMethod::Basic),
    ] {
        let wanted = RegistrationVariant::default();
        let settled =
            with(&options(), server(listed), |it| it.settled_method(said, &wanted, has_secret));
        assert_eq!(settled, method, "{listed:?} {said:?} {has_secret}");
    }
    let members = answer(&json!({ "token_endpoint_auth_method": "private_key_jwt" }));
    let options = AuthOptions { client_metadata: members, ..options() };
    let wanted = RegistrationVariant::default();
    let settled = with(&options, server(None), |it| {
        it.settled_method(Some("private_key_jwt"), &wanted, false)
    });
    assert_eq!(settled, AuthMethod::PrivateKeyJwt, "the user has asked for it");
}

/// A-23
#[test]
fn a_refusal_says_what_was_refused_and_what_to_change() {
    for (status, body, kind, words, hint) in [
        (400, r#"{"error":"invalid_scope"}"#, FailureKind::AuthFailed, "invalid_scope", "--scope"),
        (
            400,
            r#"{"error":"invalid_redirect_uri"}"#,
            FailureKind::AuthFailed,
            "invalid_redirect_uri",
            "--callback-port",
        ),
        (
            422,
            r#"{"error":"x","error_description":"auth_method none"}"#,
            FailureKind::AuthFailed,
            "HTTP 422, x: auth_method none",
            "token_endpoint_auth_method",
        ),
        (403, "", FailureKind::AuthFailed, "HTTP 403", "--static-oauth-client-info"),
        (200, "{}", FailureKind::AuthFailed, "`text/plain` that is not a registration", "--static"),
        (429, "", FailureKind::Http, "HTTP 429", "7 s"),
        (408, "", FailureKind::Http, "HTTP 408", "7 s"),
        (500, "", FailureKind::Http, "HTTP 500", "7 s"),
        (499, "", FailureKind::AuthFailed, "HTTP 499", "--static-oauth-client-info"),
    ] {
        let answer = GuardedResponse {
            status: StatusCode::from_u16(status).unwrap(),
            media_type: "text/plain".to_owned(),
            retry_after: Some(7),
            body: body.as_bytes().to_vec(),
            ..GuardedResponse::default()
        };
        let refused = with(&options(), server(None), |it| it.refusal(&answer));
        let Failure { kind: found, message, hint: said, status: code } = refused.failure;
        assert_eq!((found, code), (kind, Some(status)), "{message}");
        assert!(message.contains(words) && message.contains(ISSUER), "{message}");
        assert!(said.contains(hint), "{status} {body}: {said}");
    }
}

/// A-24
#[test]
fn a_redirect_that_the_server_changed_is_used_if_this_program_can_listen_there() {
    let asked = redirect("http://localhost:3334/oauth/callback");
    for (registered, used) in [
        (&[][..], Some("http://localhost:3334/oauth/callback")),
        (&["http://x.example.com/", "http://localhost:3334/oauth/callback"], {
            Some("http://localhost:3334/oauth/callback")
        }),
        (&["http://127.0.0.1:3334/cb"], Some("http://127.0.0.1:3334/cb")),
        // Any port is permitted (RFC 8252 §7.3).
        (&["http://127.0.0.1/cb"], Some("http://127.0.0.1:3334/cb")),
        (&["http://127.0.0.1:9/cb", "http://[::1]:3334/"], Some("http://[::1]:3334/")),
        (&["http://localhost:9/oauth/callback"], None),
        (&["https://localhost:3334/oauth/callback"], None),
        (&["http://mcp.example.com:3334/oauth/callback"], None),
        (&["not a URI"], None),
    ] {
        let registered: Vec<String> = registered.iter().map(|uri| (*uri).to_owned()).collect();
        let settled = settled_redirect(&asked, &registered);
        let settled = settled.map(|redirect| redirect.uri()).map_err(|failure| failure.message);
        match used {
            Some(uri) => assert_eq!(settled.as_deref(), Ok(uri), "{registered:?}"),
            None => assert!(settled.unwrap_err().contains(&asked.uri()), "{registered:?}"),
        }
    }
}
