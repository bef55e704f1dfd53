//! A session that is lost is opened again, or given up.

use super::*;

/// T-32
#[tokio::test]
async fn a_lost_session_is_opened_again_with_the_same_initialize_and_told_what_the_old_one_was() {
    let mut scene = Scene::ready().await;
    for (method, params) in
        [("logging/setLevel", r#"{"level":"info"}"#), ("resources/subscribe", r#"{"uri":"a"}"#)]
    {
        let request = scene.request(method, params);
        scene.bridge.slots[FIRST].lifecycle.remember(request.message());
        request.cancelled();
    }
    let old = scene.session();
    scene.bridge.session_lost(FIRST, old.generation);
    assert_eq!(scene.phase(), Phase::Reopening);
    assert_eq!(scene.bridge.slots[FIRST].timers.next(), None, "nothing of the old one is due");
    assert_eq!(scene.bridge.counters.reopened_so_far(), 1);
    assert_eq!(scene.asked().await, "POST - initialize");
    let new = scene.session();
    assert!(new.generation != old.generation && new.id.is_none());
    scene.bridge.session_lost(FIRST, old.generation);
    scene.bridge.session_lost(FIRST, new.generation);
    assert_eq!(scene.bridge.counters.reopened_so_far(), 1, "it is being opened already");
    scene.answer_initialize("s2");
    let Phase::Reconfirming(number) = scene.phase() else { panic!("{:?}", scene.phase()) };
    assert_eq!(scene.asked().await, "POST s2 notifications/initialized");
    let due = scene.bridge.slots[FIRST].timers.next().unwrap();
    assert!(scene.bridge.slots[FIRST].timers.confirm_is_due(due));
    scene.bridge.handle_confirmation(FIRST, number + 100);
    assert_eq!(scene.phase(), Phase::Reconfirming(number), "it was another exchange");
    scene.bridge.confirm_unanswered(FIRST);
    assert_eq!(scene.phase(), Phase::Ready);
    let mut asked = [scene.asked().await, scene.asked().await];
    asked.sort();
    assert_eq!(asked, ["POST s2 logging/setLevel", "POST s2 resources/subscribe"]);
    let told = scene.told_so_far().await;
    let expected = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
    assert_eq!(told, [expected], "only what the server announces");
}

/// T-32
#[tokio::test]
async fn the_first_confirmation_restores_and_announces_nothing() {
    let mut scene = Scene::opened().await;
    let level = scene.request("logging/setLevel", r#"{"level":"info"}"#);
    scene.bridge.slots[FIRST].lifecycle.remember(level.message());
    level.cancelled();
    scene.confirm().await;
    assert_eq!(scene.told_so_far().await, Vec::<Value>::new());
    let generation = scene.session().generation;
    assert!(scene.bridge.in_flight.numbers_in(generation).is_empty(), "nothing is restored");
}

/// T-32
#[tokio::test]
async fn a_server_that_forgets_every_session_is_given_up_and_tried_again_later() {
    let mut scene = Scene::ready().await;
    for count in 1..=3 {
        scene.bridge.session_lost(FIRST, scene.session().generation);
        assert_eq!(scene.phase(), Phase::Reopening, "{count}");
        assert_eq!(scene.asked().await, "POST - initialize");
        scene.answer_initialize("s1");
        assert_eq!(scene.asked().await, "POST s1 notifications/initialized");
        let Phase::Reconfirming(number) = scene.phase() else { panic!("{:?}", scene.phase()) };
        scene.bridge.handle_confirmation(FIRST, number);
    }
    let waiting = scene.request("tools/list", "{}");
    assert!(scene.bridge.slots[FIRST].lifecycle.hold(HeldMessage::Request(waiting)).is_none());
    let waiting = scene.number;
    scene.bridge.session_lost(FIRST, scene.session().generation);
    let slot = &scene.bridge.slots[FIRST];
    assert!(slot.lifecycle.is_lost() && slot.lifecycle.holds_nothing());
    assert!(slot.timers.next().is_some(), "a timer tries again");
    assert_eq!(ids(&scene.told_so_far().await), [waiting]);
    // The next request tries again, too.
    let next = scene.request("tools/list", "{}");
    scene.bridge.forward(FIRST, next);
    assert_eq!(scene.phase(), Phase::Reopening);
    scene.bridge.fail_all_slots(&lost());
}

/// T-40
#[tokio::test]
async fn a_session_that_is_lost_for_nothing_again_and_again_waits_for_the_host() {
    let mut scene = Scene::ready().await;
    let generation = scene.session().generation;
    for _ in 0..3 {
        assert_eq!(scene.bridge.slots[FIRST].timers.pause_after_loss(), None);
    }
    scene.bridge.session_lost_unasked(FIRST, generation + 1);
    assert_eq!(scene.phase(), Phase::Ready, "another session was lost");
    scene.bridge.session_lost_unasked(FIRST, generation);
    let slot = &mut scene.bridge.slots[FIRST];
    assert!(slot.lifecycle.is_lost() && slot.lifecycle.is_paused());
    let due = slot.timers.next().unwrap();
    assert!(slot.timers.reopen_is_due(due), "nothing else is due: {:?}", slot.timers.next());
    assert_eq!(slot.timers.next(), None);
    scene.bridge.reopen(FIRST);
    assert!(!scene.bridge.slots[FIRST].lifecycle.is_paused());
    assert_eq!(scene.asked().await, "POST - initialize");
}

/// T-40
#[tokio::test]
async fn a_session_that_somebody_waits_for_is_opened_again_at_once() {
    let mut scene = Scene::ready().await;
    for _ in 0..3 {
        assert_eq!(scene.bridge.slots[FIRST].timers.pause_after_loss(), None);
    }
    let waiting = scene.request("tools/list", "{}");
    assert!(scene.bridge.slots[FIRST].lifecycle.hold(HeldMessage::Request(waiting)).is_none());
    scene.bridge.session_lost_unasked(FIRST, scene.session().generation);
    assert_eq!(scene.phase(), Phase::Reopening);
    scene.bridge.fail_all_slots(&lost());
}

/// T-74
#[tokio::test]
async fn a_session_that_cannot_be_opened_again_fails_what_waits_for_it() {
    let mut scene = Scene::ready().await;
    scene.bridge.session_lost(FIRST, scene.session().generation);
    let waiting = scene.request("tools/list", "{}");
    let waiting_id = scene.number;
    scene.bridge.forward(FIRST, waiting);
    scene.bridge.reopen_failed(FIRST, &lost());
    assert_eq!(scene.phase(), Phase::Lost);
    assert!(scene.bridge.slots[FIRST].timers.next().is_some());
    assert_eq!(ids(&scene.told_so_far().await), [waiting_id]);
    assert!(!scene.bridge.slots[FIRST].lifecycle.is_paused());
}

/// T-32: without the host's `initialize` there is nothing to open again.
#[tokio::test]
async fn a_slot_that_was_never_opened_is_not_opened_again() {
    let mut scene = Scene::new().await;
    scene.bridge.reopen(FIRST);
    assert_eq!(scene.bridge.counters.reopened_so_far(), 0);
    assert!(scene.bridge.slots[FIRST].lifecycle.is_idle());
}

/// After an answer from the cache, the lists that the host was given are compared.
#[tokio::test]
async fn after_an_answer_from_the_cache_its_lists_are_asked_for_and_nothing_else_is_announced() {
    let mut scene = Scene::ready().await;
    let slot = &mut scene.bridge.slots[FIRST];
    slot.lifecycle.continue_in_background();
    slot.lifecycle.phase = Phase::Ready;
    slot.cache.answer_minimal([("tools/list", r#"{"tools":[]}"#.to_owned())]);
    scene.bridge.tell_changes(FIRST);
    assert_eq!(scene.asked().await, "POST s1 tools/list");
    let open = scene.bridge.in_flight.numbers_in(scene.session().generation);
    let compares = |number: &u64| {
        let open = scene.bridge.in_flight.get(*number);
        open.is_some_and(|open| matches!(open.purpose, Purpose::Compare(_)))
    };
    assert_eq!(open.iter().filter(|number| compares(number)).count(), 1);
    assert!(!scene.bridge.slots[FIRST].lifecycle.is_answered_early(), "that is over");
    assert_eq!(scene.told_so_far().await, Vec::<Value>::new());
    scene.bridge.tell_changes(FIRST);
    let told = scene.told_so_far().await;
    assert_eq!(told.len(), 1, "now all lists that the server announces: {told:?}");
}

/// T-32
#[tokio::test]
async fn a_session_is_lost_only_while_it_is_open() {
    let mut scene = Scene::ready().await;
    let generation = scene.session().generation;
    let open = |scene: &mut Scene, phase: Phase, generation: u32| {
        let before = scene.bridge.counters.reopened_so_far();
        scene.bridge.slots[FIRST].lifecycle.phase = phase;
        scene.bridge.slots[FIRST].lifecycle.losses = 0;
        scene.bridge.session_lost(FIRST, generation);
        scene.bridge.counters.reopened_so_far() > before
    };
    for phase in [Phase::Idle, Phase::Opening, Phase::Reopening, Phase::Lost] {
        assert!(!open(&mut scene, phase, generation), "{phase:?}");
    }
    assert!(!open(&mut scene, Phase::Ready, generation + 7));
    for phase in [Phase::Opened, Phase::Confirming(1), Phase::Ready, Phase::Reconfirming(1)] {
        let generation = scene.session().generation;
        assert!(open(&mut scene, phase, generation), "{phase:?}");
    }
}

/// T-32: what the first probe finds may lead back to whatever lost the session, so it waits.
#[tokio::test]
async fn the_first_probe_of_a_new_session_waits_until_the_event_is_dealt_with() {
    let mut scene = Scene::ready().await;
    let generation = scene.session().generation;
    scene.bridge.session_lost(FIRST, generation);
    assert_eq!(scene.phase(), Phase::Reopening);
    let number = scene.sent_again().unwrap();
    assert!(!scene.bridge.slots[FIRST].is_probing(number), "nothing is sent yet");
    scene.bridge.carry_out_effects();
    assert!(scene.bridge.slots[FIRST].is_probing(number));
    assert_eq!(scene.asked().await, "POST - initialize");
    scene.bridge.fail_all_slots(&lost());
}
