//! The destinations of one service, as the kernel keeps them.
//!
//! ```
//! use ipvs_core::KernelProfile;
//! use ipvs_core::destination::{Destination, Forwarding};
//! use ipvs_core::table::{DestinationError, Table};
//!
//! let mut table = Table::new(KernelProfile::default());
//! for address in ["10.0.0.1:80", "10.0.0.2:80"] {
//!     let real = Destination::new(address.parse()?, Forwarding::Masquerade, 1);
//!     table.add(&real, None)?;
//!     assert_eq!(table.add(&real, None), Err(DestinationError::Exists));
//! }
//! // The kernel puts a destination at the head of its list.
//! assert_eq!(table.position(&"10.0.0.2:80".parse()?), Some(0));
//! // A connection goes to the other one.
//! table.bind(1);
//! assert_eq!(table.activity(1).inactive, 1);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod counts;
mod overload;
mod ratios;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use thiserror::Error;

pub use self::counts::ConnectionCounts;
use self::overload::Thresholds;
pub(crate) use self::ratios::{Ratios, Unordered};
use crate::{Activity, Destination, DestinationKey, DestinationRecord, KernelProfile};

/// Why the kernel refuses a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DestinationError {
    /// `EEXIST`.
    #[error("the destination exists")]
    Exists,
    /// `ENOENT`.
    #[error("no such destination")]
    Missing,
    /// `ERANGE`: a weight above 2³¹-1.
    #[error("weight {0} is above {max}", max = Destination::MAX_WEIGHT)]
    Weight(u32),
    /// `ERANGE`: the lower threshold is above the upper one.
    #[error("lower threshold {lower} is above the upper one, {upper}")]
    Thresholds {
        /// Upper threshold.
        upper: u32,
        /// Lower threshold.
        lower: u32,
    },
    /// `EINVAL` since [`KernelProfile::TotalConnections`]: an upper threshold above 2³¹-1.
    #[error("upper threshold {0} is above {max}", max = i32::MAX)]
    Upper(u32),
}

/// The destinations of one service in the kernel's order: the newest is the first.
///
/// Columns are apart, so that a scheduler reads no more than it compares. Positions count from the
/// head and move with every [`add`](Self::add) and [`remove`](Self::remove).
#[derive(Clone, Debug)]
pub struct Table {
    profile: KernelProfile,
    destinations: Vec<Destination>,
    /// Weights; -1 of overloaded destinations.
    shares: Vec<i32>,
    /// The overhead that the least-connection schedulers compare (§1.1).
    loads: Vec<i32>,
    active: Vec<u32>,
    /// Loads for weights.
    load_ratios: Ratios,
    /// Active connections, with a new one, for weights.
    delay_ratios: Ratios,
    others: Vec<Others>,
}

/// What no scheduler scans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Others {
    last_weight: i32,
    inactive: u32,
    persistent: u32,
    thresholds: Thresholds,
}

impl Others {
    fn new(last_weight: i32) -> Self {
        Self {
            last_weight,
            inactive: 0,
            persistent: 0,
            thresholds: Thresholds::default(),
        }
    }
}

impl Table {
    /// A table without destinations.
    #[must_use]
    pub const fn new(profile: KernelProfile) -> Self {
        Self {
            profile,
            destinations: Vec::new(),
            shares: Vec::new(),
            loads: Vec::new(),
            active: Vec::new(),
            load_ratios: Ratios::new(),
            delay_ratios: Ratios::new(),
            others: Vec::new(),
        }
    }

    /// The table a kernel has listed, in its order.
    ///
    /// A listing does not show whether a destination between its thresholds is overloaded
    /// ([`is_ambiguous`](Self::is_ambiguous)): it is assumed not to be. Nor does it show the last
    /// weight of a destination whose weight is 0, which `mh` goes by: it is taken for 0.
    pub fn from_records(
        profile: KernelProfile,
        records: &[DestinationRecord],
    ) -> Result<Self, DestinationError> {
        let mut table = Self::new(profile);
        for record in records.iter().rev() {
            table.add(&record.destination, None)?;
            table.set_activity(0, record.activity);
        }
        Ok(table)
    }

    /// The generation of the kernel.
    #[must_use]
    pub const fn profile(&self) -> KernelProfile {
        self.profile
    }

