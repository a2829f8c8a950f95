//! The macvlan interfaces with the virtual MAC addresses of a driver's routers.

use core::num::NonZeroU64;
use std::collections::{BTreeMap, BTreeSet};

use vrrp_core::{Family, Instant, Role};

use super::network::Tag;
use super::profile::Profile;
use super::router::Router;
use super::spec::VirtualMac;
use super::{Driver, Notice};
use crate::interfaces::Link;
use crate::macvlan::{Macvlan, MacvlanError, MacvlanSpec, MacvlanStep, Presence};
use crate::netlink::{RequestError, TimeSlice};
use crate::sysctl::{SysctlError, Sysctls};
use crate::{InterfaceName, Interfaces};

/// Names a macvlan for as long as the driver lives: requests outlive routers, whose ids are used
/// again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MacvlanId(NonZeroU64);

/// The macvlans of all routers, and those that are on their way out.
#[derive(Debug, Default)]
pub(super) struct VirtualMacs {
    macvlans: BTreeMap<MacvlanId, RouterMacvlan>,
    by_name: BTreeMap<InterfaceName, BTreeSet<MacvlanId>>,
    due: BTreeSet<MacvlanId>,
    timers: BTreeSet<(Instant, MacvlanId)>,
    last: Option<MacvlanId>,
    /// Those that go once the addresses of their router are on their way to another interface.
    retired: Vec<(usize, MacvlanId)>,
    pub(super) sysctls: Sysctls,
}

#[derive(Debug)]
struct RouterMacvlan {
    device: Macvlan,
    parent: InterfaceName,
    /// Of its addresses.
    family: Family,
    /// None once it is to go.
    router: Option<usize>,
    timer: Option<Instant>,
    /// Whether the router has it no longer, but may have addresses on it.
    retired: bool,
    /// Whether its kernel parameters are held.
    tuned: bool,
    /// What else has its name.
    taken: Option<MacvlanError>,
}

impl VirtualMacs {
    /// Prepares the macvlan of a router on the interface of index `parent`.
    pub(super) fn add(
        &mut self,
        router: usize,
        profile: &Profile,
        family: Family,
        virtual_mac: &VirtualMac,
        parent: u32,
    ) -> MacvlanId {
        let number = self
            .last
            .map_or(NonZeroU64::MIN, |last| last.0.saturating_add(1));
        let id = MacvlanId(number);
        self.last = Some(id);
        let device = Macvlan::new(MacvlanSpec {
            name: virtual_mac.name,
            parent,
            mac: virtual_mac.mac,
        });
        let macvlan = RouterMacvlan {
            device,
            parent: profile.interface,
            family,
            router: Some(router),
            timer: None,
            retired: false,
            tuned: false,
            taken: None,
        };
        self.macvlans.insert(id, macvlan);
        self.by_name.entry(virtual_mac.name).or_default().insert(id);
        id
    }

    /// The macvlan is to be deleted; the router has it no longer.
    pub(super) fn dismiss(&mut self, id: MacvlanId) {
        if let Some(macvlan) = self.macvlans.get_mut(&id) {
            macvlan.router = None;
            macvlan.device.want(Presence::Absent);
            self.due.insert(id);
        }
    }

    /// The macvlan is to be deleted once the addresses of the router have been asked for elsewhere:
    /// to delete an interface takes the kernel many milliseconds, and other requests wait for it.
    pub(super) fn retire(&mut self, router: usize, id: MacvlanId) {
        if let Some(macvlan) = self.macvlans.get_mut(&id) {
            macvlan.retired = true;
            self.retired.push((router, id));
        }
    }

    /// Has retired macvlans deleted, but for those of routers that `waits` is true of.
    pub(super) fn dismiss_retired(&mut self, waits: impl Fn(usize) -> bool) {
        for (router, id) in core::mem::take(&mut self.retired) {
            if waits(router) {
                self.retired.push((router, id));
            } else {
                self.dismiss(id);
            }
        }
    }

