//! Who runs on which core. Waking a process on another core costs several times what a bridge does
//! for a small call, and the scheduler decides anew every few seconds; a figure that compares small
//! times therefore says where everybody runs.

use std::fs;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Where the bridge runs; the bench and its remote share a core unless it is anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Wherever the scheduler likes.
    Anywhere,
    /// On the core of the bench and the remote: no wake-up crosses cores, processor time is all.
    SharedCore,
    /// On a core of its own, as with a host that works meanwhile: every wake-up crosses cores.
    OwnCore,
}

/// The cores this process may use.
pub(crate) struct Cores {
    all: CpuSet,
    first: CpuSet,
    second: CpuSet,
}

impl Cores {
    /// None where there is but one, or the system does not say.
    pub(crate) fn new() -> Option<Self> {
        let all = sched_getaffinity(None).ok()?;
        let mut usable = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
        let (first, second) = (only(usable.next()?), only(usable.next()?));
        Some(Self { all, first, second })
    }

    /// Puts the calling thread, the remote's thread and, from now on, what is spawned in place.
    pub(crate) fn settle(&self, place: Place, remote: Pid) {
        let cores = if place == Place::Anywhere { self.all } else { self.first };
        let _ = sched_setaffinity(None, &cores);
        let _ = sched_setaffinity(Some(remote), &cores);
    }

    /// Puts every thread of a bridge in place; those it starts later follow.
    pub(crate) fn put(&self, process: u32, place: Place) {
        let cores = match place {
            Place::Anywhere => self.all,
            Place::SharedCore => self.first,
            Place::OwnCore => self.second,
        };
        let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return };
        for thread in threads.flatten() {
            let id = thread.file_name().to_str().and_then(|name| name.parse().ok());
            let _ = sched_setaffinity(id.and_then(Pid::from_raw), &cores);
        }
    }
}

fn only(core: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(core);
    set
}
