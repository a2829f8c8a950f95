//! Tests of the rtnetlink client against the running kernel, each in a network namespace of its
//! own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod lab;

use core::net::Ipv4Addr;
use core::time::Duration;

use lab::{Lab, ip};
use rig::tools::{ip_batch, parameter, set_parameter};
use vrrp_core::{Family, Vrid};
use vrrp_mio::NetworkEvent;
use vrrp_mio::addresses::{AddressEvent, AddressSpec, Tenure};
use vrrp_mio::interfaces::AddressProtocol;
use vrrp_mio::macvlan::{Macvlan, MacvlanSpec, Presence};
use vrrp_mio::netlink::{Monitor, Request, Requests};
use vrrp_mio::sysctl::Sysctls;

use crate::now;

/// Processor time a turn may take in an unoptimised build, ten times what an optimised one may. It is
/// a limit of work and not of lateness: no stall and no other process adds to it.
const TURN: Duration = Duration::from_millis(20);

fn vip(index: u32, text: &str) -> AddressSpec {
    let (address, prefix_len) = text.split_once('/').unwrap();
    AddressSpec::new(index, address.parse().unwrap(), prefix_len.parse().unwrap())
}

#[test]
#[ignore = "needs root: own network namespace"]
fn twenty_thousand_addresses_come_and_go_in_short_turns() {
    let mut lab = Lab::new();
    for n in 0..8 {
        ip(&format!(
            "link add link va name m{n} type macvlan mode bridge"
        ));
        ip(&format!("link set m{n} up"));
    }
    lab.settle();
    for owner in 0..80u32 {
        let index = lab.index(&format!("m{}", owner % 8));
        let specs = (0..250).map(|n| {
            let address = Ipv4Addr::from_bits(0x0a00_0000 + owner * 256 + n);
            AddressSpec::new(index, address.into(), 32)
        });
        lab.keeper.declare(owner, Tenure::Virtual, specs);
    }
    for (active, expected) in [(true, 20_000), (false, 0)] {
        let begin = now();
        for owner in 0..80 {
            lab.keeper.set_active(owner, active);
            let _more = lab.turn();
        }
        lab.settle();
        let present = lab.monitor.interfaces().addresses();
        let ours = present.filter(|found| found.protocol == Some(AddressProtocol::VRRP));
        assert_eq!(ours.count(), expected);
        println!(
            "to {expected} addresses: {:?} in all, longest turn {:?} of {}",
            now().saturating_duration_since(begin),
            lab.longest_turn,
            lab.turns
        );
        assert!(lab.longest_turn < TURN, "{:?}", lab.longest_turn);
    }
}

#[test]
#[ignore = "needs root: own network namespace"]
fn requests_report_each_outcome_with_the_kernels_words() {
    let mut lab = Lab::new();
    let index = lab.index("va");
    let mut requests = Requests::open().unwrap();
    let add = |spec| Request::AddAddress {
        spec,
        protocol: Some(AddressProtocol::VRRP),
    };
    let remove = Request::RemoveAddress {
        index,
        address: Ipv4Addr::new(192, 0, 2, 9).into(),
        prefix_len: 32,
        peer: None,
    };
    let asked = [
        (add(vip(index, "192.0.2.1/24")), None),
        (add(vip(index, "192.0.2.1/24")), Some(17)),
        (add(vip(index, "192.0.2.1/33")), Some(22)),
        (add(vip(9_999, "192.0.2.1/24")), Some(19)),
        (remove, Some(99)),
        (Request::DeleteLink { index: 9_999 }, Some(19)),
    ];
    for (tag, (request, _)) in asked.iter().enumerate() {
        requests.push(request.clone(), tag).unwrap();
    }
    let completions = lab.drive(&mut requests);
    let outcomes: Vec<_> = completions
        .iter()
        .map(|done| (done.tag, done.result.as_ref().err().and_then(|e| e.errno())))
        .collect();
    let expected: Vec<_> = asked.iter().map(|(_, errno)| *errno).enumerate().collect();
    assert_eq!(outcomes, expected);
    let text = completions[2].result.as_ref().unwrap_err().to_string();
    assert!(text.contains("prefix length"), "{text}");
    assert!(requests.is_idle());
}

