//! Tests with captures of keepalived and FRR, and with composed packets.

use vrrp_core::wire::{
    AH_PROTOCOL, Advertisement, AhPacket, ArpOperation, ArpPacket, Authentication, ChecksumForm,
    DecodeError, EtherType, EthernetHeader, Format, IcvForm, Ipv4Packet, Ipv6Packet, Key, NdpError,
    NeighborAdvertisement, PROTOCOL, Replay, TTL,
};
use vrrp_core::{Family, MacAddr};

use super::pcap;

const KEEPALIVED: &[u8] =
    include_bytes!("../../packets/keepalived-2.2.7-v2-v2pass-v2ah-v3v4-v3v6.pcap");
const FRR: &[u8] = include_bytes!("../../packets/frr-8.4.4-v2-v3v4-v3v6.pcap");
const GOOD: &[u8] = include_bytes!("../../packets/synthetic-good.pcap");
const BAD: &[u8] = include_bytes!("../../packets/synthetic-bad.pcap");

/// An advertisement and the time to live it came with.
type Verdict<'a> = Result<(Advertisement<'a>, u8), DecodeError>;

/// The verdict on a frame that carries VRRP, with or without AH, or `None` for another.
fn verdict(frame: &[u8]) -> Option<Verdict<'_>> {
    let (ethernet, packet) = EthernetHeader::decode(frame).unwrap();
    let (pdu, ends, ttl) = match ethernet.ether_type {
        EtherType::IPV4 => {
            let ip = Ipv4Packet::decode(packet).unwrap();
            let pdu = match ip.protocol {
                PROTOCOL => ip.payload,
                AH_PROTOCOL => AhPacket::decode(&ip).unwrap().payload,
                _ => return None,
            };
            (pdu, ip.pseudo_header(), ip.ttl)
        }
        EtherType::IPV6 => {
            let ip = Ipv6Packet::decode(packet).unwrap();
            if ip.next_header != PROTOCOL {
                return None;
            }
            (ip.payload, ip.pseudo_header(), ip.hop_limit)
        }
        _ => return None,
    };
    Some(Advertisement::decode(pdu, &ends).map(|advertisement| (advertisement, ttl)))
}

/// How many frames of `file` are advertisements of each kind: plain v2, v2 with a password, v2 with
/// AH, v3 over IPv4 with and without pseudo-header, v3 over IPv6.
fn kinds(file: &[u8]) -> [usize; 6] {
    let mut kinds = [0; 6];
    for frame in pcap::frames(file) {
        let Some(verdict) = verdict(frame) else {
            continue;
        };
        let (advertisement, ttl) = verdict.unwrap();
        assert_eq!(ttl, TTL);
        let family = advertisement.addresses.family();
        let kind = match (advertisement.format, family) {
            (Format::V2(Authentication::None), _) => 0,
            (Format::V2(Authentication::Simple(_)), _) => 1,
            (Format::V2(Authentication::Ah), _) => 2,
            (Format::V3(ChecksumForm::PseudoHeader), Family::V4) => 3,
            (Format::V3(ChecksumForm::MessageOnly), Family::V4) => 4,
            (Format::V3(ChecksumForm::PseudoHeader), Family::V6) => 5,
            (format, family) => panic!("{format:?} over {family}"),
        };
        kinds[kind] += 1;
    }
    kinds
}

#[test]
fn every_advertisement_of_keepalived_decodes() {
    assert_eq!(kinds(KEEPALIVED), [8, 8, 8, 26, 0, 8]);
}

#[test]
fn every_advertisement_of_frr_decodes() {
    assert_eq!(kinds(FRR), [12, 0, 0, 12, 0, 11]);
}

#[test]
fn every_good_packet_decodes() {
    assert_eq!(kinds(GOOD), [2, 1, 2, 3, 4, 2]);
}

