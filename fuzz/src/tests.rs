//! Replays the corpus, whole and with small changes, so that the rules hold without a fuzzer too.

use std::fs;
use std::path::Path;

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 12] = [
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
