//! What a context lets through, stores and reads.

use super::*;
use crate::auth::client::pre_registered::PreRegistered;
use crate::auth::discovery::metadata::{AuthorizationServer, ProtectedResource};
use crate::auth::tests::{NOW, options, sign_in, state, store};

const ISSUER: &str = "https://as.example.com";

fn challenge(error: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
    let own = |text: Option<&str>| text.map(str::to_owned);
    Some(Challenge { error: own(error), scope: own(scope), ..Challenge::default() })
}

fn asked(token: &str, scopes: Option<&str>) -> SignIn {
    SignIn { scopes_asked: scopes.map(str::to_owned), ..sign_in(&options(), token, None) }
}

/// A-60, S-04
#[test]
fn a_sign_in_satisfies_a_request_unless_it_was_refused_or_lacks_a_scope() {
    let lacks = Some("insufficient_scope");
    for (challenge, refused, stored, is_enough) in [
        (None, None, asked("a", None), true),
        (None, Some("a"), asked("a", None), false),
        (None, Some("a"), asked("b", None), true),
        (challenge(lacks, Some("x")), Some("a"), asked("b", Some("x y")), true),
        (challenge(lacks, Some("x")), Some("a"), asked("b", Some("y")), false),
        (challenge(lacks, Some("x")), Some("a"), asked("b", None), false),
        (challenge(lacks, None), Some("a"), asked("b", None), true),
        // Scopes in a challenge without a token are a hint for the sign-in, and no demand.
        (challenge(None, Some("x")), Some("a"), asked("b", None), true),
    ] {
        let refused = refused.map(|token| Arc::new(asked(token, None)));
        let request = SignInRequest { challenge, refused, ..SignInRequest::default() };
        assert_eq!(request.is_satisfied_by(&stored), is_enough, "{:?}", request.challenge);
    }
}

///
#[tokio::test]
async fn a_stored_sign_in_is_read_only_if_it_is_for_this_server() {
    let (state, vault) = state(options());
    let context = &state.context;
    assert_eq!(context.stored_sign_in().await.unwrap(), None);
    store(&state, &vault, &sign_in(&options(), "a", None)).await;
    assert!(context.stored_sign_in().await.unwrap().is_some());
    let other = SignIn {
        server: "https://other.example.com/".to_owned(),
        ..sign_in(&options(), "a", None)
    };
    store(&state, &vault, &other).await;
    let failure = context.stored_sign_in().await.unwrap_err();
    assert!(failure.message.ends_with("is damaged"), "{}", failure.message);
    assert!(failure.hint.contains("mcp-tether logout"), "{}", failure.hint);
    vault.save(&context.names.sign_in, Secret::new(b"{".to_vec())).await.unwrap();
    assert!(context.stored_sign_in().await.is_err());
    vault.break_name(&context.names.sign_in);
    let failure = context.stored_sign_in().await.unwrap_err();
    assert!(failure.message.starts_with("cannot use the stored sign-in: "), "never silent");
    assert!(failure.hint.contains("mcp-tether doctor"), "{}", failure.hint);
}

///
#[tokio::test]
async fn the_users_own_secret_is_added_to_what_is_stored() {
    let given = PreRegistered {
        client_secret: Some(Secret::new("s".to_owned())),
        ..PreRegistered::new("client")
    };
    let options = AuthOptions { client_info: Some(given), ..options() };
    let (state, vault) = state(options.clone());
    let mut record = sign_in(&options, "a", None);
    record.registration.client_secret = Some(Secret::new("s".to_owned()));
    store(&state, &vault, &record).await;
    let bytes = vault.load(&state.context.names.sign_in).await.unwrap().unwrap();
    let kept = SignIn::from_bytes(&bytes).unwrap();
    assert_eq!(kept.registration.client_secret, None, "it is not stored");
    let read = state.context.stored_sign_in().await.unwrap().unwrap();
    assert_eq!(read, record);
}

