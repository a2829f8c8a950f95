//! The IP Authentication Header, authentication type 2 of VRRPv2 (RFC 2338 §5.3.6.3): HMAC-MD5
//! truncated to 96 bits (RFC 2402, RFC 2403).

use core::fmt;

#[cfg(feature = "ah")]
use hmac::{Hmac, KeyInit, Mac};
#[cfg(feature = "ah")]
use md5::Md5;

#[cfg(feature = "ah")]
use super::buffer::Buffer;
use super::error::{AhError, KeyTooLong, Replayed};
#[cfg(feature = "ah")]
use super::error::{EncodeError, require_room};
#[cfg(feature = "ah")]
use super::ipv4::Ipv4Header;
use super::ipv4::Ipv4Packet;
use super::{AH_PROTOCOL, PROTOCOL};

/// Octets of the header with its 96-bit integrity check value.
pub const AH_LEN: usize = FIXED_LEN + ICV_LEN;
/// Octets of the header before the integrity check value.
const FIXED_LEN: usize = 12;
/// Octets of the integrity check value.
const ICV_LEN: usize = 12;
/// [`AH_LEN`] in 32-bit words less two, as the header states it (RFC 2402 §2.2).
const STATED_LEN: u8 = 4;

/// What the integrity check value covers of the IPv4 header.
///
/// Type of service, flags, fragment offset and header checksum are zero in both forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum IcvForm {
    /// The time to live is zero too (RFC 2402 §3.3.3.1.1.1); keepalived to unicast peers.
    Rfc2402,
    /// The time to live is covered as sent; keepalived to the multicast group.
    TtlCovered,
}

/// The key of a virtual router: a password of at most eight octets, filled up with zeros
/// (RFC 2338 §5.3.10).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; 8]);

impl Key {
    /// The key of a password.
    ///
    /// # Errors
    /// [`KeyTooLong`] for more than eight octets, rather than use a part of them.
    pub fn from_password(password: &[u8]) -> Result<Self, KeyTooLong> {
        let mut key = [0; 8];
        let Some(start) = key.get_mut(..password.len()) else {
            return Err(KeyTooLong {
                octets: password.len(),
            });
        };
        start.copy_from_slice(password);
        Ok(Self(key))
    }

    /// The eight octets, as authentication type 1 sends them.
    #[must_use]
    pub const fn octets(&self) -> [u8; 8] {
        self.0
    }

    /// Whether a received password of authentication type 1 is this one, in all eight octets and in
    /// a time that does not depend on how many agree (RFC 2338 §5.3.6).
    #[must_use]
    pub const fn matches(&self, password: &[u8; 8]) -> bool {
        u64::from_ne_bytes(self.0) == u64::from_ne_bytes(*password)
    }

    /// The integrity check of a packet.
    #[cfg(feature = "ah")]
    fn hmac(&self, header: &[u8; 20], ah: &[u8; 12], payload: &[u8], form: IcvForm) -> Hmac<Md5> {
        #[rustfmt::skip]
        let &[
            vhl, _, t0, t1, i0, i1, _, _, ttl, protocol, _, _,
            s0, s1, s2, s3, d0, d1, d2, d3,
        ] = header;
        let ttl = match form {
            IcvForm::Rfc2402 => 0,
            IcvForm::TtlCovered => ttl,
        };
        #[rustfmt::skip]
        let header = [
            vhl, 0, t0, t1, i0, i1, 0, 0, ttl, protocol, 0, 0,
            s0, s1, s2, s3, d0, d1, d2, d3,
        ];
        let mut block = [0; 64];
        block[..8].copy_from_slice(&self.0);
        Hmac::<Md5>::new(&block.into())
            .chain_update(header)
            .chain_update(ah)
            .chain_update([0; ICV_LEN])
            .chain_update(payload)
    }
}

/// `Key(..)`, so that no password is logged.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// A received IPv4 packet with an Authentication Header before its VRRP payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AhPacket<'a> {
    /// Security parameters index; keepalived sends the source address.
    pub spi: u32,
    /// Sequence number, see [`Replay`].
    pub sequence: u32,
    /// Integrity check value.
    pub icv: &'a [u8; 12],
    /// The VRRP packet.
    pub payload: &'a [u8],
    header: &'a [u8; 20],
    fixed: &'a [u8; 12],
}

