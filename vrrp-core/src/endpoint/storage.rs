//! The memory of an endpoint, which its owner provides.

use core::net::IpAddr;
use core::time::Duration;

use crate::announce::{self, Announcer, Slot};
use crate::receive::{Conformance, Expect, Reach, ReplayWindow};
use crate::wire::{Addresses, ChecksumForm, IcvForm, TTL};
use crate::{Family, MacAddr, Statistics, Version};

/// The form of the version 3 checksum that is sent over IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransmitChecksum {
    /// Always this one. Of [`ChecksumForm::MessageOnly`] see what it says about peers that discard
    /// it.
    Always(ChecksumForm),
    /// That of the router that wins, as [`FollowedForm`](crate::receive::FollowedForm) learns it,
    /// and this one until then.
    FollowPeer(ChecksumForm),
}

/// How the advertisements of an endpoint are sent, and which are accepted. Made by
/// [`new`](Self::new), and changed field by field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy<'a> {
    /// The group that advertisements are sent to and heard from, or the unicast peers.
    pub reach: Reach<'a>,
    /// Time to live, or hop limit, of advertisements to unicast peers, 1..=255. To a group it is 255
    /// (RFC 9568 §5.1.1.3, §5.1.2.3).
    pub hop_limit: u8,
    /// The authentication, version 2 only (RFC 2338 §5.3.6).
    pub expect: Expect,
    /// The form of the integrity check value sent in an Authentication Header; both are accepted.
    pub icv: IcvForm,
    /// The form of the version 3 checksum sent over IPv4; all are accepted.
    pub checksum: TransmitChecksum,
    /// The source of Ethernet frames that advertisements to a group are sent in: the virtual MAC
    /// address (RFC 9568 §7.3). Without it a raw socket is to send them.
    pub source_mac: Option<MacAddr>,
    /// See [`Admission::owner_is_deaf`](crate::receive::Admission::owner_is_deaf).
    pub owner_is_deaf: bool,
    /// See [`Admission::first_address`](crate::receive::Admission::first_address).
    pub first_address: Conformance,
    /// See [`Admission::address_list`](crate::receive::Admission::address_list).
    pub address_list: Conformance,
}

impl Policy<'_> {
    /// The policy of RFC 9568 over `family`: multicast without authentication. The checksum is that
    /// of RFC 5798, for the sake of peers that verify no other, until the router that wins sends
    /// another.
    #[must_use]
    pub const fn new(family: Family) -> Self {
        Self {
            reach: Reach::multicast(family),
            hop_limit: TTL,
            expect: Expect::None,
            icv: IcvForm::TtlCovered,
            checksum: TransmitChecksum::FollowPeer(ChecksumForm::PseudoHeader),
            source_mac: None,
            owner_is_deaf: false,
            first_address: Conformance::Report,
            address_list: Conformance::Report,
        }
    }
}

/// How the addresses of an endpoint are announced to the neighbours. Made by default, and changed
/// field by field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Announcements {
    /// When, and how often.
    pub config: announce::Config,
    /// The least time between two gratuitous ARP requests; zero for no limit.
    pub arp_interval: Duration,
    /// The least time between two unsolicited neighbour advertisements; zero for no limit.
    pub neighbor_interval: Duration,
}

impl Announcements {
    /// An announcer for them.
    #[must_use]
    pub const fn announcer(&self) -> Announcer {
        Announcer::new(self.config, self.arp_interval, self.neighbor_interval)
    }
}

/// What an endpoint keeps in memory of its owner.
///
/// [`Table`] is a complete one over borrowed slices. A runtime of many routers writes its own, to
/// share what is alike and to allocate what is rarely needed when it is needed. Settings that an
/// implementation returns must not change but by [`Endpoint::update`](super::Endpoint::update).
pub trait Storage {
    /// How advertisements are sent, and which are accepted.
    fn policy(&self) -> Policy<'_>;

    /// How addresses are announced.
    fn announcements(&self) -> Announcements;

    /// The addresses that advertisements list, in their order.
    fn advertised(&self) -> Addresses<'_>;

    /// The virtual address at `position`, those that are not advertised included; `None` from the
    /// number of addresses on.
    fn address(&self, position: usize) -> Option<IpAddr>;

    /// Whether the address at `position` is the one at `place` of `former`, which this storage
    /// replaces: in place if that was. A runtime that puts one address on several interfaces compares
    /// those as well. Beyond both lists there is no difference.
    fn is_kept(&self, position: usize, former: &Self, place: usize) -> bool {
        self.address(position) == former.address(place)
    }

    /// A slot for each position.
    fn slots(&self) -> &[Slot];

    /// The slots, to be changed.
    fn slots_mut(&mut self) -> &mut [Slot];

    /// The announcer, if there is one.
    fn announcer(&self) -> Option<&Announcer>;

