//! Each fault of the mock does on the wire what its line in the list says.

use std::io::Read;
use std::time::{Duration, Instant};

use mcp_tether_mock::{ExchangeEnd, Fault, RecordedRequest};
use reqwest::Method;
use serde_json::{Value, json};

use crate::raw_host::{
    Event, Events, LONG, RawHost, call, initialize, json_of, lab, parsed, request,
};
use crate::support::sources;

const ADD: &str = "method=tools/call";

/// Returns a lab with an open session of the newest legacy revision, then with this fault.
async fn faulty(fault: &str) -> RawHost {
    let mut host = lab(&[]);
    host.open("2025-11-25").await;
    host.mock.set_faults(parsed(&[fault]));
    host
}

fn add() -> Value {
    call(5, "add", json!({ "a": 2, "b": 2 }))
}

async fn text_of(host: &RawHost, body: &Value) -> String {
    host.post(body).await.text().await.unwrap()
}

fn ended(ending: ExchangeEnd) -> impl Fn(&[RecordedRequest]) -> bool {
    move |all| all.iter().any(|request| request.ending == ending)
}

/// Returns the answer to a call that a host sees while this fault is in force.
async fn seen(fault: Option<&str>) -> String {
    let mut host = lab(&[]);
    host.open("2025-11-25").await;
    host.mock.set_faults(parsed(fault.as_slice()));
    let patience = if fault.is_some() { Duration::from_millis(500) } else { LONG };
    let url = host.mock.url();
    let post = host.builder(Method::POST, url.as_str()).timeout(patience).body(add().to_string());
    let mut response = match post.send().await {
        Ok(response) => response,
        Err(error) => return format!("no answer, by the limit of time: {}", error.is_timeout()),
    };
    let mut head = response.headers().clone();
    for changing in ["date", "mcp-session-id"] {
        head.remove(changing);
    }
    let mut out = format!("{} {head:?}\n", response.status());
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => out += &format!("{chunk:?}"),
            Ok(None) => return out,
            Err(error) => return format!("{out}\nbroke off, by the limit: {}", error.is_timeout()),
        }
    }
}

/// A new fault needs a case of its own only if the answer to a call does not show it.
#[tokio::test]
async fn every_fault_of_the_list_changes_the_answer_to_a_call_or_has_a_case() {
    let unchanged = seen(None).await;
    assert_eq!(seen(None).await, unchanged, "the answer must not change by itself");
    let faults = Fault::all();
    let seen = faults.iter().map(async |fault| seen(Some(fault.example)).await);
    let seen = futures_util::future::join_all(seen).await;
    let tests = sources::files(&["tests/it"], &[".rs"]);
    let has_case = |name: &str| {
        let spellings = [":", "=", "\""].map(|end| format!("\"{name}{end}"));
        tests.iter().any(|file| spellings.iter().any(|spelling| file.text.contains(spelling)))
    };
    let unseen = faults.iter().zip(&seen).filter(|(_, seen)| **seen == unchanged);
    let without: Vec<_> =
        unseen.map(|(fault, _)| fault.name).filter(|name| !has_case(name)).collect();
    assert!(without.is_empty(), "no answer shows these faults, and they have no case: {without:?}");
}

/// T-24, T-28
#[tokio::test]
async fn statuses_come_with_and_without_bodies_ids_and_retry_after() {
    for (body, expected) in [
        (
            "error",
            json!({ "jsonrpc": "2.0", "id": 5,
            "error": { "code": -32000, "message": "a fault was asked for" } }),
        ),
        (
            "no-id",
            json!({ "jsonrpc": "2.0",
            "error": { "code": -32000, "message": "a fault was asked for" } }),
        ),
        (
            "null-id",
            json!({ "jsonrpc": "2.0", "id": null,
            "error": { "code": -32000, "message": "a fault was asked for" } }),
        ),
        ("json", json!({ "error": "a fault was asked for" })),
    ] {
        let host = faulty(&format!("status=503:retry-after=1:times=1:body={body}:{ADD}")).await;
        let response = host.post(&add()).await;
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(json_of(response).await, expected, "{body}");
        assert_eq!(host.post(&add()).await.status(), 200, "only once");
    }
    let host = faulty("status=502:body=html").await;
    let response = host.post(&add()).await;
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(response.headers().get("retry-after").is_none());
    let host = faulty("status=500").await;
    assert_eq!(text_of(&host, &add()).await, "");
}

