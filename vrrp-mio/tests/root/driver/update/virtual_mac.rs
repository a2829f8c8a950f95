//! The virtual MAC of an Active router, switched on and off.

use core::time::Duration;

use vrrp_core::{Family, MacAddr, Role, Vrid};
use vrrp_mio::{Aspect, VirtualMac};

use super::{NONE, Pair, quiet_router};
use crate::driver::host::{Host, address, until};

const VIP: &str = "10.9.0.100/24";

fn virtual_mac(name: &str, transmit_base: bool) -> VirtualMac {
    VirtualMac {
        name: name.parse().unwrap(),
        mac: mac(),
        transmit_base,
    }
}

fn mac() -> MacAddr {
    Vrid::new(51).unwrap().virtual_mac(Family::V4)
}

/// Where the virtual address is.
fn place(host: &Host) -> Vec<String> {
    let shown = host.ip("-o -4 address show");
    let lines = shown
        .lines()
        .filter(|line| line.contains(&format!(" {VIP} ")));
    let words = lines.map(|line| line.split_whitespace().nth(1).unwrap().to_owned());
    words.collect()
}

/// Whether the advertisements from now on come from the virtual MAC.
fn speaks_by_it(pair: &mut Pair) -> bool {
    pair.tap.clear();
    pair.tap
        .wait("advertisements", 3, |frame| frame.advertisement().is_some());
    let mut sent = pair.tap.frames.iter();
    let by_it: Vec<bool> = sent
        .by_ref()
        .filter(|frame| frame.advertisement().is_some())
        .map(|frame| frame.source() == mac())
        .collect();
    assert!(by_it.iter().all(|it| *it == by_it[0]), "{by_it:?}");
    by_it[0]
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn it_comes_and_goes_and_the_addresses_are_announced_in_time() {
    let mut pair = Pair::of(quiet_router(&[VIP]));
    let vip = address("10.9.0.100");
    assert!(!speaks_by_it(&mut pair));
    pair.change(&[Aspect::VirtualMac], |spec| {
        spec.virtual_mac = Some(virtual_mac("vrrp.51", false));
    });
    until("the address on the macvlan", || {
        place(&pair.left) == ["vrrp.51"]
    });
    let away = pair.removals.last(vip);
    // What is stamped here is read a moment later than it happened.
    let away = away.saturating_sub(Duration::from_millis(2));
    pair.is_announced_in_time("10.9.0.100", away);
    let announced = pair.tap.frames.iter().rev();
    let announced = announced
        .clone()
        .find(|frame| frame.announced() == Some(vip));
    assert_eq!(announced.unwrap().source(), mac());
    assert!(speaks_by_it(&mut pair));

    pair.change(&[Aspect::VirtualMac], |spec| {
        spec.virtual_mac = Some(virtual_mac("vrrp.51", true));
    });
    assert_eq!(pair.removals.list(), NONE, "only the frames are others");
    assert!(!speaks_by_it(&mut pair));

    let at = pair.change(&[Aspect::VirtualMac], |spec| spec.virtual_mac = None);
    pair.is_announced_in_time("10.9.0.100", at);
    until("the address on the interface", || {
        place(&pair.left) == ["eth0"]
    });
    until("no macvlan", || {
        pair.left.ip("-o link show type macvlan").is_empty()
    });
    assert!(!speaks_by_it(&mut pair));
    let [a, _] = pair.ids;
    assert_eq!(pair.left.role(a), Role::Active);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn it_has_another_name() {
    let mut pair = Pair::of(quiet_router(&[VIP]));
    for name in ["vrrp.51", "other"] {
        pair.change(&[Aspect::VirtualMac], |spec| {
            spec.virtual_mac = Some(virtual_mac(name, false));
        });
        until("the address on the macvlan", || place(&pair.left) == [name]);
    }
    let shown = pair.left.ip("-o link show type macvlan");
    assert_eq!(shown.lines().count(), 1, "{shown}");
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn it_is_taken_back_before_it_was_there() {
    let mut pair = Pair::of(quiet_router(&[VIP]));
    let ([a, _], [spec, _]) = (pair.ids, pair.specs.clone());
    let mut with = spec.clone();
    with.virtual_mac = Some(virtual_mac("vrrp.51", false));
    pair.removals.clear();
    pair.left.ask(move |node| {
        for wanted in [with.clone(), spec.clone(), with, spec] {
            let found = node.driver().update(a, wanted);
            assert_eq!(found, Ok(vec![Aspect::VirtualMac]));
        }
    });
    until("the host to settle", || {
        pair.left.ask(|node| node.driver().is_settled())
    });
    assert_eq!(place(&pair.left), ["eth0"]);
    assert_eq!(pair.removals.list(), NONE);
    assert_eq!(pair.left.ip("-o link show type macvlan"), "");
    assert!(!speaks_by_it(&mut pair));
}
