//! A fair queue of scripts: their owners take turns.

use core::num::NonZeroUsize;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Lines in which things of several parties wait for one of so many turns.
///
/// Whose party has the fewest turns is next, and who was served longest ago among those. Turns are kept
/// free, up to half of them, for parties that have none: things of one party that never end hold up
/// that party and no other.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    limit: usize,
    taken: usize,
    parties: BTreeMap<u64, Party<T>>,
    /// Parties with something that waits: their turns, when they were served, and which they are.
    line: BTreeSet<(usize, u64, u64)>,
    /// Parties without a turn.
    idle: usize,
    served: u64,
}

#[derive(Debug)]
struct Party<T> {
    members: usize,
    waiting: VecDeque<T>,
    turns: usize,
    served: u64,
}

impl<T> Turns<T> {
    /// No party yet, and so many turns at a time.
    pub(crate) const fn new(limit: NonZeroUsize) -> Self {
        Self {
            limit: limit.get(),
            taken: 0,
            parties: BTreeMap::new(),
            line: BTreeSet::new(),
            idle: 0,
            served: 0,
        }
    }

    /// A party has one more member, and turns are kept for it.
    pub(crate) fn enter(&mut self, party: u64) {
        let idle = &mut self.idle;
        let entry = self.parties.entry(party).or_insert_with(|| {
            *idle += 1;
            Party {
                members: 0,
                waiting: VecDeque::new(),
                turns: 0,
                served: 0,
            }
        });
        entry.members += 1;
    }

    /// A party has one member less.
    pub(crate) fn leave(&mut self, party: u64) {
        if let Some(entry) = self.parties.get_mut(&party) {
            entry.members = entry.members.saturating_sub(1);
        }
        self.forget(party);
    }

    /// Something of a party waits, for ever if the party has no member.
    pub(crate) fn wait(&mut self, party: u64, item: T) {
        if let Some(entry) = self.parties.get_mut(&party) {
            entry.waiting.push_back(item);
            self.line.insert((entry.turns, entry.served, party));
        }
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        let parties = self.line.iter();
        let entries = parties.filter_map(|(_, _, party)| self.parties.get(party));
        entries.map(|entry| entry.waiting.len()).sum()
    }

    /// Whether a script may start.
    pub(crate) fn has_next(&self) -> bool {
        let free = self.limit.saturating_sub(self.taken);
        let kept = self.idle.min(self.limit / 2);
        self.line.first().is_some_and(|(turns, _, _)| match turns {
            0 => free > 0,
            _ => free > kept,
        })
    }

    /// The script that may start, and its party, whose end has to be reported by
    /// [`done`](Self::done).
    pub(crate) fn next(&mut self) -> Option<(u64, T)> {
        if !self.has_next() {
            return None;
        }
        let (_, _, party) = self.line.pop_first()?;
        let entry = self.parties.get_mut(&party)?;
        let item = entry.waiting.pop_front()?;
        self.idle -= usize::from(entry.turns == 0);
        entry.turns += 1;
        self.served += 1;
        entry.served = self.served;
        if !entry.waiting.is_empty() {
            self.line.insert((entry.turns, entry.served, party));
        }
        self.taken += 1;
        Some((party, item))
    }

    /// A turn of a party has ended.
    pub(crate) fn done(&mut self, party: u64) {
        let Some(entry) = self.parties.get_mut(&party) else {
            return;
        };
        let Some(turns) = entry.turns.checked_sub(1) else {
            return;
        };
        if self.line.remove(&(entry.turns, entry.served, party)) {
            self.line.insert((turns, entry.served, party));
        }
        entry.turns = turns;
        self.idle += usize::from(turns == 0);
        self.taken -= 1;
        self.forget(party);
    }

    fn forget(&mut self, party: u64) {
        let gone = |entry: &Party<T>| entry.members == 0 && entry.turns == 0;
        if self.parties.get(&party).is_some_and(gone)
            && let Some(entry) = self.parties.remove(&party)
        {
            self.line.remove(&(entry.turns, entry.served, party));
            self.idle -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(limit: usize, parties: u64) -> Turns<u32> {
        let mut turns = Turns::new(NonZeroUsize::new(limit).unwrap());
        for party in 0..parties {
            turns.enter(party);
        }
        turns
    }

    fn all(turns: &mut Turns<u32>) -> Vec<(u64, u32)> {
        core::iter::from_fn(|| turns.next()).collect()
    }

    #[test]
    fn one_party_alone_has_every_turn_in_order() {
        let mut turns = turns(3, 1);
        for item in 1..=5 {
            turns.wait(0, item);
        }
        assert_eq!(all(&mut turns), [(0, 1), (0, 2), (0, 3)]);
        assert_eq!(turns.waiting(), 2);
        turns.done(0);
        assert_eq!(all(&mut turns), [(0, 4)]);
    }

    #[test]
    fn a_turn_is_kept_for_each_party_that_has_none() {
        let mut turns = turns(4, 3);
        for item in 1..=9 {
            turns.wait(0, item);
        }
        assert_eq!(all(&mut turns), [(0, 1), (0, 2)]);
        turns.wait(2, 20);
        turns.wait(1, 10);
        assert_eq!(all(&mut turns), [(1, 10), (2, 20)]);
        assert!(!turns.has_next());
    }

    #[test]
    fn whoever_has_fewest_turns_is_next_and_then_who_waited_longest() {
        let mut turns = turns(8, 2);
        for item in 1..=2 {
            turns.wait(0, item);
            turns.wait(1, 10 * item);
        }
        assert_eq!(all(&mut turns), [(0, 1), (1, 10), (0, 2), (1, 20)]);
        for party in [0, 0, 1] {
            turns.done(party);
        }
        turns.wait(1, 30);
        turns.wait(0, 3);
        assert_eq!(all(&mut turns), [(0, 3), (1, 30)]);
    }

    #[test]
    fn no_more_than_half_is_kept_where_parties_are_many() {
        let mut turns = turns(4, 100);
        for item in 1..=9 {
            turns.wait(7, item);
        }
        assert_eq!(all(&mut turns), [(7, 1), (7, 2)]);
        for party in 0..3 {
            turns.wait(party, 0);
        }
        assert_eq!(all(&mut turns), [(0, 0), (1, 0)]);
        turns.done(0);
        assert_eq!(all(&mut turns), [(2, 0)], "the third has waited its turn");
    }

    #[test]
    fn nothing_is_kept_for_a_party_that_has_left() {
        let mut turns = turns(4, 2);
        turns.leave(1);
        for item in 1..=9 {
            turns.wait(0, item);
        }
        assert_eq!(all(&mut turns).len(), 4);
        turns.leave(0);
        for _ in 0..4 {
            turns.done(0);
        }
        assert!(turns.parties.is_empty() && turns.line.is_empty());
        assert_eq!((turns.taken, turns.idle), (0, 0));
    }
}