#[tokio::test]
async fn every_status_can_be_asked_for_and_401_challenges() {
    for status in
        [400, 401, 403, 404, 405, 406, 413, 415, 422, 429, 431, 500, 501, 502, 503, 200, 204]
    {
        let host = faulty(&format!("status={status}")).await;
        let response = host.post(&add()).await;
        assert_eq!(response.status(), status);
        let challenged = response.headers().contains_key("www-authenticate");
        assert_eq!(challenged, status == 401);
    }
    let host = faulty("status=401:challenge=none").await;
    assert!(!host.post(&add()).await.headers().contains_key("www-authenticate"));
    let host = faulty("status=403:challenge=Bearer error=\"insufficient_scope\"").await;
    let header = host.post(&add()).await.headers()["www-authenticate"].clone();
    assert_eq!(header, "Bearer error=\"insufficient_scope\"");
}

/// T-22, T-34
#[tokio::test]
async fn notifications_and_get_streams_can_be_refused_alone() {
    let host = faulty("status=400:method=notifications/*").await;
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(host.post(&note).await.status(), 400);
    assert_eq!(host.post(&add()).await.status(), 200);
    let host = faulty("status=405:http=GET").await;
    assert_eq!(host.get().await.status(), 405);
    assert_eq!(host.post(&add()).await.status(), 200);
}

/// T-25
#[tokio::test]
async fn redirects_lead_elsewhere_or_once_to_the_same_place() {
    for code in [301, 302, 303, 307, 308] {
        let host = faulty(&format!("redirect={code}")).await;
        let response = host.post(&add()).await;
        assert_eq!(response.status(), code);
        let target = response.headers()["location"].to_str().unwrap();
        assert_eq!(target, "/mcp?redirected=1");
        let url = host.mock.url().join(target).unwrap();
        let post = host.builder(Method::POST, url.as_str()).body(add().to_string());
        assert_eq!(post.send().await.unwrap().status(), 200);
    }
    let host = faulty("redirect=307:to=http://localhost:9/x:times=1").await;
    assert_eq!(host.post(&add()).await.headers()["location"], "http://localhost:9/x");
}

/// T-26
#[tokio::test]
async fn a_silent_remote_accepts_the_request_and_sends_nothing() {
    let host = faulty(&format!("silent:{ADD}")).await;
    let url = host.mock.url();
    let short = Duration::from_millis(50);
    let post = host.builder(Method::POST, url.as_str()).timeout(short).body(add().to_string());
    assert!(post.send().await.unwrap_err().is_timeout());
    assert!(host.mock.recorder().wait_until(ended(ExchangeEnd::Disconnected), LONG).await);

    let host = faulty(&format!("silent=body:{ADD}")).await;
    let response = host.post(&add()).await;
    assert_eq!(response.status(), 200);
    let mut events = Events::of(response);
    assert!(tokio::time::timeout(short, events.next_block()).await.is_err());
}

#[tokio::test]
async fn delays_apply_to_the_head_or_to_each_event() {
    for fault in ["delay=60", "event-delay=60"] {
        let host = faulty(fault).await;
        let start = Instant::now();
        host.post(&call(1, "log", json!({ "level": "error" }))).await.text().await.unwrap();
        assert!(start.elapsed() >= Duration::from_millis(60), "{fault}");
    }
}

#[tokio::test]
async fn the_connection_is_cut_at_the_chosen_point() {
    for (point, answered, acted) in [
        ("before-work", false, 0),
        ("before-headers", false, 1),
        ("mid-body", true, 1),
        ("after-headers", true, 1),
        ("after-first-event", true, 1),
        ("mid-event", true, 1),
        ("before-response", true, 1),
    ] {
        let host = faulty(&format!("disconnect={point}:tool=act")).await;
        let response = host.try_post(&call(1, "act", json!({}))).await;
        assert_eq!(response.is_ok(), answered, "{point}");
        if let Ok(response) = response {
            assert!(response.bytes().await.is_err(), "{point}");
        }
        assert!(host.mock.recorder().wait_until(ended(ExchangeEnd::Cut), LONG).await, "{point}");
        let count = host.call("count", json!({})).await;
        assert_eq!(count["structuredContent"]["acts"], acted, "{point}");
    }
}

