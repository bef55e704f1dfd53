//! From spawn to the first answers, near and far, and from the end of stdin to the end.

use super::milliseconds;
use crate::bench::Bench;
use crate::bridge::Opening;
use crate::contenders::Contender;
use crate::fault::Outcome;
use crate::row::{Row, Target};
use crate::turns::Turns;

struct Start {
    opening: Opening,
    requests: usize,
    end: f64,
}

/// Loopback without delay.
pub(crate) fn near(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let rounds = bench.plan().spawns;
    let samples =
        Turns::take(bench, "start", rounds, |bench, contender, _| start(bench, contender));
    Ok(vec![
        Row::new("start-initialize", "spawn → `initialize` answer, ms")
            .decimals(2)
            .of(&samples, |start| milliseconds(start.opening.initialize)),
        Row::new("start-tools", "spawn → `tools/list` answer, ms")
            .decimals(2)
            .target(Target::FloorTimes(4.0))
            .of(&samples, |start| milliseconds(start.opening.tools)),
        Row::new("start-requests", "HTTP requests before the `tools/list` answer")
            .decimals(0)
            .target(Target::AtMost(3.0))
            .of(&samples, |start| start.requests as f64),
        Row::new("end", "end of stdin → end of process, ms")
            .decimals(2)
            .target(Target::AtMost(1000.0))
            .of(&samples, |start| start.end),
    ])
}

fn start(bench: &Bench, contender: &Contender) -> Outcome<Start> {
    bench.upstream().start_log();
    let (bridge, opening) = bench.open(contender, &bench.upstream().url())?;
    let requests = bench.upstream().take_log().len();
    let end = milliseconds(bridge.finish()?);
    Ok(Start { opening, requests, end })
}

/// At a round trip of 80 ms: in a home where nobody was before, and once more in the same.
pub(crate) fn far(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let rounds = bench.plan().far_spawns;
    let mut number = 0;
    let samples = Turns::take(bench, "far", rounds, |bench, contender, _| {
        number += 1;
        let moved = contender.moved(number);
        let url = bench.upstream().far_url();
        let (bridge, first) = bench.open(&moved, &url)?;
        bridge.finish()?;
        let (bridge, again) = bench.open(&moved, &url)?;
        bridge.finish()?;
        Ok((milliseconds(first.tools), milliseconds(again.tools)))
    });
    Ok(vec![
        Row::new("far-tools", "spawn → `tools/list` answer at 80 ms round trip, ms")
            .target(Target::Floor)
            .of(&samples, |(first, _)| *first),
        Row::new("far-known", "the same, known remote, ms")
            .target(Target::AtMost(20.0))
            .of(&samples, |(_, again)| *again),
    ])
}
