//! Catches a panic in one turn of the loop, so that it neither ends the process nor leaves a request
//! unanswered (T-18, E-59). Everything that is open is answered with an error, and the loop goes on;
//! if it keeps happening, the bridge ends.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Bridge;
use super::reply::internal;
use crate::eras::modern_host::ModernHost;

/// After this many faults nothing that the loop holds can be trusted.
const MOST_FAULTS: u32 = 16;

impl Bridge {
    /// Handles one event and carries out its effects. If that panics, every open request is
    /// answered with `-32603`.
    pub(super) fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        // `recover` discards whatever a panic leaves half done.
        let turn = AssertUnwindSafe(|| {
            work(self);
            self.carry_out_effects();
        });
        if catch_unwind(turn).is_ok() {
            let dropped = self.answer_dropped();
            debug_assert_eq!(dropped, 0, "a request of the host was dropped without an answer");
            return;
        }
        self.faults += 1;
        if catch_unwind(AssertUnwindSafe(|| self.recover())).is_err() {
            self.faults = MOST_FAULTS;
        }
    }

    /// Whether so many turns have panicked that the bridge must end.
    pub(super) fn is_broken(&self) -> bool {
        self.faults >= MOST_FAULTS
    }

    fn recover(&mut self) {
        tracing::error!("internal error: all open requests are answered with an error");
        let failure = internal();
        // Lines for the host are complete; all other effects are dropped with the requests.
        for line in self.effects.take_lines() {
            self.host.writer.push(line);
        }
        self.answer_dropped();
        self.with_host_adapter(|host, context| host.finish(&failure, context));
        self.fail_all_slots(&failure);
        self.carry_out_effects();
        self.modern_host = ModernHost::new();
        for slot in self.slots.ids() {
            self.slots[slot].detection = None;
            let opening = &self.slots[slot].opening;
            if !opening.is_idle() && !opening.is_ready() {
                self.initialize_failed(slot);
            }
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

    /// A bridge to a server that is not there.
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
            bridge.guarded(|bridge| bridge.take_line(Line::Text(INITIALIZE.into())));
            let list = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;
            bridge.guarded(|bridge| bridge.take_line(Line::Text(list.into())));
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
    #[tokio::test]
    async fn a_loop_that_panics_again_and_again_ends() {
        let (mut bridge, _end) = bridge();
        for _ in 0..MOST_FAULTS {
            assert!(!bridge.is_broken());
            bridge.guarded(|_| panic!("a fault that the test asked for"));
        }
        assert!(bridge.is_broken());
    }
}
