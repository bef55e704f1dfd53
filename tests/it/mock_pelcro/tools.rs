//! Each tool with arguments that work, of a wrong type, missing and unknown.

use serde_json::{Value, json};

use super::{bad, good, pelcro, tools};

/// Tools of the product and their kinds; the annotations must match.
const TSV: &str = include_str!("tools.tsv");

/// Annotations match the kind column, and no tool is missing or one too many.
#[tokio::test]
async fn the_tools_are_those_of_the_product() {
    let host = pelcro().await;
    let listed = tools(&host).await;
    let mut rows: Vec<(&str, &str)> = TSV
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .map(|cells| (cells[1], cells[2]))
        .collect();
    let kind = |tool: &Value| {
        let hints = &tool["annotations"];
        match (hints["readOnlyHint"] == true, hints["destructiveHint"] == true) {
            (true, false) => "read",
            (false, true) => "destructive",
            _ => "write",
        }
    };
    let mut found: Vec<_> =
        listed.iter().map(|tool| (tool["name"].as_str().unwrap(), kind(tool))).collect();
    rows.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, rows);
    assert_eq!(found.len(), 101);
    println!("pelcro: {} tools listed = {} lines of the table", found.len(), rows.len());
    for tool in &listed {
        let name = tool["name"].as_str().unwrap();
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{name}");
        assert_eq!(tool["outputSchema"]["type"], "object", "{name}");
        assert!(tool["title"].as_str().is_some_and(|title| !title.is_empty()), "{name}");
        let needs_site = tool["inputSchema"]["properties"].get("site_id").is_some();
        assert_eq!(needs_site, name != "get_account", "{name}");
        jsonschema::meta::validate(&tool["inputSchema"]).unwrap();
        jsonschema::meta::validate(&tool["outputSchema"]).unwrap();
    }
}

/// Every tool with its own example, then with each argument of a wrong type, each required argument
/// left out, and an id that nothing has.
#[tokio::test]
async fn every_tool_takes_what_its_schema_says_and_nothing_else() {
    let listed = tools(&pelcro().await).await;
    let mut host = pelcro().await;
    for tool in &listed {
        let name = tool["name"].as_str().unwrap();
        let text = tool["description"].as_str().unwrap();
        let example = text.split_once("Example: ").unwrap().1;
        let arguments: Value = serde_json::from_str(example).unwrap();
        refuses_what_does_not_fit(&host, tool, &arguments).await;
        if let Some(unknown) = unknown_id(tool, &arguments) {
            let body = bad(&host, name, unknown).await;
            assert_eq!(body["status"], 404, "{name}: {body}");
        }
        let given = good(&host, name, arguments).await;
        let schema = &tool["outputSchema"];
        if let Err(error) = jsonschema::validate(schema, &given) {
            panic!("{name}: {error} at {} of {given}", error.instance_path());
        }
        if tool["annotations"]["readOnlyHint"] == false {
            // The next example is made for fresh data.
            host = pelcro().await;
        }
    }
}

async fn refuses_what_does_not_fit(
    host: &crate::raw_host::RawHost,
    tool: &Value,
    arguments: &Value,
) {
    let name = tool["name"].as_str().unwrap();
    let schema = &tool["inputSchema"];
    for required in schema["required"].as_array().into_iter().flatten() {
        let mut left_out = arguments.clone();
        left_out.as_object_mut().unwrap().remove(required.as_str().unwrap());
        let body = bad(host, name, left_out).await;
        assert_eq!(body["status"], 400, "{name}: {body}");
        let field = required.as_str().unwrap();
        let told = format!("The {field} field is required.");
        assert_eq!(body["errors"][field], json!([told]), "{name}: {body}");
    }
    for (field, property) in schema["properties"].as_object().unwrap() {
        let mut wrong = arguments.clone();
        wrong[field] = match property["type"].as_str().unwrap() {
            "string" => json!(12),
            _ => json!("no such value"),
        };
        let body = bad(host, name, wrong).await;
        assert!(body["errors"][field].is_array(), "{name}.{field}: {body}");
    }
    let mut more = arguments.clone();
    more["no_such_argument"] = 1.into();
    let body = bad(host, name, more).await;
    assert!(body["errors"]["no_such_argument"].is_array(), "{name}: {body}");
}

/// The arguments with an id that nothing has.
fn unknown_id(tool: &Value, arguments: &Value) -> Option<Value> {
    let required = tool["inputSchema"]["required"].as_array()?;
    let mut ids = required.iter().filter_map(Value::as_str);
    let field = ids.rfind(|name| name.ends_with("_id") || name.ends_with("_ids"))?;
    let mut unknown = arguments.clone();
    unknown[field] = match field.ends_with("_ids") {
        true => json!([999_999]),
        false => json!(999_999),
    };
    Some(unknown)
}
