//! Tests of elections.

use vrrp_core::{Cause, Config, Event, Role, Settings};
use vrrp_mio::Notice;

use super::host::{Switch, address, router, until};
use rig::Tap;

const VIP: &str = "10.9.0.100/24";

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn two_drivers_elect_and_hand_over_by_resignation_and_by_silence() {
    let switch = Switch::new();
    let (left, right) = (switch.host(1), switch.host(2));
    let mut tap = Tap::on(&switch.namespace, "p1");
    let a = left.start(router(200, &[VIP]));
    let b = right.start(router(100, &[VIP]));
    left.await_role(a, Role::Active);
    left.await_address(VIP, true);
    assert_eq!(right.role(b), Role::Backup);
    assert!(!right.has(VIP));
    tap.wait("five gratuitous ARPs", 5, |frame| {
        frame.announced() == Some(address("10.9.0.100"))
    });

    left.stop(a);
    assert!(!left.has(VIP));
    tap.wait("the resignation", 1, rig::capture::Frame::is_resignation);
    right.await_role(b, Role::Active);
    right.await_address(VIP, true);
    assert_eq!(cause(&right, b), Cause::ActiveResigned);

    left.ask(move |node| node.driver().start(a));
    left.await_role(a, Role::Active);
    right.await_role(b, Role::Backup);
    right.await_address(VIP, false);

    tap.clear();
    left.crash();
    right.await_role(b, Role::Active);
    assert_eq!(cause(&right, b), Cause::ActiveTimeout);
    assert_eq!(tap.count(rig::capture::Frame::is_resignation), 0);
    assert!(left.has(VIP), "nobody was there to remove it");
}

fn cause(host: &super::host::Host, router: vrrp_mio::RouterId) -> Cause {
    host.ask(move |node| {
        let router = node.driver().router(router).unwrap();
        router.last_transition().unwrap().cause
    })
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_new_configuration_decides_the_election_and_is_what_the_router_is_told_to_be() {
    let switch = Switch::new();
    let (left, right) = (switch.host(1), switch.host(2));
    let a = left.start(router(200, &[VIP]));
    let b = right.start(router(100, &[VIP]));
    left.await_role(a, Role::Active);
    let mut settings = Settings::from(router(100, &[VIP]).config);
    settings.priority = 250;
    let preferred = Config::try_from(settings);
    let preferred = preferred.unwrap();
    right
        .ask(move |node| node.driver().tell(b, Event::Configure(preferred)))
        .unwrap();
    right.await_role(b, Role::Active);
    left.await_role(a, Role::Backup);
    let told = right.ask(move |node| *node.driver().router(b).unwrap().machine().config());
    assert_eq!(told, preferred);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn what_a_crash_left_is_taken_over_by_a_router_and_removed_otherwise() {
    let switch = Switch::new();
    let host = switch.host(1);
    let a = host.start(router(100, &[VIP, "10.9.0.101/24"]));
    host.await_role(a, Role::Active);
    host.await_address("10.9.0.101/24", true);
    host.crash();

    host.boot();
    host.forget_notices();
    let a = host.start(router(100, &[VIP]));
    until("the router to know its interface", || {
        host.role(a) == Role::Backup
    });
    host.ask(|node| node.driver().clean_leftovers());
    assert!(host.has(VIP), "nobody else is Active");
    host.await_role(a, Role::Active);
    until("the address to be announced as in place", || {
        host.noticed(|notice| matches!(notice, Notice::AddressInstalled { .. })) == 1
    });
    host.await_address("10.9.0.101/24", false);
    assert!(host.has(VIP));
    assert_eq!(
        host.noticed(|notice| matches!(notice, Notice::AddressLost { .. })),
        0
    );
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn what_a_crash_left_is_removed_once_another_router_is_heard() {
    let switch = Switch::new();
    let (left, right) = (switch.host(1), switch.host(2));
    let a = left.start(router(100, &[VIP]));
    left.await_role(a, Role::Active);
    left.await_address(VIP, true);
    left.crash();
    let b = right.start(router(200, &[VIP]));
    right.await_role(b, Role::Active);
    left.boot();
    let a = left.start(router(100, &[VIP]));
    left.await_address(VIP, false);
    assert_eq!(left.role(a), Role::Backup);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_owner_advertises_from_the_address_it_owns() {
    let switch = Switch::new();
    let host = switch.host(7);
    let mut tap = Tap::on(&switch.namespace, "p7");
    let owner = host.start(router(255, &["10.9.0.7/24"]));
    host.await_role(owner, Role::Active);
    tap.wait("an advertisement from 10.9.0.7", 1, |frame| {
        frame.advertisement().is_some() && frame.octets[26..30] == [10, 9, 0, 7]
    });
    host.stop(owner);
    assert!(host.has("10.9.0.7/24"), "it was there before");
}
