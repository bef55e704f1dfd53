//! The certificates that a server presents, kept whether they are to be trusted or not: only for looking
//! at them. Decides nothing, and no connection that carries anything of the user's is made with it.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

/// What was presented, the server's own certificate first. Empty before the first connection.
#[derive(Clone, Debug, Default)]
pub struct Presented(Arc<Mutex<Vec<Vec<u8>>>>);

impl Presented {
    /// The certificates of the last connection, in DER.
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A way to connect that takes any certificate and keeps it here. `None` without cryptography.
    pub(super) fn connecting(&self) -> Option<ClientConfig> {
        let provider = CryptoProvider::get_default()?;
        let looking = Looking {
            presented: self.clone(),
            algorithms: provider.signature_verification_algorithms,
        };
        let builder = ClientConfig::builder().dangerous();
        let config = builder.with_custom_certificate_verifier(Arc::new(looking));
        Some(config.with_no_client_auth())
    }
}

#[derive(Debug)]
struct Looking {
    presented: Presented,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Looking {
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
