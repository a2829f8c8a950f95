//! The decision whether a virtual router can be Active.

use core::net::IpAddr;
use core::ops::Range;
use core::time::Duration;
use std::collections::BTreeMap;

use vrrp_core::{Event, Family, Instant, Role};

use super::network::Network;
use super::obstacle::{Input, Obstacle};
use super::profile::KeptAddress;
use super::router::Router;
use super::spec::Path;
use super::{Driver, Notice, RouterId};
use crate::addresses::AddressError;
use crate::interfaces::Link;
use crate::{InterfaceName, Interfaces};

/// How long a router stays away whose addresses the kernel refused; doubled each time. It takes the
/// addresses from whoever has them then, so not often.
const REFUSED: Duration = Duration::from_secs(30);
/// The same where another host had them, which may let go of them.
const DISPUTED: Duration = Duration::from_secs(5);
/// The longest it stays away.
const LONGEST: Duration = Duration::from_secs(300);

/// The source addresses of routers with the same wish on the same interface.
pub(super) type Sources = BTreeMap<(u32, Family, Option<IpAddr>, bool), Option<IpAddr>>;

/// A router that was Active and could have none of its addresses.
#[derive(Debug)]
pub(super) struct Retreat {
    obstacle: Obstacle,
    /// Until when it stays away.
    until: Instant,
    times: u8,
}

impl Driver {
    /// Finds out what keeps a router from being Active, and has it act on that.
    pub(super) fn judge(&mut self, id: usize, now: Instant, sources: &mut Sources) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let interfaces = self.monitor.interfaces();
        let link = router.interface.and_then(|index| interfaces.link(index));
        router.usable = link.is_some_and(Link::is_usable);
        let network = &self.network;
        let primary = link.and_then(|link| {
            let unicast = matches!(router.profile().shared.path, Path::Unicast { .. });
            let family = router.machine().config().family();
            let wish = (
                link.index,
                family,
                router.profile().shared.path.source(),
                unicast,
            );
            *sources
                .entry(wish)
                .or_insert_with(|| network.source(router, interfaces, link.index))
        });
        self.network.retreat(id, router, now);
        let found = obstacles(&self.network, router, interfaces, primary, now);
        let former = core::mem::replace(&mut router.obstacles, found.into_boxed_slice());
        let changes = changes(router.id, &former, &router.obstacles);
        self.notices.extend(changes);
        let has = |input| (router.obstacles.iter()).any(|obstacle| obstacle.input() == input);
        let (mute, faulty) = (has(Input::Interface), has(Input::Fault));
        // What may be resigned from goes first, and what allows to start last.
        let address = Event::PrimaryAddress(primary);
        let order = match (mute, faulty) {
            // A resignation leaves from the address that the peers know then.
            (false, true) if primary.is_some() && router.machine().primary().is_some() => {
                [address, Event::Fault, Event::InterfaceUp]
            }
            (false, true) => [Event::Fault, address, Event::InterfaceUp],
            (false, false) => [address, Event::InterfaceUp, Event::Recover],
            (true, true) => [Event::InterfaceDown, Event::Fault, address],
            (true, false) => [Event::InterfaceDown, Event::Recover, address],
        };
        for event in order {
            self.handle(id, event, now);
        }
    }

    /// Whether packets can flow on the interface of this name, as far as that is not up to the
    /// routers: a macvlan of theirs is as its interface.
    #[must_use]
    pub fn is_usable(&self, interface: InterfaceName) -> bool {
        let interfaces = self.monitor.interfaces();
        let link = self.network.link_that_matters(interface, interfaces);
        link.is_some_and(Link::is_usable)
    }

    /// The virtual addresses that an Active router cannot have for now, and why.
    pub fn failures(&self, id: RouterId) -> impl Iterator<Item = (IpAddr, &AddressError)> {
        self.failures_within(id, 0..usize::MAX)
    }

    /// The same among a part of its addresses, by their numbers in an order of the driver's: each is
    /// looked up, and a router may have thousands. No number is beyond how many it has, excluded ones
    /// included.
    pub fn failures_within(
        &self,
        id: RouterId,
        numbers: Range<usize>,
    ) -> impl Iterator<Item = (IpAddr, &AddressError)> {
        let router = self.router(id);
        let short = router.filter(|router| router.installed() < router.keys.len());
        let keys = short.map_or(&[][..], |router| &router.keys);
        let keys = keys.iter().skip(numbers.start).take(numbers.len());
        keys.filter_map(|(key, _)| {
            let error = self.network.keeper.failure(key)?;
            Some((key.address(), error))
        })
    }

    /// Takes in what the owner says of a fault of its own; the event to pass on, if any.
    pub(super) fn weigh(&mut self, id: usize, event: Event) -> Option<Event> {
        let faulty = event == Event::Fault;
        if !faulty && event != Event::Recover {
            return Some(event);
        }
        let router = self.routers.get_mut(id).and_then(Option::as_mut)?;
        router.tracked_fault = faulty;
        let other = |obstacle: &Obstacle| {
            obstacle.input() == Input::Fault && *obstacle != Obstacle::Tracked
        };
        let stays = !faulty && router.obstacles.iter().any(other);
        (!stays).then_some(event)
    }
}

