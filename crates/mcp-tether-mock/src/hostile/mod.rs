//! A hostile remote: a separate mock plays each attack of the table, and its record of requests
//! shows whether the attack succeeded. Effects that only the victim can observe (on its screen, its
//! memory, the programs that it started) are not judged here.

mod attacks;
mod judge;

use std::io;

use url::Url;

use self::attacks::ATTACKS;
pub use self::attacks::{Aim, Attack, AttackPlace};
use self::judge::find_obtained;
use super::faults::Fault;
use super::oauth::{AuthKind, COMPANY_CLIENT};
use super::options::{Auth, MockOptions};
use super::recorder::RequestRecorder;
use super::running::MockRemote;
use super::served::Served;
use super::{ConsentPolicy, IssuerAt, IssuerOptions, OAuthOptions};
use mcp_tether_wire::protocol::ProtocolVersion;

/// A name that leads nowhere (RFC 6761 §6.4), for servers that have one.
const PUBLIC_NAME: &str = "mcp.example.invalid";

/// All attacks, running. They stop when this is dropped.
pub struct Hostile {
    attackers: Vec<Attacker>,
}

/// One attack, and the server that plays it.
pub struct Attacker {
    /// The attack that it plays.
    pub attack: &'static Attack,
    remote: MockRemote,
    /// Another origin of the attacker. The victim must send nothing there.
    trap: MockRemote,
}

/// The result of one attack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The attack.
    pub attack: &'static Attack,
    /// How many requests its server received; 0 means that the attack was never tried.
    pub requests: usize,
    /// A description of the attacker's gain; `None` if it gained nothing.
    pub obtained: Option<String>,
}

impl Hostile {
    /// Starts every attack on a free loopback port. `consent` is the policy of its authorization
    /// servers.
    ///
    /// # Errors
    /// A port cannot be bound or a thread cannot be started.
    pub fn start(consent: ConsentPolicy) -> io::Result<Self> {
        let attackers = ATTACKS.iter().map(|attack| Attacker::start(attack, consent));
        Ok(Self { attackers: attackers.collect::<io::Result<_>>()? })
    }

    /// Returns the attacks, in the order of the table.
    pub fn attackers(&self) -> &[Attacker] {
        &self.attackers
    }

    /// Returns the result of each attack so far.
    pub fn findings(&self) -> Vec<Finding> {
        self.attackers.iter().map(Attacker::finding).collect()
    }
}

impl Attacker {
    fn start(attack: &'static Attack, consent: ConsentPolicy) -> io::Result<Self> {
        let trap = MockRemote::start(MockOptions::default())?;
        let origin = trap.url().origin().ascii_serialization();
        let faults = attack.faults.iter().map(|fault| {
            let fault = fault.replace("{trap}", &origin);
            fault.parse::<Fault>().expect("the table holds faults")
        });
        let usual = OAuthOptions::with_issuer(IssuerOptions::default());
        let options = MockOptions {
            auth: match attack.kind {
                Some(kind) => Auth::OAuth(with_consent(kind.options(), consent)),
                None if attack.guarded => Auth::OAuth(with_consent(usual, consent)),
                None => Auth::Open,
            },
            protocol: if attack.http_sse {
                Served::Only(ProtocolVersion::V2024_11_05)
            } else {
                MockOptions::default().protocol
            },
            faults: faults.collect(),
            any_host: attack.place != AttackPlace::Address,
            ..MockOptions::default()
        };
        Ok(Self { attack, remote: MockRemote::start(options)?, trap })
    }

    /// Returns the URL that the victim connects to.
    pub fn url(&self) -> Url {
        let mut url = self.remote.url();
        if self.attack.place != AttackPlace::Address {
            url.set_host(Some(PUBLIC_NAME)).expect("it is a host");
        }
        if self.attack.place == AttackPlace::Proxy {
            url.set_port(None).expect("it is an `http:` URL");
        }
        url
    }

    /// Returns the flags of a victim that uses the attacked feature; `{home}` is its home folder.
    pub fn flags(&self) -> Vec<String> {
        let own = self.attack.flags.iter().map(|flag| (*flag).to_owned());
        let address = self.remote.url();
        let port = address.port().unwrap_or_default();
        let of_place = match self.attack.place {
            AttackPlace::Address => Vec::new(),
            AttackPlace::Name => vec![
                "--allow-http".to_owned(),
                "--resolve".to_owned(),
                format!("{PUBLIC_NAME}:{port}:127.0.0.1"),
            ],
            AttackPlace::Proxy => vec![
                "--allow-http".to_owned(),
                "--proxy".to_owned(),
                format!("http://127.0.0.1:{port}"),
            ],
        };
        let client = format!("{{\"client_id\":\"{COMPANY_CLIENT}\"}}");
        let mut provider = self.url();
        provider.set_path("/oauth");
        let of_kind = match self.attack.kind {
            Some(AuthKind::Ema) => vec![
                "--idp".to_owned(),
                provider.to_string(),
                "--idp-client-info".to_owned(),
                client.clone(),
                "--static-oauth-client-info".to_owned(),
                client,
            ],
            _ => Vec::new(),
        };
        own.chain(of_place).chain(of_kind).collect()
    }

    /// Returns the `_meta` of the victim's calls, as JSON.
    pub fn meta(&self) -> Option<String> {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let meta = self.attack.meta?.replace("{parent}", parent);
        let meta = meta.replace("{state}", &"x".repeat(4000));
        Some(meta.replace("{long}", &"x".repeat(100_000)))
    }

    /// Returns the record of the requests to its server.
    pub fn recorder(&self) -> &RequestRecorder {
        self.remote.recorder()
    }

    fn finding(&self) -> Finding {
        let (remote, trap) = (self.remote.recorder().requests(), self.trap.recorder().requests());
        let obtained = find_obtained(self.attack.aim, &remote, &trap);
        Finding { attack: self.attack, requests: remote.len(), obtained }
    }
}

/// Sets the consent policy, and has the issuer promise to name itself in answers (RFC 9207).
fn with_consent(mut options: OAuthOptions, consent: ConsentPolicy) -> OAuthOptions {
    if let IssuerAt::Here(issuer) = &mut options.issuer {
        issuer.consent = consent;
        issuer.iss_advertised = true;
    }
    options
}