#[test]
#[ignore = "needs root: own network namespace"]
fn an_address_removed_by_somebody_else_is_put_back() {
    let mut lab = Lab::new();
    let index = lab.index("va");
    let specs = [vip(index, "192.0.2.1/24"), vip(index, "2001:db8::1/64")];
    lab.keeper.declare(1, Tenure::Virtual, specs);
    lab.keeper.set_active(1, true);
    lab.settle();
    assert_eq!(lab.address_events.len(), 2);
    for address in ["192.0.2.1/24", "2001:db8::1/64"] {
        lab.address_events.clear();
        ip(&format!("addr del {address} dev va"));
        lab.settle();
        assert!(
            matches!(
                lab.address_events[..],
                [
                    AddressEvent::Lost { owner: 1, .. },
                    AddressEvent::Installed { owner: 1, .. }
                ]
            ),
            "{:?}",
            lab.address_events
        );
        assert!(ip("addr show dev va").contains(address));
    }
}

#[test]
#[ignore = "needs root: own network namespace"]
fn the_mark_is_visible_leftovers_go_and_foreign_addresses_stay() {
    let mut lab = Lab::new();
    let index = lab.index("va");
    ip("addr add 192.0.2.1/32 dev va");
    ip("addr add 192.0.2.2/32 dev va");
    let mut earlier = Requests::open().unwrap();
    for leftover in ["192.0.2.3/32", "2001:db8::3/128"] {
        let spec = vip(index, leftover);
        let protocol = Some(AddressProtocol::VRRP);
        earlier
            .push(Request::AddAddress { spec, protocol }, ())
            .unwrap();
    }
    assert!(
        lab.drive(&mut earlier)
            .iter()
            .all(|done| done.result.is_ok())
    );
    ip("addr add 2001:db8::4/128 dev va nodad");
    lab.keeper.declare(
        1,
        Tenure::Virtual,
        [vip(index, "192.0.2.1/32"), vip(index, "192.0.2.9/32")],
    );
    lab.keeper.set_active(1, true);
    lab.settle();
    lab.keeper.condemn_leftovers();
    lab.settle();
    let shown = ip("-d addr show dev va");
    for there in [
        "192.0.2.1/32",
        "192.0.2.2/32",
        "192.0.2.9/32",
        "2001:db8::4/128",
    ] {
        assert!(shown.contains(there), "{there} is not in {shown}");
    }
    assert!(
        !shown.contains("192.0.2.3") && !shown.contains("2001:db8::3"),
        "{shown}"
    );
    let mark = |text| {
        let key = vip(index, text).key();
        lab.monitor.interfaces().address(&key).unwrap().protocol
    };
    assert_eq!(mark("192.0.2.9/32"), Some(AddressProtocol(18)));
    assert_eq!(mark("192.0.2.1/32"), None);
    assert_eq!(lab.address_events.len(), 2, "one adopted, one added");

    lab.keeper.set_active(1, false);
    lab.settle();
    let shown = ip("addr show dev va");
    assert!(
        !shown.contains("192.0.2.1/") && !shown.contains("192.0.2.9/"),
        "{shown}"
    );
    assert!(shown.contains("192.0.2.2/32"), "{shown}");
}

