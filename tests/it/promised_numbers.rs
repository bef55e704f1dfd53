//! The numbers in `docs/rules.md`: each is held against the place in the code that keeps it, as
//! most tests of a rule pass limits of their own, which are shorter.

use std::collections::BTreeSet;

use crate::support::sources;

/// A number that a rule promises.
struct Promise {
    rule: &'static str,
    /// The words of the rule that contain it.
    words: &'static str,
    file: &'static str,
    /// The text of the file that keeps it.
    code: &'static str,
}

const fn promise(
    rule: &'static str,
    words: &'static str,
    file: &'static str,
    code: &'static str,
) -> Promise {
    Promise { rule, words, file, code }
}

const PAGES: &str = "src/bridge/host_side/list_pages.rs";
const TIMERS: &str = "src/bridge/session/timers.rs";
const PACE: &str = "src/pace.rs";

const PROMISES: &[Promise] = &[
    promise("T-04", "at least 32 MiB", "tests/it/stdio_side.rs", "repeat(32 * 1024 * 1024)"),
    promise(
        "T-96",
        "1.5 s",
        "src/bridge/leaving.rs",
        "SIGNAL: Duration = Duration::from_millis(1500);",
    ),
    promise("T-18", "three within a minute", "src/bridge/faults.rs", "MAX_FAULTS: usize = 3;"),
    promise("T-18", "within a minute", "src/bridge/faults.rs", "FAULT_WINDOW: Duration = s(60);"),
    promise("T-87", "up to 20 s", "src/remote/options.rs", "opening: s(20),"),
    promise("T-29", "up to 512 header", "src/http/connections.rs", "HEADER_LINES: usize = 512;"),
    promise(
        "T-91",
        "at most twenty times a minute",
        "src/remote/streamable_http.rs",
        "(5..=20).contains(&opens)",
    ),
    promise("T-99", "less than 100 ms", PACE, "STREAM_RETRY: PauseRange = PauseRange::new(100,"),
    promise("T-99", "up to 20 s", "src/remote/options.rs", "opening: s(20),"),
    promise(
        "T-100",
        "five seconds",
        "src/remote/standalone_stream.rs",
        "TIMEOUT: Duration = s(5);",
    ),
    promise("T-41", "2 s", TIMERS, "CONFIRM_TIMEOUT: Duration = s(2);"),
    promise("T-41", "5 s", "src/eras/modern_remote/catalogue.rs", "LIST_TIMEOUT: Duration = s(5);"),
    promise(
        "T-41",
        "5 s",
        "src/bridge/eras/era_detection.rs",
        "DISCOVER_TIMEOUT: Duration = s(5);",
    ),
    promise("T-43", "silent for 2 s", "src/remote/wire.rs", "BODY_TIMEOUT: Duration = s(2);"),
    promise("T-44", "once in 10 s", TIMERS, "CHECK_PAUSE: Duration = s(10);"),
    promise("T-88", "within 5 s", "src/remote/probe.rs", "POST_TIMEOUT: Duration = s(5);"),
    promise("E-26", "100 pages", PAGES, "MAX_PAGES: usize = 100;"),
    promise("E-26", "32 MiB", PAGES, "MAX_BYTES: usize = 32 * 1024 * 1024;"),
    promise("E-26", "5 s", PAGES, "PAGES_TIMEOUT: Duration = s(5);"),
    promise("A-13", "five times", "src/auth/guarded_http/client.rs", "MAX_REDIRECTS: usize = 5;"),
    promise("A-106", "up to 5 s", PACE, "TOKEN_RETRY_AFTER: PauseRange = PauseRange::new(100, 5);"),
    promise(
        "A-106",
        "from 5 s to 60 s",
        PACE,
        "REFRESH_PAUSE: PauseRange = PauseRange::new(5000, 60);",
    ),
    promise("A-86", "at most twice", "src/auth/dpop/prover.rs", "MAX_PROOF_RETRIES: u32 = 2;"),
    promise("A-86", "at most twice", "src/remote/attempts.rs", "MAX_PROOFS: u32 = 2;"),
    promise(
        "S-33",
        "at least a second",
        PACE,
        "DEVICE_INTERVAL: PauseRange = PauseRange::new(1000,",
    ),
    promise(
        "S-34",
        "within 3 s",
        "src/auth/browser/callback_server.rs",
        "HEAD_TIMEOUT: Duration = s(3);",
    ),
    promise("S-35", "at most 50", "src/http/cookies.rs", "MAX_COOKIES: usize = 50;"),
    promise("S-35", "4096 bytes", "src/http/cookies.rs", "MAX_COOKIE_BYTES: usize = 4096;"),
    promise("S-36", "At most eight", PACE, "MAX_ISSUERS: usize = 8;"),
    promise(
        "S-37",
        "at most 1,000 members",
        "crates/mcp-tether-wire/src/jsonrpc/batch.rs",
        "MAX_BATCH_MEMBERS: usize = 1000;",
    ),
    promise("S-39", "at most ten are logged", PACE, "MAX_LOG_LINES: u32 = 10;"),
    promise("S-39", "logged a minute", PACE, "LOG_WINDOW: Duration = s(60);"),
    promise("S-39", "one sign-in page a minute", PACE, "PAGE_PAUSE: Duration = s(60);"),
    promise("S-39", "three minutes", PACE, "PAGE_WINDOW: Duration = s(180);"),
    promise("S-40", "At most 1,000 requests", PACE, "MAX_OPEN_REMOTE_REQUESTS: usize = 1000;"),
    promise(
        "S-40",
        "more than 64 KiB",
        "src/bridge/remote_side/remote_requests.rs",
        "MAX_ID_BYTES: usize = 64 * 1024;",
    ),
    promise("S-40", "At most 256", PACE, "MAX_OWN_ANSWERS: usize = 256;"),
    promise("S-42", "256 MiB", "src/budget.rs", "DEFAULT: usize = 256 * MIB;"),
    promise("S-42", "use half", "src/budget.rs", "self.limit.load(Ordering::Relaxed) / 2"),
    promise("S-42", "over 1 KiB", "src/remote/streams.rs", "MAX_EVENT_ID: usize = 1024;"),
    promise("S-50", "1 MiB", "src/commands/registry/fetch.rs", "DOCUMENT: usize = 1024 * 1024;"),
    promise(
        "S-70",
        "at most 30 s",
        "src/auth/command_value.rs",
        "const COMMAND_TIMEOUT: Duration = s(30);",
    ),
    promise(
        "S-70",
        "at most 30 s",
        "src/commands/proxy_command.rs",
        "PROXY_COMMAND_TIMEOUT: Duration = s(30);",
    ),
    promise(
        "S-70",
        "at most 30 s",
        "src/auth/client/assertion_source.rs",
        "const TIMEOUT: Duration = s(30);",
    ),
    promise("S-70", "64 KiB", "src/platform/program_output.rs", "MAX_PRINTED: usize = 64 * 1024;"),
    promise("O-6", "two sessions at most", "src/eras/modern_host/session.rs", "SESSIONS: u32 = 2;"),
    promise("O-30", "1 GiB", "src/recording/writer.rs", "MAX_FILE: u64 = 1 << 30;"),
];

