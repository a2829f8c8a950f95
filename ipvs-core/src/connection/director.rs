//! A model of a director: the services of one network namespace and their connections.

mod apply;
mod choice;
mod restore;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use thiserror::Error;

use super::entries::{Connection, Entries, Expired, Owner};
use super::{
    Because, Direction, Packet, ReuseMode, Segment, Settings, TcpState, Track, Unserved, Verdict,
};
use crate::balancer::{Balancer, BalancerError};
use crate::record::Activity;
use crate::service::Flags;
use crate::table::{ConnectionCounts, DestinationError};
use crate::{
    Destination, DestinationKey, Flow, Forwarding, KernelProfile, Protocol, Service, ServiceKey,
    Trash,
};

/// Why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DirectorError {
    /// `EEXIST`.
    #[error("the service exists")]
    Exists,
    /// `ESRCH`.
    #[error("no such service")]
    Missing,
    /// The destination is refused.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// There is no model of the service.
    #[error(transparent)]
    Balancer(#[from] BalancerError),
}

/// The services of one network namespace and their connections: it says where each packet goes.
///
/// ```
/// use core::net::{IpAddr, Ipv4Addr, SocketAddr};
/// use core::time::Duration;
///
/// use ipvs_core::connection::{Packet, Settings};
/// use ipvs_core::{Destination, DestinationKey, Director, Flow, Forwarding, KernelProfile, Protocol, Scheduler, Service, ServiceKey};
///
/// let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
/// let service = Service::new(ServiceKey::tcp(address, 80), Scheduler::Wlc);
/// let mut director = Director::new(KernelProfile::TotalConnections, Settings::default());
/// director.add_service(&service)?;
/// let now = Duration::ZERO;
/// for (host, weight) in [(1, 1), (2, 3)] {
///     let key = DestinationKey::new(Ipv4Addr::new(198, 51, 100, host).into(), 80);
///     let destination = Destination::new(key, Forwarding::Masquerade, weight);
///     director.add(now, &service.key, &destination)?;
/// }
/// let packet = Packet::first(Flow {
///     protocol: Protocol::TCP,
///     client: SocketAddr::new(Ipv4Addr::new(203, 0, 113, 9).into(), 40_000),
///     target: SocketAddr::new(address, 80),
/// });
/// let verdict = director.receive(now, &packet, [0; 2]);
/// assert_eq!(
///     verdict.to_string(),
///     "198.51.100.2:80 of TCP 192.0.2.1:80: the scheduler picks it"
/// );
/// # Ok::<(), ipvs_core::connection::DirectorError>(())
/// ```
///
/// Time is the duration since an epoch the caller chooses, and never goes backwards; whatever has
/// expired by then is gone before anything else happens. To ask without changing the director, ask
/// a clone.
///
/// Not modelled: connections of SCTP stay inactive, persistence engines are ignored, and nothing
/// is dropped for want of memory.
#[derive(Clone, Debug)]
pub struct Director {
    profile: KernelProfile,
    settings: Settings,
    services: BTreeMap<ServiceKey, Balancer>,
    trash: Trash,
    entries: Entries,
}

impl Director {
    /// A director without services.
    #[must_use]
    pub fn new(profile: KernelProfile, settings: Settings) -> Self {
        Self {
            profile,
            settings,
            services: BTreeMap::new(),
            trash: Trash::new(),
            entries: Entries::default(),
        }
    }

    /// The kernel's settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Changes the kernel's settings; connections keep the time they have.
    pub const fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// The service `key` with its destinations.
    #[must_use]
    pub fn service(&self, key: &ServiceKey) -> Option<&Balancer> {
        self.services.get(key)
    }

    /// The services with their destinations, in order of their keys.
    pub fn services(&self) -> impl Iterator<Item = &Balancer> {
        self.services.values()
    }

    /// Adds a service without destinations.
    pub fn add_service(&mut self, service: &Service) -> Result<(), DirectorError> {
        self.insert(Balancer::new(service, self.profile)?)
    }

    /// Adds a service with its destinations, as one restored from a listing.
    pub fn insert(&mut self, balancer: Balancer) -> Result<(), DirectorError> {
        let key = balancer.service().key;
        if self.services.contains_key(&key) {
            return Err(DirectorError::Exists);
        }
        self.services.insert(key, balancer);
        Ok(())
    }

    /// Changes the service of the same key.
    pub fn edit_service(&mut self, service: &Service) -> Result<(), DirectorError> {
        Ok(self.balancer(&service.key)?.edit_service(service)?)
    }

    /// Deletes a service at `now`; its connections stay.
    pub fn delete_service(&mut self, now: Duration, key: &ServiceKey) -> Result<(), DirectorError> {
        self.advance(now);
        let mut balancer = self.services.remove(key).ok_or(DirectorError::Missing)?;
        while let Some(destination) = balancer.table().get(0).map(|first| first.key) {
            balancer.remove(now, &destination, &mut self.trash)?;
        }
        self.expire_orphans();
        Ok(())
    }

