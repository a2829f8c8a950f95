//! Frames with correct lengths and checksums, to which one defect is added.

use core::net::{Ipv4Addr, Ipv6Addr};

const SOURCE_V4: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 3);
const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
const SOURCE_V6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 3);
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
const SOURCE_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 3];
const VRRP: u8 = 112;
const AH: u8 = 51;

/// Fills in the checksum of a version 3 advert over IPv4 with the pseudo-header, which all peers
/// accept.
pub(super) fn sealed_v3(pdu: Vec<u8>) -> Vec<u8> {
    let length = u16::try_from(pdu.len()).expect("an advert is short");
    let mut before = [SOURCE_V4.octets(), GROUP_V4.octets()].concat();
    before.extend([0, VRRP]);
    before.extend(length.to_be_bytes());
    sealed(&before, pdu)
}

/// Fills in the checksum of a version 3 advert over IPv6.
pub(super) fn sealed_v6(pdu: Vec<u8>) -> Vec<u8> {
    let length = u32::try_from(pdu.len()).expect("an advert is short");
    let mut before = [SOURCE_V6.octets(), GROUP_V6.octets()].concat();
    before.extend(length.to_be_bytes());
    before.extend([0, 0, 0, VRRP]);
    sealed(&before, pdu)
}

/// Fills in the checksum of a version 2 advert.
pub(super) fn sealed_v2(pdu: Vec<u8>) -> Vec<u8> {
    sealed(&[], pdu)
}

fn sealed(before: &[u8], mut pdu: Vec<u8>) -> Vec<u8> {
    let sum = checksum(&[before, &pdu].concat());
    pdu.splice(6..8, sum.to_be_bytes());
    pdu
}

fn checksum(octets: &[u8]) -> u16 {
    let words = octets.chunks(2).map(|pair| match *pair {
        [high, low] => u16::from_be_bytes([high, low]),
        [high, ..] => u16::from_be_bytes([high, 0]),
        [] => 0,
    });
    let mut sum: u32 = words.map(u32::from).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("the sum is folded")
}

/// A frame with an advert over IPv4.
pub(super) fn advert(pdu: &[u8]) -> Vec<u8> {
    advert_with_ttl(255, pdu)
}

/// A frame with an advert over IPv4 that seems to come from elsewhere.
pub(super) fn advert_with_ttl(ttl: u8, pdu: &[u8]) -> Vec<u8> {
    over_ethernet_v4(&ipv4(VRRP, ttl, pdu))
}

/// A frame with an advert over IPv4 whose IP header has `octet` at `at`, and a right checksum.
pub(super) fn advert_with_header(at: usize, octet: u8, pdu: &[u8]) -> Vec<u8> {
    let mut packet = ipv4(VRRP, 255, pdu);
    packet[at] = octet;
    packet.splice(10..12, [0, 0]);
    let sum = checksum(&packet[..20]);
    packet.splice(10..12, sum.to_be_bytes());
    over_ethernet_v4(&packet)
}

/// A frame with `payload` after the IPv4 header of an Authentication Header.
pub(super) fn authenticated(payload: &[u8]) -> Vec<u8> {
    over_ethernet_v4(&ipv4(AH, 255, payload))
}

/// A frame with an advert over IPv6.
pub(super) fn advert_v6(hop_limit: u8, pdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(pdu.len()).expect("an advert is short");
    let [high, low] = length.to_be_bytes();
    let mut packet = vec![0x6c, 0, 0, 0, high, low, VRRP, hop_limit];
    packet.extend(SOURCE_V6.octets());
    packet.extend(GROUP_V6.octets());
    packet.extend_from_slice(pdu);
    ethernet([0x33, 0x33, 0, 0, 0, 0x12], [0x86, 0xdd], &packet)
}

fn ipv4(protocol: u8, ttl: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).expect("a packet is short");
    let mut packet = vec![0x45, 0xc0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 1, 0, 0, ttl, protocol, 0, 0]);
    packet.extend(SOURCE_V4.octets());
    packet.extend(GROUP_V4.octets());
    let sum = checksum(&packet);
    packet.splice(10..12, sum.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

fn over_ethernet_v4(packet: &[u8]) -> Vec<u8> {
    ethernet([0x01, 0x00, 0x5e, 0, 0, 0x12], [0x08, 0x00], packet)
}

fn ethernet(destination: [u8; 6], kind: [u8; 2], body: &[u8]) -> Vec<u8> {
    [&destination[..], &SOURCE_MAC, &kind, body].concat()
}
