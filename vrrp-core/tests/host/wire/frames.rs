//! Tests of Ethernet frames, octet by octet: ARP and Neighbor Advertisements.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vrrp_core::wire::{
    ArpError, ArpOperation, ArpPacket, EncodeError, EtherType, EthernetError, EthernetHeader,
    Ipv6Error, MULTICAST_V4, MULTICAST_V6, NdpError, NeighborAdvertisement, multicast_mac,
};
use vrrp_core::{Family, MacAddr, Vrid};

use super::{octets, rfc1071};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const TARGET: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
/// The neighbor advertisement of FRR 8.4.4 for [`TARGET`] at VRID 5.
const FRR: &str = "33330000000100005e00020586dd \
    6000000000203aff20010db8000000000000000000000001ff020000000000000000000000000001 \
    88001b26a000000020010db8000000000000000000000001 020100005e000205";

fn virtual_mac(vrid: u8, family: Family) -> MacAddr {
    Vrid::new(vrid).unwrap().virtual_mac(family)
}

fn frame(arp: &ArpPacket, source: MacAddr, destination: MacAddr) -> Vec<u8> {
    let mut frame = Vec::new();
    arp.encode(source, destination, &mut frame).unwrap();
    assert_eq!(frame.len(), ArpPacket::FRAME_LEN);
    assert_eq!(ArpPacket::decode(&frame), Ok(*arp));
    frame
}

#[test]
fn a_gratuitous_request_names_the_address_twice_and_targets_everyone() {
    let mac = virtual_mac(5, Family::V4);
    let arp = ArpPacket::gratuitous_request(mac, ADDRESS);
    assert_eq!(
        frame(&arp, mac, MacAddr::BROADCAST),
        octets(
            "ffffffffffff00005e0001050806 0001080006040001 \
             00005e000105c0000201 ffffffffffffc0000201"
        )
    );
}

/// RFC 9568 errata 7947 and 7949.
#[test]
fn a_gratuitous_reply_targets_the_virtual_mac() {
    let mac = virtual_mac(5, Family::V4);
    let arp = ArpPacket::gratuitous_reply(mac, ADDRESS);
    assert_eq!(
        frame(&arp, mac, MacAddr::BROADCAST),
        octets(
            "ffffffffffff00005e0001050806 0001080006040002 \
             00005e000105c0000201 00005e000105c0000201"
        )
    );
}

/// RFC 9568 §6.4.3: the packet has the virtual MAC though the frame may come from another.
#[test]
fn a_request_is_answered_with_the_virtual_mac() {
    let asker = MacAddr([2, 0, 0, 0, 0, 9]);
    let request = ArpPacket {
        operation: ArpOperation::Request,
        sender_mac: asker,
        sender_address: Ipv4Addr::new(192, 0, 2, 9),
        target_mac: MacAddr([0; 6]),
        target_address: ADDRESS,
    };
    let reply = request.answer(virtual_mac(5, Family::V4));
    assert_eq!(
        frame(&reply, MacAddr([2, 0, 0, 0, 0, 1]), asker),
        octets(
            "020000000009020000000001 0806 0001080006040002 \
             00005e000105c0000201 020000000009c0000209"
        )
    );
}

#[test]
fn arp_of_another_kind_is_refused_and_padding_ignored() {
    let mac = virtual_mac(5, Family::V4);
    let arp = ArpPacket::gratuitous_request(mac, ADDRESS);
    let good = frame(&arp, mac, MacAddr::BROADCAST);
    let patched = |offset: usize, value: u8| {
        let mut frame = good.clone();
        frame[offset] = value;
        ArpPacket::decode(&frame)
    };
    assert_eq!(patched(13, 0x00), Err(ArpError::EtherType(0x0800)));
    for offset in 14..20 {
        assert_eq!(patched(offset, 0x7f), Err(ArpError::AddressSpace));
    }
    assert_eq!(patched(21, 3), Err(ArpError::Operation(3)));
    assert_eq!(patched(20, 1), Err(ArpError::Operation(0x101)));
    assert_eq!(
        ArpPacket::decode(&good[..41]),
        Err(ArpError::Truncated { octets: 27 })
    );
    assert_eq!(
        ArpPacket::decode(&good[..13]),
        Err(ArpError::Ethernet(EthernetError::Truncated { octets: 13 }))
    );
    let mut padded = good;
    padded.resize(60, 0xee);
    assert_eq!(ArpPacket::decode(&padded), Ok(arp));
}

