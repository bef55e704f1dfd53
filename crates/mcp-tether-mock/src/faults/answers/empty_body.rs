//! An answer without a body.

use crate::faults::plan::AnswerForm;
use crate::faults::row::{FaultRow, FaultScope, effect, plain};

pub(super) const FAULT: FaultRow =
    plain!("empty-body", Request, "answers 200 with no body at all", |plan| {
        plan.form = Some(AnswerForm::Json);
        plan.empty_body = true;
    });
