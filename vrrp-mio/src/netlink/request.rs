//! The rtnetlink requests, and their encoding.

use core::net::IpAddr;
use std::io::Cursor;

use neli::consts::nl::NlmF;
use neli::consts::rtnl::{Ifa, Iff, Ifla, IflaInfo, RtAddrFamily, RtScope, RtaType, Rtm};
use neli::nl::{NlPayload, NlmsghdrBuilder};
use neli::rtnl::{Ifaddrmsg, IfaddrmsgBuilder, Ifinfomsg, IfinfomsgBuilder, Rtattr, RtattrBuilder};
use neli::types::{Buffer, RtBuffer};
use neli::{Size, ToBytes};
use nix::libc;
use thiserror::Error;

use super::decode::IFA_PROTO;
use crate::addresses::AddressSpec;
use crate::interfaces::{AddressProtocol, InterfaceName, KernelAddress};
use crate::macvlan::MacvlanSpec;

/// One change to the kernel's interfaces or addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Add an address; an identical one is an error (`EEXIST`).
    AddAddress {
        /// The address.
        spec: AddressSpec,
        /// The protocol tag (`IFA_PROTO`); kernels before 5.18 ignore it.
        protocol: Option<AddressProtocol>,
    },
    /// Remove an address; a missing one is an error (`EADDRNOTAVAIL`).
    RemoveAddress {
        /// The interface.
        index: u32,
        /// The address.
        address: IpAddr,
        /// Length of its prefix in bits.
        prefix_len: u8,
        /// The far end of a point-to-point pair.
        peer: Option<IpAddr>,
    },
    /// Make a macvlan in bridge mode; it is down. An interface of that name is an error (`EEXIST`).
    CreateMacvlan(MacvlanSpec),
    /// Put a macvlan in bridge mode.
    BridgeMacvlan {
        /// The interface.
        index: u32,
    },
    /// Put an interface in a VRF, or in none.
    SetVrf {
        /// The interface.
        index: u32,
        /// The index of the VRF.
        vrf: Option<u32>,
    },
    /// Let the kernel add no IPv6 link-local address to an interface.
    SuppressLinkLocal {
        /// The interface.
        index: u32,
    },
    /// Set an interface up or down.
    SetLink {
        /// The interface.
        index: u32,
        /// Up, or down.
        up: bool,
    },
    /// Delete an interface.
    DeleteLink {
        /// The interface.
        index: u32,
    },
}

/// A request does not fit a netlink message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the request does not fit a netlink message")]
pub struct EncodeError;

impl From<&KernelAddress> for Request {
    /// The removal of `address`.
    fn from(address: &KernelAddress) -> Self {
        Self::RemoveAddress {
            index: address.index,
            address: address.address,
            prefix_len: address.prefix_len,
            peer: address.peer,
        }
    }
}

impl Request {
    /// Appends the message to `datagram`, padded to the alignment of the next one.
    pub(super) fn encode(&self, sequence: u32, datagram: &mut Vec<u8>) -> Result<(), EncodeError> {
        let new = NlmF::CREATE | NlmF::EXCL;
        match self {
            Self::AddAddress { spec, protocol } => append(
                Rtm::Newaddr,
                new,
                sequence,
                addition(spec, *protocol)?,
                datagram,
            ),
            Self::RemoveAddress {
                index,
                address,
                prefix_len,
                peer,
            } => {
                let attributes = ends(*address, *peer)?;
                let message = address_message(*index, *address, *prefix_len, 0, attributes)?;
                append(Rtm::Deladdr, NlmF::empty(), sequence, message, datagram)
            }
            Self::CreateMacvlan(spec) => {
                append(Rtm::Newlink, new, sequence, macvlan(spec)?, datagram)
            }
            Self::BridgeMacvlan { index } => {
                let attributes = [bridge_mode()?].into_iter().collect();
                let message = link_message(*index, Iff::empty(), Iff::empty(), attributes)?;
                append(Rtm::Newlink, NlmF::empty(), sequence, message, datagram)
            }
            Self::SetVrf { index, vrf } => {
                let master = attribute(Ifla::Master, vrf.unwrap_or(0))?;
                let attributes = [master].into_iter().collect();
                let message = link_message(*index, Iff::empty(), Iff::empty(), attributes)?;
                append(Rtm::Newlink, NlmF::empty(), sequence, message, datagram)
            }
            Self::SuppressLinkLocal { index } => {
                let message = without_link_local(*index)?;
                append(Rtm::Newlink, NlmF::empty(), sequence, message, datagram)
            }
            Self::SetLink { index, up } => {
                let flags = if *up { Iff::UP } else { Iff::empty() };
                let message = link_message(*index, flags, Iff::UP, RtBuffer::new())?;
                append(Rtm::Newlink, NlmF::empty(), sequence, message, datagram)
            }
            Self::DeleteLink { index } => {
                let message = link_message(*index, Iff::empty(), Iff::empty(), RtBuffer::new())?;
                append(Rtm::Dellink, NlmF::empty(), sequence, message, datagram)
            }
        }
    }
}

