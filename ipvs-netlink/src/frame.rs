//! The framing of netlink: messages in a datagram, and acknowledgements.
//!
//! Walks borrowed octets and checks every length; neli's reader of message
//! headers subtracts before it compares.

use neli::consts::nl::NlmF;
use thiserror::Error;

use crate::decode::{Nest, text};

/// Octets of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Octets of the error number before the request it echoes.
const ERRNO: usize = 4;

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
    pub(crate) payload: &'a [u8],
}

/// The messages of a datagram, ending after the first malformed one.
#[derive(Clone, Debug)]
pub(crate) struct Messages<'a>(&'a [u8]);

impl<'a> Messages<'a> {
    pub(crate) const fn new(datagram: &'a [u8]) -> Self {
        Self(datagram)
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
        payload,
    };
    Some((message, rest))
}

const fn align(length: usize) -> usize {
    length.saturating_add(3) & !3
}

fn u16_at(octets: &[u8], offset: usize) -> Option<u16> {
    let octets = octets.get(offset..)?.first_chunk()?;
    Some(u16::from_ne_bytes(*octets))
}

fn u32_at(octets: &[u8], offset: usize) -> Option<u32> {
    let octets = octets.get(offset..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*octets))
}

/// Asks for an acknowledgement of the request `message` starts with.
pub(crate) fn acknowledge(message: &mut [u8]) {
    if let Some(flags) = message.get_mut(6..).and_then(<[u8]>::first_chunk_mut) {
        *flags = (u16::from_ne_bytes(*flags) | NlmF::ACK.bits()).to_ne_bytes();
    }
}

/// The kernel's answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledgement {
    /// Zero or a positive error number.
    pub(crate) errno: i32,
    /// What the kernel has to say about it (`NLMSGERR_ATTR_MSG`).
    pub(crate) text: Option<Box<str>>,
}

impl Acknowledgement {
    /// Reads an `NLMSG_ERROR`, or the `NLMSG_DONE` of a dump.
    pub(crate) fn decode(message: &Message<'_>) -> Option<Self> {
        // The end of a dump may come without a number.
        let errno = match message.payload.first_chunk() {
            None if message.kind == NLMSG_DONE => 0,
            errno => i32::from_ne_bytes(*errno?).checked_neg()?,
        };
        let text = if message.flags & NLM_F_ACK_TLVS != 0 {
            Self::words(message)
        } else {
            None
        };
        Some(Self { errno, text })
    }

    fn words(message: &Message<'_>) -> Option<Box<str>> {
        const NLM_F_CAPPED: u16 = 0x100;
        const TEXT: u16 = 1;
        let echoed = if message.kind == NLMSG_DONE {
            0
        } else if message.flags & NLM_F_CAPPED != 0 {
            HEADER
        } else {
            usize::try_from(u32_at(message.payload, ERRNO)?).ok()?
        };
        let attributes = message.payload.get(align(echoed).checked_add(ERRNO)?..)?;
        let nest = Nest::read(attributes).ok()?;
        text(nest.find(TEXT)?).map(Into::into)
    }
}

/// `NLM_F_ACK_TLVS`: attributes follow the error number and the request.
const NLM_F_ACK_TLVS: u16 = 0x200;
/// `NLMSG_ERROR`, also the acknowledgement.
pub(crate) const NLMSG_ERROR: u16 = 2;
/// `NLMSG_DONE`, the end of a dump.
pub(crate) const NLMSG_DONE: u16 = 3;
/// `NLMSG_OVERRUN`, data lost.
pub(crate) const NLMSG_OVERRUN: u16 = 4;

#[cfg(test)]
mod tests;
