//! Another `initialize`, or a host of the other era, takes the place of a session.

use super::*;

/// E-08
#[tokio::test]
async fn the_same_initialize_gets_the_same_answer_now_or_later() {
    let mut scene = Scene::new().await;
    let params = r#"{"protocolVersion":"2025-06-18"}"#;
    let first = scene.request("initialize", params);
    scene.bridge.open_session(FIRST, first);
    assert_eq!(scene.asked().await, "POST - initialize");
    let early = scene.request("initialize", params);
    scene.bridge.initialize_again(FIRST, early);
    assert!(!scene.bridge.slots.hold_nothing(), "it waits for the first");
    scene.answer_initialize("s1");
    let mut told = [scene.told().await, scene.told().await];
    told.sort_by_key(|line| line["id"].as_u64());
    assert_eq!(ids(&told), [1, 2]);
    assert_eq!(told[0]["result"], told[1]["result"]);
    let late = scene.request("initialize", params);
    scene.bridge.initialize_again(FIRST, late);
    let line = scene.told().await;
    assert_eq!((&line["id"], &line["result"]), (&json!(3), &told[0]["result"]));
    assert_eq!(scene.phase(), Phase::Opened);
}

/// E-08: an error is not what later repetitions get.
#[tokio::test]
async fn a_refusal_is_not_remembered_as_an_answer() {
    let mut scene = Scene::new().await;
    let repetition = scene.request("initialize", "{}");
    scene.bridge.slots[FIRST].lifecycle.hold_repetition(repetition);
    let error = r#"{"jsonrpc":"2.0","id":9,"error":{"code":-32602,"message":"no"}}"#;
    let error = Message::parse(error.to_owned()).unwrap();
    scene.bridge.note_initialize_answer(FIRST, &error);
    assert_eq!(scene.told().await["error"]["code"], -32602);
    assert_eq!(scene.bridge.slots[FIRST].lifecycle.result(), None);
}

