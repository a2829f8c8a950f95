//! Virtual services.

mod text;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::num::NonZeroU32;

pub use self::text::{DestinationKeyError, ServiceKeyError};
use crate::{Family, Name, Protocol, Scheduler};

/// The packets of a service; unique in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum ServiceKey {
    /// Packets of a protocol to an address and port.
    Address {
        /// Transport protocol.
        protocol: Protocol,
        /// Virtual address.
        address: IpAddr,
        /// Virtual port; 0 takes those that no other service of the address takes, and schedules
        /// only with persistence.
        port: u16,
    },
    /// Packets that the packet filter has marked.
    Mark {
        /// The mark.
        mark: NonZeroU32,
        /// Address family of the packets.
        family: Family,
    },
}

impl ServiceKey {
    /// The service of TCP to `address`:`port`.
    #[must_use]
    pub const fn tcp(address: IpAddr, port: u16) -> Self {
        Self::Address {
            protocol: Protocol::TCP,
            address,
            port,
        }
    }

    /// The service of UDP to `address`:`port`.
    #[must_use]
    pub const fn udp(address: IpAddr, port: u16) -> Self {
        Self::Address {
            protocol: Protocol::UDP,
            address,
            port,
        }
    }

    /// The address family of the packets.
    #[must_use]
    pub const fn family(&self) -> Family {
        match *self {
            Self::Address { address, .. } => Family::of(address),
            Self::Mark { family, .. } => family,
        }
    }

    /// The virtual address; none of a mark.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        match *self {
            Self::Address { address, .. } => Some(address),
            Self::Mark { .. } => None,
        }
    }

    /// The virtual port; 0 of a mark.
    #[must_use]
    pub const fn port(&self) -> u16 {
        match *self {
            Self::Address { port, .. } => port,
            Self::Mark { .. } => 0,
        }
    }
}

/// Flags of a service (`IP_VS_SVC_F_*`), without those that say persistence and the kernel's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flags(u32);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// Every packet is scheduled anew (`ops`; UDP only).
    pub const ONE_PACKET: Self = Self(0x04);
    /// The scheduler's first flag: `sh-fallback`, `mh-fallback`.
    pub const SCHED_1: Self = Self(0x08);
    /// The scheduler's second flag: `sh-port`, `mh-port`.
    pub const SCHED_2: Self = Self(0x10);
    /// The scheduler's third flag.
    pub const SCHED_3: Self = Self(0x20);
    /// All of them.
    pub const ALL: Self = Self(0x3c);

    /// The flags among `bits`; others are ignored.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// The flags as the kernel numbers them.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether every flag of `flags` is set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// These flags and those of `flags`.
    #[must_use]
    pub const fn with(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Flags {
    fn arbitrary(input: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self::from_bits(input.arbitrary()?))
    }
}

/// How many clients share a persistence template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Granularity {
    /// Those that agree in the bits of this mask, which need not be contiguous.
    V4(Ipv4Addr),
    /// Those that agree in a prefix of this length, 1..=128.
    V6(u8),
}

impl Granularity {
    /// Every client by itself.
    #[must_use]
    pub const fn single(family: Family) -> Self {
        match family {
            Family::V4 => Self::V4(Ipv4Addr::BROADCAST),
            Family::V6 => Self::V6(128),
        }
    }

    /// The address family it belongs to.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::V4(_) => Family::V4,
            Self::V6(_) => Family::V6,
        }
    }

    /// The common address of the clients that share a template with `client`; a client of the other
    /// family has a template of its own.
    #[must_use]
    pub fn network(self, client: IpAddr) -> IpAddr {
        match (client, self) {
            (IpAddr::V4(client), Self::V4(mask)) => {
                Ipv4Addr::from_bits(client.to_bits() & mask.to_bits()).into()
            }
            (IpAddr::V6(client), Self::V6(length)) => {
                let host = 128_u32.saturating_sub(length.into());
                let mask = u128::MAX.checked_shl(host).unwrap_or(0);
                Ipv6Addr::from_bits(client.to_bits() & mask).into()
            }
            (client, Self::V4(_) | Self::V6(_)) => client,
        }
    }
}

