//! Tests of the codec: literal packets, captures of other implementations, and properties.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod ah;
mod captures;
mod frames;
mod pcap;
mod properties;
mod refusals;
mod vectors;

use core::net::IpAddr;

use vrrp_core::wire::PseudoHeader;

/// The octets a string of hexadecimal digits stands for; spaces are skipped.
pub(crate) fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter(|digit| !digit.is_whitespace())
        .map(|digit| u8::try_from(digit.to_digit(16).expect("a hexadecimal digit")).unwrap())
        .collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    assert!(rest.is_empty(), "an odd number of digits");
    pairs.iter().map(|[high, low]| high << 4 | low).collect()
}

/// The addresses of a packet.
fn ends(source: &str, destination: &str) -> PseudoHeader {
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    PseudoHeader::new(address(source), address(destination)).expect("one family")
}

/// The checksum of `octets`, word by word as RFC 1071 §1 defines it.
fn rfc1071(octets: &[u8]) -> u16 {
    let mut sum: u16 = 0;
    for word in octets.chunks(2) {
        let word = u16::from_be_bytes([word[0], *word.get(1).unwrap_or(&0)]);
        let (wrapped, carry) = sum.overflowing_add(word);
        sum = wrapped + u16::from(carry);
    }
    !sum
}

/// Puts the checksum of a VRRP message, without pseudo-header, in its place.
fn seal(pdu: &mut [u8]) {
    pdu[6..8].fill(0);
    let checksum = rfc1071(pdu);
    pdu[6..8].copy_from_slice(&checksum.to_be_bytes());
}
