//! The size limit of results: a longer result is truncated and says so, and is still JSON of
//! the same shape.

use serde_json::{Value, json};

/// The maximum length of an answer's text, in characters.
pub(super) const MAX_RESULT_CHARS: usize = 25_000;

/// Says that an answer was truncated, where, and what to do.
fn notice() -> String {
    let (thousands, rest) = (MAX_RESULT_CHARS / 1000, MAX_RESULT_CHARS % 1000);
    format!(
        "This answer was cut at {thousands},{rest:03} characters. Ask for less: use a smaller \
         `limit` or add filters."
    )
}

/// Adds to a schema the members that say that an answer was truncated.
pub(super) fn permit(schema: &mut Value) {
    schema["properties"]["truncated"] = json!({ "const": true });
    schema["properties"]["notice"] = json!({ "type": "string" });
}

/// Truncates an answer that is too long: the longest member loses its last entries.
pub(super) fn capped(mut answer: Value) -> Value {
    if length_of(&answer) <= MAX_RESULT_CHARS {
        return answer;
    }
    answer["truncated"] = true.into();
    answer["notice"] = notice().into();
    for _ in 0..answer.as_object().map_or(0, serde_json::Map::len) {
        let Some(over) = length_of(&answer).checked_sub(MAX_RESULT_CHARS + 1) else { break };
        let longest = answer.as_object().and_then(|members| {
            members.iter().max_by_key(|(_, value)| length_of(value)).map(|(name, _)| name.clone())
        });
        if let Some(longest) = longest {
            shorten(&mut answer[&longest], over + 1);
        }
    }
    answer
}

/// Removes at least `excess` characters.
fn shorten(value: &mut Value, excess: usize) {
    let mut left = excess;
    let mut takes = |length: usize| {
        let more = left > 0;
        left = left.saturating_sub(length);
        more
    };
    match value {
        Value::Array(items) => {
            // Each entry is removed with its comma.
            while items.last().is_some_and(|last| takes(length_of(last) + 1)) {
                items.pop();
            }
        }
        Value::Object(members) => {
            while let Some((name, held)) = members.iter().next_back()
                && takes(length_of(held))
            {
                let name = name.clone();
                members.remove(&name);
            }
        }
        Value::String(text) => {
            while let Some(last) = text.chars().next_back()
                && takes(length_of(&last.to_string().into()) - 2)
            {
                text.pop();
            }
        }
        _ => {}
    }
}

/// Returns the length of the JSON text, in characters.
fn length_of(value: &Value) -> usize {
    value.to_string().chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_truncated_and_says_so() {
        let cut = capped(json!({ "data": items_of(3_000), "meta": { "total": 3000 } }));
        assert!(length_of(&cut) <= MAX_RESULT_CHARS && length_of(&cut) > MAX_RESULT_CHARS - 100);
        assert_eq!((&cut["truncated"], &cut["meta"]["total"]), (&json!(true), &json!(3000)));
        assert_eq!(cut["data"][0], "entry 0 é");
        let notice = "This answer was cut at 25,000 characters. Ask for less: use a smaller \
                      `limit` or add filters.";
        assert_eq!(cut["notice"], notice);
        let text = capped(json!({ "content": "line\n".repeat(9_000), "page": 1 }));
        assert!(length_of(&text) <= MAX_RESULT_CHARS && text["notice"].is_string());
        let words: Value = (0..3000).map(|n| (format!("k{n:05}"), json!("v"))).collect();
        let two = capped(json!({ "lines": items_of(2_000), "metadata": words }));
        assert!(length_of(&two) <= MAX_RESULT_CHARS, "{}", length_of(&two));
    }

    fn items_of(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("entry {number} é")).collect()
    }

    #[test]
    fn a_short_answer_is_unchanged() {
        let small = json!({ "data": ["x".repeat(24_900)] });
        assert_eq!(capped(small.clone()), small);
    }
}
