//! The specification of a virtual router.

use core::net::IpAddr;
use core::time::Duration;

pub use vrrp_core::endpoint::TransmitChecksum;
use vrrp_core::receive::{Conformance, Expect, Peer};
use vrrp_core::wire::{ChecksumForm, IcvForm, MULTICAST_V4, MULTICAST_V6, TTL};
use vrrp_core::{Config, Family, MacAddr, announce};

use crate::{AddressSpec, InterfaceName};

/// A virtual router on an interface.
///
/// ```
/// use vrrp_core::{Config, Family, Settings, Version};
/// use vrrp_mio::{RouterSpec, SpecError, VirtualAddress};
///
/// let config = Config::try_from(Settings::new(Version::V3, Family::V4, 51))?;
/// let addresses = vec![VirtualAddress::new([192, 0, 2, 100].into(), 24)];
/// let mut spec = RouterSpec::new(config, "eth0".parse()?, addresses);
/// assert_eq!(spec.check(), Ok(()));
/// // Addresses that are not advertised may be of the other family; those that are may not.
/// spec.excluded = spec.addresses.clone();
/// spec.addresses = vec![VirtualAddress::new("2001:db8::1".parse()?, 64)];
/// assert_eq!(spec.check(), Err(SpecError::NoAddress { family: Family::V4 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterSpec {
    /// The election.
    pub config: Config,
    /// The interface. The router waits for it while it does not exist. Where the path is
    /// [routed](Path::Unicast::routed) it is that of the source address, on which virtual addresses
    /// without a device go.
    pub interface: InterfaceName,
    /// The advertised addresses, in the order they are sent (RFC 9568 §5.2.9). Those beyond what
    /// one advertisement can carry are kept but not advertised.
    pub addresses: Vec<VirtualAddress>,
    /// Addresses that are added but not advertised, of either family.
    pub excluded: Vec<VirtualAddress>,
    /// The destinations and the source of advertisements.
    pub path: Path,
    /// The authentication, version 2 only.
    pub expect: Expect,
    /// The form of the integrity check value sent; both are accepted.
    pub icv: IcvForm,
    /// The form of the version 3 checksum sent over IPv4; all are accepted.
    pub checksum: TransmitChecksum,
    /// Whether the address owner discards every advertisement, as in RFC 5798. In RFC 9568 it
    /// accepts those of other owners.
    pub owner_is_deaf: bool,
    /// What to do about an IPv6 advertisement whose first address is not link-local.
    pub first_address: Conformance,
    /// What to do about an address list other than ours.
    pub address_list: Conformance,
    /// The schedule of announcements to neighbours.
    pub announce: announce::Config,
    /// The least time between two gratuitous ARP requests of this router.
    pub arp_interval: Duration,
    /// The least time between two of its unsolicited neighbour advertisements.
    pub neighbor_interval: Duration,
    /// The virtual MAC, where one is used (RFC 9568 §7.3).
    pub virtual_mac: Option<VirtualMac>,
    /// Whether the router follows the state of its interface. Without it only a missing interface
    /// or address stops the router.
    pub track_interface: bool,
}

impl RouterSpec {
    /// The defaults: multicast, no authentication, no virtual MAC. The checksum is that of RFC 5798
    /// until another is learned, as some peers accept no other.
    #[must_use]
    pub fn new(config: Config, interface: InterfaceName, addresses: Vec<VirtualAddress>) -> Self {
        let group = match config.family() {
            Family::V4 => IpAddr::V4(MULTICAST_V4),
            Family::V6 => IpAddr::V6(MULTICAST_V6),
        };
        Self {
            config,
            interface,
            addresses,
            excluded: Vec::new(),
            path: Path::Multicast {
                group,
                source: None,
            },
            expect: Expect::None,
            icv: IcvForm::TtlCovered,
            checksum: TransmitChecksum::FollowPeer(ChecksumForm::PseudoHeader),
            owner_is_deaf: false,
            first_address: Conformance::Report,
            address_list: Conformance::Report,
            announce: announce::Config::default(),
            arp_interval: Duration::ZERO,
            neighbor_interval: Duration::ZERO,
            virtual_mac: None,
            track_interface: true,
        }
    }
}

