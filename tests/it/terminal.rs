//! The output at a terminal: every text fits, no word is split, colours do not change the words,
//! and slow commands show their progress.

use anstream::adapter::strip_str;
use mcp_tether_mock::{Auth, MockOptions, MockRemote, ProductName};

use crate::cli_help::{USAGE_ERRORS, commands};
use crate::support::harness::parsed;
use crate::support::home::Home;

const COLUMNS: [u16; 3] = [40, 80, 120];

fn shop() -> MockRemote {
    let shop = MockOptions { auth: Auth::Open, ..MockOptions::of(ProductName::Egrow) };
    MockRemote::start(shop).unwrap()
}

/// Command lines whose text is the same each time, but for its width.
fn steady(url: &str) -> Vec<Vec<String>> {
    let words = |line: &str| line.replace("URL", url).split(' ').map(str::to_owned).collect();
    let commands = commands();
    let help = commands
        .iter()
        .flat_map(|command| ["-h", "--help"].map(|flag| [&command[..], &[flag]].concat()));
    let mut lines: Vec<Vec<String>> = help
        .chain(USAGE_ERRORS.iter().map(|words| words.to_vec()))
        .map(|words| words.into_iter().map(str::to_owned).collect())
        .collect();
    lines.push(Vec::new());
    lines.extend(
        [
            "tools URL find_products",
            "prompts URL",
            "resources URL",
            "info URL",
            "call URL find_products query=speaker perPage=5",
            "call URL find_products limit=5",
            "call URL find_prodcts",
            "config show URL",
            "config show --all",
            "mock --list",
            "tools http://example.com/",
            "tools http://127.0.0.1:1/mcp",
            "login http://127.0.0.1:1/mcp",
            "tools URL/nothing",
            "login URL/nothing",
            "read URL shop://nothing",
            "prompts URL nothing",
            "login URL --credential-store memory",
            "install URL --host cursor --dry-run",
            "install URL --host nothing",
            "uninstall shop --host zed",
            "migrate",
            "logout URL",
            "logout --all",
            "secret list",
            "import",
        ]
        .map(words),
    );
    lines
}

/// Returns a server whose tools have long names.
fn long_names() -> MockRemote {
    let product = MockOptions::of(ProductName::Conformance);
    MockRemote::start(MockOptions { auth: Auth::Open, ..product }).unwrap()
}

/// Command lines whose text depends on the machine, the moment or the width.
fn unsteady(url: &str) -> Vec<Vec<String>> {
    let lines =
        ["tools URL", "forget URL", "doctor", "doctor URL", "status", "status --running", "demo"];
    lines.map(|line| line.replace("URL", url).split(' ').map(str::to_owned).collect()).to_vec()
}

fn width(line: &str) -> usize {
    textwrap::core::display_width(line)
}

/// A line is too long only if it is one word or JSON, which must stay whole.
fn assert_fits(text: &str, columns: u16, words: &[String]) {
    for line in text.lines() {
        let content = line.trim();
        let is_one_word = !content.contains(' ') || content.starts_with("{\"");
        assert!(
            width(line.trim_end()) <= usize::from(columns) || is_one_word,
            "{words:?} at {columns}: {} columns: {line}",
            width(line)
        );
    }
}

fn words_of(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn every_text_fits_the_terminal_and_no_word_is_split() {
    let (shop, home) = (shop(), Home::new());
    let url = shop.url().to_string();
    let work = steady(&url);
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(words) =
                    work.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                {
                    let program = || home.program(words);
                    let piped = program().run();
                    let piped = piped.stdout + &piped.stderr;
                    assert!(!piped.contains('\u{1b}'), "{words:?}: {piped:?}");
                    for columns in COLUMNS {
                        let (painted, _) = program().run_in_terminal(columns, "");
                        let (plain, _) =
                            program().env("NO_COLOR", "1").run_in_terminal(columns, "");
                        let stripped = strip_str(&painted).to_string();
                        assert_eq!(stripped, plain, "{words:?} at {columns}");
                        assert_fits(&plain, columns, words);
                        let (mut shown, mut expected) = (words_of(&plain), words_of(&piped));
                        // The two streams may be mixed in another order.
                        shown.sort_unstable();
                        expected.sort_unstable();
                        assert_eq!(shown, expected, "{words:?} at {columns}");
                    }
                }
            });
        }
    });
}

#[test]
fn variable_texts_fit_too() {
    let (shop, home, long) = (shop(), Home::new(), long_names());
    let url = shop.url().to_string();
    for host in ["claude-desktop", "visual-studio", "vscode"] {
        let name = "a-server-whose-name-is-rather-long";
        home.run(&["install", &url, "--host", host, "--name", name]);
    }
    let of_long = |verb: &str| vec![verb.to_owned(), long.url().to_string()];
    let tables = ["tools", "prompts", "resources"].map(of_long);
    for words in unsteady(&url).into_iter().chain(tables).chain([vec!["hosts".to_owned()]]) {
        for columns in COLUMNS {
            let (shown, _) = home.program(&words).run_in_terminal(columns, "");
            assert_fits(&strip_str(&shown).to_string(), columns, &words);
            assert!(!shown.starts_with('\n'), "{words:?}: {shown}");
        }
    }
}

