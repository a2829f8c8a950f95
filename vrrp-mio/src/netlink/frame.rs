//! The framing of netlink: messages in a datagram, attributes in a message.
//!
//! Walks borrowed octets and checks every length.

use nix::libc;
use thiserror::Error;

/// Octets of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Octets of `struct rtattr`.
const ATTRIBUTE_HEADER: usize = 4;
/// `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`, which are no part of an attribute's type.
const TYPE_MASK: u16 = 0x3fff;

/// A length inside a netlink datagram contradicts the octets that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("malformed netlink message")]
pub(crate) struct MalformedMessage;

/// One netlink message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) sequence: u32,
    pub(crate) port: u32,
    pub(crate) payload: &'a [u8],
}

impl Message<'_> {
    /// Whether the dump this message belongs to changed while it was read.
    pub(crate) const fn is_interrupted(&self) -> bool {
        self.flags & 0x10 != 0
    }
}

/// The messages of a datagram, ending after the first malformed one.
#[derive(Clone, Debug)]
pub(crate) struct Messages<'a>(&'a [u8]);

impl<'a> Messages<'a> {
    pub(crate) const fn new(datagram: &'a [u8]) -> Self {
        Self(datagram)
    }

    /// How many octets are left.
    pub(crate) const fn left(&self) -> usize {
        self.0.len()
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, MalformedMessage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let Some((message, rest)) = split_message(self.0) else {
            self.0 = &[];
            return Some(Err(MalformedMessage));
        };
        self.0 = rest;
        Some(Ok(message))
    }
}

fn split_message(octets: &[u8]) -> Option<(Message<'_>, &[u8])> {
    let length = usize::try_from(u32_at(octets, 0)?).ok()?;
    let payload = octets.get(HEADER..length)?;
    let rest = octets.get(align(length)..).unwrap_or_default();
    let message = Message {
        kind: u16_at(octets, 4)?,
        flags: u16_at(octets, 6)?,
        sequence: u32_at(octets, 8)?,
        port: u32_at(octets, 12)?,
        payload,
    };
    Some((message, rest))
}

/// The attributes of a message or of a nest, ending at the first malformed one.
#[derive(Clone, Debug)]
pub(crate) struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    pub(crate) const fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// The attributes behind a fixed header of `header` octets.
    pub(crate) fn after(payload: &'a [u8], header: usize) -> Option<Self> {
        payload.get(align(header)..).map(Self)
    }
}

impl<'a> Iterator for Attributes<'a> {
    /// Type without its flags, and value.
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = usize::from(u16_at(self.0, 0)?);
        let kind = u16_at(self.0, 2)? & TYPE_MASK;
        let value = self.0.get(ATTRIBUTE_HEADER..length)?;
        self.0 = self.0.get(align(length)..).unwrap_or_default();
        Some((kind, value))
    }
}

const fn align(length: usize) -> usize {
    length.saturating_add(3) & !3
}

pub(crate) fn u16_at(octets: &[u8], offset: usize) -> Option<u16> {
    let octets = octets.get(offset..)?.first_chunk()?;
    Some(u16::from_ne_bytes(*octets))
}

pub(crate) fn u32_at(octets: &[u8], offset: usize) -> Option<u32> {
    let octets = octets.get(offset..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*octets))
}

pub(crate) fn i32_at(octets: &[u8], offset: usize) -> Option<i32> {
    let octets = octets.get(offset..)?.first_chunk()?;
    Some(i32::from_ne_bytes(*octets))
}

/// The text of a NUL-terminated attribute, if it is UTF-8.
pub(crate) fn text(value: &[u8]) -> Option<&str> {
    let end = value.iter().position(|&octet| octet == 0);
    core::str::from_utf8(value.get(..end.unwrap_or(value.len()))?).ok()
}

/// The kernel's answer to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledgement<'a> {
    /// Zero or a positive error number.
    pub(crate) errno: i32,
    /// What the kernel has to say about it (`NLMSGERR_ATTR_MSG`).
    pub(crate) text: Option<&'a str>,
}