#[test]
#[ignore = "needs root: own network namespace"]
fn options_of_an_address_reach_the_kernel() {
    let mut lab = Lab::new();
    let index = lab.index("va");
    let v4 = AddressSpec {
        broadcast: Some(Ipv4Addr::new(192, 0, 2, 255)),
        label: Some("va:vip".parse().unwrap()),
        scope: vrrp_mio::interfaces::Scope::LINK,
        no_prefix_route: true,
        ..vip(index, "192.0.2.1/24")
    };
    let peer = AddressSpec {
        peer: Some(Ipv4Addr::new(198, 51, 100, 2).into()),
        ..vip(index, "198.51.100.1/32")
    };
    let v6 = AddressSpec {
        preferred_lifetime: Some(0),
        home: true,
        ..vip(index, "2001:db8::1/128")
    };
    lab.keeper.declare(1, Tenure::Virtual, [v4, peer, v6]);
    lab.keeper.set_active(1, true);
    lab.settle();
    let shown = ip("-d addr show dev va");
    for part in [
        "inet 192.0.2.1/24 brd 192.0.2.255 scope link noprefixroute",
        "va:vip",
        "inet 198.51.100.1 peer 198.51.100.2/32 scope global",
        "inet6 2001:db8::1/128 scope global",
        "nodad home deprecated",
        "preferred_lft 0sec",
    ] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    assert_eq!(lab.address_events.len(), 3);
    lab.keeper.forget(1);
    lab.settle();
    assert!(!ip("addr show dev va").contains("scope global"));
}

#[test]
#[ignore = "needs root: own network namespace"]
fn links_are_seen_to_go_down_and_up_change_their_name_vanish_and_return() {
    let mut lab = Lab::new();
    let index = lab.index("va");
    ip("addr add 192.0.2.1/24 dev va");
    lab.settle();
    let usable = |lab: &Lab| lab.monitor.interfaces().link(index).unwrap().is_usable();
    assert!(usable(&lab));
    ip("link set vb down");
    lab.settle();
    assert!(!usable(&lab), "no carrier");
    assert!(lab.monitor.interfaces().link(index).unwrap().flags.is_up());
    ip("link set vb up");
    lab.settle();
    assert!(usable(&lab));
    ip("link set va down");
    lab.settle();
    assert!(!usable(&lab));
    ip("link set va name vz");
    lab.settle();
    assert_eq!(lab.index("vz"), index);
    let former = "va".parse().unwrap();
    assert_eq!(lab.monitor.interfaces().link_named(former), None);

    lab.network_events.clear();
    ip("link del vz");
    lab.settle();
    let removal = |event: &NetworkEvent| match event {
        NetworkEvent::AddressRemoved(address) => address.address.is_ipv4(),
        NetworkEvent::LinkRemoved(link) => link.index == index,
        NetworkEvent::LinkChanged(_)
        | NetworkEvent::AddressAdded(_)
        | NetworkEvent::AddressChanged(_)
        | NetworkEvent::Synchronised => false,
    };
    assert_eq!(
        lab.network_events
            .iter()
            .filter(|event| removal(event))
            .count(),
        2
    );
    assert_eq!(lab.monitor.interfaces().addresses_of(index).count(), 0);
    ip("link add va type veth peer name vb");
    lab.settle();
    assert_ne!(lab.index("va"), index);
}

#[test]
#[ignore = "needs root: own network namespace"]
fn lost_notifications_are_made_up_for() {
    let mut lab = Lab::new();
    let index = lab.index("va");
    lab.monitor = Monitor::with_receive_buffer(1).unwrap();
    lab.settle();
    let batch = |command: &str, numbers: core::ops::Range<u32>| {
        let lines =
            numbers.map(|n| format!("addr {command} 10.1.{}.{}/32 dev va\n", n / 250, n % 250));
        ip_batch(&lines.collect::<String>());
    };
    batch("add", 0..2_000);
    lab.network_events.clear();
    lab.settle();
    let synchronised = |lab: &Lab| {
        lab.network_events
            .iter()
            .filter(|e| **e == NetworkEvent::Synchronised)
            .count()
    };
    assert!(synchronised(&lab) >= 1, "messages were to be lost");
    let count = |lab: &Lab| {
        let found = lab.monitor.interfaces().addresses_of(index);
        found.filter(|found| found.address.is_ipv4()).count()
    };
    assert_eq!(count(&lab), 2_000);
    lab.network_events.clear();
    batch("del", 500..2_000);
    lab.settle();
    assert_eq!(count(&lab), 500);
    let removed = |event: &&NetworkEvent| matches!(event, NetworkEvent::AddressRemoved(_));
    assert_eq!(lab.network_events.iter().filter(removed).count(), 1_500);
}

