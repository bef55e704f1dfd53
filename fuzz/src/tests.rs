//! Replays the corpus, whole and with small changes, so that the rules hold without a fuzzer too.

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
        let files = fs::read_dir(corpus.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut seen = 0;
        for file in files {
            let path = file.unwrap().path();
            let input = fs::read(&path).unwrap();
            println!("{}", path.display());
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
            seen += 1;
        }
        assert!(seen > 0, "`{name}` has no corpus");
    }
}

/// Without a fuzzer: random changes of the corpus, for so many seconds a target as `FUZZ_SECONDS`
/// says, or a moment; only of `FUZZ_TARGET` if that is set. An input that breaks a rule is printed.
#[test]
fn random_changes_of_the_corpus_hold_to_the_rules() {
    let variable = |name: &str| std::env::var(name).ok();
    let seconds = variable("FUZZ_SECONDS").map_or(0.1, |text| text.parse().unwrap());
    let only = variable("FUZZ_TARGET");
    let corpus = Path::new(file!()).parent().unwrap().join("../corpus");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for (name, target) in TARGETS {
        if only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let files = fs::read_dir(corpus.join(name)).unwrap();
        let seeds: Vec<Vec<u8>> =
            files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
        let (started, mut runs) = (Instant::now(), 0_u64);
        while started.elapsed().as_secs_f64() < seconds {
            let input = random.changed(&seeds);
            let tried = std::panic::catch_unwind(|| target(&input));
            assert!(
                tried.is_ok(),
                "{name} breaks a rule with {:?}",
                input.escape_ascii().to_string()
            );
            runs += 1;
        }
        println!("{name}: {runs} inputs in {seconds} s");
    }
}

/// Random numbers that are the same in every run.
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
