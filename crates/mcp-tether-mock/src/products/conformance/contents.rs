//! Resources, prompts and completions of the suite.

use serde_json::{Value, json};

use crate::product::{Need, Prompt, PromptArgument, ResourceEntry, ResourceTemplate, Skill};

/// A red pixel.
pub(super) const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8\
                                z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// A moment of silence.
pub(super) const SILENCE: &str = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

/// Skills: one with files in a folder, and one below a prefix.
pub(super) const SKILLS: &[Skill] = &[
    Skill {
        path: "test-skill",
        description: "A skill with a template",
        files: &[
            ("SKILL.md", "# Test skill\n\nUse `templates/letter.md`.\n"),
            ("templates/letter.md", "Dear reader,\n"),
            ("templates/short/note.md", "Hello\n"),
        ],
    },
    Skill {
        path: "acme/billing/refunds",
        description: "Refunds an order",
        files: &[("SKILL.md", "# Refunds\n\nAsk before you refund.\n")],
    },
];

pub(super) fn resources() -> Vec<ResourceEntry> {
    let entry = |uri: &str, name: &str, description: &str, mime_type| ResourceEntry {
        uri: uri.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        mime_type,
    };
    vec![
        entry("test://static-text", "static-text", "a text", "text/plain"),
        entry("test://static-binary", "static-binary", "a picture", "image/png"),
        entry("test://watched-resource", "watched-resource", "can be watched", "text/plain"),
    ]
}

pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![ResourceTemplate {
        uri_template: "test://template/{id}/data",
        name: "template",
        description: "data of an id",
        mime_type: "application/json",
    }]
}

pub(super) fn read(uri: &str) -> Option<Value> {
    let text = |text: &str| json!({ "uri": uri, "mimeType": "text/plain", "text": text });
    match uri {
        "test://static-text" => Some(text("This is the content of the static text resource.")),
        "test://watched-resource" => Some(text("Watched resource content.")),
        "test://static-binary" => {
            Some(json!({ "uri": uri, "mimeType": "image/png", "blob": PIXEL }))
        }
        _ if uri.starts_with("skill://") => SKILLS.iter().find_map(|skill| skill.read(uri)),
        _ => {
            let id = uri.strip_prefix("test://template/")?.strip_suffix("/data")?;
            let data = format!("Data for ID: {id}");
            let text = json!({ "id": id, "templateTest": true, "data": data }).to_string();
            Some(json!({ "uri": uri, "mimeType": "application/json", "text": text }))
        }
    }
}

pub(super) fn prompts() -> Vec<Prompt> {
    const fn needed(name: &'static str, description: &'static str) -> PromptArgument {
        PromptArgument { name, description, required: true }
    }
    vec![
        Prompt {
            name: "test_simple_prompt",
            description: "a prompt without arguments",
            arguments: &[],
            render: |_| messages(vec![text("This is a simple prompt for testing.")]),
        },
        Prompt {
            name: "test_prompt_with_arguments",
            description: "a prompt with two arguments",
            arguments: const {
                &[needed("arg1", "first test argument"), needed("arg2", "second test argument")]
            },
            render: |arguments| {
                let of = |name: &str| arguments[name].as_str().unwrap_or_default().to_owned();
                let (one, two) = (of("arg1"), of("arg2"));
                messages(vec![text(&format!("Prompt with arguments: arg1='{one}', arg2='{two}'"))])
            },
        },
        Prompt {
            name: "test_prompt_with_embedded_resource",
            description: "a prompt that holds a resource",
            arguments: const { &[needed("resourceUri", "the resource to embed")] },
            render: |arguments| {
                let resource = json!({
                    "uri": arguments["resourceUri"],
                    "mimeType": "text/plain",
                    "text": "Embedded resource content for testing.",
                });
                let embedded = json!({ "type": "resource", "resource": resource });
                messages(vec![embedded, text("Please process the embedded resource above.")])
            },
        },
        Prompt {
            name: "test_prompt_with_image",
            description: "a prompt that holds a picture",
            arguments: &[],
            render: |_| {
                let image = json!({ "type": "image", "data": PIXEL, "mimeType": "image/png" });
                messages(vec![image, text("Please analyze the image above.")])
            },
        },
        Prompt {
            name: "test_input_required_result_prompt",
            description: "a prompt that needs to know something first",
            arguments: &[],
            render: |arguments| {
                let context = arguments["user_context"].as_str().unwrap_or_default();
                messages(vec![text(&format!("Use this context: {context}"))])
            },
        },
    ]
}

pub(super) fn asks_before(name: &str) -> Option<Need> {
    let question = "What context should the prompt use?";
    (name == "test_input_required_result_prompt").then_some(Need {
        key: "user_context",
        question,
        member: "context",
    })
}

pub(super) fn complete(argument: &str) -> Vec<String> {
    match argument {
        "arg1" | "arg2" => ["paris", "park", "party"].map(str::to_owned).to_vec(),
        _ => Vec::new(),
    }
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn messages(contents: Vec<Value>) -> Value {
    let message = |content: Value| json!({ "role": "user", "content": content });
    json!({ "messages": contents.into_iter().map(message).collect::<Vec<_>>() })
}
