//! Tests of the errors of decoding, and of their order where a packet breaks two rules.

use core::net::Ipv4Addr;

use vrrp_core::wire::{
    Addresses, Advertisement, Authentication, ChecksumForm, DecodeError, EncodeError, Format,
    Ipv4Error, Ipv4Header, Ipv4Packet, Ipv6Error, Ipv6Packet, PROTOCOL, PseudoHeader,
};
use vrrp_core::{Family, Interval, IntervalError, Priority, Version, Vrid};

use super::{ends, octets, seal};

/// A VRRPv3 advertisement of one address.
const V3: [u8; 12] = [0x31, 10, 100, 1, 0, 100, 0, 0, 192, 0, 2, 1];
/// A VRRPv2 advertisement of one address.
const V2: [u8; 20] = [
    0x21, 10, 100, 1, 0, 1, 0, 0, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0,
];

fn over_v4() -> PseudoHeader {
    ends("192.0.2.251", "224.0.0.18")
}

/// The error of `pdu` over IPv4, after its checksum was put right.
fn sealed_error(pdu: &[u8]) -> Option<DecodeError> {
    let mut pdu = pdu.to_vec();
    seal(&mut pdu);
    Advertisement::decode(&pdu, &over_v4()).err()
}

/// RFC 9568 §7.1, and VRID 0: every value of the first two octets.
#[test]
fn the_first_word_is_version_2_or_3_type_1_and_a_vrid() {
    for template in [&V2[..], &V3[..]] {
        for word in 0..=u16::MAX {
            let [first, vrid] = word.to_be_bytes();
            let mut pdu = template.to_vec();
            pdu[..2].copy_from_slice(&[first, vrid]);
            let octets = pdu.len();
            let expected = match (first >> 4, first & 0x0f, octets) {
                (2, 1, 20) | (3, 1, 12) if vrid == 0 => Some(DecodeError::VridZero),
                (2, 1, 20) | (3, 1, 12) => None,
                (2 | 3, 1, _) => Some(DecodeError::Length { count: 1, octets }),
                (2 | 3, kind, _) => Some(DecodeError::Type(kind)),
                (version, _, _) => Some(DecodeError::Version(version)),
            };
            assert_eq!(sealed_error(&pdu), expected, "{word:#06x}");
        }
    }
}

/// RFC 9568 §5.2.5 and §7.1, RFC 3768 §7.1, erratum 8299: every priority and every count.
#[test]
fn any_priority_is_read_and_only_the_true_count() {
    for word in 0..=u16::MAX {
        let [priority, count] = word.to_be_bytes();
        let mut pdu = V3;
        pdu[2..4].copy_from_slice(&[priority, count]);
        seal(&mut pdu);
        let verdict = Advertisement::decode(&pdu, &over_v4()).map(|read| read.priority.get());
        let expected = match count {
            1 => Ok(priority),
            _ => Err(DecodeError::Length { count, octets: 12 }),
        };
        assert_eq!(verdict, expected, "{word:#06x}");
    }
}

/// RFC 9568 §5.2.6 and §5.2.7, erratum 8301: every value of the reserved bits and the interval.
#[test]
fn a_v3_interval_is_twelve_bits_and_not_zero() {
    for word in 0..=u16::MAX {
        let mut pdu = V3;
        pdu[4..6].copy_from_slice(&word.to_be_bytes());
        seal(&mut pdu);
        let verdict = Advertisement::decode(&pdu, &over_v4()).map(|read| read.interval.centis());
        let expected = match word & 0x0fff {
            0 => Err(DecodeError::IntervalZero),
            centis => Ok(centis),
        };
        assert_eq!(verdict, expected, "{word:#06x}");
    }
}

/// RFC 3768 §5.3.6: every authentication type and every interval.
#[test]
fn a_v2_packet_has_a_known_authentication_type_and_an_interval() {
    for word in 0..=u16::MAX {
        let [kind, seconds] = word.to_be_bytes();
        let mut pdu = V2;
        pdu[4..6].copy_from_slice(&[kind, seconds]);
        pdu[12..].copy_from_slice(b"password");
        seal(&mut pdu);
        let verdict = Advertisement::decode(&pdu, &over_v4())
            .map(|read| (read.format, read.interval.centis()));
        let expected = match (kind, seconds) {
            (3.., _) => Err(DecodeError::AuthenticationType(kind)),
            (_, 0) => Err(DecodeError::IntervalZero),
            (0, _) => Ok(Authentication::None),
            (1, _) => Ok(Authentication::Simple(*b"password")),
            (2, _) => Ok(Authentication::Ah),
        }
        .map(|authentication| (Format::V2(authentication), u16::from(seconds) * 100));
        assert_eq!(verdict, expected, "{word:#06x}");
    }
}

