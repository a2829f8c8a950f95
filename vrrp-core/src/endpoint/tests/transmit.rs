//! Tests of transmitted packets against captures of keepalived 2.2.7 and literal octets.

use super::*;

#[test]
fn an_advertisement_of_version_3_goes_to_the_group() {
    let mut slots = slots(2);
    let mut router = backup(&mut slots);
    let now = elect(&mut router);
    let mut buf = [0; MAX_TRANSMIT];
    let expected = octets("310ac802 0064defb c0000201 c0000202");
    let ends = PseudoHeader::V4 {
        source: OWN.into(),
        destination: MULTICAST_V4,
    };
    let sent = router.poll_transmit(now, &mut buf);
    let payload = Transmit::Payload {
        ends,
        ttl: 255,
        octets: &expected,
    };
    assert_eq!(sent, Some(payload));
    assert_eq!(router.poll_transmit(now, &mut buf), None);
    assert_eq!(router.statistics().advertisement_sent, 1);
    // One that lists the first address only.
    router.set_most_addresses(1);
    let next = router.deadline().unwrap();
    router.timeout(next);
    assert_eq!(next, now + core::time::Duration::from_secs(1));
    assert_eq!(
        super::sent(&mut router, next),
        [octets("310ac801 0064 a103 c0000201")]
    );
}

#[test]
fn the_message_only_checksum_is_sent_where_it_is_prescribed() {
    let mut slots = slots(2);
    let mut table = Table::new(Addresses::V4(&LIST), &mut slots);
    table.policy.checksum = TransmitChecksum::Always(ChecksumForm::MessageOnly);
    let mut router = endpoint(config(Version::V3, 10, 200), table);
    start(&mut router, OWN.into());
    let now = elect(&mut router);
    let expected = octets("310ac802 0064828a c0000201 c0000202");
    assert_eq!(sent(&mut router, now), [expected]);
}

#[test]
fn an_advertisement_over_ipv6_goes_to_its_group() {
    let list = ["fe80::1", "2001:db8::1"].map(|text| {
        let address: core::net::Ipv6Addr = text.parse().unwrap();
        address.octets()
    });
    let mut slots = slots(2);
    let settings = Settings::new(Version::V3, Family::V6, 10);
    let table = Table::new(Addresses::V6(&list), &mut slots);
    let mut router = endpoint(Config::try_from(settings).unwrap(), table);
    start(&mut router, "fe80::c8".parse().unwrap());
    let now = elect(&mut router);
    let expected = "310a6402 00643f5d fe800000000000000000000000000001
                    20010db8000000000000000000000001";
    assert_eq!(sent(&mut router, now), [octets(expected)]);
}

/// K2 of the captures: authentication type 1.
#[test]
fn a_password_is_sent_in_version_2() {
    let mut slots = slots(1);
    let mut table = Table::new(Addresses::V4(&[[192, 0, 2, 3]]), &mut slots);
    table.policy.expect = Expect::Simple(Key::from_password(b"s3cr3t").unwrap());
    let mut router = endpoint(config(Version::V2, 12, 150), table);
    start(&mut router, OWN.into());
    let now = elect(&mut router);
    let expected = octets("210c9601 01017bd3 c0000203 7333637233740000");
    assert_eq!(sent(&mut router, now), [expected]);
}

/// K3 of the captures: the whole packet is keepalived's, but for nothing.
#[test]
fn an_authentication_header_makes_a_whole_packet() {
    let mut slots = slots(1);
    let mut table = Table::new(Addresses::V4(&[[192, 0, 2, 4]]), &mut slots);
    table.policy.expect = Expect::Ah(Key::from_password(b"keykey").unwrap());
    let mut router = endpoint(config(Version::V2, 13, 150), table);
    start(&mut router, OWN.into());
    let now = elect(&mut router);
    let mut buf = [0; MAX_TRANSMIT];
    let expected = octets(
        "45c0004000010000ff3317bcc00002fbe0000012 70040000c00002fb00000001ac15e0b2b678e6c0121685d9
         210d9601020184ebc00002040000000000000000",
    );
    match router.poll_transmit(now, &mut buf) {
        Some(Transmit::Packet { octets, .. }) => assert_eq!(octets, expected),
        other => panic!("{other:?}"),
    }
    // The next one has the next number, from where it is told to count.
    router.set_ah_sequence(41);
    let next = router.machine().deadline().unwrap();
    router.timeout(next);
    let sent = sent(&mut router, next);
    assert_eq!(sent[0][28..32], [0, 0, 0, 42]);
}

#[test]
fn a_virtual_mac_address_sends_frames() {
    let mut slots = slots(2);
    let mut table = Table::new(Addresses::V4(&LIST), &mut slots);
    let config = config(Version::V3, 10, 200);
    table.policy.source_mac = Some(config.vrid().virtual_mac(Family::V4));
    let mut router = endpoint(config, table);
    start(&mut router, OWN.into());
    let now = elect(&mut router);
    let expected = octets(
        "01005e000012 00005e00010a 0800
         45c00024 00010000 ff70179b c00002fb e0000012
         310ac802 0064defb c0000201 c0000202",
    );
    let mut buf = [0; MAX_TRANSMIT];
    let frame = router.poll_transmit(now, &mut buf);
    assert_eq!(frame, Some(Transmit::Frame { octets: &expected }));
}

fn peer(address: [u8; 4]) -> Peer {
    Peer {
        address: address.into(),
        min_ttl: 0,
        max_ttl: 255,
    }
}

