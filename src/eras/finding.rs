//! Finding out what a remote is (T-80 to T-85): which step comes next, by the two tables of
//! verdicts. Sends nothing and never waits; whoever carries the steps out brings back what it
//! heard.

use serde::Deserialize;

use crate::jsonrpc::{Kind, Message};
use crate::protocol::{Era, codes};

/// One step of finding out. None of them can act at the remote (T-81).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The handshake of the legacy era, over Streamable HTTP.
    Initialize,
    /// `server/discover`.
    Discover,
    /// The event stream of HTTP+SSE, then the handshake over it.
    Stream,
}

/// What the user says about the remote's era (`--protocol`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pin {
    /// Find out.
    #[default]
    Auto,
    /// It is this one.
    Only(Era),
}

/// What decides on the steps before anything was heard.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    /// The host's own era: the same at the remote loses nothing (E-07).
    pub host: Era,
    /// What the user says.
    pub pin: Pin,
    /// What the remote was last time, for a host of this era (T-84).
    pub remembered: Option<Era>,
    /// Whether Streamable HTTP may be tried.
    pub http: bool,
    /// Whether HTTP+SSE may be tried, and whether before anything else.
    pub stream: Option<Place>,
}

/// Where the step for HTTP+SSE stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before everything else.
    First,
    /// After everything else (T-75).
    Last,
}

/// What came of a step.
#[derive(Clone, Copy, Debug)]
pub enum Heard<'a> {
    /// An HTTP answer with this status and, if there was one, its JSON-RPC message.
    Answer(u16, Option<&'a Message>),
    /// There is no event stream of HTTP+SSE here.
    NoStream,
    /// Nothing that tells an era: no connection, no time, no sign-in.
    Nothing,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another step.
    Try(Step),
    /// The remote's era is known; what was heard is its first good answer.
    Settled(Era),
    /// The host hears what the first step met: it says most.
    ReportFirst,
    /// The host hears what this step met.
    ReportThis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Modern,
    /// Modern, but what was sent is not to its taste: once more (T-80).
    Damaged,
    Legacy,
    /// Modern beyond doubt, by an answer to `initialize`: only `server/discover` may follow (T-85).
    OnlyModern,
    /// A server of this era would not say this: go on.
    Other,
    /// The server refused the host; it may still be modern.
    Refused,
    /// Tells nothing.
    None,
}

/// The course of finding out.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What is left, the step under way in front.
    steps: Vec<Step>,
    repeated: bool,
    /// The first step's own error is what to report if nothing else works.
    refused: bool,
}

#[derive(Deserialize)]
struct Error {
    #[serde(default)]
    code: i64,
}

#[derive(Deserialize)]
struct Unsupported {
    #[serde(default)]
    data: Supported,
}

#[derive(Default, Deserialize)]
struct Supported {
    #[serde(default)]
    supported: Vec<String>,
}

#[derive(Deserialize)]
struct Discovered {
    #[serde(rename = "supportedVersions")]
    _supported_versions: Vec<String>,
}

impl Steps {
    /// The steps in their order.
    fn ordered(self) -> Vec<Step> {
        let first = match self.pin {
            Pin::Only(era) => era,
            Pin::Auto => self.remembered.unwrap_or(self.host),
        };
        let both = match first {
            Era::Legacy => [Step::Initialize, Step::Discover],
            Era::Modern => [Step::Discover, Step::Initialize],
        };
        let mut steps: Vec<Step> = if self.http { both.to_vec() } else { Vec::new() };
        match self.stream {
            Some(Place::First) => steps.insert(0, Step::Stream),
            Some(Place::Last) => steps.push(Step::Stream),
            None => {}
        }
        match self.pin {
            Pin::Auto => {}
            Pin::Only(Era::Legacy) => steps.retain(|step| *step != Step::Discover),
            Pin::Only(Era::Modern) => steps = vec![Step::Discover],
        }
        steps
    }
}

impl Finding {
    /// Begins.
    pub fn new(steps: Steps) -> Self {
        Self { steps: steps.ordered(), repeated: false, refused: false }
    }

    /// The step under way, or to begin with.
    pub fn step(&self) -> Step {
        self.steps.first().copied().unwrap_or(Step::Initialize)
    }

