//! Pages of lists in this product's format, and the arguments that select one. All products share
//! the search itself.

use serde_json::{Value, json};

use crate::product::field::{Field, Shape, ToolInput, may};
use crate::product::page::ListPage;
pub(super) use crate::product::query::Query;

/// The arguments of every tool that returns pages.
pub(super) const PAGE: &[Field] = &[
    may("page", Shape::Whole(1, 100_000), "which page, from 1"),
    may("perPage", Shape::Whole(1, 100), "entries per page, 20 if left out"),
];

/// Returns one page of `all`, each entry formatted by `show`.
pub(super) fn page<T>(input: ToolInput<'_>, all: &[T], show: impl Fn(&T) -> Value) -> Value {
    let number = |name: &str, default| input.whole(name).unwrap_or(default);
    let page = ListPage::of(all, number("page", 1), number("perPage", 20));
    json!({
        "items": page.items.iter().map(show).collect::<Vec<_>>(),
        "page": page.number,
        "perPage": page.size,
        "total": page.total,
        "hasMore": page.has_more(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_tell_whether_there_is_more() {
        let all = [1, 2, 3, 4, 5];
        let asked = json!({ "page": 2, "perPage": 2 });
        let given = page(ToolInput(&asked), &all, |number| (*number).into());
        let expected = json!({
            "items": [3, 4], "page": 2, "perPage": 2, "total": 5, "hasMore": true,
        });
        assert_eq!(given, expected);
        let beyond = json!({ "page": 100_000 });
        assert_eq!(page(ToolInput(&beyond), &all, |_| Value::Null)["items"], json!([]));
    }
}