/// The notices of new obstacles and of those that are gone.
fn changes(router: RouterId, former: &[Obstacle], found: &[Obstacle]) -> Vec<Notice> {
    let notice = |obstacle: &Obstacle, present| Notice::Obstacle {
        router,
        obstacle: obstacle.clone(),
        present,
    };
    let gone = former.iter().filter(|obstacle| !found.contains(obstacle));
    let new = found.iter().filter(|obstacle| !former.contains(obstacle));
    gone.map(|obstacle| notice(obstacle, false))
        .chain(new.map(|obstacle| notice(obstacle, true)))
        .collect()
}

/// All that keeps a router from being Active.
fn obstacles(
    network: &Network,
    router: &Router,
    interfaces: &Interfaces,
    primary: Option<IpAddr>,
    now: Instant,
) -> Vec<Obstacle> {
    let mut found = Vec::new();
    let name = router.profile().interface;
    match router.interface.and_then(|index| interfaces.link(index)) {
        None => found.push(Obstacle::InterfaceMissing(name)),
        Some(link) => {
            let multicast = matches!(router.profile().shared.path, Path::Multicast { .. });
            if multicast && link.flags.is_loopback() {
                found.push(Obstacle::InterfaceLoopback(name));
            }
            if router.profile().shared.track_interface && !link.is_usable() {
                found.push(Obstacle::InterfaceDown(name));
            }
            // A deaf router would take over from everybody.
            if router.listener.is_none() {
                found.push(Obstacle::NoSocket(name));
            }
            found.extend(virtual_mac(network, router, interfaces));
            if primary.is_none() && found.is_empty() {
                found.push(Obstacle::NoPrimaryAddress(name));
            }
        }
    }
    devices(network, router, interfaces, &mut found);
    if let Some(retreat) = router
        .retreat
        .as_ref()
        .filter(|retreat| now < retreat.until)
    {
        found.push(retreat.obstacle.clone());
    }
    if router.tracked_fault {
        found.push(Obstacle::Tracked);
    }
    found
}

fn virtual_mac(network: &Network, router: &Router, interfaces: &Interfaces) -> Option<Obstacle> {
    let virtual_mac = router.profile().virtual_mac()?;
    let missing = Obstacle::VirtualMacMissing(virtual_mac.name);
    let Some(macvlan) = router.macvlan else {
        return Some(missing);
    };
    let macs = &network.virtual_macs;
    if let Some(error) = macs.trouble(macvlan) {
        return Some(Obstacle::VirtualMac(error));
    }
    // One that is taken away later is back in a moment, or the kernel refuses it.
    let starts = router.machine().role() == Role::Initialize;
    (starts && !macs.is_ready(macvlan, interfaces)).then_some(missing)
}

/// The interfaces of virtual addresses, each once.
fn devices(network: &Network, router: &Router, interfaces: &Interfaces, found: &mut Vec<Obstacle>) {
    let mut last = None;
    for device in router.profile().all().filter_map(KeptAddress::tracked) {
        if last.replace(device) == Some(device) {
            continue;
        }
        let obstacle = match network.link_that_matters(device, interfaces) {
            None => Obstacle::DeviceMissing(device),
            Some(link) if !link.is_usable() => Obstacle::DeviceDown(device),
            Some(_) => continue,
        };
        if !found.contains(&obstacle) {
            found.push(obstacle);
        }
    }
}

impl Network {
    /// The interface of this name; of a macvlan of ours the one under it, as it is down on purpose
    /// while its router is not Active.
    fn link_that_matters<'a>(
        &self,
        name: InterfaceName,
        interfaces: &'a Interfaces,
    ) -> Option<&'a Link> {
        match self.virtual_macs.parent_of(name) {
            Some(parent) => interfaces.link(parent),
            None => interfaces.link_named(name),
        }
    }

    /// Has an Active router that can have none of its addresses stay away for a while.
    fn retreat(&mut self, id: usize, router: &mut Router, now: Instant) {
        if self.hopeful.remove(&id)
            && let Some(retreat) = &mut router.retreat
        {
            retreat.until = now;
        }
        let placed = router.endpoint.storage().installed().next().is_some();
        if router.machine().role() != Role::Active || placed {
            return;
        }
        // The last one is asked for last.
        let mut failure = None;
        for (key, _) in router.keys.iter().rev() {
            match self.keeper.failure(key) {
                None => return,
                Some(error) => failure = Some((key.address(), error)),
            }
        }
        let Some((address, error)) = failure else {
            return;
        };
        let times = (router.retreat.as_ref()).map_or(0, |retreat| retreat.times);
        let shortest = match error {
            AddressError::Request(_) => REFUSED,
            AddressError::Duplicate | AddressError::Tentative => DISPUTED,
        };
        let pause = shortest.saturating_mul(1 << times.min(8)).min(LONGEST);
        let until = now + pause;
        let error = error.clone();
        router.retreat = Some(Box::new(Retreat {
            obstacle: Obstacle::NoVirtualAddress { address, error },
            until,
            times: times.saturating_add(1),
        }));
        self.returns.insert((until, id));
    }
}
