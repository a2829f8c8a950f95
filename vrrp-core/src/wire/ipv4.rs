//! IPv4 headers, as raw sockets receive and send them.

use core::net::Ipv4Addr;

use super::buffer::Buffer;
use super::checksum::{Checksum, PseudoHeader};
use super::error::{EncodeError, Ipv4Error, require_room};

/// A received IPv4 packet that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Packet<'a> {
    /// The header with its options, 20..=60 octets.
    pub header: &'a [u8],
    /// Source address.
    pub source: Ipv4Addr,
    /// Destination address.
    pub destination: Ipv4Addr,
    /// Time to live.
    pub ttl: u8,
    /// The protocol of the payload.
    pub protocol: u8,
    /// The payload, without link-layer padding.
    pub payload: &'a [u8],
}

impl<'a> Ipv4Packet<'a> {
    /// Reads the packet at the start of `octets`. Options are skipped, octets beyond the total
    /// length are padding of the link. The header checksum was the kernel's to verify.
    ///
    /// # Errors
    /// See [`Ipv4Error`].
    pub fn decode(octets: &'a [u8]) -> Result<Self, Ipv4Error> {
        let Some((fixed, _)) = octets.split_first_chunk::<{ Ipv4Header::LEN }>() else {
            return Err(Ipv4Error::Truncated {
                octets: octets.len(),
            });
        };
        #[rustfmt::skip]
        let &[
            first, _, t0, t1, _, _, f0, f1, ttl, protocol, _, _,
            s0, s1, s2, s3, d0, d1, d2, d3,
        ] = fixed;
        if first >> 4 != 4 {
            return Err(Ipv4Error::Version(first >> 4));
        }
        let header_len = usize::from(first & 0x0f) * 4;
        if header_len < Ipv4Header::LEN {
            return Err(Ipv4Error::HeaderLength { octets: header_len });
        }
        let stated = u16::from_be_bytes([t0, t1]);
        let Some((header, payload)) = octets
            .get(..usize::from(stated))
            .and_then(|packet| packet.split_at_checked(header_len))
        else {
            return Err(Ipv4Error::TotalLength {
                stated,
                octets: octets.len(),
            });
        };
        let more_fragments_and_offset = u16::from_be_bytes([f0, f1]) & 0x3fff;
        if more_fragments_and_offset != 0 {
            return Err(Ipv4Error::Fragment);
        }
        Ok(Self {
            header,
            source: Ipv4Addr::new(s0, s1, s2, s3),
            destination: Ipv4Addr::new(d0, d1, d2, d3),
            ttl,
            protocol,
            payload,
        })
    }

    /// The pseudo-header of the payload.
    #[must_use]
    pub const fn pseudo_header(&self) -> PseudoHeader {
        PseudoHeader::V4 {
            source: self.source,
            destination: self.destination,
        }
    }
}

/// An IPv4 header to send, without options, never fragmented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Header {
    /// Source address.
    pub source: Ipv4Addr,
    /// Destination address.
    pub destination: Ipv4Addr,
    /// Time to live.
    pub ttl: u8,
    /// Type of service.
    pub tos: u8,
    /// Identification. Linux replaces zero on a raw socket.
    pub id: u16,
    /// The protocol of the payload.
    pub protocol: u8,
    /// Octets of the payload, at most 65515.
    pub payload_len: u16,
}

impl Ipv4Header {
    /// Octets of the header.
    pub const LEN: usize = 20;

    /// Writes the 20 octets, checksum included.
    ///
    /// # Errors
    /// [`EncodeError::PayloadLength`] and [`EncodeError::NoRoom`].
    pub fn encode(&self, dst: &mut impl Buffer) -> Result<(), EncodeError> {
        let octets = self.octets()?;
        require_room(dst, octets.len())?;
        dst.put(&octets);
        Ok(())
    }

    /// The header as octets.
    pub(super) fn octets(&self) -> Result<[u8; Self::LEN], EncodeError> {
        let Some(total) = self.payload_len.checked_add(20) else {
            return Err(EncodeError::PayloadLength {
                octets: usize::from(self.payload_len),
            });
        };
        let [t0, t1] = total.to_be_bytes();
        let [i0, i1] = self.id.to_be_bytes();
        let [s0, s1, s2, s3] = self.source.octets();
        let [d0, d1, d2, d3] = self.destination.octets();
        #[rustfmt::skip]
        let mut octets = [
            0x45, self.tos, t0, t1, i0, i1, 0, 0, self.ttl, self.protocol, 0, 0,
            s0, s1, s2, s3, d0, d1, d2, d3,
        ];
        let [c0, c1] = Checksum::new().octets(&octets).field();
        octets[10] = c0;
        octets[11] = c1;
        Ok(octets)
    }
}
