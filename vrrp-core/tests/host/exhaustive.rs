//! Exhaustive tests of small functions: every possible input, against a second computation.

use core::hint::black_box;
use core::net::Ipv4Addr;
use core::time::Duration;

use vrrp_core::wire::{
    Addresses, Advertisement, Authentication, Checksum, ChecksumForm, DecodeError, Format,
    MULTICAST_V4, PseudoHeader,
};
use vrrp_core::{
    Config, Family, Interval, Priority, Settings, Version, active_down_interval, skew,
};

/// Skew_Time and Active_Down_Interval of all 256 priorities and all intervals of version 3, in
/// both versions, against RFC 9568 §6.1 and RFC 3768 §6.1 in 128-bit nanoseconds.
#[test]
fn skew_and_down_time_are_exact_for_every_priority_and_interval() {
    for version in [Version::V2, Version::V3] {
        let config = Config::try_from(Settings::new(version, Family::V4, 1)).unwrap();
        for centis in 1..=4095_u16 {
            let interval = Interval::from_centis(centis).unwrap();
            let nanos = u128::from(centis) * 10_000_000;
            let span = match version {
                Version::V2 => 1_000_000_000,
                Version::V3 => nanos,
            };
            let mut last = None;
            for octet in 0..=u8::MAX {
                let priority = Priority::from_wire(octet);
                let expected = (256 - u128::from(octet)) * span / 256;
                let skew = skew(version, priority, interval);
                assert_eq!(skew.as_nanos(), expected, "{version} {octet} {centis}");
                let down = active_down_interval(&config, priority, interval);
                assert_eq!(
                    down.as_nanos(),
                    3 * nanos + expected,
                    "{version} {octet} {centis}"
                );
                assert!(
                    last.is_none_or(|last: Duration| skew < last),
                    "{octet} {centis}"
                );
                last = Some(skew);
            }
        }
    }
}

/// RFC 1071 §1 by the letter: the one's complement of the one's complement sum of 16-bit words.
fn reference(words: &[u16]) -> u16 {
    let mut sum: u128 = words.iter().map(|word| u128::from(*word)).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).map_or(0, |sum| !sum)
}

fn assert_checksum(words: &[u16]) {
    let mut octets = [0; 6];
    for (to, word) in octets.chunks_exact_mut(2).zip(words) {
        to.copy_from_slice(&word.to_be_bytes());
    }
    let covered = &octets[..words.len() * 2];
    let field = Checksum::new().octets(black_box(covered)).field();
    assert_eq!(u16::from_be_bytes(field), reference(words), "{words:x?}");
    let whole = Checksum::new().octets(covered).octets(&field);
    assert!(whole.verifies(), "{words:x?}");
}

#[test]
fn the_checksum_of_every_word_is_that_of_rfc_1071() {
    for word in 0..=u16::MAX {
        assert_checksum(&[word]);
        let verifies = Checksum::new().octets(&word.to_be_bytes()).verifies();
        assert_eq!(verifies, word == 0xffff, "{word:#x}");
    }
}

#[test]
#[ignore = "takes minutes unless optimised"]
fn the_checksum_of_every_pair_of_words_is_that_of_rfc_1071() {
    for first in 0..=u16::MAX {
        for second in 0..=u16::MAX {
            let [[a, b], [c, d]] = [first.to_be_bytes(), second.to_be_bytes()];
            let sum = Checksum::new().octets(&black_box([a, b, c, d]));
            let expected = reference(&[first, second]);
            assert_eq!(sum.field(), expected.to_be_bytes(), "{first:x} {second:x}");
            let intact = expected == 0;
            assert_eq!(sum.verifies(), intact, "{first:x} {second:x}");
        }
    }
}

const ENDS: PseudoHeader = PseudoHeader::V4 {
    source: Ipv4Addr::new(192, 0, 2, 251),
    destination: MULTICAST_V4,
};

/// All first words, `version << 4 | type`, VRID, priority and count, but those of advertisements of
/// versions 2 and 3.
#[test]
#[ignore = "takes minutes unless optimised"]
fn every_first_word_of_another_version_or_type_is_refused_as_that() {
    let mut pdu = [0; 16];
    for word in 0..=u32::MAX {
        let [first, ..] = word.to_be_bytes();
        let (version, kind) = (first >> 4, first & 0x0f);
        if first == 0x21 || first == 0x31 {
            continue;
        }
        pdu[..4].copy_from_slice(&word.to_be_bytes());
        let expected = if version == 2 || version == 3 {
            DecodeError::Type(kind)
        } else {
            DecodeError::Version(version)
        };
        let decoded = Advertisement::decode(black_box(&pdu), &ENDS);
        assert_eq!(decoded, Err(expected), "{word:#x}");
    }
}

