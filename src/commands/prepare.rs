//! Prepares commands that reach a remote: resolves the settings, starts logging, prints warnings
//! and builds options. Does not touch the keyring unless a header refers to a secret in it.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::cache_key::CacheKey;
use super::durable_process::DetachedProcess;
use super::keyring_wait::KeyringWait;
use super::logging;
use super::notes::Notes;
use super::proxy_command::credentials_of_command;
use super::recording_file::start_recording;
use super::remembered::{ERAS, SESSIONS};
use super::running::BridgeIdentity;
use super::vault::StoreVault;
use crate::auth::{
    AuthOptions, AuthServices, Authorizer, HeaderCommands, JobRunner, LoginPolicy, UserNotice,
};
use crate::bridge::{
    BridgeOptions, CacheOptions, KnownEra, NamePatterns, Observer, OfferFilter, ToolPinning,
};
use crate::environment::{Environment, stderr_is_terminal, to_stderr};
use crate::error::{Error, Result};
use crate::platform::{Browser, Paths, SystemBrowser, SystemClock, forbid_reading};
use crate::redact::SafeUrl;
use crate::remote::RemoteOptions;
use crate::settings::{Flags, Key, Settings, check_encryption, parse_remote_url};
use crate::store::{CredentialStore, StoreChoice};

/// The context of a command that reaches a remote.
pub(super) struct CommandContext {
    pub(super) url: Url,
    pub(super) settings: Settings,
    pub(super) remote: RemoteOptions,
    pub(super) store: CredentialStore,
    pub(super) paths: Paths,
    notice: UserNotice,
    jobs: Option<Arc<dyn JobRunner>>,
}

/// The options of a bridge, and its authorizer.
pub(crate) struct Prepared {
    pub(super) bridge: BridgeOptions,
    /// Off if an `Authorization` header replaces signing in.
    pub(super) authorizer: Authorizer,
    /// How long a sign-in waits for the user.
    pub(super) auth_timeout: Duration,
    /// The file of this server and account's pinned tools; `None` without a state folder.
    pub(super) pin_file: Option<PathBuf>,
}

impl Prepared {
    /// The options of a bridge with this authorizer.
    pub(crate) fn into_bridge(self) -> BridgeOptions {
        let Self { mut bridge, authorizer, .. } = self;
        bridge.remote.authorizer = authorizer;
        bridge
    }
}

/// Prepares the bridge itself. If the remote is slow, the host is answered from the cache.
///
/// # Errors
/// The settings are invalid, or the log file cannot be written.
pub(super) fn for_bridge(url: &str, flags: &Flags, environment: &Environment) -> Result<Prepared> {
    let (mut context, auth) = context_and_auth(url, flags, environment, KeyringWait::Short)?;
    context.record(environment)?;
    let key = CacheKey::of_machine(&context.paths);
    let cache = key.as_ref().and_then(|key| context.cache(key, auth.as_ref()));
    let known_era = key.as_ref().and_then(|key| context.known_era(key));
    let observer = context.observer(environment);
    let pins = context.pins(key.as_ref(), url)?;
    let mut prepared = context.prepared(auth);
    prepared.bridge.pins = pins;
    prepared.bridge.cache = cache;
    prepared.bridge.known_era = known_era;
    prepared.bridge.observer = observer;
    Ok(prepared)
}

/// Prepares a command that opens a session. At a terminal, requests wait until the user has signed
/// in.
///
/// # Errors
/// As for [`for_bridge`].
pub(crate) fn for_command(url: &str, flags: &Flags, environment: &Environment) -> Result<Prepared> {
    let (mut context, mut auth) =
        context_and_auth(url, flags, environment, KeyringWait::of_command())?;
    context.record(environment)?;
    if let Some(auth) = auth.as_mut() {
        // Running a command is a demand; `on-demand` is meant for hosts.
        if auth.login == LoginPolicy::OnDemand {
            auth.login = LoginPolicy::Eager;
        }
        // A sign-in page cannot return once the command has ended.
        auth.outlives_requests = false;
        let is_set = context.settings.is_set(Key::AuthTimeout);
        let is_unlimited = stderr_is_terminal() || is_set;
        let wait = if is_unlimited { auth.auth_timeout } else { auth.request_wait };
        auth.request_wait = wait.min(auth.auth_timeout);
    }
    let key = CacheKey::of_machine(&context.paths);
    let known_era = key.as_ref().and_then(|key| context.known_era(key));
    let pins = context.pins(key.as_ref(), url)?;
    let pin_file = context.pin_file(key.as_ref());
    let mut prepared = context.prepared(auth);
    prepared.bridge.pins = pins;
    prepared.bridge.known_era = known_era;
    prepared.pin_file = pin_file;
    Ok(prepared)
}