    /// Has the macvlan up in the Active state only (RFC 9568 §6.4.2).
    pub(super) fn follow(&mut self, id: MacvlanId, role: Role) {
        if let Some(macvlan) = self.macvlans.get_mut(&id) {
            macvlan.device.want(match role {
                Role::Active => Presence::Up,
                Role::Backup | Role::Initialize => Presence::Down,
            });
            self.due.insert(id);
        }
    }

    /// An interface of this name has changed.
    pub(super) fn disturb(&mut self, name: InterfaceName) {
        if let Some(macvlans) = self.by_name.get(&name) {
            self.due.extend(macvlans);
        }
    }

    pub(super) fn has_due(&self) -> bool {
        !self.due.is_empty()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// The index of the interface the macvlan is on.
    pub(super) fn parent(&self, id: MacvlanId) -> Option<u32> {
        Some(self.macvlans.get(&id)?.device.spec().parent)
    }

    /// The index of the interface under the macvlan of this name, if a router has it.
    pub(super) fn parent_of(&self, name: InterfaceName) -> Option<u32> {
        let macvlans = self.by_name.get(&name)?.iter();
        let mut held =
            macvlans.filter_map(|id| self.macvlans.get(id).filter(|b| b.router.is_some()));
        Some(held.next()?.device.spec().parent)
    }

    /// What is in the way of the macvlan, if anything.
    pub(super) fn trouble(&self, id: MacvlanId) -> Option<MacvlanError> {
        let macvlan = self.macvlans.get(&id)?;
        macvlan.taken.clone().or_else(|| macvlan.device.refusal())
    }

    /// Whether the macvlan is there, here to stay and prepared to be up.
    pub(super) fn is_ready(&self, id: MacvlanId, interfaces: &Interfaces) -> bool {
        (self.macvlans.get(&id)).is_some_and(|macvlan| {
            !self.is_waiting(id, macvlan) && macvlan.device.is_ready(interfaces)
        })
    }

    /// The macvlan, if it is there and here to stay.
    pub(super) fn link<'a>(&self, id: MacvlanId, interfaces: &'a Interfaces) -> Option<&'a Link> {
        let macvlan = self.macvlans.get(&id)?;
        if self.is_waiting(id, macvlan) {
            return None;
        }
        macvlan.device.link(interfaces)
    }

    /// Whether the macvlan waits for a former one of its name to be deleted.
    fn is_waiting(&self, id: MacvlanId, macvlan: &RouterMacvlan) -> bool {
        let namesakes = self.by_name.get(&macvlan.device.spec().name);
        namesakes.into_iter().flatten().any(|other| {
            let other = self.macvlans.get(other).filter(|_| *other < id);
            other.is_some_and(|other| other.router.is_none() || other.retired)
        })
    }

    pub(super) fn is_settled(&self, interfaces: &Interfaces) -> bool {
        self.due.is_empty()
            && self.retired.is_empty()
            && self.macvlans.values().all(|macvlan| {
                let possible = interfaces.link(macvlan.device.spec().parent).is_some();
                match macvlan.router {
                    None => false,
                    Some(_) => {
                        !possible
                            || macvlan.taken.is_some()
                            || macvlan.device.is_settled(interfaces)
                    }
                }
            })
    }

    /// Takes in an answer of the kernel; the router whose macvlan it is about.
    fn completed(
        &mut self,
        id: MacvlanId,
        result: Result<(), RequestError>,
        now: Instant,
    ) -> Option<usize> {
        let macvlan = self.macvlans.get_mut(&id)?;
        self.due.insert(id);
        macvlan.device.completed(result, now);
        macvlan.router
    }

    fn set_timer(&mut self, id: MacvlanId) {
        let Some(macvlan) = self.macvlans.get_mut(&id) else {
            return;
        };
        let deadline = macvlan.device.deadline();
        if let Some(former) = core::mem::replace(&mut macvlan.timer, deadline) {
            self.timers.remove(&(former, id));
        }
        if let Some(deadline) = deadline {
            self.timers.insert((deadline, id));
        }
    }

    /// Sets the kernel parameters; those held for a predecessor of the same name are let go after.
    fn tune(&mut self, id: MacvlanId, index: u32) -> Result<(), SysctlError> {
        let Some(macvlan) = self.macvlans.get_mut(&id) else {
            return Ok(());
        };
        macvlan.device.tuned(index);
        let (name, parent) = (macvlan.device.spec().name, macvlan.parent);
        let families = &[macvlan.family];
        let held = self.sysctls.hold_macvlan(families, name, parent);
        let former = core::mem::replace(&mut macvlan.tuned, held.is_ok());
        let released = if former {
            self.sysctls.release_macvlan(families, name, parent)
        } else {
            Ok(())
        };
        held.and(released)
    }

    /// Forgets a macvlan that is gone, puts back the kernel parameters and lets successors go on.
    fn forget(&mut self, id: MacvlanId) -> Result<(), SysctlError> {
        let Some(macvlan) = self.macvlans.remove(&id) else {
            return Ok(());
        };
        if let Some(timer) = macvlan.timer {
            self.timers.remove(&(timer, id));
        }
        let name = macvlan.device.spec().name;
        if let Some(namesakes) = self.by_name.get_mut(&name) {
            namesakes.remove(&id);
            self.due.extend(&*namesakes);
            if namesakes.is_empty() {
                self.by_name.remove(&name);
            }
        }
        if macvlan.tuned {
            let families = &[macvlan.family];
            return self.sysctls.release_macvlan(families, name, macvlan.parent);
        }
        Ok(())
    }
}

