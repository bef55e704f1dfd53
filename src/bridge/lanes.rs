//! Several sessions with one legacy remote: a host's own, and those that are opened for a modern
//! host (E-01, E-14). Each has a lane. The rules of the loop speak of one session: the lane that
//! was entered last. With a single session, which is the usual case, nothing is ever exchanged.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::Bridge;
use super::in_flight::Asker;
use super::opening::Opening;
use super::remembered::Remembered;
use super::search::Search;
use super::timers::Timers;
use crate::remote::{Remote, Session};

/// What belongs to one session.
#[derive(Debug)]
pub(super) struct Lane {
    remote: Remote,
    session: Arc<Session>,
    opening: Opening,
    remembered: Remembered,
    timers: Timers,
    search: Option<Search>,
}

/// The lanes that are not the entered one, and what is known of all.
#[derive(Debug)]
pub(super) struct Lanes {
    entered: usize,
    parked: BTreeMap<usize, Lane>,
    /// Whom the sessions of each lane are for.
    owners: Vec<Asker>,
    /// The lane of a legacy host, once it has one.
    of_host: Option<usize>,
    /// The lane of the newest session for a modern host.
    of_translator: Option<usize>,
    /// The lane of each session that ever was, by its generation.
    by_generation: Vec<usize>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            entered: 0,
            parked: BTreeMap::new(),
            owners: vec![Asker::Host],
            of_host: None,
            of_translator: None,
            by_generation: vec![0],
        }
    }
}

impl Lanes {
    /// The generation of a new session in the entered lane.
    pub(super) fn new_generation(&mut self) -> u32 {
        self.by_generation.push(self.entered);
        u32::try_from(self.by_generation.len() - 1).unwrap_or(u32::MAX)
    }

    /// The lane of a session.
    pub(super) fn of_generation(&self, generation: u32) -> usize {
        let known = usize::try_from(generation).ok().and_then(|at| self.by_generation.get(at));
        known.copied().unwrap_or(self.entered)
    }

    /// Whether this session is one of the entered lane.
    pub(super) fn is_entered(&self, generation: u32) -> bool {
        self.of_generation(generation) == self.entered
    }

    /// Whether the sessions of the entered lane are for a modern host.
    pub(super) fn is_translators(&self) -> bool {
        self.owners.get(self.entered) == Some(&Asker::Translator)
    }

    /// Whether the session of this generation is for a modern host.
    pub(super) fn is_translators_generation(&self, generation: u32) -> bool {
        self.owners.get(self.of_generation(generation)) == Some(&Asker::Translator)
    }

    /// Whether a modern host has a session and a legacy one has none.
    pub(super) fn are_only_translators(&self) -> bool {
        self.of_translator.is_some() && self.of_host.is_none()
    }

    /// The next timer of all parked lanes.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.parked.values().filter_map(|lane| lane.timers.next()).min()
    }

    /// Whether no message waits for a session in a parked lane.
    pub(super) fn hold_nothing(&self) -> bool {
        self.parked.values().all(|lane| lane.opening.holds_nothing())
    }

    /// Every lane there is.
    pub(super) fn all(&self) -> std::ops::Range<usize> {
        0..self.owners.len()
    }

    /// Takes the parked lanes out, to leave the remote.
    pub(super) fn take_parked(&mut self) -> Vec<(Remote, Arc<Session>)> {
        let lanes = std::mem::take(&mut self.parked);
        lanes.into_values().map(|lane| (lane.remote, lane.session)).collect()
    }
}

impl Bridge {
    /// From here on, the session is the one of this lane.
    pub(super) fn enter(&mut self, lane: usize) {
        if lane == self.lanes.entered {
            return;
        }
        let Some(entered) = self.lanes.parked.remove(&lane) else { return };
        let left = self.replace_lane(entered);
        self.lanes.parked.insert(self.lanes.entered, left);
        self.lanes.entered = lane;
    }

    fn replace_lane(&mut self, lane: Lane) -> Lane {
        Lane {
            remote: std::mem::replace(&mut self.remote, lane.remote),
            session: std::mem::replace(&mut self.session, lane.session),
            opening: std::mem::replace(&mut self.opening, lane.opening),
            remembered: std::mem::replace(&mut self.remembered, lane.remembered),
            timers: std::mem::replace(&mut self.timers, lane.timers),
            search: std::mem::replace(&mut self.search, lane.search),
        }
    }

    /// Enters the lane of a legacy host, if it has one.
    pub(super) fn enter_for_host(&mut self) {
        if let Some(lane) = self.lanes.of_host {
            self.enter(lane);
        }
    }

    /// Enters the lane of the session that a legacy host opens. One that comes after a modern one
    /// gets a lane of its own.
    pub(super) fn open_for_host(&mut self) {
        if self.lanes.are_only_translators() {
            self.add_lane(Asker::Host);
        }
        self.lanes.of_host.get_or_insert(self.lanes.entered);
    }

    /// Enters the lane of the newest session for a modern host.
    pub(super) fn enter_for_translator(&mut self) {
        if let Some(lane) = self.lanes.of_translator {
            self.enter(lane);
        }
    }

    /// Enters the lane of a new session for a modern host; an older one only ends what it began.
    pub(super) fn open_for_translator(&mut self) {
        if self.lanes.of_translator.is_none() {
            // E-07
            tracing::warn!(
                "the host speaks 2026-07-28, the server an older revision: translating; questions of \
                 the server that belong to no call, prompt or read are refused"
            );
        }
        let lane = match (self.lanes.of_host, self.lanes.of_translator) {
            (None, None) => {
                self.lanes.owners[0] = Asker::Translator;
                0
            }
            // A first session that could not be opened is tried again.
            (_, Some(lane)) if self.is_idle_in(lane) => lane,
            (_, Some(older)) => {
                self.enter(older);
                self.remote.stop_listening();
                self.timers.lost();
                self.add_lane(Asker::Translator)
            }
            (Some(_), None) => self.add_lane(Asker::Translator),
        };
        self.lanes.of_translator = Some(lane);
        self.enter(lane);
    }

    fn is_idle_in(&mut self, lane: usize) -> bool {
        self.enter(lane);
        self.opening.is_idle()
    }

    /// Makes a lane and enters it. The transport is known by then.
    fn add_lane(&mut self, owner: Asker) -> usize {
        let lane = self.lanes.owners.len();
        self.lanes.owners.push(owner);
        if let Some(transport) = self.remote.transport() {
            self.choices.settle_transport(transport);
        }
        let added = Lane {
            remote: self.remote.with_own_session(),
            session: Session::unopened(0),
            opening: Opening::default(),
            remembered: self.remembered.beside(),
            timers: self.timers.beside(),
            search: None,
        };
        self.lanes.parked.insert(lane, added);
        self.enter(lane);
        self.session = Session::unopened(self.lanes.new_generation());
        lane
    }
}
