//! Tests of virtual addresses that others change.

use core::time::Duration;

use vrrp_core::{Role, announce};
use vrrp_mio::Notice;

use super::host::{Switch, address, router, until, virtual_address};
use rig::Tap;

const VIP: &str = "10.9.0.100/24";

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_address_deleted_by_hand_is_put_back_and_announced_without_a_failover() {
    let switch = Switch::new();
    let host = switch.host(1);
    let mut tap = Tap::on(&switch.namespace, "p1");
    let a = host.start(router(100, &[VIP]));
    tap.wait("the first block", 5, |frame| frame.announced().is_some());
    host.forget_notices();
    tap.clear();
    host.ip("address del 10.9.0.100/24 dev eth0");
    tap.wait("the address announced again", 5, |frame| {
        frame.announced() == Some(address("10.9.0.100"))
    });
    assert!(host.has(VIP));
    assert_eq!(host.role(a), Role::Active);
    assert_eq!(host.noticed(|n| matches!(n, Notice::AddressLost { .. })), 1);
    assert_eq!(host.noticed(|n| matches!(n, Notice::Transition { .. })), 0);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn every_address_is_announced_exactly_as_often_as_asked() {
    let switch = Switch::new();
    let host = switch.host(1);
    let mut tap = Tap::on(&switch.namespace, "p1");
    let mut settings = announce::Settings::default();
    settings.repeat = 3;
    settings.delay = Duration::ZERO;
    let many = (0..200).map(|n| virtual_address(&format!("10.20.0.{n}/32")));
    let spec = vrrp_mio::RouterSpec {
        announce: announce::Config::try_from(settings).unwrap(),
        excluded: many.chain([virtual_address("2001:db8::100/64")]).collect(),
        ..router(100, &[VIP])
    };
    host.start(spec);
    tap.wait("202 addresses three times", 606, |frame| {
        frame.announced().is_some()
    });
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(tap.count(|frame| frame.announced().is_some()), 606);
    assert_eq!(tap.announcements(address("10.20.0.199")), 3);
    assert_eq!(tap.announcements(address("2001:db8::100")), 3);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_address_stays_announced_while_the_interface_of_another_comes_and_goes() {
    let switch = Switch::new();
    let host = switch.host(1);
    let mut tap = Tap::on(&switch.namespace, "p1");
    let mut settings = announce::Settings::default();
    settings.repeat = 1;
    settings.delay = Duration::ZERO;
    settings.refresh = Duration::from_millis(200);
    let mut elsewhere = virtual_address("10.30.0.1/32");
    elsewhere.device = Some("side".parse().unwrap());
    elsewhere.track = false;
    let mut spec = router(100, &[VIP]);
    spec.announce = announce::Config::try_from(settings).unwrap();
    spec.excluded.push(elsewhere);
    let a = host.start(spec);
    host.await_address(VIP, true);
    host.ip("link add side type veth peer name edis");
    host.ip("link set side up");
    host.await_address("10.30.0.1/32", true);
    host.ip("link del side");
    until("one address less", || {
        host.ask(move |node| node.driver().router(a).unwrap().installed()) == 1
    });
    tap.clear();
    tap.wait("two refreshes", 2, |frame| {
        frame.announced() == Some(address("10.9.0.100"))
    });
    assert_eq!(host.role(a), Role::Active);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_second_tenure_announces_no_address_before_it_is_in_place() {
    let switch = Switch::new();
    let host = switch.host(1);
    let a = host.start(router(100, &[VIP]));
    host.await_address(VIP, true);
    switch.ip("link set p1 down");
    host.await_role(a, Role::Initialize);
    host.await_address(VIP, false);
    assert_eq!(
        host.ask(move |node| node.driver().router(a).unwrap().installed()),
        0
    );
}
