//! Free-text search and pages: every word must be found somewhere, capitals and accents of phone
//! numbers do not matter.

use serde_json::{Value, json};

use super::super::page::Page;
use super::field::{Field, Input, Shape, may};

/// Arguments of everything that gives pages.
pub(super) const PAGE: &[Field] = &[
    may("page", Shape::Whole(1, 100_000), "which page, from 1"),
    may("perPage", Shape::Whole(1, 100), "entries per page, 20 if left out"),
];

/// The words of a query.
#[derive(Debug)]
pub(super) struct Query(Vec<String>);

impl Query {
    pub(super) fn of(input: Input<'_>) -> Self {
        let text = input.text("query").unwrap_or_default().to_lowercase();
        Self(text.split_whitespace().map(|word| word.trim_start_matches('#').to_owned()).collect())
    }

    /// Whether each word is in one of the texts.
    pub(super) fn matches(&self, texts: &[&str]) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let texts: Vec<_> = texts.iter().map(|text| text.to_lowercase()).collect();
        self.0.iter().all(|word| texts.iter().any(|text| text.contains(word.as_str())))
    }
}

/// One page of `all`, each entry written by `show`.
pub(super) fn page<T>(input: Input<'_>, all: &[T], show: impl Fn(&T) -> Value) -> Value {
    let number = |name: &str, default| input.whole(name).unwrap_or(default);
    let page = Page::of(all, number("page", 1), number("perPage", 20));
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
    fn every_word_must_be_found() {
        let query = Query::of(Input(&json!({ "query": "RED  shirt" }))).0;
        let query = Query(query);
        assert!(query.matches(&["Shirt, red", "x"]));
        assert!(query.matches(&["red", "shirts"]));
        assert!(!query.matches(&["red"]));
    }

    #[test]
    fn pages_tell_whether_there_is_more() {
        let all = [1, 2, 3, 4, 5];
        let asked = json!({ "page": 2, "perPage": 2 });
        let given = page(Input(&asked), &all, |number| (*number).into());
        let expected = json!({
            "items": [3, 4], "page": 2, "perPage": 2, "total": 5, "hasMore": true,
        });
        assert_eq!(given, expected);
        let beyond = json!({ "page": 100_000 });
        assert_eq!(page(Input(&beyond), &all, |_| Value::Null)["items"], json!([]));
    }
}
