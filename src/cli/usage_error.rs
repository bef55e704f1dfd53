//! Rewords the argument parser's errors in the style of all other errors.

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::Error;
use crate::redact::shown_words;
use crate::settings::nearest;

/// Rewords an error. `program` is the definition of the command line; `words` are the typed words,
/// starting with the program's name.
pub(super) fn usage_error(error: &clap::Error, program: &Command, words: &[String]) -> Error {
    let (command, path) = command_of(program, words);
    let argument = text(error, ContextKind::InvalidArg);
    let shown = format!("`{}`", shown_words(&argument));
    let help = format!("see `{path} -h`");
    match error.kind() {
        ErrorKind::UnknownArgument => unknown_argument(&argument, command, &help),
        ErrorKind::InvalidSubcommand => {
            let word = text(error, ContextKind::InvalidSubcommand);
            unknown_subcommand(&word, command, &path, &help)
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let names: Vec<_> = command
                .get_subcommands()
                .map(|verb| format!("`{path} {}`", verb.get_name()))
                .collect();
            Error::usage(format!("`{path}` needs a command"))
                .hint(format!("one of {}", names.join(", ")))
        }
        ErrorKind::MissingRequiredArgument => {
            let missing: Vec<_> = texts(error, ContextKind::InvalidArg);
            needs(command, &path, &missing, &help)
        }
        ErrorKind::InvalidValue => invalid_value(error, &shown, help),
        ErrorKind::ValueValidation => {
            let value = text(error, ContextKind::InvalidValue);
            let reason = std::error::Error::source(error).map(ToString::to_string);
            let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            Error::usage(format!("`{}` is not valid for {shown}{reason}", shown_words(&value)))
                .hint(help)
        }
        ErrorKind::ArgumentConflict => {
            let others: Vec<_> = texts(error, ContextKind::PriorArg);
            let others: Vec<_> =
                others.iter().map(|name| format!("`{}`", shown_words(name))).collect();
            if others.is_empty() {
                Error::usage(format!("{shown} cannot be combined with other flags"))
            } else {
                Error::usage(format!("{shown} cannot be combined with {}", others.join(", ")))
            }
            .hint(help)
        }
        ErrorKind::TooManyValues => {
            let value = text(error, ContextKind::InvalidValue);
            Error::usage(format!("unexpected argument `{}`", shown_words(&value))).hint(help)
        }
        ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues | ErrorKind::NoEquals => {
            Error::usage(format!("{shown} needs a value")).hint(help)
        }
        ErrorKind::InvalidUtf8 => Error::usage("an argument is not UTF-8").hint(help),
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            Error::usage(shown_words(first.trim_start_matches("error: "))).hint(help)
        }
    }
}

/// The error for missing arguments, with where to find them or an example.
fn needs(command: &Command, path: &str, missing: &[String], help: &str) -> Error {
    let named: Vec<_> = missing.iter().map(|name| format!("`{}`", shown_words(name))).collect();
    let error = Error::usage(format!("`{path}` needs {}", named.join(" and ")));
    let is_missing = |name: &str| missing.iter().any(|other| other == name);
    let list = match command.get_name() {
        "logout" | "forget" => Some("`mcp-tether status` lists the servers"),
        "uninstall" => Some("`mcp-tether hosts` lists the entries"),
        _ if is_missing("<URL>") => None,
        _ if is_missing("<TOOL>") => Some("`mcp-tether tools URL` lists the tools"),
        _ if is_missing("<URI>") => Some("`mcp-tether resources URL` lists the resources"),
        _ => None,
    };
    match (list, first_example(command, path)) {
        (Some(list), _) => error.hint(list).hint(help),
        (None, Some(example)) => error.hint(format!("for example `{example}`")).hint(help),
        (None, None) => error.hint(help),
    }
}

/// The first example of a command's help.
fn first_example(command: &Command, path: &str) -> Option<String> {
    let help = command.get_after_help()?.to_string();
    let mut lines = help.lines().map(str::trim);
    lines.find(|line| line.starts_with(path)).map(str::to_owned)
}

/// The command that the words select, and its full name.
pub(super) fn command_of<'a>(program: &'a Command, words: &[String]) -> (&'a Command, String) {
    let (mut command, mut path) = (program, program.get_name().to_owned());
    for word in words.iter().skip(1) {
        if let Some(verb) = command.find_subcommand(word) {
            command = verb;
            path = format!("{path} {word}");
        }
    }
    (command, path)
}

