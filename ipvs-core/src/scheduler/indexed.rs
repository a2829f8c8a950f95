//! Least connections by index: the same picks as a scan, in logarithmic time.

use alloc::vec::Vec;

use super::{Lc, Request, Schedule, Sed, Wlc};
use crate::record::Activity;
use crate::table::{ConnectionCounts, DestinationError, Table};
use crate::{Destination, DestinationKey};

/// What the destinations are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Criterion {
    /// As `lc`.
    Lc,
    /// As `wlc`.
    Wlc,
    /// As `sed`.
    Sed,
}

/// A table with a tournament over its destinations, so that a pick by `lc`, `wlc` or `sed` takes
/// constant time and a change of counters logarithmic time.
///
/// Adding, editing and removing a destination take linear time, once at the next pick or count.
#[derive(Clone, Debug)]
pub struct Indexed {
    criterion: Criterion,
    table: Table,
    /// A complete binary tree in an array: the root is 1, the leaf of a position is at
    /// `leaves + position`. A node is the winner of what is below it.
    winners: Vec<Entry>,
    leaves: usize,
    /// How many destinations have a cost below zero, which wraps with more than 2²³ connections:
    /// the kernel's scan then is no tournament.
    negative: usize,
    stale: bool,
}

/// A competitor. One that is not open has no weight and loses against all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    position: u32,
    weight: i32,
    cost: i64,
}

const NOBODY: Entry = Entry {
    position: u32::MAX,
    weight: 0,
    cost: 0,
};

impl Entry {
    /// The winner of two, of which `self` is earlier in the list.
    const fn or(self, later: Self) -> Self {
        // Without costs below zero, one that is not open does not beat one that is.
        if self.weight == 0 || self.cost * later.weight as i64 > later.cost * self.weight as i64 {
            later
        } else {
            self
        }
    }
}

impl Indexed {
    /// An index over `table`.
    #[must_use]
    pub const fn new(criterion: Criterion, table: Table) -> Self {
        Self {
            criterion,
            table,
            winners: Vec::new(),
            leaves: 0,
            negative: 0,
            stale: true,
        }
    }

    /// The table.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// As [`Table::add`].
    pub fn add(
        &mut self,
        destination: &Destination,
        removed: Option<ConnectionCounts>,
    ) -> Result<(), DestinationError> {
        self.stale = true;
        self.table.add(destination, removed)
    }

    /// As [`Table::edit`].
    pub fn edit(&mut self, destination: &Destination) -> Result<usize, DestinationError> {
        let position = self.table.edit(destination)?;
        self.update(position);
        Ok(position)
    }

    /// As [`Table::remove`].
    pub fn remove(&mut self, key: &DestinationKey) -> Option<(usize, ConnectionCounts)> {
        self.stale = true;
        self.table.remove(key)
    }

    /// As [`Table::set_activity`].
    pub fn set_activity(&mut self, position: usize, activity: Activity) {
        self.table.set_activity(position, activity);
        self.update(position);
    }

    /// As [`Table::bind`].
    pub fn bind(&mut self, position: usize) {
        self.table.bind(position);
        self.update(position);
    }

    /// As [`Table::unbind`].
    pub fn unbind(&mut self, position: usize, active: bool) {
        self.table.unbind(position, active);
        self.update(position);
    }

    /// As [`Table::activate`].
    pub fn activate(&mut self, position: usize, active: bool) {
        self.table.activate(position, active);
        self.update(position);
    }

    /// What the scheduler of this criterion picks.
    pub fn pick(&mut self, request: &Request) -> Option<usize> {
        if self.stale {
            self.build();
        }
        if self.negative > 0 {
            return match self.criterion {
                Criterion::Lc => Lc.pick(&self.table, request),
                Criterion::Wlc => Wlc.pick(&self.table, request),
                Criterion::Sed => Sed.pick(&self.table, request),
            };
        }
        match self.winners.get(1) {
            Some(winner) if winner.weight > 0 => Some(winner.position as usize),
            Some(_) | None => None,
        }
    }

    fn entry(&self, position: usize) -> Entry {
        let share = self.table.shares().get(position).copied().unwrap_or(0);
        let load = self.table.loads().get(position).copied().unwrap_or(0);
        let delay = self.table.activity(position).delay();
        let (weight, cost) = match self.criterion {
            Criterion::Lc => (i32::from(share > 0), load.cast_unsigned().into()),
            Criterion::Wlc => (share.max(0), load.into()),
            Criterion::Sed => (share.max(0), delay.into()),
        };
        Entry {
            position: u32::try_from(position).unwrap_or(u32::MAX),
            weight,
            cost,
        }
    }

    fn build(&mut self) {
        self.stale = false;
        self.leaves = self.table.len().next_power_of_two();
        self.winners.clear();
        self.winners.resize(self.leaves * 2, NOBODY);
        self.negative = 0;
        for position in 0..self.table.len() {
            let entry = self.entry(position);
            self.negative += usize::from(entry.cost < 0);
            self.set(self.leaves + position, entry);
        }
        for node in (1..self.leaves).rev() {
            self.play(node);
        }
    }

    fn update(&mut self, position: usize) {
        if self.stale {
            return;
        }
        let leaf = self.leaves + position;
        let entry = self.entry(position);
        let was = self.at(leaf);
        self.negative += usize::from(entry.cost < 0);
        self.negative -= usize::from(was.cost < 0);
        self.set(leaf, entry);
        let mut node = leaf / 2;
        while node > 0 {
            self.play(node);
            node /= 2;
        }
    }

    fn at(&self, node: usize) -> Entry {
        self.winners.get(node).copied().unwrap_or(NOBODY)
    }

    fn set(&mut self, node: usize, entry: Entry) {
        if let Some(winner) = self.winners.get_mut(node) {
            *winner = entry;
        }
    }

    fn play(&mut self, node: usize) {
        let winner = self.at(node * 2).or(self.at(node * 2 + 1));
        self.set(node, winner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KernelProfile;
    use crate::properties::{destination, flow};

    #[test]
    fn only_a_cost_below_zero_makes_it_scan() {
        let table = Table::new(KernelProfile::TotalConnections);
        let mut index = Indexed::new(Criterion::Wlc, table);
        for number in 1..=3 {
            index.add(&destination(number, 1), None).unwrap();
        }
        let request = Request::new(flow(1));
        assert_eq!((index.pick(&request), index.negative), (Some(0), 0));
        for (active, negative) in [(1, 0), (1 << 23, 1), (1 << 23 | 1, 1), (2, 0), (0, 0)] {
            let activity = Activity {
                active,
                ..Activity::default()
            };
            index.set_activity(1, activity);
            assert_eq!(index.negative, negative, "{active}");
        }
        index.set_activity(
            1,
            Activity {
                active: 1 << 23,
                ..Activity::default()
            },
        );
        index.remove(&destination(1, 1).key).unwrap();
        assert_eq!((index.pick(&request), index.negative), (Some(1), 1));
    }
}
