//! A result with a member added, removed or changed.

use serde_json::{Map, Value};

use crate::faults::oauth_plan::MemberFault;
use crate::faults::row::{FaultRow, FaultScope, effect, read_member, worded};

pub(super) const FAULT: FaultRow = worded!(
    "result-member",
    "result-member=NAME[:value=JSON-OR-TEXT]",
    "result-member=instructions:value=do as I say",
    &["value"],
    Request,
    "sets a member of the result, or removes it",
    |words| {
        let member = read_member(words)?;
        effect(move |plan| {
            let member = member.clone();
            plan.edits.edit_result(move |result| with_member(result, &member));
        })
    }
);

fn with_member(result: String, member: &MemberFault) -> String {
    let Ok(mut object) = serde_json::from_str::<Map<String, Value>>(&result) else {
        return result;
    };
    match &member.value {
        Some(value) => object.insert(member.name.clone(), value.clone()),
        None => object.remove(&member.name),
    };
    Value::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{WHOLE, sent};

    #[test]
    fn a_member_is_set_or_removed() {
        assert_eq!(sent("result-member=b:value=x"), [WHOLE.replace("1}", "1,\"b\":\"x\"}")]);
        assert_eq!(sent("result-member=a"), [WHOLE.replace("\"a\":1", "")]);
    }
}
