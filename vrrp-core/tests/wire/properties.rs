//! Properties of the codec.

use core::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use vrrp_core::wire::{
    AH_LEN, Addresses, Advertisement, AhHeader, AhPacket, ArpOperation, ArpPacket, Authentication,
    Checksum, ChecksumForm, EthernetHeader, Format, IcvForm, Ipv4Header, Ipv4Packet, Ipv6Packet,
    Key, NeighborAdvertisement, PROTOCOL, PseudoHeader, TOS, TTL,
};
use vrrp_core::{Family, Interval, MacAddr, Priority, Vrid};

use crate::rfc1071;

/// An advertisement that owns its addresses, and the packet it travels in.
#[derive(Clone, Debug)]
struct Sample {
    vrid: u8,
    priority: u8,
    centis: u16,
    list: List,
    format: Format,
    ends: PseudoHeader,
}

#[derive(Clone, Debug)]
enum List {
    V4(Vec<[u8; 4]>),
    V6(Vec<[u8; 16]>),
}

impl Sample {
    fn advertisement(&self) -> Advertisement<'_> {
        Advertisement {
            vrid: Vrid::new(self.vrid).unwrap(),
            priority: Priority::from_wire(self.priority),
            interval: Interval::from_centis(self.centis).unwrap(),
            addresses: match &self.list {
                List::V4(list) => Addresses::V4(list),
                List::V6(list) => Addresses::V6(list),
            },
            format: self.format,
        }
    }

    fn encoded(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        self.advertisement()
            .encode(&self.ends, &mut octets)
            .unwrap();
        octets
    }

    /// The format decoding tells: of forms with the same checksum the first.
    fn told(&self) -> Format {
        let forms = [
            ChecksumForm::MessageOnly,
            ChecksumForm::PseudoHeader,
            ChecksumForm::PseudoHeaderMulticast,
        ];
        match (self.format, self.ends) {
            (Format::V2(_), _) => self.format,
            (Format::V3(_), PseudoHeader::V6 { .. }) => Format::V3(ChecksumForm::PseudoHeader),
            (Format::V3(_), PseudoHeader::V4 { .. }) => forms
                .map(Format::V3)
                .into_iter()
                .find(|format| {
                    let format = *format;
                    Self {
                        format,
                        ..self.clone()
                    }
                    .encoded()
                        == self.encoded()
                })
                .unwrap(),
        }
    }
}

fn v4_ends() -> impl Strategy<Value = PseudoHeader> {
    let destination = prop_oneof![
        Just(Ipv4Addr::new(224, 0, 0, 18)),
        Just(Ipv4Addr::new(239, 1, 2, 3)),
        any::<Ipv4Addr>()
    ];
    (any::<Ipv4Addr>(), destination).prop_map(|(source, destination)| PseudoHeader::V4 {
        source,
        destination,
    })
}

fn v6_ends() -> impl Strategy<Value = PseudoHeader> {
    let destination = prop_oneof![
        Just(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12)),
        any::<Ipv6Addr>()
    ];
    (any::<Ipv6Addr>(), destination).prop_map(|(source, destination)| PseudoHeader::V6 {
        source,
        destination,
    })
}

fn v3_format() -> impl Strategy<Value = Format> {
    prop_oneof![
        Just(ChecksumForm::MessageOnly),
        Just(ChecksumForm::PseudoHeader),
        Just(ChecksumForm::PseudoHeaderMulticast),
    ]
    .prop_map(Format::V3)
}

fn v2_format() -> impl Strategy<Value = Format> {
    prop_oneof![
        Just(Authentication::None),
        any::<[u8; 8]>().prop_map(Authentication::Simple),
        Just(Authentication::Ah),
    ]
    .prop_map(Format::V2)
}

/// Lists of up to `max` addresses, short ones mostly.
fn list<T: Strategy + Clone>(
    min: usize,
    max: usize,
    address: T,
) -> impl Strategy<Value = Vec<T::Value>> {
    prop_oneof![
        4 => prop::collection::vec(address.clone(), min..=4),
        1 => prop::collection::vec(address, min..=max),
    ]
}

