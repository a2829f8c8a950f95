//! Locality-based least connections with replication (`ip_vs_lblcr`).

use alloc::vec::Vec;
use core::time::Duration;

use super::cache::{Cache, EXPIRATION};
use super::lblc::{Remembered, is_saturated};
use super::wlc::least;
use super::{Request, Schedule};
use crate::KernelProfile;
use crate::table::Table;

/// The model of `lblcr`: packets to one address stay with a set of destinations, which grows when
/// its lightest member is saturated and shrinks once a day.
#[derive(Clone, Debug)]
pub struct Lblcr {
    cache: Cache<Replicas>,
}

impl Lblcr {
    /// A model that remembers nothing.
    #[must_use]
    pub const fn new(profile: KernelProfile) -> Self {
        Self {
            cache: Cache::new(profile),
        }
    }
}

/// The destinations of one address.
#[derive(Clone, Debug)]
struct Replicas {
    /// Newest first.
    members: Vec<Remembered>,
    changed: Duration,
}

impl Replicas {
    /// The member of the smallest load for its weight.
    fn lightest(&mut self, table: &Table) -> Option<usize> {
        let mut picked: Option<usize> = None;
        for member in &mut self.members {
            // A later member has to be open as well: without weight it could win only against a
            // negative load.
            let Some(position) = member
                .find(table)
                .filter(|&member| !table.is_overloaded(member))
            else {
                continue;
            };
            picked = match picked {
                None if table.weight(position) > 0 => Some(position),
                Some(least) if outweighs(table, least, position) => Some(position),
                kept => kept,
            };
        }
        picked
    }

    /// Drops the member of the largest load for its weight, a day after the last change.
    fn shrink(&mut self, table: &Table, now: Duration) {
        if self.members.len() <= 1 || now <= self.changed + EXPIRATION {
            return;
        }
        let mut heaviest: Option<(usize, usize)> = None;
        for (index, member) in self.members.iter_mut().enumerate() {
            let Some(position) = member.find(table).filter(|&at| table.weight(at) > 0) else {
                continue;
            };
            if heaviest.is_none_or(|(_, most)| outweighs(table, position, most)) {
                heaviest = Some((index, position));
            }
        }
        if let Some((index, _)) = heaviest {
            self.members.remove(index);
            self.changed = now;
        }
    }

    fn insert(&mut self, remembered: Remembered, now: Duration) {
        if self
            .members
            .iter()
            .all(|member| member.key != remembered.key)
        {
            self.members.insert(0, remembered);
            self.changed = now;
        }
    }
}

/// Whether the load of `heavier` for its weight is more than that of `lighter`.
fn outweighs(table: &Table, heavier: usize, lighter: usize) -> bool {
    let load = |position: usize| i64::from(table.loads().get(position).copied().unwrap_or(0));
    let weight = |position| i64::from(table.weight(position));
    load(heavier) * weight(lighter) > load(lighter) * weight(heavier)
}

impl Schedule for Lblcr {
    fn start(&mut self, table: &Table) {
        self.cache = Cache::new(table.profile());
    }

    fn pick(&mut self, table: &Table, request: &Request) -> Option<usize> {
        let (address, now) = (request.flow.target.ip(), request.now);
        if let Some(replicas) = self.cache.touch(address, now) {
            let lightest = replicas.lightest(table);
            replicas.shrink(table, now);
            if let Some(position) = lightest.filter(|&member| !is_saturated(table, member)) {
                return Some(position);
            }
            let position = least(table)?;
            if let Some(remembered) = Remembered::of(table, position) {
                replicas.insert(remembered, now);
            }
            return Some(position);
        }
        let position = least(table)?;
        if let Some(remembered) = Remembered::of(table, position) {
            let members = [remembered].to_vec();
            let replicas = Replicas {
                members,
                changed: now,
            };
            self.cache.insert(address, now, replicas);
        }
        Some(position)
    }
}
