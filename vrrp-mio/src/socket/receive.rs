//! Receiving advertisements.

use core::net::{IpAddr, Ipv6Addr};
use core::sync::atomic::Ordering;
use std::io::{self, IoSliceMut};
use std::os::fd::AsRawFd;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, RecvMsg, SockaddrIn, SockaddrIn6, recvmsg};
use vrrp_core::Family;
use vrrp_core::wire::{Ipv4Error, Ipv4Packet, PseudoHeader};

use super::control::ReceiveControl;
use super::{AdvertSocket, ReceiveError};

/// Octets of a buffer that holds every advertisement: the largest is 255 IPv6 addresses, 4088.
pub const RECEIVE_BUFFER: usize = 4096;

/// What one call received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// A whole datagram. Its payload was not looked at.
    Datagram(Datagram<'a>),
    /// An unusable packet, to be counted and dropped.
    Rejected(Reject),
}

/// A received datagram of the socket's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datagram<'a> {
    /// Over IPv4, with its header, which an Authentication Header covers.
    V4(Ipv4Packet<'a>),
    /// Over IPv6.
    V6(Ipv6Datagram<'a>),
}

/// The kernel's ancillary data of an IPv6 packet, whose headers it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6Datagram<'a> {
    /// Source address.
    pub source: Ipv6Addr,
    /// Destination address, unicast or a group.
    pub destination: Ipv6Addr,
    /// Hop limit on arrival.
    pub hop_limit: u8,
    /// What follows the IPv6 headers.
    pub payload: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// Source and destination, as the checksum covers them.
    #[must_use]
    pub const fn ends(&self) -> PseudoHeader {
        match self {
            Self::V4(packet) => packet.pseudo_header(),
            Self::V6(datagram) => PseudoHeader::V6 {
                source: datagram.source,
                destination: datagram.destination,
            },
        }
    }

    /// Source address.
    #[must_use]
    pub const fn source(&self) -> IpAddr {
        self.ends().source()
    }

    /// Destination address, unicast or a group.
    #[must_use]
    pub const fn destination(&self) -> IpAddr {
        self.ends().destination()
    }

    /// TTL or hop limit on arrival (RFC 9568 §7.1).
    #[must_use]
    pub const fn hop_limit(&self) -> u8 {
        match self {
            Self::V4(packet) => packet.ttl,
            Self::V6(datagram) => datagram.hop_limit,
        }
    }

    /// What follows the IP header: a VRRP packet, or an Authentication Header and one.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        match self {
            Self::V4(packet) => packet.payload,
            Self::V6(datagram) => datagram.payload,
        }
    }
}

/// The reason why a received packet is unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// Longer than the buffer.
    #[error("the packet is longer than the receive buffer")]
    TooLong,
    /// The IPv4 header contradicts the packet.
    #[error("malformed IPv4 header")]
    Ipv4(#[from] Ipv4Error),
    /// Sent to an IPv6 group that another socket of the host has joined and this one has not.
    #[error("the group {0} is not joined")]
    Group(Ipv6Addr),
    /// The kernel did not report the hop limit, the source or the destination of an IPv6 packet.
    #[error("the kernel left out the addresses or the hop limit")]
    Metadata,
}

impl AdvertSocket {
    /// Takes one packet out of the queue into `buffer`, of [`RECEIVE_BUFFER`] octets; `None` when
    /// the queue is empty.
    ///
    /// # Errors
    /// [`ReceiveError::Transient`] is worth counting, but neither an event for the protocol nor a
    /// reason to close the socket: call again.
    pub fn receive<'a>(&self, buffer: &'a mut [u8]) -> Result<Option<Received<'a>>, ReceiveError> {
        let outcome = match self.transport.family() {
            Family::V4 => self.receive_v4(buffer),
            Family::V6 => self.receive_v6(buffer),
        };
        match outcome {
            Ok(received) => Ok(Some(received)),
            Err(error) => ReceiveError::new(error).map_or(Ok(None), Err),
        }
    }

    fn receive_v4<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Received<'a>> {
        let mut control = ReceiveControl::default();
        let mut vector = [IoSliceMut::new(buffer)];
        let message: RecvMsg<'_, '_, SockaddrIn> = recvmsg(
            self.socket.as_raw_fd(),
            &mut vector,
            Some(&mut control.0),
            MsgFlags::empty(),
        )?;
        for control in message.cmsgs()? {
            if let ControlMessageOwned::RxqOvfl(count) = control {
                self.overflows.store(count, Ordering::Relaxed);
            }
        }
        let (octets, flags) = (message.bytes, message.flags);
        let octets = buffer.get(..octets).unwrap_or_default();
        Ok(if flags.contains(MsgFlags::MSG_TRUNC) {
            Received::Rejected(Reject::TooLong)
        } else {
            match Ipv4Packet::decode(octets) {
                Ok(packet) => Received::Datagram(Datagram::V4(packet)),
                Err(error) => Received::Rejected(Reject::Ipv4(error)),
            }
        })
    }

    fn receive_v6<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Received<'a>> {
        let mut control = ReceiveControl::default();
        let mut vector = [IoSliceMut::new(buffer)];
        let message: RecvMsg<'_, '_, SockaddrIn6> = recvmsg(
            self.socket.as_raw_fd(),
            &mut vector,
            Some(&mut control.0),
            MsgFlags::empty(),
        )?;
        let mut destination = None;
        let mut hop_limit = None;
        for control in message.cmsgs()? {
            if let ControlMessageOwned::RxqOvfl(count) = control {
                self.overflows.store(count, Ordering::Relaxed);
            } else if let ControlMessageOwned::Ipv6PacketInfo(info) = control {
                destination = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr));
            } else if let ControlMessageOwned::Ipv6HopLimit(limit) = control {
                hop_limit = u8::try_from(limit).ok();
            }
        }
        let source = message.address.map(|address| address.ip());
        let (octets, flags) = (message.bytes, message.flags);
        if flags.contains(MsgFlags::MSG_TRUNC) {
            return Ok(Received::Rejected(Reject::TooLong));
        }
        let (Some(source), Some(destination), Some(hop_limit)) = (source, destination, hop_limit)
        else {
            return Ok(Received::Rejected(Reject::Metadata));
        };
        if destination.is_multicast() && !self.groups.contains(&destination) {
            return Ok(Received::Rejected(Reject::Group(destination)));
        }
        Ok(Received::Datagram(Datagram::V6(Ipv6Datagram {
            source,
            destination,
            hop_limit,
            payload: buffer.get(..octets).unwrap_or_default(),
        })))
    }
}
