//! Properties of decoding, for any octets from a socket.

use alloc::vec;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use crate::Family;
use crate::wire::{
    AH_LEN, Advertisement, AhHeader, AhPacket, ArpPacket, Authentication, Checksum, EtherType,
    EthernetHeader, Format, IcvForm, Ipv4Header, Ipv4Packet, Ipv6Packet, Key, MULTICAST_V4,
    NeighborAdvertisement, PROTOCOL, PseudoHeader, TOS, TTL,
};

const ICMPV6: u8 = 58;

/// An IP packet: no reader panics, and an advertisement that is accepted is written back as it was,
/// but for what receivers ignore (RFC 9568 §5.2.6, RFC 2338 §5.3.6).
///
/// # Panics
/// If that does not hold for `packet`.
pub fn decode(packet: &[u8]) {
    if let Ok(ip) = Ipv4Packet::decode(packet) {
        assert!(ip.header.len() + ip.payload.len() <= packet.len());
        advertisement(ip.payload, &ip.pseudo_header());
    }
    if let Ok(ip) = Ipv6Packet::decode(packet) {
        assert_eq!(ip.payload.len(), usize::from(ip.payload_len));
        advertisement(ip.payload, &ip.pseudo_header());
    }
}

fn advertisement(pdu: &[u8], ends: &PseudoHeader) {
    is_written_back(pdu, ends);
    // Chance hardly ever finds a checksum.
    if let Some(sealed) = sealed(pdu, ends, PROTOCOL, 6) {
        is_written_back(&sealed, ends);
    }
}

/// `message` with the checksum at `offset` set right; over IPv4 it covers no pseudo-header.
fn sealed(message: &[u8], ends: &PseudoHeader, protocol: u8, offset: usize) -> Option<Vec<u8>> {
    let mut sealed = message.to_vec();
    let length = u16::try_from(sealed.len()).ok()?;
    sealed.get_mut(offset..offset + 2)?.fill(0);
    let sum = Checksum::new().octets(&sealed);
    let sum = match ends.family() {
        Family::V4 => sum,
        Family::V6 => sum.pseudo_header(ends, protocol, length),
    };
    sealed
        .get_mut(offset..offset + 2)?
        .copy_from_slice(&sum.field());
    Some(sealed)
}

fn is_written_back(pdu: &[u8], ends: &PseudoHeader) {
    let Ok(read) = Advertisement::decode(pdu, ends) else {
        return;
    };
    assert_eq!(read.encoded_len(), pdu.len());
    assert_eq!(read.addresses.iter().count(), read.addresses.len());
    let mut written = Vec::new();
    read.encode(ends, &mut written)
        .expect("what was read can be sent");
    assert_eq!(Advertisement::decode(&written, ends), Ok(read));
    assert_eq!(heeded(&written, read.format), heeded(pdu, read.format));
}

/// A packet without what its receiver ignores, and without its checksum, which covers that too.
fn heeded(pdu: &[u8], format: Format) -> Vec<u8> {
    let mut heeded = pdu.to_vec();
    if let Some(checksum) = heeded.get_mut(6..8) {
        checksum.fill(0);
    }
    match format {
        Format::V3(_) => {
            if let Some(interval) = heeded.get_mut(4) {
                *interval &= 0x0f;
            }
        }
        Format::V2(Authentication::Simple(_)) => {}
        Format::V2(Authentication::None | Authentication::Ah) => {
            heeded.truncate(pdu.len().saturating_sub(8));
        }
    }
    heeded
}

