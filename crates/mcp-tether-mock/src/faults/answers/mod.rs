//! Faults of the answer itself, whatever its transport. Each has its own file with its row, its
//! edit of an answer, and a test. To add one, copy `truncated.rs` and name it in this file.

mod batch;
mod content_type;
mod cookie;
mod doubled_member;
mod empty_body;
mod flood;
mod html;
mod invalid_utf8;
mod never;
mod oversize;
mod result_member;
mod truncated;
mod twice;
mod wrong_id;

use super::row::FaultRow;

/// The faults, in the order in which they are listed.
pub(super) const ROWS: &[FaultRow] = &[
    wrong_id::FAULT,
    twice::FAULT,
    never::FAULT,
    truncated::FAULT,
    invalid_utf8::FAULT,
    html::FAULT,
    empty_body::FAULT,
    content_type::FAULT,
    oversize::FAULT,
    result_member::FAULT,
    doubled_member::FAULT,
    batch::FAULT,
    flood::FAULT,
    cookie::FAULT,
];

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use crate::faults::plan::Plan;
    use crate::faults::table;
    use crate::faults::words::Words;
    use mcp_tether_wire::jsonrpc::{RequestId, result_response};

    /// The answer that the tests of the faults start from.
    pub(in crate::faults) const WHOLE: &str = r#"{"jsonrpc":"2.0","id":7,"result":{"a":1}}"#;

    /// Returns the plan of a request that this fault applies to.
    pub(in crate::faults) fn plan_of(fault: &str) -> Plan {
        let name = fault.split(['=', ':']).next().unwrap();
        let row = table::rows().find(|row| row.name == name).unwrap();
        let mut words = Words::split(fault, |key| row.keys.contains(&key));
        let effect = (row.read)(&mut words).unwrap();
        let mut plan = Plan::default();
        effect(&mut plan);
        plan
    }

    /// Returns the text sent in place of [`WHOLE`], with `�` for invalid UTF-8.
    pub(in crate::faults) fn sent(fault: &str) -> Vec<String> {
        let edits = plan_of(fault).edits;
        let result = edits.result(r#"{"a":1}"#.to_owned());
        let sent = edits.messages(result_response(&RequestId::from(7), result));
        sent.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }

    /// Returns the headers of an answer.
    pub(in crate::faults) fn head(fault: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        plan_of(fault).edits.head(&mut headers);
        headers
    }

    #[test]
    fn an_answer_without_a_fault_is_sent_as_it_is() {
        assert_eq!(sent("lenient"), [WHOLE]);
        assert!(head("lenient").is_empty());
    }
}
