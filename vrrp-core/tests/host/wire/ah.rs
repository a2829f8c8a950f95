//! Tests of the Authentication Header.

use core::net::Ipv4Addr;

use vrrp_core::wire::{
    AH_LEN, Addresses, Advertisement, AhError, AhHeader, AhPacket, Authentication, EncodeError,
    Format, IcvForm, Ipv4Header, Ipv4Packet, Key, KeyTooLong, MULTICAST_V4, Replay, Replayed, TOS,
    TTL,
};
use vrrp_core::{Interval, Priority, Vrid};

use super::octets;

/// keepalived 2.2.7, multicast: the ICV covers the time to live.
const KEEPALIVED: &str = "45c0004000010000ff3317bcc00002fbe0000012 \
    70040000c00002fb00000001ac15e0b2b678e6c0121685d9 \
    210d9601020184ebc00002040000000000000000";
/// The ICV of RFC 2402, of a packet with SPI 10.0.0.2 and sequence number 7.
const RFC_2402: &str = "45c0004000000000ff33d0b60a000002e0000012 \
    700400000a000002000000078374a8809bfdaa9eb7302e74 \
    2133640102016ec90a0000010000000000000000";
/// The same packet with the ICV as keepalived computes it.
const TTL_COVERED: &str = "45c0004000000000ff33d0b60a000002e0000012 \
    700400000a000002000000075e94717c12cb21d174712813 \
    2133640102016ec90a0000010000000000000000";

fn key() -> Key {
    Key::from_password(b"keykey").unwrap()
}

/// The verdict on a packet.
fn verify(packet: &[u8]) -> Result<IcvForm, AhError> {
    let Ok(ip) = Ipv4Packet::decode(packet) else {
        panic!("no IPv4 packet: {packet:02x?}");
    };
    AhPacket::decode(&ip)?.verify(&key())
}

#[test]
fn both_forms_of_the_icv_verify_and_are_told_apart() {
    for (hex, form, sequence) in [
        (KEEPALIVED, IcvForm::TtlCovered, 1),
        (RFC_2402, IcvForm::Rfc2402, 7),
        (TTL_COVERED, IcvForm::TtlCovered, 7),
    ] {
        let packet = octets(hex);
        let ip = Ipv4Packet::decode(&packet).unwrap();
        let ah = AhPacket::decode(&ip).unwrap();
        assert_eq!((ah.spi, ah.sequence), (u32::from(ip.source), sequence));
        assert_eq!(ah.icv, &packet[32..44]);
        assert_eq!(ah.verify(&key()), Ok(form));
        let read = Advertisement::decode(ah.payload, &ip.pseudo_header()).unwrap();
        assert_eq!(read.format, Format::V2(Authentication::Ah));
    }
}

/// An IPv4 header to the group.
fn header(source: [u8; 4], id: u16) -> Ipv4Header {
    Ipv4Header {
        source: Ipv4Addr::from(source),
        destination: MULTICAST_V4,
        ttl: TTL,
        tos: TOS,
        id,
        protocol: 0,
        payload_len: 0,
    }
}

/// An advertisement of one address, to travel in AH.
fn payload(vrid: u8, priority: u8, address: [u8; 4]) -> Vec<u8> {
    let advertisement = Advertisement {
        vrid: Vrid::new(vrid).unwrap(),
        priority: Priority::from_wire(priority),
        interval: Interval::DEFAULT,
        addresses: Addresses::V4(&[address]),
        format: Format::V2(Authentication::Ah),
    };
    let mut payload = Vec::new();
    advertisement
        .encode(&super::ends("192.0.2.251", "224.0.0.18"), &mut payload)
        .unwrap();
    payload
}

#[test]
fn packets_are_written_whole_in_both_forms() {
    let keepalived = AhHeader {
        spi: 0xc000_02fb,
        sequence: 1,
    };
    let mut packet = Vec::new();
    keepalived
        .encode(
            &header([192, 0, 2, 251], 1),
            &payload(13, 150, [192, 0, 2, 4]),
            &key(),
            IcvForm::TtlCovered,
            &mut packet,
        )
        .unwrap();
    assert_eq!(packet, octets(KEEPALIVED));

    let ours = AhHeader {
        spi: 0x0a00_0002,
        sequence: 7,
    };
    let payload = payload(51, 100, [10, 0, 0, 1]);
    for (hex, form) in [
        (RFC_2402, IcvForm::Rfc2402),
        (TTL_COVERED, IcvForm::TtlCovered),
    ] {
        packet.clear();
        ours.encode(
            &header([10, 0, 0, 2], 0),
            &payload,
            &key(),
            form,
            &mut packet,
        )
        .unwrap();
        assert_eq!(packet, octets(hex));
        assert_eq!(packet.len(), Ipv4Header::LEN + AH_LEN + payload.len());
    }
}

