//! A session is opened by `initialize` and confirmed by the host.

use super::*;

/// A cache for a server that may take seven seconds to answer.
fn slow_server(folder: &std::path::Path) -> CacheOptions {
    CacheOptions {
        folder: folder.to_owned(),
        key: "k".to_owned(),
        server: "s".to_owned(),
        answer_within: Duration::from_secs(7),
    }
}

/// T-07, T-30, T-31
#[tokio::test]
async fn an_answer_to_initialize_opens_the_session_that_it_names() {
    let mut scene = Scene::opened().await;
    let session = scene.session();
    assert_eq!(session.id.as_ref().unwrap(), "s1");
    assert_eq!(session.version.as_ref().unwrap(), "2025-03-26");
    assert_eq!(scene.phase(), Phase::Opened);
    let lifecycle = &scene.bridge.slots[FIRST].lifecycle;
    assert_eq!(lifecycle.version(), Some(ProtocolVersion::V2025_03_26));
    assert!(lifecycle.announces("tools") && lifecycle.result().unwrap().contains("serverInfo"));
    assert!(lifecycle.initialize().is_some() && lifecycle.session_id.is_none());
    let connected = scene.connected.try_recv().unwrap();
    assert_eq!(connected.revision, Some(ProtocolVersion::V2025_03_26));
    assert_eq!(connected.transport, Transport::StreamableHttp.name());
}

/// T-07
#[tokio::test]
async fn what_follows_initialize_waits_for_the_session_and_then_for_its_confirmation() {
    let mut scene = Scene::opening().await;
    let list = scene.request("tools/list", "{}");
    scene.bridge.forward(FIRST, list);
    let initialized = Message::notification(INITIALIZED, None);
    scene.bridge.hold(FIRST, HeldMessage::Notification(initialized, Requester::Host));
    let call = scene.request("tools/call", "{}");
    scene.bridge.forward(FIRST, call);
    let cancelled = Message::notification("notifications/x", None);
    scene.bridge.forward_notification(FIRST, cancelled);
    scene.answer_initialize("s1");
    assert_eq!(scene.told().await["id"], 1);
    let mut asked = [scene.asked().await, scene.asked().await];
    asked.sort();
    assert_eq!(asked, ["POST s1 notifications/initialized", "POST s1 tools/list"]);
    let Phase::Confirming(number) = scene.phase() else { panic!("{:?}", scene.phase()) };
    assert!(!scene.bridge.slots.hold_nothing(), "what follows waits");
    scene.bridge.handle_confirmation(FIRST, number + 100);
    assert!(!scene.bridge.slots[FIRST].lifecycle.is_ready(), "it was another exchange");
    scene.bridge.handle_confirmation(FIRST, number);
    assert!(scene.bridge.slots[FIRST].lifecycle.is_ready() && scene.bridge.slots.hold_nothing());
    let mut asked = [scene.asked().await, scene.asked().await];
    asked.sort();
    assert_eq!(asked, ["POST s1 notifications/x", "POST s1 tools/call"]);
    assert!(scene.bridge.slots[FIRST].timers.listen_now(), "listening is due");
    scene.bridge.fail_all_slots(&lost());
}

/// T-41
#[tokio::test]
async fn a_confirmation_that_is_not_accepted_in_time_is_done_without() {
    let mut scene = Scene::opened().await;
    scene.bridge.confirm_unanswered(FIRST);
    assert_eq!(scene.phase(), Phase::Opened, "there is nothing to confirm yet");
    scene.bridge.confirm_session(FIRST, &Message::notification(INITIALIZED, None));
    assert_eq!(scene.asked().await, "POST s1 notifications/initialized");
    let due = scene.bridge.slots[FIRST].next_timer().unwrap();
    assert!(due > Instant::now() + Duration::from_secs(1));
    assert!(scene.bridge.slots[FIRST].timers.confirm_is_due(due));
    scene.bridge.confirm_unanswered(FIRST);
    assert_eq!(scene.phase(), Phase::Ready);
}

