//! The content of an IPVS table, and the changes that can be made to it.

mod refusal;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

pub use self::refusal::ApplyError;
use crate::{Destination, DestinationKey, Service, ServiceKey};

/// A service with its destinations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "crate::form::EntryForm"))]
#[cfg_attr(feature = "serde", serde(into = "crate::form::EntryForm"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct ServiceEntry {
    /// The service.
    pub service: Service,
    /// Its destinations as the kernel lists them, head to tail: the one added last comes first.
    pub destinations: Vec<Destination>,
}

impl ServiceEntry {
    /// `service` without destinations.
    #[must_use]
    pub const fn new(service: Service) -> Self {
        Self {
            service,
            destinations: Vec::new(),
        }
    }

    /// The destination at `key`.
    #[must_use]
    pub fn destination(&self, key: &DestinationKey) -> Option<&Destination> {
        self.destinations
            .iter()
            .find(|destination| destination.key == *key)
    }

    /// Whether a new connection could find a destination: one has a weight.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.destinations
            .iter()
            .any(|destination| destination.weight > 0)
    }
}

/// Services with their destinations: what a kernel has, or what it should have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "crate::form::ConfigurationForm"))]
#[cfg_attr(feature = "serde", serde(into = "crate::form::ConfigurationForm"))]
pub struct Configuration {
    entries: BTreeMap<ServiceKey, ServiceEntry>,
}

/// One request that changes a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Change {
    /// A new service (`NEW_SERVICE`).
    AddService(Service),
    /// Scheduler, flags and persistence of a service (`SET_SERVICE`).
    EditService(Service),
    /// A service and all its destinations go (`DEL_SERVICE`).
    DeleteService(ServiceKey),
    /// A new destination at the head of a service's list (`NEW_DEST`).
    AddDestination(ServiceKey, Destination),
    /// Everything of a destination but its position (`SET_DEST`).
    EditDestination(ServiceKey, Destination),
    /// A destination goes, and its connections with it (`DEL_DEST`).
    DeleteDestination(ServiceKey, DestinationKey),
}

impl Change {
    /// The service it is about.
    #[must_use]
    pub const fn service(&self) -> ServiceKey {
        match self {
            Self::AddService(service) | Self::EditService(service) => service.key,
            Self::DeleteService(key)
            | Self::AddDestination(key, _)
            | Self::EditDestination(key, _)
            | Self::DeleteDestination(key, _) => *key,
        }
    }
}

impl Configuration {
    /// No service.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
        }
    }

    /// Inserts `entry`, and returns the one it replaces.
    pub fn insert(&mut self, entry: ServiceEntry) -> Option<ServiceEntry> {
        self.entries.insert(entry.service.key, entry)
    }

    /// Removes the service at `key`.
    pub fn remove(&mut self, key: &ServiceKey) -> Option<ServiceEntry> {
        self.entries.remove(key)
    }

    /// The service at `key`.
    #[must_use]
    pub fn get(&self, key: &ServiceKey) -> Option<&ServiceEntry> {
        self.entries.get(key)
    }

    #[cfg(feature = "serde")]
    pub(crate) fn into_entries(self) -> impl Iterator<Item = ServiceEntry> {
        self.entries.into_values()
    }

    /// The services, in the order of their keys.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &ServiceEntry> {
        self.entries.values()
    }

    /// How many services there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no service.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Applies `change` to this configuration as a kernel does.
    ///
    /// ```
    /// use ipvs_core::configuration::ApplyError;
    /// use ipvs_core::{Change, Configuration, Scheduler, Service};
    ///
    /// let service = Service::new("tcp 192.0.2.1:80".parse()?, Scheduler::Wlc);
    /// let mut configuration = Configuration::new();
    /// configuration.apply(&Change::AddService(service))?;
    /// let again = configuration.apply(&Change::AddService(service));
    /// assert_eq!(again, Err(ApplyError::ServiceExists(service.key)));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The error that the kernel would return ([`accepts`](Self::accepts)); the configuration is
    /// unchanged then.
    pub fn apply(&mut self, change: &Change) -> Result<(), ApplyError> {
        let place = self.place(change)?;
        let key = change.service();
        match *change {
            Change::AddService(service) => {
                self.insert(ServiceEntry::new(service));
            }
            Change::DeleteService(_) => {
                self.remove(&key);
            }
            Change::EditService(service) => self.entry(key)?.service = service,
            Change::AddDestination(_, destination) => {
                self.entry(key)?.destinations.insert(place, destination);
            }
            Change::EditDestination(_, destination) => {
                if let Some(known) = self.entry(key)?.destinations.get_mut(place) {
                    *known = destination;
                }
            }
            Change::DeleteDestination(..) => {
                self.entry(key)?.destinations.remove(place);
            }
        }
        Ok(())
    }

    fn entry(&mut self, key: ServiceKey) -> Result<&mut ServiceEntry, ApplyError> {
        self.entries.get_mut(&key).ok_or(ApplyError::NoService(key))
    }
}

