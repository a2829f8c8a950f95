//! Short names of kernel objects.

use core::fmt;
use core::str::FromStr;

use thiserror::Error;

/// The name of a scheduler, a persistence engine or an interface: 1..=15 octets of printable
/// ASCII without space.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    // Unused octets are zero, so that equality is that of the names.
    octets: [u8; Self::MAX],
}

/// The reason why a text is not a [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// It is empty.
    #[error("an empty name")]
    Empty,
    /// Longer than the kernel holds.
    #[error("a name of {0} octets, at most {max} are possible", max = Name::MAX)]
    Long(usize),
    /// An octet that is not printable ASCII.
    #[error("octet {0:#04x} in a name")]
    Octet(u8),
}

impl Name {
    /// The most octets a name has.
    pub const MAX: usize = 15;

    /// The name `name`.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let mut octets = [0; Self::MAX];
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        octets
            .get_mut(..name.len())
            .ok_or(NameError::Long(name.len()))?
            .copy_from_slice(name.as_bytes());
        match name.bytes().find(|octet| !octet.is_ascii_graphic()) {
            Some(octet) => Err(NameError::Octet(octet)),
            None => Ok(Self { octets }),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let end = self.octets.iter().position(|&octet| octet == 0);
        let octets = self.octets.get(..end.unwrap_or(Self::MAX));
        // Only ASCII gets in.
        octets.map_or("", |octets| str::from_utf8(octets).unwrap_or(""))
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        Self::new(name)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <alloc::string::String as serde::Deserialize>::deserialize(deserializer)?;
        Self::new(&name).map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Name {
    fn arbitrary(input: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut octets = [0; Self::MAX];
        let length = input.int_in_range(1..=Self::MAX)?;
        for octet in octets.iter_mut().take(length) {
            *octet = input.int_in_range(b'!'..=b'~')?;
        }
        Ok(Self { octets })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_the_kernel() {
        let name = Name::new("wlc").unwrap();
        assert_eq!(name.as_str(), "wlc");
        assert_eq!(alloc::format!("{name} {name:?}"), "wlc \"wlc\"");
        assert_eq!(
            Name::new("fifteen-octets!").unwrap().as_str(),
            "fifteen-octets!"
        );
        assert_eq!(Name::new("sixteen-octets!!"), Err(NameError::Long(16)));
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert_eq!(Name::new("a b"), Err(NameError::Octet(b' ')));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_name_is_serialized_as_its_text() {
        use serde::de::IntoDeserializer;
        use serde::de::value::{Error, StrDeserializer};
        use serde::{Deserialize, Serialize};

        // A formatter is the serializer that the standard library has.
        struct Serialized(Name);

        impl fmt::Display for Serialized {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.serialize(f)
            }
        }

        let name = Name::new("wlc").unwrap();
        assert_eq!(alloc::string::ToString::to_string(&Serialized(name)), "wlc");
        let read = |text: &'static str| {
            let deserializer: StrDeserializer<'_, Error> = text.into_deserializer();
            Name::deserialize(deserializer)
        };
        assert_eq!(read("wlc"), Ok(name));
        let error = read("a b").unwrap_err();
        assert_eq!(
            alloc::string::ToString::to_string(&error),
            "octet 0x20 in a name"
        );
    }
}
