//! One protected remote: its options, its authorization server, and its resource identifiers.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use super::dpop::DpopBook;
use super::issuer::{Issuer, IssuerHandle, locked};
use super::options::{ChallengeNames, IssuerAt, OAuthOptions};
use crate::recorder::RequestRecorder;

/// The well-known path of RFC 9728.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

#[derive(Debug)]
pub(super) struct ResourceServer {
    pub(super) recorder: RequestRecorder,
    options: Mutex<OAuthOptions>,
    /// The one on our listener, if there is one.
    own: Option<Arc<Issuer>>,
    /// The one that our document names.
    named: Mutex<Arc<Issuer>>,
    /// The endpoints of the remote.
    paths: Vec<&'static str>,
    port: AtomicU16,
    pub(super) dpop: DpopBook,
}

impl ResourceServer {
    pub(super) fn new(
        options: OAuthOptions,
        paths: Vec<&'static str>,
        recorder: &RequestRecorder,
    ) -> Self {
        let (own, named) = match &options.issuer {
            IssuerAt::Here(options) => {
                let issuer = Issuer::new(options.clone(), recorder.clone());
                (Some(Arc::clone(&issuer)), issuer)
            }
            IssuerAt::There(IssuerHandle(issuer)) => (None, Arc::clone(issuer)),
        };
        Self {
            recorder: recorder.clone(),
            options: Mutex::new(options),
            own,
            named: Mutex::new(named),
            paths,
            port: AtomicU16::new(0),
            dpop: DpopBook::default(),
        }
    }

    pub(super) fn options(&self) -> OAuthOptions {
        locked(&self.options).clone()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut OAuthOptions)) {
        change(&mut locked(&self.options));
        self.issuer().protect(self.names());
    }

    /// Returns the authorization server that the document names.
    pub(super) fn issuer(&self) -> Arc<Issuer> {
        Arc::clone(&locked(&self.named))
    }

    /// Returns the authorization server on our own listener, if there is one.
    pub(super) fn own_issuer(&self) -> Option<&Arc<Issuer>> {
        self.own.as_ref()
    }

    pub(super) fn move_to(&self, issuer: &Arc<Issuer>) {
        *locked(&self.named) = Arc::clone(issuer);
        issuer.protect(self.names());
    }

    pub(super) fn set_port(&self, port: u16) {
        self.port.store(port, Ordering::SeqCst);
        if let Some(own) = &self.own {
            own.set_port(port);
        }
        self.issuer().protect(self.names());
    }

    pub(super) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.load(Ordering::SeqCst))
    }

    /// Returns the document's `resource` for the endpoint at `path`.
    pub(super) fn name_of(&self, path: &str) -> String {
        let origin = self.origin();
        match &locked(&self.options).resource {
            Some(resource) => resource.replace("{origin}", &origin),
            None => format!("{origin}{path}"),
        }
    }

    /// Returns every `resource` for which clients may request tokens.
    pub(super) fn names(&self) -> Vec<String> {
        let origin = self.origin();
        let endpoints = self.paths.iter().map(|path| format!("{origin}{path}"));
        endpoints.chain(self.paths.first().map(|path| self.name_of(path))).collect()
    }

    /// Returns the endpoint that a request to `path` belongs to.
    pub(super) fn endpoint_of(&self, path: &str) -> &'static str {
        let endpoint = self.paths.iter().find(|known| **known == path);
        endpoint.or(self.paths.last()).copied().unwrap_or("/")
    }

    /// Returns the endpoint whose resource metadata is at `path`.
    pub(super) fn documented_at(&self, path: &str) -> Option<&'static str> {
        let places = locked(&self.options).metadata_at.clone();
        let mut pairs = self.paths.iter().flat_map(|endpoint| {
            places.iter().map(move |place| (place_of(place, endpoint), *endpoint))
        });
        pairs.find(|(place, _)| place == path).map(|(_, endpoint)| endpoint)
    }

    /// Returns the URL that the challenge names as the metadata of an endpoint.
    pub(super) fn named_document(&self, endpoint: &str) -> Option<String> {
        let options = locked(&self.options);
        let place = match &options.challenge_names {
            ChallengeNames::Nothing => return None,
            ChallengeNames::Url(url) => return Some(url.replace("{origin}", &self.origin())),
            ChallengeNames::Metadata => options.metadata_at.first()?,
        };
        Some(format!("{}{}", self.origin(), place_of(place, endpoint)))
    }
}

fn place_of(place: &super::ResourceMetadataAt, endpoint: &str) -> String {
    match place {
        super::ResourceMetadataAt::PathInserted if endpoint == "/" => WELL_KNOWN.to_owned(),
        super::ResourceMetadataAt::PathInserted => format!("{WELL_KNOWN}{endpoint}"),
        super::ResourceMetadataAt::Root => WELL_KNOWN.to_owned(),
        super::ResourceMetadataAt::Path(path) => path.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ResourceMetadataAt::{Path, PathInserted, Root};
    use super::*;

    /// RFC 9728 §3.1
    #[test]
    fn the_path_is_inserted_and_the_root_has_none() {
        assert_eq!(place_of(&PathInserted, "/a/mcp"), format!("{WELL_KNOWN}/a/mcp"));
        assert_eq!(place_of(&PathInserted, "/"), WELL_KNOWN);
        assert_eq!(place_of(&Root, "/mcp"), WELL_KNOWN);
        assert_eq!(place_of(&Path("/x.json".to_owned()), "/mcp"), "/x.json");
    }
}
