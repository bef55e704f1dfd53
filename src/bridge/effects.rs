//! The queue of effects that the adapters in `crate::eras` emit. They wait until the current event
//! is handled, so that nothing re-enters code that is still running.

use std::collections::VecDeque;

use super::Bridge;
use super::session::slots::SlotId;
use crate::eras::modern_host::{HostContext, HostEffect, ModernHost};
use crate::eras::{AdapterContext, ModernRemote, RemoteEffect};
use crate::error::Failure;
use crate::jsonrpc::Frame;

/// Something to do once the current event is handled.
#[derive(Debug)]
pub(super) enum Effect {
    /// An effect of the adapter of this slot's modern remote.
    OfRemote(SlotId, RemoteEffect),
    /// An effect of the modern host's adapter.
    OfHost(HostEffect),
    /// Send the first probe of the detection that this slot has begun.
    Probe(SlotId),
    /// Fails a host request, once the effects before it are carried out.
    Fail(u64, Failure),
}

/// Effects, in the order in which they were emitted.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) waiting: VecDeque<Effect>,
    /// Lent to the adapter of a modern remote; empty in between.
    of_remote: Vec<RemoteEffect>,
    /// Lent to the adapter of a modern host; empty in between.
    of_host: Vec<HostEffect>,
}

impl Effects {
    /// Appends an effect.
    pub(super) fn push(&mut self, effect: Effect) {
        self.waiting.push_back(effect);
    }

    /// Takes out the lines for the host and drops everything else.
    pub(super) fn drain_lines(&mut self) -> Vec<Frame> {
        self.of_remote.clear();
        self.of_host.clear();
        let line = |effect| match effect {
            Effect::OfHost(HostEffect::Say(line)) => Some(line),
            _ => None,
        };
        self.waiting.drain(..).filter_map(line).collect()
    }
}

impl Bridge {
    /// Runs the adapter of a modern remote. Does nothing if there is none.
    pub(super) fn with_remote_adapter(
        &mut self,
        slot: SlotId,
        work: impl FnOnce(&mut ModernRemote, &mut AdapterContext<'_, RemoteEffect>),
    ) {
        let Some(remote) = self.slots[slot].adapter.remote_mut() else { return };
        let Effects { waiting, of_remote, .. } = &mut self.effects;
        let now = tokio::time::Instant::now().into_std();
        work(remote, &mut AdapterContext { now, numbers: &mut self.numbers, effects: of_remote });
        waiting.extend(of_remote.drain(..).map(|effect| Effect::OfRemote(slot, effect)));
    }

    /// Runs the adapter of a modern host.
    pub(super) fn with_host_adapter(
        &mut self,
        work: impl FnOnce(&mut ModernHost, &mut HostContext<'_>),
    ) {
        let Effects { waiting, of_host, .. } = &mut self.effects;
        let now = tokio::time::Instant::now().into_std();
        let numbers = &mut self.numbers;
        work(&mut self.modern_host, &mut HostContext { now, numbers, effects: of_host });
        waiting.extend(of_host.drain(..).map(Effect::OfHost));
    }
}
