//! The reasons that keep a virtual router from being Active.

use core::net::IpAddr;

use thiserror::Error;

use crate::InterfaceName;
use crate::addresses::AddressError;
use crate::macvlan::MacvlanError;

/// Why a virtual router cannot be Active.
///
/// A router with any of these waits in Initialize.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Obstacle {
    /// Its interface does not exist.
    #[error("interface {0} does not exist")]
    InterfaceMissing(InterfaceName),
    /// Its interface is down or has no carrier.
    #[error("interface {0} is down")]
    InterfaceDown(InterfaceName),
    /// Its interface is a loopback interface.
    #[error("interface {0} is a loopback interface")]
    InterfaceLoopback(InterfaceName),
    /// Its socket could not be opened.
    #[error("no socket on interface {0}")]
    NoSocket(InterfaceName),
    /// It has no address to send from.
    #[error("no address on interface {0} to send from")]
    NoPrimaryAddress(InterfaceName),
    /// The interface of a virtual address does not exist.
    #[error("interface {0} of a virtual address does not exist")]
    DeviceMissing(InterfaceName),
    /// The interface of a virtual address is down or has no carrier.
    #[error("interface {0} of a virtual address is down")]
    DeviceDown(InterfaceName),
    /// The macvlan does not exist yet, or is not set up.
    #[error("interface {0} of the virtual MAC is not there yet")]
    VirtualMacMissing(InterfaceName),
    /// The macvlan cannot be created.
    #[error(transparent)]
    VirtualMac(MacvlanError),
    /// No virtual address can be added; this is the reason for one of them.
    #[error("no virtual address is in place: {address}")]
    NoVirtualAddress {
        /// The address.
        address: IpAddr,
        /// Why.
        #[source]
        error: AddressError,
    },
    /// The caller reported a fault.
    #[error("something tracked is down")]
    Tracked,
}

impl Obstacle {
    /// A word for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::InterfaceMissing(_) => "interface-missing",
            Self::InterfaceDown(_) => "interface-down",
            Self::InterfaceLoopback(_) => "interface-loopback",
            Self::NoSocket(_) => "no-socket",
            Self::NoPrimaryAddress(_) => "no-primary-address",
            Self::DeviceMissing(_) => "address-interface-missing",
            Self::DeviceDown(_) => "address-interface-down",
            Self::VirtualMacMissing(_) => "virtual-mac-missing",
            Self::VirtualMac(MacvlanError::NameTaken { .. }) => "virtual-mac-name-taken",
            Self::VirtualMac(MacvlanError::Request { .. }) => "virtual-mac-refused",
            Self::NoVirtualAddress { error, .. } => match error {
                AddressError::Request(_) => "addresses-refused",
                AddressError::Duplicate => "addresses-duplicate",
                AddressError::Tentative => "addresses-tentative",
            },
            Self::Tracked => "tracked",
        }
    }

    /// What of the machine's inputs it is.
    pub(super) const fn input(&self) -> Input {
        match self {
            Self::InterfaceMissing(_)
            | Self::InterfaceDown(_)
            | Self::InterfaceLoopback(_)
            | Self::NoSocket(_) => Input::Interface,
            Self::NoPrimaryAddress(_) => Input::PrimaryAddress,
            Self::DeviceMissing(_)
            | Self::DeviceDown(_)
            | Self::VirtualMacMissing(_)
            | Self::VirtualMac(_)
            | Self::NoVirtualAddress { .. }
            | Self::Tracked => Input::Fault,
        }
    }
}

/// How the election learns of an obstacle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Nothing can be sent, not even a resignation.
    Interface,
    /// The source of what is sent.
    PrimaryAddress,
    /// Peers can be informed.
    Fault,
}
