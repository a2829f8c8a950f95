//! The sending of announcement frames, in slices of time that leave advertisements punctual.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use nix::errno::Errno;
use vrrp_core::announce::{Burst, Pace, Schedule};
use vrrp_core::{Announcement, Family, Instant, Role, announce};

use super::ports::Ports;
use super::router::Router;
use super::transmit::{self, Scratch};
use crate::{Interfaces, SendError};

/// How long a full send queue is left to drain.
const DRAIN: Duration = Duration::from_millis(1);

/// The copies still to be sent of each address: every address once, then every address again.
///
/// What is owed of an address does not add up: a new block raises it to the larger count. Nothing
/// is owed most of the time, which takes no memory then.
#[derive(Debug, Default)]
pub(super) struct Owed(Option<Box<Round>>);

#[derive(Debug, Default)]
struct Round {
    /// Of each address, as far as any was owed.
    copies: Vec<u16>,
    /// Positions with copies, the next one first.
    queue: VecDeque<usize>,
}

impl Owed {
    pub(super) fn add(&mut self, position: usize, copies: u16) {
        if copies == 0 {
            return;
        }
        let round = self.0.get_or_insert_default();
        if round.copies.len() <= position {
            round.copies.resize(position + 1, 0);
        }
        if let Some(owed) = round.copies.get_mut(position) {
            if *owed == 0 {
                round.queue.push_back(position);
            }
            *owed = copies.max(*owed);
        }
    }

    pub(super) fn clear(&mut self) {
        self.0 = None;
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The addresses are at other positions, or nowhere.
    fn reposition(&mut self, to: &BTreeMap<usize, usize>) {
        let Some(round) = self.0.take() else {
            return;
        };
        for former in round.queue {
            if let (Some(position), Some(copies)) = (to.get(&former), round.copies.get(former)) {
                self.add(*position, *copies);
            }
        }
    }

    fn first(&self) -> Option<usize> {
        self.0.as_ref()?.queue.front().copied()
    }

    /// One copy of the first address is sent.
    fn sent(&mut self) {
        self.settle(|owed| owed.saturating_sub(1));
    }

    /// No copy of the first address is to be sent any more.
    fn cancel(&mut self) {
        self.settle(|_| 0);
    }

    /// Leaves of the first address what `rest` says, behind all others.
    fn settle(&mut self, rest: impl FnOnce(u16) -> u16) {
        let Some(round) = &mut self.0 else {
            return;
        };
        if let Some(position) = round.queue.pop_front()
            && let Some(owed) = round.copies.get_mut(position)
        {
            *owed = rest(*owed);
            if *owed > 0 {
                round.queue.push_back(position);
            }
        }
        if round.queue.is_empty() {
            self.0 = None;
        }
    }
}

/// What a router is yet to announce. Gratuitous ARP and neighbour advertisements have a pace and a
/// queue each: neither waits for the other.
#[derive(Debug)]
pub(super) struct Outbox {
    arp: Lane,
    neighbor: Lane,
}

#[derive(Debug)]
struct Lane {
    owed: Owed,
    pace: Pace,
}

impl Lane {
    fn new(interval: Duration) -> Self {
        Self {
            owed: Owed::default(),
            pace: Pace::new(interval),
        }
    }
}

impl Outbox {
    /// Of a router with these intervals between announcements over IPv4 and IPv6.
    pub(super) fn new(arp: Duration, neighbor: Duration) -> Self {
        Self {
            arp: Lane::new(arp),
            neighbor: Lane::new(neighbor),
        }
    }

    /// Owes `copies` of the address of `family` at `position`.
    pub(super) fn add(&mut self, family: Family, position: usize, copies: u16) {
        self.lane(family).owed.add(position, copies);
    }

    pub(super) fn clear(&mut self) {
        self.arp.owed.clear();
        self.neighbor.owed.clear();
    }