/// RFC 9568 §7.1: of all checksums one per form is right. No sum here is zero, so none has a twin.
#[test]
fn one_checksum_per_form_is_right() {
    let right = |octets: &[u8], ends: &PseudoHeader| {
        let mut right = Vec::new();
        for checksum in 0..=u16::MAX {
            let mut pdu = octets.to_vec();
            pdu[6..8].copy_from_slice(&checksum.to_be_bytes());
            match Advertisement::decode(&pdu, ends) {
                Ok(read) => right.push((checksum, read.format)),
                Err(error) => assert_eq!(error, DecodeError::Checksum),
            }
        }
        right
    };
    let two = octets("310ac80200640000c0000201c0000202");
    let group = over_v4();
    let peer = ends("192.0.2.251", "192.0.2.252");
    let message_only = (0x828a, Format::V3(ChecksumForm::MessageOnly));
    let with_group = |form| (0xdefb, Format::V3(form));
    assert_eq!(
        right(&two, &group),
        [message_only, with_group(ChecksumForm::PseudoHeader)]
    );
    assert_eq!(
        right(&two, &peer),
        [
            message_only,
            with_group(ChecksumForm::PseudoHeaderMulticast),
            // c000 + 02fc in place of e000 + 0012 in the sum: 1d16 less, so 1d16 more here.
            (0xfc11, Format::V3(ChecksumForm::PseudoHeader)),
        ]
    );
    let v2 = octets("210ac80200010000c0000201c00002020000000000000000");
    assert_eq!(
        right(&v2, &group),
        [(0x92ed, Format::V2(Authentication::None))]
    );
}

/// Both zeros of one's complement are the same sum: a receiver that compares refuses one.
#[test]
fn a_checksum_of_either_zero_verifies() {
    let mut pdu = V3;
    seal(&mut pdu);
    let checksum = u16::from_be_bytes([pdu[6], pdu[7]]);
    // The end of the address takes over what the checksum held, so that zero is right.
    let address = u16::from_be_bytes([pdu[10], pdu[11]]);
    let (sum, carry) = address.overflowing_add(checksum);
    pdu[10..].copy_from_slice(&(sum + u16::from(carry)).to_be_bytes());
    for zero in [0x0000_u16, 0xffff] {
        pdu[6..8].copy_from_slice(&zero.to_be_bytes());
        let read = Advertisement::decode(&pdu, &over_v4()).unwrap();
        assert_eq!(read.format, Format::V3(ChecksumForm::MessageOnly));
    }
}

#[test]
fn the_first_broken_rule_is_told() {
    let cases: &[(&str, DecodeError)] = &[
        ("", DecodeError::Truncated { octets: 0 }),
        ("4f000000000000", DecodeError::Truncated { octets: 7 }),
        ("4f00000900000000", DecodeError::Version(4)),
        ("3200000900000000", DecodeError::Type(2)),
        (
            "3100000900000000",
            DecodeError::Length {
                count: 9,
                octets: 8,
            },
        ),
        ("310000000000ffff", DecodeError::Checksum),
        // From here on the checksum is right.
        ("310000000000ceff", DecodeError::VridZero),
        ("310100000000cefe", DecodeError::NoAddresses),
        ("310100010000cefd 00000000", DecodeError::IntervalZero),
        ("210000000300dbff 0000000000000000", DecodeError::VridZero),
        (
            "210100000300dbfe 0000000000000000",
            DecodeError::AuthenticationType(3),
        ),
        (
            "210100000200dcfe 0000000000000000",
            DecodeError::IntervalZero,
        ),
    ];
    for (hex, expected) in cases {
        assert_eq!(
            Advertisement::decode(&octets(hex), &over_v4()),
            Err(*expected),
            "{hex}"
        );
    }
}

/// RFC 9568 §7.1: VRRPv2 is IPv4 only.
#[test]
fn version_2_is_refused_over_ipv6() {
    let mut pdu = V2;
    seal(&mut pdu);
    assert_eq!(
        Advertisement::decode(&pdu, &ends("fe80::1", "ff02::12")),
        Err(DecodeError::Version(2))
    );
}

