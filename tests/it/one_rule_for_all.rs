//! One rule for every method and transport: each cell of method × transport × era × rule is a run
//! of a whole conversation against the mock, or says why there is none.

use std::sync::Arc;

use mcp_tether::auth::{AuthOptions, AuthServices, Authorizer, MemoryVault};
use mcp_tether::http::HttpOptions;
use mcp_tether::protocol::{Era, ProtocolVersion};
use mcp_tether::remote::TransportChoice;
use mcp_tether_mock::{Auth, MockOptions, OAuthOptions, RecordedRequest};
use serde_json::json;

use crate::support::fakes::{FakeBrowser, FakeClock};
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
    /// T-42: what a balancer sets comes back.
    Cookies,
    /// a token that is refused is refreshed, and the request sent again.
    Challenge,
    /// a scope that is missing is asked for, and the request sent again.
    StepUp,
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
const RULES: [Rule; 9] = [
    Rule::Redirect,
    Rule::ForeignRedirect,
    Rule::RetryAfter,
    Rule::ByteOrderMark,
    Rule::InvalidUtf8,
    Rule::ContentCoding,
    Rule::Cookies,
    Rule::Challenge,
    Rule::StepUp,
];

const REFUSED: &str = "status=401:challenge=Bearer error=\"invalid_token\"";
const TOO_LITTLE: &str =
    "status=403:challenge=Bearer error=\"insufficient_scope\", scope=\"tools files\"";

/// A cell: faults of the mock under which everything works, or the reason why it is empty.
enum Case {
    Works(&'static [&'static str]),
    /// The same, after a challenge to requests that this selects.
    Challenged(&'static str),
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
        if matches!(self.rule, Rule::Cookies | Rule::Challenge | Rule::StepUp) {
            return self.case_of_credentials();
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
            (Rule::Cookies | Rule::Challenge | Rule::StepUp, _) => unreachable!("above"),
        }
    }

    fn case_of_credentials(self) -> Case {
        use Case::{Challenged, Empty, Works};
        match (self.rule, self.method) {
            (Rule::Cookies, Method::Resumption) => Works(&["cookie", "poll=20:tool=echo"]),
            (Rule::Cookies, _) => Works(&["cookie"]),
            (_, Method::Post) => Challenged("tool=echo:times=1"),
            (_, Method::Stream) if self.transport == Transport::HttpSse => {
                Challenged("http=GET:path=/sse:times=1")
            }
            (_, Method::Stream) => {
                Empty("the stream is optional: its refusal asks nobody to sign in (A-15)")
            }
            (_, Method::Resumption) => Challenged("http=GET:path=/mcp:times=2"),
            (_, Method::Delete) => Empty("nobody is asked to sign in for leaving"),
        }
    }

    fn faults_of_challenge(self, selected: &str) -> Vec<String> {
        let refusal = if self.rule == Rule::StepUp { TOO_LITTLE } else { REFUSED };
        let mut faults = vec![format!("{refusal}:{selected}")];
        if self.method == Method::Resumption {
            faults.push("poll=20:tool=echo".to_owned());
        }
        faults
    }

    fn harness(self, faults: &[&str]) -> Harness {
        let protocol = match (self.era, self.transport) {
            (Era::Modern, _) => ProtocolVersion::V2026_07_28,
            (Era::Legacy, Transport::StreamableHttp) => ProtocolVersion::V2025_11_25,
            (Era::Legacy, Transport::HttpSse) => ProtocolVersion::V2024_11_05,
        };
        let signs_in = matches!(self.rule, Rule::Challenge | Rule::StepUp);
        let mut options =
            MockOptions { protocol: protocol.into(), faults: parsed(faults), ..Default::default() };
        if signs_in {
            options.auth = Auth::OAuth(OAuthOptions::default());
        }
        Harness::with(options, |options| {
            if self.transport == Transport::HttpSse {
                options.remote.transport = TransportChoice::SseOnly;
            }
            if signs_in {
                options.remote.authorizer = signing_in(options.remote.url.clone());
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
        if self.rule == Rule::Cookies {
            assert!(all.iter().any(|one| one.http_method == method), "{self:?}");
            for later in &all[1..] {
                assert_eq!(later.header("cookie"), Some("lb=1"), "{self:?}: {later:?}");
            }
        }
        if matches!(self.rule, Rule::Challenge | Rule::StepUp) {
            let code = if self.rule == Rule::StepUp { 403 } else { 401 };
            assert!(all.iter().any(|one| is(one, method, code..=code)), "{self:?}");
        }
        if self.rule == Rule::Redirect {
            let redirected = all.iter().filter(|one| is(one, method, 300..=399)).count();
            // Two that are under way at one time cannot know of each other.
            assert!((1..=2).contains(&redirected), "{self:?}: {redirected} redirects");
        }
    }
}

/// Returns an authorizer for this server, with a browser that approves.
fn signing_in(url: url::Url) -> Authorizer {
    let services = AuthServices {
        vault: Arc::new(MemoryVault::new()),
        browser: Arc::new(FakeBrowser::follows()),
        clock: Arc::new(FakeClock::default()),
        notice: Arc::new(|_: &str| {}),
        jobs: None,
    };
    Authorizer::new(AuthOptions::new(url), &HttpOptions::default(), services)
}

fn is(request: &RecordedRequest, method: &str, status: std::ops::RangeInclusive<u16>) -> bool {
    request.http_method == method && request.status.is_some_and(|got| status.contains(&got))
}

/// T-23, T-25, T-28, T-29, T-42
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
                        Case::Challenged(selected) => {
                            let faults = cell.faults_of_challenge(selected);
                            let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
                            cell.run(&faults).await;
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
    assert!(run >= 40, "{run} cells are runs");
}
