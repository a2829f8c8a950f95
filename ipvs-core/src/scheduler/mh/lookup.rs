//! The Maglev lookup table: the destination of each slot.

use alloc::vec::Vec;

use super::{TableSize, Walk};
use crate::table::Table;

/// No destination.
const NOBODY: u32 = u32::MAX;

/// The owners of the slots, as positions; empty when nobody owns any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lookup(Vec<u32>);

impl Lookup {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Fills the slots: the destinations take them in turns, each along its own walk.
    pub(super) fn fill(&mut self, size: TableSize, table: &Table, from: usize) {
        self.0.clear();
        let mut walks = Walk::all(size, table, from);
        if walks.is_empty() {
            return;
        }
        let slots = size.slots();
        self.0.extend((0..slots).map(|_| NOBODY));
        let mut left = slots;
        while left > 0 {
            for walk in &mut walks {
                for _ in 0..walk.turns.min(left) {
                    self.take(walk, slots);
                    left -= 1;
                }
            }
        }
    }

    /// The next free slot of `walk`; there is one, and the walk comes to every slot as their
    /// number is prime.
    fn take(&mut self, walk: &mut Walk, slots: u32) {
        for _ in 0..slots {
            match self.0.get_mut(walk.slot as usize) {
                Some(owner) if *owner == NOBODY => {
                    *owner = walk.position;
                    return;
                }
                Some(_) | None => walk.slot = (walk.slot + walk.skip) % slots,
            }
        }
    }

    /// A destination was added at the head.
    pub(super) fn added(&mut self) {
        for owner in self.0.iter_mut().filter(|owner| **owner != NOBODY) {
            *owner += 1;
        }
    }

    /// The destination at `position` was removed.
    pub(super) fn removed(&mut self, position: usize) {
        for owner in self.0.iter_mut().filter(|owner| **owner != NOBODY) {
            match (*owner as usize).cmp(&position) {
                core::cmp::Ordering::Less => {}
                core::cmp::Ordering::Equal => *owner = NOBODY,
                core::cmp::Ordering::Greater => *owner -= 1,
            }
        }
    }

    pub(super) fn owner(&self, slot: u32) -> Option<usize> {
        match self.0.get(slot as usize) {
            None | Some(&NOBODY) => None,
            Some(&owner) => Some(owner as usize),
        }
    }
}
