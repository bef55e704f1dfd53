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

#[cfg(test)]
#[cfg(feature = "tls-ring")]
mod tests {
    use std::time::Duration;

    use super::*;

    /// An ordinary check that trusts nobody.
    #[derive(Debug)]
    struct TrustsNobody;

    impl ServerCertVerifier for TrustsNobody {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Err(CertificateError::UnknownIssuer.into())
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Err(CertificateError::BadSignature.into())
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Err(CertificateError::BadSignature.into())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![SignatureScheme::ED25519]
        }
    }

    /// A certificate for this name that is also an authority, valid from 2020 to 2030.
    fn certificate(name: &str) -> CertificateDer<'static> {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    const IN_2020: u64 = 1_577_836_800;
    const IN_2030: u64 = 1_893_456_000;

    #[test]
    fn a_certificate_is_trusted_if_it_was_named_and_fits_name_and_date() {
        let named = certificate("a.example");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let check = NamedCertificates::new(Arc::new(TrustsNobody), vec![named.clone()], provider);
        let judged = |shown: &CertificateDer<'_>, name: &'static str, now: u64| {
            let name = ServerName::try_from(name).unwrap();
            let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
            let judged = check.verify_server_cert(shown, &[], &name, &[], now);
            judged.map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(judged(&named, "a.example", IN_2020), Ok(()));
        assert_eq!(judged(&named, "a.example", IN_2030), Ok(()));
        let refused = |error: CertificateError| Err(Error::from(error).to_string());
        let unknown = refused(CertificateError::UnknownIssuer);
        let other = certificate("a.example");
        assert_eq!(judged(&other, "a.example", IN_2020), unknown, "it was not named");
        let longer = CertificateDer::from([named.as_ref(), &[0]].concat());
        assert_eq!(judged(&longer, "a.example", IN_2020), unknown, "byte for byte");
        let early = judged(&named, "a.example", IN_2020 - 1);
        assert_eq!(early, refused(CertificateError::NotValidYet));
        let late = judged(&named, "a.example", IN_2030 + 1);
        assert_eq!(late, refused(CertificateError::Expired));
        for wrong in ["b.example", "x.a.example", "127.0.0.1"] {
            assert!(judged(&named, wrong, IN_2020).is_err(), "{wrong}");
        }
        assert_eq!(check.supported_verify_schemes(), [SignatureScheme::ED25519]);
    }
}
