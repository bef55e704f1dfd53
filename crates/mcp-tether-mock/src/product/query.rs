//! Free-text search: every word must be found somewhere; case and a `#` before a number are
//! ignored.

use super::field::ToolInput;

/// The words of the argument `query`.
#[derive(Debug)]
pub(crate) struct Query(Vec<String>);

impl Query {
    pub(crate) fn of(input: ToolInput<'_>) -> Self {
        let text = input.text("query").unwrap_or_default().to_lowercase();
        Self(text.split_whitespace().map(|word| word.trim_start_matches('#').to_owned()).collect())
    }

    /// Returns whether each word is in one of the texts.
    pub(crate) fn matches(&self, texts: &[&str]) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let texts: Vec<_> = texts.iter().map(|text| text.to_lowercase()).collect();
        self.0.iter().all(|word| texts.iter().any(|text| text.contains(word.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_word_must_be_found() {
        let query = Query::of(ToolInput(&json!({ "query": "RED  shirt #7" })));
        assert!(query.matches(&["Shirt, red", "7"]));
        assert!(query.matches(&["red 70", "shirts"]));
        assert!(!query.matches(&["red shirt"]));
        assert!(Query::of(ToolInput(&json!({}))).matches(&[]));
    }
}
