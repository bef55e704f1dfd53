//! A cookie, like that of a load balancer.

use axum::http::HeaderValue;
use axum::http::header::SET_COOKIE;

use crate::faults::row::{FaultRow, FaultScope, effect, plain};

pub(super) const FAULT: FaultRow =
    plain!("cookie", Any, "sets a cookie with each answer", |plan| {
        plan.edits.edit_head(|headers| {
            headers.append(SET_COOKIE, HeaderValue::from_static("lb=1; Path=/"));
        });
    });

#[cfg(test)]
mod tests {
    use super::super::tests::head;

    #[test]
    fn the_answer_sets_a_cookie() {
        assert_eq!(head("cookie")["set-cookie"], "lb=1; Path=/");
    }
}
