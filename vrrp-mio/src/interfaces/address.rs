//! An address of an interface, as reported by the kernel.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nix::libc;

/// One address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelAddress {
    /// The interface.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// The far end, if the address is one of a point-to-point pair.
    pub peer: Option<IpAddr>,
    /// Length of the on-link prefix, of `peer` if there is one, in bits.
    pub prefix_len: u8,
    /// The scope of the address.
    pub scope: Scope,
    /// Its state.
    pub flags: AddressFlags,
    /// Who added it (`IFA_PROTO`), as far as the kernel knows.
    pub protocol: Option<AddressProtocol>,
}

impl KernelAddress {
    /// The key that distinguishes it from all other addresses.
    #[must_use]
    pub fn key(&self) -> AddressKey {
        AddressKey::new(self.index, self.address, self.prefix_len, self.peer)
    }
}

/// The fields of an address beside its key, kept small as there may be very many.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Particulars {
    peer: Option<Box<IpAddr>>,
    prefix_len: u8,
    pub(super) scope: Scope,
    pub(super) flags: AddressFlags,
    pub(super) protocol: Option<AddressProtocol>,
}

impl Particulars {
    /// The address of `key` with these.
    pub(super) fn of(&self, key: &AddressKey) -> KernelAddress {
        KernelAddress {
            index: key.index(),
            address: key.address(),
            peer: self.peer.as_deref().copied(),
            prefix_len: self.prefix_len,
            scope: self.scope,
            flags: self.flags,
            protocol: self.protocol,
        }
    }
}

impl From<&KernelAddress> for Particulars {
    fn from(address: &KernelAddress) -> Self {
        Self {
            peer: address.peer.map(Box::new),
            prefix_len: address.prefix_len,
            scope: address.scope,
            flags: address.flags,
            protocol: address.protocol,
        }
    }
}

/// The fields by which the kernel distinguishes addresses.
///
/// An IPv6 address is one on its interface whatever its prefix length; an IPv4 address may be there
/// once for each prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressKey {
    index: u32,
    identity: Identity,
}

/// An interface, and a network with its prefix length.
pub(crate) type Subnet = (u32, Ipv4Addr, u8);

/// The fields by which the kernel distinguishes addresses of one interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Identity {
    V4 {
        address: Ipv4Addr,
        /// Of the far end, if there is one.
        network: Ipv4Addr,
        prefix_len: u8,
    },
    V6(Ipv6Addr),
}

impl AddressKey {
    pub(crate) fn new(index: u32, address: IpAddr, prefix_len: u8, peer: Option<IpAddr>) -> Self {
        let identity = match (address, peer) {
            (IpAddr::V4(address), Some(IpAddr::V4(peer))) => Identity::V4 {
                address,
                network: masked(peer, prefix_len),
                prefix_len,
            },
            (IpAddr::V4(address), None | Some(IpAddr::V6(_))) => Identity::V4 {
                address,
                network: masked(address, prefix_len),
                prefix_len,
            },
            (IpAddr::V6(address), _) => Identity::V6(address),
        };
        Self { index, identity }
    }

    /// The lowest key an address of interface `index` can have.
    pub(crate) const fn first_of(index: u32) -> Self {
        let identity = Identity::V4 {
            address: Ipv4Addr::UNSPECIFIED,
            network: Ipv4Addr::UNSPECIFIED,
            prefix_len: 0,
        };
        Self { index, identity }
    }

    /// The interface.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// What an IPv4 address has in common with the secondary addresses beside it, which the kernel
    /// removes along with the primary one unless `promote_secondaries` is set.
    pub(crate) const fn subnet(&self) -> Option<Subnet> {
        match self.identity {
            Identity::V4 {
                network,
                prefix_len,
                ..
            } => Some((self.index, network, prefix_len)),
            Identity::V6(_) => None,
        }
    }

    /// The address.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        match self.identity {
            Identity::V4 { address, .. } => IpAddr::V4(address),
            Identity::V6(address) => IpAddr::V6(address),
        }
    }
}

fn masked(address: Ipv4Addr, prefix_len: u8) -> Ipv4Addr {
    let host_bits = 32u32.saturating_sub(u32::from(prefix_len));
    let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
    Ipv4Addr::from_bits(address.to_bits() & mask)
}

/// The scope of an address (`RT_SCOPE_*`); lower is wider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(pub u8);

