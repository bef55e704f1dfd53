//! The bridge at every attack of `mock --hostile`: nothing is obtained, every request is answered
//! once, nothing but protocol is written, and the program ends when it is told to (S-01 to S-15).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use mcp_tether_mock::{Aim, Attacker, ConsentPolicy, Hostile};
use serde_json::{Value, json};

use crate::support::browser_program::BrowserProgram;
use crate::support::browsing_person::BrowsingPerson;
use crate::support::harness::initialize;
use crate::support::home::Home;
use crate::support::pages::assert_counts;
use crate::support::process::{Finished, Running};

/// Twice the largest answer of the table: whatever a server sends, there is one copy of it.
const MOST_MEMORY: u64 = 160 << 20;

const QUICKLY: [&str; 12] = [
    "--answer-within",
    "2",
    "--auth-timeout",
    "4",
    "--headers-timeout",
    "3",
    "--body-timeout",
    "3",
    "--request-timeout",
    "4",
    "--header",
    "X-Canary: ${CANARY}",
];

#[test]
fn no_attack_obtains_anything_and_none_breaks_the_bridge() {
    let hostile = Hostile::start(ConsentPolicy::Approve).unwrap();
    let waiting = Mutex::new(hostile.attackers().iter());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().next();
                    let Some(attacker) = next else { return };
                    suffer(attacker);
                }
            });
        }
    });
    for page in ["README.md", "docs/mock.md", "docs/speed.md"] {
        assert_counts(page, "attacks", |_| Some(hostile.attackers().len()));
    }
    for finding in hostile.findings() {
        let name = finding.attack.name;
        let is_tried = finding.requests > 0 || finding.attack.aim == Aim::Start;
        assert!(is_tried, "`{name}` was not tried");
        assert_eq!(finding.obtained, None, "`{name}` ({})", finding.attack.rule);
    }
}

/// One bridge, one conversation.
fn suffer(attacker: &Attacker) {
    let name = attacker.attack.name;
    let home = Home::new();
    let browser = BrowserProgram::of(BrowsingPerson::approves());
    let url = attacker.url().to_string();
    lay_traps(&home);
    let folder = home.path().to_str().unwrap();
    let flags: Vec<String> =
        attacker.flags().iter().map(|flag| flag.replace("{home}", folder)).collect();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let words = [&[url.as_str(), "--log-level", "trace"][..], &QUICKLY, &flags].concat();
    let program = home.program(words).env("PATH", browser.path()).env("CANARY", "c4n4ry");
    if attacker.attack.aim == Aim::Start {
        let refused = program.run();
        assert_eq!(refused.code, Some(2), "`{name}`: {}", refused.shown());
        assert_untouched(&home, name);
        return;
    }
    let mut bridge = program.spawn();
    let mut answers = BTreeMap::new();
    for message in messages(attacker) {
        if answers.is_empty() {
            bridge.send(initialize("2025-06-18"));
            take(&mut bridge, "\"init\"", &mut answers, name);
            bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        }
        bridge.send(message.to_string());
        take(&mut bridge, &message["id"].to_string(), &mut answers, name);
    }
    let memory = bridge.peak_memory();
    assert!(memory < MOST_MEMORY, "`{name}`: {memory} bytes");
    let finished = bridge.finish();
    calm(&finished, &answers, name);
    let pages = browser.finish();
    // One to sign in, one to ask for another scope.
    assert!(pages.len() <= 2, "`{name}` opened {} tabs", pages.len());
    assert!(attacker.attack.aim != Aim::SignIn || pages.is_empty(), "`{name}` opened a page");
    assert!(!home.path().join("mcp-owned").exists(), "`{name}` ran a command");
    assert_untouched(&home, name);
    let written = texts_in(home.path());
    assert!(!written.contains("c4n4ry"), "`{name}` brought a secret into a file");
    assert!(written.len() < 8 << 20, "`{name}` fills the disk: {} bytes", written.len());
}

/// Returns the host's messages after its `initialize`.
fn messages(attacker: &Attacker) -> [Value; 3] {
    let mut call = json!({ "jsonrpc": "2.0", "id": "a call", "method": "tools/call",
        "params": { "name": "echo", "arguments": { "a": 1 } } });
    if let Some(meta) = attacker.meta() {
        call["params"]["_meta"] = serde_json::from_str(&meta).unwrap();
    }
    let list = json!({ "jsonrpc": "2.0", "id": "a list", "method": "tools/list" });
    [list, call, json!({ "jsonrpc": "2.0", "id": "a ping", "method": "ping" })]
}

/// Files of the victim's that a link and another name lead to, in places that it is told to write
/// to.
fn lay_traps(home: &Home) {
    let at = |name: &str| home.path().join(name);
    for name in PRECIOUS_FILES {
        std::fs::write(at(name), PRECIOUS).unwrap();
    }
    std::fs::hard_link(at(PRECIOUS_FILES[0]), at("second-name")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(at(PRECIOUS_FILES[1]), at("link")).unwrap();
}

const PRECIOUS_FILES: [&str; 2] = ["named-twice", "linked"];

/// It would pass for a recording that goes on.
const PRECIOUS: &str = "{\"mcp-tether-recording\":1,\"note\":\"precious\"}\n";

fn assert_untouched(home: &Home, name: &str) {
    for file in PRECIOUS_FILES {
        let precious = std::fs::read_to_string(home.path().join(file)).unwrap();
        assert_eq!(precious, PRECIOUS, "`{name}` changed a file");
    }
}

/// Returns the content of all files in a folder and in those below it.
fn texts_in(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            all += &texts_in(&entry.path());
        } else if let Ok(content) = std::fs::read(entry.path()) {
            all += &String::from_utf8_lossy(&content);
        }
    }
    all
}

/// Reads until the answer to this request is there; questions are declined.
fn take(bridge: &mut Running, id: &str, answers: &mut BTreeMap<String, u32>, name: &str) {
    loop {
        let message = bridge.next_json();
        assert_eq!(message["jsonrpc"], "2.0", "`{name}`: {message}");
        if message.get("method").is_some() {
            if message.get("id").is_some() {
                let result = json!({ "action": "decline" });
                let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
                bridge.send(answer.to_string());
            }
            continue;
        }
        let answered = message["id"].to_string();
        *answers.entry(answered.clone()).or_default() += 1;
        if answered == id {
            return;
        }
    }
}

/// Checks the output during the run and at its end.
fn calm(finished: &Finished, answers: &BTreeMap<String, u32>, name: &str) {
    assert_eq!(finished.code, Some(0), "`{name}`: {}", finished.shown());
    let expected = BTreeMap::from(
        ["\"a call\"", "\"a list\"", "\"a ping\"", "\"init\""].map(|id| (id.to_owned(), 1)),
    );
    assert_eq!(*answers, expected, "`{name}`: every request is answered once");
    for line in finished.stdout.lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        assert!(message.get("method").is_some(), "`{name}`: one more answer: {line}");
    }
    let steers = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!finished.stderr.contains(steers), "`{name}`: {:?}", finished.stderr);
    assert!(!finished.stderr.contains("panicked"), "`{name}`: {}", finished.stderr);
    assert!(!finished.stderr.contains("c4n4ry"), "`{name}`: {}", finished.stderr);
    // Even someone who asks for every detail gets a log that can be read (S-39).
    assert!(finished.stderr.len() < 2 << 20, "`{name}` fills the log: {}", finished.stderr.len());
}
