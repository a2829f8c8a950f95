//! Tracked interfaces, and their effect on an instance's priority.

use tracing::{info, warn};
use vrrp_core::Event;
use vrrp_core::track::{Effect, Status, Tracker, Tracking, Verdict, Weight};
use vrrp_mio::{InterfaceName, RouterId};

use super::Engine;
use crate::config::Instance;
use crate::vrrp::spec::SpecError;

impl Engine {
    pub(super) fn track(&mut self, index: usize, router: RouterId) {
        let Some(member) = self.members.get(index) else {
            return;
        };
        // An interface that is not known yet is not missing.
        if member.trackers.is_empty() || !self.network_known {
            return;
        }
        let effects = member
            .trackers
            .iter()
            .map(|(name, tracker)| self.effect(*name, *tracker));
        let verdict = Tracking::sum(member.priority, effects).verdict();
        if member.verdict != Some(verdict) {
            self.judge(index, router, verdict);
        }
    }

    pub(super) fn effect(&self, interface: InterfaceName, tracker: Tracker) -> Effect {
        let up = self.driver.is_usable(interface);
        tracker.effect(if up { Status::Up } else { Status::Down })
    }

    fn judge(&mut self, index: usize, router: RouterId, verdict: Verdict) {
        let Some(member) = self.members.get_mut(index) else {
            return;
        };
        let before = member.verdict.replace(verdict);
        let name = member.name.clone();
        match verdict {
            Verdict::Fault => {
                warn!("({name}) entering FAULT state (tracked interface down)");
                self.deliver(router, Event::Fault);
            }
            Verdict::Priority(priority) => {
                let machine = self
                    .driver
                    .router(router)
                    .map(|router| router.machine().priority());
                if let Some(current) = machine.filter(|current| *current != priority) {
                    info!("({name}) Changing effective priority from {current} to {priority}");
                }
                self.deliver(router, Event::Priority(priority));
                if before == Some(Verdict::Fault) {
                    self.deliver(router, Event::Recover);
                }
            }
        }
    }
}

pub(super) fn trackers(instance: &Instance) -> Result<Box<[(InterfaceName, Tracker)]>, SpecError> {
    let tracked = instance.track_interfaces.iter().map(|tracked| {
        // The configuration admits no weight outside the range.
        let tracker = Tracker::new(Weight::new(tracked.weight).unwrap_or(Weight::FAULT));
        let tracker = if tracked.reverse {
            tracker.reversed()
        } else {
            tracker
        };
        Ok((tracked.interface.parse()?, tracker))
    });
    tracked.collect()
}
