//! Tests of socket errors, and of whether they are transient.

use vrrp_core::wire::{MULTICAST_V4, MULTICAST_V6, PseudoHeader};
use vrrp_mio::{AdvertSocket, LinkSocket, OpenError, Received, Reject, SendError, Transport};

use super::lab::{group, hear, two_hosts, v6, wait};

const PDU: [u8; 8] = [0x31, 1, 0, 0, 0, 0, 0, 0];

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn a_missing_interface_is_named() {
    let (left, _right) = two_hosts();
    let advert = left.within(|| AdvertSocket::open(4_711, Transport::Ipv4).err());
    let link = left.within(|| LinkSocket::open(4_711).err());
    for error in [advert, link] {
        assert!(matches!(
            error,
            Some(OpenError::Interface {
                interface: 4_711,
                ..
            })
        ));
    }
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn addresses_of_the_other_family_are_refused() {
    let (left, _right) = two_hosts();
    let v4 = left.open("v0", Transport::Ipv4);
    let v6 = left.open("v0", Transport::Ipv6);
    let v4_ends = left.to(MULTICAST_V4.into());
    let v6_ends = left.to(MULTICAST_V6.into());
    assert!(matches!(
        v4.send(&v6_ends, 255, &PDU),
        Err(SendError::Family)
    ));
    assert!(matches!(
        v6.send(&v4_ends, 255, &PDU),
        Err(SendError::Family)
    ));
    for short in [&[][..], &[0x45; 19], &[0x60; 40]] {
        assert!(matches!(v4.send_packet(short), Err(SendError::Family)));
    }
    assert!(matches!(
        v6.send_packet(&[0x45; 20]),
        Err(SendError::Family)
    ));
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn a_missing_or_tentative_ipv6_source_is_transient() {
    let (left, right) = two_hosts();
    let sender = left.open("v0", Transport::Ipv6);
    let ends = PseudoHeader::V6 {
        source: v6(9),
        destination: MULTICAST_V6,
    };
    let missing = sender.send(&ends, 255, &PDU);
    assert!(
        matches!(missing, Err(SendError::Transient { .. })),
        "{missing:?}"
    );
    left.namespace.ip("address add fe80::9/64 dev v0");
    let tentative = sender.send(&ends, 255, &PDU);
    assert!(
        matches!(tentative, Err(SendError::Transient { .. })),
        "{tentative:?}"
    );
    left.namespace.ip("address delete fe80::9/64 dev v0");
    left.namespace.ip("address add fe80::9/64 dev v0 nodad");
    let mut receiver = right.join("v0", Transport::Ipv6);
    sender.send(&ends, 255, &PDU).unwrap();
    assert_eq!(hear(&mut receiver).ends, ends);
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn an_interface_that_is_down_is_transient_and_recovers() {
    let (left, right) = two_hosts();
    let link = left.within(|| LinkSocket::open(left.index("v0")).unwrap());
    for transport in [Transport::Ipv4, Transport::Ipv6] {
        let mut sender = left.join("v0", transport);
        let mut receiver = right.join("v0", transport);
        let ends = left.to(group(transport));
        left.namespace.ip("link set v0 down");
        let outcomes = [sender.send(&ends, 255, &PDU), link.send(&[0xff; 60])];
        for outcome in outcomes {
            assert!(
                matches!(outcome, Err(SendError::Transient { .. })),
                "{outcome:?}"
            );
        }
        assert!(sender.receive(&mut [0; 64]).unwrap().is_none());
        left.namespace.ip("link set v0 up");
        if transport == Transport::Ipv6 {
            left.namespace.ip("address replace fe80::1/64 dev v0 nodad");
        }
        sender.send(&ends, 255, &PDU).unwrap();
        assert_eq!(hear(&mut receiver).payload, PDU);
        receiver
            .send(&right.to(group(transport)), 255, &PDU)
            .unwrap();
        assert_eq!(hear(&mut sender).payload, PDU);
    }
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn an_interface_that_is_gone_is_told_from_one_that_is_down() {
    let (left, _right) = two_hosts();
    let index = left.index("v0");
    let link = left.within(|| LinkSocket::open(index).unwrap());
    let mut v4 = left.join("v0", Transport::Ipv4);
    let mut v6 = left.join("v0", Transport::Ipv6);
    left.namespace.ip("link delete v0");
    let outcomes = [
        link.send(&[0xff; 60]),
        v4.send(&left.to(MULTICAST_V4.into()), 255, &PDU),
        v6.send(&left.to(MULTICAST_V6.into()), 255, &PDU),
    ];
    for outcome in outcomes {
        assert!(
            matches!(outcome, Err(SendError::InterfaceGone { .. })),
            "{outcome:?}"
        );
    }
    for socket in [&mut v4, &mut v6] {
        assert!(socket.receive(&mut [0; 64]).unwrap().is_none());
    }
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn a_packet_longer_than_the_mtu_is_told_from_one_that_is_lost() {
    let (left, _right) = two_hosts();
    let sender = left.open("v0", Transport::Ipv4);
    let outcome = sender.send(&left.to(MULTICAST_V4.into()), 255, &[0x31; 1_481]);
    assert!(
        matches!(outcome, Err(SendError::TooLong { octets: 1_501 })),
        "{outcome:?}"
    );
    let link = left.within(|| LinkSocket::open(left.index("v0")).unwrap());
    let outcome = link.send(&[0xff; 1_600]);
    assert!(
        matches!(outcome, Err(SendError::TooLong { octets: 1_600 })),
        "{outcome:?}"
    );
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn a_packet_longer_than_the_buffer_is_rejected_whole() {
    let (left, right) = two_hosts();
    for transport in [Transport::Ipv4, Transport::Ipv6] {
        let sender = left.open("v0", transport);
        let mut receiver = right.join("v0", transport);
        let ends = left.to(group(transport));
        sender.send(&ends, 255, &[0x31; 200]).unwrap();
        sender.send(&ends, 255, &PDU).unwrap();
        let mut buffer = [0; 100];
        assert_eq!(
            wait(&mut receiver, &mut buffer),
            Received::Rejected(Reject::TooLong)
        );
        assert_eq!(hear(&mut receiver).payload, PDU);
    }
}
