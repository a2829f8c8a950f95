//! Tests of the counters of packets that reach no router.

use core::net::Ipv4Addr;
use std::sync::mpsc::channel;

use nix::net::if_::if_nametoindex;
use vrrp_core::wire::{
    Addresses, Advertisement, ChecksumForm, Format, MULTICAST_V4, PseudoHeader, TTL,
};
use vrrp_core::{Interval, Priority, Role, Statistics, Vrid};
use vrrp_mio::{AdvertSocket, Losses, RECEIVE_BUFFER, Transport};

use super::host::{Host, Switch, router, until};

const ENDS: PseudoHeader = PseudoHeader::V4 {
    source: Ipv4Addr::new(10, 9, 0, 9),
    destination: MULTICAST_V4,
};

/// Has `host` send `octets` this many times, as fast as it can.
fn flood(host: &Host, octets: Vec<u8>, times: u32) {
    host.ask(move |_| {
        let interface = if_nametoindex("eth0").unwrap();
        let socket = AdvertSocket::open(interface, Transport::Ipv4).unwrap();
        for _ in 0..times {
            socket.send(&ENDS, TTL, &octets).unwrap();
        }
    });
}

fn losses(host: &Host) -> Losses {
    host.ask(|node| *node.driver().losses())
}

/// What was heard on eth0 and was for no router.
fn strays(host: &Host) -> Statistics {
    host.ask(|node| {
        let interface = if_nametoindex("eth0").unwrap();
        let mut sockets = node.driver().strays(interface);
        *sockets.next().unwrap()
    })
}

/// An advertisement of a VRID that no host has.
fn stranger() -> Vec<u8> {
    let advertisement = Advertisement {
        vrid: Vrid::new(77).unwrap(),
        priority: Priority::DEFAULT,
        interval: Interval::DEFAULT,
        addresses: Addresses::V4(&[[10, 9, 0, 177]]),
        format: Format::V3(ChecksumForm::PseudoHeader),
    };
    let mut octets = Vec::new();
    advertisement.encode(&ENDS, &mut octets).unwrap();
    octets
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_oversized_packet_is_no_malformed_header() {
    let switch = Switch::new();
    let (host, other) = (switch.host(1), switch.host(9));
    for number in [1, 9] {
        switch.ip(&format!("link set p{number} mtu 9000"));
    }
    for host in [&host, &other] {
        host.ip("link set eth0 mtu 9000");
    }
    let a = host.start(router(100, &["10.9.0.100/32"]));
    host.await_role(a, Role::Active);
    assert_eq!(losses(&host), Losses::default());
    flood(&other, vec![0x31; RECEIVE_BUFFER + 1], 3);
    flood(&other, stranger(), 1);
    until("the advertisement after them", || {
        strays(&host).vrid_errors == 1
    });
    assert_eq!(losses(&host).oversized_packets, 3);
    assert_eq!(strays(&host).packet_length_errors, 0);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn what_the_kernel_drops_while_the_driver_is_busy_is_counted() {
    let switch = Switch::new();
    let (host, other) = (switch.host(1), switch.host(9));
    let a = host.start(router(100, &["10.9.0.100/32"]));
    host.await_role(a, Role::Active);
    let (go_on, busy) = channel::<()>();
    std::thread::scope(|scope| {
        let host = &host;
        let blocked = scope.spawn(move || host.ask(move |_| busy.recv()));
        flood(&other, stranger(), 20_000);
        go_on.send(()).unwrap();
        blocked.join().unwrap().unwrap();
    });
    until("the kernel tells", || {
        // It does so with a packet that it does not drop.
        flood(&other, stranger(), 1);
        losses(&host).queue_overflows > 0
    });
    let lost = losses(&host).queue_overflows;
    // The queue of 1 MiB holds a few thousand.
    assert!((10_000..20_000).contains(&lost), "{lost}");
    assert_eq!(losses(&host).oversized_packets, 0);
    assert_eq!(losses(&host).receive_errors, 0);
}
