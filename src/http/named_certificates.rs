//! Trusts a server whose own certificate is, byte for byte, in a file that the user named, like
//! curl and Node: `openssl req -x509` makes certificates that are also authorities, which the
//! ordinary check refuses as server certificates.
//!
//! The ordinary check comes first. Name, dates and the handshake's signature are checked in either
//! case.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::Certificate;

/// Accepts certificates that the user names, in addition to those that the ordinary check accepts.
#[derive(Debug)]
pub(super) struct NamedCertificates {
    ordinary: Arc<dyn ServerCertVerifier>,
    named: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl NamedCertificates {
    /// Adds these certificates to the ordinary check.
    pub(super) fn new(
        ordinary: Arc<dyn ServerCertVerifier>,
        named: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Self {
        Self { ordinary, named, provider }
    }
}

impl ServerCertVerifier for NamedCertificates {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = self.ordinary.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let Err(refusal) = judged else { return judged };
        if !self.named.iter().any(|named| named.as_ref() == end_entity.as_ref()) {
            return Err(refusal);
        }
        let certificate = Certificate::read(end_entity).ok_or(CertificateError::BadEncoding)?;
        if now.as_secs() < certificate.valid_from {
            return Err(CertificateError::NotValidYet.into());
        }
        if now.as_secs() > certificate.expires {
            return Err(CertificateError::Expired.into());
        }
        if !certificate.is_for_common_name(end_entity, &server_name.to_str()) {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.ordinary.supported_verify_schemes()
    }
}