/// Persistence: clients return to the destination they had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Persistence {
    /// How long after the last connection, in seconds.
    #[cfg_attr(feature = "serde", serde(with = "crate::form::seconds"))]
    pub timeout: u32,
    /// The clients that share a template.
    pub granularity: Granularity,
}

/// A virtual service.
///
/// ```
/// use ipvs_core::acceptance::ServiceFault;
/// use ipvs_core::service::{Flags, Granularity, Persistence};
/// use ipvs_core::{Scheduler, Service};
///
/// let mut service = Service::new("tcp [2001:db8::1]:443".parse()?, Scheduler::Mh);
/// service.flags = Flags::SCHED_1; // mh-fallback
/// service.persistence = Some(Persistence {
///     timeout: 300,
///     granularity: Granularity::V6(64),
/// });
/// assert_eq!(service.check(), Ok(()));
/// service.flags = Flags::ONE_PACKET;
/// assert!(matches!(service.check(), Err(ServiceFault::OnePacket(_))));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "crate::form::ServiceForm"))]
#[cfg_attr(feature = "serde", serde(into = "crate::form::ServiceForm"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Service {
    /// Its packets.
    pub key: ServiceKey,
    /// The scheduler of new connections.
    pub scheduler: Scheduler,
    /// Flags of the scheduler and of one-packet scheduling.
    pub flags: Flags,
    /// Persistence, if any.
    pub persistence: Option<Persistence>,
    /// The persistence engine (`sip`), if any: a kernel keeps it also for a service without
    /// persistence, where it does nothing.
    pub engine: Option<Name>,
}

impl Service {
    /// A service without flags, persistence and persistence engine.
    #[must_use]
    pub const fn new(key: ServiceKey, scheduler: Scheduler) -> Self {
        Self {
            key,
            scheduler,
            flags: Flags::NONE,
            persistence: None,
            engine: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_has_neither_address_nor_port() {
        for (text, address, port) in [
            ("udp [2001:db8::1]:53", Some("2001:db8::1"), 53),
            ("fwmark 7", None, 0),
        ] {
            let key: ServiceKey = text.parse().unwrap();
            let address = address.map(|address| address.parse().unwrap());
            assert_eq!((key.address(), key.port()), (address, port));
        }
    }

    #[test]
    fn flags_are_those_of_the_kernel() {
        let flags = Flags::ONE_PACKET.with(Flags::SCHED_2);
        assert_eq!(flags.bits(), 0x14);
        assert_eq!(flags.with(Flags::SCHED_2), flags);
        assert_eq!(Flags::from_bits(0xffff_ffff), Flags::ALL);
        assert_eq!(Flags::ALL.bits(), 0x3c);
        assert!(flags.contains(Flags::ONE_PACKET));
        assert!(!flags.contains(Flags::SCHED_1.with(Flags::SCHED_2)));
    }

    #[test]
    fn clients_of_one_network_have_its_address() {
        let mask = Granularity::V4(Ipv4Addr::new(255, 0, 255, 128));
        for (granularity, client, network) in [
            (mask, "10.2.3.200", "10.0.3.128"),
            (mask, "2001:db8::1", "2001:db8::1"),
            (
                Granularity::V6(64),
                "2001:db8:1:2:3:4:5:6",
                "2001:db8:1:2::",
            ),
            (Granularity::V6(61), "2001:db8:1:f::", "2001:db8:1:8::"),
            (Granularity::V6(128), "2001:db8::1", "2001:db8::1"),
            (Granularity::V6(0), "2001:db8::1", "::"),
            (Granularity::V6(64), "10.2.3.200", "10.2.3.200"),
        ] {
            let client: IpAddr = client.parse().unwrap();
            let network: IpAddr = network.parse().unwrap();
            assert_eq!(granularity.network(client), network, "{granularity:?}");
        }
    }
}
