//! E-43 and E-44: listens in front of subscriptions.

use super::*;

const TOOLS: &str = "notifications/tools/list_changed";
const UPDATED: &str = "notifications/resources/updated";

fn server() -> Value {
    json!({
        "tools": { "listChanged": true }, "prompts": {},
        "resources": { "subscribe": true, "listChanged": true },
    })
}

fn pushing() -> Script {
    let mut script = Script::open(server());
    script.work(|host, cx| host.note_pushes(true, cx));
    script
}

fn listen(script: &mut Script, id: impl Into<Value>, filter: Value) {
    script.request(id, "subscriptions/listen", json!({ "notifications": filter }));
}

fn acknowledged(script: &mut Script, id: impl Into<Value>) -> Value {
    let line = script.said_one();
    assert_eq!(line["method"], "notifications/subscriptions/acknowledged", "{line:#}");
    let id: Value = id.into();
    assert_eq!(line["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], id);
    line["params"]["notifications"].clone()
}

/// E-43: the wire of the requirement's example
#[test]
fn what_works_is_acknowledged_first_and_changes_follow_under_the_id_of_the_listen() {
    let mut script = pushing();
    let filter =
        json!({ "toolsListChanged": true, "resourceSubscriptions": ["file:///a", "file:///b"] });
    listen(&mut script, "L1", filter);
    let (a, b) = (script.sent_one("resources/subscribe"), script.sent_one("resources/subscribe"));
    assert_eq!(
        (&a["params"]["uri"], &b["params"]["uri"]),
        (&json!("file:///a"), &json!("file:///b"))
    );
    script.result(&a, json!({}));
    script.nothing_more();
    script.error(&b, json!({ "code": -32602, "message": "no" }));
    let expected = json!({ "toolsListChanged": true, "resourceSubscriptions": ["file:///a"] });
    assert_eq!(acknowledged(&mut script, "L1"), expected);
    script.notify(UPDATED, json!({ "uri": "file:///a" }), None);
    let expected = json!({
        "jsonrpc": "2.0", "method": UPDATED,
        "params": { "uri": "file:///a",
            "_meta": { "io.modelcontextprotocol/subscriptionId": "L1" } },
    });
    assert_eq!(script.said_one(), expected);
    script.cancel("L1");
    let ended = script.sent_one("resources/unsubscribe");
    assert_eq!(ended["params"]["uri"], "file:///a");
    script.nothing_more();
    script.notify(TOOLS, json!({}), None);
    script.nothing_more();
}

/// E-44: the filter matrix
#[test]
fn nothing_is_delivered_that_was_not_asked_for() {
    let methods = [
        ("toolsListChanged", TOOLS),
        ("resourcesListChanged", "notifications/resources/list_changed"),
        ("promptsListChanged", "notifications/prompts/list_changed"),
    ];
    for (wanted, own) in methods {
        let mut script = pushing();
        listen(&mut script, 1, json!({ wanted: true }));
        // The server announces no change of prompts: that is not acknowledged.
        let works = wanted != "promptsListChanged";
        let expected = if works { json!({ wanted: true }) } else { json!({}) };
        assert_eq!(acknowledged(&mut script, 1), expected);
        for (_, method) in methods {
            script.bring(json!({ "jsonrpc": "2.0", "method": method }), None);
            let said = script.said();
            assert_eq!(said.len(), usize::from(works && method == own), "{wanted} {method}");
        }
        script.notify(UPDATED, json!({ "uri": "file:///a" }), None);
        script.nothing_more();
    }
}

/// E-43
#[test]
fn two_listens_get_their_own_copies_and_share_a_subscription() {
    let mut script = pushing();
    let filter = json!({ "resourceSubscriptions": ["file:///a"] });
    listen(&mut script, 1, filter.clone());
    let subscribe = script.sent_one("resources/subscribe");
    listen(&mut script, "1", filter);
    script.nothing_more();
    script.result(&subscribe, json!({}));
    assert_eq!(script.said().len(), 2);
    script.notify(UPDATED, json!({ "uri": "file:///a", "_meta": { "x": 1 } }), None);
    let said = script.said();
    let tags: Vec<_> = said
        .iter()
        .map(|line| &line["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"])
        .collect();
    assert_eq!(tags, [&json!(1), &json!("1")]);
    assert_eq!(said[0]["params"]["_meta"]["x"], 1);
    script.cancel(1);
    script.nothing_more();
    script.cancel("1");
    script.sent_one("resources/unsubscribe");
}

/// E-43: anything earlier is kept back until the acknowledgement
#[test]
fn changes_before_the_acknowledgement_follow_it() {
    let mut script = pushing();
    listen(
        &mut script,
        1,
        json!({ "toolsListChanged": true, "resourceSubscriptions": ["file:///a"] }),
    );
    let subscribe = script.sent_one("resources/subscribe");
    script.notify(TOOLS, json!({}), None);
    script.notify(TOOLS, json!({}), None);
    script.notify(UPDATED, json!({ "uri": "file:///a/part" }), None);
    script.notify(UPDATED, json!({ "uri": "file:///ab" }), None);
    script.nothing_more();
    script.result(&subscribe, json!({}));
    let methods: Vec<_> = script.said().iter().map(|line| line["method"].clone()).collect();
    assert_eq!(methods, ["notifications/subscriptions/acknowledged", TOOLS, UPDATED]);
}

/// S-12: what comes before the acknowledgement is kept up to a limit
#[test]
fn notifications_that_wait_for_an_acknowledgement_are_bounded() {
    let mut script = pushing();
    listen(&mut script, 1, json!({ "resourceSubscriptions": ["file:///a"] }));
    let subscribe = script.sent_one("resources/subscribe");
    for number in 0..300 {
        script.notify(UPDATED, json!({ "uri": format!("file:///a/{number}") }), None);
    }
    script.result(&subscribe, json!({}));
    assert_eq!(script.said().len(), 1 + 256, "the acknowledgement and what was kept");
    script.notify(UPDATED, json!({ "uri": "file:///a/later" }), None);
    assert_eq!(script.said_one()["params"]["uri"], "file:///a/later");
}

/// E-43: what cannot be pushed is not acknowledged
#[test]
fn a_server_without_a_stream_to_push_on_acknowledges_nothing() {
    let mut script = Script::open(server());
    listen(&mut script, 1, json!({ "toolsListChanged": true }));
    script.nothing_more();
    script.work(|host, cx| host.note_pushes(false, cx));
    assert_eq!(acknowledged(&mut script, 1), json!({}));
}

/// E-43
#[test]
fn an_acknowledgement_does_not_wait_for_ever() {
    let mut script = Script::open(server());
    listen(&mut script, 1, json!({ "toolsListChanged": true, "resourceSubscriptions": ["a:"] }));
    let subscribe = script.sent_one("resources/subscribe");
    script.after(Duration::from_secs(3));
    assert_eq!(acknowledged(&mut script, 1), json!({ "toolsListChanged": true }));
    // Too late: nobody uses it.
    script.result(&subscribe, json!({}));
    script.sent_one("resources/unsubscribe");
}

/// E-43
#[test]
fn a_subscription_that_is_ending_is_made_anew_for_who_comes_late() {
    let mut script = pushing();
    let filter = json!({ "resourceSubscriptions": ["a:"] });
    listen(&mut script, 1, filter.clone());
    let subscribe = script.sent_one("resources/subscribe");
    script.result(&subscribe, json!({}));
    script.said();
    script.cancel(1);
    let unsubscribe = script.sent_one("resources/unsubscribe");
    listen(&mut script, 2, filter);
    script.nothing_more();
    script.result(&unsubscribe, json!({}));
    let subscribe = script.sent_one("resources/subscribe");
    script.result(&subscribe, json!({}));
    assert_eq!(acknowledged(&mut script, 2), json!({ "resourceSubscriptions": ["a:"] }));
}

/// E-14
#[test]
fn a_second_session_is_subscribed_again() {
    let mut script = Script::new();
    let params = json!({ "notifications": { "resourceSubscriptions": ["a:"] } });
    script.request_with(1, "subscriptions/listen", params, json!({}), json!({}));
    script.answer_initialize(server());
    let subscribe = script.sent_one("resources/subscribe");
    script.result(&subscribe, json!({}));
    script.work(|host, cx| host.note_pushes(true, cx));
    script.call(2, "echo");
    script.answer_initialize(server());
    assert_eq!(script.sent_one("resources/subscribe")["params"]["uri"], "a:");
    script.sent_one("tools/call");
}

#[test]
fn a_filter_of_another_shape_is_refused() {
    let mut script = pushing();
    for filter in
        [json!(7), json!({ "toolsListChanged": 1 }), json!({ "resourceSubscriptions": "a" })]
    {
        listen(&mut script, 1, filter.clone());
        assert_eq!(script.said_one()["error"]["code"], -32602, "{filter}");
    }
    script.request(1, "subscriptions/listen", json!({}));
    assert_eq!(script.said_one()["error"]["code"], -32602);
    script.nothing_more();
}
