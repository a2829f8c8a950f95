//! The reasons for which a received packet is discarded.

use crate::wire::{AhError, DecodeError, Ipv4Error};
use crate::{Interval, Version};

/// Why a packet is discarded; each variant has a counter in [`Statistics`](crate::Statistics).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Discard {
    /// The IPv4 header is unusable.
    #[error("IPv4 header: {0}")]
    Ipv4(#[from] Ipv4Error),
    /// The Authentication Header is unusable.
    #[error("authentication header: {0}")]
    Ah(AhError),
    /// The octets are not a valid advertisement.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// Time to live or hop limit is not 255, or outside the peer's range (RFC 9568 §7.1).
    #[error("time to live {0} is not accepted")]
    Ttl(u8),
    /// No virtual router of this VRID on the interface (RFC 9568 §7.1).
    #[error("virtual router is not configured here")]
    Vrid,
    /// Another version than the virtual router speaks (RFC 9568 §7.1).
    #[error("{0} is not what this virtual router speaks")]
    Version(Version),
    /// Multicast where unicast is configured, or another group, or the reverse.
    #[error("destination is not where this virtual router listens")]
    Destination,
    /// Unicast from an address that is no peer.
    #[error("source is not a configured peer")]
    Peer,
    /// Another authentication type than configured (RFC 3768 §5.3.6).
    #[error("authentication type is not the configured one")]
    AuthenticationType,
    /// The password or the integrity check value is wrong (RFC 2338 §5.3.6).
    #[error("authentication failed")]
    Authentication,
    /// The sequence number of the Authentication Header did not increase.
    #[error("authentication header is a replay")]
    Replay,
    /// This router owns the addresses and discards every advertisement: in VRRPv2 (RFC 3768 §7.1),
    /// or by policy (RFC 9568 §7.1, erratum 8298).
    #[error("this router is the owner")]
    Owner,
    /// VRRPv2 with another advertisement interval (RFC 3768 §7.1).
    #[error("advertisement interval of {theirs} is not the configured one")]
    Interval {
        /// The sender's interval.
        theirs: Interval,
    },
    /// The first IPv6 address is not link-local, and the policy is strict (RFC 9568 §5.2.9,
    /// erratum 8300).
    #[error("first IPv6 address is not link-local")]
    FirstAddress,
    /// The address list differs, and the policy is strict (RFC 9568 §7.1, RFC 3768 §7.1).
    #[error("address list is not the configured one")]
    AddressList,
}

impl Discard {
    /// How many kinds there are.
    pub const KINDS: usize = 15;

    /// The place of this kind among all, below [`KINDS`](Self::KINDS): for tables, and to report
    /// each kind once.
    #[must_use]
    pub const fn index(&self) -> usize {
        match self {
            Self::Ipv4(_) => 0,
            Self::Ah(_) => 1,
            Self::Decode(_) => 2,
            Self::Ttl(_) => 3,
            Self::Vrid => 4,
            Self::Version(_) => 5,
            Self::Destination => 6,
            Self::Peer => 7,
            Self::AuthenticationType => 8,
            Self::Authentication => 9,
            Self::Replay => 10,
            Self::Owner => 11,
            Self::Interval { .. } => 12,
            Self::FirstAddress => 13,
            Self::AddressList => 14,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_discard_has_a_place_of_its_own() {
        let theirs = Interval::DEFAULT;
        let all = [
            Discard::Ipv4(Ipv4Error::Truncated { octets: 3 }),
            Discard::Ah(AhError::Truncated { octets: 3 }),
            Discard::Decode(DecodeError::Checksum),
            Discard::Ttl(1),
            Discard::Vrid,
            Discard::Version(Version::V2),
            Discard::Destination,
            Discard::Peer,
            Discard::AuthenticationType,
            Discard::Authentication,
            Discard::Replay,
            Discard::Owner,
            Discard::Interval { theirs },
            Discard::FirstAddress,
            Discard::AddressList,
        ];
        assert_eq!(all.len(), Discard::KINDS);
        for (place, discard) in all.iter().enumerate() {
            assert_eq!(discard.index(), place);
        }
    }
}
