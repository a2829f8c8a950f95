//! Test vectors from other implementations: each packet decodes to the value beside it, and is
//! encoded to the same octets.

use core::net::{Ipv4Addr, Ipv6Addr};

use vrrp_core::wire::{
    Addresses, Advertisement, Authentication, ChecksumForm, Format, Ipv4Header, Ipv4Packet,
    Ipv6Header, Ipv6Packet, MULTICAST_V4, MULTICAST_V6, PROTOCOL, PseudoHeader, TOS, TTL,
};
use vrrp_core::{Interval, Priority, Vrid};

use super::{ends, octets};

const PLAIN: Format = Format::V2(Authentication::None);
const RFC_9568: Format = Format::V3(ChecksumForm::MessageOnly);
const RFC_5798: Format = Format::V3(ChecksumForm::PseudoHeader);

fn simple(password: &[u8; 8]) -> Format {
    Format::V2(Authentication::Simple(*password))
}

fn advertisement(
    vrid: u8,
    priority: u8,
    centis: u16,
    addresses: Addresses<'_>,
    format: Format,
) -> Advertisement<'_> {
    Advertisement {
        vrid: Vrid::new(vrid).unwrap(),
        priority: Priority::from_wire(priority),
        interval: Interval::from_centis(centis).unwrap(),
        addresses,
        format,
    }
}

/// The octets of the addresses in `list`.
fn v6<const N: usize>(list: [&str; N]) -> [[u8; 16]; N] {
    list.map(|address| address.parse::<Ipv6Addr>().unwrap().octets())
}

/// Decodes and encodes the payload of an IP packet.
fn assert_payload(name: &str, pdu: &[u8], ends: &PseudoHeader, expected: &Advertisement<'_>) {
    assert_eq!(
        Advertisement::decode(pdu, ends).as_ref(),
        Ok(expected),
        "{name}"
    );
    assert_eq!(expected.encoded_len(), pdu.len(), "{name}");
    let mut encoded = Vec::new();
    expected.encode(ends, &mut encoded).unwrap();
    assert_eq!(encoded, pdu, "{name}");
}

/// Decodes an IPv4 packet from `source` and encodes it whole.
fn assert_packet(name: &str, hex: &str, source: [u8; 4], id: u16, expected: &Advertisement<'_>) {
    let packet = octets(hex);
    let ip = Ipv4Packet::decode(&packet).unwrap();
    let source = Ipv4Addr::from(source);
    assert_eq!(
        (ip.source, ip.destination),
        (source, MULTICAST_V4),
        "{name}"
    );
    assert_eq!((ip.ttl, ip.protocol), (TTL, PROTOCOL), "{name}");
    assert_payload(name, ip.payload, &ip.pseudo_header(), expected);
    let header = Ipv4Header {
        source,
        destination: MULTICAST_V4,
        ttl: TTL,
        tos: TOS,
        id,
        protocol: PROTOCOL,
        payload_len: u16::try_from(expected.encoded_len()).unwrap(),
    };
    let mut encoded = Vec::new();
    header.encode(&mut encoded).unwrap();
    expected.encode(&ip.pseudo_header(), &mut encoded).unwrap();
    assert_eq!(encoded, packet, "{name}");
}