/// T-04, T-18, T-29, T-41, T-43, T-44, T-87, T-88, T-91, T-96, T-99, T-100, E-26, A-13, A-86,
/// A-106, S-33, S-34, S-35, S-36, S-37, S-39, S-40, S-42, S-50, S-70, O-6, O-30
#[test]
fn each_number_of_a_rule_is_the_one_in_the_code() {
    let page = sources::read("docs/rules.md");
    let mut wrong = Vec::new();
    for Promise { rule, words, file, code } in PROMISES {
        if !rules(&page).any(|(id, text)| id == *rule && text.contains(words)) {
            wrong.push(format!("{rule} does not say `{words}`"));
        }
        if !sources::read(file).contains(&spelled_out(code)) {
            wrong.push(format!("{rule} says `{words}`, but {file} has no `{code}`"));
        }
    }
    for (id, text) in rules(&page) {
        for number in numbers(text) {
            let is_kept = |promise: &&Promise| promise.rule == id && number.is_in(promise.words);
            if PROMISES.iter().find(is_kept).is_none() {
                wrong.push(format!("{id} says `{}`, and no row says where", number.text()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Seconds as they are written in the code.
fn spelled_out(code: &str) -> String {
    code.replace("= s(", "= Duration::from_secs(").replace(": s(", ": Duration::from_secs(")
}

/// The ids and the words of all rules.
fn rules(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.split(" | ").collect();
        (cells.len() == 5).then(|| (cells[0], cells[2]))
    })
}

/// A number with its unit.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Number<'t>(&'t str, &'t str);

impl Number<'_> {
    fn text(&self) -> String {
        format!("{} {}", self.0, self.1)
    }

    /// Whether these words contain it, with its unit or up to it.
    fn is_in(&self, words: &str) -> bool {
        words.contains(&self.text()) || words.ends_with(self.0)
    }
}

/// Returns the numbers in these words that have a unit.
fn numbers(text: &str) -> BTreeSet<Number<'_>> {
    const UNITS: [&str; 12] = [
        "s", "ms", "KiB", "MiB", "GiB", "bytes", "header", "members", "minutes", "pages",
        "requests", "seconds",
    ];
    let words: Vec<&str> = text.split(' ').collect();
    let bare = |word: &'_ str| word.trim_end_matches([',', ';', '.', ':', ')']).len();
    let is_number = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_digit()) || ["five", "three", "two"].contains(&word)
    };
    let pairs = words.windows(2).map(|pair| (pair[0], &pair[1][..bare(pair[1])]));
    pairs
        .filter(|(number, unit)| is_number(number) && UNITS.contains(unit))
        .map(|(number, unit)| Number(number, unit))
        .collect()
}

#[test]
fn numbers_are_found_with_their_units() {
    let text = "for 30 s and 64 KiB; after 404 or 2 more, three minutes.";
    let found: Vec<String> = numbers(text).iter().map(Number::text).collect();
    assert_eq!(found, ["30 s", "64 KiB", "three minutes"]);
}
