//! Translates a modern remote's input requests ("questions") for a legacy host (E-31, E-34).

use serde_json::{Value, json};

use super::envelope::HostEnvelope;
use crate::jsonrpc::{Change, Member, Object};
use crate::protocol::{ProtocolVersion, methods};
use crate::redact::plain;

/// What to do with a question of the remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HostQuestion {
    /// Ask the host: method and parameters.
    Ask(&'static str, Option<String>),
    /// Send the user to this URL, only once (E-34): the URL and the parameters.
    Visit(String, String),
    /// Answer with this, because the host cannot be asked.
    Answered(String),
}

/// Translates one entry of `inputRequests`.
///
/// # Errors
/// The entry is invalid; the error says how.
pub(super) fn question(entry: &str, host: &HostEnvelope, id: u64) -> Result<HostQuestion, String> {
    let entry = Object::parse(entry).ok_or("an input request that is not an object")?;
    let method = entry.text("method").unwrap_or_default();
    let params = entry.get("params");
    match method.as_str() {
        methods::LIST_ROOTS if declares(host, "roots") => {
            Ok(HostQuestion::Ask(methods::LIST_ROOTS, params.map(str::to_owned)))
        }
        methods::SAMPLE if declares(host, "sampling") => {
            Ok(HostQuestion::Ask(methods::SAMPLE, params.map(str::to_owned)))
        }
        methods::ELICIT => elicitation(params.unwrap_or("{}"), host, id),
        methods::LIST_ROOTS | methods::SAMPLE => Err(undeclared(&method)),
        method => Err(format!("an input request of the unknown method `{}`", plain(method))),
    }
}

fn elicitation(params: &str, host: &HostEnvelope, id: u64) -> Result<HostQuestion, String> {
    let params = Object::parse(params).ok_or("an elicitation without parameters")?;
    let version = host.host_version.unwrap_or(ProtocolVersion::NEWEST_LEGACY);
    let modes = capability(host, "elicitation").ok_or_else(|| undeclared(methods::ELICIT))?;
    let modes =
        modes.as_object().map_or(0, serde_json::Map::len) == 0 || modes.get("form").is_some();
    match params.text("mode").as_deref() {
        Some("url") if !declares_url(host) || version < ProtocolVersion::V2025_11_25 => {
            Err(undeclared("elicitation/create` in `url` mode"))
        }
        Some("url") => {
            let url = params.text("url").ok_or("an elicitation of a URL without one")?;
            let minted = [("elicitationId", Value::from(format!("tether-{id}")).to_string())];
            Ok(HostQuestion::Visit(
                url,
                params.rewritten(|m| drop_member(m, "elicitationId"), &minted),
            ))
        }
        _ if !modes => Err(undeclared("elicitation/create` in `form` mode")),
        _ if version < ProtocolVersion::V2025_11_25 => Ok(older_form(&params)),
        _ => Ok(HostQuestion::Ask(methods::ELICIT, Some(params.rewritten(|_| Change::Keep, &[])))),
    }
}

fn drop_member(member: &Member<'_>, name: &str) -> Change {
    if member.name == name { Change::Remove } else { Change::Keep }
}

/// Translates a form for 2025-06-18, which has no `mode`, no titled choices, and no multiple choice
/// (E-31).
fn older_form(params: &Object<'_>) -> HostQuestion {
    let mut schema: Value = params
        .get("requestedSchema")
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or(Value::Null);
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, field) in fields.into_iter().flatten() {
        if field["type"] == "array" {
            let name = plain(name);
            tracing::warn!(
                "the host cannot be asked for the list `{name}`: it is too old for that"
            );
            return HostQuestion::Answered(json!({ "action": "cancel" }).to_string());
        }
        older_field(field);
    }
    let schema = schema.to_string();
    let params = params.rewritten(
        |member| match member.name.as_str() {
            "mode" => Change::Remove,
            "requestedSchema" => Change::Replace(schema.clone()),
            _ => Change::Keep,
        },
        &[],
    );
    HostQuestion::Ask(methods::ELICIT, Some(params))
}

fn older_field(field: &mut Value) {
    let Some(field) = field.as_object_mut() else { return };
    if field.get("type") != Some(&json!("boolean")) {
        field.remove("default");
    }
    let Some(choices) = field.remove("oneOf") else { return };
    let member = |choice: &Value, name: &str| choice.get(name).cloned().unwrap_or_default();
    let choices = choices.as_array().cloned().unwrap_or_default();
    let values: Vec<Value> = choices.iter().map(|choice| member(choice, "const")).collect();
    let titles: Vec<Value> = choices.iter().map(|choice| member(choice, "title")).collect();
    field.insert("enum".to_owned(), values.into());
    field.insert("enumNames".to_owned(), titles.into());
}

