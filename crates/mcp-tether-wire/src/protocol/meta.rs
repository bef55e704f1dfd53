//! Names of revision 2026-07-28: keys of `_meta`, result types, extensions, members of a listen
//! filter. Tables, no logic.

/// The revision of a request; required on every one (`basic`, `_meta`; T-58).
pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// Name and version of the host.
pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// The host's capabilities for this request; required on every one (T-58).
pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// The lowest level of log messages that a request wants; without it the server sends none (E-61).
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// The id of the listen request that a notification belongs to (E-44).
pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
/// The server that made a result (E-23).
pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// The task that a message belongs to (2025-11-25, `basic/utilities/tasks`).
pub const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";
/// The token that asks for progress notifications; in every revision.
pub const PROGRESS_TOKEN: &str = "progressToken";

/// The `_meta` keys of a request that the protocol reserves: removed on the way to a legacy server
/// (E-15), overwritten on the way to a modern one (E-11).
pub const OF_REQUEST: [&str; 4] = [PROTOCOL_VERSION, CLIENT_INFO, CLIENT_CAPABILITIES, LOG_LEVEL];

/// The member `resultType` and its values (E-20).
pub mod result_type {
    /// The name of the member.
    pub const KEY: &str = "resultType";
    /// The final result; the default if there is no `resultType`.
    pub const COMPLETE: &str = "complete";
    /// The remote needs input first (`basic/patterns/mrtr`).
    pub const INPUT_REQUIRED: &str = "input_required";
    /// The call has become a task (tasks extension).
    pub const TASK: &str = "task";
}

/// Identifiers of extensions, as capabilities name them.
pub mod extensions {
    /// Tasks (SEP-2663).
    pub const TASKS: &str = "io.modelcontextprotocol/tasks";
    /// Skills (SEP-2640).
    pub const SKILLS: &str = "io.modelcontextprotocol/skills";
    /// Events (SEP-3415).
    pub const EVENTS: &str = "io.modelcontextprotocol/events";
}

/// Members of `inputRequests` results and of the retry that follows (`basic/patterns/mrtr`).
pub mod rounds {
    /// The questions of the remote, by key.
    pub const REQUESTS: &str = "inputRequests";
    /// The host's answers, under the same keys.
    pub const RESPONSES: &str = "inputResponses";
    /// Opaque state of the remote, returned unchanged.
    pub const STATE: &str = "requestState";
}

/// Hints of cacheable results (`server/utilities/caching`).
pub mod caching {
    /// For how many milliseconds a result is fresh.
    pub const TTL: &str = "ttlMs";
    /// `public` or `private`.
    pub const SCOPE: &str = "cacheScope";
}

/// Members of the filter of `subscriptions/listen` (`basic/patterns/subscriptions`).
pub mod filter {
    /// The member of the parameters that holds the filter.
    pub const KEY: &str = "notifications";
    /// `notifications/tools/list_changed`.
    pub const TOOLS: &str = "toolsListChanged";
    /// `notifications/prompts/list_changed`.
    pub const PROMPTS: &str = "promptsListChanged";
    /// `notifications/resources/list_changed`.
    pub const RESOURCES: &str = "resourcesListChanged";
    /// `notifications/resources/updated`, for these URIs.
    pub const RESOURCE_UPDATES: &str = "resourceSubscriptions";
    /// `notifications/tasks`, for these tasks (tasks extension).
    pub const TASKS: &str = "taskIds";
}
