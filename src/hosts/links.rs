//! URLs that make a host offer to add an entry, for web pages and chats. The host asks its user.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::entry::NewEntry;

/// The characters to escape: all but unreserved ones (RFC 3986, 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The form of a host's URLs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Link {
    /// `…?name=NAME&config=BASE64` after this start.
    Base64(&'static str),
    /// `…?name=NAME&config=JSON` after this start.
    NameAndJson(&'static str),
    /// `…?JSON`, in which the name is a member, after this start.
    Json(&'static str),
}

impl Link {
    /// The URL for an entry.
    pub(crate) fn address(self, entry: &NewEntry) -> String {
        let mut config = json!({ "command": entry.command, "args": entry.arguments });
        if !entry.variables.is_empty() {
            let pairs = entry.variables.iter().map(|(name, value)| (name.clone(), json!(value)));
            config["env"] = Value::Object(pairs.collect());
        }
        let escaped = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
        let name = escaped(&entry.name);
        match self {
            Self::Base64(start) => {
                let config = escaped(&STANDARD.encode(config.to_string()));
                format!("{start}?name={name}&config={config}")
            }
            Self::NameAndJson(start) => {
                format!("{start}?name={name}&config={}", escaped(&config.to_string()))
            }
            Self::Json(start) => {
                config["name"] = json!(entry.name);
                config["type"] = json!("stdio");
                format!("{start}?{}", escaped(&config.to_string()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> NewEntry {
        NewEntry {
            name: "shop".to_owned(),
            command: "C:\\a b\\mcp-tether.exe".to_owned(),
            arguments: vec!["https://a.example/?x=1&y=ü".to_owned()],
            variables: vec![("A".to_owned(), "b".to_owned())],
        }
    }

    fn config(address: &str, key: &str) -> String {
        let url = url::Url::parse(address).unwrap();
        url.query_pairs().find(|(name, _)| name == key).unwrap().1.into_owned()
    }

    #[test]
    fn each_form_holds_the_whole_entry() {
        let expected = json!({ "command": entry().command, "args": entry().arguments,
            "env": { "A": "b" } });
        let address = Link::Base64("cursor://x/mcp/install").address(&entry());
        let json = STANDARD.decode(config(&address, "config")).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&json).unwrap(), expected);
        assert_eq!(config(&address, "name"), "shop");
        let address = Link::NameAndJson("kiro://x/add").address(&entry());
        assert_eq!(serde_json::from_str::<Value>(&config(&address, "config")).unwrap(), expected);
        let address = Link::Json("vscode:mcp/install").address(&entry());
        let json = address.split_once('?').unwrap().1;
        let json = percent_encoding::percent_decode_str(json).decode_utf8().unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&json["name"], &json["args"]), (&json!("shop"), &expected["args"]));
    }
}
