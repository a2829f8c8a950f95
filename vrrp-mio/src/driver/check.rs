//! The check of a router specification before it runs.

use core::net::IpAddr;

use vrrp_core::endpoint::EndpointError;
use vrrp_core::receive::Expect;
use vrrp_core::{EventError, Family, Version, Vrid};

use super::RouterId;
use super::router::Router;
use super::spec::{Path, RouterSpec, VirtualAddress};
use crate::InterfaceName;

/// An invalid specification of a virtual router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// No address of the router's family is advertised: receivers discard an empty list. Version 2
    /// allows one, but not a list of which nothing is left.
    #[error("there is no {family} address to advertise")]
    NoAddress {
        /// The router's family.
        family: Family,
    },
    /// A virtual address with a prefix longer than addresses are.
    #[error("{address}/{prefix_len}: the prefix is too long")]
    PrefixLength {
        /// The virtual address.
        address: IpAddr,
        /// Its prefix length.
        prefix_len: u8,
    },
    /// A virtual address that no interface can have.
    #[error("{address} cannot be the address of a host")]
    Address {
        /// The virtual address.
        address: IpAddr,
    },
    /// A virtual address whose other end or broadcast address is of another family.
    #[error("{address} does not go with {other}")]
    Mixed {
        /// The virtual address.
        address: IpAddr,
        /// The other address.
        other: IpAddr,
    },
    /// The source of advertisements is of another family, or no address of a host.
    #[error("{source_address} cannot be the source of {family} advertisements")]
    Source {
        /// The source.
        source_address: IpAddr,
        /// The router's family.
        family: Family,
    },
    /// The group is of another family, or not a multicast address.
    #[error("{group} is no group of {family}")]
    Group {
        /// The group.
        group: IpAddr,
        /// The router's family.
        family: Family,
    },
    /// Unicast without peers.
    #[error("there is no peer to advertise to")]
    NoPeers,
    /// A peer is of another family, or no address of a host, or the source itself.
    #[error("{peer} cannot be a peer over {family}")]
    Peer {
        /// The peer.
        peer: IpAddr,
        /// The router's family.
        family: Family,
    },
    /// A peer with an empty range of accepted hop counts.
    #[error("{peer}: no time to live is within {min_ttl} to {max_ttl}")]
    HopCounts {
        /// The peer.
        peer: IpAddr,
        /// Lowest accepted time to live.
        min_ttl: u8,
        /// Highest accepted time to live.
        max_ttl: u8,
    },
    /// Packets with a hop limit of 0 leave no host.
    #[error("a hop limit of 0 reaches nobody")]
    HopLimit,
    /// A routed path without a source, or with link-local addresses, which no table routes.
    #[error("advertisements without an interface need a source and peers that are not link-local")]
    Routed,
    /// Only version 2 has authentication.
    #[error("{version} has no authentication")]
    Authentication {
        /// The router's version.
        version: Version,
    },
    /// A virtual MAC that is a multicast address, or all zeros.
    #[error("the virtual MAC address is not one of a station")]
    Mac,
    /// The macvlan and the interface it is to be made on have one name.
    #[error("{name} cannot be made on itself")]
    MacvlanName {
        /// The name of both.
        name: InterfaceName,
    },
}

/// A virtual router cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// The specification is invalid.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Another router of the driver is this virtual router: it has the identifier and the family,
    /// on the same interface, and the group or one of the peers.
    #[error("virtual router {vrid} over {family} is there already")]
    Taken {
        /// The identifier of both.
        vrid: Vrid,
        /// The family of both.
        family: Family,
        /// The other one.
        by: RouterId,
    },
    /// The specification makes no router, though [`RouterSpec::check`] found no mistake.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Another router of the driver has a macvlan of this name.
    #[error("another virtual router has the macvlan {name}")]
    MacvlanTaken {
        /// The name of both.
        name: InterfaceName,
        /// The other one.
        by: RouterId,
    },
}

/// An event was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TellError {
    /// The router was removed.
    #[error("there is no such virtual router any more")]
    Unknown {
        /// The identifier.
        router: RouterId,
    },
    /// The event would make it another virtual router.
    #[error(transparent)]
    Event(#[from] EventError),
}

