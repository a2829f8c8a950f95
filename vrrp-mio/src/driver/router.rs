//! The driver's record of one virtual router.

use core::net::IpAddr;

use smallvec::SmallVec;
use vrrp_core::endpoint::EndpointError;
use vrrp_core::receive::{Reach, Remarks};
use vrrp_core::wire::ChecksumForm;
use vrrp_core::{
    Config, Endpoint, Family, Instant, MacAddr, Statistics, Transition, VirtualRouter,
};

use super::RouterId;
use super::ability::Retreat;
use super::obstacle::Obstacle;
use super::profile::{KeptAddress, Profile};
use super::storage::RouterStorage;
use super::virtual_mac::MacvlanId;
use crate::interfaces::{AddressKey, Link};
use crate::{InterfaceName, Interfaces};

/// Keys of addresses and their positions, sorted. Of many routers most have one.
pub(super) type Keys = SmallVec<[(AddressKey, u32); 1]>;

/// The first position of a kernel address in the lists that `keys` are of.
pub(super) fn first_position(keys: &Keys, key: &AddressKey) -> Option<usize> {
    let first = keys.partition_point(|(known, _)| known < key);
    let (found, position) = keys.get(first)?;
    (found == key).then(|| usize::try_from(*position).ok())?
}

/// A virtual router on a [`Driver`](super::Driver).
#[derive(Debug)]
pub struct Router {
    pub(super) id: RouterId,
    /// The election, advertisements, announcements and counters.
    pub(super) endpoint: Endpoint<RouterStorage>,
    /// Index of the interface, while it exists.
    pub(super) interface: Option<u32>,
    /// Whether the interface is usable.
    pub(super) usable: bool,
    /// What keeps it from being Active, as last found.
    pub(super) obstacles: Box<[Obstacle]>,
    /// The owner of the driver reported a fault.
    pub(super) tracked_fault: bool,
    pub(super) retreat: Option<Box<Retreat>>,
    pub(super) listener: Option<usize>,
    /// Whether the socket could not be opened, which was reported.
    pub(super) deaf: bool,
    /// The macvlan, while the router is switched on.
    pub(super) macvlan: Option<MacvlanId>,
    /// Where the addresses stay until the macvlan that they were given is up: the index of an
    /// interface.
    pub(super) former_home: Option<u32>,
    /// The virtual addresses, advertised ones first, by kernel key and sorted, once resolved.
    pub(super) keys: Keys,
    /// Whether the keeper of addresses knows them. Until the router knows its role, addresses that
    /// an earlier run left stay where they are: if nobody else is Active they are still in use.
    pub(super) declared: bool,
    /// Since the last transition.
    pub(super) noted: Option<Box<Noted>>,
    pub(super) send_failing: bool,
}

/// What of a router's packets was reported already.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Remarks, and about whom.
    pub(super) remarks: Vec<(IpAddr, Remarks)>,
    /// Kinds of discards, a bit each.
    pub(super) discards: u32,
}

impl Router {
    /// Switched off, and nowhere.
    pub(super) fn new(
        id: RouterId,
        config: Config,
        profile: Profile,
        now: Instant,
        ah_sequence: u32,
    ) -> Result<Self, EndpointError> {
        let storage = RouterStorage::new(config.family(), profile);
        let mut endpoint = Endpoint::new(now, config, storage)?;
        endpoint.set_ah_sequence(ah_sequence);
        // How many fit is known once it is on an interface.
        endpoint.set_most_addresses(0);
        Ok(Self {
            id,
            endpoint,
            interface: None,
            usable: false,
            obstacles: Box::default(),
            tracked_fault: false,
            retreat: None,
            listener: None,
            deaf: false,
            macvlan: None,
            former_home: None,
            keys: Keys::new(),
            declared: false,
            noted: None,
            send_failing: false,
        })
    }

    /// Its specification but for the election.
    pub(super) const fn profile(&self) -> &Profile {
        &self.endpoint.storage().profile
    }

    /// The name of its interface.
    #[must_use]
    pub const fn interface(&self) -> InterfaceName {
        self.profile().interface
    }

    /// The addresses it is to advertise, in the configured order.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.profile().addresses.iter().map(KeptAddress::address)
    }

    /// The addresses that it adds but does not advertise.
    pub fn excluded(&self) -> impl ExactSizeIterator<Item = IpAddr> {
        self.profile().excluded.iter().map(KeptAddress::address)
    }

    /// The state machine.
    #[must_use]
    pub const fn machine(&self) -> &VirtualRouter {
        self.endpoint.machine()
    }

    /// The counters.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.endpoint.statistics()
    }

    /// When the current role was entered, or the router added.
    #[must_use]
    pub const fn since(&self) -> Instant {
        self.endpoint.since()
    }

    /// The last change of role.
    #[must_use]
    pub const fn last_transition(&self) -> Option<Transition> {
        self.endpoint.last_transition()
    }

    /// Whether the interface exists, is up and has carrier.
    #[must_use]
    pub const fn interface_usable(&self) -> bool {
        self.usable
    }

    /// What keeps it from being Active: nothing if empty.
    #[must_use]
    pub const fn obstacles(&self) -> &[Obstacle] {
        &self.obstacles
    }

    /// The checksum form last heard in version 3 over IPv4.
    #[must_use]
    pub const fn peer_checksum(&self) -> Option<ChecksumForm> {
        self.endpoint.peer_checksum()
    }

    /// How many virtual addresses are in place.
    #[must_use]
    pub fn installed(&self) -> usize {
        self.endpoint.storage().installed().count()
    }

    /// Takes over where the addresses go now. Those that go where they went stay in place; the others
    /// are in place once the kernel says so.
    pub(super) fn place(&mut self, keys: Keys) {
        let mut stay = Vec::new();
        for (key, position) in &keys {
            if first_position(&self.keys, key).is_some() {
                stay.extend(usize::try_from(*position));
            }
        }
        stay.sort_unstable();
        for position in 0..self.profile().all().count() {
            if stay.binary_search(&position).is_err() {
                self.endpoint.uninstalled(position);
            }
        }
        self.keys = keys;
    }

    /// The positions of a kernel address in the lists: what is listed twice is in place twice.
    pub(super) fn positions(&self, key: &AddressKey) -> SmallVec<[usize; 1]> {
        let first = self.keys.partition_point(|(known, _)| known < key);
        let alike = self.keys.get(first..).unwrap_or_default().iter();
        let alike = alike.take_while(|(known, _)| known == key);
        let positions = alike.filter_map(|(_, position)| usize::try_from(*position).ok());
        positions.collect()
    }

    /// Where advertisements come from.
    pub(super) fn reach(&self) -> Reach<'_> {
        self.endpoint.storage().reach()
    }

    /// The interface that the address at `position` is announced on, and the Ethernet address that
    /// answers for it there; none where there is no address resolution.
    pub(super) fn announced_on(
        &self,
        position: usize,
        interfaces: &Interfaces,
    ) -> Option<(u32, MacAddr)> {
        let address = self.profile().address(position)?;
        let device = address.device();
        let link = match device {
            Some(name) => interfaces.link_named(name),
            None => self.interface.and_then(|index| interfaces.link(index)),
        };
        let link = link.filter(|link: &&Link| !link.flags.is_without_arp())?;
        let own_family = Family::of(address.address()) == self.machine().config().family();
        let own = (self.profile().virtual_mac()).filter(|_| device.is_none() && own_family);
        let mac = own.map(|own| own.mac).or(link.mac)?;
        Some((link.index, mac))
    }
}
