//! The kernel state of a driver: interfaces, addresses and macvlans.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::os::fd::{AsRawFd, RawFd};

use vrrp_core::{Family, Instant, Role};

use super::ability::Sources;
use super::hearing::Hearing;
use super::profile::{KeptAddress, Profile};
use super::refusal::Holder;
use super::router::Router;
use super::spec::Path;
use super::virtual_mac::{MacvlanId, VirtualMacs};
use crate::addresses::Tenure;
use crate::firewall::Firewall;
use crate::interfaces::{AddressKey, AddressProtocol};
use crate::netlink::{Completion, Requests};
use crate::{AddressKeeper, InterfaceName, Interfaces, NetworkEvent, TimeSlice};

/// How long after a socket could not be opened it is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Requests that addresses leave room for, so that they do not hold up macvlans.
const RESERVED: usize = 64;

/// Whose request it was.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tag {
    Address(AddressKey),
    Macvlan(MacvlanId),
}

#[derive(Debug)]
pub(super) struct Network {
    pub(super) requests: Requests<Tag>,
    pub(super) keeper: AddressKeeper<usize>,
    pub(super) virtual_macs: VirtualMacs,
    pub(super) hearing: Hearing,
    pub(super) firewall: Firewall<Holder>,
    /// Active routers that packets are refused for.
    pub(super) refusing: BTreeSet<usize>,
    /// Those of them whose addresses wait for the firewall.
    pub(super) waiting: BTreeSet<usize>,
    /// Addresses that are refused until they are gone.
    pub(super) leaving: BTreeSet<AddressKey>,
    /// Routers to look at when an interface of this name changes.
    pub(super) watchers: BTreeMap<InterfaceName, BTreeSet<usize>>,
    /// The name an interface was last seen under.
    names: BTreeMap<u32, InterfaceName>,
    /// Routers for which the kernel may take addresses again: their interface was given one.
    pub(super) hopeful: BTreeSet<usize>,
    /// When routers that retreated return.
    pub(super) returns: BTreeSet<(Instant, usize)>,
    /// Routers to look at when their configured source comes or goes.
    sources: BTreeMap<IpAddr, BTreeSet<usize>>,
    /// Virtual addresses of any router but an owner, which are no primary addresses.
    pub(super) virtuals: HashMap<IpAddr, u32>,
    /// Interfaces that changed, and those that have another address.
    disturbed: BTreeSet<InterfaceName>,
    welcoming: BTreeSet<InterfaceName>,
    /// Source addresses found, as long as nothing changes that they depend on: to find one takes
    /// time linear in the addresses of the interface.
    pub(super) found: Sources,
    /// Routers to look at.
    pub(super) dirty: BTreeSet<usize>,
    /// Routers whose socket could not be opened, and when it is tried again.
    deaf: BTreeSet<usize>,
    retry_at: Option<Instant>,
    pub(super) events: Vec<NetworkEvent>,
    pub(super) completions: Vec<Completion<Tag>>,
    pub(super) monitor_pending: bool,
    pub(super) requests_pending: bool,
    pub(super) synchronised: bool,
    pub(super) clean_leftovers: bool,
    /// Scratch for ids of due routers.
    pub(super) due: Vec<usize>,
}

