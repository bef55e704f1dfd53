//! Finds another bridge in the command line of an entry, however the entry starts it: `mcp-remote`,
//! `mcp-proxy` or `supergateway`, by itself, through a package runner, a shell or a container. The
//! result has arguments of this program, or says why there are none.

mod command_line;
mod container;
mod names;
mod runners;
mod started;
mod translated;

use names::{BRIDGES, MCP_PROXY, MCP_REMOTE, OURS, SUPERGATEWAY, Started, bridge};

/// Another bridge in an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OtherBridge {
    /// The entry starts it; these arguments do the same with this program, and contain a URL.
    Started {
        /// Its name.
        program: &'static str,
        /// Arguments of this program.
        arguments: Vec<String>,
    },
    /// The entry mentions it, but it cannot be replaced for this reason.
    Kept {
        /// Its name.
        program: &'static str,
        /// Completes "… cannot be rewritten: ".
        reason: String,
    },
}

impl OtherBridge {
    /// Its name.
    pub(crate) fn program(&self) -> &'static str {
        match self {
            Self::Started { program, .. } | Self::Kept { program, .. } => program,
        }
    }

    /// The arguments of `mcp-remote`, whose sign-ins can be imported.
    pub(crate) fn arguments_of_mcp_remote(&self) -> Option<&[String]> {
        match self {
            Self::Started { program: MCP_REMOTE, arguments } => Some(arguments),
            _ => None,
        }
    }
}

/// Finds another bridge in the command, arguments and variables of an entry.
pub(crate) fn other_bridge(
    words: &[String],
    variables: &[(String, String)],
) -> Option<OtherBridge> {
    let mentioned = BRIDGES.into_iter().find(|name| {
        words.iter().any(|word| word.contains(name) || word.contains(&name.replace('-', "_")))
    })?;
    let kept = |program, reason: &str| OtherBridge::Kept { program, reason: reason.to_owned() };
    let Started { program, arguments: given } = match started::by(words) {
        Ok(Some(Started { program: OURS, .. })) => return None,
        Ok(Some(found)) => found,
        Ok(None) => return Some(kept(mentioned, "it is not started directly")),
        Err(reason) => return Some(OtherBridge::Kept { program: mentioned, reason }),
    };
    let arguments = match program {
        MCP_PROXY => translated::of_mcp_proxy(&given, variables),
        SUPERGATEWAY => translated::of_supergateway(&given),
        _ => Ok(given),
    };
    Some(match arguments {
        Ok(arguments) if arguments.iter().any(|word| word.contains("://")) => {
            OtherBridge::Started { program, arguments }
        }
        Ok(_) => kept(program, "there is no URL in its arguments"),
        Err(reason) => OtherBridge::Kept { program, reason },
    })
}

/// The arguments of this program in the command line of an entry that starts it, in whatever form.
/// `None` if the entry starts something else.
pub(crate) fn own_arguments(words: &[String]) -> Option<Vec<String>> {
    match started::by(words) {
        Ok(Some(Started { program: OURS, arguments })) => Some(arguments),
        Ok(_) => None,
        // The words before it only matter to `migrate`; it is still this program.
        Err(_) => {
            let line = words.join(" ");
            let mut words = line.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
            // An image has a tag.
            let named = |word: &str| bridge(word).or_else(|| bridge(word.split(':').next()?));
            words.find_map(named).filter(|program| *program == OURS)?;
            Some(words.map(str::to_owned).collect())
        }
    }
}

#[cfg(test)]
mod tests;
