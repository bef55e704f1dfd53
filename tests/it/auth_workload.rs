//! Workloads (SEP-1933): an assertion of the platform, from a file or a command, for tokens.

use std::time::Duration;

use mcp_tether::auth::{
    AssertionSource, AuthOptions, CommandLine, Grant, Interaction, PreRegistered, diagnose,
};
use mcp_tether::http::HttpOptions;
use mcp_tether_mock::{
    Auth, AuthKind, IssuerAt, MockOptions, MockRemote, Mode, WORKLOAD_CLIENT, workload_token,
};

use crate::support::fakes::FakeBrowser;
use crate::support::sign_in::{Builder, party_at};

const NOW: i64 = 1_800_000_000;
const REDEEM: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn mock() -> MockRemote {
    let mut options = AuthKind::Wif.options();
    if let IssuerAt::Here(issuer) = &mut options.issuer {
        issuer.starts_at = NOW.try_into().ok();
    }
    let auth = Auth::OAuth(options);
    MockRemote::start(MockOptions { auth, mode: Mode::Stateless, ..MockOptions::default() })
        .unwrap()
}

fn bridge(server: &MockRemote, source: AssertionSource) -> Builder {
    party_at(server.url()).browser(&FakeBrowser::ignores()).options(|options| {
        options.grant = Grant::Workload(source);
        options.client_info = Some(PreRegistered::new(WORKLOAD_CLIENT));
    })
}

///
#[tokio::test]
async fn a_workload_signs_in_with_its_file_and_reads_it_again_for_each_refresh() {
    let server = mock();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let issuer = server.oauth().issuer();
    std::fs::write(&path, format!("{}\n", workload_token(&issuer, NOW, 600))).unwrap();
    let party = bridge(&server, AssertionSource::File(path.clone())).build();
    assert_eq!(party.list().await, Ok(2));
    server.oauth().expire_access_tokens();
    server.oauth().advance(Duration::from_secs(900));
    party.clock.advance(900);
    std::fs::write(&path, workload_token(&issuer, NOW + 900, 600)).unwrap();
    assert!(party.list().await.is_ok(), "a token that another program refreshed");
    assert_eq!(server.oauth().token_requests_of(REDEEM).len(), 2);
    assert!(party.browser.opened().is_empty() && server.oauth().authorizations().is_empty());
}

/// no other grant is tried, and nothing is asked again in a hurry.
#[tokio::test]
async fn a_refusal_is_reported_once_and_leads_to_no_other_grant() {
    let server = mock();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let source = || AssertionSource::File(path.clone());
    for (token, asked, named) in [
        (workload_token("https://other.example", NOW, 600), 0, "was not sent"),
        (workload_token(&server.oauth().issuer(), NOW - 700, 600), 0, "expired 100 s ago"),
        ("not.a.token".to_owned(), 0, "was not sent"),
        (format!("{}x", workload_token(&server.oauth().issuer(), NOW, 600)), 1, "not valid"),
    ] {
        std::fs::write(&path, &token).unwrap();
        let party = bridge(&server, source()).build();
        for _ in 0..3 {
            let failure = party.list().await.unwrap_err();
            assert!(failure.message.contains(named), "{named}: {failure:?}");
            assert!(!failure.message.contains(&token) && !failure.hint.is_empty());
        }
        let all = server.oauth().token_requests();
        assert_eq!(all.len(), asked, "{named}");
        assert!(all.iter().all(|request| request.field("grant_type") == Some(REDEEM)));
    }
}

/// `doctor` says whom the token is for, or why there is none.
#[tokio::test]
async fn the_doctor_reads_the_token_of_a_workload() {
    let server = mock();
    let diagnosed = async |text: &str| {
        let command = AssertionSource::Command(CommandLine::parse(text).unwrap());
        let mut options = AuthOptions::new(server.url());
        options.grant = Grant::Workload(command);
        let mut found = Vec::new();
        let (http, refusal) = (HttpOptions::default(), http::HeaderMap::new());
        diagnose(&options, &http, &refusal, |document| found.push(document)).await;
        found.into_iter().find(|it| it.name == "workload").unwrap()
    };
    let issuer = server.oauth().issuer();
    let good = diagnosed(&format!("echo {}", workload_token(&issuer, NOW, 600))).await;
    assert!(good.summary.unwrap().contains(&issuer) && good.violations.is_empty());
    let none = diagnosed("true").await;
    assert!(none.summary.is_none() && !none.violations[0].hint.is_empty());
}

/// `login` works without a person, and a workload may have no client id.
#[cfg(unix)]
#[tokio::test]
async fn a_command_may_print_the_token() {
    let server = mock();
    let token = workload_token(&server.oauth().issuer(), NOW, 600);
    let command = AssertionSource::Command(CommandLine::parse(&format!("echo {token}")).unwrap());
    let party = bridge(&server, command).build();
    party.authorizer.sign_in(Interaction::Browser).await.unwrap();
    assert_eq!(party.list().await, Ok(1));
}
