//! `mcp-tether prompts`: lists the prompts of a server, or prints the messages of one.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::content::describe_content;
use super::readable::{self, one_line};
use super::server_session::{ServerArguments, in_session};
use super::session::SessionOptions;
use crate::environment::{Environment, Paint, paint, to_stderr, to_stdout, to_stdout_unwrapped};
use crate::error::{Error, ExitCode, Result};
use crate::protocol::methods;
use crate::redact::plain;
use crate::settings::Flags;

#[derive(Deserialize)]
struct Prompt {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    arguments: Vec<PromptArgument>,
}

#[derive(Deserialize)]
struct PromptArgument {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    required: bool,
}

/// Prints the prompts of the server at `url`.
///
/// # Errors
/// The settings are invalid, or the server cannot be reached or does not answer.
pub(crate) fn list(
    url: &str,
    as_json: bool,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let server = ServerArguments { url, flags, environment };
    let options = SessionOptions::default();
    let prompts = in_session(server, options, async |session| {
        session.list_declared(methods::PROMPTS_LIST, "prompts").await
    })?;
    if as_json {
        to_stdout_unwrapped(&format!("[{}]\n", readable::json_members(&prompts)));
    } else if prompts.is_empty() {
        to_stderr("the server offers no prompts\n");
    } else {
        to_stdout(&as_text(&prompts)?);
    }
    Ok(ExitCode::Ok)
}

/// Prints the messages of the prompt with this name; `words` are its arguments as `key=value`.
///
/// # Errors
/// As for [`list`], an argument is not `key=value`, or the server refuses the prompt.
pub(crate) fn show(
    url: &str,
    name: &str,
    words: &[String],
    as_json: bool,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let mut arguments = Map::new();
    for word in words {
        let (key, value) = word.split_once('=').ok_or_else(|| {
            Error::usage(format!("`{}` is not an argument of the form `key=value`", plain(word)))
                .hint("write `key=value`")
        })?;
        arguments.insert(key.to_owned(), Value::from(value));
    }
    let params = json!({ "name": name, "arguments": arguments });
    let server = ServerArguments { url, flags, environment };
    let options = SessionOptions::default();
    let prompt = in_session(server, options, async |session| {
        session.request_of("prompts", methods::PROMPTS_GET, params).await
    })?;
    if as_json {
        to_stdout_unwrapped(&format!("{}\n", readable::json(prompt.get())));
        return Ok(ExitCode::Ok);
    }
    let prompt: Value = serde_json::from_str(prompt.get()).unwrap_or_default();
    let messages = prompt["messages"].as_array().into_iter().flatten();
    let texts: Vec<String> = messages
        .map(|message| {
            let role = one_line(message["role"].as_str().unwrap_or("unknown"));
            format!("{}\n{}", paint(Paint::Heading, &role), describe_content(&message["content"]))
        })
        .collect();
    to_stdout(&texts.join("\n"));
    Ok(ExitCode::Ok)
}

fn as_text(prompts: &[Box<RawValue>]) -> Result<String> {
    let mut out = String::new();
    for prompt in prompts {
        let Prompt { name, description, arguments } =
            serde_json::from_str(prompt.get()).map_err(|error| {
                Error::failed(format!("the server sent an invalid prompt: {error}"))
                    .hint("tell the server's operator")
            })?;
        out += &format!("{}\n", paint(Paint::Heading, &one_line(&name)));
        if let Some(description) = description {
            out += &format!("  {}\n", readable::first_sentence(&description));
        }
        let width = arguments.iter().map(|one| one_line(&one.name).chars().count()).max();
        for PromptArgument { name, description, required } in &arguments {
            let about = one_line(description.as_deref().unwrap_or_default());
            let need = if *required { "required" } else { "optional" };
            let separator = if about.is_empty() { "" } else { "; " };
            let width = width.unwrap_or(0);
            out += &format!("  {:width$}  {need}{separator}{about}\n", one_line(name));
        }
    }
    Ok(out)
}
