//! The plan of one request: what the faults that apply to it have written down. An empty plan is
//! the correct behaviour.

use std::time::Duration;

use serde_json::Value;

use super::modern_plan::ModernFaults;
use super::oauth_plan::{MemberFault, OAuthFaults};
use crate::mock::options::Served;
use crate::mock::tasks::Terms;

/// Deviations from correct behaviour for one request.
#[derive(Clone, Debug, Default)]
pub(in crate::mock) struct Plan {
    /// Waits before anything else.
    pub(in crate::mock) delay: Option<Duration>,
    /// Waits after the work, before the head of the answer.
    pub(in crate::mock) late: Option<Duration>,
    pub(in crate::mock) redirect: Option<Redirect>,
    pub(in crate::mock) status: Option<StatusFault>,
    pub(in crate::mock) silent: Option<Silence>,
    pub(in crate::mock) disconnect: Option<Point>,
    /// No checks of headers that only a strict remote makes.
    pub(in crate::mock) lenient: bool,
    /// The revisions spoken for this request.
    pub(in crate::mock) served: Option<Served>,
    pub(in crate::mock) modern: ModernFaults,
    /// How long tasks live and how often they want to be asked for.
    pub(in crate::mock) terms: Option<Terms>,
    pub(in crate::mock) forget: bool,
    pub(in crate::mock) session: Option<SessionFault>,
    /// What `initialize` answers as the revision.
    pub(in crate::mock) negotiate: Option<String>,
    pub(in crate::mock) form: Option<Form>,
    pub(in crate::mock) content_type: Option<String>,
    pub(in crate::mock) empty_body: bool,
    pub(in crate::mock) ask: Option<AskFault>,
    pub(in crate::mock) drop_stream: bool,
    pub(in crate::mock) endpoint: Option<EndpointFault>,
    pub(in crate::mock) endpoint_delay: Option<Duration>,
    pub(in crate::mock) post_answer: Option<PostAnswer>,
    pub(in crate::mock) message: MessageFaults,
    pub(in crate::mock) style: Style,
    pub(in crate::mock) oauth: OAuthFaults,
}

/// An answer of another status in the place of any work.
#[derive(Clone, Debug)]
pub(in crate::mock) struct StatusFault {
    pub(in crate::mock) code: u16,
    pub(in crate::mock) retry_after: Option<String>,
    pub(in crate::mock) body: StatusBody,
    pub(in crate::mock) rpc_code: i64,
    pub(in crate::mock) message: Option<String>,
    pub(in crate::mock) rpc_data: Value,
    pub(in crate::mock) challenge: Option<Challenge>,
}

/// The body of such an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock) enum StatusBody {
    /// A JSON-RPC error with the id of the request.
    Error,
    /// A JSON-RPC error without an id.
    ErrorWithoutId,
    /// A JSON-RPC error whose id is `null`.
    ErrorWithNullId,
    /// JSON that is no JSON-RPC.
    Json,
    Html,
    Text,
    Empty,
}

/// The `WWW-Authenticate` header of such an answer.
#[derive(Clone, Debug)]
pub(in crate::mock) enum Challenge {
    Absent,
    Value(String),
}

#[derive(Clone, Debug)]
pub(in crate::mock) struct Redirect {
    pub(in crate::mock) code: u16,
    /// Left out: back to the same path.
    pub(in crate::mock) to: Option<String>,
    /// Back to the same path so many times before the request is answered.
    pub(in crate::mock) hops: u32,
}

/// How a request is left waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock) enum Silence {
    /// Nothing at all, and no work is done.
    Headers,
    /// The head of an answer and then nothing.
    Body,
}

/// Where the connection breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock) enum Point {
    /// Before any work: the request was not executed.
    BeforeWork,
    /// The work was done, the head of its answer is never sent.
    BeforeHeaders,
    /// Within a JSON body.
    MidBody,
    AfterHeaders,
    AfterFirstEvent,
    MidEvent,
    /// After everything that was said on the way, before the answer.
    BeforeResponse,
    /// The stream ends properly, but without the answer.
    EndBeforeResponse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock) enum Form {
    Json,
    Sse,
}

/// What is wrong with sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock) enum SessionFault {
    /// `initialize` gives no id, and none is asked for.
    Absent,
    /// `initialize` gives an id with bytes that are not allowed in one.
    Illegal,
    /// Answers carry another id than the session has.
    Changing,
    /// A lost session is answered 400, not 404.
    Answers400,
}

/// A request to the host on the way to an answer.
#[derive(Clone, Debug)]
pub(in crate::mock) struct AskFault {
    pub(in crate::mock) method: &'static str,
    /// On the standalone stream, not on the stream of the request.
    pub(in crate::mock) on_get: bool,
}

/// What is wrong with the `endpoint` event of HTTP+SSE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mock) enum EndpointFault {
    Missing,
    /// Another event comes first and the endpoint never.
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

/// How a POST of HTTP+SSE is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock) enum PostAnswer {
    /// 200 in the place of 202.
    Ok,
    /// 200 with the JSON-RPC answer, which does not come on the stream.
    Json,
    /// 200 with the JSON-RPC answer, which comes on the stream too.
    Both,
    /// 202 with a JSON body that is no JSON-RPC.
    Note,
}

/// What is wrong with the answer itself, in whatever form it travels.
#[derive(Clone, Debug, Default)]
pub(in crate::mock) struct MessageFaults {
    pub(in crate::mock) wrong_id: bool,
    pub(in crate::mock) twice: bool,
    pub(in crate::mock) never: bool,
    pub(in crate::mock) truncated: bool,
    pub(in crate::mock) invalid_utf8: bool,
    pub(in crate::mock) html: bool,
    pub(in crate::mock) oversize: usize,
    /// Members of the result.
    pub(in crate::mock) members: Vec<MemberFault>,
    /// Answers travel in arrays of this many.
    pub(in crate::mock) batch: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::mock) enum LineEnding {
    #[default]
    Lf,
    Cr,
    CrLf,
}

impl LineEnding {
    pub(in crate::mock) fn text(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::Cr => "\r",
            Self::CrLf => "\r\n",
        }
    }
}

/// How bytes are laid out: all of it is legal.
#[derive(Clone, Debug, Default)]
pub(in crate::mock) struct Style {
    pub(in crate::mock) chunk: Option<usize>,
    pub(in crate::mock) pretty: bool,
    pub(in crate::mock) comments: bool,
    /// Ids travel in blocks without data.
    pub(in crate::mock) dataless: bool,
    pub(in crate::mock) retry: Option<u64>,
    pub(in crate::mock) bom: bool,
    pub(in crate::mock) line_ending: LineEnding,
    pub(in crate::mock) gzip: bool,
    /// Events of unknown types and with empty data in between.
    pub(in crate::mock) noise: bool,
    pub(in crate::mock) event_delay: Option<Duration>,
    /// Comments while nothing else is sent.
    pub(in crate::mock) heartbeat: Option<Duration>,
    /// They say what time it is.
    pub(in crate::mock) dated_heartbeat: bool,
    /// Each event is sent twice, with the same id.
    pub(in crate::mock) duplicate: bool,
    pub(in crate::mock) no_ids: bool,
    /// The stream is not closed after the answer.
    pub(in crate::mock) stay_open: bool,
    /// The stream ends at once after its first id, to be resumed after this many milliseconds.
    pub(in crate::mock) poll: Option<u64>,
}
