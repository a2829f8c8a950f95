//! VRRPv2 and VRRPv3 advertisements.

mod addresses;

use core::fmt;

pub use self::addresses::{AddressIter, Addresses};
use super::buffer::Buffer;
use super::checksum::{Checksum, PseudoHeader};
use super::error::{DecodeError, EncodeError, require_room};
use super::{MULTICAST_V4, PROTOCOL};
use crate::{Family, Interval, Priority, Version, Vrid};

/// The packet type of an advertisement, the only one there is (RFC 9568 §5.2.2).
const ADVERTISEMENT: u8 = 1;
/// Octets before the addresses.
const HEADER_LEN: u16 = 8;
/// Octets of authentication data after the addresses of VRRPv2 (RFC 3768 §5.3.10).
const TRAILER_LEN: u16 = 8;

/// An advertisement (RFC 9568 §5.2, RFC 3768 §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advertisement<'a> {
    /// The virtual router.
    pub vrid: Vrid,
    /// The sender's priority.
    pub priority: Priority,
    /// The sender's advertisement interval.
    pub interval: Interval,
    /// The virtual addresses.
    pub addresses: Addresses<'a>,
    /// The version, and the authentication or the checksum form.
    pub format: Format,
}

/// The version of an advertisement, with its authentication (VRRPv2) or checksum form (VRRPv3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// VRRPv2.
    V2(Authentication),
    /// VRRPv3. Over IPv6 the form is always [`ChecksumForm::PseudoHeader`]: decoding returns it,
    /// and encoding accepts no other.
    V3(ChecksumForm),
}

impl Format {
    /// The version.
    #[must_use]
    pub const fn version(self) -> Version {
        match self {
            Self::V2(_) => Version::V2,
            Self::V3(_) => Version::V3,
        }
    }
}

/// How a VRRPv2 packet is authenticated (RFC 2338 §5.3.6). The types 1 and 2 are reserved since RFC
/// 3768.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// Type 0: not at all.
    None,
    /// Type 1: by a password in plain text, filled up with zeros.
    Simple([u8; 8]),
    /// Type 2: by an IP Authentication Header around the packet.
    Ah,
}

impl Authentication {
    /// The authentication of the fields `kind` and `data`.
    const fn from_wire(kind: u8, data: &[u8; 8]) -> Result<Self, DecodeError> {
        match kind {
            0 => Ok(Self::None),
            1 => Ok(Self::Simple(*data)),
            2 => Ok(Self::Ah),
            other => Err(DecodeError::AuthenticationType(other)),
        }
    }

    /// The authentication type field.
    const fn kind(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Simple(_) => 1,
            Self::Ah => 2,
        }
    }

    /// The authentication data field.
    const fn data(self) -> [u8; 8] {
        match self {
            Self::Simple(password) => password,
            Self::None | Self::Ah => [0; 8],
        }
    }
}

/// `Simple(..)` for any password, so that none is logged.
impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Simple(_) => "Simple(..)",
            Self::Ah => "Ah",
        })
    }
}

/// What the checksum of VRRPv3 over IPv4 covers besides the packet.
///
/// A packet between two addresses whose pseudo-header sums to zero has the same checksum with and
/// without it; it is taken as [`MessageOnly`](Self::MessageOnly).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum ChecksumForm {
    /// Nothing (RFC 9568 §5.2.8).
    ///
    /// **keepalived (all versions, unless configured with `v3_checksum_as_v2`) and FRR up to 8.4
    /// discard it**: a backup that does so becomes Active beside the sender. Send it where every
    /// peer is known to accept it, or learn it with [`FollowedForm`](crate::receive::FollowedForm).
    MessageOnly,
    /// The pseudo-header, as keepalived and FRR read RFC 5798 §5.2.8.
    PseudoHeader,
    /// A pseudo-header of destination 224.0.0.18 though the packet is sent elsewhere, as keepalived
    /// up to 1.3.6 did to unicast peers. To 224.0.0.18 it is the same as
    /// [`PseudoHeader`](Self::PseudoHeader), and taken as that.
    PseudoHeaderMulticast,
}

impl ChecksumForm {
    /// The form in which a message of `length` octets that sums to `sum` verifies.
    fn of(sum: Checksum, ends: &PseudoHeader, length: u16) -> Option<Self> {
        let verifies = |form: Self| form.sum(sum, ends, length).verifies();
        match ends {
            PseudoHeader::V4 { .. } if verifies(Self::MessageOnly) => Some(Self::MessageOnly),
            _ if verifies(Self::PseudoHeader) => Some(Self::PseudoHeader),
            PseudoHeader::V4 { .. } if verifies(Self::PseudoHeaderMulticast) => {
                Some(Self::PseudoHeaderMulticast)
            }
            PseudoHeader::V4 { .. } | PseudoHeader::V6 { .. } => None,
        }
    }

    /// Adds to `sum` what this form covers besides the message of `length` octets.
    fn sum(self, sum: Checksum, ends: &PseudoHeader, length: u16) -> Checksum {
        match (self, ends) {
            (Self::MessageOnly, PseudoHeader::V4 { .. }) => sum,
            (Self::PseudoHeaderMulticast, PseudoHeader::V4 { source, .. }) => {
                let ends = PseudoHeader::V4 {
                    source: *source,
                    destination: MULTICAST_V4,
                };
                sum.pseudo_header(&ends, PROTOCOL, length)
            }
            (Self::PseudoHeader, PseudoHeader::V4 { .. }) | (_, PseudoHeader::V6 { .. }) => {
                sum.pseudo_header(ends, PROTOCOL, length)
            }
        }
    }
}

