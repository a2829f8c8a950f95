//! Tests of reception and of discarded packets.

use super::*;

const THEIRS: [u8; 4] = [192, 0, 2, 252];

fn group() -> PseudoHeader {
    PseudoHeader::V4 {
        source: THEIRS.into(),
        destination: MULTICAST_V4,
    }
}

/// A message-only packet of VRID 10, every second, of `priority`.
fn message(priority: u8) -> Vec<u8> {
    let mut octets = octets("310a0002 00640000 c0000201 c0000202");
    octets[2] = priority;
    let sum = crate::wire::Checksum::new().octets(&octets).field();
    octets[6..8].copy_from_slice(&sum);
    octets
}

#[test]
fn a_better_router_is_followed_and_its_checksum_form_learned() {
    let mut slots = slots(2);
    let mut router = backup(&mut slots);
    for second in 0..5 {
        let received = router.receive(at(second * 1_000), &group(), 255, &message(201));
        let received = received.unwrap();
        assert_eq!(received.admitted.heard.priority.get(), 201);
        assert!(!received.answered);
    }
    assert_eq!(router.peer_checksum(), Some(ChecksumForm::MessageOnly));
    assert_eq!(
        router.deadline(),
        Some(at(4_000) + router.machine().active_down_interval())
    );
    let now = elect(&mut router);
    let expected = octets("310ac802 0064828a c0000201 c0000202");
    assert_eq!(sent(&mut router, now), [expected]);
    assert_eq!(router.statistics().advertisement_rcvd, 5);
}

#[test]
fn a_prescribed_checksum_form_is_sent_whatever_the_winner_sends() {
    let mut slots = slots(2);
    let mut table = Table::new(Addresses::V4(&LIST), &mut slots);
    table.policy.checksum = TransmitChecksum::Always(ChecksumForm::PseudoHeader);
    let mut router = endpoint(config(Version::V3, 10, 200), table);
    start(&mut router, OWN.into());
    for second in 0..5 {
        let received = router.receive(at(second * 1_000), &group(), 255, &message(201));
        assert!(received.is_ok());
    }
    let now = elect(&mut router);
    let expected = octets("310ac802 0064defb c0000201 c0000202");
    assert_eq!(sent(&mut router, now), [expected]);
}

#[test]
fn an_active_router_answers_a_loser_and_yields_to_a_winner() {
    let mut slots = slots(2);
    let (mut router, now) = active(&mut slots);
    let received = router.receive(now, &group(), 255, &message(100)).unwrap();
    assert!(received.answered);
    // The answer, and both addresses five times.
    assert_eq!(sent(&mut router, now).len(), 11);
    let received = router.receive(now, &group(), 255, &message(201)).unwrap();
    assert!(!received.answered);
    let [removed, EndpointEvent::Transition(transition)] = events(&mut router)[..] else {
        panic!("two events");
    };
    assert_eq!(removed, EndpointEvent::RemoveAddresses);
    assert_eq!(transition.peer, Some(THEIRS.into()));
    assert_eq!(router.announcement_deadline(), None);
    assert!(!router.is_installed(0));
}

