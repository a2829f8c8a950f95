//! The simulated LAN of the hosts of some configurations.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;
use std::collections::BTreeSet;

use vrrp_core::eligibility::{Decisions, Eligibility, Tracked};
use vrrp_core::sim::{Lan, RouterId};
use vrrp_core::track::Status;
use vrrp_core::{Family, active_down_interval};

use super::SimulateError;
use crate::config::{Authentication, Config, Instance, Transport};
use crate::vrrp::spec::{self, tracker};

/// One configuration file.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) startup_delay: Duration,
    pub(super) members: Vec<Member>,
    /// Interfaces without carrier.
    pub(super) down: BTreeSet<String>,
}

/// One instance of a host.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) instance: Instance,
    pub(super) router: RouterId,
    /// Its place in [`Network::virtual_routers`].
    pub(super) virtual_router: usize,
    pub(super) address: IpAddr,
    /// Whether its router may run, and with which priority.
    eligibility: Eligibility,
    /// What it tracks.
    trackers: Vec<Tracked>,
}

impl Member {
    fn interface(&self) -> &str {
        self.instance.interface.as_deref().unwrap_or("any")
    }

    /// Whether the election itself looks at this interface.
    pub(super) fn follows(&self, interface: &str) -> bool {
        self.instance.track_primary && self.interface() == interface
    }

    pub(super) fn is_on(&self, interface: &str) -> bool {
        self.interface() == interface
    }

    /// What it is told by a process that has just started, with no carrier on the interfaces `down`.
    pub(super) fn start(&mut self, down: &BTreeSet<String>) -> Decisions {
        let tracked = self.instance.track_interfaces.iter().map(tracker);
        self.trackers = tracked.map(Tracked::new).collect();
        self.eligibility = Eligibility::new(self.instance.priority);
        self.assess(down)
    }

    /// What it is told when there is no carrier on the interfaces `down`.
    pub(super) fn assess(&mut self, down: &BTreeSet<String>) -> Decisions {
        let status = self.instance.track_interfaces.iter().map(|tracked| {
            if down.contains(&tracked.interface) {
                Status::Down
            } else {
                Status::Up
            }
        });
        self.eligibility
            .assess(self.trackers.iter_mut().zip(status))
    }
}

/// The instances that stand in for each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VirtualRouter {
    key: (String, u8, Family, Option<IpAddr>),
    pub(super) name: String,
    /// Hosts and the places of their members.
    pub(super) members: Vec<(usize, usize)>,
}

/// What the simulation is about.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) hosts: Vec<Host>,
    pub(super) virtual_routers: Vec<VirtualRouter>,
    pub(super) lan: Lan,
    /// Whether a primary address is an assumption.
    pub(super) assumed: bool,
    /// What is left out, and who cannot hear whom.
    pub(super) notes: Vec<String>,
}

impl Network {
    /// The hosts of these names and configurations, all off.
    pub(super) fn new(configs: Vec<(String, Config)>, seed: u64) -> Result<Self, SimulateError> {
        let mut network = Self {
            hosts: Vec::new(),
            virtual_routers: Vec::new(),
            lan: Lan::new(seed),
            assumed: false,
            notes: Vec::new(),
        };
        let instances = configs.iter().map(|(_, config)| config.instances.len());
        if instances.sum::<usize>() > Lan::MAX_ROUTERS {
            return Err(SimulateError::TooManyInstances);
        }
        let sources = Sources::of(&configs);
        for (name, config) in configs {
            network.add(name, config, &sources)?;
        }
        if network.virtual_routers.is_empty() {
            return Err(SimulateError::NoInstance);
        }
        network.disconnect();
        Ok(network)
    }

