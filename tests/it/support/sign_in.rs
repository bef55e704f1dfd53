//! One bridge as far as signing in goes: an authorizer with everything around it, and requests as
//! the remote's wire makes them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, StatusCode, header};
use mcp_tether::auth::{
    AuthOptions, AuthServices, Authorizer, JobRunner, LoginPolicy, MemoryVault, NotRun, SignInState,
};
use mcp_tether::error::Failure;
use mcp_tether::http::HttpOptions;
use mcp_tether::redact::Secret;
use serde_json::json;
use url::Url;

use super::authorization_server::AuthorizationServer;
use super::fakes::{FakeBrowser, FakeClock, outbound};

/// How often a request may be sent in all: more would be a loop.
const SENDS: usize = 6;

/// One bridge.
#[derive(Clone)]
pub struct Party {
    pub authorizer: Authorizer,
    pub vault: MemoryVault,
    pub clock: FakeClock,
    pub browser: FakeBrowser,
    said: Arc<Mutex<Vec<String>>>,
    endpoint: Url,
    /// Whether somebody waits for each answer, so that a page may follow another at once (S-39).
    demands: bool,
}

/// The settings of a [`Party`].
pub struct Builder {
    vault: MemoryVault,
    clock: FakeClock,
    browser: FakeBrowser,
    options: AuthOptions,
    http: HttpOptions,
    jobs: Option<Arc<dyn JobRunner>>,
}

/// Returns a bridge for this server, with a browser that follows.
pub fn party(server: &AuthorizationServer) -> Builder {
    party_at(server.endpoint())
}

/// Returns a bridge for the server at this endpoint, with a browser that follows.
pub fn party_at(endpoint: Url) -> Builder {
    let mut options = AuthOptions::new(endpoint);
    options.request_wait = Duration::from_secs(10);
    options.auth_timeout = Duration::from_secs(20);
    Builder {
        vault: MemoryVault::new(),
        clock: FakeClock::default(),
        browser: FakeBrowser::follows(),
        options,
        http: HttpOptions::default(),
        jobs: None,
    }
}

impl Builder {
    pub fn vault(mut self, vault: &MemoryVault) -> Self {
        self.vault = vault.clone();
        self
    }

    pub fn clock(mut self, clock: &FakeClock) -> Self {
        self.clock = clock.clone();
        self
    }

    pub fn browser(mut self, browser: &FakeBrowser) -> Self {
        self.browser = browser.clone();
        self
    }

    pub fn options(mut self, change: impl FnOnce(&mut AuthOptions)) -> Self {
        change(&mut self.options);
        self
    }

    pub fn http(mut self, change: impl FnOnce(&mut HttpOptions)) -> Self {
        change(&mut self.http);
        self
    }

    /// Runs token jobs beside the bridge, as in a process of their own: on this test's runtime,
    /// sharing only the store and the messages.
    pub fn apart(mut self) -> Self {
        let (services, _) = self.services();
        let runtime = tokio::runtime::Handle::current();
        self.jobs = Some(Arc::new(Beside { options: self.options.clone(), services, runtime }));
        self
    }

    /// Token jobs are run there.
    pub fn job_runner(mut self, runner: impl JobRunner + 'static) -> Self {
        self.jobs = Some(Arc::new(runner));
        self
    }

    /// Returns its services: store, browser, clock and HTTP.
    pub fn services(&self) -> (AuthServices, Arc<Mutex<Vec<String>>>) {
        let said: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = said.clone();
        let services = AuthServices {
            vault: Arc::new(self.vault.clone()),
            browser: Arc::new(self.browser.clone()),
            clock: Arc::new(self.clock.clone()),
            notice: Arc::new(move |text: &str| heard.lock().unwrap().push(text.to_owned())),
            jobs: self.jobs.clone(),
        };
        (services, said)
    }

    pub fn build(self) -> Party {
        let (services, said) = self.services();
        let endpoint = self.options.server.clone();
        let demands = self.options.login == LoginPolicy::Eager;
        Party {
            demands,
            authorizer: Authorizer::new(self.options, &self.http, services),
            vault: self.vault,
            clock: self.clock,
            browser: self.browser,
            said,
            endpoint,
        }
    }
}

