//! Trusted certificates: the system's, and those in files that the user names.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem::Finder;
use rustls::RootCertStore;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;

use super::named_certificates::NamedCertificates;
use super::options::HttpOptions;
use crate::error::{Error, Result};

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// The certificates in files, in addition to the system's.
#[derive(Clone, Debug, Default)]
pub(super) struct ExtraRoots(Vec<CertificateDer<'static>>);

impl ExtraRoots {
    /// Reads the files in the options. Damaged certificates are skipped; an unusable file that was
    /// named for another program is ignored.
    ///
    /// # Errors
    /// A file that the user named for this program holds no certificate.
    pub(super) fn read(options: &HttpOptions) -> Result<Self> {
        let mut roots = Vec::new();
        for file in &options.extra_ca_files {
            roots.extend(read_required(file)?);
        }
        for file in &options.optional_ca_files {
            match read_required(file) {
                Ok(found) => roots.extend(found),
                Err(error) => tracing::warn!("{error}; continuing without it"),
            }
        }
        Ok(Self(roots))
    }
}

fn read_required(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let shown = file.display();
    let unusable = |error: &dyn std::fmt::Display| {
        Error::usage(format!("cannot use the CA file `{shown}`: {error}"))
            .hint("name a file with certificates in PEM form: `--ca-cert FILE`")
    };
    let text = std::fs::read(file).map_err(|error| unusable(&error))?;
    let mut store = RootCertStore::empty();
    let (mut roots, mut damaged) = (Vec::new(), 0);
    for certificate in certificates_in(&text) {
        match certificate {
            Some(der) if store.add(der.clone()).is_ok() => roots.push(der),
            _ => damaged += 1,
        }
    }
    match (roots.is_empty(), damaged) {
        (true, 0) => return Err(unusable(&"there is no certificate in it")),
        (true, _) => return Err(unusable(&"no certificate in it can be read")),
        (false, 0) => {}
        (false, count) => tracing::warn!("{count} damaged certificates in `{shown}` are ignored"),
    }
    Ok(roots)
}

/// The certificates of a PEM text, in order; `None` for one that is not Base64. Decoding the
/// system's bundle is half of the start-up time with TLS, so this reads just this form with its own
/// code.
pub(super) fn certificates_in(
    text: &[u8],
) -> impl Iterator<Item = Option<CertificateDer<'static>>> {
    let (begin, end) = (Finder::new(BEGIN), Finder::new(END));
    let mut rest = text;
    let mut base64 = Vec::new();
    std::iter::from_fn(move || {
        let start = begin.find(rest)? + BEGIN.len();
        rest = &rest[start..];
        let block = &rest[..end.find(rest)?];
        if let Some(next) = begin.find(block) {
            // The end of this block is missing.
            rest = &rest[next..];
            return Some(None);
        }
        rest = &rest[block.len()..];
        base64.clear();
        for line in block.split(|byte| byte.is_ascii_whitespace()) {
            base64.extend_from_slice(line);
        }
        Some(STANDARD.decode(&base64).ok().map(CertificateDer::from))
    })
}

/// Returns the verifier for server certificates.
///
/// # Errors
/// There is no root at all.
pub(super) fn verifier(
    extra: &ExtraRoots,
    provider: Arc<CryptoProvider>,
) -> std::result::Result<Arc<dyn ServerCertVerifier>, String> {
    let trusted = system_verifier(extra, &provider)?;
    if extra.0.is_empty() {
        return Ok(trusted);
    }
    Ok(Arc::new(NamedCertificates::new(trusted, extra.0.clone(), provider)))
}

/// Reads the system's bundle, a single file; the folder beside it has every root twice more.
#[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
fn system_verifier(
    extra: &ExtraRoots,
    provider: &Arc<CryptoProvider>,
) -> std::result::Result<Arc<dyn ServerCertVerifier>, String> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(system_roots());
    if store.is_empty() {
        // A user who names authorities trusts no others (S-38).
        if let Some(variable) = ROOT_VARIABLES.into_iter().find(|name| is_set(name)) {
            return Err(format!(
                "no certificate can be read from what `{variable}` names: correct or unset it"
            ));
        }
        tracing::warn!("no usable system certificates, using the bundled ones");
        store.add_parsable_certificates(bundled_roots());
    }
    store.add_parsable_certificates(extra.0.iter().cloned());
    let builder = rustls::client::WebPkiServerVerifier::builder_with_provider(
        Arc::new(store),
        Arc::clone(provider),
    );
    let verifier = builder.build().map_err(|error| error.to_string())?;
    Ok(verifier)
}

/// The variables of OpenSSL that name authorities instead of the system's.
#[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
const ROOT_VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

#[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

#[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
fn system_roots() -> Vec<CertificateDer<'static>> {
    if !ROOT_VARIABLES.into_iter().any(is_set) {
        let bundle = openssl_probe::probe().cert_file;
        let text = bundle.and_then(|file| std::fs::read(file).ok()).unwrap_or_default();
        let roots: Vec<_> = certificates_in(&text).flatten().collect();
        if !roots.is_empty() {
            return roots;
        }
    }
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "some of the system's certificates cannot be read");
    }
    found.certs
}

/// Leaves verification to the system.
#[cfg(not(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android")))))]
fn system_verifier(
    extra: &ExtraRoots,
    provider: &Arc<CryptoProvider>,
) -> std::result::Result<Arc<dyn ServerCertVerifier>, String> {
    let roots = extra.0.iter().cloned();
    match rustls_platform_verifier::Verifier::new_with_extra_roots(roots, Arc::clone(provider)) {
        Ok(verifier) => Ok(Arc::new(verifier)),
        Err(error) => {
            tracing::warn!(%error, "no usable system certificates, using the bundled ones");
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(bundled_roots());
            store.add_parsable_certificates(extra.0.iter().cloned());
            let builder = rustls::client::WebPkiServerVerifier::builder_with_provider(
                Arc::new(store),
                Arc::clone(provider),
            );
            let verifier = builder.build().map_err(|error| error.to_string())?;
            Ok(verifier)
        }
    }
}

fn bundled_roots() -> impl Iterator<Item = CertificateDer<'static>> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_found_between_other_text_and_damaged_ones_cost_themselves() {
        let good = "-----BEGIN CERTIFICATE-----\nAQID\nBAUG\n-----END CERTIFICATE-----\n";
        let text = format!(
            "# a comment\n{good}-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\r\n\
             -----BEGIN CERTIFICATE-----\nAQ\n{good}-----BEGIN CERTIFICATE-----\nAQID"
        );
        let found: Vec<_> = certificates_in(text.as_bytes()).collect();
        let whole = CertificateDer::from(vec![1, 2, 3, 4, 5, 6]);
        assert_eq!(found, [Some(whole.clone()), None, None, Some(whole)]);
    }
}
