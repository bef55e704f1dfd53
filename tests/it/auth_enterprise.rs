//! Enterprise-managed authorization (ID-JAG): one sign-in at the identity provider stands for every
//! server, tokens are refreshed without a person, and each refusal says whose it is.

use std::time::Duration;

use mcp_tether::auth::{
    AssertionSource, AuthOptions, Grant, IdentityProvider, Interaction, LoginPolicy, MemoryVault,
    PreRegistered, SignIn, StoredRecord, Vault, diagnose,
};
use mcp_tether::error::FailureKind;
use mcp_tether::http::HttpOptions;
use mcp_tether_mock::{
    Auth, AuthKind, COMPANY_CLIENT, EnterpriseOptions, IssuerAt, MockOptions, MockRemote, Mode,
    OAuthOptions,
};

use crate::support::fakes::FakeBrowser;
use crate::support::sign_in::{Builder, party_at};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const REDEEM: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Returns a remote, or an identity provider, whose issuer behaves like this.
fn mock(change: impl FnOnce(&mut EnterpriseOptions)) -> MockRemote {
    let mut options = AuthKind::Ema.options();
    if let IssuerAt::Here(issuer) = &mut options.issuer {
        issuer.starts_at = Some(1_800_000_000);
        change(issuer.enterprise.as_mut().unwrap());
    }
    serve(options)
}

fn serve(options: OAuthOptions) -> MockRemote {
    let auth = Auth::OAuth(options);
    MockRemote::start(MockOptions { auth, mode: Mode::Stateless, ..MockOptions::default() })
        .unwrap()
}

fn provider(idp: &MockRemote) -> IdentityProvider {
    IdentityProvider {
        issuer: idp.oauth().issuer().parse().unwrap(),
        client: Some(PreRegistered::new(COMPANY_CLIENT)),
        token: None,
    }
}

fn managed(options: &mut AuthOptions, idp: &MockRemote) {
    options.grant = Grant::EnterpriseManaged;
    options.identity_provider = Some(provider(idp));
    options.client_info = Some(PreRegistered::new(COMPANY_CLIENT));
}

/// Returns a bridge to this remote, for which this provider vouches.
fn bridge(remote: &MockRemote, idp: &MockRemote) -> Builder {
    party_at(remote.url()).options(|options| managed(options, idp))
}

fn exchanges(idp: &MockRemote) -> usize {
    idp.oauth().token_requests_of(EXCHANGE).len()
}

/// in this process, and with token jobs in one of their own.
#[tokio::test(flavor = "multi_thread")]
async fn one_sign_in_at_the_provider_stands_for_every_server() {
    for apart in [false, true] {
        let (idp, first, second) = (mock(|_| {}), mock(|_| {}), mock(|_| {}));
        let one = bridge(&first, &idp);
        let one = if apart { one.apart().build() } else { one.build() };
        assert_eq!(one.list().await, Ok(2), "apart: {apart}");
        assert_eq!(one.browser.opened().len(), 1);
        assert!(one.browser.opened()[0].as_str().starts_with(&idp.oauth().issuer()));
        let unopened = FakeBrowser::must_not_open();
        let other = bridge(&second, &idp).vault(&one.vault).browser(&unopened.browser()).build();
        assert_eq!(other.list().await, Ok(2), "nobody signs in at the second server");
        assert_eq!(exchanges(&idp), 2);
        let asked = &idp.oauth().token_requests_of(EXCHANGE)[1];
        assert_eq!(asked.field("audience"), Some(second.oauth().issuer().as_str()));
        assert_eq!(asked.field("resource"), Some(second.url().as_str()));
        assert!(asked.field("subject_token_type").unwrap().ends_with(":id_token"));
        let redeemed = second.oauth().token_requests_of(REDEEM);
        assert_eq!(redeemed.len(), 1);
        assert!(
            redeemed[0].field("client_secret").is_none()
                && first.oauth().authorizations().is_empty()
        );
    }
}

///
#[tokio::test]
async fn tokens_are_refreshed_without_a_person_and_so_is_the_sign_in_at_the_provider() {
    let (idp, remote) = (mock(|_| {}), mock(|_| {}));
    let party = bridge(&remote, &idp).build();
    party.list().await.unwrap();
    remote.oauth().expire_access_tokens();
    assert!(party.list().await.is_ok());
    assert_eq!((exchanges(&idp), idp.oauth().refreshed()), (2, 0), "the ID token is still good");
    for server in [&idp, &remote] {
        server.oauth().advance(Duration::from_secs(7200));
    }
    party.clock.advance(7200);
    let unopened = FakeBrowser::must_not_open();
    let next = bridge(&remote, &idp)
        .vault(&party.vault)
        .clock(&party.clock)
        .browser(&unopened.browser())
        .build();
    assert!(next.list().await.is_ok());
    assert_eq!(idp.oauth().refreshed(), 1, "the ID token had ended");
    assert_eq!(idp.oauth().reuse_detected(), 0);
}

