//! The address keeper: it adds, restores and removes addresses until the kernel has what is wanted.

mod compare;
mod entry;
mod event;
mod intake;
mod outcome;

use core::fmt::Debug;
use core::ops::Bound;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use nix::errno::Errno;
use vrrp_core::Instant;

use self::entry::{Change, Entry, Phase};
pub use self::event::{AddressError, AddressEvent, Tenure};
use self::intake::{Owners, Task};
use self::outcome::Outcome;
use crate::interfaces::{
    AddressKey, AddressProtocol, Interfaces, KernelAddress, NetworkEvent, Subnet,
};
use crate::netlink::{Request, RequestError};

/// How long the monitor may take to show what the kernel has acknowledged.
const CONFIRMATION: Duration = Duration::from_secs(2);

/// Addresses to look at in one call.
const LOOKS: usize = 64;

/// Adds the addresses of virtual routers while they are wanted, and removes them while they are
/// not.
///
/// It knows what each owner (a virtual router, by any name `O`) declares and whether that owner is
/// active, and compares this with the table of interfaces. An address of an active owner is added
/// if missing, and added again if somebody removes it, in growing intervals. An address of an
/// inactive owner is removed if present (RFC 9568 §6.4.2), whoever added it, unless it is held as
/// [`Tenure::Owner`]. Nothing else is touched, except by
/// [`condemn_leftovers`](Self::condemn_leftovers).
///
/// It has no socket and no clock. Each turn:
/// 1. pass every [`NetworkEvent`] to [`observe`](Self::observe), and every outcome to
///    [`completed`](Self::completed);
/// 2. while there is room in the queue, have [`next_request`](Self::next_request) carried out;
/// 3. take the events of [`next_event`](Self::next_event);
/// 4. if [`takes_doubt`](Self::takes_doubt), have the monitor read everything again;
/// 5. come back by [`deadline`](Self::deadline).
///
/// Each call takes time logarithmic in the number of addresses. [`declare`](Self::declare) takes a
/// fraction of a microsecond for each, and what follows from it, or from
/// [`set_active`](Self::set_active), is done by [`next_request`](Self::next_request), 64 addresses
/// in a call.
#[derive(Debug)]
pub struct AddressKeeper<O> {
    mark: Option<AddressProtocol>,
    owners: Owners<O>,
    /// How often owners became active or inactive.
    generation: u32,
    /// What is still to be taken in.
    tasks: VecDeque<Task<O>>,
    /// Where the search for leftovers goes on.
    search: Option<Bound<AddressKey>>,
    entries: BTreeMap<AddressKey, Entry<O>>,
    due: BTreeSet<AddressKey>,
    timers: BTreeSet<(Instant, AddressKey)>,
    links: BTreeSet<u32>,
    events: VecDeque<AddressEvent<O>>,
    /// Entries in [`Phase::Asked`].
    asked: usize,
    /// Where addresses are being removed, and how many.
    removing: BTreeMap<Subnet, usize>,
    synchronised: bool,
    doubt: bool,
}

impl<O: Copy + Ord + Debug> Default for AddressKeeper<O> {
    fn default() -> Self {
        Self::new(Some(AddressProtocol::VRRP))
    }
}

impl<O: Copy + Ord + Debug> AddressKeeper<O> {
    /// A keeper of no addresses yet, which puts `mark` on those it adds.
    #[must_use]
    pub const fn new(mark: Option<AddressProtocol>) -> Self {
        Self {
            mark,
            owners: Owners::new(),
            generation: 0,
            tasks: VecDeque::new(),
            search: None,
            entries: BTreeMap::new(),
            due: BTreeSet::new(),
            timers: BTreeSet::new(),
            links: BTreeSet::new(),
            events: VecDeque::new(),
            asked: 0,
            removing: BTreeMap::new(),
            synchronised: false,
            doubt: false,
        }
    }

