//! Sending advertisements.

use core::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use core::sync::atomic::Ordering;
use std::io::{self, IoSlice};

use nix::errno::Errno;
use nix::libc;
use socket2::{MsgHdr, SockAddr};
use vrrp_core::wire::{Ipv4Header, PseudoHeader, TOS};

use super::control;
use super::{AdvertSocket, SendError, Transport};

impl AdvertSocket {
    /// Sends `payload`, encoded with the same `ends`, in a packet of its own.
    ///
    /// `hop_limit` is 255 for multicast and usually for unicast. The IPv4 header is ours, so
    /// its source need not be an address of this host; an IPv6 source must be one of the interface
    /// (or, unless link-local, of the host) and past duplicate address detection.
    ///
    /// # Errors
    /// [`SendError`]. An IPv6 source that is missing or tentative is
    /// [`Transient`](SendError::Transient).
    pub fn send(
        &self,
        ends: &PseudoHeader,
        hop_limit: u8,
        payload: &[u8],
    ) -> Result<(), SendError> {
        match (*ends, self.transport) {
            (
                PseudoHeader::V4 {
                    source,
                    destination,
                },
                Transport::Ipv4 | Transport::Ipv4Ah,
            ) => self.send_v4(source, destination, hop_limit, payload),
            (
                PseudoHeader::V6 {
                    source,
                    destination,
                },
                Transport::Ipv6,
            ) => self.send_v6(source, destination, hop_limit, payload),
            (PseudoHeader::V4 { .. }, Transport::Ipv6)
            | (PseudoHeader::V6 { .. }, Transport::Ipv4 | Transport::Ipv4Ah) => {
                Err(SendError::Family)
            }
        }
    }

    /// Sends `packet`, an IPv4 packet complete with its header, to the destination that header
    /// names. An authenticated packet is one whole, because its digest covers the header.
    ///
    /// The kernel fills in the header checksum, and the identification if that is zero.
    ///
    /// # Errors
    /// [`SendError`]. [`Family`](SendError::Family) also for fewer octets than an IPv4 header has.
    pub fn send_packet(&self, packet: &[u8]) -> Result<(), SendError> {
        let destination = match (self.transport, packet.first_chunk()) {
            (
                Transport::Ipv4 | Transport::Ipv4Ah,
                Some(
                    &[
                        first,
                        _,
                        _,
                        _,
                        _,
                        _,
                        _,
                        _,
                        _,
                        _,
                        _,
                        _,
                        _,
                        _,
                        _,
                        _,
                        a,
                        b,
                        c,
                        d,
                    ],
                ),
            ) if first >> 4 == 4 => Ipv4Addr::new(a, b, c, d),
            (Transport::Ipv4 | Transport::Ipv4Ah | Transport::Ipv6, _) => {
                return Err(SendError::Family);
            }
        };
        let source = packet.get(12..16).and_then(|octets| octets.first_chunk());
        let source = source.map_or(Ipv4Addr::UNSPECIFIED, |octets: &[u8; 4]| (*octets).into());
        self.send_parts_v4(source, destination, &[IoSlice::new(packet)])
            .map_err(|error| SendError::new(error, packet.len()))
    }

    /// The identification of the next packet: counts from 1 and skips 0, which would leave the
    /// choice to the kernel.
    pub fn next_identification(&self) -> u16 {
        let following = |last: u16| last.checked_add(1).unwrap_or(1);
        let change = |last| Some(following(last));
        let last = (self.identification).fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
        following(last.unwrap_or_default())
    }

    fn send_v4(
        &self,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        ttl: u8,
        payload: &[u8],
    ) -> Result<(), SendError> {
        let octets = Ipv4Header::LEN + payload.len();
        let header = Ipv4Header {
            source,
            destination,
            ttl,
            tos: TOS,
            id: self.next_identification(),
            protocol: self.transport.protocol(),
            payload_len: u16::try_from(payload.len())
                .map_err(|_exceeds_ipv4| SendError::TooLong { octets })?,
        };
        let mut head = [0; Ipv4Header::LEN];
        header
            .encode(&mut head.as_mut_slice())
            .map_err(|_exceeds_ipv4| SendError::TooLong { octets })?;
        let parts = [IoSlice::new(&head), IoSlice::new(payload)];
        self.send_parts_v4(source, destination, &parts)
            .map_err(|error| SendError::new(error, octets))
    }

    fn send_parts_v4(
        &self,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        parts: &[IoSlice<'_>],
    ) -> io::Result<()> {
        let address = SockAddr::from(SocketAddrV4::new(destination, 0));
        let control = control::ipv4(source);
        let mut message = MsgHdr::new().with_addr(&address).with_buffers(parts);
        if self.interface == 0 {
            // Rules of the routing policy look at the source; the header is not theirs to read.
            message = message.with_control(&control);
        }
        // The group is on this link whatever the routing table says of 224.0.0.0/4.
        let flags = if destination.is_multicast() {
            libc::MSG_DONTROUTE
        } else {
            0
        };
        self.socket.sendmsg(&message, flags).map(drop)
    }

    fn send_v6(
        &self,
        source: Ipv6Addr,
        destination: Ipv6Addr,
        hop_limit: u8,
        payload: &[u8],
    ) -> Result<(), SendError> {
        let address = SockAddr::from(SocketAddrV6::new(destination, 0, 0, self.interface));
        let control = control::ipv6(source, self.interface, hop_limit);
        let buffers = [IoSlice::new(payload)];
        let message = MsgHdr::new()
            .with_addr(&address)
            .with_buffers(&buffers)
            .with_control(&control);
        match self.socket.sendmsg(&message, 0) {
            Ok(_) => Ok(()),
            // How the kernel refuses a source address that is missing or still tentative; nothing
            // else in this call can be invalid.
            Err(source) if source.raw_os_error() == Some(Errno::EINVAL as i32) => {
                Err(SendError::Transient { source })
            }
            Err(error) => Err(SendError::new(error, payload.len())),
        }
    }
}
