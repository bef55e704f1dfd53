//! Adds to every request to a modern remote what it must declare about the host: revision, name,
//! capabilities, log level (T-58, E-11, E-61). Other members of `params._meta` stay unchanged.

use crate::eras::adapter_context::Exchange;
use crate::eras::headers;
use crate::jsonrpc::{Change, Edit, Member, Message, Object, Overlap};
use crate::protocol::{ProtocolVersion, meta, methods};

/// A legacy host's declarations in `initialize`.
#[derive(Clone, Debug)]
pub(super) struct HostEnvelope {
    pub(super) version: String,
    /// The host's revision, if it is known.
    pub(super) host_version: Option<ProtocolVersion>,
    client_info: Option<String>,
    /// The capabilities to declare to the remote, as JSON text.
    pub(super) capabilities: String,
    pub(super) log_level: Option<String>,
}

impl HostEnvelope {
    /// Reads the host's `initialize`.
    pub(super) fn of(initialize: &Message, version: &str, extensions: &[&str]) -> Self {
        let params = initialize.params().and_then(Object::parse);
        let member = |name: &str| params.as_ref().and_then(|params| params.get(name));
        let host_version = params.as_ref().and_then(|params| params.text("protocolVersion"));
        Self {
            version: version.to_owned(),
            host_version: host_version.and_then(|name| ProtocolVersion::from_name(&name)),
            client_info: member("clientInfo").map(str::to_owned),
            capabilities: capabilities(member("capabilities").unwrap_or("{}"), extensions),
            log_level: None,
        }
    }

    /// The members of `_meta`.
    fn members(&self) -> Vec<(&'static str, String)> {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut all = vec![(meta::PROTOCOL_VERSION, quoted(&self.version))];
        all.extend(self.client_info.clone().map(|info| (meta::CLIENT_INFO, info)));
        all.push((meta::CLIENT_CAPABILITIES, self.capabilities.clone()));
        all.extend(self.log_level.as_deref().map(|level| (meta::LOG_LEVEL, quoted(level))));
        all
    }
}

/// The host's capabilities for a modern remote (E-29): `roots` without `listChanged`, no `tasks` of
/// 2025-11-25, and the extensions that the bridge implements.
fn capabilities(text: &str, extensions: &[&str]) -> String {
    let Some(object) = Object::parse(text) else { return "{}".to_owned() };
    let own: Vec<&str> = extensions.iter().copied().chain([meta::extensions::TASKS]).collect();
    object.rewritten(
        |member| match member.name.as_str() {
            "roots" => Change::Replace("{}".to_owned()),
            "tasks" | "extensions" => Change::Remove,
            _ => Change::Keep,
        },
        &[("extensions", merge_extensions(&object, &own))],
    )
}

/// The extensions that a host declares and those that the bridge implements, as JSON text.
fn merge_extensions(capabilities: &Object<'_>, own: &[&str]) -> String {
    let added: Vec<(&str, String)> = own.iter().map(|name| (*name, "{}".to_owned())).collect();
    let declared = capabilities.get("extensions").and_then(Object::parse);
    let change = |member: &Member<'_>| {
        if own.contains(&member.name.as_str()) { Change::Remove } else { Change::Keep }
    };
    match declared {
        Some(declared) => declared.rewritten(change, &added),
        None => object_of(&added),
    }
}

/// The edits that add the bridge's extensions: the bridge, not the host, is the OAuth client
/// (A-74).
fn extension_edits(request: &Message, extensions: &[&str]) -> Option<Vec<Edit>> {
    let range = request.params_range()?;
    let params = Object::parse(request.params()?)?;
    let text = params.get("_meta")?;
    let own = Object::parse(text)?;
    let capabilities = Object::parse(own.get(meta::CLIENT_CAPABILITIES)?)?;
    let with = capabilities.rewritten(
        |member| if member.name == "extensions" { Change::Remove } else { Change::Keep },
        &[("extensions", merge_extensions(&capabilities, extensions))],
    );
    let inner = own.rewrite(
        range.start + params.range_of(text).start,
        |member| match member.name.as_str() {
            meta::CLIENT_CAPABILITIES => Change::Replace(with.clone()),
            _ => Change::Keep,
        },
        &[],
    );
    Some(params.rewrite(
        range.start,
        |member| match member.name.as_str() {
            "_meta" => Change::Within(inner.clone()),
            _ => Change::Keep,
        },
        &[],
    ))
}

