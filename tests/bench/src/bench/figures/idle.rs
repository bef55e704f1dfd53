//! A bridge that has nothing to do: its memory, and whether it sleeps.
//!
//! All of them idle at the same time, each with and without a GET stream held open.

use std::thread::sleep;
use std::time::Duration;

use super::milliseconds;
use crate::bench::Bench;
use crate::bridge::Bridge;
use crate::fault::Outcome;
use crate::process::{self, Memory};
use crate::row::{Row, Target};

/// After its first answers, a process comes to rest within this time.
const SETTLE: Duration = Duration::from_secs(2);

struct Idle {
    memory: Memory,
    cpu: f64,
    wake_ups: f64,
}

pub(crate) fn measure(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let time = bench.plan().idle;
    let plain = open_all(bench, &bench.upstream().url());
    let held = open_all(bench, &bench.upstream().url_with_stream());
    sleep(SETTLE);
    let before = (states(bench, &plain), states(bench, &held));
    sleep(time);
    let after = (states(bench, &plain), states(bench, &held));
    let plain = differences(&before.0, &after.0);
    let held = differences(&before.1, &after.1);
    Ok(rows(&plain, &held, time))
}

fn open_all(bench: &mut Bench, url: &str) -> Vec<Option<Bridge>> {
    let mut bridges = Vec::new();
    for index in 0..bench.contenders().len() {
        match bench.open(&bench.contenders()[index], url) {
            Ok((bridge, _)) => bridges.push(Some(bridge)),
            Err(fault) => {
                bench.note_fault(index, "idle", fault);
                bridges.push(None);
            }
        }
    }
    bridges
}

/// Measures each of them now; one that is gone has not idled.
fn states(bench: &mut Bench, bridges: &[Option<Bridge>]) -> Vec<Option<Idle>> {
    let mut states = Vec::new();
    for (index, bridge) in bridges.iter().enumerate() {
        let state = bridge.as_ref().map(|bridge| state(bridge.pid())).transpose();
        states.push(state.unwrap_or_else(|fault| {
            bench.note_fault(index, "idle", fault);
            None
        }));
    }
    states
}

fn state(pid: u32) -> Outcome<Idle> {
    Ok(Idle {
        memory: process::memory(pid)?,
        cpu: milliseconds(process::cpu(pid)?),
        wake_ups: process::wake_ups(pid)? as f64,
    })
}

fn differences(before: &[Option<Idle>], after: &[Option<Idle>]) -> Vec<Vec<Idle>> {
    let difference = |(before, after): (&Option<Idle>, &Option<Idle>)| {
        let (before, after) = (before.as_ref()?, after.as_ref()?);
        let cpu = after.cpu - before.cpu;
        Some(Idle { memory: before.memory, cpu, wake_ups: after.wake_ups - before.wake_ups })
    };
    before.iter().zip(after).map(|pair| difference(pair).into_iter().collect()).collect()
}

fn rows(plain: &[Vec<Idle>], held: &[Vec<Idle>], time: Duration) -> Vec<Row> {
    let wakes = |idle: &Idle| idle.wake_ups / time.as_secs_f64();
    let row = |key: &str, title: &str| Row::new(key, title).decimals(2);
    let cpu = format!("CPU ms in {} s idle", time.as_secs());
    vec![
        row("idle-pss", "idle PSS, MB").target(Target::AtMost(3.5)).of(plain, |one| one.memory.pss),
        row("idle-rss", "idle RSS, MB").target(Target::AtMost(7.0)).of(plain, |one| one.memory.rss),
        row("idle-wakes", "idle wake-ups a second").target(Target::AtMost(0.0)).of(plain, wakes),
        row("idle-cpu", &cpu).of(plain, |one| one.cpu),
        row("held-pss", "idle PSS with a GET stream open, MB")
            .target(Target::AtMost(4.0))
            .of(held, |one| one.memory.pss),
        row("held-wakes", "idle wake-ups a second with a GET stream open")
            .target(Target::AtMost(0.0))
            .of(held, wakes),
    ]
}
