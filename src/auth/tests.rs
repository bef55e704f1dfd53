//! Which token the next request gets, and what keeps one from being sent. Also makes the state that
//! the tests of other files use.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::client::auth_method::AuthMethod;
use super::context::{AuthServices, Context, SignInState};
use super::dpop::binding::TokenBinding;
use super::dpop::key::DpopKey;
use super::grants::token::TokenSet;
use super::options::{AuthOptions, DpopPolicy, Grant};
use super::records::names::Names;
use super::records::record::{Pending, SignIn, StoredRecord};
use super::records::registration::Registration;
use super::records::vault::{MemoryVault, Vault};
use super::state::{AuthorizerState, TokenStatus};
use super::token_cache::TokenOrigin;
use crate::error::{Failure, FailureKind};
use crate::http::HttpOptions;
use crate::platform::{Clock, NoBrowser};
use crate::redact::Secret;

/// The time of the clock in these tests.
pub(super) const NOW: u64 = 1_800_000_000;
pub(super) const URL: &str = "https://mcp.example.com/mcp";

struct At(u64);

impl Clock for At {
    fn now(&self) -> u64 {
        self.0
    }
}

pub(super) fn options() -> AuthOptions {
    AuthOptions::new(Url::parse(URL).unwrap())
}

/// Services that store in this vault and open nothing.
pub(super) fn services(vault: &MemoryVault) -> AuthServices {
    AuthServices {
        vault: Arc::new(vault.clone()),
        browser: Arc::new(NoBrowser),
        clock: Arc::new(At(NOW)),
        notice: Arc::new(|_: &str| ()),
        jobs: None,
    }
}

/// The state of an authorizer, and where it stores.
pub(super) fn state(options: AuthOptions) -> (AuthorizerState, MemoryVault) {
    let vault = MemoryVault::new();
    let (names, services) = (Names::new(&options), services(&vault));
    let context = Context::new(names, options, &HttpOptions::default(), services);
    (AuthorizerState::new(context), vault)
}

/// A sign-in with this access token, which expires so many seconds from now.
pub(super) fn sign_in(options: &AuthOptions, token: &str, left: Option<i64>) -> SignIn {
    let registration = Registration {
        client_id: "client".to_owned(),
        auth_method: AuthMethod::None,
        ..Registration::anonymous("https://as.example.com", 0)
    };
    let tokens = TokenSet {
        access_token: Secret::new(token.to_owned()),
        obtained_at: NOW - 3600,
        expires_at: left.map(|left| NOW.checked_add_signed(left).unwrap()),
        refresh_token: Some(Secret::new("refresh".to_owned())),
        scope: None,
        id_token: None,
        is_dpop: false,
    };
    let endpoint = Url::parse("https://as.example.com/token").unwrap();
    SignIn::new(options, &endpoint, &registration, tokens)
}

/// A browser sign-in in progress, which began now.
pub(super) fn pending() -> Pending {
    let url = |text| Url::parse(text).unwrap();
    Pending {
        page: Secret::new(url("https://as.example.com/authorize?client_id=client")),
        pushed: None,
        opened: false,
        verifier: Secret::new("verifier".to_owned()),
        state: Secret::new("state".to_owned()),
        redirect_uri: "http://localhost:3334/oauth/callback".to_owned(),
        issuer: "https://as.example.com".to_owned(),
        issuer_promised: false,
        token_endpoint: url("https://as.example.com/token"),
        revocation_endpoint: None,
        registration: sign_in(&options(), "", None).registration,
        client_is_reused: false,
        resource: None,
        scopes: None,
        binding: TokenBinding::None,
        started: NOW,
        code: None,
    }
}

/// Stores a sign-in, as another process would.
pub(super) async fn store(state: &AuthorizerState, vault: &MemoryVault, record: &SignIn) {
    vault.save(&state.context.names.sign_in, record.to_bytes()).await.unwrap();
}

fn failure() -> Failure {
    Failure::new(FailureKind::Http, "no").hint("wait")
}