/// E-08, T-33
#[tokio::test]
async fn another_initialize_replaces_the_session_and_the_old_one_ends() {
    let mut scene = Scene::ready().await;
    let old = scene.session();
    let another = scene.request("initialize", r#"{"protocolVersion":"2024-11-05"}"#);
    scene.bridge.initialize_again(FIRST, another);
    let mut asked = [scene.asked().await, scene.asked().await];
    asked.sort();
    assert_eq!(asked, ["DELETE s1 -", "POST - initialize"]);
    let slot = &scene.bridge.slots[FIRST];
    assert!(slot.session.generation != old.generation && slot.session.id.is_none());
    assert!(slot.lifecycle.result().is_none() && slot.lifecycle.first_number().is_some());
    assert!(slot.timers.next().is_none(), "nothing of the old one is due");
    assert!(scene.bridge.replaced.is_empty());
    scene.bridge.fail_all_slots(&lost());
}

/// T-33
#[tokio::test]
async fn a_session_in_use_ends_once_its_requests_have_ended() {
    let mut scene = Scene::ready().await;
    scene.bridge.end_replaced_sessions();
    let old = scene.session();
    let call = scene.request("tools/call", "{}");
    scene.bridge.forward(FIRST, call);
    assert_eq!(scene.asked().await, "POST s1 tools/call");
    let [number] = scene.bridge.in_flight.numbers_in(old.generation).try_into().unwrap();
    let another = scene.request("initialize", r#"{"protocolVersion":"2024-11-05"}"#);
    scene.bridge.initialize_again(FIRST, another);
    assert_eq!(scene.asked().await, "POST - initialize");
    scene.bridge.end_replaced_sessions();
    assert_eq!(scene.bridge.replaced.len(), 1, "the call goes on");
    scene.bridge.fail(number, &lost());
    scene.bridge.end_replaced_sessions();
    assert_eq!(scene.asked().await, "DELETE s1 -");
    assert!(scene.bridge.replaced.is_empty());
    scene.bridge.fail_all_slots(&lost());
}

/// E-08, S-12
#[tokio::test]
async fn another_initialize_before_the_first_is_answered_gets_a_slot_of_its_own() {
    let mut scene = Scene::new().await;
    assert_eq!(scene.bridge.slot_for_legacy_host(), FIRST);
    let first = scene.request("initialize", r#"{"a":0}"#);
    scene.bridge.open_session(FIRST, first);
    assert_eq!(scene.asked().await, "POST - initialize");
    for count in 1..16 {
        let another = scene.request("initialize", &format!(r#"{{"a":{count}}}"#));
        let slot = scene.bridge.slots.for_host();
        scene.bridge.initialize_again(slot, another);
        assert_eq!(scene.asked().await, "POST - initialize");
        assert_eq!(scene.bridge.slots.ids().count(), 1 + count);
    }
    let one_more = scene.request("initialize", r#"{"a":99}"#);
    let slot = scene.bridge.slots.for_host();
    scene.bridge.initialize_again(slot, one_more);
    let line = scene.told().await;
    assert_eq!((&line["id"], &line["error"]["code"]), (&json!(17), &json!(-32600)));
    scene.bridge.fail_all_slots(&lost());
}

/// T-74
#[tokio::test]
async fn replacing_a_session_of_http_sse_gives_up_what_came_on_its_stream() {
    let mut scene = Scene::ready().await;
    let transport = scene.http_sse();
    scene.bridge.slots[FIRST].remote.set_transport(transport);
    let call = scene.request("tools/call", "{}");
    let id = scene.number;
    scene.bridge.forward(FIRST, call);
    let another = scene.request("initialize", r#"{"protocolVersion":"2024-11-05"}"#);
    scene.bridge.initialize_again(FIRST, another);
    let line = scene.told().await;
    assert_eq!(line["id"], id);
    assert_eq!(line["error"]["data"]["bridge"]["kind"], "lost", "{line}");
    scene.bridge.fail_all_slots(&lost());
}

/// E-01: a host that only probed leaves a session behind, which ends.
#[tokio::test]
async fn the_session_of_a_probe_that_nobody_needs_ends() {
    let mut scene = Scene::ready().await;
    assert_eq!(scene.bridge.slot_for_new_adapter_session(), FIRST);
    assert!(scene.bridge.slots[FIRST].is_of_adapter());
    let old = scene.session();
    assert_eq!(scene.bridge.slot_for_legacy_host(), FIRST);
    assert_eq!(scene.asked().await, "DELETE s1 -");
    assert_ne!(scene.session().generation, old.generation);
    assert!(scene.bridge.slots[FIRST].lifecycle.is_idle());
}

/// E-01: what is still needed is not taken over.
#[tokio::test]
async fn a_probe_that_is_in_use_keeps_its_session() {
    type Use = fn(&mut Scene);
    let uses: [Use; 3] = [
        |scene| scene.bridge.slots[FIRST].lifecycle.phase = Phase::Reopening,
        |scene| {
            let call = scene.request("tools/call", "{}").by(Requester::Adapter);
            scene.bridge.forward(FIRST, call);
        },
        |scene| {
            let call = scene.request("tools/call", "{}").by(Requester::Adapter);
            scene.bridge.hold(FIRST, HeldMessage::Request(call));
        },
    ];
    for begin in uses {
        let mut scene = Scene::ready().await;
        assert_eq!(scene.bridge.slot_for_new_adapter_session(), FIRST);
        begin(&mut scene);
        assert_ne!(scene.bridge.slot_for_legacy_host(), FIRST);
        assert!(scene.bridge.slots[FIRST].is_of_adapter());
        assert!(!scene.bridge.slots.serve_only_the_adapter());
        for request in scene.bridge.slots[FIRST].lifecycle.release_requests() {
            request.cancelled();
        }
        for number in scene.bridge.in_flight.host_numbers() {
            let open = scene.bridge.in_flight.close(number).unwrap();
            if let Purpose::Host(request) = open.purpose {
                request.cancelled();
            }
        }
    }
}

/// T-34: nothing listens to a session that another one replaces.
#[tokio::test]
async fn a_session_that_is_left_is_not_listened_to_any_more() {
    type Leave = fn(&mut Scene);
    let ways: [Leave; 5] = [
        |scene| scene.bridge.session_lost(FIRST, scene.session().generation),
        |scene| {
            for _ in 0..3 {
                scene.bridge.slots[FIRST].timers.pause_after_loss();
            }
            scene.bridge.session_lost_unasked(FIRST, scene.session().generation);
            assert!(scene.bridge.slots[FIRST].lifecycle.is_paused());
        },
        |scene| {
            let another = scene.request("initialize", r#"{"protocolVersion":"2024-11-05"}"#);
            scene.bridge.initialize_again(FIRST, another);
        },
        |scene| {
            scene.bridge.slot_for_new_adapter_session();
            scene.bridge.slots[FIRST].timers.opened();
            let second = scene.bridge.slot_for_new_adapter_session();
            assert_ne!(second, FIRST);
            assert_eq!(scene.bridge.slots[FIRST].timers.next(), None, "it only finishes");
        },
        |scene| {
            scene.bridge.slot_for_new_adapter_session();
            assert_eq!(scene.bridge.slot_for_legacy_host(), FIRST);
        },
    ];
    for leave in ways {
        let mut scene = Scene::ready().await;
        scene.bridge.listen(FIRST);
        assert!(scene.bridge.slots[FIRST].remote.is_listening());
        leave(&mut scene);
        assert!(!scene.bridge.slots[FIRST].remote.is_listening());
        scene.bridge.fail_all_slots(&lost());
    }
}

/// E-08: what the host was given in the old session is not compared in the new one.
#[tokio::test]
async fn a_session_that_replaces_another_compares_nothing_of_it() {
    let mut scene = Scene::ready().await;
    let cache = &mut scene.bridge.slots[FIRST].cache;
    cache.answer_minimal([("tools/list", r#"{"tools":[]}"#.to_owned())]);
    let another = scene.request("initialize", r#"{"protocolVersion":"2024-11-05"}"#);
    scene.bridge.initialize_again(FIRST, another);
    let cache: &mut ResponseCache = &mut scene.bridge.slots[FIRST].cache;
    assert!(!cache.is_answering() && cache.finish().is_empty());
    scene.bridge.fail_all_slots(&lost());
}

/// E-01: a modern host that comes after the legacy one begins anew.
#[tokio::test]
async fn the_adapter_forgets_a_session_that_a_legacy_host_has_taken_over() {
    let mut scene = Scene::new().await;
    scene.discover();
    assert_eq!(scene.asked().await, "POST - initialize");
    scene.answer_initialize("s1");
    scene.bridge.carry_out_effects();
    assert!(scene.told().await["result"].is_object());
    assert_eq!(scene.asked().await, "POST s1 notifications/initialized");
    scene.bridge.confirm_unanswered(FIRST);
    assert_eq!(scene.bridge.slot_for_legacy_host(), FIRST);
    assert_eq!(scene.asked().await, "DELETE s1 -");
    scene.discover();
    assert_eq!(scene.asked().await, "POST - initialize");
    assert_eq!(scene.bridge.slots.ids().count(), 2);
    scene.bridge.fail_all_slots(&lost());
}
