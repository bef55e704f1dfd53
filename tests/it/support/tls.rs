//! A front that speaks TLS with a certificate of its own authority and passes the bytes on to a
//! port of this machine.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Stops when dropped.
pub struct TlsFront {
    port: u16,
    folder: tempfile::TempDir,
    shown: Shown,
    _stop: tokio::sync::oneshot::Sender<()>,
}

/// The certificate of each client that connected, if it showed one.
type Shown = Arc<Mutex<Vec<Option<Vec<u8>>>>>;

/// An authority that gives certificates to clients.
pub struct ClientAuthority {
    issuer: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
    folder: tempfile::TempDir,
}

impl ClientAuthority {
    pub fn new() -> Self {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let issuer = rcgen::CertifiedIssuer::self_signed(params, key).unwrap();
        Self { issuer, folder: tempfile::tempdir().unwrap() }
    }

    /// Returns a file with a certificate for this name and its key.
    pub fn issue(&self, name: &str) -> PathBuf {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2100, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let path = self.folder.path().join(format!("{name}.pem"));
        std::fs::write(&path, format!("{}{}", certificate.pem(), key.serialize_pem())).unwrap();
        path
    }
}

impl TlsFront {
    /// Starts a front for this port with a self-signed certificate, like one of `openssl req
    /// -x509`: authority and server in one.
    pub fn self_signed(behind: u16, names: &[&str], ends: i32) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(ends, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self::presenting(behind, certificate.der().clone(), &key, &certificate.pem(), None)
    }

    /// Starts a front for this port that only admits clients of this authority.
    pub fn demanding(behind: u16, clients: &ClientAuthority) -> Self {
        Self::with_clients(behind, Some(clients))
    }

    /// Returns whether each client that connected showed the certificate of this name.
    pub fn was_shown(&self, name: &str) -> Vec<bool> {
        let has_name = |shown: &Option<Vec<u8>>| {
            shown
                .as_ref()
                .is_some_and(|der| der.windows(name.len()).any(|it| it == name.as_bytes()))
        };
        self.shown.lock().unwrap().iter().map(has_name).collect()
    }

    /// Starts a front for this port.
    pub fn start(behind: u16) -> Self {
        Self::with_clients(behind, None)
    }

    fn with_clients(behind: u16, clients: Option<&ClientAuthority>) -> Self {
        let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let authority = rcgen::CertifiedIssuer::self_signed(authority, authority_key).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let params = rcgen::CertificateParams::new(names).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        Self::presenting(behind, certificate.der().clone(), &key, &authority.pem(), clients)
    }

    fn presenting(
        behind: u16,
        certificate: CertificateDer<'static>,
        key: &rcgen::KeyPair,
        authority: &str,
        clients: Option<&ClientAuthority>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("authority.pem"), authority).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(clients) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add(clients.issuer.der().clone()).unwrap();
                let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
                    Arc::new(roots),
                    provider,
                );
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let config = config.with_single_cert(vec![certificate], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let shown = Shown::default();
        let seen = shown.clone();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap().port()).unwrap();
                tokio::select! {
                    () = serve(listener, acceptor, behind, seen) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { port: told.recv().unwrap(), folder, shown, _stop: stop }
    }

    /// Returns the URL of this path.
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    /// Returns the file of the authority.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, behind: u16, shown: Shown) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (acceptor, shown) = (acceptor.clone(), shown.clone());
        tokio::spawn(async move {
            let Ok(mut front) = acceptor.accept(stream).await else { return };
            let chain = front.get_ref().1.peer_certificates();
            let first = chain.and_then(|chain| chain.first()).map(|der| der.to_vec());
            shown.lock().unwrap().push(first);
            let Ok(mut back) = TcpStream::connect(("127.0.0.1", behind)).await else { return };
            let _ = tokio::io::copy_bidirectional(&mut front, &mut back).await;
        });
    }
}
