//! The wanted and the present content of the table, and the next change from one to the other.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use nix::errno::Errno;
use vrrp_core::Instant;

use super::outcome::Failure;
use super::transaction::{Ownership, Transaction};
use super::{Destination, FirewallError};
use crate::netlink::RequestError;

/// Destinations one transaction is about at most; it takes the kernel some hundred microseconds.
const LARGEST: usize = 256;
/// How long the kernel may refuse to take a transaction, or leave it unanswered.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long to wait after the kernel had no memory for a transaction.
const RETRY: Duration = Duration::from_millis(10);
/// How long to wait after failures, doubled from the one to the other.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(64));

/// What is known of our table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Absent,
    Complete,
    Unknown,
}

/// What is wanted and known of one destination.
#[derive(Debug, Default)]
struct Entry {
    /// How many owners have it refused.
    claims: usize,
    /// Whether it is in the table.
    stands: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Sound,
    /// Nothing is tried before `until`.
    Failing {
        until: Instant,
        pause: Duration,
    },
    /// There is no nf_tables; nothing is tried again.
    Hopeless,
}

/// The table as a pure function of claims, outcomes and time.
#[derive(Debug)]
pub(super) struct Ruleset<O> {
    owners: BTreeMap<O, BTreeSet<Destination>>,
    entries: BTreeMap<Destination, Entry>,
    due: BTreeSet<Destination>,
    table: Table,
    probing: bool,
    ownership: Ownership,
    condition: Condition,
    in_flight: Option<Transaction>,
    /// When the transaction in flight, or postponed, was first tried.
    tried: Option<Instant>,
    retry_at: Option<Instant>,
    failure: Option<FirewallError>,
}

impl<O: Copy + Ord> Ruleset<O> {
    pub(super) const fn new() -> Self {
        Self {
            owners: BTreeMap::new(),
            entries: BTreeMap::new(),
            due: BTreeSet::new(),
            table: Table::Absent,
            probing: false,
            ownership: Ownership::Socket,
            condition: Condition::Sound,
            in_flight: None,
            tried: None,
            retry_at: None,
            failure: None,
        }
    }

    pub(super) const fn ownership(&self) -> Ownership {
        self.ownership
    }

    /// Whether there may be a table that outlives our socket.
    pub(super) fn leaves_table(&self) -> bool {
        self.ownership == Ownership::Anybody && self.table != Table::Absent
    }

    pub(super) const fn probe(&mut self) {
        self.probing = true;
    }

    pub(super) fn refuse(&mut self, owner: O, destinations: BTreeSet<Destination>) {
        let former = self.owners.remove(&owner).unwrap_or_default();
        for added in destinations.difference(&former) {
            self.entries.entry(*added).or_default().claims += 1;
            self.due.insert(*added);
        }
        for removed in former.difference(&destinations) {
            if let Some(entry) = self.entries.get_mut(removed) {
                entry.claims = entry.claims.saturating_sub(1);
                self.due.insert(*removed);
            }
        }
        if !destinations.is_empty() {
            self.owners.insert(owner, destinations);
        }
    }

    /// Whether all an owner has refused is, or cannot be.
    pub(super) fn is_ready(&self, owner: O) -> bool {
        if self.condition != Condition::Sound {
            return true;
        }
        let stands = |destination| {
            self.entries
                .get(destination)
                .is_some_and(|entry| entry.stands)
        };
        // Elements are added in order: the last one shows soonest that one is missing.
        let destinations = self.owners.get(&owner);
        destinations.is_none_or(|destinations| destinations.iter().rev().all(stands))
    }

    pub(super) fn is_settled(&self) -> bool {
        let as_wanted = match self.table {
            Table::Absent => self.owners.is_empty() && !self.probing,
            Table::Complete => !self.owners.is_empty(),
            Table::Unknown => false,
        };
        let idle = match self.condition {
            Condition::Sound => as_wanted && self.due.is_empty(),
            Condition::Failing { .. } | Condition::Hopeless => true,
        };
        idle && self.in_flight.is_none()
    }

    pub(super) const fn is_in_flight(&self) -> bool {
        self.in_flight.is_some()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.in_flight.is_some() {
            return self.tried.map(|tried| tried + PATIENCE);
        }
        match self.condition {
            Condition::Sound => self.retry_at,
            Condition::Failing { until, .. } => Some(until),
            Condition::Hopeless => None,
        }
    }

    /// The next transaction, to be followed by [`completed`](Self::completed) or
    /// [`postpone`](Self::postpone); none while there is one.
    pub(super) fn next_transaction(&mut self, now: Instant) -> Option<&Transaction> {
        let waits = match self.condition {
            Condition::Sound => self.retry_at.is_some_and(|at| now < at),
            Condition::Failing { until, .. } => now < until,
            Condition::Hopeless => true,
        };
        if waits || self.in_flight.is_some() {
            return None;
        }
        self.retry_at = None;
        let Some(transaction) = self.choose() else {
            self.condition = Condition::Sound;
            return None;
        };
        self.tried.get_or_insert(now);
        Some(self.in_flight.insert(transaction))
    }

    fn choose(&mut self) -> Option<Transaction> {
        match (self.table, self.owners.is_empty()) {
            (Table::Absent, true) => {
                self.due.clear();
                self.entries.clear();
                self.probing.then_some(Transaction::Probe)
            }
            (Table::Complete, true) if self.due.len() > LARGEST => {
                self.change().or(Some(Transaction::Clear))
            }
            (Table::Complete | Table::Unknown, true) => Some(Transaction::Clear),
            (Table::Absent | Table::Unknown, false) => {
                self.expect_nothing();
                let (elements, _) = self.take_due();
                Some(Transaction::Build { elements })
            }
            (Table::Complete, false) => self.change(),
        }
    }