/// See [`Builder::apart`].
struct Beside {
    options: AuthOptions,
    services: AuthServices,
    runtime: tokio::runtime::Handle,
}

impl JobRunner for Beside {
    fn run(&self, job: Secret<Vec<u8>>) -> BoxFuture<'_, Result<Secret<Vec<u8>>, NotRun>> {
        let services = AuthServices { jobs: None, ..self.services.clone() };
        let other = Authorizer::new(self.options.clone(), &HttpOptions::default(), services);
        let task = self
            .runtime
            .spawn(async move { other.run_token_job(&job, std::future::pending()).await });
        Box::pin(async move {
            let outcome = task.await.unwrap()?;
            // what rests in the store is told to nobody who asks.
            let told = String::from_utf8(outcome.expose().clone()).unwrap();
            assert!(!told.contains("access-") && !told.contains("refresh-"), "{told}");
            Ok(outcome)
        })
    }
}

impl Party {
    /// Returns the same, and ignores the answers.
    pub fn without_demand(mut self) -> Self {
        self.demands = false;
        self
    }

    /// Sends a request, repeated as the authorizer demands; returns how often it was sent.
    pub async fn request(&self, method: &str) -> Result<usize, Failure> {
        let outbound = outbound();
        let mut proofs = 0;
        if self.demands {
            self.authorizer.demand();
        }
        for sent in 1..=SENDS {
            let authorization = self.authorizer.authorization().await?;
            let mut request = outbound
                .post(self.endpoint.clone())
                .json_body(&json!({ "jsonrpc": "2.0", "id": 1, "method": method }));
            if let Some(authorization) = &authorization {
                request = request.header(header::AUTHORIZATION, authorization.header.clone());
                if let Some(proof) = authorization.proof(&Method::POST, &self.endpoint)? {
                    request = request.header("dpop", proof);
                }
            }
            let response = request.send().await.unwrap();
            let (status, headers) = (response.status(), response.headers().clone());
            if self.authorizer.may_prove_again(&self.endpoint, status, &headers) && proofs < 2 {
                proofs += 1;
                continue;
            }
            let serial = authorization.map(|authorization| authorization.serial);
            if status.is_success() {
                serial.into_iter().for_each(|serial| self.authorizer.accepted(serial));
                return Ok(sent);
            }
            self.authorizer.challenged(serial, status, &headers).await?;
        }
        panic!("the authorizer asks for repetition without end");
    }

    /// Sends a request for a list.
    pub async fn list(&self) -> Result<usize, Failure> {
        self.request("tools/list").await
    }

    /// Calls a tool.
    pub async fn call(&self) -> Result<usize, Failure> {
        self.request("tools/call").await
    }

    /// Returns the messages to the person.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }

    /// Returns the page that a person is waited for at.
    pub async fn page(&self) -> Url {
        let mut state = self.authorizer.state();
        let waiting = state.wait_for(|state| matches!(state, SignInState::Waiting(_)));
        let waiting = tokio::time::timeout(Duration::from_secs(10), waiting).await;
        match &*waiting.expect("a sign-in is waited for").unwrap() {
            SignInState::Waiting(waiting) => waiting.page.expose().clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Waits until there are tokens.
    pub async fn signed_in(&self) {
        let mut state = self.authorizer.state();
        let done = state.wait_for(|state| *state == SignInState::SignedIn);
        let done = tokio::time::timeout(Duration::from_secs(10), done).await;
        done.expect("the sign-in ends").unwrap();
    }

    /// Returns whether the request was refused as it is written here.
    pub async fn refused(&self, status: u16, challenge: Option<&str>) -> Result<(), Failure> {
        let mut headers = HeaderMap::new();
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge.parse().unwrap());
        }
        self.authorizer.challenged(None, StatusCode::from_u16(status).unwrap(), &headers).await
    }
}

/// `reqwest` is built without its JSON feature.
trait JsonBody {
    fn json_body(self, body: &serde_json::Value) -> Self;
}

impl JsonBody for reqwest::RequestBuilder {
    fn json_body(self, body: &serde_json::Value) -> Self {
        self.header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, text/event-stream")
            .body(body.to_string())
    }
}
