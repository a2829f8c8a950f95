//! Properties of encoding, for any advertisement that can be sent.

use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

use arbitrary::{Result, Unstructured};

use crate::wire::{
    Addresses, Advertisement, Authentication, Checksum, ChecksumForm, Format, Ipv4Header,
    Ipv4Packet, MULTICAST_V4, MULTICAST_V6, PROTOCOL, PseudoHeader, TOS, TTL,
};
use crate::{Family, Interval, Priority, Version, Vrid};

/// An advertisement made of choices: what is sent is read as it was meant, with any padding of the
/// link behind it, and a flipped bit is never seen as the same (RFC 9568 §7.1).
///
/// # Panics
/// If that does not hold for the choices `input`.
pub fn round_trip(input: &[u8]) {
    let mut choices = Unstructured::new(input);
    let Ok((sample, bit, padding)) = Sample::choose(&mut choices).and_then(|sample| {
        let bit = choices.arbitrary::<u16>()?;
        Ok((sample, bit.into(), choices.int_in_range(0..=63)?))
    }) else {
        return;
    };
    let octets = sample.encoded();
    let advertisement = sample.advertisement();
    assert_eq!(octets.len(), advertisement.encoded_len());
    let told = Advertisement {
        format: sample.decoded_format(),
        ..advertisement
    };
    assert_eq!(Advertisement::decode(&octets, &sample.ends), Ok(told));
    is_read_from_its_packet(&sample, &octets, padding);
    notices_a_bit_of_the_message(&sample, octets, bit);
    notices_a_bit_of_an_ipv6_address(&sample, bit);
}

fn is_read_from_its_packet(sample: &Sample, pdu: &[u8], padding: usize) {
    let PseudoHeader::V4 {
        source,
        destination,
    } = sample.ends
    else {
        return;
    };
    let header = Ipv4Header {
        source,
        destination,
        ttl: TTL,
        tos: TOS,
        id: 0,
        protocol: PROTOCOL,
        payload_len: u16::try_from(pdu.len()).expect("at most 4088 octets"),
    };
    let mut packet = Vec::new();
    header.encode(&mut packet).expect("room without end");
    assert!(Checksum::new().octets(&packet).verifies());
    packet.extend_from_slice(pdu);
    packet.resize(packet.len() + padding, 0);
    let ip = Ipv4Packet::decode(&packet).expect("a packet of ours");
    assert_eq!(ip.payload, pdu);
    assert_eq!(ip.pseudo_header(), sample.ends);
}

/// VRRPv3 over IPv4 accepts several forms, whose sums may differ by a power of two: then a flipped
/// bit turns one form into another, and only a receiver that wants one form sees it.
fn notices_a_bit_of_the_message(sample: &Sample, mut octets: Vec<u8>, bit: usize) {
    let bit = bit % (octets.len() * 8);
    octets[bit / 8] ^= 1 << (bit % 8);
    if let Ok(read) = Advertisement::decode(&octets, &sample.ends) {
        assert_ne!(read.format, sample.decoded_format());
        assert_eq!(read.version(), Version::V3);
        assert_eq!(sample.ends.family(), Family::V4);
    }
}

/// Over IPv6 the addresses are covered too.
fn notices_a_bit_of_an_ipv6_address(sample: &Sample, bit: usize) {
    let PseudoHeader::V6 {
        source,
        destination,
    } = sample.ends
    else {
        return;
    };
    let flip = |address: Ipv6Addr| Ipv6Addr::from(u128::from(address) ^ 1 << (bit % 128));
    let ends = if (bit / 128).is_multiple_of(2) {
        PseudoHeader::V6 {
            source: flip(source),
            destination,
        }
    } else {
        PseudoHeader::V6 {
            source,
            destination: flip(destination),
        }
    };
    assert!(Advertisement::decode(&sample.encoded(), &ends).is_err());
}

