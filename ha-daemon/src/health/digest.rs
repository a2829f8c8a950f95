//! The MD5 digest of a body, in the format of `genhash`.

use core::fmt;
use core::str::FromStr;

use md5::Digest as _;

/// An MD5 digest (RFC 1321), written as 32 hexadecimal digits.
///
/// It shows whether a page is the expected one; it does not protect against forgery.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 16]);

/// Not 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest has 32 hexadecimal digits")]
pub struct DigestError;

impl Digest {
    /// The digest with these octets.
    #[must_use]
    pub const fn from_octets(octets: [u8; 16]) -> Self {
        Self(octets)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 16 || !rest.is_empty() {
            return Err(DigestError);
        }
        let mut octets = [0; 16];
        for (octet, [high, low]) in octets.iter_mut().zip(pairs) {
            *octet = nibble(*high)? << 4 | nibble(*low)?;
        }
        Ok(Self(octets))
    }
}

const fn nibble(digit: u8) -> Result<u8, DigestError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(DigestError),
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A digest in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct Digester(md5::Md5);

impl Digester {
    pub(super) fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    pub(super) fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 1321 §A.5.
    #[test]
    fn digests_are_those_of_the_rfc() {
        let of = |text: &str| {
            let mut digester = Digester::default();
            for octet in text.as_bytes() {
                digester.update(&[*octet]);
            }
            digester.finish().to_string()
        };
        assert_eq!(of(""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(of("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    }

    #[test]
    fn digests_are_read_in_either_case_and_nothing_else() {
        let lower: Digest = "9b3a0c85a887a256d6939da88aabd8cd".parse().unwrap();
        assert_eq!("9B3A0C85A887A256D6939DA88AABD8CD".parse(), Ok(lower));
        assert_eq!(lower.to_string(), "9b3a0c85a887a256d6939da88aabd8cd");
        for wrong in [
            "",
            "9b3a0c85a887a256d6939da88aabd8c",
            "9b3a0c85a887a256d6939da88aabd8cdd",
            "9b3a0c85a887a256d6939da88aabd8cg",
            "9b3a0c85a887a256d6939da88aabd8€",
        ] {
            assert_eq!(wrong.parse::<Digest>(), Err(DigestError), "{wrong}");
        }
    }
}
