//! The event queue of the simulator: by time, first in first out among equals.

use alloc::collections::BinaryHeap;
use core::cmp::{Ordering, Reverse};

use crate::Instant;

#[derive(Clone, Copy, Debug)]
struct Timed<T> {
    at: Instant,
    sequence: u64,
    item: T,
}

impl<T> Ord for Timed<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

impl<T> PartialOrd for Timed<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Timed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Timed<T> {}

#[derive(Clone, Debug)]
pub(super) struct Queue<T> {
    heap: BinaryHeap<Reverse<Timed<T>>>,
    sequence: u64,
}

impl<T> Queue<T> {
    pub(super) const fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            sequence: 0,
        }
    }

    pub(super) fn push(&mut self, at: Instant, item: T) {
        self.sequence += 1;
        self.heap.push(Reverse(Timed {
            at,
            sequence: self.sequence,
            item,
        }));
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(timed)| timed.at)
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        self.heap.pop().map(|Reverse(timed)| timed.item)
    }
}
