//! Who gets an answer, in which form, and what happens to one that nobody waits for.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::*;
use crate::bridge::effects::Effect;
use crate::bridge::host_side::list_pages::ListPages;
use crate::bridge::session::lifecycle::HeldMessage;
use crate::bridge::{BridgeOptions, NamePatterns, OfferFilter, ToolPins};
use crate::eras::modern_host::HostEffect;
use crate::host::{DriveOutcome, HostEnd, in_process};
use crate::remote::RemoteOptions;

fn bridge() -> (Bridge, HostEnd) {
    let url = Url::parse("http://127.0.0.1:9/mcp").unwrap();
    let (host, end) = in_process();
    let mut options = BridgeOptions::new(RemoteOptions::new(url));
    let tools = NamePatterns::new([], ["secret*"]);
    options.offer = OfferFilter::new(tools, Default::default(), Default::default(), false);
    (Bridge::new(host, options).unwrap(), end)
}

fn request(bridge: &Bridge, id: u64, method: &str, batch: Option<u64>) -> HostRequest {
    let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"}}"#);
    HostRequest::new(Message::parse(line).unwrap(), batch, &bridge.unanswered)
}

/// The next line that the host gets.
async fn told(bridge: &mut Bridge, end: &mut HostEnd) -> Value {
    let told = async {
        loop {
            tokio::select! {
                line = end.receive() => return line.unwrap(),
                drove = bridge.host.writer.drive() => assert_ne!(drove, DriveOutcome::Closed),
            }
        }
    };
    let line = tokio::time::timeout(Duration::from_secs(20), told).await;
    serde_json::from_slice(&line.expect("the host is told")).unwrap()
}

