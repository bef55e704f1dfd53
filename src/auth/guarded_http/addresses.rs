//! Classifies addresses, to decide where a server may send us (S-07). Pure functions; the look-up
//! is in `policy`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kind of network that an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// The Internet.
    Public,
    /// A private network.
    Private,
    /// This machine.
    Loopback,
    /// The local link, on which clouds have their metadata services.
    LinkLocal,
    /// A network that serves no HTTP: multicast, documentation, future use.
    Unusable,
}

impl Zone {
    /// The zone of an address; an address with an embedded IPv4 address has the zone of that.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    /// The zone of a server with a name: a private network only if all of its addresses are
    /// private.
    pub(crate) fn of_name(addresses: &[IpAddr]) -> Self {
        let all_in = |zones: &[Self]| {
            !addresses.is_empty() && addresses.iter().all(|at| zones.contains(&Self::of(*at)))
        };
        if all_in(&[Self::Loopback]) {
            Self::Loopback
        } else if all_in(&[Self::Loopback, Self::Private]) {
            Self::Private
        } else {
            Self::Public
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

    /// Whether a server in zone `home` may name an address in this zone: in its own zone, and from
    /// private networks everywhere except to the metadata services.
    pub(crate) fn reachable_from(self, home: Self) -> bool {
        let own = |zone| matches!(zone, Self::Private | Self::Loopback);
        match self {
            Self::Public => true,
            Self::Unusable => false,
            _ => self == home || own(self) && own(home),
        }
    }
}

/// An address prefix, its length in bits, and its zone.
type Row<Bits> = (Bits, u32, Zone);

/// The IANA registries of special-purpose addresses, and the metadata services of clouds outside
/// the link-local range. The first matching row counts.
const V4_ZONES: &[Row<Ipv4Addr>] = &[
    // "This network" reaches this machine on most systems.
    (Ipv4Addr::new(0, 0, 0, 0), 8, Zone::Loopback),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Zone::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Zone::LinkLocal),
    // Metadata services of Alibaba and Oracle; Azure's host.
    (Ipv4Addr::new(100, 100, 100, 200), 32, Zone::LinkLocal),
    (Ipv4Addr::new(192, 0, 0, 192), 32, Zone::LinkLocal),
    (Ipv4Addr::new(168, 63, 129, 16), 32, Zone::LinkLocal),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Zone::Private),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Zone::Private),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Zone::Private),
    // Carriers and overlay networks (RFC 6598), protocol assignments, benchmarking (RFC 2544).
    (Ipv4Addr::new(100, 64, 0, 0), 10, Zone::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Zone::Private),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Zone::Private),
    // Documentation (RFC 5737), 6to4 relays (RFC 7526), multicast and future use.
    (Ipv4Addr::new(192, 0, 2, 0), 24, Zone::Unusable),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Zone::Unusable),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Zone::Unusable),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Zone::Unusable),
    (Ipv4Addr::new(224, 0, 0, 0), 3, Zone::Unusable),
];

const V6_ZONES: &[Row<Ipv6Addr>] = &[
    (Ipv6Addr::UNSPECIFIED, 127, Zone::Loopback),
    // Metadata services of Amazon, Google and Oracle.
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128, Zone::LinkLocal),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, Zone::LinkLocal),
    (Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe), 128, Zone::LinkLocal),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Zone::LinkLocal),
    // Unique local, site-local, benchmarking (RFC 5180).
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Zone::Private),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Zone::Private),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, Zone::Private),
    // Discarded (RFC 6666), identifiers (RFC 4843, 7343), documentation (RFC 3849, 9637), segment
    // routing (RFC 9602), multicast.
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, Zone::Unusable),
    (Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0), 28, Zone::Unusable),
    (Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0), 28, Zone::Unusable),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Zone::Unusable),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Zone::Unusable),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, Zone::Unusable),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Zone::Unusable),
];

fn of_v4(address: Ipv4Addr) -> Zone {
    let bits = u32::from(address);
    let fits = |(prefix, length, _): &&Row<Ipv4Addr>| {
        (bits ^ u32::from(*prefix)).leading_zeros() >= *length
    };
    V4_ZONES.iter().find(fits).map_or(Zone::Public, |(.., zone)| *zone)
}

fn of_v6(address: Ipv6Addr) -> Zone {
    if let Some(inner) = embedded(address) {
        return of_v4(inner);
    }
    let bits = u128::from(address);
    let fits = |(prefix, length, _): &&Row<Ipv6Addr>| {
        (bits ^ u128::from(*prefix)).leading_zeros() >= *length
    };
    V6_ZONES.iter().find(fits).map_or(Zone::Public, |(.., zone)| *zone)
}

/// The IPv4 address embedded in a mapped, compatible, translated (RFC 2765), NAT64 (RFC 6052,
/// 8215), ISATAP (RFC 5214), 6to4 or Teredo address.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => Some(v4(high, low)),
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(v4(high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] => Some(v4(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        // The local-use prefix (RFC 8215), of 48 or 96 bits.
        [0x64, 0xff9b, 1, high, third, fourth, 0, 0] => {
            Some(v4(high, (third & 0xff) << 8 | fourth >> 8))
        }
        [0x64, 0xff9b, 1, .., high, low] => Some(v4(high, low)),
        [.., 0 | 0x200, 0x5efe, high, low] => Some(v4(high, low)),
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
            ("168.63.129.16", Zone::LinkLocal),
            ("192.0.0.192", Zone::LinkLocal),
            ("fd20:ce::254", Zone::LinkLocal),
            ("fd00:c1::a9fe:a9fe", Zone::LinkLocal),
            ("198.19.255.255", Zone::Private),
            ("198.20.0.0", Zone::Public),
            ("192.0.0.8", Zone::Private),
            ("::ffff:0:10.0.0.1", Zone::Private),
            ("64:ff9b:1::10.0.0.1", Zone::Private),
            ("64:ff9b:1:fffe::127.0.0.1", Zone::Loopback),
            ("64:ff9b:1:0a00:0001::", Zone::Private),
            ("64:ff9b:1::93.184.216.34", Zone::Public),
            ("2606:2800::5efe:192.168.0.1", Zone::Private),
            ("2606:2800::200:5efe:8.8.8.8", Zone::Public),
            ("2001:0:1:2:3:4:80ff:fffe", Zone::Loopback),
            ("192.0.2.1", Zone::Unusable),
            ("198.51.100.1", Zone::Unusable),
            ("203.0.113.1", Zone::Unusable),
            ("192.88.99.1", Zone::Unusable),
            ("240.0.0.1", Zone::Unusable),
            ("2001:db8::1", Zone::Unusable),
            ("3fff::1", Zone::Unusable),
            ("3fff:1000::1", Zone::Public),
            ("100::1", Zone::Unusable),
            ("2001:2::1", Zone::Private),
            ("2001:20::1", Zone::Unusable),
            ("5f00::1", Zone::Unusable),
            ("fec0::1", Zone::Private),
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