fn sample() -> impl Strategy<Value = Sample> {
    let version_2 = (
        (1..=255_u16).prop_map(|seconds| seconds * 100),
        list(0, 255, any::<[u8; 4]>()).prop_map(List::V4),
        v2_format(),
        v4_ends(),
    );
    let over_v4 = (
        1..=4095_u16,
        list(1, 255, any::<[u8; 4]>()).prop_map(List::V4),
        v3_format(),
        v4_ends(),
    );
    let over_v6 = (
        1..=4095_u16,
        list(1, 255, any::<[u8; 16]>()).prop_map(List::V6),
        v3_format(),
        v6_ends(),
    );
    let rest = prop_oneof![version_2.boxed(), over_v4.boxed(), over_v6.boxed()];
    (1..=u8::MAX, any::<u8>(), rest).prop_map(|(vrid, priority, (centis, list, format, ends))| {
        Sample {
            vrid,
            priority,
            centis,
            list,
            format,
            ends,
        }
    })
}

fn mac() -> impl Strategy<Value = MacAddr> {
    any::<[u8; 6]>().prop_map(MacAddr)
}

/// Octets that often start like a packet of ours.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![
        Just(vec![]),
        Just(vec![0x21]),
        Just(vec![0x31]),
        Just(vec![0x45, 0xc0, 0, 64, 0, 0, 0, 0, 255, 51]),
        Just(vec![0x4f, 0xc0, 0, 100, 0, 0, 0, 0, 255, 112]),
        Just(vec![0x6c, 0, 0, 0, 0, 32, 58, 255]),
        Just([&[0; 12][..], &[0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1]].concat()),
        Just([&[0; 12][..], &[0x86, 0xdd, 0x60, 0, 0, 0, 0, 40, 58, 255]].concat()),
    ];
    (start, prop::collection::vec(any::<u8>(), 0..200))
        .prop_map(|(start, rest)| [start, rest].concat())
}

