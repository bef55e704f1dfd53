//! Names and properties of MCP methods.

/// `initialize`, the handshake of revisions up to 2025-11-25.
pub const INITIALIZE: &str = "initialize";
/// The notification that ends the handshake.
pub const INITIALIZED: &str = "notifications/initialized";
/// Checks that the other side is alive.
pub const PING: &str = "ping";
/// Cancels a request in progress.
pub const CANCELLED: &str = "notifications/cancelled";
/// Reports the progress of a request.
pub const PROGRESS: &str = "notifications/progress";
/// Asks a server of 2026-07-28 for its revisions and capabilities.
pub const DISCOVER: &str = "server/discover";
/// Lists the tools.
pub const TOOLS_LIST: &str = "tools/list";
/// Lists the prompts.
pub const PROMPTS_LIST: &str = "prompts/list";
/// Lists the resources.
pub const RESOURCES_LIST: &str = "resources/list";
/// Lists the templates of resources.
pub const RESOURCE_TEMPLATES_LIST: &str = "resources/templates/list";
/// The list of tools has changed.
pub const TOOLS_CHANGED: &str = "notifications/tools/list_changed";
/// The list of prompts has changed.
pub const PROMPTS_CHANGED: &str = "notifications/prompts/list_changed";
/// The list of resources, or of their templates, has changed.
pub const RESOURCES_CHANGED: &str = "notifications/resources/list_changed";
/// Runs a tool; the only method that may have side effects.
pub const TOOLS_CALL: &str = "tools/call";
/// Gets a prompt with its arguments filled in.
pub const PROMPTS_GET: &str = "prompts/get";
/// Reads the contents of a resource.
pub const RESOURCES_READ: &str = "resources/read";
/// Lists what is directly below a resource that is a directory (skills extension).
pub const RESOURCE_DIRECTORY_READ: &str = "resources/directory/read";
/// Lists the skills (skills extension, SEP-2640).
pub const SKILLS_LIST: &str = "skills/list";
/// Gets one skill by the URI of its `SKILL.md` (skills extension).
pub const SKILLS_GET: &str = "skills/get";
/// Delivers events of one subscription until one side ends it (events extension, SEP-3415).
pub const EVENTS_STREAM: &str = "events/stream";
/// Completes an argument of a prompt or of a resource template.
pub const COMPLETE: &str = "completion/complete";
/// Opens a stream of change notifications (2026-07-28).
pub const LISTEN: &str = "subscriptions/listen";
/// The first message on such a stream.
pub const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
/// The contents of a resource have changed.
pub const RESOURCE_UPDATED: &str = "notifications/resources/updated";
/// A log message.
pub const LOG_MESSAGE: &str = "notifications/message";
/// Gets the state of a task (2025-11-25 and, with another shape, the tasks extension).
pub const TASKS_GET: &str = "tasks/get";
/// Waits for the result of a task (2025-11-25).
pub const TASKS_RESULT: &str = "tasks/result";
/// Lists the tasks (2025-11-25).
pub const TASKS_LIST: &str = "tasks/list";
/// Cancels a task.
pub const TASKS_CANCEL: &str = "tasks/cancel";
/// Gives a task the input that it asks for (tasks extension).
pub const TASKS_UPDATE: &str = "tasks/update";
/// The state of a task has changed (tasks extension).
pub const TASK_CHANGED: &str = "notifications/tasks";
/// The state of a task has changed (2025-11-25).
pub const TASK_STATUS: &str = "notifications/tasks/status";
/// The user has done what a URL elicitation asked for (2025-11-25).
pub const ELICITATION_COMPLETE: &str = "notifications/elicitation/complete";
/// Subscribes to changes of one resource.
pub const SUBSCRIBE: &str = "resources/subscribe";
/// Ends a subscription.
pub const UNSUBSCRIBE: &str = "resources/unsubscribe";
/// Chooses which log messages the server sends.
pub const SET_LEVEL: &str = "logging/setLevel";
/// The host's roots have changed (up to 2025-11-25).
pub const ROOTS_CHANGED: &str = "notifications/roots/list_changed";
/// The server asks the user for input.
pub const ELICIT: &str = "elicitation/create";
/// The server asks the host's model for a completion.
pub const SAMPLE: &str = "sampling/createMessage";
/// The server asks for the host's roots.
pub const LIST_ROOTS: &str = "roots/list";

/// Returns whether this message is part of opening a session or of detecting the remote's era.
pub fn opens_a_session(method: &str) -> bool {
    matches!(method, INITIALIZE | INITIALIZED | DISCOVER)
}

/// Returns whether this method lists what a server offers, in pages.
pub fn is_list(method: &str) -> bool {
    matches!(method, TOOLS_LIST | PROMPTS_LIST | RESOURCES_LIST | RESOURCE_TEMPLATES_LIST)
}

/// Returns whether this request may safely be sent twice (T-28, T-60): it lists, reads, completes,
/// or sets a state to a given value.
pub fn is_safe_to_repeat(method: &str) -> bool {
    matches!(
        method,
        INITIALIZE
            | PING
            | DISCOVER
            | TOOLS_LIST
            | PROMPTS_LIST
            | PROMPTS_GET
            | RESOURCES_LIST
            | RESOURCE_TEMPLATES_LIST
            | RESOURCES_READ
            | RESOURCE_DIRECTORY_READ
            | SKILLS_LIST
            | SKILLS_GET
            | COMPLETE
            | TASKS_GET
            | TASKS_LIST
            | TASKS_RESULT
            | LISTEN
            | SUBSCRIBE
            | UNSUBSCRIBE
            | SET_LEVEL
    )
}

/// Returns whether a result of this method may ask for input first (`basic/patterns/mrtr`; E-35).
pub fn may_need_input(method: &str) -> bool {
    matches!(method, TOOLS_CALL | PROMPTS_GET | RESOURCES_READ)
}

/// Returns whether a result of this method carries caching hints (`server/utilities/caching`;
/// E-22).
pub fn is_cacheable(method: &str) -> bool {
    matches!(
        method,
        DISCOVER
            | TOOLS_LIST
            | PROMPTS_LIST
            | RESOURCES_LIST
            | RESOURCE_TEMPLATES_LIST
            | RESOURCES_READ
            | RESOURCE_DIRECTORY_READ
            | SKILLS_LIST
            | SKILLS_GET
    )
}

/// Returns whether a request of this method stays open by design: neither silence nor age is a
/// reason to give it up (T-63).
pub fn stays_open(method: &str) -> bool {
    matches!(method, LISTEN | EVENTS_STREAM)
}

/// Returns whether a result of this method names what a server offers.
pub fn names_offers(method: &str) -> bool {
    is_list(method) || matches!(method, SKILLS_LIST | RESOURCE_DIRECTORY_READ)
}

/// The capabilities that can announce changes of a list, each with its notification.
pub const LIST_CHANGED: [(&str, &str); 3] =
    [("tools", TOOLS_CHANGED), ("prompts", PROMPTS_CHANGED), ("resources", RESOURCES_CHANGED)];
