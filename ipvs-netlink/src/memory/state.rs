//! The table and the settings of the kernel in memory, and what becomes of a request.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use ipvs_core::configuration::ApplyError;
use ipvs_core::record::{Activity, DestinationRecord, ServiceRecord, Statistics};
use ipvs_core::{
    Change, Configuration, Destination, DestinationKey, KernelProfile, Name, Scheduler, Service,
    ServiceKey, SyncDaemon, SyncRole, Timeouts,
};
use nix::libc;

use crate::request::{Info, Reply, Request, Version};

/// Ticks a second, of which the kernel counts 2³².
const TICKS: u32 = 250;

pub(super) struct State {
    pub(super) table: Configuration,
    pub(super) activity: BTreeMap<(ServiceKey, DestinationKey), Activity>,
    pub(super) statistics: BTreeMap<(ServiceKey, Option<DestinationKey>), Statistics>,
    pub(super) profile: KernelProfile,
    pub(super) is_available: bool,
    pub(super) schedulers: BTreeSet<Scheduler>,
    pub(super) interfaces: BTreeMap<Name, u16>,
    /// What the clients' waiting has taken.
    pub(super) now: Duration,
    own: BTreeSet<IpAddr>,
    broadcasts: BTreeSet<IpAddr>,
    timeouts: Timeouts,
    daemons: BTreeMap<SyncRole, SyncDaemon>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            table: Configuration::new(),
            activity: BTreeMap::new(),
            statistics: BTreeMap::new(),
            profile: KernelProfile::default(),
            is_available: true,
            schedulers: Scheduler::ALL.into(),
            interfaces: BTreeMap::new(),
            now: Duration::ZERO,
            own: BTreeSet::new(),
            broadcasts: BTreeSet::new(),
            timeouts: Timeouts::default(),
            daemons: BTreeMap::new(),
        }
    }
}

impl State {
    pub(super) fn add_address(&mut self, address: IpAddr, length: u8) {
        self.own.insert(address);
        if let IpAddr::V4(address) = address
            && length < 31
        {
            let hosts = u32::MAX >> length;
            let broadcast = Ipv4Addr::from_bits(address.to_bits() | hosts);
            self.broadcasts.insert(broadcast.into());
        }
    }

    /// The reply to a request, or the error number.
    pub(super) fn carry_out(&mut self, request: &Request) -> Result<Reply, i32> {
        match request {
            Request::Info => Ok(Reply::Info(Info {
                version: Version(0x0001_0201),
                connection_table_size: 4096,
            })),
            Request::Services => {
                let entries = self.table.entries();
                let records = entries.map(|entry| self.record(&entry.service));
                Ok(Reply::Services(records.collect()))
            }
            Request::Service(key) => {
                let entry = self.table.get(key).ok_or(libc::ESRCH)?;
                Ok(Reply::Service(Box::new(self.record(&entry.service))))
            }
            Request::Destinations(key) => Ok(Reply::Destinations(self.destinations(key))),
            Request::AddService(service) => self.set_service(Change::AddService, service),
            Request::EditService(service) => self.set_service(Change::EditService, service),
            Request::DeleteService(key) => self.apply(&Change::DeleteService(*key)),
            Request::AddDestination(key, destination) => {
                if self.is_foreign(destination.key.address) {
                    // The kernel looks at the address last.
                    self.accept(&Change::AddDestination(*key, *destination), destination)?;
                    return Err(libc::EINVAL);
                }
                self.set_destination(&Change::AddDestination(*key, *destination), destination)
            }
            Request::EditDestination(key, destination) => {
                self.set_destination(&Change::EditDestination(*key, *destination), destination)
            }
            Request::DeleteDestination(key, destination) => {
                self.apply(&Change::DeleteDestination(*key, *destination))
            }
            Request::Zero(key) => self.zero(key.as_ref()),
            Request::Flush => {
                self.table = Configuration::new();
                self.statistics.clear();
                Ok(Reply::Done)
            }
            Request::Timeouts => Ok(Reply::Timeouts(self.timeouts)),
            Request::SetTimeouts(timeouts) => self.set_timeouts(timeouts),
            Request::Daemons => Ok(Reply::Daemons(self.daemons.values().copied().collect())),
            Request::StartDaemon(daemon) => self.start(daemon),
            Request::StopDaemon(role) => match self.daemons.remove(role) {
                Some(_) => Ok(Reply::Done),
                None => Err(libc::ESRCH),
            },
        }
    }

    fn record(&self, service: &Service) -> ServiceRecord {
        let statistics = self.statistics.get(&(service.key, None));
        ServiceRecord {
            service: *service,
            statistics: statistics.copied().unwrap_or_default(),
        }
    }

    fn destinations(&self, key: &ServiceKey) -> Vec<DestinationRecord> {
        let entry = self.table.get(key);
        let destinations = entry.into_iter().flat_map(|entry| &entry.destinations);
        destinations
            .map(|destination| {
                let activity = self.activity.get(&(*key, destination.key));
                let statistics = self.statistics.get(&(*key, Some(destination.key)));
                DestinationRecord {
                    destination: *destination,
                    activity: activity.copied().unwrap_or_default(),
                    statistics: statistics.copied().unwrap_or_default(),
                }
            })
            .collect()
    }