#[test]
fn an_unsolicited_advertisement_is_what_frr_sends() {
    let mac = virtual_mac(5, Family::V6);
    let advertisement = NeighborAdvertisement::unsolicited(mac, TARGET, true);
    let mut frame = Vec::new();
    advertisement
        .encode(mac, NeighborAdvertisement::ALL_NODES_MAC, &mut frame)
        .unwrap();
    assert_eq!(frame, octets(FRR));
    assert_eq!(frame.len(), advertisement.encoded_len());
    assert_eq!(NeighborAdvertisement::decode(&frame), Ok(advertisement));
}

/// Each flag is a bit of its own, and a reply to one node need not repeat the address.
#[test]
fn flags_and_the_missing_option_are_carried() {
    let node: Ipv6Addr = "fe80::9".parse().unwrap();
    for (flags, router, solicited, override_cached) in [
        (0x00, false, false, false),
        (0x80, true, false, false),
        (0x40, false, true, false),
        (0x20, false, false, true),
        (0xe0, true, true, true),
    ] {
        let advertisement = NeighborAdvertisement {
            source: TARGET,
            destination: node,
            target: TARGET,
            target_mac: None,
            router,
            solicited,
            override_cached,
        };
        let mut frame = Vec::new();
        let node_mac = MacAddr([2, 0, 0, 0, 0, 9]);
        advertisement
            .encode(virtual_mac(5, Family::V6), node_mac, &mut frame)
            .unwrap();
        assert_eq!((frame.len(), frame[58]), (78, flags));
        assert_eq!(advertisement.encoded_len(), 78);
        assert_eq!(frame[..6], node_mac.0);
        assert_eq!(NeighborAdvertisement::decode(&frame), Ok(advertisement));
    }
}

/// Puts the ICMPv6 checksum of a frame right.
fn reseal(frame: &mut [u8]) {
    frame[56..58].fill(0);
    let [high, low] = u16::try_from(frame.len() - 54).unwrap().to_be_bytes();
    let covered = [&[high, low, 0, 58], &frame[22..]].concat();
    let checksum = rfc1071(&covered);
    frame[56..58].copy_from_slice(&checksum.to_be_bytes());
}

/// The verdict on FRR's frame with some octets replaced and the checksum put right.
fn resealed(offset: usize, value: &[u8]) -> Result<NeighborAdvertisement, NdpError> {
    let mut frame = octets(FRR);
    frame[offset..offset + value.len()].copy_from_slice(value);
    reseal(&mut frame);
    NeighborAdvertisement::decode(&frame)
}

/// RFC 4861 §7.1.2.
#[test]
fn an_invalid_advertisement_is_refused() {
    let intact = NeighborAdvertisement::decode(&octets(FRR)).unwrap();
    assert_eq!(resealed(0, &[]), Ok(intact));
    let cases: &[(usize, &[u8], NdpError)] = &[
        (12, &[8, 0], NdpError::EtherType(0x0800)),
        (14, &[0x45], NdpError::Ipv6(Ipv6Error::Version(4))),
        (20, &[112], NdpError::NextHeader(112)),
        (21, &[254], NdpError::HopLimit(254)),
        (54, &[135], NdpError::Type { kind: 135, code: 0 }),
        (55, &[1], NdpError::Type { kind: 136, code: 1 }),
        (58, &[0xe0], NdpError::SolicitedMulticast),
        (62, &[0xff, 0x02], NdpError::MulticastTarget),
        (79, &[0], NdpError::Option),
        (79, &[2], NdpError::Option),
    ];
    for (offset, value, expected) in cases {
        assert_eq!(resealed(*offset, value), Err(*expected));
    }
    // An unknown option is skipped.
    assert_eq!(
        resealed(78, &[99]),
        Ok(NeighborAdvertisement {
            target_mac: None,
            ..intact
        })
    );
    let mut frame = octets(FRR);
    frame[56] ^= 1;
    assert_eq!(
        NeighborAdvertisement::decode(&frame),
        Err(NdpError::Checksum)
    );
}