/// T-07: a second `notifications/initialized` is a notification like any other.
#[tokio::test]
async fn a_session_is_confirmed_once() {
    let mut scene = Scene::opening().await;
    for _ in 0..2 {
        let initialized = Message::notification(INITIALIZED, None);
        scene.bridge.hold(FIRST, HeldMessage::Notification(initialized, Requester::Host));
    }
    scene.answer_initialize("s1");
    assert_eq!(scene.asked().await, "POST s1 notifications/initialized");
    let Phase::Confirming(number) = scene.phase() else { panic!("{:?}", scene.phase()) };
    scene.bridge.handle_confirmation(FIRST, number);
    assert_eq!(scene.asked().await, "POST s1 notifications/initialized");
    assert_eq!(scene.phase(), Phase::Ready, "the second one confirms nothing");
}

/// E-08, T-17
#[tokio::test]
async fn an_initialize_that_is_refused_leaves_nothing_open() {
    let mut scene = Scene::opening().await;
    scene.bridge.slots[FIRST].timers.answer_after(PATIENCE);
    let number = scene.bridge.slots[FIRST].lifecycle.first_number().unwrap();
    let error = r#"{"jsonrpc":"2.0","id":9,"error":{"code":-32602,"message":"no"}}"#;
    scene.bridge.handle_answer(number, &Message::parse(error.to_owned()).unwrap(), &[]);
    assert_eq!(scene.told().await["error"]["code"], -32602);
    let slot = &scene.bridge.slots[FIRST];
    assert!(slot.lifecycle.is_idle() && slot.lifecycle.result().is_none());
    assert!(slot.session.id.is_none() && slot.timers.next().is_none());
    assert!(scene.connected.try_recv().is_err(), "it is not connected");
}

/// T-80: only an exchange that is still awaited says how the remote was reached.
#[tokio::test]
async fn a_late_head_changes_nothing_and_that_of_a_further_probe_counts() {
    let mut scene = Scene::opening().await;
    let first = scene.bridge.slots[FIRST].lifecycle.first_number().unwrap();
    let id = || Some(HeaderValue::from_static("s1"));
    let http = || Transport::StreamableHttp;
    scene.bridge.note_opened(FIRST, first + 100, http(), id());
    let slot = &scene.bridge.slots[FIRST];
    assert!(slot.remote.transport().is_none() && slot.lifecycle.session_id.is_none());
    // The first probe is refused: the next one has an exchange of its own.
    let failure = Failure::new(FailureKind::Http, "HTTP 404").hint("check");
    let refusal = ProbeRefusal { status: Some(404), failure, answer: None };
    scene.bridge.handle_probe_end(FIRST, Outcome::Refused(Box::new(refusal)));
    assert!(!scene.bridge.slots[FIRST].is_probing(first));
    let second = (first..first + 10).find(|at| scene.bridge.slots[FIRST].is_probing(*at)).unwrap();
    assert!(scene.bridge.in_flight.get(second).is_none());
    scene.bridge.note_opened(FIRST, second, http(), id());
    let slot = &scene.bridge.slots[FIRST];
    assert!(slot.remote.transport().is_some());
    assert_eq!(slot.session_so_far().id.as_ref().unwrap(), "s1", "known before the answer");
    // The request itself is in flight under its own number, and no probe.
    scene.bridge.note_opened(FIRST, first, http(), None);
    assert!(scene.bridge.slots[FIRST].lifecycle.session_id.is_none());
    scene.bridge.fail_all_slots(&lost());
}

/// T-31
#[tokio::test]
async fn an_open_session_is_not_mixed_up_with_the_id_of_the_next_one() {
    let mut scene = Scene::opened().await;
    scene.bridge.slots[FIRST].lifecycle.session_id = Some(HeaderValue::from_static("s2"));
    assert_eq!(scene.bridge.slots[FIRST].session_so_far().id.as_ref().unwrap(), "s1");
}