impl Network {
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self {
            requests: Requests::open()?,
            keeper: AddressKeeper::new(Some(AddressProtocol::DRIVER)),
            virtual_macs: VirtualMacs::default(),
            hearing: Hearing::default(),
            firewall: Firewall::new(),
            refusing: BTreeSet::new(),
            waiting: BTreeSet::new(),
            leaving: BTreeSet::new(),
            watchers: BTreeMap::new(),
            names: BTreeMap::new(),
            hopeful: BTreeSet::new(),
            returns: BTreeSet::new(),
            sources: BTreeMap::new(),
            virtuals: HashMap::new(),
            disturbed: BTreeSet::new(),
            welcoming: BTreeSet::new(),
            found: Sources::new(),
            dirty: BTreeSet::new(),
            deaf: BTreeSet::new(),
            retry_at: None,
            events: Vec::new(),
            completions: Vec::new(),
            monitor_pending: true,
            requests_pending: false,
            synchronised: false,
            clean_leftovers: false,
            due: Vec::new(),
        })
    }

    pub(super) const fn heard(&mut self) {
        self.monitor_pending = true;
    }

    pub(super) const fn answered(&mut self) {
        self.requests_pending = true;
    }

    pub(super) fn is_pending(&self) -> bool {
        self.monitor_pending
            || self.requests_pending
            || self.synchronised && !self.dirty.is_empty()
            || self.virtual_macs.has_due()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        // Where there is no room for a request, the next answer makes some.
        let keeper = self.keeper.deadline().filter(|_| self.has_room());
        [
            self.requests.deadline(),
            keeper,
            self.virtual_macs.deadline(),
            self.firewall.deadline(),
            self.retry_at,
            self.returns.first().map(|(at, _)| *at),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    pub(super) fn is_settled(&self, interfaces: &Interfaces) -> bool {
        self.keeper.is_settled()
            && self.requests.is_idle()
            && self.virtual_macs.is_settled(interfaces)
            && self.hearing.is_settled()
            && self.firewall.is_settled()
            && self.waiting.is_empty()
            && self.dirty.is_empty()
    }

    /// Watches the interfaces a router depends on.
    pub(super) fn enlist(&mut self, id: usize, router: &Router) {
        self.found.clear();
        for name in depends_on(router.profile()) {
            self.watchers.entry(name).or_default().insert(id);
        }
        if let Some(source) = router.profile().shared.path.source() {
            self.sources.entry(source).or_default().insert(id);
        }
        for address in virtuals(router) {
            *self.virtuals.entry(address).or_default() += 1;
        }
        self.dirty.insert(id);
        if !router.machine().config().accept() {
            self.firewall.prepare();
            self.requests_pending = true;
        }
    }

    /// The reverse of [`enlist`](Self::enlist); addresses in place are removed.
    pub(super) fn discharge(&mut self, id: usize, router: &Router) {
        self.unwatch(id, router);
        self.keeper.forget(id);
        self.dirty.remove(&id);
        self.deaf.remove(&id);
        self.hopeful.remove(&id);
        self.returns.retain(|(_, returning)| *returning != id);
    }

    /// Forgets what a router depends on, which is about to change.
    pub(super) fn unwatch(&mut self, id: usize, router: &Router) {
        self.found.clear();
        for name in depends_on(router.profile()) {
            withdraw(&mut self.watchers, &name, id);
        }
        if let Some(source) = router.profile().shared.path.source() {
            withdraw(&mut self.sources, &source, id);
        }
        for address in virtuals(router) {
            if let Some(count) = self.virtuals.get_mut(&address) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.virtuals.remove(&address);
                }
            }
        }
    }

    pub(super) const fn clean_leftovers(&mut self) {
        self.clean_leftovers = true;
    }

    /// Puts the addresses of a router in place and keeps them there.
    pub(super) fn add_addresses(&mut self, id: usize, router: &mut Router) {
        if router.machine().config().accept() {
            self.accept(id, router);
            self.declare(id, router);
            self.keeper.set_active(id, true);
        } else {
            self.refuse(id, router);
        }
        self.requests_pending = true;
    }

    /// Removes the addresses of a router, and those an earlier run left (RFC 9568 §6.4.2).
    pub(super) fn remove_addresses(&mut self, id: usize, router: &mut Router) {
        self.declare(id, router);
        self.keeper.set_active(id, false);
        self.withdraw(id, router);
        self.requests_pending = true;
    }

    pub(super) fn declare(&mut self, id: usize, router: &mut Router) {
        if core::mem::replace(&mut router.declared, true) {
            return;
        }
        let owner = router.machine().config().priority().is_owner();
        let tenure = if owner {
            Tenure::Owner
        } else {
            Tenure::Virtual
        };
        // Of what is listed twice the first one counts, as for the kernel.
        let alike = router.keys.chunk_by(|(a, _), (b, _)| a == b);
        let specs = alike.filter_map(|alike| {
            let (key, position) = alike.first()?;
            let address = router.profile().address(usize::try_from(*position).ok()?)?;
            Some(address.spec(key.index()))
        });
        self.keeper.declare(id, tenure, specs);
    }

    /// A router has another configuration or other addresses. An owner keeps its addresses; one
    /// that becomes an owner, or ceases to be, says so.
    pub(super) fn redeclare(&mut self, id: usize, router: &mut Router) {
        let declared = core::mem::replace(&mut router.declared, false);
        if router.machine().role() == Role::Active {
            self.add_addresses(id, router);
        } else if declared {
            self.declare(id, router);
            self.requests_pending = true;
        }
    }

    pub(super) fn observe(&mut self, event: &NetworkEvent, now: Instant) {
        self.keeper.observe(event, now);
        match event {
            NetworkEvent::LinkChanged(link) => {
                self.found.clear();
                if let Some(former) = self.names.insert(link.index, link.name)
                    && former != link.name
                {
                    self.disturb(former);
                }
                self.disturb(link.name);
            }
            NetworkEvent::LinkRemoved(link) => {
                self.found.clear();
                self.names.remove(&link.index);
                self.disturb(link.name);
            }
            NetworkEvent::AddressAdded(address)
            | NetworkEvent::AddressChanged(address)
            | NetworkEvent::AddressRemoved(address) => {
                if let Some(routers) = self.sources.get(&address.address) {
                    self.dirty.extend(routers);
                    self.found.clear();
                }
                if !self.virtuals.contains_key(&address.address) {
                    self.found.clear();
                    if let Some(name) = self.names.get(&address.index).copied() {
                        self.disturb(name);
                        if matches!(event, NetworkEvent::AddressAdded(_)) {
                            self.welcoming.insert(name);
                        }
                    }
                }
            }
            NetworkEvent::Synchronised => {
                self.found.clear();
                self.synchronised = true;
                self.requests_pending = true;
            }
        }
    }

    fn disturb(&mut self, name: InterfaceName) {
        self.disturbed.insert(name);
    }

    /// Has those looked at who depend on interfaces that changed: once, however much changed on
    /// them.
    pub(super) fn spread(&mut self) {
        for name in core::mem::take(&mut self.disturbed) {
            if let Some(watchers) = self.watchers.get(&name) {
                self.dirty.extend(watchers);
            }
            self.virtual_macs.disturb(name);
        }
        for name in core::mem::take(&mut self.welcoming) {
            if let Some(watchers) = self.watchers.get(&name) {
                self.hopeful.extend(watchers);
            }
        }
    }

    /// The socket of a router could not be opened.
    pub(super) fn retry_later(&mut self, id: usize, now: Instant) {
        self.deaf.insert(id);
        self.retry_at.get_or_insert(now + RETRY);
    }

    pub(super) fn retry(&mut self, now: Instant) {
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_at = None;
            self.dirty.append(&mut self.deaf);
        }
        while let Some((at, id)) = self.returns.first().copied()
            && at <= now
        {
            self.returns.pop_first();
            self.dirty.insert(id);
        }
    }

    /// Where the advertisements of a router on the interface of index `index` come from, if it can
    /// send and be answered from there.
    pub(super) fn source(
        &self,
        router: &Router,
        interfaces: &Interfaces,
        index: u32,
    ) -> Option<IpAddr> {
        let path = &router.profile().shared.path;
        let Some(source) = path.source() else {
            return self.primary(interfaces, index, router.machine().config().family());
        };
        let usable = match (path, source) {
            // The header is ours, and answers go to the group.
            (Path::Multicast { .. }, IpAddr::V4(_)) => true,
            // The kernel sends from no address that is missing or tentative.
            (Path::Multicast { .. }, IpAddr::V6(_)) => interfaces
                .addresses_of(index)
                .any(|own| own.address == source && own.flags.is_usable()),
            // Peers would answer to nobody, and two routers be Active.
            (Path::Unicast { .. }, _) => interfaces
                .addresses()
                .any(|own| own.address == source && own.flags.is_usable()),
        };
        usable.then_some(source)
    }

    /// The primary address of an interface, which no virtual address is.
    fn primary(&self, interfaces: &Interfaces, index: u32, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => {
                let is_virtual = |address| self.virtuals.contains_key(&IpAddr::V4(address));
                interfaces.primary_v4(index, is_virtual).map(IpAddr::V4)
            }
            Family::V6 => {
                let is_virtual = |address| self.virtuals.contains_key(&IpAddr::V6(address));
                interfaces.link_local_v6(index, is_virtual).map(IpAddr::V6)
            }
        }
    }
}