/// An advertisement that owns its addresses, and the packet it travels in.
#[derive(Clone, Debug)]
struct Sample {
    vrid: Vrid,
    priority: Priority,
    interval: Interval,
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
    fn choose(choices: &mut Unstructured<'_>) -> Result<Self> {
        let (version, family) = *choices.choose(&[
            (Version::V3, Family::V4),
            (Version::V3, Family::V6),
            (Version::V2, Family::V4),
        ])?;
        let interval = match version {
            Version::V2 => choices.int_in_range(1..=255)? * 100,
            Version::V3 => choices.int_in_range(1..=4095)?,
        };
        Ok(Self {
            vrid: Vrid::new(choices.int_in_range(1..=255)?).expect("not zero"),
            priority: Priority::from_wire(choices.arbitrary()?),
            interval: Interval::from_centis(interval).expect("in range"),
            format: match version {
                Version::V2 => Format::V2(authentication(choices)?),
                Version::V3 => Format::V3(*choices.choose(&FORMS)?),
            },
            ends: ends(choices, family)?,
            list: match family {
                Family::V4 => List::V4(addresses(choices, version)?),
                Family::V6 => List::V6(addresses(choices, version)?),
            },
        })
    }

    fn advertisement(&self) -> Advertisement<'_> {
        Advertisement {
            vrid: self.vrid,
            priority: self.priority,
            interval: self.interval,
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
            .expect("everything is in range");
        octets
    }

    /// The format that decoding returns: of forms with the same checksum the first.
    fn decoded_format(&self) -> Format {
        match (self.format, self.ends) {
            (Format::V2(_), _) => self.format,
            (Format::V3(_), PseudoHeader::V6 { .. }) => Format::V3(ChecksumForm::PseudoHeader),
            (Format::V3(_), PseudoHeader::V4 { .. }) => {
                let sent = self.encoded();
                FORMS
                    .map(Format::V3)
                    .into_iter()
                    .find(|&format| {
                        let sample = self.clone();
                        Self { format, ..sample }.encoded() == sent
                    })
                    .expect("its own form at the latest")
            }
        }
    }
}

/// In the order in which decoding tries them.
const FORMS: [ChecksumForm; 3] = [
    ChecksumForm::MessageOnly,
    ChecksumForm::PseudoHeader,
    ChecksumForm::PseudoHeaderMulticast,
];

fn authentication(choices: &mut Unstructured<'_>) -> Result<Authentication> {
    Ok(match choices.int_in_range(0..=2)? {
        0 => Authentication::None,
        1 => Authentication::Simple(choices.arbitrary()?),
        _ => Authentication::Ah,
    })
}

fn ends(choices: &mut Unstructured<'_>, family: Family) -> Result<PseudoHeader> {
    let to_group = choices.ratio(1, 2)?;
    Ok(match family {
        Family::V4 => PseudoHeader::V4 {
            source: Ipv4Addr::from(choices.arbitrary::<u32>()?),
            destination: if to_group {
                MULTICAST_V4
            } else {
                Ipv4Addr::from(choices.arbitrary::<u32>()?)
            },
        },
        Family::V6 => PseudoHeader::V6 {
            source: Ipv6Addr::from(choices.arbitrary::<u128>()?),
            destination: if to_group {
                MULTICAST_V6
            } else {
                Ipv6Addr::from(choices.arbitrary::<u128>()?)
            },
        },
    })
}

/// Up to 255 addresses, mostly a few; VRRPv2 may list none.
fn addresses<const N: usize>(
    choices: &mut Unstructured<'_>,
    version: Version,
) -> Result<Vec<[u8; N]>> {
    let least = match version {
        Version::V2 => 0,
        Version::V3 => 1,
    };
    let most = if choices.ratio(1, 5)? { 255 } else { 4 };
    let count: usize = choices.int_in_range(least..=most)?;
    (0..count).map(|_| choices.arbitrary()).collect()
}
