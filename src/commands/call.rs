//! `mcp-tether call`: calls one tool and prints its result.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::arguments::{from_words, missing, refuse_missing, value};
use super::consent::ask_for_text;
use super::content::other_content;
use super::readable;
use super::server_session::{ServerArguments, in_session};
use super::session::{CommandSession, SessionOptions};
use super::tools::{all_tools, describe_argument, find};
use crate::bridge::ToolPinning;
use crate::environment::{
    Environment, print_error, stderr_is_terminal, stdin_is_terminal, to_stdout, to_stdout_unwrapped,
};
use crate::error::{Error, ExitCode, Result};
use crate::protocol::methods;
use crate::redact::plain;
use crate::settings::{Flags, Key, Settings, parse_remote_url};
use crate::shell_words::url_argument;

/// What to call, and how to print the result.
#[derive(Clone, Debug)]
pub(crate) struct CallOptions {
    pub(crate) url: String,
    pub(crate) tool: String,
    /// Arguments as `key=value`.
    pub(crate) words: Vec<String>,
    /// Arguments as a JSON object.
    pub(crate) json_arguments: Option<String>,
    /// Print the result as JSON.
    pub(crate) as_json: bool,
    /// Accept confirmations that the tool requests.
    pub(crate) yes: bool,
}

/// Calls the tool and prints its result.
///
/// # Errors
/// Settings or arguments are invalid, the server cannot be reached, or it does not have the tool.
pub(crate) fn run(
    options: &CallOptions,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let given = options.json_arguments.as_deref().map(json_object).transpose()?;
    if given.is_some() && !options.words.is_empty() {
        return Err(Error::usage("arguments are given both as JSON and as `key=value`")
            .hint("use one of the two"));
    }
    let session_options =
        SessionOptions { yes: options.yes, progress: stderr_is_terminal(), asks: true };
    let server = ServerArguments { url: &options.url, flags, environment };
    let result = in_session(server, session_options, async |session| {
        call(session, options, given, server).await
    })?;
    if options.as_json {
        to_stdout_unwrapped(&format!("{}\n", readable::json(result.get())));
    }
    let result: Value = serde_json::from_str(result.get()).unwrap_or_default();
    if !options.as_json {
        to_stdout(&display_result(&result));
    }
    match result["isError"] {
        Value::Bool(true) => {
            let url = url_argument(&options.url);
            Err(Error::failed(format!("the tool `{}` reported an error", plain(&options.tool)))
                .hint(format!("`mcp-tether tools {url} --json` shows what the tool takes")))
        }
        _ => Ok(ExitCode::Ok),
    }
}

async fn call(
    session: &mut CommandSession,
    options: &CallOptions,
    given: Option<Map<String, Value>>,
    server: ServerArguments<'_>,
) -> Result<Box<RawValue>> {
    let arguments = match given {
        // JSON arguments are sent unchanged; the server checks them. If tools are filtered by their
        // definitions, they have to be listed before one is called.
        Some(arguments) => {
            if judges_tools(server) {
                all_tools(session).await?;
            }
            arguments
        }
        None => {
            let schema = schema_of(session, &options.tool, server).await?;
            let mut arguments = from_words(&options.tool, &schema, &options.words)?;
            if stdin_is_terminal() && stderr_is_terminal() && !options.as_json {
                ask_for_missing(&schema, &mut arguments).await?;
            }
            refuse_missing(&options.tool, &schema, &arguments)?;
            arguments
        }
    };
    let mut params = json!({ "name": options.tool, "arguments": arguments });
    if stderr_is_terminal() {
        params["_meta"] = json!({ "progressToken": "call" });
    }
    session.request(methods::TOOLS_CALL, params).await
}

