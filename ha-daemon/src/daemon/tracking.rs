//! Tracked interfaces, and their effect on an instance's priority.

use tracing::{info, warn};
use vrrp_core::Event;
use vrrp_core::eligibility::{Decision, Reason, Tracked};
use vrrp_core::track::Status;
use vrrp_mio::{Driver, InterfaceName, RouterId};

use super::{Engine, Member};
use crate::config::Instance;
use crate::vrrp::spec::{SpecError, tracker};

impl Engine {
    pub(super) fn track(&mut self, index: usize, router: RouterId) {
        let Some(member) = self.members.get_mut(index) else {
            return;
        };
        // An interface that is not known yet is not missing.
        if member.trackers.is_empty() || !self.network_known {
            return;
        }
        let driver = &self.driver;
        let trackers = member.trackers.iter_mut();
        let trackers = trackers.map(|(name, tracked)| (tracked, status(driver, *name)));
        for decision in member.eligibility.assess(trackers) {
            self.carry_out(index, router, decision);
        }
    }

    /// Tells a router what was decided, and the log.
    fn carry_out(&mut self, index: usize, router: RouterId, decision: Decision) {
        let Decision { event, reason } = decision;
        if let Some(member) = self.members.get(index) {
            let name = &member.name;
            if event == Event::Fault {
                let interface = member.tracked(reason).map(tracing::field::display);
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

impl Member {
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

pub(super) fn trackers(instance: &Instance) -> Result<Box<[(InterfaceName, Tracked)]>, SpecError> {
    let tracked = instance.track_interfaces.iter();
    tracked
        .map(|tracked| {
            let name = tracked.interface.parse()?;
            Ok((name, Tracked::new(tracker(tracked))))
        })
        .collect()
}
