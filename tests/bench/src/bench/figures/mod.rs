//! The figures, each a function from a run to rows of the table.

mod calls;
mod idle;
mod large;
mod start;
mod stream;
mod traffic;

use crate::bench::Bench;
use crate::bridge::Bridge;
use crate::contenders::Contender;
use crate::cores::Place;
use crate::fault::Outcome;
use crate::payload::MEGABYTE;
use crate::row::Row;

/// A group of rows that are measured together.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) measure: fn(&mut Bench) -> Outcome<Vec<Row>>,
}

pub(crate) const FIGURES: [Figure; 10] = [
    Figure { name: "start", place: Place::Anywhere, measure: start::near },
    Figure { name: "far", place: Place::Anywhere, measure: start::far },
    Figure { name: "signed-in", place: Place::Anywhere, measure: start::signed_in },
    Figure { name: "idle", place: Place::Anywhere, measure: idle::measure },
    Figure { name: "calls", place: Place::Anywhere, measure: calls::measure },
    Figure { name: "late", place: Place::Anywhere, measure: calls::late },
    Figure { name: "large", place: Place::Anywhere, measure: large::results },
    Figure { name: "argument", place: Place::Anywhere, measure: large::argument },
    Figure { name: "stream", place: Place::Anywhere, measure: stream::measure },
    Figure { name: "size", place: Place::Anywhere, measure: size },
];

fn size(bench: &mut Bench) -> Outcome<Vec<Row>> {
    let sizes: Vec<Vec<u64>> =
        bench.contenders().iter().map(|one| one.program_size().into_iter().collect()).collect();
    let megabytes = |size: &u64| *size as f64 / MEGABYTE as f64;
    Ok(vec![Row::new("size", "program file, MB").decimals(2).of(&sizes, megabytes)])
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