#[test]
fn bad_packets_are_refused_for_their_reason() {
    let verdicts: Vec<_> = pcap::frames(BAD)
        .into_iter()
        .map(|frame| verdict(frame).unwrap())
        .collect();
    let errors: Vec<_> = verdicts.iter().map(|verdict| verdict.err()).collect();
    assert_eq!(
        errors,
        [
            // A CARP advertisement: seven addresses and no trailer would fit its 36 octets.
            Some(DecodeError::Length {
                count: 7,
                octets: 36
            }),
            None,
            Some(DecodeError::NoAddresses),
            Some(DecodeError::Type(2)),
            Some(DecodeError::IntervalZero),
            None,
            // A v3 packet followed by what could be a v2 trailer.
            Some(DecodeError::Length {
                count: 2,
                octets: 24
            }),
            Some(DecodeError::Length {
                count: 3,
                octets: 16
            }),
            // Padded to the shortest Ethernet frame.
            None,
        ]
    );
    let (_, ttl) = verdicts[1].unwrap();
    assert_eq!(ttl, 254, "R1 is judged by it");
    let (advertisement, _) = verdicts[5].unwrap();
    let first = advertisement.addresses.iter().next();
    assert_eq!(
        first,
        Some("2001:db8::1".parse().unwrap()),
        "R10 is judged by it"
    );
    let (padded, ttl) = verdicts[8].unwrap();
    assert_eq!((padded.addresses.len(), ttl), (1, TTL));
}

#[test]
fn keepalived_authenticates_multicast_with_the_time_to_live_and_counts_up() {
    let key = Key::from_password(b"keykey").unwrap();
    let wrong = Key::from_password(b"keykez").unwrap();
    let mut replay = Replay::new();
    for frame in pcap::frames(KEEPALIVED) {
        let Ok(ip) = Ipv4Packet::decode(&frame[EthernetHeader::LEN..]) else {
            continue;
        };
        let Ok(packet) = AhPacket::decode(&ip) else {
            continue;
        };
        assert_eq!(packet.spi, u32::from(ip.source));
        assert_eq!(packet.verify(&key), Ok(IcvForm::TtlCovered));
        assert!(packet.verify(&wrong).is_err());
        assert_eq!(replay.accept(packet.sequence), Ok(()));
    }
    assert_eq!(replay.last(), 8);
}

#[test]
fn both_icv_forms_of_one_packet_verify() {
    let key = Key::from_password(b"keykey").unwrap();
    let forms: Vec<_> = pcap::frames(GOOD)
        .into_iter()
        .filter_map(|frame| Ipv4Packet::decode(&frame[EthernetHeader::LEN..]).ok())
        .filter_map(|ip| AhPacket::decode(&ip).ok())
        .map(|packet| packet.verify(&key))
        .collect();
    assert_eq!(forms, [Ok(IcvForm::Rfc2402), Ok(IcvForm::TtlCovered)]);
}

/// The ARP packets of keepalived and FRR differ in their Ethernet addresses alone.
#[test]
fn announced_ipv4_addresses_are_gratuitous_requests() {
    for (file, count) in [(KEEPALIVED, 12), (FRR, 2)] {
        let mut seen = 0;
        for frame in pcap::frames(file) {
            let Ok(arp) = ArpPacket::decode(frame) else {
                continue;
            };
            seen += 1;
            assert_eq!(arp.operation, ArpOperation::Request);
            let ours = ArpPacket::gratuitous_request(arp.sender_mac, arp.sender_address);
            assert_eq!(arp, ours);
            let mut encoded = Vec::new();
            ours.encode(arp.sender_mac, MacAddr::BROADCAST, &mut encoded)
                .unwrap();
            assert_eq!(encoded, frame);
        }
        assert_eq!(seen, count);
    }
}

/// keepalived clears R on a host that does not forward, FRR always sets it.
#[test]
fn announced_ipv6_addresses_are_unsolicited_advertisements() {
    for (file, router, count) in [(KEEPALIVED, false, 4), (FRR, true, 1)] {
        let mut seen = 0;
        for frame in pcap::frames(file) {
            let advertisement = match NeighborAdvertisement::decode(frame) {
                Ok(advertisement) => advertisement,
                // Router solicitations and advertisements, neighbor solicitations.
                Err(NdpError::Type { kind, .. }) => {
                    assert!([133, 134, 135].contains(&kind), "type {kind}");
                    continue;
                }
                Err(NdpError::NextHeader(PROTOCOL) | NdpError::EtherType(_)) => continue,
                Err(error) => panic!("{error}"),
            };
            seen += 1;
            let mac = advertisement.target_mac.unwrap();
            let ours = NeighborAdvertisement::unsolicited(mac, advertisement.target, router);
            assert_eq!(advertisement, ours);
            let mut encoded = Vec::new();
            ours.encode(mac, NeighborAdvertisement::ALL_NODES_MAC, &mut encoded)
                .unwrap();
            assert_eq!(encoded, frame);
        }
        assert_eq!(seen, count);
    }
}
