//! The requests to the kernel and the replies to them.

use core::fmt;

use ipvs_core::record::{DestinationRecord, ServiceRecord};
use ipvs_core::{
    Change, Destination, DestinationKey, Service, ServiceKey, SyncDaemon, SyncRole, Timeouts,
};

/// One request to the kernel's IPVS.
///
/// ```
/// use ipvs_core::{Change, ServiceKey};
/// use ipvs_netlink::Request;
///
/// let key: ServiceKey = "tcp 192.0.2.1:80".parse()?;
/// let request = Request::from(Change::DeleteService(key));
/// assert_eq!(request, Request::DeleteService(key));
/// assert_eq!(request.to_string(), "delete service TCP 192.0.2.1:80");
/// // What only reads is no change.
/// assert_eq!(Request::Services.change(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Ask for the version; answered by [`Reply::Info`].
    Info,
    /// List the services, in no particular order; answered by [`Reply::Services`].
    Services,
    /// Ask for one service; answered by [`Reply::Service`].
    Service(ServiceKey),
    /// List the destinations of a service in the order in which schedulers walk them; answered by
    /// [`Reply::Destinations`].
    ///
    /// The kernel lists none of a service that does not exist.
    Destinations(ServiceKey),
    /// Add a service.
    AddService(Service),
    /// Change a service; another scheduler starts afresh.
    EditService(Service),
    /// Delete a service and its destinations; its connections remain.
    DeleteService(ServiceKey),
    /// Add a destination to a service, before all others.
    AddDestination(ServiceKey, Destination),
    /// Change a destination, which keeps its place.
    EditDestination(ServiceKey, Destination),
    /// Delete a destination; packets of its connections are dropped.
    DeleteDestination(ServiceKey, DestinationKey),
    /// Zero the statistics of a service and its destinations, or of all.
    Zero(Option<ServiceKey>),
    /// Delete every service of the network namespace.
    Flush,
    /// Ask for the connection timeouts; answered by [`Reply::Timeouts`].
    Timeouts,
    /// Change the connection timeouts; 0 leaves one as it is.
    SetTimeouts(Timeouts),
    /// List the synchronisation daemons, at most two; answered by [`Reply::Daemons`].
    Daemons,
    /// Start a synchronisation daemon.
    StartDaemon(SyncDaemon),
    /// Stop a synchronisation daemon.
    ///
    /// One whose thread has not run yet, right after its start, is stopped without an answer.
    StopDaemon(SyncRole),
}

impl From<Change> for Request {
    fn from(change: Change) -> Self {
        match change {
            Change::AddService(service) => Self::AddService(service),
            Change::EditService(service) => Self::EditService(service),
            Change::DeleteService(key) => Self::DeleteService(key),
            Change::AddDestination(key, destination) => Self::AddDestination(key, destination),
            Change::EditDestination(key, destination) => Self::EditDestination(key, destination),
            Change::DeleteDestination(key, destination) => {
                Self::DeleteDestination(key, destination)
            }
        }
    }
}

impl Request {
    /// The change of the table that it makes; `None` for a reading, a setting, and what changes
    /// more than one service.
    #[must_use]
    pub const fn change(&self) -> Option<Change> {
        Some(match *self {
            Self::AddService(service) => Change::AddService(service),
            Self::EditService(service) => Change::EditService(service),
            Self::DeleteService(key) => Change::DeleteService(key),
            Self::AddDestination(key, destination) => Change::AddDestination(key, destination),
            Self::EditDestination(key, destination) => Change::EditDestination(key, destination),
            Self::DeleteDestination(key, destination) => {
                Change::DeleteDestination(key, destination)
            }
            Self::Info
            | Self::Services
            | Self::Service(_)
            | Self::Destinations(_)
            | Self::Zero(_)
            | Self::Flush
            | Self::Timeouts
            | Self::SetTimeouts(_)
            | Self::Daemons
            | Self::StartDaemon(_)
            | Self::StopDaemon(_) => return None,
        })
    }

    /// Its service.
    #[must_use]
    pub const fn service(&self) -> Option<ServiceKey> {
        match self {
            Self::AddService(service) | Self::EditService(service) => Some(service.key),
            Self::Service(key)
            | Self::Destinations(key)
            | Self::DeleteService(key)
            | Self::AddDestination(key, _)
            | Self::EditDestination(key, _)
            | Self::DeleteDestination(key, _) => Some(*key),
            Self::Zero(key) => *key,
            Self::Info
            | Self::Services
            | Self::Flush
            | Self::Timeouts
            | Self::SetTimeouts(_)
            | Self::Daemons
            | Self::StartDaemon(_)
            | Self::StopDaemon(_) => None,
        }
    }

