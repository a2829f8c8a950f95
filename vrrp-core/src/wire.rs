//! The wire format: VRRP advertisements, and the headers and frames that are sent with them.
//!
//! ```text
//! octet   0               1     2         3      4          5        6..8      8..
//! VRRPv2  version | type  VRID  priority  count  auth type  seconds  checksum  addresses, data
//! VRRPv3  version | type  VRID  priority  count  0 | centiseconds    checksum  addresses
//! ```
//!
//! Decoding borrows from the octets, allocates nothing and never panics; each rule that discards a
//! packet has its own error variant. Encoding goes to any [`Buffer`] and fails rather than panic where
//! there is no room. Checks beyond the octets of one packet (time to live, configured
//! virtual routers, passwords, replay) are those of [`receive`](crate::receive).
//!
//! ```
//! use core::net::IpAddr;
//! use vrrp_core::wire::{Advertisement, DecodeError, MULTICAST_V4, PseudoHeader};
//!
//! let source = IpAddr::from([192, 0, 2, 1]);
//! let ends = PseudoHeader::new(source, MULTICAST_V4.into()).expect("of one family");
//! let mut octets = [0x31, 51, 100, 1, 0, 100, 0x05, 0x72, 192, 0, 2, 100];
//! let advertisement = Advertisement::decode(&octets, &ends)?;
//! assert_eq!(advertisement.vrid.get(), 51);
//! assert!(advertisement.addresses.iter().eq([IpAddr::from([192, 0, 2, 100])]));
//! octets[2] = 101;
//! assert_eq!(Advertisement::decode(&octets, &ends).unwrap_err(), DecodeError::Checksum);
//! # Ok::<(), DecodeError>(())
//! ```

mod advertisement;
mod ah;
mod announcement;
mod arp;
mod buffer;
mod checksum;
mod error;
mod ethernet;
mod ipv4;
mod ipv6;
mod ndp;

use core::net::{Ipv4Addr, Ipv6Addr};

pub use self::advertisement::{
    AddressIter, Addresses, Advertisement, Authentication, ChecksumForm, Format,
};
pub use self::ah::{AH_LEN, AhHeader, AhPacket, IcvForm, Key, Replay};
pub use self::announcement::announcement_frame;
pub use self::arp::{ArpOperation, ArpPacket};
pub use self::buffer::Buffer;
pub use self::checksum::{Checksum, PseudoHeader};
pub use self::error::{
    AhError, ArpError, DecodeError, EncodeError, EthernetError, Ipv4Error, Ipv6Error, KeyTooLong,
    NdpError, Replayed,
};
pub use self::ethernet::{EtherType, EthernetHeader, multicast_mac};
pub use self::ipv4::{Ipv4Header, Ipv4Packet};
pub use self::ipv6::{Ipv6Header, Ipv6Packet};
pub use self::ndp::NeighborAdvertisement;

/// The IP protocol number of VRRP (RFC 9568 §5.1.1.4).
pub const PROTOCOL: u8 = 112;
/// The IP protocol number of the Authentication Header (RFC 2402 §2).
pub const AH_PROTOCOL: u8 = 51;
/// The group advertisements are sent to over IPv4 (RFC 9568 §5.1.1.2).
pub const MULTICAST_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// The group advertisements are sent to over IPv6 (RFC 9568 §5.1.2.2).
pub const MULTICAST_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
/// The time to live, or hop limit, of every advertisement (RFC 9568 §5.1.1.3, §7.2).
pub const TTL: u8 = 255;
/// The type of service, or traffic class, of an advertisement: class selector 6, network control.
pub const TOS: u8 = 0xc0;
