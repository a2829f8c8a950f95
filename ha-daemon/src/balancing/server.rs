//! The state of a running virtual server: its configuration, its pool, and the last results of its
//! checkers.

use ipvs_core::{Destination, ServiceEntry, ServiceKey};
use vrrp_core::Instant;

use crate::balancing::pool::{Event, Pool, Server, Settings, Sorry};
use crate::config::{RealServer, VirtualServer};
use crate::health::attempt::{DynamicWeight, Outcome};
use crate::health::schedule::Verdict;
use crate::notify::{self, HooksId, Notifier};

/// A virtual server at work.
#[derive(Debug)]
pub(super) struct VirtualServerState {
    pub(super) config: VirtualServer,
    pub(super) pool: Pool,
    /// The last outcome of each checker of each real server; `None` before the first attempt. Verdicts are
    /// the pool's.
    pub(super) outcomes: Vec<Vec<Option<Outcome>>>,
    /// Scripts of the quorum, and of each real server.
    pub(super) quorum_hooks: Option<HooksId>,
    pub(super) hooks: Vec<Option<HooksId>>,
    /// Whether a script of the quorum was started for a change.
    told_quorum: bool,
    /// Whether its checkers are suspended (`ha_suspend`).
    pub(super) suspended: bool,
}

impl VirtualServerState {
    pub(super) fn new(config: VirtualServer) -> Self {
        let servers = config.real_servers.iter();
        let outcomes = servers.map(|server| vec![None; server.checkers.len()]);
        Self {
            pool: Pool::new(settings(&config)),
            outcomes: outcomes.collect(),
            quorum_hooks: None,
            told_quorum: false,
            hooks: vec![None; config.real_servers.len()],
            suspended: false,
            config,
        }
    }

    /// A checker of a real server came to an outcome; what changed is appended to `events`.
    pub(super) fn report(
        &mut self,
        (server, checker): (usize, usize),
        verdict: Verdict,
        outcome: Outcome,
        events: &mut Vec<Event>,
    ) {
        let weight: Option<DynamicWeight> = outcome.as_ref().ok().and_then(|passed| passed.weight);
        let outcomes = self.outcomes.get_mut(server);
        if let Some(last) = outcomes.and_then(|outcomes| outcomes.get_mut(checker)) {
            *last = Some(outcome);
        }
        self.pool.report(server, checker, verdict, weight, events);
    }

    /// What the kernel is to have of each of its services.
    pub(super) fn desired(&self) -> impl Iterator<Item = ServiceEntry> {
        let services = self.config.keys.iter();
        services.map(|key| ServiceEntry {
            service: self.config.service(*key),
            destinations: self.destinations(key),
        })
    }

    /// Tells the scripts of what happened.
    pub(super) fn notify(&mut self, notifier: &mut Notifier, event: Event, now: Instant) {
        let hook = |server: usize| self.hooks.get(server).copied().flatten();
        self.told_quorum |= matches!(event, Event::QuorumGained { .. } | Event::QuorumLost { .. });
        let (hooks, event) = match event {
            Event::ServerUp { server } => (hook(server), notify::Event::Up),
            Event::ServerDown { server } => (hook(server), notify::Event::Down),
            Event::QuorumGained { .. } => (self.quorum_hooks, notify::Event::Up),
            Event::QuorumLost { .. } => (self.quorum_hooks, notify::Event::Down),
            Event::Weight { .. } => return,
        };
        if let Some(hooks) = hooks {
            notifier.notify(hooks, event, now);
        }
    }

    /// Tells the script of the quorum that there is one, though nothing has happened.
    pub(super) fn greet(&self, notifier: &mut Notifier, now: Instant) {
        if let Some(hooks) = self.quorum_hooks.filter(|_| self.pool.has_quorum())
            && !self.told_quorum
        {
            notifier.notify(hooks, notify::Event::Up, now);
        }
    }

    /// Tells the scripts that it goes, and its real servers with it (`omega`).
    pub(super) fn notify_down(&self, notifier: &mut Notifier, now: Instant) {
        for (server, hooks) in self.hooks.iter().enumerate() {
            if let Some(hooks) = hooks.filter(|_| self.pool.is_alive(server)) {
                notifier.notify(hooks, notify::Event::Down, now);
            }
        }
        if let Some(hooks) = self.quorum_hooks.filter(|_| self.pool.has_quorum()) {
            notifier.notify(hooks, notify::Event::Down, now);
        }
    }

    /// Its destinations in a service from head to tail. Those that come first in the configuration
    /// are added first, so that they are last in the kernel's list, as with keepalived.
    fn destinations(&self, key: &ServiceKey) -> Vec<Destination> {
        let mut list: Vec<Destination> = Vec::new();
        for share in self.pool.desired() {
            let destination = match share.server {
                Some(server) => self
                    .config
                    .real_servers
                    .get(server)
                    .map(|server| server.destination(key)),
                None => self
                    .config
                    .sorry_server
                    .map(|server| server.destination(key)),
            };
            let Some(destination) = destination else {
                continue;
            };
            // A real server may be the sorry server as well.
            match list.iter_mut().find(|other| other.key == destination.key) {
                Some(other) => other.weight = other.weight.max(share.weight),
                None => list.push(Destination {
                    weight: share.weight,
                    ..destination
                }),
            }
        }
        list.reverse();
        list
    }
}

fn settings(config: &VirtualServer) -> Settings {
    let servers = config.real_servers.iter().map(|server| Server {
        weight: server.weight,
        inhibit: server.inhibit_on_failure,
        checkers: assumed(server),
    });
    Settings {
        servers: servers.collect(),
        sorry: config.sorry_server.map(|sorry| Sorry {
            inhibit: sorry.inhibit,
        }),
        quorum: config.quorum,
        hysteresis: config.hysteresis,
    }
}

fn assumed(server: &RealServer) -> Vec<Verdict> {
    let verdict = |alpha| if alpha { Verdict::Down } else { Verdict::Up };
    let checkers = server.checkers.iter();
    checkers.map(|checker| verdict(checker.alpha())).collect()
}