#[test]
fn every_peer_has_its_own_packet_and_the_advertisement_is_counted_once() {
    let peers = [peer([192, 0, 2, 8]), peer([192, 0, 2, 9])];
    let mut slots = slots(2);
    let mut table = Table::new(Addresses::V4(&LIST), &mut slots);
    table.policy.reach = Reach::Peers {
        peers: &peers,
        only: true,
    };
    table.policy.hop_limit = 64;
    let mut router = endpoint(config(Version::V3, 10, 200), table);
    start(&mut router, OWN.into());
    let now = elect(&mut router);
    let mut buf = [0; MAX_TRANSMIT];
    let mut destinations = Vec::new();
    while let Some(transmit) = router.poll_transmit(now, &mut buf) {
        let Transmit::Payload { ends, ttl: 64, .. } = transmit else {
            panic!("{transmit:?}");
        };
        destinations.push(ends.destination());
    }
    assert_eq!(destinations, peers.map(|peer| peer.address));
    let counted = |router: &Endpoint<Table<'_>>| {
        let statistics = router.statistics();
        (statistics.advertisement_sent, statistics.send_errors)
    };
    assert_eq!(counted(&router), (1, 0));
    // The first one fails, and the second leaves.
    let next = router.deadline().unwrap();
    router.timeout(next);
    assert!(router.poll_advertisement(&mut buf).is_some());
    router.not_sent();
    assert!(router.poll_advertisement(&mut buf).is_some());
    assert_eq!(router.poll_advertisement(&mut buf), None);
    assert_eq!(counted(&router), (1, 1));
}

/// T6, and from the address that was just lost.
#[test]
fn a_router_that_loses_its_primary_address_resigns_from_it() {
    let mut slots = slots(2);
    let (mut router, now) = active(&mut slots);
    router.handle(now, Event::PrimaryAddress(None));
    let mut buf = [0; MAX_TRANSMIT];
    let resignation = router.poll_transmit(now, &mut buf).unwrap();
    let Transmit::Payload { ends, octets, .. } = resignation else {
        panic!("{resignation:?}");
    };
    assert_eq!((ends.source(), octets[2]), (OWN.into(), 0));
    assert_eq!(
        sent(&mut router, now).len(),
        0,
        "nothing is announced any more"
    );
    assert_eq!(router.statistics().priority_zero_pkts_sent, 1);
}

#[test]
fn a_buffer_too_short_is_told_and_counted() {
    let mut slots = slots(2);
    let mut router = backup(&mut slots);
    let now = elect(&mut router);
    assert_eq!(router.poll_transmit(now, &mut [0; 15]), None);
    let (needed, room) = (16, 15);
    let error = TransmitError::Encode(EncodeError::NoRoom { needed, room });
    assert_eq!(
        events(&mut router).last(),
        Some(&EndpointEvent::NotSent(error))
    );
    assert_eq!(router.statistics().send_errors, 1);
}

#[test]
fn addresses_are_announced_once_they_are_in_place() {
    let excluded = ["2001:db8::5".parse().unwrap()];
    let mut slots = slots(3);
    let mut table = Table::new(Addresses::V4(&LIST), &mut slots);
    table.excluded = &excluded;
    let mut router = endpoint(config(Version::V3, 10, 200), table);
    start(&mut router, OWN.into());
    let now = elect(&mut router);
    assert_eq!(sent(&mut router, now).len(), 1, "the advertisement");
    router.installed(1, MAC);
    router.installed(2, MAC);
    router.installed(3, MAC);
    let frames = sent(&mut router, now);
    assert_eq!(frames.len(), 10);
    let arp = "ffffffffffff 020000000001 0806 0001 0800 06 04 0001
               020000000001 c0000202 ffffffffffff c0000202";
    assert_eq!(frames[0], octets(arp));
    let neighbor = "333300000001 020000000001 86dd 60000000 0020 3aff
                    20010db8000000000000000000000005 ff020000000000000000000000000001
                    88 00 b0a3 a0000000 20010db8000000000000000000000005 0201 020000000001";
    assert_eq!(frames[1][..54], octets(neighbor)[..54]);
    assert_eq!(frames[1][58..], octets(neighbor)[58..]);
    assert!(crate::wire::NeighborAdvertisement::decode(&frames[1]).is_ok());
    // Told again, nothing is announced; under another Ethernet address it is.
    router.installed(1, MAC);
    assert_eq!(sent(&mut router, now).len(), 0);
    router.installed(1, Some(MacAddr([2, 0, 0, 0, 0, 2])));
    assert_eq!(sent(&mut router, now).len(), 5);
    // What is gone is passed over by the second block, five seconds later.
    router.uninstalled(2);
    assert!(router.is_installed(1) && !router.is_installed(2));
    let second = now + core::time::Duration::from_secs(5);
    assert_eq!(router.announcement_deadline(), Some(second));
    assert_eq!(sent(&mut router, second).len(), 5);
    assert_eq!(router.announcement_deadline(), None);
}

#[test]
fn a_frame_that_found_no_room_goes_later() {
    let mut slots = slots(2);
    let mut router = backup(&mut slots);
    let now = elect(&mut router);
    assert_eq!(sent(&mut router, now).len(), 1);
    router.installed(0, MAC);
    let mut buf = [0; MAX_TRANSMIT];
    assert!(router.poll_announcement(now, &mut buf).is_some());
    let later = now + core::time::Duration::from_millis(1);
    router.blocked(later);
    assert_eq!(router.poll_announcement(now, &mut buf), None);
    assert_eq!(router.deadline(), Some(later));
    assert_eq!(sent(&mut router, later).len(), 5, "all of them");
}
