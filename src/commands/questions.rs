//! Answers a tool's questions to the user (`elicitation/create`): accepts a confirmation to which
//! the user agrees, and declines everything else with a notice. Never opens a URL (S-11).

use serde_json::{Map, Value, json};

use crate::redact::plain;

/// An answer, and a notice for the user.
pub(super) struct ElicitationAnswer {
    /// The result of the request.
    pub(super) result: Value,
    /// Lines for stderr.
    pub(super) notice: String,
}

/// The user's response to a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consent {
    /// Yes to all of them, with `--yes`.
    Beforehand,
    /// Yes to this one.
    Given,
    /// No to this one.
    Refused,
    /// None: there is no terminal, or the question is not a yes-or-no question.
    NotAsked,
}

/// The question to put to the user, if these params ask for a confirmation.
pub(super) fn confirmation(params: &Value) -> Option<String> {
    let is_url = params["url"].is_string();
    affirmative(&params["requestedSchema"]).filter(|_| !is_url)?;
    Some(format!("the server asks: {}", asked(params)))
}

/// Answers a question with these params.
pub(super) fn answer_to(params: &Value, consent: Consent) -> ElicitationAnswer {
    let asked = asked(params);
    if let Some(url) = params["url"].as_str() {
        let notice =
            format!("the server asks: {asked}\ndeclined: it wants you to open `{}`\n", plain(url));
        return ElicitationAnswer { result: json!({ "action": "decline" }), notice };
    }
    let is_yes = matches!(consent, Consent::Beforehand | Consent::Given);
    let content = if is_yes { affirmative(&params["requestedSchema"]) } else { None };
    let question = format!("the server asks: {asked}\n");
    match (content, consent) {
        (Some(content), consent) => ElicitationAnswer {
            result: json!({ "action": "accept", "content": content }),
            notice: match consent {
                Consent::Beforehand => question + "accepted because of `--yes`\n",
                _ => String::new(),
            },
        },
        (None, consent) => ElicitationAnswer {
            result: json!({ "action": "decline" }),
            notice: match consent {
                Consent::Refused => "declined\n".to_owned(),
                Consent::NotAsked => question + "declined\n\nhint: `--yes` accepts confirmations\n",
                _ => question + "declined: it is not a confirmation\n",
            },
        },
    }
}

fn asked(params: &Value) -> String {
    plain(params["message"].as_str().unwrap_or("(no text)"))
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

    fn question() -> Value {
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
        let ElicitationAnswer { result, notice } = answer_to(&question(), Consent::NotAsked);
        assert_eq!(result, json!({ "action": "decline" }));
        assert!(notice.contains("really \\u{1b}delete?") && notice.contains("hint: `--yes`"));
        let ElicitationAnswer { result, notice } = answer_to(&question(), Consent::Beforehand);
        let content = json!({ "confirm": true, "mode": "soft" });
        assert_eq!(result, json!({ "action": "accept", "content": content }));
        assert!(notice.contains("accepted because of `--yes`"));
    }

    #[test]
    fn a_confirmation_is_put_to_the_user_and_an_open_question_is_not() {
        assert_eq!(confirmation(&question()).unwrap(), "the server asks: really \\u{1b}delete?");
        let accepted = answer_to(&question(), Consent::Given);
        assert_eq!((&accepted.result["action"], accepted.notice.as_str()), (&json!("accept"), ""));
        let refused = answer_to(&question(), Consent::Refused);
        assert_eq!(refused.result, json!({ "action": "decline" }));
        let mut open = question();
        open["requestedSchema"]["required"] = json!(["note"]);
        assert_eq!(confirmation(&open), None);
        assert_eq!(confirmation(&json!({ "url": "https://x", "requestedSchema": {} })), None);
    }

    #[test]
    fn yes_is_no_answer_to_an_open_question() {
        let mut question = question();
        question["requestedSchema"]["required"] = json!(["confirm", "note"]);
        let ElicitationAnswer { result, notice } = answer_to(&question, Consent::Beforehand);
        assert_eq!(result, json!({ "action": "decline" }));
        assert!(notice.contains("not a confirmation"));
    }

    /// S-11
    #[test]
    fn a_url_is_shown_and_never_accepted() {
        let question = json!({ "mode": "url", "message": "pay", "url": "https://x.example/\u{7}" });
        let ElicitationAnswer { result, notice } = answer_to(&question, Consent::Beforehand);
        assert_eq!(result, json!({ "action": "decline" }));
        assert!(notice.contains("`https://x.example/\\u{7}`"));
    }
}
