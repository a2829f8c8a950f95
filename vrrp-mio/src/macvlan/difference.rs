//! The differences between an interface and the wanted macvlan.

use core::fmt;

use vrrp_core::MacAddr;

use super::MacvlanSpec;
use crate::interfaces::{Interfaces, Link, LinkKind};

/// What an interface is that has the name of a macvlan and is not that macvlan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It is of another kind.
    Kind(LinkKind),
    /// It is a macvlan on another interface, perhaps in another network namespace.
    Lower,
    /// It is a macvlan with another MAC address.
    Mac(Option<MacAddr>),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(LinkKind::Other(kind)) => write!(f, "is of kind {kind}, no macvlan"),
            Self::Kind(LinkKind::Plain | LinkKind::Macvlan { .. }) => f.write_str("is no macvlan"),
            Self::Lower => f.write_str("is a macvlan on another interface"),
            Self::Mac(Some(mac)) => write!(f, "is a macvlan with MAC address {mac}"),
            Self::Mac(None) => f.write_str("is a macvlan without a MAC address"),
        }
    }
}

impl MacvlanSpec {
    /// What keeps `link`, which has the name, from being this macvlan, whatever its mode.
    pub(super) fn difference(&self, link: &Link, interfaces: &Interfaces) -> Option<Difference> {
        if !matches!(link.kind, LinkKind::Macvlan { .. }) {
            return Some(Difference::Kind(link.kind.clone()));
        }
        if link.mac != Some(self.mac) {
            return Some(Difference::Mac(link.mac));
        }
        let lower = link.parent.map(|index| (index, link.parent_namespace));
        (lower.is_none() || lower != self.lower(interfaces)).then_some(Difference::Lower)
    }

    /// The interface the kernel puts the macvlan on, and its namespace if that is another one: one
    /// that is asked for on a macvlan goes on that one's own.
    fn lower(&self, interfaces: &Interfaces) -> Option<(u32, Option<i32>)> {
        let parent = interfaces.link(self.parent)?;
        let stacked = match &parent.kind {
            LinkKind::Macvlan { .. } => true,
            LinkKind::Other(kind) => &**kind == "macvtap",
            LinkKind::Plain => false,
        };
        if stacked {
            Some((parent.parent?, parent.parent_namespace))
        } else {
            Some((parent.index, None))
        }
    }
}