#[test]
#[ignore = "needs root: own network namespace"]
fn macvlans_of_both_families_are_made_adopted_and_deleted() {
    let mut lab = Lab::new();
    let parent = lab.index("va");
    ip("addr add 192.0.2.7/24 dev va");
    set_parameter("ipv4/conf/all/rp_filter", 1);
    let vrid = Vrid::new(51).unwrap();
    for (family, name, mac) in [
        (Family::V4, "vrrp.51", "00:00:5e:00:01:33"),
        (Family::V6, "vrrp6.51", "00:00:5e:00:02:33"),
    ] {
        let spec = MacvlanSpec::of_router(vrid, family, parent).unwrap();
        let mut sysctls = Sysctls::default();
        sysctls.hold_reverse_path_filters().unwrap();
        let mut macvlan = Macvlan::new(spec);
        macvlan.want(Presence::Up);
        lab.reconcile(&mut macvlan, &mut sysctls, family);
        let shown = ip(&format!("-d link show {name}"));
        for part in [mac, "macvlan mode bridge", "addrgenmode none", ",UP"] {
            assert!(shown.contains(part), "{part:?} is not in {shown}");
        }
        assert!(!ip(&format!("addr show {name}")).contains("fe80"));
        if family == Family::V4 {
            assert_eq!(parameter("ipv4/conf/vrrp.51/accept_local"), 1);
            assert_eq!(parameter("ipv6/conf/vrrp.51/disable_ipv6"), 1);
            assert_eq!(parameter("ipv4/conf/va/arp_ignore"), 1);
            assert_eq!(parameter("ipv4/conf/va/rp_filter"), 1);
            assert_eq!(parameter("ipv4/conf/vrrp.51/rp_filter"), 0);
            assert_eq!(parameter("ipv4/conf/all/rp_filter"), 0);
        }
        let index = lab.index(name);

        let mut heir = Macvlan::new(spec);
        heir.want(Presence::Down);
        lab.reconcile(&mut heir, &mut sysctls, family);
        assert_eq!(lab.index(name), index, "adopted");
        assert!(!ip(&format!("link show {name}")).contains(",UP"));

        ip(&format!("link del {name}"));
        lab.settle();
        heir.want(Presence::Up);
        lab.reconcile(&mut heir, &mut sysctls, family);
        assert_ne!(lab.index(name), index, "made again");

        heir.want(Presence::Absent);
        lab.reconcile(&mut heir, &mut sysctls, family);
        sysctls.release_all().unwrap();
        assert_eq!(parameter("ipv4/conf/va/arp_ignore"), 0);
        assert_eq!(parameter("ipv4/conf/va/arp_filter"), 0);
        assert_eq!(parameter("ipv4/conf/va/rp_filter"), 0);
        assert_eq!(parameter("ipv4/conf/all/rp_filter"), 1);
        assert!(!ip("link show").contains(name));
    }
}

#[test]
#[ignore = "needs root: own network namespace"]
fn an_interface_that_has_the_macvlans_name_is_left_alone() {
    let mut lab = Lab::new();
    let parent = lab.index("va");
    ip("link add vrrp.51 type veth peer name other");
    lab.settle();
    let spec = MacvlanSpec::of_router(Vrid::new(51).unwrap(), Family::V4, parent).unwrap();
    let mut macvlan = Macvlan::new(spec);
    macvlan.want(Presence::Up);
    let error = macvlan
        .next_step(lab.monitor.interfaces(), now())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "interface vrrp.51 exists and is of kind veth, no macvlan"
    );
}
