//! The kernel's side of a driver: interfaces that come and go, addresses and macvlans.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsRawFd, RawFd};

use vrrp_core::receive::Expect;
use vrrp_core::wire::Addresses;
use vrrp_core::{Event, Family, Instant, Role, Vrid};

use super::router::Router;
use super::spec::{Path, RouterSpec};
use super::{Driver, DriverError, NETLINK_SLICE, Notice, RouterId};
use crate::addresses::{AddressEvent, Tenure};
use crate::interfaces::{AddressKey, AddressProtocol, Link};
use crate::macvlan::{Macvlan, MacvlanSpec, MacvlanStep, Presence};
use crate::netlink::{Completion, Progress, Requests, TimeSlice};
use crate::sysctl::Sysctls;
use crate::{AddressKeeper, InterfaceName, Interfaces, NetworkEvent, Transport};

/// The mark on addresses added here, so that a later run knows its own: the protocol number of
/// VRRP. keepalived's mark is another one (18).
const MARK: AddressProtocol = AddressProtocol(112);

/// Whose request it was.
#[derive(Clone, Copy, Debug)]
enum Tag {
    Address(AddressKey),
    Macvlan(usize),
}

#[derive(Debug)]
pub(super) struct Network {
    requests: Requests<Tag>,
    keeper: AddressKeeper<usize>,
    sysctls: Sysctls,
    /// Routers to look at when an interface of this name changes.
    watchers: BTreeMap<InterfaceName, BTreeSet<usize>>,
    /// The name an interface was last seen under.
    names: BTreeMap<u32, InterfaceName>,
    /// Virtual addresses of any router, which are no primary addresses (pitfall 18).
    virtuals: BTreeMap<IpAddr, usize>,
    dirty: BTreeSet<usize>,
    events: Vec<NetworkEvent>,
    completions: Vec<Completion<Tag>>,
    monitor_pending: bool,
    requests_pending: bool,
    synchronised: bool,
    clean_leftovers: bool,
    /// Scratch for ids of due routers.
    pub(super) due: Vec<usize>,
}

