//! The specification of a virtual address.

use core::net::{IpAddr, Ipv4Addr};
use core::str::FromStr;

use thiserror::Error;

use crate::interfaces::{AddressKey, Scope};

/// The configuration of an address on an interface.
///
/// The kernel checks the combination; a refusal is reported as a failure of the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressSpec {
    /// Its interface.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// Length of the on-link prefix in bits: 0..=32 or 0..=128.
    pub prefix_len: u8,
    /// The far end of a point-to-point pair; `prefix_len` is then of this address.
    pub peer: Option<IpAddr>,
    /// The broadcast address (IPv4).
    pub broadcast: Option<Ipv4Addr>,
    /// The scope of the address.
    pub scope: Scope,
    /// The label old tools show in place of the interface's name (IPv4).
    pub label: Option<AddressLabel>,
    /// Seconds the address is preferred as a source: `None` for ever, zero for never (deprecated).
    pub preferred_lifetime: Option<u32>,
    /// Whether to look for a duplicate before use (IPv6).
    ///
    /// Off for a virtual address: a peer that still holds it would win (RFC 9568 §8.2.2).
    pub duplicate_detection: bool,
    /// A home address of mobile IPv6.
    pub home: bool,
    /// Make temporary addresses from it (IPv6, RFC 8981).
    pub manage_temporary: bool,
    /// Add no route to the prefix.
    pub no_prefix_route: bool,
    /// Join the multicast group of this address.
    pub auto_join: bool,
}

impl AddressSpec {
    /// A global, preferred address without any option.
    #[must_use]
    pub const fn new(index: u32, address: IpAddr, prefix_len: u8) -> Self {
        Self {
            index,
            address,
            prefix_len,
            peer: None,
            broadcast: None,
            scope: Scope::GLOBAL,
            label: None,
            preferred_lifetime: None,
            duplicate_detection: false,
            home: false,
            manage_temporary: false,
            no_prefix_route: false,
            auto_join: false,
        }
    }

    /// [`key`](Self::key), were it on the interface with index `index`.
    #[must_use]
    pub fn key_on(&self, index: u32) -> AddressKey {
        AddressKey::new(index, self.address, self.prefix_len, self.peer)
    }

    /// The fields by which the kernel distinguishes it from other addresses.
    #[must_use]
    pub fn key(&self) -> AddressKey {
        AddressKey::new(self.index, self.address, self.prefix_len, self.peer)
    }
}

/// The label of an IPv4 address: 1 to 15 octets, by custom the interface's name, a colon and a
/// number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressLabel(Box<str>);

/// A text is not a valid address label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddressLabelError {
    /// It has no octets, or more than 15.
    #[error("an address label has 1 to 15 octets, not {0}")]
    Length(usize),
    /// It contains a NUL.
    #[error("an address label cannot contain a NUL")]
    Nul,
}

impl AddressLabel {
    /// The label as text.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AddressLabel {
    type Err = AddressLabelError;

    fn from_str(label: &str) -> Result<Self, Self::Err> {
        if !(1..=15).contains(&label.len()) {
            return Err(AddressLabelError::Length(label.len()));
        }
        if label.contains('\0') {
            return Err(AddressLabelError::Nul);
        }
        Ok(Self(label.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_one_to_fifteen_octets_are_taken() {
        assert_eq!("eth0:1".parse::<AddressLabel>().unwrap().as_str(), "eth0:1");
        assert_eq!(
            "".parse::<AddressLabel>(),
            Err(AddressLabelError::Length(0))
        );
        assert_eq!(
            "eth0:1234567890a".parse::<AddressLabel>(),
            Err(AddressLabelError::Length(16))
        );
        assert_eq!("a\0b".parse::<AddressLabel>(), Err(AddressLabelError::Nul));
    }
}
