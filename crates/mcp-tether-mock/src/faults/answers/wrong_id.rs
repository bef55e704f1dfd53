//! An answer with an id that no request has.

use crate::faults::row::{FaultRow, FaultScope, effect, plain};
use mcp_tether_wire::jsonrpc::Object;

pub(super) const FAULT: FaultRow =
    plain!("wrong-id", Request, "answers another id than the one asked", |plan| {
        plan.edits.edit_message(|message| vec![with_other_id(message)]);
    });

fn with_other_id(message: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&message);
    let id = Object::parse(&text).and_then(|object| Some(object.get("id")?.to_owned()));
    match id {
        // The id comes before the result, which may hold the same text.
        Some(id) => text.replacen(&format!(":{id},"), ":\"nobody-asked\",", 1).into_bytes(),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{WHOLE, sent};

    #[test]
    fn the_id_is_another_one() {
        assert_eq!(sent("wrong-id"), [WHOLE.replace(":7,", ":\"nobody-asked\",")]);
    }
}
