//! The errors of decoding and encoding.

use super::buffer::Buffer;
use crate::{Family, IntervalError};

/// Why an advertisement is discarded.
///
/// Variants are in the order of the checks; the first that fails is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Fewer than the eight octets of the header (RFC 9568 §7.1).
    #[error("{octets} octets are too few for a VRRP header")]
    Truncated {
        /// Octets received.
        octets: usize,
    },
    /// A version other than 2 and 3, or version 2 over IPv6 (RFC 9568 §7.1).
    #[error("version {0} is not supported")]
    Version(u8),
    /// A packet type other than 1, advertisement (RFC 9568 §7.1).
    #[error("packet type {0} is unknown")]
    Type(u8),
    /// The length does not agree with the address count (RFC 9568 §7.1, RFC 3768 §7.1).
    #[error("{octets} octets do not hold {count} addresses")]
    Length {
        /// The address count of the header.
        count: u8,
        /// Octets received.
        octets: usize,
    },
    /// The checksum does not verify in any form the version and family have (RFC 9568 §7.1).
    #[error("checksum does not verify")]
    Checksum,
    /// VRID 0 (RFC 9568 §5.2.3).
    #[error("virtual router identifier is zero")]
    VridZero,
    /// A VRRPv2 authentication type other than 0, 1 and 2 (RFC 3768 §5.3.6).
    #[error("authentication type {0} is unknown")]
    AuthenticationType(u8),
    /// A VRRPv3 packet without addresses (RFC 9568 §5.2.5, erratum 8299).
    #[error("no addresses are advertised")]
    NoAddresses,
    /// An advertisement interval of zero (RFC 9568 §5.2.7, erratum 8301).
    #[error("advertisement interval is zero")]
    IntervalZero,
}

/// Why a packet cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// More than the 255 addresses one advertisement can count.
    #[error("{count} addresses are more than the 255 of one advertisement")]
    TooManyAddresses {
        /// Addresses to advertise.
        count: usize,
    },
    /// VRRPv3 does not advertise without addresses (erratum 8299).
    #[error("VRRPv3 cannot advertise no addresses")]
    NoAddresses,
    /// The addresses are of another family than the packet (RFC 9568 §5.2.9).
    #[error("{addresses} addresses cannot be carried over {packet}")]
    Family {
        /// The family of the addresses.
        addresses: Family,
        /// The family of the packet.
        packet: Family,
    },
    /// VRRPv2 knows no IPv6.
    #[error("VRRPv2 cannot be carried over IPv6")]
    V2OverIpv6,
    /// The interval is not one the version can carry.
    #[error("interval cannot be carried")]
    Interval(#[from] IntervalError),
    /// The payload exceeds what an IPv4 total length can state.
    #[error("payload of {octets} octets is too long for IPv4")]
    PayloadLength {
        /// Octets of the payload.
        octets: usize,
    },
    /// The buffer is too small; nothing was written.
    #[error("{needed} octets do not fit the {room} left in the buffer")]
    NoRoom {
        /// Octets to write.
        needed: usize,
        /// Octets left in the buffer.
        room: usize,
    },
}

/// Checks that `dst` takes `needed` octets: `Buffer::put` panics otherwise.
pub(super) fn require_room(dst: &impl Buffer, needed: usize) -> Result<(), EncodeError> {
    let room = dst.room();
    if room < needed {
        return Err(EncodeError::NoRoom { needed, room });
    }
    Ok(())
}

/// Why octets are no IPv4 packet to look into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ipv4Error {
    /// Fewer than the twenty octets of the header.
    #[error("{octets} octets are too few for an IPv4 header")]
    Truncated {
        /// Octets received.
        octets: usize,
    },
    /// The version is not 4.
    #[error("IP version {0} is not 4")]
    Version(u8),
    /// The header length is below twenty octets.
    #[error("header length of {octets} octets is below 20")]
    HeaderLength {
        /// The stated length.
        octets: usize,
    },
    /// The total length is shorter than the header or longer than what was received.
    #[error("total length of {stated} does not fit the {octets} octets received")]
    TotalLength {
        /// The stated length.
        stated: u16,
        /// Octets received.
        octets: usize,
    },
    /// A fragment: a raw packet socket sees them before reassembly.
    #[error("packet is a fragment")]
    Fragment,
}

