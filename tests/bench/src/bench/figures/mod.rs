//! The figures, each a function from a run to rows of the table.

mod calls;
mod idle;
mod instructions;
mod large;
mod networks;
mod scale;
mod start;
mod stream;
mod traffic;

use crate::bench::Bench;
use crate::bridge::Bridge;
use crate::contenders::Contender;
use crate::fault::Outcome;
use crate::payload::MEGABYTE;
use crate::row::{Row, Target};

/// A group of rows that are measured together.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    /// The requirement that this machine does not meet, if any.
    pub(crate) lacks: fn() -> Option<&'static str>,
    pub(crate) measure: fn(&mut Bench) -> Outcome<Vec<Row>>,
}

impl Figure {
    const fn new(name: &'static str, measure: fn(&mut Bench) -> Outcome<Vec<Row>>) -> Self {
        Self { name, lacks: || None, measure }
    }
}

pub(crate) const FIGURES: [Figure; 14] = [
    Figure::new("start", start::near),
    Figure::new("secure", start::secure),
    Figure::new("far", start::far),
    Figure::new("networks", networks::measure),
    Figure::new("signed-in", start::signed_in),
    Figure::new("idle", idle::measure),
    Figure::new("calls", calls::measure),
    Figure::new("late", calls::late),
    Figure::new("large", large::results),
    Figure::new("argument", large::argument),
    Figure::new("stream", stream::measure),
    Figure { lacks: instructions::lacks, ..Figure::new("instructions", instructions::measure) },
    Figure::new("scale", scale::measure),
    Figure::new("size", size),
];

fn size(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let sizes: Vec<Vec<u64>> =
        bench.contenders().iter().map(|one| one.program_size().into_iter().collect()).collect();
    let megabytes = |size: &u64| *size as f64 / MEGABYTE as f64;
    Ok(vec![
        Row::new("size", "program file, MB")
            .decimals(2)
            .target(Target::AtMost(14.0))
            .of(&sizes, megabytes),
    ])
}

/// A bridge per contender that lives through all rounds of a figure.
struct Kept(Vec<Option<Bridge>>);

impl Kept {
    fn new(bench: &Bench) -> Self {
        Self(bench.contenders().iter().map(|_| None).collect())
    }

    /// Takes a sample of the contender's bridge, with a session open. One that failed is given up.
    fn with<T>(
        &mut self,
        bench: &Bench,
        contender: &Contender,
        index: usize,
        sample: impl FnOnce(&mut Bridge) -> Outcome<T>,
    ) -> Outcome<T> {
        let mut bridge = match self.0[index].take() {
            Some(bridge) => bridge,
            None => bench.open(contender, &bench.upstream().url())?.0,
        };
        bench.put(&bridge);
        let value = sample(&mut bridge)?;
        self.0[index] = Some(bridge);
        Ok(value)
    }
}

fn milliseconds(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn microseconds(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
