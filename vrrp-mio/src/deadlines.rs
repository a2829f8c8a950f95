//! Many deadlines, one timer.

use vrrp_core::Instant;

/// One optional deadline per id, and the earliest of them all.
///
/// Ids are small and dense (slots of a table): memory is proportional to the largest id ever set.
/// Putting a deadline off, which is what every advertisement does to a Backup, only writes it down:
/// the heap keeps the entry at its old place and moves it when that time comes. Putting one forward
/// or setting a new one sifts up, in O(log n). An id has at most one entry, so the heap never
/// outgrows the ids.
#[derive(Clone, Debug, Default)]
pub struct Deadlines {
    slots: Vec<Slot>,
    /// Binary min-heap. The instant of an entry is not later than the deadline in its slot.
    heap: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    deadline: Option<Instant>,
    /// Index into the heap, or [`ABSENT`].
    position: usize,
}

const ABSENT: usize = usize::MAX;

/// Ordered by instant, then by id, so that simultaneous deadlines have a fixed order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: Instant,
    id: usize,
}

impl Deadlines {
    /// No deadlines.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            heap: Vec::new(),
        }
    }

    /// Replaces the deadline of `id`; `None` cancels it.
    pub fn set(&mut self, id: usize, deadline: Option<Instant>) {
        if id >= self.slots.len() {
            if deadline.is_none() {
                return;
            }
            let slot = Slot {
                deadline: None,
                position: ABSENT,
            };
            self.slots.resize(id + 1, slot);
        }
        let slot = &mut self.slots[id];
        slot.deadline = deadline;
        let Some(at) = deadline else { return };
        let position = slot.position;
        if position == ABSENT {
            self.heap.push(Entry { at, id });
            self.sift_up(self.heap.len() - 1);
        } else if at < self.heap[position].at {
            self.heap[position].at = at;
            self.sift_up(position);
        }
    }

    /// The deadline of `id`.
    #[must_use]
    pub fn get(&self, id: usize) -> Option<Instant> {
        self.slots.get(id)?.deadline
    }

    /// The earliest deadline.
    #[must_use]
    pub fn earliest(&mut self) -> Option<Instant> {
        self.settle(Instant::MAX).map(|entry| entry.at)
    }

    /// Removes the earliest deadline if it is not later than `now`, and names its id.
    ///
    /// Repeated calls give the due ids in the order of their deadlines.
    #[must_use = "the deadline is gone from the set"]
    pub fn pop_due(&mut self, now: Instant) -> Option<usize> {
        let id = self.settle(now)?.id;
        self.slots[id].deadline = None;
        self.remove_first();
        Some(id)
    }

    /// Brings the heap to where its first entry tells the truth; gives that entry unless it is
    /// later than `horizon`, beyond which nothing is moved.
    fn settle(&mut self, horizon: Instant) -> Option<Entry> {
        loop {
            let first = *self.heap.first()?;
            if first.at > horizon {
                return None;
            }
            match self.slots[first.id].deadline {
                None => self.remove_first(),
                Some(at) if at > first.at => {
                    self.heap[0].at = at;
                    self.sift_down(0);
                }
                Some(_) => return Some(first),
            }
        }
    }

    fn remove_first(&mut self) {
        let gone = self.heap.swap_remove(0);
        self.slots[gone.id].position = ABSENT;
        if !self.heap.is_empty() {
            self.sift_down(0);
        }
    }

    /// Moves the entry at `hole` towards the root until its parent is not later.
    fn sift_up(&mut self, mut hole: usize) {
        let entry = self.heap[hole];
        while hole > 0 {
            let parent = (hole - 1) / 2;
            if self.heap[parent] <= entry {
                break;
            }
            self.place(hole, self.heap[parent]);
            hole = parent;
        }
        self.place(hole, entry);
    }

    /// Moves the entry at `hole` towards the leaves until no child is earlier.
    fn sift_down(&mut self, mut hole: usize) {
        let entry = self.heap[hole];
        loop {
            let left = 2 * hole + 1;
            if left >= self.heap.len() {
                break;
            }
            let right = left + 1;
            let child = if right < self.heap.len() && self.heap[right] < self.heap[left] {
                right
            } else {
                left
            };
            if entry <= self.heap[child] {
                break;
            }
            self.place(hole, self.heap[child]);
            hole = child;
        }
        self.place(hole, entry);
    }

    fn place(&mut self, position: usize, entry: Entry) {
        self.heap[position] = entry;
        self.slots[entry.id].position = position;
    }
}

#[cfg(test)]
mod tests;
