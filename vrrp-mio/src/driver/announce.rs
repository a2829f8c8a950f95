//! Telling the neighbours, in slices that leave advertisements on time.

use core::time::Duration;
use std::collections::VecDeque;

use nix::errno::Errno;
use vrrp_core::{Instant, Role};

use super::ports::Ports;
use super::router::Router;
use super::transmit::{self, Scratch};
use crate::{Interfaces, SendError};

/// Frames sent in one turn, over all routers.
pub(super) const BUDGET: usize = 256;
/// How long a full send queue is left to drain.
const DRAIN: Duration = Duration::from_millis(1);

/// The copies still to be sent of each address: every address once, then every address again.
///
/// What is owed of an address does not add up: a new block raises it to the larger count.
#[derive(Debug, Default)]
pub(super) struct Owed {
    copies: Vec<u16>,
    queue: VecDeque<usize>,
}

impl Owed {
    pub(super) fn of(addresses: usize) -> Self {
        Self {
            copies: vec![0; addresses],
            queue: VecDeque::new(),
        }
    }

    pub(super) fn add(&mut self, position: usize, copies: u16) {
        if let Some(owed) = self.copies.get_mut(position) {
            if *owed == 0 && copies > 0 {
                self.queue.push_back(position);
            }
            *owed = copies.max(*owed);
        }
    }

    pub(super) fn clear(&mut self) {
        self.copies.fill(0);
        self.queue.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    fn first(&self) -> Option<usize> {
        self.queue.front().copied()
    }

    /// One copy of the first address is sent.
    fn sent(&mut self) {
        let Some(position) = self.queue.pop_front() else {
            return;
        };
        if let Some(owed) = self.copies.get_mut(position) {
            *owed = owed.saturating_sub(1);
            if *owed > 0 {
                self.queue.push_back(position);
            }
        }
    }

    /// No copy of the first address is to be sent any more.
    fn cancel(&mut self) {
        if let Some(owed) = self
            .queue
            .pop_front()
            .and_then(|position| self.copies.get_mut(position))
        {
            *owed = 0;
        }
    }
}

impl Router {
    /// Sends what the announce schedule owes by `now`, as long as `budget` lasts.
    ///
    /// An address is announced once it is in place, never before (D4): a block of the schedule
    /// passes over the others, and those have a block of their own as they arrive.
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
            for (position, _) in self
                .installed
                .iter()
                .enumerate()
                .filter(|(_, there)| **there)
            {
                self.owed.add(position, burst.copies);
            }
        }
        while *budget > 0
            && now >= self.drained_at
            && let Some(position) = self.owed.first()
        {
            if !self.installed.get(position).copied().unwrap_or(false) {
                self.owed.cancel();
                continue;
            }
            if !self.pace.take(now) {
                break;
            }
            *budget -= 1;
            match self.announce_one(position, interfaces, ports, scratch) {
                Err(error) if is_full(&error) => self.drained_at = now + DRAIN,
                // A frame that cannot be sent is lost like one on the wire; more copies follow.
                Ok(()) | Err(_) => self.owed.sent(),
            }
        }
    }

    /// When announcements go on.
    pub(super) fn announce_at(&self) -> Option<Instant> {
        let owing = !self.owed.is_empty();
        owing.then(|| self.pace.free_at().max(self.drained_at))
    }

    fn announce_one(
        &self,
        position: usize,
        interfaces: &Interfaces,
        ports: &mut Ports,
        scratch: &mut Scratch,
    ) -> Result<(), SendError> {
        let Some(address) = self.virtual_address(position) else {
            return Ok(());
        };
        let link = match address.device {
            Some(name) => interfaces.link_named(name),
            None => self.interface.and_then(|index| interfaces.link(index)),
        };
        let Some(link) = link.filter(|link| !link.flags.is_without_arp()) else {
            return Ok(());
        };
        let own = self.spec.virtual_mac.filter(|_| address.device.is_none());
        let Some(mac) = own.map(|own| own.mac).or(link.mac) else {
            return Ok(());
        };
        let target = address.spec.address;
        transmit::announce(target, mac, link.index, true, ports, scratch)
    }
}

/// Whether the frame found no room, in the socket's queue or the interface's.
fn is_full(error: &SendError) -> bool {
    match error {
        SendError::WouldBlock => true,
        SendError::Transient { source } => source.raw_os_error() == Some(Errno::ENOBUFS as i32),
        SendError::TooLong { .. }
        | SendError::Family
        | SendError::InterfaceGone { .. }
        | SendError::Fatal { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(owed: &mut Owed) -> Vec<usize> {
        let mut sent = Vec::new();
        while let Some(position) = owed.first() {
            sent.push(position);
            owed.sent();
        }
        sent
    }

    #[test]
    fn every_address_has_its_first_copy_before_any_has_its_second() {
        let mut owed = Owed::of(3);
        for position in 0..3 {
            owed.add(position, 2);
        }
        assert_eq!(drain(&mut owed), [0, 1, 2, 0, 1, 2]);
        assert!(owed.is_empty());
    }

    #[test]
    fn a_block_that_comes_while_another_is_owed_does_not_add_up() {
        let mut owed = Owed::of(2);
        owed.add(0, 5);
        owed.sent();
        owed.sent();
        owed.add(0, 1);
        owed.add(1, 1);
        owed.add(0, 4);
        assert_eq!(drain(&mut owed), [0, 1, 0, 0, 0]);
    }

    #[test]
    fn a_cancelled_address_can_be_owed_anew() {
        let mut owed = Owed::of(1);
        owed.add(0, 3);
        owed.cancel();
        assert_eq!(drain(&mut owed), [0; 0]);
        owed.add(0, 1);
        assert_eq!(drain(&mut owed), [0]);
        owed.add(7, 1);
        assert!(owed.is_empty());
    }
}
