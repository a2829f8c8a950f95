//! The notices that a driver gives to its caller.

use core::net::IpAddr;

use vrrp_core::receive::{Discard, Remarks};
use vrrp_core::{Family, Heard, Transition, Vrid};

use super::RouterId;
use super::obstacle::Obstacle;
use crate::addresses::AddressError;
use crate::firewall::FirewallError;
use crate::sysctl::SysctlError;
use crate::{InterfaceName, OpenError, ReceiveError, SendError};

/// Something that the caller may want to log, count or react to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice {
    /// A virtual router changed its role.
    Transition {
        /// The virtual router.
        router: RouterId,
        /// From, to and why.
        transition: Transition,
    },
    /// A held virtual router is a candidate: its sync group has to decide.
    Candidate {
        /// The virtual router.
        router: RouterId,
    },
    /// An Active router answered a router that advertised less, or one that resigned.
    Contested {
        /// The virtual router.
        router: RouterId,
        /// What was heard.
        heard: Heard,
    },
    /// An advertisement was admitted with remarks; reported once per sender and kind until the next
    /// transition, of up to eight.
    Remark {
        /// The virtual router.
        router: RouterId,
        /// The sender.
        source: IpAddr,
        /// The remarks.
        remarks: Remarks,
    },
    /// An advertisement was discarded; reported once per kind until the next transition.
    Discarded {
        /// The virtual router.
        router: RouterId,
        /// The sender.
        source: IpAddr,
        /// Why.
        discard: Discard,
    },
    /// An advertisement for a virtual router that is not configured; reported once per VRID.
    Unknown {
        /// The interface.
        interface: InterfaceName,
        /// The family.
        family: Family,
        /// The identifier.
        vrid: Vrid,
    },
    /// A virtual address is in place.
    AddressInstalled {
        /// The virtual router.
        router: RouterId,
        /// The address.
        address: IpAddr,
    },
    /// Somebody else removed a virtual address; it is put back.
    AddressLost {
        /// The virtual router.
        router: RouterId,
        /// The address.
        address: IpAddr,
    },
    /// A virtual address cannot be put in place; tried again later.
    AddressFailed {
        /// The virtual router.
        router: RouterId,
        /// The address.
        address: IpAddr,
        /// Why.
        error: AddressError,
    },
    /// A kernel parameter cannot be set that a macvlan needs, or a router to hear the owner of its
    /// addresses.
    SysctlFailed {
        /// Why.
        error: SysctlError,
    },
    /// Packets to the addresses of Active routers that do not accept them (Accept_Mode) are accepted
    /// all the same; reported once until they are refused again.
    FirewallFailed {
        /// Why.
        error: FirewallError,
    },
    /// An obstacle that keeps a virtual router from being Active has appeared or disappeared.
    Obstacle {
        /// The virtual router.
        router: RouterId,
        /// What it is.
        obstacle: Obstacle,
        /// Whether it is there now.
        present: bool,
    },
    /// A socket for an interface cannot be opened; tried again when the interface changes.
    SocketFailed {
        /// The interface.
        interface: InterfaceName,
        /// Why.
        error: OpenError,
    },
    /// A socket receives no more; another is opened a second later.
    ReceiveFailed {
        /// The interface.
        interface: InterfaceName,
        /// Why.
        error: ReceiveError,
    },
    /// An advertisement could not be sent; reported once until one is sent again.
    SendFailed {
        /// The virtual router.
        router: RouterId,
        /// Why.
        error: SendError,
    },
    /// The loop woke up this late: the machine or the process was stopped, or starved.
    Late {
        /// By how much.
        by: core::time::Duration,
    },
    /// The kernel dropped notifications; everything was read again.
    Resynchronised,
}

impl Notice {
    /// The virtual router it is about.
    #[must_use]
    pub const fn router(&self) -> Option<RouterId> {
        match self {
            Self::Transition { router, .. }
            | Self::Candidate { router }
            | Self::Contested { router, .. }
            | Self::Remark { router, .. }
            | Self::Discarded { router, .. }
            | Self::AddressInstalled { router, .. }
            | Self::AddressLost { router, .. }
            | Self::AddressFailed { router, .. }
            | Self::Obstacle { router, .. }
            | Self::SendFailed { router, .. } => Some(*router),
            Self::Unknown { .. }
            | Self::SysctlFailed { .. }
            | Self::FirewallFailed { .. }
            | Self::SocketFailed { .. }
            | Self::ReceiveFailed { .. }
            | Self::Late { .. }
            | Self::Resynchronised => None,
        }
    }
}