    /// Processes a change that the monitor reports.
    pub fn observe(&mut self, event: &NetworkEvent, now: Instant) {
        match event {
            NetworkEvent::LinkChanged(link) => {
                if self.links.insert(link.index) {
                    self.look_at_link(link.index);
                }
            }
            NetworkEvent::LinkRemoved(link) => {
                if self.links.remove(&link.index) {
                    self.look_at_link(link.index);
                }
            }
            NetworkEvent::AddressAdded(address) | NetworkEvent::AddressChanged(address) => {
                self.see(&address.key());
            }
            NetworkEvent::AddressRemoved(address) => {
                self.see_removal(address, now);
                self.see(&address.key());
            }
            NetworkEvent::Synchronised => self.synchronised = true,
        }
    }

    /// The entry of `key`, with claims as active as their owners are.
    fn entry(&mut self, key: &AddressKey) -> Option<&mut Entry<O>> {
        let entry = self.entries.get_mut(key)?;
        entry.follow(|owner| self.owners.activity(owner));
        Some(entry)
    }

    fn look_at_link(&mut self, index: u32) {
        let after = Bound::Included(AddressKey::first_of(index));
        self.plan(Task::LookOn { index, after });
    }

    fn see(&mut self, key: &AddressKey) {
        if let Some(entry) = self.entries.get_mut(key) {
            if let Phase::Asked { seen, .. } = &mut entry.phase {
                *seen = true;
            }
            self.due.insert(*key);
        }
    }

    fn see_removal(&mut self, address: &KernelAddress, now: Instant) {
        let key = address.key();
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        entry.follow(|owner| self.owners.activity(owner));
        entry.added = false;
        if !matches!(entry.phase, Phase::Asked { .. } | Phase::Unconfirmed { .. }) {
            entry.failure = None;
        }
        if !entry.is_wanted() {
            return;
        }
        let along = key
            .subnet()
            .is_some_and(|subnet| self.removing.contains_key(&subnet));
        let event = if along {
            |owner, address| AddressEvent::Removed { owner, address }
        } else {
            |owner, address| AddressEvent::Lost { owner, address }
        };
        entry.report_removal(address, event, &mut self.events);
        match entry.phase {
            // A removal that was requested before the owner became active is not reported.
            Phase::Asked { .. }
            | Phase::Unconfirmed {
                change: Change::Remove,
                ..
            } => {}
            Phase::Idle
            | Phase::Unconfirmed {
                change: Change::Add,
                ..
            }
            | Phase::Paused { .. }
            | Phase::Disputed { .. }
            | Phase::Tentative { .. } => {
                let phase = if along {
                    Phase::Idle
                } else {
                    let until = now + entry.lose(now);
                    Phase::Paused { until }
                };
                self.set_phase(key, phase);
            }
        }
    }

