//! A network interface, as reported by the kernel.

use nix::libc;
use vrrp_core::MacAddr;

use super::InterfaceName;

/// One network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The kernel's number for it, never zero.
    pub index: u32,
    /// Its present name.
    pub name: InterfaceName,
    /// Its hardware address, if that is an Ethernet address.
    pub mac: Option<MacAddr>,
    /// Its flags.
    pub flags: LinkFlags,
    /// The largest packet it carries, in octets.
    pub mtu: u32,
    /// Its kind.
    pub kind: LinkKind,
    /// The interface under it (`IFLA_LINK`): the parent of a macvlan, the peer of a veth.
    pub parent: Option<u32>,
    /// The network namespace that `parent` is numbered in, by its number here
    /// (`IFLA_LINK_NETNSID`), if that is another one.
    pub parent_namespace: Option<i32>,
    /// The index of the VRF that it is in.
    pub vrf: Option<u32>,
}

impl Link {
    /// Whether packets can flow: up and, as far as the driver knows, with carrier.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.flags.is_up() && self.flags.is_running()
    }
}

/// The flags of an interface, as in netdevice(7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkFlags(u32);

impl LinkFlags {
    /// The flags the kernel encodes as `bits` (`IFF_*`).
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Set up by an administrator (`IFF_UP`).
    #[must_use]
    pub const fn is_up(self) -> bool {
        self.has(libc::IFF_UP)
    }

    /// Operationally up (`IFF_RUNNING`).
    #[must_use]
    pub const fn is_running(self) -> bool {
        self.has(libc::IFF_RUNNING)
    }

    /// With carrier (`IFF_LOWER_UP`).
    #[must_use]
    pub const fn has_carrier(self) -> bool {
        self.0 & (1 << 16) != 0
    }

    /// A loopback interface.
    #[must_use]
    pub const fn is_loopback(self) -> bool {
        self.has(libc::IFF_LOOPBACK)
    }

    /// Without ARP and neighbour discovery (`IFF_NOARP`).
    #[must_use]
    pub const fn is_without_arp(self) -> bool {
        self.has(libc::IFF_NOARP)
    }

    const fn has(self, flag: libc::c_int) -> bool {
        self.0 & flag.cast_unsigned() != 0
    }
}

/// What an interface was made as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LinkKind {
    /// Hardware, the loopback interface, or anything else without a kind.
    #[default]
    Plain,
    /// A macvlan.
    Macvlan {
        /// `MACVLAN_MODE_*`: 1 private, 2 VEPA, 4 bridge, 8 pass-through, 16 source.
        mode: u32,
    },
    /// Any other kind, by the kernel's name for it.
    Other(Box<str>),
}
