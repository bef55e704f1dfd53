//! The table of faults that are more than an edit of the answer: a row here, a field of the plan,
//! and the code that acts on it.

use serde_json::Value;

use super::answers;
use super::modern_table;
use super::oauth_table;
use super::plan::{
    AnswerForm, AskFault, ChallengeFault, EndpointFault, LineEnding, Point, PostAnswer,
    RedirectFault, SessionFault, Silence, StatusBody, StatusFault,
};
use super::row::{FaultRow, FaultScope, PlanEdit, effect, milliseconds, plain, worded};
use super::words::{InvalidFault, Words};
use mcp_tether_wire::protocol::methods;

const ROWS: &[FaultRow] = &[
    worded!(
        "status",
        "status=CODE[:body=error|no-id|null-id|json|html|text|empty][:retry-after=VALUE]\
         [:code=RPC-CODE][:message=TEXT][:data=JSON][:challenge=VALUE|none]\
         [:nonce=VALUE]",
        "status=503:body=html:retry-after=1",
        &["body", "retry-after", "code", "message", "data", "challenge", "nonce"],
        Any,
        "answers this status and does nothing",
        read_status
    ),
    worded!(
        "redirect",
        "redirect=CODE[:to=URL|:hops=N]",
        "redirect=307:to=http://127.0.0.1:1/mcp",
        &["to", "hops"],
        Any,
        "redirects, without `to` once or N times to the same path with a query",
        |words| {
            let code = words.main_number()?;
            let to = words.take("to");
            let hops = words.take_number("hops")?.unwrap_or(1);
            effect(move |plan| plan.redirect = Some(RedirectFault { code, to: to.clone(), hops }))
        }
    ),
    worded!("delay", "delay=MS", "delay=200", &[], Any, "waits before anything else", |words| {
        let delay = milliseconds(words)?;
        effect(move |plan| plan.delay = Some(delay))
    }),
    worded!(
        "late",
        "late=MS",
        "late=200",
        &[],
        Any,
        "does the work and waits before the head of its answer",
        |words| {
            let late = milliseconds(words)?;
            effect(move |plan| plan.late = Some(late))
        }
    ),
    worded!(
        "silent",
        "silent[=headers|body]",
        "silent=body",
        &[],
        Any,
        "never answers; `body` sends the head of an answer and stops",
        |words| {
            let choices =
                [("headers", Silence::Headers), ("body", Silence::Body), ("", Silence::Headers)];
            let silence = words.main_choice(&choices)?;
            effect(move |plan| plan.silent = Some(silence))
        }
    ),
    worded!(
        "disconnect",
        "disconnect=before-work|before-headers|after-headers|mid-body|after-first-event|mid-event\
         |before-response|end",
        "disconnect=mid-event",
        &[],
        Answered,
        "breaks the connection off there, or with `end` the stream before its answer",
        read_disconnect
    ),
    worded!(
        "poll",
        "poll=RETRY-MS",
        "poll=500",
        &[],
        Request,
        "ends the stream after its first id, to be resumed by GET (2025-11-25)",
        |words| {
            let retry = words.main_number()?;
            effect(move |plan| {
                plan.form = Some(AnswerForm::Sse);
                plan.style.poll = Some(retry);
            })
        }
    ),
    worded!(
        "answer",
        "answer=json|sse",
        "answer=sse",
        &[],
        Request,
        "chooses the form of the answer; `json` sends nothing else on the way",
        |words| {
            let form =
                words.main_choice(&[("json", AnswerForm::Json), ("sse", AnswerForm::Sse)])?;
            effect(move |plan| plan.form = Some(form))
        }
    ),
    worded!(
        "chunk",
        "chunk=BYTES",
        "chunk=1",
        &[],
        Answered,
        "sends bodies in pieces of this size",
        |words| {
            let size: usize = words.main_number()?;
            effect(move |plan| plan.style.chunk = Some(size.max(1)))
        }
    ),
    plain!("pretty", Answered, "indents JSON; events get several `data:` lines", |plan| {
        plan.style.pretty = true;
    }),
    plain!("comments", Answered, "puts comment lines around events", |plan| {
        plan.style.comments = true;
    }),
    plain!("dataless", Answered, "sends ids and `retry` in blocks without data", |plan| {
        plan.style.dataless = true;
    }),
    worded!(
        "retry",
        "retry=MS",
        "retry=250",
        &[],
        Answered,
        "opens streams with a `retry` of this many milliseconds",
        |words| {
            let retry = words.main_number()?;
            effect(move |plan| plan.style.retry = Some(retry))
        }
    ),
    plain!("bom", Answered, "opens streams with a byte order mark", |plan| plan.style.bom = true),
    worded!(
        "line-ending",
        "line-ending=lf|cr|crlf",
        "line-ending=cr",
        &[],
        Answered,
        "ends the lines of streams this way",
        |words| {
            let choices =
                [("lf", LineEnding::Lf), ("cr", LineEnding::Cr), ("crlf", LineEnding::CrLf)];
            let ending = words.main_choice(&choices)?;
            effect(move |plan| plan.style.line_ending = ending)
        }
    ),
    plain!(
        "gzip",
        Answered,
        "compresses streams, flushed after each event, and bodies, in two members",
        |plan| {
            plan.style.gzip = true;
        }
    ),
    plain!("noise", Answered, "adds events of unknown types and with empty data", |plan| {
        plan.style.noise = true;
    }),
    worded!(
        "event-delay",
        "event-delay=MS",
        "event-delay=50",
        &[],
        Answered,
        "waits before each event",
        |words| {
            let delay = milliseconds(words)?;
            effect(move |plan| plan.style.event_delay = Some(delay))
        }
    ),
    worded!(
        "heartbeat",
        "heartbeat=MS",
        "heartbeat=100",
        &[],
        Answered,
        "sends a comment whenever nothing else was sent for this long",
        |words| {
            let pause = milliseconds(words)?;
            effect(move |plan| plan.style.heartbeat = Some(pause))
        }
    ),
    plain!("duplicate", Answered, "sends each event twice with the same id", |plan| {
        plan.style.duplicate = true;
    }),
    plain!("no-ids", Answered, "sends no event ids", |plan| plan.style.no_ids = true),
    plain!("stay-open", Answered, "leaves streams open after the answer", |plan| {
        plan.form = Some(AnswerForm::Sse);
        plan.style.stay_open = true;
    }),
    worded!(
        "session",
        "session=none|illegal|changing|400",
        "session=illegal",
        &[],
        Any,
        "gives no, an illegal or a changing session id; `400` answers lost sessions with 400",
        |words| {
            let choices = [
                ("none", SessionFault::Absent),
                ("illegal", SessionFault::Illegal),
                ("changing", SessionFault::Changing),
                ("400", SessionFault::Answers400),
            ];
            let fault = words.main_choice(&choices)?;
            effect(move |plan| plan.session = Some(fault))
        }
    ),
    plain!("forget", Request, "forgets all sessions before looking at the request", |plan| {
        plan.forget = true;
    }),
    worded!(
        "negotiate",
        "negotiate=REVISION",
        "negotiate=1999-01-01",
        &[],
        Initialize,
        "answers `initialize` with this revision",
        |words| {
            let revision = words.main();
            effect(move |plan| plan.negotiate.clone_from(&revision))
        }
    ),
    plain!("lenient", Any, "checks no `Accept`, `Content-Type` and revision header", |plan| {
        plan.lenient = true;
    }),
    worded!(
        "ask",
        "ask=ping|roots|sampling|elicitation[:on=post|get]",
        "ask=roots:on=get",
        &["on"],
        Request,
        "puts a request to the host before answering, or because of a notification",
        read_ask
    ),
    plain!("drop-stream", Request, "breaks off the session's standalone stream", |plan| {
        plan.drop_stream = true;
    }),
    worded!(
        "endpoint",
        "endpoint=missing|wrong-first|absolute|relative|query|cross-host|cross-port|javascript\
         |elsewhere[:to=URL]",
        "endpoint=javascript",
        &["to"],
        Get,
        "HTTP+SSE: names the endpoint in this way, or does not",
        read_endpoint
    ),
    worded!(
        "endpoint-delay",
        "endpoint-delay=MS",
        "endpoint-delay=100",
        &[],
        Get,
        "HTTP+SSE: waits before the `endpoint` event",
        |words| {
            let delay = milliseconds(words)?;
            effect(move |plan| plan.endpoint_delay = Some(delay))
        }
    ),
    worded!(
        "post",
        "post=200|json|both|note",
        "post=json",
        &[],
        Request,
        "HTTP+SSE: answers POSTs with 200, the answer only here, here and there, or a note",
        |words| {
            let choices = [
                ("200", PostAnswer::Ok),
                ("json", PostAnswer::Json),
                ("both", PostAnswer::Both),
                ("note", PostAnswer::Note),
            ];
            let answer = words.main_choice(&choices)?;
            effect(move |plan| plan.post_answer = Some(answer))
        }
    ),
];

