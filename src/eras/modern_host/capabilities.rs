//! Decides which capabilities of each side are declared to the other (E-14, E-29), by tables: a
//! capability in none of them is not supported, and not declared.

use serde_json::{Map, Value, json};

use super::refusal::RequestRefusal;
use crate::protocol::{codes, meta, methods};

/// Capabilities of a modern host that are declared to a legacy server (E-29).
const OF_HOST: [&str; 5] = ["roots", "sampling", "elicitation", "experimental", "extensions"];
/// Capabilities of a legacy server that are declared to a modern host (E-29).
const OF_SERVER: [&str; 7] =
    ["tools", "prompts", "resources", "completions", "logging", "experimental", "extensions"];
/// Members of capabilities that need a stream on which the server can push.
const PUSHED: [&str; 2] = ["listChanged", "subscribe"];

/// The capabilities of `initialize` for a host that declared these in a request.
pub(super) fn for_server(declared: &Value) -> Value {
    let mut carried = select_objects(declared, &OF_HOST);
    if let Some(roots) = carried.get_mut("roots") {
        // `notifications/roots/list_changed` was removed in 2026-07-28, so it is never sent.
        *roots = json!({});
    }
    remove_tasks(&mut carried);
    Value::Object(carried)
}

/// The capabilities of a `server/discover` result for a server that declared these. `pushes` says
/// whether the server can push, if that is known.
pub(super) fn for_host(declared: &Value, pushes: Option<bool>) -> Value {
    let mut carried = select_objects(declared, &OF_SERVER);
    remove_tasks(&mut carried);
    if pushes == Some(false) {
        for capability in carried.values_mut().filter_map(Value::as_object_mut) {
            capability.retain(|name, _| !PUSHED.contains(&name.as_str()));
        }
    }
    Value::Object(carried)
}

/// Removes the tasks extension, whose tasks are not those of 2025-11-25 (E-73).
fn remove_tasks(carried: &mut Map<String, Value>) {
    let Some(extensions) = carried.get_mut("extensions").and_then(Value::as_object_mut) else {
        return;
    };
    extensions.remove(meta::extensions::TASKS);
    if extensions.is_empty() {
        carried.remove("extensions");
    }
}

fn select_objects(declared: &Value, names: &[&str]) -> Map<String, Value> {
    let all = declared.as_object().into_iter().flatten();
    let known = all.filter(|(name, value)| names.contains(&name.as_str()) && value.is_object());
    known.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Returns whether a session opened with the capabilities `session` serves a request that declares
/// `wanted` (E-14).
pub(super) fn covers(session: &Value, wanted: &Value) -> bool {
    let (session, wanted) = (with_modes(session), with_modes(wanted));
    includes(&session, &wanted)
}

/// The union of both sets of capabilities.
pub(super) fn union(one: &Value, other: &Value) -> Value {
    let (mut all, other) = (with_modes(one), with_modes(other));
    merge(&mut all, &other);
    all
}

/// Writes out the modes of elicitation: `elicitation: {}` means form only (E-29).
fn with_modes(capabilities: &Value) -> Value {
    let mut all = capabilities.clone();
    if all["elicitation"].as_object().is_some_and(Map::is_empty) {
        all["elicitation"] = json!({ "form": {} });
    }
    if all["elicitation"].is_null()
        && let Some(all) = all.as_object_mut()
    {
        all.remove("elicitation");
    }
    all
}

fn includes(all: &Value, part: &Value) -> bool {
    match (all, part) {
        (Value::Object(all), Value::Object(part)) => part
            .iter()
            .all(|(name, value)| all.get(name).is_some_and(|found| includes(found, value))),
        // Settings of extensions are not compared: their meaning is unknown here.
        _ => true,
    }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) if into.is_null() => *into = from.clone(),
        _ => {}
    }
}

