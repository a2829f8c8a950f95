//! The construction of a command from a draft, with the checks of options against each other.

use alloc::borrow::ToOwned;
use core::net::IpAddr;

use super::{Draft, Method, TunnelKind};
use crate::destination::Tunnel;
use crate::rules::option::Place;
use crate::rules::value::{endpoint, ipv4, number};
use crate::rules::{Command, CommandError, CommandKind, Content, Listing, Names, Opt, Reason};
use crate::service::{Flags, Granularity, Persistence};
use crate::{
    Destination, DestinationKey, Family, Forwarding, Name, Protocol, Scheduler, Service,
    ServiceKey, SyncDaemon, Timeouts,
};

/// What the values mean that another option has a say in.
struct Late {
    granularity: Granularity,
    server: Option<(IpAddr, Option<u16>)>,
    scheduler: Scheduler,
    flags: Flags,
}

impl Draft<'_> {
    pub(super) fn build(self, names: &mut dyn Names) -> Result<Command, CommandError> {
        let late = self.late(names)?;
        self.check_options().map_err(Reason::nowhere)?;
        match self.kind {
            CommandKind::AddService => self.service_of(&late).map(Command::AddService),
            CommandKind::EditService => self.service_of(&late).map(Command::EditService),
            CommandKind::DeleteService => self.required_key().map(Command::DeleteService),
            CommandKind::Clear => Ok(Command::Clear),
            CommandKind::List => self.listing().map(Command::List).map_err(Reason::nowhere),
            CommandKind::AddServer => self
                .destination(&late)
                .map(|(key, destination)| Command::AddDestination(key, destination)),
            CommandKind::EditServer => self
                .destination(&late)
                .map(|(key, destination)| Command::EditDestination(key, destination)),
            CommandKind::DeleteServer => {
                let key = self.required_key()?;
                let server = self.server(&key, &late)?;
                Ok(Command::DeleteDestination(key, server))
            }
            CommandKind::Set => {
                let [tcp, tcp_fin, udp] = self.timeouts;
                Ok(Command::SetTimeouts(Timeouts { tcp, tcp_fin, udp }))
            }
            CommandKind::StartDaemon => self.daemon(),
            CommandKind::StopDaemon => Ok(Command::StopDaemon {
                role: self.role,
                id: self.sync_id,
            }),
            CommandKind::Restore => Ok(Command::Restore),
            CommandKind::Save => Ok(Command::Save {
                numeric: self.has(Opt::Numeric),
            }),
            CommandKind::Zero => Ok(Command::Zero(self.key)),
            CommandKind::Help => Ok(Command::Help),
            CommandKind::Version => Ok(Command::Version),
        }
    }

    /// The values that another option has a say in.
    fn late(&self, names: &mut dyn Names) -> Result<Late, CommandError> {
        let protocol = match self.key {
            Some(ServiceKey::Address { protocol, .. }) => protocol,
            Some(ServiceKey::Mark { .. }) | None => Protocol::TCP,
        };
        let family = self.key.map_or(Family::V4, |key| key.family());
        let granularity = self.granularity(family)?;
        let server = match self.server {
            Some((word, text)) => Some(
                endpoint(text, protocol, names)
                    .ok_or_else(|| Reason::RealServer(text.to_owned()).at(word))?,
            ),
            None => None,
        };
        let scheduler = self.scheduler()?;
        Ok(Late {
            granularity,
            server,
            scheduler,
            flags: self.scheduler_flags(scheduler)?,
        })
    }

    fn scheduler(&self) -> Result<Scheduler, CommandError> {
        match self.scheduler {
            None | Some((_, "")) => Ok(Scheduler::Wlc),
            Some((word, name)) => Scheduler::named(name)
                .map_err(|error| Reason::Scheduler(name.to_owned(), error).at(word)),
        }
    }

    fn check_options(&self) -> Result<(), Reason> {
        let mut exclusive = None;
        for option in Opt::ALL {
            match (self.has(option), self.kind.place(option)) {
                (false, Place::Required) => return Err(Reason::Missing(option, self.kind)),
                (true, Place::Illegal) => return Err(Reason::Illegal(option, self.kind)),
                (true, Place::Exclusive) => match exclusive {
                    Some(first) => return Err(Reason::Conflict(option, first, self.kind)),
                    None => exclusive = Some(option),
                },
                (true, Place::Required)
                | (_, Place::Optional)
                | (false, Place::Exclusive | Place::Illegal) => {}
            }
        }
        Ok(())
    }

    fn required_key(&self) -> Result<ServiceKey, CommandError> {
        self.key
            .ok_or_else(|| Reason::Missing(Opt::Service, self.kind).nowhere())
    }

    fn service_of(&self, late: &Late) -> Result<Service, CommandError> {
        let key = self.required_key()?;
        if let ServiceKey::Address { protocol, port, .. } = key {
            if port == 0 && self.timeout.is_none() {
                return Err(Reason::ZeroPort.nowhere());
            }
            if self.flags.contains(Flags::ONE_PACKET) && protocol != Protocol::UDP {
                return Err(Reason::OnePacket.nowhere());
            }
        }
        Ok(Service {
            key,
            scheduler: late.scheduler,
            flags: self.flags.with(late.flags),
            persistence: self.timeout.map(|timeout| Persistence {
                timeout,
                granularity: late.granularity,
            }),
            engine: self.engine,
        })
    }

    fn granularity(&self, family: Family) -> Result<Granularity, CommandError> {
        let Some((word, text)) = self.netmask else {
            return Ok(Granularity::single(family));
        };
        match family {
            Family::V4 => ipv4(text)
                .map(Granularity::V4)
                .ok_or_else(|| Reason::Netmask(text.to_owned()).at(word)),
            Family::V6 => number(text, 1..=128)
                .map(Granularity::V6)
                .ok_or_else(|| Reason::Prefix(text.to_owned()).at(word)),
        }
    }

    fn scheduler_flags(&self, scheduler: Scheduler) -> Result<Flags, CommandError> {
        let mut flags = Flags::NONE;
        let (word, text) = self.scheduler_flags.unwrap_or_default();
        for name in text.split(',').filter(|name| !name.is_empty()) {
            let (flag, of) = match name {
                "flag-1" => (Flags::SCHED_1, None),
                "flag-2" => (Flags::SCHED_2, None),
                "flag-3" => (Flags::SCHED_3, None),
                "sh-fallback" => (Flags::SCHED_1, Some(Scheduler::Sh)),
                "sh-port" => (Flags::SCHED_2, Some(Scheduler::Sh)),
                "mh-fallback" => (Flags::SCHED_1, Some(Scheduler::Mh)),
                "mh-port" => (Flags::SCHED_2, Some(Scheduler::Mh)),
                _ => return Err(Reason::UnknownFlag(name.to_owned()).at(word)),
            };
            if of.is_some_and(|of| of != scheduler) {
                return Err(Reason::IncompatibleFlag(name.to_owned()).at(word));
            }
            flags = flags.with(flag);
        }
        Ok(flags)
    }

    /// The destination's address, with the service's port unless it has its own.
    fn server(&self, service: &ServiceKey, late: &Late) -> Result<DestinationKey, CommandError> {
        let (address, port) = late
            .server
            .ok_or_else(|| Reason::Missing(Opt::Server, self.kind).nowhere())?;
        Ok(DestinationKey {
            address,
            port: port.unwrap_or_else(|| service.port()),
        })
    }

    fn destination(&self, late: &Late) -> Result<(ServiceKey, Destination), CommandError> {
        let service = self.required_key()?;
        let key = self.server(&service, late)?;
        if key.family() != service.family() && self.method != Method::Tunnel {
            return Err(Reason::MixedFamilies.nowhere());
        }
        self.check_tunnel().map_err(Reason::nowhere)?;
        let destination = Destination {
            key,
            forwarding: self.forwarding(),
            weight: self.weight,
            upper: self.upper,
            lower: self.lower,
        };
        Ok((service, destination.for_service(&service)))
    }

    const fn forwarding(&self) -> Forwarding {
        let checksum = self.checksum;
        match self.method {
            Method::Gateway => Forwarding::Route,
            Method::Masquerade => Forwarding::Masquerade,
            Method::Tunnel => Forwarding::Tunnel(match self.tunnel {
                TunnelKind::Ipip => Tunnel::Ipip,
                TunnelKind::Gue => Tunnel::Gue {
                    port: self.tunnel_port,
                    checksum,
                },
                TunnelKind::Gre => Tunnel::Gre { checksum },
            }),
        }
    }

    fn check_tunnel(&self) -> Result<(), Reason> {
        if self.method != Method::Tunnel {
            let misplaced =
                self.has(Opt::TunnelType) || TUNNEL_OPTIONS.iter().any(|option| self.has(*option));
            return if misplaced {
                Err(Reason::NotTunnel)
            } else {
                Ok(())
            };
        }
        let (kind, needed, possible): (_, _, &[Opt]) = match self.tunnel {
            TunnelKind::Ipip => ("ipip", None, &[]),
            TunnelKind::Gue => ("gue", Some(Opt::TunnelPort), &CHECKSUMS),
            TunnelKind::Gre => ("gre", None, &[Opt::TunnelNoChecksum, Opt::TunnelChecksum]),
        };
        let mut checksum = None;
        for option in TUNNEL_OPTIONS {
            match (self.has(option), needed == Some(option)) {
                (false, true) => return Err(Reason::TunnelMissing(option, kind)),
                (false, false) | (true, true) => {}
                (true, false) if !possible.contains(&option) => {
                    return Err(Reason::TunnelIllegal(option, kind));
                }
                (true, false) => match checksum {
                    Some(first) => return Err(Reason::TunnelConflict(option, first, kind)),
                    None => checksum = Some(option),
                },
            }
        }
        Ok(())
    }

    fn listing(&self) -> Result<Listing, Reason> {
        let content = match self.key {
            Some(key) => Content::Service(key),
            None if self.has(Opt::Connection) => Content::Connections,
            None if self.has(Opt::Timeout) => Content::Timeouts,
            None if self.has(Opt::Daemon) => Content::Daemons,
            None => Content::Table,
        };
        let listing = Listing {
            content,
            numeric: self.has(Opt::Numeric),
            exact: self.has(Opt::Exact),
            statistics: self.has(Opt::Statistics),
            rates: self.has(Opt::Rate),
            thresholds: self.has(Opt::Thresholds),
            persistent: self.has(Opt::PersistentConnections),
            tunnels: self.has(Opt::TunnelInfo),
            unsorted: self.has(Opt::NoSort),
        };
        let columns = listing.statistics || listing.rates || listing.thresholds;
        let conflict = match content {
            Content::Table | Content::Service(_) => false,
            Content::Connections => columns,
            Content::Timeouts | Content::Daemons => columns || listing.persistent,
        };
        if conflict {
            return Err(Reason::ListConflict);
        }
        Ok(listing)
    }

    fn daemon(&self) -> Result<Command, CommandError> {
        let interface = match self.interface {
            Some(interface) => interface,
            None => Name::new(DEFAULT_INTERFACE).map_err(|error| {
                Reason::Interface(DEFAULT_INTERFACE.to_owned(), error).nowhere()
            })?,
        };
        Ok(Command::StartDaemon(SyncDaemon {
            role: self.role,
            interface,
            id: self.sync_id,
            max_length: self.max_length,
            group: self.group,
            port: self.port,
            ttl: self.ttl,
        }))
    }
}

/// The interface of a daemon that names none.
const DEFAULT_INTERFACE: &str = "eth0";

const CHECKSUMS: [Opt; 3] = [
    Opt::TunnelNoChecksum,
    Opt::TunnelChecksum,
    Opt::TunnelRemoteChecksum,
];

/// In the order in which ipvsadm checks them.
const TUNNEL_OPTIONS: [Opt; 4] = [
    Opt::TunnelPort,
    Opt::TunnelNoChecksum,
    Opt::TunnelChecksum,
    Opt::TunnelRemoteChecksum,
];