/// E-02
#[tokio::test]
async fn a_host_that_waits_too_long_is_answered_from_the_cache_of_its_initialize() {
    let folder = tempfile::tempdir().unwrap();
    let cache = slow_server(folder.path());
    for (discovers, wait) in [(false, 7000), (true, 700)] {
        let mut scene = Scene::with(|options| options.cache = Some(cache.clone())).await;
        let by = if discovers { Requester::Adapter } else { Requester::Host };
        let initialize = scene.request("initialize", "{}").by(by);
        let begun = Instant::now();
        if discovers {
            scene.bridge.discover_is_asked();
        }
        scene.bridge.open_session(FIRST, initialize);
        let due = scene.bridge.slots[FIRST].timers.next().unwrap() - begun;
        let wait = Duration::from_millis(wait);
        assert!(due >= wait && due < wait + Duration::from_secs(5), "{due:?}");
        scene.bridge.fail_all_slots(&lost());
    }
}

/// E-02: a host that discovers for itself, or that waits for nothing, is not hurried.
#[tokio::test]
async fn only_a_discovery_shortens_the_wait_for_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let cache = slow_server(folder.path());
    for (asked, by) in [(true, Requester::Host), (false, Requester::Adapter)] {
        let mut scene = Scene::with(|options| options.cache = Some(cache.clone())).await;
        if asked {
            scene.bridge.discover_is_asked();
        }
        let initialize = scene.request("initialize", "{}").by(by);
        scene.bridge.open_session(FIRST, initialize);
        let due = scene.bridge.slots[FIRST].timers.next().unwrap();
        assert!(due > Instant::now() + Duration::from_secs(5));
        scene.bridge.fail_all_slots(&lost());
    }
}

/// T-32: the capabilities of one session are not those of the next.
#[tokio::test]
async fn what_a_new_session_declares_replaces_what_the_old_one_declared() {
    let mut scene = Scene::ready().await;
    let text = r#"{"prompts":{"listChanged":true}}"#;
    scene.bridge.slots[FIRST].lifecycle.capabilities =
        Capabilities(serde_json::from_str(text).unwrap());
    scene.bridge.handle_initialize_answer(FIRST, &answer());
    let lifecycle = &scene.bridge.slots[FIRST].lifecycle;
    assert!(lifecycle.announces("tools") && !lifecycle.announces("prompts"));
    let unreadable = Message::parse(r#"{"jsonrpc":"2.0","id":9,"result":7}"#.to_owned()).unwrap();
    scene.bridge.handle_initialize_answer(FIRST, &unreadable);
    assert!(!scene.bridge.slots[FIRST].lifecycle.announces("tools"));
}

/// T-26
#[tokio::test]
async fn a_post_says_whether_it_is_urgent_and_whether_it_may_be_repeated() {
    let scene = Scene::ready().await;
    let post = scene.bridge.slots[FIRST].compose_post(7, Default::default(), &list());
    assert!(post.is_request && post.repeatable && !post.urgent && !post.stays_open);
    let listen = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#, methods::LISTEN);
    let listen = Message::parse(listen).unwrap();
    let post = scene.bridge.slots[FIRST].compose_post(8, Default::default(), &listen);
    assert!(post.urgent && post.stays_open && post.handle.remote_id(8) == 8);
    let bare = scene.bridge.slots[FIRST].compose_bare_post(9, Default::default());
    assert!(!bare.is_request && bare.urgent && bare.repeatable && !bare.stays_open);
    assert_eq!(bare.session.id.as_ref().unwrap(), "s1");
}

/// T-70: how the server is reached is told once, and that the old transport may go away.
#[tokio::test]
async fn how_the_server_is_reached_is_logged_once() {
    let mut scene = Scene::new().await;
    let initialize = scene.request("initialize", "{}");
    scene.bridge.open_session(FIRST, initialize);
    let number = scene.bridge.slots[FIRST].lifecycle.first_number().unwrap();
    let http = Transport::StreamableHttp;
    let first = logged(|| scene.bridge.note_opened(FIRST, number, http, None));
    assert!(first.contains("connected") && !first.contains("deprecated"), "{first}");
    let stream = scene.http_sse();
    let again = logged(|| scene.bridge.note_opened(FIRST, number, stream, None));
    assert!(again.is_empty(), "{again}");
    scene.bridge.fail_all_slots(&lost());
    let mut scene = Scene::new().await;
    let initialize = scene.request("initialize", "{}");
    scene.bridge.open_session(FIRST, initialize);
    let number = scene.bridge.slots[FIRST].lifecycle.first_number().unwrap();
    let stream = scene.http_sse();
    let old = logged(|| scene.bridge.note_opened(FIRST, number, stream, None));
    assert!(old.contains("connected") && old.contains("deprecated"), "{old}");
    scene.bridge.fail_all_slots(&lost());
}

/// E-07
#[tokio::test]
async fn a_user_is_told_once_that_eras_are_joined() {
    let mut scene = Scene::new().await;
    let mut open = || logged(|| assert_eq!(scene.bridge.slot_for_new_adapter_session(), FIRST));
    let first = open();
    assert!(first.contains("2026-07-28") && first.contains("translating"), "{first}");
    let again = open();
    assert!(again.is_empty(), "{again}");
}

/// T-07: only the host's own confirmation confirms a session.
#[tokio::test]
async fn another_notification_of_the_host_confirms_nothing() {
    let mut scene = Scene::opening().await;
    scene.bridge.forward_notification(FIRST, Message::notification("notifications/x", None));
    scene.answer_initialize("s1");
    assert_eq!(scene.phase(), Phase::Opened);
    assert_eq!(scene.asked().await, "POST s1 notifications/x");
}

/// E-01: a modern server has no session; its adapter answers `initialize`.
#[tokio::test]
async fn a_modern_server_is_asked_through_its_adapter() {
    let mut scene = Scene::new().await;
    let discovered = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete",
        "supportedVersions":["2026-07-28"],"capabilities":{},
        "_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}}"#;
    let discovered = Message::parse(discovered.replace('\n', "")).unwrap();
    let options = scene.bridge.adapter_options(FIRST);
    let remote = ModernRemote::new(&discovered, options).unwrap();
    scene.bridge.slots[FIRST].adapter.begin(remote);
    let generation = scene.session().generation;
    for id in [1, 2] {
        let params = format!(
            r#"{{"protocolVersion":"2025-06-18","capabilities":{{}},
            "clientInfo":{{"name":"h","version":"{id}"}}}}"#
        );
        let initialize = scene.request("initialize", &params.replace('\n', ""));
        if id == 1 {
            scene.bridge.open_session(FIRST, initialize);
        } else {
            scene.bridge.initialize_again(FIRST, initialize);
            assert!(scene.bridge.slots[FIRST].lifecycle.result().is_none(), "it begins anew");
        }
        scene.bridge.carry_out_effects();
        let line = scene.told().await;
        assert_eq!((&line["id"], line["result"].is_object()), (&json!(id), true), "{line}");
        assert!(scene.bridge.slots[FIRST].detection.is_none());
    }
    assert_eq!(scene.session().generation, generation, "it has no sessions");
}

