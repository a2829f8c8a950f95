//! One virtual router as the driver keeps it.

use core::net::IpAddr;

use vrrp_core::announce::{Pace, Schedule};
use vrrp_core::receive::{Admission, Reach, Remarks, ReplayWindow};
use vrrp_core::wire::{Addresses, ChecksumForm};
use vrrp_core::{Family, Instant, Statistics, Transition, VirtualRouter};

use super::announce::Owed;
use super::spec::{Path, RouterSpec, VirtualAddress};
use super::virtual_mac::BearerId;
use crate::interfaces::AddressKey;

/// A virtual router on a [`Driver`](super::Driver), to look at.
#[derive(Debug)]
pub struct Router {
    pub(super) spec: RouterSpec,
    pub(super) machine: VirtualRouter,
    pub(super) octets: AddressOctets,
    pub(super) replay: ReplayWindow,
    pub(super) statistics: Statistics,
    pub(super) since: Instant,
    pub(super) last: Option<Transition>,
    /// Index of the interface, while it exists.
    pub(super) interface: Option<u32>,
    /// Whether the interface is usable.
    pub(super) usable: bool,
    /// The last primary address known: a resignation is sent from it when it is gone.
    pub(super) source: Option<IpAddr>,
    pub(super) listener: Option<usize>,
    /// Whether the socket could not be opened, which was told.
    pub(super) deaf: bool,
    /// How many of the addresses an advertisement carries on this interface.
    pub(super) advertised: usize,
    /// The macvlan, while the router is switched on.
    pub(super) bearer: Option<BearerId>,
    /// The virtual addresses, advertised ones first, by kernel key and sorted, once resolved.
    pub(super) keys: Vec<(AddressKey, u32)>,
    /// Whether the keeper of addresses knows them. Until the router knows its role, addresses that
    /// an earlier run left stay where they are: if nobody else is Active they are still in use.
    pub(super) declared: bool,
    pub(super) installed: Vec<bool>,
    pub(super) schedule: Schedule,
    pub(super) owed: Owed,
    pub(super) pace: Pace,
    /// From when on a full send queue may have drained.
    pub(super) drained_at: Instant,
    pub(super) ah_sequence: u32,
    pub(super) peer_checksum: Option<ChecksumForm>,
    /// Remarks told of since the last transition, and about whom.
    pub(super) remarked: Vec<(IpAddr, Remarks)>,
    /// Kinds of discards told of since the last transition.
    pub(super) discards_told: u32,
    pub(super) send_failing: bool,
}

/// The advertised addresses as octets in network order.
#[derive(Debug)]
pub(super) enum AddressOctets {
    V4(Vec<[u8; 4]>),
    V6(Vec<[u8; 16]>),
}

impl AddressOctets {
    /// Those of `family`; the others cannot be advertised (T7). Over IPv6 link-local ones go first
    /// (T5), in the configured order otherwise.
    fn new(family: Family, addresses: &[VirtualAddress]) -> Self {
        let all = addresses.iter().map(|address| address.spec.address);
        match family {
            Family::V4 => Self::V4(
                all.filter_map(|address| match address {
                    IpAddr::V4(address) => Some(address.octets()),
                    IpAddr::V6(_) => None,
                })
                .collect(),
            ),
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

    pub(super) fn first(&self, count: usize) -> Addresses<'_> {
        match self {
            Self::V4(list) => Addresses::V4(list.get(..count).unwrap_or(list)),
            Self::V6(list) => Addresses::V6(list.get(..count).unwrap_or(list)),
        }
    }
}

impl Router {
    pub(super) fn new(spec: RouterSpec, now: Instant, ah_sequence: u32) -> Self {
        let count = spec.addresses.len() + spec.excluded.len();
        Self {
            machine: VirtualRouter::new(spec.config),
            octets: AddressOctets::new(spec.config.family(), &spec.addresses),
            replay: ReplayWindow::new(),
            statistics: Statistics::default(),
            since: now,
            last: None,
            interface: None,
            usable: false,
            source: None,
            listener: None,
            deaf: false,
            advertised: 0,
            bearer: None,
            keys: Vec::new(),
            declared: false,
            installed: vec![false; count],
            schedule: Schedule::new(spec.announce),
            owed: Owed::of(count),
            pace: Pace::new(spec.announce_interval),
            drained_at: Instant::EPOCH,
            ah_sequence,
            peer_checksum: None,
            remarked: Vec::new(),
            discards_told: 0,
            send_failing: false,
            spec,
        }
    }