impl RouterSpec {
    /// Checks this specification, as [`Driver::add`](super::Driver::add) does.
    ///
    /// # Errors
    /// [`SpecError`]: the first mistake.
    pub fn check(&self) -> Result<(), SpecError> {
        let family = self.config.family();
        self.check_addresses(family)?;
        self.check_path(family)?;
        let version = self.config.version();
        match (version, self.expect) {
            (Version::V2, _) | (Version::V3, Expect::None) => {}
            (Version::V3, Expect::Simple(_) | Expect::Ah(_)) => {
                return Err(SpecError::Authentication { version });
            }
        }
        if let Some(virtual_mac) = &self.virtual_mac {
            let octets = virtual_mac.mac.0;
            let [first, ..] = octets;
            if first & 1 != 0 || octets == [0; 6] {
                return Err(SpecError::Mac);
            }
            if virtual_mac.name == self.interface {
                let name = self.interface;
                return Err(SpecError::MacvlanName { name });
            }
        }
        Ok(())
    }

    fn check_addresses(&self, family: Family) -> Result<(), SpecError> {
        let mut advertised = self.addresses.iter();
        let has_one = advertised.any(|address| Family::of(address.spec.address) == family);
        let may_be_empty = self.config.version() == Version::V2 && self.addresses.is_empty();
        if !has_one && !may_be_empty {
            return Err(SpecError::NoAddress { family });
        }
        let mut all = self.addresses.iter().chain(&self.excluded);
        all.try_for_each(check_address)
    }

    fn check_path(&self, family: Family) -> Result<(), SpecError> {
        if let Some(source_address) = self.path.source()
            && !is_host(source_address, family)
        {
            return Err(SpecError::Source {
                source_address,
                family,
            });
        }
        let (source, peers) = match &self.path {
            Path::Multicast { group, .. } => {
                let group = *group;
                let is_group = group.is_multicast() && Family::of(group) == family;
                return if is_group {
                    Ok(())
                } else {
                    Err(SpecError::Group { group, family })
                };
            }
            Path::Unicast { hop_limit: 0, .. } => return Err(SpecError::HopLimit),
            Path::Unicast { source, peers, .. } => (*source, peers),
        };
        if peers.is_empty() {
            return Err(SpecError::NoPeers);
        }
        for it in peers {
            let peer = it.address;
            if !is_host(peer, family) || source == Some(peer) {
                return Err(SpecError::Peer { peer, family });
            }
            if it.min_ttl > it.max_ttl {
                return Err(SpecError::HopCounts {
                    peer,
                    min_ttl: it.min_ttl,
                    max_ttl: it.max_ttl,
                });
            }
        }
        let mut ends = peers.iter().map(|it| it.address).chain(source);
        if self.path.is_routed() && (source.is_none() || ends.any(is_link_local)) {
            return Err(SpecError::Routed);
        }
        Ok(())
    }
}

fn check_address(it: &VirtualAddress) -> Result<(), SpecError> {
    let spec = &it.spec;
    let (address, prefix_len) = (spec.address, spec.prefix_len);
    let family = Family::of(address);
    let longest = match family {
        Family::V4 => 32,
        Family::V6 => 128,
    };
    if prefix_len > longest {
        return Err(SpecError::PrefixLength {
            address,
            prefix_len,
        });
    }
    if !is_host(address, family) {
        return Err(SpecError::Address { address });
    }
    let broadcast = spec.broadcast.map(IpAddr::V4);
    let mut others = spec.peer.into_iter().chain(broadcast);
    match others.find(|other| Family::of(*other) != family) {
        Some(other) => Err(SpecError::Mixed { address, other }),
        None => Ok(()),
    }
}

/// Whether a host of `family` can have `address`.
fn is_host(address: IpAddr, family: Family) -> bool {
    let nobody = address.is_unspecified() || address.is_multicast();
    let everybody = address == IpAddr::from([255; 4]);
    Family::of(address) == family && !nobody && !everybody
}

const fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

impl Router {
    /// Whether this router leaves no room for one of `spec` beside it.
    pub(super) fn clash(&self, spec: &RouterSpec) -> Option<AddError> {
        let config = self.machine().config();
        let (vrid, family) = (config.vrid(), config.family());
        let (ours, theirs) = (&self.profile().shared.path, &spec.path);
        let same_place = self.profile().interface == spec.interface
            || ours.is_routed() && matches!(theirs, Path::Unicast { .. })
            || theirs.is_routed() && matches!(ours, Path::Unicast { .. });
        let same = vrid == spec.config.vrid() && family == spec.config.family() && same_place;
        if same && ours.meets(theirs) {
            let by = self.id;
            return Some(AddError::Taken { vrid, family, by });
        }
        let name = self.profile().virtual_mac()?.name;
        let also = spec.virtual_mac.as_ref()?.name;
        (name == also).then_some(AddError::MacvlanTaken { name, by: self.id })
    }
}

#[cfg(test)]
mod tests;
