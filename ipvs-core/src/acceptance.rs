//! The checks of services, destinations and synchronisation daemons before the kernel is asked for
//! them.
//!
//! The kernel checks less than it needs: it accepts a service of a protocol that it never
//! schedules, a forwarding method that it does not have, a port that direct routing ignores. These
//! checks find what it refuses, and what it accepts but cannot do.
//!
//! ```
//! use ipvs_core::acceptance::DestinationFault;
//! use ipvs_core::destination::{Destination, Forwarding};
//! use ipvs_core::service::ServiceKey;
//!
//! // Direct routing sends packets on as they are, to the port of the service.
//! let key: ServiceKey = "tcp 192.0.2.1:80".parse()?;
//! let real = Destination::new("10.0.0.1:8080".parse()?, Forwarding::Route, 1);
//! let (port, service) = (8080, 80);
//! assert_eq!(
//!     real.check(&key, false),
//!     Err(DestinationFault::Port { port, service })
//! );
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

#[cfg(test)]
mod tests;

use core::net::{IpAddr, Ipv4Addr};

use thiserror::Error;

use crate::{
    Configuration, Destination, DestinationKey, Family, Flags, Forwarding, Granularity,
    Persistence, Protocol, Service, ServiceEntry, ServiceKey, SyncDaemon, Timeouts, Tunnel,
    TunnelChecksum,
};

/// What is wrong with a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ServiceFault {
    /// A protocol that is never scheduled.
    #[error("{0} is not scheduled, only TCP, UDP and SCTP are")]
    Protocol(Protocol),
    /// Port 0 schedules nothing unless connections are persistent.
    #[error("port 0 takes every port, for which the service must be persistent")]
    PortZero,
    /// One-packet scheduling of a protocol with connections.
    #[error("one-packet scheduling is for UDP and marks, not {0}")]
    OnePacket(Protocol),
    /// A persistence timeout that reads back differently, or is none.
    #[error("persistence of {0} s, allowed are 1 to {max} s", max = Persistence::MAX_TIMEOUT)]
    Timeout(u32),
    /// A netmask for IPv6, or a prefix length for IPv4.
    #[error("persistence by {granularity} addresses of a service of {service}")]
    Granularity {
        /// Family of the granularity.
        granularity: Family,
        /// Family of the service.
        service: Family,
    },
    /// A prefix length that IPv6 does not have.
    #[error("persistence by a prefix of {0} bits, allowed are 1 to 128")]
    Prefix(u8),
}

/// What is wrong with a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DestinationFault {
    /// A forwarding method that is not for destinations.
    #[error(
        "forwarding method {0}, allowed are masquerading, local delivery, tunnel and direct routing"
    )]
    Forwarding(u8),
    /// A tunnel of a type or with flags that the kernel does not have.
    #[error("tunnel of type {kind} with flags {flags:#x}, allowed are IPIP, GUE and GRE")]
    Tunnel {
        /// Type.
        kind: u8,
        /// Flags.
        flags: u16,
    },
    /// Remote checksum offload without GUE.
    #[error("a GRE tunnel with remote checksum offload, which only GUE has")]
    TunnelChecksum,
    /// GUE to no port.
    #[error("a GUE tunnel without a port, allowed are 1 to 65535")]
    TunnelPort,
    /// A port that this forwarding method cannot reach.
    #[error("port {port}, without masquerading it can only be that of the service, {service}")]
    Port {
        /// Port of the destination.
        port: u16,
        /// Port of the service.
        service: u16,
    },
    /// Another family than the service's, without a tunnel.
    #[error("{destination} for a service of {service}, which only a tunnel can do")]
    Family {
        /// Family of the destination.
        destination: Family,
        /// Family of the service.
        service: Family,
    },
    /// Another family than the service's, while connections are synchronised.
    #[error("{destination} for a service of {service}, which connection synchronisation excludes")]
    Synchronised {
        /// Family of the destination.
        destination: Family,
        /// Family of the service.
        service: Family,
    },
    /// An address that is not one of a host (`EINVAL`).
    #[error("address {0}, allowed are unicast addresses")]
    Address(IpAddr),
    /// A weight that is too large (`ERANGE`).
    #[error("weight {0}, allowed are 0 to {max}", max = Destination::MAX_WEIGHT)]
    Weight(u32),
    /// An upper threshold that is too large (`EINVAL` of newer kernels).
    #[error("upper threshold {0}, allowed are 0 to {max}", max = Destination::MAX_THRESHOLD)]
    Upper(u32),
    /// A lower threshold above the upper one (`ERANGE`).
    #[error("lower threshold {lower}, allowed are 0 to the upper one, {upper}")]
    Lower {
        /// Lower threshold.
        lower: u32,
        /// Upper threshold.
        upper: u32,
    },
}

