//! One rule for every method and transport: each cell of method × transport × era × rule is a run of a
//! whole conversation against the mock, or says why there is none.

use mcp_tether::protocol::{Era, ProtocolVersion};
use mcp_tether::remote::TransportChoice;
use mcp_tether_mock::{MockOptions, RecordedRequest};
use serde_json::json;

use crate::support::harness::{Harness, parsed};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Post,
    /// The stream for the server's own messages; over HTTP+SSE for all of them.
    Stream,
    /// The rest of a stream that ended before its answer.
    Resumption,
    Delete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    StreamableHttp,
    HttpSse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// T-25: a redirect within the origin is followed, and remembered.
    Redirect,
    /// T-25: a redirect to another origin is not followed.
    ForeignRedirect,
    /// T-28: what was refused for a while is sent again.
    RetryAfter,
    /// T-23: a byte order mark is skipped.
    ByteOrderMark,
    /// T-23: a byte that is not UTF-8 costs itself.
    InvalidUtf8,
    /// T-29: compressed bodies, in every spelling and with several members.
    ContentCoding,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    method: Method,
    transport: Transport,
    era: Era,
    rule: Rule,
}

const METHODS: [Method; 4] = [Method::Post, Method::Stream, Method::Resumption, Method::Delete];
const TRANSPORTS: [Transport; 2] = [Transport::StreamableHttp, Transport::HttpSse];
const ERAS: [Era; 2] = [Era::Legacy, Era::Modern];
const RULES: [Rule; 6] = [
    Rule::Redirect,
    Rule::ForeignRedirect,
    Rule::RetryAfter,
    Rule::ByteOrderMark,
    Rule::InvalidUtf8,
    Rule::ContentCoding,
];

/// What a cell is: faults of the mock under which everything works, or the reason why it cannot be.
enum Case {
    Works(&'static [&'static str]),
    Empty(&'static str),
}

