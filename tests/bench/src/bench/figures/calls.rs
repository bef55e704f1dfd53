//! Small calls: one at a time against direct HTTP, 64 in flight, and 64 that take a while.

use std::time::Duration;

use super::traffic::{Call, many, one_by_one};
use super::{Kept, microseconds, milliseconds};
use crate::bench::Bench;
use crate::bridge::Bridge;
use crate::contenders::Contender;
use crate::cores::Place;
use crate::direct::Direct;
use crate::fault::Outcome;
use crate::process::{self, Memory};
use crate::row::{Row, Target, quantile};
use crate::turns::Turns;

/// The text of a small answer.
const SMALL: usize = 256;
const WINDOW: usize = 64;
const LATE_CALLS: usize = 256;
/// After its last call, a process comes to rest within this time.
const SETTLE: Duration = Duration::from_millis(500);

struct Sequence {
    p50: f64,
    p99: f64,
    cpu: f64,
}

pub(crate) fn measure(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let mut kept = Kept::new(bench);
    let mut rows = Vec::new();
    for place in [Place::OwnCore, Place::SharedCore] {
        bench.settle(place);
        for kind in [Kind::Json, Kind::Sse] {
            let call = small(bench, kind);
            let samples = sequences(bench, &mut kept, &call)?;
            sequence_rows(&samples, place, kind, &mut rows);
        }
        for kind in [Kind::Json, Kind::Sse] {
            let call = small(bench, kind);
            let samples = bursts(bench, &mut kept, &call);
            burst_rows(&samples, place, kind, &mut rows);
        }
    }
    let memory = after_load(&kept);
    rows.push(Row::new("load-pss", "PSS after load, MB").of(&memory, |memory| memory.pss));
    rows.push(Row::new("load-rss", "RSS after load, MB").of(&memory, |memory| memory.rss));
    Ok(rows)
}

/// How the remote answers.
#[derive(Clone, Copy)]
enum Kind {
    Json,
    Sse,
}

impl Kind {
    fn key(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Sse => "sse",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Sse => "SSE",
        }
    }
}

/// Returns a row of a small figure, with the target where everything shares one core: what is left
/// there is the work itself. How many calls there are in a second is judged where the bridge has
/// its own.
fn row(place: Place, kind: Kind, key: &str, title: &str, target: Target) -> Row {
    let (part, where_, target) = match (place, target) {
        (Place::SharedCore, Target::FloorTimes(_)) => ("-shared", ", shared core", target),
        (Place::SharedCore, _) => ("-shared", ", shared core", Target::None),
        (_, Target::FloorTimes(_)) => ("", "", Target::None),
        _ => ("", "", target),
    };
    let (kind, name) = (kind.key(), kind.name());
    Row::new(format!("{key}-{kind}{part}"), title.replace("{}", &format!("{name}{where_}")))
        .target(target)
}

fn small(bench: &Bench, kind: Kind) -> Call {
    Call { tool: format!("{}-{SMALL}", kind.key()), text: bench.payload().text(SMALL) }
}

fn sequences(bench: &mut Bench, kept: &mut Kept, call: &Call) -> Outcome<Vec<Vec<Sequence>>> {
    let mut direct = Direct::new(bench.upstream().address())?;
    let mut turns = Turns::new(bench.contenders().len());
    for _ in 0..bench.plan().call_rounds {
        let least = direct_median(&mut direct, call, bench.plan().calls)?;
        turns.round(bench, &call.tool, &mut |bench: &Bench, contender: &Contender, index| {
            let count = bench.plan().calls;
            let (times, cpu) = kept.with(bench, contender, index, |bridge| {
                with_cpu(bridge, |bridge| one_by_one(bridge, call, count))
            })?;
            let over = |part| at(&times, part) - least;
            Ok(Sequence { p50: over(0.5), p99: over(0.99), cpu: microseconds(cpu) / count as f64 })
        });
    }
    Ok(turns.into_samples())
}

