//! What a host made with the official Rust SDK tries. Tells the suite one JSON line per feature, as
//! `report.mjs` does.

use std::time::{Duration, Instant};

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientConfig, GetPromptRequestParams,
    GetSkillRequestParams, Implementation, JsonObject, ProtocolVersion,
    ReadResourceDirectoryRequestParams, ReadResourceRequestParams,
};
use rmcp::service::{ClientLifecycleMode, RoleClient, RunningService};
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};

type Outcome = Result<(), String>;
type Host = RunningService<RoleClient, ClientConfig>;

const FEATURE_WITHIN: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let pair = std::env::var("MCP_TETHER_PAIR").expect("the suite starts this program");
    let pair: Value = serde_json::from_str(&pair).expect("JSON");
    let started = Instant::now();
    let host = match connect(&pair).await {
        Ok(host) => host,
        Err(error) => return tell("connect", Err(error), started),
    };
    tell("connect", Ok(()), started);
    let plan = &pair["plan"];
    check("tools/list", tools(&host, plan)).await;
    check("tools/call", call(&host, plan)).await;
    check("big numbers", big_numbers(&host, plan)).await;
    check("unknown tool", unknown_tool(&host, plan)).await;
    if !plan["prompt"].is_null() {
        check("prompts/get", prompt(&host, plan)).await;
    }
    if !plan["read"].is_null() {
        check("resources/read", read(&host, plan)).await;
    }
    if !plan["skills"].is_null() {
        check("skills", skills(&host, plan)).await;
    }
    let closing = Instant::now();
    let closed = host.cancel().await.map(drop).map_err(|error| error.to_string());
    tell("close", closed, closing);
}

