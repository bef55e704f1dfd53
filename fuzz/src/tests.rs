//! Replays the corpus, whole and with small changes, so that the rules hold without a fuzzer too.

use std::fs;
use std::path::Path;

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 12] = [
    ("json_rpc", crate::json_rpc),
    ("lines", crate::lines),
    ("events", crate::events),
    ("challenge", crate::challenge),
    ("metadata", crate::metadata),
    ("header_values", crate::header_values),
    ("host_configuration", crate::host_configuration),
    ("sign_in_files", crate::sign_in_files),
    ("redaction", crate::redaction),
    ("modern_host", crate::modern_host),
    ("modern_remote", crate::modern_remote),
    ("callback", crate::callback),
];

#[test]
fn every_input_of_the_corpus_holds_to_the_rules_of_its_target() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
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
