//! Which answers are cached, under which name, and what is told when they differ.

use tokio::runtime::Runtime;

use super::*;
use crate::jsonrpc::RequestId;

const ID: RequestId = RequestId::Integer(1);

fn options(folder: &Path, key: &str) -> CacheOptions {
    CacheOptions {
        folder: folder.to_path_buf(),
        key: key.to_owned(),
        server: "https://mcp.example.com".to_owned(),
        answer_within: Duration::from_secs(2),
    }
}

fn cache(folder: &Path) -> ResponseCache {
    let mut cache = ResponseCache::new(Some(options(folder, "key")));
    cache.begin(&initialize("2025-06-18", "{}")).unwrap();
    cache
}

fn initialize(version: &str, capabilities: &str) -> Message {
    let params = format!(r#"{{"protocolVersion":"{version}","capabilities":{capabilities}}}"#);
    Message::request(&ID, methods::INITIALIZE, Some(&params))
}

fn list(method: &str, params: Option<&str>) -> Message {
    Message::request(&ID, method, params)
}

fn tools(params: Option<&str>) -> Message {
    list(methods::TOOLS_LIST, params)
}

fn answer(result: &str) -> Message {
    Message::result(&ID, result)
}

/// A runtime with one thread for files, so that they change in order.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap()
}

/// Runs `change`, which may write the file in the background, to its end.
fn changed(change: impl FnOnce()) {
    runtime().block_on(async {
        change();
        tokio::task::spawn_blocking(|| ()).await.unwrap();
    });
}

#[test]
fn what_makes_a_server_answer_differently_leads_to_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |key: &str, version: &str, capabilities: &str| {
        let mut cache = ResponseCache::new(Some(options(folder.path(), key)));
        let wait = cache.begin(&initialize(version, capabilities));
        assert_eq!(wait, Some(Duration::from_secs(2)));
        cache.file.unwrap()
    };
    let usual = file("key", "2025-06-18", "{}");
    assert_eq!(file("key", "2025-06-18", "{}"), usual);
    assert_eq!(usual.parent(), Some(folder.path()));
    for other in [
        file("other", "2025-06-18", "{}"),
        file("key", "2025-03-26", "{}"),
        file("key", "2025-06-18", r#"{"roots":{}}"#),
        // The parts are not simply joined.
        file("key2025", "-06-18", "{}"),
    ] {
        assert_ne!(other, usual);
    }
    assert_eq!(ResponseCache::default().begin(&initialize("a", "{}")), None);
    let bare = Message::request(&ID, methods::INITIALIZE, None);
    assert_eq!(ResponseCache::new(Some(options(folder.path(), "k"))).begin(&bare), None);
}

