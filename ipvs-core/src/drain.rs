//! Draining: destinations that are removed once their connections have ended.

#[cfg(test)]
mod tests;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::configuration::ServiceEntry;
use crate::record::Activity;
use crate::{Configuration, Destination, DestinationKey, ServiceKey};

/// What a destination must no longer have before it is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Until {
    /// Connections, active and inactive.
    #[default]
    Connections,
    /// Persistence templates too: clients that come back within the persistence timeout are still
    /// sent to a destination of weight 0, and keep its templates alive.
    Templates,
}

/// Keeps destinations that are no longer desired at weight 0, until they have no connections or
/// their time is over.
///
/// Call [`hold`](Self::hold) with each dump of the table and pass what it returns to
/// [`plan`](crate::plan()) as the desired configuration: the plan then lowers the weights, waits
/// as long as need be, and deletes. A dump must come at [`deadline`](Self::deadline) at the
/// latest; more often, and destinations go soon after their last connection.
///
/// `now` is the time since an epoch the caller chooses once, and never goes backwards.
///
/// ```
/// use core::time::Duration;
///
/// use ipvs_core::drain::Until;
/// use ipvs_core::record::Activity;
/// use ipvs_core::{Change, Configuration, Destination, Drain, Forwarding, Order, Scheduler, Service, plan};
///
/// let service = Service::new("tcp 192.0.2.1:80".parse()?, Scheduler::Wlc);
/// let mut real = Destination::new("10.0.0.1:80".parse()?, Forwarding::Masquerade, 3);
/// let mut actual = Configuration::new();
/// actual.apply(&Change::AddService(service))?;
/// let mut desired = actual.clone();
/// actual.apply(&Change::AddDestination(service.key, real))?;
///
/// let mut drain = Drain::new(Duration::from_secs(60), Until::Connections);
/// let mut changes = |seconds, active, actual: &Configuration| {
///     let now = Duration::from_secs(seconds);
///     let activity = Activity { active, ..Activity::default() };
///     let held = drain.hold(now, actual, &desired, |_| true, |_, _| Some(activity));
///     plan(actual, &held, |_| true, Order::Any)
/// };
/// real.weight = 0;
/// let quiesce = Change::EditDestination(service.key, real);
/// assert_eq!(changes(0, 2, &actual), [quiesce]);
/// actual.apply(&quiesce)?;
/// assert_eq!(changes(10, 1, &actual), []);
/// let delete = Change::DeleteDestination(service.key, real.key);
/// assert_eq!(changes(20, 0, &actual), [delete]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Drain {
    limit: Duration,
    until: Until,
    deadlines: BTreeMap<(ServiceKey, DestinationKey), Duration>,
}

impl Drain {
    /// Gives each destination at most `limit`; at zero nothing waits.
    #[must_use]
    pub const fn new(limit: Duration, until: Until) -> Self {
        Self {
            limit,
            until,
            deadlines: BTreeMap::new(),
        }
    }

    /// The time at which the first held destination is removed, whatever connections it has.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.deadlines.values().copied().min()
    }

    /// The destinations that are held, each with when it goes at the latest.
    pub fn held(&self) -> impl Iterator<Item = (ServiceKey, DestinationKey, Duration)> {
        self.deadlines
            .iter()
            .map(|(&(service, destination), &deadline)| (service, destination, deadline))
    }

    /// `desired` and, at weight 0, what `actual` has beyond it in `owned` services and still
    /// carries something, as `activity` says; unknown activity counts as none.
    ///
    /// A destination goes when it carries nothing *and* `actual` has it at weight 0 already: until
    /// then a new connection may reach it between the dump and the deletion. A service that is no
    /// longer desired stays as long as one of its destinations.
    #[must_use]
    pub fn hold(
        &mut self,
        now: Duration,
        actual: &Configuration,
        desired: &Configuration,
        owned: impl Fn(&ServiceKey) -> bool,
        activity: impl Fn(&ServiceKey, &DestinationKey) -> Option<Activity>,
    ) -> Configuration {
        let mut held = desired.clone();
        let mut deadlines = BTreeMap::new();
        for present in actual.entries().filter(|entry| owned(&entry.service.key)) {
            let key = present.service.key;
            let mut draining = Draining::new(desired.get(&key));
            for destination in present.destinations.iter().rev() {
                if draining.pass(destination.key) {
                    continue;
                }
                let id = (key, destination.key);
                let carries = activity(&key, &destination.key).unwrap_or_default();
                if let Some(deadline) = self.extension(now, id, destination, carries) {
                    deadlines.insert(id, deadline);
                    draining.keep(*destination);
                }
            }
            if !draining.is_empty() {
                let entry = held.remove(&key);
                let entry = entry.unwrap_or_else(|| ServiceEntry::new(present.service));
                held.insert(draining.merge(entry));
            }
        }
        self.deadlines = deadlines;
        held
    }

    /// Until when a destination is held; `None` if it may go.
    fn extension(
        &self,
        now: Duration,
        id: (ServiceKey, DestinationKey),
        destination: &Destination,
        carries: Activity,
    ) -> Option<Duration> {
        let fresh = now.saturating_add(self.limit);
        let deadline = self.deadlines.get(&id).copied().unwrap_or(fresh);
        let busy = carries.active > 0
            || carries.inactive > 0
            || (self.until == Until::Templates && carries.persistent > 0);
        let quiet = destination.weight == 0 && !busy;
        (deadline > now && !quiet).then_some(deadline)
    }
}

/// What of one service is draining, by the desired destination it comes before in the actual
/// list: put there, it changes no other order.
struct Draining {
    wanted: Vec<DestinationKey>,
    successor: Option<DestinationKey>,
    /// Each list from its tail to its head.
    before: BTreeMap<Option<DestinationKey>, Vec<Destination>>,
}

impl Draining {
    fn new(desired: Option<&ServiceEntry>) -> Self {
        let destinations = desired.map_or(&[][..], |entry| &entry.destinations);
        let mut wanted: Vec<_> = destinations.iter().map(|it| it.key).collect();
        wanted.sort_unstable();
        Self {
            wanted,
            successor: None,
            before: BTreeMap::new(),
        }
    }

    /// Walks by the destination at `key` if it is desired, and says whether it is.
    fn pass(&mut self, key: DestinationKey) -> bool {
        let wanted = self.wanted.binary_search(&key).is_ok();
        if wanted {
            self.successor = Some(key);
        }
        wanted
    }

    fn keep(&mut self, destination: Destination) {
        let quiesced = Destination {
            weight: 0,
            ..destination
        };
        self.before
            .entry(self.successor)
            .or_default()
            .push(quiesced);
    }

    fn is_empty(&self) -> bool {
        self.before.is_empty()
    }

    fn merge(mut self, entry: ServiceEntry) -> ServiceEntry {
        let mut merged = ServiceEntry::new(entry.service);
        let last = self.before.remove(&None);
        for destination in entry.destinations {
            if let Some(draining) = self.before.remove(&Some(destination.key)) {
                merged.destinations.extend(draining.into_iter().rev());
            }
            merged.destinations.push(destination);
        }
        merged.destinations.extend(last.into_iter().flatten().rev());
        merged
    }
}
