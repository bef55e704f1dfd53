//! Builds the HTTP client. TLS is set up, and the system's roots are read, only for an `https:`
//! remote.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use reqwest::dns::Resolve;
use reqwest::{
    Certificate, ClientBuilder, Method, NoProxy, RequestBuilder, Response, header, redirect,
};
use url::Url;

use super::cookies::Cookies;
use super::loopback::{is_loopback, without_lookup};
use super::options::{HttpOptions, Proxy};
use super::presented_chain::PresentedChain;
use crate::error::{Error, Result};

/// How many idle connections are kept; further ones of a burst are closed after it.
const MAX_IDLE_CONNECTIONS: usize = 64;

/// Sends requests. Cheap to clone; clones share connections and cookies.
#[derive(Clone, Debug)]
pub struct Outbound {
    client: reqwest::Client,
    cookies: Option<Arc<Cookies>>,
}

impl Outbound {
    /// Prepares requests to `url` and its origin.
    ///
    /// # Errors
    /// An unreadable or malformed CA file, or an unusable proxy URL.
    pub fn new(options: &HttpOptions, url: &Url) -> Result<Self> {
        Self::build(options, url, |builder| without_lookup(builder, url))
    }

    /// As [`Outbound::new`], with a name look-up that may refuse addresses.
    ///
    /// # Errors
    /// As [`Outbound::new`].
    pub fn with_resolver(
        options: &HttpOptions,
        url: &Url,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self> {
        Self::build(options, url, |builder| builder.dns_resolver(resolver.clone()))
    }

    /// Accepts any certificate and records it, for inspection only: nothing that matters may be sent.
    ///
    /// # Errors
    /// As [`Outbound::new`].
    pub fn recording_certificates(
        options: &HttpOptions,
        url: &Url,
    ) -> Result<(Self, PresentedChain)> {
        let presented = PresentedChain::default();
        let outbound = Self::build(options, url, |builder| {
            let builder = without_lookup(builder, url);
            match presented.recording_config() {
                Some(config) => builder.tls_backend_preconfigured(config),
                None => builder,
            }
        })?;
        Ok((outbound, presented))
    }

    fn build(
        options: &HttpOptions,
        url: &Url,
        finish: impl Fn(ClientBuilder) -> ClientBuilder,
    ) -> Result<Self> {
        let tls = url.scheme() == "https";
        let builder = finish(base(options, url)?);
        let builder = if tls { with_extra_roots(builder, options)? } else { without_tls(builder) };
        let client = match builder.build() {
            Ok(client) => client,
            Err(error) if tls => {
                tracing::warn!(%error, "no usable system certificates, using the bundled ones");
                with_bundled_roots(finish(base(options, url)?), options)?
                    .build()
                    .context("cannot set up TLS")?
            }
            Err(error) => {
                return Err(anyhow::Error::from(error).context("cannot set up HTTP").into());
            }
        };
        Ok(Self { client, cookies: options.cookies.then(Arc::default) })
    }

    /// Starts a request.
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let cookie = self.cookies.as_ref().and_then(|cookies| cookies.header(&url));
        let request = self.client.request(method, url);
        match cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        }
    }

    /// Sends a request that was started here, and stores the cookies of its response.
    ///
    /// # Errors
    /// No connection, or one that broke before the head of a response.
    pub async fn send(&self, request: RequestBuilder) -> reqwest::Result<Response> {
        let response = request.send().await?;
        if let Some(cookies) = &self.cookies {
            cookies.store(response.url(), response.headers());
        }
        Ok(response)
    }
}

fn base(options: &HttpOptions, url: &Url) -> Result<ClientBuilder> {
    install_tls_provider();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("mcp-tether/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(options.connect_timeout)
        .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
        .tcp_nodelay(true);
    if options.ipv4 {
        builder = builder.local_address(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    }
    if url.scheme() == "http" {
        builder = builder.http1_only();
    }
    with_proxy(builder, &options.proxy, url)
}

fn with_proxy(builder: ClientBuilder, proxy: &Proxy, url: &Url) -> Result<ClientBuilder> {
    if is_loopback(url) {
        return Ok(builder.no_proxy());
    }
    match proxy {
        Proxy::Environment => Ok(builder),
        Proxy::Off => Ok(builder.no_proxy()),
        Proxy::Url { url, bypass } => {
            let proxy = reqwest::Proxy::all(url.expose().clone())
                .map_err(|_| Error::usage("the proxy URL cannot be used"))?;
            let bypass = bypass.as_deref().and_then(NoProxy::from_string);
            Ok(builder.proxy(proxy.no_proxy(bypass)))
        }
    }
}

fn without_tls(builder: ClientBuilder) -> ClientBuilder {
    builder.tls_certs_only([])
}

fn with_extra_roots(builder: ClientBuilder, options: &HttpOptions) -> Result<ClientBuilder> {
    let extra = extra_roots(options)?;
    Ok(if extra.is_empty() { builder } else { builder.tls_certs_merge(extra) })
}

fn with_bundled_roots(builder: ClientBuilder, options: &HttpOptions) -> Result<ClientBuilder> {
    let bundled = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok());
    Ok(builder.tls_certs_only(bundled.chain(extra_roots(options)?)))
}

fn extra_roots(options: &HttpOptions) -> Result<Vec<Certificate>> {
    let mut roots = Vec::new();
    for file in &options.extra_ca_files {
        roots.extend(read_roots(file)?);
    }
    Ok(roots)
}

fn read_roots(file: &Path) -> Result<Vec<Certificate>> {
    let unusable = |error: &dyn std::fmt::Display| {
        Error::usage(format!("cannot use the CA file `{}`: {error}", file.display()))
            .hint("name a file with certificates in PEM form: `--ca-cert FILE`")
    };
    let pem = std::fs::read(file).map_err(|error| unusable(&error))?;
    let roots = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(&error))?;
    if roots.is_empty() {
        return Err(unusable(&"there is no certificate in it"));
    }
    Ok(roots)
}

#[cfg(feature = "tls-ring")]
fn install_tls_provider() {
    // Fails only when a provider is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(not(feature = "tls-ring"))]
fn install_tls_provider() {}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-13
    #[test]
    fn a_bad_ca_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, "nothing").unwrap();
        for file in [file, folder.path().join("absent.pem")] {
            let options = HttpOptions { extra_ca_files: vec![file.clone()], ..Default::default() };
            let url = Url::parse("https://host.example/").unwrap();
            let error = Outbound::new(&options, &url).expect_err("refused").to_string();
            assert!(error.contains(&file.display().to_string()), "{error}");
        }
    }
}