fn answer(result: &str) -> Message {
    Message::parse(format!(r#"{{"jsonrpc":"2.0","id":9000,"result":{result}}}"#)).unwrap()
}

type Reply = fn(&mut Bridge, HostRequest);

/// T-17, E-24
#[tokio::test]
async fn each_kind_of_reply_reaches_the_host_once_under_its_own_id() {
    let (mut bridge, mut end) = bridge();
    let replies: [(&str, Reply); 4] = [
        ("ping", |bridge, request| bridge.reply_empty(request)),
        ("x", |bridge, request| bridge.reply_error(request, -32602, "no")),
        ("x", |bridge, request| bridge.refuse(request, &Failure::internal())),
        ("tools/list", |bridge, request| {
            let tools = r#"{"tools":[{"name":"a"},{"name":"secret_b"}]}"#;
            bridge.reply_answer(request, &answer(tools), &[]);
        }),
    ];
    let mut outcomes = Vec::new();
    for (id, (method, reply)) in (1..).zip(replies) {
        let request = request(&bridge, id, method, None);
        reply(&mut bridge, request);
        let line = told(&mut bridge, &mut end).await;
        assert_eq!(line["id"], id, "{line}");
        outcomes.push(line);
    }
    assert_eq!(outcomes[0]["result"], serde_json::json!({}));
    assert_eq!(outcomes[1]["error"]["code"], -32602);
    assert_eq!(outcomes[2]["error"]["data"]["bridge"]["kind"], "internal");
    assert_eq!(outcomes[3]["result"], serde_json::json!({ "tools": [{ "name": "a" }] }));
    assert_eq!(bridge.answer_dropped(), 0);
}

/// E-24
#[tokio::test]
async fn what_is_hidden_is_cut_out_of_every_list_and_only_of_lists() {
    let (mut bridge, mut end) = bridge();
    let tools = r#"{"tools":[{"name":"a"},{"name":"secret_b"}]}"#;
    for (id, method, hidden) in [(1, "tools/list", true), (2, "x", false)] {
        let request = request(&bridge, id, method, None);
        bridge.reply_result(request, tools);
        let line = told(&mut bridge, &mut end).await.to_string();
        assert_eq!(line.contains("secret_b"), !hidden, "{line}");
    }
}

/// T-16
#[tokio::test]
async fn edits_apply_to_an_answer_and_one_that_cannot_be_edited_is_an_error() {
    let (mut bridge, mut end) = bridge();
    let answer = answer(r#"{"a":1}"#);
    let at = answer.outcome_range().unwrap();
    let edit: Edit = (at.clone(), r#"{"b":2}"#.to_owned().into());
    let first = request(&bridge, 1, "x", None);
    bridge.reply_answer(first, &answer, std::slice::from_ref(&edit));
    let line = told(&mut bridge, &mut end).await;
    assert_eq!(line["result"], serde_json::json!({ "b": 2 }));
    let second = request(&bridge, 2, "x", None);
    bridge.reply_answer(second, &answer, &[edit.clone(), edit]);
    let line = told(&mut bridge, &mut end).await;
    assert_eq!((&line["id"], &line["error"]["code"]), (&2.into(), &(-32603).into()));
}

/// E-59, T-24
#[tokio::test]
async fn a_refusal_is_what_the_remote_said_or_else_its_failure() {
    let (mut bridge, mut end) = bridge();
    let error = r#"{"jsonrpc":"2.0","id":9,"error":{"code":-32000,"message":"no"}}"#;
    let failure = Failure::new(FailureKind::Http, "HTTP 400").hint("check");
    let mut refusal =
        ProbeRefusal { status: Some(400), failure, answer: Some(Message::parse(error).unwrap()) };
    let first = request(&bridge, 1, "x", None);
    bridge.reply_refusal(first, &refusal);
    let line = told(&mut bridge, &mut end).await;
    assert_eq!((&line["id"], &line["error"]["code"]), (&1.into(), &(-32000).into()));
    refusal.answer = None;
    let second = request(&bridge, 2, "x", None);
    bridge.reply_refusal(second, &refusal);
    let line = told(&mut bridge, &mut end).await;
    assert_eq!((&line["id"], &line["error"]["code"]), (&2.into(), &(-32603).into()));
    assert_eq!(bridge.counters.seen(), (2, Some("http")));
}

#[tokio::test]
async fn errors_are_counted_by_kind_and_those_of_the_adapter_are_not() {
    let (mut bridge, mut end) = bridge();
    let of_host = request(&bridge, 1, "x", None);
    bridge.refuse(of_host, &Failure::internal());
    told(&mut bridge, &mut end).await;
    assert_eq!(bridge.counters.seen(), (1, Some("internal")));
    let of_adapter = request(&bridge, 2, "x", None).by(Requester::Adapter);
    bridge.refuse(of_adapter, &Failure::internal());
    assert_eq!(bridge.counters.seen(), (1, Some("internal")));
    drop(request(&bridge, 3, "x", None));
    bridge.answer_dropped();
    assert_eq!(bridge.counters.seen().0, 2);
}

/// What a modern host gets, through its adapter.
const DISCOVER: &str = r#"{"jsonrpc":"2.0","id":"d","method":"server/discover","params":{"_meta":{
    "io.modelcontextprotocol/protocolVersion":"2026-07-28",
    "io.modelcontextprotocol/clientInfo":{"name":"h","version":"1"},
    "io.modelcontextprotocol/clientCapabilities":{}}}}"#;

const RESULT: &str = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},
    "serverInfo":{"name":"s","version":"1"}}"#;

/// Lets the adapter of a modern host send `initialize`, and returns that request.
fn initialize_of_adapter(bridge: &mut Bridge) -> HostRequest {
    let discover = Message::parse(DISCOVER).unwrap();
    bridge.with_host_adapter(|host, context| host.handle(discover, context));
    let sent = bridge.effects.waiting.drain(..).find_map(|effect| match effect {
        Effect::OfHost(HostEffect::Send(message)) => Some(message),
        _ => None,
    });
    HostRequest::new(sent.unwrap(), None, &bridge.unanswered).by(Requester::Adapter)
}

/// E-01, T-17
#[tokio::test]
async fn every_kind_of_answer_to_the_adapter_reaches_the_modern_host() {
    let replies: [(bool, Reply); 4] = [
        (true, |bridge, request| bridge.reply_answer(request, &answer(RESULT), &[])),
        (true, |bridge, request| {
            let answer = answer(RESULT);
            let at = answer.outcome_range().unwrap();
            let edit: Edit = (at, RESULT.to_owned().into());
            bridge.reply_answer(request, &answer, &[edit]);
        }),
        (false, |bridge, request| {
            let answer = answer(RESULT);
            let edit: Edit = (answer.outcome_range().unwrap(), "1".to_owned().into());
            bridge.reply_answer(request, &answer, &[edit.clone(), edit]);
        }),
        (false, |bridge, request| bridge.refuse(request, &Failure::internal())),
    ];
    for (works, reply) in replies {
        let (mut bridge, mut end) = bridge();
        let request = initialize_of_adapter(&mut bridge);
        reply(&mut bridge, request);
        let lines = bridge.effects.drain_lines();
        assert!(!lines.is_empty(), "the modern host is told");
        for line in lines {
            bridge.host.writer.push(line);
        }
        let line = told(&mut bridge, &mut end).await;
        assert_eq!((&line["id"], line["result"].is_object()), (&"d".into(), works), "{line}");
    }
}