impl<'a> Advertisement<'a> {
    /// The version.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.format.version()
    }

    /// Octets that [`encode`](Self::encode) writes.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        let trailer = match self.format {
            Format::V2(_) => TRAILER_LEN,
            Format::V3(_) => 0,
        };
        HEADER_LEN as usize + self.addresses.octets().len() + trailer as usize
    }

    /// Reads an advertisement that is all of the IP payload `pdu`; `ends` are the addresses of the
    /// IP header.
    ///
    /// Time to live, configuration and authentication are not looked at. The reserved bits of
    /// VRRPv3 (RFC 9568 §5.2.6) and the authentication data of types 0 and 2 (RFC 2338 §5.3.6) are
    /// ignored.
    ///
    /// # Errors
    /// See [`DecodeError`].
    #[inline]
    pub fn decode(pdu: &'a [u8], ends: &PseudoHeader) -> Result<Self, DecodeError> {
        let Some((header, body)) = pdu.split_first_chunk::<8>() else {
            return Err(DecodeError::Truncated { octets: pdu.len() });
        };
        let &[first, vrid, priority, count, high, low, ..] = header;
        let family = ends.family();
        let version = match (first >> 4, family) {
            (2, Family::V4) => Version::V2,
            (3, Family::V4 | Family::V6) => Version::V3,
            (other, Family::V4 | Family::V6) => return Err(DecodeError::Version(other)),
        };
        if first & 0x0f != ADVERTISEMENT {
            return Err(DecodeError::Type(first & 0x0f));
        }
        let octets = pdu.len();
        let length = message_len(version, family, count);
        if usize::from(length) != octets {
            return Err(DecodeError::Length { count, octets });
        }
        let (list, data) = match version {
            Version::V2 => body
                .split_last_chunk()
                .ok_or(DecodeError::Length { count, octets })?,
            Version::V3 => (body, &[0; 8]),
        };
        let sum = Checksum::new().octets(pdu);
        let form = match version {
            Version::V2 => sum.verifies().then_some(ChecksumForm::MessageOnly),
            Version::V3 => ChecksumForm::of(sum, ends, length),
        }
        .ok_or(DecodeError::Checksum)?;
        let vrid = Vrid::new(vrid).ok_or(DecodeError::VridZero)?;
        let (format, interval) = match version {
            Version::V2 => (
                Format::V2(Authentication::from_wire(high, data)?),
                Interval::from_secs(low),
            ),
            Version::V3 if count == 0 => return Err(DecodeError::NoAddresses),
            Version::V3 => (
                Format::V3(form),
                Interval::from_centis(u16::from_be_bytes([high & 0x0f, low])),
            ),
        };
        Ok(Self {
            vrid,
            priority: Priority::from_wire(priority),
            interval: interval.ok_or(DecodeError::IntervalZero)?,
            addresses: Addresses::from_octets(family, list),
            format,
        })
    }

    /// Writes the advertisement, checksum included, to be sent between the addresses `ends`.
    /// Nothing is written on error.
    ///
    /// # Errors
    /// See [`EncodeError`].
    #[inline]
    pub fn encode(&self, ends: &PseudoHeader, dst: &mut impl Buffer) -> Result<(), EncodeError> {
        let (header, data) = self.header_and_data(ends.family())?;
        let octets = self.encoded_len();
        require_room(dst, octets)?;
        let list = self.addresses.octets();
        let sum = Checksum::new().octets(&header).octets(list);
        let sum = match self.format {
            Format::V2(_) => sum.octets(&data),
            Format::V3(form) => {
                let count = header[3];
                form.sum(sum, ends, message_len(Version::V3, ends.family(), count))
            }
        };
        let [first, vrid, priority, count, high, low, ..] = header;
        let [c0, c1] = sum.field();
        dst.put(&[first, vrid, priority, count, high, low, c0, c1]);
        dst.put(list);
        match self.format {
            Format::V2(_) => dst.put(&data),
            Format::V3(_) => {}
        }
        Ok(())
    }

    /// The header with a checksum of zero and the authentication data of VRRPv2, if a packet of
    /// `family` can carry this advertisement.
    fn header_and_data(&self, family: Family) -> Result<([u8; 8], [u8; 8]), EncodeError> {
        let version = self.version();
        let addresses = self.addresses.family();
        if addresses != family {
            return Err(EncodeError::Family {
                addresses,
                packet: family,
            });
        }
        let count = self.addresses.len();
        let count = u8::try_from(count).map_err(|_| EncodeError::TooManyAddresses { count })?;
        let centis = self.interval.check(version)?.centis();
        let ([high, low], data) = match (self.format, family) {
            (Format::V2(_), Family::V6) => return Err(EncodeError::V2OverIpv6),
            (Format::V2(authentication), Family::V4) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "an interval is at most 25500 cs"
                )]
                let seconds = (centis / 100) as u8;
                ([authentication.kind(), seconds], authentication.data())
            }
            (Format::V3(_), Family::V4 | Family::V6) if count == 0 => {
                return Err(EncodeError::NoAddresses);
            }
            (Format::V3(_), Family::V4 | Family::V6) => (centis.to_be_bytes(), [0; 8]),
        };
        let first = version.number() << 4 | ADVERTISEMENT;
        let (vrid, priority) = (self.vrid.get(), self.priority.get());
        Ok(([first, vrid, priority, count, high, low, 0, 0], data))
    }
}

/// Octets of an advertisement of `count` addresses, at most 4088.
const fn message_len(version: Version, family: Family, count: u8) -> u16 {
    let trailer = match version {
        Version::V2 => TRAILER_LEN,
        Version::V3 => 0,
    };
    HEADER_LEN + count as u16 * Addresses::octets_each(family) + trailer
}