impl AsRawFd for Network {
    fn as_raw_fd(&self) -> RawFd {
        self.requests.as_raw_fd()
    }
}

/// The interfaces whose changes matter to a router.
fn depends_on(profile: &Profile) -> impl Iterator<Item = InterfaceName> {
    let devices = profile.all().filter_map(KeptAddress::device);
    let macvlan = profile.virtual_mac().map(|virtual_mac| virtual_mac.name);
    devices.chain(macvlan).chain([profile.interface])
}

/// The addresses that are no primary addresses because of a router. The owner's are its own.
fn virtuals(router: &Router) -> impl Iterator<Item = IpAddr> {
    let owner = router.machine().config().priority().is_owner();
    let all = router.profile().all().map(KeptAddress::address);
    all.filter(move |_| !owner)
}

fn withdraw<K: Ord>(routers: &mut BTreeMap<K, BTreeSet<usize>>, key: &K, id: usize) {
    if let Some(ids) = routers.get_mut(key) {
        ids.remove(&id);
        if ids.is_empty() {
            routers.remove(key);
        }
    }
}

impl Network {
    /// Has macvlans deleted that routers have no longer, after the requests for their addresses.
    pub(super) fn dismiss_retired(&mut self) {
        if !self.keeper.has_due() {
            let waiting = &self.waiting;
            self.virtual_macs
                .dismiss_retired(|router| waiting.contains(&router));
        }
    }

    /// Whether there is room for a request of the keeper of addresses.
    fn has_room(&self) -> bool {
        self.requests.room() > RESERVED
    }

    /// Queues what the keeper of addresses wants; whether there was anything.
    pub(super) fn ask_addresses(
        &mut self,
        interfaces: &Interfaces,
        now: Instant,
        slice: &TimeSlice<'_>,
    ) -> bool {
        let mut asked = false;
        while self.has_room()
            && !(asked && slice.is_over())
            && let Some((key, request)) = self.keeper.next_request(interfaces, now)
        {
            asked = true;
            // There is room.
            drop(self.requests.push(request, Tag::Address(key)));
        }
        asked
    }
}