/// Checks whether a host that declared `capabilities` may be asked this (E-38).
///
/// # Errors
/// It may not; the refusal is for the server.
pub(super) fn may_ask(
    capabilities: &Value,
    method: &str,
    params: &Value,
) -> Result<(), RequestRefusal> {
    let declared = |name: &str| capabilities[name].is_object();
    let undeclared = |what: &str| {
        Err(RequestRefusal::plain(
            codes::METHOD_NOT_FOUND,
            format!("the host did not declare `{what}`"),
        ))
    };
    match method {
        methods::LIST_ROOTS if declared("roots") => Ok(()),
        methods::LIST_ROOTS => undeclared("roots"),
        methods::SAMPLE if !declared("sampling") => undeclared("sampling"),
        methods::SAMPLE => {
            let uses_tools = !params["tools"].is_null() || !params["toolChoice"].is_null();
            if uses_tools && !capabilities["sampling"]["tools"].is_object() {
                return Err(RequestRefusal::invalid("the host did not declare `sampling.tools`"));
            }
            Ok(())
        }
        methods::ELICIT => {
            let mode = params["mode"].as_str().unwrap_or("form");
            if with_modes(capabilities)["elicitation"][mode].is_object() {
                return Ok(());
            }
            Err(RequestRefusal::invalid(format!("the host did not declare `{mode}` elicitation")))
        }
        other => Err(RequestRefusal::unknown_method(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E-29
    #[test]
    fn each_capability_of_a_host_is_carried_as_its_row_says() {
        let rows = [
            (json!({ "roots": { "listChanged": true } }), json!({ "roots": {} })),
            (json!({ "sampling": { "tools": {} } }), json!({ "sampling": { "tools": {} } })),
            (json!({ "elicitation": {} }), json!({ "elicitation": {} })),
            (json!({ "elicitation": { "url": {} } }), json!({ "elicitation": { "url": {} } })),
            (json!({ "experimental": { "x": 1 } }), json!({ "experimental": { "x": 1 } })),
            (json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } }), json!({})),
            (
                json!({ "extensions": { "io.modelcontextprotocol/tasks": {}, "a/ui": {} } }),
                json!({ "extensions": { "a/ui": {} } }),
            ),
            (json!({ "tasks": {} }), json!({})),
            (json!({ "unheard": {} }), json!({})),
            (json!({ "roots": true }), json!({})),
        ];
        for (declared, expected) in rows {
            assert_eq!(for_server(&declared), expected, "{declared}");
        }
    }

    /// E-29
    #[test]
    fn each_capability_of_a_server_is_carried_as_its_row_says() {
        let all = json!({
            "tools": { "listChanged": true }, "prompts": {}, "completions": {}, "logging": {},
            "resources": { "subscribe": true, "listChanged": true }, "tasks": { "list": {} },
            "experimental": { "x": {} }, "extensions": { "io.modelcontextprotocol/tasks": {} },
        });
        let pushing = json!({
            "tools": { "listChanged": true }, "prompts": {}, "completions": {}, "logging": {},
            "resources": { "subscribe": true, "listChanged": true }, "experimental": { "x": {} },
        });
        let silent = json!({
            "tools": {}, "prompts": {}, "completions": {}, "logging": {}, "resources": {},
            "experimental": { "x": {} },
        });
        assert_eq!(for_host(&all, None), pushing);
        assert_eq!(for_host(&all, Some(true)), pushing);
        assert_eq!(for_host(&all, Some(false)), silent);
    }

    /// E-14
    #[test]
    fn a_session_serves_what_it_was_opened_with_and_less() {
        let form = json!({ "elicitation": {} });
        let both = json!({ "elicitation": { "form": {}, "url": {} }, "roots": {} });
        assert!(covers(&form, &json!({})));
        assert!(covers(&form, &json!({ "elicitation": { "form": {} } })));
        assert!(covers(&both, &form));
        assert!(!covers(&form, &both));
        assert!(!covers(&json!({}), &form));
        assert!(!covers(&json!({ "sampling": {} }), &json!({ "sampling": { "tools": {} } })));
        let all = union(&form, &json!({ "sampling": { "tools": {} } }));
        assert_eq!(all, json!({ "elicitation": { "form": {} }, "sampling": { "tools": {} } }));
        assert!(covers(&all, &form));
    }

    /// E-38
    #[test]
    fn the_server_may_ask_only_what_the_request_declared() {
        let code = |declared: Value, method: &str, params: Value| {
            may_ask(&declared, method, &params).err().map(|refusal| refusal.code)
        };
        let form = json!({ "elicitation": {} });
        assert_eq!(code(form.clone(), methods::ELICIT, json!({})), None);
        assert_eq!(code(form.clone(), methods::ELICIT, json!({ "mode": "form" })), None);
        assert_eq!(code(form, methods::ELICIT, json!({ "mode": "url" })), Some(-32602));
        let url = json!({ "elicitation": { "url": {} } });
        assert_eq!(code(url.clone(), methods::ELICIT, json!({ "mode": "url" })), None);
        assert_eq!(code(url, methods::ELICIT, json!({})), Some(-32602));
        assert_eq!(code(json!({}), methods::ELICIT, json!({})), Some(-32602));
        assert_eq!(code(json!({}), methods::LIST_ROOTS, json!({})), Some(-32601));
        assert_eq!(code(json!({ "roots": {} }), methods::LIST_ROOTS, json!({})), None);
        assert_eq!(code(json!({}), methods::SAMPLE, json!({})), Some(-32601));
        let sampling = json!({ "sampling": {} });
        assert_eq!(code(sampling.clone(), methods::SAMPLE, json!({})), None);
        assert_eq!(code(sampling, methods::SAMPLE, json!({ "tools": [] })), Some(-32602));
        assert_eq!(code(json!({ "roots": {} }), "x/y", json!({})), Some(-32601));
    }
}
