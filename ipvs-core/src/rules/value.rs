//! The parsers of option values.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::num::NonZeroU32;
use core::ops::RangeInclusive;

use crate::Protocol;

/// Who knows the names of hosts and services.
pub trait Names {
    /// The IPv4 address of `host`.
    fn address(&mut self, host: &str) -> Option<IpAddr>;

    /// The port of `service` of a protocol.
    fn port(&mut self, service: &str, protocol: Protocol) -> Option<u16>;
}

/// Knows no name: addresses and ports are numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numeric;

impl Names for Numeric {
    fn address(&mut self, _: &str) -> Option<IpAddr> {
        None
    }

    fn port(&mut self, _: &str, _: Protocol) -> Option<u16> {
        None
    }
}

/// A decimal number in a range, as `strtol` reads it: after space and a sign.
pub(super) fn number<T: TryFrom<i64>>(text: &str, range: RangeInclusive<i64>) -> Option<T> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let number: i64 = text.parse().ok()?;
    if range.contains(&number) {
        T::try_from(number).ok()
    } else {
        None
    }
}

/// A mark; negative as `ipvsadm -S` prints those above 2³¹-1.
pub(super) fn mark(text: &str) -> Option<NonZeroU32> {
    let unsigned: Option<u32> = number(text, 1..=i64::from(u32::MAX));
    let signed = || number(text, i64::from(i32::MIN)..=0).map(i32::cast_unsigned);
    unsigned.or_else(signed).and_then(NonZeroU32::new)
}

/// Where a service or a destination is: an address and, if there is one, a port.
pub(super) fn endpoint(
    text: &str,
    protocol: Protocol,
    names: &mut dyn Names,
) -> Option<(IpAddr, Option<u16>)> {
    if text.is_empty() || text.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    if let Some(bracketed) = text.strip_prefix('[') {
        let (address, service) = bracketed.split_once("]:")?;
        let address: Ipv6Addr = address.parse().ok()?;
        return Some((address.into(), Some(port(service, protocol, names)?)));
    }
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Some((address.into(), None));
    }
    let (host, service) = match text.rsplit_once(':') {
        Some((host, service)) => (host, Some(service)),
        None => (text, None),
    };
    let address = match ipv4(host) {
        Some(address) => address.into(),
        None => names.address(host)?,
    };
    match service {
        Some(service) => Some((address, Some(port(service, protocol, names)?))),
        None => Some((address, None)),
    }
}

fn port(text: &str, protocol: Protocol, names: &mut dyn Names) -> Option<u16> {
    number(text, 0..=i64::from(u16::MAX)).or_else(|| names.port(text, protocol))
}

/// An IPv4 address in any form of `inet_aton`: one to four parts, decimal, octal or hexadecimal,
/// of which the last fills what the others leave; what follows a space is ignored.
pub(super) fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let text = text.split(|c: char| c.is_ascii_whitespace()).next()?;
    let mut leading: u32 = 0;
    let mut free: u32 = 32;
    let mut parts = text.split('.').peekable();
    while let Some(part) = parts.next() {
        let part = part_of_ipv4(part)?;
        if parts.peek().is_none() {
            let fits = free == 32 || part >> free == 0;
            return fits.then(|| Ipv4Addr::from(leading + part));
        }
        if part > 255 || free <= 8 {
            return None;
        }
        free -= 8;
        leading += part << free;
    }
    None
}

fn part_of_ipv4(text: &str) -> Option<u32> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (text.get(2..)?, 16),
        [b'0', _, ..] => (text.get(1..)?, 8),
        _ => (text, 10),
    };
    let plain = digits.bytes().all(|octet| octet.is_ascii_hexdigit());
    u32::from_str_radix(digits, radix).ok().filter(|_| plain)
}