/// A message of each length a version has, with a checksum that verifies.
fn message(word: u32, version: Version, octets: &mut [u8; 1036]) -> usize {
    let [first, vrid, priority, count] = word.to_be_bytes();
    let trailer = match version {
        Version::V2 => 8,
        Version::V3 => 0,
    };
    let length = 8 + 4 * usize::from(count) + trailer;
    octets[..6].copy_from_slice(&[first, vrid, priority, count, 0, 100]);
    // The addresses are zeros: what is summed is the header.
    let words = word.to_be_bytes();
    let sum = reference(&[
        u16::from_be_bytes([words[0], words[1]]),
        u16::from_be_bytes([words[2], words[3]]),
        100,
    ]);
    octets[6..8].copy_from_slice(&sum.to_be_bytes());
    length
}

/// The other words, at the length that fits their count: every VRID, priority and count.
#[test]
#[ignore = "takes minutes unless optimised"]
fn every_first_word_of_an_advertisement_is_read_as_it_says() {
    let mut octets = [0; 1036];
    for (first, version) in [(0x21_u32, Version::V2), (0x31, Version::V3)] {
        for rest in 0..1 << 24 {
            let word = first << 24 | rest;
            let [_, vrid, priority, count] = word.to_be_bytes();
            let length = message(word, version, &mut octets);
            let decoded = Advertisement::decode(black_box(&octets[..length]), &ENDS);
            if vrid == 0 {
                assert_eq!(decoded, Err(DecodeError::VridZero), "{word:#x}");
                continue;
            }
            if version == Version::V3 && count == 0 {
                assert_eq!(decoded, Err(DecodeError::NoAddresses), "{word:#x}");
                continue;
            }
            let read = decoded.unwrap();
            assert_eq!(read.vrid.get(), vrid, "{word:#x}");
            assert_eq!(read.priority.get(), priority, "{word:#x}");
            assert_eq!(read.addresses.len(), usize::from(count), "{word:#x}");
            let (format, centis) = match version {
                Version::V2 => (Format::V2(Authentication::None), 10_000),
                Version::V3 => (Format::V3(ChecksumForm::MessageOnly), 100),
            };
            assert_eq!(read.format, format, "{word:#x}");
            assert_eq!(read.interval.centis(), centis, "{word:#x}");
        }
    }
}

/// The same words, four octets longer and shorter than fits their count.
#[test]
#[ignore = "takes minutes unless optimised"]
fn every_first_word_is_refused_at_another_length_than_it_tells() {
    let mut octets = [0; 1036];
    for (first, version) in [(0x21_u32, Version::V2), (0x31, Version::V3)] {
        for rest in 0..1 << 24 {
            let word = first << 24 | rest;
            let count = word.to_be_bytes()[3];
            let length = message(word, version, &mut octets);
            for octets in [
                &octets[..length - 4],
                octets.get(..length + 4).unwrap_or(&[]),
            ] {
                let expected = match octets.len() {
                    short @ 0..8 => DecodeError::Truncated { octets: short },
                    octets => DecodeError::Length { count, octets },
                };
                let decoded = Advertisement::decode(black_box(octets), &ENDS);
                assert_eq!(decoded, Err(expected), "{word:#x}");
            }
        }
    }
}

/// The second word of version 3: reserved bits (RFC 9568 §5.2.6), every interval (RFC 9568 §5.2.7,
/// erratum 8301), every checksum field.
#[test]
#[ignore = "takes minutes unless optimised"]
fn every_second_word_of_version_3_is_read_as_it_says() {
    let mut pdu = [0x31, 7, 100, 1, 0, 0, 0, 0, 192, 0, 2, 1];
    let rest = [0x3107, 0x6401, 0xc000, 0x0201];
    let ends = [0xc000, 0x02fb, 0xe000, 0x0012, 0x0070, 12];
    for high in 0..=u16::MAX {
        let [a, b, c, d] = rest;
        let alone = reference(&[a, b, c, d, high]);
        let [e, f, g, h, i, j] = ends;
        let pseudo = reference(&[a, b, c, d, e, f, g, h, i, j, high]);
        pdu[4..6].copy_from_slice(&high.to_be_bytes());
        for field in 0..=u16::MAX {
            pdu[6..8].copy_from_slice(&field.to_be_bytes());
            let decoded = Advertisement::decode(black_box(&pdu), &ENDS);
            let form = if same(field, alone) {
                ChecksumForm::MessageOnly
            } else if same(field, pseudo) {
                ChecksumForm::PseudoHeader
            } else {
                assert_eq!(decoded, Err(DecodeError::Checksum), "{high:x} {field:x}");
                continue;
            };
            match Interval::from_centis(high & 0x0fff) {
                None => assert_eq!(decoded, Err(DecodeError::IntervalZero), "{high:x}"),
                Some(interval) => {
                    let read = decoded.unwrap();
                    assert_eq!(read.interval, interval, "{high:x}");
                    assert_eq!(read.format, Format::V3(form), "{high:x}");
                    assert_eq!(read.addresses, Addresses::V4(&[[192, 0, 2, 1]]));
                }
            }
        }
    }
}

/// Both zeros of one's complement are one number.
const fn same(field: u16, expected: u16) -> bool {
    field % 0xffff == expected % 0xffff
}
