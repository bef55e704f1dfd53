//! How a host shows its era: by what each message looks like, not once for the process (E-01).

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::jsonrpc::{Message, Object};
use crate::protocol::{meta, methods};

/// Methods that 2026-07-28 has removed: `-32601` from a host of that revision (E-16).
const REMOVED: [&str; 6] = [
    methods::PING,
    methods::SET_LEVEL,
    methods::SUBSCRIBE,
    methods::UNSUBSCRIBE,
    "tasks/result",
    "tasks/list",
];

/// The end of the key in `_meta` that names a revision: some hosts escape the `/` before it. Made
/// once: each message of a host is searched.
static VERSION_KEY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("protocolVersion"));

/// Whether this message is one of 2026-07-28. Costs a legacy host one search for a rare text, no
/// parsing.
pub fn speaks_modern(message: &Message) -> bool {
    if message.method() == methods::DISCOVER {
        return true;
    }
    message.method() != methods::INITIALIZE
        && message.params().is_some_and(|params| VERSION_KEY.find(params.as_bytes()).is_some())
        && named_version(message).is_some()
}

/// The revision that a self-contained request names.
pub fn named_version(message: &Message) -> Option<String> {
    let params = Object::parse(message.params()?)?;
    Object::parse(params.get("_meta")?)?.text(meta::PROTOCOL_VERSION)
}

/// Whether a modern host must not use this method (E-16).
pub fn is_removed(method: &str) -> bool {
    REMOVED.contains(&method)
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
