//! Properties of the codec whose input is more than octets; the others are in
//! `vrrp_core::properties`.

use core::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use vrrp_core::wire::{
    Addresses, Advertisement, ArpOperation, ArpPacket, Authentication, Checksum, ChecksumForm,
    EthernetHeader, Format, NeighborAdvertisement, PseudoHeader,
};
use vrrp_core::{Interval, MacAddr, Priority, Vrid};

use super::rfc1071;

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

fn mac() -> impl Strategy<Value = MacAddr> {
    any::<[u8; 6]>().prop_map(MacAddr)
}

proptest! {
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
    fn neighbor_advertisements_round_trip(
        addresses in any::<(Ipv6Addr, Ipv6Addr, Ipv6Addr)>(),
        target_mac in prop::option::of(mac()),
        flags in any::<(bool, bool, bool)>(),
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
    let v4 = super::ends("192.0.2.251", "224.0.0.18");
    let v6 = super::ends("fe80::1", "ff02::12");
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