#[tokio::test]
async fn messages_arrive_before_a_cut_and_half_an_event_stays_half() {
    let log = call(1, "log", json!({ "level": "error" }));
    let seen = async |point: &str| {
        let host = faulty(&format!("disconnect={point}:{ADD}")).await;
        let mut events = Events::of(host.post(&log).await);
        let mut seen = 0;
        while events.next().await.is_some() {
            seen += 1;
        }
        (seen, events.broke_off)
    };
    assert_eq!(seen("after-headers").await, (0, true));
    assert_eq!(seen("mid-event").await, (0, true));
    assert_eq!(seen("after-first-event").await, (1, true));
    assert_eq!(seen("before-response").await, (1, true));
    assert_eq!(seen("end").await, (1, false));
}

/// T-36
#[tokio::test]
async fn a_broken_stream_is_resumed_with_the_missed_events() {
    for point in ["mid-event", "before-response", "end", "after-first-event"] {
        let mut host = faulty(&format!("disconnect={point}:{ADD}")).await;
        let mut events = Events::of(host.post(&call(9, "log", json!({ "level": "error" }))).await);
        let mut last = events.next_block().await.unwrap().id.unwrap();
        let mut seen = 0;
        while let Some(event) = events.next().await {
            last = event.id.unwrap();
            seen += 1;
        }
        host.set("last-event-id", &last);
        let rest = Events::of(host.get().await).all().await;
        assert_eq!(rest.len() + seen, 2, "{point}");
        assert_eq!(rest.last().unwrap().json()["id"], 9, "{point}");
    }
}

/// T-36, SEP-1699
#[tokio::test]
async fn a_polled_stream_ends_after_its_first_id_and_is_read_on_by_get() {
    let mut host = lab(&[]);
    host.open("2025-11-25").await;
    host.mock.set_faults(parsed(&["poll=40:method=tools/call", "poll=30:http=GET:times=1"]));
    let mut events = Events::of(host.post(&add()).await);
    let first = events.next_block().await.unwrap();
    assert_eq!((first.retry.as_deref(), first.data.as_str()), (Some("40"), ""));
    assert_eq!(events.next_block().await, None);
    assert!(!events.broke_off);
    host.set("last-event-id", &first.id.unwrap());
    let mut events = Events::of(host.get().await);
    let second = events.next_block().await.unwrap();
    assert_eq!(second.retry.as_deref(), Some("30"));
    assert_eq!(events.next().await, None);
    host.set("last-event-id", &second.id.unwrap());
    let rest = Events::of(host.get().await).all().await;
    assert_eq!(rest[0].json()["result"]["structuredContent"], json!({ "sum": 4 }));
}

/// T-21
#[tokio::test]
async fn the_form_is_chosen_per_method() {
    let host = faulty("answer=sse:method=tools/list").await;
    let kind = async |body: &Value| {
        host.post(body).await.headers()["content-type"].to_str().unwrap().to_owned()
    };
    assert_eq!(kind(&request(1, "tools/list", json!({}))).await, "text/event-stream");
    assert_eq!(kind(&add()).await, "application/json");
    host.mock.set_faults(parsed(&["answer=json"]));
    let log = call(1, "log", json!({ "level": "error" }));
    assert_eq!(host.messages(host.post(&log).await).await.len(), 1);
}