async fn connect(pair: &Value) -> Result<Host, String> {
    let words: Vec<&str> =
        pair["bridge"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (program, arguments) = words.split_first().ok_or("no command")?;
    let mut command = tokio::process::Command::new(program);
    command.args(arguments);
    for (name, value) in pair["env"].as_object().into_iter().flatten() {
        command.env(name, value.as_str().unwrap_or_default());
    }
    let transport = TokioChildProcess::new(command).map_err(|error| error.to_string())?;
    let mut config = ClientConfig::default();
    config.client_info = Implementation::new("mcp-tether-sdk-suite", "1.0.0");
    let modern = || vec![ProtocolVersion::V_2026_07_28];
    let lifecycle = match pair["mode"].as_str() {
        Some("discover") => ClientLifecycleMode::Discover { preferred_versions: modern() },
        _ => {
            config.protocol_version = ProtocolVersion::V_2025_11_25;
            ClientLifecycleMode::Initialize
        }
    };
    let serving = rmcp::service::serve_client_with_lifecycle(config, transport, lifecycle);
    let served = tokio::time::timeout(FEATURE_WITHIN, serving).await;
    served.map_err(|_| "no session".to_owned())?.map_err(|error| error.to_string())
}

async fn tools(host: &Host, plan: &Value) -> Outcome {
    let tools = host.list_all_tools().await.map_err(|error| error.to_string())?;
    for wanted in plan["tools"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let is_there = tools.iter().any(|tool| tool.name == wanted);
        expect(is_there, &format!("the tool {wanted}"), &json!(tools.len()))?;
    }
    Ok(())
}

async fn call(host: &Host, plan: &Value) -> Outcome {
    let plan = &plan["call"];
    let result = called(host, &plan["tool"], &plan["args"]).await?;
    let wanted = plan["contains"].as_str().unwrap_or_default();
    let text = serde_json::to_string(&result.content).map_err(|error| error.to_string())?;
    let shown: Value = serde_json::from_str(&text).unwrap_or_default();
    let is_there = shown.as_array().into_iter().flatten().any(|content| {
        content["text"].as_str().is_some_and(|text| text.contains(wanted))
    });
    expect(is_there, wanted, &shown)
}

async fn big_numbers(host: &Host, plan: &Value) -> Outcome {
    let Some(tool) = plan.get("bigNumber") else { return Ok(()) };
    let argument = tool["argument"].as_str().unwrap_or_default();
    let arguments = json!({ argument: 9_007_199_254_740_993_u64 });
    let result = called(host, &tool["tool"], &arguments).await?;
    let text = serde_json::to_string(&result).map_err(|error| error.to_string())?;
    expect(text.contains("9007199254740993"), "an integer beyond 2^53", &json!(text))
}

async fn unknown_tool(host: &Host, plan: &Value) -> Outcome {
    let name = &plan["unknownTool"]["name"];
    match called(host, name, &json!({})).await {
        Err(_) => Ok(()),
        Ok(result) => expect(result.is_error == Some(true), "an error", &json!("a result")),
    }
}

async fn prompt(host: &Host, plan: &Value) -> Outcome {
    let plan = &plan["prompt"];
    let name = plan["name"].as_str().unwrap_or_default();
    let params = GetPromptRequestParams::new(name).with_arguments(object(&plan["args"]));
    let result = host.get_prompt(params).await.map_err(|error| error.to_string())?;
    let text = serde_json::to_string(&result.messages).map_err(|error| error.to_string())?;
    let wanted = plan["contains"].as_str().unwrap_or_default();
    expect(text.contains(wanted), wanted, &json!(text))
}

async fn read(host: &Host, plan: &Value) -> Outcome {
    let plan = &plan["read"];
    let params = ReadResourceRequestParams::new(plan["uri"].as_str().unwrap_or_default());
    let result = host.read_resource(params).await.map_err(|error| error.to_string())?;
    let text = serde_json::to_string(&result.contents).map_err(|error| error.to_string())?;
    let wanted = plan["contains"].as_str().unwrap_or_default();
    expect(text.contains(wanted), wanted, &json!(text))
}

/// Skills as the SDK reads them (SEP-2640): the list, one of them, and a folder.
async fn skills(host: &Host, plan: &Value) -> Outcome {
    let plan = &plan["skills"];
    let listed = host.list_all_skills().await.map_err(|error| error.to_string())?;
    let uri = plan["uri"].as_str().unwrap_or_default().to_owned();
    let listed = serde_json::to_string(&listed).map_err(|error| error.to_string())?;
    expect(listed.contains(&uri), &uri, &json!(listed))?;
    let params = GetSkillRequestParams::new(uri.clone());
    let got = host.get_skill(params).await.map_err(|error| error.to_string())?;
    let got = serde_json::to_string(&got).map_err(|error| error.to_string())?;
    expect(got.contains("sha256:"), "a digest", &json!(got))?;
    let folder = plan["folder"].as_str().unwrap_or_default().to_owned();
    let params = ReadResourceDirectoryRequestParams::new(folder);
    let there = host.read_resource_directory(params).await.map_err(|error| error.to_string())?;
    let count = plan["children"].as_u64().unwrap_or_default();
    expect(there.resources.len() as u64 == count, "its files", &json!(there.resources.len()))
}

async fn called(host: &Host, tool: &Value, arguments: &Value) -> Result<CallToolResult, String> {
    let name = tool.as_str().unwrap_or_default().to_owned();
    let params = CallToolRequestParams::new(name).with_arguments(object(arguments));
    host.call_tool(params).await.map_err(|error| error.to_string())
}

fn object(value: &Value) -> JsonObject {
    value.as_object().cloned().unwrap_or_default()
}

fn expect(holds: bool, what: &str, seen: &Value) -> Outcome {
    if holds { Ok(()) } else { Err(format!("{what}; saw {seen:.300}")) }
}

async fn check(feature: &str, body: impl Future<Output = Outcome>) {
    let started = Instant::now();
    let outcome = tokio::time::timeout(FEATURE_WITHIN, body).await;
    tell(feature, outcome.unwrap_or_else(|_| Err("nothing came".to_owned())), started);
}

fn tell(feature: &str, outcome: Outcome, started: Instant) {
    let took = format!("{} ms", started.elapsed().as_millis());
    let (is_ok, detail) = match outcome {
        Ok(()) => (true, took),
        Err(why) => (false, why),
    };
    println!("{}", json!({ "feature": feature, "ok": is_ok, "detail": detail }));
}
