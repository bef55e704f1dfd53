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
/// Fills a prompt in.
pub const PROMPTS_GET: &str = "prompts/get";
/// The contents of a resource.
pub const RESOURCES_READ: &str = "resources/read";
/// Opens a stream of change notifications (2026-07-28).
pub const LISTEN: &str = "subscriptions/listen";
/// The first message on such a stream.
pub const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
/// A resource has other contents now.
pub const RESOURCE_UPDATED: &str = "notifications/resources/updated";
/// A log message.
pub const LOG_MESSAGE: &str = "notifications/message";
/// How a task stands (2025-11-25, and differently the tasks extension).
pub const TASKS_GET: &str = "tasks/get";
/// Waits for the result of a task (2025-11-25).
pub const TASKS_RESULT: &str = "tasks/result";
/// The tasks there are (2025-11-25).
pub const TASKS_LIST: &str = "tasks/list";
/// Ends a task.
pub const TASKS_CANCEL: &str = "tasks/cancel";
/// Answers what a task asks (tasks extension).
pub const TASKS_UPDATE: &str = "tasks/update";
/// A task stands differently now (tasks extension).
pub const TASK_CHANGED: &str = "notifications/tasks";
/// The same in 2025-11-25.
pub const TASK_STATUS: &str = "notifications/tasks/status";
/// What a URL elicitation asked for was done (2025-11-25).
pub const ELICITATION_COMPLETE: &str = "notifications/elicitation/complete";
/// Subscribes to changes of one resource.
pub const SUBSCRIBE: &str = "resources/subscribe";
/// Ends such a subscription.
pub const UNSUBSCRIBE: &str = "resources/unsubscribe";
/// Chooses which log messages the server sends.
pub const SET_LEVEL: &str = "logging/setLevel";
/// The host's folders have changed (up to 2025-11-25).
pub const ROOTS_CHANGED: &str = "notifications/roots/list_changed";
/// The server asks the user something.
pub const ELICIT: &str = "elicitation/create";
/// The server asks the host's model something.
pub const SAMPLE: &str = "sampling/createMessage";
/// The server asks for the host's folders.
pub const LIST_ROOTS: &str = "roots/list";

/// Whether this message is part of opening a session, or of finding out whether there are any.
pub fn opens_a_session(method: &str) -> bool {
    matches!(method, INITIALIZE | INITIALIZED | DISCOVER)
}

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
            | PROMPTS_GET
            | "resources/list"
            | "resources/templates/list"
            | RESOURCES_READ
            | "completion/complete"
            | TASKS_GET
            | TASKS_LIST
            | TASKS_RESULT
            | LISTEN
            | SUBSCRIBE
            | UNSUBSCRIBE
            | SET_LEVEL
    )
}

/// Whether a result of this method may ask for input first (`basic/patterns/mrtr`; E-35).
pub fn may_need_input(method: &str) -> bool {
    matches!(method, TOOLS_CALL | PROMPTS_GET | RESOURCES_READ)
}

/// Whether a result of this method carries caching hints (`server/utilities/caching`; E-22).
pub fn is_cacheable(method: &str) -> bool {
    matches!(
        method,
        DISCOVER
            | TOOLS_LIST
            | "prompts/list"
            | "resources/list"
            | "resources/templates/list"
            | RESOURCES_READ
    )
}

/// The notification that tells a host to list again, for each capability that can announce changes.
pub const LIST_CHANGED: [(&str, &str); 3] = [
    ("tools", "notifications/tools/list_changed"),
    ("prompts", "notifications/prompts/list_changed"),
    ("resources", "notifications/resources/list_changed"),
];