    /// Adds a destination at `now`; one that was removed lately comes back with its connections.
    pub fn add(
        &mut self,
        now: Duration,
        service: &ServiceKey,
        destination: &Destination,
    ) -> Result<(), DirectorError> {
        self.advance(now);
        let balancer = self.services.get_mut(service);
        let balancer = balancer.ok_or(DirectorError::Missing)?;
        Ok(balancer.add(now, destination, &mut self.trash)?)
    }

    /// Changes a destination.
    pub fn edit(
        &mut self,
        now: Duration,
        service: &ServiceKey,
        destination: &Destination,
    ) -> Result<(), DirectorError> {
        self.advance(now);
        Ok(self.balancer(service)?.edit(destination)?)
    }

    /// Removes a destination at `now`; its connections stay, unless
    /// [`Settings::expire_nodest_conn`].
    pub fn remove(
        &mut self,
        now: Duration,
        service: &ServiceKey,
        destination: &DestinationKey,
    ) -> Result<(), DirectorError> {
        self.advance(now);
        let balancer = self.services.get_mut(service);
        let balancer = balancer.ok_or(DirectorError::Missing)?;
        balancer.remove(now, destination, &mut self.trash)?;
        self.expire_orphans();
        Ok(())
    }

    /// Sets what a destination carries, for connections this director has not seen.
    pub fn set_activity(
        &mut self,
        service: &ServiceKey,
        destination: &DestinationKey,
        activity: Activity,
    ) -> Result<(), DirectorError> {
        let table = self.balancer(service)?.table_mut();
        let position = table
            .position(destination)
            .ok_or(DestinationError::Missing)?;
        table.set_activity(position, activity);
        Ok(())
    }

    /// When the next connection or template expires; nothing but time passes until then.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.entries.deadline()
    }

    /// Expires what has expired by `now`.
    pub fn advance(&mut self, now: Duration) {
        while let Some((at, expired)) = self.entries.expire(now) {
            self.trash.forget(at);
            match expired {
                Expired::Connection { owner, active } => {
                    self.change(&owner, |counts, profile| counts.unbind(profile, active));
                }
                Expired::Template { owner } => {
                    self.change(&owner, ConnectionCounts::unbind_template)
                }
            }
        }
        self.trash.forget(now);
    }

    /// Where a packet from a client goes at `now`. `draws` are two random numbers, which only
    /// `twos` looks at.
    pub fn receive(&mut self, now: Duration, packet: &Packet, draws: [u32; 2]) -> Verdict {
        self.advance(now);
        if let Some(connection) = self.entries.connection(&packet.flow)
            && !self.is_over(&connection, packet)
        {
            let Owner {
                service,
                destination,
            } = connection.owner;
            if self.is_available(&connection.owner) {
                self.follow(
                    now,
                    packet.flow,
                    connection,
                    Direction::Input,
                    packet.segment,
                );
                return Verdict::Forward {
                    service,
                    destination,
                    because: Because::Connection,
                };
            }
            if !self.settings.expire_nodest_conn {
                return Verdict::Unserved {
                    service,
                    because: Unserved::Removed(destination),
                };
            }
        }
        // The kernel counts the old connection off in its next tick: the scheduler still sees it.
        let old = self.entries.remove(&packet.flow);
        let verdict = self.open(now, packet, draws);
        if let Some(Connection { owner, active, .. }) = old {
            self.change(&owner, |counts, profile| counts.unbind(profile, active));
        }
        verdict
    }

    /// A packet to a client passes at `now`. Returns whether it belongs to a connection, with the
    /// client and the virtual address of `flow`.
    pub fn answer(&mut self, now: Duration, flow: &Flow, segment: Segment) -> bool {
        self.advance(now);
        let connection = self.entries.connection(flow);
        if let Some(connection) = connection {
            self.follow(now, *flow, connection, Direction::Output, segment);
        }
        connection.is_some()
    }

    /// Schedules a packet that belongs to no connection at `now`: it counts at the destination, and
    /// leaves a template behind where the service is persistent, but is no connection yet. For
    /// callers who know of connections otherwise ([`set_activity`](Self::set_activity)).
    pub fn schedule(&mut self, now: Duration, packet: &Packet, draws: [u32; 2]) -> Verdict {
        self.advance(now);
        self.choose(now, packet, draws).0
    }
}

impl Director {
    fn balancer(&mut self, key: &ServiceKey) -> Result<&mut Balancer, DirectorError> {
        self.services.get_mut(key).ok_or(DirectorError::Missing)
    }

    fn is_available(&self, owner: &Owner) -> bool {
        self.weight(owner).is_some()
    }

    /// The weight of a destination, unless it was removed.
    fn weight(&self, owner: &Owner) -> Option<u32> {
        let table = self.services.get(&owner.service)?.table();
        let position = table.position(&owner.destination)?;
        table.get(position).map(|destination| destination.weight)
    }

