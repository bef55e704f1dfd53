//! Replays the corpus, whole and with small changes, so that the rules hold without a fuzzer too.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 14] = [
    ("json_rpc", super::json_rpc),
    ("lines", super::lines),
    ("events", super::events),
    ("challenge", super::challenge),
    ("metadata", super::metadata),
    ("header_values", super::header_values),
    ("host_configuration", super::host_configuration),
    ("sign_in_files", super::sign_in_files),
    ("redaction", super::redaction),
    ("modern_host", super::modern_host),
    ("modern_remote", super::modern_remote),
    ("callback", super::callback),
    ("budget", super::budget),
    ("project_files", super::project_files),
];

#[test]
fn every_input_of_the_corpus_holds_to_the_rules_of_its_target() {
    // Both where this is a crate and where it is a part of the bridge's own tests.
    let corpus = Path::new(file!()).parent().unwrap().join("../corpus");
    for (name, target) in TARGETS {
        let inputs = inputs(&corpus.join(name));
        assert!(!inputs.is_empty(), "`{name}` has no corpus");
        for (file, input) in inputs {
            println!("{name}/{file}");
            target(&input);
            // Cuts and single changed bytes, spread over the input.
            for at in (0..input.len()).step_by(input.len() / 24 + 1) {
                target(&input[..at]);
                for byte in [0, b'\n', b'"', 0xff] {
                    let mut changed = input.clone();
                    changed[at] = byte;
                    target(&changed);
                }
            }
        }
    }
}

/// The files of a folder, sorted by name.
fn inputs(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let named = files.map(|file| {
        let file = file.unwrap();
        (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())
    });
    named.collect()
}

/// How many random changes each target is given if `FUZZ_SECONDS` does not say how long: a number,
/// so that every machine tries the same ones.
const CHANGES: u64 = 400;

/// Without a fuzzer: random changes of the corpus, for as many seconds per target as
/// `FUZZ_SECONDS` says; only of `FUZZ_TARGET` if that is set, and others with another `FUZZ_SEED`.
/// An input that breaks a rule is printed.
#[test]
fn random_changes_of_the_corpus_hold_to_the_rules() {
    let variable = |name: &str| std::env::var(name).ok();
    let seconds = variable("FUZZ_SECONDS").map(|text| text.parse::<f64>().unwrap());
    let only = variable("FUZZ_TARGET");
    let corpus = Path::new(file!()).parent().unwrap().join("../corpus");
    let seed = variable("FUZZ_SEED").map_or(0, |text| text.parse::<u64>().unwrap());
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
    for (name, target) in TARGETS {
        if only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let seeds: Vec<Vec<u8>> = inputs(&corpus.join(name)).into_values().collect();
        let (started, mut runs) = (Instant::now(), 0_u64);
        while seconds.map_or(runs < CHANGES, |end| started.elapsed().as_secs_f64() < end) {
            let input = random.changed(&seeds);
            let tried = std::panic::catch_unwind(|| target(&input));
            assert!(
                tried.is_ok(),
                "{name} breaks a rule with {:?}",
                input.escape_ascii().to_string()
            );
            runs += 1;
        }
        println!("{name}: {runs} inputs in {:?}", started.elapsed());
    }
}

/// Random numbers that are the same in every run with one seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (end.max(1) as u64)).unwrap()
    }

    /// One of the seeds after a few changes: bytes, cuts, repetitions, and parts of another seed.
    fn changed(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        const TOKENS: [&[u8]; 12] = [
            b"\"",
            b"{",
            b"}",
            b"[",
            b"]",
            b":",
            b"\\u0000",
            b"\n\n",
            b"\r",
            b"\xef\xbb\xbf",
            b"://",
            b"${",
        ];
        let mut input = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(6) {
            let at = self.below(input.len() + 1);
            let end = at + self.below(input.len() - at + 1);
            match self.below(6) {
                0 if at < input.len() => input[at] = self.below(256).to_le_bytes()[0],
                1 => drop(input.drain(at..end)),
                2 => drop(input.splice(at..at, TOKENS[self.below(TOKENS.len())].iter().copied())),
                3 if input.len() < 64 * 1024 => {
                    let part = input[at..end].to_vec();
                    drop(input.splice(at..at, part));
                }
                4 => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len() + 1);
                    let part = other[from..from + self.below(other.len() - from + 1)].to_vec();
                    drop(input.splice(at..end, part));
                }
                _ if at < input.len() => input[at] ^= 1 << self.below(8),
                _ => {}
            }
        }
        input
    }
}