    fn add(
        &mut self,
        name: String,
        config: Config,
        sources: &Sources,
    ) -> Result<(), SimulateError> {
        let host = self.hosts.len();
        let mut members: Vec<Member> = Vec::new();
        for instance in config.instances {
            let refused = || SimulateError::Instance {
                host: name.clone(),
                instance: instance.name.clone(),
            };
            let election = spec::election(&instance).map_err(|_| refused())?;
            let announce = spec::announcements(&instance.announce).map_err(|_| refused())?;
            let (address, assumed) = sources.address(host, &instance);
            self.assumed |= assumed;
            let router = self.lan.spare(election, address);
            let virtual_router = self.virtual_router(&instance);
            self.lan
                .connect(router, u32::try_from(virtual_router).unwrap_or(u32::MAX));
            self.lan.announce(router, announce);
            if let Some(known) = self.virtual_routers.get_mut(virtual_router) {
                known.members.push((host, members.len()));
            }
            if instance.owner_ignore_adverts && instance.priority.is_owner() {
                self.notes.push(format!(
                    "{name} hears adverts in {}, in spite of owner_ignore_adverts",
                    instance.name
                ));
            }
            members.push(Member {
                eligibility: Eligibility::new(instance.priority),
                trackers: Vec::new(),
                instance,
                router,
                virtual_router,
                address,
            });
        }
        let servers = config.virtual_servers.len();
        if servers > 0 {
            let plural = if servers == 1 { "" } else { "s" };
            self.notes.push(format!(
                "{name} has {servers} virtual server{plural}, left out"
            ));
        }
        self.hosts.push(Host {
            name,
            startup_delay: config.global.startup_delay,
            members,
            down: BTreeSet::new(),
        });
        Ok(())
    }

    fn virtual_router(&mut self, instance: &Instance) -> usize {
        let group = match instance.transport {
            Transport::Multicast { group, .. } => Some(group),
            Transport::Unicast { .. } => None,
        };
        let interface = instance.interface.clone().unwrap_or_default();
        let key = (interface, instance.vrid.get(), instance.family, group);
        let known = self
            .virtual_routers
            .iter()
            .position(|known| known.key == key);
        known.unwrap_or_else(|| {
            let taken = self
                .virtual_routers
                .iter()
                .any(|known| known.name == instance.name);
            let name = if taken {
                format!("{}/{}", instance.name, instance.vrid)
            } else {
                instance.name.clone()
            };
            self.virtual_routers.push(VirtualRouter {
                key,
                name,
                members: Vec::new(),
            });
            self.virtual_routers.len() - 1
        })
    }

    pub(super) fn member(&self, (host, place): (usize, usize)) -> Option<&Member> {
        self.hosts.get(host)?.members.get(place)
    }

    pub(super) fn members(&self, virtual_router: usize) -> impl Iterator<Item = (usize, &Member)> {
        let known = self.virtual_routers.get(virtual_router);
        let places = known.map_or(&[][..], |known| &known.members);
        places
            .iter()
            .filter_map(|place| Some((place.0, self.member(*place)?)))
    }

    /// Takes away the links on which nothing that is sent is heard.
    fn disconnect(&mut self) {
        let mut absent = Vec::new();
        for virtual_router in 0..self.virtual_routers.len() {
            for (one, from) in self.members(virtual_router) {
                for (other, to) in self.members(virtual_router) {
                    let reason = if one == other {
                        None
                    } else {
                        deafness(from, to)
                    };
                    if let Some(reason) = reason {
                        absent.push((from.router, to.router, (one, other), to, reason));
                    }
                }
            }
        }
        let mut links = Vec::new();
        let mut notes = Vec::new();
        for (from, to, (one, other), member, reason) in absent {
            links.push((from, to));
            let name = |index: usize| self.hosts.get(index).map_or("", |host| host.name.as_str());
            let instance = &member.instance.name;
            notes.push(format!(
                "{} never hears {} in {instance}: {reason}",
                name(other),
                name(one)
            ));
        }
        for (from, to) in links {
            self.lan.disconnect(from, to);
        }
        self.notes.append(&mut notes);
    }