/// Of two entries of one service the last one stays.
impl FromIterator<ServiceEntry> for Configuration {
    fn from_iter<I: IntoIterator<Item = ServiceEntry>>(entries: I) -> Self {
        Self {
            entries: entries
                .into_iter()
                .map(|entry| (entry.service.key, entry))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use core::net::Ipv4Addr;

    use super::*;
    use crate::{Forwarding, Scheduler};

    #[test]
    fn a_service_serves_while_a_destination_has_a_weight() {
        let key = ServiceKey::tcp(Ipv4Addr::new(192, 0, 2, 1).into(), 80);
        let mut entry = ServiceEntry::new(Service::new(key, Scheduler::Rr));
        for (host, weight, serves) in [(1, 0, false), (2, 1, true), (3, 0, true)] {
            let at = DestinationKey::new(Ipv4Addr::new(10, 0, 0, host).into(), 80);
            let destination = Destination::new(at, Forwarding::Route, weight);
            entry.destinations.push(destination);
            assert_eq!(entry.is_serving(), serves);
        }
    }

    #[test]
    fn changes_are_made_where_they_are_meant() {
        let key = ServiceKey::tcp(Ipv4Addr::new(192, 0, 2, 1).into(), 80);
        let real = |host, weight| {
            let at = DestinationKey::new(Ipv4Addr::new(10, 0, 0, host).into(), 80);
            Destination::new(at, Forwarding::Route, weight)
        };
        let mut configuration = Configuration::new();
        let mut apply = |change| {
            let result = configuration.apply(&change);
            let entry = configuration.get(&key);
            (result, entry.map(|entry| entry.destinations.clone()))
        };
        let service = Service::new(key, Scheduler::Rr);
        assert_eq!(apply(Change::AddService(service)), (Ok(()), Some(vec![])));
        for host in 1..=3 {
            apply(Change::AddDestination(key, real(host, 1))).0.unwrap();
        }
        assert_eq!(
            apply(Change::EditDestination(key, real(2, 7))),
            (Ok(()), Some(vec![real(3, 1), real(2, 7), real(1, 1)]))
        );
        assert_eq!(
            apply(Change::DeleteDestination(key, real(1, 1).key)),
            (Ok(()), Some(vec![real(3, 1), real(2, 7)]))
        );
        let gone = Err(ApplyError::NoDestination(key, real(1, 1).key));
        let left = Some(vec![real(3, 1), real(2, 7)]);
        assert_eq!(
            apply(Change::EditDestination(key, real(1, 9))),
            (gone, left)
        );
    }

    #[test]
    fn a_configuration_is_empty_without_services() {
        let key = ServiceKey::tcp(Ipv4Addr::new(192, 0, 2, 1).into(), 80);
        let mut configuration = Configuration::new();
        assert_eq!((configuration.len(), configuration.is_empty()), (0, true));
        let entry = ServiceEntry::new(Service::new(key, Scheduler::Rr));
        assert_eq!(configuration.insert(entry.clone()), None);
        assert_eq!((configuration.len(), configuration.is_empty()), (1, false));
        assert_eq!(configuration.insert(entry.clone()), Some(entry.clone()));
        assert_eq!(configuration.remove(&key), Some(entry));
        assert!(configuration.is_empty());
    }
}
