//! The refusals of a kernel that is asked to change its table.

use thiserror::Error;

use super::{Change, Configuration, ServiceEntry};
use crate::acceptance::is_host;
use crate::acceptance::{DestinationFault, ServiceFault};
use crate::destination::Tunnel;
use crate::normal::normal_destination;
use crate::service::Granularity;
use crate::{Destination, DestinationKey, Forwarding, Service, ServiceKey};

/// The reason why a kernel refuses a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// `EEXIST` to `NEW_SERVICE`.
    #[error("the service {0} exists already")]
    ServiceExists(ServiceKey),
    /// `ESRCH`.
    #[error("there is no service {0}")]
    NoService(ServiceKey),
    /// `EEXIST` to `NEW_DEST`.
    #[error("the destination {1} of {0} exists already")]
    DestinationExists(ServiceKey, DestinationKey),
    /// `ENOENT`.
    #[error("there is no destination {1} of {0}")]
    NoDestination(ServiceKey, DestinationKey),
    /// `EINVAL` to `NEW_SERVICE` and `SET_SERVICE`.
    #[error("service {0}: {1}")]
    Service(ServiceKey, ServiceFault),
    /// `EINVAL` or `ERANGE` to `NEW_DEST` and `SET_DEST`.
    #[error("destination {1} of {0}: {2}")]
    Destination(ServiceKey, DestinationKey, DestinationFault),
}

impl ApplyError {
    /// The kernel's error number, which is the same on every architecture.
    #[must_use]
    pub const fn errno(&self) -> i32 {
        const ENOENT: i32 = 2;
        const ESRCH: i32 = 3;
        const EEXIST: i32 = 17;
        const EINVAL: i32 = 22;
        const ERANGE: i32 = 34;
        match self {
            Self::ServiceExists(_) | Self::DestinationExists(..) => EEXIST,
            Self::NoService(_) => ESRCH,
            Self::NoDestination(..) => ENOENT,
            Self::Destination(
                _,
                _,
                DestinationFault::Weight(_) | DestinationFault::Lower { .. },
            ) => ERANGE,
            Self::Service(..) | Self::Destination(..) => EINVAL,
        }
    }
}

impl Configuration {
    /// Whether a kernel with this table accepts `change`.
    ///
    /// What only some kernels refuse passes: an upper threshold above 2³¹-1, a link-local address
    /// that is not the kernel's own, the broadcast address of a network of its own, another
    /// address family while connections are synchronised, a scheduler that is not installed.
    ///
    /// # Errors
    ///
    /// The kernel's, and of several the one it finds first.
    pub fn accepts(&self, change: &Change) -> Result<(), ApplyError> {
        self.place(change).map(drop)
    }

    /// Where in its service's list the destination is or goes that `change` is about; 0 where it
    /// is about none.
    pub(super) fn place(&self, change: &Change) -> Result<usize, ApplyError> {
        match change {
            Change::AddService(service) => {
                if self.entries.contains_key(&service.key) {
                    return Err(ApplyError::ServiceExists(service.key));
                }
                check_service(service)
            }
            Change::EditService(service) => {
                self.known(service.key)?;
                check_service(service)
            }
            Change::DeleteService(key) => self.known(*key).map(|_| 0),
            Change::AddDestination(key, destination) => {
                let entry = self.known(*key)?;
                check_values(*key, destination)?;
                if entry.destination(&destination.key).is_some() {
                    return Err(ApplyError::DestinationExists(*key, destination.key));
                }
                check_address(*key, destination.key)
            }
            Change::EditDestination(key, destination) => {
                let entry = self.known(*key)?;
                check_values(*key, destination)?;
                position(entry, destination.key)
            }
            Change::DeleteDestination(key, destination) => {
                position(self.known(*key)?, *destination)
            }
        }
    }

    fn known(&self, key: ServiceKey) -> Result<&ServiceEntry, ApplyError> {
        self.entries.get(&key).ok_or(ApplyError::NoService(key))
    }
}

fn position(entry: &ServiceEntry, key: DestinationKey) -> Result<usize, ApplyError> {
    entry
        .destinations
        .iter()
        .position(|destination| destination.key == key)
        .ok_or(ApplyError::NoDestination(entry.service.key, key))
}

