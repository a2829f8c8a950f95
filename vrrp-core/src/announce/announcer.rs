//! The announcements that one virtual router is yet to send, over memory of the caller.

use core::time::Duration;

use super::{Config, Pace, Schedule};
use crate::{Announcement, Family, Instant, MacAddr};

/// Positions that one call looks at before it gives up for now.
const SCAN: usize = 64;
/// No position: the end of a queue.
const NONE: u32 = u32::MAX;

/// The state of one virtual address: whether it is in place, under which Ethernet address it is
/// announced, and how many copies are to be sent. Sixteen octets.
///
/// A caller provides one per virtual address, [`Slot::EMPTY`] at first, and never changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    mac: MacAddr,
    copies: u16,
    /// The position behind this one in its queue.
    next: u32,
    flags: u8,
}

const INSTALLED: u8 = 1;
/// It has an Ethernet address.
const ANNOUNCED: u8 = 2;
const V6: u8 = 4;
const QUEUED: u8 = 8;

impl Slot {
    /// Of an address that is not in place.
    pub const EMPTY: Self = Self {
        mac: MacAddr([0; 6]),
        copies: 0,
        next: NONE,
        flags: 0,
    };

    /// Whether the address is in place.
    #[must_use]
    pub const fn is_installed(&self) -> bool {
        self.flags & INSTALLED != 0
    }

    /// The Ethernet address it is announced under; none where it is not in place, or on a link
    /// without address resolution.
    #[must_use]
    pub const fn mac(&self) -> Option<MacAddr> {
        if self.flags & ANNOUNCED == 0 {
            None
        } else {
            Some(self.mac)
        }
    }

    /// Copies to be sent.
    #[must_use]
    pub const fn copies(&self) -> u16 {
        self.copies
    }

    /// Notes that the address, of `family`, is in place; whether that, or its Ethernet address, is
    /// new.
    pub fn install(&mut self, family: Family, mac: Option<MacAddr>) -> bool {
        let is_new = !self.is_installed() || self.mac() != mac;
        self.flags &= QUEUED;
        self.flags |= INSTALLED;
        if family == Family::V6 {
            self.flags |= V6;
        }
        match mac {
            Some(mac) => {
                self.mac = mac;
                self.flags |= ANNOUNCED;
            }
            None => self.copies = 0,
        }
        is_new
    }

    /// Notes that the address is no longer in place. What was to be sent of it is not.
    pub const fn remove(&mut self) {
        self.flags &= !(INSTALLED | ANNOUNCED);
        self.copies = 0;
    }

    /// The same address elsewhere, in no queue.
    pub(crate) const fn moved(self) -> Self {
        Self {
            copies: 0,
            next: NONE,
            flags: self.flags & !QUEUED,
            ..self
        }
    }

    const fn is_queued(&self) -> bool {
        self.flags & QUEUED != 0
    }

    const fn is_announced_over(&self, family: Family) -> bool {
        let is_v6 = self.flags & V6 != 0;
        self.flags & ANNOUNCED != 0 && is_v6 == matches!(family, Family::V6)
    }
}

/// The frames of one router, one at a time: gratuitous ARP requests and unsolicited neighbour
/// advertisements, by a [`Schedule`] and at a pace of their own each.
///
/// It keeps a [`Slot`] for each address in memory of the caller, always the same: links in the slots
/// make the queues, so that nothing is allocated and each call does a bounded amount of work however
/// many addresses there are. Every address has its first copy before any has its second. What is
/// owed of an address does not add up: a new block raises it to the larger count.
///
/// ```
/// use core::time::Duration;
/// use vrrp_core::announce::{Announcer, Config, Settings, Slot};
/// use vrrp_core::{Announcement, Family, Instant, MacAddr};
///
/// let config = Config::try_from(Settings::default())?;
/// let mut announcer = Announcer::new(config, Duration::from_millis(1), Duration::ZERO);
/// let mut slots = [Slot::EMPTY; 2];
///
/// let at = Instant::from_millis;
///
/// // The router became Active, and its addresses are in place.
/// let mut now = Instant::EPOCH;
/// for slot in &mut slots {
///     slot.install(Family::V4, Some(MacAddr([0x02, 0, 0, 0, 0, 1])));
/// }
/// announcer.start(now, Announcement::NewActive);
///
/// // Two addresses, five copies, one frame a millisecond.
/// let mut sent = Vec::new();
/// while let Some(due) = announcer.deadline() {
///     now = now.max(due);
///     while let Some(position) = announcer.next(now, &mut slots) {
///         sent.push((now, position));
///     }
/// }
/// assert_eq!(sent[..3], [(at(0), 0), (at(1), 1), (at(2), 0)]);
/// // The second block begins five seconds after the first.
/// assert_eq!((sent[9], sent[10]), ((at(9), 1), (at(5_000), 0)));
/// assert_eq!((sent.len(), now), (20, at(5_009)));
/// # Ok::<(), vrrp_core::announce::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcer {
    schedule: Schedule,
    arp: Queue,
    neighbor: Queue,
    /// Whether the last frame was a neighbour advertisement.
    was_neighbor: bool,
    /// The position of the last frame.
    last: Option<usize>,
    blocked_until: Instant,
}

