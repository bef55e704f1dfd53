//! Resources, prompts and completions of the lab. All are constant except for one resource, which
//! the tool `touch` changes.

use serde_json::{Value, json};

use crate::product::{Need, Prompt, PromptArgument, ResourceEntry, ResourceTemplate};

/// The resource that `touch` changes and subscribers are notified of.
pub(super) const WATCHED: &str = "lab://watched";

const SUBSTANCES: [&str; 6] = ["acetone", "ammonia", "argon", "benzene", "boron", "copper"];

pub(super) fn resources() -> Vec<ResourceEntry> {
    let entry = |uri: &str, name: &str, description: &str, mime_type| ResourceEntry {
        uri: uri.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        mime_type,
    };
    vec![
        entry("lab://greeting", "greeting", "a line of text", "text/plain"),
        entry("lab://pixel", "pixel", "a picture of one transparent pixel", "image/gif"),
        entry("lab://secret", "secret", "is given to who says a password first", "text/plain"),
        entry(WATCHED, "watched", "changes with every call of `touch`", "application/json"),
    ]
}

pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![ResourceTemplate {
        uri_template: "lab://substances/{name}",
        name: "substance",
        description: "what is known of a substance",
        mime_type: "application/json",
    }]
}

pub(super) fn read(uri: &str, touches: u64) -> Option<Value> {
    if let Some(name) = uri.strip_prefix("lab://substances/") {
        let place = SUBSTANCES.iter().position(|known| *known == name)?;
        let text = json!({ "name": name, "shelf": place + 1 }).to_string();
        return Some(json!({ "uri": uri, "mimeType": "application/json", "text": text }));
    }
    match uri {
        "lab://greeting" => {
            Some(json!({ "uri": uri, "mimeType": "text/plain", "text": "welcome to the lab" }))
        }
        "lab://pixel" => {
            let blob = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
            Some(json!({ "uri": uri, "mimeType": "image/gif", "blob": blob }))
        }
        "lab://secret" => {
            Some(json!({ "uri": uri, "mimeType": "text/plain", "text": "there is no secret" }))
        }
        WATCHED => {
            let text = json!({ "touches": touches }).to_string();
            Some(json!({ "uri": uri, "mimeType": "application/json", "text": text }))
        }
        _ => None,
    }
}

pub(super) fn prompts() -> Vec<Prompt> {
    vec![
        Prompt {
            name: "hello",
            description: "asks for a greeting",
            arguments: &[],
            render: |_| message("Say hello to the lab."),
        },
        Prompt {
            name: "greet_me",
            description: "asks for a greeting, after asking the user for their name",
            arguments: &[],
            render: |arguments| {
                let name = arguments["user_name"].as_str().unwrap_or_default();
                message(&format!("Say hello to {name}."))
            },
        },
        Prompt {
            name: "compare",
            description: "asks to compare two substances",
            arguments: &[
                PromptArgument { name: "first", description: "one substance", required: true },
                PromptArgument { name: "second", description: "the other one", required: false },
            ],
            render: |arguments| {
                let first = arguments["first"].as_str().unwrap_or_default();
                let second = arguments["second"].as_str().unwrap_or("water");
                message(&format!("Compare {first} with {second}."))
            },
        },
    ]
}

/// Returns the question that the user must answer before this is returned.
pub(super) fn asks_before(name: &str) -> Option<Need> {
    match name {
        "greet_me" => {
            Some(Need { key: "user_name", question: "what is your name?", member: "name" })
        }
        "lab://secret" => {
            Some(Need { key: "password", question: "what is the password?", member: "word" })
        }
        _ => None,
    }
}

fn message(text: &str) -> Value {
    json!({
        "description": "a prompt of the lab",
        "messages": [{ "role": "user", "content": { "type": "text", "text": text } }],
    })
}

/// Returns the names of substances, for the arguments that take one.
pub(super) fn complete(argument: &str) -> Vec<String> {
    match argument {
        "name" | "first" | "second" => SUBSTANCES.map(str::to_owned).to_vec(),
        _ => Vec::new(),
    }
}
