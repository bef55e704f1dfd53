//! Answers the questions that a tool asks the user (`elicitation/create`): declines them with a
//! notice, unless `--yes` was given and the question is a confirmation. Never opens a URL (S-11).

use serde_json::{Map, Value, json};

use crate::redact::plain;

/// An answer, and a notice for the user.
pub(super) struct ElicitationAnswer {
    /// The result of the request.
    pub(super) result: Value,
    /// Lines for stderr.
    pub(super) notice: String,
}

/// Answers a question with these params.
pub(super) fn answer_to(params: &Value, yes: bool) -> ElicitationAnswer {
    let asked = plain(params["message"].as_str().unwrap_or("(no text)"));
    if let Some(url) = params["url"].as_str() {
        let notice =
            format!("the server asks: {asked}\ndeclined: it wants you to open `{}`\n", plain(url));
        return ElicitationAnswer { result: json!({ "action": "decline" }), notice };
    }
    let content = if yes { affirmative(&params["requestedSchema"]) } else { None };
    match content {
        Some(content) => ElicitationAnswer {
            result: json!({ "action": "accept", "content": content }),
            notice: format!("the server asks: {asked}\naccepted because of `--yes`\n"),
        },
        None => ElicitationAnswer {
            result: json!({ "action": "decline" }),
            notice: format!("the server asks: {asked}\n{}", declined(yes)),
        },
    }
}

fn declined(yes: bool) -> &'static str {
    if yes {
        "declined: it is not a confirmation\n"
    } else {
        "declined\n\nhint: `--yes` accepts confirmations\n"
    }
}

/// Fills in a form with yes and with its defaults; `None` if it requires anything else.
fn affirmative(schema: &Value) -> Option<Map<String, Value>> {
    let mut content = Map::new();
    let required = schema["required"].as_array();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let needed = required.is_some_and(|names| names.iter().any(|other| other == name));
        let value = match (&property["default"], property["type"].as_str()) {
            (_, Some("boolean")) if needed => Value::Bool(true),
            (Value::Null, Some("boolean")) => Value::Bool(true),
            (Value::Null, _) if needed => return None,
            (Value::Null, _) => continue,
            (default, _) => default.clone(),
        };
        content.insert(name.clone(), value);
    }
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confirmation() -> Value {
        json!({
            "message": "really \u{1b}delete?",
            "requestedSchema": {
                "type": "object",
                "properties": {
                    "confirm": { "type": "boolean", "default": false },
                    "mode": { "type": "string", "default": "soft" },
                    "note": { "type": "string" },
                },
                "required": ["confirm"],
            },
        })
    }

    #[test]
    fn a_confirmation_is_declined_unless_yes_was_said_before() {
        let ElicitationAnswer { result, notice } = answer_to(&confirmation(), false);
        assert_eq!(result, json!({ "action": "decline" }));
        assert!(notice.contains("really \\u{1b}delete?") && notice.contains("hint: `--yes`"));
        let ElicitationAnswer { result, notice } = answer_to(&confirmation(), true);
        let content = json!({ "confirm": true, "mode": "soft" });
        assert_eq!(result, json!({ "action": "accept", "content": content }));
        assert!(notice.contains("accepted because of `--yes`"));
    }

    #[test]
    fn yes_is_no_answer_to_an_open_question() {
        let mut question = confirmation();
        question["requestedSchema"]["required"] = json!(["confirm", "note"]);
        let ElicitationAnswer { result, notice } = answer_to(&question, true);
        assert_eq!(result, json!({ "action": "decline" }));
        assert!(notice.contains("not a confirmation"));
    }

    /// S-11
    #[test]
    fn a_url_is_shown_and_never_accepted() {
        let question = json!({ "mode": "url", "message": "pay", "url": "https://x.example/\u{7}" });
        let ElicitationAnswer { result, notice } = answer_to(&question, true);
        assert_eq!(result, json!({ "action": "decline" }));
        assert!(notice.contains("`https://x.example/\\u{7}`"));
    }
}
