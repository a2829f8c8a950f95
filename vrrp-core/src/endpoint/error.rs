//! Errors of an endpoint.

use core::net::IpAddr;

use crate::wire::EncodeError;
use crate::{EventError, Family, Version};

/// An endpoint cannot be made with a configuration and a storage, or cannot change to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// Another virtual router identifier, version or family: another endpoint is needed.
    #[error("another virtual router needs another endpoint: {0}")]
    AnotherRouter(#[from] EventError),
    /// The advertised addresses are of another family than the router (RFC 9568 §5.2.9).
    #[error("{addresses} addresses cannot be advertised over {router}")]
    Family {
        /// The router's.
        router: Family,
        /// The addresses'.
        addresses: Family,
    },
    /// VRRPv3 does not advertise without addresses (RFC 9568 §5.2.5, erratum 8299).
    #[error("VRRPv3 cannot advertise no addresses")]
    NoAddresses,
    /// There are addresses without a slot.
    #[error("{slots} slots are too few for the addresses")]
    Slots {
        /// The slots.
        slots: usize,
    },
    /// Unicast to nobody.
    #[error("there is no peer to advertise to")]
    NoPeers,
    /// No group, or no peer, of the router's family.
    #[error("{address} cannot be advertised to over {family}")]
    Destination {
        /// The address.
        address: IpAddr,
        /// The router's family.
        family: Family,
    },
    /// A hop limit of 0 leaves no host.
    #[error("a hop limit of 0 reaches nobody")]
    HopLimit,
    /// Only version 2 has authentication.
    #[error("{version} has no authentication")]
    Authentication {
        /// The router's version.
        version: Version,
    },
}

/// A packet or a frame was not made. It is lost as on the wire: the router goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransmitError {
    /// The router never had a primary address to send from.
    #[error("there is no primary address to send from")]
    NoSource,
    /// The octets cannot be written, mostly because the buffer is shorter than
    /// [`MAX_TRANSMIT`](super::MAX_TRANSMIT).
    #[error(transparent)]
    Encode(#[from] EncodeError),
}
