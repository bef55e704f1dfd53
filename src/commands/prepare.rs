//! What every command that reaches a remote does first: resolve the settings, start logging, say
//! what the user should know, read options. Nothing here touches a keyring unless a header names
//! one of its secrets.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::cache_key::CacheKey;
use super::durable_process::DetachedProcess;
use super::logging;
use super::notes::Notes;
use super::running::Identity;
use super::vault::StoreVault;
use crate::auth::{AuthOptions, AuthServices, Authorizer, JobRunner, UserNotice};
use crate::bridge::{BridgeOptions, CacheOptions, KnownEra, Observer, Pin, ToolFilter};
use crate::environment::{Environment, stderr_is_terminal, to_stderr};
use crate::error::{Error, Result};
use crate::platform::{Browser, Paths, SystemBrowser, SystemClock};
use crate::protocol::Era;
use crate::redact::SafeUrl;
use crate::remote::RemoteOptions;
use crate::settings::{Flags, Key, Settings, check_encryption, parse_remote_url};
use crate::store::{CredentialStore, StoreChoice};

/// How long a command waits for a keyring that may ask its owner for a password. The bridge, whose
/// host does not wait, keeps to the store's own limit.
const UNLOCKING: Duration = Duration::from_secs(60);

/// How long a keyring may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Patience {
    /// A host waits.
    OfHost,
    /// A person at the terminal may have to unlock it first.
    OfPerson,
}

/// What one run knows about its remote.
pub struct Ground {
    /// The remote's URL.
    pub url: Url,
    /// What holds.
    pub settings: Settings,
    /// How the remote is reached.
    pub remote: RemoteOptions,
    /// Where sign-ins rest.
    pub store: CredentialStore,
    /// Our folders.
    pub paths: Paths,
    notice: UserNotice,
    jobs: Option<Arc<dyn JobRunner>>,
}

/// A bridge and what signs it in.
pub struct Prepared {
    /// Everything else about the bridge.
    pub bridge: BridgeOptions,
    /// Signs in; off where the user gave an `Authorization` header.
    pub authorizer: Authorizer,
}

impl Prepared {
    /// The options to run a bridge with.
    pub fn into_bridge(self) -> BridgeOptions {
        let Self { mut bridge, authorizer } = self;
        bridge.remote.authorizer = authorizer;
        bridge
    }
}

/// For a host that waits: it is answered from the last session where the remote takes its time.
pub fn for_bridge(url: &str, flags: &Flags, environment: &Environment) -> Result<Prepared> {
    let (ground, auth) = ground_and_auth(url, flags, environment, Patience::OfHost)?;
    let key = CacheKey::of_machine(&ground.paths);
    let cache = key.as_ref().and_then(|key| ground.cache(key, auth.as_ref()));
    let known_era = key.as_ref().and_then(|key| ground.known_era(key));
    let observer = ground.observer(environment);
    let mut prepared = ground.prepared(auth);
    prepared.bridge.cache = cache;
    prepared.bridge.known_era = known_era;
    prepared.bridge.observer = observer;
    Ok(prepared)
}

/// For a person who waits: requests wait for a sign-in as long as that may take.
pub fn for_command(url: &str, flags: &Flags, environment: &Environment) -> Result<Prepared> {
    let (ground, mut auth) = ground_and_auth(url, flags, environment, person())?;
    if let Some(auth) = auth.as_mut().filter(|_| stderr_is_terminal()) {
        auth.request_wait = auth.auth_timeout;
    }
    let key = CacheKey::of_machine(&ground.paths);
    let known_era = key.as_ref().and_then(|key| ground.known_era(key));
    let mut prepared = ground.prepared(auth);
    prepared.bridge.known_era = known_era;
    Ok(prepared)
}