/// Sends `tools/list` of the host, as if the session were open.
fn open_request(bridge: &mut Bridge, id: u64) -> u64 {
    let (number, request) = (bridge.numbers.fresh(), request(bridge, id, "tools/list", None));
    bridge.record(SlotId::FIRST, number, &Default::default(), Purpose::Host(request));
    number
}

/// T-17
#[tokio::test]
async fn everything_that_a_slot_owes_fails_and_nothing_of_another_slot() {
    let (mut bridge, mut end) = bridge();
    bridge.slot_for_legacy_host();
    let other = bridge.further_slot_for_legacy_host().unwrap();
    let sent = open_request(&mut bridge, 1);
    let held = HeldMessage::Request(request(&bridge, 2, "tools/list", None));
    assert!(bridge.slots[SlotId::FIRST].lifecycle.hold(held).is_none());
    let repetition = request(&bridge, 3, "initialize", None);
    bridge.slots[SlotId::FIRST].lifecycle.hold_repetition(repetition);
    let failure = Failure::new(FailureKind::Lost, "gone").hint("repeat it");
    bridge.fail_everything(other, &failure);
    assert!(bridge.in_flight.get(sent).is_some(), "it is of the first slot");
    let call = request(&bridge, 4, "tools/call", None);
    bridge.sign_in_calls.push(call);
    bridge.fail_all_slots(&failure);
    let mut ids = Vec::new();
    for _ in 0..4 {
        let line = told(&mut bridge, &mut end).await;
        assert_eq!(line["error"]["data"]["bridge"]["kind"], "lost", "{line}");
        ids.push(line["id"].as_u64().unwrap());
    }
    assert_eq!(ids, [1, 2, 3, 4]);
    assert!(bridge.in_flight.get(sent).is_none() && bridge.slots.hold_nothing());
    assert_eq!(bridge.answer_dropped(), 0);
}