/// Appends a request for everything of `kind` (`RTM_GETLINK`, or `RTM_GETADDR` of one family).
pub(super) fn encode_dump(
    of: Dump,
    sequence: u32,
    datagram: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let family = match of {
        Dump::Links => {
            let message = link_message(0, Iff::empty(), Iff::empty(), RtBuffer::new())?;
            return append(Rtm::Getlink, NlmF::DUMP, sequence, message, datagram);
        }
        Dump::V4Addresses => RtAddrFamily::Inet,
        Dump::V6Addresses => RtAddrFamily::Inet6,
    };
    let message = IfaddrmsgBuilder::default()
        .ifa_family(family)
        .ifa_prefixlen(0)
        .ifa_scope(RtScope::Universe)
        .ifa_index(0)
        .build()
        .map_err(|_| EncodeError)?;
    append(Rtm::Getaddr, NlmF::DUMP, sequence, message, datagram)
}

/// A table the kernel lists on request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dump {
    Links,
    V4Addresses,
    V6Addresses,
}

fn append<P: Size + ToBytes>(
    kind: Rtm,
    flags: NlmF,
    sequence: u32,
    payload: P,
    datagram: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let acknowledge = if flags.contains(NlmF::DUMP) {
        NlmF::empty()
    } else {
        NlmF::ACK
    };
    let message = NlmsghdrBuilder::default()
        .nl_type(kind)
        .nl_flags(flags | acknowledge | NlmF::REQUEST)
        .nl_seq(sequence)
        .nl_payload(NlPayload::<Rtm, P>::Payload(payload))
        .build()
        .map_err(|_| EncodeError)?;
    let mut octets = Cursor::new(Vec::with_capacity(message.padded_size()));
    message.to_bytes(&mut octets).map_err(|_| EncodeError)?;
    datagram.extend(octets.into_inner());
    datagram.resize(datagram.len().next_multiple_of(4), 0);
    Ok(())
}

fn addition(
    spec: &AddressSpec,
    protocol: Option<AddressProtocol>,
) -> Result<Ifaddrmsg, EncodeError> {
    let mut attributes = ends(spec.address, spec.peer)?;
    if let Some(broadcast) = spec.broadcast {
        attributes.push(attribute(Ifa::Broadcast, broadcast.octets())?);
    }
    if let Some(label) = &spec.label {
        attributes.push(attribute(Ifa::Label, label.as_str())?);
    }
    let flags = flags(spec);
    if flags != 0 {
        attributes.push(attribute(Ifa::Flags, flags)?);
    }
    if let Some(preferred) = spec.preferred_lifetime {
        attributes.push(attribute(Ifa::Cacheinfo, cache_info(preferred))?);
    }
    if let Some(AddressProtocol(protocol)) = protocol {
        attributes.push(attribute(Ifa::from(IFA_PROTO), protocol)?);
    }
    address_message(
        spec.index,
        spec.address,
        spec.prefix_len,
        spec.scope.0,
        attributes,
    )
}

fn flags(spec: &AddressSpec) -> u32 {
    [
        (
            spec.address.is_ipv6() && !spec.duplicate_detection,
            libc::IFA_F_NODAD,
        ),
        (spec.home, libc::IFA_F_HOMEADDRESS),
        (spec.manage_temporary, libc::IFA_F_MANAGETEMPADDR),
        (spec.no_prefix_route, libc::IFA_F_NOPREFIXROUTE),
        (spec.auto_join, libc::IFA_F_MCAUTOJOIN),
    ]
    .into_iter()
    .filter_map(|(wanted, flag)| wanted.then_some(flag))
    .fold(0, |flags, flag| flags | flag)
}

/// `struct ifa_cacheinfo`: preferred and valid lifetime, and two stamps the kernel sets.
fn cache_info(preferred: u32) -> [u8; 16] {
    const FOR_EVER: u32 = u32::MAX;
    let mut octets = [0; 16];
    let fields = [preferred, FOR_EVER, 0, 0].map(u32::to_ne_bytes);
    octets.copy_from_slice(fields.as_flattened());
    octets
}

