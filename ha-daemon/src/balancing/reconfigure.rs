//! Another configuration of all virtual servers of a balancer that runs, applied over many turns.

use std::collections::{HashMap, HashSet, VecDeque};
use std::vec;

use tracing::error;
use vrrp_core::Instant;
use vrrp_mio::TimeSlice;

use super::prepared::PreparedServer;
use super::server::VirtualServerKey;
use super::{Balancer, CHANGING, difference, inventory};
use crate::observe::log::chain;
use crate::slab::{Cursor, Handle};

/// A configuration that is being applied.
#[derive(Debug)]
pub(super) struct Reconfiguration {
    servers: vec::IntoIter<PreparedServer>,
    /// Of each of those that were indexed, in their order.
    keys: VecDeque<Option<VirtualServerKey>>,
    /// Where each is in the configuration.
    places: HashMap<VirtualServerKey, usize>,
    step: Step,
    /// The virtual servers before this one are in the order of the configuration.
    arranged: Option<Cursor>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The keys of the new virtual servers are collected.
    Index,
    /// Virtual servers and services before this virtual server that are gone were removed.
    Remove(Cursor),
    /// The others are updated or added.
    Apply,
}

impl Reconfiguration {
    fn new(servers: Vec<PreparedServer>) -> Self {
        Self {
            keys: VecDeque::with_capacity(servers.len()),
            places: HashMap::with_capacity(servers.len()),
            servers: servers.into_iter(),
            step: Step::Index,
            arranged: Some(Cursor::default()),
        }
    }

    /// Takes in the key of the next virtual server; whether there was one.
    fn index(&mut self) -> bool {
        let place = self.keys.len();
        let Some(server) = self.servers.as_slice().get(place) else {
            return false;
        };
        let is_free = |key: &VirtualServerKey| !self.places.contains_key(key);
        let mut keys =
            (0..=u32::MAX).map_while(|occurrence| VirtualServerKey::of(&server.config, occurrence));
        let key = match server.config.group {
            Some(_) => keys.find(is_free),
            None => keys.next().filter(is_free),
        };
        if let Some(key) = &key {
            self.places.insert(key.clone(), place);
        }
        self.keys.push_back(key);
        true
    }
}

impl Balancer {
    /// Has the turns that follow make the virtual servers those of a configuration, in its order:
    /// [removes](Self::remove) those that are gone, [updates](Self::update) those that stay, and
    /// [adds](Self::add) the others, for 0.3 ms a turn and one virtual server at a time. A configuration
    /// that was not applied to its end is dropped. Until
    /// [`is_reconfiguring`](Self::is_reconfiguring) says that it is over, checkers and the kernel go on
    /// with what is there; then call [`note_addresses`](Self::note_addresses).
    pub fn reconfigure(&mut self, servers: Vec<PreparedServer>) {
        if !self.ending.has_begun() {
            self.reconfiguration = Some(Reconfiguration::new(servers));
        }
    }

    /// Whether a configuration is being applied.
    #[must_use]
    pub const fn is_reconfiguring(&self) -> bool {
        self.reconfiguration.is_some()
    }

    /// Goes on to apply a configuration, for the time that a turn has for it.
    pub(super) fn reconfigure_in_turn(&mut self, now: Instant, clock: &dyn Fn() -> Instant) {
        if !self.is_reconfiguring() {
            return;
        }
        let slice = TimeSlice::of(CHANGING, now, clock);
        while let Some(mut reconfiguration) = self.reconfiguration.take() {
            if self.reconfigure_next(&mut reconfiguration, slice.now()) {
                self.reconfiguration = Some(reconfiguration);
            }
            if slice.is_over() {
                return;
            }
        }
    }

    /// Whether there is more to do.
    fn reconfigure_next(&mut self, next: &mut Reconfiguration, now: Instant) -> bool {
        match next.step {
            Step::Index => {
                if !next.index() {
                    next.step = Step::Remove(Cursor::default());
                }
            }
            Step::Remove(mut cursor) => match self.servers.next(&mut cursor) {
                Some(server) => {
                    next.step = Step::Remove(cursor);
                    self.remove_gone(next, server, now);
                }
                None => next.step = Step::Apply,
            },
            Step::Apply => {
                let Some(server) = next.servers.next() else {
                    return false;
                };
                if let Some(key) = next.keys.pop_front().flatten() {
                    // Bit by bit: to drop all of them at the end would take long.
                    next.places.remove(&key);
                    if let Some(server) = self.update_or_add(&key, server, now) {
                        self.arrange(next, server);
                    }
                }
            }
        }
        true
    }

    /// Removes a virtual server that is gone, or those of its services that are: another one may have
    /// them from now on.
    fn remove_gone(&mut self, next: &Reconfiguration, server: Handle, now: Instant) {
        let place = self
            .servers
            .key(server)
            .and_then(|key| next.places.get(key));
        let wanted = place.and_then(|place| next.servers.as_slice().get(*place));
        let Some(wanted) = wanted else {
            self.remove(server, now);
            return;
        };
        let Some(state) = self.servers.get_mut(server) else {
            return;
        };
        let gone: HashSet<_> = difference::gone(&state.config.keys, &wanted.config.keys)
            .into_iter()
            .collect();
        if gone.is_empty() {
            return;
        }
        inventory::unwatch(&mut self.watched, &state.config);
        state.config.keys.retain(|key| !gone.contains(key));
        inventory::watch(&mut self.watched, &state.config);
        for key in gone {
            self.reconciler.retire(&key);
            self.refusals.remove(&Some(key));
        }
    }

    fn update_or_add(
        &mut self,
        key: &VirtualServerKey,
        server: PreparedServer,
        now: Instant,
    ) -> Option<Handle> {
        let Some(handle) = self.servers.find(key) else {
            return self.add(server, now);
        };
        if let Err(failure) = self.update(handle, server, now) {
            error!("{}", chain(&failure));
        }
        Some(handle)
    }

    /// Puts a virtual server behind those that were applied before.
    fn arrange(&mut self, next: &mut Reconfiguration, server: Handle) {
        if let Some(cursor) = &mut next.arranged
            && self.servers.next(cursor) != Some(server)
        {
            next.arranged = None;
        }
        if next.arranged.is_none() {
            self.servers.move_to_end(server);
        }
    }
}

#[cfg(test)]
mod tests;
