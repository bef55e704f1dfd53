//! What all connections of one mock share.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use serde_json::{Value, json};

use super::events::EventLog;
use super::faults::{ActiveFault, Asked, Fault, Plan};
use super::kept::DataProblem;
use super::listens::Listens;
use super::oauth::{OAuth, OAuthOptions};
use super::options::{MockOptions, Mode, Served};
use super::products::{self, Product};
use super::recorder::Recorder;
use super::seal::Seal;
use super::session::{PushedRequest, Session, Sessions};
use super::tasks::Tasks;
use super::transport::Held;

/// Options, product, sessions, faults and record of one mock.
pub(super) struct Shared {
    pub(super) options: MockOptions,
    pub(super) product: Box<dyn Product>,
    pub(super) sessions: Sessions,
    pub(super) recorder: Recorder,
    pub(super) listens: Listens,
    pub(super) seal: Seal,
    pub(super) tasks: Tasks,
    pub(super) held: Held,
    /// Where OAuth is asked for.
    pub(super) oauth: Option<OAuth>,
    /// Whether there is nothing but the authorization server.
    pub(super) only_authorizes: bool,
    faults: Mutex<Vec<ActiveFault>>,
    /// Whether the tools were listed since the faults were set.
    listed: AtomicBool,
    served: Mutex<Served>,
    port: AtomicU16,
    /// Streams of stateless exchanges, which no session knows.
    stray: Mutex<Vec<Weak<EventLog>>>,
    /// The access token that was shown first, where a fault asks.
    first_token: OnceLock<String>,
}

impl Shared {
    pub(super) fn new(options: MockOptions) -> Result<Arc<Self>, DataProblem> {
        Self::playing(options, false)
    }

    /// Whether this access token was the first to be shown, of those that this was asked about.
    pub(super) fn is_first_token(&self, token: &str) -> bool {
        self.first_token.get_or_init(|| token.to_owned()) == token
    }

    /// An authorization server without a remote.
    pub(super) fn authorization_server(options: MockOptions) -> Result<Arc<Self>, DataProblem> {
        Self::playing(options, true)
    }

    fn playing(options: MockOptions, only_authorizes: bool) -> Result<Arc<Self>, DataProblem> {
        let product = products::open(&options)?;
        let recorder = Recorder::new(options.record_limit);
        let endpoints = match only_authorizes {
            true => Vec::new(),
            false => vec![product.profile().paths.mcp, product.profile().paths.sse],
        };
        let protected = |oauth: &OAuthOptions| OAuth::new(oauth.clone(), endpoints, &recorder);
        let oauth = options.auth.oauth().map(protected);
        Ok(Arc::new(Self {
            oauth,
            only_authorizes,
            product,
            sessions: Sessions::default(),
            listens: Listens::default(),
            seal: Seal::new(),
            tasks: Tasks::default(),
            held: Held::default(),
            recorder,
            faults: Mutex::new(active(options.faults.clone())),
            listed: AtomicBool::new(false),
            served: Mutex::new(options.protocol),
            port: AtomicU16::new(options.port),
            stray: Mutex::default(),
            first_token: OnceLock::new(),
            options,
        }))
    }

    pub(super) fn port(&self) -> u16 {
        self.port.load(Ordering::Relaxed)
    }

    pub(super) fn set_port(&self, port: u16) {
        self.port.store(port, Ordering::Relaxed);
        if let Some(oauth) = &self.oauth {
            oauth.set_port(port);
        }
    }

    pub(super) fn is_stateless(&self) -> bool {
        self.options.mode == Mode::Stateless
    }

    /// The revisions that are spoken, for a request with this plan.
    pub(super) fn served(&self, plan: &Plan) -> Served {
        let now = *self.served.lock().unwrap_or_else(PoisonError::into_inner);
        plan.served.unwrap_or(now)
    }

    /// Speaks other revisions from now on; the paths stay those of the start.
    pub(super) fn set_served(&self, served: Served) {
        *self.served.lock().unwrap_or_else(PoisonError::into_inner) = served;
    }

    /// Faults that apply to a request, each counted as used.
    pub(super) fn plan(&self, asked: &Asked<'_>) -> Plan {
        let mut plan = Plan::default();
        for fault in self.lock_faults().iter_mut() {
            fault.apply(asked, &mut plan);
        }
        plan
    }

    pub(super) fn tools_were_listed(&self) {
        self.listed.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_listed_tools(&self) -> bool {
        self.listed.load(Ordering::Relaxed)
    }

    pub(super) fn set_faults(&self, faults: Vec<Fault>) {
        self.listed.store(false, Ordering::Relaxed);
        *self.lock_faults() = active(faults);
    }

    pub(super) fn faults(&self) -> Vec<Fault> {
        self.lock_faults().iter().map(|active| active.fault().clone()).collect()
    }

    /// A log for the answer to one POST.
    pub(super) fn new_log(&self, session: &Session) -> Arc<EventLog> {
        let log = session.new_log();
        if session.id().is_none() {
            let mut stray = self.stray.lock().unwrap_or_else(PoisonError::into_inner);
            if stray.len() == stray.capacity() {
                stray.retain(|log| log.strong_count() > 0);
            }
            stray.push(Arc::downgrade(&log));
        }
        log
    }

    /// Breaks off every open stream.
    pub(super) fn cut_streams(&self) {
        for session in self.sessions.all() {
            session.cut_streams();
        }
        let stray = std::mem::take(&mut *self.stray.lock().unwrap_or_else(PoisonError::into_inner));
        for log in stray.iter().filter_map(Weak::upgrade) {
            log.cut();
        }
    }

    /// Tells of a change: on the standalone stream of every session that has one open or had one
    /// and may come back for what it missed, and on the listen streams that asked for it. Gives the
    /// number of streams.
    pub(super) fn broadcast(&self, method: &str, params: &Value) -> usize {
        self.broadcast_to(|_| true, method, params)
    }

    /// The same for chosen sessions.
    pub(super) fn broadcast_to(
        &self,
        wanted: impl Fn(&Session) -> bool,
        method: &str,
        params: &Value,
    ) -> usize {
        let text = notification(method, params);
        let sessions = self.sessions.all();
        let reached = sessions.iter().filter(|s| s.has_standalone() && wanted(s));
        let told = reached.map(|session| session.standalone().say(text.clone())).count();
        told + self.listens.tell(method, params)
    }

    /// Puts a request to every session that has a standalone stream open.
    pub(super) fn ask_all(&self, method: &str, params: &Value) -> Vec<PushedRequest> {
        let sessions = self.sessions.all();
        let open = sessions.iter().filter(|session| session.standalone().is_read());
        open.map(|session| session.ask(session.standalone(), method, params)).collect()
    }

    fn lock_faults(&self) -> MutexGuard<'_, Vec<ActiveFault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn active(faults: Vec<Fault>) -> Vec<ActiveFault> {
    faults.into_iter().map(ActiveFault::new).collect()
}

/// The text of a notification. Null parameters are left out.
pub(super) fn notification(method: &str, params: &Value) -> String {
    let mut message = json!({ "jsonrpc": "2.0", "method": method });
    if !params.is_null() {
        message["params"] = params.clone();
    }
    message.to_string()
}

/// A number that looks random and is the same for the same input (the finisher of SplitMix64).
pub(super) fn mixed(seed: u64, number: u64) -> u64 {
    let mut x = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
