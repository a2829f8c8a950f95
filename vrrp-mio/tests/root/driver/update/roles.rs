//! Routers that are not Active when they are given another specification.

use vrrp_core::{Family, Role, Vrid};
use vrrp_mio::{Aspect, VirtualMac};

use super::{Pair, configure, is_transition, quiet_router};
use crate::driver::host::{Switch, until, virtual_address};

const VIP: &str = "10.9.0.100/24";

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_backup_stays_one_and_takes_over_as_what_it_is_then() {
    let mut pair = Pair::of(quiet_router(&[VIP, "10.9.0.101/24"]));
    pair.left.forget_notices();
    pair.right.forget_notices();
    let found = pair.change_backup(|spec| {
        configure(spec, |it| (it.priority, it.preempt) = (120, false));
        spec.addresses.remove(1);
        spec.addresses.push(virtual_address("10.9.0.102/24"));
        spec.addresses[1].spec.label = Some("eth0:vip".parse().unwrap());
        spec.track_interface = false;
    });
    assert_eq!(
        found,
        [Aspect::Election, Aspect::Addresses, Aspect::Tracking]
    );
    let found = pair.change_backup(|spec| {
        spec.virtual_mac = Some(VirtualMac {
            name: "vrrp.51".parse().unwrap(),
            mac: Vrid::new(51).unwrap().virtual_mac(Family::V4),
            transmit_base: false,
        });
    });
    assert_eq!(found, [Aspect::VirtualMac]);
    until("the macvlan of the backup", || {
        pair.right
            .ip("-o link show type macvlan")
            .contains("vrrp.51")
    });
    until("the host to settle", || {
        pair.right.ask(|node| node.driver().is_settled())
    });
    let shown = pair.right.ip("-o link show type macvlan");
    assert!(!shown.contains("UP"), "{shown}");
    assert_eq!(pair.change_backup(|spec| spec.virtual_mac = None).len(), 1);
    until("no macvlan", || {
        pair.right.ip("-o link show type macvlan").is_empty()
    });
    let [a, b] = pair.ids;
    assert_eq!(pair.right.role(b), Role::Backup);
    assert_eq!(pair.left.noticed(is_transition), 0);
    assert_eq!(pair.right.noticed(is_transition), 0);
    assert!(!pair.right.has(VIP));

    pair.left.stop(a);
    pair.right.await_role(b, Role::Active);
    pair.right.await_address(VIP, true);
    pair.right.await_address("10.9.0.102/24", true);
    assert!(!pair.right.has("10.9.0.101/24"));
    assert!(pair.right.ip("-o -4 address show").contains(" eth0:vip"));
}

/// The removed address stays an obstacle no longer, and what changes meanwhile is what it has then.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_router_in_fault_takes_on_what_it_is_to_be_and_what_frees_it() {
    let switch = Switch::new();
    let host = switch.host(1);
    let mut spec = quiet_router(&[VIP, "10.9.0.101/24"]);
    spec.addresses[1].device = Some("missing".parse().unwrap());
    let a = host.start(spec.clone());
    until("the obstacle", || {
        host.ask(move |node| !node.driver().router(a).unwrap().obstacles().is_empty())
    });
    assert_eq!(host.role(a), Role::Initialize);
    spec.addresses[0] = virtual_address("10.9.0.110/24");
    configure(&mut spec, |it| it.priority = 150);
    let wanted = spec.clone();
    host.ask(move |node| node.driver().update(a, wanted))
        .unwrap();
    assert_eq!(host.role(a), Role::Initialize);
    spec.addresses.pop();
    let wanted = spec.clone();
    host.ask(move |node| node.driver().update(a, wanted))
        .unwrap();
    host.await_role(a, Role::Active);
    host.await_address("10.9.0.110/24", true);
    assert!(!host.has(VIP));

    switch.ip("link set p1 down");
    host.await_role(a, Role::Initialize);
    host.await_address("10.9.0.110/24", false);
    spec.addresses.push(virtual_address("10.9.0.111/24"));
    let wanted = spec.clone();
    host.ask(move |node| node.driver().update(a, wanted))
        .unwrap();
    assert_eq!(host.role(a), Role::Initialize);
    assert!(!host.has("10.9.0.111/24"));
    switch.ip("link set p1 up");
    host.await_role(a, Role::Active);
    host.await_address("10.9.0.110/24", true);
    host.await_address("10.9.0.111/24", true);
}
