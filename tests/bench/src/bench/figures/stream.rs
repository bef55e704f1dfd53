//! Many notifications on the stream of one call, in order, then its answer.

use std::time::Instant;

use super::Kept;
use super::traffic::Call;
use crate::bench::Bench;
use crate::bridge::Bridge;
use crate::envelope;
use crate::fault::{Fault, Outcome};
use crate::process;
use crate::row::{Row, Target};
use crate::turns::Turns;

const COUNT: usize = 20_000;
/// More than all of it takes, so that reading never waits for room.
const TOTAL_SIZE: usize = COUNT * 128;

struct Stream {
    rate: f64,
    cpu: f64,
}

pub(crate) fn measure(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let mut kept = Kept::new(bench);
    let rounds = bench.plan().stream_rounds;
    let samples = Turns::take(bench, "stream", rounds, |bench, contender, index| {
        kept.with(bench, contender, index, stream)
    });
    Ok(vec![
        Row::new("stream", "20,000 notifications on one stream, a second")
            .decimals(0)
            .target(Target::FloorShare(0.45))
            .of(&samples, |stream| stream.rate),
        Row::new("stream-cpu", "CPU µs a notification")
            .decimals(2)
            .of(&samples, |stream| stream.cpu),
    ])
}

fn stream(bridge: &mut Bridge) -> Outcome<Stream> {
    bridge.expect_line(TOTAL_SIZE);
    let call = Call { tool: format!("notify-{COUNT}"), text: "done".into() };
    let id = bridge.fresh_id();
    let mut line = Vec::new();
    call.write(id, &mut line);
    let cpu = process::cpu(bridge.pid())?;
    let start = Instant::now();
    bridge.send(&line)?;
    bridge.read_lines(COUNT + 1)?;
    let seconds = start.elapsed().as_secs_f64();
    let cpu = process::cpu(bridge.pid())?.saturating_sub(cpu);
    for number in 0..COUNT {
        let line = bridge.line()?;
        check(bridge.text(line), number)?;
    }
    let answer = bridge.answer_to(id)?;
    call.check(bridge.text(answer))?;
    let count = COUNT as f64;
    Ok(Stream { rate: count / seconds, cpu: cpu.as_secs_f64() * 1e6 / count })
}

fn check(line: &[u8], number: usize) -> Outcome<()> {
    let params = envelope::member(line, "params").unwrap_or_default();
    if envelope::member(params, "data") == Some(number.to_string().as_bytes()) {
        return Ok(());
    }
    let start: String = String::from_utf8_lossy(line).chars().take(120).collect();
    Err(Fault::new(format!("notification {number} is missing or out of order: `{start}`")))
}