/// A legacy host's request as an exchange. `added` are further members of `params`, `mirrored`
/// further headers.
///
/// # Errors
/// The edits overlap.
pub(super) fn legacy_exchange(
    envelope: &HostEnvelope,
    request: &Message,
    number: u64,
    added: &[(&str, String)],
    mirrored: Vec<(String, String)>,
) -> Result<Exchange, Overlap> {
    let edits = envelope_edits(envelope, request, number, added);
    let mut exchange = plain_exchange(&envelope.version, request, number);
    exchange.frame = request.with_edits(&number.to_string(), &edits)?;
    exchange.headers.extend(mirrored);
    Ok(exchange)
}

/// A modern host's request as an exchange: unchanged except for its id (E-04) and the extensions of
/// the bridge.
///
/// # Errors
/// The edits overlap.
pub(super) fn relay_exchange(
    version: &str,
    request: &Message,
    number: u64,
    mirrored: Vec<(String, String)>,
    extensions: &[&str],
) -> Result<Exchange, Overlap> {
    let edits = (!extensions.is_empty()).then(|| extension_edits(request, extensions)).flatten();
    let mut exchange = plain_exchange(version, request, number);
    exchange.frame = request.with_edits(&number.to_string(), &edits.unwrap_or_default())?;
    exchange.headers.extend(mirrored);
    Ok(exchange)
}

/// A request as an exchange, with another id and without further edits.
pub(super) fn plain_exchange(version: &str, request: &Message, number: u64) -> Exchange {
    Exchange {
        number,
        frame: request.with_id(&number.to_string()),
        headers: headers::standard_headers(version, request),
        trace: crate::eras::trace_headers(request),
        is_request: true,
        repeatable: methods::is_safe_to_repeat(request.method()),
        stays_open: methods::stays_open(request.method()),
    }
}

/// A request of our own with the `_meta` of the modern host's request `like`, except its progress
/// token.
pub(super) fn own_request_like(method: &str, params: &str, like: Option<&Message>) -> Message {
    let own = like.and_then(Message::params).and_then(Object::parse);
    let own = own.and_then(|params| params.get("_meta")).and_then(Object::parse);
    let token = |member: &Member<'_>| match member.name.as_str() {
        meta::PROGRESS_TOKEN => Change::Remove,
        _ => Change::Keep,
    };
    let own = own.map_or_else(|| "{}".to_owned(), |own| own.rewritten(token, &[]));
    let params = Object::parse(params).map(|p| p.rewritten(|_| Change::Keep, &[("_meta", own)]));
    super::own_request(method, params.as_deref().unwrap_or("{}"))
}

fn envelope_edits(
    envelope: &HostEnvelope,
    request: &Message,
    number: u64,
    added: &[(&str, String)],
) -> Vec<Edit> {
    let members = envelope.members();
    let members: Vec<(&str, String)> = members.iter().map(|(n, v)| (*n, v.clone())).collect();
    let (Some(params), Some(range)) =
        (request.params().and_then(Object::parse), request.params_range())
    else {
        return without_params(request, &members, added);
    };
    let mut added = added.to_vec();
    let inner = params.get("_meta").and_then(|text| {
        let at = range.start + params.range_of(text).start;
        Some(Object::parse(text)?.rewrite(at, |member| of_meta(&member.name, number), &members))
    });
    if inner.is_none() {
        added.push(("_meta", object_of(&members)));
    }
    let change = |name: &str| match (name, &inner) {
        ("_meta", Some(inner)) => Change::Within(inner.clone()),
        ("_meta", None) => Change::Remove,
        // Only hosts that were offered tasks may send it (E-75).
        ("task", _) if request.method() == methods::TOOLS_CALL => Change::Remove,
        (name, _) if added.iter().any(|(added, _)| *added == name) => Change::Remove,
        _ => Change::Keep,
    };
    params.rewrite(range.start, |member| change(&member.name), &added)
}

