//! What follows a refusal before anything is sent: another process's token, a sign-in that may not
//! begin now, or a refusal that signing in would not change.

use std::time::Duration;

use url::Url;

use super::*;
use crate::auth::context::WaitingSignIn;
use crate::auth::dpop::binding::TokenBinding;
use crate::auth::dpop::key::DpopKey;
use crate::auth::options::AuthOptions;
use crate::auth::records::record::SignIn;
use crate::auth::tests::{options, sign_in, state, store};
use crate::redact::Secret;

/// A sign-in that cannot be refreshed, so that nothing is sent.
fn signed_in(options: &AuthOptions, token: &str, left: Option<i64>) -> SignIn {
    let mut record = sign_in(options, token, left);
    record.tokens.refresh_token = None;
    record
}

fn challenge(scope: Option<&str>) -> Challenge {
    Challenge {
        scope: scope.map(str::to_owned),
        error: Some("insufficient_scope".to_owned()),
        error_description: Some("you may \u{1b}[31mnot".to_owned()),
        ..Challenge::default()
    }
}

/// No page is opened by itself.
fn never() -> AuthOptions {
    AuthOptions { login: LoginPolicy::Never, ..options() }
}

async fn refused(state: &AuthorizerState, status: u16, challenge: Option<Challenge>) -> Failure {
    let status = StatusCode::from_u16(status).unwrap();
    recover(state, status, challenge).await.unwrap_err()
}

/// A-56, S-04
#[tokio::test]
async fn a_token_that_another_process_has_stored_is_used_first() {
    let (state, vault) = state(never());
    let old = signed_in(&never(), "old", None);
    state.cache_tokens(old.clone(), TokenOrigin::Loaded).unwrap();
    store(&state, &vault, &old).await;
    let failure = refused(&state, 401, None).await;
    assert_eq!(failure.kind, FailureKind::AuthRequired, "the stored token is the refused one");
    store(&state, &vault, &signed_in(&never(), "new", None)).await;
    recover(&state, StatusCode::UNAUTHORIZED, None).await.unwrap();
    let cached = state.cache().token.clone().unwrap();
    assert_eq!((cached.header.to_str().unwrap(), cached.origin), {
        ("Bearer new", TokenOrigin::LoadedAgain)
    });
    // That one was refused too, and the store is not read twice in one recovery.
    store(&state, &vault, &signed_in(&never(), "newer", None)).await;
    assert_eq!(refused(&state, 401, None).await.kind, FailureKind::AuthRequired);
}

///
#[tokio::test]
async fn a_stored_sign_in_for_the_needed_scopes_is_used() {
    let (state, vault) = state(never());
    state.cache_tokens(signed_in(&never(), "old", None), TokenOrigin::Loaded).unwrap();
    let asked = |token: &str, scopes: &str| SignIn {
        scopes_asked: Some(scopes.to_owned()),
        ..signed_in(&never(), token, None)
    };
    store(&state, &vault, &asked("narrow", "read")).await;
    let failure = refused(&state, 403, Some(challenge(Some("write")))).await;
    assert_eq!(failure.kind, FailureKind::AuthRequired, "it lacks the scope");
    store(&state, &vault, &asked("wide", "read write")).await;
    recover(&state, StatusCode::FORBIDDEN, Some(challenge(Some("write")))).await.unwrap();
    assert_eq!(state.cache().token.clone().unwrap().header, "Bearer wide");
}

///
#[tokio::test(start_paused = true)]
async fn scopes_that_a_person_has_just_consented_to_are_not_asked_for_again() {
    let (state, _) = state(never());
    let asked =
        SignIn { scopes_asked: Some("read write".to_owned()), ..signed_in(&never(), "a", None) };
    state.cache_tokens(asked, TokenOrigin::SignedIn).unwrap();
    let failure = refused(&state, 403, Some(challenge(Some("write")))).await;
    assert_eq!((failure.kind, failure.status), (FailureKind::Forbidden, Some(403)));
    assert!(failure.hint.contains("`write`"), "{}", failure.hint);
    assert!(!failure.message.contains('\u{1b}'), "{}", failure.message);
    let failure = refused(&state, 403, Some(challenge(Some("admin")))).await;
    assert_eq!(failure.kind, FailureKind::AuthRequired, "that is another scope");
    tokio::time::advance(Duration::from_secs(600)).await;
    let failure = refused(&state, 403, Some(challenge(Some("write")))).await;
    assert_eq!(failure.kind, FailureKind::AuthRequired, "ten minutes later it may be granted");
}

///
#[tokio::test]
async fn scopes_that_the_user_fixed_are_not_widened() {
    let members = |scope: &str| [("scope".to_owned(), scope.into())].into_iter().collect();
    for (options, flag) in [
        (AuthOptions { scope: Some("read".to_owned()), ..never() }, "to `--scope`"),
        (
            AuthOptions { client_metadata: members("read"), ..never() },
            "to the `scope` in `--static-oauth-client-metadata`",
        ),
    ] {
        let (state, _) = state(options);
        let failure = refused(&state, 403, Some(challenge(Some("read write")))).await;
        assert_eq!(failure.kind, FailureKind::Forbidden);
        let words = format!("add the scope `read write` {flag}");
        assert!(failure.hint.contains(&words), "{}", failure.hint);
        let failure = refused(&state, 403, Some(challenge(Some("read")))).await;
        assert_eq!(failure.kind, FailureKind::AuthRequired, "it is among them");
    }
}

