//! Many bridges on one machine: a person with many windows and many servers.
//!
//! All are started at once, as an editor does when it restores its windows; then all of them idle.

use std::time::Instant;

use super::milliseconds;
use crate::bench::Bench;
use crate::bridge::Bridge;
use crate::contenders::Contender;
use crate::fault::Outcome;
use crate::process;
use crate::row::{Row, Target};
use crate::turns::Turns;

const FEW: usize = 20;
const MANY: usize = 200;

struct Storm {
    /// From before the first spawn to the last `tools/list` answer, ms for each bridge.
    few: f64,
    many: f64,
    /// Of one of the many, with shared pages divided among all.
    pss: f64,
}

pub(crate) fn measure(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let rounds = bench.plan().storms;
    let samples = Turns::take(bench, "scale", rounds, |bench, contender, _| {
        let (few, _) = storm(bench, contender, FEW)?;
        let (many, pss) = storm(bench, contender, MANY)?;
        Ok(Storm { few, many, pss })
    });
    Ok(vec![
        Row::new("scale-start", format!("{MANY} bridges started at once, ms each"))
            .decimals(2)
            .of(&samples, |storm| storm.many),
        Row::new("scale-growth", format!("the same as a ratio to {FEW} at once"))
            .decimals(2)
            .target(Target::AtMost(1.0))
            .of(&samples, |storm| storm.many / storm.few),
        Row::new("scale-pss", format!("PSS of one of {MANY}, MB"))
            .decimals(2)
            .target(Target::AtMost(4.0))
            .of(&samples, |storm| storm.pss),
    ])
}

/// Milliseconds and PSS for each of `count` bridges.
fn storm(bench: &Bench, contender: &Contender, count: usize) -> Outcome<(f64, f64)> {
    let url = bench.upstream().url();
    let start = Instant::now();
    let mut bridges = Vec::with_capacity(count);
    for _ in 0..count {
        let mut bridge = Bridge::spawn(contender, &url)?;
        bridge.ask_to_open()?;
        bridges.push(bridge);
    }
    for bridge in &mut bridges {
        bridge.await_opening(start)?;
    }
    let time = milliseconds(start.elapsed()) / count as f64;
    let mut pss = 0.0;
    for bridge in &bridges {
        pss += process::memory(bridge.pid())?.pss;
    }
    for bridge in bridges {
        bridge.finish()?;
    }
    Ok((time, pss / count as f64))
}
