//! A person in front of a browser: the sign-in itself, the listener that the browser comes back to,
//! the page that it ends at, and the answer of a person who pastes it.

pub(crate) mod callback_server;
pub(crate) mod completion;
pub(crate) mod page;
pub(crate) mod pasted_answer;
pub(crate) mod pushed_page;
pub(crate) mod sign_in;
