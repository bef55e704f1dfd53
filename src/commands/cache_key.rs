//! Under which names the answers and the era of a server are remembered. Two runs share them only
//! if the server cannot tell one from the other: same URL, account, headers, token, client, and
//! whatever the lists depend on. A name is a keyed digest, so that nobody who sees the file can try
//! secrets against it.

use hmac::{Hmac, Mac};
use http::{HeaderName, HeaderValue};
use sha2::Sha256;
use url::Url;

use crate::auth::AuthOptions;
use crate::platform::Paths;
use crate::redact::Secret;
use crate::remote::RemoteOptions;
use crate::settings::{Key, Settings, Value};
use crate::store::machine_key;

/// Settings that change who is asking, or what is shown of the answer.
const TELLING_APART: [Key; 13] = [
    Key::Account,
    Key::Scope,
    Key::Resource,
    Key::DisableResourceParameter,
    Key::AuthorizeParam,
    Key::ClientMetadataUrl,
    Key::ClientCredentials,
    Key::TokenEndpoint,
    Key::DeviceCode,
    Key::UseIdToken,
    Key::Transport,
    Key::Protocol,
    Key::IgnoreTool,
];

/// Makes the names of one run.
pub(super) struct CacheKey {
    key: Secret<Vec<u8>>,
}

impl CacheKey {
    /// The key of this machine. Without one nothing is remembered, and everything else works.
    pub(super) fn of_machine(paths: &Paths) -> Option<Self> {
        let state = paths.state().ok()?;
        match machine_key(state) {
            Ok(key) => Some(Self { key }),
            Err(error) => {
                tracing::debug!(%error, "nothing is remembered of servers");
                None
            }
        }
    }

    /// The name of the era of a server, which does not depend on the token but may on a header.
    pub(super) fn of_era(&self, remote: &RemoteOptions) -> String {
        let mut digest = self.begin("era");
        add_remote(&mut digest, &remote.url, &remote.headers);
        finish(digest)
    }

    /// The name of the answers that a server gives to this run.
    pub(super) fn of_answers(
        &self,
        remote: &RemoteOptions,
        settings: &Settings,
        auth: Option<&AuthOptions>,
    ) -> String {
        let mut digest = self.begin("answers");
        add_remote(&mut digest, &remote.url, &remote.headers);
        for key in TELLING_APART {
            add(&mut digest, key.setting().name.as_bytes());
            for held in settings.all(key) {
                add(&mut digest, text_of(&held.value).as_bytes());
            }
        }
        // The path and what is in it: the same file may hold another tenant's token tomorrow.
        for path in settings.texts(Key::TokenFile) {
            add(&mut digest, path.as_bytes());
        }
        add(
            &mut digest,
            remote.authorizer.token_of_file().as_ref().map_or(b"", HeaderValue::as_bytes),
        );
        if let Some(client) = auth.and_then(|auth| auth.client_info.as_ref()) {
            add(&mut digest, client.client_id.as_bytes());
            let secret = client.client_secret.as_ref();
            add(&mut digest, secret.map_or(b"", |secret| secret.expose().as_bytes()));
        }
        finish(digest)
    }

    /// Names for one purpose are no names for another.
    fn begin(&self, purpose: &str) -> Hmac<Sha256> {
        let mut digest = Hmac::new_from_slice(self.key.expose()).expect("HMAC takes any length");
        add(&mut digest, purpose.as_bytes());
        digest
    }
}

/// The order of headers does not tell two runs apart.
fn add_remote(digest: &mut Hmac<Sha256>, url: &Url, headers: &[(HeaderName, HeaderValue)]) {
    add(digest, url.as_str().as_bytes());
    let mut headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    headers.sort_unstable();
    add(digest, &(headers.len() as u64).to_be_bytes());
    for (name, value) in headers {
        add(digest, name.as_bytes());
        add(digest, value);
    }
}

/// With its length, so that no two lists of parts look the same.
fn add(digest: &mut Hmac<Sha256>, part: &[u8]) {
    digest.update(&(part.len() as u64).to_be_bytes());
    digest.update(part);
}

fn finish(digest: Hmac<Sha256>) -> String {
    hex::encode(digest.finalize().into_bytes())
}

fn text_of(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        Value::Switch(on) => {
            if *on {
                "true"
            } else {
                "false"
            }
        }
        _ => "",
    }
}