impl Network {
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self {
            requests: Requests::open()?,
            keeper: AddressKeeper::new(Some(MARK)),
            sysctls: Sysctls::default(),
            watchers: BTreeMap::new(),
            names: BTreeMap::new(),
            virtuals: BTreeMap::new(),
            dirty: BTreeSet::new(),
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
        self.monitor_pending || self.requests_pending || !self.dirty.is_empty()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.requests.deadline(), self.keeper.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn is_settled(&self, routers: &[Option<Router>], interfaces: &Interfaces) -> bool {
        let macvlans = routers
            .iter()
            .flatten()
            .filter_map(|router| router.macvlan.as_ref());
        self.keeper.is_settled()
            && self.requests.is_idle()
            && macvlans
                .into_iter()
                .all(|macvlan| macvlan.is_settled(interfaces))
    }

    /// Watches the interfaces a router depends on.
    pub(super) fn enlist(&mut self, id: usize, spec: &RouterSpec) {
        for name in depends_on(spec) {
            self.watchers.entry(name).or_default().insert(id);
        }
        for address in spec.addresses.iter().chain(&spec.excluded) {
            *self.virtuals.entry(address.spec.address).or_default() += 1;
        }
        self.dirty.insert(id);
    }

    /// The reverse of [`enlist`](Self::enlist); addresses in place are removed.
    pub(super) fn discharge(&mut self, id: usize, spec: &RouterSpec) {
        for name in depends_on(spec) {
            if let Some(watchers) = self.watchers.get_mut(&name) {
                watchers.remove(&id);
            }
        }
        for address in spec.addresses.iter().chain(&spec.excluded) {
            if let Some(count) = self.virtuals.get_mut(&address.spec.address) {
                *count -= 1;
                if *count == 0 {
                    self.virtuals.remove(&address.spec.address);
                }
            }
        }
        self.keeper.forget(id);
        self.dirty.remove(&id);
    }

    pub(super) const fn clean_leftovers(&mut self) {
        self.clean_leftovers = true;
    }

    /// Puts the addresses of a router in place and keeps them there.
    pub(super) fn add_addresses(&mut self, id: usize, router: &mut Router) {
        if let Some(macvlan) = &mut router.macvlan {
            macvlan.want(Presence::Up);
            self.dirty.insert(id);
        }
        self.declare(id, router);
        self.keeper.set_active(id, true);
        self.requests_pending = true;
    }

    /// Removes the addresses of a router, and those an earlier run left (D1).
    pub(super) fn remove_addresses(&mut self, id: usize, router: &mut Router) {
        if let Some(macvlan) = &mut router.macvlan {
            // Down while Backup: frames to the virtual MAC are not ours (D1).
            let started = router.machine.is_started();
            macvlan.want(if started {
                Presence::Down
            } else {
                Presence::Absent
            });
            self.dirty.insert(id);
        }
        self.declare(id, router);
        self.keeper.set_active(id, false);
        self.requests_pending = true;
    }

    fn declare(&mut self, id: usize, router: &mut Router) {
        if core::mem::replace(&mut router.declared, true) {
            return;
        }
        let owner = router.machine.config().priority().is_owner();
        let tenure = if owner {
            Tenure::Owner
        } else {
            Tenure::Virtual
        };
        let specs = router.keys.iter().filter_map(|(key, position)| {
            let address = router.virtual_address(usize::try_from(*position).ok()?)?;
            let mut spec = address.spec.clone();
            spec.index = key.index();
            Some(spec)
        });
        self.keeper.declare(id, tenure, specs);
    }

    fn observe(&mut self, event: &NetworkEvent, now: Instant) {
        self.keeper.observe(event, now);
        match event {
            NetworkEvent::LinkChanged(link) => {
                if let Some(former) = self.names.insert(link.index, link.name)
                    && former != link.name
                {
                    self.disturb(former);
                }
                self.disturb(link.name);
            }
            NetworkEvent::LinkRemoved(link) => {
                self.names.remove(&link.index);
                self.disturb(link.name);
            }
            NetworkEvent::AddressAdded(address)
            | NetworkEvent::AddressChanged(address)
            | NetworkEvent::AddressRemoved(address) => {
                if !self.virtuals.contains_key(&address.address)
                    && let Some(name) = self.names.get(&address.index).copied()
                {
                    self.disturb(name);
                }
            }
            NetworkEvent::Synchronised => {
                self.synchronised = true;
                self.requests_pending = true;
            }
        }
    }

    fn disturb(&mut self, name: InterfaceName) {
        if let Some(watchers) = self.watchers.get(&name) {
            self.dirty.extend(watchers);
        }
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
fn depends_on(spec: &RouterSpec) -> impl Iterator<Item = InterfaceName> {
    let devices = spec
        .addresses
        .iter()
        .chain(&spec.excluded)
        .filter_map(|address| address.device);
    let macvlan = spec.virtual_mac.map(|virtual_mac| virtual_mac.name);
    devices.chain(macvlan).chain([spec.interface])
}

impl Driver {
    /// Takes in what the kernel tells of interfaces and addresses; whether it told anything.
    pub(super) fn follow_kernel(&mut self, now: Instant) -> Result<bool, DriverError> {
        let overdue = self
            .monitor
            .deadline()
            .is_some_and(|deadline| deadline <= now);
        if self.network.monitor_pending || overdue {
            let resynchronising = !self.monitor.is_synchronised() && self.network.synchronised;
            let clock = || self.clock.now();
            let slice = TimeSlice::new(now, now + NETLINK_SLICE, &clock);
            let progress = self.monitor.drive(&slice, &mut self.network.events)?;
            self.network.monitor_pending = progress == Progress::Partial;
            if resynchronising && self.monitor.is_synchronised() {
                self.notices.push(Notice::Resynchronised);
            }
        }
        let mut events = core::mem::take(&mut self.network.events);
        let changed = !events.is_empty();
        self.network.requests_pending |= changed;
        for event in events.drain(..) {
            if let NetworkEvent::LinkRemoved(link) = &event {
                self.ports.forget_link(link.index);
            }
            self.network.observe(&event, now);
        }
        self.network.events = events;
        if self.network.synchronised {
            self.refresh_dirty(now);
        }
        Ok(changed)
    }

    fn refresh_dirty(&mut self, now: Instant) {
        let mut primaries = BTreeMap::new();
        for id in core::mem::take(&mut self.network.dirty) {
            self.refresh_router(id, now, &mut primaries);
            self.drive_macvlan(id, now);
        }
    }

    /// Brings a router up to date with its interfaces.
    fn refresh_router(
        &mut self,
        id: usize,
        now: Instant,
        primaries: &mut BTreeMap<(u32, Family), Option<IpAddr>>,
    ) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let link = self
            .monitor
            .interfaces()
            .link_named(router.spec.interface)
            .cloned();
        let index = link.as_ref().map(|link| link.index);
        if router.interface != index {
            self.detach(id);
        }
        if let Some(link) = &link {
            self.attach(id, link);
        }
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let keys = resolve(router, self.monitor.interfaces());
        if keys != router.keys {
            router.place(keys);
            if core::mem::replace(&mut router.declared, false) {
                self.network.declare(id, router);
                self.network.requests_pending = true;
            }
        }
        let tracked = router.spec.track_interface;
        let usable = link.is_some_and(|link| !tracked || link.is_usable());
        let family = router.machine.config().family();
        let primary = router
            .spec
            .path
            .source()
            .filter(|_| index.is_some())
            .or_else(|| {
                let index = index?;
                *primaries.entry((index, family)).or_insert_with(|| {
                    self.network
                        .primary(self.monitor.interfaces(), index, family)
                })
            });
        let changed = core::mem::replace(&mut router.usable, usable) != usable;
        if primary.is_some() {
            router.source = primary;
        }
        if changed {
            self.notices.push(Notice::Interface {
                router: RouterId(id),
                usable,
            });
        }
        let event = if usable {
            Event::InterfaceUp
        } else {
            Event::InterfaceDown
        };
        // The loss of the address goes first, while there may still be a way to say so.
        let address = Event::PrimaryAddress(primary);
        let order = if usable {
            [address, event]
        } else {
            [event, address]
        };
        for event in order {
            self.handle(id, event, now);
        }
    }

    /// Leaves the sockets of an interface that is gone or no longer the router's.
    pub(super) fn detach(&mut self, id: usize) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        router.interface = None;
        if let Some(listener) = router.listener.take() {
            let member = (router.machine.config().vrid(), id);
            self.ports.leave(
                self.poll.registry(),
                listener,
                member,
                group(&router.spec.path),
            );
        }
    }

    /// Joins the sockets of an interface.
    fn attach(&mut self, id: usize, link: &Link) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let config = router.machine.config();
        let limit = Addresses::mtu_limit(
            config.version(),
            config.family(),
            usize::try_from(link.mtu).unwrap_or(usize::MAX),
        );
        router.advertised = limit.min(router.octets.first(usize::MAX).len());
        router.interface = Some(link.index);
        if router.listener.is_some() {
            return;
        }
        let transport = match (config.family(), router.spec.expect) {
            (Family::V6, _) => Transport::Ipv6,
            (Family::V4, Expect::Ah(_)) => Transport::Ipv4Ah,
            (Family::V4, Expect::None | Expect::Simple(_)) => Transport::Ipv4,
        };
        let member: (Vrid, usize) = (config.vrid(), id);
        let group = group(&router.spec.path);
        match self
            .ports
            .join(self.poll.registry(), link.index, transport, member, group)
        {
            Ok(listener) => router.listener = Some(listener),
            Err(error) => {
                self.notices.push(Notice::SocketFailed {
                    interface: link.name,
                    error,
                });
            }
        }
        if let Some(virtual_mac) = router.spec.virtual_mac
            && router
                .macvlan
                .as_ref()
                .is_none_or(|macvlan| macvlan.spec().parent != link.index)
        {
            let mut macvlan = Macvlan::new(MacvlanSpec {
                name: virtual_mac.name,
                parent: link.index,
                mac: virtual_mac.mac,
            });
            macvlan.want(Presence::Down);
            router.macvlan = Some(macvlan);
        }
    }

