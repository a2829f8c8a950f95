//! Ethernet addresses.

use core::fmt;
use core::str::FromStr;

/// A 48-bit Ethernet address. With the feature `serde` it is its text where the format is one that
/// people read, otherwise six octets.
///
/// ```
/// use vrrp_core::MacAddr;
///
/// let mac: MacAddr = "00:00:5e:00:01:33".parse()?;
/// assert_eq!(mac, MacAddr([0, 0, 0x5e, 0, 1, 51]));
/// # Ok::<(), vrrp_core::MacAddrError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    /// `ff:ff:ff:ff:ff:ff`.
    pub const BROADCAST: Self = Self([0xff; 6]);
}

/// Six pairs of hexadecimal digits, as `00:00:5e:00:01:33`.
impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// A text that is no Ethernet address: not six pairs of hexadecimal digits with `:` or `-` between
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an Ethernet address is six pairs of hexadecimal digits, as 00:00:5e:00:01:33")]
#[non_exhaustive]
pub struct MacAddrError;

/// Six pairs of hexadecimal digits in either case, with `:` between all of them or `-` between all
/// of them.
impl FromStr for MacAddr {
    type Err = MacAddrError;

    fn from_str(text: &str) -> Result<Self, MacAddrError> {
        let separator = if text.contains('-') { '-' } else { ':' };
        let mut pairs = text.split(separator);
        let mut octets = [0; 6];
        for octet in &mut octets {
            let pair = pairs.next().ok_or(MacAddrError)?;
            // A number may have a sign, an octet of an address may not.
            if pair.len() != 2 || !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(MacAddrError);
            }
            *octet = u8::from_str_radix(pair, 16).map_err(|_| MacAddrError)?;
        }
        match pairs.next() {
            Some(_) => Err(MacAddrError),
            None => Ok(Self(octets)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn reads_what_it_displays_and_what_other_tools_write() {
        let address = MacAddr([0x00, 0x00, 0x5e, 0x00, 0x02, 0xfe]);
        for text in [
            "00:00:5e:00:02:fe",
            "00:00:5E:00:02:FE",
            "00-00-5e-00-02-fe",
        ] {
            assert_eq!(text.parse(), Ok(address), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in [
            "",
            "00:00:5e:00:02",
            "00:00:5e:00:02:fe:01",
            "00:00:5e:00:02:f",
            "00:00:5e:00:02:+f",
            "00:00-5e:00:02:fe",
            "00:00:5e:00:02:fg",
            "00:00:5e:00:02:é",
            "00005e0002fe",
        ] {
            assert_eq!(text.parse::<MacAddr>(), Err(MacAddrError), "{text}");
        }
    }

    #[test]
    fn displays_two_digits_of_each_octet() {
        assert_eq!(
            MacAddr([0x00, 0x00, 0x5e, 0x00, 0x01, 0x33]).to_string(),
            "00:00:5e:00:01:33"
        );
    }
}
