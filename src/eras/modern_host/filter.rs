//! The filter of a listen, and the messages on it: the acknowledgement, changes under its id, and
//! the closing response (`basic/patterns/subscriptions`, E-43, E-44).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::refusal::RequestRefusal;
use crate::jsonrpc::{
    Change, Frame, Member, Message, Object, Overlap, RequestId, notification, result_response,
};
use crate::protocol::{meta, methods};

/// How many resources one listen may name (S-12); further ones are not acknowledged.
const RESOURCES: usize = 1000;
/// The kinds of a filter: its member, the capability that announces it, and its notification.
pub(super) const KINDS: [(&str, &str, &str); 3] = [
    (meta::filter::TOOLS, "tools", methods::TOOLS_CHANGED),
    (meta::filter::PROMPTS, "prompts", methods::PROMPTS_CHANGED),
    (meta::filter::RESOURCES, "resources", methods::RESOURCES_CHANGED),
];

/// Returns whether `uri` is the subscribed resource or a part of it (E-42).
pub(super) fn covers(subscribed: &str, uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix(subscribed) else { return false };
    rest.is_empty() || subscribed.ends_with('/') || rest.starts_with(['/', '#', '?'])
}

/// The kinds of changes and the URIs of resources that a listen asks for.
type Filter = (BTreeSet<&'static str>, BTreeSet<String>);

/// Reads the filter of a listen.
///
/// # Errors
/// The filter is missing or has the wrong shape.
pub(super) fn read(message: &Message) -> Result<Filter, RequestRefusal> {
    let wrong = |what: &str| RequestRefusal::invalid(format!("`notifications` {what}"));
    let params: Value = message.params_as().unwrap_or_default();
    let filter = params[meta::filter::KEY].as_object().ok_or_else(|| wrong("must be an object"))?;
    let mut kinds = BTreeSet::new();
    for (name, ..) in KINDS {
        match filter.get(name) {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) => {
                kinds.insert(name);
            }
            Some(_) => return Err(wrong(&format!("must have true or false for `{name}`"))),
        }
    }
    let named = filter.get(meta::filter::RESOURCE_UPDATES);
    let uris: Vec<String> = match named {
        None => Vec::new(),
        Some(uris) => serde_json::from_value(uris.clone())
            .map_err(|_| wrong("must have a list of URIs for `resourceSubscriptions`"))?,
    };
    Ok((kinds, uris.into_iter().take(RESOURCES).collect()))
}

