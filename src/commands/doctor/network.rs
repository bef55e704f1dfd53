//! Checks the network below HTTP: the addresses of the server in both families, and whether they
//! accept connections. If there is a proxy, checks the proxy instead, because it does the rest.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::{TcpStream, lookup_host};
use url::{Host, Url};

use super::STEP_TIMEOUT;
use super::check::{Check, CheckVerdict};
use crate::http::{FixedAddress, HttpOptions, proxy_for};

/// The number of addresses to try in each family.
const ADDRESSES_TRIED: usize = 2;
/// The longest time for connecting to one address.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Checks whether there is a proxy. Also returns what to connect to: the proxy, or the server.
pub(super) fn route(options: &HttpOptions, url: &Url) -> (Check, Option<Url>) {
    match proxy_for(options, url) {
        Ok(Some(proxy)) => {
            let check = Check::ok("route", format!("requests go through `{proxy}`"));
            (check, proxy.origin())
        }
        Ok(None) => (Check::ok("route", "direct, without a proxy"), Some(url.clone())),
        Err(error) => (Check::error("route", &error), None),
    }
}

/// Checks the DNS lookup. Also returns the addresses; none if it fails.
pub(super) async fn name(target: &Url, options: &HttpOptions) -> (Check, Vec<SocketAddr>) {
    if let Some(found) = fixed(options, target) {
        return found;
    }
    look_up(target).await.unwrap_or_else(|check| (check, Vec::new()))
}

/// Checks whether one of the addresses accepts a connection; also returns whether one does.
pub(super) async fn connection(addresses: &[SocketAddr], options: &HttpOptions) -> (Check, bool) {
    if addresses.is_empty() {
        let check = Check::skipped("connection", "there is no address to connect to");
        return (check, false);
    }
    let check = connect(addresses, options.ipv4).await;
    let is_reached = check.verdict != CheckVerdict::Fail;
    (check, is_reached)
}

/// The addresses that `--resolve` gives.
fn fixed(options: &HttpOptions, url: &Url) -> Option<(Check, Vec<SocketAddr>)> {
    let (host, port) = (url.host_str()?, url.port_or_known_default().unwrap_or(443));
    let addresses = FixedAddress::find(&options.fixed_addresses, host, port)?;
    let check = Check::ok("name", format!("`--resolve` gives the address of `{host}`"));
    Some((check, addresses.iter().map(|address| (*address, port).into()).collect()))
}

async fn look_up(url: &Url) -> Result<(Check, Vec<SocketAddr>), Check> {
    let port = url.port_or_known_default().unwrap_or(443);
    let name = match url.host() {
        Some(Host::Ipv4(address)) => return Ok(literal_address((address, port).into())),
        Some(Host::Ipv6(address)) => return Ok(literal_address((address, port).into())),
        Some(Host::Domain(name)) => name,
        None => return Err(Check::fail("name", "the URL has no host")),
    };
    let started = Instant::now();
    let found = tokio::time::timeout(STEP_TIMEOUT, lookup_host((name, port))).await;
    let found = found.ok().map(|found| found.map(Iterator::collect));
    judge_lookup(name, found, started.elapsed())
}

/// Makes a check of what the lookup found; `None` is one that was given up.
fn judge_lookup(
    name: &str,
    found: Option<io::Result<Vec<SocketAddr>>>,
    took: Duration,
) -> Result<(Check, Vec<SocketAddr>), Check> {
    let next = format!("check the name `{name}`, the network and the proxy settings");
    match found {
        None => {
            let says = format!("no answer to the lookup of `{name}`");
            Err(Check::fail("name", says).next(next))
        }
        Some(Err(error)) => {
            let says = format!("`{name}` has no address: {}", in_words(&error));
            Err(Check::fail("name", says).next(next).took(took))
        }
        Some(Ok(addresses)) => {
            let of_v6 = addresses.iter().filter(|address| address.is_ipv6()).count();
            let of_v4 = addresses.len() - of_v6;
            let says = format!("`{name}` has {of_v4} IPv4 and {of_v6} IPv6 addresses");
            Ok((Check::ok("name", says).took(took), addresses))
        }
    }
}

fn literal_address(address: SocketAddr) -> (Check, Vec<SocketAddr>) {
    (Check::ok("name", "the URL contains an address, so there is no lookup"), vec![address])
}

/// Checks whether a connection can be made in each family.
async fn connect(addresses: &[SocketAddr], only_v4: bool) -> Check {
    let of = |v6: bool| {
        let of_family = addresses.iter().copied().filter(move |address| address.is_ipv6() == v6);
        of_family.take(ADDRESSES_TRIED).collect::<Vec<_>>()
    };
    let v6 = if only_v4 { Vec::new() } else { of(true) };
    let started = Instant::now();
    let (v4, v6) = tokio::join!(first(of(false)), first(v6));
    let took = started.elapsed();
    let family = |v6: bool| if v6 { "IPv6" } else { "IPv4" };
    match (v4, v6) {
        (Some(Err(reason)), Some(Ok(_))) => one_of_two(false, &reason).took(took),
        (Some(Ok(_)), Some(Err(reason))) => one_of_two(true, &reason).took(took),
        (Some(Ok(_)), Some(Ok(_))) => {
            Check::ok("connection", "connected over IPv4 and IPv6").took(took)
        }
        (Some(Ok(address)), None) | (None, Some(Ok(address))) => {
            let says = format!("connected over {}", family(address.is_ipv6()));
            Check::ok("connection", says).took(took)
        }
        (Some(Err(reason)), _) | (None, Some(Err(reason))) => Check::fail(
            "connection",
            format!("nothing answers: {reason}"),
        )
        .next("check the port, and that the server is up and can be reached from this machine")
        .took(took),
        (None, None) => {
            Check::fail("connection", "there is no IPv4 address").next("leave out `--ipv4`")
        }
    }
}

fn one_of_two(v6_failed: bool, reason: &str) -> Check {
    let (bad, good) = if v6_failed { ("IPv6", "IPv4") } else { ("IPv4", "IPv6") };
    let check = Check::warn("connection", format!("{good} works, {bad} does not: {reason}"));
    if v6_failed {
        check.next("if connecting is slow, give `--ipv4`")
    } else {
        check.next("ask whoever runs the network about IPv4")
    }
}

/// The first address that accepts a connection, or why the last one did not.
async fn first(addresses: Vec<SocketAddr>) -> Option<Result<SocketAddr, String>> {
    let mut last = None;
    for address in addresses {
        match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Some(Ok(address)),
            Ok(Err(error)) => last = Some(Err(in_words(&error))),
            Err(_) => last = Some(Err(format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()))),
        }
    }
    last
}

fn in_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.trim_start_matches("failed to lookup address information: ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_is_not_found_leaves_nothing_to_connect_to() {
        let refused = || Err(io::Error::other("unknown name"));
        for (found, says) in [
            (Some(refused()), "`mcp.example` has no address: unknown name"),
            (None, "no answer to the lookup of `mcp.example`"),
        ] {
            let check = judge_lookup("mcp.example", found, Duration::ZERO).err();
            assert_eq!(check.map(|check| check.says), Some(says.to_owned()));
        }
        let (check, is_reached) = connection(&[], &HttpOptions::default()).await;
        assert_eq!((check.verdict, is_reached), (CheckVerdict::Skipped, false));
    }
}
