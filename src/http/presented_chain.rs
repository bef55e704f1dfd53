//! Records the certificates that a server presents, trusted or not, for `doctor` to show. Such
//! connections never carry the user's data.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

/// The presented certificates, the server's own first. Empty before the first connection.
#[derive(Clone, Debug, Default)]
pub struct PresentedChain(Arc<Mutex<Vec<Vec<u8>>>>);

impl PresentedChain {
    /// The certificates of the last connection, in DER.
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Accepts any certificate and records it here. `None` without a cryptography provider.
    pub(super) fn verifier(&self) -> Option<Arc<dyn ServerCertVerifier>> {
        let provider = CryptoProvider::get_default()?;
        Some(Arc::new(RecordingVerifier {
            presented: self.clone(),
            algorithms: provider.signature_verification_algorithms,
        }))
    }
}

#[derive(Debug)]
struct RecordingVerifier {
    presented: PresentedChain,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = [end_entity].into_iter().chain(intermediates).map(|one| one.to_vec()).collect();
        *self.presented.0.lock().unwrap_or_else(PoisonError::into_inner) = all;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