/// An address that moves with the virtual router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualAddress {
    /// The address. The driver fills in the interface index.
    pub spec: AddressSpec,
    /// Its interface, if not the router's.
    pub device: Option<InterfaceName>,
    /// Whether the router can be Active only while `device` is up.
    pub track: bool,
}

impl VirtualAddress {
    /// A plain address on the router's interface.
    #[must_use]
    pub const fn new(address: IpAddr, prefix_len: u8) -> Self {
        Self {
            spec: AddressSpec::new(0, address, prefix_len),
            device: None,
            track: true,
        }
    }
}

/// The destinations of advertisements.
///
/// ```
/// use vrrp_core::receive::Peer;
/// use vrrp_mio::Path;
///
/// let peers = vec![Peer {
///     address: [192, 0, 2, 2].into(),
///     min_ttl: 255,
///     max_ttl: 255,
/// }];
/// let path = Path::unicast([192, 0, 2, 1].into(), peers);
/// assert_eq!(path.source(), Some([192, 0, 2, 1].into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path {
    /// Multicast.
    Multicast {
        /// The group.
        group: IpAddr,
        /// The source address; the interface's primary address if absent.
        source: Option<IpAddr>,
    },
    /// Unicast to each peer.
    Unicast {
        /// The source address; the interface's primary address if absent.
        source: Option<IpAddr>,
        /// The peers and the hop counts their packets may arrive with.
        peers: Vec<Peer>,
        /// Whether packets from others are discarded.
        only: bool,
        /// Time to live or hop limit sent.
        hop_limit: u8,
        /// Whether packets leave as the kernel routes them and may come in on any interface, rather
        /// than on the router's. It then needs a source.
        routed: bool,
    },
}

impl Path {
    /// Unicast to `peers`; packets from others are discarded.
    #[must_use]
    pub const fn unicast(source: IpAddr, peers: Vec<Peer>) -> Self {
        Self::Unicast {
            source: Some(source),
            peers,
            only: true,
            hop_limit: TTL,
            routed: false,
        }
    }

    /// Whether it leads to peers.
    pub(super) const fn is_unicast(&self) -> bool {
        match self {
            Self::Multicast { .. } => false,
            Self::Unicast { .. } => true,
        }
    }

    /// Whether packets leave as the kernel routes them.
    #[must_use]
    pub const fn is_routed(&self) -> bool {
        match self {
            Self::Multicast { .. } => false,
            Self::Unicast { routed, .. } => *routed,
        }
    }

    /// Whether an advertisement may be for a router of either path.
    pub(super) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Multicast { group, .. }, Self::Multicast { group: other, .. }) => group == other,
            (Self::Unicast { peers, .. }, Self::Unicast { peers: others, .. }) => {
                let is_other = |peer: &Peer| others.iter().any(|it| it.address == peer.address);
                peers.iter().any(is_other)
            }
            (Self::Multicast { .. }, Self::Unicast { .. })
            | (Self::Unicast { .. }, Self::Multicast { .. }) => false,
        }
    }

    /// The configured source address.
    #[must_use]
    pub const fn source(&self) -> Option<IpAddr> {
        match self {
            Self::Multicast { source, .. } | Self::Unicast { source, .. } => *source,
        }
    }
}

/// A virtual MAC address on a macvlan of its own.
///
/// ```
/// use vrrp_core::{Family, Vrid};
/// use vrrp_mio::VirtualMac;
/// use vrrp_mio::macvlan::MacvlanSpec;
///
/// // Of the standard, on a macvlan `vrrp.51`. The driver finds the interface under it.
/// let of_router = MacvlanSpec::of_router(Vrid::new(51).expect("1 to 255"), Family::V4, 0)?;
/// let virtual_mac = VirtualMac {
///     name: of_router.name,
///     mac: of_router.mac,
///     transmit_base: false,
/// };
/// assert_eq!(virtual_mac.mac.to_string(), "00:00:5e:00:01:33");
/// # Ok::<(), vrrp_mio::interfaces::InterfaceNameError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VirtualMac {
    /// Name of the macvlan.
    pub name: InterfaceName,
    /// Its address.
    pub mac: MacAddr,
    /// Whether advertisements leave with the interface's own address all the same.
    pub transmit_base: bool,
}