    /// The addresses are at other positions: `moves` has the former and the new one of each that is
    /// still there.
    pub(super) fn reposition(&mut self, moves: impl Iterator<Item = (usize, usize)>) {
        if self.arp.owed.is_empty() && self.neighbor.owed.is_empty() {
            return;
        }
        let to = moves.collect();
        self.arp.owed.reposition(&to);
        self.neighbor.owed.reposition(&to);
    }

    /// The intervals are others from now on.
    pub(super) fn configure(&mut self, now: Instant, arp: Duration, neighbor: Duration) {
        self.arp.pace.configure(now, arp);
        self.neighbor.pace.configure(now, neighbor);
    }

    const fn lane(&mut self, family: Family) -> &mut Lane {
        match family {
            Family::V4 => &mut self.arp,
            Family::V6 => &mut self.neighbor,
        }
    }

    /// When the next announcement may go, if one is owed.
    fn free_at(&self) -> Option<Instant> {
        [&self.arp, &self.neighbor]
            .into_iter()
            .filter(|lane| !lane.owed.is_empty())
            .map(|lane| lane.pace.free_at())
            .min()
    }
}

impl Router {
    /// Sends what the announce schedule owes by `now`, as long as `budget` lasts.
    ///
    /// An address is announced once it is in place, never before (RFC 9568 §8.1.2): a block of the
    /// schedule passes over the others, and those have a block of their own as they arrive.
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
        if let Some(burst) = self.due(now) {
            for position in 0..self.profile.all().count() {
                if self.installed.get(position) {
                    self.owe_copies(position, burst.copies);
                }
            }
        }
        for family in [Family::V4, Family::V6] {
            self.announce_over(family, now, budget, interfaces, ports, scratch);
        }
    }

    fn announce_over(
        &mut self,
        family: Family,
        now: Instant,
        budget: &mut usize,
        interfaces: &Interfaces,
        ports: &mut Ports,
        scratch: &mut Scratch,
    ) {
        while *budget > 0
            && now >= self.drained_at
            && let Some(position) = self.outbox.lane(family).owed.first()
        {
            if !self.installed.get(position) {
                self.outbox.lane(family).owed.cancel();
                continue;
            }
            if !self.outbox.lane(family).pace.take(now) {
                break;
            }
            *budget -= 1;
            match self.announce_one(position, interfaces, ports, scratch) {
                Err(error) if is_full(&error) => self.drained_at = now + DRAIN,
                // A frame that cannot be sent is lost like one on the wire; more copies follow.
                Ok(()) | Err(_) => self.outbox.lane(family).owed.sent(),
            }
        }
    }

    /// An address is to be announced, as often as when the router becomes Active.
    pub(super) fn owe(&mut self, position: usize) {
        let copies = announce::Settings::from(self.profile.shared.announce).repeat;
        self.owe_copies(position, copies);
    }

    fn owe_copies(&mut self, position: usize, copies: u16) {
        if let Some(address) = self.profile.address(position) {
            let family = Family::of(address.address());
            self.outbox.add(family, position, copies);
        }
    }

    /// Starts an announcement.
    pub(super) fn schedule(&mut self, now: Instant, announcement: Announcement) {
        let idle = || Box::new(Schedule::new(self.profile.shared.announce));
        self.schedule
            .get_or_insert_with(idle)
            .start(now, announcement);
    }

    /// The schedule goes on as the profile says now, after `former`.
    pub(super) fn reschedule(&mut self, now: Instant, former: announce::Config) {
        let wanted = self.profile.shared.announce;
        let idle = || Box::new(Schedule::new(former));
        let mut schedule = self.schedule.take().unwrap_or_else(idle);
        let active = self.machine.role() == Role::Active;
        schedule.configure(now, wanted, active);
        self.schedule = (!schedule.is_idle(now)).then_some(schedule);
    }

