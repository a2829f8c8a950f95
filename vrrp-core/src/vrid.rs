//! The virtual router identifier.

use core::fmt;
use core::num::NonZeroU8;

use crate::{Family, MacAddr};

/// A virtual router identifier, 1..=255 (RFC 9568 §5.2.3).
///
/// It is unique per interface and address family: VRID 7 over IPv4 and VRID 7 over IPv6 are two
/// virtual routers (RFC 9568 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Vrid(NonZeroU8);

impl Vrid {
    /// The identifier `vrid`, or `None` for zero.
    #[must_use]
    pub const fn new(vrid: u8) -> Option<Self> {
        match NonZeroU8::new(vrid) {
            Some(vrid) => Some(Self(vrid)),
            None => None,
        }
    }

    /// The identifier as the octet on the wire.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0.get()
    }

    /// The virtual router's MAC address (RFC 9568 §7.3): `00-00-5E-00-01-{VRID}` over IPv4,
    /// `00-00-5E-00-02-{VRID}` over IPv6.
    #[must_use]
    pub const fn virtual_mac(self, family: Family) -> MacAddr {
        let block = match family {
            Family::V4 => 1,
            Family::V6 => 2,
        };
        MacAddr([0x00, 0x00, 0x5e, 0x00, block, self.get()])
    }
}

impl fmt::Display for Vrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn displays_the_number() {
        assert_eq!(Vrid::new(51).unwrap().to_string(), "51");
    }

    #[test]
    fn zero_is_no_vrid() {
        assert_eq!(Vrid::new(0), None);
        assert_eq!(Vrid::new(255).map(Vrid::get), Some(255));
    }

    #[test]
    fn virtual_macs_of_both_families() {
        let vrid = Vrid::new(0x33).unwrap();
        assert_eq!(
            vrid.virtual_mac(Family::V4),
            MacAddr([0, 0, 0x5e, 0, 1, 0x33])
        );
        assert_eq!(
            vrid.virtual_mac(Family::V6),
            MacAddr([0, 0, 0x5e, 0, 2, 0x33])
        );
    }
}