impl<'a> AhPacket<'a> {
    /// Reads the Authentication Header of `packet`, without verifying it.
    ///
    /// # Errors
    /// Any [`AhError`] but [`AhError::Icv`].
    pub fn decode(packet: &Ipv4Packet<'a>) -> Result<Self, AhError> {
        if packet.protocol != AH_PROTOCOL {
            return Err(AhError::Protocol(packet.protocol));
        }
        let truncated = AhError::Truncated {
            octets: packet.payload.len(),
        };
        let (fixed, rest) = packet
            .payload
            .split_first_chunk::<FIXED_LEN>()
            .ok_or(truncated)?;
        let (icv, payload) = rest.split_first_chunk::<ICV_LEN>().ok_or(truncated)?;
        let &[next_header, length, _, _, p0, p1, p2, p3, q0, q1, q2, q3] = fixed;
        if length != STATED_LEN {
            return Err(AhError::Length(length));
        }
        if next_header != PROTOCOL {
            return Err(AhError::NextHeader(next_header));
        }
        let header = packet.header.try_into().map_err(|_| AhError::IpOptions)?;
        Ok(Self {
            spi: u32::from_be_bytes([p0, p1, p2, p3]),
            sequence: u32::from_be_bytes([q0, q1, q2, q3]),
            icv,
            payload,
            header,
            fixed,
        })
    }

    /// Verifies the integrity check value in either form and returns which one it has. The
    /// comparison takes constant time. With the feature `ah`.
    ///
    /// # Errors
    /// [`AhError::Icv`].
    #[cfg(feature = "ah")]
    pub fn verify(&self, key: &Key) -> Result<IcvForm, AhError> {
        [IcvForm::Rfc2402, IcvForm::TtlCovered]
            .into_iter()
            .find(|form| {
                key.hmac(self.header, self.fixed, self.payload, *form)
                    .verify_truncated_left(self.icv)
                    .is_ok()
            })
            .ok_or(AhError::Icv)
    }
}

/// An Authentication Header to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AhHeader {
    /// Security parameters index; keepalived sends the source address.
    pub spi: u32,
    /// Sequence number: 1 in the first packet, one more in each that follows (RFC 2402 §3.3.2).
    pub sequence: u32,
}

#[cfg(feature = "ah")]
impl AhHeader {
    /// Writes the IPv4 header `ip`, this header with its integrity check value, and `payload`: an
    /// advertisement of authentication type 2. The protocol and payload length of `ip` are replaced
    /// by what this packet has.
    ///
    /// # Errors
    /// [`EncodeError::PayloadLength`] and [`EncodeError::NoRoom`].
    pub fn encode(
        &self,
        ip: &Ipv4Header,
        payload: &[u8],
        key: &Key,
        form: IcvForm,
        dst: &mut impl Buffer,
    ) -> Result<(), EncodeError> {
        let octets = AH_LEN + payload.len();
        let ip = Ipv4Header {
            protocol: AH_PROTOCOL,
            payload_len: u16::try_from(octets)
                .map_err(|_| EncodeError::PayloadLength { octets })?,
            ..*ip
        };
        let header = ip.octets()?;
        require_room(dst, header.len() + octets)?;
        let [p0, p1, p2, p3] = self.spi.to_be_bytes();
        let [q0, q1, q2, q3] = self.sequence.to_be_bytes();
        let fixed = [PROTOCOL, STATED_LEN, 0, 0, p0, p1, p2, p3, q0, q1, q2, q3];
        let full: [u8; 16] = key
            .hmac(&header, &fixed, payload, form)
            .finalize()
            .into_bytes()
            .into();
        let [icv @ .., _, _, _, _] = full;
        dst.put(&header);
        dst.put(&fixed);
        dst.put(&icv);
        dst.put(payload);
        Ok(())
    }
}

/// The last sequence number heard from one sender (RFC 2402 §3.4.3, with a window of one packet).
///
/// A sender that restarts counts from 1 again, and is refused until it has passed the last number.
/// The caller may start a new `Replay` when it knows that the sender has gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    last: u32,
}

impl Replay {
    /// Of a sender not heard yet: any sequence number but 0 is accepted.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: 0 }
    }

    /// The last sequence number accepted, 0 if none.
    #[must_use]
    pub const fn last(&self) -> u32 {
        self.last
    }

    /// Accepts a sequence number above the last one. Call it only after
    /// [`AhPacket::verify`]: a forged number must not make the sender refused.
    ///
    /// # Errors
    /// [`Replayed`], and the last number stays.
    pub const fn accept(&mut self, sequence: u32) -> Result<(), Replayed> {
        if sequence <= self.last {
            return Err(Replayed {
                sequence,
                last: self.last,
            });
        }
        self.last = sequence;
        Ok(())
    }
}