    /// Judges what came of the step under way.
    pub fn judge(&mut self, heard: Heard<'_>) -> Next {
        let verdict = match (self.step(), heard) {
            (_, Heard::Nothing) => Verdict::None,
            (Step::Stream, Heard::NoStream) => Verdict::Other,
            (Step::Stream, _) => Verdict::Legacy,
            (_, Heard::NoStream) => Verdict::Other,
            (Step::Discover, Heard::Answer(status, answer)) => of_discover(status, answer),
            (Step::Initialize, Heard::Answer(status, answer)) => of_initialize(status, answer),
        };
        match verdict {
            Verdict::Modern => Next::Settled(Era::Modern),
            Verdict::Legacy => Next::Settled(Era::Legacy),
            Verdict::Damaged if !self.repeated => {
                self.repeated = true;
                Next::Try(Step::Discover)
            }
            // Modern beyond doubt: its own words are what the host must hear (T-85).
            Verdict::Damaged | Verdict::None => Next::ReportThis,
            Verdict::OnlyModern => self.only(Step::Discover),
            Verdict::Refused => {
                self.refused = true;
                self.only(Step::Discover)
            }
            Verdict::Other if self.refused => Next::ReportFirst,
            Verdict::Other => {
                self.steps.remove(0);
                match self.steps.first() {
                    Some(step) => Next::Try(*step),
                    None => Next::ReportFirst,
                }
            }
        }
    }

    /// Nothing but this step is left, if it was not taken before.
    fn only(&mut self, step: Step) -> Next {
        let left = self.steps.iter().skip(1).any(|left| *left == step);
        self.steps = vec![step];
        if left { Next::Try(step) } else { Next::ReportThis }
    }
}

/// The first table of T-80.
fn of_discover(status: u16, answer: Option<&Message>) -> Verdict {
    if answer.is_some_and(|answer| {
        answer.kind() == Kind::Response && answer.outcome_as::<Discovered>().is_some()
    }) {
        return Verdict::Modern;
    }
    match (status, code_of(answer)) {
        (_, Some(codes::UNSUPPORTED_PROTOCOL_VERSION)) => match answer.map(lists_only_legacy) {
            Some(true) => Verdict::Other,
            _ => Verdict::Damaged,
        },
        (_, Some(codes::HEADER_MISMATCH | codes::MISSING_CLIENT_CAPABILITY)) => Verdict::Damaged,
        (200..=299, Some(_)) => Verdict::Other,
        (200..=299, None) if answer.is_some() => Verdict::Other,
        // 501 is no passing trouble: such a server knows no such POST (T-83).
        (400 | 404 | 405 | 406 | 415 | 422 | 501, _) => Verdict::Other,
        _ => Verdict::None,
    }
}

/// The second table of T-80, with the statuses of T-83.
fn of_initialize(status: u16, answer: Option<&Message>) -> Verdict {
    if answer.is_some_and(|answer| answer.kind() == Kind::Response) {
        return Verdict::Legacy;
    }
    match (status, code_of(answer)) {
        (_, Some(codes::HEADER_MISMATCH | codes::UNSUPPORTED_PROTOCOL_VERSION)) => {
            Verdict::OnlyModern
        }
        (404, Some(codes::METHOD_NOT_FOUND)) => Verdict::OnlyModern,
        (200..=299 | 400, Some(_)) => Verdict::Refused,
        (400 | 404 | 405 | 406 | 415 | 422 | 501, _) => Verdict::Other,
        _ => Verdict::None,
    }
}

fn code_of(answer: Option<&Message>) -> Option<i64> {
    let answer = answer.filter(|answer| answer.kind() == Kind::ErrorResponse)?;
    answer.outcome_as::<Error>().map(|error| error.code)
}

