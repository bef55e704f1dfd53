//! The plan of one request: what the faults that apply to it have written down. An empty plan is
//! the correct behaviour.

use std::time::Duration;

use serde_json::Value;

use super::modern_plan::ModernFaults;
use super::oauth_plan::{MemberFault, OAuthFaults};
use crate::served::Served;
use crate::tasks::Terms;

/// Deviations from correct behaviour for one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Waits before anything else.
    pub(crate) delay: Option<Duration>,
    /// Waits after the work, before the head of the answer.
    pub(crate) late: Option<Duration>,
    pub(crate) redirect: Option<Redirect>,
    pub(crate) status: Option<StatusFault>,
    pub(crate) silent: Option<Silence>,
    pub(crate) disconnect: Option<Point>,
    /// No checks of headers that only a strict remote makes.
    pub(crate) lenient: bool,
    /// The revisions spoken for this request.
    pub(crate) served: Option<Served>,
    pub(crate) modern: ModernFaults,
    /// How long tasks live and how often they want to be asked for.
    pub(crate) terms: Option<Terms>,
    pub(crate) forget: bool,
    pub(crate) session: Option<SessionFault>,
    /// What `initialize` answers as the revision.
    pub(crate) negotiate: Option<String>,
    pub(crate) form: Option<Form>,
    pub(crate) content_type: Option<String>,
    pub(crate) empty_body: bool,
    pub(crate) ask: Option<AskFault>,
    pub(crate) drop_stream: bool,
    pub(crate) endpoint: Option<EndpointFault>,
    pub(crate) endpoint_delay: Option<Duration>,
    pub(crate) post_answer: Option<PostAnswer>,
    pub(crate) message: MessageFaults,
    pub(crate) style: Style,
    pub(crate) oauth: OAuthFaults,
}

/// An answer of another status in the place of any work.
#[derive(Clone, Debug)]
pub(crate) struct StatusFault {
    pub(crate) code: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: StatusBody,
    pub(crate) rpc_code: i64,
    pub(crate) message: Option<String>,
    pub(crate) rpc_data: Value,
    pub(crate) challenge: Option<Challenge>,
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
    /// JSON that is no JSON-RPC.
    Json,
    Html,
    Text,
    Empty,
}

/// The `WWW-Authenticate` header of such an answer.
#[derive(Clone, Debug)]
pub(crate) enum Challenge {
    Absent,
    Value(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    pub(crate) code: u16,
    /// Left out: back to the same path.
    pub(crate) to: Option<String>,
    /// Back to the same path so many times before the request is answered.
    pub(crate) hops: u32,
}

/// How a request is left waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Nothing at all, and no work is done.
    Headers,
    /// The head of an answer and then nothing.
    Body,
}

/// Where the connection breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
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
pub(crate) enum Form {
    Json,
    Sse,
}

/// What is wrong with sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionFault {
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
pub(crate) struct AskFault {
    pub(crate) method: &'static str,
    /// On the standalone stream, not on the stream of the request.
    pub(crate) on_get: bool,
}

/// What is wrong with the `endpoint` event of HTTP+SSE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EndpointFault {
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
pub(crate) enum PostAnswer {
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
pub(crate) struct MessageFaults {
    pub(crate) wrong_id: bool,
    pub(crate) twice: bool,
    pub(crate) never: bool,
    pub(crate) truncated: bool,
    pub(crate) invalid_utf8: bool,
    pub(crate) html: bool,
    pub(crate) oversize: usize,
    /// Members of the result.
    pub(crate) members: Vec<MemberFault>,
    /// Members of the result that are there twice: with these values, or their own.
    pub(crate) doubled: Vec<MemberFault>,
    /// Answers travel in arrays of this many.
    pub(crate) batch: usize,
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

/// How bytes are laid out: all of it is legal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Style {
    pub(crate) chunk: Option<usize>,
    pub(crate) pretty: bool,
    pub(crate) comments: bool,
    /// Ids travel in blocks without data.
    pub(crate) dataless: bool,
    pub(crate) retry: Option<u64>,
    pub(crate) bom: bool,
    pub(crate) line_ending: LineEnding,
    pub(crate) gzip: bool,
    /// Events of unknown types and with empty data in between.
    pub(crate) noise: bool,
    pub(crate) event_delay: Option<Duration>,
    /// Comments while nothing else is sent.
    pub(crate) heartbeat: Option<Duration>,
    /// They say what time it is.
    pub(crate) dated_heartbeat: bool,
    /// Each event is sent twice, with the same id.
    pub(crate) duplicate: bool,
    pub(crate) no_ids: bool,
    /// The stream is not closed after the answer.
    pub(crate) stay_open: bool,
    /// The stream ends at once after its first id, to be resumed after this many milliseconds.
    pub(crate) poll: Option<u64>,
}
