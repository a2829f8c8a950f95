//! Virtual addresses of an Active router that change.

use vrrp_mio::interfaces::Scope;
use vrrp_mio::{Aspect, Notice};

use super::{Pair, quiet_router};
use crate::driver::host::{Host, address, virtual_address};

fn show(host: &Host) -> String {
    host.ip("-o -4 address show")
}

fn line(host: &Host, address: &str) -> String {
    let shown = show(host);
    let mut lines = shown.lines();
    let found = lines.find(|line| line.contains(&format!(" {address} ")));
    found
        .unwrap_or_else(|| panic!("{address}: {shown}"))
        .to_owned()
}

fn lost(pair: &Pair) -> usize {
    pair.left
        .noticed(|notice| matches!(notice, Notice::AddressLost { .. }))
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn others_stay_where_addresses_are_added_and_removed_in_time() {
    let mut pair = Pair::of(quiet_router(&[
        "10.9.0.100/24",
        "10.9.0.101/24",
        "10.9.0.102/24",
    ]));
    let at = pair.change(&[Aspect::Addresses], |spec| {
        spec.addresses.remove(1);
        spec.addresses.reverse();
        spec.addresses.push(virtual_address("10.9.0.103/24"));
        spec.excluded.push(virtual_address("2001:db8::100/64"));
    });
    pair.is_announced_in_time("10.9.0.103", at);
    pair.is_announced_in_time("2001:db8::100", at);
    assert!(!pair.left.has("10.9.0.101/24"));
    for kept in ["10.9.0.100", "10.9.0.102", "10.9.0.103"] {
        assert!(pair.left.has(&format!("{kept}/24")), "{kept}");
    }
    assert_eq!(pair.removals.list(), [address("10.9.0.101")]);
    for kept in ["10.9.0.100", "10.9.0.102"] {
        assert_eq!(pair.tap.announcements(address(kept)), 0, "{kept}");
    }
    let last = pair.tap.frames.iter().rev();
    let pdu = last
        .filter_map(|frame| frame.advertisement())
        .next()
        .unwrap();
    assert_eq!(pdu[3], 3, "the number of addresses");
    let listed = [[10, 9, 0, 102], [10, 9, 0, 100], [10, 9, 0, 103]];
    assert_eq!(pdu[8..20], listed.concat());

    pair.change(&[Aspect::Addresses], |spec| {
        spec.addresses.truncate(1);
        spec.excluded.clear();
    });
    assert_eq!(
        pair.removals.list(),
        [address("10.9.0.100"), address("10.9.0.103")]
    );
    assert!(pair.left.has("10.9.0.102/24"));
    assert!(!show(&pair.left).contains("10.9.0.100"));
    assert_eq!(lost(&pair), 0);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_address_with_another_label_scope_or_prefix_is_put_in_place_anew_in_time() {
    let mut pair = Pair::of(quiet_router(&["10.9.0.100/24", "10.9.0.101/32"]));
    let vip = address("10.9.0.101");
    let at = pair.change(&[Aspect::Addresses], |spec| {
        spec.addresses[1].spec.label = Some("eth0:vip".parse().unwrap());
    });
    assert_eq!(pair.removals.list(), [vip]);
    pair.is_announced_in_time("10.9.0.101", at);
    assert!(line(&pair.left, "10.9.0.101/32").contains(" eth0:vip"));
    let at = pair.change(&[Aspect::Addresses], |spec| {
        spec.addresses[1].spec.scope = Scope(253);
    });
    assert_eq!(pair.removals.list(), [vip]);
    pair.is_announced_in_time("10.9.0.101", at);
    let shown = line(&pair.left, "10.9.0.101/32");
    assert!(
        shown.contains("scope link") && shown.contains(" eth0:vip"),
        "{shown}"
    );
    let at = pair.change(&[Aspect::Addresses], |spec| {
        // Within a subnet the kernel takes one scope only.
        spec.addresses[1].spec.scope = Scope::GLOBAL;
        spec.addresses[1].spec.prefix_len = 24;
    });
    assert_eq!(pair.removals.list(), [vip]);
    pair.is_announced_in_time("10.9.0.101", at);
    assert!(pair.left.has("10.9.0.101/24") && !pair.left.has("10.9.0.101/32"));
    assert_eq!(pair.tap.announcements(address("10.9.0.100")), 0);
    assert_eq!(lost(&pair), 0);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_address_moves_to_another_interface_and_back_in_time() {
    let mut pair = Pair::prepared(quiet_router(&["10.9.0.100/24", "10.9.0.101/32"]), |left| {
        left.ip("link add side type veth peer name edis");
        left.ip("link set side up");
        left.ip("link set edis up");
    });
    pair.change(&[Aspect::Addresses], |spec| {
        spec.addresses[1].device = Some("side".parse().unwrap());
    });
    assert_eq!(pair.removals.list(), [address("10.9.0.101")]);
    assert!(line(&pair.left, "10.9.0.101/32").contains(" side "));
    assert_eq!(show(&pair.left).matches("10.9.0.101").count(), 1);
    let at = pair.change(&[Aspect::Addresses], |spec| spec.addresses[1].device = None);
    pair.is_announced_in_time("10.9.0.101", at);
    assert!(line(&pair.left, "10.9.0.101/32").contains(" eth0 "));
    assert_eq!(show(&pair.left).matches("10.9.0.101").count(), 1);
    assert_eq!(pair.tap.announcements(address("10.9.0.100")), 0);
}

/// Each change takes a primary address and with it those that are left of its subnet.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn secondaries_that_the_kernel_removes_along_are_back_in_time() {
    let others = [
        "10.30.0.1/24",
        "10.30.0.2/24",
        "10.30.0.3/24",
        "10.30.0.4/24",
    ];
    let all: Vec<_> = ["10.9.0.100/24"].into_iter().chain(others).collect();
    let mut pair = Pair::prepared(quiet_router(&all), |left| {
        for of in ["all", "eth0"] {
            left.set_sysctl(&format!("ipv4/conf/{of}/promote_secondaries"), 0);
        }
    });
    for first in 1..=3 {
        let at = pair.change(&[Aspect::Addresses], |spec| drop(spec.addresses.remove(1)));
        let gone = (first..=4).map(|last| address(&format!("10.30.0.{last}")));
        assert_eq!(pair.removals.list(), gone.collect::<Vec<_>>());
        for kept in first + 1..=4 {
            pair.is_announced_in_time(&format!("10.30.0.{kept}"), at);
            assert!(pair.left.has(&format!("10.30.0.{kept}/24")));
        }
        assert!(!show(&pair.left).contains(&format!("10.30.0.{first}/")));
        assert_eq!(pair.tap.announcements(address("10.9.0.100")), 0);
        assert_eq!(lost(&pair), 0, "nobody else removed them");
        pair.await_quiet();
    }
}