    /// How long a virtual router may be without a master from now on: until the first timer of
    /// those that can be master fires, wherever the last packet was sent (RFC 9568 §6.1).
    pub(super) fn patience(&self, virtual_router: usize, delay: Duration) -> Option<Duration> {
        let members = self.members(virtual_router);
        let longest = members.map(|(_, member)| member.instance.interval).max()?;
        let waits = self.members(virtual_router).filter_map(|(_, member)| {
            let machine = self.lan.machine(member.router);
            let config = machine.config();
            let able = self.lan.is_able(member.router);
            able.then(|| active_down_interval(config, machine.priority(), longest) + delay)
        });
        waits.min()
    }

    /// How long two masters may contend once they hear each other: until both have advertised.
    pub(super) fn contention(&self, virtual_router: usize, delay: Duration) -> Option<Duration> {
        let members = self.members(virtual_router);
        let longest = members.map(|(_, member)| member.instance.interval).max()?;
        let crowd = u32::try_from(self.members(virtual_router).count()).unwrap_or(u32::MAX);
        Some(longest.duration() + delay.saturating_mul(2).saturating_mul(crowd))
    }
}

/// Why one of two members does not hear the other, whatever the links do.
fn deafness(from: &Member, to: &Member) -> Option<&'static str> {
    let (sender, receiver) = (&from.instance, &to.instance);
    if sender.version != receiver.version {
        return Some("the versions differ");
    }
    match (sender.authentication, receiver.authentication) {
        (Authentication::None, Authentication::None) => {}
        (Authentication::Pass(one), Authentication::Pass(other))
        | (Authentication::Ah(one), Authentication::Ah(other))
            if one == other => {}
        _ => return Some("the authentication differs"),
    }
    if let Transport::Unicast { peers, .. } = &sender.transport
        && !peers.iter().any(|peer| peer.address == to.address)
    {
        return Some("it is not a unicast_peer there");
    }
    if let Transport::Unicast {
        peers,
        check_source: true,
        ..
    } = &receiver.transport
        && !peers.iter().any(|peer| peer.address == from.address)
    {
        return Some("that is not a unicast_peer");
    }
    None
}

/// The addresses that configurations send from.
struct Sources {
    /// Every unicast peer with the VRID, the family and the host it is named by.
    peers: Vec<(u8, Family, usize, IpAddr)>,
}

impl Sources {
    fn of(configs: &[(String, Config)]) -> Self {
        let mut peers = Vec::new();
        for (host, (_, config)) in configs.iter().enumerate() {
            for instance in &config.instances {
                if let Transport::Unicast { peers: named, .. } = &instance.transport {
                    let (vrid, family) = (instance.vrid.get(), instance.family);
                    peers.extend(named.iter().map(|peer| (vrid, family, host, peer.address)));
                }
            }
        }
        Self { peers }
    }

    /// The primary address of an instance, and whether it is an assumption.
    fn address(&self, host: usize, instance: &Instance) -> (IpAddr, bool) {
        let (Transport::Multicast { source, .. } | Transport::Unicast { source, .. }) =
            &instance.transport;
        if let Some(source) = source {
            return (*source, false);
        }
        if let Transport::Unicast { peers, .. } = &instance.transport {
            // The one address that the others send to and this one does not.
            let key = (instance.vrid.get(), instance.family);
            let others = self.peers.iter().filter(|(vrid, family, by, address)| {
                (*vrid, *family) == key
                    && *by != host
                    && !peers.iter().any(|peer| peer.address == *address)
            });
            let own: BTreeSet<IpAddr> = others.map(|(.., address)| *address).collect();
            if let (1, Some(address)) = (own.len(), own.first()) {
                return (*address, true);
            }
        }
        let place = u16::try_from(host + 1).unwrap_or(u16::MAX);
        let address = match instance.family {
            // TEST-NET-3 (RFC 5737), and a link-local address, which is what adverts are sent from.
            Family::V4 => Ipv4Addr::new(203, 0, 113, u8::try_from(place).unwrap_or(u8::MAX)).into(),
            Family::V6 => Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, place).into(),
        };
        (address, true)
    }
}
