//! The client certificate of mutual TLS: read from PEM files, checked before anything is sent, and
//! presented only to the servers that its options are for.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, SignatureScheme};

use super::certificate::Certificate;
use super::options::ClientCertificate;
use super::trust::certificates_in;
use crate::error::{Error, Result};
use crate::redact::plain;
use crate::shell_words::shell_word;

/// The largest file that is read, in bytes: a chain of certificates is a few thousand.
const MAX_BYTES: u64 = 1024 * 1024;

/// A certificate with its chain and its key.
pub(super) struct ClientIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl ClientIdentity {
    /// Reads and checks the files.
    ///
    /// # Errors
    /// A file cannot be read or has the wrong content, the certificate has expired, or the key
    /// belongs to another one.
    pub(super) fn read(files: &ClientCertificate) -> Result<Self> {
        let chain = read_chain(&files.certificate)?;
        let key = read_key(&files.key)?;
        let identity = Self { chain, key };
        check_key(&identity, &files.key)?;
        Ok(identity)
    }

    /// Adds it to a TLS configuration.
    ///
    /// # Errors
    /// The key cannot be used, which [`ClientIdentity::read`] has excluded.
    pub(super) fn add_to(
        &self,
        builder: rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>,
    ) -> std::result::Result<ClientConfig, rustls::Error> {
        builder.with_client_auth_cert(self.chain.clone(), self.key.clone_key())
    }
}

/// Presents no certificate, for connections to proxies.
#[derive(Debug)]
pub(super) struct NoCertificate;

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

fn read_chain(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let unusable = |reason: &str| {
        let shown = plain(&file.display().to_string());
        Error::usage(format!("cannot use the client certificate `{shown}`: {reason}"))
    };
    const FORM: &str = "it is a PEM file (`-----BEGIN CERTIFICATE-----`); for PKCS#12: `openssl \
                        pkcs12 -in FILE -out PEM -nodes`";
    let text = read(file).map_err(|reason| unusable(&reason).hint(FORM))?;
    let chain: Option<Vec<_>> = certificates_in(&text).collect();
    let chain = chain.ok_or_else(|| unusable("a certificate in it is damaged").hint(FORM))?;
    let Some(first) = chain.first() else {
        let in_another_form = in_another_form(&text, file);
        return Err(match in_another_form {
            Some((form, command)) => unusable(form).hint(command),
            None => unusable("there is no certificate in it").hint(FORM),
        });
    };
    let read = Certificate::read(first);
    let certificate =
        read.ok_or_else(|| unusable("its first certificate is damaged").hint(FORM))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    if certificate.expires <= now {
        let days = (now - certificate.expires) / 86_400;
        let plural = if days == 1 { "" } else { "s" };
        return Err(unusable(&format!("it expired {days} day{plural} ago"))
            .hint("get a new one from whoever issued it; check the clock of this machine"));
    }
    if certificate.valid_from > now {
        return Err(unusable("it is not valid yet").hint("check the clock of this machine"));
    }
    Ok(chain)
}

fn read_key(file: &Path) -> Result<PrivateKeyDer<'static>> {
    let unusable = |reason: &str| {
        let shown = plain(&file.display().to_string());
        Error::usage(format!("cannot use the client key `{shown}`: {reason}"))
    };
    let text = read(file).map_err(|reason| unusable(&reason).hint(KEY_FORM))?;
    let has = |what: &str| memchr::memmem::find(&text, what.as_bytes()).is_some();
    if has("ENCRYPTED PRIVATE KEY-----") || has("Proc-Type: 4,ENCRYPTED") {
        return Err(unusable("it is encrypted with a passphrase").hint(
            "store it decrypted for yourself alone: `openssl pkey -in KEY -out PLAIN && chmod 600 \
             PLAIN`",
        ));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| match in_another_form(&text, file) {
        Some((form, command)) => unusable(form).hint(command),
        None => unusable("there is no private key in it").hint(KEY_FORM),
    })
}

