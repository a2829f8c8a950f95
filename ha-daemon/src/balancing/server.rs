//! The state of running virtual servers: their configuration, their pools, and the last results of their
//! checkers.

use ipvs_core::configuration::ServiceEntry;
use ipvs_core::{Destination, Protocol, ServiceKey};
use vrrp_core::Instant;

use crate::balancing::pool::{Event, Pool, Settings, Sorry};
use crate::config::{Checker, RealServer, VirtualServer};
use crate::health::attempt::Outcome;
use crate::notify::{self, HooksId, Notifier};
use crate::slab::Handle;

/// Which virtual server of a configuration one is, whatever its settings: what keepalived goes by as well.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VirtualServerKey {
    /// Protocol, address and port, or mark and family.
    Service(ServiceKey),
    /// A `virtual_server_group`.
    Group {
        /// Its name.
        name: String,
        /// The protocol of its addresses, if it has any: several virtual servers may have one group.
        protocol: Option<Protocol>,
        /// How many there were with this group and protocol when it was added. They differ in the family
        /// of marks.
        occurrence: u32,
    },
}

impl VirtualServerKey {
    /// The key of a virtual server; `None` if that takes nothing, which a valid one does not.
    #[must_use]
    pub fn of(config: &VirtualServer, occurrence: u32) -> Option<Self> {
        let Some(name) = &config.group else {
            return config.keys.first().copied().map(Self::Service);
        };
        let protocol = config.keys.iter().find_map(|key| match key {
            ServiceKey::Address { protocol, .. } => Some(*protocol),
            ServiceKey::Mark { .. } => None,
        });
        Some(Self::Group {
            name: name.clone(),
            protocol,
            occurrence,
        })
    }
}

/// A virtual server at work.
#[derive(Debug)]
pub(super) struct VirtualServerState {
    /// Without its real servers.
    pub(super) config: VirtualServer,
    pub(super) pool: Pool<RealServerState>,
    /// Scripts of the quorum.
    pub(super) quorum_hooks: Option<HooksId>,
    /// Whether a script of the quorum was started for a change.
    quorum_notified: bool,
    /// Whether its checkers are suspended (`ha_suspend`).
    pub(super) suspended: bool,
}

/// A real server at work.
#[derive(Debug)]
pub(super) struct RealServerState {
    /// Without its checkers.
    pub(super) config: RealServer,
    pub(super) hooks: Option<HooksId>,
}

/// A checker at work. Its verdict is the pool's.
#[derive(Debug)]
pub(super) struct CheckerState {
    pub(super) virtual_server: Handle,
    pub(super) real_server: Handle,
    pub(super) config: Checker,
    /// The last outcome; `None` before the first attempt.
    pub(super) last: Option<Outcome>,
}

impl CheckerState {
    pub(super) const fn new(virtual_server: Handle, real_server: Handle, config: Checker) -> Self {
        Self {
            virtual_server,
            real_server,
            config,
            last: None,
        }
    }
}

/// What of a configuration is the pool's.
pub(super) fn pool_settings(config: &VirtualServer) -> Settings {
    let sorry = config.sorry_server.map(|sorry| Sorry {
        inhibit: sorry.inhibit,
    });
    Settings {
        sorry,
        quorum: config.quorum,
        hysteresis: config.hysteresis,
    }
}

impl VirtualServerState {
    /// The state of a virtual server without real servers.
    pub(super) fn new(config: VirtualServer, quorum_hooks: Option<HooksId>) -> Self {
        Self {
            pool: Pool::new(pool_settings(&config)),
            quorum_hooks,
            quorum_notified: false,
            suspended: false,
            config,
        }
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
        let hook = |server| self.pool.get(server).and_then(|server| server.hooks);
        self.quorum_notified |=
            matches!(event, Event::QuorumGained { .. } | Event::QuorumLost { .. });
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
    pub(super) fn notify_initial_quorum(&self, notifier: &mut Notifier, now: Instant) {
        if let Some(hooks) = self.quorum_hooks.filter(|_| self.pool.has_quorum())
            && !self.quorum_notified
        {
            notifier.notify(hooks, notify::Event::Up, now);
        }
    }

    /// Tells the scripts that it goes, and its real servers with it (`omega`).
    pub(super) fn notify_down(&self, notifier: &mut Notifier, now: Instant) {
        for (server, state) in self.pool.iter() {
            if let Some(hooks) = state.hooks.filter(|_| self.pool.is_alive(server)) {
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
                    .pool
                    .get(server)
                    .map(|server| server.config.destination(key)),
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
