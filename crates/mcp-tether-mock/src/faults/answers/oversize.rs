//! A large answer.

use crate::faults::row::{FaultRow, FaultScope, effect, worded};

pub(super) const FAULT: FaultRow = worded!(
    "oversize",
    "oversize=BYTES",
    "oversize=1000",
    &[],
    Request,
    "makes the answer larger by this much",
    |words| {
        let bytes = words.main_number()?;
        effect(move |plan| plan.edits.edit_result(move |result| padded(result, bytes)))
    }
);

fn padded(result: String, by: usize) -> String {
    match result.strip_prefix('{') {
        Some(rest) if by > 0 => {
            let comma = if rest == "}" { "" } else { "," };
            format!("{{\"_padding\":\"{}\"{comma}{rest}", "x".repeat(by))
        }
        _ => result,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{WHOLE, sent};
    use super::padded;

    #[test]
    fn the_result_is_padded() {
        assert_eq!(sent("oversize=3"), [WHOLE.replace("{\"a\"", "{\"_padding\":\"xxx\",\"a\"")]);
        assert_eq!(padded("{}".to_owned(), 1), "{\"_padding\":\"x\"}");
    }
}