/// where the provider has forgotten the person, one is asked; `--login never` asks nobody.
#[tokio::test]
async fn a_sign_in_that_the_provider_ended_is_asked_for_again_or_told() {
    let (idp, remote) = (mock(|it| it.id_token_seconds = 40), mock(|_| {}));
    let party = bridge(&remote, &idp).build();
    party.list().await.unwrap();
    let end = || {
        idp.oauth().revoke_all_tokens();
        remote.oauth().revoke_all_tokens();
        for server in [&idp, &remote] {
            server.oauth().advance(Duration::from_secs(60));
        }
        party.clock.advance(60);
    };
    end();
    let unopened = FakeBrowser::must_not_open();
    let never = bridge(&remote, &idp)
        .vault(&party.vault)
        .clock(&party.clock)
        .browser(&unopened.browser())
        .options(|options| options.login = LoginPolicy::Never)
        .build();
    let failure = never.list().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AuthRequired, "{failure:?}");
    assert!(failure.hint.contains("login --idp"), "{}", failure.message);
    let next = bridge(&remote, &idp).vault(&party.vault).clock(&party.clock).build();
    assert!(next.list().await.is_ok());
    assert_eq!(next.browser.opened().len(), 1);
}

/// whose refusal it is, and nothing is asked again and again.
#[tokio::test]
async fn a_refusal_names_who_refuses() {
    let (idp, remote) = (mock(|it| it.vouches = false), mock(|_| {}));
    let party = bridge(&remote, &idp).build();
    let failure = party.list().await.unwrap_err();
    assert!(failure.message.contains("identity provider"), "{failure:?}");
    assert!(failure.message.contains("access_denied") && !failure.hint.is_empty());
    assert_eq!((exchanges(&idp), party.browser.opened().len()), (1, 1));

    let other = mock(|it| it.client_there = Some("somebody".to_owned()));
    let party = bridge(&remote, &other).build();
    let failure = party.list().await.unwrap_err();
    assert!(failure.message.contains("identity assertion"), "{failure:?}");
    assert!(failure.message.contains("another client") && !failure.hint.is_empty());

    let plain = serve(OAuthOptions::default());
    let unopened = FakeBrowser::must_not_open();
    let party = bridge(&plain, &idp).browser(&unopened.browser()).build();
    let failure = party.list().await.unwrap_err();
    assert!(failure.hint.contains("--idp"), "{}", failure.message);
}

///
#[tokio::test]
async fn an_id_token_in_a_file_takes_the_place_of_the_sign_in() {
    let (idp, remote) = (mock(|_| {}), mock(|_| {}));
    let signed_in = bridge(&remote, &idp).build();
    signed_in.list().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("id-token");
    std::fs::write(&path, id_token(&signed_in.vault).await).unwrap();
    let unopened = FakeBrowser::must_not_open();
    let with_file = || {
        let unopened = unopened.browser();
        bridge(&remote, &idp).browser(&unopened).options(|options| {
            let token = Some(AssertionSource::File(path.clone()));
            options.identity_provider = Some(IdentityProvider { token, ..provider(&idp) });
        })
    };
    let party = with_file().build();
    assert_eq!(party.list().await, Ok(2));
    let party = with_file().build();
    party.clock.advance(7200);
    let failure = party.list().await.unwrap_err();
    assert!(failure.message.contains("expired"), "{failure:?}");
    std::fs::remove_file(&path).unwrap();
    let failure = with_file().build().list().await.unwrap_err();
    assert!(failure.message.contains("id-token") && !failure.hint.is_empty(), "{failure:?}");
}

/// Returns the ID token that was stored.
async fn id_token(vault: &MemoryVault) -> String {
    for name in vault.names().iter().filter(|name| name.starts_with("sign-in.")) {
        let record = SignIn::from_bytes(&vault.load(name).await.unwrap().unwrap()).unwrap();
        if let Some(token) = record.tokens.id_token {
            return token.expose().clone();
        }
    }
    panic!("no ID token is stored");
}

/// `doctor` looks at the provider like at any other part.
#[tokio::test]
async fn the_doctor_looks_at_the_provider() {
    let (idp, remote) = (mock(|_| {}), mock(|_| {}));
    let diagnosed = async |idp: &MockRemote| {
        let mut options = AuthOptions::new(remote.url());
        managed(&mut options, idp);
        let mut found = Vec::new();
        let (http, refusal) = (HttpOptions::default(), http::HeaderMap::new());
        diagnose(&options, &http, &refusal, |document| found.push(document)).await;
        found.into_iter().find(|it| it.name == "identity").unwrap()
    };
    let good = diagnosed(&idp).await;
    assert!(good.summary.unwrap().contains(&idp.oauth().issuer()) && good.warnings.is_empty());
    let plain = diagnosed(&serve(OAuthOptions::default())).await;
    assert!(plain.warnings[0].message.contains("token exchange"), "{plain:?}");
}

/// `login --idp` and `logout --idp`.
#[tokio::test]
async fn the_provider_can_be_signed_in_to_and_out_of_by_itself() {
    let (idp, remote) = (mock(|_| {}), mock(|_| {}));
    let alone = bridge(&remote, &idp).options(|options| {
        *options = options.at_identity_provider().unwrap();
    });
    let alone = alone.build();
    let signed_in = alone.authorizer.sign_in(Interaction::Browser).await.unwrap();
    assert!(signed_in.refreshable);
    let unopened = FakeBrowser::must_not_open();
    let party = bridge(&remote, &idp).vault(&alone.vault).browser(&unopened.browser()).build();
    assert_eq!(party.list().await, Ok(2));
    assert!(alone.authorizer.sign_out().await.unwrap().was_signed_in);
    assert!(!idp.oauth().revocations().is_empty());
    remote.oauth().revoke_all_tokens();
    let next = bridge(&remote, &idp).vault(&alone.vault).build();
    assert!(next.list().await.is_ok());
    assert_eq!(next.browser.opened().len(), 1);
}
