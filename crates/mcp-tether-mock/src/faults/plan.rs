//! The plan of one request: the combined effect of the faults that apply to it. An empty plan is
//! correct behaviour.

use std::time::Duration;

use serde_json::Value;

use super::edits::AnswerEdits;
use super::modern_plan::ModernFaults;
use super::oauth_plan::OAuthFaults;
use crate::served::Served;
use crate::tasks::Terms;

/// Deviations from correct behaviour for one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// How long to wait before anything else.
    pub(crate) delay: Option<Duration>,
    /// How long to wait after the work, before the head of the answer.
    pub(crate) late: Option<Duration>,
    pub(crate) redirect: Option<RedirectFault>,
    pub(crate) status: Option<StatusFault>,
    pub(crate) silent: Option<Silence>,
    pub(crate) disconnect: Option<Point>,
    /// Skips the header checks that only a strict remote makes.
    pub(crate) lenient: bool,
    /// The revisions spoken for this request.
    pub(crate) served: Option<Served>,
    pub(crate) modern: ModernFaults,
    /// How long tasks live and how often they should be polled.
    pub(crate) terms: Option<Terms>,
    pub(crate) forget: bool,
    pub(crate) session: Option<SessionFault>,
    /// The revision in the answer to `initialize`.
    pub(crate) negotiate: Option<String>,
    pub(crate) form: Option<AnswerForm>,
    pub(crate) content_type: Option<String>,
    pub(crate) empty_body: bool,
    pub(crate) ask: Option<AskFault>,
    pub(crate) drop_stream: bool,
    pub(crate) endpoint: Option<EndpointFault>,
    pub(crate) endpoint_delay: Option<Duration>,
    pub(crate) post_answer: Option<PostAnswer>,
    /// How the answer is changed on its way out.
    pub(crate) edits: AnswerEdits,
    /// How many answers are sent in one array; 0 sends them singly.
    pub(crate) batch: usize,
    /// Extra items sent along with the answer, thousands of them.
    pub(crate) flood: Option<Flood>,
    pub(crate) style: Style,
    pub(crate) oauth: OAuthFaults,
}

/// An answer with another status, sent instead of doing any work.
#[derive(Clone, Debug)]
pub(crate) struct StatusFault {
    pub(crate) code: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: StatusBody,
    pub(crate) rpc_code: i64,
    pub(crate) message: Option<String>,
    pub(crate) rpc_data: Value,
    pub(crate) challenge: Option<ChallengeFault>,
    /// A nonce for DPoP proofs, in which `{n}` is another number each time.
    pub(crate) nonce: Option<String>,
}

/// The body of such an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusBody {
    /// A JSON-RPC error with the id of the request.
    Error,
    /// A JSON-RPC error without an id.
    ErrorWithoutId,
    /// A JSON-RPC error whose id is `null`.
    ErrorWithNullId,
    /// JSON that is not JSON-RPC.
    Json,
    Html,
    Text,
    Empty,
}

/// The `WWW-Authenticate` header of such an answer.
#[derive(Clone, Debug)]
pub(crate) enum ChallengeFault {
    Absent,
    Value(String),
}

#[derive(Clone, Debug)]
pub(crate) struct RedirectFault {
    pub(crate) code: u16,
    /// The target; the same path if left out.
    pub(crate) to: Option<String>,
    /// How often the request is redirected to its own path before it is answered.
    pub(crate) hops: u32,
}

/// How a request is left without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Nothing is sent, and no work is done.
    Headers,
    /// The head of an answer is sent, and then nothing.
    Body,
}

/// The point at which the connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// Before any work: the request was not executed.
    BeforeWork,
    /// The work was done, but the head of its answer is never sent.
    BeforeHeaders,
    /// Within a JSON body.
    MidBody,
    AfterHeaders,
    AfterFirstEvent,
    MidEvent,
    /// After the messages before the answer.
    BeforeResponse,
    /// The stream ends properly, but without the answer.
    EndBeforeResponse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerForm {
    Json,
    Sse,
}

/// A mistake in sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionFault {
    /// `initialize` assigns no id, and none is required.
    Absent,
    /// `initialize` assigns an id with bytes that are not allowed in one.
    Illegal,
    /// Answers carry an id other than the session's.
    Changing,
    /// An unknown session is answered with 400, not 404.
    Answers400,
}

/// A request to the host before an answer.
#[derive(Clone, Debug)]
pub(crate) struct AskFault {
    pub(crate) method: &'static str,
    /// On the standalone stream, not on the stream of the request.
    pub(crate) on_get: bool,
}

/// A mistake in the `endpoint` event of HTTP+SSE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EndpointFault {
    Missing,
    /// Other events come before the endpoint.
    WrongFirst,
    /// `http://127.0.0.1:PORT/message?…`
    Absolute,
    /// `message?…`
    Relative,
    /// `?sessionId=…`: the stream's own path.
    Query,
    CrossHost,
    CrossPort,
    Javascript,
    /// This URL.
    Elsewhere(String),
}

/// Many of one thing beside the answer to a POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flood {
    pub(crate) of: FloodOf,
    pub(crate) count: usize,
}

/// The items of a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FloodOf {
    /// Members of an array that are not messages.
    Members,
    /// Members of an array that are notifications.
    Notes,
    /// Events that are not messages.
    Noise,
    /// Lines of one event.
    Lines,
    /// Events with a long id each.
    Ids,
    /// Events with a long name each.
    Names,
    Comments,
    /// `retry` fields that demand an immediate reconnection.
    Retries,
    /// Requests to the host.
    Questions,
    /// Requests to the host that a person has to answer.
    Prompts,
    Pings,
    /// Withdrawals of requests.
    Cancellations,
    /// `tools/list_changed`.
    Changes,
    LogMessages,
    Progress,
    /// Answers to requests that nobody made.
    Answers,
    Cookies,
    Headers,
    /// Arrays within each other.
    Depth,
}

/// How a POST of HTTP+SSE is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostAnswer {
    /// 200 instead of 202.
    Ok,
    /// 200 with the JSON-RPC answer, which does not come on the stream.
    Json,
    /// 200 with the JSON-RPC answer, which comes on the stream too.
    Both,
    /// 202 with a JSON body that is not JSON-RPC.
    Note,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LineEnding {
    #[default]
    Lf,
    Cr,
    CrLf,
}

impl LineEnding {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::Cr => "\r",
            Self::CrLf => "\r\n",
        }
    }
}

/// How the bytes of an answer are laid out. All of it is legal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Style {
    pub(crate) chunk: Option<usize>,
    pub(crate) pretty: bool,
    pub(crate) comments: bool,
    /// Ids are sent in blocks without data.
    pub(crate) dataless: bool,
    pub(crate) retry: Option<u64>,
    pub(crate) bom: bool,
    pub(crate) line_ending: LineEnding,
    pub(crate) gzip: bool,
    /// Sends events of unknown types and with empty data in between.
    pub(crate) noise: bool,
    pub(crate) event_delay: Option<Duration>,
    /// How often to send a comment while nothing else is sent.
    pub(crate) heartbeat: Option<Duration>,
    /// The comments contain the time.
    pub(crate) dated_heartbeat: bool,
    /// Each event is sent twice, with the same id.
    pub(crate) duplicate: bool,
    pub(crate) no_ids: bool,
    /// The stream is not closed after the answer.
    pub(crate) stay_open: bool,
    /// The stream ends at once after its first id, to be resumed after this many milliseconds.
    pub(crate) poll: Option<u64>,
}
