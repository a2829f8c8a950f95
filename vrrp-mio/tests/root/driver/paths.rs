//! Tests of unicast with several peers and several routes.

use vrrp_core::Role;
use vrrp_core::receive::Peer;
use vrrp_mio::{Path, RouterSpec};

use super::host::{Host, Switch, address, router, until, virtual_address};

/// From `own` to `peer`, heard from anybody, as keepalived does by default.
fn unicast(own: &str, peer: &str, routed: bool, spec: RouterSpec) -> RouterSpec {
    let peer = Peer {
        address: address(peer),
        min_ttl: 0,
        max_ttl: 255,
    };
    RouterSpec {
        path: Path::Unicast {
            source: Some(address(own)),
            peers: vec![peer],
            only: false,
            hop_limit: 255,
            routed,
        },
        ..spec
    }
}

fn heard(host: &Host, router: vrrp_mio::RouterId) -> u64 {
    host.ask(move |node| {
        let router = node.driver().router(router).unwrap();
        router.statistics().advertisement_rcvd
    })
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn one_identifier_with_two_peers_is_two_virtual_routers() {
    let switch = Switch::new();
    let [first, second, third] = [1, 2, 3].map(|number| switch.host(number));
    let spec = |own: u8, peer: u8, priority, vip: &str| {
        let (own, peer) = (format!("10.9.0.{own}"), format!("10.9.0.{peer}"));
        unicast(&own, &peer, false, router(priority, &[vip]))
    };
    let a = first.start(spec(1, 2, 150, "10.9.0.100/24"));
    let b = first.start(spec(1, 3, 100, "10.9.0.101/24"));
    let c = second.start(spec(2, 1, 100, "10.9.0.100/24"));
    let d = third.start(spec(3, 1, 150, "10.9.0.101/24"));
    first.await_role(a, Role::Active);
    third.await_role(d, Role::Active);
    until("everybody to have heard who wins", || {
        heard(&first, b) >= 20 && heard(&second, c) >= 20
    });
    assert_eq!(first.role(a), Role::Active);
    assert_eq!(first.role(b), Role::Backup);
    assert_eq!(second.role(c), Role::Backup);
    assert_eq!(third.role(d), Role::Active);
    first.await_address("10.9.0.100/24", true);
    third.await_address("10.9.0.101/24", true);
    assert!(!first.has("10.9.0.101/24") && !second.has("10.9.0.100/24"));
    // Nor does a backup of one take the silence of the other for its own.
    third.ask(move |node| node.driver().stop(d));
    first.await_role(b, Role::Active);
    assert_eq!(second.role(c), Role::Backup);
}

/// A router between addresses on `lo`, as hosts with several ways to each other have it.
fn routed(own: &str, peer: &str, priority: u8) -> RouterSpec {
    let mut vip = virtual_address("203.0.113.1/32");
    vip.device = Some("eth0".parse().unwrap());
    let spec = RouterSpec {
        interface: "lo".parse().unwrap(),
        addresses: vec![vip],
        track_interface: false,
        ..router(priority, &["203.0.113.1/32"])
    };
    unicast(own, peer, true, spec)
}

fn elect(left: &Host, right: &Host) {
    let a = left.start(routed("192.0.2.1", "192.0.2.2", 150));
    let b = right.start(routed("192.0.2.2", "192.0.2.1", 100));
    left.await_role(a, Role::Active);
    left.await_address("203.0.113.1/32", true);
    until("the backup to hear it", || heard(right, b) >= 5);
    assert_eq!(right.role(b), Role::Backup);
    left.ask(move |node| node.driver().stop(a));
    right.await_role(b, Role::Active);
    right.await_address("203.0.113.1/32", true);
    left.ask(move |node| node.driver().start(a));
    right.await_role(b, Role::Backup);
    left.await_role(a, Role::Active);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn what_is_routed_leaves_as_the_kernel_routes_it_and_is_heard_wherever_it_comes_in() {
    let switch = Switch::new();
    let (left, right) = (switch.host(1), switch.host(2));
    for (host, own, peer) in [(&left, 1, 2), (&right, 2, 1)] {
        host.ip("link set lo up");
        host.ip(&format!("address add 192.0.2.{own}/32 dev lo"));
        host.ip(&format!(
            "route add 192.0.2.{peer}/32 via 10.9.0.{peer} src 192.0.2.{own}"
        ));
    }
    elect(&left, &right);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn the_way_back_may_be_another_one() {
    let (switch, other) = (Switch::new(), Switch::new());
    let (left, right) = (switch.host(1), switch.host(2));
    for (host, own, peer) in [(&left, 1, 2), (&right, 2, 1)] {
        other.plug(host, "eth1");
        host.ip(&format!("address del 10.9.0.{own}/24 dev eth1"));
        host.ip(&format!("address add 10.8.0.{own}/24 dev eth1"));
        host.ip("link set lo up");
        host.ip(&format!("address add 192.0.2.{own}/32 dev lo"));
        // Only a rule by source finds the way: what looks at the destination alone finds none.
        let (link, net) = if own == 1 { ("eth0", 9) } else { ("eth1", 8) };
        host.ip(&format!("rule add from 192.0.2.{own} table 99"));
        host.ip(&format!(
            "route add 192.0.2.{peer}/32 via 10.{net}.0.{peer} dev {link} table 99"
        ));
        // The answer to an ARP request needs a way back as well.
        host.ip(&format!("route add blackhole 192.0.2.{peer}/32 metric 9"));
    }
    elect(&left, &right);
}

/// Both sockets of host 1 have what its two peers send, and a router on each hears strangers.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn what_is_routed_is_told_from_what_is_bound_to_an_interface() {
    let switch = Switch::new();
    let [first, second, third] = [1, 2, 3].map(|number| switch.host(number));
    for (host, own, peer) in [(&first, 1, 3), (&third, 3, 1)] {
        host.ip("link set lo up");
        host.ip(&format!("address add 192.0.2.{own}/32 dev lo"));
        host.ip(&format!(
            "route add 192.0.2.{peer}/32 via 10.9.0.{peer} src 192.0.2.{own}"
        ));
    }
    let spec = |own: &str, peer: &str, priority| {
        unicast(own, peer, false, router(priority, &["10.9.0.100/24"]))
    };
    let a = first.start(spec("10.9.0.1", "10.9.0.2", 150));
    let b = first.start(routed("192.0.2.1", "192.0.2.3", 150));
    let c = second.start(spec("10.9.0.2", "10.9.0.1", 100));
    let d = third.start(routed("192.0.2.3", "192.0.2.1", 200));
    first.await_role(a, Role::Active);
    third.await_role(d, Role::Active);
    until("everybody to have heard who wins", || {
        heard(&first, b) >= 20 && heard(&second, c) >= 20
    });
    assert_eq!(first.role(a), Role::Active);
    assert_eq!(first.role(b), Role::Backup);
    third.ask(move |node| node.driver().stop(d));
    first.await_role(b, Role::Active);
    assert_eq!(first.role(a), Role::Active);
}
