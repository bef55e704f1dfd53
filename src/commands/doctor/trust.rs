//! Checks the pins of `--pin` and the file of `--record`. Pins nothing and records nothing.

use std::fs::Metadata;
use std::path::Path;

use serde_json::value::RawValue;

use super::check::Check;
use crate::bridge::ToolPins;
use crate::commands::readable::counted;
use crate::environment::Environment;
use crate::error::Result;
use crate::redact::plain;
use crate::settings::{Key, Settings};
use crate::shell_words::{shell_word, url_argument};

/// Settings that hide tools, so that a list cannot be compared with the pins.
const HIDING: [Key; 3] = [Key::OnlyTool, Key::IgnoreTool, Key::ReadOnly];

/// The state of pinned tools.
pub(super) struct PinState {
    pins: Result<Option<ToolPins>>,
    hides: bool,
    url: String,
}

impl PinState {
    pub(super) fn new(pins: Result<Option<ToolPins>>, settings: &Settings, url: &str) -> Self {
        let hides = HIDING.iter().any(|key| settings.is_set(*key));
        Self { pins, hides, url: url_argument(url) }
    }

    /// Compares these tools with the pinned ones; `None` without `--pin`.
    pub(super) fn check(&self, tools: Option<&[Box<RawValue>]>) -> Option<Check> {
        let pins = match &self.pins {
            Err(error) => return Some(Check::error("pinned tools", error)),
            Ok(pins) => pins.as_ref()?,
        };
        if pins.is_empty() {
            let says = "none yet: `--pin` pins those of the first session";
            return Some(Check::ok("pinned tools", says));
        }
        let look = format!("look at them with `mcp-tether tools {} --diff`", self.url);
        let count = counted(pins.len(), "tool");
        let Some(tools) = tools.filter(|_| !self.hides) else {
            let says = format!("{count} pinned, not compared here");
            return Some(Check::ok("pinned tools", says).next(look));
        };
        let differences = pins.differences(tools);
        Some(if differences.is_empty() {
            Check::ok("pinned tools", format!("{count} pinned, none differs"))
        } else {
            let first = differences[0].lines().next().unwrap_or_default().trim_end_matches(':');
            let more = match differences.len() {
                1 => String::new(),
                number => format!(", and {} more", number - 1),
            };
            Check::warn("pinned tools", format!("{first}{more}")).next(look)
        })
    }
}

/// Where the conversation is recorded; `None` without `--record`.
pub(super) fn recording(settings: &Settings, environment: &Environment) -> Option<Check> {
    let path = settings.text(Key::Record).filter(|path| !path.is_empty())?;
    let path = environment.expand_home(path);
    let shown = plain(&path.display().to_string());
    let own = "it holds arguments and results: read it before you share it, and remove `--record` \
               when you have what you need";
    let check = match path.symlink_metadata() {
        Ok(found) if !found.is_file() => {
            Check::fail("recording", format!("`{shown}` is not a regular file"))
                .next("name a file that does not exist yet: `--record FILE`")
        }
        Ok(found) if is_readable_by_others(&found) => {
            Check::warn("recording", format!("others may read `{shown}`"))
                .next(format!("close it with `chmod 600 {}`", shell_word(&shown)))
        }
        Ok(found) => {
            let size = found.len().div_ceil(1024);
            Check::warn("recording", format!("to `{shown}`, {size} KiB so far")).next(own)
        }
        Err(_) if path.parent().is_some_and(is_folder) => {
            Check::warn("recording", format!("to `{shown}`, which is not there yet")).next(own)
        }
        Err(error) => Check::fail("recording", format!("`{shown}` cannot be used: {error}"))
            .next("name a file in a folder that exists: `--record FILE`"),
    };
    Some(check)
}

fn is_folder(folder: &Path) -> bool {
    folder.as_os_str().is_empty() || folder.is_dir()
}