/// One packet per rule of RFC 9568 §7.1; each moves one counter, and none the router.
#[test]
fn each_rule_discards_and_counts() {
    type Case = (&'static str, u8, Discard, fn(&Statistics) -> u64);
    let cases: [Case; 9] = [
        ("310a6401 0064a88e c0000201", 254, Discard::Ttl(254), |s| {
            s.ip_ttl_errors
        }),
        ("310b6401 0064a88d c0000201", 255, Discard::Vrid, |s| {
            s.vrid_errors
        }),
        (
            "210a6401 000100000000 c0000201 0000000000000000",
            255,
            DecodeError::Length {
                count: 1,
                octets: 22,
            }
            .into(),
            |s| s.packet_length_errors,
        ),
        (
            "320a6401 0064a78e c0000201",
            255,
            DecodeError::Type(2).into(),
            |s| s.invalid_type_pkts_rcvd,
        ),
        (
            "310a6401 0064ffff c0000201",
            255,
            DecodeError::Checksum.into(),
            |s| s.checksum_errors,
        ),
        (
            "310a6401 0000a8f2 c0000201",
            255,
            DecodeError::IntervalZero.into(),
            |s| s.interval_errors,
        ),
        (
            "310a6400 00646a91",
            255,
            DecodeError::NoAddresses.into(),
            |s| s.no_address_errors,
        ),
        (
            "310a64",
            255,
            DecodeError::Truncated { octets: 3 }.into(),
            |s| s.packet_length_errors,
        ),
        (
            "210a6401 0001b8f1 c0000201 0000000000000000",
            255,
            Discard::Version(Version::V2),
            |s| s.version_errors,
        ),
    ];
    for (hex, ttl, discard, counter) in cases {
        let mut slots = slots(2);
        let mut router = backup(&mut slots);
        let before = *router.machine();
        let received = router.receive(at(0), &group(), ttl, &octets(hex));
        assert_eq!(received, Err(discard), "{hex}");
        assert_eq!(counter(&router.statistics()), 1, "{hex}");
        assert_eq!(router.statistics().advertisement_rcvd, 0, "{hex}");
        assert_eq!(*router.machine(), before, "{hex}");
    }
}

/// K3 of the captures.
#[test]
fn an_authenticated_packet_is_heard_once() {
    let packet = octets(
        "45c0004000010000ff3317bcc00002fbe0000012 70040000c00002fb00000001ac15e0b2b678e6c0121685d9
         210d9601020184ebc00002040000000000000000 000000000000",
    );
    let mut slots = slots(1);
    let mut table = Table::new(Addresses::V4(&[[192, 0, 2, 4]]), &mut slots);
    table.policy.expect = Expect::Ah(Key::from_password(b"keykey").unwrap());
    let mut router = endpoint(config(Version::V2, 13, 100), table);
    start(&mut router, [192, 0, 2, 250].into());
    let received = router.receive_ipv4(at(0), &packet).unwrap();
    assert_eq!(received.admitted.heard.source, IpAddr::from(OWN));
    assert_eq!(router.receive_ipv4(at(1), &packet), Err(Discard::Replay));
    let mut forged = packet.clone();
    forged[50] ^= 1;
    assert!(router.receive_ipv4(at(2), &forged).is_err());
    // Plain VRRP is not what it expects; and octets that are no packet are counted too.
    let plain =
        octets("45c0002800000000ff701798c00002fbe0000012210d9601000186ebc00002040000000000000000");
    assert_eq!(
        router.receive_ipv4(at(3), &plain),
        Err(Discard::AuthenticationType)
    );
    assert!(matches!(
        router.receive_ipv4(at(4), &[]),
        Err(Discard::Ipv4(_))
    ));
    assert_eq!(router.statistics().advertisement_rcvd, 1);
    assert_eq!(router.statistics().replay_errors, 1);
}

#[test]
fn asking_whether_a_packet_is_admitted_changes_nothing() {
    let peers = [Peer {
        address: THEIRS.into(),
        min_ttl: 0,
        max_ttl: 255,
    }];
    let mut slots = slots(2);
    let mut table = Table::new(Addresses::V4(&LIST), &mut slots);
    table.policy.reach = Reach::Peers {
        peers: &peers,
        only: true,
    };
    let router = endpoint(config(Version::V3, 10, 200), table);
    let octets = message(201);
    let packet = |source: [u8; 4]| {
        let ends = PseudoHeader::V4 {
            source: source.into(),
            destination: OWN.into(),
        };
        crate::receive::Packet {
            source: ends.source(),
            destination: ends.destination(),
            ttl: 64,
            advertisement: crate::wire::Advertisement::decode(&octets, &ends).unwrap(),
            ah: None,
        }
    };
    assert!(router.admits(at(0), &packet(THEIRS)).is_ok());
    let stranger = router.admits(at(0), &packet([192, 0, 2, 77]));
    assert_eq!(stranger.unwrap_err(), Discard::Peer);
    assert_eq!(router.statistics(), Statistics::default());
}