    /// What it was told to be.
    #[must_use]
    pub const fn spec(&self) -> &RouterSpec {
        &self.spec
    }

    /// The state machine.
    #[must_use]
    pub const fn machine(&self) -> &VirtualRouter {
        &self.machine
    }

    /// The counters.
    #[must_use]
    pub const fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// When the current role was entered, or the router added.
    #[must_use]
    pub const fn since(&self) -> Instant {
        self.since
    }

    /// The last change of role.
    #[must_use]
    pub const fn last_transition(&self) -> Option<Transition> {
        self.last
    }

    /// Whether the interface exists, is up and has carrier.
    #[must_use]
    pub const fn interface_usable(&self) -> bool {
        self.usable
    }

    /// The checksum form last heard in version 3 over IPv4.
    #[must_use]
    pub const fn peer_checksum(&self) -> Option<ChecksumForm> {
        self.peer_checksum
    }

    /// How many virtual addresses are in place.
    #[must_use]
    pub fn installed(&self) -> usize {
        self.installed
            .iter()
            .filter(|installed| **installed)
            .count()
    }

    pub(super) fn virtual_addresses(&self) -> impl Iterator<Item = &VirtualAddress> {
        self.spec.addresses.iter().chain(&self.spec.excluded)
    }

    pub(super) fn virtual_address(&self, position: usize) -> Option<&VirtualAddress> {
        let advertised = self.spec.addresses.len();
        match position.checked_sub(advertised) {
            None => self.spec.addresses.get(position),
            Some(excluded) => self.spec.excluded.get(excluded),
        }
    }

    /// Takes over where the addresses go now. Those that go where they went stay in place.
    pub(super) fn place(&mut self, keys: Vec<(AddressKey, u32)>) {
        let mut installed = vec![false; self.installed.len()];
        for placed in &keys {
            if self.keys.binary_search(placed).is_ok()
                && let Ok(position) = usize::try_from(placed.1)
                && let Some(flag) = installed.get_mut(position)
            {
                *flag = self.installed.get(position).copied().unwrap_or(false);
            }
        }
        self.keys = keys;
        self.installed = installed;
    }

    /// The position of a kernel address in the lists.
    pub(super) fn position(&self, key: &AddressKey) -> Option<usize> {
        let found = self.keys.binary_search_by_key(key, |(key, _)| *key).ok()?;
        self.keys
            .get(found)
            .and_then(|(_, position)| usize::try_from(*position).ok())
    }

    pub(super) fn admission(&self) -> Admission<'_> {
        Admission {
            config: self.machine.config(),
            addresses: self.octets.first(self.advertised),
            expect: self.spec.expect,
            reach: match &self.spec.path {
                Path::Multicast { group, .. } => Reach::Group(*group),
                Path::Unicast { peers, only, .. } => Reach::Peers { peers, only: *only },
            },
            owner_is_deaf: self.spec.owner_is_deaf,
            first_address: self.spec.first_address,
            address_list: self.spec.address_list,
        }
    }

    /// The earliest of the election's and the announcements' deadlines.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [
            self.machine.deadline(),
            self.schedule.deadline(),
            self.announce_at(),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T5, T7.
    #[test]
    fn a_link_local_address_is_advertised_first_and_no_other_family() {
        let list = ["2001:db8::2", "192.0.2.1", "fe80::1", "2001:db8::1"];
        let list = list.map(|text| VirtualAddress::new(text.parse().unwrap(), 64));
        let octets = AddressOctets::new(Family::V6, &list);
        let sent: Vec<String> = (octets.first(9).iter().map(|a| a.to_string())).collect();
        assert_eq!(sent, ["fe80::1", "2001:db8::2", "2001:db8::1"]);
        let octets = AddressOctets::new(Family::V4, &list);
        assert_eq!(octets.first(9).len(), 1);
    }
}
