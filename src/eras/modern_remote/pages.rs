//! Pages of lists: detects requests for the first one, and applies edits to one. Independent of the
//! kind of list.

use serde::Deserialize;

use crate::jsonrpc::{Edit, Message};

#[derive(Deserialize)]
struct PageParams {
    #[serde(default)]
    cursor: Option<serde_json::Value>,
}

/// Returns whether this request asks for the first page.
pub(super) fn is_first_page(request: &Message) -> bool {
    request.params_as::<PageParams>().is_none_or(|params| params.cursor.is_none())
}

/// The same message after edits; `None` if they overlap.
pub(super) fn rebuild(message: &Message, edits: &[Edit]) -> Option<Message> {
    if edits.is_empty() {
        return Some(message.clone());
    }
    Message::parse(message.edited(edits).ok()?.into_bytes()).ok()
}