/// For the commands about signing in: an `Authorization` header of the user's own is an error
/// there.
pub fn for_signing_in(
    url: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<(Ground, AuthOptions)> {
    let (ground, auth) = ground_and_auth(url, flags, environment, person())?;
    Ok((ground, auth.ok_or_else(replaces_sign_in)?))
}

fn replaces_sign_in() -> Error {
    Error::usage("the `Authorization` header or token file given replaces signing in")
        .hint("take it out; `mcp-tether config show URL` says where it stands")
}

/// For taking a sign-in over. No header is expanded or sent, and logging was started before: the
/// server may be named by a configuration that this person did not write.
///
/// # Errors
/// Settings that do not fit, a server that is not encrypted, and an authorization of the user's own.
pub fn for_import(
    url_text: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<(Ground, AuthOptions)> {
    let (url, warning) = parse_remote_url(url_text)?;
    let mut settings = Settings::resolve(Some(&url), flags, environment)?;
    settings.warnings.extend(warning);
    check_encryption(&url, settings.switch(Key::AllowHttp))?;
    let replaced = settings.replace_sign_in(environment)?;
    let paths = environment.paths();
    let store = open(&settings, &paths, person());
    let http = settings.http_options(environment)?;
    let remote = RemoteOptions { http, ..RemoteOptions::new(url.clone()) };
    let auth = settings.auth_options(&url, &[], environment, &secret_of(&store))?;
    let auth = auth.filter(|_| !replaced).ok_or_else(replaces_sign_in)?;
    warn(&settings);
    let notice = Arc::new(say);
    Ok((Ground { url, settings, remote, store, paths, notice, jobs: None }, auth))
}

/// For a look at everything, which each part of it takes apart.
pub fn for_doctor(
    url: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<(Ground, Option<AuthOptions>)> {
    ground_and_auth(url, flags, environment, Patience::OfHost)
}

/// Like [`for_signing_in`] for signing out, where such a header says nothing about what is stored.
pub fn for_signing_out(
    url: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<(Ground, AuthOptions)> {
    let mut ground = ground(url, flags, environment, person())?;
    ground.remote.headers.retain(|(name, _)| *name != http::header::AUTHORIZATION);
    ground.remote.authorizer = Authorizer::off();
    let auth = ground.auth_options(environment)?;
    let auth = auth.unwrap_or_else(|| AuthOptions::new(ground.url.clone()));
    Ok((ground, auth))
}

/// For work that another process sent. It sends nothing on, and what a person should know goes
/// there.
pub fn for_token_job(
    url: &str,
    flags: &Flags,
    environment: &Environment,
    patience: Patience,
    notice: UserNotice,
) -> Result<Authorizer> {
    let (mut ground, auth) = ground_and_auth(url, flags, environment, patience)?;
    ground.jobs = None;
    ground.notice = notice;
    Ok(ground.prepared(auth).authorizer)
}

/// The store that a command without a URL works on.
pub fn store(flags: &Flags, environment: &Environment) -> Result<(CredentialStore, Paths)> {
    let settings = Settings::resolve(None, flags, environment)?;
    logging::start(&settings.log_options(environment))?;
    warn(&settings);
    let paths = environment.paths();
    Ok((open(&settings, &paths, person()), paths))
}

fn ground_and_auth(
    url: &str,
    flags: &Flags,
    environment: &Environment,
    patience: Patience,
) -> Result<(Ground, Option<AuthOptions>)> {
    let mut ground = ground(url, flags, environment, patience)?;
    let auth = ground.auth_options(environment)?;
    // A token file takes the place of signing in.
    let auth = auth.filter(|_| ground.remote.authorizer.is_off());
    warn(&ground.settings);
    Ok((ground, auth))
}

fn ground(
    url_text: &str,
    flags: &Flags,
    environment: &Environment,
    patience: Patience,
) -> Result<Ground> {
    let (url, warning) = parse_remote_url(url_text)?;
    let mut settings = Settings::resolve(Some(&url), flags, environment)?;
    logging::start(&settings.log_options(environment))?;
    settings.warnings.extend(warning);
    let paths = environment.paths();
    let store = open(&settings, &paths, patience);
    let remote = settings.remote_options(&url, environment, &secret_of(&store))?;
    let jobs = DetachedProcess::of_run(url_text, flags, environment, store.choice(), patience);
    let notice = Arc::new(say);
    Ok(Ground { url, settings, remote, store, paths, notice, jobs })
}

impl Ground {
    /// A vault over the store, that talks to the person at stderr.
    pub fn vault(&self) -> StoreVault {
        StoreVault::new(self.store.clone(), Notes::beside(&self.paths), self.notice.clone())
    }

    /// Signs in to this remote, with this browser.
    pub fn authorizer(
        &self,
        auth: AuthOptions,
        vault: StoreVault,
        browser: Arc<dyn Browser>,
    ) -> Authorizer {
        Authorizer::new(auth, &self.remote.http, self.world(vault, browser))
    }

    /// The outside world of signing in.
    pub fn world(&self, vault: StoreVault, browser: Arc<dyn Browser>) -> AuthServices {
        let (vault, clock) = (Arc::new(vault), Arc::new(SystemClock));
        let (notice, jobs) = (self.notice.clone(), self.jobs.clone());
        AuthServices { vault, browser, clock, notice, jobs }
    }

    fn auth_options(&mut self, environment: &Environment) -> Result<Option<AuthOptions>> {
        let secret = secret_of(&self.store);
        self.settings.auth_options(&self.url, &self.remote.headers, environment, &secret)
    }

    /// The bridge to it, signed in to as these options say.
    pub fn prepared(self, auth: Option<AuthOptions>) -> Prepared {
        let authorizer = match auth {
            Some(auth) => self.authorizer(auth, self.vault(), Arc::new(SystemBrowser)),
            None => self.remote.authorizer.clone(),
        };
        let hidden_tools = ToolFilter::new(self.settings.texts(Key::IgnoreTool));
        let protocol = match self.settings.text(Key::Protocol) {
            Some("legacy") => Pin::Only(Era::Legacy),
            Some("modern") => Pin::Only(Era::Modern),
            _ => Pin::Auto,
        };
        let bridge = BridgeOptions { protocol, hidden_tools, ..BridgeOptions::new(self.remote) };
        Prepared { bridge, authorizer }
    }

    /// What is known of this server's era, and will be.
    fn known_era(&self, key: &CacheKey) -> Option<KnownEra> {
        let state = self.paths.state().ok()?;
        Some(KnownEra::new(&state.join("eras"), &key.of_era(&self.remote)))
    }

    /// Where the answers that this server gives to this run are kept. A machine without a folder
    /// for that has none, and everything else works.
    fn cache(&self, key: &CacheKey, auth: Option<&AuthOptions>) -> Option<CacheOptions> {
        let answer_within = self.settings.answer_within()?;
        let folder = self.paths.cache().ok()?.join("sessions");
        let key = key.of_answers(&self.remote, &self.settings, auth);
        Some(CacheOptions { folder, key, answer_within })
    }
}

impl Ground {
    /// Shows this bridge to `status --running`; a machine without a folder for that shows none.
    fn observer(&self, environment: &Environment) -> Option<Observer> {
        let state = self.paths.state().ok()?;
        let server = SafeUrl::new(&self.url).to_string();
        let account = self.settings.text(Key::Account).map(str::to_owned);
        let log_file = self.settings.log_options(environment).file;
        Some(Identity::of_process(server, account, log_file).observer(state))
    }
}

fn person() -> Patience {
    if stderr_is_terminal() { Patience::OfPerson } else { Patience::OfHost }
}

fn open(settings: &Settings, paths: &Paths, patience: Patience) -> CredentialStore {
    let choice = settings.text(Key::CredentialStore).and_then(|text| text.parse().ok());
    let choice: StoreChoice = choice.unwrap_or_default();
    match patience {
        Patience::OfPerson => CredentialStore::open_with_deadline(choice, paths, UNLOCKING),
        Patience::OfHost => CredentialStore::open(choice, paths),
    }
}

/// Values for `${keyring:NAME}`.
fn secret_of(store: &CredentialStore) -> impl Fn(&str) -> Result<crate::redact::Secret<String>> {
    let keys = store.api_keys();
    move |name| block_on(async { Ok(keys.get(name).await?) })
}

fn warn(settings: &Settings) {
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
}

fn say(text: &str) {
    to_stderr(&format!("{text}\n"));
}

/// Runs a future to its end on this thread: one host and one remote need no more. Threads that
/// still wait for something, such as a terminal or a name look-up, do not hold the process.
pub fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Error::failed(format!("cannot start the runtime: {error}")))?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}