    /// Changes what a destination carries, even one that was removed.
    fn change(&mut self, owner: &Owner, change: impl FnOnce(&mut ConnectionCounts, KernelProfile)) {
        let profile = self.profile;
        if let Some(balancer) = self.services.get_mut(&owner.service) {
            let table = balancer.table_mut();
            if let Some(position) = table.position(&owner.destination) {
                table.change(position, change);
                return;
            }
        }
        if let Some(counts) = self.trash.get_mut(&owner.service, &owner.destination) {
            change(counts, profile);
        }
    }

    /// Whether `packet` starts a new connection in place of `connection`.
    fn is_over(&self, connection: &Connection, packet: &Packet) -> bool {
        if packet.flow.protocol != Protocol::TCP || packet.segment != Segment::Syn {
            return false;
        }
        if self.settings.expire_nodest_conn && self.weight(&connection.owner) == Some(0) {
            return true;
        }
        let closing = connection.state == TcpState::FinWait && !connection.answered;
        let closed = matches!(connection.state, TcpState::TimeWait | TcpState::Close);
        let over = match self.settings.conn_reuse_mode {
            ReuseMode::Never => false,
            ReuseMode::Closed => closed,
            ReuseMode::Closing => closed || closing,
        };
        over && connection.template.is_none()
    }

    fn drop_connection(&mut self, flow: &Flow) {
        if let Some(Connection { owner, active, .. }) = self.entries.remove(flow) {
            self.change(&owner, |counts, profile| counts.unbind(profile, active));
        }
    }

    /// Drops the connections and templates whose destination was removed, where the kernel is set to.
    fn expire_orphans(&mut self) {
        if !self.settings.expire_nodest_conn {
            return;
        }
        let connections = self.entries.connections();
        let orphans = connections.filter(|(_, known)| !self.is_available(&known.owner));
        for flow in orphans.map(|(flow, _)| *flow).collect::<Vec<_>>() {
            self.drop_connection(&flow);
        }
        let templates = self.entries.templates();
        let orphans = templates.filter(|(_, known)| !self.is_available(&known.owner));
        for id in orphans.map(|(id, _)| id).collect::<Vec<_>>() {
            if let Some(owner) = self.entries.remove_template(id) {
                self.change(&owner, ConnectionCounts::unbind_template);
            }
        }
    }

    /// Starts a connection.
    fn open(&mut self, now: Duration, packet: &Packet, draws: [u32; 2]) -> Verdict {
        let (verdict, template) = self.choose(now, packet, draws);
        if let Verdict::Forward {
            service,
            destination,
            ..
        } = verdict
            && !self.is_one_packet(&service, packet.flow.protocol)
        {
            let owner = Owner {
                service,
                destination,
            };
            let connection = Connection {
                owner,
                state: TcpState::None,
                active: false,
                answered: self.is_answered(&owner),
                template,
                deadline: now,
            };
            self.entries.put(packet.flow, connection);
            self.follow(
                now,
                packet.flow,
                connection,
                Direction::Input,
                packet.segment,
            );
        }
        verdict
    }

    /// Whether the director expects to see answers of a destination. The kernel goes by what it
    /// has seen, and for other forwarding than masquerading sees none.
    fn is_answered(&self, owner: &Owner) -> bool {
        let table = self.services.get(&owner.service).map(Balancer::table);
        let destination = table.and_then(|table| table.get(table.position(&owner.destination)?));
        destination.is_some_and(|destination| match destination.forwarding {
            Forwarding::Masquerade => true,
            Forwarding::Local
            | Forwarding::Tunnel(_)
            | Forwarding::Route
            | Forwarding::Other(_) => false,
        })
    }

    fn is_one_packet(&self, service: &ServiceKey, protocol: Protocol) -> bool {
        let service = self.services.get(service).map(Balancer::service);
        protocol == Protocol::UDP
            && service.is_some_and(|service| service.flags.contains(Flags::ONE_PACKET))
    }

    /// A packet of a connection passes: its state changes and its time starts anew.
    fn follow(
        &mut self,
        now: Duration,
        flow: Flow,
        mut connection: Connection,
        direction: Direction,
        segment: Segment,
    ) {
        let timeouts = &self.settings.timeouts;
        let timeout = match flow.protocol {
            Protocol::TCP => {
                let answered = connection.answered || direction == Direction::Output;
                let track = Track::new(direction, answered);
                connection.answered = answered;
                connection.state = connection.state.after(track, segment);
                connection.state.timeout(timeouts)
            }
            _ => timeouts.udp,
        };
        let active = connection.state.is_active();
        if active != connection.active {
            connection.active = active;
            let owner = connection.owner;
            self.change(&owner, |counts, profile| counts.activate(profile, active));
        }
        let timeout = Duration::from_secs(timeout.into());
        connection.deadline = now.saturating_add(timeout);
        self.entries.put(flow, connection);
    }
}

#[cfg(test)]
impl Director {
    /// What the connection table has of a destination.
    pub(super) fn count_entries(
        &self,
        service: &ServiceKey,
        destination: &DestinationKey,
    ) -> Activity {
        let owner = Owner {
            service: *service,
            destination: *destination,
        };
        self.entries.count(&owner)
    }
}
