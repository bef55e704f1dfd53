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
            .target(Target::FloorTimes(1.8))
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

/// Over TLS, with the bench's authority beside the system's.
pub(crate) fn secure(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let rounds = bench.plan().spawns;
    let samples = Turns::take(bench, "start over TLS", rounds, |bench, contender, _| {
        let trusting = contender.trusting(bench.upstream().authority())?;
        let secure = start_at(bench, &trusting, &bench.upstream().secure_url())?;
        let plain = match contender.name() {
            "floor" => milliseconds(start(bench, contender)?.opening.tools),
            _ => milliseconds(secure.opening.tools),
        };
        Ok((secure, plain))
    });
    Ok(vec![
        Row::new("secure-tools", "spawn → `tools/list` answer over HTTPS, ms")
            .decimals(2)
            .of(&samples, |(start, _)| milliseconds(start.opening.tools)),
        Row::new("secure-plain", "the same, held against the floor over HTTP, ms")
            .decimals(2)
            .target(Target::FloorTimes(2.5))
            .of(&samples, |(_, plain)| *plain),
    ])
}

fn start(bench: &Bench, contender: &Contender) -> Outcome<Start> {
    start_at(bench, contender, &bench.upstream().url())
}

fn start_at(bench: &Bench, contender: &Contender, url: &str) -> Outcome<Start> {
    bench.upstream().start_log();
    let (bridge, opening) = bench.open(contender, url)?;
    let requests = bench.upstream().take_log().len();
    let end = milliseconds(bridge.finish()?);
    Ok(Start { opening, requests, end })
}

/// With a fresh sign-in in a file, against the same bridge without one, at a remote that asks for
/// none: it may cost a few milliseconds and no request.
pub(crate) fn signed_in(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let (url, token_url) = (bench.upstream().url(), bench.upstream().token_url());
    let mut pairs = Vec::new();
    for contender in bench.contenders() {
        pairs.push(contender.signed_in(&url, &token_url)?);
    }
    let mut samples: Vec<Vec<[Start; 2]>> = pairs.iter().map(|_| Vec::new()).collect();
    for round in 0..bench.plan().spawns {
        for (pair, samples) in pairs.iter().zip(&mut samples) {
            let Some([without, with]) = pair else { continue };
            // The two take turns at starting first.
            let (first, second) = if round % 2 == 0 { (without, with) } else { (with, without) };
            let mut taken = [start(bench, first)?, start(bench, second)?];
            if round % 2 == 1 {
                taken.reverse();
            }
            samples.push(taken);
        }
    }
    let tools = |start: &Start| milliseconds(start.opening.tools);
    Ok(vec![
        Row::new("signed-in", "spawn → `tools/list` answer with a stored sign-in, ms")
            .decimals(2)
            .of(&samples, |[_, with]| tools(with)),
        Row::new("signed-in-more", "the same less a start without one, ms")
            .decimals(2)
            .target(Target::AtMost(3.0))
            .of(&samples, |[without, with]| tools(with) - tools(without)),
        Row::new("signed-in-ratio", "the same as a ratio to a start without one")
            .decimals(2)
            .of(&samples, |[without, with]| tools(with) / tools(without)),
        Row::new("signed-in-requests", "HTTP requests before that answer")
            .decimals(0)
            .target(Target::AtMost(3.0))
            .of(&samples, |[_, with]| with.requests as f64),
    ])
}

/// At a round trip of 80 ms: in a home where nobody was before, and once more in the same.
pub(crate) fn far(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let rounds = bench.plan().far_spawns;
    let mut number = 0;
    let samples = Turns::take(bench, "far", rounds, |bench, contender, _| {
        number += 1;
        let moved = contender.moved(&number.to_string());
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
