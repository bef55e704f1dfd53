//! The command line of the bench.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bench::Plan;
use crate::contenders::Contender;
use crate::fault::{Fault, Outcome};

pub(crate) const HELP: &str = "\
compares stdio to Streamable HTTP bridges in speed and memory and prints one Markdown table

usage: bench [--bridge NAME=COMMAND]... [options]

  --bridge NAME=COMMAND  a bridge to compare; `{url}` in COMMAND stands for the URL, which otherwise
                         comes last; words are split at spaces; the one named `floor` is what the
                         others are held against, the first other one is `ours`
                         (without any: `floor` and `mcp-tether` from beside this program)
  --mcp-remote DIR       npm `mcp-remote`: its package folder or one with `node_modules` in it
                         (without it: the one in PATH or in ./node_modules, if any; none if quick)
  --no-mcp-remote        leave `mcp-remote` out
  --only NAME            only figures with NAME in their name, repeat for more: start, secure,
                         far, networks, signed-in, idle, calls, late, large, argument, stream,
                         instructions, scale, size
  --strict               fail when a target is missed that is counted and not timed: instructions
  --idle-seconds N       how long to watch idle bridges (30, quick: 5)
  --quick                a run of about 20 seconds whose numbers are rough
  --json FILE            all samples as JSON
";

/// What to run.
pub(crate) struct Arguments {
    pub(crate) bridges: Vec<(String, Vec<String>)>,
    pub(crate) mcp_remote: Option<Vec<String>>,
    pub(crate) only: Vec<String>,
    pub(crate) plan: Plan,
    pub(crate) json: Option<PathBuf>,
    pub(crate) strict: bool,
}

impl Arguments {
    /// Reads the arguments; none when help was asked for.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Outcome<Option<Self>> {
        let mut bridges = Vec::new();
        let mut only = Vec::new();
        let (mut folder, mut without) = (None, false);
        let (mut quick, mut idle, mut json) = (false, None, None);
        let mut strict = false;
        while let Some(word) = words.next() {
            let mut value =
                || words.next().ok_or_else(|| Fault::new(format!("`{word}` needs a value")));
            match word.as_str() {
                "--bridge" => bridges.push(bridge(&value()?)?),
                "--mcp-remote" => folder = Some(PathBuf::from(value()?)),
                "--no-mcp-remote" => without = true,
                "--only" => only.push(value()?),
                "--idle-seconds" => idle = Some(seconds(&value()?)?),
                "--quick" => quick = true,
                "--strict" => strict = true,
                "--json" => json = Some(PathBuf::from(value()?)),
                "--help" | "-h" => return Ok(None),
                _ => return Err(Fault::new(format!("unknown argument `{word}`"))),
            }
        }
        let mut plan = if quick { Plan::quick() } else { Plan::full() };
        plan.idle = idle.unwrap_or(plan.idle);
        if bridges.is_empty() {
            bridges = usual_bridges()?;
        }
        let mcp_remote = match folder {
            _ if without => None,
            Some(folder) => Some(mcp_remote_in(&folder).ok_or_else(|| not_there(&folder))?),
            None if quick => None,
            None => mcp_remote_around(),
        };
        Ok(Some(Self { bridges, mcp_remote, only, plan, json, strict }))
    }

    pub(crate) fn wants(&self, figure: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| figure.contains(part.as_str()))
    }

    /// Returns whether somebody asked for just this figure.
    pub(crate) fn names(&self, figure: &str) -> bool {
        self.only.iter().any(|part| figure == part)
    }

    /// Returns the bridges, `floor` first.
    pub(crate) fn contenders(&self, homes: &Path) -> Vec<Contender> {
        let mut named: Vec<_> = self.bridges.iter().collect();
        named.sort_by_key(|(name, _)| name != "floor");
        let of =
            |(name, command): &(String, Vec<String>)| Contender::new(name, command.clone(), homes);
        let mut contenders: Vec<_> = named.into_iter().map(of).collect();
        if let Some(command) = &self.mcp_remote {
            let mcp_remote = Contender::new("mcp-remote", command.clone(), homes);
            contenders.push(mcp_remote.only_compared());
        }
        contenders
    }
}

fn bridge(text: &str) -> Outcome<(String, Vec<String>)> {
    let (name, command) = text
        .split_once('=')
        .filter(|(name, command)| !name.is_empty() && !command.trim().is_empty())
        .ok_or_else(|| Fault::new(format!("`--bridge` wants NAME=COMMAND, not `{text}`")))?;
    Ok((name.into(), command.split_whitespace().map(String::from).collect()))
}

fn seconds(text: &str) -> Outcome<Duration> {
    let number =
        text.parse().map_err(|_| Fault::new(format!("`{text}` is no number of seconds")))?;
    Ok(Duration::from_secs(number))
}

fn usual_bridges() -> Outcome<Vec<(String, Vec<String>)>> {
    let here = std::env::current_exe().map_err(Fault::from_io("find this program"))?;
    let folder = here.parent().unwrap_or(Path::new("."));
    let named = |name: &str| (name.into(), vec![folder.join(name).to_string_lossy().into_owned()]);
    let bridges = vec![named("floor"), named("mcp-tether")];
    for (name, command) in &bridges {
        if !Path::new(&command[0]).exists() {
            let text = format!("no `{name}` beside this program; name one with `--bridge`");
            return Err(Fault::new(text));
        }
    }
    Ok(bridges)
}

fn not_there(folder: &Path) -> Fault {
    Fault::new(format!("no `mcp-remote` package in `{}`", folder.display()))
}

fn mcp_remote_in(folder: &Path) -> Option<Vec<String>> {
    let inside = folder.join("node_modules/mcp-remote/dist/proxy.js");
    let script = [folder.join("dist/proxy.js"), inside].into_iter().find(|path| path.exists())?;
    Some(vec!["node".into(), script.canonicalize().ok()?.to_string_lossy().into_owned()])
}

/// The file that npm links into PATH is the script itself.
fn mcp_remote_around() -> Option<Vec<String>> {
    let path = std::env::var_os("PATH")?;
    let linked = std::env::split_paths(&path).map(|folder| folder.join("mcp-remote"));
    let script = linked.filter_map(|link| link.canonicalize().ok()).find(|path| path.exists());
    let in_path = script.map(|script| vec!["node".into(), script.to_string_lossy().into_owned()]);
    in_path.or_else(|| mcp_remote_in(Path::new(".")))
}
