//! Detects a remote's era (T-80 to T-85): decides which probe comes next, by two tables of
//! verdicts. Sends nothing and never waits: `bridge` sends the probes and reports their outcomes.

use serde::Deserialize;

use crate::jsonrpc::{Message, MessageKind};
use crate::protocol::{Era, codes};

/// One probe. None of them has an effect at the remote (T-81).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// The handshake of the legacy era, over Streamable HTTP.
    Initialize,
    /// `server/discover`.
    Discover,
    /// The event stream of HTTP+SSE, then the handshake over it.
    Stream,
}

/// The user's choice of the remote's era (`--protocol`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pin {
    /// Detect it.
    #[default]
    Auto,
    /// Use this one; do not probe for the other.
    Only(Era),
}

/// The factors that decide the order of the probes.
#[derive(Clone, Copy, Debug)]
pub struct ProbeOrder {
    /// The host's own era, probed first: no translation loses anything (E-07).
    pub host: Era,
    /// The user's choice.
    pub pin: Pin,
    /// The remote's era last time, for a host of this era (T-84).
    pub remembered: Option<Era>,
    /// Whether Streamable HTTP may be tried.
    pub http: bool,
    /// When HTTP+SSE is probed; `None` if it must not be.
    pub stream: Option<SsePosition>,
}

/// When HTTP+SSE is probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SsePosition {
    /// Before all other probes.
    First,
    /// After all other probes (T-75).
    Last,
}