/// Like [`for_command`], as if these settings were not set.
///
/// # Errors
/// As for [`for_bridge`].
pub(super) fn for_command_without(
    keys: &[Key],
    url: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<Prepared> {
    let keyring = KeyringWait::of_command();
    let (mut context, auth) = context_and_auth(url, flags, environment, keyring)?;
    keys.iter().for_each(|key| context.settings.reset(*key));
    let key = CacheKey::of_machine(&context.paths);
    let pin_file = context.pin_file(key.as_ref());
    let mut prepared = context.prepared(auth);
    prepared.pin_file = pin_file;
    Ok(prepared)
}

/// Prepares a command about signing in.
///
/// # Errors
/// As for [`for_bridge`], or an `Authorization` header or token file replaces signing in.
pub(super) fn for_signing_in(
    url: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<(CommandContext, AuthOptions)> {
    let (context, auth) = context_and_auth(url, flags, environment, KeyringWait::of_command())?;
    Ok((context, auth.ok_or_else(error_for_replaced_sign_in)?))
}

fn error_for_replaced_sign_in() -> Error {
    Error::usage("an `Authorization` header, a token file or a command replaces signing in")
        .hint("remove it; `mcp-tether config show URL` shows where it is set")
}

/// Prepares a command about signing in at the identity provider of `--idp`.
///
/// # Errors
/// The settings are invalid, or name no identity provider.
pub(super) fn for_identity_provider(
    flags: &Flags,
    environment: &Environment,
) -> Result<(CommandContext, AuthOptions)> {
    let named = Settings::resolve(None, flags, environment)?;
    let url_text = named.text(Key::Idp).unwrap_or_default().to_owned();
    // Its own section of the settings file may name its client.
    let url = Url::parse(&url_text).ok();
    let mut settings = Settings::resolve(url.as_ref(), flags, environment)?;
    logging::start(&settings.log_options(environment))?;
    let keyring_wait = KeyringWait::of_command();
    let paths = environment.paths();
    let store = open(&settings, &paths, keyring_wait);
    let (url, auth) = settings.options_at_identity_provider(environment, &secret_of(&store))?;
    let http = settings.http_options(environment)?;
    let remote = RemoteOptions { http, ..RemoteOptions::new(url.clone()) };
    warn(&settings);
    let jobs =
        DetachedProcess::for_command(&url_text, flags, environment, store.choice(), keyring_wait);
    let notice = Arc::new(notify_user);
    Ok((CommandContext { url, settings, remote, store, paths, notice, jobs }, auth))
}

/// Prepares an import of a sign-in. Logging must already be started. Headers are neither expanded
/// nor sent, because the server may be named by a configuration that the user did not write.
///
/// # Errors
/// The settings are invalid, the URL is not encrypted, or an `Authorization` header or token file
/// replaces signing in.
pub(super) fn for_import(
    url_text: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<(CommandContext, AuthOptions)> {
    let (url, warning) = parse_remote_url(url_text)?;
    let mut settings = Settings::resolve(Some(&url), flags, environment)?;
    settings.warnings.extend(warning);
    check_encryption(&url, settings.switch(Key::AllowHttp))?;
    let replaced = settings.replace_sign_in(environment)?;
    let paths = environment.paths();
    let store = open(&settings, &paths, KeyringWait::of_command());
    let http = settings.http_options(environment)?;
    let remote = RemoteOptions { http, ..RemoteOptions::new(url.clone()) };
    let auth = settings.auth_options(&url, &[], environment, &secret_of(&store))?;
    let auth = auth.filter(|_| !replaced).ok_or_else(error_for_replaced_sign_in)?;
    warn(&settings);
    let notice = Arc::new(notify_user);
    Ok((CommandContext { url, settings, remote, store, paths, notice, jobs: None }, auth))
}

/// Prepares `doctor`, which checks each part on its own.
///
/// # Errors
/// As for [`for_bridge`].
pub(super) fn for_doctor(
    url: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<(CommandContext, Option<AuthOptions>)> {
    context_and_auth(url, flags, environment, KeyringWait::Short)
}

/// Prepares signing out. Unlike [`for_signing_in`], permits an `Authorization` header, because
/// stored records do not depend on it.
///
/// # Errors
/// As for [`for_bridge`].
pub(super) fn for_signing_out(
    url: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<(CommandContext, AuthOptions)> {
    let mut context = command_context(url, flags, environment, KeyringWait::of_command())?;
    context.remote.headers.retain(|(name, _)| *name != http::header::AUTHORIZATION);
    context.remote.authorizer = Authorizer::off();
    context.remote.header_commands = HeaderCommands::default();
    let auth = context.auth_options(environment)?;
    let auth = auth.unwrap_or_else(|| AuthOptions::new(context.url.clone()));
    Ok((context, auth))
}

/// Prepares a token job from another process, to be run in this one; `notice` receives messages for
/// the user.
///
/// # Errors
/// As for [`for_bridge`].
pub(super) fn for_token_job(
    url: &str,
    flags: &Flags,
    environment: &Environment,
    keyring_wait: KeyringWait,
    notice: UserNotice,
) -> Result<Authorizer> {
    let (mut context, auth) = context_and_auth(url, flags, environment, keyring_wait)?;
    context.jobs = None;
    context.notice = notice;
    Ok(context.prepared(auth).authorizer)
}

/// Opens the credential store, for a command without a URL.
///
/// # Errors
/// As for [`for_bridge`].
pub(super) fn store(flags: &Flags, environment: &Environment) -> Result<(CredentialStore, Paths)> {
    let settings = Settings::resolve(None, flags, environment)?;
    logging::start(&settings.log_options(environment))?;
    warn(&settings);
    let paths = environment.paths();
    Ok((open(&settings, &paths, KeyringWait::of_command()), paths))
}

fn context_and_auth(
    url: &str,
    flags: &Flags,
    environment: &Environment,
    keyring_wait: KeyringWait,
) -> Result<(CommandContext, Option<AuthOptions>)> {
    let mut context = command_context(url, flags, environment, keyring_wait)?;
    let auth = context.auth_options(environment)?;
    // A token file or command replaces signing in.
    let auth = auth.filter(|_| context.remote.authorizer.is_off());
    warn(&context.settings);
    Ok((context, auth))
}

fn command_context(
    url_text: &str,
    flags: &Flags,
    environment: &Environment,
    keyring_wait: KeyringWait,
) -> Result<CommandContext> {
    let (url, warning) = parse_remote_url(url_text)?;
    let mut settings = Settings::resolve(Some(&url), flags, environment)?;
    logging::start(&settings.log_options(environment))?;
    settings.warnings.extend(warning);
    if settings.switch(Key::Harden) {
        forbid_reading()?;
    }
    let paths = environment.paths();
    let store = open(&settings, &paths, keyring_wait);
    let mut remote = settings.remote_options(&url, environment, &secret_of(&store))?;
    if let Some(command) = settings.proxy_auth_command(environment) {
        remote.http.proxy_credentials = block_on(credentials_of_command(&command, &remote))?;
    }
    let jobs =
        DetachedProcess::for_command(url_text, flags, environment, store.choice(), keyring_wait);
    let notice = Arc::new(notify_user);
    Ok(CommandContext { url, settings, remote, store, paths, notice, jobs })
}

impl CommandContext {
    /// The credential store as a vault that notifies the user on stderr.
    pub(super) fn vault(&self) -> StoreVault {
        StoreVault::new(self.store.clone(), Notes::beside(&self.paths), self.notice.clone())
    }

    /// An authorizer for this remote that signs in with this browser.
    pub(super) fn authorizer(
        &self,
        auth: AuthOptions,
        vault: StoreVault,
        browser: Arc<dyn Browser>,
    ) -> Authorizer {
        Authorizer::new(auth, &self.remote.http, self.auth_services(vault, browser))
    }

    /// The services for signing in.
    pub(super) fn auth_services(
        &self,
        vault: StoreVault,
        browser: Arc<dyn Browser>,
    ) -> AuthServices {
        let (vault, clock) = (Arc::new(vault), Arc::new(SystemClock));
        let (notice, jobs) = (self.notice.clone(), self.jobs.clone());
        AuthServices { vault, browser, clock, notice, jobs }
    }

    /// Starts the recording, if `--record` is set.
    fn record(&mut self, environment: &Environment) -> Result<()> {
        let headers = &self.remote.headers;
        self.remote.recorder = start_recording(&self.settings, &self.url, headers, environment)?;
        Ok(())
    }

    fn auth_options(&mut self, environment: &Environment) -> Result<Option<AuthOptions>> {
        let secret = secret_of(&self.store);
        self.settings.auth_options(&self.url, &self.remote.headers, environment, &secret)
    }

    /// A bridge to this remote that signs in with these options.
    pub(super) fn prepared(self, auth: Option<AuthOptions>) -> Prepared {
        let auth_timeout = auth.as_ref().map_or(Duration::ZERO, |auth| auth.auth_timeout);
        let authorizer = match auth {
            Some(auth) => self.authorizer(auth, self.vault(), Arc::new(SystemBrowser)),
            None => self.remote.authorizer.clone(),
        };
        let patterns = |only, ignore| {
            NamePatterns::new(self.settings.texts(only), self.settings.texts(ignore))
        };
        let offer = OfferFilter::new(
            patterns(Key::OnlyTool, Key::IgnoreTool),
            patterns(Key::OnlyPrompt, Key::IgnorePrompt),
            patterns(Key::OnlyResource, Key::IgnoreResource),
            self.settings.switch(Key::ReadOnly),
        );
        let pinning: ToolPinning = self.settings.choice(Key::Pin);
        let offer = offer.blocking_unpinned(pinning == ToolPinning::Block);
        let bridge = BridgeOptions {
            protocol: self.settings.choice(Key::Protocol),
            offer,
            merge_pages: self.settings.choice(Key::MergePages),
            ..BridgeOptions::new(self.remote)
        };
        Prepared { bridge, authorizer, auth_timeout, pin_file: None }
    }

    /// The stored era of this remote. `None` without a state folder.
    fn known_era(&self, key: &CacheKey) -> Option<KnownEra> {
        let state = self.paths.state().ok()?;
        let server = SafeUrl::new(&self.url).to_string();
        Some(KnownEra::new(&state.join(ERAS), &key.of_era(&self.remote), server))
    }

    /// The cache of this remote's answers. `None` without a cache folder, if `--answer-within` is
    /// 0, or with credentials from a command, whose account is unknown.
    fn cache(&self, key: &CacheKey, auth: Option<&AuthOptions>) -> Option<CacheOptions> {
        if self.settings.uses_commands() {
            return None;
        }
        let answer_within = self.settings.answer_within()?;
        let folder = self.paths.cache().ok()?.join(SESSIONS);
        let key = key.of_answers(&self.remote, &self.settings, auth);
        let server = SafeUrl::new(&self.url).to_string();
        Some(CacheOptions { folder, key, server, answer_within })
    }
}

impl CommandContext {
    /// Shows this bridge in `status --running`. `None` without a state folder.
    fn observer(&self, environment: &Environment) -> Option<Observer> {
        let state = self.paths.state().ok()?;
        let server = SafeUrl::new(&self.url).to_string();
        let account = self.settings.text(Key::Account).map(str::to_owned);
        let log_file = self.settings.log_options(environment).file;
        Some(BridgeIdentity::of_process(server, account, log_file).observer(state))
    }
}

fn open(settings: &Settings, paths: &Paths, keyring_wait: KeyringWait) -> CredentialStore {
    let choice: StoreChoice = settings.choice(Key::CredentialStore);
    CredentialStore::open_with_deadline(choice, paths, keyring_wait.deadline())
}

/// Looks up `${keyring:NAME}` in this store.
fn secret_of(store: &CredentialStore) -> impl Fn(&str) -> Result<crate::redact::Secret<String>> {
    let keys = store.api_keys();
    move |name| block_on(async { Ok(keys.get(name).await?) })
}

fn warn(settings: &Settings) {
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
}

fn notify_user(text: &str) {
    to_stderr(&format!("{text}\n"));
}

/// Runs a future on this thread, which is enough for one host and one remote. Does not wait for
/// threads that are still blocked, for example on a terminal or a DNS lookup.
///
/// # Errors
/// The error of the future, or the runtime cannot be started.
pub(crate) fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Error::failed(format!("cannot start the runtime: {error}")).hint(
            "the system may have no free file descriptors: close programs, or raise `ulimit -n`",
        )
    })?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}
