//! Tests that advertisements arrive with their addresses and hop limit.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vrrp_core::wire::{
    AhHeader, AhPacket, IcvForm, Ipv4Header, Ipv4Packet, Key, MULTICAST_V4, PseudoHeader, TOS,
};
use vrrp_mio::{Datagram, Filter, RECEIVE_BUFFER, Received, Transport};

use super::lab::{Heard, group, hear, two_hosts, v4, v6, wait};

const V2: [u8; 20] = *b"\x21\x33\x64\x01\x00\x01\x29\x58\x0a\x09\x00\x0asecret\0\0";
const V3: [u8; 12] = *b"\x31\x33\x64\x01\x00\x64\x2a\x2b\x0a\x09\x00\x0a";

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn multicast_goes_both_ways_with_hop_limit_255() {
    let (left, right) = two_hosts();
    for transport in [Transport::Ipv4, Transport::Ipv6] {
        let mut from_left = left.join("v0", transport);
        let mut from_right = right.join("v0", transport);
        let ends = left.to(group(transport));
        from_left.send(&ends, 255, &V3).unwrap();
        let expected = Heard {
            ends,
            hop_limit: 255,
            payload: V3.to_vec(),
        };
        assert_eq!(hear(&mut from_right), expected);

        let ends = right.to(group(transport));
        from_right.send(&ends, 255, &V2).unwrap();
        let expected = Heard {
            ends,
            hop_limit: 255,
            payload: V2.to_vec(),
        };
        assert_eq!(hear(&mut from_left), expected);
    }
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn unicast_carries_the_hop_limit_asked_for() {
    let (left, right) = two_hosts();
    for (transport, peer) in [
        (Transport::Ipv4, IpAddr::from(v4(2))),
        (Transport::Ipv6, IpAddr::from(v6(2))),
    ] {
        let from_left = left.open("v0", transport);
        let mut from_right = right.open("v0", transport);
        for hop_limit in [255, 64, 1] {
            let ends = left.to(peer);
            from_left.send(&ends, hop_limit, &V3).unwrap();
            let expected = Heard {
                ends,
                hop_limit,
                payload: V3.to_vec(),
            };
            assert_eq!(hear(&mut from_right), expected);
        }
    }
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn unicast_between_global_ipv6_addresses_arrives() {
    let (left, right) = two_hosts();
    for (host, number) in [(&left, 1), (&right, 2)] {
        let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number);
        host.namespace
            .ip(&format!("address add {address}/64 dev v0 nodad"));
        host.namespace.await_local(address.into());
    }
    let from_left = left.open("v0", Transport::Ipv6);
    let mut from_right = right.open("v0", Transport::Ipv6);
    let ends = PseudoHeader::V6 {
        source: [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(),
        destination: [0x2001, 0xdb8, 0, 0, 0, 0, 0, 2].into(),
    };
    from_left.send(&ends, 255, &V3).unwrap();
    assert_eq!(hear(&mut from_right).ends, ends);
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn an_ipv4_source_may_be_no_address_of_the_host() {
    let (left, right) = two_hosts();
    let from_left = left.open("v0", Transport::Ipv4);
    let mut from_right = right.join("v0", Transport::Ipv4);
    let foreign = Ipv4Addr::new(10, 9, 0, 77);
    let ends = PseudoHeader::V4 {
        source: foreign,
        destination: MULTICAST_V4,
    };
    from_left.send(&ends, 255, &V3).unwrap();
    assert_eq!(hear(&mut from_right).ends, ends);
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn identifications_count_from_one_and_skip_zero() {
    let (left, right) = two_hosts();
    let from_left = left.open("v0", Transport::Ipv4);
    let mut from_right = right.join("v0", Transport::Ipv4);
    for expected in [1, 2] {
        let ends = left.to(MULTICAST_V4.into());
        from_left.send(&ends, 255, &V3).unwrap();
        let mut buffer = [0; RECEIVE_BUFFER];
        let Received::Datagram(Datagram::V4(packet)) = wait(&mut from_right, &mut buffer) else {
            panic!("no IPv4 packet");
        };
        assert_eq!(packet.header[4..6], u16::to_be_bytes(expected));
        assert_eq!(packet.header[1], 0xc0);
    }
    for _ in 3..=u16::MAX {
        from_left.next_identification();
    }
    assert_eq!(from_left.next_identification(), 1);
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn authenticated_packets_verify_on_the_other_side() {
    let (left, right) = two_hosts();
    let from_left = left.open("v0", Transport::Ipv4Ah);
    let mut from_right = right.join("v0", Transport::Ipv4Ah);
    let key = Key::from_password(b"secret").unwrap();
    let header = AhHeader {
        spi: u32::from(v4(1)),
        sequence: 7,
    };
    let ip = Ipv4Header {
        source: v4(1),
        destination: MULTICAST_V4,
        ttl: 255,
        tos: TOS,
        id: 1,
        protocol: 0,
        payload_len: 0,
    };
    for form in [IcvForm::Rfc2402, IcvForm::TtlCovered] {
        let mut packet = Vec::new();
        header.encode(&ip, &V2, &key, form, &mut packet).unwrap();
        from_left.send_packet(&packet).unwrap();

        let mut buffer = [0; RECEIVE_BUFFER];
        let Received::Datagram(Datagram::V4(heard)) = wait(&mut from_right, &mut buffer) else {
            panic!("no IPv4 packet");
        };
        let ah = AhPacket::decode(&heard).unwrap();
        assert_eq!(ah.sequence, 7);
        assert_eq!(ah.payload, V2);
        assert_eq!(ah.verify(&key), Ok(form));
    }
}

/// An IPv4 packet to the group, with `options` in its header.
fn packet(protocol: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    let header = Ipv4Header {
        source: v4(1),
        destination: MULTICAST_V4,
        ttl: 255,
        tos: TOS,
        id: 9,
        protocol,
        payload_len: u16::try_from(options.len() + payload.len()).unwrap(),
    };
    header.encode(&mut packet).unwrap();
    packet[0] = 0x45 + u8::try_from(options.len() / 4).unwrap();
    packet.extend_from_slice(options);
    packet.extend_from_slice(payload);
    packet
}

const ROUTER_ALERT: [u8; 4] = [0x94, 4, 0, 0];

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn garbage_is_filtered_and_ip_options_are_not() {
    let (left, right) = two_hosts();
    let from_left = left.open("v0", Transport::Ipv4);
    let mut from_right = right.join("v0", Transport::Ipv4);
    let mut fragment = packet(112, &[], &V3);
    fragment[6] = 0x20;
    let garbage = [
        packet(17, &[], &V3),
        packet(112, &[], b"\x41\x33\x64\x01"),
        packet(112, &[], b""),
        packet(112, &ROUTER_ALERT, b"\x32\x33\x64\x01"),
        fragment,
    ];
    for packet in &garbage {
        from_left.send_packet(packet).unwrap();
    }
    from_left
        .send_packet(&packet(112, &ROUTER_ALERT, &V3))
        .unwrap();
    let mut buffer = [0; RECEIVE_BUFFER];
    let Received::Datagram(Datagram::V4(heard)) = wait(&mut from_right, &mut buffer) else {
        panic!("no IPv4 packet");
    };
    let Ipv4Packet {
        header, payload, ..
    } = heard;
    assert_eq!(header.len(), 24);
    assert_eq!(header[20..], ROUTER_ALERT);
    assert_eq!(payload, V3);
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn a_vrid_filter_keeps_a_flood_of_others_out() {
    let (left, right) = two_hosts();
    for transport in [Transport::Ipv4, Transport::Ipv6] {
        let from_left = left.open("v0", transport);
        let mut from_right = right.join("v0", transport);
        let wanted = vrrp_core::Vrid::new(51).unwrap();
        from_right
            .set_filter(&Filter::Vrids([wanted].into_iter().collect()))
            .unwrap();
        let ends = left.to(group(transport));
        for vrid in (0..=255).filter(|vrid| *vrid != 51).chain([51]) {
            let mut pdu = V3;
            pdu[1] = vrid;
            from_left.send(&ends, 255, &pdu).unwrap();
        }
        assert_eq!(hear(&mut from_right).payload, V3);
    }
}