/// Why octets are no IPv6 packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ipv6Error {
    /// Fewer than the forty octets of the header.
    #[error("{octets} octets are too few for an IPv6 header")]
    Truncated {
        /// Octets received.
        octets: usize,
    },
    /// The version is not 6.
    #[error("IP version {0} is not 6")]
    Version(u8),
    /// The payload length is longer than what was received.
    #[error("payload length of {stated} exceeds the {octets} octets received")]
    PayloadLength {
        /// The stated length.
        stated: u16,
        /// Octets received after the header.
        octets: usize,
    },
}

/// Why octets are no Ethernet frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EthernetError {
    /// Fewer than the fourteen octets of the header.
    #[error("{octets} octets are too few for an Ethernet header")]
    Truncated {
        /// Octets received.
        octets: usize,
    },
}

/// Why a frame is no ARP packet of IPv4 over Ethernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArpError {
    /// No Ethernet header.
    #[error("frame is not Ethernet")]
    Ethernet(#[from] EthernetError),
    /// The frame carries another protocol.
    #[error("EtherType {0:#06x} is not ARP")]
    EtherType(u16),
    /// Fewer than the 28 octets of the packet.
    #[error("{octets} octets are too few for ARP")]
    Truncated {
        /// Octets after the Ethernet header.
        octets: usize,
    },
    /// Hardware or protocol address space is not Ethernet and IPv4.
    #[error("ARP is not about IPv4 over Ethernet")]
    AddressSpace,
    /// Neither request nor reply.
    #[error("ARP operation {0} is unknown")]
    Operation(u16),
}

/// Why a frame is no valid neighbor advertisement (RFC 4861 §7.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NdpError {
    /// No Ethernet header.
    #[error("frame is not Ethernet")]
    Ethernet(#[from] EthernetError),
    /// The frame carries another protocol.
    #[error("EtherType {0:#06x} is not IPv6")]
    EtherType(u16),
    /// No IPv6 packet.
    #[error("packet is not IPv6")]
    Ipv6(#[from] Ipv6Error),
    /// The packet carries another protocol.
    #[error("next header {0} is not ICMPv6")]
    NextHeader(u8),
    /// The hop limit is below 255: the sender is not on the link.
    #[error("hop limit {0} is not 255")]
    HopLimit(u8),
    /// Fewer than the 24 octets of the message.
    #[error("{octets} octets are too few for a neighbor advertisement")]
    Truncated {
        /// Octets of the ICMPv6 message.
        octets: usize,
    },
    /// The ICMPv6 type and code are not 136 and 0.
    #[error("ICMPv6 type {kind} code {code} is no neighbor advertisement")]
    Type {
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
    },
    /// The checksum does not verify.
    #[error("checksum does not verify")]
    Checksum,
    /// The target is a multicast address.
    #[error("target is a multicast address")]
    MulticastTarget,
    /// Sent to a group, yet with the solicited flag.
    #[error("solicited flag is set on a multicast packet")]
    SolicitedMulticast,
    /// An option of length zero, beyond the end, or a link-layer address that is not Ethernet.
    #[error("option does not fit")]
    Option,
}

/// Why a packet is not authenticated by IP AH.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AhError {
    /// The IPv4 packet carries another protocol.
    #[error("protocol {0} is not the authentication header")]
    Protocol(u8),
    /// The IPv4 header has options, which no VRRP router sends with AH.
    #[error("IPv4 header has options")]
    IpOptions,
    /// Fewer than the 24 octets of the header.
    #[error("{octets} octets are too few for an authentication header")]
    Truncated {
        /// Octets after the IPv4 header.
        octets: usize,
    },
    /// The authenticated protocol is not VRRP.
    #[error("next header {0} is not VRRP")]
    NextHeader(u8),
    /// The length is not the 4 of a 96-bit ICV.
    #[error("payload length {0} is not 4")]
    Length(u8),
    /// The integrity check value is not the key's, in either form.
    #[error("integrity check value does not verify")]
    Icv,
}

/// A sequence number that is not above the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sequence number {sequence} is not above {last}")]
pub struct Replayed {
    /// The sequence number received.
    pub sequence: u32,
    /// The last one accepted.
    pub last: u32,
}

/// A password longer than the eight octets that VRRPv2 carries (RFC 2338 §5.3.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("password of {octets} octets is longer than 8")]
pub struct KeyTooLong {
    /// Octets of the password.
    pub octets: usize,
}
