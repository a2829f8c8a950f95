//! The queue of what owners have declared, which is taken in a few addresses at a time.

use core::fmt::Debug;
use core::ops::Bound;
use std::collections::BTreeMap;
use std::vec;

use super::entry::{Activity, Claim, Entry, Wanted};
use super::{AddressKeeper, Tenure};
use crate::addresses::AddressSpec;
use crate::interfaces::{AddressKey, Interfaces};

/// Tasks that may wait; with one more the oldest is done at once.
const WAITING: usize = 1_024;

/// What is to be done with many addresses.
#[derive(Debug)]
pub(super) enum Task<O> {
    /// The owner claims what is wanted, and no longer what it had, unless it has declared that since.
    Claim {
        owner: O,
        tenure: Tenure,
        wanted: vec::IntoIter<Wanted>,
        former: vec::IntoIter<AddressKey>,
    },
    /// The addresses of an owner are to be looked at, from this one of its keys on.
    Look { owner: O, next: usize },
    /// The addresses on an interface are to be looked at, those after this one.
    LookOn {
        index: u32,
        after: Bound<AddressKey>,
    },
}

/// What owners claim, and whether they are active.
#[derive(Debug)]
pub(super) struct Owners<O>(BTreeMap<O, Holding>);

#[derive(Debug, Default)]
struct Holding {
    activity: Activity,
    /// Sorted.
    keys: Box<[AddressKey]>,
}

impl<O> Owners<O> {
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }
}

impl<O: Ord> Owners<O> {
    /// One that was forgotten is inactive.
    pub(super) fn activity(&self, owner: O) -> Activity {
        self.0
            .get(&owner)
            .map_or_else(Activity::default, |it| it.activity)
    }

    fn keys(&self, owner: O) -> &[AddressKey] {
        self.0.get(&owner).map_or(&[], |holding| &holding.keys)
    }
}

impl<O: Copy + Ord + Debug> AddressKeeper<O> {
    /// Replaces the addresses of an owner, which stays active or inactive; a new one is inactive.
    ///
    /// Addresses it no longer has are removed. One that differs in anything but the interface, the
    /// address and the prefix is removed and added anew, if it may be removed; all others stay as
    /// they are. Of specifications with the same key the last one counts.
    pub fn declare(
        &mut self,
        owner: O,
        tenure: Tenure,
        specs: impl IntoIterator<Item = AddressSpec>,
    ) {
        let mut wanted: Vec<_> = specs.into_iter().map(Wanted::from).collect();
        wanted.sort_by_key(|wanted| wanted.key);
        wanted.dedup_by(|later, earlier| {
            let same = later.key == earlier.key;
            if same {
                core::mem::swap(later, earlier);
            }
            same
        });
        let keys = wanted.iter().map(|wanted| wanted.key).collect();
        let holding = self.owners.0.entry(owner).or_default();
        let former = core::mem::replace(&mut holding.keys, keys);
        self.plan(Task::Claim {
            owner,
            tenure,
            wanted: wanted.into_iter(),
            former: former.into_vec().into_iter(),
        });
    }

    /// Removes an owner; its addresses are removed as those of an inactive one.
    pub fn forget(&mut self, owner: O) {
        let Some(Holding { keys, .. }) = self.owners.0.remove(&owner) else {
            return;
        };
        self.plan(Task::Claim {
            owner,
            tenure: Tenure::Virtual,
            wanted: Vec::new().into_iter(),
            former: keys.into_vec().into_iter(),
        });
    }

    /// Makes an owner active, so that its addresses are put in place, or inactive, so that they are
    /// removed.
    pub fn set_active(&mut self, owner: O, active: bool) {
        let holding = self.owners.0.entry(owner).or_default();
        if holding.activity.active == active {
            return;
        }
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        holding.activity = Activity { active, generation };
        self.plan(Task::Look { owner, next: 0 });
    }

    /// Marks for removal every address that has our mark and that no owner has declared: it is left
    /// over from an earlier run. Call it once all declarations are made and the table is complete.
    ///
    /// Do not call it where another program uses the same mark on purpose: keepalived does.
    pub const fn condemn_leftovers(&mut self) {
        self.search = Some(Bound::Unbounded);
    }

    /// Queues a task. The queue has a bound.
    pub(super) fn plan(&mut self, task: Task<O>) {
        self.tasks.push_back(task);
        if self.tasks.len() > WAITING
            && let Some(mut oldest) = self.tasks.pop_front()
        {
            while self.advance(&mut oldest) {}
        }
    }

    /// Goes on with the tasks, by `steps` addresses, and then with the search for leftovers.
    pub(super) fn take_in(&mut self, interfaces: &Interfaces, steps: usize) {
        let mut left = steps;
        while let Some(mut task) = self.tasks.pop_front() {
            while left > 0 && self.advance(&mut task) {
                left -= 1;
            }
            if left == 0 {
                self.tasks.push_front(task);
                return;
            }
        }
        self.search_leftovers(interfaces, left);
    }

    /// Goes on with a task by one address, if there is another.
    fn advance(&mut self, task: &mut Task<O>) -> bool {
        match task {
            Task::Claim {
                owner,
                tenure,
                wanted,
                former,
            } => match wanted.next() {
                Some(wanted) => self.claim(*owner, *tenure, wanted),
                None => match former.next() {
                    Some(key) => self.drop_claim(*owner, key),
                    None => return false,
                },
            },
            Task::Look { owner, next } => {
                let Some(&key) = self.owners.keys(*owner).get(*next) else {
                    return false;
                };
                *next += 1;
                self.due.insert(key);
            }
            Task::LookOn { index, after } => {
                let mut rest = self.entries.range((*after, Bound::Unbounded));
                let Some(key) =
                    (rest.next().map(|(key, _)| *key)).filter(|it| it.index() == *index)
                else {
                    return false;
                };
                *after = Bound::Excluded(key);
                self.due.insert(key);
            }
        }
        true
    }

    fn claim(&mut self, owner: O, tenure: Tenure, wanted: Wanted) {
        let key = wanted.key;
        self.entries.entry(key).or_insert_with(Entry::new);
        self.due.insert(key);
        let claim = Claim::new(owner, tenure, self.owners.activity(owner), wanted);
        if let Some(entry) = self.entry(&key) {
            entry.specify(&key, claim);
        }
    }

    fn drop_claim(&mut self, owner: O, key: AddressKey) {
        if self.owners.keys(owner).binary_search(&key).is_ok() {
            return;
        }
        if let Some(entry) = self.entries.get_mut(&key) {
            let removable = entry.is_removable();
            entry.claims.retain(|claim| claim.owner != owner);
            entry.condemned = removable && entry.claims.is_empty();
            self.due.insert(key);
        }
    }

    fn search_leftovers(&mut self, interfaces: &Interfaces, steps: usize) {
        let (Some(mark), Some(after)) = (self.mark, self.search.take()) else {
            return;
        };
        let mut last = None;
        for address in interfaces.addresses_after(after).take(steps) {
            let key = address.key();
            last = Some(key);
            if address.protocol != Some(mark) {
                continue;
            }
            let entry = self.entries.entry(key).or_insert_with(Entry::new);
            if entry.claims.is_empty() {
                entry.condemned = true;
                self.due.insert(key);
            } else {
                entry.added = true;
            }
        }
        self.search = last.map(Bound::Excluded);
    }
}