impl Announcer {
    /// With at least `arp` between two gratuitous ARP requests, and `neighbor` between two neighbour
    /// advertisements.
    #[must_use]
    pub const fn new(config: Config, arp: Duration, neighbor: Duration) -> Self {
        Self {
            schedule: Schedule::new(config),
            arp: Queue::new(Pace::new(arp)),
            neighbor: Queue::new(Pace::new(neighbor)),
            was_neighbor: true,
            last: None,
            blocked_until: Instant::EPOCH,
        }
    }

    /// The schedule.
    #[must_use]
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Replaces the configuration and the paces, see [`Schedule::configure`].
    pub fn configure(
        &mut self,
        now: Instant,
        config: Config,
        arp: Duration,
        neighbor: Duration,
        active: bool,
    ) {
        self.schedule.configure(now, config, active);
        self.arp.pace.configure(now, arp);
        self.neighbor.pace.configure(now, neighbor);
    }

    /// Starts an announcement of all addresses, see [`Schedule::start`].
    pub fn start(&mut self, now: Instant, announcement: Announcement) {
        self.schedule.start(now, announcement);
    }

    /// Asks for `copies` of the address at `position`, if it is in place.
    pub fn owe(&mut self, slots: &mut [Slot], position: usize, copies: u16) {
        for (family, queue) in [
            (Family::V4, &mut self.arp),
            (Family::V6, &mut self.neighbor),
        ] {
            if let Some(slot) = slots.get_mut(position)
                && slot.is_announced_over(family)
                && copies > 0
            {
                slot.copies = copies.max(slot.copies);
                if !slot.is_queued() {
                    queue.push_back(slots, position);
                }
            }
        }
    }

    /// The position of the address to announce at `now`, over IPv4 and over IPv6 in turns.
    ///
    /// `None` means that nothing may be sent yet, or that nothing was found among the next 64
    /// positions: [`deadline`](Self::deadline) says when to go on, which may be `now`.
    pub fn next(&mut self, now: Instant, slots: &mut [Slot]) -> Option<usize> {
        if let Some(burst) = self.schedule.handle(now) {
            self.arp.walk.begin(slots.len(), burst.copies);
            self.neighbor.walk.begin(slots.len(), burst.copies);
        }
        if now < self.blocked_until {
            return None;
        }
        let families = if self.was_neighbor {
            [Family::V4, Family::V6]
        } else {
            [Family::V6, Family::V4]
        };
        for family in families {
            let queue = match family {
                Family::V4 => &mut self.arp,
                Family::V6 => &mut self.neighbor,
            };
            if let Some(position) = queue.next(family, now, slots) {
                self.was_neighbor = family == Family::V6;
                self.last = Some(position);
                return Some(position);
            }
        }
        None
    }

    /// The last frame found no room in a queue of the kernel: it is sent again, and no other before
    /// `until`.
    pub fn blocked(&mut self, slots: &mut [Slot], until: Instant) {
        self.blocked_until = until;
        let Some(position) = self.last.take() else {
            return;
        };
        for (family, queue) in [
            (Family::V4, &mut self.arp),
            (Family::V6, &mut self.neighbor),
        ] {
            if let Some(slot) = slots.get_mut(position)
                && slot.is_announced_over(family)
            {
                slot.copies = slot.copies.saturating_add(1);
                if !slot.is_queued() {
                    queue.push_front(slots, position);
                }
            }
        }
    }

