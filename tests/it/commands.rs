//! The commands from the outside, as far as they need no remote.

use crate::support::process::Program;

/// DROP-IN §1: URL, port and flags in any order, both spellings of values.
#[test]
fn the_order_of_words_does_not_matter() {
    let port = |words: &[&str]| {
        let program = Program::new(["config", "show", "--json"]);
        drop(program);
        let finished = Program::new(words.iter().copied()).run();
        finished.stderr.contains("`http://mcp.example.com/mcp` is not encrypted")
    };
    for words in [
        &["http://mcp.example.com/mcp", "3334", "--header", "X: 1"][..],
        &["3334", "http://mcp.example.com/mcp", "--header=X: 1"],
        &["--header", "X: 1", "3334", "http://mcp.example.com/mcp"],
        &["--debug", "http://mcp.example.com/mcp", "--header", "X: 1", "3334"],
        &["--debug", "tools", "http://mcp.example.com/mcp"],
        &["tools", "--debug", "http://mcp.example.com/mcp"],
    ] {
        assert!(port(words), "{words:?}");
    }
}