///
#[tokio::test]
async fn a_sign_in_that_may_not_begin_now_is_needed() {
    for (login, is_demanded) in [(LoginPolicy::Never, true), (LoginPolicy::OnDemand, false)] {
        let (state, _) = state(AuthOptions { login, ..options() });
        if is_demanded {
            state.cache().demand();
        }
        let failure = refused(&state, 401, None).await;
        assert_eq!(failure.kind, FailureKind::AuthRequired);
        assert_eq!(*state.context.state.borrow(), SignInState::Needed);
        assert!(failure.hint.starts_with("run `mcp-tether login "), "{}", failure.hint);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_has_just_failed_is_not_tried_again_at_once() {
    let (state, _) = state(options());
    let failure = Failure::new(FailureKind::AuthFailed, "the server is broken").hint("wait");
    state.cache().note_failure(failure.clone(), false);
    assert_eq!(refused(&state, 401, None).await, failure);
    tokio::time::advance(Duration::from_secs(4)).await;
    assert_eq!(refused(&state, 401, None).await, failure);
}

///
#[tokio::test]
async fn a_fresh_token_that_is_refused_may_need_the_other_binding() {
    let asks = |is_dpop, offers_dpop| Challenge { is_dpop, offers_dpop, ..Challenge::default() };
    let found = |policy, is_bound: bool, challenge: Option<&Challenge>| {
        let options = AuthOptions { dpop: policy, ..options() };
        let (state, _) = state(options.clone());
        let mut record = signed_in(&options, "a", None);
        record.tokens.is_dpop = is_bound;
        if is_bound {
            record.binding = TokenBinding::Required(DpopKey::generate().unwrap());
        }
        // A policy that refuses the record leaves nothing in the cache.
        let _ = state.cache_tokens(record, TokenOrigin::SignedIn);
        let cached = state.cache().token.clone();
        other_binding(&state.context, cached.as_ref(), challenge)
    };
    let auto = DpopPolicy::Auto;
    for (is_bound, challenge, expected) in [
        (false, Some(asks(true, true)), Some(true)),
        (true, Some(asks(true, true)), None),
        (false, Some(asks(false, true)), None),
        (true, Some(asks(false, true)), None),
        (true, Some(asks(false, false)), Some(false)),
        (true, None, Some(false)),
        (false, Some(asks(false, false)), None),
        (false, None, None),
    ] {
        assert_eq!(found(auto, is_bound, challenge.as_ref()), expected, "{is_bound} {challenge:?}");
    }
    for policy in [DpopPolicy::Always, DpopPolicy::Never] {
        assert_eq!(found(policy, false, Some(&asks(true, true))), None);
    }
    assert_eq!(other_binding(&state(options()).0.context, None, None), None);
}

///
#[test]
fn a_refusal_that_signing_in_would_not_change_says_what_is_missing() {
    let plain = forbidden(StatusCode::FORBIDDEN, None);
    assert_eq!((plain.kind, plain.message.as_str()), {
        (FailureKind::Forbidden, "the server answered HTTP 403")
    });
    assert!(plain.hint.contains("signing in again would not help"));
    let said = forbidden(StatusCode::BAD_REQUEST, Some(&challenge(None)));
    assert!(said.message.starts_with("the server answered HTTP 400: you may "), "{}", said.message);
    let scope = forbidden(StatusCode::FORBIDDEN, Some(&challenge(Some("write"))));
    assert!(scope.hint.contains("the scope `write`"), "{}", scope.hint);
}

#[tokio::test]
async fn the_hint_names_the_page_only_while_somebody_listens_for_it() {
    let waiting = |code: Option<&str>| {
        SignInState::Waiting(WaitingSignIn {
            page: Secret::new(Url::parse("https://as.example.com/page?state=s").unwrap()),
            user_code: code.map(str::to_owned),
            since: 0,
        })
    };
    let hint = |outlives_requests, state: SignInState| {
        let (shared, _) = self::state(AuthOptions { outlives_requests, ..options() });
        shared.context.publish(state);
        hint_to_sign_in(&shared.context)
    };
    let page = "open https://as.example.com/page?state=s in a browser";
    let login = "run `mcp-tether login https://mcp.example.com/mcp`, then try again";
    assert_eq!(hint(true, waiting(None)), format!("{page}, sign in, and try again"));
    let with_code = format!("{page}, enter the code AB-CD, sign in, and try again");
    assert_eq!(hint(true, waiting(Some("AB-CD"))), with_code);
    assert_eq!(hint(false, waiting(None)), login, "a command ends and listens no longer");
    assert_eq!(hint(true, SignInState::Needed), login);
}

/// S-39
#[tokio::test]
async fn a_server_that_asks_again_and_again_is_named() {
    let (state, _) = state(options());
    let failure = too_many_pages(&state.context, 42);
    assert_eq!(failure.kind, FailureKind::AuthRequired);
    assert!(failure.message.contains("https://mcp.example.com/mcp"), "{}", failure.message);
    assert!(failure.hint.ends_with("or try again in 42 s"), "{}", failure.hint);
    let after = refused_after_sign_in(&state.context);
    assert_eq!((after.kind, after.status), (FailureKind::AuthFailed, Some(401)));
}
