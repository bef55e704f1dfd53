//! The checks that every tool of every product passes.

use std::collections::BTreeMap;

use mcp_tether::remote::RemoteOptions;
use serde_json::{Value, json};

use super::{LIST, Row, Tested, roles};
use crate::support::harness::Harness;

/// A line of the list of tools.
pub struct Listed {
    pub domain: &'static str,
    pub name: &'static str,
    pub kind: &'static str,
}

/// Plays all tools of a product; tells how many there were and everything that was wrong.
#[expect(clippy::print_stdout, reason = "the counts are for whoever runs the test by hand")]
pub async fn play(tested: &Tested) {
    let mut wrong = Vec::new();
    let listed = lines_of(tested.product);
    let tools = tools(tested).await;
    for line in &listed {
        match tools.get(line.name) {
            Some(tool) => annotations(line, tool, &mut wrong),
            None => wrong.push(format!("{}: is not offered", line.name)),
        }
    }
    let mut exercised = 0;
    let mut host = bridge(tested).await;
    for (name, tool) in &tools {
        let Some(row) = tested.rows.iter().find(|row| row.tool == name) else {
            wrong.push(format!("{name}: has no row in the test"));
            continue;
        };
        exercised += 1;
        Play { tested, row, tool, host: &mut host, wrong: &mut wrong }.all().await;
    }
    for role in tested.roles {
        roles::play(tested, role, &listed, &tools, &mut wrong).await;
    }
    println!(
        "{}: {} tools listed = {exercised} exercised = {} lines in the list",
        tested.product,
        tools.len(),
        listed.len(),
    );
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!((tools.len(), exercised), (listed.len(), listed.len()));
    assert_eq!(tested.rows.len(), listed.len(), "a row for a tool that there is not");
}

fn lines_of(product: &str) -> Vec<Listed> {
    let line = |line: &'static str| {
        let [of, domain, name, kind] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("not four columns: {line}");
        };
        (of == product).then_some(Listed { domain, name, kind })
    };
    LIST.lines().skip(1).filter_map(line).collect()
}

/// A bridge to fresh data, opened.
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

async fn tools(tested: &Tested) -> BTreeMap<String, Value> {
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

/// What is said of a tool matches its kind; an escape hatch that changes something counts as
/// destructive, because anything can be asked of it.
fn annotations(listed: &Listed, tool: &Value, wrong: &mut Vec<String>) {
    let said = &tool["annotations"];
    let told = [&said["readOnlyHint"], &said["destructiveHint"]].map(|hint| hint == true);
    let expected: &[[bool; 2]] = match listed.kind {
        "read" | "discovery" => &[[true, false]],
        "write" => &[[false, false]],
        "destructive" => &[[false, true]],
        _ => &[[true, false], [false, true]],
    };
    let described = ["name", "title", "description"].iter().all(|part| tool[*part].is_string());
    if !expected.contains(&told) || !said["idempotentHint"].is_boolean() || !described {
        wrong.push(format!("{}: {said} of a tool of kind {}", listed.name, listed.kind));
    }
}

/// One tool under test.
struct Play<'a> {
    tested: &'a Tested,
    row: &'a Row,
    tool: &'a Value,
    /// On data that nothing changes.
    host: &'a mut Harness,
    wrong: &'a mut Vec<String>,
}

impl Play<'_> {
    async fn all(&mut self) {
        let valid = valid(self.row, self.tool);
        let result = if self.tool["annotations"]["readOnlyHint"] == true {
            call(self.tested, self.host, self.row.tool, &valid).await
        } else {
            // What one tool changes, another would see.
            call(self.tested, &mut bridge(self.tested).await, self.row.tool, &valid).await
        };
        self.works(&valid, &result);
        for (what, arguments) in misfits(&self.tool["inputSchema"], &valid) {
            self.fails(&what, arguments, self.tested.invalid).await;
        }
        for place in self.row.ids {
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
        self.wrong.push(format!("{}: {what}", self.row.tool));
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
        let result = self.host.call(self.row.tool, arguments.clone()).await["result"].clone();
        let found = (self.tested.error)(&result);
        if result["isError"] != true || found.as_deref() != Some(code) {
            let result = result.to_string().chars().take(400).collect::<String>();
            self.note(&format!("{what}: {arguments} gave {found:?}, not {code}: {result}"));
        }
    }
}

/// Arguments that work on the seeded data.
pub fn valid(row: &Row, tool: &Value) -> Value {
    let told = tool["description"].as_str().unwrap_or_default();
    let example = told.rsplit_once("Example: ").map(|(_, example)| example.trim());
    let text = if row.valid.is_empty() { example.unwrap_or("{}") } else { row.valid };
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{}: {error}", row.tool))
}

/// The result of a call, asked for again as often as the product wants it.
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
