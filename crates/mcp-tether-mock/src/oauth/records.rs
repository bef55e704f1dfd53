//! The recorded requests to the OAuth side, by endpoint.

use std::collections::BTreeMap;

use url::form_urlencoded;

use super::control::OAuth;
use crate::recorder::{RecordedRequest, RequestRecorder};

/// One request to an endpoint of the authorization server.
#[derive(Clone, Debug)]
pub struct OAuthRequest {
    /// The request itself; [`RecordedRequest::json`] is the body of a registration.
    pub request: RecordedRequest,
    /// The query of an authorization request, the form of every other.
    pub fields: BTreeMap<String, String>,
}

impl OAuthRequest {
    fn new(request: RecordedRequest) -> Self {
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        let form = request
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let text: &[u8] = match request.http_method.as_str() {
            "GET" => query.as_bytes(),
            _ if form => &request.body,
            _ => b"",
        };
        let fields = form_urlencoded::parse(text).into_owned().collect();
        Self { request, fields }
    }

    /// Returns one field, if present.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

impl OAuth {
    /// Returns the requests to the authorization endpoint: one for each browser tab that was
    /// opened.
    pub fn authorizations(&self) -> Vec<OAuthRequest> {
        self.at("GET", "/authorize")
    }

    /// Returns the requests to the token endpoint.
    pub fn token_requests(&self) -> Vec<OAuthRequest> {
        self.at("POST", "/token")
    }

    /// Returns the requests to the token endpoint with this `grant_type`.
    pub fn token_requests_of(&self, grant_type: &str) -> Vec<OAuthRequest> {
        let mut requests = self.token_requests();
        requests.retain(|request| request.field("grant_type") == Some(grant_type));
        requests
    }

    /// Returns the requests to the registration endpoint.
    pub fn registrations(&self) -> Vec<OAuthRequest> {
        self.at("POST", "/register")
    }

    /// Returns the pushed authorization requests.
    pub fn pushed(&self) -> Vec<OAuthRequest> {
        self.at("POST", "/par")
    }

    /// Returns the requests to the revocation endpoint.
    pub fn revocations(&self) -> Vec<OAuthRequest> {
        self.at("POST", "/revoke")
    }

    /// Returns path and query of every request below `/.well-known/`: first those to the remote's
    /// own listener, then those to the authorization server's if that is another, each in order.
    pub fn discoveries(&self) -> Vec<String> {
        let issuer = self.issuer_now();
        let own = &self.resource().recorder;
        let mut all = well_known(own);
        if !issuer.recorder.is_same_as(own) {
            all.extend(well_known(&issuer.recorder));
        }
        all
    }

    fn at(&self, http_method: &str, endpoint: &str) -> Vec<OAuthRequest> {
        let here = |request: &&RecordedRequest| {
            let path = request.path.split('?').next().unwrap_or_default();
            request.http_method == http_method && path.ends_with(endpoint)
        };
        let requests = self.issuer_now().recorder.requests();
        requests.iter().filter(here).cloned().map(OAuthRequest::new).collect()
    }
}

fn well_known(recorder: &RequestRecorder) -> Vec<String> {
    let requests = recorder.requests();
    let asked = requests.iter().filter(|request| request.path.contains("/.well-known/"));
    asked.map(|request| request.path.clone()).collect()
}