#[test]
fn a_terminal_without_colours_gets_none() {
    let home = Home::new();
    let (dumb, _) = home.program(["frobnicate"]).env("TERM", "dumb").run_in_terminal(80, "");
    assert_eq!(
        dumb,
        "error: unknown command `frobnicate`\n\nhint: `mcp-tether help` lists the commands\n"
    );
    let (painted, code) = home.program(["frobnicate"]).run_in_terminal(80, "");
    assert!(painted.contains("\u{1b}[31merror:\u{1b}[0m"), "{painted:?}");
    assert_eq!(code, Some(2));
}

/// A command that takes over a second shows a progress line, and removes it at the end.
#[test]
fn a_slow_server_is_waited_for_in_sight() {
    let slow =
        MockOptions { faults: parsed(&["delay=1400:method=tools/list"]), ..MockOptions::default() };
    let (slow, home) = (MockRemote::start(slow).unwrap(), Home::new());
    let (shown, code) = home.program(["tools", slow.url().as_str()]).run_in_terminal(80, "");
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("\r\u{1b}[Kwaiting for 127.0.0.1 (0:01, Ctrl-C stops)"), "{shown:?}");
    assert!(shown.contains("stops)\r\u{1b}[K"), "{shown:?}");
    let piped = home.run(&["tools", slow.url().as_str()]);
    assert!(piped.stderr.is_empty(), "{}", piped.stderr);
}

/// A progress line must fit: a wrapped line could not be removed.
#[test]
fn a_progress_line_is_cut_between_words() {
    let (asks, home) =
        (MockRemote::start(MockOptions::of(ProductName::Egrow)).unwrap(), Home::new());
    let url = asks.url().to_string();
    let words = ["login", &url, "--auth-timeout", "3"];
    for columns in COLUMNS {
        let (shown, code) = home.program(words).run_in_terminal(columns, "");
        assert_eq!(code, Some(4), "{shown}");
        let lines = shown.split("\r\u{1b}[K").filter(|line| line.starts_with("waiting for you"));
        let whole = "waiting for you to sign in (0:02 left, Ctrl-C stops); or `--no-browser`";
        let words: Vec<&str> = whole.split(' ').collect();
        let lines: Vec<&str> = lines.collect();
        assert!(!lines.is_empty(), "{shown:?}");
        for line in lines {
            assert!(width(line) < usize::from(columns), "{columns}: {line}");
            for word in line.split(' ') {
                let is_time = word.starts_with("(0:");
                assert!(is_time || word == "…" || words.contains(&word), "{columns}: {line}");
            }
        }
    }
}

#[test]
fn a_bridge_that_is_started_by_hand_says_what_it_waits_for() {
    let (shop, home) = (shop(), Home::new());
    // The end of the input, as typed.
    let (shown, code) = home.program([shop.url().as_str()]).run_in_terminal(80, "\u{4}");
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("waiting for an MCP host on stdin"), "{shown}");
    assert!(shown.contains("mcp-tether tools http://127.0.0.1"), "{shown}");
    let piped = home.run(&[shop.url().as_str()]);
    assert!(piped.stderr.is_empty(), "{}", piped.stderr);
}

/// A confirmation that a tool asks for is a question to the person, and not only a line.
#[test]
fn a_confirmation_is_put_to_the_person() {
    for (typed, said) in [("n\n", "declined"), ("y\n", "\"merged\"")] {
        let (shop, home) = (shop(), Home::new());
        let url = shop.url().to_string();
        let words = ["call", &url, "merge_orders", "primary=EGW240", "duplicates=EGW241"];
        let (shown, ended) = home.program(words).run_in_terminal(80, typed);
        assert!(shown.contains("[y/N]"), "{shown}");
        assert!(shown.contains(said), "{shown}");
        assert!(typed == "n\n" || ended == Some(0), "{shown}");
        assert_eq!(shown.contains("\"merged\""), typed == "y\n", "{shown}");
    }
}

/// An argument that is missing is asked for until it is right; elsewhere it is an error.
#[test]
fn a_missing_argument_is_asked_for() {
    let (shop, home) = (shop(), Home::new());
    let url = shop.url().to_string();
    let words = ["call", &url, "get_order"];
    let (shown, code) = home.program(words).run_in_terminal(80, "EGW240\n");
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("order (string") && shown.contains("EGW240"), "{shown}");
    let (shown, code) = home.program(words).run_in_terminal(80, "\n");
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("the tool `get_order` needs `order`"), "{shown}");
    let piped = home.run(&words);
    assert_eq!((piped.code, piped.stdout.as_str()), (Some(2), ""), "{}", piped.shown());
    assert!(!piped.stderr.contains("order (string"), "{}", piped.stderr);
}
