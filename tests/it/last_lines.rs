//! The last lines arrive, whatever stdout is: a file, a terminal, a pipe, a socket, read at once,
//! slowly, or not any more (T-08).

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::Duration;

use mcp_tether_mock::{MockOptions, MockRemote};
use serde_json::{Value, json};

use crate::support::harness::{PATIENCE, initialize, parsed};
use crate::support::process::Program;

/// Returns a script of a host: a session, and one call that is answered with so many characters.
fn script(length: usize) -> File {
    let mut file = tempfile::tempfile().unwrap();
    let arguments = json!({ "text": "x".repeat(length) });
    let params = json!({ "name": "echo", "arguments": arguments });
    let call = json!({ "jsonrpc": "2.0", "id": "last", "method": "tools/call", "params": params });
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    writeln!(file, "{}\n{initialized}\n{call}", initialize("2025-11-25")).unwrap();
    file.rewind().unwrap();
    file
}

fn program(mock: &MockRemote) -> Program {
    Program::new([mock.url().as_str()])
}

/// Returns the ids of the lines, each of which must be whole.
fn ids(text: &str) -> Vec<Value> {
    let id = |line: &str| serde_json::from_str::<Value>(line).expect("a whole line")["id"].clone();
    text.lines().map(id).collect()
}

/// Reads a little at a time to the end.
fn read_slowly(mut from: impl Read) -> String {
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        read.extend_from_slice(&piece[..length]);
        // The subject of the test: a reader that takes its time, more of it than the drain.
        std::thread::sleep(Duration::from_millis(15));
    }
    String::from_utf8(read).unwrap()
}

/// T-96
#[test]
fn every_answer_reaches_a_file() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    for run in 0..25 {
        let mut file = tempfile::tempfile().unwrap();
        let finished = program(&mock).spawn_between(script(10), file.try_clone().unwrap()).finish();
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(ids(&text), ["init", "last"], "run {run}");
    }
}

/// T-96
#[test]
fn a_slow_reader_gets_every_answer_through_a_terminal_a_pipe_or_a_socket() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let (terminal, other_end_of_terminal) = std::io::pipe().unwrap();
    let (pipe, other_end_of_pipe) = std::io::pipe().unwrap();
    let (socket, other_end_of_socket) = UnixStream::pair().unwrap();
    let in_terminal = program(&mock).in_terminal();
    let cases: [(&str, Program, Box<dyn Read + Send>, OwnedFd); 3] = [
        ("terminal", in_terminal, Box::new(terminal), other_end_of_terminal.into()),
        ("pipe", program(&mock), Box::new(pipe), other_end_of_pipe.into()),
        ("socket", program(&mock), Box::new(socket), other_end_of_socket.into()),
    ];
    let read = cases.map(|(name, program, ours, theirs)| {
        let running = program.spawn_between(script(600_000), theirs);
        (name, running, std::thread::spawn(|| read_slowly(ours)))
    });
    for (name, running, reading) in read {
        let text = reading.join().unwrap();
        assert_eq!(running.finish().code, Some(0), "{name}");
        assert_eq!(ids(&text), ["init", "last"], "{name}");
        assert!(text.len() > 600_000, "{name}");
    }
}

/// T-08
#[test]
fn each_signal_leaves_a_last_answer_in_a_file() {
    let slow = MockOptions { faults: parsed(&["silent:tool=echo"]), ..MockOptions::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for signal in ["TERM", "INT", "HUP"] {
        for run in 0..5 {
            let mock = MockRemote::start(slow.clone()).unwrap();
            let mut file = tempfile::tempfile().unwrap();
            let (stdin, mut host) = std::io::pipe().unwrap();
            std::io::copy(&mut script(10), &mut host).unwrap();
            let mut running = program(&mock).spawn_between(stdin, file.try_clone().unwrap());
            let called = mock.recorder().wait_until(
                |all| all.iter().any(|request| request.rpc_method() == "tools/call"),
                PATIENCE,
            );
            assert!(runtime.block_on(called));
            running.signal(signal);
            assert_eq!(running.end(), Some(0), "{signal}");
            let mut text = String::new();
            file.rewind().unwrap();
            file.read_to_string(&mut text).unwrap();
            assert_eq!(ids(&text), ["init", "last"], "{signal}, run {run}");
        }
    }
}

/// T-08, T-96: on a busy machine, a host reads the last lines late.
#[test]
fn a_host_that_reads_late_after_a_signal_gets_every_line_whole() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let (stdin, mut host) = std::io::pipe().unwrap();
    let (mut stdout, other_end) = std::io::pipe().unwrap();
    let mut running = program(&mock).spawn_between(stdin, other_end);
    std::io::copy(&mut script(600_000), &mut host).unwrap();
    let mut beginning = vec![0; 4096];
    stdout.read_exact(&mut beginning).unwrap();
    running.signal("TERM");
    // The subject of the test: more than a moment.
    std::thread::sleep(Duration::from_millis(700));
    let mut text = String::from_utf8(beginning).unwrap();
    stdout.read_to_string(&mut text).unwrap();
    assert_eq!(running.end(), Some(0));
    assert_eq!(ids(&text), ["init", "last"]);
}

/// T-12: the terminal's buffer is small, so the bridge still writes when its reader goes.
#[test]
fn a_reader_that_is_gone_ends_the_bridge_and_one_that_does_not_read_cannot_hold_it() {
    let ended = |mock: &MockRemote| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let ended = mock
            .recorder()
            .wait_until(|all| all.iter().any(|request| request.http_method == "DELETE"), PATIENCE);
        runtime.block_on(ended)
    };
    for is_gone in [true, false] {
        let mock = MockRemote::start(MockOptions::default()).unwrap();
        let (reader, other_end) = std::io::pipe().unwrap();
        let mut terminal = program(&mock).in_terminal().spawn_between(script(600_000), other_end);
        if is_gone {
            let answered = mock.recorder().wait_until(
                |all| all.iter().any(|request| request.rpc_method() == "tools/call"),
                PATIENCE,
            );
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            assert!(runtime.block_on(answered));
            terminal.kill();
        }
        assert!(ended(&mock), "gone: {is_gone}");
        drop(reader);
    }
}

/// T-12
#[test]
fn answers_that_cannot_be_written_are_an_error() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let finished = program(&mock).spawn_between(script(10), Stdio::from(full)).finish();
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(finished.stderr.contains("cannot write the answers to stdout"), "{}", finished.stderr);
    assert!(finished.stderr.contains("hint: "), "{}", finished.stderr);
}