#[test]
fn v2_packets_are_read_and_written_whole() {
    let cases: &[(&str, &str, [u8; 4], u16, Advertisement<'_>)] = &[
        (
            "gopacket",
            "45c0002800000000ff7019cdc0a8001ee0000012 210164010001ba52c0a800010000000000000000",
            [192, 168, 0, 30],
            0,
            advertisement(1, 100, 100, Addresses::V4(&[[192, 168, 0, 1]]), PLAIN),
        ),
        (
            "keepalived, two addresses",
            "45c0002c00010000ff701793c00002fbe0000012 \
             210bc802000192ecc0000201c00002020000000000000000",
            [192, 0, 2, 251],
            1,
            advertisement(
                11,
                200,
                100,
                Addresses::V4(&[[192, 0, 2, 1], [192, 0, 2, 2]]),
                PLAIN,
            ),
        ),
        (
            "keepalived, password",
            "45c0002800010000ff701797c00002fbe0000012 210c960101017bd3c00002037333637233740000",
            [192, 0, 2, 251],
            1,
            advertisement(
                12,
                150,
                100,
                Addresses::V4(&[[192, 0, 2, 3]]),
                simple(b"s3cr3t\0\0"),
            ),
        ),
    ];
    for (name, hex, source, id, expected) in cases {
        assert_packet(name, hex, *source, *id, expected);
    }
}

#[test]
fn v3_packets_over_ipv4_are_read_and_written_whole() {
    let list = Addresses::V4(&[[192, 0, 2, 5]]);
    assert_packet(
        "keepalived",
        "45c0002000010000ff70179fc00002fbe0000012 310e64010032052ec0000205",
        [192, 0, 2, 251],
        1,
        &advertisement(14, 100, 50, list, RFC_5798),
    );
    assert_packet(
        "keepalived resigns",
        "45c0002000120000ff70178ec00002fbe0000012 310e00010032692ec0000205",
        [192, 0, 2, 251],
        0x12,
        &advertisement(14, 0, 50, list, RFC_5798),
    );
}

/// FRR sets "don't fragment" and the router-alert packet has an option: headers we do not write.
#[test]
fn packets_with_foreign_headers_are_read_and_their_payload_written() {
    let cases: &[(&str, &str, Advertisement<'_>)] = &[
        (
            "FRR v3",
            "45c000204dcb4000ff7089d4c00002fbe0000012 3105c8010064a108c0000201",
            advertisement(5, 200, 100, Addresses::V4(&[[192, 0, 2, 1]]), RFC_5798),
        ),
        (
            "FRR v2",
            "45c000284de64000ff7089b1c00002fbe0000012 21069601000186f4c00002020000000000000000",
            advertisement(6, 150, 100, Addresses::V4(&[[192, 0, 2, 2]]), PLAIN),
        ),
        (
            "router alert",
            "46c0002400000000ff708297c00002fbe000001294040000 310a64010064a88ec0000201",
            advertisement(10, 100, 100, Addresses::V4(&[[192, 0, 2, 1]]), RFC_9568),
        ),
    ];
    for (name, hex, expected) in cases {
        let packet = octets(hex);
        let ip = Ipv4Packet::decode(&packet).unwrap();
        assert_payload(name, ip.payload, &ip.pseudo_header(), expected);
    }
}

/// RFC 9568 §5.2.6: the reserved bits are ignored, so they are not written back.
#[test]
fn reserved_bits_are_ignored_and_the_longest_interval_is_read() {
    let packet = octets("45c0002000000000ff7017a0c00002fbe0000012 310a6401ffffa8f2c0000201");
    let ip = Ipv4Packet::decode(&packet).unwrap();
    let expected = advertisement(10, 100, 4095, Addresses::V4(&[[192, 0, 2, 1]]), RFC_9568);
    assert_eq!(
        Advertisement::decode(ip.payload, &ip.pseudo_header()),
        Ok(expected)
    );
    let mut encoded = Vec::new();
    expected.encode(&ip.pseudo_header(), &mut encoded).unwrap();
    // 0xf000 less in the interval is 0xf000 more in the checksum: a8f2 + f000 with the carry.
    assert_eq!(encoded, octets("310a64010fff98f3c0000201"));
}

#[test]
fn payloads_over_ipv4_are_read_and_written() {
    let two = Addresses::V4(&[[192, 0, 2, 1], [192, 0, 2, 2]]);
    let cases: &[(&str, &str, &str, Advertisement<'_>)] = &[
        (
            "holo v2",
            "21331e010001b5c50a0001050000000000000000",
            "10.0.1.2",
            advertisement(51, 30, 100, Addresses::V4(&[[10, 0, 1, 5]]), PLAIN),
        ),
        (
            "govrrp",
            "31f0640100640608c0a800e6",
            "192.168.0.220",
            advertisement(
                240,
                100,
                100,
                Addresses::V4(&[[192, 168, 0, 230]]),
                RFC_5798,
            ),
        ),
        (
            "scapy",
            "3102fe020001b25e1400010214000103",
            "20.0.0.3",
            advertisement(
                2,
                254,
                1,
                Addresses::V4(&[[20, 0, 1, 2], [20, 0, 1, 3]]),
                RFC_5798,
            ),
        ),
        (
            "message only",
            "310ac8020064828ac0000201c0000202",
            "192.0.2.251",
            advertisement(10, 200, 100, two, RFC_9568),
        ),
        (
            "pseudo-header",
            "310ac8020064defbc0000201c0000202",
            "192.0.2.251",
            advertisement(10, 200, 100, two, RFC_5798),
        ),
        (
            "v2, two addresses",
            "210ac802000192edc0000201c00002020000000000000000",
            "192.0.2.251",
            advertisement(10, 200, 100, two, PLAIN),
        ),
        (
            "keepalived, password",
            "2133640201012958 0a09000a 0a090009 7365637265740000",
            "10.9.0.1",
            advertisement(
                51,
                100,
                100,
                Addresses::V4(&[[10, 9, 0, 10], [10, 9, 0, 9]]),
                simple(b"secret\0\0"),
            ),
        ),
        (
            "keepalived, quarter of a second",
            "31346401001975fb0a090014",
            "10.9.0.1",
            advertisement(52, 100, 25, Addresses::V4(&[[10, 9, 0, 20]]), RFC_5798),
        ),
    ];
    for (name, hex, source, expected) in cases {
        assert_payload(name, &octets(hex), &ends(source, "224.0.0.18"), expected);
    }
}

#[test]
fn payloads_over_ipv6_are_read_and_written() {
    let link_local_first = v6(["fe80::1", "2001:db8::1"]);
    let global = v6(["2001:db8::2", "2001:db8::3"]);
    assert_payload(
        "link-local and global",
        &octets(
            "310a640200643f5d fe800000000000000000000000000001 20010db8000000000000000000000001",
        ),
        &ends("fe80::c8", "ff02::12"),
        &advertisement(10, 100, 100, Addresses::V6(&link_local_first), RFC_5798),
    );
    // Erratum 8300 is the receiver's to judge: its first address is not link-local.
    assert_payload(
        "scapy",
        &octets(
            "3102fe020001481b 20010db8000000000000000000000002 20010db8000000000000000000000003",
        ),
        &ends("2001:db8::1", "ff02::12"),
        &advertisement(2, 254, 1, Addresses::V6(&global), RFC_5798),
    );
}

#[test]
fn ipv6_packets_are_read_and_written_whole_but_for_the_flow_label() {
    let keepalived = v6(["fe80::1", "2001:db8::1"]);
    let frr = v6(["2001:db8::1"]);
    let cases = [
        (
            "6c0c2962002870fffe80000000000000000000fffe000001ff020000000000000000000000000012 \
             311064020064411efe80000000000000000000000000000120010db8000000000000000000000001",
            advertisement(16, 100, 100, Addresses::V6(&keepalived), RFC_5798),
        ),
        (
            "6c01aaf3001870fffe8000000000000002005efffe000205ff020000000000000000000000000012 \
             3105c801006479b720010db8000000000000000000000001",
            advertisement(5, 200, 100, Addresses::V6(&frr), RFC_5798),
        ),
    ];
    for (hex, expected) in cases {
        let mut packet = octets(hex);
        let ip = Ipv6Packet::decode(&packet).unwrap();
        assert_eq!((ip.hop_limit, ip.next_header), (TTL, PROTOCOL));
        assert_eq!(ip.destination, MULTICAST_V6);
        assert_payload(hex, ip.payload, &ip.pseudo_header(), &expected);
        let header = Ipv6Header {
            source: ip.source,
            destination: MULTICAST_V6,
            hop_limit: TTL,
            traffic_class: TOS,
            next_header: PROTOCOL,
            payload_len: u16::try_from(expected.encoded_len()).unwrap(),
        };
        let mut encoded = Vec::new();
        header.encode(&mut encoded).unwrap();
        expected.encode(&ip.pseudo_header(), &mut encoded).unwrap();
        packet[1] &= 0xf0;
        packet[2..4].fill(0);
        assert_eq!(encoded, packet);
    }
}

/// keepalived up to 1.3.6 summed 224.0.0.18 whatever the destination.
#[test]
fn the_old_unicast_checksum_is_told_apart() {
    let old = Format::V3(ChecksumForm::PseudoHeaderMulticast);
    let list = Addresses::V4(&[[192, 0, 2, 1], [192, 0, 2, 2]]);
    assert_payload(
        "old unicast",
        &octets("310ac8020064defbc0000201c0000202"),
        &ends("192.0.2.251", "192.0.2.252"),
        &advertisement(10, 200, 100, list, old),
    );
    // The same octets to the group are an ordinary RFC 5798 packet.
    let mut encoded = Vec::new();
    advertisement(10, 200, 100, list, old)
        .encode(&ends("192.0.2.251", "224.0.0.18"), &mut encoded)
        .unwrap();
    assert_payload(
        "to the group",
        &encoded,
        &ends("192.0.2.251", "224.0.0.18"),
        &advertisement(10, 200, 100, list, RFC_5798),
    );
}

/// The checksum of this fixture of another codec was never computed.
#[test]
fn a_fixture_without_a_checksum_is_refused() {
    let pdu = octets("310116010001b57f20010db8000000000000000003707334");
    assert_eq!(
        Advertisement::decode(&pdu, &ends("fe80::1", "ff02::12")),
        Err(vrrp_core::wire::DecodeError::Checksum)
    );
}

#[test]
fn addresses_iterate_in_order_and_print_as_addresses() {
    assert!(Addresses::V6(&[]).is_empty());
    assert!(!Addresses::V6(&[[0; 16]]).is_empty());
    let list = [[192, 0, 2, 9], [192, 0, 2, 1]];
    let addresses = Addresses::V4(&list);
    assert_eq!(format!("{addresses:?}"), "[192.0.2.9, 192.0.2.1]");
    assert_eq!(addresses.iter().len(), 2);
    assert!(Addresses::V6(&[]).is_empty());
    let list = v6(["fe80::1"]);
    assert_eq!(
        Addresses::V6(&list).into_iter().collect::<Vec<_>>(),
        [core::net::IpAddr::V6("fe80::1".parse().unwrap())]
    );
}

#[test]
fn passwords_are_not_printed() {
    let text = format!("{:?}", simple(b"s3cr3t\0\0"));
    assert_eq!(text, "V2(Simple(..))");
}
