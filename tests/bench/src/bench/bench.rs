//! One run: who is compared, against which remote, how long, and what went wrong.

use std::time::{Duration, Instant};

use crate::bridge::{Bridge, Opening};
use crate::contenders::Contender;
use crate::cores::{Cores, Place};
use crate::fault::{Fault, Outcome};
use crate::payload::Payload;
use crate::upstream::Upstream;

/// How much is measured.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) spawns: usize,
    pub(crate) far_spawns: usize,
    pub(crate) call_rounds: usize,
    pub(crate) calls: usize,
    pub(crate) burst_rounds: usize,
    pub(crate) burst: usize,
    pub(crate) late_rounds: usize,
    pub(crate) large_rounds: usize,
    pub(crate) stream_rounds: usize,
    pub(crate) storms: usize,
    pub(crate) idle: Duration,
    /// A bridge that has used this much of a figure takes no more of its rounds.
    pub(crate) budget: Duration,
}

impl Plan {
    pub(crate) fn full() -> Self {
        Self {
            spawns: 41,
            far_spawns: 7,
            call_rounds: 21,
            calls: 400,
            burst_rounds: 15,
            burst: 8000,
            late_rounds: 7,
            large_rounds: 11,
            stream_rounds: 11,
            storms: 5,
            idle: Duration::from_secs(30),
            budget: Duration::from_secs(12),
        }
    }

    /// Returns the settings of a quick check that everything works; its numbers are rough.
    pub(crate) fn quick() -> Self {
        Self {
            spawns: 5,
            far_spawns: 1,
            call_rounds: 3,
            calls: 100,
            burst_rounds: 3,
            burst: 1000,
            late_rounds: 1,
            large_rounds: 1,
            stream_rounds: 2,
            storms: 1,
            idle: Duration::from_secs(5),
            budget: Duration::from_secs(1),
        }
    }
}

/// A wrong or missing answer.
pub(crate) struct Noted {
    pub(crate) contender: usize,
    pub(crate) figure: String,
    pub(crate) fault: Fault,
}

/// The run.
pub(crate) struct Bench {
    upstream: Upstream,
    payload: Payload,
    contenders: Vec<Contender>,
    plan: Plan,
    cores: Option<Cores>,
    place: Place,
    faults: Vec<Noted>,
}

impl Bench {
    pub(crate) fn new(
        upstream: Upstream,
        payload: Payload,
        contenders: Vec<Contender>,
        plan: Plan,
    ) -> Self {
        let (cores, place) = (Cores::new(), Place::Anywhere);
        Self { upstream, payload, contenders, plan, cores, place, faults: Vec::new() }
    }

    pub(crate) fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    pub(crate) fn payload(&self) -> &Payload {
        &self.payload
    }

    pub(crate) fn contenders(&self) -> &[Contender] {
        &self.contenders
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Says where everybody runs from now on, if there is a choice.
    pub(crate) fn settle(&mut self, place: Place) {
        self.place = place;
        if let Some(cores) = &self.cores {
            cores.settle(place, self.upstream.thread());
        }
    }

    /// Puts a running bridge where it belongs now.
    pub(crate) fn put(&self, bridge: &Bridge) {
        if let Some(cores) = &self.cores {
            cores.put(bridge.pid(), self.place);
        }
    }

    /// Spawns a bridge and opens a session as a host does.
    pub(crate) fn open(&self, contender: &Contender, url: &str) -> Outcome<(Bridge, Opening)> {
        let start = Instant::now();
        let mut bridge = Bridge::spawn(contender, url)?;
        if self.place != Place::Anywhere {
            self.put(&bridge);
        }
        let opening = bridge.begin(start)?;
        Ok((bridge, opening))
    }

    pub(crate) fn note_fault(&mut self, contender: usize, figure: &str, fault: Fault) {
        self.faults.push(Noted { contender, figure: figure.into(), fault });
    }

    pub(crate) fn faults(&self) -> &[Noted] {
        &self.faults
    }

    /// Returns whether a bridge that must answer did not.
    pub(crate) fn failed(&self) -> bool {
        self.faults.iter().any(|noted| self.contenders[noted.contender].is_required())
    }
}