/// E-26
#[tokio::test]
async fn a_list_whose_next_page_fails_ends_with_the_pages_that_came() {
    let (mut bridge, mut end) = bridge();
    let first = answer(r#"{"tools":[{"name":"a"}],"nextCursor":"c"}"#);
    let mut request = request(&bridge, 1, "tools/list", None);
    request.pages = ListPages::begin("tools", &first).map(Box::new);
    bridge.refuse(request, &Failure::internal());
    let line = told(&mut bridge, &mut end).await;
    let expected = serde_json::json!({ "tools": [{ "name": "a" }], "nextCursor": "c" });
    assert_eq!(line["result"], expected);
}

/// A-63
#[tokio::test]
async fn a_result_of_the_bridge_has_the_form_of_the_hosts_era() {
    let (mut bridge, mut end) = bridge();
    let legacy = request(&bridge, 1, "tools/list", None);
    bridge.reply_in_its_era(legacy, r#"{"tools":[]}"#);
    let line = told(&mut bridge, &mut end).await;
    assert_eq!(line, serde_json::json!({ "jsonrpc": "2.0", "id": 1, "result": { "tools": [] } }));
    let modern = request(&bridge, 2, "tools/list", None).by(Requester::ModernHost);
    bridge.reply_in_its_era(modern, r#"{"tools":[]}"#);
    let line = told(&mut bridge, &mut end).await;
    assert_eq!(line["result"]["resultType"], "complete", "{line}");
}

/// T-11, T-35
#[tokio::test]
async fn a_batch_is_complete_when_its_last_member_is_answered_or_given_up() {
    let (mut bridge, mut end) = bridge();
    bridge.batches.begin(3, 3);
    let members: Vec<_> = (1..=3).map(|id| request(&bridge, id, "x", Some(3))).collect();
    let [first, second, third] = members.try_into().unwrap();
    bridge.reply_empty(first);
    bridge.forget(second);
    bridge.reply_empty(third);
    let line = told(&mut bridge, &mut end).await;
    let ids: Vec<_> = line.as_array().unwrap().iter().map(|member| &member["id"]).collect();
    assert_eq!(ids, [&serde_json::json!(1), &serde_json::json!(3)]);
}

/// T-11
#[tokio::test]
async fn an_answer_of_the_server_joins_the_batch_of_its_request() {
    let (mut bridge, mut end) = bridge();
    bridge.batches.begin(3, 2);
    for id in [1, 2] {
        let member = request(&bridge, id, "x", Some(3));
        bridge.reply_answer(member, &answer(r#"{"a":1}"#), &[]);
    }
    let line = told(&mut bridge, &mut end).await;
    assert_eq!((&line[0]["id"], &line[1]["result"]), (&1.into(), &serde_json::json!({"a":1})));
}

/// T-11, S-42
#[tokio::test]
async fn an_answer_for_which_its_batch_has_no_room_is_an_error() {
    let (mut bridge, mut end) = bridge();
    bridge.batches.begin(3, 1);
    bridge.batches.fill(3);
    let member = request(&bridge, 1, "x", Some(3));
    bridge.reply_answer(member, &answer("{}"), &[]);
    let line = told(&mut bridge, &mut end).await;
    let error = &line[0]["error"];
    assert_eq!((&line[0]["id"], &error["code"]), (&1.into(), &(-32603).into()));
    assert_eq!(error["data"]["bridge"]["kind"], "lost", "what was sent may have been executed");
}

/// S-73
#[tokio::test]
async fn a_list_of_tools_is_held_against_the_pinned_ones_before_the_host_gets_it() {
    let (mut bridge, mut end) = bridge();
    let folder = tempfile::tempdir().unwrap();
    bridge.pins = Some(ToolPins::read(&folder.path().join("x.json")).unwrap());
    for (id, name) in [(1, "a"), (2, "changed")] {
        let list = request(&bridge, id, "tools/list", None);
        let tools = format!(r#"{{"tools":[{{"name":"{name}","inputSchema":{{}}}}]}}"#);
        bridge.reply_answer(list, &answer(&tools), &[]);
    }
    assert_eq!(told(&mut bridge, &mut end).await["id"], 1);
    let warning = told(&mut bridge, &mut end).await;
    assert_eq!(warning["method"], "notifications/message", "{warning}");
    assert_eq!(told(&mut bridge, &mut end).await["id"], 2);
}

/// T-26: whoever gives a request up tells its exchange.
#[tokio::test]
async fn a_request_that_fails_ends_its_exchange() {
    let (mut bridge, mut end) = bridge();
    let number = open_request(&mut bridge, 1);
    let handle = bridge.in_flight.get(number).unwrap().handle.clone();
    bridge.fail(number, &Failure::internal());
    assert!(handle.is_settled());
    assert_eq!(told(&mut bridge, &mut end).await["id"], 1);
}

/// E-24: only lists lose something, and only what is hidden.
#[tokio::test]
async fn an_open_offer_cuts_nothing_and_edits_of_a_list_are_those_of_the_offer() {
    let (mut bridge, mut end) = bridge();
    let tools = answer(r#"{"tools":[{"name":"secret_b"}]}"#);
    let edit: Edit = (tools.outcome_range().unwrap(), r#"{"b":2}"#.to_owned().into());
    let hidden = request(&bridge, 1, "tools/list", None);
    bridge.reply_answer(hidden, &tools, std::slice::from_ref(&edit));
    let line = told(&mut bridge, &mut end).await;
    assert_eq!(line["result"], serde_json::json!({ "tools": [] }));
    bridge.offer = OfferFilter::default();
    let edited = request(&bridge, 2, "tools/list", None);
    bridge.reply_answer(edited, &tools, &[edit]);
    let line = told(&mut bridge, &mut end).await;
    assert_eq!(line["result"], serde_json::json!({ "b": 2 }));
}

/// T-17
#[tokio::test]
async fn a_dropped_request_is_answered_with_an_internal_error() {
    let (mut bridge, mut end) = bridge();
    drop(request(&bridge, 4, "x", None));
    assert_eq!(bridge.answer_dropped(), 1);
    let line = told(&mut bridge, &mut end).await;
    assert_eq!((&line["id"], &line["error"]["code"]), (&4.into(), &(-32603).into()));
    assert_eq!(bridge.answer_dropped(), 0);
}