    fn change(&mut self) -> Option<Transaction> {
        let (added, removed) = self.take_due();
        let is_change = !added.is_empty() || !removed.is_empty();
        is_change.then_some(Transaction::Change { added, removed })
    }

    /// An empty table takes the place of whatever there is.
    fn expect_nothing(&mut self) {
        self.entries.retain(|_, entry| entry.claims > 0);
        for entry in self.entries.values_mut() {
            entry.stands = false;
        }
        self.due = self.entries.keys().copied().collect();
    }

    fn take_due(&mut self) -> (Vec<Destination>, Vec<Destination>) {
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        while added.len() + removed.len() < LARGEST
            && let Some(destination) = self.due.pop_first()
        {
            match self.entries.get(&destination) {
                Some(entry) if entry.claims > 0 && !entry.stands => added.push(destination),
                Some(entry) if entry.claims == 0 && entry.stands => removed.push(destination),
                Some(entry) if entry.claims == 0 => {
                    self.entries.remove(&destination);
                }
                Some(_) | None => {}
            }
        }
        (added, removed)
    }

    /// The kernel would not take the transaction for now.
    pub(super) fn postpone(&mut self, now: Instant) {
        if self.tried.is_some_and(|tried| now >= tried + PATIENCE) {
            self.completed(Err(Failure::Request(RequestError::TimedOut)), now);
            return;
        }
        self.retry_at = Some(now + RETRY);
        match self.in_flight.take() {
            Some(Transaction::Build { elements }) => self.due.extend(elements),
            Some(Transaction::Change { added, removed }) => {
                self.due.extend(added);
                self.due.extend(removed);
            }
            Some(Transaction::Probe | Transaction::Clear) | None => {}
        }
    }

    /// Gives up a transaction whose time is over.
    pub(super) fn expire(&mut self, now: Instant) {
        if self.in_flight.is_some() && self.tried.is_some_and(|tried| now >= tried + PATIENCE) {
            self.completed(Err(Failure::Request(RequestError::TimedOut)), now);
        }
    }

    /// Takes in the outcome of the transaction.
    pub(super) fn completed(&mut self, outcome: Result<(), Failure>, now: Instant) {
        let Some(transaction) = self.in_flight.take() else {
            return;
        };
        self.tried = None;
        match outcome {
            Ok(()) => self.succeeded(&transaction),
            Err(failure) => self.failed(&transaction, failure, now),
        }
    }

    fn succeeded(&mut self, transaction: &Transaction) {
        match transaction {
            Transaction::Probe => self.probing = false,
            Transaction::Build { elements } => {
                self.table = Table::Complete;
                self.probing = false;
                self.set_standing(elements, true);
            }
            Transaction::Change { added, removed } => {
                self.set_standing(added, true);
                self.set_standing(removed, false);
            }
            Transaction::Clear => {
                self.table = Table::Absent;
                self.expect_nothing();
            }
        }
        if self.due.is_empty() {
            self.condition = Condition::Sound;
        }
    }

    fn set_standing(&mut self, destinations: &[Destination], stands: bool) {
        for destination in destinations {
            if let Some(entry) = self.entries.get_mut(destination) {
                entry.stands = stands;
                if entry.claims == 0 && !stands {
                    self.entries.remove(destination);
                }
            }
        }
    }

    fn failed(&mut self, transaction: &Transaction, failure: Failure, now: Instant) {
        let makes_table = match transaction {
            Transaction::Probe | Transaction::Build { .. } => true,
            Transaction::Change { .. } | Transaction::Clear => false,
        };
        if *transaction != Transaction::Probe {
            self.table = Table::Unknown;
        }
        if makes_table && self.ownership == Ownership::Socket && is_unknown_flag(&failure) {
            self.ownership = Ownership::Anybody;
            return;
        }
        self.give_up(failure, now);
    }

    fn give_up(&mut self, failure: Failure, now: Instant) {
        let pause = match self.condition {
            Condition::Failing { pause, .. } => (pause * 2).min(PAUSE.1),
            Condition::Sound | Condition::Hopeless => PAUSE.0,
        };
        let until = now + pause;
        let (condition, error) = match failure {
            Failure::Unsupported => (Condition::Hopeless, FirewallError::Unsupported),
            Failure::Socket(error) => (
                Condition::Failing { until, pause },
                FirewallError::Socket(error),
            ),
            Failure::Request(error) => (
                Condition::Failing { until, pause },
                FirewallError::Request(error),
            ),
        };
        if core::mem::replace(&mut self.condition, condition) == Condition::Sound {
            self.failure = Some(error);
        }
    }

    /// The socket failed, and took the table with it.
    pub(super) fn lost_socket(&mut self, error: io::Error, now: Instant) {
        let unsupported = matches!(
            error.raw_os_error().map(Errno::from_raw),
            Some(Errno::EPROTONOSUPPORT | Errno::EAFNOSUPPORT)
        );
        self.in_flight = None;
        self.tried = None;
        self.table = Table::Unknown;
        self.give_up(
            if unsupported {
                Failure::Unsupported
            } else {
                Failure::Socket(error)
            },
            now,
        );
    }

    pub(super) const fn next_failure(&mut self) -> Option<FirewallError> {
        self.failure.take()
    }
}

/// What kernels before 5.12 say to the flag for ownership, and perhaps to something else.
fn is_unknown_flag(failure: &Failure) -> bool {
    match failure {
        Failure::Request(error) => matches!(
            error.errno().map(Errno::from_raw),
            Some(Errno::EOPNOTSUPP | Errno::EINVAL)
        ),
        Failure::Unsupported | Failure::Socket(_) => false,
    }
}

#[cfg(test)]
mod tests;
