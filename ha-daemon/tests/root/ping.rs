//! Tests of the echo requests of `PING_CHECK`, in a network namespace with only the loopback
//! interface.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::fs;
use std::io::Read;

use ha_daemon::health::attempt::{Exchange, Passed};
use ha_daemon::health::ping::{Identifier, PingCheck};
use socket2::{Domain, Protocol, Socket, Type};
use vrrp_core::Family;

/// Moves this thread to a new network namespace in which anybody may have ping sockets.
fn enter_namespace() {
    rig::enter_namespace();
    fs::write("/proc/sys/net/ipv4/ping_group_range", "0 2147483647").unwrap();
}

/// Sends the request and hears datagrams until one answers it; their IPv4 header is taken off.
fn answered(kind: Type, family: Family, identifier: Identifier) -> bool {
    let (domain, protocol, to): (_, _, IpAddr) = match family {
        Family::V4 => (Domain::IPV4, Protocol::ICMPV4, Ipv4Addr::LOCALHOST.into()),
        Family::V6 => (Domain::IPV6, Protocol::ICMPV6, Ipv6Addr::LOCALHOST.into()),
    };
    let mut socket = Socket::new(domain, kind, Some(protocol)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    socket.connect(&SocketAddr::new(to, 0).into()).unwrap();

    let mut check = PingCheck::new(family, identifier, 0x0102, 0x0123_4567_89ab_cdef);
    let mut request = Vec::new();
    check.request(&mut request);
    assert_eq!(socket.send(&request).unwrap(), 64);
    loop {
        let mut buffer = [0; 256];
        let len = socket.read(&mut buffer).unwrap();
        let header = if kind == Type::RAW && family == Family::V4 {
            20
        } else {
            0
        };
        if let Some(outcome) = check.answer(&buffer[header..len]) {
            return outcome == Ok(Passed::default());
        }
    }
}

#[test]
#[ignore = "needs root (a network namespace, raw sockets)"]
fn the_kernel_answers_on_raw_and_ping_sockets() {
    enter_namespace();
    for family in [Family::V4, Family::V6] {
        assert!(
            answered(Type::RAW, family, Identifier::Own(0xbeef)),
            "{family:?} raw"
        );
        assert!(
            answered(Type::DGRAM, family, Identifier::Kernel),
            "{family:?} ping"
        );
    }
}
