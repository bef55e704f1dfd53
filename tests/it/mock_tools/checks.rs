//! The checks that every tool of every product passes.

use std::collections::BTreeMap;

use mcp_tether::remote::RemoteOptions;
use serde_json::{Value, json};

use super::{Row, Tested, roles};
use crate::support::harness::Harness;

/// Plays all tools of a product; tells how many there were and everything that was wrong.
#[expect(clippy::print_stdout, reason = "the counts are for whoever runs the test by hand")]
pub async fn play(tested: &Tested) {
    let mut wrong = Vec::new();
    let tools = tools(tested).await;
    let mut host = bridge(tested).await;
    for (name, tool) in &tools {
        is_described(name, tool, &mut wrong);
        let valid = valid(tested, tool);
        Play { tested, name, valid, tool, host: &mut host, wrong: &mut wrong }.all().await;
    }
    for role in tested.roles {
        roles::play(tested, role, &tools, &mut wrong).await;
    }
    for row in tested.rows {
        match tools.get(row.tool) {
            Some(tool) if row.valid.is_empty() && row.ids == ids(tool, &valid(tested, tool)) => {
                wrong.push(format!("{}: needs no row", row.tool));
            }
            Some(_) => {}
            None => wrong.push(format!("{}: a row for a tool that there is not", row.tool)),
        }
    }
    println!("{}: {} tools listed and exercised", tested.product, tools.len());
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Returns a bridge to fresh data, opened.
async fn bridge(tested: &Tested) -> Harness {
    let mut host = Harness::with((tested.options)(), |options| {
        headers(&mut options.remote, tested.headers);
    });
    open(&mut host).await;
    host
}

/// Opens as a host that cannot be asked anything.
pub async fn open(host: &mut Harness) {
    host.send(
        &json!({
            "jsonrpc": "2.0", "id": "init", "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18", "capabilities": {},
                "clientInfo": { "name": "all-tools", "version": "1" },
            },
        })
        .to_string(),
    )
    .await;
    host.answer(json!("init")).await;
    host.notify("notifications/initialized", json!({})).await;
}

pub fn headers(remote: &mut RemoteOptions, wanted: &[(&str, &str)]) {
    for (name, value) in wanted {
        let name = reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap();
        remote.headers.push((name, value.parse().unwrap()));
    }
}

/// Returns the tools as the product lists them.
pub async fn tools(tested: &Tested) -> BTreeMap<String, Value> {
    let mut host = bridge(tested).await;
    let mut tools = BTreeMap::new();
    let mut params = json!({});
    loop {
        let page = host.request("tools/list", params).await["result"].clone();
        for tool in page["tools"].as_array().unwrap() {
            let before = tools.insert(tool["name"].as_str().unwrap().to_owned(), tool.clone());
            assert!(before.is_none(), "listed twice: {tool}");
        }
        if page["nextCursor"].is_null() {
            return tools;
        }
        params = json!({ "cursor": page["nextCursor"] });
    }
}

/// Returns the effect of a tool, as the tool declares it.
pub fn kind(tool: &Value) -> &'static str {
    let said = &tool["annotations"];
    match [&said["readOnlyHint"], &said["destructiveHint"]].map(|hint| hint == true) {
        [true, _] => "read",
        [false, true] => "destructive",
        [false, false] => "write",
    }
}

fn is_described(name: &str, tool: &Value, wrong: &mut Vec<String>) {
    let said = &tool["annotations"];
    let described = ["title", "description"].iter().all(|part| tool[*part].is_string());
    let both = said["readOnlyHint"] == true && said["destructiveHint"] == true;
    if !described || both || !said["idempotentHint"].is_boolean() {
        wrong.push(format!("{name}: says of itself only {said}"));
    }
}

/// One tool under test.
struct Play<'a> {
    tested: &'a Tested,
    name: &'a str,
    /// Arguments that work.
    valid: Value,
    tool: &'a Value,
    /// On data that nothing changes.
    host: &'a mut Harness,
    wrong: &'a mut Vec<String>,
}