impl Scope {
    /// Everywhere.
    pub const GLOBAL: Self = Self(0);
    /// Within the site.
    pub const SITE: Self = Self(200);
    /// On the link.
    pub const LINK: Self = Self(253);
    /// Within the host.
    pub const HOST: Self = Self(254);
}

/// Who added an address (`IFA_PROTO`, Linux 5.18 and later).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressProtocol(pub u8);

impl AddressProtocol {
    /// The value keepalived uses, which iproute2 shows as `proto keepalived`.
    pub const VRRP: Self = Self(18);
    /// The value a [`Driver`](crate::Driver) uses: the protocol number of VRRP.
    pub const DRIVER: Self = Self(112);

    /// Whether it marks virtual addresses.
    #[must_use]
    pub const fn is_virtual(self) -> bool {
        matches!(self, Self::VRRP | Self::DRIVER)
    }
}

/// The state of an address (`IFA_F_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddressFlags(u32);

impl AddressFlags {
    /// The flags the kernel encodes as `bits`.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// IPv4: not the first address of its prefix. (IPv6: a temporary address, RFC 8981.)
    #[must_use]
    pub const fn is_secondary(self) -> bool {
        self.0 & libc::IFA_F_SECONDARY != 0
    }

    /// Duplicate address detection has not finished, and the address cannot be used yet.
    #[must_use]
    pub const fn is_tentative(self) -> bool {
        self.0 & libc::IFA_F_TENTATIVE != 0 && self.0 & libc::IFA_F_OPTIMISTIC == 0
    }

    /// Duplicate address detection found another holder.
    #[must_use]
    pub const fn is_duplicate(self) -> bool {
        self.0 & libc::IFA_F_DADFAILED != 0
    }

    /// Not to be chosen as the source of new traffic.
    #[must_use]
    pub const fn is_deprecated(self) -> bool {
        self.0 & libc::IFA_F_DEPRECATED != 0
    }

    /// Whether packets can leave from the address and be received to it.
    #[must_use]
    pub const fn is_usable(self) -> bool {
        !self.is_tentative() && !self.is_duplicate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(address: &str, prefix_len: u8, peer: Option<&str>) -> AddressKey {
        let peer = peer.map(|peer| peer.parse().unwrap());
        AddressKey::new(2, address.parse().unwrap(), prefix_len, peer)
    }

    #[test]
    fn an_ipv4_address_is_told_apart_by_its_prefix_and_an_ipv6_one_is_not() {
        assert_ne!(key("10.0.0.1", 24, None), key("10.0.0.1", 32, None));
        assert_ne!(
            key("10.0.0.1", 32, None),
            key("10.0.0.1", 32, Some("10.0.0.2"))
        );
        assert_eq!(
            key("10.0.0.1", 24, Some("10.1.0.2")),
            key("10.0.0.1", 24, Some("10.1.0.9"))
        );
        assert_eq!(key("2001:db8::1", 64, None), key("2001:db8::1", 128, None));
    }

    #[test]
    fn keys_of_an_interface_are_contiguous() {
        assert!(AddressKey::first_of(2) <= key("0.0.0.0", 0, None));
        assert!(key("ffff::", 128, None) < AddressKey::first_of(3));
    }

    #[test]
    fn an_address_is_kept_with_all_that_is_known_of_it() {
        for peer in [None, Some("10.1.0.9".parse().unwrap())] {
            let address = KernelAddress {
                index: 2,
                address: "10.0.0.1".parse().unwrap(),
                peer,
                prefix_len: 24,
                scope: Scope::LINK,
                flags: AddressFlags::from_bits(0x81),
                protocol: Some(AddressProtocol::DRIVER),
            };
            assert_eq!(Particulars::from(&address).of(&address.key()), address);
        }
    }

    #[test]
    fn prefix_lengths_beyond_the_address_do_not_panic() {
        assert_eq!(masked(Ipv4Addr::BROADCAST, 255), Ipv4Addr::BROADCAST);
        assert_eq!(masked(Ipv4Addr::BROADCAST, 0), Ipv4Addr::UNSPECIFIED);
    }

    #[test]
    fn an_optimistic_address_is_usable_and_a_duplicate_is_not() {
        assert!(AddressFlags::from_bits(0x44).is_usable());
        assert!(!AddressFlags::from_bits(0x40).is_usable());
        assert!(!AddressFlags::from_bits(0x88).is_usable());
    }
}
