//! The decoder of rtnetlink messages about interfaces and addresses.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nix::libc;
use vrrp_core::MacAddr;

use super::frame::{Attributes, Message, text, u32_at};
use crate::interfaces::{
    AddressFlags, AddressProtocol, KernelAddress, Link, LinkFlags, LinkKind, Scope,
};

/// Octets of `struct ifinfomsg`.
const LINK_HEADER: usize = 16;
/// Octets of `struct ifaddrmsg`.
const ADDRESS_HEADER: usize = 8;
/// `IFA_PROTO`, Linux 5.18.
pub(super) const IFA_PROTO: u16 = 11;

/// One fact from the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Update {
    Link(Link),
    LinkGone(u32),
    Address(KernelAddress),
    AddressGone(KernelAddress),
}

impl Update {
    /// Reads a message, or `None` if it is about something else.
    pub(crate) fn decode(message: &Message<'_>) -> Option<Self> {
        match message.kind {
            libc::RTM_NEWLINK => link(message.payload).map(Self::Link),
            libc::RTM_DELLINK => gone(message.payload).map(Self::LinkGone),
            libc::RTM_NEWADDR => address(message.payload).map(Self::Address),
            libc::RTM_DELADDR => address(message.payload).map(Self::AddressGone),
            _ => None,
        }
    }
}

/// The index of a link message of no particular family: bridges report their ports, in the same
/// group and with the same message types, as family `AF_BRIDGE`.
fn link_index(payload: &[u8]) -> Option<u32> {
    let family = *payload.first()?;
    if i32::from(family) != libc::AF_UNSPEC {
        return None;
    }
    u32_at(payload, 4).filter(|&index| index != 0)
}

fn gone(payload: &[u8]) -> Option<u32> {
    link_index(payload)
}

fn link(payload: &[u8]) -> Option<Link> {
    let index = link_index(payload)?;
    let flags = LinkFlags::from_bits(u32_at(payload, 8)?);
    let mut name = None;
    let mut link = (None, 0, LinkKind::Plain, None);
    let mut parent_namespace = None;
    let (mut master, mut in_vrf) = (None, false);
    for (kind, value) in Attributes::after(payload, LINK_HEADER)? {
        match kind {
            libc::IFLA_IFNAME => name = text(value).and_then(|name| name.parse().ok()),
            libc::IFLA_ADDRESS => link.0 = <[u8; 6]>::try_from(value).ok().map(MacAddr),
            libc::IFLA_MTU => link.1 = u32_at(value, 0)?,
            libc::IFLA_LINKINFO => {
                link.2 = link_kind(value);
                in_vrf = is_in_vrf(value);
            }
            libc::IFLA_MASTER => master = u32_at(value, 0).filter(|&master| master != 0),
            libc::IFLA_LINK => link.3 = u32_at(value, 0).filter(|&parent| parent != 0),
            libc::IFLA_LINK_NETNSID => {
                parent_namespace = u32_at(value, 0).map(u32::cast_signed);
            }
            // A wireless event is no description: it lacks everything else.
            libc::IFLA_WIRELESS => return None,
            _ => {}
        }
    }
    let (mac, mtu, kind, parent) = link;
    Some(Link {
        index,
        name: name?,
        mac,
        flags,
        mtu,
        kind,
        parent,
        parent_namespace,
        vrf: master.filter(|_| in_vrf),
    })
}

/// Whether the interface over it is a VRF: it may also be a bridge, say.
fn is_in_vrf(info: &[u8]) -> bool {
    let mut attributes = Attributes::new(info);
    let slave = attributes.find(|&(kind, _)| kind == libc::IFLA_INFO_SLAVE_KIND);
    slave.and_then(|(_, value)| text(value)) == Some("vrf")
}

fn link_kind(info: &[u8]) -> LinkKind {
    const MACVLAN_MODE: u16 = 1;
    let attributes = Attributes::new(info);
    let find = |wanted| {
        let mut attributes = attributes.clone();
        attributes
            .find(|&(kind, _)| kind == wanted)
            .map(|(_, value)| value)
    };
    match find(libc::IFLA_INFO_KIND).and_then(text) {
        None => LinkKind::Plain,
        Some("macvlan") => LinkKind::Macvlan {
            mode: find(libc::IFLA_INFO_DATA)
                .and_then(|data| Attributes::new(data).find(|&(kind, _)| kind == MACVLAN_MODE))
                .and_then(|(_, value)| u32_at(value, 0))
                .unwrap_or(0),
        },
        Some(other) => LinkKind::Other(other.into()),
    }
}

fn address(payload: &[u8]) -> Option<KernelAddress> {
    let &[family, prefix_len, flags, scope, ..] = payload else {
        return None;
    };
    let index = u32_at(payload, 4).filter(|&index| index != 0)?;
    let mut flags = AddressFlags::from_bits(flags.into());
    let (mut local, mut far) = (None, None);
    let mut protocol = None;
    for (kind, value) in Attributes::after(payload, ADDRESS_HEADER)? {
        match kind {
            libc::IFA_LOCAL => local = ip(family, value),
            libc::IFA_ADDRESS => far = ip(family, value),
            libc::IFA_FLAGS => flags = AddressFlags::from_bits(u32_at(value, 0)?),
            IFA_PROTO => protocol = value.first().filter(|&&protocol| protocol != 0),
            _ => {}
        }
    }
    let address = local.or(far)?;
    Some(KernelAddress {
        index,
        address,
        peer: far.filter(|&far| far != address),
        prefix_len,
        scope: Scope(scope),
        flags,
        protocol: protocol.copied().map(AddressProtocol),
    })
}