impl Play<'_> {
    async fn all(&mut self) {
        let valid = self.valid.clone();
        let result = if self.tool["annotations"]["readOnlyHint"] == true {
            call(self.tested, self.host, self.name, &valid).await
        } else {
            // On a bridge of its own, so that other tools do not see the change.
            call(self.tested, &mut bridge(self.tested).await, self.name, &valid).await
        };
        self.works(&valid, &result);
        for (what, arguments) in misfits(&self.tool["inputSchema"], &valid) {
            self.fails(&what, arguments, self.tested.invalid).await;
        }
        let row = row_of(self.tested, self.name);
        let ids = row.map_or_else(
            || ids(self.tool, &valid),
            |row| row.ids.iter().map(|id| (*id).to_owned()).collect(),
        );
        for place in ids {
            let mut arguments = valid.clone();
            let pointer = format!("/{}", place.replace('.', "/"));
            let Some(id) = arguments.pointer_mut(&pointer) else {
                self.note(&format!("no `{place}` in {valid}"));
                continue;
            };
            *id = if id.is_number() { json!(987_654_321) } else { json!("nothing-of-that-name") };
            self.fails(&format!("unknown `{place}`"), arguments, self.tested.unknown).await;
        }
    }

    fn note(&mut self, what: &str) {
        self.wrong.push(format!("{}: {what}", self.name));
    }

    fn works(&mut self, arguments: &Value, result: &Value) {
        if result["isError"] == true || !result["content"].is_array() {
            return self.note(&format!("{arguments} failed: {result}"));
        }
        let schema = &self.tool["outputSchema"];
        let structured = &result["structuredContent"];
        if schema.is_null() || structured.is_null() {
            return self.note("has no output schema, or gives nothing structured");
        }
        let validator = jsonschema::validator_for(schema).unwrap();
        let errors: Vec<_> = validator.iter_errors(structured).map(|e| e.to_string()).collect();
        if !errors.is_empty() {
            self.note(&format!("breaks its output schema: {}: {structured}", errors.join("; ")));
        }
        // A schema that takes anything would prove nothing.
        if jsonschema::is_valid(schema, &json!({ "surely": "no result" })) {
            self.note("has an output schema that takes anything");
        }
    }

    async fn fails(&mut self, what: &str, arguments: Value, code: &str) {
        let result = self.host.call(self.name, arguments.clone()).await["result"].clone();
        let found = (self.tested.error)(&result);
        if result["isError"] != true || found.as_deref() != Some(code) {
            let result = result.to_string().chars().take(400).collect::<String>();
            self.note(&format!("{what}: {arguments} gave {found:?}, not {code}: {result}"));
        }
    }
}

fn row_of(tested: &Tested, name: &str) -> Option<&'static Row> {
    tested.rows.iter().find(|row| row.tool == name)
}

/// Arguments that work on the seeded data: those of the row, or `Example:` in the description.
pub fn valid(tested: &Tested, tool: &Value) -> Value {
    let name = tool["name"].as_str().unwrap();
    let told = tool["description"].as_str().unwrap_or_default();
    let example = told.rsplit_once("Example: ").map_or("{}", |(_, example)| example.trim());
    let own = row_of(tested, name).map(|row| row.valid).filter(|valid| !valid.is_empty());
    serde_json::from_str(own.unwrap_or(example)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns the places in these arguments that name something that must exist, as the schema calls
/// them: an argument named `id` or `…_id`, or one whose description speaks of an id.
fn ids(tool: &Value, arguments: &Value) -> Vec<String> {
    let mut found = Vec::new();
    add_ids(&tool["inputSchema"], arguments, "", &mut found);
    found
}

fn add_ids(schema: &Value, arguments: &Value, within: &str, found: &mut Vec<String>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let argument = &arguments[name];
        let place = format!("{within}{name}");
        let about = property["description"].as_str().unwrap_or_default();
        let mut words = about.split(|c: char| !c.is_alphabetic());
        let is_id = name == "id"
            || name.ends_with("_id")
            || name.ends_with("_ids")
            || words.any(|word| ["id", "ids"].contains(&word));
        match argument {
            Value::Null => {}
            Value::Object(_) => add_ids(property, argument, &format!("{place}."), found),
            Value::Array(items) if items.first().is_some_and(Value::is_object) => {
                add_ids(&property["items"], &items[0], &format!("{place}.0."), found);
            }
            Value::Array(_) if is_id => found.push(format!("{place}.0")),
            _ if is_id => found.push(place),
            _ => {}
        }
    }
}

/// Returns the result of a call, asked for again as often as the product wants it.
async fn call(tested: &Tested, host: &mut Harness, tool: &str, arguments: &Value) -> Value {
    let mut arguments = arguments.clone();
    loop {
        let result = host.call(tool, arguments.clone()).await["result"].clone();
        if !(tested.again)(&result, &mut arguments) {
            return result;
        }
    }
}

/// Arguments that do not fit: each needed one left out, each one of a wrong type or beyond its
/// choices, and one that nobody knows.
fn misfits(schema: &Value, valid: &Value) -> Vec<(String, Value)> {
    let mut wrong = Vec::new();
    let with = |name: &str, value: Value| {
        let mut arguments = valid.clone();
        arguments[name] = value;
        arguments
    };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let mut arguments = valid.clone();
        arguments.as_object_mut().unwrap().remove(name);
        wrong.push((format!("without `{name}`"), arguments));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        wrong.push((format!("wrong type of `{name}`"), with(name, of_another_type(property))));
        if property["enum"].is_array() {
            wrong.push((format!("no choice of `{name}`"), with(name, json!("no-such-choice"))));
        }
    }
    wrong.push(("an unknown argument".to_owned(), with("no_such_argument", json!(1))));
    wrong
}

fn of_another_type(property: &Value) -> Value {
    match property["type"].as_str() {
        Some("string") => json!(["not a text"]),
        Some("array") => json!("not a list"),
        Some("object") => json!("not an object"),
        Some("boolean") => json!("neither"),
        _ => json!({ "not": "a number" }),
    }
}