#[cfg(unix)]
fn is_readable_by_others(found: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    found.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_readable_by_others(_found: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::check::CheckVerdict;
    use crate::error::Error;
    use crate::settings::Flags;

    const URL: &str = "https://mcp.example.com/mcp";

    fn settings(values: &[(Key, &str)]) -> Settings {
        let own = |(key, text): &(Key, &str)| (*key, vec![(*text).to_owned()]);
        let flags = Flags { config: None, values: values.iter().map(own).collect() };
        Settings::resolve(None, &flags, &Environment::fixed([])).unwrap()
    }

    fn tool(name: &str, about: &str) -> Box<RawValue> {
        let text = format!(r#"{{"name":"{name}","description":"{about}"}}"#);
        RawValue::from_string(text).unwrap()
    }

    /// The pins of these tools.
    fn pinned(file: &Path, tools: &[Box<RawValue>]) -> ToolPins {
        let mut pins = ToolPins::read(file).unwrap();
        pins.accept(tools).unwrap();
        ToolPins::read(file).unwrap()
    }

    fn shown(check: &Check) -> String {
        format!("{}: {}", check.verdict.word(), check.says)
    }

    /// S-73
    #[test]
    fn tools_are_compared_with_the_pinned_ones() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pins.json");
        let first = [tool("a", "reads"), tool("b", "writes")];
        let state = |pins, values: &[(Key, &str)]| PinState::new(Ok(pins), &settings(values), URL);
        assert!(
            state(None, &[]).check(Some(&first)).is_none(),
            "nothing is pinned without `--pin`"
        );
        let none = state(Some(ToolPins::read(&file).unwrap()), &[]).check(Some(&first)).unwrap();
        assert!(shown(&none).starts_with("ok: none yet"), "{}", none.says);
        let pins = pinned(&file, &first);
        let read = || Some(ToolPins::read(&file).unwrap());
        assert_eq!(pins.len(), 2);
        let same = state(read(), &[]).check(Some(&first)).unwrap();
        assert_eq!(shown(&same), "ok: 2 tools pinned, none differs");
        let one =
            state(read(), &[]).check(Some(&[tool("a", "reads"), tool("b", "sends")])).unwrap();
        assert!(shown(&one).starts_with("warn: ") && one.says.contains("`b`"), "{}", one.says);
        assert!(!one.says.contains("more") && !one.says.ends_with(':'), "{}", one.says);
        let next = format!("look at them with `mcp-tether tools {URL} --diff`");
        assert_eq!(one.next.as_deref(), Some(next.as_str()));
        let all = state(read(), &[]).check(Some(&[tool("c", "is new")])).unwrap();
        assert!(all.says.ends_with(", and 2 more"), "{}", all.says);
    }

    /// S-73
    #[test]
    fn a_list_that_is_not_whole_is_not_compared() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pins.json");
        let tools = [tool("a", "reads")];
        pinned(&file, &tools);
        let hiding = [(Key::OnlyTool, "a"), (Key::IgnoreTool, "b"), (Key::ReadOnly, "true")];
        for value in hiding {
            let pins = ToolPins::read(&file).map(Some).unwrap();
            let check = PinState::new(Ok(pins), &settings(&[value]), URL).check(Some(&tools));
            assert_eq!(check.unwrap().says, "1 tool pinned, not compared here", "{}", value.1);
        }
        let pins = ToolPins::read(&file).map(Some).unwrap();
        let check = PinState::new(Ok(pins), &settings(&[]), URL).check(None).unwrap();
        assert_eq!(check.says, "1 tool pinned, not compared here", "the list failed");
        let unreadable = Error::failed("the pins cannot be read").hint("accept the tools anew");
        let check = PinState::new(Err(unreadable), &settings(&[]), URL).check(Some(&tools));
        assert_eq!(shown(&check.unwrap()), "fail: the pins cannot be read");
    }

    #[test]
    fn a_recording_is_a_regular_file_of_this_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::fixed([("HOME", folder.path().to_str().unwrap())]);
        let check = |path: &str| recording(&settings(&[(Key::Record, path)]), &environment);
        assert!(recording(&settings(&[]), &environment).is_none());
        assert!(check("").is_none());
        let new = check("~/new.jsonl").unwrap();
        assert_eq!(new.verdict, CheckVerdict::Warn);
        assert!(new.says.ends_with("which is not there yet"), "{}", new.says);
        let astray = check("~/none/new.jsonl").unwrap();
        assert!(shown(&astray).starts_with("fail: ") && astray.says.contains("cannot be used"));
        let inside = check("~").unwrap();
        assert!(inside.says.contains("`~`"), "a bare `~` is a file name: {}", inside.says);
        let taken = check(folder.path().to_str().unwrap()).unwrap();
        assert!(taken.says.ends_with("is not a regular file"), "{}", taken.says);
        let path = folder.path().join("talk.jsonl");
        for (bytes, kibibytes) in [(0, 0), (1, 1), (1024, 1), (1025, 2)] {
            let content = "x".repeat(bytes);
            crate::platform::private_file::write(
                &path,
                content.as_bytes(),
                crate::platform::private_file::Durability::Process,
            )
            .unwrap();
            let there = check("~/talk.jsonl").unwrap();
            let end = format!("{kibibytes} KiB so far");
            assert!(there.says.ends_with(&end), "{bytes}: {}", there.says);
            assert!(there.next.unwrap().contains("read it before you share it"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_recording_that_others_may_read_is_to_be_closed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("talk.jsonl");
        std::fs::write(&path, "").unwrap();
        for (mode, is_open) in [(0o600, false), (0o640, true), (0o604, true), (0o601, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let settings = settings(&[(Key::Record, path.to_str().unwrap())]);
            let check = recording(&settings, &Environment::fixed([])).unwrap();
            assert_eq!(check.says.starts_with("others may read"), is_open, "{mode:o}");
            let closes = check.next.unwrap().starts_with("close it with `chmod 600 ");
            assert_eq!(closes, is_open, "{mode:o}");
        }
    }
}
