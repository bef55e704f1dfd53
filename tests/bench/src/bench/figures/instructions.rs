//! Instructions instead of time: what a bridge executes for a call, a notification, a byte.
//!
//! `valgrind` counts them, so a busy machine changes nothing and a target may fail a run
//! (`--strict`). Counted is what the work adds to a run that only opens a session and ends.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::traffic::{Call, many, one_by_one};
use crate::bench::Bench;
use crate::bridge::Bridge;
use crate::contenders::Contender;
use crate::fault::{Fault, Outcome};
use crate::payload::MEGABYTE;
use crate::row::{Row, Target};
use crate::turns::Turns;

const CALLS: usize = 1000;
const WINDOW: usize = 64;
const SMALL: usize = 256;
const NOTIFICATIONS: usize = 5000;
const LARGE: usize = 8 * MEGABYTE;
/// A program runs some fifty times slower while it is counted.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

/// Something a bridge has to do, and how often.
struct Work {
    key: &'static str,
    title: &'static str,
    /// What the count is divided by.
    units: usize,
    decimals: usize,
    target: Target,
    act: fn(&mut Bridge, &Bench) -> Outcome<()>,
}

/// A guard, not a promise: each target stands a tenth above what the profile `counted` needed when
/// it was set. It may be lowered, and is raised only with a reason.
const WORKS: [Work; 6] = [
    Work {
        key: "call-json",
        title: "a call, JSON",
        units: CALLS,
        decimals: 0,
        target: Target::FloorTimes(2.8),
        act: |bridge, bench| calls(bridge, bench, "json"),
    },
    Work {
        key: "call-sse",
        title: "a call, SSE",
        units: CALLS,
        decimals: 0,
        target: Target::FloorTimes(2.9),
        act: |bridge, bench| calls(bridge, bench, "sse"),
    },
    Work {
        key: "call-64",
        title: "a call, 64 in flight",
        units: CALLS,
        decimals: 0,
        target: Target::FloorTimes(2.75),
        act: |bridge, bench| {
            let call = small(bench, "json");
            many(bridge, &call, CALLS, WINDOW).map(drop)
        },
    },
    Work {
        key: "notification",
        title: "a notification of a stream",
        units: NOTIFICATIONS,
        decimals: 0,
        target: Target::FloorTimes(2.8),
        act: |bridge, _| one(bridge, &notify(), NOTIFICATIONS + 1),
    },
    Work {
        key: "byte-json",
        title: "a byte of a large result, JSON",
        units: LARGE,
        decimals: 2,
        target: Target::AtMost(5.2),
        act: |bridge, bench| one(bridge, &large(bench, "json"), 1),
    },
    Work {
        key: "byte-sse",
        title: "a byte of a large result, SSE",
        units: LARGE,
        decimals: 2,
        target: Target::AtMost(5.5),
        act: |bridge, bench| one(bridge, &large(bench, "sse"), 1),
    },
];

pub(crate) fn measure(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let nothing = |_: &mut Bridge, _: &Bench| Ok(());
    let opening = counts(bench, "open a session and end", nothing);
    let mut rows = vec![
        Row::new("instructions-start", "instructions to open a session and end, million")
            .decimals(2)
            .of(&opening, |count| *count as f64 / 1e6),
    ];
    for work in WORKS {
        let all = counts(bench, work.title, work.act);
        let more: Vec<Vec<f64>> = all.iter().zip(&opening).map(difference).collect();
        rows.push(
            Row::new(format!("instructions-{}", work.key), format!("instructions: {}", work.title))
                .decimals(work.decimals)
                .target(work.target)
                .exact()
                .of(&more, |more| more / work.units as f64),
        );
    }
    Ok(rows)
}

/// The instructions that the work adds, for each bridge that did both.
fn difference((all, opening): (&Vec<u64>, &Vec<u64>)) -> Vec<f64> {
    all.iter().zip(opening).map(|(all, opening)| all.saturating_sub(*opening) as f64).collect()
}

fn counts(
    bench: &mut Bench,
    what: &str,
    act: impl Fn(&mut Bridge, &Bench) -> Outcome<()>,
) -> Vec<Vec<u64>> {
    let figure = format!("instructions: {what}");
    Turns::take(bench, &figure, 1, |bench, contender, _| count(bench, contender, &act))
}

fn count(
    bench: &Bench,
    contender: &Contender,
    act: &impl Fn(&mut Bridge, &Bench) -> Outcome<()>,
) -> Outcome<u64> {
    let file = contender.home().with_extension("instructions");
    let counted = contender.under(&[
        "valgrind",
        "--tool=cachegrind",
        "--cache-sim=no",
        &format!("--cachegrind-out-file={}", file.display()),
    ]);
    let mut bridge = Bridge::spawn(&counted, &bench.upstream().url())?;
    bridge.be_patient(PATIENCE);
    bridge.begin(std::time::Instant::now())?;
    act(&mut bridge, bench)?;
    bridge.finish()?;
    read(&file)
}

/// Returns the total that `valgrind` writes at the end of its file.
fn read(file: &Path) -> Outcome<u64> {
    let what = format!("read `{}`", file.display());
    let text = fs::read_to_string(file).map_err(Fault::from_io(&what))?;
    let total = text.lines().rev().find_map(|line| line.strip_prefix("summary: ")?.parse().ok());
    total.ok_or_else(|| Fault::new(format!("no total in `{}`", file.display())))
}

/// Returns the program that this machine lacks.
pub(crate) fn lacks() -> Option<&'static str> {
    let version = Command::new("valgrind").arg("--version").output();
    (!version.is_ok_and(|output| output.status.success())).then_some("`valgrind`")
}

fn calls(bridge: &mut Bridge, bench: &Bench, kind: &str) -> Outcome<()> {
    one_by_one(bridge, &small(bench, kind), CALLS).map(drop)
}

fn small(bench: &Bench, kind: &str) -> Call {
    Call { tool: format!("{kind}-{SMALL}"), text: bench.payload().text(SMALL) }
}

fn large(bench: &Bench, kind: &str) -> Call {
    Call { tool: format!("{kind}-{LARGE}"), text: bench.payload().text(LARGE) }
}

fn notify() -> Call {
    Call { tool: format!("notify-{NOTIFICATIONS}"), text: "done".into() }
}

/// One call that is answered by this many lines, the last being its answer.
fn one(bridge: &mut Bridge, call: &Call, lines: usize) -> Outcome<()> {
    let id = bridge.fresh_id();
    let mut line = Vec::new();
    call.write(id, &mut line);
    bridge.send(&line)?;
    for _ in 1..lines {
        bridge.line()?;
    }
    let answer = bridge.answer_to(id)?;
    call.check(bridge.text(answer))
}
