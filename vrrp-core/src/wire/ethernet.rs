//! Ethernet headers.

use core::net::IpAddr;

use super::buffer::Buffer;
use super::error::{EncodeError, EthernetError, require_room};
use crate::MacAddr;

/// The protocol an Ethernet frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EtherType(pub u16);

impl EtherType {
    /// IPv4.
    pub const IPV4: Self = Self(0x0800);
    /// ARP.
    pub const ARP: Self = Self(0x0806);
    /// IPv6.
    pub const IPV6: Self = Self(0x86dd);
}

/// An Ethernet II header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EthernetHeader {
    /// Destination address.
    pub destination: MacAddr,
    /// Source address.
    pub source: MacAddr,
    /// The protocol carried.
    pub ether_type: EtherType,
}

impl EthernetHeader {
    /// Octets of the header.
    pub const LEN: usize = 14;

    /// Splits a frame, without frame check sequence, into its header and what follows it, padding
    /// included. A VLAN tag is left to the reader as the [`EtherType`] 0x8100.
    ///
    /// # Errors
    /// [`EthernetError::Truncated`] below 14 octets.
    pub const fn decode(frame: &[u8]) -> Result<(Self, &[u8]), EthernetError> {
        let Some((header, payload)) = frame.split_first_chunk::<{ Self::LEN }>() else {
            return Err(EthernetError::Truncated {
                octets: frame.len(),
            });
        };
        let &[d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, high, low] = header;
        let header = Self {
            destination: MacAddr([d0, d1, d2, d3, d4, d5]),
            source: MacAddr([s0, s1, s2, s3, s4, s5]),
            ether_type: EtherType(u16::from_be_bytes([high, low])),
        };
        Ok((header, payload))
    }

    /// Writes the 14 octets.
    ///
    /// # Errors
    /// [`EncodeError::NoRoom`].
    pub fn encode(&self, dst: &mut impl Buffer) -> Result<(), EncodeError> {
        require_room(dst, Self::LEN)?;
        dst.put(&self.destination.0);
        dst.put(&self.source.0);
        dst.put_u16(self.ether_type.0);
        Ok(())
    }
}

/// The Ethernet address frames to the multicast group `group` are sent to, or `None` if it is no
/// group: `01-00-5E` and 23 bits over IPv4 (RFC 1112 §6.4), `33-33` and 32 bits over IPv6 (RFC 2464
/// §7).
#[must_use]
pub const fn multicast_mac(group: IpAddr) -> Option<MacAddr> {
    if !group.is_multicast() {
        return None;
    }
    Some(MacAddr(match group {
        IpAddr::V4(group) => {
            let [_, a, b, c] = group.octets();
            [0x01, 0x00, 0x5e, a & 0x7f, b, c]
        }
        IpAddr::V6(group) => {
            let [.., a, b, c, d] = group.octets();
            [0x33, 0x33, a, b, c, d]
        }
    }))
}
