//! A packet socket on the bridge that reads the adverts crossing it.

use core::net::Ipv4Addr;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};

use socket2::{Domain, Protocol, Socket, Type};
use vrrp_core::{Instant, Interval, Priority, Version};

use super::record::Advert;
use super::role::VRID;

const ETHERTYPE_IPV4: u16 = 0x0800;
const VRRP: u8 = 112;

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

/// The header fields of an advert; the directors, not the observer, judge the rest of it.
fn decode(packet: &[u8], at: Instant) -> Option<Advert> {
    let header_len = usize::from(packet.first()? & 0x0f) * 4;
    let &source = packet.get(12..)?.first_chunk::<4>()?;
    if *packet.get(9)? != VRRP {
        return None;
    }
    let &[kind, vrid, priority, _, high, low] = packet.get(header_len..)?.first_chunk()?;
    let (version, interval) = match kind {
        0x21 => (Version::V2, Interval::from_secs(low)?),
        0x31 => (
            Version::V3,
            Interval::from_centis(u16::from_be_bytes([high & 0x0f, low]))?,
        ),
        _ => return None,
    };
    (vrid == VRID).then_some(Advert {
        at,
        source: Ipv4Addr::from(source),
        version,
        priority: Priority::from_wire(priority),
        interval,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(pdu: &[u8]) -> Vec<u8> {
        let mut packet = vec![
            0x45, 0xc0, 0, 40, 0, 1, 0, 0, 255, VRRP, 0, 0, 192, 0, 2, 1, 224, 0, 0, 18,
        ];
        packet.extend_from_slice(pdu);
        packet
    }

    #[test]
    fn reads_both_versions() {
        let advert = |version, interval| {
            Some(Advert {
                at: Instant::EPOCH,
                source: Ipv4Addr::new(192, 0, 2, 1),
                version,
                priority: Priority::from_wire(150),
                interval: Interval::from_centis(interval).unwrap(),
            })
        };
        assert_eq!(
            decode(&packet(&[0x21, 51, 150, 1, 0, 2]), Instant::EPOCH),
            advert(Version::V2, 200)
        );
        assert_eq!(
            decode(&packet(&[0x31, 51, 150, 1, 0xf1, 0x2c]), Instant::EPOCH),
            advert(Version::V3, 300)
        );
    }

    #[test]
    fn passes_over_everything_else() {
        let whole = packet(&[0x21, 51, 150, 1, 0, 1]);
        for len in 0..whole.len() {
            assert_eq!(decode(&whole[..len], Instant::EPOCH), None, "{len} octets");
        }
        for (offset, octet, what) in [
            (9, 1, "ICMP"),
            (20, 0x41, "version 4"),
            (21, 52, "another virtual router"),
            (25, 0, "an interval of zero"),
        ] {
            let mut changed = whole.clone();
            changed[offset] = octet;
            assert_eq!(decode(&changed, Instant::EPOCH), None, "{what}");
        }
    }
}
