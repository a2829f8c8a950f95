//! Destinations: the real servers of a service.

use core::fmt;
use core::net::{IpAddr, SocketAddr};

use crate::Family;

/// The address and port of a destination; unique in a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct DestinationKey {
    /// Address; of the service's family unless it is reached by a tunnel.
    pub address: IpAddr,
    /// Port; 0 in a service of a mark or of every port means that of the packet.
    pub port: u16,
}

impl DestinationKey {
    /// `address`:`port`.
    #[must_use]
    pub const fn new(address: IpAddr, port: u16) -> Self {
        Self { address, port }
    }

    /// The address family.
    #[must_use]
    pub const fn family(&self) -> Family {
        Family::of(self.address)
    }
}

/// `192.0.2.1:80`, `[2001:db8::1]:80`.
impl fmt::Display for DestinationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddr::new(self.address, self.port).fmt(f)
    }
}

/// Which checksum a tunnel has (`IP_VS_TUNNEL_ENCAP_FLAG_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum TunnelChecksum {
    /// None.
    #[default]
    None,
    /// One of the outer packet.
    Outer,
    /// Remote checksum offload.
    Remote,
}

/// How packets to a destination are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Tunnel {
    /// IP in IP.
    Ipip,
    /// Generic UDP encapsulation (since Linux 5.2).
    Gue {
        /// UDP port of the destination; the kernel refuses 0.
        port: u16,
        /// Checksum of the tunnel.
        #[cfg_attr(feature = "serde", serde(default))]
        checksum: TunnelChecksum,
    },
    /// GRE (since Linux 5.3).
    Gre {
        /// Checksum of the tunnel.
        #[cfg_attr(feature = "serde", serde(default))]
        checksum: TunnelChecksum,
    },
    /// A type this crate does not know, as the kernel reports it.
    Other {
        /// Type.
        kind: u8,
        /// Port.
        port: u16,
        /// Flags.
        flags: u16,
    },
}

/// How packets reach a destination (`IP_VS_CONN_F_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Forwarding {
    /// Network address translation (`-m`, `NAT`).
    Masquerade,
    /// Delivery on the director itself.
    Local,
    /// Encapsulation (`-i`, `TUN`).
    Tunnel(Tunnel),
    /// Direct routing (`-g`, `DR`).
    Route,
    /// A method that is not for destinations, as the kernel reports it: 4..=7.
    Other(u8),
}

/// A destination of a service.
///
/// ```
/// use ipvs_core::acceptance::DestinationFault;
/// use ipvs_core::{Destination, Forwarding, ServiceKey};
///
/// let service: ServiceKey = "tcp 192.0.2.1:80".parse()?;
/// let real = Destination::new("10.0.0.1:8080".parse()?, Forwarding::Route, 1);
/// let fault = real.check(&service, false).unwrap_err();
/// assert_eq!(
///     fault.to_string(),
///     "port 8080, without masquerading it can only be that of the service, 80"
/// );
/// assert_eq!(real.for_service(&service).key.port, 80);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Destination {
    /// Where it is.
    #[cfg_attr(feature = "serde", serde(rename = "address"))]
    pub key: DestinationKey,
    /// How packets reach it.
    #[cfg_attr(feature = "serde", serde(default = "crate::form::route"))]
    pub forwarding: Forwarding,
    /// Its weight, 0..=2³¹-1; with 0 it gets no new connections.
    #[cfg_attr(feature = "serde", serde(default = "crate::form::one"))]
    pub weight: u32,
    /// The number of connections from which it is overloaded; 0 for never.
    #[cfg_attr(feature = "serde", serde(default))]
    pub upper: u32,
    /// The number of connections below which it is no longer overloaded; 0 for three quarters of
    /// `upper`.
    #[cfg_attr(feature = "serde", serde(default))]
    pub lower: u32,
}

impl Destination {
    /// The most a weight can be.
    pub const MAX_WEIGHT: u32 = i32::MAX.cast_unsigned();

    /// A destination without thresholds.
    #[must_use]
    pub const fn new(key: DestinationKey, forwarding: Forwarding, weight: u32) -> Self {
        Self {
            key,
            forwarding,
            weight,
            upper: 0,
            lower: 0,
        }
    }
}