/// The first message of a listen, which says what it will be notified of (E-43).
pub(super) fn acknowledgement(
    id: &RequestId,
    kinds: &BTreeSet<&'static str>,
    resources: &BTreeSet<String>,
) -> String {
    let mut filter: serde_json::Map<String, Value> =
        kinds.iter().map(|name| ((*name).to_owned(), true.into())).collect();
    if !resources.is_empty() {
        filter.insert(meta::filter::RESOURCE_UPDATES.to_owned(), json!(resources));
    }
    let filter = Value::Object(filter);
    let (key, own) = (meta::filter::KEY, meta::SUBSCRIPTION_ID);
    let params = format!(r#"{{"_meta":{{"{own}":{id}}},"{key}":{filter}}}"#);
    notification(methods::ACKNOWLEDGED, Some(&params))
}

/// A notification under the id of a listen, which keeps its JSON type (E-44).
///
/// # Errors
/// The edits overlap.
pub(super) fn tag_with_listen(message: &Message, id: &RequestId) -> Result<Frame, Overlap> {
    let tag = (meta::SUBSCRIPTION_ID, id.to_json());
    let parsed = message.params().and_then(Object::parse).zip(message.params_range());
    let Some((params, range)) = parsed else {
        let params = format!(r#"{{"_meta":{{"{}":{}}}}}"#, tag.0, tag.1);
        let line = notification(message.method(), Some(&params));
        return Ok(Frame::from(line));
    };
    let whole = format!(r#"{{"{}":{}}}"#, tag.0, tag.1);
    let change = |member: &Member<'_>| match Object::parse(member.value) {
        Some(inner) if member.name == "_meta" => {
            // An added member replaces all members of its name.
            Change::Replace(inner.rewritten(|_| Change::Keep, std::slice::from_ref(&tag)))
        }
        _ if member.name == "_meta" => Change::Replace(whole.clone()),
        _ => Change::Keep,
    };
    let added = if params.get("_meta").is_none() { vec![("_meta", whole.clone())] } else { vec![] };
    let edits = params.rewrite(range.start, change, &added);
    message.edited(&edits)
}

/// The graceful end of a listen (`basic/patterns/subscriptions`).
pub(super) fn closing_response(id: &RequestId, server_info: Option<&str>) -> String {
    let signed =
        server_info.map(|info| format!(r#","{}":{info}"#, meta::SERVER_INFO)).unwrap_or_default();
    let result = format!(
        r#"{{"{}":"{}","_meta":{{"{}":{id}{signed}}}}}"#,
        meta::result_type::KEY,
        meta::result_type::COMPLETE,
        meta::SUBSCRIPTION_ID,
    );
    result_response(id, result)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: RequestId = RequestId::Integer(1);

    fn listen(params: &str) -> Message {
        Message::request(&ID, "subscriptions/listen", Some(params))
    }

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    /// E-42
    #[test]
    fn a_resource_covers_itself_and_its_parts() {
        for (subscribed, uri, is_covered) in [
            ("file:///a", "file:///a", true),
            ("file:///a", "file:///a/b", true),
            ("file:///a", "file:///a#b", true),
            ("file:///a", "file:///a?b", true),
            ("file:///a/", "file:///a/b", true),
            ("file:///a", "file:///ab", false),
            ("file:///a/b", "file:///a", false),
            ("file:///a/", "file:///a", false),
            ("file:///a", "http://x/file:///a", false),
        ] {
            assert_eq!(covers(subscribed, uri), is_covered, "{subscribed} {uri}");
        }
    }

    /// E-43
    #[test]
    fn a_filter_names_kinds_with_true_and_resources_with_a_list() {
        let (kinds, resources) = read(&listen(
            r#"{"notifications":{"toolsListChanged":true,"promptsListChanged":false,"x":7,
               "resourceSubscriptions":["b","a","b"]}}"#,
        ))
        .unwrap();
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [meta::filter::TOOLS]);
        assert_eq!(resources.into_iter().collect::<Vec<_>>(), ["a", "b"], "each once");
        let (kinds, resources) = read(&listen(r#"{"notifications":{}}"#)).unwrap();
        assert!(kinds.is_empty() && resources.is_empty());
        for (params, words) in [
            ("{}", "must be an object"),
            (r#"{"notifications":[]}"#, "must be an object"),
            (r#"{"notifications":{"toolsListChanged":1}}"#, "for `toolsListChanged`"),
            (r#"{"notifications":{"resourceSubscriptions":"a"}}"#, "a list of URIs"),
            (r#"{"notifications":{"resourceSubscriptions":[1]}}"#, "a list of URIs"),
            (r#"{"notifications":{"resourceSubscriptions":null}}"#, "a list of URIs"),
        ] {
            let Err(refusal) = read(&listen(params)) else { panic!("{params}") };
            assert!(refusal.message.contains(words), "{params}: {}", refusal.message);
        }
    }

    /// S-12
    #[test]
    fn the_number_of_resources_of_one_listen_is_limited() {
        let uris: Vec<String> = (0..=RESOURCES).map(|number| format!("a:{number}")).collect();
        let filter = json!({ "notifications": { "resourceSubscriptions": uris } });
        assert_eq!(read(&listen(&filter.to_string())).unwrap().1.len(), RESOURCES);
    }

    /// E-43
    #[test]
    fn the_acknowledgement_repeats_what_was_accepted() {
        let kinds = BTreeSet::from([meta::filter::TOOLS]);
        let uris = BTreeSet::from(["a:\"b".to_owned()]);
        let said = value(&acknowledgement(&RequestId::Text("x".into()), &kinds, &uris));
        let params = &said["params"];
        assert_eq!(said["method"], methods::ACKNOWLEDGED);
        assert_eq!(params["_meta"][meta::SUBSCRIPTION_ID], "x");
        assert_eq!(
            params[meta::filter::KEY],
            json!({
                "toolsListChanged": true, "resourceSubscriptions": ["a:\"b"],
            })
        );
        let bare = acknowledgement(&ID, &BTreeSet::new(), &BTreeSet::new());
        assert_eq!(value(&bare)["params"][meta::filter::KEY], json!({}));
    }

    /// E-44
    #[test]
    fn a_change_is_told_under_the_id_of_the_listen() {
        let key = meta::SUBSCRIPTION_ID;
        for (params, expected) in [
            (None, json!({ "_meta": { key: 1 } })),
            (Some("{}"), json!({ "_meta": { key: 1 } })),
            (Some(r#"{"uri":"a"}"#), json!({ "uri": "a", "_meta": { key: 1 } })),
            (
                Some(r#"{"_meta":{"x":2},"uri":"a"}"#),
                json!({
                    "uri": "a", "_meta": { "x": 2, key: 1 },
                }),
            ),
            (Some(r#"{"_meta":null}"#), json!({ "_meta": { key: 1 } })),
            (Some("[1]"), json!({ "_meta": { key: 1 } })),
        ] {
            let message = Message::notification(methods::RESOURCE_UPDATED, params);
            let frame = tag_with_listen(&message, &ID).unwrap();
            let told = value(std::str::from_utf8(&frame.into_bytes()).unwrap());
            assert_eq!(told["params"], expected, "{params:?}");
            assert_eq!(told["method"], methods::RESOURCE_UPDATED);
        }
        // A server cannot claim the id of another listen.
        let forged = format!(r#"{{"_meta":{{"{key}":"other"}}}}"#);
        let message = Message::notification(methods::TOOLS_CHANGED, Some(&forged));
        let frame = tag_with_listen(&message, &RequestId::Text("mine".into())).unwrap();
        let told = value(std::str::from_utf8(&frame.into_bytes()).unwrap());
        assert_eq!(told["params"]["_meta"], json!({ key: "mine" }));
    }

    #[test]
    fn the_end_of_a_listen_is_a_complete_result() {
        let end = |server: Option<&str>| value(&closing_response(&ID, server));
        let bare = end(None);
        assert_eq!(bare["id"], 1);
        assert_eq!(bare["result"][meta::result_type::KEY], meta::result_type::COMPLETE);
        assert_eq!(bare["result"]["_meta"], json!({ meta::SUBSCRIPTION_ID: 1 }));
        let signed = end(Some(r#"{"name":"shop"}"#));
        assert_eq!(signed["result"]["_meta"][meta::SERVER_INFO], json!({ "name": "shop" }));
    }
}
