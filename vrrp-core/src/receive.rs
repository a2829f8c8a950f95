//! Admission: the checks of a decoded advertisement before it reaches the state machine
//! (RFC 9568 §7.1).
//!
//! Decoding refuses what no router may accept. Admission compares a packet with one virtual router:
//! hop limit, version, group or peers, authentication, interval and address list. An
//! [`Endpoint`](crate::Endpoint) does both; this is for who has a codec or a loop of their own.
//!
//! ```
//! use core::net::IpAddr;
//! use vrrp_core::receive::{Admission, Discard, Packet, ReplayWindow};
//! use vrrp_core::wire::{Addresses, Advertisement, PseudoHeader};
//! use vrrp_core::{Config, Family, Instant, Settings, Version};
//!
//! let octets = [0x31, 51, 200, 1, 0, 100, 0xa1, 0x70, 192, 0, 2, 100];
//! let (source, destination) = (IpAddr::from([192, 0, 2, 2]), IpAddr::from([224, 0, 0, 18]));
//! let ends = PseudoHeader::new(source, destination).expect("of one family");
//! let advertisement = Advertisement::decode(&octets, &ends)?;
//!
//! let config = Config::try_from(Settings::new(Version::V3, Family::V4, 51))?;
//! let admission = Admission::new(&config, Addresses::V4(&[[192, 0, 2, 100]]));
//! let mut packet = Packet { source, destination, ttl: 255, advertisement, ah: None };
//! let mut admit = |packet: &Packet<'_>| {
//!     let replay = &mut ReplayWindow::new();
//!     admission.admit(Instant::EPOCH, packet, config.priority(), None, replay)
//! };
//! assert_eq!(admit(&packet)?.heard.priority.get(), 200);
//! packet.ttl = 64;
//! assert_eq!(admit(&packet), Err(Discard::Ttl(64)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod discard;
mod form;
mod replay;
#[cfg(test)]
#[cfg(feature = "ah")]
mod tests;

use core::net::IpAddr;

pub use self::discard::Discard;
pub use self::form::FollowedForm;
pub use self::replay::ReplayWindow;
use crate::wire::{
    Addresses, Advertisement, AhPacket, Authentication, ChecksumForm, Format, IcvForm, Key,
    MULTICAST_V4, MULTICAST_V6, TTL,
};
use crate::{Config, Family, Heard, Instant, Priority, Version};

/// A decoded advertisement, with the headers of its packet.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Source of the IP packet.
    pub source: IpAddr,
    /// Destination of the IP packet.
    pub destination: IpAddr,
    /// Time to live or hop limit on arrival.
    pub ttl: u8,
    /// The advertisement.
    pub advertisement: Advertisement<'a>,
    /// The Authentication Header around it, if it came in one.
    pub ah: Option<&'a AhPacket<'a>>,
}

/// The VRRPv2 authentication a virtual router expects (RFC 3768 §5.3.6, RFC 2338 §5.3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Type 0. VRRPv3 has no other.
    None,
    /// Type 1 with this password.
    Simple(Key),
    /// Type 2 with this key. With the feature `ah`.
    #[cfg(feature = "ah")]
    Ah(Key),
}

/// A unicast peer and the hop counts its packets may arrive with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Lowest accepted time to live or hop limit.
    pub min_ttl: u8,
    /// Highest accepted time to live or hop limit.
    pub max_ttl: u8,
}

/// The expected senders of a virtual router's advertisements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach<'a> {
    /// From the link, to this group, with TTL 255 (RFC 9568 §7.1).
    Group(IpAddr),
    /// From these peers, to our own address: unicast as in keepalived, an extension of RFC 9568.
    Peers {
        /// The peers.
        peers: &'a [Peer],
        /// Whether packets from other senders are discarded.
        only: bool,
    },
}

/// What to do about an advertisement whose address list does not conform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conformance {
    /// Admit it with a remark.
    Report,
    /// Discard it.
    Discard,
}

/// The criteria for the advertisements of one virtual router. Made by [`new`](Self::new), and changed
/// field by field. An [`Endpoint`](crate::Endpoint) has its own.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Admission<'a> {
    /// The configured virtual router.
    pub config: &'a Config,
    /// Its advertised addresses, in any order.
    pub addresses: Addresses<'a>,
    /// Its authentication.
    pub expect: Expect,
    /// The expected senders.
    pub reach: Reach<'a>,
    /// Whether the address owner discards every advertisement, as in RFC 5798 §7.1. In VRRPv2 it
    /// always does (RFC 3768 §7.1).
    pub owner_is_deaf: bool,
    /// For an IPv6 advertisement whose first address is not link-local (RFC 9568 §5.2.9,
    /// erratum 8300). FRR 8.4 sends them, so `Report` interoperates.
    pub first_address: Conformance,
    /// For an address list other than ours (RFC 9568 §7.1, RFC 3768 §7.1). With `Discard`, a
    /// rolling change of addresses leads to two Active Routers.
    pub address_list: Conformance,
}