/// Returns every fault, in the order of the tables.
pub(super) fn rows() -> impl Iterator<Item = &'static FaultRow> {
    ROWS.iter().chain(answers::ROWS).chain(modern_table::ROWS).chain(oauth_table::ROWS)
}

fn read_status(words: &mut Words) -> Result<PlanEdit, InvalidFault> {
    let code: u16 = words.main_number()?;
    if !(200..600).contains(&code) {
        return Err(words.wrong(format!("`{code}` is not the status of a final answer")));
    }
    let bodies = [
        ("error", StatusBody::Error),
        ("no-id", StatusBody::ErrorWithoutId),
        ("null-id", StatusBody::ErrorWithNullId),
        ("json", StatusBody::Json),
        ("html", StatusBody::Html),
        ("text", StatusBody::Text),
        ("empty", StatusBody::Empty),
    ];
    let challenge = words.take("challenge").map(|value| match value.as_str() {
        "none" => ChallengeFault::Absent,
        _ => ChallengeFault::Value(value),
    });
    let fault = StatusFault {
        code,
        retry_after: words.take("retry-after"),
        body: words.take_choice("body", &bodies)?.unwrap_or(StatusBody::Empty),
        rpc_code: words.take_number("code")?.unwrap_or(-32000),
        message: words.take("message"),
        rpc_data: read_data(words)?,
        challenge,
        nonce: words.take("nonce"),
    };
    effect(move |plan| plan.status = Some(fault.clone()))
}

