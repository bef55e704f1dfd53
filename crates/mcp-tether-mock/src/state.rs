//! The state of one mock, shared by all its connections.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::connections::HostConnections;
use super::faults::{ActiveFault, Fault, FaultTarget, Plan};
use super::oauth::{OAuth, OAuthOptions};
use super::options::{MockOptions, Mode};
use super::product::MockProduct;
use super::recorder::RequestRecorder;
use super::response_batch::ResponseBatch;
use super::seal::Seal;
use super::served::Served;
use super::tasks::Tasks;

/// Options, product, connections, faults and record of one mock.
pub(super) struct MockState {
    pub(super) options: MockOptions,
    pub(super) product: Box<dyn MockProduct>,
    pub(super) connections: Arc<HostConnections>,
    pub(super) recorder: RequestRecorder,
    pub(super) seal: Seal,
    pub(super) tasks: Arc<Tasks>,
    pub(super) batch: ResponseBatch,
    /// The OAuth side, if OAuth is used.
    pub(super) oauth: Option<OAuth>,
    /// Whether it has only an authorization server, and no MCP endpoint.
    pub(super) only_authorizes: bool,
    faults: Mutex<Vec<ActiveFault>>,
    /// Whether the tools were listed since the faults were set.
    listed: AtomicBool,
    served: Mutex<Served>,
    port: AtomicU16,
    /// The access token that was presented first, once a fault asks for it.
    first_token: OnceLock<String>,
}

impl MockState {
    /// Returns whether this access token is the first that was ever passed here.
    pub(super) fn is_first_token(&self, token: &str) -> bool {
        self.first_token.get_or_init(|| token.to_owned()) == token
    }

    /// Creates the state of a mock of `product`, or of an authorization server alone.
    pub(super) fn new(
        options: MockOptions,
        product: Box<dyn MockProduct>,
        only_authorizes: bool,
    ) -> Arc<Self> {
        let recorder = RequestRecorder::new(options.record_limit);
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

    /// Returns the revisions spoken for a request with this plan.
    pub(super) fn served(&self, plan: &Plan) -> Served {
        let now = *self.served.lock().unwrap_or_else(PoisonError::into_inner);
        plan.served.unwrap_or(now)
    }

    /// Speaks other revisions from now on; the paths stay those of the start.
    pub(super) fn set_served(&self, served: Served) {
        *self.served.lock().unwrap_or_else(PoisonError::into_inner) = served;
    }

    /// Returns the plan of a request: every fault that applies writes into it and counts it.
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
