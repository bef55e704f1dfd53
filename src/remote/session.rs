//! The session of a legacy remote: its id and the negotiated revision, as headers.

use std::sync::{Arc, OnceLock};

use http::{HeaderMap, HeaderValue, header};

use crate::protocol::{ProtocolVersion, headers};

/// The session data that every request after `initialize` carries. Immutable: a new session is a
/// new value.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// The serial number of the session in this process, by which messages of older sessions are
    /// recognized.
    pub generation: u32,
    /// The `Mcp-Session-Id`, if the remote assigned one; marked sensitive.
    pub id: Option<HeaderValue>,
    /// The negotiated revision.
    pub version: Option<HeaderValue>,
    templates: Templates,
}

/// The headers of the session's requests, composed once.
#[derive(Clone, Debug, Default)]
struct Templates {
    post: OnceLock<HeaderMap>,
    stream: OnceLock<HeaderMap>,
}

impl Session {
    /// The session before anything was negotiated.
    pub fn unopened(generation: u32) -> Arc<Self> {
        Arc::new(Self { generation, ..Self::default() })
    }

    /// A session with this id and revision.
    pub fn new(generation: u32, id: Option<HeaderValue>, version: Option<HeaderValue>) -> Self {
        Self { generation, id, version, templates: Templates::default() }
    }

    /// Whether messages may come in batches: in 2025-03-26 only (T-38), and before a revision is
    /// negotiated.
    pub(super) fn has_batches(&self) -> bool {
        let Some(version) = &self.version else { return true };
        let known = version.to_str().ok().and_then(ProtocolVersion::from_name);
        known.is_some_and(ProtocolVersion::has_batches)
    }

    /// The headers of a POST of this session.
    pub(super) fn post_headers(&self, common: &HeaderMap) -> HeaderMap {
        let template = self.templates.post.get_or_init(|| {
            let mut map = self.with_session(common, "application/json, text/event-stream");
            map.insert(header::CONTENT_TYPE, HeaderValue::from_static(headers::JSON));
            map
        });
        template.clone()
    }

    /// The headers of a GET or DELETE of this session.
    pub(super) fn stream_headers(&self, common: &HeaderMap) -> HeaderMap {
        let template =
            self.templates.stream.get_or_init(|| self.with_session(common, headers::EVENT_STREAM));
        template.clone()
    }

    /// Adds the session's headers to those that every request carries (T-30, T-31).
    fn with_session(&self, common: &HeaderMap, accept: &'static str) -> HeaderMap {
        let mut map = common.clone();
        map.insert(header::ACCEPT, HeaderValue::from_static(accept));
        if let Some(id) = &self.id {
            map.insert(headers::SESSION_ID, id.clone());
        }
        if let Some(version) = &self.version {
            map.insert(headers::PROTOCOL_VERSION, version.clone());
        }
        map
    }
}

/// Reads the session id from a response: visible ASCII only (T-31), treated as a secret.
pub(super) fn read_session_id(map: &HeaderMap) -> Option<HeaderValue> {
    let value = map.get(headers::SESSION_ID)?;
    let legal = !value.is_empty() && value.as_bytes().iter().all(|b| (0x21..=0x7e).contains(b));
    if !legal {
        tracing::warn!("ignored the session id of the server: it has illegal characters");
        return None;
    }
    let mut id = value.clone();
    id.set_sensitive(true);
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-38
    #[test]
    fn only_2025_03_26_and_a_session_without_a_revision_have_batches() {
        let has_batches = |version: &'static str| {
            Session::new(1, None, Some(HeaderValue::from_static(version))).has_batches()
        };
        assert!(Session::unopened(0).has_batches() && has_batches("2025-03-26"));
        for version in ["2024-11-05", "2025-06-18", "2025-11-25", "2026-07-28", "2099-01-01"] {
            assert!(!has_batches(version), "{version}");
        }
    }

    /// T-31
    #[test]
    fn a_session_id_has_visible_ascii_only_and_does_not_print() {
        let id = |bytes: &[u8]| {
            let mut map = HeaderMap::new();
            map.insert(headers::SESSION_ID, HeaderValue::from_bytes(bytes).unwrap());
            read_session_id(&map)
        };
        assert!(id(b"abc-!~").is_some());
        assert!(id(b"a b").is_none());
        assert!(id(b"").is_none());
        assert!(id("é".as_bytes()).is_none());
        assert!(!format!("{:?}", id(b"hunter2")).contains("hunter2"));
    }
}
