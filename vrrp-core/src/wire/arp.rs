//! ARP packets that announce virtual addresses and answer requests for them.

use core::net::Ipv4Addr;

use super::buffer::Buffer;
use super::error::{ArpError, EncodeError, require_room};
use super::ethernet::{EtherType, EthernetHeader};
use crate::MacAddr;

/// The operation of an ARP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArpOperation {
    /// Who has the target address?
    Request,
    /// The sender has the sender address.
    Reply,
}

impl ArpOperation {
    /// The operation code (RFC 826).
    const fn code(self) -> u16 {
        match self {
            Self::Request => 1,
            Self::Reply => 2,
        }
    }
}

/// An ARP packet of IPv4 over Ethernet (RFC 826).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArpPacket {
    /// Request or reply.
    pub operation: ArpOperation,
    /// The sender's Ethernet address.
    pub sender_mac: MacAddr,
    /// The sender's IPv4 address.
    pub sender_address: Ipv4Addr,
    /// The target's Ethernet address.
    pub target_mac: MacAddr,
    /// The target's IPv4 address.
    pub target_address: Ipv4Addr,
}

/// Hardware space Ethernet, protocol space IPv4, and the lengths of their addresses.
const ADDRESS_SPACE: [u8; 6] = [0x00, 0x01, 0x08, 0x00, 6, 4];

impl ArpPacket {
    /// Octets of the packet without Ethernet header.
    pub const LEN: usize = 28;
    /// Octets of the packet with its Ethernet header.
    pub const FRAME_LEN: usize = EthernetHeader::LEN + Self::LEN;

    /// The gratuitous request that announces `address` at `mac` (RFC 3768 §6.4.1). The
    /// target's Ethernet address is broadcast, as keepalived and FRR send it; receivers ignore it.
    #[must_use]
    pub const fn gratuitous_request(mac: MacAddr, address: Ipv4Addr) -> Self {
        Self {
            operation: ArpOperation::Request,
            sender_mac: mac,
            sender_address: address,
            target_mac: MacAddr::BROADCAST,
            target_address: address,
        }
    }

    /// The gratuitous reply that announces `address` at `mac`. The target's Ethernet
    /// address is `mac` too (RFC 9568 §6.4.1, errata 7947 and 7949).
    #[must_use]
    pub const fn gratuitous_reply(mac: MacAddr, address: Ipv4Addr) -> Self {
        Self {
            operation: ArpOperation::Reply,
            sender_mac: mac,
            sender_address: address,
            target_mac: mac,
            target_address: address,
        }
    }

    /// The reply to this request: its target address is at `mac` (RFC 9568 §8.1.2).
    #[must_use]
    pub const fn answer(&self, mac: MacAddr) -> Self {
        Self {
            operation: ArpOperation::Reply,
            sender_mac: mac,
            sender_address: self.target_address,
            target_mac: self.sender_mac,
            target_address: self.sender_address,
        }
    }

    /// Reads an Ethernet frame; padding after the packet is ignored.
    ///
    /// # Errors
    /// See [`ArpError`].
    pub fn decode(frame: &[u8]) -> Result<Self, ArpError> {
        let (header, payload) = EthernetHeader::decode(frame)?;
        if header.ether_type != EtherType::ARP {
            return Err(ArpError::EtherType(header.ether_type.0));
        }
        let Some((packet, _)) = payload.split_first_chunk::<{ Self::LEN }>() else {
            return Err(ArpError::Truncated {
                octets: payload.len(),
            });
        };
        #[rustfmt::skip]
        let &[
            h0, h1, p0, p1, hl, pl, o0, o1,
            m0, m1, m2, m3, m4, m5, a0, a1, a2, a3,
            n0, n1, n2, n3, n4, n5, b0, b1, b2, b3,
        ] = packet;
        if [h0, h1, p0, p1, hl, pl] != ADDRESS_SPACE {
            return Err(ArpError::AddressSpace);
        }
        let operation = match u16::from_be_bytes([o0, o1]) {
            1 => ArpOperation::Request,
            2 => ArpOperation::Reply,
            code => return Err(ArpError::Operation(code)),
        };
        Ok(Self {
            operation,
            sender_mac: MacAddr([m0, m1, m2, m3, m4, m5]),
            sender_address: Ipv4Addr::new(a0, a1, a2, a3),
            target_mac: MacAddr([n0, n1, n2, n3, n4, n5]),
            target_address: Ipv4Addr::new(b0, b1, b2, b3),
        })
    }

    /// Writes the 42 octets of a frame from `source` to `destination`. `source` need not be the
    /// sender's address in the packet (RFC 9568 §8.1.2).
    ///
    /// # Errors
    /// [`EncodeError::NoRoom`].
    pub fn encode(
        &self,
        source: MacAddr,
        destination: MacAddr,
        dst: &mut impl Buffer,
    ) -> Result<(), EncodeError> {
        require_room(dst, Self::FRAME_LEN)?;
        let header = EthernetHeader {
            destination,
            source,
            ether_type: EtherType::ARP,
        };
        header.encode(dst)?;
        dst.put(&ADDRESS_SPACE);
        dst.put_u16(self.operation.code());
        dst.put(&self.sender_mac.0);
        dst.put(&self.sender_address.octets());
        dst.put(&self.target_mac.0);
        dst.put(&self.target_address.octets());
        Ok(())
    }
}