#[test]
fn an_advertisement_ends_with_an_option() {
    let of_length = |length: u8| {
        let mut frame = octets(FRR);
        frame.resize(54 + usize::from(length), 0);
        frame[19] = length;
        reseal(&mut frame);
        NeighborAdvertisement::decode(&frame).err()
    };
    let truncated = |octets| Some(NdpError::Truncated { octets });
    assert_eq!(of_length(4), truncated(4));
    assert_eq!(of_length(23), truncated(23));
    assert_eq!(of_length(24), None);
    assert_eq!(of_length(25), Some(NdpError::Option));
    assert_eq!(of_length(31), Some(NdpError::Option));
    assert_eq!(of_length(32), None);
    assert_eq!(
        of_length(40),
        Some(NdpError::Option),
        "an option of length 0"
    );
}

#[test]
fn groups_have_ethernet_addresses() {
    let mac = |group: &str| multicast_mac(group.parse::<IpAddr>().unwrap());
    assert_eq!(
        multicast_mac(MULTICAST_V4.into()),
        Some(MacAddr([0x01, 0x00, 0x5e, 0, 0, 18]))
    );
    assert_eq!(
        multicast_mac(MULTICAST_V6.into()),
        Some(MacAddr([0x33, 0x33, 0, 0, 0, 0x12]))
    );
    // The highest bit of the 24 is lost.
    assert_eq!(
        mac("239.255.1.2"),
        Some(MacAddr([0x01, 0x00, 0x5e, 0x7f, 1, 2]))
    );
    assert_eq!(
        mac("ff02::1:ff00:105"),
        Some(MacAddr([0x33, 0x33, 0xff, 0, 1, 5]))
    );
    assert_eq!(mac("192.0.2.1"), None);
    assert_eq!(mac("fe80::1"), None);
    assert_eq!(
        multicast_mac(NeighborAdvertisement::ALL_NODES.into()),
        Some(NeighborAdvertisement::ALL_NODES_MAC)
    );
}

#[test]
fn an_ethernet_header_leaves_a_vlan_tag_to_the_reader() {
    let frame = octets("33330000001200005e0002058100 000a86dd");
    let (header, rest) = EthernetHeader::decode(&frame).unwrap();
    assert_eq!(header.ether_type, EtherType(0x8100));
    assert_eq!(header.source, virtual_mac(5, Family::V6));
    assert_eq!(rest, [0, 10, 0x86, 0xdd]);
    let mut encoded = Vec::new();
    header.encode(&mut encoded).unwrap();
    assert_eq!(encoded, frame[..14]);
}

#[test]
fn a_frame_that_does_not_fit_is_not_written() {
    let mac = virtual_mac(5, Family::V4);
    let mut room = [0; 41];
    assert_eq!(
        ArpPacket::gratuitous_reply(mac, ADDRESS).encode(mac, mac, &mut &mut room[..]),
        Err(EncodeError::NoRoom {
            needed: 42,
            room: 41
        })
    );
    let mut room = [0; 85];
    assert_eq!(
        NeighborAdvertisement::unsolicited(mac, TARGET, true).encode(mac, mac, &mut &mut room[..]),
        Err(EncodeError::NoRoom {
            needed: 86,
            room: 85
        })
    );
}
