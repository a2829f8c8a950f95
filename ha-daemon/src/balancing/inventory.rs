//! The virtual servers, real servers and checkers of a balancer, which are added and removed one by one.

use core::net::IpAddr;
use std::collections::BTreeMap;

use ipvs_core::{DestinationKey, ServiceKey};
use vrrp_core::Instant;

use super::Balancer;
use super::build::Kind;
use super::pool::{Event, Server};
use super::prepared::{PreparedChecker, PreparedRealServer, PreparedServer};
use super::server::{CheckerState, RealServerState, VirtualServerKey, VirtualServerState};
use crate::config::{Check, Checker, FileCheck, VirtualServer};
use crate::health::driver::CheckerId;
use crate::health::schedule::Verdict;
use crate::notify::Hooks;
use crate::slab::Handle;

/// The identifier of a checker on the driver.
pub(super) const fn checker_id(checker: Handle) -> CheckerId {
    CheckerId(checker.to_bits())
}

/// The checker with this identifier on the driver.
pub(super) const fn checker_of(id: CheckerId) -> Handle {
    Handle::from_bits(id.0)
}

/// What a checker's result is before the first one.
pub(super) fn assumed(checker: &Checker) -> Verdict {
    match checker.alpha() {
        true => Verdict::Down,
        false => Verdict::Up,
    }
}

impl Balancer {
    /// Adds a virtual server behind the others, and starts its checkers; `None` if there is one with its
    /// key. With `ha_suspend`, call [`note_addresses`](Self::note_addresses) next.
    pub fn add(&mut self, prepared: PreparedServer, now: Instant) -> Option<Handle> {
        let PreparedServer {
            config,
            quorum_hooks,
            real_servers,
        } = prepared;
        let key = self.free_key(&config)?;
        let party = 2 * self.servers.next_handle().to_bits();
        let hooks = quorum_hooks.map(|hooks| self.notifier.add(Hooks { party, ..hooks }));
        watch(&mut self.watched, &config);
        let state = VirtualServerState::new(config, hooks);
        let handle = self.servers.insert(key, state)?;
        for server in real_servers {
            // Nothing has happened: a quorum that there is from the start is no change.
            self.insert_real_server(handle, server, now, &mut Vec::new());
        }
        self.want(handle);
        Some(handle)
    }

    /// The key of a virtual server, unless it is taken.
    fn free_key(&self, config: &VirtualServer) -> Option<VirtualServerKey> {
        let keys = (0..).map_while(|occurrence| VirtualServerKey::of(config, occurrence));
        let mut keys = keys.take(match config.group {
            Some(_) => self.servers.len() + 1,
            None => 1,
        });
        keys.find(|key| self.servers.find(key).is_none())
    }

    /// Removes a virtual server with its services, real servers and checkers; whether there was one.
    /// With `omega` the scripts of what goes are run.
    pub fn remove(&mut self, virtual_server: Handle, now: Instant) -> bool {
        let Some(state) = self.servers.remove(virtual_server) else {
            return false;
        };
        if state.config.omega {
            state.notify_down(&mut self.notifier, now);
        }
        for (handle, server) in state.pool.iter() {
            for (checker, _) in state.pool.checkers(handle) {
                self.end_checker(checker);
            }
            if let Some(hooks) = server.hooks {
                self.notifier.remove(hooks);
            }
        }
        if let Some(hooks) = state.quorum_hooks {
            self.notifier.remove(hooks);
        }
        for key in &state.config.keys {
            self.reconciler.retire(key);
            self.refusals.remove(&Some(*key));
        }
        unwatch(&mut self.watched, &state.config);
        true
    }

    /// The virtual server with this key.
    #[must_use]
    pub fn find(&self, key: &VirtualServerKey) -> Option<Handle> {
        self.servers.find(key)
    }

    /// Adds a real server behind the others of a virtual server, and starts its checkers; `None` if
    /// there is one with its address and port.
    pub fn add_real_server(
        &mut self,
        virtual_server: Handle,
        prepared: PreparedRealServer,
        now: Instant,
    ) -> Option<Handle> {
        let mut events = Vec::new();
        let handle = self.insert_real_server(virtual_server, prepared, now, &mut events)?;
        self.follow(virtual_server, &events, now);
        self.want(virtual_server);
        Some(handle)
    }

    pub(super) fn insert_real_server(
        &mut self,
        virtual_server: Handle,
        prepared: PreparedRealServer,
        now: Instant,
        events: &mut Vec<Event>,
    ) -> Option<Handle> {
        let state = self.servers.get_mut(virtual_server)?;
        let config = prepared.config;
        let key = config.key;
        if state.pool.find(&key).is_some() {
            return None;
        }
        let real_server = state.pool.next_handle();
        let mut checkers = Vec::with_capacity(prepared.checkers.len());
        let mut kinds = Vec::with_capacity(prepared.checkers.len());
        for PreparedChecker { config, kind } in prepared.checkers {
            let verdict = assumed(&config);
            let state = CheckerState::new(virtual_server, real_server, config);
            let checker = self.checkers.insert(state);
            checkers.push((checker, verdict));
            kinds.push((checker, kind));
        }
        let party = 2 * virtual_server.to_bits() + 1;
        let hooks = prepared.hooks;
        let hooks = hooks.map(|hooks| self.notifier.add(Hooks { party, ..hooks }));
        let server = Server {
            weight: config.weight,
            inhibit: config.inhibit_on_failure,
        };
        let data = RealServerState { config, hooks };
        state.pool.add(key, server, checkers, data, events);
        for (checker, kind) in kinds {
            self.start_checker(checker, kind, now);
        }
        Some(real_server)
    }