fn capability(host: &HostEnvelope, name: &str) -> Option<Value> {
    serde_json::from_str(Object::parse(&host.capabilities)?.get(name)?).ok()
}

fn declares(host: &HostEnvelope, name: &str) -> bool {
    capability(host, name).is_some()
}

fn declares_url(host: &HostEnvelope) -> bool {
    capability(host, "elicitation").is_some_and(|modes| modes.get("url").is_some())
}

fn undeclared(what: &str) -> String {
    format!("`{what}`, which this host never offered")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonrpc::Message;

    fn host(version: &str, capabilities: Value) -> HostEnvelope {
        let params = json!({ "protocolVersion": version, "capabilities": capabilities });
        let text = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        HostEnvelope::of(&Message::parse(text.to_string()).unwrap(), "2026-07-28", &[])
    }

    fn asked(version: &str, capabilities: Value, entry: Value) -> Result<HostQuestion, String> {
        question(&entry.to_string(), &host(version, capabilities), 5)
    }

    fn params(question: Result<HostQuestion, String>) -> Value {
        match question.unwrap() {
            HostQuestion::Ask(_, Some(params)) | HostQuestion::Visit(_, params) => {
                serde_json::from_str(&params).unwrap()
            }
            other => panic!("{other:?}"),
        }
    }

    fn form(schema: Value) -> Value {
        let params = json!({ "mode": "form", "message": "m", "requestedSchema": schema });
        json!({ "method": "elicitation/create", "params": params })
    }

    /// E-31: per host revision
    #[test]
    fn a_form_loses_its_mode_for_a_host_that_knows_only_forms() {
        let elicits = json!({ "elicitation": {} });
        let schema = json!({ "type": "object" });
        let old = params(asked("2025-06-18", elicits.clone(), form(schema.clone())));
        assert_eq!(old, json!({ "message": "m", "requestedSchema": schema }));
        let new = params(asked("2025-11-25", elicits, form(schema)));
        assert_eq!(new["mode"], "form");
    }

    /// E-31
    #[test]
    fn what_the_host_never_declared_is_not_asked() {
        let wanted = json!({ "mode": "url", "url": "https://x/" });
        let url = json!({ "method": "elicitation/create", "params": wanted });
        let both = json!({ "elicitation": { "form": {}, "url": {} } });
        assert!(asked("2025-11-25", json!({}), form(json!({}))).is_err());
        assert!(asked("2025-11-25", json!({ "elicitation": {} }), url.clone()).is_err());
        assert!(
            asked("2025-06-18", both.clone(), url.clone()).is_err(),
            "only 2025-11-25 has URLs"
        );
        let only_url = json!({ "elicitation": { "url": {} } });
        assert!(asked("2025-11-25", only_url, form(json!({}))).is_err());
        for method in ["roots/list", "sampling/createMessage", "x/y"] {
            assert!(asked("2025-11-25", json!({}), json!({ "method": method })).is_err());
        }
        let shown = params(asked("2025-11-25", both, url));
        assert_eq!(shown["elicitationId"], "tether-5", "E-34");
    }

    /// E-31: what a form of 2025-11-25 becomes for a host of 2025-06-18
    #[test]
    fn a_form_of_2025_11_25_becomes_one_of_2025_06_18() {
        let schema = json!({ "type": "object", "properties": {
            "color": { "type": "string", "default": "r",
                "oneOf": [{ "const": "r", "title": "Red" }, { "const": "g", "title": "Green" }] },
            "sure": { "type": "boolean", "default": true },
        } });
        let old = params(asked("2025-06-18", json!({ "elicitation": {} }), form(schema)));
        let fields = &old["requestedSchema"]["properties"];
        let color = json!({ "type": "string", "enum": ["r", "g"], "enumNames": ["Red", "Green"] });
        assert_eq!(fields["color"], color);
        assert_eq!(fields["sure"]["default"], true);
        let list = json!({ "properties": { "l": { "type": "array" } } });
        let answered = asked("2025-06-18", json!({ "elicitation": {} }), form(list)).unwrap();
        assert_eq!(answered, HostQuestion::Answered(r#"{"action":"cancel"}"#.to_owned()));
    }
}