impl<'a> Acknowledgement<'a> {
    /// Reads the payload of an `NLMSG_ERROR`.
    pub(crate) fn decode(message: &Message<'a>) -> Option<Self> {
        const CAPPED: u16 = 0x100;
        const EXTENDED: u16 = 0x200;
        const TEXT: u16 = 1;
        let errno = i32_at(message.payload, 0)?.checked_neg()?;
        let echoed = usize::try_from(u32_at(message.payload, 4)?).ok()?;
        let echoed = if message.flags & CAPPED != 0 {
            HEADER
        } else {
            echoed.max(HEADER)
        };
        let text = if message.flags & EXTENDED != 0 {
            echoed
                .checked_add(4)
                .and_then(|header| Attributes::after(message.payload, header))
                .and_then(|mut attributes| attributes.find(|&(kind, _)| kind == TEXT))
                .and_then(|(_, value)| text(value))
        } else {
            None
        };
        Some(Self { errno, text })
    }
}

/// `NLMSG_ERROR`, also the acknowledgement.
#[expect(clippy::cast_possible_truncation, reason = "the constant is 2")]
pub(crate) const NLMSG_ERROR: u16 = libc::NLMSG_ERROR as u16;
/// `NLMSG_DONE`, the end of a dump.
#[expect(clippy::cast_possible_truncation, reason = "the constant is 3")]
pub(crate) const NLMSG_DONE: u16 = libc::NLMSG_DONE as u16;
/// `NLMSG_OVERRUN`, data lost.
#[expect(clippy::cast_possible_truncation, reason = "the constant is 4")]
pub(crate) const NLMSG_OVERRUN: u16 = libc::NLMSG_OVERRUN as u16;

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + payload.len()).unwrap();
        let mut octets = length.to_ne_bytes().to_vec();
        octets.extend(kind.to_ne_bytes());
        octets.extend(flags.to_ne_bytes());
        octets.extend(7u32.to_ne_bytes());
        octets.extend(9u32.to_ne_bytes());
        octets.extend(payload);
        octets.resize(align(octets.len()), 0);
        octets
    }

    #[test]
    fn walks_messages_across_their_padding() {
        let mut datagram = message(20, 2, b"abcde");
        datagram.extend(message(3, 0, b""));
        let messages: Vec<_> = Messages::new(&datagram).map(Result::unwrap).collect();
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0].payload, b"abcde");
        assert_eq!(
            (
                messages[0].kind,
                messages[0].flags,
                messages[0].sequence,
                messages[0].port
            ),
            (20, 2, 7, 9)
        );
        assert_eq!((messages[1].kind, messages[1].payload), (3, &b""[..]));
    }

    #[test]
    fn a_length_beyond_the_datagram_or_below_the_header_ends_the_walk() {
        for length in [0u32, 15, 21, u32::MAX] {
            let mut datagram = message(20, 0, b"abcd");
            datagram[..4].copy_from_slice(&length.to_ne_bytes());
            let walked: Vec<_> = Messages::new(&datagram).collect();
            assert_eq!(walked, [Err(MalformedMessage)], "length {length}");
        }
    }

    #[test]
    fn attributes_of_zero_or_excess_length_end_the_walk() {
        for length in [0u16, 3, 9, u16::MAX] {
            let mut octets = vec![0; 8];
            octets[..2].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(Attributes::new(&octets).next(), None, "length {length}");
        }
        let octets = [6, 0, 1, 0x80, b'a', b'b', 0, 0, 4, 0, 2, 0];
        let walked: Vec<_> = Attributes::new(&octets).collect();
        assert_eq!(walked, [(1, &b"ab"[..]), (2, &b""[..])]);
    }

    #[test]
    fn an_error_yields_its_number_and_the_kernels_words() {
        let mut payload = (-17i32).to_ne_bytes().to_vec();
        payload.extend(message(20, 0, b"req!"));
        payload.extend([12, 0, 1, 0]);
        payload.extend(b"taken\0\0\0");
        let datagram = message(NLMSG_ERROR, 0x200, &payload);
        let message = Messages::new(&datagram).next().unwrap().unwrap();
        assert_eq!(
            Acknowledgement::decode(&message),
            Some(Acknowledgement {
                errno: 17,
                text: Some("taken")
            })
        );
    }
}
