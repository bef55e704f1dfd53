//! The value of a `Date` header.

use std::time::{Duration, UNIX_EPOCH};

/// Formats seconds since 1970 as a `Date` header.
pub(crate) fn http_date(seconds: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}
