//! The address list of an advertisement.

use core::fmt;
use core::iter::FusedIterator;
use core::net::IpAddr;
use core::slice;

use super::{HEADER_LEN, TRAILER_LEN};
use crate::wire::{Ipv4Header, Ipv6Header};
use crate::{Family, Version};

/// Virtual addresses of one family, as octets in network order.
///
/// They are borrowed from packets and from lists without a copy. A `&[Ipv4Addr]` cannot be borrowed
/// so: the standard library has no conversion of slices, and one without a copy takes unsafe code,
/// which this crate forbids. Keep the octets, or make them once:
///
/// ```
/// use core::net::Ipv4Addr;
/// use vrrp_core::wire::Addresses;
///
/// let list = [Ipv4Addr::new(192, 0, 2, 100), Ipv4Addr::new(192, 0, 2, 101)];
/// let octets = list.map(|address| address.octets());
/// assert!(Addresses::V4(&octets).iter().eq(list));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Addresses<'a> {
    /// IPv4 addresses.
    V4(&'a [[u8; 4]]),
    /// IPv6 addresses, of which the first should be link-local (RFC 9568 §5.2.9, erratum 8300).
    V6(&'a [[u8; 16]]),
}

impl<'a> Addresses<'a> {
    /// How many addresses there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::V4(list) => list.len(),
            Self::V6(list) => list.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The family of every address.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self {
            Self::V4(_) => Family::V4,
            Self::V6(_) => Family::V6,
        }
    }

    /// The addresses in the order of the packet.
    #[must_use]
    pub fn iter(&self) -> AddressIter<'a> {
        AddressIter(match self {
            Self::V4(list) => Inner::V4(list.iter()),
            Self::V6(list) => Inner::V6(list.iter()),
        })
    }

    /// The address at `position`.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<IpAddr> {
        match self {
            Self::V4(list) => list.get(position).map(|octets| IpAddr::from(*octets)),
            Self::V6(list) => list.get(position).map(|octets| IpAddr::from(*octets)),
        }
    }

    /// The first `count` addresses, or all if there are fewer.
    #[must_use]
    pub fn first(&self, count: usize) -> Self {
        match self {
            Self::V4(list) => Self::V4(list.get(..count).unwrap_or(list)),
            Self::V6(list) => Self::V6(list.get(..count).unwrap_or(list)),
        }
    }

    /// How many addresses an advertisement of `version` may list to fit a link that carries IP
    /// packets of up to `mtu` octets, at most 255. An Authentication Header takes
    /// [`AH_LEN`](crate::wire::AH_LEN) of those octets more.
    #[must_use]
    pub const fn mtu_limit(version: Version, family: Family, mtu: usize) -> usize {
        let ip = match family {
            Family::V4 => Ipv4Header::LEN,
            Family::V6 => Ipv6Header::LEN,
        };
        let trailer = match version {
            Version::V2 => TRAILER_LEN as usize,
            Version::V3 => 0,
        };
        let room = mtu.saturating_sub(ip + HEADER_LEN as usize + trailer);
        let limit = room / Self::octets_each(family) as usize;
        if limit > 255 { 255 } else { limit }
    }

    /// Octets of one address.
    pub(super) const fn octets_each(family: Family) -> u16 {
        match family {
            Family::V4 => 4,
            Family::V6 => 16,
        }
    }

    /// The addresses that `octets` holds whole.
    pub(super) const fn from_octets(family: Family, octets: &'a [u8]) -> Self {
        match family {
            Family::V4 => Self::V4(octets.as_chunks().0),
            Family::V6 => Self::V6(octets.as_chunks().0),
        }
    }

    /// The octets of all addresses.
    pub(super) const fn octets(&self) -> &'a [u8] {
        match self {
            Self::V4(list) => list.as_flattened(),
            Self::V6(list) => list.as_flattened(),
        }
    }
}

impl<'a> IntoIterator for Addresses<'a> {
    type Item = IpAddr;
    type IntoIter = AddressIter<'a>;

    fn into_iter(self) -> AddressIter<'a> {
        self.iter()
    }
}

/// A list of addresses, as `[192.0.2.1, 192.0.2.2]`.
impl fmt::Debug for Addresses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Iterates over [`Addresses`].
#[derive(Clone, Debug)]
pub struct AddressIter<'a>(Inner<'a>);

#[derive(Clone, Debug)]
enum Inner<'a> {
    V4(slice::Iter<'a, [u8; 4]>),
    V6(slice::Iter<'a, [u8; 16]>),
}

impl Iterator for AddressIter<'_> {
    type Item = IpAddr;

    fn next(&mut self) -> Option<IpAddr> {
        match &mut self.0 {
            Inner::V4(list) => list.next().map(|octets| IpAddr::from(*octets)),
            Inner::V6(list) => list.next().map(|octets| IpAddr::from(*octets)),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Inner::V4(list) => list.size_hint(),
            Inner::V6(list) => list.size_hint(),
        }
    }
}

impl ExactSizeIterator for AddressIter<'_> {}
impl FusedIterator for AddressIter<'_> {}