/// T-32, E-10: what a modern host discovers is what the newest session declared.
#[tokio::test]
async fn a_modern_host_is_told_what_the_newest_session_declares() {
    let mut scene = Scene::new().await;
    scene.discover();
    assert_eq!(scene.asked().await, "POST - initialize");
    scene.answer_initialize("s1");
    scene.bridge.carry_out_effects();
    let line = scene.told().await;
    assert!(line["result"]["capabilities"]["tools"].is_object(), "{line}");
    let newer = r#"{"jsonrpc":"2.0","id":9,"result":{"protocolVersion":"2025-06-18",
        "capabilities":{"prompts":{}},"serverInfo":{"name":"s","version":"2"}}}"#;
    let newer = Message::parse(newer.replace('\n', "")).unwrap();
    scene.bridge.handle_initialize_answer(FIRST, &newer);
    scene.discover();
    let line = scene.told().await;
    assert!(line["result"]["capabilities"]["prompts"].is_object(), "{line}");
}

/// E-01: what a modern host asked while the era was unknown is translated for a legacy server.
#[tokio::test]
async fn what_a_modern_host_asked_is_translated_once_a_session_is_open() {
    let mut scene = Scene::opened().await;
    let list = of_modern_host(&mut scene, "tools/list");
    let id = list.id().clone();
    assert!(scene.bridge.slots[FIRST].lifecycle.hold(HeldMessage::Request(list)).is_none());
    scene.confirm().await;
    assert!(scene.bridge.modern_host.knows(&id), "its adapter has it");
    assert!(scene.bridge.slots.hold_nothing());
}
