//! Tests of packets that a socket must not receive. Each ends with a packet that has to be the
//! first received.

use core::net::IpAddr;

use rig::tools::parameter;
use vrrp_core::wire::MULTICAST_V6;
use vrrp_mio::{RECEIVE_BUFFER, Received, Reject, Transport};

use super::lab::{group, hear, two_hosts, wait};

const UNWANTED: [u8; 8] = [0x31, 1, 0, 0, 0, 0, 0, 0];
const WANTED: [u8; 8] = [0x31, 2, 0, 0, 0, 0, 0, 0];

const BOTH: [Transport; 2] = [Transport::Ipv4, Transport::Ipv6];

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn nothing_sent_is_heard_by_the_sender_or_its_neighbour_on_the_same_host() {
    let (left, right) = two_hosts();
    for transport in BOTH {
        let mut sender = left.join("v0", transport);
        let mut neighbour = left.join("v0", transport);
        let peer = right.join("v0", transport);
        let unwanted = left.to(group(transport));
        sender.send(&unwanted, 255, &UNWANTED).unwrap();
        let wanted = right.to(group(transport));
        peer.send(&wanted, 255, &WANTED).unwrap();
        assert_eq!(hear(&mut sender).payload, WANTED);
        assert_eq!(hear(&mut neighbour).payload, WANTED);
    }
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn an_ipv4_group_joined_by_another_socket_is_not_heard() {
    let (left, right) = two_hosts();
    let mut vrrp = right.join("v0", Transport::Ipv4);
    let mut private = right.open("v0", Transport::Ipv4);
    let other: IpAddr = [224, 0, 0, 118].into();
    private.join(other).unwrap();
    let sender = left.open("v0", Transport::Ipv4);
    let ends = left.to(group(Transport::Ipv4));
    sender.send(&ends, 255, &UNWANTED).unwrap();
    sender.send(&left.to(other), 255, &WANTED).unwrap();
    assert_eq!(hear(&mut private).payload, WANTED);
    assert_eq!(hear(&mut vrrp).payload, UNWANTED);
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn an_ipv6_group_joined_by_another_socket_is_rejected_by_name() {
    let (left, right) = two_hosts();
    let _vrrp = right.join("v0", Transport::Ipv6);
    let mut private = right.open("v0", Transport::Ipv6);
    let other: IpAddr = [0xff02, 0, 0, 0, 0, 0, 0, 0x118].into();
    private.join(other).unwrap();
    let sender = left.open("v0", Transport::Ipv6);
    let ends = left.to(MULTICAST_V6.into());
    sender.send(&ends, 255, &UNWANTED).unwrap();
    sender.send(&left.to(other), 255, &WANTED).unwrap();
    let rejected = Received::Rejected(Reject::Group(MULTICAST_V6));
    assert_eq!(wait(&mut private, &mut [0; RECEIVE_BUFFER]), rejected);
    assert_eq!(hear(&mut private).payload, WANTED);
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn a_group_left_is_no_longer_heard() {
    let (left, right) = two_hosts();
    let other: IpAddr = [224, 0, 0, 118].into();
    let mut receiver = right.join("v0", Transport::Ipv4);
    receiver.join(other).unwrap();
    let sender = left.open("v0", Transport::Ipv4);
    sender.send(&left.to(other), 255, &WANTED).unwrap();
    assert_eq!(hear(&mut receiver).payload, WANTED);

    receiver.leave(other).unwrap();
    assert!(receiver.leave(other).is_err());
    // Somebody else keeps the host in the group.
    let mut keeper = right.open("v0", Transport::Ipv4);
    keeper.join(other).unwrap();
    sender.send(&left.to(other), 255, &UNWANTED).unwrap();
    let vrrp = left.to(group(Transport::Ipv4));
    sender.send(&vrrp, 255, &WANTED).unwrap();
    assert_eq!(hear(&mut receiver).payload, WANTED);
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn another_interface_is_not_heard() {
    let (left, right) = two_hosts();
    for transport in BOTH {
        let mut on_w0 = right.join("w0", transport);
        let mut on_v0 = right.join("v0", transport);
        let ends = left.to(group(transport));
        left.open("w0", transport)
            .send(&ends, 255, &UNWANTED)
            .unwrap();
        left.open("v0", transport)
            .send(&ends, 255, &WANTED)
            .unwrap();
        assert_eq!(hear(&mut on_v0).payload, WANTED);
        assert_eq!(hear(&mut on_w0).payload, UNWANTED);
    }
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn what_a_full_queue_loses_is_counted() {
    let (left, right) = two_hosts();
    let mut receiver = right.join("v0", Transport::Ipv4);
    let sender = left.open("v0", Transport::Ipv4);
    let small = receiver.set_receive_queue(4_096).unwrap();
    assert!(small < 16_384, "{small}");
    let ends = left.to(group(Transport::Ipv4));
    for _ in 0..200 {
        sender.send(&ends, 255, &UNWANTED).unwrap();
    }
    let mut buffer = [0; RECEIVE_BUFFER];
    let mut queued = 0;
    while receiver.receive(&mut buffer).unwrap().is_some() {
        queued += 1;
    }
    sender.send(&ends, 255, &WANTED).unwrap();
    assert_eq!(hear(&mut receiver).payload, WANTED);
    assert_eq!(receiver.overflows(), 200 - queued);
    assert!(queued < 200);
}

#[test]
#[ignore = "needs root: network namespaces and raw sockets"]
fn a_receive_queue_beyond_the_limit_of_the_host_is_granted() {
    let (_left, right) = two_hosts();
    let receiver = right.open("v0", Transport::Ipv6);
    let limit = usize::try_from(parameter("core/rmem_max")).unwrap();
    let asked = limit + 65_536;
    assert_eq!(receiver.set_receive_queue(asked).unwrap(), 2 * asked);
}
