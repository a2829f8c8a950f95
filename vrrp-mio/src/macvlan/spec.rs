//! The specification of a macvlan.

use vrrp_core::{Family, MacAddr, Vrid};

use crate::interfaces::{InterfaceName, InterfaceNameError, Interfaces, Link};

/// A macvlan with a virtual MAC address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacvlanSpec {
    /// Its name.
    pub name: InterfaceName,
    /// The index of the interface it sits on.
    pub parent: u32,
    /// The virtual MAC address.
    pub mac: MacAddr,
}

impl MacvlanSpec {
    /// The macvlan of a virtual router: `vrrp.VRID` over IPv4, `vrrp6.VRID` over IPv6.
    ///
    /// # Errors
    /// Never, as both names are short enough.
    pub fn of_router(vrid: Vrid, family: Family, parent: u32) -> Result<Self, InterfaceNameError> {
        let prefix = match family {
            Family::V4 => "vrrp",
            Family::V6 => "vrrp6",
        };
        Ok(Self {
            name: format!("{prefix}.{vrid}").parse()?,
            parent,
            mac: vrid.virtual_mac(family),
        })
    }

    /// Whether `link` is this macvlan, or one to be taken over for it.
    #[must_use]
    pub fn is_met_by(&self, link: &Link, interfaces: &Interfaces) -> bool {
        self.difference(link, interfaces).is_none()
    }
}