/// A `-32022` that offers nothing but revisions of the legacy era sends us to `initialize` (T-80).
fn lists_only_legacy(answer: &Message) -> bool {
    let Some(Unsupported { data: Supported { supported } }) = answer.outcome_as() else {
        return false;
    };
    let known =
        supported.iter().filter_map(|name| crate::protocol::ProtocolVersion::from_name(name));
    !supported.is_empty()
        && known.clone().count() > 0
        && known.into_iter().all(|v| v.era() == Era::Legacy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(host: Era) -> Steps {
        Steps { host, pin: Pin::Auto, remembered: None, http: true, stream: Some(Place::Last) }
    }

    fn error(code: i64) -> Message {
        Message::parse(format!(
            r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":{code},"message":"m"}}}}"#
        ))
        .unwrap()
    }

    fn result(result: &str) -> Message {
        Message::parse(format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#)).unwrap()
    }

    const DISCOVERED: &str = r#"{"supportedVersions":["2026-07-28"],"capabilities":{}}"#;

    /// T-80: the order of steps
    #[test]
    fn the_hosts_own_era_is_tried_first_and_a_pin_or_memory_changes_that() {
        use Step::{Discover, Initialize, Stream};
        let of = |change: fn(&mut Steps), host| {
            let mut steps = steps(host);
            change(&mut steps);
            steps.ordered()
        };
        assert_eq!(of(|_| {}, Era::Legacy), [Initialize, Discover, Stream]);
        assert_eq!(of(|_| {}, Era::Modern), [Discover, Initialize, Stream]);
        let modern = |s: &mut Steps| s.remembered = Some(Era::Modern);
        assert_eq!(of(modern, Era::Legacy), [Discover, Initialize, Stream]);
        assert_eq!(of(|s| s.pin = Pin::Only(Era::Modern), Era::Legacy), [Discover]);
        assert_eq!(of(|s| s.pin = Pin::Only(Era::Legacy), Era::Modern), [Initialize, Stream]);
        assert_eq!(of(|s| s.stream = None, Era::Legacy), [Initialize, Discover]);
        let first = |s: &mut Steps| s.stream = Some(Place::First);
        assert_eq!(of(first, Era::Legacy), [Stream, Initialize, Discover]);
        let only = |s: &mut Steps| (s.http, s.stream) = (false, Some(Place::Last));
        assert_eq!(of(only, Era::Legacy), [Stream]);
    }

    /// T-80, T-82: the table of answers to `server/discover`
    #[test]
    fn each_answer_to_discover_has_its_verdict() {
        let judge = |status, answer: Option<Message>| {
            Finding::new(steps(Era::Modern)).judge(Heard::Answer(status, answer.as_ref()))
        };
        assert_eq!(judge(200, Some(result(DISCOVERED))), Next::Settled(Era::Modern));
        assert_eq!(judge(200, Some(result("{}"))), Next::Try(Step::Initialize));
        for code in [-32020, -32021, -32022] {
            for status in [200, 400] {
                assert_eq!(judge(status, Some(error(code))), Next::Try(Step::Discover), "{code}");
            }
        }
        for (status, code) in [
            (404, -32601),
            (200, -32601),
            (200, -32600),
            (400, -32602),
            (400, -32004),
            (400, -32001),
        ] {
            assert_eq!(judge(status, Some(error(code))), Next::Try(Step::Initialize), "{code}");
        }
        for status in [400, 404, 405, 406, 415, 422, 501] {
            assert_eq!(judge(status, None), Next::Try(Step::Initialize), "{status}");
        }
        for status in [200, 401, 403, 408, 429, 500, 502, 503] {
            assert_eq!(judge(status, None), Next::ReportThis, "{status}");
        }
    }

    /// T-80, T-83: the table of answers to `initialize`
    #[test]
    fn each_answer_to_initialize_has_its_verdict() {
        let judge = |status, answer: Option<Message>| {
            Finding::new(steps(Era::Legacy)).judge(Heard::Answer(status, answer.as_ref()))
        };
        assert_eq!(judge(200, Some(result("{}"))), Next::Settled(Era::Legacy));
        for (status, code) in [(400, -32020), (400, -32022), (404, -32601), (200, -32602), (400, 1)]
        {
            assert_eq!(judge(status, Some(error(code))), Next::Try(Step::Discover), "{code}");
        }
        for status in [400, 404, 405, 406, 415, 422, 501] {
            assert_eq!(judge(status, None), Next::Try(Step::Discover), "{status}");
        }
        for status in [200, 401, 403, 407, 408, 429, 500, 503] {
            assert_eq!(judge(status, None), Next::ReportThis, "{status}");
        }
    }

    /// T-85
    #[test]
    fn after_a_modern_error_nothing_but_discover_follows() {
        let mut finding = Finding::new(steps(Era::Legacy));
        assert_eq!(
            finding.judge(Heard::Answer(400, Some(&error(-32022)))),
            Next::Try(Step::Discover)
        );
        assert_eq!(finding.judge(Heard::Answer(404, None)), Next::ReportFirst);
        let mut finding = Finding::new(steps(Era::Modern));
        assert_eq!(
            finding.judge(Heard::Answer(400, Some(&error(-32020)))),
            Next::Try(Step::Discover)
        );
        assert_eq!(finding.judge(Heard::Answer(400, Some(&error(-32020)))), Next::ReportThis);
    }

    /// T-80: a server that refuses the host is asked to discover once, and its own words are
    /// relayed
    #[test]
    fn a_refused_host_hears_the_servers_first_words() {
        let mut finding = Finding::new(steps(Era::Legacy));
        assert_eq!(
            finding.judge(Heard::Answer(200, Some(&error(-32602)))),
            Next::Try(Step::Discover)
        );
        assert_eq!(finding.judge(Heard::Answer(404, None)), Next::ReportFirst);
    }

    /// T-80: if only legacy revisions are offered, `initialize` follows
    #[test]
    fn a_version_error_that_offers_only_legacy_revisions_leads_to_initialize() {
        let text = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"m","data":{"supported":["2025-11-25"]}}}"#;
        let answer = Message::parse(text).unwrap();
        let next = Finding::new(steps(Era::Modern)).judge(Heard::Answer(400, Some(&answer)));
        assert_eq!(next, Next::Try(Step::Initialize));
    }

    #[test]
    fn the_course_ends_whatever_is_heard() {
        for host in [Era::Legacy, Era::Modern] {
            let mut finding = Finding::new(steps(host));
            let mut taken = 1;
            while let Next::Try(_) = finding.judge(Heard::Answer(404, None)) {
                taken += 1;
            }
            assert_eq!(taken, 3);
        }
    }
}
