//! Tests of IPv6, unicast and authentication.

use vrrp_core::receive::{Expect, Peer};
use vrrp_core::wire::Key;
use vrrp_core::{Config, Role, Settings, Version};
use vrrp_mio::{Path, RouterSpec};

use super::host::{Host, Switch, address, router, until};
use rig::Tap;

const VIP: &str = "10.9.0.100/24";

fn elect(left: &Host, right: &Host, spec: impl Fn(u8) -> RouterSpec, announced: impl FnOnce()) {
    let a = left.start(spec(200));
    let b = right.start(spec(100));
    left.await_role(a, Role::Active);
    until("the backup to hear it", || {
        right.ask(move |node| {
            let machine = node.driver().router(b).unwrap().machine();
            machine.active_router().is_some()
        })
    });
    announced();
    left.stop(a);
    right.await_role(b, Role::Active);
    right.stop(b);
    for (host, router) in [(left, a), (right, b)] {
        host.ask(move |node| node.driver().remove(router));
    }
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn ipv6_with_a_link_local_and_a_global_address() {
    let switch = Switch::new();
    let (left, right) = (switch.host(1), switch.host(2));
    let mut tap = Tap::on(&switch.namespace, "p1");
    let vips = ["fe80::100/64", "2001:db8::100/64"];
    let announced = || {
        for vip in ["fe80::100", "2001:db8::100"] {
            until(vip, || tap.announcements(address(vip)) >= 5);
        }
    };
    elect(&left, &right, |priority| router(priority, &vips), announced);
    assert!(!left.has("2001:db8::100/64"));
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_tentative_link_local_address_is_waited_for() {
    let switch = Switch::new();
    let host = switch.host(1);
    host.ip("address del fe80::1/64 dev eth0");
    let a = host.start(router(100, &["fe80::100/64"]));
    host.ip("address add fe80::1/64 dev eth0");
    loop {
        let role = host.role(a);
        let tentative = host.ip("-6 address show dev eth0 tentative");
        if !tentative.contains("fe80::1/64") {
            break;
        }
        assert_eq!(role, Role::Initialize);
    }
    host.await_role(a, Role::Active);
    assert_eq!(
        host.noticed(|notice| matches!(notice, vrrp_mio::Notice::SendFailed { .. })),
        0
    );
}

fn unicast(own: &str, peer: &str, priority: u8) -> RouterSpec {
    let peer = Peer {
        address: address(peer),
        min_ttl: 0,
        max_ttl: 255,
    };
    RouterSpec {
        path: Path::unicast(address(own), vec![peer]),
        ..router(priority, &[VIP])
    }
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn unicast_peers_elect_while_they_have_their_source_addresses() {
    let switch = Switch::new();
    let (left, right) = (switch.host(1), switch.host(2));
    let a = left.start(unicast("10.9.0.11", "10.9.0.2", 200));
    let b = right.start(unicast("10.9.0.2", "10.9.0.11", 100));
    right.await_role(b, Role::Active);
    assert_eq!(left.role(a), Role::Initialize, "it lacks 10.9.0.11");
    left.ip("address add 10.9.0.11/24 dev eth0");
    left.await_role(a, Role::Active);
    right.await_role(b, Role::Backup);
    left.ip("address del 10.9.0.11/24 dev eth0");
    left.await_role(a, Role::Initialize);
    right.await_role(b, Role::Active);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn authenticated_routers_elect_and_others_are_not_heard() {
    let switch = Switch::new();
    let (left, right) = (switch.host(1), switch.host(2));
    let settings = |priority| {
        let mut settings = Settings::new(Version::V2, vrrp_core::Family::V4, 51);
        settings.priority = priority;
        settings
    };
    let authenticated = |priority, key: &[u8]| RouterSpec {
        config: Config::try_from(settings(priority)).unwrap(),
        expect: Expect::Ah(Key::from_password(key).unwrap()),
        ..router(priority, &[VIP])
    };
    let secret = |priority| authenticated(priority, b"secret");
    elect(&left, &right, secret, || ());
    let a = left.start(authenticated(200, b"secret"));
    let b = right.start(authenticated(100, b"other"));
    left.await_role(a, Role::Active);
    right.await_role(b, Role::Active);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_authenticated_advertisement_lists_what_fits_the_link() {
    let switch = Switch::new();
    let host = switch.host(1);
    host.ip("link set eth0 mtu 576");
    let mut tap = Tap::on(&switch.namespace, "p1");
    let addresses: Vec<String> = (1..=200).map(|n| format!("10.9.1.{n}/32")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let settings = Settings::new(Version::V2, vrrp_core::Family::V4, 51);
    host.start(RouterSpec {
        config: Config::try_from(settings).unwrap(),
        expect: Expect::Ah(Key::from_password(b"secret").unwrap()),
        ..router(100, &addresses)
    });
    // Ethernet, IPv4, authentication header.
    let advertisement = 14 + 20 + 24;
    tap.wait("an advertisement", 1, |frame| frame.octets[23] == 51);
    let frame = tap
        .frames
        .iter()
        .find(|frame| frame.octets[23] == 51)
        .unwrap();
    // (576 - 20 - 24 - 8 - 8) / 4
    assert_eq!(frame.octets[advertisement + 3], 129);
    assert_eq!(frame.octets.len(), 14 + 576);
}
