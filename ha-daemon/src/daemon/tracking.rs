//! Tracked interfaces, and their effect on an instance's priority.

use tracing::{info, warn};
use vrrp_core::Event;
use vrrp_core::eligibility::{Decision, Reason};
use vrrp_core::track::Status;
use vrrp_mio::{Driver, InterfaceName, RouterId};

use super::Engine;
use crate::slab::Handle;
use crate::vrrp::instances::VrrpInstance;

impl Engine {
    pub(super) fn track(&mut self, handle: Handle, router: RouterId) {
        let Some(instance) = self.instances.get_mut(handle) else {
            return;
        };
        // An interface that is not known yet is not missing.
        if instance.trackers.is_empty() || !self.network_known {
            return;
        }
        let driver = &self.driver;
        let trackers = instance.trackers.iter_mut();
        let trackers = trackers.map(|(name, tracked)| (tracked, status(driver, *name)));
        for decision in instance.eligibility.assess(trackers) {
            self.carry_out(handle, router, decision);
        }
    }

    /// Tells a router what was decided, and the log.
    fn carry_out(&mut self, handle: Handle, router: RouterId, decision: Decision) {
        let Decision { event, reason } = decision;
        if let Some(instance) = self.instances.get(handle) {
            let name = &instance.name;
            if event == Event::Fault {
                let interface = instance.tracked(reason).map(tracing::field::display);
                warn!(
                    interface,
                    "({name}) entering FAULT state (tracked interface down)"
                );
            } else if let Event::Priority(priority) = event
                && let Some(before) = self.driver.router(router).map(|it| it.machine().priority())
                && before != priority
            {
                info!("({name}) Changing effective priority from {before} to {priority}");
            }
        }
        self.deliver(router, event);
    }
}

impl VrrpInstance {
    /// The tracked interface that is the reason of something.
    fn tracked(&self, reason: Reason) -> Option<InterfaceName> {
        match reason {
            Reason::Tracker(place) => self.trackers.get(place).map(|(name, _)| *name),
            Reason::Own | Reason::Group | Reason::Configuration => None,
        }
    }
}

pub(super) fn status(driver: &Driver, interface: InterfaceName) -> Status {
    if driver.is_usable(interface) {
        Status::Up
    } else {
        Status::Down
    }
}