/// RFC 9568 §5.2.5 refuses what RFC 3768 does not: keepalived sends VRRPv2 without addresses.
#[test]
fn no_addresses_are_refused_in_version_3_and_read_in_version_2() {
    assert_eq!(
        sealed_error(&V3[..8]),
        Some(DecodeError::Length {
            count: 1,
            octets: 8
        })
    );
    let v3 = octets("310a640000640000");
    assert_eq!(sealed_error(&v3), Some(DecodeError::NoAddresses));
    let mut v2 = octets("210a640000010000 0000000000000000");
    seal(&mut v2);
    let read = Advertisement::decode(&v2, &over_v4()).unwrap();
    assert!(read.addresses.is_empty());
    let mut encoded = Vec::new();
    read.encode(&over_v4(), &mut encoded).unwrap();
    assert_eq!(encoded, v2);
}

#[test]
fn every_length_but_the_true_one_is_refused() {
    for len in 8..64 {
        for (template, true_len) in [(&V2[..], 20), (&V3[..], 12)] {
            let mut pdu = template.to_vec();
            pdu.resize(len, 0);
            let expected = (len != true_len).then_some(DecodeError::Length {
                count: 1,
                octets: len,
            });
            assert_eq!(sealed_error(&pdu), expected, "{len}");
        }
    }
}