/// An IPv4 packet with an Authentication Header: no reader panics, and what is sent with a key
/// verifies with that key alone, and not with any bit changed (RFC 2402 §3.4.4).
///
/// # Panics
/// If that does not hold for `packet`.
pub fn authentication(packet: &[u8]) {
    let key = Key::from_password(b"keykey").expect("six octets");
    let ip = Ipv4Packet::decode(packet);
    let ah = ip.map(|ip| (ip, AhPacket::decode(&ip)));
    let Ok((ip, Ok(ah))) = ah else {
        is_sealed(&key, Ipv4Addr::LOCALHOST, MULTICAST_V4, 0, packet);
        return;
    };
    let verdict = ah.verify(&key);
    if verdict.is_ok() {
        assert_ne!(
            ah.verify(&Key::from_password(b"keykez").expect("six")),
            verdict
        );
    }
    is_sealed(&key, ip.source, ip.destination, ah.sequence, ah.payload);
}

fn is_sealed(key: &Key, source: Ipv4Addr, destination: Ipv4Addr, sequence: u32, payload: &[u8]) {
    let ip = Ipv4Header {
        source,
        destination,
        ttl: TTL,
        tos: TOS,
        id: 7,
        protocol: 0,
        payload_len: 0,
    };
    let header = AhHeader { spi: 1, sequence };
    for form in [IcvForm::Rfc2402, IcvForm::TtlCovered] {
        let mut packet = Vec::new();
        if header.encode(&ip, payload, key, form, &mut packet).is_err() {
            assert!(packet.is_empty(), "nothing is written on error");
            return;
        }
        let verdict = |packet: &[u8], key: &Key| {
            let ip = Ipv4Packet::decode(packet).ok()?;
            assert!(Checksum::new().octets(ip.header).verifies());
            let ah = AhPacket::decode(&ip).ok()?;
            ah.verify(key).ok()
        };
        assert_eq!(verdict(&packet, key), Some(form));
        let other = Key::from_password(b"keykez").expect("six octets");
        assert_eq!(verdict(&packet, &other), None);
        // Any octet of the header and the payload, picked by the input.
        let place = Ipv4Header::LEN + sequence as usize % (AH_LEN + payload.len());
        if let Some(octet) = packet.get_mut(place) {
            *octet ^= 1 << (sequence % 8);
        }
        assert_eq!(verdict(&packet, key), None);
    }
}

/// An Ethernet frame that resolves an address: no reader panics, ARP is written back octet by
/// octet, a neighbor advertisement means the same again, and a change of it does not go unseen.
///
/// # Panics
/// If that does not hold for `frame`.
pub fn resolution(frame: &[u8]) {
    let Ok((header, packet)) = EthernetHeader::decode(frame) else {
        return;
    };
    if let Ok(arp) = ArpPacket::decode(frame) {
        let mut written = Vec::new();
        arp.encode(header.source, header.destination, &mut written)
            .expect("room without end");
        assert_eq!(frame.get(..ArpPacket::FRAME_LEN), Some(&written[..]));
    }
    survives_a_round_trip(frame);
    if header.ether_type == EtherType::IPV6
        && let Ok(ip) = Ipv6Packet::decode(packet)
        && let Some(message) = sealed(ip.payload, &ip.pseudo_header(), ICMPV6, 2)
    {
        let mut sealed = frame.to_vec();
        let start = EthernetHeader::LEN + 40;
        sealed.splice(start..start + message.len(), message);
        survives_a_round_trip(&sealed);
    }
}

fn survives_a_round_trip(frame: &[u8]) {
    let Ok(read) = NeighborAdvertisement::decode(frame) else {
        return;
    };
    let mut written = vec![0xee];
    let mac = NeighborAdvertisement::ALL_NODES_MAC;
    read.encode(mac, mac, &mut written)
        .expect("room without end");
    let mut written = written.split_off(1);
    assert_eq!(written.len(), read.encoded_len());
    assert_eq!(NeighborAdvertisement::decode(&written), Ok(read));
    // From the IPv6 source address on, everything is covered.
    let covered = written.len() - 22;
    for bit in 0..8 {
        let place = 22 + (frame.len() * 8 + bit) % covered;
        written[place] ^= 1 << bit;
        assert!(NeighborAdvertisement::decode(&written).is_err());
        written[place] ^= 1 << bit;
    }
}
