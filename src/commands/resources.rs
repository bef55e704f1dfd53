//! `mcp-tether resources` and `read`: lists the resources of a server with their templates, and
//! prints the content of one.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::content::other_content;
use super::readable::{self, one_line};
use super::server_session::{ServerArguments, in_session};
use super::session::SessionOptions;
use crate::environment::{Environment, Paint, paint, to_stderr, to_stdout, to_stdout_unwrapped};
use crate::error::{ExitCode, Result};
use crate::protocol::methods;
use crate::settings::Flags;

/// Prints the resources and templates of the server at `url`.
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
    let (resources, templates) = in_session(server, options, async |session| {
        let resources = session.list_declared(methods::RESOURCES_LIST, "resources").await?;
        if session.opened["capabilities"]["resources"].is_null() {
            return Ok((resources, Vec::new()));
        }
        let method = methods::RESOURCE_TEMPLATES_LIST;
        // Many servers have resources but do not know templates.
        let templates = session.list_if_known(method, "resourceTemplates").await?;
        Ok((resources, templates))
    })?;
    if as_json {
        let resources = readable::json_members(&resources);
        let templates = readable::json_members(&templates);
        to_stdout_unwrapped(&format!(
            "{{\"resources\":[{resources}],\n\"resourceTemplates\":[{templates}]}}\n"
        ));
    } else if resources.is_empty() && templates.is_empty() {
        to_stderr("the server offers no resources\n");
    } else {
        let lines = resources.iter().map(|one| (one, "uri"));
        let lines = lines.chain(templates.iter().map(|one| (one, "uriTemplate")));
        to_stdout(&lines.map(|(one, member)| as_text(one, member)).collect::<String>());
    }
    Ok(ExitCode::Ok)
}

/// Prints the content of the resource with this URI.
///
/// # Errors
/// As for [`list`], or the server does not have the resource.
pub(crate) fn read(
    url: &str,
    uri: &str,
    as_json: bool,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let server = ServerArguments { url, flags, environment };
    let options = SessionOptions::default();
    let params = json!({ "uri": uri });
    let read = in_session(server, options, async |session| {
        session.request_of("resources", methods::RESOURCES_READ, params).await
    })?;
    if as_json {
        to_stdout_unwrapped(&format!("{}\n", readable::json(read.get())));
        return Ok(ExitCode::Ok);
    }
    let read: Value = serde_json::from_str(read.get()).unwrap_or_default();
    let mut out = String::new();
    for content in read["contents"].as_array().into_iter().flatten() {
        match content["text"].as_str() {
            Some(text) => out += &readable::text(text),
            None => out += &other_content(content),
        }
        if !out.ends_with('\n') {
            out.push('\n');
        }
    }
    to_stdout(if out.is_empty() { "(no content)\n" } else { &out });
    Ok(ExitCode::Ok)
}

fn as_text(resource: &RawValue, member: &str) -> String {
    let resource: Value = serde_json::from_str(resource.get()).unwrap_or_default();
    let text = |member: &str| one_line(resource[member].as_str().unwrap_or_default());
    let mut out = format!("{}\n", paint(Paint::Heading, &text(member)));
    let name = if text("title").is_empty() { text("name") } else { text("title") };
    let about = readable::first_sentence(resource["description"].as_str().unwrap_or_default());
    for part in [name, about, text("mimeType")].into_iter().filter(|part| !part.is_empty()) {
        out += &format!("  {part}\n");
    }
    out
}
