//! Protocol versions.

use core::fmt;

/// A version of the protocol. With the feature `serde` it is its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u8", into = "u8"))]
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

impl From<Version> for u8 {
    fn from(version: Version) -> Self {
        version.number()
    }
}

impl TryFrom<u8> for Version {
    type Error = VersionError;

    fn try_from(number: u8) -> Result<Self, VersionError> {
        match number {
            2 => Ok(Self::V2),
            3 => Ok(Self::V3),
            number => Err(VersionError { number }),
        }
    }
}

/// A number that is no version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("VRRP has no version {number}, but 2 and 3")]
#[non_exhaustive]
pub struct VersionError {
    /// The number.
    pub number: u8,
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
    fn has_the_number_of_the_wire() {
        assert_eq!(Version::try_from(2), Ok(Version::V2));
        assert_eq!(Version::try_from(3), Ok(Version::V3));
        assert_eq!(Version::try_from(4), Err(VersionError { number: 4 }));
        assert_eq!(u8::from(Version::V3), 3);
    }

    #[test]
    fn displays_the_protocol_and_its_number() {
        assert_eq!(Version::V2.to_string(), "VRRPv2");
        assert_eq!(Version::V3.to_string(), "VRRPv3");
    }
}