fn of(addresses: Addresses<'_>, centis: u16, format: Format) -> Advertisement<'_> {
    Advertisement {
        vrid: Vrid::new(1).unwrap(),
        priority: Priority::DEFAULT,
        interval: Interval::from_centis(centis).unwrap(),
        addresses,
        format,
    }
}

#[test]
fn what_a_version_cannot_carry_is_not_written() {
    let v2 = Format::V2(Authentication::None);
    let v3 = Format::V3(ChecksumForm::PseudoHeader);
    let (one, none) = (Addresses::V4(&[[192, 0, 2, 1]]), Addresses::V4(&[]));
    let many = [[0; 4]; 256];
    let six = Addresses::V6(&[[0; 16]]);
    let over_v6 = ends("fe80::1", "ff02::12");
    let cases = [
        (of(none, 100, v3), over_v4(), EncodeError::NoAddresses),
        (
            of(Addresses::V4(&many), 100, v2),
            over_v4(),
            EncodeError::TooManyAddresses { count: 256 },
        ),
        (
            of(six, 100, v3),
            over_v4(),
            EncodeError::Family {
                addresses: Family::V6,
                packet: Family::V4,
            },
        ),
        (of(six, 100, v2), over_v6, EncodeError::V2OverIpv6),
        (
            of(one, 150, v2),
            over_v4(),
            EncodeError::Interval(IntervalError::SubSecond { centis: 150 }),
        ),
        (
            of(one, 4096, v3),
            over_v4(),
            EncodeError::Interval(IntervalError::TooLong { centis: 4096 }),
        ),
    ];
    for (advertisement, ends, expected) in cases {
        let mut encoded = Vec::new();
        assert_eq!(advertisement.encode(&ends, &mut encoded), Err(expected));
        assert!(encoded.is_empty(), "nothing is written on error");
    }
}

#[test]
fn a_buffer_one_octet_short_is_refused_and_left_alone() {
    let advertisement = of(
        Addresses::V4(&[[192, 0, 2, 1]]),
        100,
        Format::V3(ChecksumForm::MessageOnly),
    );
    let mut buffer = [0xaa; 12];
    let mut short = &mut buffer[..11];
    assert_eq!(
        advertisement.encode(&over_v4(), &mut short),
        Err(EncodeError::NoRoom {
            needed: 12,
            room: 11
        })
    );
    assert_eq!(buffer, [0xaa; 12]);
    let mut exact = &mut buffer[..];
    assert_eq!(advertisement.encode(&over_v4(), &mut exact), Ok(()));
    assert_eq!(exact.len(), 0);
}

#[test]
fn addresses_are_limited_by_the_link_and_by_the_count() {
    let limit = Addresses::mtu_limit;
    // (1500 - 40 - 8) / 16, (1500 - 20 - 8) / 4 and (576 - 20 - 8 - 8) / 4.
    assert_eq!(limit(Version::V3, Family::V6, 1500), 90);
    assert_eq!(limit(Version::V3, Family::V4, 1500), 255);
    assert_eq!(limit(Version::V2, Family::V4, 576), 135);
    assert_eq!(limit(Version::V3, Family::V6, 9000), 255);
    assert_eq!(limit(Version::V3, Family::V6, 63), 0);
    assert_eq!(limit(Version::V2, Family::V4, 0), 0);
}

/// An IPv4 header between two addresses with a payload of `payload` octets.
fn header(payload: usize) -> Vec<u8> {
    let header = Ipv4Header {
        source: Ipv4Addr::new(192, 0, 2, 251),
        destination: Ipv4Addr::new(224, 0, 0, 18),
        ttl: 255,
        tos: 0xc0,
        id: 0,
        protocol: PROTOCOL,
        payload_len: u16::try_from(payload).unwrap(),
    };
    let mut octets = Vec::new();
    header.encode(&mut octets).unwrap();
    octets.resize(octets.len() + payload, 7);
    octets
}

#[test]
fn an_ipv4_packet_is_whole_or_refused() {
    let patched = |offset: usize, value: &[u8]| {
        let mut packet = header(12);
        packet[offset..offset + value.len()].copy_from_slice(value);
        packet
    };
    let total = |stated| Ipv4Error::TotalLength { stated, octets: 32 };
    let cases = [
        (patched(0, &[0x65]), Some(Ipv4Error::Version(6))),
        (
            patched(0, &[0x44]),
            Some(Ipv4Error::HeaderLength { octets: 16 }),
        ),
        (patched(0, &[0x49]), Some(total(32))),
        (patched(0, &[0x48]), None),
        (patched(2, &[0, 19]), Some(total(19))),
        (patched(2, &[0, 33]), Some(total(33))),
        (patched(2, &[0, 20]), None),
        // Reserved bit and "don't fragment" are no fragments, "more fragments" and an offset are.
        (patched(6, &[0xc0, 0]), None),
        (patched(6, &[0x20, 0]), Some(Ipv4Error::Fragment)),
        (patched(6, &[0x00, 1]), Some(Ipv4Error::Fragment)),
        (
            header(0)[..19].to_vec(),
            Some(Ipv4Error::Truncated { octets: 19 }),
        ),
    ];
    for (packet, expected) in cases {
        assert_eq!(Ipv4Packet::decode(&packet).err(), expected, "{packet:02x?}");
    }
}

/// Ethernet padding, also the shorter one below a VLAN tag, is not part of the packet.
#[test]
fn padding_is_cut_off() {
    for padding in 0..46 {
        let mut packet = header(20);
        packet.resize(packet.len() + padding, 0);
        let payload = Ipv4Packet::decode(&packet).unwrap().payload;
        assert_eq!(payload, [7; 20]);
    }
    let mut packet = octets("60000000000c70ff");
    packet.resize(40 + 12 + 6, 0);
    let ip = Ipv6Packet::decode(&packet).unwrap();
    assert_eq!((ip.payload, ip.payload_len), (&[0; 12][..], 12));
}

#[test]
fn an_ipv6_packet_is_whole_or_refused() {
    let mut packet = octets("60000000000c70ff");
    packet.resize(51, 0);
    assert_eq!(
        Ipv6Packet::decode(&packet),
        Err(Ipv6Error::PayloadLength {
            stated: 12,
            octets: 11
        })
    );
    assert_eq!(
        Ipv6Packet::decode(&packet[..39]),
        Err(Ipv6Error::Truncated { octets: 39 })
    );
    packet[0] = 0x45;
    assert_eq!(Ipv6Packet::decode(&packet), Err(Ipv6Error::Version(4)));
}

#[test]
fn an_ipv4_payload_that_no_total_length_states_is_not_written() {
    let mut longest = Ipv4Header {
        source: Ipv4Addr::LOCALHOST,
        destination: Ipv4Addr::LOCALHOST,
        ttl: 1,
        tos: 0,
        id: 0,
        protocol: PROTOCOL,
        payload_len: 65_515,
    };
    let mut octets = Vec::new();
    assert_eq!(longest.encode(&mut octets), Ok(()));
    assert_eq!(octets[2..4], [0xff, 0xff]);
    longest.payload_len = 65_516;
    assert_eq!(
        longest.encode(&mut octets),
        Err(EncodeError::PayloadLength { octets: 65_516 })
    );
}

/// RFC 9568 §5.2.9: the family of the packet decides what the addresses are, so that a packet
/// sized for the other one has the wrong length.
#[test]
fn the_family_of_the_packet_sizes_the_addresses() {
    let (v4, v6) = (over_v4(), ends("fe80::1", "ff02::12"));
    for (own, other, each) in [(v4, v6, 4), (v6, v4, 16)] {
        let pdu = [&[0x31, 7, 100, 1, 0, 100, 0, 0][..], &[1; 16][..each]].concat();
        let octets = pdu.len();
        // Only the checksum is left to refuse.
        assert_eq!(
            Advertisement::decode(&pdu, &own),
            Err(DecodeError::Checksum)
        );
        let length = DecodeError::Length { count: 1, octets };
        assert_eq!(Advertisement::decode(&pdu, &other), Err(length));
    }
}
