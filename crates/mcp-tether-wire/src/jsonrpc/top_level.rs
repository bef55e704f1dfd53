//! The top-level members of a message, and the kind of message that they make. `null` counts as an
//! absent member if it can mean nothing else (T-19).

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::id::RequestId;
use super::invalid::Invalid;
use super::kind::MessageKind;
use super::tokens::Tokens;

/// The members that JSON-RPC defines, as JSON text; others are skipped.
#[derive(Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub(super) struct TopLevel<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) jsonrpc: Option<&'a str>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) id: Option<&'a str>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) method: Option<&'a str>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) params: Option<&'a str>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) result: Option<&'a str>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) error: Option<&'a str>,
}

impl<'a> TopLevel<'a> {
    /// Finds the members of an object in one pass over the text. `None` for unusual text, for text
    /// that is not a message, and if line breaks have to be removed first.
    pub(super) fn find(text: &'a str) -> Option<Self> {
        let mut found = Self::default();
        let mut tokens = Tokens::new(text);
        tokens.take(b'{')?;
        loop {
            let name = tokens.name()?;
            let value = tokens.value()?;
            if found.place(name).is_some_and(|place| place.replace(value).is_some()) {
                return None;
            }
            if tokens.take(b',').is_none() {
                break;
            }
        }
        tokens.take(b'}')?;
        let is_whole = tokens.peek().is_none() && !tokens.has_line_breaks();
        is_whole.then_some(found)
    }

    fn place(&mut self, name: &str) -> Option<&mut Option<&'a str>> {
        match name {
            "jsonrpc" => Some(&mut self.jsonrpc),
            "id" => Some(&mut self.id),
            "method" => Some(&mut self.method),
            "params" => Some(&mut self.params),
            "result" => Some(&mut self.result),
            "error" => Some(&mut self.error),
            _ => None,
        }
    }

    /// `method`, unless it is `null`: many serializers write "absent" like this.
    pub(super) fn method(&self) -> Option<&'a str> {
        self.method.filter(is_not_null)
    }

    /// `error`, unless it is `null`.
    pub(super) fn error(&self) -> Option<&'a str> {
        self.error.filter(is_not_null)
    }

    /// Members that do not belong in a message of this kind: `null` for an absent member, and a
    /// result beside an error.
    pub(super) fn strays(&self, kind: MessageKind) -> Vec<&'static str> {
        let (result, error) = (self.result.is_some(), self.error.is_some());
        let is_null = |value: Option<&str>| value.is_some_and(|value| !is_not_null(&value));
        let (method, params) = (self.method.is_some(), is_null(self.params));
        let found = match kind {
            MessageKind::Request => [("result", result), ("error", error), ("id", false)],
            MessageKind::Notification => {
                [("result", result), ("error", error), ("id", self.id.is_some())]
            }
            MessageKind::Response => [("error", error), ("method", method), ("params", params)],
            MessageKind::ErrorResponse => {
                [("result", result), ("method", method), ("params", params)]
            }
        };
        if found.iter().all(|(_, is_there)| !is_there) {
            return Vec::new();
        }
        found.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect()
    }

    /// `result` or `error`. An error takes precedence; a `null` result beside a method does not
    /// count.
    pub(super) fn outcome(&self) -> Option<&'a str> {
        let has_method = self.method().is_some();
        self.error().or_else(|| self.result.filter(|result| !has_method || is_not_null(result)))
    }

    /// The kind of this message. `method` and `id` are the parsed members.
    ///
    /// # Errors
    /// It is not a message.
    pub(super) fn kind(
        &self,
        method: Option<&str>,
        id: Option<&RequestId>,
    ) -> Result<MessageKind, Invalid> {
        let is_legal = id.is_some_and(RequestId::is_legal);
        match (method, self.outcome()) {
            (Some(_), Some(_)) => {
                Err(Invalid::not_message(id.cloned(), "both `method` and an outcome").of_request())
            }
            (Some(_), None) if self.id.is_none() => Ok(MessageKind::Notification),
            (Some(_), None) if is_legal => Ok(MessageKind::Request),
            (Some(method), None)
                if id == Some(&RequestId::Null) && method.starts_with("notifications/") =>
            {
                Ok(MessageKind::Notification)
            }
            (Some(_), None) => {
                // MCP allows no `null` in an answer either (O-1).
                let id = id.filter(|id| **id != RequestId::Null).cloned();
                let reason = "`id` is neither a string nor an integer";
                Err(Invalid::not_message(id, reason).of_request())
            }
            (None, Some(_)) if self.error().is_some() => Ok(MessageKind::ErrorResponse),
            (None, Some(_)) if is_legal => Ok(MessageKind::Response),
            (None, Some(_)) => Err(Invalid::not_message(None, "a result without a usable `id`")),
            (None, None) => {
                let reason = "needs one of `method`, `result` and `error`";
                Err(Invalid::not_message(id.cloned(), reason))
            }
        }
    }
}

fn is_not_null(value: &&str) -> bool {
    *value != "null"
}

/// Distinguishes `null` from an absent member.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de str>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(|value| Some(value.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_as_the_parser_finds_them() {
        let texts = [
            r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"id":[2]}}"#,
            r#" { "x" : {} , "result" : null , "jsonrpc" : "2.0" , "id" : "a\"b" } "#,
            r#"{"id":null,"error":{"code":-1.5e3},"jsonrpc":true}"#,
        ];
        for text in texts {
            let found = TopLevel::find(text).unwrap();
            assert_eq!(found, serde_json::from_str(text).unwrap(), "{text}");
        }
    }

    /// T-19
    #[test]
    fn what_is_out_of_the_ordinary_is_left_to_the_parser() {
        let texts = [
            r#"{"id":1,"id":2}"#,
            r#"{"\u0069d":1}"#,
            "{\"id\":\n1}",
            r#"{"id":1} x"#,
            r#"{"id":1,}"#,
            "{}",
            "[]",
            "",
        ];
        for text in texts {
            assert_eq!(TopLevel::find(text), None, "{text}");
        }
    }
}