/// What is wrong with a configuration, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConfigurationFault {
    /// A service.
    #[error("service {0}: {1}")]
    Service(ServiceKey, ServiceFault),
    /// A destination.
    #[error("destination {1} of {0}: {2}")]
    Destination(ServiceKey, DestinationKey, DestinationFault),
    /// Two destinations of one service with one address and port (`EEXIST`).
    #[error("destination {1} of {0} is there twice")]
    Twice(ServiceKey, DestinationKey),
}

/// What is wrong with timeouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a timeout of {0} s, allowed are 0 (as it is) to {max} s", max = Timeouts::MAX)]
pub struct TimeoutFault(pub u32);

/// What is wrong with a synchronisation daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DaemonFault {
    /// An address that is not a multicast group.
    #[error("group {0}, allowed are multicast addresses")]
    Group(IpAddr),
    /// Port 0.
    #[error("port 0, allowed are 1 to 65535")]
    Port,
    /// Time to live 0.
    #[error("time to live 0, allowed are 1 to 255")]
    TimeToLive,
    /// A datagram that does not fit IP.
    #[error("datagrams of {0} octets, allowed are 1 to {max}", max = SyncDaemon::MAX_LENGTH)]
    Length(u16),
}

impl Persistence {
    /// The longest timeout, 31 days. The kernel counts ticks in 32 bits: beyond 4,294,967 s the
    /// timeout of a kernel with 1,000 ticks a second is another one.
    pub const MAX_TIMEOUT: u32 = 31 * 86_400;
}

impl Timeouts {
    /// The longest timeout that every kernel accepts: 2³¹-1 ticks at 1,000 a second.
    pub const MAX: u32 = 2_147_483;

    /// Checks whether a kernel accepts these timeouts.
    ///
    /// # Errors
    ///
    /// The first timeout that is too long.
    pub fn check(&self) -> Result<(), TimeoutFault> {
        match [self.tcp, self.tcp_fin, self.udp]
            .into_iter()
            .find(|&timeout| timeout > Self::MAX)
        {
            Some(timeout) => Err(TimeoutFault(timeout)),
            None => Ok(()),
        }
    }

    /// These timeouts, each at most the longest that every kernel accepts.
    #[must_use]
    pub fn clamped(self) -> Self {
        Self {
            tcp: self.tcp.min(Self::MAX),
            tcp_fin: self.tcp_fin.min(Self::MAX),
            udp: self.udp.min(Self::MAX),
        }
    }
}

impl SyncDaemon {
    /// The largest payload of an IPv4 datagram of UDP.
    pub const MAX_LENGTH: u16 = u16::MAX - 20 - 8;