/// The actual format of a file that is not PEM, with the command that converts it. PKCS#12 begins
/// with version 3 (RFC 7292 §4); other DER files begin with another element.
fn in_another_form(bytes: &[u8], file: &Path) -> Option<(&'static str, String)> {
    const SEQUENCE: u8 = 0x30;
    const VERSION_3: [u8; 3] = [2, 1, 3];
    let shown = shell_word(&file.display().to_string());
    let beginning = &bytes[..bytes.len().min(8)];
    if beginning.first() != Some(&SEQUENCE) {
        return None;
    }
    Some(if beginning.windows(3).any(|window| window == VERSION_3) {
        (
            "it is PKCS#12 (`.p12`, `.pfx`)",
            format!(
                "convert it, and give the result for both, certificate and key: `(umask 077; \
                 openssl pkcs12 -in {shown} -out client.pem -nodes)`"
            ),
        )
    } else {
        (
            "it is DER and not PEM",
            format!(
                "convert it: `openssl x509 -in {shown} -inform DER -out client.pem`, for a key \
                 `openssl pkey -in {shown} -inform DER -out key.pem`"
            ),
        )
    })
}

const KEY_FORM: &str = "it is a PEM file (`-----BEGIN PRIVATE KEY-----`): name it with \
                        `--client-key`, or put it into the file of the certificate";

fn check_key(identity: &ClientIdentity, file: &Path) -> Result<()> {
    let provider = rustls::crypto::CryptoProvider::get_default();
    let Some(provider) = provider else { return Ok(()) };
    let shown = plain(&file.display().to_string());
    let unusable =
        |reason: &str| Error::usage(format!("cannot use the client key `{shown}`: {reason}"));
    let loaded = provider.key_provider.load_private_key(identity.key.clone_key());
    let key = loaded.map_err(|_| {
        unusable("its kind is not supported").hint("use RSA, P-256, P-384 or Ed25519")
    })?;
    match CertifiedKey::new(identity.chain.clone(), key).keys_match() {
        Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => {
            Err(unusable("it does not belong to the client certificate")
                .hint("give the key that the certificate was issued for"))
        }
        _ => Ok(()),
    }
}

fn read(file: &Path) -> std::result::Result<Vec<u8>, String> {
    let opened = std::fs::File::open(file).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let mut limited = std::io::Read::take(opened, MAX_BYTES + 1);
    std::io::Read::read_to_end(&mut limited, &mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_BYTES {
        Err(format!("it is larger than {MAX_BYTES} bytes"))
    } else {
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(ends: i32) -> (String, String) {
        let mut params = rcgen::CertificateParams::new(vec!["client".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(ends, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    ///
    #[test]
    fn a_certificate_and_its_key_are_read_and_anything_else_is_told() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (certificate, key) = made(2100);
        let block = |what: &str| format!("-----BEGIN {what}-----\nAAAA\n-----END {what}-----\n");
        for (name, text) in [
            ("both", format!("{certificate}{key}")),
            ("certificate", certificate),
            ("key", key),
            ("expired", made(2020).0),
            ("other", made(2100).1),
            ("encrypted", block("ENCRYPTED PRIVATE KEY")),
            ("damaged", block("CERTIFICATE")),
            ("bundle.p12", "\x30\x22\x02\x01\x03\x30\x1d".to_owned()),
            ("der", "\x30\x22\x30\x1d\x02".to_owned()),
            ("empty", String::new()),
            ("huge", "x".repeat(2 << 20)),
        ] {
            std::fs::write(path(name), text).unwrap();
        }
        let read = |certificate: &str, key: &str| {
            let files = ClientCertificate { certificate: path(certificate), key: path(key) };
            ClientIdentity::read(&files).err().map(|error| error.to_string())
        };
        assert_eq!(read("certificate", "key"), None);
        assert_eq!(read("both", "both"), None);
        for (certificate, key, named) in [
            ("absent", "key", "client certificate"),
            ("empty", "key", "no certificate"),
            ("huge", "key", "larger than"),
            ("damaged", "key", "damaged"),
            ("key", "key", "no certificate"),
            ("expired", "key", "expired"),
            ("certificate", "absent", "client key"),
            ("certificate", "certificate", "no private key"),
            ("bundle.p12", "key", "openssl pkcs12 -in "),
            ("certificate", "bundle.p12", "it is PKCS#12"),
            ("der", "key", "openssl x509 -in "),
            ("certificate", "encrypted", "passphrase"),
            ("certificate", "other", "does not belong"),
        ] {
            let refused = read(certificate, key).unwrap_or_default();
            assert!(refused.contains(named) && refused.contains("hint: "), "{named}: {refused}");
        }
    }
}
