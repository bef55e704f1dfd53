//! Under real conditions: networks with a delay, and one that loses what is sent.

use super::milliseconds;
use super::traffic::{Call, one_by_one};
use crate::bench::Bench;
use crate::contenders::Contender;
use crate::fault::Outcome;
use crate::row::{Row, Target};
use crate::turns::Turns;
use crate::upstream::Network;

/// Calls of each sample.
const CALLS: usize = 10;

struct Sample {
    start: f64,
    call: f64,
    /// `None` for a bridge that resumes nothing.
    resumed: Option<f64>,
}

pub(crate) fn measure(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    for (network, url) in bench.upstream().urls_behind_networks() {
        let (key, words) = names(network);
        let rounds = bench.plan().far_spawns;
        let mut number = 0;
        let samples = Turns::take(bench, &words, rounds, |bench, contender, _| {
            number += 1;
            sample(bench, &contender.moved(&format!("{key}-{number}")), &url)
        });
        // Chance decides who loses how much.
        let target = if network.loss > 0 { Target::None } else { Target::Floor };
        let row = |what: &str, title: &str| {
            Row::new(format!("network-{key}-{what}"), format!("{words}: {title}"))
        };
        rows.push(
            row("start", "spawn → `tools/list` answer, ms")
                .target(target)
                .of(&samples, |sample| sample.start),
        );
        rows.push(row("call", "a call, ms").target(target).of(&samples, |sample| sample.call));
        let resumed: Vec<Vec<f64>> = samples
            .iter()
            .map(|samples| samples.iter().filter_map(|sample| sample.resumed).collect())
            .collect();
        rows.push(row("resumed", "a call whose stream breaks, ms").of(&resumed, |time| *time));
    }
    Ok(rows)
}

fn names(network: Network) -> (String, String) {
    let (time, loss) = (network.round_trip.as_millis(), network.loss);
    match loss {
        0 => (time.to_string(), format!("round trip {time} ms")),
        _ => (format!("{time}-{loss}"), format!("round trip {time} ms, {loss} % lost")),
    }
}

fn sample(bench: &Bench, contender: &Contender, url: &str) -> Outcome<Sample> {
    let (mut bridge, opening) = bench.open(contender, url)?;
    let call = Call { tool: "json-256".into(), text: bench.payload().text(256) };
    let times = one_by_one(&mut bridge, &call, CALLS)?;
    let call = times.iter().copied().map(milliseconds).sum::<f64>() / CALLS as f64;
    let resumed = Call { tool: "resume".into(), text: "resumed".into() };
    let resumed = match contender.name() {
        // It passes on what comes and asks for nothing again.
        "floor" => None,
        _ => one_by_one(&mut bridge, &resumed, 1).ok().map(|times| milliseconds(times[0])),
    };
    Ok(Sample { start: milliseconds(opening.tools), call, resumed })
}
