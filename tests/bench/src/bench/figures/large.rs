//! Large messages in a fresh process each: time, and memory at its highest over idle.

use std::time::{Duration, Instant};

use super::milliseconds;
use super::traffic::Call;
use crate::bench::Bench;
use crate::contenders::Contender;
use crate::fault::Outcome;
use crate::payload::MEGABYTE;
use crate::process;
use crate::row::{Row, Target};
use crate::turns::Turns;

/// The result sizes, in MB.
const SIZES: [usize; 3] = [1, 10, 50];
const ARGUMENT: usize = 12;
/// `mcp-remote` takes most of a minute for one large event.
const PATIENCE: Duration = Duration::from_secs(150);

struct Large {
    time: f64,
    growth: f64,
    cpu: f64,
}

pub(crate) fn results(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    for megabytes in SIZES {
        for (kind, name) in [("json", "as JSON"), ("sse", "in one SSE event")] {
            let text = bench.payload().text(megabytes * MEGABYTE);
            let call = Call { tool: format!("{kind}-{}", megabytes * MEGABYTE), text };
            let rounds = bench.plan().large_rounds;
            let figure = format!("{megabytes} MB {name}");
            let samples = Turns::take(bench, &figure, rounds, |bench, contender, _| {
                large(bench, contender, &call)
            });
            let (time, memory) = match megabytes {
                50 => (Target::FloorTimes(1.5), Target::AtMost(1.1 * 50.0)),
                10 => (Target::FloorTimes(1.5), Target::None),
                _ => (Target::None, Target::None),
            };
            let key = format!("large-{kind}-{megabytes}");
            let row = Row::new(&key, format!("{megabytes} MB result {name}, ms"));
            rows.push(row.target(time).of(&samples, |large| large.time));
            let row = Row::new(format!("{key}-cpu"), "its CPU, ms");
            rows.push(row.of(&samples, |large| large.cpu));
            let row = Row::new(format!("{key}-peak"), "its peak RSS over idle, MB");
            rows.push(row.target(memory).of(&samples, |large| large.growth));
        }
    }
    Ok(rows)
}

fn large(bench: &Bench, contender: &Contender, call: &Call) -> Outcome<Large> {
    let (mut bridge, _) = bench.open(contender, &bench.upstream().url())?;
    bridge.be_patient(PATIENCE);
    bridge.expect_line(call.text.len());
    let idle = process::memory(bridge.pid())?.rss;
    let cpu = process::cpu(bridge.pid())?;
    let id = bridge.fresh_id();
    let mut line = Vec::new();
    call.write(id, &mut line);
    let start = Instant::now();
    bridge.send(&line)?;
    let answer = bridge.line()?;
    let time = milliseconds(start.elapsed());
    let growth = process::peak(bridge.pid())? - idle;
    let cpu = milliseconds(process::cpu(bridge.pid())?.saturating_sub(cpu));
    call.check(bridge.text(answer))?;
    Ok(Large { time, growth, cpu })
}

/// Returns a call whose argument is large and whose answer tells whether it arrived whole.
pub(crate) fn argument(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let text = bench.payload().text(ARGUMENT * MEGABYTE);
    let expected = format!("{} bytes, equal", text.len());
    let call = Call { tool: "sink".into(), text: expected.into() };
    let rounds = bench.plan().large_rounds;
    let figure = format!("{ARGUMENT} MB argument");
    let samples = Turns::take(bench, &figure, rounds, |bench, contender, _| {
        let (mut bridge, _) = bench.open(contender, &bench.upstream().url())?;
        let idle = process::memory(bridge.pid())?.rss;
        let cpu = process::cpu(bridge.pid())?;
        let id = bridge.fresh_id();
        let opening = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"sink","arguments":{{"text":""#
        );
        let line = [opening.as_bytes(), &text, b"\"}}}\n"].concat();
        let start = Instant::now();
        bridge.send(&line)?;
        let answer = bridge.answer_to(id)?;
        let time = milliseconds(start.elapsed());
        let growth = process::peak(bridge.pid())? - idle;
        let cpu = milliseconds(process::cpu(bridge.pid())?.saturating_sub(cpu));
        call.check(bridge.text(answer))?;
        Ok(Large { time, growth, cpu })
    });
    Ok(vec![
        Row::new("argument", format!("{ARGUMENT} MB tool argument, ms"))
            .target(Target::Floor)
            .of(&samples, |large| large.time),
        Row::new("argument-cpu", "its CPU, ms").of(&samples, |large| large.cpu),
        Row::new("argument-peak", "its peak RSS over idle, MB").of(&samples, |large| large.growth),
    ])
}
