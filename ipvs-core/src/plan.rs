//! The planner: the list of changes from the kernel's table to the wanted one.
//!
//! A plan is a list of [`Change`]s. Their order keeps every service available that is available
//! before and after: additions come first, then higher weights, then lower weights, then deletions.
//! Connections of deleted destinations are cut, unless [`Drain`](crate::Drain) holds the
//! destinations until they have none.

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use crate::configuration::ServiceEntry;
use crate::normal::{normal_destination, normal_service};
use crate::{Change, Configuration, Destination, DestinationKey, Service, ServiceKey};

/// Whether the order of the destinations of a service is to be that of the desired one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// Destinations stay where they are; new ones come first, among themselves in the order
    /// desired.
    #[default]
    Any,
    /// The list of the kernel is to be the desired one.
    ///
    /// The order decides where round robin goes on, how the hashing schedulers fill their tables,
    /// and who wins a tie. The kernel adds at the head and moves nothing, so what is out of order
    /// is deleted and added again; its connections stall between the two.
    Exact,
}

/// The changes that turn `actual` into `desired` in all services that are `owned`, and touch no
/// other; empty if nothing differs.
///
/// New services come with their destinations, then edits of services, then per kind over all
/// services: destinations added, weights raised, weights lowered, destinations deleted, services
/// deleted. So while a service that can serve now is to serve afterwards too, it can at every step
/// between; with [`Order::Exact`] it has a destination at every step.
///
/// Of a destination that is in a list twice, the first counts.
///
/// ```
/// use ipvs_core::{Configuration, Order, plan, rules};
///
/// let mut desired = Configuration::new();
/// for outcome in rules::read("-A -t 192.0.2.1:80 -s rr\n", &mut rules::Numeric) {
///     if let (_, rules::Command::AddService(service)) = outcome? {
///         desired.insert(ipvs_core::configuration::ServiceEntry::new(service));
///     }
/// }
/// let mut actual = Configuration::new();
/// for change in plan(&actual, &desired, |_| true, Order::Any) {
///     actual.apply(&change)?;
/// }
/// assert_eq!(actual, desired);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[must_use]
pub fn plan(
    actual: &Configuration,
    desired: &Configuration,
    owned: impl Fn(&ServiceKey) -> bool,
    order: Order,
) -> Vec<Change> {
    let mut stages = Stages::default();
    let mut scratch = Scratch::default();
    for entry in desired.entries().filter(|entry| owned(&entry.service.key)) {
        match actual.get(&entry.service.key) {
            Some(present) => stages.differ(present, entry, order, &mut scratch),
            None => stages.create(entry, &mut scratch),
        }
    }
    for entry in actual.entries() {
        let key = entry.service.key;
        if owned(&key) && desired.get(&key).is_none() {
            stages.deleted_services.push(Change::DeleteService(key));
        }
    }
    stages.into_changes()
}

/// Changes by when their time comes.
#[derive(Default)]
struct Stages {
    created: Vec<Change>,
    edited: Vec<Change>,
    added: Vec<Change>,
    raised: Vec<Change>,
    lowered: Vec<Change>,
    deleted: Vec<Change>,
    deleted_services: Vec<Change>,
}

/// Room for the lists of one service, kept for the next.
#[derive(Default)]
struct Scratch {
    /// Destinations of the actual service by key, with their place in the list.
    present: Vec<(DestinationKey, usize)>,
    /// Those of the desired one.
    wanted: Vec<(DestinationKey, usize)>,
    /// For each place in the desired list, that in the actual list.
    places: Vec<Option<usize>>,
}

impl Stages {
    fn create(&mut self, entry: &ServiceEntry, scratch: &mut Scratch) {
        let service = normal_service(entry.service);
        self.created.push(Change::AddService(service));
        index(&entry.destinations, &mut scratch.wanted);
        for (place, destination) in entry.destinations.iter().enumerate().rev() {
            if find(&scratch.wanted, &destination.key) == Some(place) {
                let destination = normal_destination(*destination);
                self.created
                    .push(Change::AddDestination(service.key, destination));
            }
        }
    }