fn check_service(service: &Service) -> Result<usize, ApplyError> {
    let refused = |fault| Err(ApplyError::Service(service.key, fault));
    let family = service.key.family();
    match service
        .persistence
        .map(|persistence| persistence.granularity)
    {
        Some(granularity) if granularity.family() != family => refused(ServiceFault::Granularity {
            granularity: granularity.family(),
            service: family,
        }),
        Some(Granularity::V6(length)) if !(1..=128).contains(&length) => {
            refused(ServiceFault::Prefix(length))
        }
        Some(Granularity::V4(_) | Granularity::V6(_)) | None => Ok(0),
    }
}

/// What the kernel looks at before it looks for the destination.
fn check_values(service: ServiceKey, destination: &Destination) -> Result<(), ApplyError> {
    let Destination {
        key,
        forwarding,
        weight,
        upper,
        lower,
    } = normal_destination(*destination);
    let refused = |fault| Err(ApplyError::Destination(service, key, fault));
    let family = service.family();
    if key.family() != family && !is_tunnel(forwarding) {
        return refused(DestinationFault::Family {
            destination: key.family(),
            service: family,
        });
    }
    if weight > Destination::MAX_WEIGHT {
        return refused(DestinationFault::Weight(weight));
    }
    if lower > upper {
        return refused(DestinationFault::Lower { lower, upper });
    }
    if is_gue_without_port(forwarding) {
        return refused(DestinationFault::TunnelPort);
    }
    Ok(())
}

const fn is_tunnel(forwarding: Forwarding) -> bool {
    match forwarding {
        Forwarding::Tunnel(_) => true,
        // The kernel looks at three bits.
        Forwarding::Other(method) => method & 7 == 2,
        Forwarding::Masquerade | Forwarding::Local | Forwarding::Route => false,
    }
}

const fn is_gue_without_port(forwarding: Forwarding) -> bool {
    matches!(
        forwarding,
        Forwarding::Tunnel(
            Tunnel::Gue { port: 0, .. }
                | Tunnel::Other {
                    kind: 1,
                    port: 0,
                    ..
                }
        )
    )
}

