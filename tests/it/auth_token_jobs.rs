//! Token jobs that survive the death of their bridge (A-54, T-10): in one process, with a second
//! authorizer that shares only the store, and with the real program.

use std::time::Duration;

use futures_util::future::BoxFuture;
use mcp_tether::auth::{Grant, Interaction, JobRunner, MemoryVault, NotRun, PreRegistered};
use mcp_tether::error::FailureKind;
use mcp_tether::redact::Secret;

use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::fakes::{FakeBrowser, FakeClock};
use crate::support::sign_in::{Builder, Party, party};

/// Returns a server with a slow token endpoint, so that a kill can come before its answer.
async fn slow_server() -> AuthorizationServer {
    let config = Config { token_delay: Duration::from_millis(150), ..Config::default() };
    AuthorizationServer::start(config).await
}

/// Two bridges over one store: the first one is built by `first`.
fn two(server: &AuthorizationServer, first: impl FnOnce(Builder) -> Builder) -> [Party; 2] {
    let (vault, clock, browser) =
        (MemoryVault::new(), FakeClock::default(), FakeBrowser::follows());
    let one = || party(server).vault(&vault).clock(&clock).browser(&browser);
    [first(one()).build(), one().build()]
}

/// Does this in a runtime that ends when the token endpoint has been asked this often: whatever
/// that bridge waits for is gone, as after `kill -9`.
async fn killed_when_asked(
    server: &AuthorizationServer,
    times: usize,
    work: impl Future<Output = ()> + Send + 'static,
) {
    let runtime = doomed_runtime();
    runtime.spawn(work);
    server.until_tokens_asked(times).await;
    runtime.shutdown_background();
}

fn doomed_runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

/// Returns a bridge over a store that holds a code which nobody has redeemed: all that its owner
/// could do before it was killed.
async fn heir_of_a_code(server: &AuthorizationServer) -> Party {
    let (sender, mut sent) = tokio::sync::mpsc::unbounded_channel();
    let [doomed, heir] = two(server, |builder| builder.job_runner(Swallowed(sender)));
    let runtime = doomed_runtime();
    runtime.spawn(async move { drop(doomed.list().await) });
    sent.recv().await.unwrap();
    runtime.shutdown_background();
    heir
}

/// A-54: the server has rotated the token and the bridge that asked is gone: the new one is stored.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_outlives_the_bridge_that_began_it() {
    let server = slow_server().await;
    let [doomed, other] = two(&server, Builder::apart);
    doomed.list().await.unwrap();
    server.end_access_tokens();
    let asked = server.asked_at("/token").len() + 1;
    killed_when_asked(&server, asked, async move { drop(doomed.list().await) }).await;
    assert_eq!(other.list().await, Ok(2), "refused once, then with the token that was refreshed");
    assert_eq!((server.grants("refresh_token").len(), server.reuses()), (1, 0));
    assert_eq!(other.browser.opened().len(), 1, "nobody has to sign in again");
}

/// A-36, A-54: the code is spent and the bridge that spent it is gone: its tokens are stored, and
/// who comes next neither shows the code again nor opens a tab.
#[tokio::test(flavor = "multi_thread")]
async fn a_redeemed_code_outlives_the_bridge_that_got_it() {
    let server = slow_server().await;
    let [doomed, other] = two(&server, Builder::apart);
    killed_when_asked(&server, 1, async move { drop(doomed.list().await) }).await;
    assert_eq!(other.list().await, Ok(2), "one refusal, then the stored sign-in");
    assert_eq!(server.grants("authorization_code").len(), 1);
    assert_eq!(other.browser.opened().len(), 1);
    assert!(other.vault.names().iter().all(|name| !name.starts_with("pending.")));
}

/// A-36: the bridge is gone before anybody could redeem the code: who comes next redeems it.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_left_behind_is_redeemed() {
    let server = slow_server().await;
    let other = heir_of_a_code(&server).await;
    assert_eq!(other.list().await, Ok(2));
    assert_eq!(server.grants("authorization_code").len(), 1);
    assert_eq!(other.browser.opened().len(), 1, "the person has consented and is not asked again");
}

/// A token job that never begins, as if its process were killed too.
struct Swallowed(tokio::sync::mpsc::UnboundedSender<()>);

impl JobRunner for Swallowed {
    fn run(&self, _: Secret<Vec<u8>>) -> BoxFuture<'_, Result<Secret<Vec<u8>>, NotRun>> {
        self.0.send(()).unwrap();
        Box::pin(std::future::pending())
    }
}

/// A-24, A-36: a code that was left behind and is of no use any more costs a consent, not an error.
#[tokio::test(flavor = "multi_thread")]
async fn a_spent_code_that_was_left_behind_is_no_dead_end() {
    let server = slow_server().await;
    let other = heir_of_a_code(&server).await;
    server.forget_codes();
    assert_eq!(other.list().await, Ok(2));
    assert_eq!(other.browser.opened().len(), 2);
}

