//! Telling the neighbours, in slices that leave advertisements on time.

use vrrp_core::{Instant, Role};

use super::ports::Ports;
use super::router::Router;
use super::transmit::{self, Scratch};
use crate::Interfaces;

/// Frames sent in one turn, over all routers.
pub(super) const BUDGET: usize = 256;

impl Router {
    /// Sends what the announce schedule owes by `now`, as long as `budget` lasts.
    ///
    /// An address is announced once it is in place, never before (D4): the schedule's own blocks
    /// pass over the others, and those have a block of their own as they arrive.
    pub(super) fn announce(
        &mut self,
        now: Instant,
        budget: &mut usize,
        interfaces: &Interfaces,
        ports: &mut Ports,
        scratch: &mut Scratch,
    ) {
        if self.machine.role() != Role::Active {
            return;
        }
        if let Some(burst) = self.schedule.handle(now) {
            self.sweep.start(self.installed.len(), burst.copies);
        }
        while *budget > 0 {
            let Some(position) = self.next_announcement(now) else {
                break;
            };
            *budget -= 1;
            if self.installed.get(position).copied().unwrap_or(false) {
                self.announce_one(position, interfaces, ports, scratch);
            }
        }
    }

    /// What came into place goes first: nobody has heard of it yet.
    fn next_announcement(&mut self, now: Instant) -> Option<usize> {
        let Some(position) = self.fresh.front().copied() else {
            return self.sweep.next(now, &mut self.pace);
        };
        if !self.pace.take(now) {
            return None;
        }
        self.fresh.pop_front();
        usize::try_from(position).ok()
    }

    /// A frame that cannot be sent is lost like one on the wire; more copies follow.
    fn announce_one(
        &self,
        position: usize,
        interfaces: &Interfaces,
        ports: &mut Ports,
        scratch: &mut Scratch,
    ) {
        let Some(address) = self.virtual_address(position) else {
            return;
        };
        let link = match address.device {
            Some(name) => interfaces.link_named(name),
            None => self.interface.and_then(|index| interfaces.link(index)),
        };
        let Some(link) = link else { return };
        if link.flags.is_without_arp() {
            return;
        }
        let own = self.spec.virtual_mac.filter(|_| address.device.is_none());
        let Some(mac) = own.map(|own| own.mac).or(link.mac) else {
            return;
        };
        let target = address.spec.address;
        drop(transmit::announce(
            target, mac, link.index, true, ports, scratch,
        ));
    }
}
