//! Signing in with a browser: the sign-in itself, the listener for the browser's return, the final
//! page, and responses that a person pastes.

pub(crate) mod callback_server;
pub(crate) mod completion;
pub(crate) mod page;
pub(crate) mod pasted_answer;
pub(crate) mod pushed_page;
pub(crate) mod sign_in;