    /// Whether the answer is a list in any number of messages.
    pub(crate) const fn is_dump(&self) -> bool {
        match self {
            Self::Services | Self::Destinations(_) | Self::Daemons => true,
            Self::Info
            | Self::Service(_)
            | Self::AddService(_)
            | Self::EditService(_)
            | Self::DeleteService(_)
            | Self::AddDestination(..)
            | Self::EditDestination(..)
            | Self::DeleteDestination(..)
            | Self::Zero(_)
            | Self::Flush
            | Self::Timeouts
            | Self::SetTimeouts(_)
            | Self::StartDaemon(_)
            | Self::StopDaemon(_) => false,
        }
    }

    /// Whether the kernel says nothing about it but an error or an acknowledgement.
    pub(crate) const fn is_change(&self) -> bool {
        match self {
            Self::Info
            | Self::Services
            | Self::Service(_)
            | Self::Destinations(_)
            | Self::Timeouts
            | Self::Daemons => false,
            Self::AddService(_)
            | Self::EditService(_)
            | Self::DeleteService(_)
            | Self::AddDestination(..)
            | Self::EditDestination(..)
            | Self::DeleteDestination(..)
            | Self::Zero(_)
            | Self::Flush
            | Self::SetTimeouts(_)
            | Self::StartDaemon(_)
            | Self::StopDaemon(_) => true,
        }
    }
}

/// `add destination 10.0.0.1:80 to TCP 192.0.2.1:80`.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Info => f.write_str("ask for the version of IPVS"),
            Self::Services => f.write_str("list services"),
            Self::Service(key) => write!(f, "ask for service {key}"),
            Self::Destinations(key) => write!(f, "list destinations of {key}"),
            Self::AddService(service) => write!(f, "add service {}", service.key),
            Self::EditService(service) => write!(f, "change service {}", service.key),
            Self::DeleteService(key) => write!(f, "delete service {key}"),
            Self::AddDestination(key, destination) => {
                write!(f, "add destination {} to {key}", destination.key)
            }
            Self::EditDestination(key, destination) => {
                write!(f, "change destination {} of {key}", destination.key)
            }
            Self::DeleteDestination(key, destination) => {
                write!(f, "delete destination {destination} of {key}")
            }
            Self::Zero(None) => f.write_str("zero all statistics"),
            Self::Zero(Some(key)) => write!(f, "zero the statistics of {key}"),
            Self::Flush => f.write_str("delete all services"),
            Self::Timeouts => f.write_str("ask for timeouts"),
            Self::SetTimeouts(_) => f.write_str("set timeouts"),
            Self::Daemons => f.write_str("list synchronisation daemons"),
            Self::StartDaemon(daemon) => {
                let interface = daemon.interface;
                write!(f, "start {} on {interface}", daemon_name(daemon.role))
            }
            Self::StopDaemon(role) => write!(f, "stop {}", daemon_name(*role)),
        }
    }
}

const fn daemon_name(role: SyncRole) -> &'static str {
    match role {
        SyncRole::Master => "the master synchronisation daemon",
        SyncRole::Backup => "the backup synchronisation daemon",
    }
}

/// The kernel's answer to a [`Request`] it carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is done.
    Done,
    /// To [`Request::Info`].
    Info(Info),
    /// To [`Request::Services`].
    Services(Vec<ServiceRecord>),
    /// To [`Request::Service`].
    Service(Box<ServiceRecord>),
    /// To [`Request::Destinations`].
    Destinations(Vec<DestinationRecord>),
    /// To [`Request::Timeouts`].
    Timeouts(Timeouts),
    /// To [`Request::Daemons`].
    Daemons(Vec<SyncDaemon>),
}

/// The kernel's description of its IPVS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// The version.
    pub version: Version,
    /// Buckets of the connection table.
    pub connection_table_size: u32,
}

/// A version of IPVS: 1.2.1 on every kernel of the last twenty years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32);

/// `1.2.1`.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, major, minor, patch] = self.0.to_be_bytes();
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU32;

    use ipvs_core::Family;

    use super::*;

    #[test]
    fn a_version_has_three_octets() {
        assert_eq!(Version(0x0001_0201).to_string(), "1.2.1");
    }

    #[test]
    fn a_request_made_of_a_change_is_that_change() {
        let key = ServiceKey::Mark {
            mark: NonZeroU32::MIN,
            family: Family::V4,
        };
        let change = Change::DeleteService(key);
        assert_eq!(Request::from(change).change(), Some(change));
        for request in [
            Request::Flush,
            Request::Service(key),
            Request::Zero(Some(key)),
        ] {
            assert_eq!(request.change(), None, "{request:?}");
        }
    }
}