fn read_data(words: &mut Words) -> Result<Value, InvalidFault> {
    let Some(text) = words.take("data") else {
        return Ok(Value::Null);
    };
    serde_json::from_str(&text).map_err(|error| words.wrong(format!("`data` is not JSON: {error}")))
}

fn read_disconnect(words: &mut Words) -> Result<PlanEdit, InvalidFault> {
    let choices = [
        ("before-work", Point::BeforeWork),
        ("before-headers", Point::BeforeHeaders),
        ("mid-body", Point::MidBody),
        ("after-headers", Point::AfterHeaders),
        ("after-first-event", Point::AfterFirstEvent),
        ("mid-event", Point::MidEvent),
        ("before-response", Point::BeforeResponse),
        ("end", Point::EndBeforeResponse),
    ];
    let point = words.main_choice(&choices)?;
    effect(move |plan| {
        plan.disconnect = Some(point);
        plan.form = match point {
            Point::BeforeWork | Point::BeforeHeaders => plan.form,
            Point::MidBody => Some(AnswerForm::Json),
            _ => Some(AnswerForm::Sse),
        };
    })
}

fn read_ask(words: &mut Words) -> Result<PlanEdit, InvalidFault> {
    let choices = [
        ("ping", methods::PING),
        ("roots", methods::LIST_ROOTS),
        ("sampling", methods::SAMPLE),
        ("elicitation", methods::ELICIT),
    ];
    let method = words.main_choice(&choices)?;
    let on_get = words.take_choice("on", &[("post", false), ("get", true)])?.unwrap_or(false);
    effect(move |plan| plan.ask = Some(AskFault { method, on_get }))
}

fn read_endpoint(words: &mut Words) -> Result<PlanEdit, InvalidFault> {
    let to = words.take("to").unwrap_or_else(|| "https://elsewhere.example/message".to_owned());
    let choices = [
        ("elsewhere", EndpointFault::Elsewhere(to)),
        ("missing", EndpointFault::Missing),
        ("wrong-first", EndpointFault::WrongFirst),
        ("absolute", EndpointFault::Absolute),
        ("relative", EndpointFault::Relative),
        ("query", EndpointFault::Query),
        ("cross-host", EndpointFault::CrossHost),
        ("cross-port", EndpointFault::CrossPort),
        ("javascript", EndpointFault::Javascript),
    ];
    let form = words.main_choice(&choices)?;
    effect(move |plan| plan.endpoint = Some(form.clone()))
}
