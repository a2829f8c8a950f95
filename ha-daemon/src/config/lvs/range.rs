//! Ranges of addresses: `A`, `A-B`, `A-NUMBER` and `A/LENGTH`.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::diagnostic::{Code, Handle};
use crate::config::text::tape::Token;
use crate::config::value::Words;

/// The most addresses in a range.
const LARGEST: u32 = 65_536;

/// Addresses that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    first: IpAddr,
    /// How many there are behind the first one, less than [`LARGEST`].
    more: u32,
}

impl Range {
    pub(super) const fn is_v4(&self) -> bool {
        self.first.is_ipv4()
    }

    pub(super) fn addresses(self) -> impl Iterator<Item = IpAddr> {
        (0..=self.more).map(move |offset| match self.first {
            IpAddr::V4(first) => Ipv4Addr::from_bits(first.to_bits().saturating_add(offset)).into(),
            IpAddr::V6(first) => {
                Ipv6Addr::from_bits(first.to_bits().saturating_add(offset.into())).into()
            }
        })
    }

    /// `word` as a range.
    pub(super) fn parse(word: Token<'_>, words: &mut Words<'_, '_>) -> Result<Self, Handle> {
        let result = match (word.text.split_once('-'), word.text.split_once('/')) {
            (Some((first, last)), _) => span(first, last),
            (None, Some((first, len))) => prefix(first, len),
            (None, None) => Self::of(word.text, |_| Ok(0)),
        };
        result.map_err(|mistake| {
            let (code, what, allowed) = mistake.explain();
            words.refuse(code, word, what, allowed)
        })
    }

    fn of(
        first: &str,
        more: impl FnOnce(IpAddr) -> Result<u128, Mistake>,
    ) -> Result<Self, Mistake> {
        let first: IpAddr = first.parse().map_err(|_| Mistake::Address)?;
        let more = more(first)?;
        match u32::try_from(more) {
            Ok(more) if more < LARGEST => Ok(Self { first, more }),
            Ok(_) | Err(_) => Err(Mistake::Large),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Mistake {
    Address,
    Backwards,
    Last(u32),
    Length(u8),
    HostBits,
    Large,
}

impl Mistake {
    fn explain(self) -> (Code, &'static str, String) {
        match self {
            Self::Address => (
                Code::BadAddress,
                "no address",
                "ADDRESS, ADDRESS-ADDRESS, ADDRESS-NUMBER or ADDRESS/PREFIX-LENGTH is expected"
                    .to_owned(),
            ),
            Self::Backwards => (
                Code::BadAddress,
                "an empty range",
                "the end has to come after the start".to_owned(),
            ),
            Self::Last(highest) => (
                Code::OutOfRange,
                "no range",
                format!("the end has to be an address, or at most {highest}"),
            ),
            Self::Length(longest) => (
                Code::OutOfRange,
                "no prefix",
                format!("a length from 0 to {longest} is allowed"),
            ),
            Self::HostBits => (
                Code::BadAddress,
                "no prefix",
                "the bits behind the prefix have to be zero".to_owned(),
            ),
            Self::Large => (
                Code::OutOfRange,
                "a large range",
                format!("at most {LARGEST} addresses are allowed"),
            ),
        }
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// From one address to another, or to one that differs in its last part: a decimal octet of IPv4,
/// hexadecimal 16 bits of IPv6.
fn span(first: &str, last: &str) -> Result<Range, Mistake> {
    Range::of(first, |first| {
        let last = match (last.parse::<IpAddr>(), first) {
            (Ok(last), _) if last.is_ipv4() == first.is_ipv4() => bits(last),
            (Ok(_), _) => return Err(Mistake::Address),
            (Err(_), IpAddr::V4(_)) => {
                let octet: u8 = last.parse().map_err(|_| Mistake::Last(0xff))?;
                bits(first) & !0xff | u128::from(octet)
            }
            (Err(_), IpAddr::V6(_)) => {
                let part = u16::from_str_radix(last, 16).map_err(|_| Mistake::Address)?;
                bits(first) & !0xffff | u128::from(part)
            }
        };
        last.checked_sub(bits(first)).ok_or(Mistake::Backwards)
    })
}

fn prefix(first: &str, len: &str) -> Result<Range, Mistake> {
    Range::of(first, |first| {
        let longest: u8 = if first.is_ipv4() { 32 } else { 128 };
        let len: u8 = len.parse().map_err(|_| Mistake::Length(longest))?;
        let host = longest.checked_sub(len).ok_or(Mistake::Length(longest))?;
        let mask = 1_u128.checked_shl(host.into()).unwrap_or(0).wrapping_sub(1);
        if bits(first) & mask == 0 {
            Ok(mask)
        } else {
            Err(Mistake::HostBits)
        }
    })
}
