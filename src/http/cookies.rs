//! The cookies of one remote, which load balancers use to keep a session on one machine. Requests
//! cost nothing more until the remote sets one.

use std::convert::Infallible;
use std::fmt;
use std::sync::{OnceLock, PoisonError, RwLock};

use cookie_store::CookieStore;
use http::{HeaderMap, HeaderValue, header};
use url::Url;

/// The longest cookie that is kept, in bytes and with its attributes, and how many are kept: the
/// minimum that RFC 6265 §6.1 requires. A server must not fill memory and requests (S-35).
const MAX_COOKIE_BYTES: usize = 4096;
const MAX_COOKIES: usize = 50;

/// The cookies that the remote has set, for the life of the process.
#[derive(Default)]
pub(super) struct Cookies(OnceLock<RwLock<CookieStore>>);

impl Cookies {
    /// The `Cookie` header for a request to this URL.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let store = self.0.get()?.read().unwrap_or_else(PoisonError::into_inner);
        let pairs: Vec<_> =
            store.get_request_values(url).map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() {
            return None;
        }
        HeaderValue::try_from(pairs.join("; ")).ok()
    }

    /// Stores the cookies that a response from this URL sets (RFC 6265); ignores malformed ones.
    pub(super) fn store(&self, url: &Url, headers: &HeaderMap) {
        for value in headers.get_all(header::SET_COOKIE) {
            let Ok(text) = value.to_str() else { continue };
            let store = self.0.get_or_init(RwLock::default);
            let mut store = store.write().unwrap_or_else(PoisonError::into_inner);
            if text.len() <= MAX_COOKIE_BYTES && has_room(&mut store, text) {
                let _ = store.parse(text, url);
            }
        }
    }
}

/// Whether one more cookie may be kept, or this one replaces another. Expired ones make room.
fn has_room(store: &mut CookieStore, text: &str) -> bool {
    if store.iter_any().count() >= MAX_COOKIES {
        let unexpired = store.iter_unexpired().cloned().map(Ok::<_, Infallible>);
        let Ok(kept) = CookieStore::from_cookies(unexpired, false);
        *store = kept;
    }
    let name = text.split_once('=').map_or("", |(name, _)| name.trim());
    let (mut count, mut is_known) = (0, false);
    for cookie in store.iter_any() {
        count += 1;
        is_known |= cookie.name() == name;
    }
    // A name may occur with several paths.
    count < MAX_COOKIES || is_known && count < 2 * MAX_COOKIES
}

impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookies")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_goes_back_to_where_it_is_for_and_a_malformed_one_nowhere() {
        let url = |text: &str| Url::parse(text).unwrap();
        let cookies = Cookies::default();
        let mut headers = HeaderMap::new();
        for text in
            ["lb=7; Path=/mcp", "part=1; Path=/mcp; Secure", "=", "other=1; Domain=b.example"]
        {
            headers.append(header::SET_COOKIE, HeaderValue::from_static(text));
        }
        assert_eq!(cookies.header(&url("https://a.example/mcp")), None);
        cookies.store(&url("https://a.example/mcp"), &headers);
        let header = cookies.header(&url("https://a.example/mcp")).unwrap();
        let mut pairs: Vec<_> = header.to_str().unwrap().split("; ").collect();
        pairs.sort_unstable();
        assert_eq!(pairs, ["lb=7", "part=1"]);
        assert_eq!(cookies.header(&url("http://a.example/mcp")).unwrap(), "lb=7");
        for elsewhere in ["https://a.example/other", "https://b.example/mcp"] {
            assert_eq!(cookies.header(&url(elsewhere)), None, "{elsewhere}");
        }
    }

    /// T-42
    #[test]
    fn cookies_that_have_expired_make_room_for_others() {
        let url = Url::parse("https://a.example/mcp").unwrap();
        let expired = (0..MAX_COOKIES).map(|number| {
            cookie_store::Cookie::parse(format!("c{number}=1; Max-Age=0"), &url)
                .map(cookie_store::Cookie::into_owned)
        });
        let store = CookieStore::from_cookies(expired, true).unwrap();
        assert_eq!(store.iter_any().count(), MAX_COOKIES);
        let cookies = Cookies(OnceLock::from(RwLock::new(store)));
        let set = HeaderValue::from_static("route=a; Max-Age=60");
        cookies.store(&url, &HeaderMap::from_iter([(header::SET_COOKIE, set)]));
        assert_eq!(cookies.header(&url).unwrap(), "route=a");
    }

    /// S-35
    #[test]
    fn cookies_are_bounded_in_number_and_length() {
        let url = Url::parse("https://a.example/mcp").unwrap();
        let cookies = Cookies::default();
        let mut headers = HeaderMap::new();
        for number in 0..1000 {
            let text = format!("c{number}={}; Path=/", "v".repeat(100));
            headers.append(header::SET_COOKIE, HeaderValue::try_from(text).unwrap());
        }
        let long = format!("long={}", "v".repeat(MAX_COOKIE_BYTES));
        headers.append(header::SET_COOKIE, HeaderValue::try_from(&long).unwrap());
        headers.append(header::SET_COOKIE, HeaderValue::from_static("c0=new; Path=/"));
        cookies.store(&url, &headers);
        let header = cookies.header(&url).unwrap();
        let pairs: Vec<_> = header.to_str().unwrap().split("; ").collect();
        assert_eq!(pairs.len(), MAX_COOKIES);
        assert!(pairs.contains(&"c0=new"), "one that is known is replaced");
        let cookies = Cookies::default();
        let mut headers = HeaderMap::new();
        headers.append(header::SET_COOKIE, HeaderValue::try_from(long).unwrap());
        cookies.store(&url, &headers);
        assert_eq!(cookies.header(&url), None, "it is too long, also where there is room");
    }
}