impl Driver {
    /// Has a router's macvlan be what its role needs: there while the router is switched on.
    pub(super) fn follow_role(&mut self, id: usize) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let macs = &mut self.network.virtual_macs;
        if let Some(macvlan) = router.macvlan {
            if router.machine().is_started() {
                macs.follow(macvlan, router.machine().role());
            } else {
                macs.dismiss(macvlan);
                router.macvlan = None;
            }
        }
    }

    /// Gives a router that is switched on its macvlan on the interface it is on now.
    pub(super) fn provide_macvlan(&mut self, id: usize) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let (Some(virtual_mac), Some(parent)) = (router.profile().virtual_mac(), router.interface)
        else {
            return;
        };
        if !router.machine().is_started() {
            return;
        }
        let macs = &mut self.network.virtual_macs;
        if let Some(macvlan) = router.macvlan {
            if macs.parent(macvlan) == Some(parent) {
                return;
            }
            macs.dismiss(macvlan);
        }
        let macvlan = macs.add(
            id,
            router.profile(),
            router.machine().config().family(),
            &virtual_mac,
            parent,
        );
        macs.follow(macvlan, router.machine().role());
        router.macvlan = Some(macvlan);
    }

    pub(super) fn complete_virtual_mac(
        &mut self,
        id: MacvlanId,
        result: Result<(), RequestError>,
        now: Instant,
    ) {
        let router = self.network.virtual_macs.completed(id, result, now);
        // It may be able now, or able no longer.
        self.network.dirty.extend(router);
    }

    /// Asks the kernel for what is next about macvlans, before it is asked for addresses on them.
    pub(super) fn drive_virtual_macs(&mut self, slice: &TimeSlice<'_>, now: Instant) {
        let macs = &mut self.network.virtual_macs;
        while let Some((at, id)) = macs.timers.first().copied()
            && at <= now
        {
            macs.timers.pop_first();
            macs.due.insert(id);
        }
        while self.network.requests.room() > 0
            && let Some(id) = self.network.virtual_macs.due.pop_first()
        {
            self.drive_virtual_mac(id, now);
            self.network.virtual_macs.set_timer(id);
            if slice.is_over() {
                break;
            }
        }
    }

    fn drive_virtual_mac(&mut self, id: MacvlanId, now: Instant) {
        loop {
            let interfaces = self.monitor.interfaces();
            let macs = &mut self.network.virtual_macs;
            let Some(macvlan) = macs.macvlans.get(&id) else {
                return;
            };
            if macs.is_waiting(id, macvlan) {
                return;
            }
            let Some(macvlan) = macs.macvlans.get_mut(&id) else {
                return;
            };
            let step = macvlan.device.next_step(interfaces, now);
            let taken = step.as_ref().err().cloned();
            if macvlan.taken != taken {
                macvlan.taken = taken;
                self.network.dirty.extend(macvlan.router);
            }
            let done = match step {
                Ok(Some(MacvlanStep::Tune { index })) => {
                    self.network.dirty.extend(macvlan.router);
                    macs.tune(id, index)
                }
                Ok(Some(MacvlanStep::Reread)) => {
                    self.monitor.resynchronise();
                    self.network.monitor_pending = true;
                    return;
                }
                Ok(Some(MacvlanStep::Request(request))) => {
                    // There is room.
                    drop(self.network.requests.push(request, Tag::Macvlan(id)));
                    self.network.requests_pending = true;
                    return;
                }
                Ok(None) if macvlan.router.is_none() && macvlan.device.is_settled(interfaces) => {
                    macs.forget(id)
                }
                Ok(None) | Err(_) => return,
            };
            if let Err(error) = done {
                self.notices.push(Notice::SysctlFailed { error });
            }
        }
    }
}

