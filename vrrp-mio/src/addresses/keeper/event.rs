//! The types of the keeper's interface: declarations of owners, and events for them.

use thiserror::Error;

use crate::interfaces::{AddressKey, KernelAddress};
use crate::netlink::RequestError;

/// The owner of an address while its virtual router is not active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenure {
    /// It belongs to the virtual router alone, and a Backup must not have it (RFC 9568 §6.4.2).
    Virtual,
    /// It is this host's own (the router is the address owner, priority 255): removed only if it
    /// was added here.
    Owner,
}

/// An event for an owner of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressEvent<O> {
    /// An address is in place and usable; it can be announced to neighbours now.
    Installed {
        /// Its owner.
        owner: O,
        /// The address.
        address: KernelAddress,
    },
    /// An address was removed by somebody else; it is being added again.
    Lost {
        /// Its owner.
        owner: O,
        /// The address.
        address: KernelAddress,
    },
    /// An address was removed here, to be added again at once: it is wanted with another label or
    /// scope, say, or the kernel removed it along with another address of its subnet.
    Removed {
        /// Its owner.
        owner: O,
        /// The address.
        address: KernelAddress,
    },
    /// An address cannot be added or removed for now; it is tried again later.
    Failed {
        /// Its owner.
        owner: O,
        /// The address.
        key: AddressKey,
        /// Why.
        error: AddressError,
    },
}

/// The reason why an address is not usable.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// The kernel refused to add or remove it.
    #[error("the kernel refused a change of the address")]
    Request(#[source] RequestError),
    /// Duplicate address detection found another holder; the address is there but unusable.
    #[error("another host has the address")]
    Duplicate,
    /// Duplicate address detection does not end; the address is there but unusable.
    #[error("duplicate address detection does not end")]
    Tentative,
}