/// A-53 to A-56: signing in, refreshing ahead of the end and after a refusal, a dead grant: the
/// same requests in the same order, wherever the work is done.
#[tokio::test(flavor = "multi_thread")]
async fn the_work_is_the_same_in_either_place() {
    let mut seen = Vec::new();
    for apart in [false, true] {
        let server = AuthorizationServer::start(Config::default()).await;
        let builder = party(&server);
        let party = if apart { builder.apart().build() } else { builder.build() };
        assert_eq!(party.list().await, Ok(2));
        party.clock.advance(3600);
        server.advance(3600);
        assert_eq!(party.list().await, Ok(1), "refreshed ahead of the request");
        server.end_access_tokens();
        assert_eq!(party.list().await, Ok(2), "refreshed after a refusal");
        server.end_grants();
        assert_eq!(party.list().await, Ok(2), "signed in anew");
        assert_eq!(server.reuses(), 0);
        assert_eq!(party.browser.opened().len(), 2);
        let asked: Vec<_> = server.asked().into_iter().map(|asked| asked.path).collect();
        seen.push((asked, party.vault.names().len()));
    }
    assert_eq!(seen[0], seen[1]);
}

/// A-55: trouble comes back as it is: the tokens are kept and the reason is told.
#[tokio::test(flavor = "multi_thread")]
async fn trouble_is_told_from_either_place() {
    for apart in [false, true] {
        let server = AuthorizationServer::start(Config::default()).await;
        let builder = party(&server);
        let party = if apart { builder.apart().build() } else { builder.build() };
        party.list().await.unwrap();
        server.end_access_tokens();
        server.change(|config| config.token_status = Some(503));
        let failure = party.list().await.unwrap_err();
        assert_eq!((failure.kind, failure.status), (FailureKind::Http, Some(503)));
        assert!(failure.hint.contains("try again later"));
        assert!(party.vault.names().iter().any(|name| name.starts_with("sign-in.")));
    }
}

/// RFC 8628: the tokens of a device code are waited for beside the bridge as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_code_is_awaited_apart() {
    let server = AuthorizationServer::start(Config::default()).await;
    let party = party(&server).options(|options| options.grant = Grant::DeviceCode).apart().build();
    party.authorizer.sign_in(Interaction::Browser).await.unwrap();
    assert_eq!(server.grants("urn:ietf:params:oauth:grant-type:device_code").len(), 2);
    assert_eq!(party.list().await, Ok(1));
}

/// If no process can be started, or its report cannot be read, the bridge does the work
/// itself.
#[tokio::test(flavor = "multi_thread")]
async fn without_another_process_the_bridge_works_on() {
    for answer in [Err(NotRun("no such file".to_owned())), Ok(Secret::new(b"{".to_vec()))] {
        let server = AuthorizationServer::start(Config::default()).await;
        let party = party(&server).job_runner(Useless(answer)).build();
        assert_eq!(party.list().await, Ok(2));
        server.end_access_tokens();
        assert_eq!(party.list().await, Ok(2));
        assert_eq!((server.grants("refresh_token").len(), server.reuses()), (1, 0));
    }
}

struct Useless(Result<Secret<Vec<u8>>, NotRun>);

impl JobRunner for Useless {
    fn run(&self, _: Secret<Vec<u8>>) -> BoxFuture<'_, Result<Secret<Vec<u8>>, NotRun>> {
        let answer = self.0.clone();
        Box::pin(async move { answer })
    }
}

/// Nothing runs apart while a token is fresh, and for a program's own credentials a lost answer
/// costs nobody anything (A-70).
#[tokio::test(flavor = "multi_thread")]
async fn nothing_runs_apart_where_nothing_can_be_lost() {
    let server = AuthorizationServer::start(Config::default()).await;
    let [first, _] = two(&server, |builder| builder);
    first.list().await.unwrap();
    let (sender, mut sent) = tokio::sync::mpsc::unbounded_channel();
    let sender_2 = sender.clone();
    let second = party(&server).vault(&first.vault).job_runner(Swallowed(sender)).build();
    assert_eq!(second.list().await, Ok(1));
    let own = Config { auth_method: "client_secret_basic", ..Config::default() };
    let own = AuthorizationServer::start(own).await;
    own.add_client("robot", Some("secret"), &[]);
    let info = r#"{"client_id":"robot","client_secret":"secret"}"#;
    let third = party(&own).job_runner(Swallowed(sender_2)).options(|options| {
        options.grant = Grant::ClientCredentials;
        options.client_info = Some(PreRegistered::from_json(info).unwrap());
    });
    let third = third.build();
    assert_eq!(third.list().await, Ok(2));
    own.end_access_tokens();
    assert_eq!(third.list().await, Ok(2));
    assert!(sent.try_recv().is_err(), "no process was asked for");
}
