//! The headers that mirror the body of a message to a modern remote (T-50 to T-52), and the
//! encoding of their values (T-54, S-08).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::jsonrpc::{Message, Object};
use crate::protocol::headers::{self, ENCODED};

/// The standard headers of a message (T-50, T-51, T-52).
pub(super) fn standard_headers(version: &str, message: &Message) -> Vec<(String, String)> {
    let mut all = vec![
        (headers::PROTOCOL_VERSION.to_owned(), encode(version)),
        (headers::METHOD.to_owned(), encode(message.method())),
    ];
    let name = headers::name_member(message.method())
        .and_then(|member| Object::parse(message.params()?)?.text(member))
        .map(|name| (headers::NAME.to_owned(), encode(&name)));
    all.extend(name);
    all
}

/// Encodes text as a header value: unchanged if it is safe, otherwise base64 between [`ENCODED`].
pub fn encode(text: &str) -> String {
    let edge = |character: char| matches!(character, ' ' | '\t');
    let visible = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    let padded = text.starts_with(edge) || text.ends_with(edge);
    let marked = text.starts_with(ENCODED.0) && text.ends_with(ENCODED.1);
    if visible && !padded && !marked {
        return text.to_owned();
    }
    format!("{}{}{}", ENCODED.0, STANDARD.encode(text), ENCODED.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-54: the table of the page `streamable-http`, "Value Encoding"
    #[test]
    fn unsafe_text_is_encoded_and_safe_text_stays() {
        let cases = [
            ("us-west1", "us-west1"),
            ("", ""),
            ("a b", "a b"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("a\tb", "=?base64?YQli?="),
            ("a\r\nX: y", "=?base64?YQ0KWDogeQ==?="),
        ];
        for (text, expected) in cases {
            assert_eq!(encode(text), expected, "{text:?}");
        }
    }

    /// T-51, T-52
    #[test]
    fn the_method_and_the_name_are_mirrored() {
        let mirrored = |method: &str, params: &str| {
            let text =
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
            standard_headers("2026-07-28", &Message::parse(text).unwrap())
                .into_iter()
                .map(|(name, value)| format!("{name}: {value}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let version = "mcp-protocol-version: 2026-07-28";
        assert_eq!(
            mirrored("tools/call", r#"{"name":"my-tool"}"#),
            format!("{version}, mcp-method: tools/call, mcp-name: my-tool")
        );
        assert_eq!(
            mirrored("resources/read", r#"{"uri":"file:///\u00e9"}"#),
            format!("{version}, mcp-method: resources/read, mcp-name: =?base64?ZmlsZTovLy/DqQ==?=")
        );
        assert_eq!(
            mirrored("prompts/get", r#"{"name":"p","taskId":"t1"}"#),
            format!("{version}, mcp-method: prompts/get, mcp-name: p")
        );
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            assert_eq!(
                mirrored(method, r#"{"name":"p","taskId":"t1"}"#),
                format!("{version}, mcp-method: {method}, mcp-name: t1")
            );
        }
        assert_eq!(
            mirrored("tools/list", r#"{"name":"x"}"#),
            format!("{version}, mcp-method: tools/list")
        );
    }
}
