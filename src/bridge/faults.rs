//! Catches a panic in one turn of the loop, so that it neither ends the process nor leaves a
//! request unanswered (T-18, E-59). Everything that is open is answered with an error, and the loop
//! goes on; if it keeps happening, the bridge ends.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Bridge;
use super::eras::era_doubt::EraDoubt;
use super::session::slots::SlotId;
use crate::eras::modern_host::ModernHost;
use crate::error::Failure;

/// After this many panics within [`FAULT_WINDOW`] the loop's state can no longer be trusted.
const MAX_FAULTS: usize = 3;
/// How long a panic counts.
const FAULT_WINDOW: Duration = Duration::from_secs(60);

/// The times of recent panics in the loop.
#[derive(Debug, Default)]
pub(super) struct Faults {
    recent: VecDeque<Instant>,
    /// Whether the recovery itself has panicked.
    is_beyond_repair: bool,
}

impl Faults {
    fn note(&mut self, now: Instant) {
        self.recent.retain(|at| now.duration_since(*at) < FAULT_WINDOW);
        self.recent.push_back(now);
    }

    fn are_too_many(&self) -> bool {
        self.is_beyond_repair || self.recent.len() >= MAX_FAULTS
    }
}

impl Bridge {
    /// Handles one event and carries out its effects. If that panics, every open request is
    /// answered with `-32603`.
    pub(super) fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        // `recover` discards whatever a panic leaves half done.
        let turn = AssertUnwindSafe(|| {
            work(self);
            self.carry_out_effects();
            self.withdraw_orphans();
            self.carry_out_effects();
            self.end_replaced_sessions();
        });
        if catch_unwind(turn).is_ok() {
            let dropped = self.answer_dropped();
            debug_assert_eq!(dropped, 0, "a request of the host was dropped without an answer");
            return;
        }
        self.faults.note(Instant::now());
        if catch_unwind(AssertUnwindSafe(|| self.recover())).is_err() {
            self.faults.is_beyond_repair = true;
        }
    }

    /// Whether so many turns have panicked that the bridge must end.
    pub(super) fn is_broken(&self) -> bool {
        self.faults.are_too_many()
    }

    fn recover(&mut self) {
        tracing::error!("internal error: all open requests are answered with an error");
        let failure = Failure::internal();
        // Lines for the host are complete; all other effects are dropped with the requests.
        for line in self.effects.drain_lines() {
            self.host.writer.push(line);
        }
        self.answer_dropped();
        self.with_host_adapter(|host, context| host.finish(&failure, context));
        self.fail_all_slots(&failure);
        self.carry_out_effects();
        self.modern_host = ModernHost::new();
        for slot in self.slots.ids() {
            self.recover_slot(slot);
        }
        self.carry_out_effects();
    }

    /// Drops a slot's state. A session that was open is opened again; one for a modern host, when
    /// its adapter next needs it.
    fn recover_slot(&mut self, slot: SlotId) {
        let state = &mut self.slots[slot];
        state.detection = None;
        state.doubt = EraDoubt::default();
        if state.is_of_adapter() {
            let old = Arc::clone(&state.session);
            state.remote.stop_listening();
            state.remote.end_replaced(&old);
            state.timers.lost();
            state.lifecycle.begin_again();
            self.slots.begin_session(slot);
        } else if state.lifecycle.sends_at_once() {
            let old = Arc::clone(&state.session);
            state.remote.end_replaced(&old);
            self.reopen(slot);
        } else if !state.lifecycle.is_idle() {
            self.initialize_failed(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use url::Url;

    use super::*;
    use crate::bridge::BridgeOptions;
    use crate::bridge::host_side::request::HostRequest;
    use crate::host::{DriveOutcome, HostEnd, in_process};
    use crate::jsonrpc::{Line, Message};
    use crate::remote::RemoteOptions;

    /// A bridge to a server that does not exist.
    fn bridge() -> (Bridge, HostEnd) {
        let url = Url::parse("http://127.0.0.1:9/mcp").unwrap();
        let (host, end) = in_process();
        (Bridge::new(host, BridgeOptions::new(RemoteOptions::new(url))).unwrap(), end)
    }

    async fn told(bridge: &mut Bridge, end: &mut HostEnd) -> Value {
        loop {
            tokio::select! {
                line = end.receive() => return serde_json::from_slice(&line.unwrap()).unwrap(),
                drove = bridge.host.writer.drive() => assert_ne!(drove, DriveOutcome::Closed),
            }
        }
    }

    const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{
        "protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{}}}"#;

    /// T-18, E-59
    #[tokio::test]
    async fn a_panic_in_a_turn_answers_what_is_open_and_the_loop_goes_on() {
        let (mut bridge, mut end) = bridge();
        for round in 0..2 {
            bridge.guarded(|bridge| bridge.handle_line(Line::Text(INITIALIZE.into())));
            let list = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;
            bridge.guarded(|bridge| bridge.handle_line(Line::Text(list.into())));
            let call = r#"{"jsonrpc":"2.0","id":3,"method":"tools/call"}"#;
            bridge.guarded(|bridge| {
                let call = Message::parse(call).unwrap();
                let _in_hand = HostRequest::new(call, None, &bridge.unanswered);
                panic!("a fault that the test asked for");
            });
            for id in [3, 1, 2] {
                let answer = told(&mut bridge, &mut end).await;
                assert_eq!(answer["id"], id, "round {round}: {answer}");
                assert_eq!(answer["error"]["code"], -32603);
                assert_eq!(answer["error"]["data"]["bridge"]["kind"], "internal");
            }
        }
        assert!(!bridge.is_broken());
    }

    /// T-18
    #[tokio::test(start_paused = true)]
    async fn three_panics_a_minute_end_the_loop() {
        let panics = |bridge: &mut Bridge| {
            bridge.guarded(|_| panic!("a fault that the test asked for"));
            bridge.is_broken()
        };
        let (mut bridge, _end) = bridge();
        for _ in 0..10 {
            assert!(!panics(&mut bridge));
            tokio::time::advance(Duration::from_secs(31)).await;
        }
        assert!(!panics(&mut bridge));
        assert!(panics(&mut bridge), "three within a minute");
    }
}
