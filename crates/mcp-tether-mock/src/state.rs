//! What all connections of one mock share.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::connections::Connections;
use super::faults::{ActiveFault, Fault, FaultTarget, Plan};
use super::oauth::{OAuth, OAuthOptions};
use super::options::{MockOptions, Mode};
use super::product::Product;
use super::recorder::Recorder;
use super::response_batch::ResponseBatch;
use super::seal::Seal;
use super::served::Served;
use super::tasks::Tasks;

/// Options, product, sessions, faults and record of one mock.
pub(super) struct MockState {
    pub(super) options: MockOptions,
    pub(super) product: Box<dyn Product>,
    pub(super) connections: Arc<Connections>,
    pub(super) recorder: Recorder,
    pub(super) seal: Seal,
    pub(super) tasks: Arc<Tasks>,
    pub(super) batch: ResponseBatch,
    /// Where OAuth is asked for.
    pub(super) oauth: Option<OAuth>,
    /// Whether there is nothing but the authorization server.
    pub(super) only_authorizes: bool,
    faults: Mutex<Vec<ActiveFault>>,
    /// Whether the tools were listed since the faults were set.
    listed: AtomicBool,
    served: Mutex<Served>,
    port: AtomicU16,
    /// The access token that was shown first, where a fault asks.
    first_token: OnceLock<String>,
}

impl MockState {
    /// Whether this access token was the first to be shown, of those that this was asked about.
    pub(super) fn is_first_token(&self, token: &str) -> bool {
        self.first_token.get_or_init(|| token.to_owned()) == token
    }

    /// A mock of `product`, or only its authorization server.
    pub(super) fn new(
        options: MockOptions,
        product: Box<dyn Product>,
        only_authorizes: bool,
    ) -> Arc<Self> {
        let recorder = Recorder::new(options.record_limit);
        let endpoints = if only_authorizes {
            Vec::new()
        } else {
            vec![product.profile().paths.mcp, product.profile().paths.sse]
        };
        let protected = |oauth: &OAuthOptions| OAuth::new(oauth.clone(), endpoints, &recorder);
        let oauth = options.auth.oauth().map(protected);
        Arc::new(Self {
            oauth,
            only_authorizes,
            product,
            connections: Arc::default(),
            seal: Seal::new(),
            tasks: Arc::default(),
            batch: ResponseBatch::default(),
            recorder,
            faults: Mutex::new(active(options.faults.clone())),
            listed: AtomicBool::new(false),
            served: Mutex::new(options.protocol),
            port: AtomicU16::new(options.port),
            first_token: OnceLock::new(),
            options,
        })
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
    pub(super) fn plan(&self, asked: &FaultTarget<'_>) -> Plan {
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

    fn lock_faults(&self) -> MutexGuard<'_, Vec<ActiveFault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn active(faults: Vec<Fault>) -> Vec<ActiveFault> {
    faults.into_iter().map(ActiveFault::new).collect()
}