    /// What the schedule has for now.
    fn due(&mut self, now: Instant) -> Option<Burst> {
        let schedule = self.schedule.as_mut()?;
        let burst = schedule.handle(now);
        if schedule.is_idle(now) {
            self.schedule = None;
        }
        burst
    }

    /// When announcements go on.
    pub(super) fn announce_at(&self) -> Option<Instant> {
        self.outbox.free_at().map(|at| at.max(self.drained_at))
    }

    fn announce_one(
        &self,
        position: usize,
        interfaces: &Interfaces,
        ports: &mut Ports,
        scratch: &mut Scratch,
    ) -> Result<(), SendError> {
        let Some(address) = self.profile.address(position) else {
            return Ok(());
        };
        let device = address.device();
        let link = match device {
            Some(name) => interfaces.link_named(name),
            None => self.interface.and_then(|index| interfaces.link(index)),
        };
        let Some(link) = link.filter(|link| !link.flags.is_without_arp()) else {
            return Ok(());
        };
        let own_family = Family::of(address.address()) == self.machine.config().family();
        let own = (self.profile.virtual_mac()).filter(|_| device.is_none() && own_family);
        let Some(mac) = own.map(|own| own.mac).or(link.mac) else {
            return Ok(());
        };
        transmit::announce(address.address(), mac, link.index, true, ports, scratch)
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

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn neighbour_advertisements_do_not_wait_for_gratuitous_arp() {
        let mut outbox = Outbox::new(Duration::from_millis(500), Duration::ZERO);
        for position in 0..2 {
            outbox.add(Family::V4, position, 3);
        }
        outbox.add(Family::V6, 2, 3);
        assert_eq!(outbox.lane(Family::V4).owed.first(), Some(0));
        assert!(outbox.lane(Family::V4).pace.take(at(1_000)));
        assert!(!outbox.lane(Family::V4).pace.take(at(1_000)));
        for _ in 0..3 {
            assert_eq!(outbox.free_at(), Some(at(0)));
            assert_eq!(outbox.lane(Family::V6).owed.first(), Some(2));
            assert!(outbox.lane(Family::V6).pace.take(at(0)));
            outbox.lane(Family::V6).owed.sent();
        }
        assert_eq!(outbox.free_at(), Some(at(1_500)));
        outbox.clear();
        assert_eq!(outbox.free_at(), None);
    }

    #[test]
    fn every_address_has_its_first_copy_before_any_has_its_second() {
        let mut owed = Owed::default();
        for position in 0..3 {
            owed.add(position, 2);
        }
        assert_eq!(drain(&mut owed), [0, 1, 2, 0, 1, 2]);
        assert!(owed.is_empty());
    }

    #[test]
    fn a_block_that_comes_while_another_is_owed_does_not_add_up() {
        let mut owed = Owed::default();
        owed.add(0, 5);
        owed.sent();
        owed.sent();
        owed.add(0, 1);
        owed.add(1, 1);
        owed.add(0, 4);
        assert_eq!(drain(&mut owed), [0, 1, 0, 0, 0]);
    }

    #[test]
    fn what_is_owed_goes_with_the_address_to_another_position() {
        let mut outbox = Outbox::new(Duration::ZERO, Duration::ZERO);
        for (position, copies) in [(0, 1), (1, 2), (2, 3)] {
            outbox.add(Family::V4, position, copies);
        }
        outbox.reposition([(0, 4), (2, 0)].into_iter());
        assert_eq!(drain(&mut outbox.arp.owed), [4, 0, 0, 0]);
        assert!(outbox.free_at().is_none());
    }

    #[test]
    fn a_cancelled_address_can_be_owed_anew() {
        let mut owed = Owed::default();
        owed.add(0, 3);
        owed.cancel();
        assert_eq!(drain(&mut owed), [0; 0]);
        owed.add(0, 1);
        assert_eq!(drain(&mut owed), [0]);
        assert!(owed.is_empty());
        owed.add(0, 0);
        assert!(owed.is_empty());
    }
}
