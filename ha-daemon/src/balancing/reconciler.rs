//! The reconciler of the kernel's IPVS table.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ipvs_core::configuration::ServiceEntry;
use ipvs_core::{Change, Configuration, Destination, Order, ServiceKey, plan};
use ipvs_netlink::{Error, Reply, Request};
use vrrp_core::Instant;

/// The interval at which the kernel's table is read again: changes by others last no longer.
pub const INTERVAL: Duration = Duration::from_secs(5);
/// Lists of destinations asked for at a time.
const LISTS: usize = 16;

/// What is worth a line.
#[derive(Debug)]
pub enum Finding {
    /// Somebody else changed a service; so many changes put it back.
    Drift {
        /// Which.
        service: ServiceKey,
        /// How many.
        changes: usize,
    },
    /// The kernel refused a request, the first of those for one service; tried again at the next
    /// reading.
    Refused(Error),
}

/// Keeps the owned services of a kernel's table as they are wanted.
///
/// It asks for nothing by itself: hand the requests of [`Reconciler::poll`] to a kernel as long as
/// there is room, and every outcome to [`Reconciler::answer`], in the order of the requests. A
/// service is read, compared and changed apart from the others, so that no turn of a loop compares a
/// whole table. Services that are not owned are never touched.
///
/// What is wanted anew is compared with what the kernel is known to have and changed at once, then
/// read. A request that is refused is tried again when the table is read the next time.
#[derive(Debug, Default)]
pub struct Reconciler {
    desired: Configuration,
    /// Services to be deleted.
    retired: BTreeSet<ServiceKey>,
    /// What the kernel has of the owned services, as far as is known.
    actual: Configuration,
    /// Whether `actual` was ever read.
    known: bool,
    /// Services to be compared.
    dirty: BTreeSet<ServiceKey>,
    /// Services to be read and compared.
    unread: BTreeSet<ServiceKey>,
    /// Services that were seen to be as wanted.
    settled: BTreeSet<ServiceKey>,
    /// Services of which a change was refused since the table was read.
    refused: BTreeSet<ServiceKey>,
    changes: VecDeque<Change>,
    /// How many changes of a service have no outcome yet: what is listed before is out of date.
    under_way: BTreeMap<ServiceKey, usize>,
    lists_under_way: usize,
    reading: bool,
    read_at: Instant,
}

impl Reconciler {
    /// Nothing is wanted, and nothing known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The service of `entry` is to be as it says, its destinations from head to tail.
    pub fn want(&mut self, entry: ServiceEntry) {
        let key = entry.service.key;
        if self.desired.get(&key) != Some(&entry) {
            self.desired.insert(entry);
            self.retired.remove(&key);
            self.unsettle(key);
        }
    }

    /// A service that was wanted is to go.
    pub fn retire(&mut self, key: &ServiceKey) {
        if self.desired.remove(key).is_some() {
            self.retired.insert(*key);
            self.unsettle(*key);
        }
    }

    /// Owns nothing any more, and leaves everything as it is.
    pub fn release(&mut self) {
        *self = Self {
            known: true,
            lists_under_way: self.lists_under_way,
            under_way: core::mem::take(&mut self.under_way),
            ..Self::default()
        };
    }

    fn unsettle(&mut self, key: ServiceKey) {
        self.refused.remove(&key);
        self.settled.remove(&key);
        self.dirty.insert(key);
    }

    /// What a service is to be.
    #[must_use]
    pub fn desired(&self, key: &ServiceKey) -> Option<&ServiceEntry> {
        self.desired.get(key)
    }

    /// Whether a service was seen to be as wanted, and nothing was heard to the contrary.
    #[must_use]
    pub fn is_settled(&self, key: &ServiceKey) -> bool {
        self.settled.contains(key)
    }

