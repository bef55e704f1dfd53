//! What the adapters of `crate::eras` want done. Each effect waits in one queue until the event at
//! hand is dealt with, so that nothing that it causes re-enters what is under way.

use std::collections::VecDeque;
use std::time::Instant;

use super::Bridge;
use super::session::slots::SlotId;
use crate::eras::modern_host::{HostEffect, ModernHost};
use crate::eras::{AdapterContext, ModernRemote, RemoteEffect};
use crate::error::Failure;
use crate::jsonrpc::Frame;

/// Something that is to be done after the event at hand.
#[derive(Debug)]
pub(super) enum Effect {
    /// What the adapter of the modern remote of this slot wants.
    OfRemote(SlotId, RemoteEffect),
    /// What the adapter of a modern host wants.
    OfHost(HostEffect),
    /// A request of the host fails, after what was wanted before it.
    Fail(u64, Failure),
}

/// Effects in the order in which they were wanted.
#[derive(Debug, Default)]
pub(super) struct Effects {
    waiting: VecDeque<Effect>,
    /// Lent to the adapter of a modern remote; empty in between.
    of_remote: Vec<RemoteEffect>,
}

impl Effects {
    pub(super) fn push(&mut self, effect: Effect) {
        self.waiting.push_back(effect);
    }

    /// Takes the lines for the host out and gives up everything else.
    pub(super) fn take_lines(&mut self) -> Vec<Frame> {
        self.of_remote.clear();
        let line = |effect| match effect {
            Effect::OfHost(HostEffect::Say(line)) => Some(line),
            _ => None,
        };
        self.waiting.drain(..).filter_map(line).collect()
    }
}

impl Bridge {
    /// Lets the adapter of a modern remote work. Does nothing where there is none.
    pub(super) fn with_remote_adapter(
        &mut self,
        slot: SlotId,
        work: impl FnOnce(&mut ModernRemote, &mut AdapterContext<'_, RemoteEffect>),
    ) {
        let Some(remote) = self.slots[slot].adapter.remote_mut() else { return };
        let Effects { waiting, of_remote } = &mut self.effects;
        let now = tokio::time::Instant::now().into_std();
        work(remote, &mut AdapterContext { now, numbers: &mut self.numbers, effects: of_remote });
        waiting.extend(of_remote.drain(..).map(|effect| Effect::OfRemote(slot, effect)));
    }

    /// Lets the adapter of a modern host work.
    pub(super) fn with_host_adapter(&mut self, work: impl FnOnce(&mut ModernHost, Instant)) {
        work(&mut self.modern_host, tokio::time::Instant::now().into_std());
        self.effects.waiting.extend(self.modern_host.effects().into_iter().map(Effect::OfHost));
    }

    /// Does what is wanted, and what is wanted because of that.
    pub(super) fn carry_out_effects(&mut self) {
        while let Some(effect) = self.effects.waiting.pop_front() {
            match effect {
                Effect::OfRemote(slot, effect) => self.carry_out_for_remote(slot, effect),
                Effect::OfHost(HostEffect::Say(line)) => self.host.writer.push(line),
                Effect::OfHost(HostEffect::Send(message)) => self.send_for_host_adapter(message),
                Effect::Fail(number, failure) => self.fail(number, &failure),
            }
        }
    }
}