    fn differ(
        &mut self,
        actual: &ServiceEntry,
        desired: &ServiceEntry,
        order: Order,
        scratch: &mut Scratch,
    ) {
        let service: Service = normal_service(desired.service);
        if normal_service(actual.service) != service {
            self.edited.push(Change::EditService(service));
        }
        if actual.destinations == desired.destinations {
            return;
        }
        scratch.join(&actual.destinations, &desired.destinations);
        let mut stays = Stays::new(order, actual.destinations.len());
        for (place, wanted) in desired.destinations.iter().enumerate().rev() {
            if find(&scratch.wanted, &wanted.key) != Some(place) {
                continue;
            }
            let present = scratch.places.get(place).copied().flatten();
            let present = present.and_then(|at| Some((at, actual.destinations.get(at)?)));
            self.settle(service.key, *wanted, present, &mut stays);
        }
        for (place, present) in actual.destinations.iter().enumerate() {
            let first = find(&scratch.present, &present.key) == Some(place);
            if first && find(&scratch.wanted, &present.key).is_none() {
                self.deleted
                    .push(Change::DeleteDestination(service.key, present.key));
            }
        }
    }

    /// One destination that is wanted and, maybe, present at a place of the actual list.
    fn settle(
        &mut self,
        service: ServiceKey,
        wanted: Destination,
        present: Option<(usize, &Destination)>,
        stays: &mut Stays,
    ) {
        let wanted = normal_destination(wanted);
        let Some((at, present)) = present else {
            stays.add();
            self.added.push(Change::AddDestination(service, wanted));
            return;
        };
        if !stays.stays(at) {
            self.added
                .push(Change::DeleteDestination(service, present.key));
            self.added.push(Change::AddDestination(service, wanted));
        } else if normal_destination(*present) != wanted {
            let stage = if wanted.weight < present.weight {
                &mut self.lowered
            } else {
                &mut self.raised
            };
            stage.push(Change::EditDestination(service, wanted));
        }
    }

    fn into_changes(self) -> Vec<Change> {
        let mut changes = self.created;
        let later = [
            self.edited,
            self.added,
            self.raised,
            self.lowered,
            self.deleted,
            self.deleted_services,
        ];
        changes.reserve_exact(later.iter().map(Vec::len).sum());
        changes.extend(later.into_iter().flatten());
        changes
    }
}

/// Which destinations stay where they are, as a desired list is walked from its tail: as long as
/// the places in the actual list fall, they are in order already.
enum Stays {
    All,
    Before(usize),
}

impl Stays {
    const fn new(order: Order, length: usize) -> Self {
        match order {
            Order::Any => Self::All,
            Order::Exact => Self::Before(length),
        }
    }

    /// Whatever comes before an added one in the desired list is to be added after it.
    const fn add(&mut self) {
        if let Self::Before(bound) = self {
            *bound = 0;
        }
    }

    const fn stays(&mut self, at: usize) -> bool {
        match self {
            Self::All => true,
            Self::Before(bound) => {
                let stays = at < *bound;
                *bound = if stays { at } else { 0 };
                stays
            }
        }
    }
}

impl Scratch {
    fn join(&mut self, actual: &[Destination], desired: &[Destination]) {
        index(actual, &mut self.present);
        index(desired, &mut self.wanted);
        self.places.clear();
        self.places.extend(
            desired
                .iter()
                .map(|destination| find(&self.present, &destination.key)),
        );
    }
}

/// The keys of `destinations` in order, each with the first place it is at.
fn index(destinations: &[Destination], keys: &mut Vec<(DestinationKey, usize)>) {
    keys.clear();
    keys.extend(
        destinations
            .iter()
            .enumerate()
            .map(|(place, destination)| (destination.key, place)),
    );
    keys.sort_unstable();
    keys.dedup_by_key(|(key, _)| *key);
}

fn find(keys: &[(DestinationKey, usize)], key: &DestinationKey) -> Option<usize> {
    let at = keys.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
    keys.get(at).map(|&(_, place)| place)
}