    /// Whether nothing is left to be changed: all is as wanted, or refused.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let compared = self.dirty.is_empty() && self.unread.is_empty() && self.lists_under_way == 0;
        self.known && compared && self.changes.is_empty() && self.under_way.is_empty()
    }

    /// When [`Self::poll`] has something to ask although nothing happened.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        (!self.reading && self.owns_any()).then_some(self.read_at)
    }

    /// Forgets what the kernel has, and what it was asked, and reads its table at `now`.
    pub fn restart(&mut self, now: Instant) {
        let wanted = Self {
            desired: core::mem::take(&mut self.desired),
            retired: core::mem::take(&mut self.retired),
            read_at: now,
            ..Self::default()
        };
        *self = wanted;
    }

    /// The next request, if there is one for now.
    pub fn poll(&mut self, now: Instant, findings: &mut Vec<Finding>) -> Option<Request> {
        loop {
            if let Some(change) = self.changes.pop_front() {
                return Some(change.into());
            }
            if self.known
                && let Some(key) = self.dirty.pop_first()
            {
                self.compare(key, findings);
                continue;
            }
            if self.lists_under_way < LISTS
                && let Some(key) = self.unread.pop_first()
            {
                self.lists_under_way += 1;
                return Some(Request::Destinations(key));
            }
            if self.owns_any() && !self.reading && self.read_at <= now {
                self.reading = true;
                self.refused.clear();
                return Some(Request::Services);
            }
            return None;
        }
    }

    /// Processes the outcome of a request, and appends what should be logged to `findings`.
    pub fn answer(
        &mut self,
        now: Instant,
        request: &Request,
        result: Result<Reply, Error>,
        findings: &mut Vec<Finding>,
    ) {
        let first = match request.change() {
            Some(change) => self.conclude(&change, result.is_ok()),
            None => true,
        };
        if matches!(request, Request::Destinations(_)) {
            self.lists_under_way = self.lists_under_way.saturating_sub(1);
        }
        match (request, result) {
            (_, Err(error)) if first => findings.push(Finding::Refused(error)),
            (_, Ok(Reply::Services(records))) => {
                let services = records.into_iter().map(|record| record.service);
                self.note_services(services.map(|service| (service.key, service)).collect());
            }
            (Request::Destinations(key), Ok(Reply::Destinations(records))) => {
                let destinations = records.into_iter().map(|record| record.destination);
                self.note_destinations(*key, destinations.collect());
            }
            (_, Ok(_) | Err(_)) => {}
        }
        let listing = matches!(request, Request::Services | Request::Destinations(_));
        if self.reading && listing && self.unread.is_empty() && self.lists_under_way == 0 {
            self.reading = false;
            self.read_at = now + INTERVAL;
        }
    }

    /// Whether any service is wanted, or yet to be deleted.
    #[must_use]
    pub fn owns_any(&self) -> bool {
        !self.desired.is_empty() || !self.retired.is_empty()
    }

    fn note_services(&mut self, mut listed: BTreeMap<ServiceKey, ipvs_core::Service>) {
        self.known = true;
        let desired = self.desired.entries().map(|entry| entry.service.key);
        let owned: Vec<_> = desired.chain(self.retired.iter().copied()).collect();
        for key in owned {
            if self.under_way.contains_key(&key) {
                continue;
            }
            let Some(service) = listed.remove(&key) else {
                self.actual.remove(&key);
                self.dirty.insert(key);
                continue;
            };
            let known = self.actual.remove(&key);
            self.actual.insert(ServiceEntry {
                service,
                destinations: known.map_or_else(Vec::new, |entry| entry.destinations),
            });
            self.dirty.remove(&key);
            self.unread.insert(key);
        }
    }

    fn note_destinations(&mut self, key: ServiceKey, destinations: Vec<Destination>) {
        if self.under_way.contains_key(&key) {
            return;
        }
        if let Some(entry) = self.actual.remove(&key) {
            self.actual.insert(ServiceEntry {
                destinations,
                ..entry
            });
        }
        self.dirty.insert(key);
    }

    /// Plans what makes a service what it is to be.
    fn compare(&mut self, key: ServiceKey, findings: &mut Vec<Finding>) {
        if self.refused.contains(&key) || self.under_way.contains_key(&key) {
            return;
        }
        let only = |table: &Configuration| table.get(&key).cloned().into_iter().collect();
        let owned = |candidate: &ServiceKey| *candidate == key;
        let changes = plan(&only(&self.actual), &only(&self.desired), owned, Order::Any);
        if !changes.is_empty() {
            if self.settled.remove(&key) {
                findings.push(Finding::Drift {
                    service: key,
                    changes: changes.len(),
                });
            }
            self.under_way.insert(key, changes.len());
            self.changes.extend(changes);
        } else if self.desired.get(&key).is_some() {
            self.settled.insert(key);
        } else {
            self.retired.remove(&key);
        }
    }

    /// Takes in the outcome of a change; whether it is the first refused one of its service.
    fn conclude(&mut self, change: &Change, accepted: bool) -> bool {
        let key = change.service();
        let first = !accepted && self.refused.insert(key);
        if accepted {
            // What does not fit was changed by somebody else meanwhile; the service is read next.
            let _outdated = self.actual.apply(change);
        }
        let left = self.under_way.remove(&key).unwrap_or_default();
        if left > 1 {
            self.under_way.insert(key, left - 1);
        } else if self.actual.get(&key).is_some() && !self.refused.contains(&key) {
            self.unread.insert(key);
        } else {
            self.dirty.insert(key);
        }
        first
    }
}

#[cfg(test)]
mod tests;