    /// When to go on; `None` once there is nothing to come. May be in the past.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let queues = [&self.arp, &self.neighbor].into_iter();
        let free_at = queues.filter(|queue| !queue.is_empty());
        let free_at = free_at.map(|queue| queue.pace.free_at().max(self.blocked_until));
        free_at.chain(self.schedule.deadline()).min()
    }

    /// Whether nothing is to come and nothing is to be remembered: a new announcer would do the same.
    #[must_use]
    pub fn is_idle(&self, now: Instant) -> bool {
        let queues = [&self.arp, &self.neighbor];
        queues
            .iter()
            .all(|queue| queue.is_empty() && queue.pace.free_at() <= now)
            && self.schedule.is_idle(now)
    }

    /// Forgets what is to be sent, and that any address is in place: the router is no longer Active.
    pub fn clear(&mut self, slots: &mut [Slot]) {
        slots.fill(Slot::EMPTY);
        *self = Self {
            schedule: Schedule::new(*self.schedule.config()),
            arp: Queue::new(self.arp.pace),
            neighbor: Queue::new(self.neighbor.pace),
            last: None,
            ..*self
        };
    }

    /// Empties the queues for another list of `count` addresses. What was to be announced of all is
    /// announced of all in it; single addresses are to be owed again.
    pub(crate) fn relist(&mut self, count: usize) {
        self.arp.relist(count);
        self.neighbor.relist(count);
        self.last = None;
    }
}

/// The addresses of one family that are to be announced: first those that a walk over all of them
/// reaches, then those in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Queue {
    pace: Pace,
    walk: Walk,
    head: u32,
    tail: u32,
}

impl Queue {
    const fn new(pace: Pace) -> Self {
        Self {
            pace,
            walk: Walk::DONE,
            head: NONE,
            tail: NONE,
        }
    }

    const fn is_empty(&self) -> bool {
        self.head == NONE && self.walk.left == 0
    }

    fn relist(&mut self, count: usize) {
        let walk = self.walk;
        *self = Self::new(self.pace);
        if walk.left > 0 {
            self.walk.begin(count, walk.copies);
        }
    }

    fn next(&mut self, family: Family, now: Instant, slots: &mut [Slot]) -> Option<usize> {
        if now < self.pace.free_at() {
            return None;
        }
        for _ in 0..SCAN {
            let (position, copies) = match self.walk.next(slots.len()) {
                Some(reached) => reached,
                None => (self.pop_front(slots)?, 0),
            };
            let Some(slot) = slots.get_mut(position) else {
                continue;
            };
            if !slot.is_announced_over(family) {
                continue;
            }
            slot.copies = copies.max(slot.copies);
            if slot.is_queued() || slot.copies == 0 {
                continue;
            }
            slot.copies -= 1;
            if slot.copies > 0 {
                self.push_back(slots, position);
            }
            let _free = self.pace.take(now);
            return Some(position);
        }
        None
    }

    fn pop_front(&mut self, slots: &mut [Slot]) -> Option<usize> {
        let position = index(self.head)?;
        let slot = slots.get_mut(position)?;
        slot.flags &= !QUEUED;
        self.head = core::mem::replace(&mut slot.next, NONE);
        if self.head == NONE {
            self.tail = NONE;
        }
        Some(position)
    }

    fn push_back(&mut self, slots: &mut [Slot], position: usize) {
        let (Some(slot), Ok(place)) = (slots.get_mut(position), u32::try_from(position)) else {
            return;
        };
        slot.flags |= QUEUED;
        slot.next = NONE;
        match index(self.tail).and_then(|last| slots.get_mut(last)) {
            Some(last) => last.next = place,
            None => self.head = place,
        }
        self.tail = place;
    }

    fn push_front(&mut self, slots: &mut [Slot], position: usize) {
        let (Some(slot), Ok(place)) = (slots.get_mut(position), u32::try_from(position)) else {
            return;
        };
        slot.flags |= QUEUED;
        slot.next = core::mem::replace(&mut self.head, place);
        if self.tail == NONE {
            self.tail = place;
        }
    }
}

/// A position as an index; none for [`NONE`].
fn index(position: u32) -> Option<usize> {
    usize::try_from(position).ok().filter(|_| position != NONE)
}

/// A walk over all positions, once around from where the last one stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Walk {
    position: usize,
    left: usize,
    copies: u16,
}

impl Walk {
    const DONE: Self = Self {
        position: 0,
        left: 0,
        copies: 0,
    };

    /// Starts, or goes on for another round: bursts that come faster than the pace still reach the
    /// last address.
    fn begin(&mut self, count: usize, copies: u16) {
        if self.left == 0 {
            *self = Self::DONE;
        }
        self.left = count;
        self.copies = copies.max(self.copies);
    }

    fn next(&mut self, count: usize) -> Option<(usize, u16)> {
        self.left = self.left.checked_sub(1)?;
        let position = if self.position < count {
            self.position
        } else {
            0
        };
        self.position = position + 1;
        Some((position, self.copies))
    }
}

#[cfg(test)]
mod tests;
