//! Tests of the firewall in the running kernel, each in network namespaces of its own.

#![expect(
    clippy::unwrap_used,
    reason = "what the tests share lies outside test functions"
)]

mod lab;
mod router;

use core::net::Ipv4Addr;
use core::time::Duration;

use lab::Lab;
use vrrp_mio::firewall::{Destination, Firewall, FirewallError};
use vrrp_mio::netlink::{Progress, TimeSlice};

use crate::now;

/// Drives a firewall as long as it has anything to do.
fn settle(firewall: &mut Firewall<u32>) {
    for _ in 0..1_000 {
        let begin = now();
        let slice = TimeSlice::new(begin, begin + Duration::from_millis(1), &now);
        if firewall.drive(&slice) == Progress::Complete && firewall.is_settled() {
            return;
        }
    }
    panic!("does not settle: {firewall:?}");
}

fn destination(text: &str) -> Destination {
    match text.parse().unwrap() {
        core::net::IpAddr::V4(address) => Destination::V4(address),
        core::net::IpAddr::V6(address) => Destination::V6(address),
    }
}

#[test]
#[ignore = "needs root: own network namespaces, nft"]
fn packets_to_refused_addresses_are_dropped_and_neighbour_discovery_is_answered() {
    let lab = Lab::new();
    for address in ["192.0.2.1/24", "192.0.2.9/24", "192.0.2.8/24"] {
        lab.ip(&format!("addr add {address} dev va"));
    }
    for address in [
        "2001:db8::9/64",
        "2001:db8::8/64",
        "fe80::9/64",
        "fe80::8/64",
    ] {
        lab.ip(&format!("addr add {address} dev va nodad"));
    }
    let mut firewall = Firewall::new();
    let link_local = Destination::LinkLocal {
        interface: lab.index("va"),
        address: "fe80::9".parse().unwrap(),
    };
    firewall.refuse(
        7,
        [
            destination("192.0.2.9"),
            destination("2001:db8::9"),
            link_local,
        ],
    );
    assert!(!firewall.is_ready(7));
    settle(&mut firewall);
    assert!(firewall.is_ready(7));

    for refused in ["192.0.2.9", "2001:db8::9", "fe80::9%vb"] {
        lab.forget_neighbours();
        assert!(!lab.answers_ping(refused), "{refused}");
        assert!(!lab.answers_tcp(refused), "{refused}");
        assert!(lab.knows_neighbour(refused), "{refused} was not resolved");
        assert!(
            lab.confirms_neighbour(refused),
            "{refused} was not confirmed"
        );
    }
    for other in ["192.0.2.1", "192.0.2.8", "2001:db8::8", "fe80::8%vb"] {
        assert!(lab.answers_ping(other), "{other}");
        assert!(lab.answers_tcp(other), "{other}");
    }
    drop(firewall);
    for released in ["192.0.2.9", "2001:db8::9", "fe80::9%vb"] {
        assert!(lab.answers_ping(released), "{released}");
    }
    assert_eq!(lab.ruleset(), "");
}

#[test]
#[ignore = "needs root: own network namespaces, nft"]
fn the_table_reads_as_meant_and_stands_only_while_needed() {
    let lab = Lab::new();
    let mut firewall = Firewall::new();
    firewall.prepare();
    settle(&mut firewall);
    assert_eq!(lab.ruleset(), "");
    firewall.refuse(1, ["192.0.2.9", "192.0.2.10"].map(destination));
    firewall.refuse(2, ["192.0.2.9", "2001:db8::9"].map(destination));
    firewall.refuse(
        3,
        [Destination::LinkLocal {
            interface: lab.index("va"),
            address: "fe80::9".parse().unwrap(),
        }],
    );
    settle(&mut firewall);
    let ruleset = lab.ruleset();
    for line in [
        "flags owner",
        "192.0.2.10",
        "elements = { 2001:db8::9 }",
        "elements = { \"va\" . fe80::9 }",
        "type filter hook input priority filter - 1; policy accept;",
        "ip daddr @v4 drop",
        "icmpv6 type 133-137 accept",
        "ip6 daddr @v6 drop",
        "iif . ip6 daddr @link_local drop",
    ] {
        assert!(ruleset.contains(line), "no `{line}` in {ruleset}");
    }
    firewall.release(1);
    settle(&mut firewall);
    let ruleset = lab.ruleset();
    assert!(ruleset.contains("{ 192.0.2.9 }"), "{ruleset}");
    firewall.release(2);
    firewall.release(3);
    settle(&mut firewall);
    assert_eq!(lab.ruleset(), "");
    assert!(firewall.next_failure().is_none());
}

#[test]
#[ignore = "needs root: own network namespaces, nft"]
fn nobody_else_changes_the_table() {
    let lab = Lab::new();
    let mut firewall = Firewall::new();
    firewall.refuse(1, [destination("192.0.2.9")]);
    settle(&mut firewall);
    assert!(lab.nft("flush ruleset").status.success());
    assert!(lab.ruleset().contains("192.0.2.9"));
}

#[test]
#[ignore = "needs root: own network namespaces, nft"]
fn where_a_table_cannot_be_owned_it_is_anybodys_and_removed_all_the_same() {
    let lab = Lab::new();
    // The kernel gives the first socket of a namespace the number of the process for a port, and
    // lets nobody own a table that is there already.
    let name = format!("vrrp_mio_{}", std::process::id());
    assert!(lab.nft(&format!("add table inet {name}")).status.success());
    let mut firewall = Firewall::new();
    firewall.refuse(1, [destination("192.0.2.9")]);
    settle(&mut firewall);
    let ruleset = lab.ruleset();
    assert!(
        ruleset.contains(&name) && ruleset.contains("192.0.2.9"),
        "{ruleset}"
    );
    assert!(!ruleset.contains("flags owner"), "{ruleset}");
    assert!(firewall.next_failure().is_none());
    drop(firewall);
    assert_eq!(lab.ruleset(), "");
}

#[test]
#[ignore = "needs root: own network namespaces, nft"]
fn twenty_thousand_addresses_are_refused_in_short_transactions() {
    let lab = Lab::new();
    let mut firewall = Firewall::new();
    let destinations =
        |count| (0..count).map(|n| Destination::V4(Ipv4Addr::from_bits(0x0a00_0000 + n)));
    for (count, expected) in [(20_000, 20_000), (0, 0)] {
        firewall.refuse(1, destinations(count));
        let begin = now();
        let mut longest = Duration::ZERO;
        let mut turns = 0;
        while !firewall.is_settled() {
            let start = now();
            let slice = TimeSlice::new(start, start + Duration::from_millis(1), &now);
            let _progress = firewall.drive(&slice);
            longest = longest.max(now().saturating_duration_since(start));
            turns += 1;
        }
        let all = now().saturating_duration_since(begin);
        println!("to {count}: {all:?} in {turns} turns, longest {longest:?}");
        assert_eq!(lab.ruleset().matches("10.0.").count(), expected);
    }
}

#[test]
#[ignore = "needs root: own network namespaces, nft"]
fn without_the_right_to_it_everything_counts_as_ready_and_the_failure_is_told_once() {
    let _lab = Lab::new();
    let mut firewall = Firewall::new();
    firewall.refuse(1, [destination("192.0.2.9")]);
    lab::without_capabilities(|| settle(&mut firewall));
    assert!(firewall.is_ready(1));
    let Some(FirewallError::Request(error)) = firewall.next_failure() else {
        panic!("no failure told");
    };
    assert_eq!(error.errno(), Some(1));
    assert!(firewall.next_failure().is_none());
}
