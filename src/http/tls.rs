//! TLS: certificate verification, the choice of protocol (ALPN), and the handshake. The system's
//! roots are read once, on a thread of its own, while the connection is being made.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use tokio::sync::{OnceCell, oneshot};
use tokio_rustls::TlsConnector;

use super::client_certificate::{ClientIdentity, NoCertificate};
use super::error::UnusableTls;
use super::options::HttpOptions;
use super::presented_chain::PresentedChain;
use super::stream::Stream;
use super::target::without_brackets;
use super::trust::{self, ExtraRoots};
use crate::error;

/// The TLS configuration.
pub(super) struct Tls {
    source: Source,
    /// The client certificate, for servers that request one.
    identity: Option<ClientIdentity>,
    prepared: OnceCell<Arc<ClientConfig>>,
}

enum Source {
    /// The system's roots, and these.
    Trusted(ExtraRoots, std::sync::Mutex<Option<oneshot::Receiver<Verifier>>>),
    /// Any certificate, for inspection only.
    Recording(PresentedChain),
}

type Verifier = Result<Arc<dyn ServerCertVerifier>, String>;

impl Tls {
    /// Reads the files in the options. With `is_needed`, starts to read the system's roots at once.
    ///
    /// # Errors
    /// A file cannot be used.
    pub(super) fn new(options: &HttpOptions, is_needed: bool) -> error::Result<Self> {
        install_provider();
        let extra = if is_needed { ExtraRoots::read(options)? } else { ExtraRoots::default() };
        let verifier = is_needed.then(|| start_reading(extra.clone()));
        let source = Source::Trusted(extra, std::sync::Mutex::new(verifier));
        let identity = options.client_certificate.as_ref();
        let identity = identity.map(ClientIdentity::read).transpose()?;
        Ok(Self { source, identity, prepared: OnceCell::new() })
    }

    /// Accepts any certificate and records it.
    pub(super) fn recording(presented: PresentedChain) -> Self {
        install_provider();
        let source = Source::Recording(presented);
        Self { source, identity: None, prepared: OnceCell::new() }
    }

    /// Performs the handshake; returns whether HTTP/2 was negotiated, which `is_http1_only`
    /// excludes.
    pub(super) async fn connect(
        &self,
        stream: Stream,
        host: &str,
        is_http1_only: bool,
    ) -> io::Result<(Stream, bool)> {
        let mut config = self.config().await?;
        if is_http1_only {
            Arc::make_mut(&mut config).alpn_protocols = vec![b"http/1.1".to_vec()];
        }
        let stream = handshake(config, stream, host).await?;
        let is_http2 = match &stream {
            Stream::Tls(tls) => tls.get_ref().1.alpn_protocol() == Some(b"h2"),
            Stream::Tcp(_) => false,
        };
        Ok((stream, is_http2))
    }

    /// Performs the handshake with a proxy, for HTTP/1.1.
    pub(super) async fn connect_to_proxy(&self, stream: Stream, host: &str) -> io::Result<Stream> {
        let mut config = ClientConfig::clone(&*self.config().await?);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.client_auth_cert_resolver = Arc::new(NoCertificate);
        handshake(Arc::new(config), stream, host).await
    }

    async fn config(&self) -> io::Result<Arc<ClientConfig>> {
        let prepared = self.prepared.get_or_try_init(async || {
            let verifier = match &self.source {
                Source::Recording(presented) => presented.verifier().ok_or_else(no_provider)?,
                Source::Trusted(extra, started) => {
                    let started = started.lock().ok().and_then(|mut started| started.take());
                    let reading = started.unwrap_or_else(|| start_reading(extra.clone()));
                    let verifier = reading.await.map_err(io::Error::other)?;
                    verifier.map_err(unusable)?
                }
            };
            // Fails only without a cryptography provider, and then there is no verifier either.
            let builder = ClientConfig::builder().dangerous();
            let builder = builder.with_custom_certificate_verifier(verifier);
            let mut config = match &self.identity {
                Some(identity) => identity.add_to(builder).map_err(io::Error::other)?,
                None => builder.with_no_client_auth(),
            };
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            Ok::<_, io::Error>(Arc::new(config))
        });
        prepared.await.cloned()
    }
}

fn start_reading(extra: ExtraRoots) -> oneshot::Receiver<Verifier> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let verifier = match CryptoProvider::get_default() {
            Some(provider) => trust::verifier(&extra, Arc::clone(provider)),
            None => Err(no_provider().to_string()),
        };
        // The receiver may be gone.
        let _ = sender.send(verifier);
    });
    receiver
}

async fn handshake(config: Arc<ClientConfig>, stream: Stream, host: &str) -> io::Result<Stream> {
    let name = ServerName::try_from(without_brackets(host).to_owned())
        .map_err(|_| unusable("the host name is not valid in a certificate".to_owned()))?;
    let tls = TlsConnector::from(config).connect(name, stream).await?;
    Ok(Stream::Tls(Box::new(tls)))
}

fn no_provider() -> io::Error {
    unusable("this build has no TLS".to_owned())
}

fn unusable(why: String) -> io::Error {
    io::Error::other(UnusableTls(why))
}

#[cfg(feature = "tls-ring")]
fn install_provider() {
    // Fails only if a provider is already installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(not(feature = "tls-ring"))]
fn install_provider() {}