/// T-21
#[tokio::test]
async fn types_and_bodies_can_be_wrong() {
    let host = faulty("content-type=Application/JSON; charset=utf-8").await;
    let response = host.post(&add()).await;
    assert_eq!(response.headers()["content-type"], "Application/JSON; charset=utf-8");
    let host = faulty("html").await;
    let response = host.post(&add()).await;
    assert_eq!(response.headers()["content-type"], "text/html");
    assert!(response.text().await.unwrap().contains("<p>sign in first</p>"));
    let host = faulty("empty-body").await;
    assert_eq!(text_of(&host, &add()).await, "");
    let host = faulty("truncated").await;
    let text = text_of(&host, &add()).await;
    assert!(serde_json::from_str::<Value>(&text).unwrap_err().is_eof(), "{text}");
    let host = faulty("invalid-utf8").await;
    let bytes = host.post(&add()).await.bytes().await.unwrap();
    assert!(std::str::from_utf8(&bytes).is_err());
    let host = faulty("oversize=100000").await;
    assert!(text_of(&host, &add()).await.len() > 100_000);
    let host = faulty("wrong-id").await;
    assert_eq!(host.ask(&add()).await["id"], "nobody-asked");
    let host = faulty("result-member=icons:value=[{\"src\":\"https://h/i\"}]").await;
    assert_eq!(host.ask(&add()).await["result"]["icons"][0]["src"], "https://h/i");
    let host = faulty("result-member=content").await;
    assert!(host.ask(&add()).await["result"].get("content").is_none());
}

#[tokio::test]
async fn an_answer_comes_twice_or_never_or_the_stream_stays_open() {
    let host = faulty("twice").await;
    let events = Events::of(host.post(&add()).await).all().await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].data, events[1].data);
    assert_ne!(events[0].id, events[1].id);
    let host = faulty("never").await;
    assert!(Events::of(host.post(&add()).await).all().await.is_empty());
    let host = faulty("stay-open").await;
    let mut events = Events::of(host.post(&add()).await);
    assert!(events.next().await.is_some());
    let more = tokio::time::timeout(Duration::from_millis(50), events.next()).await;
    assert!(more.is_err(), "{more:?}");
}

/// T-37
#[tokio::test]
async fn an_event_is_duplicated_with_its_id() {
    let mut host = lab(&["duplicate", "answer=sse"]);
    host.open("2025-06-18").await;
    let events = Events::of(host.post(&add()).await).all().await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0], events[1]);
    assert!(events[0].id.is_some());
    host.mock.set_faults(parsed(&["no-ids", "answer=sse"]));
    let events = Events::of(host.post(&add()).await).all().await;
    assert_eq!(events[0].id, None);
}

/// T-01, T-23
#[tokio::test]
async fn streams_are_laid_out_in_every_legal_way() {
    let text = async |faults: &[&str]| {
        let mut host = lab(&["answer=sse"]);
        host.open("2025-06-18").await;
        let all: Vec<&str> = ["answer=sse"].iter().chain(faults).copied().collect();
        host.mock.set_faults(parsed(&all));
        text_of(&host, &request(1, "ping", json!({}))).await
    };
    let plain = "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n";
    assert_eq!(text(&["no-ids"]).await, plain);
    assert_eq!(text(&["no-ids", "line-ending=cr"]).await, plain.replace('\n', "\r"));
    assert_eq!(text(&["no-ids", "line-ending=crlf"]).await, plain.replace('\n', "\r\n"));
    assert_eq!(text(&["no-ids", "bom"]).await, format!("\u{feff}{plain}"));
    assert_eq!(text(&["no-ids", "chunk=1"]).await, plain);
    assert_eq!(text(&["no-ids", "retry=9"]).await, format!("retry: 9\n\n{plain}"));
    assert!(text(&["no-ids", "pretty"]).await.contains("data: {\ndata:   \"id\": 1,\ndata: "));
    assert!(text(&["no-ids", "comments"]).await.starts_with(": welcome\n\n: keep-alive\n"));
    assert!(text(&["no-ids", "noise"]).await.starts_with("event: weather\ndata: rain\n\n"));
    assert!(text(&["dataless"]).await.starts_with("id: 2-1\n\nevent: message\n"));
}

#[tokio::test]
async fn bodies_travel_in_chunks_of_one_byte() {
    let host = faulty("chunk=1").await;
    let mut response = host.post(&add()).await;
    let mut pieces = 0;
    while response.chunk().await.unwrap().is_some() {
        pieces += 1;
    }
    assert!(pieces > 20, "{pieces}");
}

