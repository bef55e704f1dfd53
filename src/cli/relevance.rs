//! Decides which flags of settings the help of a command shows. Every command that reaches a server
//! accepts all of them, so that the flags of a host's entry can be reused; the help omits those
//! that are irrelevant to the command.

use crate::settings::{Availability, Group, Key, Setting};

/// The help texts that show a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// By `-h` and by `--help`.
    Always,
    /// By `--help` only.
    InFull,
    Never,
}

/// Flags that matter only while a host is connected.
const BRIDGE_ONLY: [Key; 4] =
    [Key::KeepAlive, Key::PingInterval, Key::MergePages, Key::AnswerWithin];
/// Flags about a session, which signing in and out do not open.
const SESSION_ONLY: [Key; 14] = [
    Key::Record,
    Key::Pin,
    Key::OnlyTool,
    Key::OnlyPrompt,
    Key::IgnorePrompt,
    Key::OnlyResource,
    Key::IgnoreResource,
    Key::ReadOnly,
    Key::Transport,
    Key::Protocol,
    Key::IgnoreTool,
    Key::DisableCookies,
    Key::RequestTimeout,
    Key::Login,
];
/// Flags about getting new tokens.
const NEW_TOKENS_ONLY: [Key; 15] = [
    Key::TokenCommand,
    Key::Dpop,
    Key::DeviceCode,
    Key::CallbackPort,
    Key::CallbackHost,
    Key::CallbackPath,
    Key::AuthTimeout,
    Key::AuthSuccessUrl,
    Key::TokenFile,
    Key::UseIdToken,
    Key::AssumePkce,
    Key::CallbackIssuer,
    Key::DeviceEndpoint,
    Key::AuthorizationEndpoint,
    Key::AssumeGrant,
];

/// The help texts of this command that show this flag. The bridge itself is called `mcp-tether`.
pub(super) fn shown(command: &str, setting: &Setting) -> Shown {
    let key = setting.key;
    if !matters(command, setting) {
        return Shown::Never;
    }
    let important: &[Key] = match command {
        "mcp-tether" => &[Key::Header, Key::Transport, Key::Account, Key::AllowHttp, Key::Debug],
        "login" => &[Key::Account, Key::Scope, Key::DeviceCode, Key::AuthTimeout],
        "logout" | "forget" => &[Key::Account],
        "show" => &[],
        _ => &[Key::Header, Key::Account],
    };
    if important.contains(&key) { Shown::Always } else { Shown::InFull }
}

fn matters(command: &str, setting: &Setting) -> bool {
    let key = setting.key;
    let without = |lists: &[&[Key]]| !lists.iter().any(|list| list.contains(&key));
    let has_effect = setting.availability == Availability::Effective;
    match command {
        // An entry of a host may contain all of them.
        "mcp-tether" | "install" | "pack" | "import" | "show" => true,
        _ if !has_effect => false,
        "login" => without(&[&BRIDGE_ONLY, &SESSION_ONLY]),
        "logout" | "forget" => {
            without(&[&BRIDGE_ONLY, &SESSION_ONLY, &NEW_TOKENS_ONLY])
                && (setting.group != Group::SigningIn || key != Key::ClientCredentials)
        }
        _ => without(&[&BRIDGE_ONLY]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_shows_only_what_can_matter_to_it() {
        let shown = |command: &str, key: Key| shown(command, key.setting());
        assert_eq!(shown("mcp-tether", Key::KeepAlive), Shown::InFull);
        assert_eq!(shown("mcp-tether", Key::Header), Shown::Always);
        assert_eq!(shown("logout", Key::KeepAlive), Shown::Never);
        assert_eq!(shown("logout", Key::DeviceEndpoint), Shown::Never);
        assert_eq!(shown("tools", Key::IgnoreTool), Shown::InFull);
        assert_eq!(shown("tools", Key::EnableProxy), Shown::Never);
        assert_eq!(shown("login", Key::IgnoreTool), Shown::Never);
        assert_eq!(shown("login", Key::DeviceCode), Shown::Always);
    }
}