impl Router {
    /// Lets a macvlan go that is not the one the router is to have now. One is made when the router
    /// is brought up to date with its interface.
    pub(super) fn change_virtual_mac(
        &mut self,
        former: Option<VirtualMac>,
        macs: &mut VirtualMacs,
    ) {
        let slot = self.id.index();
        let identity = |it: VirtualMac| (it.name, it.mac);
        let wanted = self.profile().virtual_mac().map(identity);
        if former.map(identity) == wanted {
            return;
        }
        match (self.macvlan.take(), wanted) {
            (Some(macvlan), None) => macs.retire(slot, macvlan),
            (Some(macvlan), Some(_)) => macs.dismiss(macvlan),
            (None, _) => {}
        }
        let active = self.machine().role() == Role::Active;
        self.former_home = self.interface.filter(|_| active && former.is_none());
    }

    /// Has the addresses go where they belong once that is there and up, or the router is not
    /// Active.
    pub(super) fn leave_former_home(&mut self, macs: &VirtualMacs, interfaces: &Interfaces) {
        let link = self.macvlan.and_then(|id| macs.link(id, interfaces));
        let is_up = link.is_some_and(|link| link.flags.is_up());
        if is_up || self.machine().role() != Role::Active {
            self.former_home = None;
        }
    }

    /// The interface of the addresses of its family without a device of their own, if it
    /// exists.
    pub(super) fn home(&self, macs: &VirtualMacs, interfaces: &Interfaces) -> Option<u32> {
        if self.former_home.is_some() {
            return self.former_home;
        }
        match (self.profile().virtual_mac(), self.macvlan) {
            (None, _) => self.interface,
            (Some(_), Some(macvlan)) => macs.link(macvlan, interfaces).map(|link| link.index),
            (Some(virtual_mac), None) => {
                // Left by an earlier run, which the router may yet take over.
                let spec = MacvlanSpec {
                    name: virtual_mac.name,
                    parent: self.interface?,
                    mac: virtual_mac.mac,
                };
                interfaces
                    .link_named(virtual_mac.name)
                    .filter(|link| spec.is_met_by(link, interfaces))
                    .map(|link| link.index)
            }
        }
    }
}
