//! A page in place of an answer, like that of a gateway that demands a sign-in.

use crate::faults::plan::AnswerForm;
use crate::faults::row::{FaultRow, FaultScope, effect, plain};

const PAGE: &[u8] = b"<!doctype html>\n<title>sign in</title>\n<p>sign in first</p>\n";

pub(super) const FAULT: FaultRow =
    plain!("html", Request, "answers 200 with an HTML page instead of JSON", |plan| {
        plan.form = Some(AnswerForm::Json);
        plan.content_type = Some("text/html".to_owned());
        plan.edits.edit_message(|_| vec![PAGE.to_vec()]);
    });

#[cfg(test)]
mod tests {
    use super::super::tests::{plan_of, sent};

    #[test]
    fn a_page_is_sent_under_its_own_type() {
        assert!(sent("html")[0].starts_with("<!doctype html>"));
        assert_eq!(plan_of("html").content_type.as_deref(), Some("text/html"));
    }
}