proptest! {
    #[test]
    fn decode_inverts_encode(sample in sample()) {
        let octets = sample.encoded();
        let advertisement = sample.advertisement();
        prop_assert_eq!(octets.len(), advertisement.encoded_len());
        let told = Advertisement { format: sample.told(), ..advertisement };
        prop_assert_eq!(Advertisement::decode(&octets, &sample.ends), Ok(told));
    }

    /// What decodes is written back as it was, but for the bits that are ignored on receipt.
    #[test]
    fn encode_inverts_decode(octets in noise(), ends in prop_oneof![v4_ends(), v6_ends()]) {
        if let Ok(read) = Advertisement::decode(&octets, &ends) {
            let mut encoded = Vec::new();
            read.encode(&ends, &mut encoded).unwrap();
            prop_assert_eq!(Advertisement::decode(&encoded, &ends), Ok(read));
        }
    }

    /// R5. VRRPv3 over IPv4 accepts several forms, whose sums may differ by a power of two: then a
    /// flipped bit turns one form into another, and only a receiver that wants one form sees it.
    #[test]
    fn a_flipped_bit_is_never_seen_as_the_same_form(
        sample in sample(),
        index in any::<prop::sample::Index>(),
    ) {
        let mut octets = sample.encoded();
        let bit = index.index(octets.len() * 8);
        octets[bit / 8] ^= 1 << (bit % 8);
        if let Ok(read) = Advertisement::decode(&octets, &sample.ends) {
            prop_assert_ne!(read.format, sample.told());
            prop_assert!(matches!(read.format, Format::V3(_)));
            prop_assert_eq!(sample.ends.family(), Family::V4);
        }
    }

    /// R5: over IPv6 the addresses are covered too.
    #[test]
    fn a_flipped_bit_of_an_ipv6_address_is_detected(
        sample in sample(),
        bit in 0..128_u32,
        of_source in any::<bool>(),
    ) {
        let PseudoHeader::V6 { source, destination } = sample.ends else {
            return Ok(());
        };
        let flip = |address: Ipv6Addr| Ipv6Addr::from(u128::from(address) ^ 1 << bit);
        let ends = if of_source {
            PseudoHeader::V6 { source: flip(source), destination }
        } else {
            PseudoHeader::V6 { source, destination: flip(destination) }
        };
        prop_assert!(Advertisement::decode(&sample.encoded(), &ends).is_err());
    }

    #[test]
    fn the_checksum_is_that_of_rfc_1071(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(
            Checksum::new().octets(&octets).field(),
            rfc1071(&octets).to_be_bytes()
        );
    }

    #[test]
    fn the_checksum_does_not_depend_on_even_cuts(
        octets in prop::collection::vec(any::<u8>(), 0..300),
        cut in any::<prop::sample::Index>(),
    ) {
        let (head, tail) = octets.split_at(cut.index(octets.len() / 2 + 1) * 2);
        prop_assert_eq!(
            Checksum::new().octets(head).octets(tail).field(),
            rfc1071(&octets).to_be_bytes()
        );
    }

    #[test]
    fn the_pseudo_header_is_summed_as_laid_out(
        ends in prop_oneof![v4_ends(), v6_ends()],
        protocol in any::<u8>(),
        length in any::<u16>(),
    ) {
        let [high, low] = length.to_be_bytes();
        let laid_out = match ends {
            PseudoHeader::V4 { source, destination } => {
                [&source.octets()[..], &destination.octets(), &[0, protocol, high, low]].concat()
            }
            PseudoHeader::V6 { source, destination } => {
                let tail = [0, 0, high, low, 0, 0, 0, protocol];
                [&source.octets()[..], &destination.octets(), &tail].concat()
            }
        };
        prop_assert_eq!(
            Checksum::new().pseudo_header(&ends, protocol, length).field(),
            rfc1071(&laid_out).to_be_bytes()
        );
    }

    #[test]
    fn no_decoder_panics(octets in noise(), ends in prop_oneof![v4_ends(), v6_ends()]) {
        let key = Key::from_password(b"keykey").unwrap();
        let _verdict = Advertisement::decode(&octets, &ends);
        let _verdict = ArpPacket::decode(&octets);
        let _verdict = NeighborAdvertisement::decode(&octets);
        let _verdict = EthernetHeader::decode(&octets);
        if let Ok(packet) = Ipv6Packet::decode(&octets) {
            prop_assert!(packet.payload.len() <= octets.len() - 40);
        }
        if let Ok(packet) = Ipv4Packet::decode(&octets) {
            prop_assert!(packet.header.len() + packet.payload.len() <= octets.len());
            if let Ok(packet) = AhPacket::decode(&packet) {
                prop_assert!(packet.verify(&key).is_err());
            }
        }
    }

    /// N9: any padding of the link.
    #[test]
    fn padding_of_the_link_changes_nothing(sample in sample(), padding in 0..64_usize) {
        let PseudoHeader::V4 { source, destination } = sample.ends else {
            return Ok(());
        };
        let pdu = sample.encoded();
        let header = Ipv4Header {
            source,
            destination,
            ttl: TTL,
            tos: TOS,
            id: 0,
            protocol: PROTOCOL,
            payload_len: u16::try_from(pdu.len()).unwrap(),
        };
        let mut packet = Vec::new();
        header.encode(&mut packet).unwrap();
        prop_assert!(Checksum::new().octets(&packet).verifies());
        packet.extend_from_slice(&pdu);
        packet.resize(packet.len() + padding, 0);
        let ip = Ipv4Packet::decode(&packet).unwrap();
        prop_assert_eq!(ip.payload, &pdu[..]);
        prop_assert_eq!(ip.pseudo_header(), sample.ends);
    }

    #[test]
    fn an_authenticated_packet_verifies_with_its_key_alone(
        spi in any::<u32>(),
        sequence in any::<u32>(),
        payload in prop::collection::vec(any::<u8>(), 0..100),
        password in prop::collection::vec(any::<u8>(), 0..=8),
        other in any::<[u8; 8]>(),
        form in prop_oneof![Just(IcvForm::Rfc2402), Just(IcvForm::TtlCovered)],
        bit in any::<prop::sample::Index>(),
    ) {
        let header = Ipv4Header {
            source: Ipv4Addr::new(192, 0, 2, 1),
            destination: Ipv4Addr::new(224, 0, 0, 18),
            ttl: TTL,
            tos: TOS,
            id: 7,
            protocol: 0,
            payload_len: 0,
        };
        let key = Key::from_password(&password).unwrap();
        let mut packet = Vec::new();
        AhHeader { spi, sequence }.encode(&header, &payload, &key, form, &mut packet).unwrap();
        let ip = Ipv4Packet::decode(&packet).unwrap();
        let ah = AhPacket::decode(&ip).unwrap();
        prop_assert_eq!((ah.spi, ah.sequence, ah.payload), (spi, sequence, &payload[..]));
        prop_assert_eq!(ah.verify(&key), Ok(form));
        prop_assume!(!key.matches(&other));
        let other = Key::from_password(&other).unwrap();
        prop_assert!(ah.verify(&other).is_err());
        let bit = bit.index((AH_LEN + payload.len()) * 8);
        packet[20 + bit / 8] ^= 1 << (bit % 8);
        let ip = Ipv4Packet::decode(&packet).unwrap();
        prop_assert!(AhPacket::decode(&ip).and_then(|ah| ah.verify(&key)).is_err());
    }

    #[test]
    fn arp_frames_round_trip(
        macs in (mac(), mac(), mac(), mac()),
        sender_address in any::<Ipv4Addr>(),
        target_address in any::<Ipv4Addr>(),
        operation in prop_oneof![Just(ArpOperation::Request), Just(ArpOperation::Reply)],
    ) {
        let (source, destination, sender_mac, target_mac) = macs;
        let arp = ArpPacket { operation, sender_mac, sender_address, target_mac, target_address };
        let mut frame = Vec::new();
        arp.encode(source, destination, &mut frame).unwrap();
        prop_assert_eq!(ArpPacket::decode(&frame), Ok(arp));
        let (header, _) = EthernetHeader::decode(&frame).unwrap();
        prop_assert_eq!((header.source, header.destination), (source, destination));
    }

    #[test]
    fn neighbor_advertisements_round_trip_and_no_flipped_bit_passes(
        addresses in any::<(Ipv6Addr, Ipv6Addr, Ipv6Addr)>(),
        target_mac in prop::option::of(mac()),
        flags in any::<(bool, bool, bool)>(),
        bit in any::<prop::sample::Index>(),
    ) {
        let (source, destination, target) = addresses;
        let (router, solicited, override_cached) = flags;
        prop_assume!(!target.is_multicast());
        prop_assume!(!(solicited && destination.is_multicast()));
        let advertisement = NeighborAdvertisement {
            source, destination, target, target_mac, router, solicited, override_cached,
        };
        let mut frame = Vec::new();
        let mac = NeighborAdvertisement::ALL_NODES_MAC;
        advertisement.encode(mac, mac, &mut frame).unwrap();
        prop_assert_eq!(NeighborAdvertisement::decode(&frame), Ok(advertisement));
        // From the IPv6 source address on, everything is covered.
        let bit = 22 * 8 + bit.index((frame.len() - 22) * 8);
        frame[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(NeighborAdvertisement::decode(&frame).is_err());
    }
}

#[test]
fn every_word_has_its_complement_as_checksum() {
    for word in 0..=u16::MAX {
        let sum = Checksum::new().octets(&word.to_be_bytes());
        assert_eq!(sum.field(), (!word).to_be_bytes());
        assert!(sum.octets(&sum.field()).verifies());
        assert_eq!(sum.verifies(), word == u16::MAX);
    }
}

/// The example of RFC 1071 §3.
#[test]
fn the_example_of_rfc_1071_sums_to_ddf2() {
    let sum = Checksum::new().octets(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
    assert_eq!(sum.field(), (!0xddf2_u16).to_be_bytes());
}

/// Every count of addresses, in every version and family.
#[test]
fn every_count_round_trips() {
    let four = [[192, 0, 2, 1]; 255];
    let six = [[0xfe; 16]; 255];
    let v4 = crate::ends("192.0.2.251", "224.0.0.18");
    let v6 = crate::ends("fe80::1", "ff02::12");
    let v2_format = Format::V2(Authentication::Simple(*b"password"));
    let v3_format = Format::V3(ChecksumForm::PseudoHeader);
    let mut octets = Vec::new();
    for count in 0..=255 {
        let (four, six) = (Addresses::V4(&four[..count]), Addresses::V6(&six[..count]));
        for (addresses, format, ends, len) in [
            (four, v2_format, v4, 16 + 4 * count),
            (four, v3_format, v4, 8 + 4 * count),
            (six, v3_format, v6, 8 + 16 * count),
        ] {
            if count == 0 && format == v3_format {
                continue;
            }
            let advertisement = Advertisement {
                vrid: Vrid::new(1).unwrap(),
                priority: Priority::OWNER,
                interval: Interval::DEFAULT,
                addresses,
                format,
            };
            octets.clear();
            advertisement.encode(&ends, &mut octets).unwrap();
            assert_eq!(octets.len(), len);
            assert_eq!(Advertisement::decode(&octets, &ends), Ok(advertisement));
        }
    }
}