#[test]
fn the_host_is_answered_with_what_the_last_session_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = cache(folder.path());
    assert_eq!(first.answer_early(), None, "nothing is left yet");
    assert!(!first.is_answering());
    changed(|| {
        first.keep_initialize(r#"{"protocolVersion":"2025-06-18"}"#);
        first.keep_list(&tools(None), &answer(r#"{"tools":[ 1 ]}"#));
    });
    let mut next = cache(folder.path());
    assert_eq!(next.list(&tools(None)), None, "it has not begun to answer");
    let result = next.answer_early();
    assert_eq!(result.as_deref(), Some(r#"{"protocolVersion":"2025-06-18"}"#));
    assert!(next.is_answering() && !next.is_minimal());
    assert_eq!(
        next.list(&tools(None)).as_deref(),
        Some(r#"{"tools":[ 1 ]}"#),
        "as it was received"
    );
    assert_eq!(next.list(&tools(Some(r#"{"cursor":"2"}"#))), None, "only the first page is cached");
    assert_eq!(next.list(&list(methods::PROMPTS_LIST, None)), None);
    assert_eq!(next.finish().into_iter().collect::<Vec<_>>(), [methods::TOOLS_LIST]);
    assert!(next.finish().is_empty(), "each list is compared once");
    next.begin_again();
    assert!(!next.is_answering() && next.list(&tools(None)).is_none());
    let mut beside = next.beside();
    assert!(beside.is_on() && beside.answer_early().is_none(), "it has no file yet");
}

#[test]
fn a_list_that_differs_is_announced() {
    let folder = tempfile::tempdir().unwrap();
    let mut cache = cache(folder.path());
    let tool = (methods::TOOLS_LIST, r#"{"tools":[]}"#.to_owned());
    let broken = (methods::PROMPTS_LIST, "{".to_owned());
    cache.answer_minimal([tool, broken]);
    assert!(cache.is_minimal() && cache.is_answering());
    for (method, result, announced) in [
        (methods::TOOLS_LIST, r#"{"tools":[]}"#, None),
        (methods::TOOLS_LIST, r#"{"tools":[1]}"#, Some(methods::TOOLS_CHANGED)),
        (methods::PROMPTS_LIST, "{", Some(methods::PROMPTS_CHANGED)),
        (methods::RESOURCES_LIST, "{}", Some(methods::RESOURCES_CHANGED)),
        (methods::RESOURCE_TEMPLATES_LIST, "{}", Some(methods::RESOURCES_CHANGED)),
        ("tools/call", "{}", None),
    ] {
        assert_eq!(cache.compare(method, result), announced, "{method} {result}");
    }
    assert_eq!(cache.finish().len(), 2, "both are compared, whether the host asked or not");
    cache.begin_again();
    assert!(!cache.is_minimal() && cache.finish().is_empty());
}

#[test]
fn only_whole_lists_are_cached() {
    let folder = tempfile::tempdir().unwrap();
    let result = r#"{"tools":[]}"#;
    let cached = |request: &Message, result: &str| {
        let cache = cache(folder.path());
        changed(|| cache.keep_list(request, &answer(result)));
        let file = cache.file.as_deref().unwrap();
        let found = read(file).map(|answers| answers.lists.len());
        let _ = std::fs::remove_file(file);
        found.unwrap_or_default()
    };
    assert_eq!(cached(&tools(None), result), 1);
    assert_eq!(cached(&tools(Some(r#"{"cursor":null}"#)), result), 1);
    assert_eq!(cached(&tools(None), r#"{"tools":[],"nextCursor":null}"#), 1);
    assert_eq!(cached(&tools(None), r#"{"tools":[],"nextCursor":"2"}"#), 0);
    assert_eq!(cached(&tools(Some(r#"{"cursor":"2"}"#)), result), 0);
    assert_eq!(cached(&tools(Some("7")), result), 0);
    assert_eq!(cached(&list("tools/call", None), result), 0);
    let untouched = tempfile::tempdir().unwrap();
    let bare = ResponseCache::new(Some(options(untouched.path(), "k")));
    changed(|| bare.keep_list(&tools(None), &answer(result)));
    assert_eq!(std::fs::read_dir(untouched.path()).unwrap().count(), 0, "no session has begun");
}

#[test]
fn a_list_that_is_too_large_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    let large = "x".repeat(usize::try_from(FILE_LIMIT).unwrap());
    changed(|| {
        cache.keep_initialize("{}");
        cache.keep_list(&tools(None), &answer(r#"{"tools":[]}"#));
    });
    let file = cache.file.as_deref().unwrap();
    assert_eq!(read(file).unwrap().lists.len(), 1);
    changed(|| cache.keep_list(&tools(None), &answer(&format!(r#"{{"tools":["{large}"]}}"#))));
    let left = read(file).unwrap();
    assert!(left.lists.is_empty(), "the cached list is out of date");
    assert_eq!((left.initialize.unwrap().get(), left.server.as_str()), {
        ("{}", "https://mcp.example.com")
    });
}

#[test]
fn a_file_that_is_damaged_counts_as_absent() {
    let folder = tempfile::tempdir().unwrap();
    let mut cache = cache(folder.path());
    let file = cache.file.clone().unwrap();
    for (text, is_read) in [
        (r#"{"initialize":{"a":1},"lists":{}}"#, true),
        (r#"{"initialize":{"a":1}}"#, true),
        ("{\"initialize\":{\"a\":1},\n\"lists\":{}}", false),
        ("{\"initialize\":{\"a\":1},\r\"lists\":{}}", false),
        (r#"{"initialize":{"a":1},"lists":7}"#, false),
        (r#"{"initialize":{"a":1}"#, false),
        (r#"{"lists":{}}"#, false),
        ("", false),
    ] {
        private_file::write(&file, text.as_bytes(), Durability::Process).unwrap();
        assert_eq!(cache.answer_early().is_some(), is_read, "{text}");
    }
}
