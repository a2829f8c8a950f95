//! Tests of interfaces and addresses that appear and disappear.

use core::time::Duration;

use vrrp_core::{Cause, MacAddr, Role, announce};
use vrrp_mio::{Obstacle, RouterSpec, VirtualAddress};

use super::host::{Host, Switch, router, until, virtual_address};
use rig::Tap;
use rig::capture::Frame;
use rig::tools::ip_batch_in;

const VIP: &str = "10.9.0.100/24";

fn pair(switch: &Switch) -> (Host, Host) {
    (switch.host(1), switch.host(2))
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_router_gives_up_with_its_link_and_returns_with_it() {
    let switch = Switch::new();
    let (left, right) = pair(&switch);
    let a = left.start(router(200, &[VIP]));
    let b = right.start(router(100, &[VIP]));
    left.await_role(a, Role::Active);
    switch.ip("link set p1 down");
    left.await_role(a, Role::Initialize);
    left.await_address(VIP, false);
    right.await_role(b, Role::Active);
    switch.ip("link set p1 up");
    left.await_role(a, Role::Active);
    right.await_role(b, Role::Backup);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_interface_that_is_made_anew_is_used_whatever_its_index() {
    let switch = Switch::new();
    let (left, right) = pair(&switch);
    let a = left.start(router(100, &[VIP]));
    left.await_role(a, Role::Active);
    let shown = left.ip("-o link show eth0");
    let index = shown.split(':').next().unwrap().to_owned();
    for same_index in [true, false] {
        if same_index {
            // All before the driver looks again.
            let switch = switch.namespace.name().to_owned();
            let host = left.namespace.name().to_owned();
            let index = index.clone();
            left.ask(move |_| {
                ip_batch_in(&host, "link del eth0");
                ip_batch_in(
                    &switch,
                    &format!(
                        "link add p1 type veth peer name eth0 index {index} netns {host}
link set p1 addrgenmode none
link set p1 master br0 up"
                    ),
                );
                ip_batch_in(
                    &host,
                    "link set eth0 addrgenmode none
link set eth0 up
address add 10.9.0.1/24 dev eth0",
                );
            });
        } else {
            left.ip("link del eth0");
            left.await_role(a, Role::Initialize);
            switch.plug(&left, "eth0");
        }
        left.await_role(a, Role::Active);
        left.await_address(VIP, true);
        // It hears on the new interface.
        let b = right.start(router(200, &[VIP]));
        right.await_role(b, Role::Active);
        left.await_role(a, Role::Backup);
        right.stop(b);
        right.ask(move |node| node.driver().remove(b));
        left.await_role(a, Role::Active);
    }
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_renamed_interface_is_left_and_a_router_removed_in_between_leaves_nothing() {
    let switch = Switch::new();
    let host = switch.host(1);
    let a = host.start(router(100, &[VIP]));
    host.await_address(VIP, true);
    host.ip("link property add dev eth0 altname other");
    host.ip("link set eth0 name eth9");
    host.await_role(a, Role::Initialize);
    host.await_address(VIP, false);
    host.ip("link set eth9 name eth0");
    host.await_address(VIP, true);
    host.ask(move |node| node.driver().remove(a));
    let b = host.start(router(100, &["10.9.0.101/24"]));
    assert_eq!(a.index(), b.index(), "places are used again");
    assert_ne!(a, b);
    host.await_address("10.9.0.101/24", true);
    assert!(!host.has(VIP));
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_router_without_an_address_of_its_own_resigns() {
    let switch = Switch::new();
    let (left, right) = pair(&switch);
    let a = left.start(router(200, &[VIP]));
    let b = right.start(router(100, &[VIP]));
    left.await_role(a, Role::Active);
    left.ip("address del 10.9.0.1/24 dev eth0");
    left.await_role(a, Role::Initialize);
    right.await_role(b, Role::Active);
    right.ask(move |node| {
        let last = node.driver().router(b).unwrap().last_transition().unwrap();
        assert_eq!(last.cause, Cause::ActiveResigned);
    });
    left.ip("address add 10.9.0.1/24 dev eth0");
    left.await_role(a, Role::Active);
    until("one Active router", || right.role(b) == Role::Backup);
}

/// Nobody but this host would hear it.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_router_on_a_loopback_interface_waits_and_says_why() {
    let host = Host::new(1);
    host.ip("link set lo up");
    let spec = RouterSpec {
        interface: "lo".parse().unwrap(),
        ..router(200, &["10.9.0.100/24"])
    };
    let a = host.start(spec);
    let names = || {
        host.ask(move |node| {
            let obstacles = node.driver().router(a).unwrap().obstacles();
            obstacles.iter().map(Obstacle::name).collect::<Vec<_>>()
        })
    };
    until("the obstacle", || names() == ["interface-loopback"]);
    assert_eq!(host.role(a), Role::Initialize);
}

/// Neighbours learn the address that answers from now on, and only of addresses that it answers for.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn addresses_are_announced_again_when_their_interface_has_another_mac_address() {
    let mut settings = announce::Settings::default();
    settings.repeat = 2;
    settings.delay = Duration::ZERO;
    let switch = Switch::new();
    let host = switch.host(1);
    host.ip("link add spare type veth peer name eraps");
    for end in ["spare", "eraps"] {
        host.ip(&format!("link set {end} addrgenmode none"));
        host.ip(&format!("link set {end} up"));
    }
    let mut tap = Tap::on(&switch.namespace, "p1");
    let elsewhere = VirtualAddress {
        device: Some("spare".parse().unwrap()),
        ..virtual_address("10.9.0.101/24")
    };
    let id = host.start(RouterSpec {
        announce: announce::Config::try_from(settings).unwrap(),
        excluded: vec![elsewhere],
        ..router(100, &[VIP])
    });
    host.await_role(id, Role::Active);
    let announced = |frame: &Frame| frame.announced().is_some();
    tap.wait("both copies", 2, announced);
    assert_eq!(tap.count(announced), 2);
    host.ip("link set spare address 02:00:00:00:00:08");
    host.ip("link set eth0 address 02:00:00:00:00:09");
    tap.wait("both copies from the other address", 4, announced);
    std::thread::sleep(Duration::from_millis(100));
    tap.read();
    let again: Vec<_> = tap
        .frames
        .iter()
        .filter(|it| announced(it))
        .skip(2)
        .collect();
    let theirs = MacAddr([2, 0, 0, 0, 0, 9]);
    assert_eq!(again.len(), 2);
    for frame in again {
        assert_eq!(frame.announced(), Some([10, 9, 0, 100].into()));
        assert_eq!(frame.source(), theirs);
        assert_eq!(frame.octets[22..28], theirs.0, "in the packet as well");
    }
}
