//! The priority of a router in an election.

use core::fmt;

/// A router's priority (RFC 9568 §5.2.4): 255 owns the addresses, 1..=254 backs them up, 0 is sent
/// by an Active Router that resigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Priority(u8);

impl Priority {
    /// Sent by an Active Router that stops.
    pub const RESIGN: Self = Self(0);
    /// The default of a backup (RFC 9568 §6.1).
    pub const DEFAULT: Self = Self(100);
    /// The router that owns the virtual addresses.
    pub const OWNER: Self = Self(255);

    /// The priority an octet on the wire stands for.
    #[must_use]
    pub const fn from_wire(octet: u8) -> Self {
        Self(octet)
    }

    /// A priority a router may be configured with, or `None` for zero.
    #[must_use]
    pub const fn new(priority: u8) -> Option<Self> {
        if priority == 0 {
            None
        } else {
            Some(Self(priority))
        }
    }

    /// The priority as the octet on the wire.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Whether this is 255.
    #[must_use]
    pub const fn is_owner(self) -> bool {
        self.0 == Self::OWNER.0
    }

    /// Whether this is 0.
    #[must_use]
    pub const fn is_resign(self) -> bool {
        self.0 == Self::RESIGN.0
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn nobody_is_configured_to_resign() {
        assert_eq!(Priority::new(0), None);
        assert_eq!(Priority::new(1).map(Priority::get), Some(1));
        assert_eq!(Priority::new(255), Some(Priority::OWNER));
    }

    #[test]
    fn displays_the_number() {
        assert_eq!(Priority::OWNER.to_string(), "255");
    }
}