/// Returns the result of the work, and the processor time that the bridge spent on it.
fn with_cpu<T>(
    bridge: &mut Bridge,
    work: impl FnOnce(&mut Bridge) -> Outcome<T>,
) -> Outcome<(T, Duration)> {
    let before = process::cpu(bridge.pid())?;
    let value = work(bridge)?;
    Ok((value, process::cpu(bridge.pid())?.saturating_sub(before)))
}

fn direct_median(direct: &mut Direct, call: &Call, count: usize) -> Outcome<f64> {
    let mut times = Vec::with_capacity(count);
    let mut line = Vec::new();
    for number in 0..count {
        line.clear();
        call.write(number as u64, &mut line);
        let start = std::time::Instant::now();
        let answer = direct.call(&line)?;
        times.push(start.elapsed());
        if memchr::memmem::find(answer, &call.text).is_none() {
            return Err(crate::fault::Fault::new("the upstream answers wrongly"));
        }
    }
    Ok(at(&times, 0.5))
}

fn at(times: &[Duration], part: f64) -> f64 {
    quantile(times.iter().copied().map(microseconds).collect(), part).unwrap_or(0.0)
}

fn sequence_rows(samples: &[Vec<Sequence>], place: Place, kind: Kind, rows: &mut Vec<Row>) {
    let mut add = |key, title, target, number: fn(&Sequence) -> f64| {
        rows.push(row(place, kind, key, title, target).of(samples, number));
    };
    let p50 = "one call at a time, {}: overhead p50, µs";
    add("call-p50", p50, Target::FloorTimes(1.85), |one| one.p50);
    add("call-p99", "one call at a time, {}: overhead p99, µs", Target::None, |one| one.p99);
    let cpu = "one call at a time, {}: CPU µs a call";
    add("call-cpu", cpu, Target::FloorTimes(1.7), |one| one.cpu);
}

fn burst_rows(samples: &[Vec<(f64, f64)>], place: Place, kind: Kind, rows: &mut Vec<Row>) {
    let rate = row(place, kind, "burst", "64 in flight, {}: calls/s", Target::FloorShare(0.7));
    rows.push(rate.decimals(0).of(samples, |(rate, _)| *rate));
    let cpu = row(place, kind, "burst-cpu", "64 in flight, {}: CPU µs a call", Target::None);
    rows.push(cpu.of(samples, |(_, cpu)| *cpu));
}

/// Calls a second and CPU µs a call.
fn bursts(bench: &mut Bench, kept: &mut Kept, call: &Call) -> Vec<Vec<(f64, f64)>> {
    let rounds = bench.plan().burst_rounds;
    Turns::take(bench, &format!("burst of {}", call.tool), rounds, |bench, contender, index| {
        let count = bench.plan().burst;
        let (time, cpu) = kept.with(bench, contender, index, |bridge| {
            with_cpu(bridge, |bridge| many(bridge, call, count, WINDOW))
        })?;
        Ok((count as f64 / time.as_secs_f64(), microseconds(cpu) / count as f64))
    })
}

fn after_load(kept: &Kept) -> Vec<Vec<Memory>> {
    std::thread::sleep(SETTLE);
    let memory = |bridge: &Option<Bridge>| {
        bridge.iter().filter_map(|bridge| process::memory(bridge.pid()).ok()).collect()
    };
    kept.0.iter().map(memory).collect()
}

/// 256 calls that take 50 ms each, 64 at once: 200 ms is the least.
pub(crate) fn late(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let mut kept = Kept::new(bench);
    let call = Call { tool: "wait-50".into(), text: "late".into() };
    let rounds = bench.plan().late_rounds;
    let samples = Turns::take(bench, "late", rounds, |bench, contender, index| {
        kept.with(bench, contender, index, |bridge| many(bridge, &call, LATE_CALLS, WINDOW))
    });
    Ok(vec![
        Row::new("late", "256 calls of 50 ms, 64 at once, ms")
            .decimals(0)
            .target(Target::AtMost(225.0))
            .of(&samples, |time| milliseconds(*time)),
    ])
}
