//! A packet socket on the bridge that reads the adverts on it.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};

use socket2::{Domain, Protocol, Socket, Type};
use vrrp_core::Instant;
use vrrp_core::wire::{self, Advertisement, Ipv4Packet};

use super::record::Advert;
use super::role::VRID;

const ETHERTYPE_IPV4: u16 = 0x0800;

/// A cooked packet socket for IPv4. A frame a port receives reaches it once, when the bridge hands
/// the frame to its own device.
#[derive(Debug)]
pub(super) struct Tap(Socket);

impl Tap {
    pub(super) fn open() -> io::Result<Self> {
        let protocol = Protocol::from(i32::from(ETHERTYPE_IPV4.to_be()));
        let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(protocol))?;
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }

    /// The next advert of the laboratory's virtual router, seen at `at`; `None` when there is
    /// nothing more to read.
    pub(super) fn next(&self, at: Instant) -> io::Result<Option<Advert>> {
        let mut packet = [0; 256];
        loop {
            match (&self.0).read(&mut packet) {
                Ok(len) => {
                    let advert = packet.get(..len).and_then(|packet| decode(packet, at));
                    if advert.is_some() {
                        return Ok(advert);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl AsFd for Tap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn decode(packet: &[u8], at: Instant) -> Option<Advert> {
    let packet = Ipv4Packet::decode(packet).ok()?;
    if packet.protocol != wire::PROTOCOL {
        return None;
    }
    let advertisement = Advertisement::decode(packet.payload, &packet.pseudo_header()).ok()?;
    (advertisement.vrid.get() == VRID).then_some(Advert {
        at,
        source: packet.source,
        version: advertisement.version(),
        priority: advertisement.priority,
        interval: advertisement.interval,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;
    use vrrp_core::{Interval, Priority, Version};

    /// VRRPv2 without authentication: VRID 51, priority 150, every second, 192.0.2.100.
    const PACKET: [u8; 40] = [
        0x45, 0xc0, 0x00, 0x28, 0x00, 0x01, 0x00, 0x00, 0xff, 0x70, 0x18, 0x91, 192, 0, 2, 1, 224,
        0, 0, 18, 0x21, 51, 150, 1, 0, 1, 0x86, 0x65, 192, 0, 2, 100, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    #[test]
    fn reads_the_adverts_of_the_laboratorys_virtual_router() {
        assert_eq!(
            decode(&PACKET, Instant::from_millis(7)),
            Some(Advert {
                at: Instant::from_millis(7),
                source: Ipv4Addr::new(192, 0, 2, 1),
                version: Version::V2,
                priority: Priority::from_wire(150),
                interval: Interval::DEFAULT,
            })
        );
    }

    #[test]
    fn passes_over_everything_else() {
        for len in 0..PACKET.len() {
            assert_eq!(decode(&PACKET[..len], Instant::EPOCH), None, "{len} octets");
        }
        let mut other_router = PACKET;
        other_router[21] = 52;
        // The checksum is one's complement: adding one to a word takes one from the sum.
        other_router[27] -= 1;
        assert_eq!(decode(&other_router, Instant::EPOCH), None);
        let mut icmp = PACKET;
        icmp[9] = 1;
        assert_eq!(decode(&icmp, Instant::EPOCH), None);
    }
}
