//! The form that serde gives to services and tables, as people write it in a file.

pub(crate) mod seconds;
#[cfg(test)]
mod tests;
mod text;

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::configuration::ServiceEntry;
use crate::service::{Flags, Granularity, Persistence};
use crate::{Configuration, Destination, Forwarding, Name, Scheduler, Service, ServiceKey};

/// A service; what ipvsadm takes for granted may be left out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceForm {
    service: ServiceKey,
    #[serde(default = "wlc")]
    scheduler: Scheduler,
    #[serde(default)]
    flags: Flags,
    #[serde(default)]
    persistence: Option<PersistenceForm>,
    #[serde(default)]
    engine: Option<Name>,
}

/// A service with its destinations. The fields of [`ServiceForm`] stand here again: serde does not
/// refuse unknown fields where it flattens.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntryForm {
    service: ServiceKey,
    #[serde(default = "wlc")]
    scheduler: Scheduler,
    #[serde(default)]
    flags: Flags,
    #[serde(default)]
    persistence: Option<PersistenceForm>,
    #[serde(default)]
    engine: Option<Name>,
    #[serde(default)]
    destinations: Vec<Destination>,
}

/// Persistence; left out, it is that of each client for 300 s.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersistenceForm {
    #[serde(with = "seconds", default = "persistent")]
    timeout: u32,
    #[serde(default)]
    granularity: Option<Granularity>,
}

/// A table.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigurationForm {
    #[serde(default)]
    services: Vec<ServiceEntry>,
}

/// A service is there twice.
#[derive(Debug, Error)]
#[error("the service {0} is there twice")]
pub(crate) struct Twice(ServiceKey);

const fn wlc() -> Scheduler {
    Scheduler::Wlc
}

const fn persistent() -> u32 {
    300
}

pub(crate) const fn route() -> Forwarding {
    Forwarding::Route
}

pub(crate) const fn one() -> u32 {
    1
}

impl From<ServiceForm> for Service {
    fn from(form: ServiceForm) -> Self {
        let family = form.service.family();
        Self {
            key: form.service,
            scheduler: form.scheduler,
            flags: form.flags,
            persistence: form.persistence.map(|persistence| Persistence {
                timeout: persistence.timeout,
                granularity: persistence
                    .granularity
                    .unwrap_or_else(|| Granularity::single(family)),
            }),
            engine: form.engine,
        }
    }
}

impl From<Service> for ServiceForm {
    fn from(service: Service) -> Self {
        Self {
            service: service.key,
            scheduler: service.scheduler,
            flags: service.flags,
            persistence: service.persistence.map(|persistence| PersistenceForm {
                timeout: persistence.timeout,
                granularity: Some(persistence.granularity),
            }),
            engine: service.engine,
        }
    }
}

impl From<EntryForm> for ServiceEntry {
    fn from(form: EntryForm) -> Self {
        let service = ServiceForm {
            service: form.service,
            scheduler: form.scheduler,
            flags: form.flags,
            persistence: form.persistence,
            engine: form.engine,
        };
        Self {
            service: service.into(),
            destinations: form.destinations,
        }
    }
}

impl From<ServiceEntry> for EntryForm {
    fn from(entry: ServiceEntry) -> Self {
        let service = ServiceForm::from(entry.service);
        Self {
            service: service.service,
            scheduler: service.scheduler,
            flags: service.flags,
            persistence: service.persistence,
            engine: service.engine,
            destinations: entry.destinations,
        }
    }
}

impl TryFrom<ConfigurationForm> for Configuration {
    type Error = Twice;

    fn try_from(form: ConfigurationForm) -> Result<Self, Twice> {
        let mut configuration = Self::new();
        for entry in form.services {
            if let Some(known) = configuration.insert(entry) {
                return Err(Twice(known.service.key));
            }
        }
        Ok(configuration)
    }
}

impl From<Configuration> for ConfigurationForm {
    fn from(configuration: Configuration) -> Self {
        Self {
            services: configuration.into_entries().collect(),
        }
    }
}
