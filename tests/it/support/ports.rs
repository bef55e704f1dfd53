//! Ports that have to be known before the program listens on them, such as that of a redirect that
//! is registered.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port of loopback that nobody but the program gets, as long as this lives.
///
/// It is bound here and not listened on, for the program has to do that itself. Linux lets it, as
/// only one of the two sockets listens, and gives the port to nobody who asks for any. Elsewhere
/// the port cannot be kept: it is let go at once, and another process may get it first.
#[derive(Debug)]
pub struct KeptPort {
    number: u16,
    _sockets: Vec<TcpSocket>,
}

impl KeptPort {
    /// One that is free in IPv4 and, where the machine has it, in IPv6.
    pub fn find() -> Self {
        loop {
            let v4 = bound((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
            let number = v4.local_addr().unwrap().port();
            let mut sockets = match bound((Ipv6Addr::LOCALHOST, number).into()) {
                Ok(v6) => vec![v4, v6],
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => continue,
                Err(_) => vec![v4],
            };
            if !cfg!(target_os = "linux") {
                sockets.clear();
            }
            return Self { number, _sockets: sockets };
        }
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    #[cfg(target_os = "linux")]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