/// What the kernel looks at when it makes a new destination.
fn check_address(service: ServiceKey, key: DestinationKey) -> Result<usize, ApplyError> {
    if !is_host(key.address) {
        let fault = DestinationFault::Address(key.address);
        return Err(ApplyError::Destination(service, key, fault));
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::Scheduler;
    use crate::destination::TunnelChecksum;
    use crate::service::Persistence;

    fn configuration() -> Configuration {
        let mut configuration = Configuration::new();
        for key in [V4, V6] {
            let service = Service::new(key.parse().unwrap(), Scheduler::Rr);
            configuration.apply(&Change::AddService(service)).unwrap();
        }
        let change = Change::AddDestination(V4.parse().unwrap(), real("10.0.0.1:80"));
        configuration.apply(&change).unwrap();
        configuration
    }

    const V4: &str = "tcp 192.0.2.1:80";
    const V6: &str = "tcp [2001:db8::1]:80";

    fn real(key: &str) -> Destination {
        Destination::new(key.parse().unwrap(), Forwarding::Masquerade, 1)
    }

    #[track_caller]
    fn assert_refused(change: &Change, errno: i32, text: &str) {
        let mut configuration = configuration();
        let before = configuration.clone();
        let error = configuration.apply(change).unwrap_err();
        assert_eq!((error.errno(), error.to_string().as_str()), (errno, text));
        assert_eq!(configuration.accepts(change), Err(error));
        assert_eq!(configuration, before);
    }

    #[test]
    fn services_are_refused_with_the_kernels_error_numbers() {
        let service = |key: &str, granularity| Service {
            persistence: Some(Persistence {
                timeout: 60,
                granularity,
            }),
            ..Service::new(key.parse().unwrap(), Scheduler::Rr)
        };
        let single = Granularity::V4([255; 4].into());
        for (change, errno, text) in [
            (
                Change::AddService(service(V4, single)),
                17,
                "the service TCP 192.0.2.1:80 exists already",
            ),
            (
                Change::EditService(service("udp 192.0.2.1:53", single)),
                3,
                "there is no service UDP 192.0.2.1:53",
            ),
            (
                Change::EditService(service(V6, Granularity::V6(129))),
                22,
                "service TCP [2001:db8::1]:80: persistence by a prefix of 129 bits, allowed are 1 \
                 to 128",
            ),
            (
                Change::AddService(service("fwmark 7 ipv6", Granularity::V6(0))),
                22,
                "service FWM 7 IPv6: persistence by a prefix of 0 bits, allowed are 1 to 128",
            ),
            (
                Change::EditService(service(V6, single)),
                22,
                "service TCP [2001:db8::1]:80: persistence by IPv4 addresses of a service of IPv6",
            ),
            (
                Change::DeleteService("fwmark 7".parse().unwrap()),
                3,
                "there is no service FWM 7",
            ),
        ] {
            assert_refused(&change, errno, text);
        }
    }

    #[test]
    fn destinations_are_refused_with_the_kernels_error_numbers() {
        let heavy = Destination {
            weight: 1 << 31,
            ..real("10.0.0.2:80")
        };
        let crossed = Destination {
            upper: 5,
            lower: 6,
            ..real("10.0.0.1:80")
        };
        let gue = Destination {
            forwarding: Forwarding::Tunnel(Tunnel::Gue {
                port: 0,
                checksum: TunnelChecksum::None,
            }),
            ..real("10.0.0.3:80")
        };
        let v4: ServiceKey = V4.parse().unwrap();
        for (change, errno, text) in [
            (
                Change::AddDestination(v4, real("10.0.0.1:80")),
                17,
                "the destination 10.0.0.1:80 of TCP 192.0.2.1:80 exists already",
            ),
            (
                Change::EditDestination(v4, real("10.0.0.2:80")),
                2,
                "there is no destination 10.0.0.2:80 of TCP 192.0.2.1:80",
            ),
            (
                Change::DeleteDestination("fwmark 7".parse().unwrap(), heavy.key),
                3,
                "there is no service FWM 7",
            ),
            (
                Change::AddDestination(v4, heavy),
                34,
                "destination 10.0.0.2:80 of TCP 192.0.2.1:80: weight 2147483648, allowed are 0 to \
                 2147483647",
            ),
            (
                Change::EditDestination(v4, crossed),
                34,
                "destination 10.0.0.1:80 of TCP 192.0.2.1:80: lower threshold 6, allowed are 0 to \
                 the upper one, 5",
            ),
            (
                Change::AddDestination(v4, gue),
                22,
                "destination 10.0.0.3:80 of TCP 192.0.2.1:80: a GUE tunnel without a port, allowed \
                 are 1 to 65535",
            ),
            (
                Change::EditDestination(v4, real("[2001:db8::2]:80")),
                22,
                "destination [2001:db8::2]:80 of TCP 192.0.2.1:80: IPv6 for a service of IPv4, \
                 which only a tunnel can do",
            ),
        ] {
            assert_refused(&change, errno, text);
        }
    }

    #[test]
    fn addresses_of_no_host_are_refused() {
        for (service, address, refused) in [
            (V4, "0.0.0.0:80", true),
            (V4, "224.0.0.1:80", true),
            (V4, "255.255.255.255:80", true),
            (V4, "0.1.2.3:80", false),
            (V4, "127.0.0.1:80", false),
            (V6, "[::]:80", true),
            (V6, "[ff02::1]:80", true),
            (V6, "[::ffff:192.0.2.1]:80", true),
            (V6, "[::1]:80", false),
            (V6, "[fe80::1]:80", false),
        ] {
            let change = Change::AddDestination(service.parse().unwrap(), real(address));
            let accepted = configuration().accepts(&change);
            assert_eq!(
                accepted.err().map(|it| it.errno()),
                refused.then_some(22),
                "{address}"
            );
        }
    }

    #[test]
    fn a_tunnel_reaches_another_family() {
        let mut other = real("[2001:db8::2]:80");
        for forwarding in [Forwarding::Tunnel(Tunnel::Ipip), Forwarding::Other(10)] {
            other.forwarding = forwarding;
            let change = Change::AddDestination(V4.parse().unwrap(), other);
            assert_eq!(configuration().accepts(&change), Ok(()), "{forwarding:?}");
        }
    }
}
