//! `mcp-tether tools`: lists the tools of a server.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::prepare::{block_on, for_command};
use super::readable;
use super::run_bridge::for_host_in_process;
use super::session::{CommandSession, SessionOptions};
use crate::environment::{Environment, to_stderr, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::protocol::methods;
use crate::settings::Flags;

/// Prints the tools of the server at `url`.
///
/// # Errors
/// The settings are invalid, or the server cannot be reached or does not answer.
pub(crate) fn run(
    url: &str,
    as_json: bool,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let options = for_command(url, flags, environment)?.into_bridge();
    let tools = block_on(for_host_in_process(options, async |lines| {
        let mut session = CommandSession::open(lines, SessionOptions::default()).await?;
        let tools = all_tools(&mut session).await;
        session.close().await;
        tools
    }))?;
    if as_json {
        to_stdout(&as_array(&tools));
    } else if tools.is_empty() {
        to_stderr("the server offers no tools\n");
    } else {
        to_stdout(&as_table(&tools)?);
    }
    Ok(ExitCode::Ok)
}

/// Every tool, as the server sent it; none if the server does not declare the capability `tools`.
///
/// # Errors
/// The server answers with an error, or the bridge has ended.
pub(super) async fn all_tools(session: &mut CommandSession) -> Result<Vec<Box<RawValue>>> {
    if session.opened["capabilities"]["tools"].is_null() {
        return Ok(Vec::new());
    }
    session.list(methods::TOOLS_LIST, "tools").await
}

/// The members of a tool that are printed.
#[derive(Deserialize)]
struct Tool {
    name: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    annotations: Option<Annotations>,
}

#[derive(Deserialize)]
struct Annotations {
    #[serde(default)]
    title: Option<String>,
}

fn as_array(tools: &[Box<RawValue>]) -> String {
    let tools: Vec<String> = tools.iter().map(|tool| readable::json(tool.get())).collect();
    if tools.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", tools.join(",\n")) }
}

/// Name, title and first sentence in columns, without a column of titles if there are none.
fn as_table(tools: &[Box<RawValue>]) -> Result<String> {
    let rows: Vec<[String; 3]> = tools.iter().map(|tool| row(tool)).collect::<Result<_>>()?;
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let (names, titles) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
    let mut out = String::new();
    for [name, title, description] in &rows {
        let line = match titles {
            0 => format!("{name:names$}  {description}"),
            _ => format!("{name:names$}  {title:titles$}  {description}"),
        };
        out.push_str(line.trim_end());
        out.push('\n');
    }
    Ok(out)
}

fn row(tool: &RawValue) -> Result<[String; 3]> {
    let tool: Tool = serde_json::from_str(tool.get())
        .map_err(|error| Error::failed(format!("the server sent an invalid tool: {error}")))?;
    let title = tool.title.or_else(|| tool.annotations.and_then(|annotations| annotations.title));
    // A title that repeats the name adds nothing.
    let title = title.filter(|title| *title != tool.name);
    let one_line =
        |text: &str| readable::text(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    Ok([
        one_line(&tool.name),
        one_line(&title.unwrap_or_default()),
        readable::first_sentence(&tool.description.unwrap_or_default()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(tools: &[&str]) -> Vec<Box<RawValue>> {
        tools.iter().map(|tool| serde_json::from_str(tool).unwrap()).collect()
    }

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let tools = raw(&[
            r#"{"name":"find_products","title":"Find products","description":"Finds. More."}"#,
            r#"{"name":"ü","annotations":{"title":"Umlaut"}}"#,
            r#"{"name":"a\u001bb","description":"Two\nlines"}"#,
        ]);
        let expected = concat!(
            "find_products  Find products  Finds.\n",
            "ü              Umlaut\n",
            "a\\u{1b}b                      Two lines\n",
        );
        assert_eq!(as_table(&tools).unwrap(), expected);
        let plain = raw(&[r#"{"name":"ab","description":"Does."}"#, r#"{"name":"a"}"#]);
        assert_eq!(as_table(&plain).unwrap(), "ab  Does.\na\n");
    }

    #[test]
    fn json_is_what_the_server_sent() {
        let tools = raw(&[r#"{"name":"a","x":1.10,"y":12345678901234567890123}"#, "{}"]);
        let text = as_array(&tools);
        assert_eq!(text, "[\n{\"name\":\"a\",\"x\":1.10,\"y\":12345678901234567890123},\n{}\n]\n");
        assert_eq!(as_array(&[]), "[]\n");
    }

    #[test]
    fn a_tool_without_a_name_is_an_error() {
        assert!(as_table(&raw(&[r#"{"title":"x"}"#])).is_err());
    }
}