    fn apply(&mut self, change: &Change) -> Result<Reply, i32> {
        self.table.apply(change).map_err(|error| error.errno())?;
        match change {
            Change::DeleteService(key) => self.statistics.retain(|(service, _), _| service != key),
            Change::DeleteDestination(key, destination) => {
                self.statistics.remove(&(*key, Some(*destination)));
            }
            Change::AddService(_)
            | Change::EditService(_)
            | Change::AddDestination(..)
            | Change::EditDestination(..) => {}
        }
        Ok(Reply::Done)
    }

    fn set_service(
        &mut self,
        make: fn(Service) -> Change,
        service: &Service,
    ) -> Result<Reply, i32> {
        if let Err(error @ (ApplyError::ServiceExists(_) | ApplyError::NoService(_))) =
            self.table.accepts(&make(*service))
        {
            return Err(error.errno());
        }
        // Modules come before values.
        let is_none = service.scheduler.name() == "none";
        if !is_none && !self.schedulers.contains(&service.scheduler) {
            return Err(libc::ENOENT);
        }
        if service
            .engine
            .is_some_and(|engine| engine.as_str() != "sip")
        {
            return Err(libc::ENOENT);
        }
        let mut reported = *service;
        if let Some(persistence) = &mut reported.persistence {
            persistence.timeout = persistence.timeout.wrapping_mul(TICKS) / TICKS;
        }
        self.apply(&make(reported))
    }

    fn set_destination(
        &mut self,
        change: &Change,
        destination: &Destination,
    ) -> Result<Reply, i32> {
        self.accept(change, destination)?;
        self.apply(change)
    }

    fn accept(&self, change: &Change, destination: &Destination) -> Result<(), i32> {
        let key = change.service();
        let is_mixed = key.family() != destination.key.family();
        if is_mixed && self.table.get(&key).is_some() && !self.daemons.is_empty() {
            return Err(libc::EINVAL);
        }
        let is_too_high = match self.profile {
            KernelProfile::TotalConnections => destination.upper > Destination::MAX_THRESHOLD,
            KernelProfile::Legacy => false,
        };
        match self.table.accepts(change) {
            // The kernel looks at numbers before it looks for the destination.
            Ok(()) | Err(ApplyError::DestinationExists(..) | ApplyError::NoDestination(..))
                if is_too_high =>
            {
                Err(libc::EINVAL)
            }
            accepted => accepted.map_err(|error| error.errno()),
        }
    }

    /// Whether an address is that of no host as far as this one knows.
    fn is_foreign(&self, address: IpAddr) -> bool {
        if self.own.contains(&address) {
            return false;
        }
        match address {
            IpAddr::V4(_) => self.broadcasts.contains(&address),
            IpAddr::V6(address) => address.is_unicast_link_local(),
        }
    }

    fn zero(&mut self, key: Option<&ServiceKey>) -> Result<Reply, i32> {
        match key {
            None => self.statistics.clear(),
            Some(key) if self.table.get(key).is_some() => {
                self.statistics.retain(|(service, _), _| service != key);
            }
            Some(_) => return Err(libc::ESRCH),
        }
        Ok(Reply::Done)
    }

    fn set_timeouts(&mut self, timeouts: &Timeouts) -> Result<Reply, i32> {
        const MOST: u32 = i32::MAX.cast_unsigned() / TICKS;
        let Timeouts { tcp, tcp_fin, udp } = *timeouts;
        if [tcp, tcp_fin, udp].into_iter().any(|it| it > MOST) {
            return Err(libc::EINVAL);
        }
        for (known, new) in [
            (&mut self.timeouts.tcp, tcp),
            (&mut self.timeouts.tcp_fin, tcp_fin),
            (&mut self.timeouts.udp, udp),
        ] {
            if new != 0 {
                *known = new;
            }
        }
        Ok(Reply::Done)
    }

    fn start(&mut self, daemon: &SyncDaemon) -> Result<Reply, i32> {
        let is_mixed = self.table.entries().any(|entry| {
            let family = entry.service.key.family();
            let mut destinations = entry.destinations.iter();
            destinations.any(|destination| destination.key.family() != family)
        });
        if is_mixed || daemon.group.is_some_and(|group| !group.is_multicast()) {
            return Err(libc::EINVAL);
        }
        let mtu = *self.interfaces.get(&daemon.interface).ok_or(libc::ENODEV)?;
        if self.daemons.contains_key(&daemon.role) {
            return Err(libc::EEXIST);
        }
        self.daemons.insert(daemon.role, completed(daemon, mtu));
        Ok(Reply::Done)
    }
}

/// `daemon` with the kernel's values for what was left to it, on an interface of `mtu` octets.
fn completed(daemon: &SyncDaemon, mtu: u16) -> SyncDaemon {
    const ETHERNET: u16 = 1500;
    let group = daemon
        .group
        .unwrap_or(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 81)));
    // IP and UDP.
    let headers = if group.is_ipv4() { 20 + 8 } else { 40 + 8 };
    let (least, mtu) = match daemon.role {
        SyncRole::Master => (1, ETHERNET),
        SyncRole::Backup => (1024, mtu.max(ETHERNET)),
    };
    let length = match daemon.max_length {
        None | Some(0) => mtu - headers,
        Some(length) => length.clamp(least, u16::MAX - headers),
    };
    SyncDaemon {
        max_length: Some(length),
        group: Some(group),
        port: Some(daemon.port.filter(|&port| port != 0).unwrap_or(8848)),
        ttl: Some(daemon.ttl.filter(|&ttl| ttl != 0).unwrap_or(1)),
        ..*daemon
    }
}