impl Cell {
    /// Why there is nothing to hold a rule against, whatever the rule.
    fn missing(self) -> Option<&'static str> {
        match (self.transport, self.era, self.method) {
            (Transport::HttpSse, Era::Modern, _) => Some("a modern remote has no HTTP+SSE"),
            (Transport::HttpSse, _, Method::Resumption) => {
                Some("the loss of the stream is the loss of the session")
            }
            (Transport::HttpSse, _, Method::Delete) => Some("the session ends with its stream"),
            (_, Era::Modern, Method::Stream | Method::Resumption | Method::Delete) => {
                Some("a modern remote is sent POSTs only")
            }
            _ => None,
        }
    }

    fn case(self) -> Case {
        use Case::{Empty, Works};
        if let Some(reason) = self.missing() {
            return Empty(reason);
        }
        let over_stream = self.transport == Transport::HttpSse;
        match (self.rule, self.method) {
            (Rule::Redirect, Method::Post) => Works(&["redirect=307:http=POST"]),
            (Rule::Redirect, Method::Stream) => Works(&["redirect=302:http=GET"]),
            (Rule::Redirect, Method::Resumption) => {
                Works(&["poll=20:tool=echo", "redirect=303:http=GET"])
            }
            (Rule::Redirect, Method::Delete) => Works(&["redirect=308:http=DELETE"]),
            (Rule::ForeignRedirect, Method::Post) => {
                Works(&["redirect=307:to=http://127.0.0.1:1/x:tool=act"])
            }
            (Rule::ForeignRedirect, Method::Stream) if over_stream => {
                Empty("nothing works without the stream: `http_sse.rs` has the refusal")
            }
            (Rule::ForeignRedirect, Method::Stream) => {
                Works(&["redirect=302:to=http://127.0.0.1:1/x:http=GET"])
            }
            (Rule::ForeignRedirect, Method::Resumption) => {
                Empty("the same request as for the stream, but the answer is lost")
            }
            (Rule::ForeignRedirect, Method::Delete) => {
                Works(&["redirect=307:to=http://127.0.0.1:1/x:http=DELETE"])
            }
            (Rule::RetryAfter, Method::Post) => {
                Works(&["status=503:retry-after=0:tool=echo:times=1"])
            }
            (Rule::RetryAfter, Method::Stream) => {
                Works(&["status=503:retry-after=0:http=GET:times=1"])
            }
            (Rule::RetryAfter, Method::Resumption) => {
                Works(&["poll=20:tool=echo", "status=429:retry-after=0:http=GET:times=2"])
            }
            (_, Method::Delete) => Empty("what the server answers does not matter"),
            (Rule::ByteOrderMark, Method::Post) if over_stream => Works(&["bom", "post=json"]),
            (Rule::ByteOrderMark, Method::Post) => Works(&["bom", "answer=json"]),
            (Rule::ByteOrderMark, Method::Stream) => Works(&["bom"]),
            (Rule::ByteOrderMark, Method::Resumption) => Works(&["bom", "poll=20:tool=echo"]),
            (Rule::InvalidUtf8, Method::Post) if over_stream => {
                Works(&["invalid-utf8:tool=echo", "post=json"])
            }
            (Rule::InvalidUtf8, Method::Post) => Works(&["invalid-utf8:tool=echo", "answer=json"]),
            (Rule::InvalidUtf8, Method::Stream) if over_stream => {
                Works(&["invalid-utf8:tool=echo"])
            }
            (Rule::InvalidUtf8, Method::Stream) => Empty("only answers are damaged by the mock"),
            (Rule::InvalidUtf8, Method::Resumption) => {
                Works(&["invalid-utf8:tool=echo", "poll=20:tool=echo"])
            }
            (Rule::ContentCoding, Method::Post) if over_stream => Works(&["gzip", "post=json"]),
            (Rule::ContentCoding, Method::Post) => Works(&["gzip", "answer=json"]),
            (Rule::ContentCoding, Method::Stream) => Works(&["gzip"]),
            (Rule::ContentCoding, Method::Resumption) => Works(&["gzip", "poll=20:tool=echo"]),
        }
    }

    fn harness(self, faults: &[&str]) -> Harness {
        let protocol = match (self.era, self.transport) {
            (Era::Modern, _) => ProtocolVersion::V2026_07_28,
            (Era::Legacy, Transport::StreamableHttp) => ProtocolVersion::V2025_11_25,
            (Era::Legacy, Transport::HttpSse) => ProtocolVersion::V2024_11_05,
        };
        let options =
            MockOptions { protocol: protocol.into(), faults: parsed(faults), ..Default::default() };
        Harness::with(options, |options| {
            if self.transport == Transport::HttpSse {
                options.remote.transport = TransportChoice::SseOnly;
            }
        })
    }

    /// A whole conversation, in which the method of the cell has something to do.
    async fn run(self, faults: &[&str]) {
        let mut harness = self.harness(faults).open().await;
        for _ in 0..2 {
            let answer = harness.call("echo", json!({ "a": 1 })).await;
            assert!(answer["result"].is_object(), "{self:?}: {answer}");
        }
        let is_refused = self.rule == Rule::ForeignRedirect;
        if is_refused && self.method == Method::Post {
            let answer = harness.call("act", json!({})).await;
            assert_eq!(answer["error"]["data"]["bridge"]["kind"], "http", "{answer}");
        }
        if self.method == Method::Stream && !is_refused {
            harness.seen(|all| all.iter().any(|one| is(one, "GET", 200..=299))).await;
            harness.mock.push_notification("notifications/tools/list_changed", &json!({}));
            harness.of_method("notifications/tools/list_changed").await;
        }
        harness.leave().await;
        let all = harness.mock.recorder().requests();
        let method = match self.method {
            Method::Post => "POST",
            Method::Stream | Method::Resumption => "GET",
            Method::Delete => "DELETE",
        };
        if self.method == Method::Delete {
            let ended = all.iter().filter(|one| is(one, method, 200..=299)).count();
            assert_eq!(ended, usize::from(!is_refused), "{self:?}");
        }
        if self.rule == Rule::Redirect {
            let redirected = all.iter().filter(|one| is(one, method, 300..=399)).count();
            // Two that are under way at one time cannot know of each other.
            assert!((1..=2).contains(&redirected), "{self:?}: {redirected} redirects");
        }
    }
}

fn is(request: &RecordedRequest, method: &str, status: std::ops::RangeInclusive<u16>) -> bool {
    request.http_method == method && request.status.is_some_and(|got| status.contains(&got))
}

/// T-23, T-25, T-28, T-29
#[tokio::test]
async fn every_cell_of_method_transport_era_and_rule_holds() {
    let (mut run, mut empty) = (0, 0);
    for method in METHODS {
        for transport in TRANSPORTS {
            for era in ERAS {
                for rule in RULES {
                    let cell = Cell { method, transport, era, rule };
                    match cell.case() {
                        Case::Works(faults) => {
                            cell.run(faults).await;
                            run += 1;
                        }
                        Case::Empty(reason) => {
                            assert!(!reason.is_empty(), "{cell:?}");
                            empty += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(run + empty, METHODS.len() * TRANSPORTS.len() * ERAS.len() * RULES.len());
    assert!(run >= 30, "{run} cells are runs");
}