    /// Has the kernel do what is wanted of it, and tells routers what it did.
    pub(super) fn drive_kernel(&mut self, now: Instant) -> Result<(), DriverError> {
        self.condemn_leftovers();
        let overdue = self
            .network
            .deadline()
            .is_some_and(|deadline| deadline <= now);
        if !self.network.requests_pending && !overdue {
            return Ok(());
        }
        let started = self.clock.now();
        let clock = self.clock;
        let clock = || clock.now();
        let slice = TimeSlice::new(started, started + NETLINK_SLICE, &clock);
        self.network.requests_pending = false;
        loop {
            let asked = self.network.ask_addresses(self.monitor.interfaces(), now);
            let progress = self
                .network
                .requests
                .drive(&slice, &mut self.network.completions)?;
            let done = self.network.completions.is_empty();
            self.complete(now);
            if progress == Progress::Partial || slice.is_over() {
                self.network.requests_pending = true;
                break;
            }
            if !asked && done {
                break;
            }
        }
        self.tell_of_addresses();
        if self.network.keeper.takes_doubt() {
            self.monitor.resynchronise();
            self.network.monitor_pending = true;
        }
        Ok(())
    }

    fn complete(&mut self, now: Instant) {
        let mut completions = core::mem::take(&mut self.network.completions);
        for completion in completions.drain(..) {
            match completion.tag {
                Tag::Address(key) => self.network.keeper.completed(key, completion.result, now),
                Tag::Macvlan(id) => {
                    let router = self.routers.get_mut(id).and_then(Option::as_mut);
                    if let Some(macvlan) = router.and_then(|router| router.macvlan.as_mut()) {
                        if let Err(error) = macvlan.completed(completion.result, now) {
                            let router = RouterId(id);
                            self.notices.push(Notice::MacvlanFailed { router, error });
                        }
                        self.network.dirty.insert(id);
                    }
                }
            }
        }
        self.network.completions = completions;
    }