/// The token that can be sent now, or the word for why there is none.
fn status(state: &AuthorizerState) -> String {
    match state.token_status() {
        TokenStatus::Ready(cached) => cached.header.to_str().unwrap().to_owned(),
        TokenStatus::Absent => "absent".to_owned(),
        TokenStatus::Stale => "stale".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_store_is_looked_into_once_a_second() {
    let (state, vault) = state(options());
    assert_eq!(status(&state), "absent");
    store(&state, &vault, &sign_in(&options(), "a", None)).await;
    assert_eq!(status(&state), "absent", "it was empty a moment ago");
    tokio::time::advance(Duration::from_millis(999)).await;
    assert_eq!(status(&state), "absent");
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(status(&state), "stale", "it has to be loaded");
    let (state, vault) = self::state(options());
    assert_eq!(status(&state), "absent");
    store(&state, &vault, &sign_in(&options(), "a", None)).await;
    state.cache().note_refusal();
    assert_eq!(status(&state), "stale", "after a refusal each time");
}

///
#[tokio::test(start_paused = true)]
async fn a_token_is_sent_while_it_is_fresh_or_nothing_better_can_be_had() {
    let with = |left: Option<i64>, refresh: bool| {
        let (state, _) = state(options());
        let mut record = sign_in(&options(), "a", left);
        if !refresh {
            record.tokens.refresh_token = None;
        }
        state.cache_tokens(record, TokenOrigin::Loaded).unwrap();
        state
    };
    for (left, refresh, expected) in [
        (None, true, "Bearer a"),
        (Some(3600), true, "Bearer a"),
        (Some(61), true, "Bearer a"),
        // A minute before its end it is refreshed.
        (Some(60), true, "stale"),
        (Some(-1), true, "stale"),
        (Some(60), false, "Bearer a"),
        (Some(-1), false, "Bearer a"),
    ] {
        assert_eq!(status(&with(left, refresh)), expected, "{left:?} {refresh}");
    }
    let state = with(Some(30), true);
    state.cache().note_refresh_failure(failure());
    assert_eq!(status(&state), "Bearer a", "the refresh failed just now");
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(status(&state), "stale", "it is tried again");
    let state = with(Some(-1), true);
    state.cache().note_refresh_failure(failure());
    assert_eq!(status(&state), "stale", "it has expired");
    let state = with(Some(-1), true);
    state.cache().note_not_refreshable(None);
    assert_eq!(status(&state), "Bearer a");
}

#[tokio::test]
async fn tokens_without_a_person_are_always_refreshed() {
    let options = AuthOptions { grant: Grant::ClientCredentials, ..options() };
    let (state, _) = state(options.clone());
    let mut record = sign_in(&options, "a", Some(-1));
    record.tokens.refresh_token = None;
    state.cache_tokens(record, TokenOrigin::Loaded).unwrap();
    assert_eq!(status(&state), "stale");
    assert_eq!(*state.context.state.borrow(), SignInState::SignedIn);
}

#[tokio::test]
async fn the_id_token_is_sent_where_that_is_asked_for() {
    let options = AuthOptions { use_id_token: true, ..options() };
    let (state, _) = state(options.clone());
    let mut record = sign_in(&options, "a", None);
    let refused = state.cache_tokens(record.clone(), TokenOrigin::Loaded).unwrap_err();
    assert!(refused.hint.contains("--use-id-token"), "{}", refused.hint);
    assert!(state.cache().token.is_none() && *state.context.state.borrow() == SignInState::Idle);
    record.tokens.id_token = Some(Secret::new("id".to_owned()));
    state.cache_tokens(record, TokenOrigin::Loaded).unwrap();
    assert_eq!(status(&state), "Bearer id");
}

#[tokio::test]
async fn a_token_that_is_not_a_header_is_never_sent() {
    let (state, _) = state(options());
    for token in ["a\nb", "a\r\nX-Key: b", "a\0"] {
        let refused = state.cache_tokens(sign_in(&options(), token, None), TokenOrigin::Loaded);
        let message = refused.unwrap_err().message;
        assert!(message.contains("not allowed in a header") && !message.contains('b'), "{message}");
    }
    assert_eq!(status(&state), "absent");
}

///
#[tokio::test]
async fn a_bound_token_is_sent_with_its_key_or_not_at_all() {
    let bound = |policy, binding: TokenBinding, is_dpop| {
        let options = AuthOptions { dpop: policy, ..options() };
        let (state, _) = state(options.clone());
        let mut record = SignIn { binding, ..sign_in(&options, "a", None) };
        record.tokens.is_dpop = is_dpop;
        let cached = state.cache_tokens(record, TokenOrigin::Loaded);
        cached.map(|()| (status(&state), state.bound_token().is_some()))
    };
    let key = || TokenBinding::Required(DpopKey::generate().unwrap());
    let sent = |scheme: &str, is_bound| (format!("{scheme} a"), is_bound);
    assert_eq!(bound(DpopPolicy::Auto, key(), true).unwrap(), sent("DPoP", true));
    assert_eq!(bound(DpopPolicy::Always, key(), true).unwrap(), sent("DPoP", true));
    assert_eq!(bound(DpopPolicy::Auto, TokenBinding::None, false).unwrap(), sent("Bearer", false));
    assert_eq!(bound(DpopPolicy::Never, TokenBinding::None, false).unwrap(), sent("Bearer", false));
    for (policy, binding, is_dpop, words) in [
        (DpopPolicy::Auto, TokenBinding::None, true, "the key of the stored sign-in for"),
        (DpopPolicy::Never, key(), true, "is bound to a key (DPoP), and `--dpop never` is set"),
        (DpopPolicy::Always, key(), false, "is not bound to a key (DPoP), and `--dpop always`"),
    ] {
        let failure = bound(policy, binding, is_dpop).unwrap_err();
        assert!(failure.message.contains(words), "{}", failure.message);
        assert!(failure.hint.contains("mcp-tether login"), "{}", failure.hint);
    }
}