    /// The announcer, a new one where there is none, and the slots.
    fn announcer_mut(&mut self) -> (&mut Announcer, &mut [Slot]);

    /// The announcer has nothing to do and nothing to remember: it may be dropped.
    fn drop_announcer(&mut self);

    /// The sequence numbers heard. `None` accepts every number.
    fn replay(&mut self) -> Option<&mut ReplayWindow>;

    /// The counters.
    fn statistics(&self) -> Statistics;

    /// Has `count` change the counters.
    fn count(&mut self, count: impl FnOnce(&mut Statistics));

    /// Takes over the announcer, the sequence numbers and the counters of `former`, which this one
    /// replaces.
    fn inherit(&mut self, former: &mut Self);
}

/// A [`Storage`] over borrowed slices, for a program of few routers: it needs no allocator.
#[derive(Debug)]
#[non_exhaustive]
pub struct Table<'a> {
    /// How advertisements are sent, and which are accepted.
    pub policy: Policy<'a>,
    /// How addresses are announced.
    pub announcements: Announcements,
    /// The addresses that are advertised, at the positions from 0 on.
    pub addresses: Addresses<'a>,
    /// Virtual addresses of either family that are not advertised, at the positions behind.
    pub excluded: &'a [IpAddr],
    slots: &'a mut [Slot],
    announcer: Announcer,
    replay: ReplayWindow,
    statistics: Statistics,
}

impl<'a> Table<'a> {
    /// For a router of `addresses`, with the policy of RFC 9568. Set the fields for anything else,
    /// before an endpoint takes it.
    ///
    /// `slots` are as many as there are addresses, or more; they are emptied.
    #[must_use]
    pub fn new(addresses: Addresses<'a>, slots: &'a mut [Slot]) -> Self {
        slots.fill(Slot::EMPTY);
        Self {
            policy: Policy::new(addresses.family()),
            announcements: Announcements::default(),
            addresses,
            excluded: &[],
            slots,
            announcer: Announcements::default().announcer(),
            replay: ReplayWindow::new(),
            statistics: Statistics::default(),
        }
    }

    /// A table for `addresses` with the settings of this one, to be changed and handed to
    /// [`Endpoint::update`](super::Endpoint::update).
    #[must_use]
    pub fn with(&self, addresses: Addresses<'a>, slots: &'a mut [Slot]) -> Self {
        Self {
            policy: self.policy,
            announcements: self.announcements,
            excluded: self.excluded,
            ..Self::new(addresses, slots)
        }
    }
}

impl Storage for Table<'_> {
    fn policy(&self) -> Policy<'_> {
        self.policy
    }

    fn announcements(&self) -> Announcements {
        self.announcements
    }

    fn advertised(&self) -> Addresses<'_> {
        self.addresses
    }

    fn address(&self, position: usize) -> Option<IpAddr> {
        match position.checked_sub(self.addresses.len()) {
            None => self.addresses.get(position),
            Some(excluded) => self.excluded.get(excluded).copied(),
        }
    }

    fn slots(&self) -> &[Slot] {
        self.slots
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        self.slots
    }

    fn announcer(&self) -> Option<&Announcer> {
        Some(&self.announcer)
    }

    fn announcer_mut(&mut self) -> (&mut Announcer, &mut [Slot]) {
        (&mut self.announcer, self.slots)
    }

    /// It takes no memory that another one could have.
    fn drop_announcer(&mut self) {}

    fn replay(&mut self) -> Option<&mut ReplayWindow> {
        Some(&mut self.replay)
    }

    fn statistics(&self) -> Statistics {
        self.statistics
    }

    fn count(&mut self, count: impl FnOnce(&mut Statistics)) {
        count(&mut self.statistics);
    }

    fn inherit(&mut self, former: &mut Self) {
        self.announcer = former.announcer;
        self.replay = former.replay;
        self.statistics = former.statistics;
    }
}

/// Whether a group or a peer, of `family`, is one.
pub(super) fn unreachable(policy: &Policy<'_>, family: Family) -> Option<IpAddr> {
    let is_of = |address: IpAddr| Family::of(address) == family;
    match policy.reach {
        Reach::Group(group) => (!group.is_multicast() || !is_of(group)).then_some(group),
        Reach::Peers { peers, .. } => {
            let mut addresses = peers.iter().map(|peer| peer.address);
            addresses.find(|peer| peer.is_multicast() || peer.is_unspecified() || !is_of(*peer))
        }
    }
}

/// Whether `version` has the authentication of `policy`.
pub(super) const fn has_authentication(policy: &Policy<'_>, version: Version) -> bool {
    match (version, policy.expect) {
        (Version::V2, _) | (Version::V3, Expect::None) => true,
        (Version::V3, Expect::Simple(_)) => false,
        #[cfg(feature = "ah")]
        (Version::V3, Expect::Ah(_)) => false,
    }
}
