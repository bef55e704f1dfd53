//! Finding the authorization server, and refusing those that must not be used.