    /// Checks whether a kernel accepts this daemon.
    ///
    /// # Errors
    ///
    /// The value that it would refuse.
    pub fn check(&self) -> Result<(), DaemonFault> {
        if let Some(group) = self.group
            && !group.is_multicast()
        {
            return Err(DaemonFault::Group(group));
        }
        if self.port == Some(0) {
            return Err(DaemonFault::Port);
        }
        if self.ttl == Some(0) {
            return Err(DaemonFault::TimeToLive);
        }
        match self.max_length {
            Some(length) if length == 0 || length > Self::MAX_LENGTH => {
                Err(DaemonFault::Length(length))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Service {
    /// Checks whether this service works.
    ///
    /// # Errors
    ///
    /// The reason why it does not work.
    pub fn check(&self) -> Result<(), ServiceFault> {
        if let ServiceKey::Address { protocol, port, .. } = self.key {
            if !protocol.is_scheduled() {
                return Err(ServiceFault::Protocol(protocol));
            }
            if port == 0 && self.persistence.is_none() {
                return Err(ServiceFault::PortZero);
            }
            if self.flags.contains(Flags::ONE_PACKET) && protocol != Protocol::UDP {
                return Err(ServiceFault::OnePacket(protocol));
            }
        }
        match &self.persistence {
            Some(persistence) => persistence.check(self.key.family()),
            None => Ok(()),
        }
    }
}

impl Persistence {
    fn check(&self, service: Family) -> Result<(), ServiceFault> {
        if !(1..=Self::MAX_TIMEOUT).contains(&self.timeout) {
            return Err(ServiceFault::Timeout(self.timeout));
        }
        let granularity = self.granularity.family();
        if granularity != service {
            return Err(ServiceFault::Granularity {
                granularity,
                service,
            });
        }
        match self.granularity {
            Granularity::V6(length) if !(1..=128).contains(&length) => {
                Err(ServiceFault::Prefix(length))
            }
            Granularity::V4(_) | Granularity::V6(_) => Ok(()),
        }
    }
}

impl Destination {
    /// The most a threshold can be on every kernel.
    pub const MAX_THRESHOLD: u32 = i32::MAX.cast_unsigned();

    /// This destination with the port it has in the service at `key`: only masquerading can
    /// change the port of a packet, so with every other method it is the service's, unless that is
    /// of a mark.
    #[must_use]
    pub const fn for_service(mut self, key: &ServiceKey) -> Self {
        if let Some(port) = fixed_port(self.forwarding, key) {
            self.key.port = port;
        }
        self
    }

    /// Whether this destination works in the service at `key`; `synchronised` when a
    /// synchronisation daemon runs.
    ///
    /// An IPv6 link-local address passes, though the kernel takes only one of its own.
    ///
    /// # Errors
    ///
    /// The reason why it does not work.
    pub fn check(&self, key: &ServiceKey, synchronised: bool) -> Result<(), DestinationFault> {
        self.check_forwarding()?;
        self.check_family(key.family(), synchronised)?;
        if let Some(service) = fixed_port(self.forwarding, key)
            && service != self.key.port
        {
            let port = self.key.port;
            return Err(DestinationFault::Port { port, service });
        }
        if !is_host(self.key.address) {
            return Err(DestinationFault::Address(self.key.address));
        }
        self.check_numbers()
    }

    const fn check_forwarding(&self) -> Result<(), DestinationFault> {
        match self.forwarding {
            Forwarding::Other(method) => Err(DestinationFault::Forwarding(method)),
            Forwarding::Tunnel(Tunnel::Other { kind, flags, .. }) => {
                Err(DestinationFault::Tunnel { kind, flags })
            }
            Forwarding::Tunnel(Tunnel::Gue { port: 0, .. }) => Err(DestinationFault::TunnelPort),
            Forwarding::Tunnel(Tunnel::Gre {
                checksum: TunnelChecksum::Remote,
            }) => Err(DestinationFault::TunnelChecksum),
            Forwarding::Masquerade
            | Forwarding::Local
            | Forwarding::Tunnel(Tunnel::Ipip | Tunnel::Gue { .. } | Tunnel::Gre { .. })
            | Forwarding::Route => Ok(()),
        }
    }

    fn check_family(&self, service: Family, synchronised: bool) -> Result<(), DestinationFault> {
        let destination = self.key.family();
        if destination == service {
            return Ok(());
        }
        if !matches!(self.forwarding, Forwarding::Tunnel(_)) {
            return Err(DestinationFault::Family {
                destination,
                service,
            });
        }
        if synchronised {
            return Err(DestinationFault::Synchronised {
                destination,
                service,
            });
        }
        Ok(())
    }

    const fn check_numbers(&self) -> Result<(), DestinationFault> {
        if self.weight > Self::MAX_WEIGHT {
            return Err(DestinationFault::Weight(self.weight));
        }
        if self.upper > Self::MAX_THRESHOLD {
            return Err(DestinationFault::Upper(self.upper));
        }
        if self.lower > self.upper {
            return Err(DestinationFault::Lower {
                lower: self.lower,
                upper: self.upper,
            });
        }
        Ok(())
    }
}

/// The one port a destination can have, if there is only one.
const fn fixed_port(forwarding: Forwarding, key: &ServiceKey) -> Option<u16> {
    match (forwarding, key) {
        (Forwarding::Masquerade | Forwarding::Other(_), _) | (_, ServiceKey::Mark { .. }) => None,
        (
            Forwarding::Local | Forwarding::Tunnel(_) | Forwarding::Route,
            ServiceKey::Address { port, .. },
        ) => Some(*port),
    }
}

pub(crate) fn is_host(address: IpAddr) -> bool {
    let is_special = match address {
        IpAddr::V4(address) => address == Ipv4Addr::BROADCAST,
        IpAddr::V6(address) => address.to_ipv4_mapped().is_some(),
    };
    !is_special && !address.is_unspecified() && !address.is_multicast()
}

impl ServiceEntry {
    /// Whether the service and each of its destinations work; `synchronised` when a
    /// synchronisation daemon runs.
    ///
    /// # Errors
    ///
    /// The first error.
    pub fn check(&self, synchronised: bool) -> Result<(), ConfigurationFault> {
        let key = self.service.key;
        self.service
            .check()
            .map_err(|fault| ConfigurationFault::Service(key, fault))?;
        let mut keys = alloc::collections::BTreeSet::new();
        for destination in &self.destinations {
            destination
                .check(&key, synchronised)
                .map_err(|fault| ConfigurationFault::Destination(key, destination.key, fault))?;
            if !keys.insert(destination.key) {
                return Err(ConfigurationFault::Twice(key, destination.key));
            }
        }
        Ok(())
    }
}

impl Configuration {
    /// Whether every service works; `synchronised` when a synchronisation daemon runs.
    ///
    /// # Errors
    ///
    /// The first error.
    pub fn check(&self, synchronised: bool) -> Result<(), ConfigurationFault> {
        self.entries()
            .try_for_each(|entry| entry.check(synchronised))
    }
}