fn discovered(issuer: &str) -> DiscoveredServer {
    DiscoveredServer {
        resource: Some(ProtectedResource {
            scopes_supported: vec!["read".to_owned()],
            ..ProtectedResource::default()
        }),
        server: AuthorizationServer::default(),
        issuer: issuer.to_owned(),
        documented: true,
    }
}

///
#[tokio::test]
async fn a_stored_client_is_used_at_its_issuer_while_its_secret_lasts() {
    let (state, vault) = state(options());
    let context = &state.context;
    let name = context.names.registration(ISSUER);
    for (issuer, end, is_used) in [
        (ISSUER, None, true),
        (ISSUER, Some(NOW + 61), true),
        (ISSUER, Some(NOW + 60), false),
        ("https://other.example.com", None, false),
    ] {
        let secret_expires_at = end;
        let stored = Registration { secret_expires_at, ..Registration::anonymous(issuer, 0) };
        vault.save(&name, stored.to_bytes()).await.unwrap();
        let found = context.stored_registration(&discovered(ISSUER)).await;
        assert_eq!(found.is_some(), is_used, "{issuer} {end:?}");
    }
    vault.save(&name, Secret::new(b"{".to_vec())).await.unwrap();
    assert_eq!(context.stored_registration(&discovered(ISSUER)).await, None, "damaged");
    let other = discovered("https://other.example.com");
    assert_eq!(context.stored_registration(&other).await, None, "nothing is stored there");
}

///
#[tokio::test]
async fn how_a_client_was_accepted_is_kept_with_the_same_client_only() {
    let (state, vault) = state(options());
    let context = &state.context;
    let name = context.names.registration(ISSUER);
    let of = |id: &str, client_id_in_form| Registration {
        how: Registered::Dynamically,
        client_id: id.to_owned(),
        client_id_in_form,
        ..Registration::anonymous(ISSUER, 0)
    };
    let (before, accepted) = (of("a", false), of("a", true));
    context.remember_accepted_method(&before, &accepted).await;
    assert!(!vault.knows(&name), "it was not stored");
    for (stored, accepted, is_kept) in [
        (of("a", false), accepted.clone(), true),
        // Another process has registered again.
        (of("b", false), accepted.clone(), false),
        (of("a", false), before.clone(), false),
        (of("a", false), Registration { how: Registered::Beforehand, ..accepted }, false),
    ] {
        vault.save(&name, stored.to_bytes()).await.unwrap();
        let saves = vault.saves();
        context.remember_accepted_method(&before, &accepted).await;
        assert_eq!(vault.saves() > saves, is_kept, "{stored:?}");
    }
}

/// S-41
#[tokio::test]
async fn a_damaged_record_of_a_secrets_use_is_an_error() {
    let (state, vault) = state(options());
    let name = Names::client_pins("client");
    assert!(state.context.client_pins(&name).await.is_ok(), "there is none yet");
    vault.save(&name, Secret::new(b"{".to_vec())).await.unwrap();
    let failure = state.context.client_pins(&name).await.err().unwrap();
    assert!(failure.hint.contains("--static-oauth-client-info"), "{}", failure.hint);
    vault.break_name(&name);
    assert!(state.context.client_pins(&name).await.is_err());
}

///
#[test]
fn scopes_that_were_asked_for_earlier_count_at_the_same_issuer() {
    let (state, _) = state(options());
    let chosen = |refused: SignIn| {
        let refused = Some(Arc::new(refused));
        let challenge = challenge(None, Some("write"));
        let request = SignInRequest { challenge, refused, ..SignInRequest::default() };
        state.context.choose_scopes(&discovered(ISSUER), &request)
    };
    assert_eq!(chosen(asked("a", Some("old"))).as_deref(), Some("write old"));
    let elsewhere =
        SignIn { issuer: "https://other.example.com".to_owned(), ..asked("a", Some("old")) };
    assert_eq!(chosen(elsewhere).as_deref(), Some("write"));
    let nothing = state.context.choose_scopes(&discovered(ISSUER), &SignInRequest::default());
    assert_eq!(nothing.as_deref(), Some("read"), "what the resource supports");
}
