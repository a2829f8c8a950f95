//! The memory of a router's [`Endpoint`](vrrp_core::Endpoint), kept small: there may be many
//! thousands.

use core::net::IpAddr;

use smallvec::{SmallVec, smallvec};
use vrrp_core::announce::{Announcer, Slot};
use vrrp_core::endpoint::{Announcements, Policy, Storage};
use vrrp_core::receive::{Expect, Reach, ReplayWindow};
use vrrp_core::wire::{Addresses, TTL};
use vrrp_core::{Family, Statistics};

use super::counters::Counters;
use super::profile::{KeptAddress, Profile};
use super::spec::Path;

/// The specification of a router and what its endpoint has to remember.
#[derive(Debug)]
pub(super) struct RouterStorage {
    pub(super) profile: Profile,
    octets: AddressOctets,
    /// Of each address. Of many routers most have one.
    slots: SmallVec<[Slot; 1]>,
    /// While anything is to be announced.
    announcer: Option<Box<Announcer>>,
    /// Where advertisements are authenticated by number.
    replay: Option<Box<ReplayWindow>>,
    counters: Counters,
}

impl RouterStorage {
    /// Of a router over `family`.
    pub(super) fn new(family: Family, profile: Profile) -> Self {
        Self {
            octets: AddressOctets::new(family, profile.addresses.iter().map(KeptAddress::address)),
            slots: smallvec![Slot::EMPTY; profile.all().count()],
            announcer: None,
            replay: matches!(profile.shared.expect, Expect::Ah(_)).then(Box::default),
            counters: Counters::default(),
            profile,
        }
    }

    /// Where advertisements come from.
    pub(super) fn reach(&self) -> Reach<'_> {
        match &self.profile.shared.path {
            Path::Multicast { group, .. } => Reach::Group(*group),
            Path::Unicast { peers, only, .. } => Reach::Peers { peers, only: *only },
        }
    }

    /// The positions of addresses that are in place.
    pub(super) fn installed(&self) -> impl Iterator<Item = usize> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(position, slot)| slot.is_installed().then_some(position))
    }
}

impl Storage for RouterStorage {
    fn policy(&self) -> Policy<'_> {
        let shared = &*self.profile.shared;
        let virtual_mac = self.profile.virtual_mac();
        let framed = virtual_mac.filter(|virtual_mac| !virtual_mac.transmit_base);
        let mut policy = Policy::new(self.octets.all().family());
        policy.reach = self.reach();
        policy.hop_limit = match shared.path {
            Path::Multicast { .. } => TTL,
            Path::Unicast { hop_limit, .. } => hop_limit,
        };
        policy.expect = shared.expect;
        policy.icv = shared.icv;
        policy.checksum = shared.checksum;
        policy.source_mac = framed.map(|virtual_mac| virtual_mac.mac);
        policy.owner_is_deaf = shared.owner_is_deaf;
        policy.first_address = shared.first_address;
        policy.address_list = shared.address_list;
        policy
    }

    fn announcements(&self) -> Announcements {
        let shared = &*self.profile.shared;
        let mut announcements = Announcements::default();
        announcements.config = shared.announce;
        announcements.arp_interval = shared.arp_interval;
        announcements.neighbor_interval = shared.neighbor_interval;
        announcements
    }

    fn advertised(&self) -> Addresses<'_> {
        self.octets.all()
    }

    fn address(&self, position: usize) -> Option<IpAddr> {
        self.profile.address(position).map(KeptAddress::address)
    }

    fn is_kept(&self, position: usize, former: &Self, place: usize) -> bool {
        let where_it_is = |address: &KeptAddress| (address.address(), address.device());
        let ours = self.profile.address(position).map(where_it_is);
        ours == former.profile.address(place).map(where_it_is)
    }

    fn slots(&self) -> &[Slot] {
        &self.slots
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        &mut self.slots
    }

    fn announcer(&self) -> Option<&Announcer> {
        self.announcer.as_deref()
    }

    fn announcer_mut(&mut self) -> (&mut Announcer, &mut [Slot]) {
        let idle = self.announcements().announcer();
        let announcer = self.announcer.get_or_insert_with(|| Box::new(idle));
        (announcer, &mut self.slots)
    }

    fn drop_announcer(&mut self) {
        self.announcer = None;
    }

    fn replay(&mut self) -> Option<&mut ReplayWindow> {
        self.replay.as_deref_mut()
    }

    fn statistics(&self) -> Statistics {
        self.counters.statistics()
    }

    fn count(&mut self, count: impl FnOnce(&mut Statistics)) {
        self.counters.update(count);
    }

    fn inherit(&mut self, former: &mut Self) {
        self.announcer = former.announcer.take();
        self.counters = core::mem::take(&mut former.counters);
        if let (Some(ours), Some(theirs)) = (&mut self.replay, former.replay.take()) {
            *ours = theirs;
        }
    }
}

/// The advertised addresses as octets in network order.
#[derive(Debug)]
enum AddressOctets {
    /// Of many routers most have one.
    OneV4([u8; 4]),
    V4(Box<[[u8; 4]]>),
    V6(Box<[[u8; 16]]>),
}

impl AddressOctets {
    /// Those of `family`; the others cannot be advertised. Over IPv6 link-local ones go first,
    /// in the configured order otherwise.
    fn new(family: Family, all: impl Iterator<Item = IpAddr>) -> Self {
        match family {
            Family::V4 => {
                let list = all.filter_map(|address| match address {
                    IpAddr::V4(address) => Some(address.octets()),
                    IpAddr::V6(_) => None,
                });
                let list: Vec<_> = list.collect();
                match list[..] {
                    [address] => Self::OneV4(address),
                    _ => Self::V4(list.into_boxed_slice()),
                }
            }
            Family::V6 => {
                let mut list: Vec<_> = all
                    .filter_map(|address| match address {
                        IpAddr::V6(address) => Some(address),
                        IpAddr::V4(_) => None,
                    })
                    .collect();
                list.sort_by_key(|address| !address.is_unicast_link_local());
                Self::V6(list.iter().map(core::net::Ipv6Addr::octets).collect())
            }
        }
    }

    const fn all(&self) -> Addresses<'_> {
        match self {
            Self::OneV4(address) => Addresses::V4(core::slice::from_ref(address)),
            Self::V4(list) => Addresses::V4(list),
            Self::V6(list) => Addresses::V6(list),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One family is advertised, link-local addresses first (RFC 9568 §5.2.9).
    #[test]
    fn a_link_local_address_is_advertised_first_and_no_other_family() {
        let list = ["2001:db8::2", "192.0.2.1", "fe80::1", "2001:db8::1"];
        let list = list.map(|text| text.parse().unwrap());
        let octets = AddressOctets::new(Family::V6, list.into_iter());
        let sent: Vec<String> = (octets.all().iter().map(|a| a.to_string())).collect();
        assert_eq!(sent, ["fe80::1", "2001:db8::2", "2001:db8::1"]);
        let octets = AddressOctets::new(Family::V4, list.into_iter());
        assert_eq!(octets.all().len(), 1);
    }
}
