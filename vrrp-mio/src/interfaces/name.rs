//! The names of interfaces.

use core::fmt;
use core::str::FromStr;

use thiserror::Error;

/// Octets of the longest name; `IFNAMSIZ` counts a terminating NUL.
const LONGEST: usize = 15;

/// The name of a network interface: 1 to 15 octets of UTF-8 without `/`, `:` and white space, and
/// neither `.`, `..`, `all` nor `default`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceName {
    octets: [u8; LONGEST],
    length: u8,
}

/// A text is not an interface name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InterfaceNameError {
    /// It has no octets, or more than 15.
    #[error("an interface name has 1 to 15 octets, not {0}")]
    Length(usize),
    /// It contains this character.
    #[error("an interface name cannot contain {0:?}")]
    Character(char),
    /// It is `.` or `..`.
    #[error("an interface name cannot be a relative directory")]
    Directory,
    /// It is `all` or `default`, which stand for more than one interface in `/proc/sys/net`.
    #[error("no interface can be called `all` or `default`")]
    Reserved,
}

impl InterfaceName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.octets
            .get(..usize::from(self.length))
            .and_then(|octets| core::str::from_utf8(octets).ok())
            .unwrap_or_default()
    }
}

impl FromStr for InterfaceName {
    type Err = InterfaceNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if let Some(character) = name
            .chars()
            .find(|c| matches!(c, '/' | ':' | '\0') || c.is_whitespace())
        {
            return Err(InterfaceNameError::Character(character));
        }
        if name == "." || name == ".." {
            return Err(InterfaceNameError::Directory);
        }
        if name == "all" || name == "default" {
            return Err(InterfaceNameError::Reserved);
        }
        let length = match u8::try_from(name.len()) {
            Ok(length) if length != 0 => length,
            Ok(_) | Err(_) => return Err(InterfaceNameError::Length(name.len())),
        };
        let mut octets = [0; LONGEST];
        octets
            .get_mut(..name.len())
            .ok_or(InterfaceNameError::Length(name.len()))?
            .copy_from_slice(name.as_bytes());
        Ok(Self { octets, length })
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_kernel_takes_are_taken() {
        for name in ["lo", "eth0", "vrrp.51", "bond0.100", "abcdefghijklmno", "ü"] {
            assert_eq!(name.parse::<InterfaceName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn names_that_would_escape_a_path_or_overflow_are_refused() {
        use InterfaceNameError::{Character, Directory, Length, Reserved};
        for (name, error) in [
            ("", Length(0)),
            ("abcdefghijklmnop", Length(16)),
            ("../all", Character('/')),
            ("eth0:1", Character(':')),
            ("eth 0", Character(' ')),
            ("eth\0", Character('\0')),
            (".", Directory),
            ("..", Directory),
            ("all", Reserved),
            ("default", Reserved),
        ] {
            assert_eq!(name.parse::<InterfaceName>(), Err(error), "{name:?}");
        }
    }
}
