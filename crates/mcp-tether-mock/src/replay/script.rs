//! Chooses the recorded answer to a request: the next one to the same request, or else the next one
//! to its method.

use std::fmt;

use mcp_tether_wire::jsonrpc::Message;

use super::recording::{Recording, Turn, identity};

/// The numbers of requests, by the way they were matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayTally {
    /// By method and parameters.
    pub as_recorded: usize,
    /// By method and order: the parameters differ.
    pub by_order: usize,
    /// Not at all.
    pub not_recorded: usize,
}

/// Something that did not match the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayNote {
    /// A request with other parameters than the recorded ones.
    OtherParameters {
        /// Its method.
        method: String,
        /// The line of the request whose answer it got.
        line: usize,
    },
    /// A request that was sent more often than recorded.
    Again {
        /// Its method.
        method: String,
        /// The line of the request whose answer it got once more.
        line: usize,
    },
    /// A request of a method that was not recorded.
    NotRecorded {
        /// Its method.
        method: String,
    },
}

impl fmt::Display for ReplayNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherParameters { method, line } => write!(
                f,
                "`{method}` has other parameters than recorded: answered in order, as line {line}"
            ),
            Self::Again { method, line } => {
                write!(f, "`{method}` came more often than recorded: answered again as line {line}")
            }
            Self::NotRecorded { method } => write!(f, "`{method}` was not recorded"),
        }
    }
}

/// The turns of a recording, and which of them were played.
#[derive(Debug)]
pub(super) struct Script {
    turns: Vec<Turn>,
    played: Vec<bool>,
    pub(super) tally: ReplayTally,
}

/// How a request was matched.
#[derive(Debug)]
pub(super) struct Match {
    pub(super) turn: Option<Turn>,
    pub(super) note: Option<ReplayNote>,
}

impl Script {
    pub(super) fn new(recording: &Recording) -> Self {
        let turns = recording.turns.clone();
        Self { played: vec![false; turns.len()], turns, tally: ReplayTally::default() }
    }

    /// Returns the number of turns up to the last one that was played.
    pub(super) fn position(&self) -> usize {
        self.played.iter().rposition(|played| *played).map_or(0, |last| last + 1)
    }

    /// Returns whether the recorded server answered `initialize`.
    pub(super) fn is_legacy(&self) -> bool {
        let answered = |turn: &&Turn| turn.is_answered() && turn.status < 400;
        let opens = |turn: &&Turn| turn.request.method() == "initialize";
        self.turns.iter().filter(answered).any(|turn| opens(&turn))
    }

    /// Returns the turn that answers this request.
    pub(super) fn play(&mut self, request: &Message) -> Match {
        let (method, params) = (request.method(), identity(request));
        let same: Vec<usize> =
            (0..self.turns.len()).filter(|at| self.turns[*at].request.method() == method).collect();
        let fits = |at: &&usize| self.turns[**at].params == params;
        let fresh = |at: &&usize| !self.played[**at];
        let owned = method.to_owned();
        let mut exact = same.iter().filter(fits);
        let (at, note) = if let Some(at) = exact.clone().find(fresh) {
            (Some(*at), None)
        } else if let Some(at) = exact.next_back() {
            let line = self.turns[*at].line;
            (Some(*at), Some(ReplayNote::Again { method: owned, line }))
        } else if let Some(at) = same.iter().find(fresh).or(same.last()) {
            let line = self.turns[*at].line;
            (Some(*at), Some(ReplayNote::OtherParameters { method: owned, line }))
        } else {
            (None, Some(ReplayNote::NotRecorded { method: owned }))
        };
        match &note {
            None | Some(ReplayNote::Again { .. }) => self.tally.as_recorded += 1,
            Some(ReplayNote::OtherParameters { .. }) => self.tally.by_order += 1,
            Some(ReplayNote::NotRecorded { .. }) => self.tally.not_recorded += 1,
        }
        if let Some(at) = at {
            self.played[at] = true;
        }
        Match { turn: at.map(|at| self.turns[at].clone()), note }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: u64, method: &str, params: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
    }

    fn script() -> Script {
        let mut text = "{\"mcp-tether-recording\":1}\n".to_owned();
        let requests = [("a", r#"{"x":1}"#), ("a", r#"{"x":2}"#), ("a", r#"{"x":1}"#), ("b", "{}")];
        for (id, (method, params)) in (1..).zip(requests) {
            let message = request(id, method, params);
            text += &format!(r#"{{"to":"server","exchange":{id},"message":{message}}}"#);
            text += "\n";
        }
        Script::new(&Recording::read(&text).unwrap())
    }

    fn line(script: &mut Script, method: &str, params: &str) -> (Option<usize>, bool) {
        let message = Message::parse(request(77, method, params)).unwrap();
        let found = script.play(&message);
        (found.turn.map(|turn| turn.line), found.note.is_some())
    }

    /// O-31
    #[test]
    fn the_same_request_comes_first_and_the_order_decides_between_others() {
        let mut script = script();
        assert_eq!(
            line(&mut script, "a", r#"{"x":2,"_meta":{"progressToken":9}}"#),
            (Some(3), false)
        );
        assert_eq!(line(&mut script, "a", r#"{"x":1}"#), (Some(2), false));
        assert_eq!(line(&mut script, "a", r#"{"x":3}"#), (Some(4), true));
        assert_eq!(
            line(&mut script, "a", r#"{"x":1}"#),
            (Some(4), true),
            "more often than recorded"
        );
        assert_eq!(line(&mut script, "b", "{}"), (Some(5), false));
        assert_eq!(line(&mut script, "c", "{}"), (None, true));
        let expected = ReplayTally { as_recorded: 4, by_order: 1, not_recorded: 1 };
        assert_eq!(script.tally, expected);
    }
}
