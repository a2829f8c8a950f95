//! Protocol versions.

use core::fmt;

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Version {
    /// VRRPv2 (RFC 3768, with the authentication types of RFC 2338); IPv4 only.
    V2,
    /// VRRPv3 (RFC 9568, RFC 5798); IPv4 and IPv6.
    V3,
}

impl Version {
    /// The version number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }
}

/// `VRRPv2` or `VRRPv3`.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VRRPv{}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn displays_the_protocol_and_its_number() {
        assert_eq!(Version::V2.to_string(), "VRRPv2");
        assert_eq!(Version::V3.to_string(), "VRRPv3");
    }
}
