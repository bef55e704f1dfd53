//! Samples taken in turns: every round each bridge once, so that a machine that is busy for a while
//! is busy for all of them and the ratio within a round holds.

use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::contenders::Contender;
use crate::fault::Outcome;

/// The samples of one figure, per contender in the order of rounds.
pub(crate) struct Turns<T> {
    samples: Vec<Vec<T>>,
    out: Vec<bool>,
    spent: Vec<Duration>,
    rounds_begun: usize,
}

impl<T> Turns<T> {
    /// Takes `rounds` rounds. A contender that fails leaves with its fault noted; one that has used
    /// its time leaves with the samples it has.
    pub(crate) fn take(
        bench: &mut Bench,
        figure: &str,
        rounds: usize,
        mut sample: impl FnMut(&Bench, &Contender, usize) -> Outcome<T>,
    ) -> Vec<Vec<T>> {
        let mut turns = Self::new(bench.contenders().len());
        for _ in 0..rounds {
            turns.round(bench, figure, &mut sample);
        }
        turns.samples
    }

    pub(crate) fn new(contenders: usize) -> Self {
        Self {
            samples: (0..contenders).map(|_| Vec::new()).collect(),
            out: vec![false; contenders],
            spent: vec![Duration::ZERO; contenders],
            rounds_begun: 0,
        }
    }

    /// One round; who begins changes every time.
    pub(crate) fn round(
        &mut self,
        bench: &mut Bench,
        figure: &str,
        sample: &mut impl FnMut(&Bench, &Contender, usize) -> Outcome<T>,
    ) {
        let count = self.samples.len();
        let first = self.rounds_begun;
        self.rounds_begun += 1;
        for index in (first..first + count).map(|index| index % count) {
            if self.out[index] {
                continue;
            }
            let start = Instant::now();
            match sample(bench, &bench.contenders()[index], index) {
                Ok(value) => self.samples[index].push(value),
                Err(fault) => {
                    self.out[index] = true;
                    bench.note_fault(index, figure, fault);
                }
            }
            self.spent[index] += start.elapsed();
            self.out[index] |= self.spent[index] > bench.plan().budget;
        }
    }

    pub(crate) fn into_samples(self) -> Vec<Vec<T>> {
        self.samples
    }
}
