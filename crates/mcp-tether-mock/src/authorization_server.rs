//! An authorization server on a listener of its own: another origin than the remotes it protects.

use std::io;

use crate::faults::Fault;
use crate::oauth::{IssuerOptions, OAuth, OAuthOptions};
use crate::options::{Auth, MockOptions};
use crate::recorder::RequestRecorder;
use crate::running::MockRemote;

/// A running authorization server without an MCP endpoint. Like [`MockRemote`] it has its own
/// thread, record and faults, can be stopped and started again, and stops when dropped.
pub struct MockAuthorizationServer(MockRemote);

impl MockAuthorizationServer {
    /// Listens on a free loopback port and answers from now on.
    ///
    /// # Errors
    /// A port cannot be bound or a thread cannot be started.
    pub fn start(options: IssuerOptions) -> io::Result<Self> {
        let oauth = OAuthOptions { metadata_at: Vec::new(), ..OAuthOptions::with_issuer(options) };
        let options = MockOptions { auth: Auth::OAuth(oauth), ..MockOptions::default() };
        MockRemote::start_authorization_server(options).map(Self)
    }

    /// Returns the setting that protects a remote with this server: `Auth::OAuth` with its
    /// defaults.
    pub fn auth(&self) -> Auth {
        Auth::OAuth(OAuthOptions::with_issuer(self.oauth().handle()))
    }

    /// Returns the same handle as [`MockRemote::oauth`] of a remote that this server protects.
    pub fn oauth(&self) -> &OAuth {
        self.0.oauth()
    }

    /// Returns the record of the requests to this listener.
    pub fn recorder(&self) -> &RequestRecorder {
        self.0.recorder()
    }

    /// Replaces the faults in force.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.0.set_faults(faults);
    }

    /// Stops listening: the server is unreachable. It keeps its clients and tokens.
    pub fn stop(&mut self) {
        self.0.stop();
    }

    /// Listens again, on the same port.
    ///
    /// # Errors
    /// The port cannot be bound again or a thread cannot be started.
    pub fn start_again(&mut self) -> io::Result<()> {
        self.0.start_again()
    }
}
