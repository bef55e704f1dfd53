//! Faults of the revision 2026-07-28: rows like those of `table`.

use std::time::Duration;

use serde_json::{Value, json};

use super::modern_plan::{Granted, ListenEnd};
use super::row::{FaultRow, FaultScope, PlanEdit, effect};
use super::words::{InvalidFault, Words};
use crate::served::Served;
use crate::tasks::Terms;
use mcp_tether_wire::protocol::methods;

pub(super) const ROWS: &[FaultRow] = &[
    FaultRow {
        name: "serve",
        syntax: "serve=REVISION|legacy|dual|all",
        about: "speaks these revisions; with `skip` or `times` the era changes on the way",
        example: "serve=2026-07-28:skip=3",
        keys: &[],
        scope: FaultScope::Any,
        read: |words| {
            let name = words.main().unwrap_or_default();
            let served: Served = name.parse().map_err(|error| words.wrong(error))?;
            effect(move |plan| plan.served = Some(served))
        },
    },
    FaultRow {
        name: "versions",
        syntax: "versions=NAME[,NAME]",
        about: "2026-07-28: `server/discover` and `-32022` name these revisions",
        example: "versions=2027-01-01,2025-11-25",
        keys: &[],
        scope: FaultScope::Request,
        read: |words| {
            let names = words.main().unwrap_or_default();
            let names: Vec<_> = names.split(',').map(str::to_owned).collect();
            effect(move |plan| plan.modern.versions = Some(names.clone()))
        },
    },
    FaultRow {
        name: "result-type",
        syntax: "result-type=NAME|none",
        about: "2026-07-28: answers with this `resultType`, or without one",
        example: "result-type=surprise",
        keys: &[],
        scope: FaultScope::Request,
        read: |words| {
            let name = words.main().filter(|name| name != "none");
            effect(move |plan| plan.modern.result_type = Some(name.clone()))
        },
    },
    FaultRow {
        name: "cache",
        syntax: "cache=MS|none[:scope=public|private]",
        about: "2026-07-28: says that results are fresh for this long, or nothing about it",
        example: "cache=60000:scope=public",
        keys: &["scope"],
        scope: FaultScope::Request,
        read: read_cache,
    },
    FaultRow {
        name: "stale-headers",
        syntax: "stale-headers",
        about: "2026-07-28: refuses calls with `-32020` until the tools are listed again",
        example: "stale-headers",
        keys: &[],
        scope: FaultScope::Request,
        read: |_| effect(|plan| plan.modern.stale_headers = true),
    },
    FaultRow {
        name: "state-lifetime",
        syntax: "state-lifetime=MS",
        about: "2026-07-28: a `requestState` is valid for this long",
        example: "state-lifetime=0",
        keys: &[],
        scope: FaultScope::Request,
        read: |words| {
            let lifetime = words.main_number().map(Duration::from_millis)?;
            effect(move |plan| plan.modern.state_lifetime = Some(lifetime))
        },
    },
    FaultRow {
        name: "needs-input",
        syntax: "needs-input=elicitation|url|sampling|roots|unknown",
        about: "2026-07-28: asks for this input instead of any answer, whatever was asked",
        example: "needs-input=roots",
        keys: &[],
        scope: FaultScope::Request,
        read: read_needs_input,
    },
    FaultRow {
        name: "task",
        syntax: "task=POLL-MS[:ttl=MS]",
        about: "tasks ask to be polled this often, and live this long",
        example: "task=5:ttl=60000",
        keys: &["ttl"],
        scope: FaultScope::Request,
        read: |words| {
            let poll = words.main_number().map(Duration::from_millis)?;
            let ttl = words.take_number("ttl")?.map(Duration::from_millis);
            let ttl = ttl.unwrap_or(Terms::default().ttl);
            effect(move |plan| plan.terms = Some(Terms { ttl, poll }))
        },
    },
    FaultRow {
        name: "grant",
        syntax: "grant=none|lists|unsaid",
        about: "2026-07-28: grants nothing or only lists to listeners, or acknowledges nothing",
        example: "grant=lists",
        keys: &[],
        scope: FaultScope::Request,
        read: |words| {
            let choices = [
                ("none", Granted::Nothing),
                ("lists", Granted::Lists),
                ("unsaid", Granted::Unsaid),
            ];
            let granted = words.main_choice(&choices)?;
            effect(move |plan| plan.modern.granted = Some(granted))
        },
    },
    FaultRow {
        name: "listen-end",
        syntax: "listen-end=graceful|cancelled|silent",
        about: "2026-07-28: ends listen streams right after their acknowledgement, in this way",
        example: "listen-end=graceful:times=1",
        keys: &[],
        scope: FaultScope::Request,
        read: |words| {
            let choices = [
                ("graceful", ListenEnd::Graceful),
                ("cancelled", ListenEnd::Cancelled),
                ("silent", ListenEnd::Silent),
            ];
            let end = words.main_choice(&choices)?;
            effect(move |plan| plan.modern.listen_end = Some(end))
        },
    },
];

fn read_cache(words: &mut Words) -> Result<PlanEdit, InvalidFault> {
    let scope = words.take_choice("scope", &[("public", "public"), ("private", "private")])?;
    let (ttl, scope) = match words.main().as_deref() {
        Some("none") => (Value::Null, scope.map_or(Value::Null, Value::from)),
        Some(number) => {
            // Negative ones too: hosts must tolerate them.
            let ttl: i64 = number
                .parse()
                .map_err(|_| words.wrong(format!("`cache` needs a number, not `{number}`")))?;
            (ttl.into(), scope.unwrap_or("private").into())
        }
        None => return Err(words.wrong("`cache` needs a number or `none`".to_owned())),
    };
    effect(move |plan| plan.modern.caching = Some((ttl.clone(), scope.clone())))
}

fn read_needs_input(words: &mut Words) -> Result<PlanEdit, InvalidFault> {
    let form = json!({
        "message": "go on?",
        "requestedSchema": { "type": "object", "properties": { "go_on": { "type": "boolean" } } },
    });
    let url = json!({ "mode": "url", "message": "visit this", "url": "https://example.com/visit" });
    let prompt = json!({ "type": "text", "text": "say something" });
    let sample = json!({ "messages": [{ "role": "user", "content": prompt }], "maxTokens": 10 });
    let choices = [
        ("elicitation", (methods::ELICIT, form)),
        ("url", (methods::ELICIT, url)),
        ("sampling", (methods::SAMPLE, sample)),
        ("roots", (methods::LIST_ROOTS, json!({}))),
        ("unknown", ("weather/ask", json!({}))),
    ];
    let question = words.main_choice(&choices)?;
    effect(move |plan| plan.modern.needs_input = Some(question.clone()))
}
