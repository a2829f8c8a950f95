//! Tests of the BPF programs, run by the kernel on a socket pair.

use core::mem::MaybeUninit;

use socket2::{Domain, Socket, Type};

use super::*;

/// What the kernel makes of `packets` sent to a socket with the filter. Any socket will do.
fn passes(filter: &Filter, transport: Transport, packet: &[u8]) -> bool {
    let (sender, receiver) = Socket::pair(Domain::UNIX, Type::DGRAM.nonblocking(), None).unwrap();
    receiver.attach_filter(&filter.program(transport)).unwrap();
    sender.send(packet).unwrap();
    let mut buffer = [MaybeUninit::uninit(); 2048];
    match receiver.recv(&mut buffer) {
        Ok(octets) => {
            assert_eq!(octets, packet.len(), "the filter cut the packet");
            true
        }
        Err(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
            false
        }
    }
}

/// An IPv4 packet of the given header length in words, fragment field and protocol.
fn ipv4(words: u8, fragment: u16, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![1; usize::from(words) * 4];
    packet[0] = 0x40 | words;
    packet[6..8].copy_from_slice(&fragment.to_be_bytes());
    packet[9] = protocol;
    packet.extend_from_slice(payload);
    packet
}

const V2: [u8; 2] = [0x21, 51];
const V3: [u8; 2] = [0x31, 51];

fn behind_ah(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0; wire::AH_LEN];
    octets[0] = next;
    octets[1] = 4;
    octets.extend_from_slice(payload);
    octets
}

#[test]
fn the_length_of_ah_is_that_of_the_wire_format() {
    assert_eq!(AH_LEN as usize, wire::AH_LEN);
}

#[test]
fn advertisements_of_both_versions_pass_whatever_the_length_of_the_ipv4_header() {
    for words in [5, 6, 15] {
        for pdu in [V2, V3] {
            let packet = ipv4(words, 0, 112, &pdu);
            assert!(passes(&Filter::default(), Transport::Ipv4, &packet));
        }
    }
    assert!(passes(
        &Filter::default(),
        Transport::Ipv4,
        &ipv4(5, 0x4000, 112, &V3)
    ));
}

#[test]
fn everything_else_over_ipv4_is_dropped() {
    let table: [(&str, Vec<u8>); 8] = [
        ("more fragments", ipv4(5, 0x2000, 112, &V3)),
        ("a later fragment", ipv4(5, 0x0001, 112, &V3)),
        ("another protocol", ipv4(5, 0, 17, &V3)),
        ("version 4", ipv4(5, 0, 112, &[0x41, 51])),
        ("type 2", ipv4(5, 0, 112, &[0x32, 51])),
        ("no payload", ipv4(5, 0, 112, &[])),
        ("options that end the packet", ipv4(6, 0, 112, &[])),
        ("less than a header", vec![0x45, 0, 0]),
    ];
    for (name, packet) in table {
        assert!(
            !passes(&Filter::default(), Transport::Ipv4, &packet),
            "{name}"
        );
    }
}

#[test]
fn ipv6_advertisements_are_seen_without_their_headers() {
    assert!(passes(&Filter::default(), Transport::Ipv6, &V3));
    assert!(passes(&Filter::default(), Transport::Ipv6, &V2));
    assert!(!passes(&Filter::default(), Transport::Ipv6, &[0x61, 51]));
}

#[test]
fn behind_ah_only_version_2_advertisements_pass() {
    let table = [(112, V2, true), (112, V3, false), (17, V2, false)];
    for (next, pdu, expected) in table {
        for words in [5, 6] {
            let packet = ipv4(words, 0, 51, &behind_ah(next, &pdu));
            let seen = passes(&Filter::default(), Transport::Ipv4Ah, &packet);
            assert_eq!(seen, expected, "next header {next}, {pdu:?}");
        }
    }
}

#[test]
fn the_widest_filter_passes_unknown_versions_but_no_fragments() {
    let odd = ipv4(5, 0, 112, &[0xff, 0]);
    assert!(passes(&Filter::Datagrams, Transport::Ipv4, &odd));
    assert!(passes(&Filter::Datagrams, Transport::Ipv6, &[0xff]));
    let fragment = ipv4(5, 0x2000, 112, &V3);
    assert!(!passes(&Filter::Datagrams, Transport::Ipv4, &fragment));
}

#[test]
fn the_narrowest_filter_passes_nothing() {
    assert!(!passes(
        &Filter::Nothing,
        Transport::Ipv4,
        &ipv4(5, 0, 112, &V3)
    ));
    assert!(!passes(&Filter::Nothing, Transport::Ipv6, &V3));
}

#[test]
fn a_set_of_vrids_passes_its_members_and_no_other_of_the_255() {
    let members = [1, 31, 32, 51, 127, 128, 254, 255];
    let filter = Filter::Vrids(members.into_iter().filter_map(Vrid::new).collect());
    for vrid in 0..=255 {
        let expected = members.contains(&vrid);
        let v4 = ipv4(6, 0, 112, &[0x31, vrid]);
        let ah = ipv4(5, 0, 51, &behind_ah(112, &[0x21, vrid]));
        assert_eq!(passes(&filter, Transport::Ipv4, &v4), expected, "{vrid}");
        assert_eq!(passes(&filter, Transport::Ipv4Ah, &ah), expected, "{vrid}");
        assert_eq!(
            passes(&filter, Transport::Ipv6, &[0x31, vrid]),
            expected,
            "{vrid}"
        );
    }
}

#[test]
fn a_set_contains_what_was_inserted() {
    let mut set = VridSet::default();
    let vrids: Vec<Vrid> = [1, 32, 255].into_iter().filter_map(Vrid::new).collect();
    for vrid in &vrids {
        assert!(!set.contains(*vrid));
        set.insert(*vrid);
        assert!(set.contains(*vrid));
    }
    assert_eq!(vrids.into_iter().collect::<VridSet>(), set);
}