fn ip(family: u8, value: &[u8]) -> Option<IpAddr> {
    match i32::from(family) {
        libc::AF_INET => <[u8; 4]>::try_from(value)
            .ok()
            .map(Ipv4Addr::from)
            .map(IpAddr::V4),
        libc::AF_INET6 => <[u8; 16]>::try_from(value)
            .ok()
            .map(Ipv6Addr::from)
            .map(IpAddr::V6),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, payload: &[u8]) -> Message<'_> {
        Message {
            kind,
            flags: 0,
            sequence: 0,
            port: 0,
            payload,
        }
    }

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut octets = u16::try_from(4 + value.len())
            .unwrap()
            .to_ne_bytes()
            .to_vec();
        octets.extend(kind.to_ne_bytes());
        octets.extend(value);
        octets.resize(octets.len().next_multiple_of(4), 0);
        octets
    }

    fn link_message(family: u8, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut payload = vec![family, 0, 1, 0, 5, 0, 0, 0];
        payload.extend(0x1_1043u32.to_ne_bytes());
        payload.extend([0; 4]);
        payload.extend(attributes.concat());
        payload
    }

    #[test]
    fn a_macvlan_is_described_whole() {
        let data = attribute(2, &attribute(1, &4u32.to_ne_bytes()));
        let info = [attribute(1, b"macvlan\0"), data].concat();
        let payload = link_message(
            0,
            &[
                attribute(3, b"vrrp.51\0"),
                attribute(1, &[0, 0, 0x5e, 0, 1, 51]),
                attribute(4, &1500u32.to_ne_bytes()),
                attribute(5, &2u32.to_ne_bytes()),
                attribute(37, &0i32.to_ne_bytes()),
                attribute(18 | 0x8000, &info),
            ],
        );
        let expected = Link {
            index: 5,
            name: "vrrp.51".parse().unwrap(),
            mac: Some(MacAddr([0, 0, 0x5e, 0, 1, 51])),
            flags: LinkFlags::from_bits(0x1_1043),
            mtu: 1500,
            kind: LinkKind::Macvlan { mode: 4 },
            parent: Some(2),
            parent_namespace: Some(0),
            vrf: None,
        };
        let decoded = Update::decode(&message(16, &payload));
        assert_eq!(decoded, Some(Update::Link(expected)));
    }

    #[test]
    fn of_the_interfaces_over_one_a_vrf_counts() {
        for (kind, vrf) in [(&b"vrf\0"[..], Some(9)), (b"bridge\0", None)] {
            let payload = link_message(
                0,
                &[
                    attribute(3, b"eth0\0"),
                    attribute(4, &1500u32.to_ne_bytes()),
                    attribute(10, &9u32.to_ne_bytes()),
                    attribute(18 | 0x8000, &attribute(4, kind)),
                ],
            );
            let Some(Update::Link(link)) = Update::decode(&message(16, &payload)) else {
                panic!("no link");
            };
            assert_eq!((link.vrf, link.kind), (vrf, LinkKind::Plain));
        }
    }

    #[test]
    fn what_a_bridge_says_of_its_ports_and_wireless_events_are_no_link_changes() {
        let name = attribute(3, b"eth0\0");
        let port = link_message(7, core::slice::from_ref(&name));
        assert_eq!(Update::decode(&message(16, &port)), None);
        assert_eq!(Update::decode(&message(17, &port)), None);
        let wireless = link_message(0, &[name, attribute(11, &[0; 4])]);
        assert_eq!(Update::decode(&message(16, &wireless)), None);
    }

    #[test]
    fn an_address_carries_its_wide_flags_peer_and_protocol() {
        let mut payload = vec![2, 32, 0x80, 253, 5, 0, 0, 0];
        payload.extend(attribute(1, &[192, 0, 2, 2]));
        payload.extend(attribute(2, &[192, 0, 2, 1]));
        payload.extend(attribute(8, &0x281u32.to_ne_bytes()));
        payload.extend(attribute(11, &[18]));
        let expected = KernelAddress {
            index: 5,
            address: Ipv4Addr::new(192, 0, 2, 1).into(),
            peer: Some(Ipv4Addr::new(192, 0, 2, 2).into()),
            prefix_len: 32,
            scope: Scope::LINK,
            flags: AddressFlags::from_bits(0x281),
            protocol: Some(AddressProtocol::VRRP),
        };
        let decoded = Update::decode(&message(20, &payload));
        assert_eq!(decoded, Some(Update::Address(expected)));
    }

    #[test]
    fn an_address_of_the_wrong_length_or_family_is_none() {
        for family in [0, 2, 10, 255] {
            let mut payload = vec![family, 32, 0x80, 0, 5, 0, 0, 0];
            payload.extend(attribute(2, &[192, 0, 2, 1, 9]));
            assert_eq!(Update::decode(&message(21, &payload)), None);
        }
    }
}
