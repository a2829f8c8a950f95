//! Locality-based least connections (`ip_vs_lblc`).

use super::cache::Cache;
use super::wlc::least;
use super::{Request, Schedule};
use crate::table::Table;
use crate::{DestinationKey, KernelProfile};

/// The model of `lblc`: packets to one address stay with one destination until that has more active
/// connections than its weight while another has less than half.
///
/// A remembered destination is used even if it is overloaded.
#[derive(Clone, Debug)]
pub struct Lblc {
    cache: Cache<Remembered>,
}

/// A destination, and where it was when last looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remembered {
    pub(super) key: DestinationKey,
    pub(super) position: usize,
}

impl Remembered {
    pub(super) fn of(table: &Table, position: usize) -> Option<Self> {
        let key = table.get(position)?.key;
        Some(Self { key, position })
    }

    /// Where it is, unless it was removed. One that has come back is the same again.
    pub(super) fn find(&mut self, table: &Table) -> Option<usize> {
        self.position = table.position_near(&self.key, self.position)?;
        Some(self.position)
    }
}

impl Lblc {
    /// A model that remembers nothing.
    #[must_use]
    pub const fn new(profile: KernelProfile) -> Self {
        Self {
            cache: Cache::new(profile),
        }
    }
}

/// Whether the destination at `position` has more active connections than its weight while another
/// has less than half of its own.
pub(super) fn is_saturated(table: &Table, position: usize) -> bool {
    let active = table.activity(position).active.cast_signed();
    active > table.weight(position) && {
        let mut others = table.active().iter().zip(table.shares()).enumerate();
        others.any(|(other, (&active, &share))| {
            let twice = active.cast_signed().wrapping_mul(2);
            // The weight of an overloaded destination counts here.
            twice < share || (share < 0 && twice < table.weight(other))
        })
    }
}

impl Schedule for Lblc {
    fn start(&mut self, table: &Table) {
        self.cache = Cache::new(table.profile());
    }

    fn pick(&mut self, table: &Table, request: &Request) -> Option<usize> {
        let address = request.flow.target.ip();
        let remembered = self.cache.touch(address, request.now);
        let usable =
            |&position: &usize| table.weight(position) > 0 && !is_saturated(table, position);
        if let Some(position) = remembered
            .and_then(|remembered| remembered.find(table))
            .filter(usable)
        {
            return Some(position);
        }
        let position = least(table)?;
        if let Some(remembered) = Remembered::of(table, position) {
            self.cache.insert(address, request.now, remembered);
        }
        Some(position)
    }
}