/// An admitted advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Admitted {
    /// The event for the state machine.
    pub heard: Heard,
    /// Observations for the operator.
    pub remarks: Remarks,
    /// Whether the sender is one of the peers, where there are peers.
    pub listed: bool,
}

/// Observations about an admitted advertisement. None of them changes the election.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remarks {
    /// Another advertisement interval than ours, version 3 (RFC 9568 §7.1).
    pub interval: bool,
    /// Another set of addresses than ours (RFC 9568 §7.1).
    pub address_list: bool,
    /// The first IPv6 address is not link-local (RFC 9568 §5.2.9, erratum 8300).
    pub first_address: bool,
    /// The sender claims to own the addresses that we own (RFC 9568 §7.1 with erratum 8298,
    /// §8.3.2).
    pub second_owner: bool,
    /// The sender has our priority (RFC 9568 §8.3.2).
    pub equal_priority: bool,
    /// The sender has our address: a loop, or a duplicate.
    pub own_address: bool,
    /// The checksum form of a version 3 packet.
    pub checksum: Option<ChecksumForm>,
    /// The form of the integrity check value of an Authentication Header.
    pub icv: Option<IcvForm>,
}

impl Reach<'_> {
    /// From the link, to the group of VRRP (RFC 9568 §5.1.1.2, §5.1.2.2).
    #[must_use]
    pub const fn multicast(family: Family) -> Self {
        Self::Group(match family {
            Family::V4 => IpAddr::V4(MULTICAST_V4),
            Family::V6 => IpAddr::V6(MULTICAST_V6),
        })
    }

    /// Whether a packet from `source` is expected: from anybody on the link, or from a peer.
    #[must_use]
    pub fn lists(&self, source: IpAddr) -> bool {
        match self {
            Self::Group(_) => true,
            Self::Peers { peers, .. } => peers.iter().any(|peer| peer.address == source),
        }
    }
}

impl<'a> Admission<'a> {
    /// The criteria of RFC 9568: multicast without authentication, and a remark for what is odd about
    /// an address list.
    #[must_use]
    pub const fn new(config: &'a Config, addresses: Addresses<'a>) -> Self {
        Self {
            config,
            addresses,
            expect: Expect::None,
            reach: Reach::multicast(config.family()),
            owner_is_deaf: false,
            first_address: Conformance::Report,
            address_list: Conformance::Report,
        }
    }

    /// Admits or discards `packet`, whose VRID is this virtual router's.
    ///
    /// `priority` is the effective priority and `primary` the primary address of this router.
    /// `replay` holds the authenticated senders, whose age is counted by `now`.
    ///
    /// # Errors
    /// [`Discard`], one variant per rule. A discarded packet has no effect (RFC 9568 §6.4.2).
    pub fn admit(
        &self,
        now: Instant,
        packet: &Packet<'_>,
        priority: Priority,
        primary: Option<IpAddr>,
        replay: &mut ReplayWindow,
    ) -> Result<Admitted, Discard> {
        let advertisement = &packet.advertisement;
        self.check_path(packet)?;
        if advertisement.version() != self.config.version() {
            return Err(Discard::Version(advertisement.version()));
        }
        let (icv, heard) = self.authenticate(now, packet, replay)?;
        let interval = advertisement.interval != self.config.interval();
        let v2 = self.config.version() == Version::V2;
        // RFC 3768 §7.1: an owner hears nobody. By erratum 8298 to RFC 9568 §7.1 it hears another
        // owner.
        if priority.is_owner() && (v2 || self.owner_is_deaf) {
            return Err(Discard::Owner);
        }
        if interval && v2 {
            return Err(Discard::Interval {
                theirs: advertisement.interval,
            });
        }
        let first_address = !first_is_link_local(&advertisement.addresses);
        if first_address && self.first_address == Conformance::Discard {
            return Err(Discard::FirstAddress);
        }
        let address_list = !same_set(&self.addresses, &advertisement.addresses);
        // RFC 3768 §7.1: the owner's list is never a reason to discard.
        let owner = advertisement.priority.is_owner();
        if address_list && self.address_list == Conformance::Discard && !owner {
            return Err(Discard::AddressList);
        }
        // Only what is admitted has an effect.
        if let Some(heard) = heard {
            *replay = heard;
        }
        Ok(Admitted {
            heard: Heard {
                source: packet.source,
                priority: advertisement.priority,
                interval: advertisement.interval,
            },
            remarks: Remarks {
                interval,
                address_list,
                first_address,
                second_owner: priority.is_owner() && owner,
                equal_priority: advertisement.priority == priority,
                own_address: Some(packet.source) == primary,
                checksum: match advertisement.format {
                    Format::V2(_) => None,
                    Format::V3(form) => Some(form),
                },
                icv,
            },
            listed: self.reach.lists(packet.source),
        })
    }