    fn tell_of_addresses(&mut self) {
        while let Some(event) = self.network.keeper.next_event() {
            match event {
                AddressEvent::Installed { owner, address } => {
                    self.installed(owner, &address.key());
                }
                AddressEvent::Lost { owner, address } => {
                    if let Some(router) = self.routers.get_mut(owner).and_then(Option::as_mut)
                        && let Some(position) = router.position(&address.key())
                    {
                        set(&mut router.installed, position, false);
                    }
                    let (router, address) = (RouterId(owner), address.address);
                    self.notices.push(Notice::AddressLost { router, address });
                }
                AddressEvent::Failed { owner, key, error } => {
                    let (router, address) = (RouterId(owner), key.address());
                    self.notices.push(Notice::AddressFailed {
                        router,
                        address,
                        error,
                    });
                }
            }
        }
    }

    fn installed(&mut self, id: usize, key: &AddressKey) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let Some(position) = router.position(key) else {
            return;
        };
        set(&mut router.installed, position, true);
        if router.machine.role() == Role::Active {
            let copies = vrrp_core::announce::Settings::from(router.spec.announce).repeat;
            router.owed.add(position, copies);
            self.deadlines.set(id, router.deadline());
        }
        let (router, address) = (RouterId(id), key.address());
        self.notices
            .push(Notice::AddressInstalled { router, address });
    }

    /// Asks the kernel for the next step towards a router's macvlan.
    fn drive_macvlan(&mut self, id: usize, now: Instant) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let parent = router.spec.interface;
        let Some(macvlan) = &mut router.macvlan else {
            return;
        };
        loop {
            match macvlan.next_step(self.monitor.interfaces(), now) {
                Ok(Some(MacvlanStep::Tune { index })) => {
                    let family = router.machine.config().family();
                    let name = macvlan.spec().name;
                    let held = self.network.sysctls.hold_macvlan(family, name, parent);
                    if let Err(error) = held {
                        self.notices.push(Notice::SysctlFailed { error });
                    }
                    macvlan.tuned(index);
                }
                Ok(Some(MacvlanStep::Request(request))) => {
                    // With 65,536 requests waiting the macvlan waits for the next change.
                    drop(self.network.requests.push(request, Tag::Macvlan(id)));
                    self.network.requests_pending = true;
                    break;
                }
                Ok(None) => break,
                Err(error) => {
                    self.notices.push(Notice::MacvlanFailed {
                        router: RouterId(id),
                        error,
                    });
                    break;
                }
            }
        }
    }

    /// Once every router knows whether the addresses of an earlier run are its own.
    fn condemn_leftovers(&mut self) {
        let decided = |router: &Router| router.declared || !router.machine.is_started();
        if self.network.clean_leftovers
            && self.network.synchronised
            && self.routers.iter().flatten().all(decided)
        {
            self.network.clean_leftovers = false;
            self.network
                .keeper
                .condemn_leftovers(self.monitor.interfaces());
            self.network.requests_pending = true;
        }
    }
}

impl Network {
    /// Queues what the keeper of addresses wants; whether there was anything.
    fn ask_addresses(&mut self, interfaces: &Interfaces, now: Instant) -> bool {
        let mut asked = false;
        while self.requests.room() > 0
            && let Some((key, request)) = self.keeper.next_request(interfaces, now)
        {
            asked = true;
            // There is room.
            drop(self.requests.push(request, Tag::Address(key)));
        }
        asked
    }
}

/// The virtual addresses with the interface each goes on, as far as it exists, sorted.
fn resolve(router: &Router, interfaces: &Interfaces) -> Vec<(AddressKey, u32)> {
    let own = match &router.macvlan {
        Some(macvlan) => macvlan.link(interfaces).map(|link| link.index),
        None => router.interface,
    };
    let resolved = (0..)
        .zip(router.virtual_addresses())
        .filter_map(|(position, address)| {
            let index = match address.device {
                Some(device) => interfaces.link_named(device).map(|link| link.index),
                None => own,
            };
            Some((address.spec.key_on(index?), position))
        });
    let mut keys: Vec<_> = resolved.collect();
    keys.sort_unstable();
    keys
}

const fn group(path: &Path) -> Option<IpAddr> {
    match path {
        Path::Multicast { group, .. } => Some(*group),
        Path::Unicast { .. } => None,
    }
}

fn set(flags: &mut [bool], position: usize, value: bool) {
    if let Some(flag) = flags.get_mut(position) {
        *flag = value;
    }
}
