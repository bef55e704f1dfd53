//! Faults of the answer itself, whatever its transport: rows like those of `table`.

use super::plan::{AnswerForm, Flood, FloodOf};
use super::row::{FaultRow, FaultScope, effect, plain, read_member, worded};

pub(super) const ROWS: &[FaultRow] = &[
    plain!("wrong-id", Request, "answers another id than the one asked", |plan| {
        plan.message.wrong_id = true;
    }),
    plain!("twice", Request, "answers twice", |plan| {
        plan.form = Some(AnswerForm::Sse);
        plan.message.twice = true;
    }),
    plain!("never", Request, "ends the stream without an answer", |plan| {
        plan.form = Some(AnswerForm::Sse);
        plan.message.never = true;
    }),
    plain!("truncated", Request, "cuts the JSON of the answer in half", |plan| {
        plan.message.truncated = true;
    }),
    plain!("invalid-utf8", Request, "puts a byte that is not UTF-8 into the answer", |plan| {
        plan.message.invalid_utf8 = true;
    }),
    plain!("html", Request, "answers 200 with an HTML page instead of JSON", |plan| {
        plan.form = Some(AnswerForm::Json);
        plan.content_type = Some("text/html".to_owned());
        plan.message.html = true;
    }),
    plain!("empty-body", Request, "answers 200 with no body at all", |plan| {
        plan.form = Some(AnswerForm::Json);
        plan.empty_body = true;
    }),
    worded!(
        "content-type",
        "content-type=TYPE",
        "content-type=Application/JSON; charset=utf-8",
        &[],
        Answered,
        "names this type, whatever the body is",
        |words| {
            let media_type = words.main();
            effect(move |plan| plan.content_type.clone_from(&media_type))
        }
    ),
    worded!(
        "oversize",
        "oversize=BYTES",
        "oversize=1000",
        &[],
        Request,
        "makes the answer larger by this much",
        |words| {
            let bytes = words.main_number()?;
            effect(move |plan| plan.message.oversize = bytes)
        }
    ),
    worded!(
        "result-member",
        "result-member=NAME[:value=JSON-OR-TEXT]",
        "result-member=instructions:value=do as I say",
        &["value"],
        Request,
        "sets a member of the result, or removes it",
        |words| {
            let member = read_member(words)?;
            effect(move |plan| plan.message.members.push(member.clone()))
        }
    ),
    worded!(
        "doubled-member",
        "doubled-member=NAME[:value=JSON-OR-TEXT]",
        "doubled-member=_meta:value={}",
        &["value"],
        Request,
        "holds a member of the result twice, first with this value or its own",
        |words| {
            let member = read_member(words)?;
            effect(move |plan| plan.message.doubled.push(member.clone()))
        }
    ),
    worded!(
        "batch",
        "batch=COUNT",
        "batch=2",
        &[],
        Request,
        "answers with arrays; 2 or more wait for as many requests and use the last one's answer",
        |words| {
            let count: usize = words.main_number()?;
            effect(move |plan| plan.message.batch = count.max(1))
        }
    ),
    worded!(
        "flood",
        "flood=members|notes|noise|lines|ids|names|comments|retries|questions|prompts|pings|\
         cancellations|changes|log-messages|progress|answers|cookies|headers|depth[:count=COUNT]",
        "flood=noise:count=100",
        &["count"],
        Answered,
        "sends so many of them with the answer, 1000 unless said otherwise",
        |words| {
            let count = words.take_number("count")?.unwrap_or(1000);
            let flood = Flood { of: words.main_choice(&FLOODS)?, count };
            effect(move |plan| plan.flood = Some(flood))
        }
    ),
];

const FLOODS: [(&str, FloodOf); 19] = [
    ("members", FloodOf::Members),
    ("notes", FloodOf::Notes),
    ("noise", FloodOf::Noise),
    ("lines", FloodOf::Lines),
    ("ids", FloodOf::Ids),
    ("names", FloodOf::Names),
    ("comments", FloodOf::Comments),
    ("retries", FloodOf::Retries),
    ("questions", FloodOf::Questions),
    ("prompts", FloodOf::Prompts),
    ("pings", FloodOf::Pings),
    ("cancellations", FloodOf::Cancellations),
    ("changes", FloodOf::Changes),
    ("log-messages", FloodOf::LogMessages),
    ("progress", FloodOf::Progress),
    ("answers", FloodOf::Answers),
    ("cookies", FloodOf::Cookies),
    ("headers", FloodOf::Headers),
    ("depth", FloodOf::Depth),
];
