//! Calls through a bridge: one at a time with their times, or many in flight.

use std::io::Write as _;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::bridge::Bridge;
use crate::envelope;
use crate::fault::{Fault, Outcome};

/// A tool and the text that must come back.
pub(crate) struct Call {
    pub(crate) tool: String,
    pub(crate) text: Bytes,
}

impl Call {
    /// Appends the call as one line.
    pub(crate) fn write(&self, id: u64, line: &mut Vec<u8>) {
        let _ = writeln!(
            line,
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{}","arguments":{{"query":"products with stock under 10","limit":20}}}}}}"#,
            self.tool
        );
    }

    /// Returns whether the answer has a result with the text.
    pub(crate) fn check(&self, answer: &[u8]) -> Outcome<()> {
        let result = envelope::member(answer, "result").unwrap_or_default();
        if envelope::has_text(result, &self.text) {
            return Ok(());
        }
        let start: String = String::from_utf8_lossy(answer).chars().take(160).collect();
        Err(Fault::new(format!("a wrong answer to `{}`: `{start}`", self.tool)))
    }
}

/// One call after the other; how long each took.
pub(crate) fn one_by_one(bridge: &mut Bridge, call: &Call, count: usize) -> Outcome<Vec<Duration>> {
    let mut times = Vec::with_capacity(count);
    let mut line = Vec::new();
    for _ in 0..count {
        let id = bridge.fresh_id();
        line.clear();
        call.write(id, &mut line);
        let start = Instant::now();
        bridge.send(&line)?;
        let answer = bridge.answer_to(id)?;
        times.push(start.elapsed());
        call.check(bridge.text(answer))?;
    }
    Ok(times)
}

/// Keeps `window` calls in flight until `count` are answered, each exactly once.
pub(crate) fn many(
    bridge: &mut Bridge,
    call: &Call,
    count: usize,
    window: usize,
) -> Outcome<Duration> {
    let first = bridge.fresh_id();
    for _ in 1..count {
        bridge.fresh_id();
    }
    let mut open = vec![true; count];
    let mut lines = Vec::new();
    (0..window.min(count)).for_each(|number| call.write(first + number as u64, &mut lines));
    let mut sent = window.min(count);
    let mut answered = 0;
    let start = Instant::now();
    while answered < count {
        bridge.send(&lines)?;
        lines.clear();
        let mut next = Some(bridge.line()?);
        while let Some(line) = next {
            if settle(bridge.text(line), first, &mut open, call)? {
                answered += 1;
                if sent < count {
                    call.write(first + sent as u64, &mut lines);
                    sent += 1;
                }
            }
            next = bridge.line_at_hand();
        }
    }
    Ok(start.elapsed())
}

/// Ticks one answer off; false for a notification.
fn settle(line: &[u8], first: u64, open: &mut [bool], call: &Call) -> Outcome<bool> {
    let Some(id) = envelope::member(line, "id") else { return Ok(false) };
    let id: Option<u64> = std::str::from_utf8(id).ok().and_then(|id| id.parse().ok());
    let place = id.and_then(|id| open.get_mut(usize::try_from(id.checked_sub(first)?).ok()?));
    match place {
        Some(open) if *open => *open = false,
        _ => return Err(Fault::new(format!("an answer nobody waits for, id {id:?}"))),
    }
    call.check(line)?;
    Ok(true)
}