    /// TTL 255 on a link (RFC 9568 §7.1); peers and their hop counts otherwise.
    fn check_path(&self, packet: &Packet<'_>) -> Result<(), Discard> {
        match self.reach {
            Reach::Group(group) if packet.destination != group => Err(Discard::Destination),
            Reach::Group(_) if packet.ttl != TTL => Err(Discard::Ttl(packet.ttl)),
            Reach::Group(_) => Ok(()),
            Reach::Peers { .. } if packet.destination.is_multicast() => Err(Discard::Destination),
            Reach::Peers { peers, only } => {
                match peers.iter().find(|peer| peer.address == packet.source) {
                    Some(peer) if !(peer.min_ttl..=peer.max_ttl).contains(&packet.ttl) => {
                        Err(Discard::Ttl(packet.ttl))
                    }
                    None if only => Err(Discard::Peer),
                    Some(_) | None => Ok(()),
                }
            }
        }
    }

    /// The form of the integrity check value, and the senders with this one among them.
    #[cfg_attr(
        not(feature = "ah"),
        expect(
            clippy::missing_const_for_fn,
            unused_variables,
            reason = "for the sequence numbers of the Authentication Header"
        )
    )]
    fn authenticate(
        &self,
        now: Instant,
        packet: &Packet<'_>,
        replay: &ReplayWindow,
    ) -> Result<(Option<IcvForm>, Option<ReplayWindow>), Discard> {
        let claimed = match packet.advertisement.format {
            Format::V2(authentication) => authentication,
            Format::V3(_) => Authentication::None,
        };
        match (self.expect, claimed, packet.ah) {
            (Expect::None, Authentication::None, None) => Ok((None, None)),
            (Expect::Simple(key), Authentication::Simple(password), None) => {
                if key.matches(&password) {
                    Ok((None, None))
                } else {
                    Err(Discard::Authentication)
                }
            }
            #[cfg(feature = "ah")]
            (Expect::Ah(key), Authentication::Ah, Some(ah)) => {
                let form = ah.verify(&key).map_err(|_| Discard::Authentication)?;
                let forget = crate::active_down_interval(
                    self.config,
                    packet.advertisement.priority,
                    packet.advertisement.interval,
                );
                let mut heard = *replay;
                heard
                    .accept(now, ah.spi, ah.sequence, forget)
                    .map_err(|_| Discard::Replay)?;
                Ok((Some(form), Some(heard)))
            }
            #[cfg(feature = "ah")]
            (Expect::Ah(_), _, _) => Err(Discard::AuthenticationType),
            (Expect::None | Expect::Simple(_), _, _) => Err(Discard::AuthenticationType),
        }
    }
}

/// RFC 9568 §5.2.9, erratum 8300: `fe80::/10` first. An IPv4 list conforms.
fn first_is_link_local(addresses: &Addresses<'_>) -> bool {
    match addresses {
        Addresses::V4(_) => true,
        Addresses::V6(list) => list
            .first()
            .is_some_and(|[high, low, ..]| *high == 0xfe && low & 0xc0 == 0x80),
    }
}

/// Compares address lists as sets (RFC 9568 §7.1). Lists in the same order, the recommended case,
/// take one pass; at most 255 × 255 comparisons otherwise.
fn same_set(ours: &Addresses<'_>, theirs: &Addresses<'_>) -> bool {
    fn holds<const N: usize>(ours: &[[u8; N]], theirs: &[[u8; N]]) -> bool {
        ours == theirs
            || (ours.len() == theirs.len()
                && theirs.iter().all(|address| ours.contains(address))
                && ours.iter().all(|address| theirs.contains(address)))
    }
    match (ours, theirs) {
        (Addresses::V4(ours), Addresses::V4(theirs)) => holds(ours, theirs),
        (Addresses::V6(ours), Addresses::V6(theirs)) => holds(ours, theirs),
        (Addresses::V4(_), Addresses::V6(_)) | (Addresses::V6(_), Addresses::V4(_)) => false,
    }
}
