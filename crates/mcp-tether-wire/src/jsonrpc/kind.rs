//! The kinds of messages.

/// The kind of a message, by its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// Has `method` and `id`; must be answered exactly once.
    Request,
    /// Has `method` and no `id`.
    Notification,
    /// Has `result`.
    Response,
    /// Has `error`; its id may be absent.
    ErrorResponse,
}
