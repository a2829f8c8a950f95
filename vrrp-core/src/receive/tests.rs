//! Tests of admission.

use core::net::{Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use super::*;
use crate::wire::{AhHeader, Ipv4Header, Ipv4Packet, MULTICAST_V4, MULTICAST_V6};
use crate::{Family, Interval, Settings, Version, Vrid};

const OURS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const THEIRS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
const LIST: [[u8; 4]; 2] = [[192, 0, 2, 100], [192, 0, 2, 101]];
const LIST_V6: [[u8; 16]; 1] = [[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]];

fn config(version: Version, family: Family) -> Config {
    Config::try_from(Settings::new(version, family, 7)).unwrap()
}

fn admission<'a>(config: &'a Config, addresses: Addresses<'a>) -> Admission<'a> {
    Admission::new(config, addresses)
}

fn packet<'a>(format: Format, addresses: Addresses<'a>) -> Packet<'a> {
    let (source, destination) = match addresses.family() {
        Family::V4 => (THEIRS, IpAddr::V4(MULTICAST_V4)),
        Family::V6 => (
            IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2)),
            IpAddr::V6(MULTICAST_V6),
        ),
    };
    Packet {
        source,
        destination,
        ttl: 255,
        advertisement: Advertisement {
            vrid: Vrid::new(7).unwrap(),
            priority: Priority::from_wire(150),
            interval: Interval::DEFAULT,
            addresses,
            format,
        },
        ah: None,
    }
}

const V3: Format = Format::V3(ChecksumForm::MessageOnly);
const V2: Format = Format::V2(Authentication::None);

fn verdict(admission: &Admission<'_>, packet: &Packet<'_>) -> Result<Admitted, Discard> {
    let priority = admission.config.priority();
    admission.admit(
        Instant::EPOCH,
        packet,
        priority,
        Some(OURS),
        &mut ReplayWindow::new(),
    )
}

/// RFC 9568 §7.1: exactly 255 on a link, whatever the family.
#[test]
fn refuses_any_other_hop_limit_than_255() {
    let v4 = config(Version::V3, Family::V4);
    let v6 = config(Version::V3, Family::V6);
    for ttl in 0..=254 {
        for (config, list) in [(&v4, Addresses::V4(&LIST)), (&v6, Addresses::V6(&LIST_V6))] {
            let packet = Packet {
                ttl,
                ..packet(V3, list)
            };
            assert_eq!(
                verdict(&admission(config, list), &packet),
                Err(Discard::Ttl(ttl))
            );
        }
    }
}

#[test]
fn admits_a_plain_advertisement_and_says_how_it_was_summed() {
    let config = config(Version::V3, Family::V4);
    let list = Addresses::V4(&LIST);
    let admitted = verdict(&admission(&config, list), &packet(V3, list)).unwrap();
    assert_eq!(admitted.heard.source, THEIRS);
    assert_eq!(admitted.heard.priority.get(), 150);
    let plain = Remarks {
        checksum: Some(ChecksumForm::MessageOnly),
        ..Remarks::default()
    };
    assert_eq!(admitted.remarks, plain);
}

/// RFC 9568 §7.1, outside the dual mode of RFC 9568 §8.4.
#[test]
fn refuses_the_other_version() {
    let list = Addresses::V4(&LIST);
    let v3 = config(Version::V3, Family::V4);
    let v2 = config(Version::V2, Family::V4);
    let other = Err(Discard::Version(Version::V2));
    assert_eq!(verdict(&admission(&v3, list), &packet(V2, list)), other);
    let other = Err(Discard::Version(Version::V3));
    assert_eq!(verdict(&admission(&v2, list), &packet(V3, list)), other);
}

/// RFC 9568 §7.1, RFC 3768 §7.1: version 3 learns another interval, version 2 must not hear it.
#[test]
fn another_interval_is_a_remark_in_v3_and_a_reason_to_discard_in_v2() {
    let list = Addresses::V4(&LIST);
    let theirs = Interval::from_centis(200).unwrap();
    let other = |format| {
        let mut packet = packet(format, list);
        packet.advertisement.interval = theirs;
        packet
    };
    let v3 = config(Version::V3, Family::V4);
    let admitted = verdict(&admission(&v3, list), &other(V3)).unwrap();
    assert!(admitted.remarks.interval);
    assert_eq!(admitted.heard.interval, theirs);
    let v2 = config(Version::V2, Family::V4);
    assert_eq!(
        verdict(&admission(&v2, list), &other(V2)),
        Err(Discard::Interval { theirs })
    );
}

