//! What is known of MCP methods.

/// `initialize`, the handshake of revisions up to 2025-11-25.
pub const INITIALIZE: &str = "initialize";
/// The notification that ends the handshake.
pub const INITIALIZED: &str = "notifications/initialized";
/// A sign of life.
pub const PING: &str = "ping";
/// Gives up a request that is under way.
pub const CANCELLED: &str = "notifications/cancelled";
/// How far a request has come.
pub const PROGRESS: &str = "notifications/progress";
/// What a server of 2026-07-28 can do.
pub const DISCOVER: &str = "server/discover";
/// The catalogue of tools.
pub const TOOLS_LIST: &str = "tools/list";
/// Runs a tool: the only method that may act.
pub const TOOLS_CALL: &str = "tools/call";
/// Subscribes to changes of one resource.
pub const SUBSCRIBE: &str = "resources/subscribe";
/// Ends such a subscription.
pub const UNSUBSCRIBE: &str = "resources/unsubscribe";
/// Chooses which log messages the server sends.
pub const SET_LEVEL: &str = "logging/setLevel";
/// The server asks the user something.
pub const ELICIT: &str = "elicitation/create";
/// The server asks the host's model something.
pub const SAMPLE: &str = "sampling/createMessage";
/// The server asks for the host's folders.
pub const LIST_ROOTS: &str = "roots/list";

/// Whether sending this request twice does no harm (T-28, T-60): what lists, reads, completes or
/// sets a state to a given value.
pub fn is_safe_to_repeat(method: &str) -> bool {
    matches!(
        method,
        INITIALIZE
            | PING
            | DISCOVER
            | TOOLS_LIST
            | "prompts/list"
            | "prompts/get"
            | "resources/list"
            | "resources/templates/list"
            | "resources/read"
            | "completion/complete"
            | "tasks/get"
            | "tasks/list"
            | "tasks/result"
            | "subscriptions/listen"
            | SUBSCRIBE
            | UNSUBSCRIBE
            | SET_LEVEL
    )
}

/// The notification that tells a host to list again, for each capability that can announce changes.
pub const LIST_CHANGED: [(&str, &str); 3] = [
    ("tools", "notifications/tools/list_changed"),
    ("prompts", "notifications/prompts/list_changed"),
    ("resources", "notifications/resources/list_changed"),
];