/// The change to a member of `_meta`: reserved keys are replaced (E-11), and so is the progress
/// token (E-63).
fn of_meta(name: &str, number: u64) -> Change {
    match name {
        meta::PROGRESS_TOKEN => Change::Replace(number.to_string()),
        name if meta::OF_REQUEST.contains(&name) => Change::Remove,
        _ => Change::Keep,
    }
}

fn without_params(
    request: &Message,
    members: &[(&str, String)],
    added: &[(&str, String)],
) -> Vec<Edit> {
    let mut all = added.to_vec();
    all.push(("_meta", object_of(members)));
    let params = object_of(&all);
    let text = std::str::from_utf8(request.raw()).unwrap_or_default();
    match (Object::parse(text), request.params_range()) {
        (_, Some(range)) => vec![(range, params.into())],
        (Some(whole), None) => whole.rewrite(0, |_| Change::Keep, &[("params", params)]),
        (None, None) => Vec::new(),
    }
}

fn object_of(members: &[(&str, String)]) -> String {
    let one =
        |(name, value): &(&str, String)| format!("{}:{value}", serde_json::Value::from(*name));
    format!("{{{}}}", members.iter().map(one).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn envelope() -> HostEnvelope {
        let initialize = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": { "roots": { "listChanged": true }, "elicitation": {}, "tasks": {},
                "extensions": { "io.modelcontextprotocol/tasks": { "x": 1 }, "vendor/ui": {} } },
            "clientInfo": { "name": "vscode", "version": "1" } } });
        HostEnvelope::of(&Message::parse(initialize.to_string()).unwrap(), "2026-07-28", &[])
    }

    fn sent(request: &str, added: &[(&str, String)]) -> Value {
        let request = Message::parse(request.to_owned()).unwrap();
        let exchange = legacy_exchange(&envelope(), &request, 9, added, Vec::new()).unwrap();
        serde_json::from_slice(&exchange.frame.into_bytes()).unwrap()
    }

    /// E-29: the capabilities of a legacy host that a modern remote is told of
    #[test]
    fn capabilities_become_those_of_a_modern_host() {
        let seen: Value = serde_json::from_str(&envelope().capabilities).unwrap();
        let extensions = json!({ "io.modelcontextprotocol/tasks": {}, "vendor/ui": {} });
        assert_eq!(seen, json!({ "roots": {}, "elicitation": {}, "extensions": extensions }));
    }

    /// T-58, E-11
    #[test]
    fn every_request_carries_the_envelope_and_keeps_what_the_host_put_there() {
        let plain = sent(r#"{"jsonrpc":"2.0","id":"x","method":"tools/list"}"#, &[]);
        assert_eq!(plain["id"], 9);
        let meta = &plain["params"]["_meta"];
        assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
        assert_eq!(meta["io.modelcontextprotocol/clientInfo"]["name"], "vscode");
        assert!(meta["io.modelcontextprotocol/clientCapabilities"]["elicitation"].is_object());
        let request = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x",
            "arguments":{"n":1.10},"_meta":{"progressToken":"p","traceparent":"t",
            "io.modelcontextprotocol/protocolVersion":"1900","io.modelcontextprotocol/logLevel":"debug"}}}"#;
        let full = sent(request, &[("requestState", "\"s\"".to_owned())]);
        let meta = &full["params"]["_meta"];
        assert_eq!(meta["traceparent"], "t");
        assert_eq!(meta["progressToken"], 9, "E-63: the bridge's own token");
        assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
        assert!(meta["io.modelcontextprotocol/logLevel"].is_null());
        assert_eq!(full["params"]["requestState"], "s");
    }

    /// E-75
    #[test]
    fn a_task_parameter_of_2025_11_25_is_stripped() {
        let request = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"task":{"ttl":1},"name":"x"}}"#;
        assert!(sent(request, &[])["params"]["task"].is_null());
    }
}