/// RFC 9568 §5.2.9 and erratum 8300, as a policy.
#[test]
fn a_first_ipv6_address_that_is_not_link_local_is_policy() {
    let config = config(Version::V3, Family::V6);
    for (first, conforms) in [
        ([0xfe, 0x80], true),
        ([0xfe, 0xbf], true),
        ([0xfe, 0xc0], false),
        ([0xfe, 0x7f], false),
        ([0x20, 0x01], false),
    ] {
        let mut list = LIST_V6;
        list[0][..2].copy_from_slice(&first);
        let list = Addresses::V6(&list);
        let packet = packet(Format::V3(ChecksumForm::PseudoHeader), list);
        let report = admission(&config, list);
        assert_eq!(
            verdict(&report, &packet).unwrap().remarks.first_address,
            !conforms
        );
        let strict = Admission {
            first_address: Conformance::Discard,
            ..report
        };
        assert_eq!(verdict(&strict, &packet).is_ok(), conforms);
    }
}

/// RFC 9568 §7.1 by set; RFC 3768 §7.1 for the owner.
#[test]
fn another_address_list_is_policy_and_order_does_not_matter() {
    let config = config(Version::V3, Family::V4);
    let turned = [LIST[1], LIST[0]];
    let fewer = [LIST[0]];
    let doubled = [LIST[0], LIST[0]];
    for (theirs, same) in [
        (&LIST[..], true),
        (&turned, true),
        (&fewer, false),
        (&doubled, false),
    ] {
        let packet = packet(V3, Addresses::V4(theirs));
        let report = admission(&config, Addresses::V4(&LIST));
        assert_eq!(
            verdict(&report, &packet).unwrap().remarks.address_list,
            !same
        );
        let strict = Admission {
            address_list: Conformance::Discard,
            ..report
        };
        let expected = if same {
            Ok(())
        } else {
            Err(Discard::AddressList)
        };
        assert_eq!(verdict(&strict, &packet).map(|_| ()), expected);
        let mut owner = packet;
        owner.advertisement.priority = Priority::OWNER;
        assert!(verdict(&strict, &owner).is_ok());
    }
}

/// RFC 9568 §7.1 with erratum 8298; RFC 3768 §7.1 for version 2.
#[test]
fn a_second_owner_is_heard_in_v3_and_discarded_in_v2() {
    let list = Addresses::V4(&LIST);
    let owner = |version| {
        let settings = Settings {
            priority: 255,
            ..Settings::new(version, Family::V4, 7)
        };
        Config::try_from(settings).unwrap()
    };
    let mut second = packet(V3, list);
    second.advertisement.priority = Priority::OWNER;
    let admitted = verdict(&admission(&owner(Version::V3), list), &second).unwrap();
    assert!(admitted.remarks.second_owner && admitted.remarks.equal_priority);
    let v3 = owner(Version::V3);
    let backup = verdict(&admission(&v3, list), &packet(V3, list)).unwrap();
    assert!(!backup.remarks.second_owner);
    let ours = config(Version::V3, Family::V4);
    let only = verdict(&admission(&ours, list), &second).unwrap();
    assert!(!only.remarks.second_owner);
    let deaf = Admission {
        owner_is_deaf: true,
        ..admission(&v3, list)
    };
    assert_eq!(verdict(&deaf, &second), Err(Discard::Owner));
    let v2 = owner(Version::V2);
    assert_eq!(
        verdict(&admission(&v2, list), &packet(V2, list)),
        Err(Discard::Owner)
    );
}

/// A router of our priority is reported (RFC 9568 §8.3.2).
#[test]
fn remarks_on_equal_priorities_and_own_addresses() {
    let config = config(Version::V3, Family::V4);
    let list = Addresses::V4(&LIST);
    let mut packet = packet(V3, list);
    packet.advertisement.priority = Priority::DEFAULT;
    packet.source = OURS;
    let remarks = verdict(&admission(&config, list), &packet).unwrap().remarks;
    assert!(remarks.equal_priority && remarks.own_address && !remarks.second_owner);
}