    /// How many destinations there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.destinations.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.destinations.is_empty()
    }

    /// The destinations, head first.
    #[must_use]
    pub fn destinations(&self) -> &[Destination] {
        &self.destinations
    }

    /// The destination at `position`.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<&Destination> {
        self.destinations.get(position)
    }

    /// Where the destination `key` is.
    #[must_use]
    pub fn position(&self, key: &DestinationKey) -> Option<usize> {
        self.destinations.iter().position(|known| known.key == *key)
    }

    /// As [`position`](Self::position), with a guess to try first.
    pub(crate) fn position_near(&self, key: &DestinationKey, guess: usize) -> Option<usize> {
        match self.destinations.get(guess) {
            Some(known) if known.key == *key => Some(guess),
            Some(_) | None => self.position(key),
        }
    }

    /// The connections of the destination at `position`; none where there is no destination.
    #[must_use]
    pub fn activity(&self, position: usize) -> Activity {
        match (self.active.get(position), self.others.get(position)) {
            (Some(&active), Some(others)) => Activity {
                active,
                inactive: others.inactive,
                persistent: others.persistent,
            },
            _ => Activity::default(),
        }
    }

    /// Whether the destination at `position` is overloaded.
    #[must_use]
    pub fn is_overloaded(&self, position: usize) -> bool {
        self.shares.get(position).is_some_and(|&share| share < 0)
    }

    /// Whether new connections may go to the destination at `position`: it has a weight and is not
    /// overloaded.
    #[must_use]
    pub fn is_open(&self, position: usize) -> bool {
        self.shares.get(position).is_some_and(|&share| share > 0)
    }

    /// Whether the number of connections of the destination at `position` does not show whether it
    /// is overloaded, as that depends on how many there were before.
    #[must_use]
    pub fn is_ambiguous(&self, position: usize) -> bool {
        self.others.get(position).is_some_and(|others| {
            let total = self.activity(position).total();
            others.thresholds.is_ambiguous(self.profile, total)
        })
    }

    /// Adds `destination` at the head. `removed` is what [`remove`](Self::remove) gave when the
    /// same destination of the same service went, if the kernel still has it.
    pub fn add(
        &mut self,
        destination: &Destination,
        removed: Option<ConnectionCounts>,
    ) -> Result<(), DestinationError> {
        let weight = self.check_new(destination)?;
        let mut counts = removed.unwrap_or_default();
        counts.edit(self.profile, Thresholds::of(destination));
        self.destinations.insert(0, *destination);
        self.shares.insert(0, weight);
        self.loads.insert(0, 0);
        self.active.insert(0, 0);
        self.load_ratios.insert();
        self.delay_ratios.insert();
        self.others.insert(0, Others::new(weight));
        self.put(0, counts);
        Ok(())
    }

    /// Changes the destination with the same key in place, and returns its position.
    pub fn edit(&mut self, destination: &Destination) -> Result<usize, DestinationError> {
        let weight = self.check(destination)?;
        let position = self
            .position(&destination.key)
            .ok_or(DestinationError::Missing)?;
        let mut counts = self.counts(position).unwrap_or_default();
        counts.edit(self.profile, Thresholds::of(destination));
        if let Some(known) = self.destinations.get_mut(position) {
            *known = *destination;
        }
        if let Some(others) = self.others.get_mut(position).filter(|_| weight != 0) {
            others.last_weight = weight;
        }
        self.put(position, counts);
        Ok(position)
    }

    /// Removes the destination `key`: where it was, and what the kernel remembers of it.
    pub fn remove(&mut self, key: &DestinationKey) -> Option<(usize, ConnectionCounts)> {
        let position = self.position(key)?;
        let removed = self.counts(position)?;
        self.destinations.remove(position);
        self.shares.remove(position);
        self.loads.remove(position);
        self.active.remove(position);
        self.load_ratios.remove(position);
        self.delay_ratios.remove(position);
        self.others.remove(position);
        Some((position, removed))
    }

    /// Sets what the destination at `position` carries, as if connections had come or gone one by
    /// one. Does nothing where there is none.
    pub fn set_activity(&mut self, position: usize, activity: Activity) {
        self.change(position, |counts, profile| {
            counts.set_activity(profile, activity);
        });
    }

    /// A connection comes to the destination at `position`; it starts as inactive.
    pub fn bind(&mut self, position: usize) {
        self.change(position, ConnectionCounts::bind);
    }

    /// A connection, `active` or not, leaves the destination at `position`.
    pub fn unbind(&mut self, position: usize, active: bool) {
        self.change(position, |counts, profile| counts.unbind(profile, active));
    }

    /// A connection of the destination at `position` becomes active, or no longer is.
    pub fn activate(&mut self, position: usize, active: bool) {
        self.change(position, |counts, profile| counts.activate(profile, active));
    }

    /// A persistence template comes to the destination at `position`.
    pub fn bind_template(&mut self, position: usize) {
        self.change(position, ConnectionCounts::bind_template);
    }

    /// A persistence template leaves the destination at `position`.
    pub fn unbind_template(&mut self, position: usize) {
        self.change(position, ConnectionCounts::unbind_template);
    }

    pub(crate) fn change(
        &mut self,
        position: usize,
        change: impl FnOnce(&mut ConnectionCounts, KernelProfile),
    ) {
        if let Some(mut counts) = self.counts(position) {
            change(&mut counts, self.profile);
            self.put(position, counts);
        }
    }

    fn counts(&self, position: usize) -> Option<ConnectionCounts> {
        Some(ConnectionCounts {
            activity: self.activity(position),
            thresholds: self.others.get(position)?.thresholds,
            overloaded: self.is_overloaded(position),
        })
    }

    fn put(&mut self, position: usize, counts: ConnectionCounts) {
        let ConnectionCounts {
            activity,
            thresholds,
            overloaded,
        } = counts;
        let share = if overloaded {
            -1
        } else {
            self.weight(position)
        };
        if let Some(known) = self.shares.get_mut(position) {
            *known = share;
        }
        let load = activity.load(self.profile);
        if let Some(known) = self.loads.get_mut(position) {
            *known = load;
        }
        self.load_ratios.set(position, share, load);
        self.delay_ratios.set(position, share, activity.delay());
        if let Some(active) = self.active.get_mut(position) {
            *active = activity.active;
        }
        if let Some(others) = self.others.get_mut(position) {
            others.inactive = activity.inactive;
            others.persistent = activity.persistent;
            others.thresholds = thresholds;
        }
    }

    /// Whether `destination` could be added; its weight.
    pub(crate) fn check_new(&self, destination: &Destination) -> Result<i32, DestinationError> {
        let weight = self.check(destination)?;
        match self.position(&destination.key) {
            Some(_) => Err(DestinationError::Exists),
            None => Ok(weight),
        }
    }

    fn check(&self, destination: &Destination) -> Result<i32, DestinationError> {
        let Destination { upper, lower, .. } = *destination;
        let weight = i32::try_from(destination.weight)
            .map_err(|_| DestinationError::Weight(destination.weight))?;
        if lower > upper {
            return Err(DestinationError::Thresholds { upper, lower });
        }
        match self.profile {
            KernelProfile::TotalConnections if i32::try_from(upper).is_err() => {
                Err(DestinationError::Upper(upper))
            }
            KernelProfile::TotalConnections | KernelProfile::Legacy => Ok(weight),
        }
    }

    /// The weight of the destination at `position`; 0 where there is none.
    pub(crate) fn weight(&self, position: usize) -> i32 {
        self.destinations
            .get(position)
            .and_then(|destination| i32::try_from(destination.weight).ok())
            .unwrap_or(0)
    }

    /// Weights, -1 of overloaded destinations.
    pub(crate) fn shares(&self) -> &[i32] {
        &self.shares
    }

    /// Overheads.
    pub(crate) fn loads(&self) -> &[i32] {
        &self.loads
    }

    /// Overheads for weights.
    pub(crate) const fn load_ratios(&self) -> &Ratios {
        &self.load_ratios
    }

    /// Active connections, with a new one, for weights.
    pub(crate) const fn delay_ratios(&self) -> &Ratios {
        &self.delay_ratios
    }

    /// Active connections.
    pub(crate) fn active(&self) -> &[u32] {
        &self.active
    }

    /// The last weights that were not 0, or those the destinations came with.
    pub(crate) fn last_weights(&self) -> impl Iterator<Item = i32> + '_ {
        self.others.iter().map(|others| others.last_weight)
    }
}
