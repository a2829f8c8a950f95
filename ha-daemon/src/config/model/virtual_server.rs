//! Virtual servers and their real servers.

use ipvs_core::service::{Flags, Granularity, Persistence};
use ipvs_core::{Destination, DestinationKey, Forwarding, Name, Scheduler, Service, ServiceKey};

use super::checker::Checker;
use super::script::Script;
use crate::config::text::source::Span;

/// One `virtual_server`: the same real servers behind one or, with a group, several services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualServer {
    /// As keepalived calls it: `[192.0.2.1]:tcp:80`, `FWM 5`, `[GROUP]:0`.
    pub name: String,
    /// Where its address, mark or group was written.
    pub span: Span,
    /// The `virtual_server_group`, if it was given by one.
    pub group: Option<String>,
    /// What it takes: never empty, and no key twice in a configuration.
    pub keys: Vec<ServiceKey>,
    /// `lvs_sched`, `lb_algo`.
    pub scheduler: Scheduler,
    /// `ops`, `sh-port`, `sh-fallback`, `mh-port`, `mh-fallback`, `flag-1` to `flag-3`.
    pub flags: Flags,
    /// `persistence_timeout`, `persistence_granularity`.
    pub persistence: Option<Persistence>,
    /// `persistence_engine`, which like keepalived goes only with persistence.
    pub engine: Option<Name>,
    /// The real servers in the order of the file; never empty, and no destination twice.
    pub real_servers: Vec<RealServer>,
    /// `sorry_server`.
    pub sorry_server: Option<SorryServer>,
    /// `quorum`: the weight of live real servers below which it is lost; at least 1, and no more
    /// than all of them have unless that is nothing.
    pub quorum: u32,
    /// `hysteresis`: by how much to exceed the quorum before it is gained, and to fall below it
    /// before it is lost; less than `quorum`.
    pub hysteresis: u32,
    /// `quorum_up`.
    pub quorum_up: Option<Box<Script>>,
    /// `quorum_down`.
    pub quorum_down: Option<Box<Script>>,
    /// `alpha`: there is no quorum before checks have succeeded. [`Checker::alpha`] says the same
    /// of each check.
    pub alpha: bool,
    /// `omega`: `quorum_down` and `notify_down` also run on shutdown.
    pub omega: bool,
    /// `ha_suspend`: no checks while the virtual address is not on this host. Never with a mark.
    pub ha_suspend: bool,
}

impl VirtualServer {
    /// The services it is made of, one per key.
    pub fn services(&self) -> impl Iterator<Item = Service> + '_ {
        self.keys.iter().map(|&key| self.service(key))
    }

    /// The service of one of its keys.
    #[must_use]
    pub fn service(&self, key: ServiceKey) -> Service {
        let family = key.family();
        let own = |persistence: Persistence| {
            let granularity = persistence.granularity;
            Persistence {
                granularity: if granularity.family() == family {
                    granularity
                } else {
                    Granularity::single(family)
                },
                ..persistence
            }
        };
        Service {
            key,
            scheduler: self.scheduler,
            flags: self.flags,
            persistence: self.persistence.map(own),
            engine: self.engine,
        }
    }

    /// The weight of all real servers together.
    #[must_use]
    pub fn total_weight(&self) -> u64 {
        let weights = self.real_servers.iter();
        weights.map(|server| u64::from(server.weight)).sum()
    }
}

/// One `real_server`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealServer {
    /// Where it is. In a group the port may differ by service: see [`destination`](Self::destination).
    pub key: DestinationKey,
    /// Where its address was written.
    pub span: Span,
    /// `lvs_method`, else that of the virtual server.
    pub forwarding: Forwarding,
    /// `weight`, 0..=2³¹-1.
    pub weight: u32,
    /// `uthreshold`: the most connections; 0 for any number.
    pub upper: u32,
    /// `lthreshold`: below how many connections it is no longer overloaded; 0 for three quarters
    /// of `upper`.
    pub lower: u32,
    /// `inhibit_on_failure`: failing sets the weight to 0 instead of removing it.
    pub inhibit_on_failure: bool,
    /// `notify_up`.
    pub notify_up: Option<Box<Script>>,
    /// `notify_down`.
    pub notify_down: Option<Box<Script>>,
    /// All have to pass; without any it is always up.
    pub checkers: Vec<Checker>,
}

impl RealServer {
    /// The destination it is in a service: NAT alone can change the port.
    #[must_use]
    pub const fn destination(&self, service: &ServiceKey) -> Destination {
        Destination {
            key: at(self.key, self.forwarding, service),
            forwarding: self.forwarding,
            weight: self.weight,
            upper: self.upper,
            lower: self.lower,
        }
    }
}

/// `sorry_server`: what is there while there is no quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SorryServer {
    /// Where it is. In a group the port may differ by service: see [`destination`](Self::destination).
    pub key: DestinationKey,
    /// Where its address was written.
    pub span: Span,
    /// `sorry_server_lvs_method`, else that of the virtual server.
    pub forwarding: Forwarding,
    /// `sorry_server_inhibit`: it stays with weight 0 while there is a quorum. The same as that of
    /// the real server that it also is, if it is one.
    pub inhibit: bool,
}

impl SorryServer {
    /// The destination it is in a service, of weight 1.
    #[must_use]
    pub const fn destination(&self, service: &ServiceKey) -> Destination {
        let key = at(self.key, self.forwarding, service);
        Destination::new(key, self.forwarding, 1)
    }
}

const fn at(key: DestinationKey, forwarding: Forwarding, service: &ServiceKey) -> DestinationKey {
    match forwarding {
        Forwarding::Masquerade => key,
        Forwarding::Local | Forwarding::Tunnel(_) | Forwarding::Route | Forwarding::Other(_) => {
            DestinationKey::new(key.address, service.port())
        }
    }
}