    fn set_phase(&mut self, key: AddressKey, phase: Phase) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        if let Some(former) = entry.phase.deadline() {
            self.timers.remove(&(former, key));
        }
        if let Some(deadline) = phase.deadline() {
            self.timers.insert((deadline, key));
        }
        let was_asked = usize::from(matches!(entry.phase, Phase::Asked { .. }));
        let is_asked = usize::from(matches!(phase, Phase::Asked { .. }));
        self.asked = (self.asked + is_asked).saturating_sub(was_asked);
        let was_removal = core::mem::replace(&mut entry.phase, phase).is_removal();
        if let Some(subnet) = key.subnet()
            && was_removal != phase.is_removal()
        {
            self.note_removal(subnet, phase.is_removal());
        }
        self.due.insert(key);
    }

    /// A removal from a subnet has begun, or ended.
    fn note_removal(&mut self, subnet: Subnet, begun: bool) {
        let removals = self.removing.entry(subnet).or_default();
        if begun {
            *removals += 1;
        } else {
            *removals = removals.saturating_sub(1);
            if *removals == 0 {
                self.removing.remove(&subnet);
            }
        }
    }

    /// The next change to ask of the kernel, and the key to report its outcome by.
    ///
    /// None before the table is complete for the first time; and none after taking in 64 addresses and
    /// looking at 64 that need no change, with a [`deadline`](Self::deadline) in the past if there are
    /// more.
    pub fn next_request(
        &mut self,
        interfaces: &Interfaces,
        now: Instant,
    ) -> Option<(AddressKey, Request)> {
        if !self.synchronised {
            return None;
        }
        self.take_in(interfaces, LOOKS);
        for _ in 0..LOOKS {
            if let Some(&(deadline, key)) = self.timers.first()
                && deadline <= now
            {
                self.timers.pop_first();
                self.due.insert(key);
            }
            let key = self.due.pop_first()?;
            if let Some(request) = self.look_at(key, interfaces, now) {
                return Some((key, request));
            }
        }
        None
    }

    /// Processes the outcome of a request.
    pub fn completed(&mut self, key: AddressKey, result: Result<(), RequestError>, now: Instant) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        entry.follow(|owner| self.owners.activity(owner));
        let Phase::Asked { change, seen } = entry.phase else {
            return;
        };
        let phase = match Outcome::of(change, result) {
            Outcome::Done => {
                entry.added |= change == Change::Add;
                entry.accept();
                unconfirmed(change, seen, now)
            }
            Outcome::Already => {
                entry.accept();
                unconfirmed(change, seen, now)
            }
            Outcome::Uncertain => {
                self.doubt = true;
                let until = now + CONFIRMATION;
                Phase::Paused { until }
            }
            Outcome::Refused(RequestError::Refused { errno, .. })
                if errno == Errno::EINVAL as i32
                    && change == Change::Add
                    && self.mark.is_some()
                    && !entry.unmarked =>
            {
                entry.unmarked = true;
                Phase::Idle
            }
            Outcome::Refused(error) => {
                let until = now + entry.refuse();
                if change == Change::Add {
                    entry.fail(AddressError::Request(error.clone()));
                }
                let failures = entry.claims.iter().map(|claim| AddressEvent::Failed {
                    owner: claim.owner,
                    key,
                    error: AddressError::Request(error.clone()),
                });
                self.events.extend(failures);
                Phase::Paused { until }
            }
        };
        self.set_phase(key, phase);
    }

    /// The next event for an owner.
    pub fn next_event(&mut self) -> Option<AddressEvent<O>> {
        self.events.pop_front()
    }

    /// Whether the table may be wrong, as it lacks a change that the kernel has acknowledged, or
    /// answers were lost. Resets this state.
    #[must_use = "the monitor is to read everything again"]
    pub const fn takes_doubt(&mut self) -> bool {
        core::mem::replace(&mut self.doubt, false)
    }

    /// Whether a change of this address is asked of the kernel, not confirmed or about to be asked.
    #[must_use]
    pub fn is_changing(&self, key: &AddressKey) -> bool {
        let phase = self.entries.get(key).map(|entry| entry.phase);
        self.is_behind()
            || self.due.contains(key)
            || matches!(phase, Some(Phase::Asked { .. } | Phase::Unconfirmed { .. }))
    }

    /// Whether [`next_request`](Self::next_request) is to be called now.
    #[must_use]
    pub(crate) fn has_due(&self) -> bool {
        self.synchronised && (!self.due.is_empty() || self.is_behind())
    }

    /// Whether something is yet to be taken in.
    fn is_behind(&self) -> bool {
        !self.tasks.is_empty() || self.search.is_some()
    }

    /// When to call [`next_request`](Self::next_request) even if nothing has changed: a time in the
    /// past if at once.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        if self.has_due() {
            return Some(Instant::EPOCH);
        }
        self.timers.first().map(|&(deadline, _)| deadline)
    }

    /// Whether there is nothing to request, to wait for or to compare.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !self.is_behind() && self.due.is_empty() && self.timers.is_empty() && self.asked == 0
    }
}

const fn unconfirmed(change: Change, seen: bool, now: Instant) -> Phase {
    if seen {
        return Phase::Idle;
    }
    let until = now.saturating_add(CONFIRMATION);
    Phase::Unconfirmed { change, until }
}

#[cfg(test)]
mod tests;