/// T-01
#[tokio::test]
async fn json_bodies_can_be_indented() {
    let host = faulty("pretty").await;
    let text = text_of(&host, &add()).await;
    assert!(text.starts_with("{\n  "), "{text}");
}

/// T-29
#[tokio::test]
async fn a_compressed_stream_is_flushed_after_each_event() {
    let mut host = faulty("gzip").await;
    host.mock.set_faults(parsed(&["gzip"]));
    host.set("mcp-protocol-version", "2025-11-25");
    let mut response = host.get().await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    host.mock.push_notification("notifications/a", &Value::Null);
    let mut bytes = Vec::new();
    let mut text = Vec::new();
    while !String::from_utf8_lossy(&text).contains("notifications/a") {
        let chunk = tokio::time::timeout(LONG, response.chunk()).await.unwrap().unwrap().unwrap();
        bytes.extend_from_slice(&chunk);
        text.clear();
        // The stream is not over, so reading stops with an error after what was flushed.
        let _ = flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut text);
    }
    let response = host.post(&call(1, "log", json!({ "level": "error" }))).await;
    let bytes = response.bytes().await.unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    assert!(text.contains("logged"));
}

/// T-38
#[tokio::test]
async fn answers_travel_in_arrays_and_two_in_one() {
    let host = faulty("batch=1").await;
    assert_eq!(host.ask(&add()).await[0]["id"], 5);
    host.mock.set_faults(parsed(&["batch=2", "answer=sse"]));
    let mut first = Events::of(host.post(&request(1, "ping", json!({}))).await);
    first.next_block().await;
    let second = Events::of(host.post(&request(2, "ping", json!({}))).await).all().await;
    let array = second[0].json();
    assert_eq!((array[0]["id"].as_u64(), array[1]["id"].as_u64()), (Some(1), Some(2)));
    let more = tokio::time::timeout(Duration::from_millis(30), first.next()).await;
    assert!(more.is_err(), "the first stream stays open");
}

/// T-31, T-39
#[tokio::test]
async fn session_ids_can_be_absent_illegal_changing_or_lost_with_400() {
    let mut host = lab(&["session=none"]);
    host.open("2025-06-18").await;
    assert!(!host.headers.contains_key("mcp-session-id"));
    host.call("add", json!({ "a": 1, "b": 1 })).await;

    let host = lab(&["session=illegal"]);
    let response = host.post(&initialize("2025-06-18")).await;
    assert!(response.headers()["mcp-session-id"].as_bytes().iter().any(|b| !b.is_ascii_graphic()));

    let host = faulty("session=changing").await;
    let response = host.post(&add()).await;
    assert_eq!(response.headers()["mcp-session-id"], "another-session");
    assert_eq!(host.post(&add()).await.status(), 200, "the true id stays good");

    let host = faulty("session=400").await;
    host.mock.forget_sessions();
    let response = host.post(&add()).await;
    assert_eq!(response.status(), 400);
    assert!(response.text().await.unwrap().contains("session"));
}

/// T-32
#[tokio::test]
async fn sessions_are_forgotten_at_a_chosen_request() {
    let host = faulty("forget:method=tools/call:times=1").await;
    let mut events = Events::of(host.get().await);
    assert_eq!(host.post(&add()).await.status(), 404);
    assert_eq!(events.next().await, None);
    assert_eq!(host.post(&add()).await.status(), 404);
}

#[tokio::test]
async fn revisions_cookies_and_lenience_can_be_chosen() {
    let host = lab(&["negotiate=1999-01-01"]);
    let answer = host.ask(&initialize("2025-06-18")).await;
    assert_eq!(answer["result"]["protocolVersion"], "1999-01-01");

    let host = faulty("cookie").await;
    assert_eq!(host.post(&add()).await.headers()["set-cookie"], "lb=1; Path=/");

    let mut host = faulty("lenient").await;
    host.headers.remove("mcp-protocol-version");
    host.headers.remove("accept");
    assert_eq!(host.post(&add()).await.status(), 200);
}