fn unknown_subcommand(word: &str, command: &Command, path: &str, help: &str) -> Error {
    let unknown = Error::usage(format!("unknown command `{} {}`", path, shown_words(word)));
    match nearest(word, command.get_subcommands().map(Command::get_name)) {
        Some(name) => unknown.hint(format!("did you mean `{path} {name}`?")),
        None => unknown.hint(help),
    }
}

fn unknown_argument(argument: &str, command: &Command, help: &str) -> Error {
    if !argument.starts_with('-') {
        return Error::usage(format!("unexpected argument `{}`", shown_words(argument))).hint(help);
    }
    let error = Error::usage(format!("unknown flag `{}`", shown_words(argument)));
    let flags = command.get_arguments().filter(|known| !known.is_hide_set());
    match nearest(argument, flags.filter_map(clap::Arg::get_long)) {
        Some(flag) => error.hint(format!("did you mean `--{flag}`?")),
        None => error.hint(help),
    }
}

fn invalid_value(error: &clap::Error, shown: &str, help: String) -> Error {
    let value = text(error, ContextKind::InvalidValue);
    let valid = texts(error, ContextKind::ValidValue);
    let named: Vec<_> = valid.iter().map(|value| format!("`{value}`")).collect();
    if value.is_empty() {
        let error = Error::usage(format!("{shown} needs a value"));
        return if named.is_empty() { error.hint(help) } else { error.hint(one_of(&named)) };
    }
    let error = Error::usage(format!("`{}` is not a value of {shown}", shown_words(&value)));
    match nearest(&value, valid.iter().map(String::as_str)) {
        Some(other) => error.hint(format!("did you mean `{other}`?")),
        None => error.hint(one_of(&named)),
    }
}

fn one_of(names: &[String]) -> String {
    format!("write one of {}", names.join(", "))
}

fn text(error: &clap::Error, kind: ContextKind) -> String {
    texts(error, kind).into_iter().next().unwrap_or_default()
}

fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction};

    use super::*;

    /// A program like this one, with one command for each kind of argument.
    fn program() -> Command {
        let named: fn(&'static str) -> Command = Command::new;
        let url = || Arg::new("url").value_name("URL").required(true);
        let level = Arg::new("level").long("level").value_parser(["debug", "info", "warn"]);
        let port = Arg::new("port").long("port").value_parser(clap::value_parser!(u16));
        let hidden = Arg::new("secret").long("secret").hide(true);
        let json = Arg::new("json").long("json").action(ArgAction::SetTrue);
        let text = Arg::new("text").long("text").action(ArgAction::SetTrue).conflicts_with("json");
        let tools = named("tools").arg(url()).args([level, port, hidden, json, text]);
        let examples = "Examples:\n  mcp-tether tools https://a.example\n";
        let tool = Arg::new("tool").value_name("TOOL").required(true);
        let uri = Arg::new("uri").value_name("URI").required(true);
        let server = || Arg::new("server").value_name("SERVER").required(true);
        let kinds = ["show", "path"].map(Command::new);
        named("mcp-tether")
            .subcommand(tools.after_help(examples))
            .subcommand(named("call").arg(url()).arg(tool))
            .subcommand(named("read").arg(url()).arg(uri))
            .subcommand(named("logout").arg(server()))
            .subcommand(named("uninstall").arg(server()))
            .subcommand(named("config").subcommand_required(true).subcommands(kinds))
    }

    /// The message, and then the hints, of a line that cannot be parsed.
    fn said(line: &str) -> Vec<String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let error = program().try_get_matches_from(&words).unwrap_err();
        let error = usage_error(&error, &program(), &words);
        [error.message()]
            .into_iter()
            .chain(error.hints().iter().map(String::as_str))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_word_that_is_nearly_right_is_suggested() {
        let help = "see `mcp-tether tools -h`";
        let run = "mcp-tether tools https://a";
        for (line, message, hint) in [
            (format!("{run} --jsn"), "unknown flag `--jsn`", "did you mean `--json`?"),
            (format!("{run} --frobnicate"), "unknown flag `--frobnicate`", help),
            // A hidden flag is not suggested.
            (format!("{run} --secre"), "unknown flag `--secre`", help),
            (format!("{run} b"), "unexpected argument `b`", help),
            (
                format!("{run} --level inf"),
                "`inf` is not a value of `--level <level>`",
                "did you mean `info`?",
            ),
            (
                format!("{run} --level zzzzzz"),
                "`zzzzzz` is not a value of `--level <level>`",
                "write one of `debug`, `info`, `warn`",
            ),
        ] {
            assert_eq!(said(&line), [message, hint], "{line}");
        }
        let unknown = "unknown command `mcp-tether config shw`";
        assert_eq!(
            said("mcp-tether config shw"),
            [unknown, "did you mean `mcp-tether config show`?"]
        );
        let unknown = "unknown command `mcp-tether config zzzz`";
        assert_eq!(said("mcp-tether config zzzz"), [unknown, "see `mcp-tether config -h`"]);
    }

    #[test]
    fn what_is_missing_is_named_with_where_to_find_it() {
        for (line, expected) in [
            (
                "mcp-tether tools",
                &["`mcp-tether tools` needs `<URL>`", {
                    "for example `mcp-tether tools https://a.example`"
                }][..],
            ),
            (
                "mcp-tether call https://a",
                &["`mcp-tether call` needs `<TOOL>`", { "`mcp-tether tools URL` lists the tools" }],
            ),
            // Without a URL the list could not be asked for.
            ("mcp-tether call", &["`mcp-tether call` needs `<URL>` and `<TOOL>`"]),
            (
                "mcp-tether read https://a",
                &["`mcp-tether read` needs `<URI>`", {
                    "`mcp-tether resources URL` lists the resources"
                }],
            ),
            (
                "mcp-tether logout",
                &["`mcp-tether logout` needs `<SERVER>`", {
                    "`mcp-tether status` lists the servers"
                }],
            ),
            (
                "mcp-tether uninstall",
                &["`mcp-tether uninstall` needs `<SERVER>`", {
                    "`mcp-tether hosts` lists the entries"
                }],
            ),
        ] {
            let said = said(line);
            let help = format!("see `{} -h`", line.trim_end_matches(" https://a"));
            assert_eq!(said[..expected.len()], *expected, "{line}");
            assert_eq!(said.last(), Some(&help), "{line}");
            assert_eq!(said.len(), expected.len() + 1, "{line}: {said:?}");
        }
        let needs = "`mcp-tether config` needs a command";
        let one_of = "one of `mcp-tether config show`, `mcp-tether config path`, \
                      `mcp-tether config help`";
        assert!(
            one_of.starts_with(&said("mcp-tether config")[1]),
            "{:?}",
            said("mcp-tether config")
        );
        assert_eq!(said("mcp-tether config")[0], needs);
    }

    #[test]
    fn a_value_or_a_combination_that_is_wrong_is_named() {
        let run = "mcp-tether tools https://a";
        let help = "see `mcp-tether tools -h`";
        assert_eq!(said(&format!("{run} --port")), ["`--port <port>` needs a value", help]);
        let said_of_level = said(&format!("{run} --level"));
        assert_eq!(said_of_level[1], "write one of `debug`, `info`, `warn`");
        let port = said(&format!("{run} --port 70000"));
        assert!(port[0].starts_with("`70000` is not valid for `--port <port>`: "), "{}", port[0]);
        let both = said(&format!("{run} --json --text"));
        assert_eq!(both[1], help);
        assert!(both[0].contains("`--json`") && both[0].contains("`--text`"), "{}", both[0]);
        let painted = said(&format!("{run} --a\u{1b}[31m"));
        assert!(!painted[0].contains('\u{1b}'), "{}", painted[0]);
    }

    #[test]
    fn the_command_is_the_innermost_that_is_named() {
        let program = program();
        for (line, path) in [
            ("mcp-tether", "mcp-tether"),
            ("mcp-tether --x tools", "mcp-tether tools"),
            ("mcp-tether config show extra", "mcp-tether config show"),
            ("mcp-tether nonsense", "mcp-tether"),
            // The name of the program is not a command.
            ("tools", "mcp-tether"),
        ] {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(command_of(&program, &words).1, path, "{line}");
        }
    }
}
