//! Which addresses a server may send us to (S-07). Pure functions; the look-up is in `policy`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kind of network that an address leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// The Internet.
    Public,
    /// A network of the user's own.
    Private,
    /// This machine.
    Loopback,
    /// The link of this machine, where clouds keep their metadata services.
    LinkLocal,
    /// A network that serves no HTTP: multicast, documentation, future use.
    Unusable,
}

impl Zone {
    /// The zone of an address; addresses that carry an IPv4 address inside belong to its zone.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    /// Its name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Unusable => "unusable",
        }
    }

    /// Whether a server in zone `home` may name an address in this zone: its own zone, and within
    /// the user's own networks everything but the metadata services.
    pub(crate) fn reachable_from(self, home: Self) -> bool {
        let own = |zone| matches!(zone, Self::Private | Self::Loopback);
        match self {
            Self::Public => true,
            Self::Unusable => false,
            _ => self == home || own(self) && own(home),
        }
    }
}

/// Alibaba's metadata service, which is within the shared address space.
const ALIBABA_METADATA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
/// Amazon's, which is within the unique local addresses.
const AMAZON_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

fn of_v4(address: Ipv4Addr) -> Zone {
    let [first, second, third, _] = address.octets();
    if address.is_loopback() || first == 0 {
        // 0.0.0.0 reaches this machine on most systems.
        Zone::Loopback
    } else if address.is_link_local() || address == ALIBABA_METADATA {
        Zone::LinkLocal
    } else if address.is_private() || is_shared_or_benchmark(first, second, third) {
        Zone::Private
    } else if address.is_documentation() || first >= 224 {
        Zone::Unusable
    } else {
        Zone::Public
    }
}

/// RFC 6598 (carriers, overlay networks), RFC 2544 and RFC 6890.
fn is_shared_or_benchmark(first: u8, second: u8, third: u8) -> bool {
    first == 100 && second & 0xc0 == 64
        || first == 198 && second & 0xfe == 18
        || (first, second, third) == (192, 0, 0)
}

fn of_v6(address: Ipv6Addr) -> Zone {
    if let Some(inner) = embedded(address) {
        return of_v4(inner);
    }
    let first = address.segments()[0];
    if address.is_loopback() || address.is_unspecified() {
        Zone::Loopback
    } else if address == AMAZON_METADATA || first & 0xffc0 == 0xfe80 {
        Zone::LinkLocal
    } else if first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfec0 {
        Zone::Private
    } else if first & 0xff00 == 0xff00 || address.segments()[..2] == [0x2001, 0xdb8] {
        Zone::Unusable
    } else {
        Zone::Public
    }
}

/// The IPv4 address within a mapped, compatible, NAT64 (RFC 6052), 6to4 or Teredo address.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => Some(v4(high, low)),
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(v4(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        [0x2001, 0, .., high, low] => Some(v4(!high, !low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-07
    #[test]
    fn every_form_of_an_address_has_its_zone() {
        let cases = [
            ("93.184.216.34", Zone::Public),
            ("2606:2800:220:1::1", Zone::Public),
            ("64:ff9b::5db8:d822", Zone::Public),
            ("10.1.2.3", Zone::Private),
            ("172.31.0.1", Zone::Private),
            ("172.32.0.1", Zone::Public),
            ("192.168.0.1", Zone::Private),
            ("100.64.0.1", Zone::Private),
            ("fd12::1", Zone::Private),
            ("::ffff:10.0.0.1", Zone::Private),
            ("2002:0a00:0001::1", Zone::Private),
            ("127.0.0.1", Zone::Loopback),
            ("127.255.0.9", Zone::Loopback),
            ("0.0.0.0", Zone::Loopback),
            ("::1", Zone::Loopback),
            ("::", Zone::Loopback),
            ("::ffff:127.0.0.1", Zone::Loopback),
            ("::127.0.0.1", Zone::Loopback),
            ("169.254.169.254", Zone::LinkLocal),
            ("::ffff:169.254.169.254", Zone::LinkLocal),
            ("64:ff9b::a9fe:a9fe", Zone::LinkLocal),
            ("fe80::1", Zone::LinkLocal),
            ("fd00:ec2::254", Zone::LinkLocal),
            ("100.100.100.200", Zone::LinkLocal),
            ("224.0.0.1", Zone::Unusable),
            ("255.255.255.255", Zone::Unusable),
            ("ff02::1", Zone::Unusable),
        ];
        for (address, zone) in cases {
            assert_eq!(Zone::of(address.parse().unwrap()), zone, "{address}");
        }
    }

    /// S-07
    #[test]
    fn a_public_server_reaches_only_public_addresses() {
        let all = [Zone::Public, Zone::Private, Zone::Loopback, Zone::LinkLocal, Zone::Unusable];
        let reachable = |home| all.into_iter().filter(move |zone| zone.reachable_from(home));
        assert_eq!(reachable(Zone::Public).collect::<Vec<_>>(), [Zone::Public]);
        for home in [Zone::Private, Zone::Loopback] {
            assert_eq!(
                reachable(home).collect::<Vec<_>>(),
                [Zone::Public, Zone::Private, Zone::Loopback]
            );
        }
        assert!(Zone::LinkLocal.reachable_from(Zone::LinkLocal));
    }
}