#[tokio::test]
async fn the_host_is_asked_before_the_answer_on_either_stream() {
    for (what, method) in [
        ("ping", "ping"),
        ("roots", "roots/list"),
        ("sampling", "sampling/createMessage"),
        ("elicitation", "elicitation/create"),
    ] {
        let host = faulty(&format!("ask={what}:{ADD}")).await;
        let mut events = Events::of(host.post(&add()).await);
        let question = events.next().await.unwrap().json();
        assert_eq!(question["method"], method);
        let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": {} });
        host.post(&answer).await;
        assert_eq!(events.next().await.unwrap().json()["id"], 5);
    }
    let host = faulty(&format!("ask=roots:on=get:{ADD}")).await;
    let mut events = Events::of(host.get().await);
    let answers = async {
        let question = events.next().await.unwrap().json();
        let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": {} });
        host.post(&answer).await;
    };
    let body = add();
    let (answer, ()) = tokio::join!(host.ask(&body), answers);
    assert_eq!(answer["id"], 5);
}

/// E-38
#[tokio::test]
async fn a_remote_can_ask_for_the_roots_once_the_session_is_open() {
    let host = faulty("ask=roots:method=notifications/initialized").await;
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(host.post(&note).await.status(), 202);
    let mut events = Events::of(host.get().await);
    assert_eq!(events.next().await.unwrap().json()["method"], "roots/list");
    assert_eq!(host.post(&add()).await.status(), 200, "calls are not asked about");
}

#[tokio::test]
async fn the_standalone_stream_can_be_dropped_by_a_call() {
    let host = faulty("drop-stream:method=tools/call:times=1").await;
    let mut events = Events::of(host.get().await);
    host.post(&add()).await;
    assert_eq!(events.next().await, None);
    assert!(events.broke_off);
    let mut events = Events::of(host.get().await);
    host.post(&add()).await;
    host.mock.push_notification("notifications/a", &Value::Null);
    assert!(events.next().await.is_some());
}

#[tokio::test]
async fn heartbeats_fill_silence() {
    let host = faulty("heartbeat=5:http=GET").await;
    let mut events = Events::of(host.get().await);
    events.next_block().await;
    for _ in 0..3 {
        assert_eq!(events.next_block().await, Some(Event::default()));
    }
}

#[tokio::test]
async fn faults_can_be_read_and_changed_at_run_time() {
    let host = faulty("status=500:times=1").await;
    assert_eq!(host.mock.faults(), ["status=500:times=1".parse::<Fault>().unwrap()]);
    host.mock.set_faults(Vec::new());
    assert_eq!(host.post(&add()).await.status(), 200);
}

/// S-37 to S-42
#[tokio::test]
async fn an_answer_comes_among_thousands_of_other_items() {
    for (of, expected) in [
        ("members", "[1,1,1,{"),
        ("notes", "[{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"},"),
        ("noise", "data:x\n\ndata:x\n\ndata:x\n\nevent: message"),
        ("lines", "data:\ndata:\ndata:\n\nevent: message"),
        ("comments", ": x\n\n: x\n\n: x\n\nevent: message"),
        ("retries", "retry: 0\n\n"),
        ("ids", "id: 0xxx"),
        ("names", "event: xxx"),
        ("questions", "data: {\"id\":\"q0\",\"jsonrpc\":\"2.0\",\"method\":\"roots/list\""),
        ("prompts", "data: {\"id\":\"q0\",\"jsonrpc\":\"2.0\",\"method\":\"elicitation/create\""),
        ("pings", "data: {\"id\":\"q0\",\"jsonrpc\":\"2.0\",\"method\":\"ping\""),
        ("cancellations", "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\""),
        ("changes", "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\""),
        ("log-messages", "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\""),
        ("progress", "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\""),
        ("answers", "data: {\"id\":1000000,"),
        ("depth", "[[[]]]"),
    ] {
        let host = faulty(&format!("flood={of}:count=3")).await;
        let text = text_of(&host, &add()).await;
        assert!(text.contains(expected), "{of}: {text}");
        assert!(text.contains("\"id\":5"), "{of}: the answer is there too");
    }
    for (of, header) in [("cookies", "set-cookie"), ("headers", "x-2")] {
        let response = faulty(&format!("flood={of}:count=3")).await.post(&add()).await;
        assert!(response.headers().contains_key(header), "{of}");
    }
}
