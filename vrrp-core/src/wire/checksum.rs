//! The Internet checksum.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Family;

/// Source and destination of an IP packet: what an upper-layer checksum may cover besides the
/// packet's own octets, and the family, which decides how long an advertised address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PseudoHeader {
    /// Over IPv4 (RFC 793 §3.1).
    V4 {
        /// Source address.
        source: Ipv4Addr,
        /// Destination address.
        destination: Ipv4Addr,
    },
    /// Over IPv6 (RFC 8200 §8.1).
    V6 {
        /// Source address.
        source: Ipv6Addr,
        /// Destination address.
        destination: Ipv6Addr,
    },
}

impl PseudoHeader {
    /// The pseudo-header of two addresses, or `None` if they are of different families.
    #[must_use]
    pub const fn new(source: IpAddr, destination: IpAddr) -> Option<Self> {
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => Some(Self::V4 {
                source,
                destination,
            }),
            (IpAddr::V6(source), IpAddr::V6(destination)) => Some(Self::V6 {
                source,
                destination,
            }),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
        }
    }

    /// The family of both addresses.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self {
            Self::V4 { .. } => Family::V4,
            Self::V6 { .. } => Family::V6,
        }
    }

    /// Source address.
    #[must_use]
    pub const fn source(&self) -> IpAddr {
        match *self {
            Self::V4 { source, .. } => IpAddr::V4(source),
            Self::V6 { source, .. } => IpAddr::V6(source),
        }
    }

    /// Destination address.
    #[must_use]
    pub const fn destination(&self) -> IpAddr {
        match *self {
            Self::V4 { destination, .. } => IpAddr::V4(destination),
            Self::V6 { destination, .. } => IpAddr::V6(destination),
        }
    }
}

/// A running one's complement sum of 16-bit words (RFC 1071).
///
/// Words are summed in the order of the machine and swapped once at the end, four octets at a time
/// (RFC 1071 §2).
#[derive(Clone, Copy, Debug, Default)]
pub struct Checksum(u64);

impl Checksum {
    /// The sum of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(0)
    }

    /// Adds `octets`, followed by a zero octet if they are odd in number: only the last piece of a
    /// message may be.
    #[must_use]
    #[inline]
    pub fn octets(self, octets: &[u8]) -> Self {
        let (words, rest) = octets.as_chunks::<4>();
        let sum = words.iter().fold(self, |sum, word| sum.word(*word));
        if rest.is_empty() {
            return sum;
        }
        let mut last = [0; 4];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        sum.word(last)
    }

    /// Adds two 16-bit words. The sum has room for 2³² such additions.
    const fn word(self, octets: [u8; 4]) -> Self {
        Self(self.0 + u32::from_ne_bytes(octets) as u64)
    }

    /// Adds the pseudo-header of a message of `length` octets of IP protocol `protocol`.
    #[must_use]
    #[inline]
    pub fn pseudo_header(self, ends: &PseudoHeader, protocol: u8, length: u16) -> Self {
        // Zeros apart, both layouts end in the same two words.
        let [high, low] = length.to_be_bytes();
        let sum = self.word([high, low, 0, protocol]);
        match ends {
            PseudoHeader::V4 {
                source,
                destination,
            } => sum.word(source.octets()).word(destination.octets()),
            PseudoHeader::V6 {
                source,
                destination,
            } => sum.octets(&source.octets()).octets(&destination.octets()),
        }
    }

    /// Whether a message summed with its checksum in place is intact: the sum folds to all ones.
    ///
    /// Both representations of zero are accepted so; comparing a recomputed checksum with the
    /// received one would refuse one of them.
    #[must_use]
    #[inline]
    pub const fn verifies(self) -> bool {
        // Folding keeps the remainder by 0xffff: a nonzero multiple of it folds to all ones.
        self.0 != 0 && self.0.is_multiple_of(0xffff)
    }

    /// The checksum field of a message that was summed with that field zero.
    #[must_use]
    #[inline]
    pub const fn field(self) -> [u8; 2] {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum >> 16) + (sum & 0xffff);
        }
        #[expect(clippy::cast_possible_truncation, reason = "the loop ends at 0xffff")]
        let folded = sum as u16;
        (!folded).to_ne_bytes()
    }
}
