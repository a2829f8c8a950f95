//! What rtnetlink says about interfaces and addresses.

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

/// The index of a link message of no particular family: bridges tell about their ports, in the same
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
    for (kind, value) in Attributes::after(payload, LINK_HEADER)? {
        match kind {
            libc::IFLA_IFNAME => name = text(value).and_then(|name| name.parse().ok()),
            libc::IFLA_ADDRESS => link.0 = <[u8; 6]>::try_from(value).ok().map(MacAddr),
            libc::IFLA_MTU => link.1 = u32_at(value, 0)?,
            libc::IFLA_LINKINFO => link.2 = link_kind(value),
            libc::IFLA_LINK => link.3 = u32_at(value, 0).filter(|&parent| parent != 0),
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
    })
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