/// Routed unicast arrives with a TTL below 255.
#[test]
fn unicast_is_held_against_the_peers_and_their_hop_counts() {
    let config = config(Version::V3, Family::V4);
    let list = Addresses::V4(&LIST);
    let peers = [Peer {
        address: THEIRS,
        min_ttl: 250,
        max_ttl: 254,
    }];
    let strict = Admission {
        reach: Reach::Peers {
            peers: &peers,
            only: true,
        },
        ..admission(&config, list)
    };
    let open = Admission {
        reach: Reach::Peers {
            peers: &peers,
            only: false,
        },
        ..strict
    };
    let unicast = Packet {
        destination: OURS,
        ttl: 252,
        ..packet(V3, list)
    };
    let stranger = Packet {
        source: OURS,
        ..unicast
    };
    assert!(verdict(&strict, &unicast).is_ok());
    assert_eq!(verdict(&strict, &stranger), Err(Discard::Peer));
    assert!(verdict(&open, &stranger).is_ok());
    for ttl in [0, 249, 255] {
        assert_eq!(
            verdict(&open, &Packet { ttl, ..unicast }),
            Err(Discard::Ttl(ttl))
        );
    }
    assert_eq!(verdict(&open, &packet(V3, list)), Err(Discard::Destination));
    let group = admission(&config, list);
    assert_eq!(verdict(&group, &unicast), Err(Discard::Destination));
}

/// An advertisement behind an Authentication Header.
fn signed(key: &Key, sequence: u32) -> std::vec::Vec<u8> {
    let ip = Ipv4Header {
        source: Ipv4Addr::new(192, 0, 2, 2),
        destination: MULTICAST_V4,
        ttl: 255,
        tos: 0xc0,
        id: 1,
        protocol: 0,
        payload_len: 0,
    };
    let header = AhHeader { spi: 1, sequence };
    let mut octets = std::vec::Vec::new();
    header
        .encode(&ip, b"pdu", key, IcvForm::TtlCovered, &mut octets)
        .unwrap();
    octets
}

/// RFC 3768 §5.3.6, RFC 2338 §5.3.6: the configured type, then all eight octets.
#[test]
fn authentication_has_to_be_the_configured_one() {
    let config = config(Version::V2, Family::V4);
    let list = Addresses::V4(&LIST);
    let simple = |text: &[u8; 8]| packet(Format::V2(Authentication::Simple(*text)), list);
    let key = Key::from_password(b"s3cr3t").unwrap();
    let expect = |expect| Admission {
        expect,
        ..admission(&config, list)
    };
    let right = simple(b"s3cr3t\0\0");
    assert!(verdict(&expect(Expect::Simple(key)), &right).is_ok());
    for wrong in [b"s3cr3t\0x", b"S3cr3t\0\0", b"\0\0\0\0\0\0\0\0"] {
        let verdict = verdict(&expect(Expect::Simple(key)), &simple(wrong));
        assert_eq!(verdict, Err(Discard::Authentication));
    }
    for (expected, claimed) in [
        (Expect::None, right),
        (Expect::Ah(key), right),
        (Expect::Simple(key), packet(V2, list)),
        (
            Expect::Ah(key),
            packet(Format::V2(Authentication::Ah), list),
        ),
        (Expect::None, packet(Format::V2(Authentication::Ah), list)),
    ] {
        assert_eq!(
            verdict(&expect(expected), &claimed),
            Err(Discard::AuthenticationType)
        );
    }
}

/// RFC 2402 §3.4.3.
#[test]
fn sequence_numbers_rise_until_the_sender_was_silent_for_long() {
    let mut window = ReplayWindow::new();
    let forget = Duration::from_secs(4);
    let at = Instant::from_millis;
    assert!(window.accept(at(0), 1, 10, forget).is_ok());
    assert!(window.accept(at(1000), 1, 11, forget).is_ok());
    assert!(window.accept(at(2000), 1, 11, forget).is_err());
    assert!(
        window.accept(at(4999), 1, 2, forget).is_err(),
        "a replay does not count as heard"
    );
    assert!(window.accept(at(5000), 1, 2, forget).is_ok());
}

