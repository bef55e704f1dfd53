//! Finds the owner of the other end of a loopback connection, as far as the system reveals it
//! (S-44). On Linux `/proc/net/tcp` and `/proc/net/tcp6` list every socket with its user; on other
//! systems it is unknown.

use std::net::SocketAddr;
#[cfg(target_os = "linux")]
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The owner of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketOwner {
    /// This user, root, or unknown, as with containers, relays and user namespaces.
    AnyoneTrusted,
    /// Another user of this machine, by id.
    OtherUser(u32),
    /// Nobody any more: the connecting program has closed the socket.
    Nobody,
}

/// The owner of the socket at `peer` whose connection ends at `local`.
#[cfg(target_os = "linux")]
pub fn owner_of_peer(peer: SocketAddr, local: SocketAddr) -> SocketOwner {
    let own = rustix::process::geteuid().as_raw();
    let overflow = std::fs::read_to_string("/proc/sys/kernel/overflowuid");
    let overflow = overflow.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(65_534);
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    let row = tables.iter().flatten().find_map(|table| find(table, peer, local));
    match row {
        Some(Row { inode: 0, .. }) => SocketOwner::Nobody,
        Some(Row { user, .. }) if ![own, 0, overflow].contains(&user) => {
            SocketOwner::OtherUser(user)
        }
        _ => {
            tracing::debug!("the owner of a connection to the callback is ours or not known");
            SocketOwner::AnyoneTrusted
        }
    }
}

/// The owner of the socket at `peer`, which this system does not reveal.
#[cfg(not(target_os = "linux"))]
pub fn owner_of_peer(_peer: SocketAddr, _local: SocketAddr) -> SocketOwner {
    SocketOwner::AnyoneTrusted
}

#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    user: u32,
    inode: u64,
}

/// The row of the socket that is at `peer` and connected to `local`.
#[cfg(target_os = "linux")]
fn find(table: &str, peer: SocketAddr, local: SocketAddr) -> Option<Row> {
    let is_same = |text: &str, end: SocketAddr| {
        address(text).is_some_and(|(ip, port)| {
            ip.to_canonical() == end.ip().to_canonical() && port == end.port()
        })
    };
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, own, other, _, _, _, _, user, _, inode, ..] = fields[..] else { return None };
        let row = Row { user: user.parse().ok()?, inode: inode.parse().ok()? };
        (is_same(own, peer) && is_same(other, local)).then_some(row)
    })
}

/// Reads an address as the kernel writes it: 32-bit words in native byte order, and the port.
#[cfg(target_os = "linux")]
fn address(text: &str) -> Option<(IpAddr, u16)> {
    let (words, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let word = u32::from_str_radix(words.get(8 * at..8 * at + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    let ip = match words.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let all = [word(0)?, word(1)?, word(2)?, word(3)?].concat();
            IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(all).ok()?))
        }
        _ => return None,
    };
    Some((ip, port))
}

#[cfg(all(test, target_os = "linux", target_endian = "little"))]
mod tests {
    use super::*;

    const TABLE: &str = r"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0D06 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 0 100 0 0 10 0
   1: 0100007F:B5C2 0100007F:0D06 01 00000000:00000000 00:00000000 00000000  1001        0 22 1 0 100 0 0 10 0
   2: 0100007F:0D06 0100007F:B5C2 01 00000000:00000000 00:00000000 00000000  1000        0 33 1 0 100 0 0 10 0
   3: 0100007F:B5C3 0100007F:0D06 04 00000000:00000000 00:00000000 00000000     0        0 0 1 0 100 0 0 10 0
";
    const TABLE6: &str = r"  sl  local_address                         remote_address                        st
   0: 0000000000000000FFFF00000100007F:B5C4 0000000000000000FFFF00000100007F:0D06 01 00000000:00000000 00:00000000 00000000  1002        0 44 1
   1: 00000000000000000000000001000000:B5C5 00000000000000000000000001000000:0D06 01 00000000:00000000 00:00000000 00000000  1003        0 55 1
";

    /// S-44
    #[test]
    fn the_owner_of_the_other_end_is_found_in_the_systems_table() {
        let end = |text: &str| text.parse::<SocketAddr>().unwrap();
        let local = end("127.0.0.1:3334");
        let user = |table, peer: &str, local| find(table, end(peer), local).map(|row| row.user);
        assert_eq!(user(TABLE, "127.0.0.1:46530", local), Some(1001), "not our own end");
        assert_eq!(find(TABLE, end("127.0.0.1:46531"), local), Some(Row { user: 0, inode: 0 }));
        assert_eq!(user(TABLE, "127.0.0.1:46532", local), None);
        assert_eq!(user(TABLE6, "127.0.0.1:46532", local), Some(1002), "a mapped address");
        assert_eq!(user(TABLE6, "[::1]:46533", end("[::1]:3334")), Some(1003));
    }

    /// S-44
    #[test]
    fn a_connection_of_this_user_is_trusted_and_a_closed_one_belongs_to_nobody() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let local = listener.local_addr().unwrap();
        let stream = std::net::TcpStream::connect(local).unwrap();
        let (_accepted, peer) = listener.accept().unwrap();
        assert_eq!(owner_of_peer(peer, local), SocketOwner::AnyoneTrusted);
        drop(stream);
        assert_eq!(owner_of_peer(peer, local), SocketOwner::Nobody);
    }
}
