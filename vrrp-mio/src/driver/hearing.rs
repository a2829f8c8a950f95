//! The kernel parameters for receiving advertisements whose source is a virtual address of this
//! host.
//!
//! An address owner that returns advertises from the virtual address (RFC 9568 §5.1.1.1, §6.4.3).
//! The Active Router has that address too, and its kernel drops packets that come from outside with
//! an address of its own, as well as the ARP requests before them, unless the interface has
//! `accept_local`. Where the address is on another interface, as on a macvlan, strict reverse path
//! filtering would drop them too.

use std::collections::{BTreeMap, BTreeSet};

use vrrp_core::{Family, Role};

use super::router::Router;
use super::{Driver, Notice};
use crate::netlink::TimeSlice;
use crate::sysctl::{Parameter, SysctlError, Sysctls, Target};
use crate::{InterfaceName, Interfaces};

/// An interface, whose successor of the same name has parameters of its own.
type Place = (u32, InterfaceName);

/// The parameters of interfaces whose routers have their addresses on this host.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// The routers of each interface, and whether their addresses are on another one.
    wanted: BTreeMap<Place, BTreeMap<usize, bool>>,
    of_router: BTreeMap<usize, Place>,
    held: BTreeMap<Place, Held>,
    changed: BTreeSet<Place>,
    /// Interfaces that a killed process may have left changed.
    left: Vec<InterfaceName>,
}

#[derive(Debug)]
struct Held {
    elsewhere: bool,
    parameters: Vec<Parameter>,
}

impl Hearing {
    /// What a router wants from now on; whether that is something else.
    fn want(&mut self, router: usize, want: Option<(Place, bool)>) -> bool {
        let before = self.of_router.get(&router).copied();
        let before = before.map(|place| (place, self.elsewhere(place, router)));
        if before == want {
            return false;
        }
        if let Some((place, _)) = before {
            self.of_router.remove(&router);
            self.changed.insert(place);
            if let Some(routers) = self.wanted.get_mut(&place) {
                routers.remove(&router);
                if routers.is_empty() {
                    self.wanted.remove(&place);
                }
            }
        }
        if let Some((place, elsewhere)) = want {
            self.of_router.insert(router, place);
            self.changed.insert(place);
            let routers = self.wanted.entry(place).or_default();
            routers.insert(router, elsewhere);
        }
        true
    }

    fn elsewhere(&self, place: Place, router: usize) -> bool {
        let routers = self.wanted.get(&place);
        routers.and_then(|it| it.get(&router)).copied() == Some(true)
    }

    pub(super) fn is_settled(&self) -> bool {
        self.changed.is_empty() && self.left.is_empty()
    }

    /// Looks for what a killed process has left on these interfaces.
    pub(super) fn search(&mut self, interfaces: &Interfaces) {
        self.left = interfaces.links().map(|link| link.name).collect();
    }

    /// One step; none is left if there is no outcome.
    fn step(&mut self, sysctls: &mut Sysctls) -> Option<Result<(), SysctlError>> {
        if let Some(place) = self.changed.pop_first() {
            return Some(self.bring_about(place, sysctls));
        }
        let name = self.left.pop()?;
        Some(sysctls.restore_left(name))
    }

    fn bring_about(&mut self, place: Place, sysctls: &mut Sysctls) -> Result<(), SysctlError> {
        let wanted = self.wanted.get(&place);
        let wanted = wanted.map(|routers| routers.values().any(|elsewhere| *elsewhere));
        if wanted == self.held.get(&place).map(|held| held.elsewhere) {
            return Ok(());
        }
        let former = self.held.remove(&place);
        let mut outcome = Ok(());
        if let Some(elsewhere) = wanted {
            let mut parameters = Vec::new();
            outcome = hold(place.1, elsewhere, sysctls, &mut parameters);
            // What is refused once is refused again: it is asked for when something has changed.
            let held = Held {
                elsewhere,
                parameters,
            };
            self.held.insert(place, held);
        }
        for parameter in former.into_iter().flat_map(|held| held.parameters) {
            let released = sysctls.release(&parameter);
            outcome = outcome.and(released);
        }
        outcome
    }
}

fn hold(
    name: InterfaceName,
    elsewhere: bool,
    sysctls: &mut Sysctls,
    held: &mut Vec<Parameter>,
) -> Result<(), SysctlError> {
    const STRICT: i32 = 1;
    const LOOSE: i32 = 2;
    let accept_local = Parameter::v4(name, "accept_local");
    sysctls.hold(&accept_local, 1)?;
    held.push(accept_local);
    if !elsewhere {
        return Ok(());
    }
    // The kernel applies the larger of the two, and loose filtering has the larger number.
    let own = Parameter::v4(name, "rp_filter");
    let all = Parameter {
        target: Target::All,
        ..own.clone()
    };
    if sysctls.value(&own)?.max(sysctls.value(&all)?) == STRICT {
        sysctls.hold(&own, LOOSE)?;
        held.push(own);
    }
    Ok(())
}

impl Driver {
    /// Has the kernel deliver what comes from the addresses of this router while it has them.
    pub(super) fn note_hearing(&mut self, id: usize) {
        let router = self.routers.get(id).and_then(Option::as_ref);
        let want = router.and_then(|router| router.wants_hearing(self.monitor.interfaces()));
        if self.network.hearing.want(id, want) {
            self.network.requests_pending = true;
        }
    }

    /// Changes parameters of interfaces, as many as fit in the slice.
    pub(super) fn drive_hearing(&mut self, slice: &TimeSlice<'_>) {
        let network = &mut self.network;
        while let Some(outcome) = network.hearing.step(&mut network.virtual_macs.sysctls) {
            if let Err(error) = outcome {
                self.notices.push(Notice::SysctlFailed { error });
            }
            if slice.is_over() {
                network.requests_pending |= !network.hearing.is_settled();
                break;
            }
        }
    }
}

impl Router {
    /// The interface its advertisements come in on while addresses of the router are on this host,
    /// and whether one of those is on another interface.
    fn wants_hearing(&self, interfaces: &Interfaces) -> Option<(Place, bool)> {
        let config = self.machine().config();
        let has_addresses = match self.machine().role() {
            Role::Active => true,
            // Those that an earlier run left, until it is known who is Active.
            Role::Backup => {
                let mut keys = self.keys.iter().filter(|_| !self.declared);
                keys.any(|(key, _)| interfaces.address(key).is_some())
            }
            Role::Initialize => false,
        };
        let index = self.interface.filter(|_| has_addresses)?;
        if config.family() != Family::V4 || self.profile().shared.path.is_routed() {
            return None;
        }
        let bears =
            |device: Option<InterfaceName>| device.is_none_or(|it| it == self.profile().interface);
        let elsewhere = self.profile().virtual_mac().is_some()
            || !self.profile().all().all(|address| bears(address.device()));
        Some(((index, self.profile().interface), elsewhere))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_left_when_its_last_router_leaves_and_not_for_its_successor() {
        let name: InterfaceName = "eth0".parse().unwrap();
        let mut hearing = Hearing::default();
        assert!(hearing.want(0, Some(((2, name), false))));
        assert!(!hearing.want(0, Some(((2, name), false))));
        assert!(hearing.want(1, Some(((2, name), true))));
        assert!(hearing.want(0, None));
        assert_eq!(hearing.wanted.len(), 1);
        assert!(hearing.want(1, Some(((7, name), true))));
        assert_eq!(hearing.changed.len(), 2);
        assert!(hearing.want(1, None));
        assert!(hearing.wanted.is_empty() && hearing.of_router.is_empty());
    }
}
