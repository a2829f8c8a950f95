//! Tests of single fields of advertisements, of their addresses and of how they are printed. Packets with
//! their verdicts are in `tests/vectors`.

use core::net::Ipv6Addr;

use vrrp_core::wire::{
    Addresses, Advertisement, Authentication, ChecksumForm, Format, Ipv4Packet, PseudoHeader,
};
use vrrp_core::{Interval, Priority, Vrid};

use super::{ends, octets};

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
