//! A priority queue of the deadlines of many routers, for one timer.

use core::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use vrrp_core::Instant;

/// One optional deadline per id, in a priority queue.
///
/// Ids are small and dense (slots of a table): memory is proportional to the largest id ever set.
/// To put a deadline off, as every advertisement does in Backup, only stores it: the queue keeps
/// the entry in its old place and moves it when that time has come. To put one forward adds another
/// entry and makes the old one void. The queue is rebuilt before there are more void entries than
/// ids.
///
/// ```
/// use vrrp_core::Instant;
/// use vrrp_mio::Deadlines;
///
/// let mut deadlines = Deadlines::new();
/// deadlines.set(7, Some(Instant::from_millis(30)));
/// deadlines.set(8, Some(Instant::from_millis(10)));
/// deadlines.set(8, Some(Instant::from_millis(20)));
/// assert_eq!(deadlines.pop_due(Instant::from_millis(25)), Some(8));
/// assert_eq!(deadlines.pop_due(Instant::from_millis(25)), None);
/// assert_eq!(deadlines.wake_up(), Some(Instant::from_millis(30)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Deadlines {
    slots: Vec<Slot>,
    queue: BinaryHeap<Reverse<Entry>>,
}

/// The result of one step towards the next due id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// This id is due; its deadline is gone.
    Now(usize),
    /// A deadline that was put off or cancelled. There may be more that are due.
    Later,
    /// Nothing is due.
    Nothing,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    deadline: Option<Instant>,
    /// The instant of the entry that stands for this slot, at most the deadline if there is one.
    queued: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    at: Instant,
    id: usize,
}

impl Entry {
    /// One wide number compares without a branch to mispredict.
    const fn key(self) -> u128 {
        (self.at.as_nanos() as u128) << 64 | self.id as u128
    }
}

/// By instant, then by id, so that simultaneous deadlines have a fixed order.
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Deadlines {
    /// No deadlines.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            queue: BinaryHeap::new(),
        }
    }

    /// Replaces the deadline of `id`; `None` cancels it.
    pub fn set(&mut self, id: usize, deadline: Option<Instant>) {
        if id >= self.slots.len() {
            if deadline.is_none() {
                return;
            }
            self.slots.resize(id + 1, Slot::default());
        }
        let slot = &mut self.slots[id];
        slot.deadline = deadline;
        let Some(at) = deadline else { return };
        if slot.queued.is_none_or(|queued| at < queued) {
            slot.queued = Some(at);
            self.enqueue(Entry { at, id });
        }
    }

    /// The deadline of `id`.
    #[must_use]
    pub fn get(&self, id: usize) -> Option<Instant> {
        self.slots.get(id)?.deadline
    }

    /// When to call [`pop_due`](Self::pop_due) next: no deadline is earlier.
    ///
    /// It may be too early, if the deadline was put off or cancelled since: then nothing is due,
    /// and the next result is later. An exact result would move an entry through the queue at every
    /// advertisement instead of at every third or fourth.
    #[must_use]
    pub fn wake_up(&self) -> Option<Instant> {
        self.queue.peek().map(|Reverse(entry)| entry.at)
    }

    /// Removes the earliest deadline if it is not later than `now`, and names its id.
    ///
    /// Repeated calls give the due ids in the order of their deadlines.
    #[must_use = "the deadline is gone from the set"]
    pub fn pop_due(&mut self, now: Instant) -> Option<usize> {
        loop {
            match self.next_due(now) {
                Due::Now(id) => return Some(id),
                Due::Later => {}
                Due::Nothing => return None,
            }
        }
    }

    /// One step of [`pop_due`](Self::pop_due), which takes time logarithmic in the number of ids. All
    /// of them may have been put off, so that many steps lead to nothing.
    #[must_use = "the deadline is gone from the set"]
    pub fn next_due(&mut self, now: Instant) -> Due {
        let Some(mut first) = self.queue.peek_mut() else {
            return Due::Nothing;
        };
        let Reverse(entry) = *first;
        if entry.at > now {
            return Due::Nothing;
        }
        let slot = &mut self.slots[entry.id];
        let void = slot.queued != Some(entry.at);
        match slot.deadline.filter(|_| !void) {
            Some(at) if at > entry.at => {
                slot.queued = Some(at);
                first.0.at = at;
                Due::Later
            }
            due => {
                PeekMut::pop(first);
                if !void {
                    *slot = Slot::default();
                }
                match due {
                    Some(_) => Due::Now(entry.id),
                    None => Due::Later,
                }
            }
        }
    }

    fn enqueue(&mut self, entry: Entry) {
        if self.queue.len() < 2 * self.slots.len() {
            self.queue.push(Reverse(entry));
        } else {
            // The slot says already that this entry is in the queue.
            self.queue.clear();
            let queued = self.slots.iter().enumerate();
            let entries = queued.filter_map(|(id, slot)| {
                Some(Entry {
                    at: slot.queued?,
                    id,
                })
            });
            self.queue.extend(entries.map(Reverse));
        }
    }
}

#[cfg(test)]
mod tests;