/// `IFA_LOCAL` and `IFA_ADDRESS`: the near and the far end, the same if there is no peer.
fn ends(address: IpAddr, peer: Option<IpAddr>) -> Result<RtBuffer<Ifa, Buffer>, EncodeError> {
    let mut attributes = RtBuffer::new();
    attributes.push(ip(Ifa::Local, address)?);
    attributes.push(ip(Ifa::Address, peer.unwrap_or(address))?);
    Ok(attributes)
}

fn ip(kind: Ifa, address: IpAddr) -> Result<Rtattr<Ifa, Buffer>, EncodeError> {
    match address {
        IpAddr::V4(address) => attribute(kind, address.octets()),
        IpAddr::V6(address) => attribute(kind, address.octets()),
    }
}

fn address_message(
    index: u32,
    address: IpAddr,
    prefix_len: u8,
    scope: u8,
    attributes: RtBuffer<Ifa, Buffer>,
) -> Result<Ifaddrmsg, EncodeError> {
    IfaddrmsgBuilder::default()
        .ifa_family(match address {
            IpAddr::V4(_) => RtAddrFamily::Inet,
            IpAddr::V6(_) => RtAddrFamily::Inet6,
        })
        .ifa_prefixlen(prefix_len)
        .ifa_scope(RtScope::from(scope))
        .ifa_index(index)
        .rtattrs(attributes)
        .build()
        .map_err(|_| EncodeError)
}

fn macvlan(spec: &MacvlanSpec) -> Result<Ifinfomsg, EncodeError> {
    let attributes = [
        name(&spec.name)?,
        attribute(Ifla::Link, spec.parent)?,
        attribute(Ifla::Address, spec.mac.0)?,
        bridge_mode()?,
    ];
    link_message(
        0,
        Iff::empty(),
        Iff::empty(),
        attributes.into_iter().collect(),
    )
}

/// `IFLA_LINKINFO` { macvlan { `IFLA_MACVLAN_MODE` = bridge } }.
fn bridge_mode() -> Result<Rtattr<Ifla, Buffer>, EncodeError> {
    const MACVLAN_MODE: u16 = 1;
    const MODE_BRIDGE: u32 = 4;
    let data: RtBuffer<Ifla, Buffer> = [attribute(Ifla::from(MACVLAN_MODE), MODE_BRIDGE)?]
        .into_iter()
        .collect();
    let info: RtBuffer<IflaInfo, Buffer> = [
        attribute(IflaInfo::Kind, "macvlan")?,
        attribute(IflaInfo::Data, data)?,
    ]
    .into_iter()
    .collect();
    attribute(Ifla::Linkinfo, info)
}

/// `IFLA_AF_SPEC` { `AF_INET6` { `IFLA_INET6_ADDR_GEN_MODE` = none } }.
fn without_link_local(index: u32) -> Result<Ifinfomsg, EncodeError> {
    const ADDR_GEN_MODE: u16 = 8;
    const MODE_NONE: u8 = 1;
    const AF_INET6: u16 = 10;
    let inet6: RtBuffer<Ifla, Buffer> = [attribute(Ifla::from(ADDR_GEN_MODE), MODE_NONE)?]
        .into_iter()
        .collect();
    let families: RtBuffer<Ifla, Buffer> = [attribute(Ifla::from(AF_INET6), inet6)?]
        .into_iter()
        .collect();
    let attributes = [attribute(Ifla::AfSpec, families)?].into_iter().collect();
    link_message(index, Iff::empty(), Iff::empty(), attributes)
}

fn name(name: &InterfaceName) -> Result<Rtattr<Ifla, Buffer>, EncodeError> {
    attribute(Ifla::Ifname, name.as_str())
}

fn link_message(
    index: u32,
    flags: Iff,
    change: Iff,
    attributes: RtBuffer<Ifla, Buffer>,
) -> Result<Ifinfomsg, EncodeError> {
    IfinfomsgBuilder::default()
        .ifi_family(RtAddrFamily::Unspecified)
        .ifi_index(i32::try_from(index).map_err(|_| EncodeError)?)
        .ifi_flags(flags)
        .ifi_change(change)
        .rtattrs(attributes)
        .build()
        .map_err(|_| EncodeError)
}

/// neli ends text payloads with a NUL itself.
fn attribute<T: RtaType, P: Size + ToBytes>(
    kind: T,
    payload: P,
) -> Result<Rtattr<T, Buffer>, EncodeError> {
    RtattrBuilder::default()
        .rta_type(kind)
        .rta_payload(payload)
        .build()
        .map_err(|_| EncodeError)
}
