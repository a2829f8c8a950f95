//! A model of one virtual service: its destinations and its scheduler.

use core::time::Duration;

use thiserror::Error;

use crate::record::DestinationRecord;
use crate::scheduler::{Model, Request, Schedule, UnknownScheduler};
use crate::table::{DestinationError, Table};
use crate::{Destination, DestinationKey, Flow, KernelProfile, Scheduler, Service, Trash};

/// Why there is no model of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BalancerError {
    /// Its scheduler has no model.
    #[error(transparent)]
    Scheduler(#[from] UnknownScheduler),
    /// A destination that the kernel refuses.
    #[error("a destination the kernel cannot have")]
    Destination(#[from] DestinationError),
}

/// A service with its destinations and its scheduler: it sends each new connection where the kernel
/// would.
///
/// Persistence and the connections themselves are those of a director.
///
/// ```
/// use core::time::Duration;
///
/// use ipvs_core::balancer::Balancer;
/// use ipvs_core::{Destination, Flow, Forwarding, KernelProfile, Protocol, Scheduler, Service, Trash};
///
/// let service = Service::new("udp 192.0.2.1:53".parse()?, Scheduler::Rr);
/// let mut balancer = Balancer::new(&service, KernelProfile::default())?;
/// let (now, mut trash) = (Duration::ZERO, Trash::new());
/// for address in ["10.0.0.1:53", "10.0.0.2:53"] {
///     let real = Destination::new(address.parse()?, Forwarding::Masquerade, 1);
///     balancer.add(now, &real, &mut trash)?;
/// }
/// let flow = Flow {
///     protocol: Protocol::UDP,
///     client: ([203, 0, 113, 9], 40_000).into(),
///     target: ([192, 0, 2, 1], 53).into(),
/// };
/// // The destination that was added last is at the head of the list.
/// let picks = [0; 3].map(|_| balancer.pick(now, &flow, [0; 2]));
/// assert_eq!(picks, [Some(0), Some(1), Some(0)]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Balancer {
    service: Service,
    table: Table,
    model: Model,
}

impl Balancer {
    /// A service without destinations.
    pub fn new(service: &Service, profile: KernelProfile) -> Result<Self, BalancerError> {
        Self::with_table(service, Table::new(profile))
    }

    /// A service with the destinations that a kernel has listed. The part of the scheduler's state
    /// that is not listed ([`Scheduler::hidden`]) is as if the scheduler had just been set.
    pub fn from_records(
        service: &Service,
        profile: KernelProfile,
        records: &[DestinationRecord],
    ) -> Result<Self, BalancerError> {
        Self::with_table(service, Table::from_records(profile, records)?)
    }

    fn with_table(service: &Service, table: Table) -> Result<Self, BalancerError> {
        Ok(Self {
            service: *service,
            model: model(&service.scheduler, &table)?,
            table,
        })
    }

    /// The service.
    #[must_use]
    pub const fn service(&self) -> &Service {
        &self.service
    }

    /// Its destinations.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// Its destinations, to count connections.
    pub(crate) const fn table_mut(&mut self) -> &mut Table {
        &mut self.table
    }

    /// Changes the service; its key stays. The scheduler's state survives unless it becomes
    /// another scheduler.
    pub fn edit_service(&mut self, service: &Service) -> Result<(), BalancerError> {
        if service.scheduler != self.service.scheduler {
            self.model = model(&service.scheduler, &self.table)?;
        }
        self.service = Service {
            key: self.service.key,
            ..*service
        };
        Ok(())
    }

    /// Adds `destination` at `now`, with its connections in `trash`.
    pub fn add(
        &mut self,
        now: Duration,
        destination: &Destination,
        trash: &mut Trash,
    ) -> Result<(), DestinationError> {
        self.table.check_new(destination)?;
        let removed = trash.revive(now, &self.service.key, &destination.key);
        self.table.add(destination, removed)?;
        self.model.added(&self.table);
        Ok(())
    }

    /// Changes the destination of the same key.
    pub fn edit(&mut self, destination: &Destination) -> Result<(), DestinationError> {
        self.table.edit(destination)?;
        self.model.edited(&self.table);
        Ok(())
    }

    /// Removes the destination `key` at `now`, into `trash`.
    pub fn remove(
        &mut self,
        now: Duration,
        key: &DestinationKey,
        trash: &mut Trash,
    ) -> Result<(), DestinationError> {
        let (position, removed) = self.table.remove(key).ok_or(DestinationError::Missing)?;
        trash.keep(now, &self.service.key, *key, removed);
        self.model.removed(&self.table, position);
        Ok(())
    }

    /// Where the scheduler sends a new connection at `now`; it counts nothing.
    ///
    /// `draws` are two random numbers, which only `twos` looks at.
    pub fn pick(&mut self, now: Duration, flow: &Flow, draws: [u32; 2]) -> Option<usize> {
        let request = Request {
            flow: *flow,
            flags: self.service.flags,
            now,
            draws,
        };
        self.model.pick(&self.table, &request)
    }
}

/// A model, started with `table`.
fn model(scheduler: &Scheduler, table: &Table) -> Result<Model, BalancerError> {
    let mut model = Model::new(scheduler, table.profile())?;
    model.start(table);
    Ok(model)
}

#[cfg(test)]
mod tests {
    use core::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::ServiceKey;
    use crate::properties::{destination, flow};
    use crate::record::{Activity, Statistics};
    use crate::service::Flags;

    fn service(scheduler: Scheduler) -> Service {
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        Service::new(ServiceKey::tcp(address, 80), scheduler)
    }

    fn pick(balancer: &mut Balancer) -> Option<usize> {
        balancer.pick(Duration::ZERO, &flow(1), [0; 2])
    }

    #[test]
    fn an_edit_starts_the_scheduler_anew_only_if_it_is_another() {
        let profile = KernelProfile::TotalConnections;
        let records = [1, 2, 3].map(|number| DestinationRecord {
            destination: destination(number, u32::from(number)),
            activity: Activity::default(),
            statistics: Statistics::default(),
        });
        let rr = service(Scheduler::Rr);
        let mut balancer = Balancer::from_records(&rr, profile, &records).unwrap();
        assert_eq!(pick(&mut balancer), Some(0));
        balancer.edit_service(&rr).unwrap();
        assert_eq!(pick(&mut balancer), Some(1));
        balancer.edit_service(&service(Scheduler::Fo)).unwrap();
        assert_eq!(balancer.service(), &service(Scheduler::Fo));
        assert_eq!(pick(&mut balancer), Some(2));
        balancer.edit_service(&rr).unwrap();
        assert_eq!(pick(&mut balancer), Some(0));
    }

    #[test]
    fn an_edit_changes_all_of_a_service_but_its_key() {
        let rr = service(Scheduler::Rr);
        let mut balancer = Balancer::new(&rr, KernelProfile::TotalConnections).unwrap();
        let key = ServiceKey::udp(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 53);
        let mut edited = Service::new(key, Scheduler::Fo);
        edited.flags = Flags::ONE_PACKET;
        balancer.edit_service(&edited).unwrap();
        edited.key = rr.key;
        assert_eq!(balancer.service(), &edited);
    }
}
