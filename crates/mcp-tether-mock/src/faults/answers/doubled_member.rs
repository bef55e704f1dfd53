//! A result with one member twice: legal JSON that few programs expect.

use serde_json::Value;

use crate::faults::oauth_plan::MemberFault;
use crate::faults::row::{FaultRow, FaultScope, effect, read_member, worded};
use mcp_tether_wire::jsonrpc::Object;

pub(super) const FAULT: FaultRow = worded!(
    "doubled-member",
    "doubled-member=NAME[:value=JSON-OR-TEXT]",
    "doubled-member=_meta:value={}",
    &["value"],
    Request,
    "holds a member of the result twice, first with this value or its own",
    |words| {
        let member = read_member(words)?;
        effect(move |plan| {
            let member = member.clone();
            // In the message, because edits that set members parse the result as an object.
            plan.edits.edit_message(move |message| {
                vec![doubled_in(&message, &member).unwrap_or(message)]
            });
        })
    }
);

fn doubled_in(message: &[u8], member: &MemberFault) -> Option<Vec<u8>> {
    let message = std::str::from_utf8(message).ok()?;
    let result = Object::parse(message)?.get("result")?.to_owned();
    let own = || Some(Object::parse(&result)?.get(&member.name)?.to_owned());
    let value = member.value.as_ref().map(Value::to_string).or_else(own)?;
    let rest = result.strip_prefix('{')?;
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    let doubled = format!("{{{}:{value}{comma}{rest}", Value::from(member.name.as_str()));
    Some(message.replacen(&result, &doubled, 1).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{WHOLE, sent};

    #[test]
    fn a_member_comes_first_once_more() {
        assert_eq!(sent("doubled-member=a"), [WHOLE.replace("{\"a\"", "{\"a\":1,\"a\"")]);
        assert_eq!(sent("doubled-member=a:value=2"), [WHOLE.replace("{\"a\"", "{\"a\":2,\"a\"")]);
        assert_eq!(sent("doubled-member=absent"), [WHOLE]);
    }
}
