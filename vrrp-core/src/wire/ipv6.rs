//! IPv6 headers, as packet sockets receive and send them.

use core::net::Ipv6Addr;

use super::buffer::Buffer;
use super::checksum::PseudoHeader;
use super::error::{EncodeError, Ipv6Error, require_room};

/// A received IPv6 packet that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6Packet<'a> {
    /// Source address.
    pub source: Ipv6Addr,
    /// Destination address.
    pub destination: Ipv6Addr,
    /// Hop limit.
    pub hop_limit: u8,
    /// The protocol of the payload, or of its first extension header.
    pub next_header: u8,
    /// Octets of the payload, as the header states them.
    pub payload_len: u16,
    /// The payload, without link-layer padding.
    pub payload: &'a [u8],
}

impl<'a> Ipv6Packet<'a> {
    /// Reads the packet at the start of `octets`; octets beyond the payload length are padding of
    /// the link.
    ///
    /// # Errors
    /// See [`Ipv6Error`].
    pub fn decode(octets: &'a [u8]) -> Result<Self, Ipv6Error> {
        let Some((fixed, rest)) = octets.split_first_chunk::<8>() else {
            return Err(Ipv6Error::Truncated {
                octets: octets.len(),
            });
        };
        let &[first, _, _, _, l0, l1, next_header, hop_limit] = fixed;
        if first >> 4 != 6 {
            return Err(Ipv6Error::Version(first >> 4));
        }
        let Some((source, rest)) = rest.split_first_chunk::<16>() else {
            return Err(Ipv6Error::Truncated {
                octets: octets.len(),
            });
        };
        let Some((destination, rest)) = rest.split_first_chunk::<16>() else {
            return Err(Ipv6Error::Truncated {
                octets: octets.len(),
            });
        };
        let stated = u16::from_be_bytes([l0, l1]);
        let Some(payload) = rest.get(..usize::from(stated)) else {
            return Err(Ipv6Error::PayloadLength {
                stated,
                octets: rest.len(),
            });
        };
        Ok(Self {
            source: Ipv6Addr::from(*source),
            destination: Ipv6Addr::from(*destination),
            hop_limit,
            next_header,
            payload_len: stated,
            payload,
        })
    }

    /// The pseudo-header of the payload.
    #[must_use]
    pub const fn pseudo_header(&self) -> PseudoHeader {
        PseudoHeader::V6 {
            source: self.source,
            destination: self.destination,
        }
    }
}

/// An IPv6 header to send, of flow label 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6Header {
    /// Source address.
    pub source: Ipv6Addr,
    /// Destination address.
    pub destination: Ipv6Addr,
    /// Hop limit.
    pub hop_limit: u8,
    /// Traffic class.
    pub traffic_class: u8,
    /// The protocol of the payload.
    pub next_header: u8,
    /// Octets of the payload.
    pub payload_len: u16,
}

impl Ipv6Header {
    /// Octets of the header.
    pub const LEN: usize = 40;

    /// Writes the 40 octets.
    ///
    /// # Errors
    /// [`EncodeError::NoRoom`].
    pub fn encode(&self, dst: &mut impl Buffer) -> Result<(), EncodeError> {
        require_room(dst, Self::LEN)?;
        let class = self.traffic_class;
        dst.put(&[0x60 | class >> 4, class << 4, 0, 0]);
        dst.put_u16(self.payload_len);
        dst.put(&[self.next_header, self.hop_limit]);
        dst.put(&self.source.octets());
        dst.put(&self.destination.octets());
        Ok(())
    }
}