/// Asks for each missing required argument until it is valid. An empty answer, or none, ends the
/// questions.
async fn ask_for_missing(schema: &Value, arguments: &mut Map<String, Value>) -> Result<()> {
    for name in missing(schema, arguments) {
        let property = &schema["properties"][name];
        let question = format!("{}: ", describe_argument(name, property));
        loop {
            let question = question.clone();
            // The session continues while the user thinks.
            let asked = tokio::task::spawn_blocking(move || ask_for_text(&question)).await;
            let Some(text) = asked.ok().transpose()?.flatten().filter(|text| !text.is_empty())
            else {
                return Ok(());
            };
            match value(name, property, &text) {
                Ok(value) => {
                    arguments.insert(name.to_owned(), value);
                    break;
                }
                Err(error) => print_error(&error),
            }
        }
    }
    Ok(())
}

fn json_object(text: &str) -> Result<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err(Error::usage("the arguments are not a JSON object")
            .hint("write `--arguments '{\"key\":\"value\"}'`, or `key=value`")),
        Err(error) => Err(Error::usage(format!("the arguments are not JSON: {error}"))
            .hint("write `--arguments '{\"key\":\"value\"}'`, or `key=value`")),
    }
}

/// Whether, by the settings, the list of tools decides which of them may be called.
fn judges_tools(server: ServerArguments<'_>) -> bool {
    let Ok((url, _)) = parse_remote_url(server.url) else { return false };
    let settings = Settings::resolve(Some(&url), server.flags, server.environment);
    settings.is_ok_and(|settings| {
        settings.switch(Key::ReadOnly)
            || settings.choice::<ToolPinning>(Key::Pin) == ToolPinning::Block
    })
}

/// The `inputSchema` of a tool.
async fn schema_of(
    session: &mut CommandSession,
    tool: &str,
    server: ServerArguments<'_>,
) -> Result<Value> {
    let tools = all_tools(session).await?;
    let tool: Value = serde_json::from_str(find(&tools, tool, server)?.get()).unwrap_or_default();
    Ok(tool["inputSchema"].clone())
}

/// A tool's result as text.
fn display_result(result: &Value) -> String {
    let structured = &result["structuredContent"];
    let mut out = String::new();
    for content in result["content"].as_array().into_iter().flatten() {
        // Servers repeat structured content as text, for older hosts.
        let repeats =
            |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|v| v == *structured);
        match content["text"].as_str() {
            Some(text) if !structured.is_null() && repeats(text) => {}
            Some(text) => out.push_str(readable::text(text).trim_end_matches('\n')),
            None => out.push_str(&other_content(content)),
        }
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
    }
    if !structured.is_null() {
        out.push_str(&readable::pretty(structured));
        out.push('\n');
    }
    if out.is_empty() {
        out.push_str("(no content)\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_and_structured_content_only_once() {
        let text = json!({ "content": [{ "type": "text", "text": "a\u{1b}\nb\n" }] });
        assert_eq!(display_result(&text), "a\\u{1b}\nb\n");
        let both = json!({
            "content": [
                { "type": "text", "text": "{\"x\": 1}" },
                { "type": "text", "text": "done" },
            ],
            "structuredContent": { "x": 1 },
        });
        assert_eq!(display_result(&both), "done\n{\n  \"x\": 1\n}\n");
        assert_eq!(display_result(&json!({ "content": [] })), "(no content)\n");
    }

    #[test]
    fn what_is_no_text_is_named() {
        let content = json!({ "content": [
            { "type": "image", "mimeType": "image/png", "data": "AAAA" },
            { "type": "resource_link", "uri": "file:///a", "name": "a" },
            { "type": "resource", "resource": { "uri": "u", "text": "inside" } },
            { "type": "resource", "resource": { "uri": "u", "blob": "AAA=" } },
        ] });
        let expected = concat!(
            "[image, image/png, 3 bytes]\n",
            "[resource_link, file:///a]\n",
            "inside\n",
            "[resource, u, 2 bytes]\n",
        );
        assert_eq!(display_result(&content), expected);
    }

    #[test]
    fn json_arguments_must_be_an_object() {
        assert!(json_object("{\"a\":1}").is_ok());
        for text in ["[]", "7", "{", ""] {
            assert!(json_object(text).unwrap_err().to_string().contains("hint: "), "{text}");
        }
    }
}