#[test]
fn a_packet_that_does_not_fit_is_not_written() {
    let ah = AhHeader {
        spi: 1,
        sequence: 1,
    };
    let (ip, form) = (header([10, 0, 0, 2], 0), IcvForm::Rfc2402);
    let payload = payload(51, 100, [10, 0, 0, 1]);
    let mut short = [0; 63];
    assert_eq!(
        ah.encode(&ip, &payload, &key(), form, &mut &mut short[..]),
        Err(EncodeError::NoRoom {
            needed: 64,
            room: 63
        })
    );
    assert_eq!(short, [0; 63]);
    for octets in [65_492, 65_512] {
        let mut packet = Vec::new();
        assert_eq!(
            ah.encode(&ip, &vec![0; octets], &key(), form, &mut packet),
            Err(EncodeError::PayloadLength {
                octets: AH_LEN + octets
            })
        );
        assert!(packet.is_empty());
    }
}

/// A router on the way changes type of service, flags, time to live and header checksum; the ICV of
/// RFC 2402 withstands that, keepalived's but for the time to live.
#[test]
fn fields_that_change_on_the_way_are_not_covered() {
    for (hex, ttl_is_covered) in [(RFC_2402, false), (TTL_COVERED, true)] {
        let mut packet = octets(hex);
        let form = verify(&packet).unwrap();
        packet[1] = 0;
        packet[6] = 0x40;
        packet[10..12].fill(0xee);
        assert_eq!(verify(&packet), Ok(form));
        packet[8] = 254;
        assert_eq!(verify(&packet).is_err(), ttl_is_covered);
    }
}

/// Every bit the ICV of RFC 2402 covers, and the ICV itself.
#[test]
fn a_flipped_bit_of_what_is_covered_does_not_verify() {
    let intact = octets(RFC_2402);
    // Identification, addresses, SPI, sequence number, ICV, payload.
    for index in (4..6).chain(12..20).chain(22..64) {
        for bit in 0..8 {
            let mut packet = intact.clone();
            packet[index] ^= 1 << bit;
            assert_eq!(
                verify(&packet),
                Err(AhError::Icv),
                "octet {index} bit {bit}"
            );
        }
    }
}

#[test]
fn a_broken_header_is_told() {
    let patched = |offset: usize, value: u8| {
        let mut packet = octets(RFC_2402);
        packet[offset] = value;
        packet
    };
    assert_eq!(verify(&patched(9, 112)), Err(AhError::Protocol(112)));
    assert_eq!(verify(&patched(20, 6)), Err(AhError::NextHeader(6)));
    assert_eq!(verify(&patched(21, 5)), Err(AhError::Length(5)));
    // A total length of 43 leaves 23 octets after the IPv4 header.
    assert_eq!(
        verify(&patched(3, 43)),
        Err(AhError::Truncated { octets: 23 })
    );
    let mut options = octets(RFC_2402);
    options[0] = 0x46;
    options[3] += 4;
    options.splice(20..20, [0x94, 4, 0, 0]);
    assert_eq!(verify(&options), Err(AhError::IpOptions));
}

/// A password may be longer in keepalived, which cuts it silently.
#[test]
fn a_password_is_at_most_eight_octets() {
    assert_eq!(
        Key::from_password(b"123456789"),
        Err(KeyTooLong { octets: 9 })
    );
    let key = Key::from_password(b"12345678").unwrap();
    assert_eq!(key.octets(), *b"12345678");
    assert_eq!(format!("{key:?}"), "Key(..)");
}

/// RFC 2338 §5.3.6: all eight octets count, also those after a zero.
#[test]
fn a_password_matches_in_all_octets() {
    let key = Key::from_password(b"a\0b").unwrap();
    assert!(key.matches(b"a\0b\0\0\0\0\0"));
    for index in 0..8 {
        let mut other = key.octets();
        other[index] ^= 0x80;
        assert!(!key.matches(&other), "octet {index}");
    }
}

#[test]
fn sequence_numbers_only_go_up() {
    let mut replay = Replay::new();
    let refused = |sequence, last| Err(Replayed { sequence, last });
    assert_eq!(replay.accept(0), refused(0, 0));
    assert_eq!(replay.accept(1), Ok(()));
    assert_eq!(replay.accept(1), refused(1, 1));
    assert_eq!(replay.accept(9), Ok(()));
    assert_eq!(replay.accept(8), refused(8, 9));
    assert_eq!(replay.accept(u32::MAX), Ok(()));
    assert_eq!(replay.accept(1), refused(1, u32::MAX));
    assert_eq!(replay.last(), u32::MAX);
}