    /// Removes a real server with its checkers; whether there was one.
    pub fn remove_real_server(
        &mut self,
        virtual_server: Handle,
        real_server: Handle,
        now: Instant,
    ) -> bool {
        let mut events = Vec::new();
        if !self.extract_real_server(virtual_server, real_server, &mut events) {
            return false;
        }
        self.follow(virtual_server, &events, now);
        self.want(virtual_server);
        true
    }

    pub(super) fn extract_real_server(
        &mut self,
        virtual_server: Handle,
        real_server: Handle,
        events: &mut Vec<Event>,
    ) -> bool {
        let Some(state) = self.servers.get_mut(virtual_server) else {
            return false;
        };
        let checkers: Vec<_> = state.pool.checkers(real_server).collect();
        let Some(server) = state.pool.remove(real_server, events) else {
            return false;
        };
        if let Some(hooks) = server.hooks {
            self.notifier.remove(hooks);
        }
        for (checker, _) in checkers {
            self.end_checker(checker);
        }
        true
    }

    /// The real server of a virtual server with this address and port.
    #[must_use]
    pub fn find_real_server(&self, virtual_server: Handle, key: &DestinationKey) -> Option<Handle> {
        self.servers.get(virtual_server)?.pool.find(key)
    }

    /// Adds a checker behind the others of a real server, and starts it; `None` if there is no such real
    /// server.
    pub fn add_checker(
        &mut self,
        virtual_server: Handle,
        real_server: Handle,
        prepared: PreparedChecker,
        now: Instant,
    ) -> Option<Handle> {
        let state = self.servers.get_mut(virtual_server)?;
        state.pool.get(real_server)?;
        let PreparedChecker { config, kind } = prepared;
        let verdict = assumed(&config);
        let checker = CheckerState::new(virtual_server, real_server, config);
        let checker = self.checkers.insert(checker);
        let mut events = Vec::new();
        state
            .pool
            .add_checker(real_server, checker, verdict, &mut events);
        self.follow(virtual_server, &events, now);
        self.start_checker(checker, kind, now);
        Some(checker)
    }

    /// Removes a checker; whether there was one.
    pub fn remove_checker(&mut self, checker: Handle, now: Instant) -> bool {
        let Some(state) = self.end_checker(checker) else {
            return false;
        };
        let mut events = Vec::new();
        if let Some(server) = self.servers.get_mut(state.virtual_server) {
            server
                .pool
                .remove_checker(state.real_server, checker, &mut events);
        }
        self.follow(state.virtual_server, &events, now);
        true
    }

    /// The checker of a real server that looks at this; of several that do, the one before which there
    /// are `occurrence` others.
    #[must_use]
    pub fn find_checker(
        &self,
        virtual_server: Handle,
        real_server: Handle,
        check: &Check,
        occurrence: usize,
    ) -> Option<Handle> {
        let checkers = self.servers.get(virtual_server)?.pool.checkers(real_server);
        let equal = |checker: &Handle| {
            let state = self.checkers.get(*checker);
            state.is_some_and(|state| state.config.check == *check)
        };
        checkers
            .map(|(checker, _)| checker)
            .filter(equal)
            .nth(occurrence)
    }

    fn start_checker(&mut self, checker: Handle, kind: Kind, now: Instant) {
        let Some(state) = self.checkers.get(checker) else {
            return;
        };
        match (kind.of(state.virtual_server.to_bits()), &state.config.check) {
            (Kind::Probe(settings), _) => {
                let id = checker_id(checker);
                self.checks.add(id, settings, now);
                let server = self.servers.get(state.virtual_server);
                if server.is_some_and(|server| server.suspended) {
                    self.checks.suspend(id);
                }
            }
            (Kind::File { weight, .. }, Check::File(FileCheck { path, .. })) => {
                if let Some(value) = self.files.add(path, checker, weight) {
                    self.judge_file(checker, weight, value, now);
                }
            }
            (Kind::File { .. }, Check::Probe { .. }) => {}
        }
    }

    /// Ends a checker, of which nothing is left but its verdict in the pool.
    fn end_checker(&mut self, checker: Handle) -> Option<CheckerState> {
        let state = self.checkers.remove(checker)?;
        match &state.config.check {
            Check::Probe { .. } => self.checks.remove(checker_id(checker)),
            Check::File(file) => self.files.remove(&file.path, checker),
        }
        self.system_errors.forget(checker);
        Some(state)
    }
}

/// Counts the addresses on which the checkers of a virtual server depend.
pub(super) fn watch(counts: &mut BTreeMap<IpAddr, usize>, config: &VirtualServer) {
    for address in watched(config) {
        *counts.entry(address).or_default() += 1;
    }
}

/// Takes them from the count.
pub(super) fn unwatch(counts: &mut BTreeMap<IpAddr, usize>, config: &VirtualServer) {
    for address in watched(config) {
        if let Some(count) = counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&address);
            }
        }
    }
}

/// The virtual addresses on which it depends whether the checkers of a virtual server run.
fn watched(config: &VirtualServer) -> impl Iterator<Item = IpAddr> {
    let keys = config.keys.iter().filter(|_| config.ha_suspend);
    keys.filter_map(|key| match key {
        ServiceKey::Address { address, .. } => Some(*address),
        ServiceKey::Mark { .. } => None,
    })
}
