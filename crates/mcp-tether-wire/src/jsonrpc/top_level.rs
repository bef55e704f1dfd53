//! The members of a message at its top level, and what they make of it. `null` counts as an absent
//! member where it can mean nothing else (T-19).

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::id::RequestId;
use super::invalid::Invalid;
use super::kind::MessageKind;

/// The members that JSON-RPC knows, as raw JSON; others are passed over.
#[derive(serde::Deserialize)]
pub(super) struct TopLevel<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) error: Option<&'a RawValue>,
}

impl<'a> TopLevel<'a> {
    /// `method`, unless it is `null`: many serializers write "absent" like this.
    pub(super) fn method(&self) -> Option<&'a RawValue> {
        self.method.filter(is_not_null)
    }

    /// `error`, unless it is `null`.
    pub(super) fn error(&self) -> Option<&'a RawValue> {
        self.error.filter(is_not_null)
    }

    /// Members that do not belong to a message of this kind: `null` in the place of what is absent,
    /// and a result beside an error.
    pub(super) fn strays(&self, kind: MessageKind) -> Vec<&'static str> {
        let (result, error) = (self.result.is_some(), self.error.is_some());
        let is_null = |value: Option<&RawValue>| value.is_some_and(|value| !is_not_null(&value));
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

    /// `result` or `error`. An error counts more; a result that is `null` beside a method is none.
    pub(super) fn outcome(&self) -> Option<&'a RawValue> {
        let has_method = self.method().is_some();
        self.error().or_else(|| self.result.filter(|result| !has_method || is_not_null(result)))
    }

    /// What kind of message this is. `method` and `id` are what was read of these members.
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

fn is_not_null(value: &&RawValue) -> bool {
    value.get() != "null"
}

/// Distinguishes `null` from an absent member.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}
