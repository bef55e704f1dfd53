//! Tells a host's era by each of its messages, not once per process (E-01), and which methods a
//! host of 2026-07-28 must not use.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::jsonrpc::{Message, Object};
use crate::protocol::{meta, methods};

/// Methods that 2026-07-28 has removed: `-32601` for a host of that revision (E-16).
const REMOVED: [&str; 6] = [
    methods::PING,
    methods::SET_LEVEL,
    methods::SUBSCRIBE,
    methods::UNSUBSCRIBE,
    methods::TASKS_RESULT,
    methods::TASKS_LIST,
];

/// Methods of the tasks extension. A legacy server does not have it, so it is not offered (E-73).
const TASKS_EXTENSION: [&str; 3] =
    [methods::TASKS_GET, methods::TASKS_UPDATE, methods::TASKS_CANCEL];

/// The end of the `_meta` key that names a revision, because some hosts escape the `/` before it.
/// Built once, because every message from a host is searched.
static VERSION_KEY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("protocolVersion"));

/// Returns whether this message is one of 2026-07-28. For a legacy host's message, this only
/// searches the text for a rare word and parses nothing.
pub fn speaks_modern(message: &Message) -> bool {
    if message.method() == methods::DISCOVER {
        return true;
    }
    message.method() != methods::INITIALIZE
        && message.params().is_some_and(|params| VERSION_KEY.find(params.as_bytes()).is_some())
        && named_version(message).is_some()
}

/// The revision that a self-contained request names, if it names one.
pub fn named_version(message: &Message) -> Option<String> {
    let params = Object::parse(message.params()?)?;
    Object::parse(params.get("_meta")?)?.text(meta::PROTOCOL_VERSION)
}

/// Returns whether a modern host must not use this method with any remote (E-16).
pub fn is_removed(method: &str) -> bool {
    REMOVED.contains(&method)
}

/// Returns whether a modern host must not use this method with a legacy server (E-16, E-73).
pub(super) fn is_refused_before_legacy(method: &str) -> bool {
    is_removed(method) || TASKS_EXTENSION.contains(&method)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E-01
    #[test]
    fn a_message_is_modern_by_its_own_meta_or_by_asking_to_discover() {
        let modern = |text: &str| speaks_modern(&Message::parse(text.to_owned()).unwrap());
        let request = |method: &str, params: &str| {
            modern(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#))
        };
        let key = meta::PROTOCOL_VERSION;
        let named = format!(r#"{{"_meta":{{"{key}":"2026-07-28"}}}}"#);
        assert!(request("tools/list", &named));
        assert!(modern(r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#));
        let escaped = r#"{"\u005fmeta":{"io.modelcontextprotocol\/protocolVersion":"2026-07-28"}}"#;
        assert!(request("tools/list", escaped));
        assert!(request("tools/list", &named.replacen('{', r#"{"_meta":{},"#, 1)));
        assert!(!request("initialize", &named));
        assert!(!request("tools/list", "{}"));
        assert!(!request("tools/call", &format!(r#"{{"arguments":{{"x":"{key}"}}}}"#)));
    }
}