/// The outcome of a probe.
#[derive(Clone, Copy, Debug)]
pub enum ProbeOutcome<'a> {
    /// An HTTP response with this status and, if it has one, its JSON-RPC message.
    Answer(u16, Option<&'a Message>),
    /// The remote offers no HTTP+SSE stream.
    NoStream,
    /// No answer for a while, although the request was sent.
    Silent,
    /// Nothing that reveals an era: no connection, a timeout, no sign-in.
    Nothing,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextAction {
    /// Send another probe.
    Try(Probe),
    /// The remote's era is known; the last outcome is its first valid response.
    Settled(Era),
    /// Report the outcome of the first probe to the host: it is the most informative.
    ReportFirst,
    /// Report the outcome of this probe to the host.
    ReportThis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProbeVerdict {
    Modern,
    /// Modern, but it rejects this request: send it once more (T-80).
    ModernRejects,
    Legacy,
    /// Certainly modern, by its answer to `initialize`: only `server/discover` may follow (T-85).
    OnlyModern,
    /// Not a server of the probed era: continue with the next probe.
    Other,
    /// It refused the host, but may still be modern.
    Refused,
    /// Nothing can be concluded.
    Unknown,
}

/// A detection in progress: the remaining probes, and how it ends.
#[derive(Clone, Debug)]
pub struct Detection {
    /// The remaining probes; the first one is in progress.
    probes: Vec<Probe>,
    repeated: bool,
    /// Whether an earlier probe has led no further.
    has_moved_on: bool,
    /// Whether to report the first probe's error if no other probe succeeds.
    refused: bool,
}

#[derive(Deserialize)]
struct ErrorCode {
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
struct DiscoverAnswer {
    #[serde(rename = "supportedVersions")]
    _supported_versions: Vec<String>,
}

impl ProbeOrder {
    /// The probes in their order.
    fn probes(self) -> Vec<Probe> {
        let first = match self.pin {
            Pin::Only(era) => era,
            Pin::Auto => self.remembered.unwrap_or(self.host),
        };
        let both = match first {
            Era::Legacy => [Probe::Initialize, Probe::Discover],
            Era::Modern => [Probe::Discover, Probe::Initialize],
        };
        let mut probes: Vec<Probe> = if self.http { both.to_vec() } else { Vec::new() };
        match self.stream {
            Some(SsePosition::First) => probes.insert(0, Probe::Stream),
            Some(SsePosition::Last) => probes.push(Probe::Stream),
            None => {}
        }
        match self.pin {
            Pin::Auto => {}
            Pin::Only(Era::Legacy) => probes.retain(|probe| *probe != Probe::Discover),
            Pin::Only(Era::Modern) => probes = vec![Probe::Discover],
        }
        probes
    }
}

impl Detection {
    /// Starts a detection with the first probe of `order`.
    pub fn new(order: ProbeOrder) -> Self {
        Self { probes: order.probes(), repeated: false, has_moved_on: false, refused: false }
    }

    /// The current probe, or the first one.
    pub fn probe(&self) -> Probe {
        self.probes.first().copied().unwrap_or(Probe::Initialize)
    }

    /// Returns whether another probe can follow the current one.
    pub fn has_another_probe(&self) -> bool {
        self.probes.len() > 1 && !self.refused
    }

    /// Returns whether the stream of HTTP+SSE is still to be tried.
    pub fn may_find_a_stream(&self) -> bool {
        self.probes.iter().skip(1).any(|probe| *probe == Probe::Stream) && !self.refused
    }

    /// Decides what to do next, by the outcome of the current probe.
    pub fn judge(&mut self, outcome: ProbeOutcome<'_>) -> NextAction {
        let verdict = match (self.probe(), outcome) {
            // The stream was the last possibility: the earlier outcomes say more (T-75).
            (Probe::Stream, ProbeOutcome::Nothing) if self.probes.len() == 1 => ProbeVerdict::Other,
            (Probe::Discover, ProbeOutcome::Silent) => ProbeVerdict::Other,
            (_, ProbeOutcome::Nothing | ProbeOutcome::Silent) => ProbeVerdict::Unknown,
            (Probe::Stream, ProbeOutcome::NoStream) => ProbeVerdict::Other,
            (Probe::Stream, ProbeOutcome::Answer(_, Some(_))) => ProbeVerdict::Legacy,
            // The stream is there, but `initialize` was refused with a page, or with nothing.
            (Probe::Stream, ProbeOutcome::Answer(_, None)) => ProbeVerdict::Unknown,
            (_, ProbeOutcome::NoStream) => ProbeVerdict::Other,
            // Accepted without an answer: the server does not know this request (T-83).
            (Probe::Discover, ProbeOutcome::Answer(202 | 204, None)) => ProbeVerdict::Other,
            // A web page in reply to both: messages posted here are not answered.
            (Probe::Discover, ProbeOutcome::Answer(200..=299, None)) if self.has_moved_on => {
                ProbeVerdict::Other
            }
            (Probe::Discover, ProbeOutcome::Answer(status, None))
                if self.has_moved_on && may_be_an_old_server(status) =>
            {
                ProbeVerdict::Other
            }
            (Probe::Discover, ProbeOutcome::Answer(status, answer)) => {
                judge_discover(status, answer)
            }
            (Probe::Initialize, ProbeOutcome::Answer(status, answer)) => {
                judge_initialize(status, answer)
            }
        };
        match verdict {
            ProbeVerdict::Modern => NextAction::Settled(Era::Modern),
            ProbeVerdict::Legacy => NextAction::Settled(Era::Legacy),
            ProbeVerdict::ModernRejects if !self.repeated => {
                self.repeated = true;
                NextAction::Try(Probe::Discover)
            }
            // Certainly modern: the host must get the server's own error (T-85).
            ProbeVerdict::ModernRejects | ProbeVerdict::Unknown => NextAction::ReportThis,
            // Its answer to the probe of its own era says more, if that was already sent.
            ProbeVerdict::OnlyModern => {
                self.only(Probe::Discover).unwrap_or(NextAction::ReportFirst)
            }
            ProbeVerdict::Refused => {
                self.refused = true;
                self.only(Probe::Discover).unwrap_or(NextAction::ReportThis)
            }
            ProbeVerdict::Other if self.refused => NextAction::ReportFirst,
            ProbeVerdict::Other => {
                self.has_moved_on = true;
                self.probes.remove(0);
                match self.probes.first() {
                    Some(probe) => NextAction::Try(*probe),
                    None => NextAction::ReportFirst,
                }
            }
        }
    }

    /// Drops all other probes; `None` if this one was already sent.
    fn only(&mut self, probe: Probe) -> Option<NextAction> {
        let left = self.probes.iter().skip(1).any(|left| *left == probe);
        self.probes = vec![probe];
        left.then_some(NextAction::Try(probe))
    }
}

/// The table of T-80 for answers to `server/discover`.
fn judge_discover(status: u16, answer: Option<&Message>) -> ProbeVerdict {
    if answer.is_some_and(|answer| {
        answer.kind() == MessageKind::Response && answer.outcome_as::<DiscoverAnswer>().is_some()
    }) {
        return ProbeVerdict::Modern;
    }
    match (status, code_of(answer)) {
        (_, Some(codes::UNSUPPORTED_PROTOCOL_VERSION)) => match answer.map(lists_only_legacy) {
            Some(true) => ProbeVerdict::Other,
            _ => ProbeVerdict::ModernRejects,
        },
        (_, Some(codes::HEADER_MISMATCH | codes::MISSING_CLIENT_CAPABILITY)) => {
            ProbeVerdict::ModernRejects
        }
        (200..=299, Some(_)) => ProbeVerdict::Other,
        (200..=299, None) if answer.is_some() => ProbeVerdict::Other,
        (status, _) if may_be_an_old_server(status) => ProbeVerdict::Other,
        _ => ProbeVerdict::Unknown,
    }
}

/// The era that an answer to `server/discover` reveals, if any.
pub fn era_by_discover(status: u16, answer: Option<&Message>) -> Option<Era> {
    match judge_discover(status, answer) {
        ProbeVerdict::Modern | ProbeVerdict::ModernRejects => Some(Era::Modern),
        ProbeVerdict::Other => Some(Era::Legacy),
        _ => None,
    }
}

/// Whether this is a status of servers that do not support this POST at all, with or without a body
/// (T-83). 501 is permanent.
fn does_not_know_the_post(status: u16) -> bool {
    matches!(status, 400 | 404 | 405 | 406 | 410 | 411 | 415 | 422 | 426 | 501)
}

/// The statuses after which the revisions permit to try the GET of HTTP+SSE: 4xx (2025-06-18
/// basic/transports, backwards compatibility), except where another GET would be refused alike, and
/// 501 (T-83).
fn may_be_an_old_server(status: u16) -> bool {
    match status {
        401 | 402 | 403 | 407 | 408 | 423 | 425 | 429 | 451 => false,
        400..=499 => true,
        _ => does_not_know_the_post(status),
    }
}

/// The table of T-80 for answers to `initialize`, with the statuses of T-83.
fn judge_initialize(status: u16, answer: Option<&Message>) -> ProbeVerdict {
    if answer.is_some_and(|answer| answer.kind() == MessageKind::Response) {
        return ProbeVerdict::Legacy;
    }
    match (status, code_of(answer)) {
        (_, Some(codes::HEADER_MISMATCH | codes::UNSUPPORTED_PROTOCOL_VERSION)) => {
            ProbeVerdict::OnlyModern
        }
        (200..=299, Some(_)) => ProbeVerdict::Refused,
        // With the request's own id it is an answer (JSON-RPC 2.0 §5), so the server supports this
        // POST. A server that does not know the method may be of the other era.
        (400, Some(code))
            if code != codes::METHOD_NOT_FOUND
                && answer.is_some_and(|answer| answer.id().is_some()) =>
        {
            ProbeVerdict::Refused
        }
        // A web page, or nothing: messages posted here are not answered (T-83).
        (200..=299, None) => ProbeVerdict::Other,
        (status, _) if may_be_an_old_server(status) => ProbeVerdict::Other,
        _ => ProbeVerdict::Unknown,
    }
}

fn code_of(answer: Option<&Message>) -> Option<i64> {
    let answer = answer.filter(|answer| answer.kind() == MessageKind::ErrorResponse)?;
    answer.outcome_as::<ErrorCode>().map(|error| error.code)
}

/// Whether a `-32022` offers only legacy revisions, so that `initialize` follows (T-80).
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
    use NextAction::Try;

    use super::*;

    fn order(host: Era) -> ProbeOrder {
        ProbeOrder {
            host,
            pin: Pin::Auto,
            remembered: None,
            http: true,
            stream: Some(SsePosition::Last),
        }
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

    /// T-80: the order of the probes
    #[test]
    fn the_hosts_own_era_is_tried_first_and_a_pin_or_a_known_era_changes_that() {
        use Probe::{Discover, Initialize, Stream};
        let of = |change: fn(&mut ProbeOrder), host| {
            let mut order = order(host);
            change(&mut order);
            order.probes()
        };
        assert_eq!(of(|_| {}, Era::Legacy), [Initialize, Discover, Stream]);
        assert_eq!(of(|_| {}, Era::Modern), [Discover, Initialize, Stream]);
        let modern = |s: &mut ProbeOrder| s.remembered = Some(Era::Modern);
        assert_eq!(of(modern, Era::Legacy), [Discover, Initialize, Stream]);
        assert_eq!(of(|s| s.pin = Pin::Only(Era::Modern), Era::Legacy), [Discover]);
        assert_eq!(of(|s| s.pin = Pin::Only(Era::Legacy), Era::Modern), [Initialize, Stream]);
        assert_eq!(of(|s| s.stream = None, Era::Legacy), [Initialize, Discover]);
        let first = |s: &mut ProbeOrder| s.stream = Some(SsePosition::First);
        assert_eq!(of(first, Era::Legacy), [Stream, Initialize, Discover]);
        let only = |s: &mut ProbeOrder| (s.http, s.stream) = (false, Some(SsePosition::Last));
        assert_eq!(of(only, Era::Legacy), [Stream]);
    }

    /// T-80, T-82: the table of answers to `server/discover`
    #[test]
    fn each_answer_to_discover_has_its_verdict() {
        let judge = |status, answer: Option<Message>| {
            Detection::new(order(Era::Modern)).judge(ProbeOutcome::Answer(status, answer.as_ref()))
        };
        assert_eq!(judge(200, Some(result(DISCOVERED))), NextAction::Settled(Era::Modern));
        assert_eq!(judge(200, Some(result("{}"))), Try(Probe::Initialize));
        for code in [-32020, -32021, -32022] {
            for status in [200, 400] {
                let next = judge(status, Some(error(code)));
                assert_eq!(next, Try(Probe::Discover), "{code}");
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
            assert_eq!(judge(status, Some(error(code))), Try(Probe::Initialize), "{code}");
        }
        for status in [202, 204, 400, 404, 405, 406, 410, 411, 415, 422, 426, 501] {
            assert_eq!(judge(status, None), Try(Probe::Initialize), "{status}");
        }
        for status in [200, 401, 403, 408, 429, 500, 502, 503] {
            assert_eq!(judge(status, None), NextAction::ReportThis, "{status}");
        }
    }

    /// T-80, T-83, A-62: the table of answers to `initialize`
    #[test]
    fn each_answer_to_initialize_has_its_verdict() {
        let judge = |status, answer: Option<Message>| {
            Detection::new(order(Era::Legacy)).judge(ProbeOutcome::Answer(status, answer.as_ref()))
        };
        assert_eq!(judge(200, Some(result("{}"))), NextAction::Settled(Era::Legacy));
        for (status, code) in [(400, -32020), (400, -32022), (404, -32601), (200, -32602), (400, 1)]
        {
            assert_eq!(judge(status, Some(error(code))), Try(Probe::Discover), "{code}");
        }
        for status in [400, 404, 405, 406, 410, 411, 413, 415, 422, 426, 431, 501, 200, 202, 204] {
            assert_eq!(judge(status, None), Try(Probe::Discover), "{status}");
        }
        for status in [401, 402, 403, 407, 408, 423, 425, 429, 451, 500, 503] {
            assert_eq!(judge(status, None), NextAction::ReportThis, "{status}");
        }
    }

    /// T-83
    #[test]
    fn a_server_that_knows_no_initialize_may_have_the_old_stream() {
        let refusal = error(-32601);
        for status in [400, 404] {
            let mut detection = Detection::new(order(Era::Legacy));
            let next = detection.judge(ProbeOutcome::Answer(status, Some(&refusal)));
            assert_eq!(next, Try(Probe::Discover), "{status}");
            let next = detection.judge(ProbeOutcome::Answer(status, Some(&refusal)));
            assert_eq!(next, Try(Probe::Stream), "{status}");
            assert_eq!(detection.judge(ProbeOutcome::NoStream), NextAction::ReportFirst);
        }
    }

    /// T-75, T-83: an old server may refuse the first step with any error; where it has no stream
    /// either, the first step's error says the most
    #[test]
    fn an_error_of_the_first_step_leads_to_the_stream_and_is_reported_if_there_is_none() {
        let without_id = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"m"}}"#;
        let without_id = Message::parse(without_id).unwrap();
        for (status, answer) in
            [(404, Some(error(-32601))), (400, Some(without_id)), (204, None), (426, None)]
        {
            let mut detection = Detection::new(order(Era::Legacy));
            let first = ProbeOutcome::Answer(status, answer.as_ref());
            assert_eq!(detection.judge(first), Try(Probe::Discover), "{status}");
            let second = ProbeOutcome::Answer(404, None);
            assert_eq!(detection.judge(second), Try(Probe::Stream), "{status}");
            assert_eq!(detection.judge(ProbeOutcome::Nothing), NextAction::ReportFirst);
        }
    }

    /// T-85
    #[test]
    fn after_a_modern_error_nothing_but_discover_follows() {
        let mut detection = Detection::new(order(Era::Legacy));
        let newer = error(-32022);
        let answer = ProbeOutcome::Answer(400, Some(&newer));
        assert_eq!(detection.judge(answer), Try(Probe::Discover));
        assert_eq!(detection.judge(ProbeOutcome::Answer(404, None)), NextAction::ReportFirst);
        let mut detection = Detection::new(order(Era::Modern));
        let mismatch = error(-32020);
        let answer = ProbeOutcome::Answer(400, Some(&mismatch));
        assert_eq!(detection.judge(answer), Try(Probe::Discover));
        assert_eq!(detection.judge(answer), NextAction::ReportThis);
    }

    /// T-80: a server that refuses the host is asked to discover once, and its own words are
    /// relayed
    #[test]
    fn a_refused_host_hears_the_servers_first_words() {
        let mut detection = Detection::new(order(Era::Legacy));
        let refusal = error(-32602);
        let answer = ProbeOutcome::Answer(200, Some(&refusal));
        assert_eq!(detection.judge(answer), Try(Probe::Discover));
        assert_eq!(detection.judge(ProbeOutcome::Answer(404, None)), NextAction::ReportFirst);
    }

    /// T-80: if only legacy revisions are offered, `initialize` follows
    #[test]
    fn a_version_error_that_offers_only_legacy_revisions_leads_to_initialize() {
        let text = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"m","data":{"supported":["2025-11-25"]}}}"#;
        let answer = Message::parse(text).unwrap();
        let next =
            Detection::new(order(Era::Modern)).judge(ProbeOutcome::Answer(400, Some(&answer)));
        assert_eq!(next, Try(Probe::Initialize));
    }

    #[test]
    fn the_course_ends_whatever_is_heard() {
        for host in [Era::Legacy, Era::Modern] {
            let mut detection = Detection::new(order(host));
            let mut taken = 1;
            while let Try(_) = detection.judge(ProbeOutcome::Answer(404, None)) {
                taken += 1;
            }
            assert_eq!(taken, 3);
        }
    }
}
