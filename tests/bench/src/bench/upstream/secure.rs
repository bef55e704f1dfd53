//! The upstream behind TLS, with a certificate of an authority that lives as long as the bench.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{State, connection};
use crate::fault::{Fault, Outcome};

/// The TLS acceptor of the upstream.
pub(super) struct Secure(TlsAcceptor);

impl Secure {
    /// With the authority to trust, in PEM form.
    pub(super) fn new() -> Outcome<(Self, String)> {
        certified().map_err(|error| Fault::new(format!("cannot make a certificate: {error}")))
    }

    pub(super) async fn accept(self, listener: TcpListener, state: Rc<State>) {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            let (acceptor, state) = (self.0.clone(), Rc::clone(&state));
            tokio::task::spawn_local(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    connection(stream, Duration::ZERO, state).await;
                }
            });
        }
    }
}

fn certified() -> Result<(Secure, String), Box<dyn std::error::Error>> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate =
        CertificateParams::new(vec!["localhost".into()])?.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok((Secure(TlsAcceptor::from(Arc::new(config))), authority.pem()))
}