#[test]
fn a_fifth_sender_takes_the_place_of_the_least_recent() {
    let mut window = ReplayWindow::new();
    let forget = Duration::from_secs(3600);
    for spi in 1..=5 {
        assert!(
            window
                .accept(Instant::from_millis(u64::from(spi)), spi, 9, forget)
                .is_ok()
        );
    }
    let now = Instant::from_millis(10);
    assert!(window.accept(now, 2, 9, forget).is_err());
    assert!(window.accept(now, 1, 9, forget).is_ok());
}

/// The place is that of whoever is silent for longest, wherever it is.
#[test]
fn a_sender_that_goes_on_keeps_its_place() {
    let mut window = ReplayWindow::new();
    let forget = Duration::from_secs(3600);
    let at = Instant::from_millis;
    for (millis, spi, sequence) in [(1, 1, 9), (2, 2, 9), (3, 3, 9), (4, 4, 9), (5, 1, 10)] {
        assert!(window.accept(at(millis), spi, sequence, forget).is_ok());
    }
    assert!(window.accept(at(6), 5, 9, forget).is_ok());
    for (spi, sequence) in [(1, 10), (3, 9), (4, 9), (5, 9)] {
        assert!(
            window.accept(at(7), spi, sequence, forget).is_err(),
            "{spi}"
        );
    }
    assert!(window.accept(at(8), 2, 9, forget).is_ok());
}

/// RFC 9568 §6.4.2, RFC 2338 §5.3.6: a sequence number counts only once the packet has proved
/// itself.
#[test]
fn a_forged_sequence_number_does_not_count() {
    let config = config(Version::V2, Family::V4);
    let list = Addresses::V4(&LIST);
    let key = Key::from_password(b"keykey").unwrap();
    let admission = Admission {
        expect: Expect::Ah(key),
        ..admission(&config, list)
    };
    let mut window = ReplayWindow::new();
    let mut admit = |key, sequence| {
        let octets = signed(key, sequence);
        let ip = Ipv4Packet::decode(&octets).unwrap();
        let ah = AhPacket::decode(&ip).unwrap();
        let packet = Packet {
            ah: Some(&ah),
            ..packet(Format::V2(Authentication::Ah), list)
        };
        let verdict = admission.admit(
            Instant::EPOCH,
            &packet,
            Priority::DEFAULT,
            Some(OURS),
            &mut window,
        );
        verdict.map(|admitted| admitted.remarks.icv)
    };
    let forger = Key::from_password(b"guess").unwrap();
    assert_eq!(admit(&key, 1), Ok(Some(IcvForm::TtlCovered)));
    assert_eq!(admit(&forger, 1_000_000), Err(Discard::Authentication));
    assert_eq!(admit(&key, 2), Ok(Some(IcvForm::TtlCovered)));
    assert_eq!(admit(&key, 2), Err(Discard::Replay));
}

/// RFC 2402 §3.4.3: what is discarded for another reason leaves its number to the next packet.
#[test]
fn a_discarded_packet_does_not_use_up_its_sequence_number() {
    let key = Key::from_password(b"s3cr3t").unwrap();
    let octets = signed(&key, 5);
    let received = Ipv4Packet::decode(&octets).unwrap();
    let ah = AhPacket::decode(&received).unwrap();

    let config = config(Version::V2, Family::V4);
    let list = Addresses::V4(&LIST);
    let admission = Admission {
        expect: Expect::Ah(key),
        ..admission(&config, list)
    };
    let right = Packet {
        ah: Some(&ah),
        ..packet(Format::V2(Authentication::Ah), list)
    };
    let mut wrong = right;
    wrong.advertisement.interval = Interval::from_centis(200).unwrap();
    let mut replay = ReplayWindow::new();
    let mut admit = |packet| {
        let priority = config.priority();
        let admitted = admission.admit(Instant::EPOCH, packet, priority, Some(OURS), &mut replay);
        admitted.map(|_| ())
    };
    assert!(matches!(admit(&wrong), Err(Discard::Interval { .. })));
    assert_eq!(admit(&right), Ok(()));
    assert_eq!(admit(&right), Err(Discard::Replay));
}
